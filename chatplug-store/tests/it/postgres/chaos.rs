//! Trouble between the program and its database, each test named after what is left of the service.

use super::{how, texts};
use crate::world::{answering, at, by_phone, lease, log, message, queued};
use chatplug_core::{
    model::{ActionKey, Content, Private, TenantId},
    ports::{Ingest, Ingested, OVERDUE_AFTER, Store, StoreError, TenantSetup, TenantStore, Work},
};
use chatplug_store::{
    PostgresOptions, PostgresStore,
    testing::{TestDatabase, TestPostgres, Trouble, TroubledWire},
};
use futures_util::future::join_all;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Options of somebody who does not wait long.
fn impatient() -> PostgresOptions {
    PostgresOptions {
        connect_timeout: Duration::from_millis(300),
        statement_timeout: Duration::from_millis(500),
        silence: Duration::from_millis(300),
        ..how()
    }
}

/// A store whose every byte goes over a wire that can be troubled.
struct Wired {
    wire: TroubledWire,
    store: PostgresStore,
    how: PostgresOptions,
    database: TestDatabase,
}

impl Wired {
    async fn new(how: PostgresOptions) -> Self {
        let database = TestDatabase::fresh().await;
        let (host, port) = database.server().address();
        let wire = TroubledWire::to(format!("{host}:{port}")).await.unwrap();
        let store = PostgresStore::open(&database.url_through(wire.port()), how.clone()).await.unwrap();
        salon(&store).await;
        Self { wire, store, how, database }
    }

    /// Another process, whose wire is fine. It has the same keys.
    async fn beside(&self) -> PostgresStore {
        PostgresStore::open(&self.database.url(), self.how.clone()).await.unwrap()
    }

    fn rows(&self) -> Arc<dyn TenantStore> {
        rows(&self.store)
    }
}

fn rows(store: &PostgresStore) -> Arc<dyn TenantStore> {
    store.tenant(&"bella".parse::<TenantId>().unwrap())
}

async fn salon(store: &PostgresStore) -> Arc<dyn TenantStore> {
    let rows = rows(store);
    let setup = TenantSetup {
        name: "Bella".to_owned(),
        branches: vec!["centre".parse().unwrap()],
        channels: vec!["wa".parse().unwrap()],
        routes: Vec::new(),
        sealed: true,
    };
    rows.register(&setup).await.unwrap();
    rows
}

/// Repeats what a webhook does until it is acknowledged; how it was, and how often it was not.
async fn until_acknowledged(rows: &dyn TenantStore, number: u32, id: &str) -> (Ingested, u32) {
    let mut refused = 0;
    loop {
        match rows.ingest(vec![message(by_phone(number), id, 0)]).await {
            Ok(mut done) => return (done.remove(0), refused),
            Err(StoreError::Unavailable { .. }) if refused < 1000 => refused += 1,
            Err(error) => panic!("{id}, after {refused} refusals: {error:?}"),
        }
    }
}

/// By what a message of that second is recognised on the wire: its time, for even its id is not sent as it is.
fn written(seconds: i64) -> Vec<u8> {
    at(seconds).timestamp_micros().to_be_bytes().to_vec()
}

/// How many lines the log of each client has.
async fn lines(store: &PostgresStore) -> Vec<usize> {
    let rows = rows(store);
    let mut lines = Vec::new();
    for conversation in rows.conversations(1000).await.unwrap() {
        lines.push(rows.messages(conversation.id, 1000).await.unwrap().len());
    }
    lines
}

/// Ends the session that listens, as a broken network would; nobody else's.
async fn lose_the_listener(database: &TestDatabase) {
    let kill = "SELECT pg_terminate_backend(pid)::text FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
        AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(texts(&mut database.admin().await, kill).await, ["true"], "one worker, one lock");
}

