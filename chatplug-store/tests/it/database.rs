//! The file itself: its schema and its limits.

use crate::world::{at, by_phone, file, fresh, hears, message, queued, salon, tenant};
use chatplug_core::ports::{Ingested, OVERDUE_AFTER, Store, StoreError};
use chatplug_store::{OpenError, SqliteOptions, SqliteStore};
use rusqlite::Connection;
use std::time::Duration;

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused_with_its_version() {
    let (store, folder) = fresh().await;
    store.close().await.unwrap();
    Connection::open(file(&folder)).unwrap().pragma_update(None, "user_version", 9999).unwrap();
    let error = SqliteStore::open(file(&folder)).await.expect_err("a newer schema");
    assert!(matches!(error, OpenError::Newer { found: 9999, .. }), "{error:?}");
    assert!(error.to_string().contains("use the newer program"), "{error}");
}

#[tokio::test]
async fn a_file_of_before_the_first_release_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let old = Connection::open(file(&folder)).unwrap();
    old.execute_batch("CREATE TABLE tenant (name TEXT); PRAGMA user_version = 1").unwrap();
    drop(old);
    let error = SqliteStore::open(file(&folder)).await.expect_err("an old schema");
    assert!(matches!(error, OpenError::Outgrown { found: 1 }), "{error:?}");
    assert!(error.to_string().contains("start afresh"), "{error}");
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(file(&folder)).unwrap().execute_batch("CREATE TABLE tenant (name TEXT)").unwrap();
    let error = SqliteStore::open(file(&folder)).await.expect_err("not ours");
    assert!(matches!(error, OpenError::Foreign), "{error:?}");
    std::fs::write(file(&folder), "not a database at all, but long enough to be looked at".repeat(20)).unwrap();
    let error = SqliteStore::open(file(&folder)).await.expect_err("no database");
    assert!(matches!(error, OpenError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn urls_name_files_of_sqlite_only() {
    let folder = tempfile::tempdir().unwrap();
    for prefix in ["sqlite://", "sqlite:", ""] {
        let url = format!("{prefix}{}", file(&folder).display());
        let store = chatplug_store::open(&url).await.unwrap();
        store.ping().await.unwrap();
        store.close().await.unwrap();
    }
    let foreign = chatplug_store::open("mysql://localhost/salon").await;
    assert!(matches!(foreign, Err(OpenError::Unsupported { .. })));
    for url in ["sqlite::memory:", "sqlite://", ""] {
        assert!(matches!(chatplug_store::open(url).await, Err(OpenError::NoFile)), "{url}");
    }
    let nowhere = folder.path().join("missing/folder/chatplug.db");
    assert!(matches!(SqliteStore::open(nowhere).await, Err(OpenError::Unavailable { .. })));
}

#[tokio::test]
async fn after_closing_nothing_is_acknowledged() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    store.close().await.unwrap();
    let write = bella.ingest(vec![message(by_phone(1), "m1", 0)]).await;
    assert!(matches!(write, Err(StoreError::Unavailable { .. })), "{write:?}");
    assert!(store.ping().await.is_err());
    assert!(store.due(at(0), 1).await.is_err());
}

/// On a full disk writes are refused, what was answered stays, and the store goes on.
#[tokio::test]
async fn a_full_database_refuses_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let how = SqliteOptions { max_bytes: Some(1_200_000), ..SqliteOptions::default() };
    let store = SqliteStore::open_with(file(&folder), how).await.unwrap();
    let bella = salon(&store, "bella").await;
    let mut answered = 0;
    let refused = loop {
        let event = message(by_phone(answered), &format!("m{answered}"), 0);
        match bella.ingest(vec![event]).await {
            Ok(done) => {
                queued(&done);
                answered += 1;
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert!(answered > 100, "only {answered} fitted");
    assert_eq!(store.figures(OVERDUE_AFTER, at(0)).await.unwrap().mail_due, u64::from(answered));
    let seen = bella.ingest(vec![message(by_phone(0), "m0", 0)]).await.unwrap();
    assert_eq!(seen, [Ingested::Duplicate], "the writer lives");
    drop((store, bella));

    let roomier = SqliteStore::open(file(&folder)).await.unwrap();
    let bella = tenant(&roomier, "bella");
    let repeated = bella.ingest(vec![message(by_phone(answered), &format!("m{answered}"), 0)]).await.unwrap();
    queued(&repeated);
    assert_eq!(roomier.figures(OVERDUE_AFTER, at(0)).await.unwrap().mail_due, u64::from(answered) + 1);
}

/// While another program writes, nothing is acknowledged; afterwards everything goes on.
#[tokio::test]
async fn a_locked_database_refuses_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let how = SqliteOptions { wait: Duration::from_millis(20), ..SqliteOptions::default() };
    let store = SqliteStore::open_with(file(&folder), how).await.unwrap();
    let bella = salon(&store, "bella").await;
    let other = Connection::open(file(&folder)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = bella.ingest(vec![message(by_phone(1), "m1", 0)]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    assert!(store.ping().await.is_err(), "and the probe says so");
    other.execute_batch("COMMIT").unwrap();
    store.ping().await.unwrap();
    hears(&*bella, by_phone(1), "m1", 0).await;
}
