//! Who waits for whom when people are met for the first time.

use super::{how, run};
use crate::world::{by_phone, message, queued, salon};
use chatplug_core::ports::{Ingested, Store, StoreError};
use chatplug_store::{PostgresOptions, PostgresStore, testing::TestDatabase};
use std::time::Duration;

/// A meeting that does not end holds up the same person's, and nobody else's of the same business.
#[tokio::test]
async fn new_people_of_one_business_do_not_wait_for_each_other() {
    let database = TestDatabase::fresh().await;
    let how = PostgresOptions { statement_timeout: Duration::from_secs(3), ..how() };
    let store = PostgresStore::open(&database.url(), how).await.unwrap();
    let bella = salon(&store, "bella").await;
    let first = queued(&bella.ingest(vec![message(by_phone(1), "m1", 0)]).await.unwrap());
    // As if two processes had got so far with people whose names these are: one new, one the first client's again.
    let names = "SELECT value FROM identity ORDER BY value";
    let known = super::texts(&mut database.admin().await, names).await.remove(0);
    let mut meeting = database.app().await;
    let hold = format!(
        "BEGIN; SELECT set_config('app.tenant', 'bella', true); SELECT chatplug.lock_names('bella', NULL, 'somebody'); \
         SELECT chatplug.lock_names('bella', 'PT.1', '{known}');"
    );
    run(&mut meeting, &hold).await.unwrap();
    for client in 2..12 {
        let became = bella.ingest(vec![message(by_phone(client), &format!("m{client}"), 0)]).await.unwrap();
        assert!(matches!(became[..], [Ingested::Queued(_)]), "{became:?}");
    }
    let again = bella.ingest(vec![message(by_phone(1), "again", 1)]).await.unwrap();
    assert_eq!(queued(&again), first, "whoever is known waits for no meeting");

    // Without the row of their name they are as good as new, and their name is being met.
    let forget = format!("DELETE FROM identity WHERE value = '{known}'");
    run(&mut database.admin().await, &forget).await.unwrap();
    let waits = bella.ingest(vec![message(by_phone(1), "later", 2)]).await;
    assert!(matches!(waits, Err(StoreError::Unavailable { .. })), "{waits:?}");
    run(&mut meeting, "ROLLBACK").await.unwrap();
    let met = bella.ingest(vec![message(by_phone(1), "later", 2)]).await.unwrap();
    assert_ne!(queued(&met), first);
    assert_eq!(bella.conversations(100).await.unwrap().len(), 12);
    store.close().await.unwrap();
}