#[tokio::test]
async fn an_ingest_whose_answer_is_lost_is_stored_once_when_repeated() {
    let wired = Wired::new(how()).await;
    let known = until_acknowledged(&*wired.rows(), 1, "before").await;
    assert!(matches!(known, (Ingested::Queued(_), 0)), "{known:?}");
    wired.wire.trouble(Trouble::LoseAnswer(written(1)));
    let lost = wired.rows().ingest(vec![message(by_phone(1), "lost-answer", 1)]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    wired.wire.calm();
    let repeated = wired.rows().ingest(vec![message(by_phone(1), "lost-answer", 1)]).await.unwrap();
    assert_eq!(repeated, [Ingested::Duplicate], "it had been stored");
    assert_eq!(lines(&wired.store).await, [2]);
}

#[tokio::test]
async fn an_ingest_that_never_arrives_is_not_acknowledged_and_can_be_repeated() {
    let wired = Wired::new(how()).await;
    until_acknowledged(&*wired.rows(), 1, "before").await;
    wired.wire.trouble(Trouble::LoseRequest(written(1)));
    let lost = wired.rows().ingest(vec![message(by_phone(1), "lost-request", 1)]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    wired.wire.calm();
    let repeated = wired.rows().ingest(vec![message(by_phone(1), "lost-request", 1)]).await.unwrap();
    assert!(matches!(repeated.as_slice(), [Ingested::Queued(_)]), "{repeated:?}");
    assert_eq!(lines(&wired.store).await, [2]);
}

/// The wire breaks at every place of the exchange in turn, also for somebody who writes for the first time.
#[tokio::test]
async fn wherever_the_wire_breaks_a_message_is_stored_once() {
    let wired = Wired::new(how()).await;
    let mut refused = 0;
    for number in 0..40_u32 {
        wired.wire.trouble(Trouble::Truncate(usize::try_from(number).unwrap() * 25));
        let first = wired.rows().ingest(vec![message(by_phone(number), &format!("m{number}"), 0)]).await;
        assert!(matches!(first, Ok(_) | Err(StoreError::Unavailable { .. })), "{first:?}");
        wired.wire.calm();
        refused += u32::from(first.is_err());
        until_acknowledged(&*wired.rows(), number, &format!("m{number}")).await;
        wired.wire.cut();
    }
    assert!(refused > 10, "the wire broke {refused} times only");
    assert_eq!(lines(&wired.beside().await).await, vec![1; 40]);
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_stands_once_and_is_fenced_when_repeated() {
    let wired = Wired::new(how()).await;
    let (Ingested::Queued(conversation), _) = until_acknowledged(&*wired.rows(), 1, "question").await else {
        panic!("it is queued");
    };
    let leased = lease(&*wired.rows(), conversation, 1).await.unwrap();
    let commit = answering(&leased, &["the-only-answer"], 2);
    // Its record of the turn is not sealed, and names the turn.
    let aim = commit.record.as_ref().unwrap().id.as_uuid().as_bytes().to_vec();
    wired.wire.trouble(Trouble::LoseAnswer(aim));
    let lost = wired.rows().commit(commit.clone()).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    wired.wire.calm();
    let repeated = wired.rows().commit(commit).await;
    assert!(matches!(repeated, Err(StoreError::Fenced)), "{repeated:?}");
    let lines = log(&*wired.rows(), conversation).await;
    assert_eq!(lines.iter().filter(|line| !line.0).count(), 1, "{lines:?}");
}

/// The answer comes after everybody has given up waiting for it: nothing was acknowledged, and nothing is twice.
#[tokio::test]
async fn an_answer_that_comes_too_late_is_not_waited_for() {
    let wired = Wired::new(impatient()).await;
    until_acknowledged(&*wired.rows(), 1, "before").await;
    wired.wire.trouble(Trouble::HoldAnswer(written(1)));
    let late = wired.rows().ingest(vec![message(by_phone(1), "late-answer", 1)]).await;
    assert!(matches!(late, Err(StoreError::Unavailable { .. })), "{late:?}");
    wired.wire.calm();
    let repeated = wired.rows().ingest(vec![message(by_phone(1), "late-answer", 1)]).await.unwrap();
    assert_eq!(repeated, [Ingested::Duplicate]);
}

#[tokio::test]
async fn in_a_black_hole_calls_give_up_and_afterwards_all_goes_on() {
    let wired = Wired::new(impatient()).await;
    until_acknowledged(&*wired.rows(), 1, "before").await;
    wired.wire.trouble(Trouble::BlackHole);
    let given_up = join_all((0..15).map(|number| {
        let rows = wired.rows();
        async move { rows.ingest(vec![message(by_phone(number), &format!("hole-{number}"), 1)]).await }
    }));
    for result in given_up.await {
        assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");
    }
    assert!(wired.store.ping().await.is_err(), "and the probe says so");
    wired.wire.calm();
    for number in 0..15 {
        until_acknowledged(&*wired.rows(), number, &format!("hole-{number}")).await;
    }
    wired.store.ping().await.unwrap();
    assert_eq!(lines(&wired.store).await.iter().sum::<usize>(), 16);
}

#[tokio::test]
async fn on_a_slow_wire_everything_works() {
    let wired = Wired::new(how()).await;
    wired.wire.trouble(Trouble::Delay(Duration::from_millis(5)));
    let (Ingested::Queued(conversation), 0) = until_acknowledged(&*wired.rows(), 1, "slow").await else {
        panic!("acknowledged at once");
    };
    let leased = lease(&*wired.rows(), conversation, 1).await.unwrap();
    wired.rows().commit(answering(&leased, &["hello"], 2)).await.unwrap();
    assert_eq!(lines(&wired.store).await, [2]);
}

/// While nobody can be heard, work is found by looking; when hearing is back, whoever waits is told to look.
#[tokio::test]
async fn a_lost_listener_is_polled_around() {
    let wired = Wired::new(how()).await;
    let other = wired.beside().await;
    let waiting = tokio::spawn({
        let store = wired.store.clone();
        async move { store.woken().await }
    });
    wired.wire.trouble(Trouble::Reset);
    let (ingested, _) = until_acknowledged(&*rows(&other), 1, "unheard").await;
    assert!(matches!(ingested, Ingested::Queued(_)));
    assert!(wired.store.due(at(1), 10).await.is_err(), "the wire is cut");
    wired.wire.calm();
    // It may take a moment until there is a worker's number again; looking is what everybody does meanwhile.
    let due = loop {
        if let Ok(due) = wired.store.due(at(1), 10).await {
            break due;
        }
    };
    assert_eq!(due.iter().map(|due| due.work).collect::<Vec<_>>(), [Work::Turn]);
    waiting.await.unwrap();
}

/// Another process writes, and whoever waits here is woken.
#[tokio::test]
async fn mail_that_comes_elsewhere_wakes_whoever_waits_here() {
    let wired = Wired::new(how()).await;
    let other = wired.beside().await;
    // It listens as soon as it has a number, and it needs one to look.
    wired.store.due(at(0), 1).await.unwrap();
    let woken = wired.store.woken();
    tokio::pin!(woken);
    assert!(futures_util::poll!(woken.as_mut()).is_pending());
    until_acknowledged(&*rows(&other), 1, "heard").await;
    woken.await;
}

/// A process that lost its listener goes on under another number; what it had leased is somebody else's, and its commit
/// is refused.
#[tokio::test]
async fn a_worker_cut_off_is_fenced() {
    let wired = Wired::new(how()).await;
    let (Ingested::Queued(conversation), _) = until_acknowledged(&*wired.rows(), 1, "question").await else {
        panic!("it is queued");
    };
    let leased = lease(&*wired.rows(), conversation, 1).await.unwrap();
    let other = wired.beside().await;
    assert!(other.due(at(2), 10).await.unwrap().is_empty(), "it is leased, and its worker lives");
    wired.wire.trouble(Trouble::Reset);
    // The other finds out that nobody holds the number's lock any more: the server has noticed, sooner or later.
    let due = loop {
        let due = other.due(at(2), 10).await.unwrap();
        if !due.is_empty() {
            break due;
        }
    };
    assert_eq!(due[0].conversation, conversation, "long before its lease would have run out");
    let taken = lease(&*rows(&other), conversation, 2).await.unwrap();
    wired.wire.calm();
    let late = loop {
        match wired.rows().commit(answering(&leased, &["late"], 3)).await {
            Err(StoreError::Unavailable { .. }) => {}
            settled => break settled,
        }
    };
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    rows(&other).commit(answering(&taken, &["in time"], 3)).await.unwrap();
    let said: Vec<_> = log(&*rows(&other), conversation).await.into_iter().filter(|line| !line.0).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0].1, "in time");
}

/// The same when only the session that listens is lost and everything else of the process goes on.
#[tokio::test]
async fn a_worker_that_nobody_hears_of_is_fenced_too() {
    let wired = Wired::new(how()).await;
    let (Ingested::Queued(conversation), _) = until_acknowledged(&*wired.rows(), 1, "question").await else {
        panic!("it is queued");
    };
    let leased = lease(&*wired.rows(), conversation, 1).await.unwrap();
    lose_the_listener(&wired.database).await;
    let other = wired.beside().await;
    let due = loop {
        let due = other.due(at(2), 10).await.unwrap();
        if !due.is_empty() {
            break due;
        }
    };
    assert_eq!(due[0].conversation, conversation);
    lease(&*rows(&other), conversation, 2).await.unwrap();
    let late = wired.rows().commit(answering(&leased, &["late"], 3)).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
}

/// The server crashes under load and comes back: what was acknowledged is there, the rest was refused and can be repeated,
/// and nobody has to restart anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_restart_loses_nothing_that_was_acknowledged() {
    const WRITERS: u32 = 8;
    const EACH: u32 = 60;
    let server = TestPostgres::own(&[]);
    let database = server.database().await;
    let store = PostgresStore::open(&database.url(), how()).await.unwrap();
    salon(&store).await;
    let (acknowledged, refused) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (halfway, mut at_halfway) = tokio::sync::mpsc::channel::<()>(1);
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (rows, acknowledged, refused) = (rows(&store), Arc::clone(&acknowledged), Arc::clone(&refused));
            let halfway = halfway.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    let id = format!("m{writer}-{number}");
                    loop {
                        match rows.ingest(vec![message(by_phone(writer), &id, 0)]).await {
                            Ok(_) => break,
                            Err(StoreError::Unavailable { .. }) => refused.fetch_add(1, Ordering::SeqCst),
                            Err(error) => panic!("{id}: {error:?}"),
                        };
                    }
                    if acknowledged.fetch_add(1, Ordering::SeqCst) == WRITERS * EACH / 2 {
                        let _ = halfway.send(()).await;
                    }
                }
            })
        })
        .collect();
    at_halfway.recv().await.unwrap();
    let restarting = server.clone();
    let before = tokio::task::spawn_blocking(move || {
        restarting.crash();
        restarting.start();
    });
    before.await.unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(refused.load(Ordering::SeqCst) > 0, "nobody noticed");
    assert_eq!(lines(&store).await, vec![usize::try_from(EACH).unwrap(); usize::try_from(WRITERS).unwrap()]);
    assert_eq!(store.figures(OVERDUE_AFTER, at(0)).await.unwrap().mail_due, u64::from(WRITERS * EACH));
}

