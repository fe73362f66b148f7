//! Few connections: whoever waits for one gets it in turn, and waiting ends.

use super::{how, run, texts, whole};
use crate::world::{answering, at, by_phone, lease, log, message, queued, salon, sends};
use chatplug_core::ports::{Store, TenantStore};
use chatplug_store::{PostgresOptions, PostgresStore, testing::TestDatabase};
use futures_util::future::join_all;
use std::{sync::Arc, time::Duration};

/// Everything from a first message to a reply that was handed over.
async fn whole_turn(rows: &dyn TenantStore, client: u32) {
    let heard = rows.ingest(vec![message(by_phone(client), &format!("m{client}"), 0)]).await.unwrap();
    let conversation = queued(&heard);
    let leased = lease(rows, conversation, 1).await.expect("it is due");
    rows.commit(answering(&leased, &[&format!("w{client}")], 1)).await.unwrap();
    sends(rows, conversation, &format!("wamid.{client}"), 2).await;
    assert_eq!(log(rows, conversation).await.len(), 2);
}

/// Many turns over one connection and over two: were one held while another is waited for, they would stand still.
#[tokio::test]
async fn many_turns_at_once_need_no_more_than_one_connection() {
    for connections in [1, 2] {
        let database = TestDatabase::fresh().await;
        let how = PostgresOptions { connections, connect_timeout: Duration::from_secs(60), ..how() };
        let store = PostgresStore::open(&database.url(), how).await.unwrap();
        let bella = salon(&store, "bella").await;
        let turns = (0..64).map(|client| {
            let bella = Arc::clone(&bella);
            tokio::spawn(async move { whole_turn(&*bella, client).await })
        });
        join_all(turns).await.into_iter().for_each(Result::unwrap);
        assert_eq!(store.due(at(10), 1000).await.unwrap(), []);
        store.close().await.unwrap();
    }
}

/// While others have all connections, what is asked fails with words that say so, and what was done waits to be put on
/// record.
#[tokio::test]
async fn a_busy_pool_is_named_and_loses_no_outcome() {
    let database = TestDatabase::fresh().await;
    let how = PostgresOptions { connections: 1, connect_timeout: Duration::from_secs(2), ..how() };
    let store = PostgresStore::open(&database.url(), how).await.unwrap();
    let bella = salon(&store, "bella").await;
    let conversation = queued(&bella.ingest(vec![message(by_phone(1), "m1", 0)]).await.unwrap());
    let leased = lease(&*bella, conversation, 1).await.expect("it is due");

    // Somebody has the first client's row, and a second message of theirs the only connection.
    let mut other = database.app().await;
    let hold =
        "BEGIN; SELECT set_config('app.tenant', 'bella', true); SELECT conversation::text FROM conversation FOR UPDATE";
    run(&mut other, hold).await.unwrap();
    let rows = Arc::clone(&bella);
    let second = tokio::spawn(async move { rows.ingest(vec![message(by_phone(1), "m2", 1)]).await });
    let waiting = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() \
        AND wait_event_type = 'Lock'";
    let mut admin = database.admin().await;
    while texts(&mut admin, waiting).await != ["1"] {
        tokio::task::yield_now().await;
    }
    let rows = Arc::clone(&bella);
    let commit = tokio::spawn(async move { rows.commit(answering(&leased, &["w"], 1)).await });
    let refused = bella.conversations(10).await.expect_err("the connection is another's");
    assert!(whole(&refused).contains("all 1 are in use"), "{}", whole(&refused));
    run(&mut other, "ROLLBACK").await.unwrap();
    second.await.unwrap().unwrap();
    commit.await.unwrap().expect("it waited longer than a question");
    store.close().await.unwrap();
}
