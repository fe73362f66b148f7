//! Several processes on one PostgreSQL database, each an open store: who is offered what, and what becomes of what a
//! process had begun that is gone.

use super::world::{answering, at, by_phone, hears, lease, log, message, salon, tenant};
use chatplug_core::{
    model::{ActionKey, ClaimSubject, ConversationId, Private},
    ports::{
        ClaimRequest, Delivery, DeliveryRecord, DeliveryResult, Rate, RateLimiter as _, Store as _, TenantStore, Work,
    },
    vault::{MasterKeys, Vault},
};
use chatplug_store::{PostgresOptions, PostgresStore, testing::TestDatabase};
use chrono::Duration;
use std::sync::Arc;

/// Processes that share a database and a master key.
struct Processes {
    database: TestDatabase,
    vault: Vault,
}

impl Processes {
    async fn new() -> Self {
        let vault = Vault::new(Arc::new(MasterKeys::ephemeral().unwrap()));
        Self { database: TestDatabase::fresh().await, vault }
    }

    /// One more process, known to the others.
    async fn start(&self) -> PostgresStore {
        let store = PostgresStore::open(&self.database.url(), PostgresOptions::new(self.vault.clone())).await.unwrap();
        assert_eq!(store.due(at(0), 1).await.unwrap().len(), 0, "nothing is due before anything came in");
        store
    }

    /// Cuts the connection that holds a process's number; the process lives on.
    async fn cut_off(&self, store: &PostgresStore) {
        let mut admin = self.database.admin().await;
        let mine: i64 = store.worker().expect("it has a number");
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
            AND (classid::bigint << 32) + objid::bigint = $1";
        let cut: i64 = sqlx::query_scalar(cut).bind(mine).fetch_one(&mut admin).await.unwrap();
        assert_eq!(cut, 1, "one connection holds the number");
    }
}

/// Asks again and again until something is due: a process that is gone is looked for once a second.
async fn due(store: &PostgresStore, seconds: i64) -> (ConversationId, Work) {
    loop {
        if let Some(due) = store.due(at(seconds), 10).await.unwrap().into_iter().next() {
            return (due.conversation, due.work);
        }
        tokio::task::yield_now().await;
    }
}

async fn takes(rows: &dyn TenantStore, conversation: ConversationId, seconds: i64) -> Option<Delivery> {
    rows.next_delivery(conversation, at(seconds + 30), at(seconds)).await.unwrap()
}

fn sent(delivery: &Delivery, seconds: i64) -> DeliveryRecord {
    DeliveryRecord {
        key: delivery.key,
        conversation: delivery.conversation,
        attempt: delivery.attempt,
        result: DeliveryResult::Sent {
            messages: vec!["wamid.1".parse().unwrap()],
            shown: Private::new("Olá".to_owned()),
        },
        parts: Vec::new(),
        now: at(seconds),
        take_next: None,
    }
}

#[tokio::test]
async fn what_a_process_had_leased_that_is_gone_is_due_again_at_once() {
    let processes = Processes::new().await;
    let (gone, other) = (processes.start().await, processes.start().await);
    let rows = salon(&gone, "bella").await;
    let conversation = hears(&*rows, by_phone(1), "m1", 1).await;
    lease(&*rows, conversation, 2).await.expect("it is due");
    assert_eq!(other.due(at(3), 10).await.unwrap(), [], "it is leased");
    gone.close().await.unwrap();
    assert_eq!(due(&other, 4).await, (conversation, Work::Turn));
    assert!(lease(&*tenant(&other, "bella"), conversation, 4).await.is_some());
}

#[tokio::test]
async fn a_turn_of_a_process_that_was_merely_cut_off_counts_unless_another_took_it() {
    let processes = Processes::new().await;
    let (cut_off, other) = (processes.start().await, processes.start().await);
    let rows = salon(&cut_off, "bella").await;
    let (first, second) = (hears(&*rows, by_phone(1), "m1", 1).await, hears(&*rows, by_phone(2), "m2", 1).await);
    let leases = [lease(&*rows, first, 2).await.unwrap(), lease(&*rows, second, 2).await.unwrap()];
    processes.cut_off(&cut_off).await;
    due(&other, 3).await;
    assert!(lease(&*tenant(&other, "bella"), second, 4).await.is_some(), "it is free");
    rows.commit(answering(&leases[0], &["a"], 5)).await.expect("nobody else took it");
    rows.commit(answering(&leases[1], &["b"], 5)).await.expect_err("another has it");
}

#[tokio::test]
async fn what_a_process_was_sending_that_is_gone_waits_for_a_status_and_goes_again() {
    let processes = Processes::new().await;
    let (gone, other) = (processes.start().await, processes.start().await);
    let rows = salon(&gone, "bella").await;
    let conversation = hears(&*rows, by_phone(1), "m1", 1).await;
    let leased = lease(&*rows, conversation, 1).await.unwrap();
    rows.commit(answering(&leased, &["a"], 1)).await.unwrap();
    takes(&*rows, conversation, 2).await.expect("it waits");
    gone.close().await.unwrap();
    let rows = tenant(&other, "bella");
    while log(&*rows, conversation).await.iter().all(|(_, _, status)| status != "unknown") {
        other.due(at(3), 10).await.unwrap();
    }
    assert!(takes(&*rows, conversation, 3).await.is_none(), "a status may still come");
    let again = takes(&*rows, conversation, 33).await.expect("nothing came");
    assert!(again.was_unknown);
    assert_eq!(again.attempt, 2);
}

