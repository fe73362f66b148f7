//! A person's rights and what time does, judged by the files themselves: what is erased or forgotten is nowhere in them.

use crate::world::{
    answering, answers, at, by_id, by_phone, days, file, fresh, hears, lease, log, message, message_on, queued, salon,
    sends,
};
use chatplug_core::{
    audit::{AuditHead, AuditVerifier},
    dialogue::{ContactChange, TeamEvent, Timer},
    model::{
        ActionKey, Booking, BookingId, BookingRef, BookingStatus, BranchId, ChannelUser, ClaimSubject, ContactId,
        ConversationId, DeliveryStatus, Private, Stage, TenantId,
    },
    ports::{
        AuditRow, CalendarStore, EntryFilter, Ingest, Ingested, NewEntry, RecordStore, Retention, SecretStore,
        StoreError, TenantRecords, TenantSetup, TenantStore, TurnCommit,
    },
};
use chatplug_store::{
    SqliteStore,
    data_map::{On, tables_on},
};
use rusqlite::Connection;
use std::{collections::BTreeMap, path::Path, sync::Arc};
use tempfile::TempDir;

/// Stands in everything that is personal of the one who will be erased.
const MARKER: &str = "Zyxwvut";
/// The same for another client of the same salon.
const OTHER: &str = "Quokka";

fn records(store: &SqliteStore, id: &str) -> Arc<dyn TenantRecords> {
    store.records(&id.parse().unwrap())
}

fn marked(event: Ingest, marker: &str) -> Ingest {
    let Ingest::Message { channel, mut message, due, received } = event else { panic!("a message") };
    message.profile_name = Some(Private::new(format!("{marker} name")));
    message.content =
        chatplug_core::model::Content::Text { body: Private::new(format!("{marker} says {}", message.id)) };
    Ingest::Message { channel, message, due, received }
}

fn booking(marker: &str, starts: i64) -> Booking {
    Booking {
        id: Some(BookingId::derive(&[marker])),
        reference: BookingRef {
            install: "calendar".parse().unwrap(),
            branch: "centre".parse().unwrap(),
            backend_id: format!("{marker} backend"),
        },
        services: vec!["cut".parse().unwrap()],
        title: format!("{marker} title"),
        staff: None,
        start: at(starts),
        end: at(starts + 3600),
        zone: chrono_tz::Europe::Lisbon,
        status: BookingStatus::Booked,
        confirmed: false,
        price: None,
        contact: None,
        made_by: None,
    }
}

fn entry(marker: &str, contact: ContactId, starts: i64) -> NewEntry {
    let branch: BranchId = "centre".parse().unwrap();
    let staff = "ana".parse().unwrap();
    NewEntry {
        services: vec!["cut".parse().unwrap()],
        candidates: vec![(ClaimSubject::staff(&branch, &staff), Some(staff))],
        start: at(starts),
        end: at(starts + 3600),
        taken_from: at(starts),
        taken_to: at(starts + 3600),
        day_from: at(starts - 3600),
        day_to: at(starts + 7200),
        capacity: 1,
        contact,
        client_name: Some(Private::new(format!("{marker} client"))),
        price: None,
        note: Some(Private::new(format!("{marker} note"))),
        key: ActionKey::derive(&[marker]),
        now: at(0),
    }
}

