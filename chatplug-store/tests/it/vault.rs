//! What whoever finds the disk can read: nothing of a tenant that asked for it, and nothing that was put there by others.

mod damage;
mod keys;
mod postgres;
mod rotation;

use crate::world::{answering, at, by_id, file, lease, tenant};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use chatplug_core::{
    dialogue::{ContactChange, TeamEvent},
    model::{
        ActionKey, Booking, BookingId, BookingRef, BookingStatus, BranchId, ClaimSubject, ContactId, Content,
        ConversationId, DeliveryKey, DeliveryStatus, Inbound, MessageId, Private, Stage, StatusFailure, TenantId,
    },
    ports::{
        CalendarStore, DeliveryRecord, DeliveryResult, Ingest, NewEntry, NewOutbox, OutboxBody, SecretStore, Store,
        TenantSecrets, TenantSetup, TurnCommit, TurnRecord,
    },
};
use chatplug_store::{SqliteOptions, SqliteStore};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tempfile::TempDir;

/// What must be found nowhere, by what it is; each tenant's own. `%` stands for the tenant.
const MARKERS: &[&str] = &[
    "%-name-4711",
    "%.person@example.org",
    "%-user-0815",
    "%-profile-99",
    "%-said-this",
    "%-was-answered",
    "%-waits-to-be-sent",
    "%-state-of-mind",
    "%-open-action",
    "%-thought",
    "%-booked-title",
    "%-for-the-team",
    "%-calendar-client",
    "%-calendar-note",
    "%-provider-says",
    "%-credential",
];

const NOTHING: &[String] = &[];

fn marker(place: usize, id: &str) -> String {
    MARKERS[place].replace('%', id)
}

/// A number of each tenant's own, that the markers of digits are.
fn number(id: &str) -> String {
    format!("35191{:07}", id.bytes().map(u32::from).sum::<u32>() * 7919 % 10_000_000)
}

/// An id as WhatsApp gives them to messages: a few bytes, the client's number, and what is the message's own, in base64.
fn wamid(id: &str, which: u32) -> MessageId {
    let number = number(id);
    let mut bytes = vec![0x1c, 0x18, u8::try_from(number.len()).unwrap()];
    bytes.extend(number.as_bytes());
    bytes.extend([0x15, 0x02, 0x00, 0x12, 0x18, 0x14]);
    bytes.extend(format!("3A{which:018X}").as_bytes());
    bytes.push(0);
    format!("wamid.{}", STANDARD_NO_PAD.encode(bytes)).parse().unwrap()
}

/// The client's first message, the answer to it, one that is not known yet, and the client's answer to the answer.
const FIRST: u32 = 1;
const OURS: u32 = 2;
const EARLY: u32 = 3;
const SECOND: u32 = 4;

/// Where the planted things are.
struct Planted {
    id: TenantId,
    conversation: ConversationId,
    contact: ContactId,
    secrets: Arc<dyn TenantSecrets>,
}

async fn register(store: &dyn Store, id: &str, sealed: bool) {
    let setup = TenantSetup {
        name: id.to_owned(),
        branches: vec!["centre".parse().unwrap()],
        channels: vec!["wa".parse().unwrap()],
        routes: Vec::new(),
        sealed,
    };
    tenant(store, id).register(&setup).await.unwrap();
}

fn booking(id: &str) -> Booking {
    Booking {
        id: Some(BookingId::derive(&[id, "visit"])),
        reference: BookingRef {
            install: "calendar".parse().unwrap(),
            branch: "centre".parse().unwrap(),
            backend_id: "visit".to_owned(),
        },
        services: vec!["cut".parse().unwrap()],
        title: marker(10, id),
        staff: None,
        start: at(90_000),
        end: at(93_600),
        zone: chrono_tz::Europe::Lisbon,
        status: BookingStatus::Booked,
        confirmed: false,
        price: None,
        contact: None,
        made_by: None,
    }
}

fn entry(id: &str, contact: ContactId) -> NewEntry {
    NewEntry {
        services: vec!["cut".parse().unwrap()],
        candidates: vec![(ClaimSubject("chair".to_owned()), None)],
        start: at(3600),
        end: at(7200),
        taken_from: at(3600),
        taken_to: at(7200),
        day_from: at(0),
        day_to: at(86_400),
        capacity: 1,
        contact,
        client_name: Some(Private::new(marker(12, id))),
        price: None,
        note: Some(Private::new(marker(13, id))),
        key: ActionKey::derive(&[id, "entry"]),
        now: at(0),
    }
}

