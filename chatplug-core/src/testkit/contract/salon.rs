//! Two small salons, their clients and their clock: what the suites of the store tell their stories with.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use crate::{
    dialogue::{Holder, Operator, Outcome},
    model::{
        ActionKey, Booking, BookingId, BookingRef, BookingStatus, ChannelId, ChannelUser, ClaimSubject, Content,
        ConversationId, DeliveryKey, DeliveryStatus, FailureKind, Inbound, Lang, MessageId, Private, Stage,
        StatusFailure,
    },
    ports::{
        AuditRow, ClaimRequest, Delivery, DeliveryRecord, DeliveryResult, Ingest, Ingested, Lease, Leased, LogEntry,
        Mail, MailEvent, NewOutbox, OutboxBody, Route, Store, TenantSetup, TenantStore, TurnCommit, TurnRecord,
    },
    reply::{BookingView, Reply, Say, TemplateMeaning, When},
};
use chrono::{DateTime, Duration, Utc};
use std::sync::Arc;

/// Seconds after Monday, 2 March 2026, 09:00 UTC.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000 + seconds, 0).unwrap()
}

/// How long the stories hold leases and sendings.
pub(super) const HOLD: i64 = 60;

/// The channel of every story that needs one only.
pub(super) const WA: &str = "wa";

/// One tenant with two channels and two branches.
#[derive(Debug, Clone)]
pub(super) struct Salon {
    pub(super) rows: Arc<dyn TenantStore>,
}

impl Salon {
    /// Registers a tenant and opens it.
    pub(super) async fn open(store: &dyn Store, id: &str) -> Self {
        let rows = store.tenant(&id.parse().unwrap());
        rows.register(&setup(id, &[])).await.unwrap();
        Self { rows }
    }

    pub(super) async fn ingest(&self, event: Ingest) -> Ingested {
        self.rows.ingest(vec![event]).await.unwrap().remove(0)
    }

    /// A client writes, due at once.
    pub(super) async fn hears(&self, who: &str, id: &str, text: &str, seconds: i64) -> ConversationId {
        queued(self.ingest(message(who, id, text, seconds)).await)
    }

    /// Takes the lease for [`HOLD`] seconds; there must be work.
    pub(super) async fn lease(&self, conversation: ConversationId, seconds: i64) -> Leased {
        let leased = self.rows.lease(conversation, at(seconds + HOLD), at(seconds)).await.unwrap();
        leased.unwrap_or_else(|| panic!("no lease {seconds} s in, though there is work and nobody has it"))
    }

    pub(super) async fn cannot_lease(&self, conversation: ConversationId, seconds: i64) {
        let leased = self.rows.lease(conversation, at(seconds + HOLD), at(seconds)).await.unwrap();
        assert!(leased.is_none(), "a lease was given {seconds} s in: {leased:?}");
    }

    /// A whole turn: leases, reads all mail, lets `change` add to the commit, commits.
    pub(super) async fn turn(
        &self,
        conversation: ConversationId,
        seconds: i64,
        change: impl FnOnce(&mut TurnCommit),
    ) -> Leased {
        let leased = self.lease(conversation, seconds).await;
        let mut commit = reading(&leased, seconds);
        change(&mut commit);
        self.rows.commit(commit).await.unwrap();
        leased
    }

    /// A client writes and is answered with these messages, which wait to be sent.
    pub(super) async fn answers(&self, who: &str, seconds: i64, messages: Vec<NewOutbox>) -> ConversationId {
        let conversation = self.hears(who, &format!("in-{who}-{seconds}"), "hello", seconds).await;
        self.turn(conversation, seconds, |commit| commit.outbox = messages).await;
        conversation
    }

    /// Takes the next message for [`HOLD`] seconds.
    pub(super) async fn next(&self, conversation: ConversationId, seconds: i64) -> Option<Delivery> {
        self.rows.next_delivery(conversation, at(seconds + HOLD), at(seconds)).await.unwrap()
    }