/// Somebody who left a trace in every table that holds anything of a person: answers their conversation and contact.
async fn lives(store: &SqliteStore, salon: &str, marker: &str, number: u32) -> (ConversationId, ContactId) {
    let rows = crate::world::tenant(store, salon);
    let id = |name: &str| format!("{marker}-{name}");
    let user = ChannelUser { phone: by_phone(number).phone, user_id: by_id(&format!("{marker} user")).user_id };
    let say = |name: &str, seconds| marked(message(user.clone(), &id(name), seconds), marker);
    let conversation = queued(&rows.ingest(vec![say("m1", 0)]).await.unwrap());
    let leased = lease(&*rows, conversation, 0).await.unwrap();
    let told = |text: &str| Private::new(format!("{marker} {text}"));
    let commit = TurnCommit {
        state: serde_json::json!({ "state": told("state") }).to_string(),
        action: Some(serde_json::json!({ "action": told("action") }).to_string()),
        bookings: vec![booking(marker, 90_000)],
        set_timers: vec![(Timer::Reminder { booking: BookingId::derive(&[marker]) }, at(80_000))],
        contact: vec![ContactChange::Name { name: told("told") }, ContactChange::Email { email: told("mail") }],
        notify: vec![TeamEvent::Review { text: told("review") }],
        audit: vec![AuditRow {
            at: at(0),
            actor: "client".to_owned(),
            what: "book".to_owned(),
            conversation: Some(conversation),
            action: Some(ActionKey::derive(&[marker])),
            detail: serde_json::Value::Null,
        }],
        ..answering(&leased, &[&format!("{marker} first"), &format!("{marker} second")], 0)
    };
    let contact = leased.contact.id;
    let mut commit = commit;
    if let Some(record) = &mut commit.record {
        record.steps = serde_json::value::to_raw_value(&serde_json::json!([{ "step": told("step") }])).unwrap();
    }
    rows.commit(commit).await.unwrap();
    sends(&*rows, conversation, &id("out"), 0).await;
    // A status that waits for its sender.
    let taken = rows.next_delivery(conversation, at(60), at(1)).await.unwrap().unwrap();
    let failure = chatplug_core::model::StatusFailure {
        kind: chatplug_core::model::FailureKind::Unreachable,
        code: 131_026,
        detail: format!("{marker} cannot be reached"),
    };
    let status = DeliveryStatus {
        message: id("lost").parse().unwrap(),
        key: Some(taken.key),
        stage: Stage::Failed,
        at: at(2),
        failure: Some(failure),
        pricing: None,
    };
    let waits =
        rows.ingest(vec![Ingest::Status { channel: "wa".parse().unwrap(), status, received: at(2) }]).await.unwrap();
    assert_eq!(waits, [Ingested::Applied]);
    rows.ingest(vec![say("m2", 3)]).await.unwrap();
    let branch: BranchId = "centre".parse().unwrap();
    let tenant: TenantId = salon.parse().unwrap();
    store.calendar(&tenant, &branch).insert(entry(marker, contact, 90_000 + i64::from(number) * 7200)).await.unwrap();
    (conversation, contact)
}

/// How often each word stands in the files of the store, log and keys included.
fn scan(folder: &TempDir, word: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let count = bytes.windows(word.len()).filter(|window| *window == word.as_bytes()).count();
        if count > 0 {
            found.push((path.file_name().unwrap().to_string_lossy().into_owned(), count));
        }
    }
    found
}

/// Rows of each table that are of a contact, as the map says, counted by hand.
fn rows_of(path: &Path, tenant: &str, contact: ContactId) -> BTreeMap<&'static str, u64> {
    let raw = Connection::open(path).unwrap();
    let mut counts = BTreeMap::new();
    for table in tables_on(On::Sqlite) {
        let Some(theirs) = table.whose.condition("?1", "?2") else { continue };
        let sql = format!("SELECT count(*) FROM {} WHERE {theirs}", table.name);
        let contact = contact.as_uuid();
        let count: i64 = raw.query_row(&sql, (tenant, contact.as_bytes()), |row| row.get(0)).unwrap();
        counts.insert(table.name, u64::try_from(count).unwrap());
    }
    counts
}

async fn chain_holds(records: &dyn TenantRecords, tenant: &str) -> AuditHead {
    let tenant: TenantId = tenant.parse().unwrap();
    let links = records.audit_links(0, 1000).await.unwrap();
    let mut verifier = AuditVerifier::new(&tenant);
    links.iter().try_for_each(|link| verifier.follow(link)).unwrap();
    let head = records.audit_head().await.unwrap();
    verifier.end(head).unwrap();
    head
}

