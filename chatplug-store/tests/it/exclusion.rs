//! That time is taken once is a matter of the database: whoever writes SQL to the file is refused too.

use crate::world::{at, file, fresh, salon};
use chatplug_core::{
    model::{ActionKey, ClaimSubject, ContactId, TenantId},
    ports::{CalendarError, CalendarStore, ClaimRequest, NewEntry},
};
use futures_util::future::join_all;
use rusqlite::{Connection, params};
use tempfile::TempDir;

/// An entry as a stranger would write it; `from` and `to` in hours.
const ENTRY: &str = "INSERT INTO entry (tenant, branch, entry, services, subject, starts, ends, taken_from, taken_to, \
    capacity, contact, key, changed, standing) \
    VALUES (?1, ?2, ?3, '[]', ?4, ?5, ?6, ?5, ?6, ?7, x'00', x'00', 0, ?8)";

const CLAIM: &str = "INSERT INTO claim (tenant, action, subject, taken_from, taken_to, capacity, made, expires) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

#[derive(Clone, Copy)]
struct Row {
    tenant: &'static str,
    branch: &'static str,
    entry: &'static str,
    subject: &'static str,
    from: i64,
    to: i64,
    capacity: i64,
    standing: bool,
}

const ANA: Row = Row {
    tenant: "bella",
    branch: "centre",
    entry: "first",
    subject: "ana",
    from: 10,
    to: 12,
    capacity: 1,
    standing: true,
};

fn stranger(folder: &TempDir) -> Connection {
    Connection::open(file(folder)).unwrap()
}

fn insert(db: &Connection, row: Row) -> Result<(), String> {
    let Row { tenant, branch, entry, subject, from, to, capacity, standing } = row;
    let values = params![tenant, branch, entry, subject, from, to, capacity, standing];
    db.execute(ENTRY, values).map(drop).map_err(|error| error.to_string())
}

fn refused(result: Result<(), String>) {
    let error = result.expect_err("an overlap was written");
    assert!(error.contains("chatplug: taken"), "{error}");
}

#[tokio::test]
async fn no_overlapping_entry_can_be_inserted() {
    let (_store, folder) = fresh().await;
    let db = stranger(&folder);
    insert(&db, ANA).unwrap();
    for (from, to) in [(10, 12), (9, 11), (11, 13), (9, 13), (11, 12)] {
        refused(insert(&db, Row { entry: "second", from, to, ..ANA }));
    }
    insert(&db, Row { entry: "before", from: 8, to: 10, ..ANA }).unwrap();
    insert(&db, Row { entry: "after", from: 12, to: 13, ..ANA }).unwrap();
    insert(&db, Row { tenant: "cesar", ..ANA }).unwrap();
    insert(&db, Row { branch: "south", ..ANA }).unwrap();
    insert(&db, Row { entry: "else", subject: "bruno", ..ANA }).unwrap();
    insert(&db, Row { entry: "cancelled", standing: false, ..ANA }).unwrap();
}

#[tokio::test]
async fn no_entry_can_be_moved_or_woken_into_an_overlap() {
    let (_store, folder) = fresh().await;
    let db = stranger(&folder);
    insert(&db, ANA).unwrap();
    insert(&db, Row { entry: "later", from: 14, to: 16, ..ANA }).unwrap();
    insert(&db, Row { entry: "bruno", subject: "bruno", ..ANA }).unwrap();
    insert(&db, Row { entry: "cancelled", standing: false, ..ANA }).unwrap();
    for change in [
        "UPDATE entry SET taken_from = 11 WHERE entry = 'later'",
        "UPDATE entry SET taken_from = 11, taken_to = 13 WHERE entry = 'later'",
        "UPDATE entry SET subject = 'ana' WHERE entry = 'bruno'",
        "UPDATE entry SET standing = 1 WHERE entry = 'cancelled'",
    ] {
        refused(db.execute(change, []).map(drop).map_err(|error| error.to_string()));
    }
    let within = "UPDATE entry SET taken_from = 9, taken_to = 11 WHERE entry = 'first' AND tenant = 'bella'";
    db.execute(within, []).expect("its own time does not stand in its way");
}

