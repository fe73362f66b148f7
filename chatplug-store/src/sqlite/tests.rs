//! Every statement prepares on a fresh database, and is named once.

use super::{bookings, calendar, claims, contacts, ingest, open, outbox, prune, read, setup, status, turn};
use sqlx::{Executor, SqlSafeStr};

#[tokio::test]
async fn every_statement_prepares() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::SqliteStore::open(folder.path().join("chatplug.db")).await.unwrap();
    let mut connection = store.readers.acquire().await.unwrap();
    let files = [
        ("bookings", bookings::STATEMENTS),
        ("calendar", calendar::STATEMENTS),
        ("claims", claims::STATEMENTS),
        ("contacts", contacts::STATEMENTS),
        ("ingest", ingest::STATEMENTS),
        ("open", open::STATEMENTS),
        ("outbox", outbox::STATEMENTS),
        ("prune", prune::STATEMENTS),
        ("read", read::STATEMENTS),
        ("setup", setup::STATEMENTS),
        ("status", status::STATEMENTS),
        ("turn", turn::STATEMENTS),
    ];
    for (file, statements) in files {
        for (name, sql) in statements {
            let prepared = (&mut *connection).prepare((*sql).into_sql_str()).await;
            assert!(prepared.is_ok(), "{file} {name}: {}", prepared.unwrap_err());
        }
    }
}