async fn last_audit(rows: &dyn TenantStore) -> AuditRow {
    rows.audit(0, 1000).await.unwrap().pop().unwrap().1
}

#[tokio::test]
async fn an_export_has_everything_that_is_kept_and_of_nobody_else() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let (_, contact) = lives(&store, "bella", MARKER, 1).await;
    lives(&store, "bella", OTHER, 2).await;
    let audit = records(&store, "bella");
    let export = audit.export_person(contact, "operator:ana", at(10)).await.unwrap();

    let kept = rows_of(&file(&folder), "bella", contact);
    for (table, rows) in &kept {
        assert!(*rows > 0, "nothing of {table} is tried");
        assert_eq!(export.tables.get(*table).map_or(0, |rows| rows.len() as u64), *rows, "{table}");
    }
    assert_eq!(export.tables.len(), kept.len());
    let json = serde_json::to_string(&export).unwrap();
    assert!(!json.contains(OTHER), "{json}");
    for word in
        ["name", "told", "mail", "state", "action", "first", "review", "step", "title", "client", "note", "says"]
    {
        assert!(json.contains(&format!("{MARKER} {word}")), "{word}: {json}");
    }
    assert!(json.contains("351900000001") && json.contains(&format!("shown of {MARKER}-out")), "{json}");
    assert_eq!(export.tables["message"][0]["at"], "2026-03-02T09:00:00Z", "readable: {json}");
    assert_eq!(export.tables["dialogue"][0]["state"]["state"], format!("{MARKER} state"));

    let row = last_audit(&*bella).await;
    assert_eq!((row.actor.as_str(), row.what.as_str(), row.at), ("operator:ana", "export", at(10)));
    assert!(!row.detail.to_string().contains(MARKER));
    assert_eq!(row.detail["contact"], serde_json::json!(contact));
    chain_holds(&*audit, "bella").await;
}

#[tokio::test]
async fn an_erased_person_is_nowhere_in_the_files() {
    let (store, folder) = fresh().await;
    for id in ["bella", "norte"] {
        salon(&store, id).await;
    }
    let bella = crate::world::tenant(&store, "bella");
    let (conversation, contact) = lives(&store, "bella", MARKER, 1).await;
    let (others, other) = lives(&store, "bella", OTHER, 2).await;
    // The same person is a client of another salon too, and stays one.
    let (elsewhere, _) = lives(&store, "norte", "Wombat", 1).await;
    // Much else came and went meanwhile, so that pages were split and moved.
    for number in 100..500 {
        let rows = hears(&*bella, by_phone(number), &format!("n{number}"), 5).await;
        answers(&*bella, rows, &["fine"], 5).await.unwrap();
        let say = marked(message(by_phone(1), &format!("{MARKER}-{number}"), i64::from(number)), MARKER);
        bella.ingest(vec![say]).await.unwrap();
    }
    assert!(!scan(&folder, MARKER).is_empty());
    let kept = rows_of(&file(&folder), "bella", contact);
    let of_other = rows_of(&file(&folder), "bella", other);

    let audit = records(&store, "bella");
    let receipt = audit.erase_person(contact, "operator:ana", at(1000)).await.unwrap();
    assert_eq!(scan(&folder, MARKER), [], "traces are left");
    for word in ["351900000001", &format!("{MARKER}-m1")] {
        // The other salon still knows the number.
        let left = scan(&folder, word);
        assert!(word.starts_with("3519") || left.is_empty(), "{word}: {left:?}");
    }
    assert!(rows_of(&file(&folder), "bella", contact).values().all(|rows| *rows == 0));
    assert_eq!(rows_of(&file(&folder), "bella", other), of_other, "another client is as before");
    assert!(!scan(&folder, OTHER).is_empty());

    for (table, rows) in kept {
        let counts = if table == "entry" { &receipt.blanked } else { &receipt.deleted };
        assert_eq!(counts.get(table), Some(&rows), "{table}: {receipt:?}");
    }
    assert_eq!(receipt.upcoming, 1, "an appointment of the calendar lies ahead");
    let row = last_audit(&*bella).await;
    assert_eq!((row.actor.as_str(), row.what.as_str()), ("operator:ana", "erase"));
    assert_eq!(row.detail["contact"], serde_json::json!(contact));
    assert_eq!(row.detail["deleted"]["conversation"], 1);
    chain_holds(&*audit, "bella").await;

    assert!(bella.conversation(conversation).await.unwrap().is_none());
    assert!(bella.conversation(others).await.unwrap().is_some());
    assert!(!log(&*crate::world::tenant(&store, "norte"), elsewhere).await.is_empty());
    let again = audit.erase_person(contact, "operator:ana", at(1001)).await;
    assert!(matches!(again, Err(StoreError::NotFound { .. })), "{again:?}");
    let export = audit.export_person(contact, "operator:ana", at(1001)).await;
    assert!(matches!(export, Err(StoreError::NotFound { .. })), "{export:?}");
}