fn words(id: &str, place: usize) -> NewOutbox {
    let text = Private::new(marker(place, id));
    let key = DeliveryKey::derive(&[id, &place.to_string()]);
    NewOutbox { key, body: OutboxBody::Words { text }, about: None, keep: false, for_person: false }
}

fn says(id: &str, message: u32, quoted: Option<u32>) -> Ingest {
    let mut from = by_id(&marker(2, id));
    from.phone = Some(number(id).parse().unwrap());
    let message = Inbound {
        id: wamid(id, message),
        from,
        profile_name: Some(Private::new(marker(3, id))),
        at: at(0),
        content: Content::Text { body: Private::new(marker(4, id)) },
        quoted: quoted.map(|quoted| wamid(id, quoted)),
        forwarded: false,
        referral: None,
    };
    Ingest::Message { channel: "wa".parse().unwrap(), message: Box::new(message), due: at(0), received: at(0) }
}

/// Writes something personal into every column that can hold it.
async fn plant(store: &(impl Store + CalendarStore + SecretStore), id: &str, sealed: bool) -> Planted {
    register(store, id, sealed).await;
    let (rows, tenant_id) = (tenant(store, id), id.parse::<TenantId>().unwrap());
    let conversation = crate::world::queued(&rows.ingest(vec![says(id, FIRST, None)]).await.unwrap());
    let leased = lease(&*rows, conversation, 0).await.unwrap();
    let commit = TurnCommit {
        state: format!("{{\"is\":\"{}\"}}", marker(7, id)),
        action: Some(marker(8, id)),
        outbox: vec![words(id, 5), words(id, 6)],
        bookings: vec![booking(id)],
        contact: vec![
            ContactChange::Name { name: Private::new(marker(0, id)) },
            ContactChange::Email { email: Private::new(marker(1, id)) },
        ],
        notify: vec![TeamEvent::Review { text: Private::new(marker(11, id)) }],
        record: Some(TurnRecord {
            id: chatplug_core::model::TurnId::derive(&[id]),
            number: 1,
            at: at(0),
            steps: serde_json::value::to_raw_value(&[marker(9, id)]).unwrap(),
            versions: serde_json::json!({}),
            duration_ms: 1,
        }),
        ..answering(&leased, &[], 0)
    };
    rows.commit(commit).await.unwrap();
    let delivery = rows.next_delivery(conversation, at(60), at(0)).await.unwrap().unwrap();
    let record = DeliveryRecord {
        key: delivery.key,
        conversation,
        attempt: delivery.attempt,
        result: DeliveryResult::Sent { messages: vec![wamid(id, OURS)], shown: Private::new(marker(5, id)) },
        parts: Vec::new(),
        now: at(0),
        take_next: None,
    };
    rows.record_delivery(record).await.unwrap();
    let failure =
        StatusFailure { kind: chatplug_core::model::FailureKind::OutsideWindow, code: 131_047, detail: marker(14, id) };
    let status = DeliveryStatus {
        message: wamid(id, EARLY),
        key: None,
        stage: Stage::Failed,
        at: at(0),
        failure: Some(failure),
        pricing: None,
    };
    rows.ingest(vec![Ingest::Status { channel: "wa".parse().unwrap(), status, received: at(0) }]).await.unwrap();
    // Mail that waits.
    rows.ingest(vec![says(id, SECOND, Some(OURS))]).await.unwrap();
    let contact = rows.conversation(conversation).await.unwrap().unwrap().contact.id;
    let branch: BranchId = "centre".parse().unwrap();
    store.calendar(&tenant_id, &branch).insert(entry(id, contact)).await.unwrap();
    let secrets = store.secrets(&tenant_id);
    secrets.put_credential("meta/token", &SecretString::from(marker(15, id)), "operator:olga", at(0)).await.unwrap();
    Planted { id: tenant_id, conversation, contact, secrets }
}

