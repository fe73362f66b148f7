//! What many workers on one store may do to each other: nothing. Each story is told in several rounds, because a race
//! shows now and then only.

use super::super::salon::*;
use crate::{
    dialogue::TeamEvent,
    model::{ConversationId, DeliveryKey},
    ports::{Attention, NoticeRecord, NoticeResult, Store, StoreError, Work},
};
use futures_util::future::join_all;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

const ROUNDS: i64 = 15;

async fn is_due(store: &dyn Store, conversation: ConversationId, work: Work, seconds: i64) -> bool {
    let due = store.due(at(seconds), 1000).await.unwrap();
    due.iter().any(|due| due.conversation == conversation && due.work == work)
}

/// Workers that all go over the whole queue: each conversation's turn is run once, and nothing is left.
pub async fn of_many_workers_each_message_is_read_once(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let mut conversations = Vec::new();
    for n in 0..20 {
        conversations.push(bella.hears(&format!("client-{n}"), &format!("m{n}"), &format!("text {n}"), 0).await);
    }
    let workers = (0..6_usize).map(|worker| {
        let (bella, mut conversations) = (bella.clone(), conversations.clone());
        conversations.rotate_left(worker * 3);
        tokio::spawn(async move {
            let mut read = Vec::new();
            for conversation in conversations {
                if let Some(leased) = bella.rows.lease(conversation, at(HOLD), at(1)).await.unwrap() {
                    bella.rows.commit(reading(&leased, 1)).await.unwrap();
                    read.extend(texts(&leased.mail));
                }
            }
            read
        })
    });
    let read: Vec<String> = join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!((read.len(), read.iter().collect::<BTreeSet<_>>().len()), (20, 20), "{read:?}");
    assert!(store.due(at(10), 100).await.unwrap().is_empty());
}

/// Senders that all go over the whole outbox: each message goes once, at its first attempt, in order.
pub async fn many_senders_hand_each_message_over_once_and_in_order(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let mut conversations = Vec::new();
    for n in 0..6 {
        let messages = (0..5).map(|m| words(&format!("{n}-{m}"))).collect();
        conversations.push(bella.answers(&format!("client-{n}"), 0, messages).await);
    }
    let handed: Arc<Mutex<BTreeMap<ConversationId, Vec<DeliveryKey>>>> = Arc::default();
    let senders = (0..6_usize).map(|sender| {
        let (bella, mut conversations, handed) = (bella.clone(), conversations.clone(), handed.clone());
        conversations.rotate_left(sender);
        tokio::spawn(async move {
            for conversation in conversations.iter().cycle().take(60) {
                let Some(delivery) = bella.next(*conversation, 1).await else { continue };
                assert_eq!(delivery.attempt, 1, "sent twice");
                crate::testkit::lock(&handed).entry(*conversation).or_default().push(delivery.key);
                let name = delivery.key.to_string();
                bella.records(&delivery, sent(&name), 2).await;
            }
        })
    });
    join_all(senders).await.into_iter().for_each(Result::unwrap);
    let handed = std::mem::take(&mut *crate::testkit::lock(&handed));
    for (n, conversation) in conversations.iter().enumerate() {
        let expected: Vec<_> = (0..5).map(|m| key(&format!("{n}-{m}"))).collect();
        assert_eq!(handed.get(conversation), Some(&expected));
    }
}

/// A message that comes in at the very moment of a commit is due afterwards, and waits for its outcome.
pub async fn mail_that_comes_while_a_turn_commits_is_due(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    for round in 0..ROUNDS {
        let who = format!("client-{round}");
        let conversation = bella.hears(&who, &format!("first-{round}"), "first", 0).await;
        let leased = bella.lease(conversation, 1).await;
        let (committed, second) = tokio::join!(
            bella.rows.commit(reading(&leased, 2)),
            bella.ingest(message(&who, &format!("second-{round}"), "second", 2)),
        );
        committed.unwrap();
        assert_eq!(queued(second), conversation);
        assert!(is_due(store, conversation, Work::Turn, 3).await, "round {round}");
        let overdue = store.overdue(at(3), 1000).await.unwrap();
        assert!(overdue.iter().any(|(_, late)| *late == conversation), "round {round}");
        assert_eq!(texts(&bella.lease(conversation, 3).await.mail), ["second"], "round {round}");
    }
}

/// A message queued at the very moment when the one before it is recorded is due afterwards.
pub async fn a_message_queued_while_another_is_recorded_is_due(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    for round in 0..ROUNDS {
        let (who, one, two) = (format!("client-{round}"), format!("one-{round}"), format!("two-{round}"));
        let conversation = bella.answers(&who, 0, vec![words(&one)]).await;
        let delivery = bella.sends(conversation, &one, 1).await;
        bella.hears(&who, &format!("m-{round}"), "more", 1).await;
        let leased = bella.lease(conversation, 1).await;
        let mut commit = reading(&leased, 2);
        commit.outbox = vec![words(&two)];
        let (committed, recorded) =
            tokio::join!(bella.rows.commit(commit), bella.rows.record_delivery(record(&delivery, sent(&one), 2)));
        committed.unwrap();
        assert!(recorded.unwrap().is_none());
        assert!(is_due(store, conversation, Work::Delivery, 3).await, "round {round}");
        bella.sends(conversation, &two, 3).await;
    }
}