#[tokio::test]
async fn an_appointment_of_an_erased_person_still_takes_its_time() {
    let (store, _folder) = fresh().await;
    salon(&store, "bella").await;
    let (_, contact) = lives(&store, "bella", MARKER, 1).await;
    records(&store, "bella").erase_person(contact, "operator:ana", at(10)).await.unwrap();
    let calendar = store.calendar(&"bella".parse().unwrap(), &"centre".parse().unwrap());
    let entries = calendar.entries(EntryFilter::default()).await.unwrap();
    let [left] = entries.as_slice() else { panic!("one appointment: {entries:?}") };
    assert!(left.standing && left.client_name.is_none() && left.note.is_none());
    assert!(left.contact.as_uuid().is_nil(), "nobody's");
    let wish = entry("Somebody", ContactId::from_uuid(uuid::Uuid::from_u128(7)), 97_200);
    let taken = calendar.insert(wish).await;
    assert!(matches!(taken, Err(chatplug_core::ports::CalendarError::Taken)), "{taken:?}");
}

/// Whoever runs a turn or sends a message of an erased person meanwhile, writes nothing.
#[tokio::test]
async fn what_runs_meanwhile_is_fenced() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let (conversation, contact) = lives(&store, "bella", MARKER, 1).await;
    let leased = lease(&*bella, conversation, 200).await.expect("mail waits");
    let sending = bella.next_delivery(conversation, at(500), at(200)).await.unwrap();
    let audit = records(&store, "bella");
    audit.erase_person(contact, "operator:ana", at(201)).await.unwrap();
    let head = audit.audit_head().await.unwrap();

    let words = format!("{MARKER} too late");
    let commit = TurnCommit { audit: vec![last_audit(&*bella).await], ..answering(&leased, &[&words], 202) };
    let late = bella.commit(commit).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    if let Some(delivery) = sending {
        let record = chatplug_core::ports::DeliveryRecord {
            key: delivery.key,
            conversation,
            attempt: delivery.attempt,
            result: chatplug_core::ports::DeliveryResult::Sent {
                messages: vec![format!("{MARKER}-late").parse().unwrap()],
                shown: Private::new(words),
            },
            parts: Vec::new(),
            now: at(203),
            take_next: None,
        };
        bella.record_delivery(record).await.unwrap();
    }
    bella.release(&leased.lease, at(204)).await.unwrap();
    store.checkpoint().await.unwrap();
    assert_eq!(scan(&folder, MARKER), []);
    assert_eq!(audit.audit_head().await.unwrap(), head);
    assert!(bella.conversations(10).await.unwrap().is_empty());
}