/// While there is no server nothing is acknowledged; when it is back, the first call works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_nothing_is_acknowledged_and_afterwards_the_first_call_works() {
    let server = TestPostgres::own(&[]);
    let database = server.database().await;
    let store = PostgresStore::open(&database.url(), how()).await.unwrap();
    let rows = salon(&store).await;
    store.ping().await.unwrap();
    server.stop();
    assert!(store.ping().await.is_err());
    let refused = rows.ingest(vec![message(by_phone(1), "m1", 0)]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    server.start();
    queued(&rows.ingest(vec![message(by_phone(1), "m1", 0)]).await.unwrap());
    store.ping().await.unwrap();
}

/// Where no more can be written, writes are refused and what was acknowledged stays; with room again all goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_writes_are_refused_and_nothing_is_lost() {
    let server = TestPostgres::own(&[]);
    let database = server.database().await;
    let store = PostgresStore::open(&database.url(), how()).await.unwrap();
    let rows = salon(&store).await;
    queued(&rows.ingest(vec![message(by_phone(0), "before", 0)]).await.unwrap());
    server.stop();
    // No file of the server may grow beyond what the largest, a piece of its log, has anyway.
    server.limit_files(Some(16 * 1024 * 1024));
    server.start();
    // That its connections were cut is found out by the first call.
    let _ = store.ping().await;
    let (mut stored, mut number) = (0, 0_u32);
    let refused = loop {
        // Large messages to few clients, many at once.
        let events = (0..200).map(|n| large(number * 200 + n)).collect();
        match rows.ingest(events).await {
            Ok(done) => stored += done.len(),
            Err(error) => break error,
        }
        number += 1;
        assert!(number < 200, "it never became full");
    };
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert!(stored > 200, "only {stored} fitted");
    assert_eq!(lines(&store).await.iter().sum::<usize>(), stored + 1, "whole batches or nothing");
    server.stop();
    server.limit_files(None);
    server.start();
    let _ = store.ping().await;
    let events = (0..200).map(|n| large(number * 200 + n)).collect();
    assert_eq!(rows.ingest(events).await.unwrap().len(), 200);
    assert_eq!(lines(&store).await.iter().sum::<usize>(), stored + 201);
}

/// A message of some length, which cannot be made shorter.
fn large(number: u32) -> Ingest {
    let words = (0..200).map(|word| ActionKey::derive(&[&number.to_string(), &word.to_string()]).to_string());
    let mut event = message(by_phone(number % 8), &format!("large{number}"), 0);
    if let Ingest::Message { message, .. } = &mut event {
        message.content = Content::Text { body: Private::new(words.collect()) };
    }
    event
}