#[tokio::test]
async fn a_sender_that_was_merely_cut_off_may_still_say_how_it_went() {
    let processes = Processes::new().await;
    let (cut_off, other) = (processes.start().await, processes.start().await);
    let rows = salon(&cut_off, "bella").await;
    let conversation = hears(&*rows, by_phone(1), "m1", 1).await;
    let leased = lease(&*rows, conversation, 1).await.unwrap();
    rows.commit(answering(&leased, &["a"], 1)).await.unwrap();
    let delivery = takes(&*rows, conversation, 2).await.expect("it waits");
    processes.cut_off(&cut_off).await;
    while log(&*rows, conversation).await.iter().all(|(_, _, status)| status != "unknown") {
        other.due(at(3), 10).await.unwrap();
    }
    rows.record_delivery(sent(&delivery, 4)).await.unwrap();
    assert_eq!(log(&*rows, conversation).await.last().unwrap().2, "sent");
    assert!(takes(&*rows, conversation, 60).await.is_none(), "it is not sent again");
}

#[tokio::test]
async fn what_is_offered_to_one_process_is_not_offered_to_another_for_a_second() {
    let processes = Processes::new().await;
    let (one, other) = (processes.start().await, processes.start().await);
    let rows = salon(&one, "bella").await;
    for number in 0..6 {
        hears(&*rows, by_phone(number), &format!("m{number}"), 1).await;
    }
    let offered = |due: Vec<chatplug_core::ports::Due>| -> Vec<ConversationId> {
        due.into_iter().map(|due| due.conversation).collect()
    };
    let first = offered(one.due(at(2), 4).await.unwrap());
    assert_eq!(first.len(), 4);
    assert_eq!(offered(one.due(at(2), 4).await.unwrap()), first, "the same again to the same process");
    let second = offered(other.due(at(2), 10).await.unwrap());
    assert_eq!(second.len(), 2);
    assert!(second.iter().all(|conversation| !first.contains(conversation)));
    assert_eq!(other.next_due().await.unwrap(), Some(at(1)), "its own are due");
    assert_eq!(offered(other.due(at(4), 10).await.unwrap()).len(), 6, "nobody took them");
}

#[tokio::test]
async fn whoever_waits_in_another_process_is_woken() {
    let processes = Processes::new().await;
    let (one, other) = (processes.start().await, processes.start().await);
    let rows = salon(&one, "bella").await;
    let woken = other.woken();
    tokio::pin!(woken);
    assert!(futures_util::poll!(woken.as_mut()).is_pending());
    rows.ingest(vec![message(by_phone(1), "m1", 1)]).await.unwrap();
    woken.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_processes_that_meet_one_person_at_once_all_meet_the_same() {
    let processes = Processes::new().await;
    let stores = [processes.start().await, processes.start().await, processes.start().await];
    salon(&stores[0], "bella").await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30_usize {
        let rows = tenant(&stores[number % 3], "bella");
        tasks.spawn(async move { hears(&*rows, by_phone(1), &format!("m{number}"), 1).await });
    }
    let met: std::collections::BTreeSet<ConversationId> = tasks.join_all().await.into_iter().collect();
    assert_eq!(met.len(), 1);
    let rows = tenant(&stores[0], "bella");
    assert_eq!(log(&*rows, met.into_iter().next().unwrap()).await.len(), 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_claims_of_many_processes_on_two_people_two_win() {
    let processes = Processes::new().await;
    let stores = [processes.start().await, processes.start().await, processes.start().await];
    salon(&stores[0], "bella").await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40_usize {
        let rows = tenant(&stores[number % 3], "bella");
        let candidates = ["ana", "rita"].map(|name| (ClaimSubject(name.to_owned()), None));
        let claim = ClaimRequest {
            action: ActionKey::derive(&[&number.to_string()]),
            candidates: if number % 2 == 0 { candidates.to_vec() } else { candidates.into_iter().rev().collect() },
            from: at(3600),
            to: at(7200),
            day_from: at(0),
            day_to: at(86_400),
            capacity: 1,
            expires: at(600),
            now: at(1),
            ignoring: None,
        };
        tasks.spawn(async move { rows.claim(claim).await.unwrap() });
    }
    let won: Vec<ClaimSubject> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(won.len(), 2);
    assert_ne!(won[0], won[1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_stay_within_a_limit_together() {
    let processes = Processes::new().await;
    let stores = [processes.start().await, processes.start().await, processes.start().await];
    let rate = Rate { burst: 7, every: Duration::seconds(10) };
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30_usize {
        let store = stores[number % 3].clone();
        tasks.spawn(async move { store.take("vendor", rate, 1, at(0)).await.unwrap().granted });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u32>(), 7);
    let taken = stores[1].take("vendor", rate, 5, at(25)).await.unwrap();
    assert_eq!((taken.granted, taken.next), (2, at(30)));
    stores[2].hold("vendor", at(90)).await.unwrap();
    stores[0].hold("vendor", at(40)).await.unwrap();
    assert_eq!(stores[0].take("vendor", rate, 1, at(89)).await.unwrap().granted, 0);
    assert_eq!(stores[0].take("vendor", rate, 1, at(90)).await.unwrap().granted, 1);
}