/// Known by number here and by id there, and merged since: all that they were goes.
#[tokio::test]
async fn somebody_who_was_two_contacts_is_erased_and_exported_whole() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let number = queued(&bella.ingest(vec![marked(message(by_phone(1), "m1", 0), MARKER)]).await.unwrap());
    answers(&*bella, number, &[&format!("{MARKER} answer")], 0).await.unwrap();
    let id = queued(&bella.ingest(vec![marked(message(by_id("PT.1"), "m2", 1), MARKER)]).await.unwrap());
    let both = ChannelUser { phone: by_phone(1).phone, user_id: by_id("PT.1").user_id };
    let merged = queued(&bella.ingest(vec![marked(message(both.clone(), "m3", 2), MARKER)]).await.unwrap());
    assert_eq!((merged == id, merged == number), (true, false));
    let audit = records(&store, "bella");
    let contact = audit.find_person(&both).await.unwrap().unwrap();
    let export = serde_json::to_string(&audit.export_person(contact, "engine", at(3)).await.unwrap()).unwrap();
    assert!(export.contains(&format!("{MARKER} answer")) && export.contains(&format!("{MARKER} says m2")), "{export}");
    let receipt = audit.erase_person(contact, "engine", at(4)).await.unwrap();
    assert_eq!((receipt.deleted["contact"], receipt.deleted["conversation"]), (2, 2));
    assert_eq!(scan(&folder, MARKER), []);
    assert_eq!(audit.find_person(&both).await.unwrap(), None);
}

#[tokio::test]
async fn people_are_found_by_any_of_their_names_in_their_own_salon_only() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    salon(&store, "norte").await;
    let audit = records(&store, "bella");
    assert_eq!(audit.find_person(&by_phone(1)).await.unwrap(), None);
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;
    let contact = lease(&*bella, conversation, 0).await.unwrap().contact.id;
    assert_eq!(audit.find_person(&by_phone(1)).await.unwrap(), Some(contact));
    assert_eq!(audit.find_person(&by_phone(2)).await.unwrap(), None);
    assert_eq!(records(&store, "norte").find_person(&by_phone(1)).await.unwrap(), None);
    let elsewhere = records(&store, "norte").erase_person(contact, "operator:eve", at(1)).await;
    assert!(matches!(elsewhere, Err(StoreError::NotFound { .. })), "{elsewhere:?}");
    assert!(bella.conversation(conversation).await.unwrap().is_some());
}

fn gone(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect()
}

/// Old mail, settled messages and turns go; dedup lasts eight days, the log two years.
#[tokio::test]
async fn the_old_is_forgotten_table_by_table() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let norte = salon(&store, "norte").await;
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;
    answers(&*bella, conversation, &["hello", "still waiting"], 0).await.unwrap();
    sends(&*bella, conversation, "out-1", 0).await;
    let unread = hears(&*bella, by_phone(2), "m2", 0).await;
    let elsewhere = hears(&*norte, by_phone(1), "m1", 0).await;
    answers(&*norte, elsewhere, &[], 0).await.unwrap();
    let before = log(&*bella, conversation).await;
    let audit = records(&store, "bella");
    let retention = Retention::default();
    let forget = async |day: i64| audit.forget(&retention, days(day)).await.unwrap().deleted;

    assert_eq!(forget(7).await, gone(&[]));
    let duplicate = bella.ingest(vec![message(by_phone(1), "m1", 0)]).await.unwrap();
    assert_eq!(duplicate, [Ingested::Duplicate]);
    assert_eq!(forget(9).await, gone(&[("mailbox", 1)]));
    assert_eq!(forget(40).await, gone(&[("outbox", 1), ("part", 1)]));
    assert_eq!(log(&*bella, conversation).await, before, "the log is as it was");
    assert_eq!(forget(100).await, gone(&[("turn", 1)]));
    assert_eq!(log(&*bella, conversation).await, before);
    assert_eq!(lease(&*bella, unread, 0).await.unwrap().mail.len(), 1, "unread mail never goes");

    let status = DeliveryStatus {
        message: "out-1".parse().unwrap(),
        key: None,
        stage: Stage::Read,
        at: at(0),
        failure: None,
        pricing: None,
    };
    let late = Ingest::Status { channel: "wa".parse().unwrap(), status, received: days(100) };
    assert_eq!(bella.ingest(vec![late]).await.unwrap(), [Ingested::Unknown], "its ids are gone too");
    assert_eq!(forget(109).await, gone(&[("early", 1)]));
    assert_eq!(forget(731).await, gone(&[("message", 3)]), "what came in, and what went out");
    let waiting: Vec<String> = log(&*bella, conversation).await.into_iter().map(|(_, text, _)| text).collect();
    assert_eq!(waiting, ["still waiting"], "what still waits to be sent stays");
    assert_eq!(norte.turns(elsewhere, 10).await.unwrap().len(), 1, "another's rows are not this one's to forget");
    drop(folder);
}