/// Everything that was planted can be read.
async fn is_all_there(store: &(impl Store + CalendarStore + SecretStore), planted: &Planted) {
    let Planted { id, conversation, contact, .. } = planted;
    let (rows, id) = (store.tenant(id), id.as_str());
    let view = rows.conversation(*conversation).await.unwrap().unwrap();
    let person = (view.contact.name.unwrap(), view.contact.email.unwrap(), view.contact.user);
    assert_eq!((person.0.reveal(), person.1.reveal()), (&marker(0, id), &marker(1, id)));
    assert_eq!(person.2.phone, Some(number(id).parse().unwrap()));
    assert_eq!(person.2.user_id, Some(Private::new(marker(2, id))));
    assert_eq!((view.state, view.action), (Some(format!("{{\"is\":\"{}\"}}", marker(7, id))), Some(marker(8, id))));
    let log = crate::world::log(&*rows, *conversation).await;
    let texts: Vec<&str> = log.iter().map(|(_, text, _)| text.as_str()).collect();
    assert_eq!(texts, [marker(4, id), marker(5, id), marker(6, id), marker(4, id)]);
    let ids = rows.messages(*conversation, 1000).await.unwrap().into_iter().map(|line| line.message);
    let known = |which| Some(wamid(id, which));
    assert_eq!(ids.collect::<Vec<_>>(), [known(FIRST), known(OURS), None, known(SECOND)]);
    assert_eq!(rows.turns(*conversation, 9).await.unwrap()[0].steps.get(), format!("[\"{}\"]", marker(9, id)));
    assert_eq!(rows.bookings(*contact, at(0)).await.unwrap(), [booking(id)]);
    let entries = store.calendar(&planted.id, &"centre".parse().unwrap()).entries(Default::default()).await.unwrap();
    assert_eq!(entries[0].client_name, Some(Private::new(marker(12, id))));
    assert_eq!(entries[0].note, Some(Private::new(marker(13, id))));
    let found = rows.conversation_of(&"wa".parse().unwrap(), &by_id(&marker(2, id))).await.unwrap().unwrap();
    assert_eq!(found.id, *conversation);
    let secret = store.secrets(&planted.id).credential("meta/token", "engine", at(1)).await.unwrap().unwrap();
    assert_eq!(secret.expose_secret(), marker(15, id));
}

/// Every byte that lies in the folder, but for the master key.
fn disk(folder: &TempDir) -> Vec<u8> {
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| !path.to_string_lossy().ends_with(".master-key"));
    files.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

/// Markers of a tenant that lie in the folder.
fn lying_about(folder: &TempDir, id: &str) -> Vec<String> {
    found(&disk(folder), id)
}

/// Markers of a tenant among these bytes.
fn found(bytes: &[u8], id: &str) -> Vec<String> {
    let mut markers: Vec<String> = (0..MARKERS.len()).map(|place| marker(place, id)).collect();
    // The number also as it lies in the ids of messages.
    markers.extend([number(id), STANDARD_NO_PAD.encode(number(id))]);
    markers.retain(|marker| holds(bytes, marker.as_bytes()));
    markers
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    let first = part[0];
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == first) {
        rest = &rest[at..];
        if rest.starts_with(part) {
            return true;
        }
        rest = &rest[1..];
    }
    false
}

/// A store under these master keys.
async fn open_under(folder: &TempDir, vault: &chatplug_core::vault::Vault) -> SqliteStore {
    let how = SqliteOptions { vault: Some(vault.clone()), ..SqliteOptions::default() };
    SqliteStore::open_with(file(folder), how).await.unwrap()
}

#[tokio::test]
async fn nothing_of_a_sealed_tenant_lies_about() {
    let (store, folder) = crate::world::fresh().await;
    let sealed = plant(&store, "bella", true).await;
    let open = plant(&store, "cesar", false).await;
    is_all_there(&store, &sealed).await;
    is_all_there(&store, &open).await;
    assert_eq!(lying_about(&folder, "bella"), NOTHING, "in the log of the database");
    store.checkpoint().await.unwrap();
    assert_eq!(lying_about(&folder, "bella"), NOTHING, "in the database");
    let of_other = lying_about(&folder, "cesar");
    assert!(of_other.len() > 10, "the search finds what is not sealed: {of_other:?}");
    assert!(!of_other.contains(&marker(15, "cesar")), "credentials are sealed always");
    store.close().await.unwrap();
    assert_eq!(lying_about(&folder, "bella"), NOTHING, "afterwards");
    let again = SqliteStore::open(file(&folder)).await.unwrap();
    is_all_there(&again, &sealed).await;
    is_all_there(&again, &open).await;
}

/// Sealing that is asked for later leaves nothing of what was written before, once all is resealed.
#[tokio::test]
async fn a_policy_that_comes_later_takes_hold_of_what_was_there() {
    let (store, folder) = crate::world::fresh().await;
    let planted = plant(&store, "bella", false).await;
    assert!(lying_about(&folder, "bella").len() > 10);
    register(&store, "bella", true).await;
    is_all_there(&store, &planted).await;
    let values = rotation::reseal(&planted, 4, 10).await;
    assert!(values >= 12, "{values}");
    is_all_there(&store, &planted).await;
    assert_eq!(lying_about(&folder, "bella"), NOTHING);
}
