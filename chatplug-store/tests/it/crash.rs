//! What is left after a crash: everything that was answered, and nothing by halves.

use crate::world::{
    answering, answers, at, by_phone, crash_image, file, fresh, hears, lease, log, message, new_outbox, queued, salon,
    sends, tenant,
};
use chatplug_core::{
    model::ActionKey,
    ports::{Ingested, OVERDUE_AFTER, OutboxBody, Store, StoreError, TurnCommit, Work},
};
use chatplug_store::SqliteStore;
use futures_util::future::join_all;

/// A power cut after each answer: what was answered is there.
#[tokio::test]
async fn what_was_answered_survives_a_power_cut() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;

    let image = crash_image(&folder);
    let after = SqliteStore::open(file(&image)).await.unwrap();
    let again = tenant(&after, "bella").ingest(vec![message(by_phone(1), "m1", 0)]).await.unwrap();
    assert_eq!(again, [Ingested::Duplicate]);
    assert_eq!(lease(&*tenant(&after, "bella"), conversation, 0).await.unwrap().mail.len(), 1);

    answers(&*bella, conversation, &["hello", "there"], 1).await.unwrap();
    let image = crash_image(&folder);
    let after = SqliteStore::open(file(&image)).await.unwrap();
    assert!(lease(&*tenant(&after, "bella"), conversation, 2).await.is_none(), "its mail was read");
    let next = sends(&*tenant(&after, "bella"), conversation, "out-1", 2).await;
    assert_eq!(next.body, new_outbox("hello").body);

    sends(&*bella, conversation, "out-1", 3).await;
    let image = crash_image(&folder);
    let after = SqliteStore::open(file(&image)).await.unwrap();
    let lines = log(&*tenant(&after, "bella"), conversation).await;
    let states: Vec<&str> = lines.iter().map(|(_, _, status)| status.as_str()).collect();
    assert_eq!(states, ["", "sent", "queued"]);
}

/// A thousand writes at once, then the store is dropped without a word: every one that was answered is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dropping_the_store_loses_nothing_that_was_answered() {
    let (store, folder) = fresh().await;
    for id in ["bella", "cesar"] {
        salon(&store, id).await;
    }
    let writes = (0_u32..1000).map(|n| {
        let rows = tenant(&store, if n % 2 == 0 { "bella" } else { "cesar" });
        tokio::spawn(async move { rows.ingest(vec![message(by_phone(n % 100), &format!("m{n}"), 0)]).await.is_ok() })
    });
    let answered = join_all(writes).await.into_iter().filter(|answer| *answer.as_ref().unwrap()).count();
    drop(store);

    let again = SqliteStore::open(file(&folder)).await.unwrap();
    assert_eq!(again.figures(OVERDUE_AFTER, at(0)).await.unwrap().mail_due, u64::try_from(answered).unwrap());
    assert_eq!(answered, 1000);
}

/// The leases of a process that died are void: its conversations are due at once, and its late commits are refused.
#[tokio::test]
async fn a_restart_frees_the_leases_of_the_dead() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;
    let leased = lease(&*bella, conversation, 0).await.unwrap();
    let checkpoint = TurnCommit {
        action: Some("booking".to_owned()),
        keep_until: Some(at(60)),
        record: None,
        ..answering(&leased, &[], 0)
    };
    bella.commit(checkpoint).await.unwrap();

    let image = crash_image(&folder);
    let after = SqliteStore::open(file(&image)).await.unwrap();
    let due = after.due(at(1), 10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.work).collect::<Vec<_>>(), [Work::Turn]);
    let resumed = lease(&*tenant(&after, "bella"), conversation, 1).await.expect("the action goes on");
    assert_eq!(resumed.action.as_deref(), Some("booking"));
    let late = tenant(&after, "bella").commit(answering(&leased, &["late"], 2)).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
}