#[tokio::test]
async fn ended_bookings_told_notices_and_claims_are_forgotten() {
    let (store, folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let conversation = hears(&*bella, by_phone(1), "m1", 0).await;
    let leased = lease(&*bella, conversation, 0).await.unwrap();
    let notify = vec![TeamEvent::Unanswered, TeamEvent::Unanswered];
    let commit = TurnCommit { bookings: vec![booking("b", 0)], notify, ..answering(&leased, &[], 0) };
    bella.commit(commit).await.unwrap();
    let notice = bella.next_notice(conversation, at(60), at(1)).await.unwrap().unwrap();
    let told = chatplug_core::ports::NoticeRecord {
        conversation,
        seq: notice.seq,
        attempt: notice.attempt,
        result: chatplug_core::ports::NoticeResult::Told,
        now: at(2),
    };
    bella.record_notice(told).await.unwrap();
    let branch: BranchId = "centre".parse().unwrap();
    let claim = chatplug_core::ports::ClaimRequest {
        action: ActionKey::derive(&["a"]),
        candidates: vec![(ClaimSubject::service(&branch, &"cut".parse().unwrap()), None)],
        from: at(50_000),
        to: at(53_000),
        day_from: at(0),
        day_to: at(80_000),
        capacity: 1,
        expires: at(60),
        now: at(0),
        ignoring: None,
    };
    assert!(bella.claim(claim).await.unwrap().is_some());
    let audit = records(&store, "bella");
    let retention = Retention::default();
    let first = audit.forget(&retention, at(61)).await.unwrap().deleted;
    assert_eq!(first, gone(&[("claim", 1)]));
    let second = audit.forget(&retention, days(91)).await.unwrap().deleted;
    assert_eq!(second, gone(&[("mailbox", 1), ("notice", 1), ("turn", 1)]), "one notice still waits");
    let third = audit.forget(&retention, days(732)).await.unwrap().deleted;
    assert_eq!(third, gone(&[("booking", 1), ("booking_alias", 1), ("message", 1)]));
    assert!(rows_of(&file(&folder), "bella", leased.contact.id)["conversation"] == 1, "they are known on");
}

/// However much is old, it goes in small steps; several may do it at once.
#[tokio::test]
async fn much_is_forgotten_by_several_at_once() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    for number in 0..150 {
        let conversation =
            queued(&bella.ingest(vec![message_on("wa", by_phone(number), &format!("m{number}"), 0)]).await.unwrap());
        answers(&*bella, conversation, &[], 0).await.unwrap();
    }
    let (one, two) = (records(&store, "bella"), records(&store, "bella"));
    let retention = Retention::default();
    let (one, two) = tokio::join!(one.forget(&retention, days(100)), two.forget(&retention, days(100)));
    let (one, two) = (one.unwrap().deleted, two.unwrap().deleted);
    for table in ["mailbox", "turn"] {
        let rows = |gone: &BTreeMap<String, u64>| gone.get(table).copied().unwrap_or(0);
        assert_eq!(rows(&one) + rows(&two), 150, "{table}");
    }
    assert!(records(&store, "bella").forget(&retention, days(100)).await.unwrap().is_empty());
}