#[tokio::test]
async fn entries_share_a_time_up_to_the_capacity_at_every_moment() {
    let (_store, folder) = fresh().await;
    let db = stranger(&folder);
    let class = Row { capacity: 2, ..ANA };
    insert(&db, Row { entry: "a", from: 10, to: 11, ..class }).unwrap();
    insert(&db, Row { entry: "b", from: 11, to: 12, ..class }).unwrap();
    // Overlaps with two, but never with both at once.
    insert(&db, Row { entry: "c", ..class }).unwrap();
    refused(insert(&db, Row { entry: "d", ..class }));
    // How many may share is what the one being written says.
    insert(&db, Row { entry: "e", capacity: 3, ..ANA }).unwrap();
    refused(insert(&db, Row { entry: "f", capacity: 3, ..ANA }));
}

#[tokio::test]
async fn no_overlapping_claim_can_be_inserted() {
    let (store, folder) = fresh().await;
    salon(&store, "bella").await;
    let db = stranger(&folder);
    let claim = |action: u8, from: i64, to: i64, made: i64| {
        let values = params!["bella", vec![action], "ana", from, to, 1, made, made + 100];
        db.execute(CLAIM, values).map(drop).map_err(|error| error.to_string())
    };
    claim(1, 10, 12, 0).unwrap();
    refused(claim(2, 11, 13, 50));
    claim(3, 12, 13, 50).unwrap();
    claim(4, 9, 12, 100).expect("the first one has run out");
}

fn entry(name: &str, tenant: &TenantId) -> NewEntry {
    let branch = "centre".parse().unwrap();
    let ana = "ana".parse().unwrap();
    NewEntry {
        services: vec!["cut".parse().unwrap()],
        candidates: vec![(ClaimSubject::staff(&branch, &ana), Some(ana))],
        start: at(0),
        end: at(3600),
        taken_from: at(-600),
        taken_to: at(4200),
        day_from: at(-32_400),
        day_to: at(54_000),
        capacity: 1,
        contact: ContactId::derive(&[name]),
        client_name: None,
        price: None,
        note: None,
        key: ActionKey::derive(&[tenant.as_str(), name]),
        now: at(0),
    }
}

/// Fifty clients of each of two salons, one time, claims and appointments at once: one winner of each kind in each salon.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_at_once_one_wins_in_each_salon() {
    let (store, _folder) = fresh().await;
    for id in ["bella", "cesar"] {
        salon(&store, id).await;
    }
    let tasks = (0..50).flat_map(|n| ["bella", "cesar"].map(|id| (n, id))).map(|(n, id)| {
        let store = store.clone();
        tokio::spawn(async move {
            let tenant: TenantId = id.parse().unwrap();
            let new = entry(&format!("client {n}"), &tenant);
            let claim = ClaimRequest {
                action: new.key,
                candidates: new.candidates.clone(),
                from: new.taken_from,
                to: new.taken_to,
                day_from: new.day_from,
                day_to: new.day_to,
                capacity: 1,
                expires: at(600),
                now: at(0),
                ignoring: None,
            };
            let rows = crate::world::tenant(&store, id);
            let calendar = store.calendar(&tenant, &"centre".parse().unwrap());
            let (claimed, booked) = tokio::join!(rows.claim(claim), calendar.insert(new));
            let booked = match booked {
                Ok(_) => true,
                Err(CalendarError::Taken) => false,
                Err(error) => panic!("{error:?}"),
            };
            (id, claimed.unwrap().is_some(), booked)
        })
    });
    let results: Vec<_> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    for salon in ["bella", "cesar"] {
        let of = |won: fn(&(&str, bool, bool)) -> bool| results.iter().filter(|r| r.0 == salon && won(r)).count();
        assert_eq!((of(|r| r.1), of(|r| r.2)), (1, 1), "{salon}");
    }
}
