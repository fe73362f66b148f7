//! Every statement prepares on a fresh database, and finds its rows by an index.

use super::{bookings, calendar, claims, contacts, ingest, open, outbox, prune, read, setup, status, turn};
use sqlx::{Executor, Row, SqlSafeStr};

/// Statements that may look at whole tables: figures that nobody waits for, and what forgets the old.
const MAY_SCAN: &[&str] =
    &["OTHER_FIGURES", "FREE_LEASES", "PULSE", "MAIL", "EARLY", "PUT_AWAY", "PARTS", "OUTBOX", "TURNS"];

fn statements() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
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
    files.into_iter().flat_map(|(file, list)| list.iter().map(move |(name, sql)| (file, *name, *sql)))
}

#[tokio::test]
async fn every_statement_prepares() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::SqliteStore::open(folder.path().join("chatplug.db")).await.unwrap();
    let mut connection = store.readers.acquire().await.unwrap();
    for (file, name, sql) in statements() {
        let prepared = (&mut *connection).prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{file} {name}: {}", prepared.unwrap_err());
    }
}

/// What is done often finds its rows by an index, however much lies in the tables.
#[tokio::test]
async fn no_statement_looks_at_a_whole_table() {
    let folder = tempfile::tempdir().unwrap();
    let store = super::SqliteStore::open(folder.path().join("chatplug.db")).await.unwrap();
    let mut connection = store.readers.acquire().await.unwrap();
    let mut looked_at = 0;
    for (file, name, sql) in statements().filter(|(_, name, _)| !MAY_SCAN.contains(name)) {
        // Only constants of this crate, see `statements!`.
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        for row in sqlx::query(explain).fetch_all(&mut *connection).await.unwrap() {
            let step: String = row.get("detail");
            let whole = step.starts_with("SCAN ")
                && !step.contains("INDEX")
                && !step.contains("json_each")
                && !step.contains("VIRTUAL TABLE")
                && !step.contains("CONSTANT ROW")
                && !step.starts_with("SCAN (")
                && !step.contains("SUBQUERY");
            assert!(!whole, "{file} {name}: {step}\n{sql}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 100, "only {looked_at} steps were looked at");
}
