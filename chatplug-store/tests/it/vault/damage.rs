//! Sealed values that were forged, cut off, taken from elsewhere: each is refused by name, and nobody gets what is another's.

use super::{EARLY, Planted, is_all_there, plant, wamid};
use crate::world::{at, file, fresh};
use chatplug_core::{
    model::Private,
    ports::{
        CalendarError, CalendarStore as _, DeliveryRecord, DeliveryResult, EntryFilter, SecretStore as _, Store as _,
        StoreError,
    },
    vault::VaultError,
};
use chatplug_store::SqliteStore;
use rusqlite::{Connection, params};
use std::sync::atomic::{AtomicI64, Ordering};

/// Seconds: later each time, so that what was taken for sending can be taken again.
static NOW: AtomicI64 = AtomicI64::new(1000);

/// Every column that may be sealed.
pub(super) const COLUMNS: &[(&str, &str)] = &[
    ("contact", "person"),
    ("dialogue", "state"),
    ("dialogue", "action"),
    ("mailbox", "event"),
    ("outbox", "body"),
    ("outbox", "shown"),
    ("outbox", "message_id"),
    ("early", "status"),
    ("message", "text"),
    ("message", "message_id"),
    ("turn", "steps"),
    ("booking", "body"),
    ("notice", "event"),
    ("entry", "client_name"),
    ("entry", "note"),
    ("credential", "sealed"),
];

/// Something that reads the column.
async fn read(store: &SqliteStore, planted: &Planted, table: &str, column: &str) -> Result<(), StoreError> {
    let rows = store.tenant(&planted.id);
    match (table, column) {
        ("contact" | "dialogue", _) => rows.conversation(planted.conversation).await.map(drop),
        ("mailbox", _) => rows.lease(planted.conversation, at(900), at(800)).await.map(drop),
        ("outbox", "body") => rows.next_delivery(planted.conversation, at(900), at(800)).await.map(drop),
        ("outbox" | "message", _) => rows.messages(planted.conversation, 10).await.map(drop),
        ("turn", _) => rows.turns(planted.conversation, 10).await.map(drop),
        ("booking", _) => rows.bookings(planted.contact, at(0)).await.map(drop),
        ("notice", _) => rows.next_notice(planted.conversation, at(900), at(800)).await.map(drop),
        ("entry", _) => {
            let calendar = store.calendar(&planted.id, &"centre".parse().unwrap());
            match calendar.entries(EntryFilter::default()).await {
                Err(CalendarError::Store(error)) => Err(error),
                other => other.map(drop).map_err(|error| panic!("{error:?}")),
            }
        }
        ("credential", _) => store.secrets(&planted.id).credential("meta/token", "engine", at(1)).await.map(drop),
        // It is read when its message becomes known.
        ("early", _) => {
            let now = NOW.fetch_add(10, Ordering::Relaxed);
            let delivery = rows.next_delivery(planted.conversation, at(now + 5), at(now)).await?.unwrap();
            let result = DeliveryResult::Sent {
                messages: vec![wamid(planted.id.as_str(), EARLY)],
                shown: Private::new("never kept".to_owned()),
            };
            let record = DeliveryRecord {
                key: delivery.key,
                conversation: planted.conversation,
                attempt: delivery.attempt,
                result,
                parts: Vec::new(),
                now: at(now),
                take_next: None,
            };
            rows.record_delivery(record).await.map(drop)
        }
        _ => panic!("nothing reads {table}.{column}"),
    }
}

/// Puts `value` in place of every value of the tenant's column; what was there.
fn exchange(db: &Connection, table: &str, column: &str, id: &str, value: &[u8]) -> Vec<u8> {
    let old = taken(db, table, column, id);
    let sql = format!("UPDATE {table} SET {column} = ? WHERE tenant = ? AND {column} = ?");
    assert!(db.execute(&sql, params![value, id, old]).unwrap() > 0);
    old
}

/// A value of the tenant's column: the last that was written.
fn taken(db: &Connection, table: &str, column: &str, id: &str) -> Vec<u8> {
    let unread = if table == "mailbox" { "AND unread = 1" } else { "" };
    let live = if table == "outbox" && column != "message_id" { "AND live = 1" } else { "" };
    let sql = format!("SELECT {column} FROM {table} WHERE tenant = ? AND {column} IS NOT NULL {unread} {live} LIMIT 1");
    db.query_row(&sql, [id], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn every_damaged_value_is_refused_by_name() {
    let (store, folder) = fresh().await;
    let bella = plant(&store, "bella", true).await;
    let cesar = plant(&store, "cesar", true).await;
    let db = Connection::open(file(&folder)).unwrap();
    for (table, column) in COLUMNS {
        let good = taken(&db, table, column, "bella");
        assert_eq!(good[..5], [1, 0, 0, 0, 1], "{table}.{column} is sealed with the first key");
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bad = good.clone();
            change(&mut bad);
            bad
        };
        let last = good.len() - 1;
        let damages: [(&str, Vec<u8>); 7] = [
            ("Forged", with(&|bad| bad[last] ^= 1)),
            ("Forged", with(&|bad| bad[8] ^= 1)),
            ("Forged", with(&|bad| bad.truncate(last))),
            ("Forged", taken(&db, table, column, "cesar")),
            ("Truncated", with(&|bad| bad.truncate(12))),
            ("UnknownKey { version: 7 }", with(&|bad| bad[4] = 7)),
            ("Format { format: 5 }", with(&|bad| bad[0] = 5)),
        ];
        for (name, bad) in damages {
            exchange(&db, table, column, "bella", &bad);
            let result = read(&store, &bella, table, column).await;
            let Err(StoreError::Vault(error)) = &result else { panic!("{table}.{column} {name}: {result:?}") };
            assert_eq!(format!("{error:?}"), name, "{table}.{column}");
            exchange(&db, table, column, "bella", &good);
        }
    }
    is_all_there(&store, &bella).await;
    is_all_there(&store, &cesar).await;
}

/// From one column of a tenant to another, and from one credential to another.
#[tokio::test]
async fn a_value_opens_in_its_own_column_only() {
    let (store, folder) = fresh().await;
    let bella = plant(&store, "bella", true).await;
    let db = Connection::open(file(&folder)).unwrap();
    let note = taken(&db, "entry", "note", "bella");
    for (table, column) in COLUMNS.iter().filter(|(_, column)| *column != "note") {
        let good = exchange(&db, table, column, "bella", &note);
        let result = read(&store, &bella, table, column).await;
        assert!(matches!(result, Err(StoreError::Vault(VaultError::Forged))), "{table}.{column}: {result:?}");
        exchange(&db, table, column, "bella", &good);
    }
    let secrets = store.secrets(&bella.id);
    secrets.put_credential("other", &"x".to_owned().into(), "operator:olga", at(1)).await.unwrap();
    db.execute(
        "UPDATE credential SET sealed = (SELECT sealed FROM credential WHERE name = 'meta/token') WHERE name = 'other'",
        [],
    )
    .unwrap();
    let moved = secrets.credential("other", "engine", at(2)).await;
    assert!(matches!(moved, Err(StoreError::Vault(VaultError::Forged))), "{moved:?}");
}