/// Another program that opens the file beside a living one leaves its leases alone.
#[tokio::test]
async fn opening_beside_a_living_process_frees_nothing() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;
    let leased = lease(&*bella, conversation, 0).await.unwrap();
    let beside = SqliteStore::open(file(&folder)).await.unwrap();
    assert!(lease(&*tenant(&beside, "bella"), conversation, 1).await.is_none());
    bella.commit(answering(&leased, &["hello"], 2)).await.unwrap();
    assert_eq!(log(&*tenant(&beside, "bella"), conversation).await.len(), 2, "and each sees what the other wrote");
}

/// Commands of one group, of which some fail: the failing ones leave no trace, the others are all there.
#[tokio::test]
async fn a_failing_command_undoes_only_itself() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let conversation = hears(&*bella, by_phone(0), "m0", 0).await;
    let leased = lease(&*bella, conversation, 0).await.unwrap();
    bella.commit(answering(&leased, &["first"], 0)).await.unwrap();

    // All of them are in the queue before the writer looks, so they share a transaction.
    let writes = (1_u32..=60).map(|n| {
        let (bella, leased) = (&bella, &leased);
        async move {
            match n % 3 {
                0 => bella.commit(answering(leased, &[&format!("late {n}")], 1)).await.map(|_| None),
                1 => {
                    let unknown = crate::world::message_on("nowhere", by_phone(n), &format!("u{n}"), 1);
                    bella.ingest(vec![message(by_phone(n), &format!("m{n}"), 1), unknown]).await.map(|_| None)
                }
                _ => {
                    bella.ingest(vec![message(by_phone(n), &format!("m{n}"), 1)]).await.map(|done| Some(queued(&done)))
                }
            }
        }
    });
    let results = join_all(writes).await;
    for (n, result) in (1_u32..).zip(&results) {
        match (n % 3, result) {
            (0, Err(StoreError::Fenced)) | (1, Err(StoreError::NotFound { .. })) | (2, Ok(Some(_))) => {}
            _ => panic!("write {n} ended as {result:?}"),
        }
    }
    let figures = store.figures(OVERDUE_AFTER, at(1)).await.unwrap();
    assert_eq!((figures.mail_due, figures.outbox_queued, figures.conversations), (20, 1, 21));
    let lines = log(&*bella, conversation).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
}

/// The same message from twenty webhooks at once is stored once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_message_at_once_is_stored_once() {
    let (store, _folder) = fresh().await;
    salon(&store, "bella").await;
    let tasks = (0..20).map(|_| {
        let rows = tenant(&store, "bella");
        tokio::spawn(async move { rows.ingest(vec![message(by_phone(1), "m1", 0)]).await.unwrap().remove(0) })
    });
    let became: Vec<Ingested> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(became.iter().filter(|became| matches!(became, Ingested::Queued(_))).count(), 1);
    assert_eq!(became.iter().filter(|became| **became == Ingested::Duplicate).count(), 19);
}

/// A turn of many messages, timers and audit rows is more than one trip to the database, and still one step.
#[tokio::test]
async fn a_large_turn_is_one_step() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let events = (0..40).map(|n| message(by_phone(1), &format!("m{n:02}"), 0)).collect();
    let became = bella.ingest(events).await.unwrap();
    let conversation = queued(&became[..1]);
    let leased = lease(&*bella, conversation, 0).await.unwrap();
    assert_eq!(leased.mail.len(), 40);
    let words: Vec<String> = (0..40).map(|n| format!("words {n:02}")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let commit = TurnCommit {
        unclaim: (0..40).map(|n: i32| ActionKey::derive(&[&n.to_string()])).collect(),
        take_delivery: Some(at(60)),
        ..answering(&leased, &words, 0)
    };
    let committed = bella.commit(commit.clone()).await.unwrap();
    let OutboxBody::Words { text } = committed.delivery.expect("the first is taken").body else { panic!("words") };
    assert_eq!(text.reveal(), "words 00");
    let lines = log(&*bella, conversation).await;
    let sent: Vec<&str> = lines.iter().filter(|line| !line.0).map(|line| line.1.as_str()).collect();
    assert_eq!(sent, words, "in order");

    let again = bella.commit(commit).await;
    assert!(matches!(again, Err(StoreError::Fenced)), "{again:?}");
    assert_eq!(log(&*bella, conversation).await.len(), 80);
}