    /// The same, by the name of its key; there must be one.
    pub(super) async fn sends(&self, conversation: ConversationId, name: &str, seconds: i64) -> Delivery {
        let Some(delivery) = self.next(conversation, seconds).await else {
            panic!("\"{name}\" should be next {seconds} s in, and nothing is")
        };
        assert_eq!(delivery.key, key(name), "\"{name}\" should be next {seconds} s in");
        delivery
    }

    pub(super) async fn records(&self, delivery: &Delivery, result: DeliveryResult, seconds: i64) {
        let next = self.rows.record_delivery(record(delivery, result, seconds)).await.unwrap();
        assert!(next.is_none(), "nobody asked for the next message");
    }

    /// Takes the next message and hands it over under the provider's id `name`.
    pub(super) async fn hands_over(&self, conversation: ConversationId, name: &str, seconds: i64) {
        let delivery = self.sends(conversation, name, seconds).await;
        self.records(&delivery, sent(name), seconds).await;
    }

    pub(super) async fn status(&self, status: DeliveryStatus, seconds: i64) -> Ingested {
        self.ingest(Ingest::Status { channel: channel(WA), status, received: at(seconds) }).await
    }

    pub(super) async fn log(&self, conversation: ConversationId) -> Vec<LogEntry> {
        self.rows.messages(conversation, 1000).await.unwrap()
    }

    /// State of delivery of a message, as the log shows it.
    pub(super) async fn state_of(&self, conversation: ConversationId, name: &str) -> String {
        let log = self.log(conversation).await;
        let entry = log.into_iter().find(|entry| entry.key == Some(key(name)));
        entry.unwrap_or_else(|| panic!("\"{name}\" is not in the log")).status
    }

    /// Reads the mail of a turn and ends it; nothing when none is due.
    pub(super) async fn reads_mail(&self, conversation: ConversationId, seconds: i64) -> Vec<Mail> {
        let leased = self.rows.lease(conversation, at(seconds + HOLD), at(seconds)).await.unwrap();
        let Some(leased) = leased else { return Vec::new() };
        self.rows.commit(reading(&leased, seconds)).await.unwrap();
        leased.mail
    }

    /// A client with a booking that the store knows.
    pub(super) async fn books(&self, who: &str, booking: Booking, seconds: i64) -> ConversationId {
        let conversation = self.hears(who, &format!("book-{who}-{seconds}"), "book", seconds).await;
        self.turn(conversation, seconds, |commit| commit.bookings = vec![booking]).await;
        conversation
    }

    /// Names of the subjects: `claim` answers a subject, the stories speak of people.
    pub(super) async fn claims(&self, request: ClaimRequest) -> Option<String> {
        self.rows.claim(request).await.unwrap().map(|subject| subject.0)
    }
}

pub(super) fn setup(tenant: &str, routes: &[(&str, &str, &str)]) -> TenantSetup {
    let route = |(provider, external_id, channel): &(&str, &str, &str)| {
        let channel = Some(channel.parse().unwrap());
        let route = Route { tenant: tenant.parse().unwrap(), channel, branch: None };
        ((*provider).to_owned(), (*external_id).to_owned(), route)
    };
    TenantSetup {
        name: tenant.to_owned(),
        branches: vec!["centre".parse().unwrap(), "south".parse().unwrap()],
        channels: vec![channel(WA), channel("wa2")],
        routes: routes.iter().map(route).collect(),
        sealed: false,
    }
}

pub(super) fn channel(name: &str) -> ChannelId {
    name.parse().unwrap()
}

/// A client known by phone number: one of `ana`, `bia` … each has their own.
pub(super) fn user(who: &str) -> ChannelUser {
    let number = who.bytes().fold(0_u64, |number, byte| (number * 31 + u64::from(byte)) % 100_000_000);
    ChannelUser { phone: Some(format!("3519{number:08}").parse().unwrap()), user_id: None }
}

