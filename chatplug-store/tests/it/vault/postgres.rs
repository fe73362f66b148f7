//! The same of whoever finds a dump of PostgreSQL.

use super::{MARKERS, NOTHING, found, is_all_there, marker, number, plant, register, rotation};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use chatplug_core::vault::{MasterKeys, Vault};
use chatplug_store::{PostgresOptions, PostgresStore, testing::TestDatabase};
use sqlx::{AssertSqlSafe, Row as _};
use std::sync::Arc;

async fn fresh() -> (PostgresStore, TestDatabase) {
    let database = TestDatabase::fresh().await;
    let vault = Vault::new(Arc::new(MasterKeys::ephemeral().unwrap()));
    (PostgresStore::open(&database.url(), PostgresOptions::new(vault)).await.unwrap(), database)
}

/// Every row of every table, bytes that are letters as letters.
async fn dump(database: &TestDatabase) -> Vec<u8> {
    let mut admin = database.admin().await;
    sqlx::raw_sql("SET bytea_output = 'escape'").execute(&mut admin).await.unwrap();
    let tables = "SELECT c.oid::regclass::text FROM pg_class AS c \
        WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace)";
    let mut all = Vec::new();
    for table in sqlx::query(tables).fetch_all(&mut admin).await.unwrap() {
        let rows = format!("SELECT t::text FROM {} AS t", table.get::<String, _>(0));
        for row in sqlx::query(AssertSqlSafe(rows)).fetch_all(&mut admin).await.unwrap() {
            all.extend(row.get::<String, _>(0).into_bytes());
            all.push(b'\n');
        }
    }
    all
}

#[tokio::test]
async fn nothing_of_a_sealed_tenant_stands_in_a_dump() {
    let (store, database) = fresh().await;
    let sealed = plant(&store, "bella", true).await;
    let open = plant(&store, "cesar", false).await;
    is_all_there(&store, &sealed).await;
    is_all_there(&store, &open).await;
    let dump = dump(&database).await;
    assert_eq!(found(&dump, "bella"), NOTHING);
    let of_other = found(&dump, "cesar");
    assert!(of_other.len() > 10, "the search finds what is not sealed: {of_other:?}");
    assert!(of_other.contains(&STANDARD_NO_PAD.encode(number("cesar"))), "ids of messages among it: {of_other:?}");
    assert!(!of_other.contains(&marker(MARKERS.len() - 1, "cesar")), "credentials are sealed always");
}

#[tokio::test]
async fn a_policy_that_comes_later_takes_hold_of_every_row() {
    let (store, database) = fresh().await;
    let planted = plant(&store, "bella", false).await;
    assert!(found(&dump(&database).await, "bella").len() > 10);
    register(&store, "bella", true).await;
    is_all_there(&store, &planted).await;
    rotation::reseal(&planted, 4, 10).await;
    is_all_there(&store, &planted).await;
    assert_eq!(found(&dump(&database).await, "bella"), NOTHING);
}