async fn sealed_salon(store: &SqliteStore, id: &str) -> Arc<dyn TenantStore> {
    let rows = salon(store, id).await;
    let setup = TenantSetup {
        name: id.to_owned(),
        branches: vec!["centre".parse().unwrap()],
        channels: vec!["wa".parse().unwrap()],
        routes: Vec::new(),
        sealed: true,
    };
    rows.register(&setup).await.unwrap();
    rows
}

/// What is sealed is legible to whoever may ask for it, and to nobody who finds the files.
#[tokio::test]
async fn a_sealed_tenant_s_people_are_exported_and_erased_like_others() {
    let (store, folder) = fresh().await;
    let bella = sealed_salon(&store, "bella").await;
    let (_, contact) = lives(&store, "bella", MARKER, 1).await;
    assert_eq!(scan(&folder, &format!("{MARKER} says")), [], "messages are sealed");
    let audit = records(&store, "bella");
    assert_eq!(audit.find_person(&by_phone(1)).await.unwrap(), Some(contact));
    let export = serde_json::to_string(&audit.export_person(contact, "operator:ana", at(5)).await.unwrap()).unwrap();
    for word in
        ["name", "told", "mail", "state", "action", "first", "review", "step", "title", "client", "note", "says"]
    {
        assert!(export.contains(&format!("{MARKER} {word}")), "{word}: {export}");
    }
    let receipt = audit.erase_person(contact, "operator:ana", at(6)).await.unwrap();
    assert_eq!((receipt.deleted["contact"], receipt.blanked["entry"]), (1, 1));
    assert_eq!(scan(&folder, MARKER), []);
    assert!(bella.conversations(10).await.unwrap().is_empty());
}

/// A line that was never shown keeps its words when it goes from the outbox into the log, sealed or not.
#[tokio::test]
async fn what_was_withdrawn_keeps_its_words_in_the_log() {
    let (store, _folder) = fresh().await;
    for (id, rows) in [("bella", salon(&store, "bella").await), ("norte", sealed_salon(&store, "norte").await)] {
        let conversation = hears(&*rows, by_phone(1), "m1", 0).await;
        answers(&*rows, conversation, &["I was about to say"], 0).await.unwrap();
        hears(&*rows, by_phone(1), "m2", 1).await;
        let leased = lease(&*rows, conversation, 1).await.unwrap();
        rows.commit(TurnCommit { withdraw: true, ..answering(&leased, &[], 1) }).await.unwrap();
        let before = log(&*rows, conversation).await;
        assert!(before.contains(&(false, "I was about to say".to_owned(), "withdrawn".to_owned())), "{before:?}");
        let gone_now = records(&store, id).forget(&Retention::default(), days(32)).await.unwrap().deleted;
        assert_eq!(gone_now, gone(&[("mailbox", 2), ("outbox", 1)]));
        assert_eq!(log(&*rows, conversation).await, before, "{id}");
    }
}

/// Without keys nothing can be read any more; what is old still goes, and so does who asks to.
#[tokio::test]
async fn destroyed_keys_keep_nobody_from_forgetting_and_erasing() {
    let (store, folder) = fresh().await;
    sealed_salon(&store, "bella").await;
    let (_, contact) = lives(&store, "bella", MARKER, 1).await;
    store.secrets(&"bella".parse().unwrap()).destroy_keys("operator:ana", at(5)).await.unwrap();
    let audit = records(&store, "bella");
    let export = audit.export_person(contact, "operator:ana", at(6)).await;
    assert!(matches!(export, Err(StoreError::Vault(_))), "{export:?}");
    let forgotten = audit.forget(&Retention::default(), days(100)).await.unwrap().deleted;
    assert_eq!(forgotten.get("turn"), Some(&1), "{forgotten:?}");
    audit.erase_person(contact, "operator:ana", days(100)).await.unwrap();
    assert!(rows_of(&file(&folder), "bella", contact).values().all(|rows| *rows == 0));
    chain_holds(&*audit, "bella").await;
}