pub(super) fn inbound(from: ChannelUser, id: &str, text: &str, seconds: i64) -> Inbound {
    Inbound {
        id: message_id(id),
        from,
        profile_name: None,
        at: at(seconds),
        content: Content::Text { body: Private::new(text.to_owned()) },
        quoted: None,
        forwarded: false,
        referral: None,
    }
}

/// A message through [`WA`], due at once.
pub(super) fn message(who: &str, id: &str, text: &str, seconds: i64) -> Ingest {
    incoming(inbound(user(who), id, text, seconds), seconds)
}

/// A message through [`WA`] that arrives when it was written and is due at an instant.
pub(super) fn incoming(message: Inbound, due: i64) -> Ingest {
    let received = message.at;
    Ingest::Message { channel: channel(WA), message: Box::new(message), due: at(due), received }
}

pub(super) fn operator(conversation: ConversationId, key: &str, operator: Operator, seconds: i64) -> Ingest {
    Ingest::Operator { conversation, key: key.to_owned(), by: "olga".to_owned(), operator, received: at(seconds) }
}

pub(super) fn hint(reference: BookingRef, key: &str, seconds: i64) -> Ingest {
    Ingest::Booking { reference, key: key.to_owned(), received: at(seconds) }
}

pub(super) fn queued(ingested: Ingested) -> ConversationId {
    match ingested {
        Ingested::Queued(conversation) => conversation,
        other => panic!("should have been queued: {other:?}"),
    }
}

/// Texts of the client's messages among the mail, in order.
pub(super) fn texts(mail: &[Mail]) -> Vec<String> {
    let text = |mail: &Mail| match &mail.event {
        MailEvent::Message { message, .. } => match &message.content {
            Content::Text { body } => Some(body.reveal().clone()),
            _ => None,
        },
        _ => None,
    };
    mail.iter().filter_map(text).collect()
}

