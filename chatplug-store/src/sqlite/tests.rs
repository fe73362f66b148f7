//! Every statement prepares on a fresh database, and finds its rows by an index.

mod mutate;

use super::{
    audit, bookings, calendar, claims, connections, contacts, forget, ingest, installs, leaving, limiter, notices,
    open, outbox, read, records, reseal, secrets, setup, status, turn,
};
use rusqlite::Connection;

/// Statements that may look at whole tables: figures that nobody waits for, and what forgets the old.
const MAY_SCAN: &[&str] = &["OTHER_FIGURES", "FREE_LEASES", "KEYRING", "PULSE", "MARK", "CHANGED"];

/// Every statement there is: the constants, and those that are made of the data map.
fn statements() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let files = [
        ("audit", audit::STATEMENTS),
        ("bookings", bookings::STATEMENTS),
        ("calendar", calendar::STATEMENTS),
        ("claims", claims::STATEMENTS),
        ("connections", connections::STATEMENTS),
        ("contacts", contacts::STATEMENTS),
        ("ingest", ingest::STATEMENTS),
        ("installs", installs::STATEMENTS),
        ("leaving", leaving::STATEMENTS),
        ("limiter", limiter::STATEMENTS),
        ("notices", notices::STATEMENTS),
        ("open", open::STATEMENTS),
        ("outbox", outbox::STATEMENTS),
        ("forget", forget::STATEMENTS),
        ("read", read::STATEMENTS),
        ("records", records::STATEMENTS),
        ("secrets", secrets::STATEMENTS),
        ("setup", setup::STATEMENTS),
        ("status", status::STATEMENTS),
        ("turn", turn::STATEMENTS),
    ];
    let files = files.into_iter().flat_map(|(file, list)| list.iter().map(move |(name, sql)| (file, *name, *sql)));
    let made =
        |file, list: Vec<(&'static str, &'static str)>| list.into_iter().map(move |(table, sql)| (file, table, sql));
    let files = files.chain(reseal::statements().map(|(table, sql)| ("reseal", table, sql)));
    files
        .chain(made("forget", forget::made()))
        .chain(made("records", records::made()))
        .chain(made("leaving", leaving::made()))
}

fn fresh() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(include_str!("../../migrations/sqlite/0002_init.sql")).unwrap();
    connection
}

#[test]
fn every_statement_prepares() {
    let connection = fresh();
    for (file, name, sql) in statements() {
        let prepared = connection.prepare(sql);
        assert!(prepared.is_ok(), "{file} {name}: {}", prepared.unwrap_err());
    }
}

/// What is done often finds its rows by an index, however much lies in the tables.
#[test]
fn no_statement_looks_at_a_whole_table() {
    let connection = fresh();
    let mut looked_at = 0;
    for (file, name, sql) in statements().filter(|(_, name, _)| !MAY_SCAN.contains(name)) {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut steps = explain.raw_query();
        while let Some(step) = steps.next().unwrap() {
            let step: String = step.get("detail").unwrap();
            let fine = ["INDEX", "json_each", "VIRTUAL TABLE", "CONSTANT ROW", "SUBQUERY", "SCAN ("];
            let whole = step.starts_with("SCAN ") && !fine.iter().any(|fine| step.contains(fine));
            assert!(!whole, "{file} {name}: {step}\n{sql}");
            looked_at += 1;
        }
    }
    assert!(looked_at > 100, "only {looked_at} steps were looked at");
}
