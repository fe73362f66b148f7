//! A salon, its clients and its clock, as the tests tell of them.

use chatplug_core::{
    dialogue::Outcome,
    model::{ChannelUser, Content, ConversationId, DeliveryKey, Inbound, Private, TenantId},
    ports::{
        Committed, Delivery, DeliveryRecord, DeliveryResult, Ingest, Ingested, Lease, Leased, NewOutbox, OutboxBody,
        Store, StoreError, TenantSetup, TenantStore, TurnCommit, TurnRecord,
    },
};
use chatplug_store::SqliteStore;
use chrono::{DateTime, Utc};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// Seconds after Monday, 2 March 2026, 09:00 UTC.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000 + seconds, 0).unwrap()
}

pub(crate) fn days(days: i64) -> DateTime<Utc> {
    at(days * 86_400)
}

pub(crate) fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("chatplug.db")
}

pub(crate) async fn fresh() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (SqliteStore::open(file(&folder)).await.unwrap(), folder)
}

/// The files as a power cut would leave them now: everything that was answered must be in them.
pub(crate) fn crash_image(folder: &TempDir) -> TempDir {
    let image = tempfile::tempdir().unwrap();
    // The database first: its keys were on the disk before anything that they seal.
    for suffix in ["", "-wal", ".keys", ".keys-wal", ".master-key"] {
        let name = format!("chatplug.db{suffix}");
        let (from, to): (&Path, &Path) = (&folder.path().join(&name), &image.path().join(&name));
        if from.exists() {
            std::fs::copy(from, to).unwrap();
        }
    }
    image
}

/// Registers a tenant with one channel and one branch, and opens it.
pub(crate) async fn salon(store: &dyn Store, id: &str) -> Arc<dyn TenantStore> {
    let rows = tenant(store, id);
    let setup = TenantSetup {
        name: id.to_owned(),
        branches: vec!["centre".parse().unwrap()],
        channels: vec!["wa".parse().unwrap(), "wa2".parse().unwrap()],
        routes: Vec::new(),
        sealed: false,
    };
    rows.register(&setup).await.unwrap();
    rows
}

pub(crate) fn tenant(store: &dyn Store, id: &str) -> Arc<dyn TenantStore> {
    let id: TenantId = id.parse().unwrap();
    store.tenant(&id)
}

pub(crate) fn by_phone(number: u32) -> ChannelUser {
    ChannelUser { phone: Some(format!("3519{number:08}").parse().unwrap()), user_id: None }
}

pub(crate) fn by_id(id: &str) -> ChannelUser {
    ChannelUser { phone: None, user_id: Some(Private::new(id.to_owned())) }
}

pub(crate) fn message(from: ChannelUser, id: &str, seconds: i64) -> Ingest {
    message_on("wa", from, id, seconds)
}

pub(crate) fn message_on(channel: &str, from: ChannelUser, id: &str, seconds: i64) -> Ingest {
    let message = Inbound {
        id: id.parse().unwrap(),
        from,
        profile_name: None,
        at: at(seconds),
        content: Content::Text { body: Private::new(format!("text of {id}")) },
        quoted: None,
        forwarded: false,
        referral: None,
    };
    Ingest::Message {
        channel: channel.parse().unwrap(),
        message: Box::new(message),
        due: at(seconds),
        received: at(seconds),
    }
}

pub(crate) async fn hears(rows: &dyn TenantStore, from: ChannelUser, id: &str, seconds: i64) -> ConversationId {
    queued(&rows.ingest(vec![message(from, id, seconds)]).await.unwrap())
}

pub(crate) fn queued(ingested: &[Ingested]) -> ConversationId {
    match ingested {
        [Ingested::Queued(conversation)] => *conversation,
        other => panic!("should have been queued: {other:?}"),
    }
}

pub(crate) async fn lease(rows: &dyn TenantStore, conversation: ConversationId, seconds: i64) -> Option<Leased> {
    rows.lease(conversation, at(seconds + 60), at(seconds)).await.unwrap()
}

/// A commit that reads all mail, says `words` and ends the turn.
pub(crate) fn answering(leased: &Leased, words: &[&str], seconds: i64) -> TurnCommit {
    TurnCommit {
        read: leased.mail.iter().map(|mail| (mail.seq, Some(Outcome::Replied))).collect(),
        rang: leased.timers.clone(),
        outbox: words.iter().map(|words| new_outbox(words)).collect(),
        record: Some(TurnRecord {
            id: chatplug_core::model::TurnId::derive(&[&leased.turns.to_string(), &seconds.to_string()]),
            number: leased.turns + 1,
            at: at(seconds),
            steps: serde_json::value::to_raw_value(&[0; 0]).unwrap(),
            versions: serde_json::json!({}),
            duration_ms: 1,
        }),
        ..empty(&leased.lease, seconds)
    }
}

pub(crate) fn empty(lease: &Lease, seconds: i64) -> TurnCommit {
    TurnCommit {
        lease: lease.clone(),
        state: "{}".to_owned(),
        action: None,
        keep_until: None,
        read: Vec::new(),
        rang: Vec::new(),
        outbox: Vec::new(),
        withdraw: false,
        set_timers: Vec::new(),
        cancel_timers: Vec::new(),
        bookings: Vec::new(),
        contact: Vec::new(),
        holder: None,
        unclaim: Vec::new(),
        wake_at: None,
        audit: Vec::new(),
        notify: Vec::new(),
        record: None,
        now: at(seconds),
        take_delivery: None,
    }
}

pub(crate) fn new_outbox(words: &str) -> NewOutbox {
    NewOutbox {
        key: DeliveryKey::derive(&[words]),
        body: OutboxBody::Words { text: Private::new(words.to_owned()) },
        about: None,
        keep: false,
        for_person: false,
    }
}

/// A whole turn that says `words`.
pub(crate) async fn answers(
    rows: &dyn TenantStore,
    conversation: ConversationId,
    words: &[&str],
    seconds: i64,
) -> Result<Committed, StoreError> {
    let leased = lease(rows, conversation, seconds).await.expect("there is work");
    rows.commit(answering(&leased, words, seconds)).await
}

/// Hands the next message over under the provider's id `id`.
pub(crate) async fn sends(rows: &dyn TenantStore, conversation: ConversationId, id: &str, seconds: i64) -> Delivery {
    let delivery = rows.next_delivery(conversation, at(seconds + 60), at(seconds)).await.unwrap().expect("one waits");
    let record = DeliveryRecord {
        key: delivery.key,
        conversation,
        attempt: delivery.attempt,
        result: DeliveryResult::Sent {
            messages: vec![id.parse().unwrap()],
            shown: Private::new(format!("shown of {id}")),
        },
        parts: Vec::new(),
        now: at(seconds),
        take_next: None,
    };
    rows.record_delivery(record).await.unwrap();
    delivery
}

/// What the log says, line by line.
pub(crate) async fn log(rows: &dyn TenantStore, conversation: ConversationId) -> Vec<(bool, String, String)> {
    let log = rows.messages(conversation, 1000).await.unwrap();
    log.into_iter().map(|line| (line.inbound, line.text.into_inner(), line.status)).collect()
}