/// Something that the team should hear, noted at the very moment when it was told something else, is due afterwards.
pub async fn a_notice_noted_while_another_is_recorded_is_due(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let says = |detail: &str| TeamEvent::Undeliverable { detail: detail.to_owned() };
    for round in 0..ROUNDS {
        let who = format!("client-{round}");
        let conversation = bella.hears(&who, &format!("first-{round}"), "first", 0).await;
        bella.turn(conversation, 0, |commit| commit.notify = vec![says("one")]).await;
        let notice = bella.rows.next_notice(conversation, at(HOLD), at(1)).await.unwrap().unwrap();
        bella.hears(&who, &format!("second-{round}"), "second", 1).await;
        let leased = bella.lease(conversation, 1).await;
        let mut commit = reading(&leased, 2);
        commit.notify = vec![says("two")];
        let (seq, attempt) = (notice.seq, notice.attempt);
        let told = NoticeRecord { conversation, seq, attempt, result: NoticeResult::Told, now: at(2) };
        let (committed, recorded) = tokio::join!(bella.rows.commit(commit), bella.rows.record_notice(told));
        committed.unwrap();
        recorded.unwrap();
        assert!(is_due(store, conversation, Work::Notice, 3).await, "round {round}");
        let next = bella.rows.next_notice(conversation, at(HOLD), at(3)).await.unwrap().unwrap();
        assert_eq!(next.event, says("two"), "round {round}");
        assert!(bella.rows.next_notice(conversation, at(HOLD), at(3)).await.unwrap().is_none());
    }
}

/// A client is attended to at the very moment when they are answered: it happened, whole, or it did not.
pub async fn attending_while_a_turn_commits_happens_whole_or_not_at_all(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let mut attended = 0;
    for round in 0..ROUNDS {
        let conversation = bella.hears(&format!("client-{round}"), &format!("m-{round}"), "hi", 0).await;
        let leased = bella.lease(conversation, 1).await;
        let attention = Attention {
            conversation,
            received_before: at(1),
            holding: Some(words(&format!("holding-{round}"))),
            notice: TeamEvent::Unanswered,
            audit: audit_row("unanswered", 2),
            now: at(2),
        };
        let (committed, held) = tokio::join!(bella.rows.commit(reading(&leased, 2)), bella.rows.attend(attention));
        committed.unwrap();
        let held = held.unwrap();
        attended += usize::from(held);
        assert_eq!(bella.next(conversation, 3).await.is_some(), held, "round {round}");
        let notice = bella.rows.next_notice(conversation, at(HOLD), at(3)).await.unwrap();
        assert_eq!(notice.is_some(), held, "round {round}");
        assert_eq!(bella.rows.audit(0, 1000).await.unwrap().len(), attended, "round {round}");
        assert!(store.overdue(at(1000), 1000).await.unwrap().is_empty(), "round {round}");
    }
}

/// A worker that lost its lease takes no message with its commit: whoever comes next sends it at the first attempt.
pub async fn a_fenced_worker_takes_no_message(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.answers("ana", 0, vec![words("w")]).await;
    bella.hears("ana", "m2", "more", 1).await;
    let slow = bella.lease(conversation, 1).await;
    let quick = bella.lease(conversation, HOLD + 2).await;
    let mut commit = reading(&slow, HOLD + 3);
    commit.take_delivery = Some(at(3 * HOLD));
    let refused = bella.rows.commit(commit).await;
    assert!(matches!(refused, Err(StoreError::Fenced)), "{refused:?}");
    bella.rows.commit(reading(&quick, HOLD + 4)).await.unwrap();
    let delivery = bella.sends(conversation, "w", HOLD + 5).await;
    assert_eq!(delivery.attempt, 1);
}

/// Many messages of one client at once, while a worker reads them turn by turn: each is read once, none is left.
pub async fn a_flood_is_read_whole_whoever_reads(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m-first", "text first", 0).await;
    let flood = (0..40).map(|n| {
        let bella = bella.clone();
        tokio::spawn(async move { bella.hears("ana", &format!("m{n}"), &format!("text {n}"), 1).await })
    });
    let flood = tokio::spawn(join_all(flood));
    let mut read = Vec::new();
    while !flood.is_finished() {
        read.extend(texts(&bella.reads_mail(conversation, 2).await));
        tokio::task::yield_now().await;
    }
    for heard in flood.await.unwrap() {
        assert_eq!(heard.unwrap(), conversation);
    }
    read.extend(texts(&bella.reads_mail(conversation, 3).await));
    assert_eq!((read.len(), read.iter().collect::<BTreeSet<_>>().len()), (41, 41), "{read:?}");
    assert!(!is_due(store, conversation, Work::Turn, 1000).await);
    assert!(store.overdue(at(1000), 10).await.unwrap().is_empty());
}