/// A commit that changes nothing but what every commit changes, and ends the turn.
pub(super) fn commit_of(lease: &Lease, seconds: i64) -> TurnCommit {
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

/// The same, with all mail read, all timers rung and the turn recorded.
pub(super) fn reading(leased: &Leased, seconds: i64) -> TurnCommit {
    let outcome = |mail: &Mail| matches!(mail.event, MailEvent::Message { .. }).then_some(Outcome::Replied);
    TurnCommit {
        read: leased.mail.iter().map(|mail| (mail.seq, outcome(mail))).collect(),
        rang: leased.timers.clone(),
        record: Some(turn_record(leased.turns + 1, seconds)),
        ..commit_of(&leased.lease, seconds)
    }
}

pub(super) fn turn_record(number: i64, seconds: i64) -> TurnRecord {
    TurnRecord {
        id: crate::model::TurnId::derive(&[&number.to_string(), &seconds.to_string()]),
        number,
        at: at(seconds),
        steps: serde_json::value::to_raw_value(&serde_json::json!([{ "input": number }])).unwrap(),
        versions: serde_json::json!({ "centre": 7 }),
        duration_ms: 3,
    }
}

pub(super) fn key(name: &str) -> DeliveryKey {
    DeliveryKey::derive(&["contract", name])
}

pub(super) fn action(name: &str) -> ActionKey {
    ActionKey::derive(&["contract", name])
}

pub(super) fn message_id(id: &str) -> MessageId {
    MessageId::new(id).unwrap()
}

/// Plain words to send, keyed by a name.
pub(super) fn words(name: &str) -> NewOutbox {
    NewOutbox {
        key: key(name),
        body: OutboxBody::Words { text: Private::new(format!("words of {name}")) },
        about: None,
        keep: false,
        for_person: false,
    }
}

/// A reply that has a template of the same meaning, keyed by a name.
pub(super) fn reply_with_template(name: &str) -> NewOutbox {
    let mut reply = Reply::of(Say::Menu);
    reply.template = Some(TemplateMeaning::Booked { view: view() });
    let body = OutboxBody::Reply { reply: Box::new(reply), lang: Lang::PT, as_template: false, branch: None };
    NewOutbox { body, ..words(name) }
}

pub(super) fn record(delivery: &Delivery, result: DeliveryResult, seconds: i64) -> DeliveryRecord {
    DeliveryRecord {
        key: delivery.key,
        conversation: delivery.conversation,
        attempt: delivery.attempt,
        result,
        parts: Vec::new(),
        now: at(seconds),
        take_next: None,
    }
}

/// Handed over under the provider's id `name`.
pub(super) fn sent(name: &str) -> DeliveryResult {
    DeliveryResult::Sent { messages: vec![message_id(name)], shown: Private::new(format!("shown of {name}")) }
}

/// A status by the provider's id.
pub(super) fn status(id: &str, stage: Stage) -> DeliveryStatus {
    let failure = StatusFailure { code: 131_026, kind: FailureKind::Unreachable, detail: "undeliverable".to_owned() };
    DeliveryStatus {
        message: message_id(id),
        key: None,
        stage,
        at: at(0),
        failure: (stage == Stage::Failed).then_some(failure),
        pricing: None,
    }
}

/// A failed status because the window was closed.
pub(super) fn outside_window(id: &str) -> DeliveryStatus {
    let failure = StatusFailure { code: 131_047, kind: FailureKind::OutsideWindow, detail: "re-engage".to_owned() };
    DeliveryStatus { failure: Some(failure), ..status(id, Stage::Failed) }
}

pub(super) fn reference(backend_id: &str) -> BookingRef {
    BookingRef {
        install: "calendar".parse().unwrap(),
        branch: "centre".parse().unwrap(),
        backend_id: backend_id.to_owned(),
    }
}

pub(super) fn booking_id(name: &str) -> BookingId {
    BookingId::derive(&["contract", name])
}

/// A booking with Ana from one second to another, with a stable id and a backend id of the same name.
pub(super) fn booking(name: &str, start: i64, end: i64) -> Booking {
    Booking {
        id: Some(booking_id(name)),
        reference: reference(name),
        services: vec!["cut".parse().unwrap()],
        title: "Cut".to_owned(),
        staff: Some("ana".parse().unwrap()),
        start: at(start),
        end: at(end),
        zone: chrono_tz::Europe::Lisbon,
        status: BookingStatus::Booked,
        confirmed: false,
        price: None,
        contact: None,
        made_by: None,
    }
}

fn view() -> BookingView {
    BookingView {
        id: None,
        service: "Cut".to_owned(),
        staff: None,
        at: When { start: at(0), zone: chrono_tz::Europe::Lisbon },
        minutes: 60,
        price: None,
        branch: None,
        party: 1,
    }
}

pub(super) fn subject(staff: &str) -> ClaimSubject {
    ClaimSubject::staff(&"centre".parse().unwrap(), &staff.parse().unwrap())
}

/// A wish for one of these people from one second to another, made at the story's begin and kept for ten minutes.
pub(super) fn wish(name: &str, staff: &[&str], from: i64, to: i64) -> ClaimRequest {
    let day = at(from).date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    ClaimRequest {
        action: action(name),
        candidates: staff.iter().map(|staff| (subject(staff), Some(staff.parse().unwrap()))).collect(),
        from: at(from),
        to: at(to),
        day_from: day,
        day_to: day + Duration::days(1),
        capacity: 1,
        expires: at(600),
        now: at(0),
        ignoring: None,
    }
}

pub(super) fn audit_row(what: &str, seconds: i64) -> AuditRow {
    AuditRow {
        at: at(seconds),
        actor: "client".to_owned(),
        what: what.to_owned(),
        conversation: None,
        action: Some(action(what)),
        detail: serde_json::json!({ "what": what }),
    }
}

/// Who holds a conversation.
pub(super) async fn holder(salon: &Salon, conversation: ConversationId) -> Holder {
    salon.rows.conversation(conversation).await.unwrap().unwrap().holder
}
