//! Every statement is one that the database understands.

use super::{
    audit, calendar, claims, connections, contacts, db, ingest, installs, keyring, leaving, limiter, notices, outbox,
    queue, read, records, reseal, secrets, setup, status, turn,
};
use crate::testing::TestPostgres;
use sqlx::Executor as _;

/// Prepared as the role that the program runs as: a missing right shows as well.
#[tokio::test]
async fn every_statement_can_be_prepared() {
    let database = TestPostgres::shared().await.database().await;
    let mut connection = database.app().await;
    let files = [
        audit::STATEMENTS,
        calendar::STATEMENTS,
        claims::STATEMENTS,
        connections::STATEMENTS,
        contacts::STATEMENTS,
        db::STATEMENTS,
        ingest::STATEMENTS,
        installs::STATEMENTS,
        keyring::STATEMENTS,
        leaving::STATEMENTS,
        limiter::STATEMENTS,
        notices::STATEMENTS,
        outbox::STATEMENTS,
        queue::STATEMENTS,
        read::STATEMENTS,
        records::STATEMENTS,
        secrets::STATEMENTS,
        setup::STATEMENTS,
        status::STATEMENTS,
        turn::STATEMENTS,
    ];
    let made: Vec<(&str, &'static str)> = reseal::statements().chain(records::made()).chain(leaving::made()).collect();
    for (name, sql) in files.into_iter().flatten().chain(&made) {
        if let Err(error) = connection.prepare(sqlx::SqlStr::from_static(sql)).await {
            panic!("{name}: {error}");
        }
    }
}
