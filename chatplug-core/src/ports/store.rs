//! What is remembered, and the guarantees that everything else leans on.
//!
//! Writes are values ([`Ingest`], [`TurnCommit`], …), never a transaction object held across an await: an
//! implementation may group many of them into one commit. Every method of [`TenantStore`] belongs to one tenant; a query
//! without a tenant does not compile.

use crate::{
    dialogue::{ContactChange, Holder, Operator, Outcome, TeamEvent, Timer},
    model::{
        ActionKey, Booking, BookingId, BookingRef, BranchId, ChannelId, ChannelUser, ClaimSubject, Contact, ContactId,
        ConversationId, DeliveryKey, DeliveryStatus, Inbound, Lang, MessageId, Outbound, Private, StaffId, TenantId,
        TurnId,
    },
    reply::Reply,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, sync::Arc};

/// A durable store.
///
/// # Contract
/// - When a write returns `Ok`, it survives SIGKILL and power loss; when it returns an error, it either happened whole
///   or not at all, and repeating it is harmless (every write has a natural key).
/// - The only reads across tenants are [`Store::due`] and [`Store::route`], and they return ids only.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Store: Debug + Send + Sync {
    /// The handle through which one tenant's rows are reached.
    fn tenant(&self, tenant: &TenantId) -> Arc<dyn TenantStore>;

    /// Conversations with work that is due and not leased, the longest due first; at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>, StoreError>;

    /// When the next work will be due, as far as is known now; `None`: nothing is waiting.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError>;

    /// Whose an external address is.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn route(&self, provider: &str, external_id: &str) -> Result<Option<Route>, StoreError>;

    /// Waits until something may have become due in this process or, where the store can tell, in another. May return
    /// early; callers poll as well. Register (call and poll once) before looking, so that no wake-up is lost.
    async fn woken(&self);

    /// Whether it can be written to right now.
    ///
    /// # Errors
    /// When it cannot.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Figures for `/metrics` and `/readyz`, over all tenants, no personal data.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn figures(&self, now: DateTime<Utc>) -> Result<Figures, StoreError>;
}

/// One tenant's rows.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait TenantStore: Debug + Send + Sync {
    /// Whose rows these are.
    fn tenant(&self) -> &TenantId;

    /// Makes the tenant, its branches, channels and routes known, or brings them up to date. A route that belongs to
    /// another tenant is refused, and then nothing is written. Routes of this tenant that the setup no longer names are
    /// let go, so that a number can change hands.
    ///
    /// # Errors
    /// [`StoreError::RouteTaken`], and see [`StoreError`].
    async fn register(&self, setup: &TenantSetup) -> Result<(), StoreError>;

    /// Stores incoming events, all or none, in order. A message makes its contact and conversation when new, is logged,
    /// and enters the mailbox; one seen before (same channel and provider id) changes nothing. A delivery status moves
    /// the outgoing message forward, never back; one that comes before its message is known is kept and applied later.
    /// A failed status [`FailureKind::OutsideWindow`](crate::model::FailureKind::OutsideWindow) queues the entry once more, as a template, under the key
    /// `DeliveryKey::derive(&[old key, "template"])`, when its reply names a template and it was not one already; any
    /// other failed status is reported to the conversation as [`MailEvent::Undeliverable`].
    /// A hint about a booking enters the mailbox of the conversation whose booking it is; unknown bookings are ignored.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn ingest(&self, events: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError>;

    /// Takes the lease of a conversation, if it has due work and nobody else's unexpired lease, and loads what a turn
    /// needs. Mail comes in order: by time of the client's clock, then by arrival.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn lease(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Leased>, StoreError>;

    /// Commits a turn or a part of it, all or nothing. Answers the fresh lease when it is kept.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the lease was lost meanwhile: nothing was written, the turn must be dropped.
    async fn commit(&self, commit: TurnCommit) -> Result<Committed, StoreError>;

    /// Gives a lease back without a commit (the turn could not run; its mail stays). `retry` says when it is due again.
    ///
    /// # Errors
    /// See [`StoreError`]; a lost lease is no error.
    async fn release(&self, lease: &Lease, retry: DateTime<Utc>) -> Result<(), StoreError>;

    /// Takes the first message that may be sent now in a conversation and marks it as being sent: in order, none while
    /// an earlier one is being sent, waits for its retry, or is unknown for less than `unknown_hold` (until
    /// [`DeliveryResult::Unknown`]'s instant). Past that, an unknown one is taken again if it may be repeated, else it is
    /// dead and the next one's turn. One whose sender recorded nothing before its own `until` is taken again. Either way
    /// it is marked [`Delivery::was_unknown`].
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn next_delivery(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Delivery>, StoreError>;

    /// Records what became of sending. A row that is no longer being sent under this attempt is left alone. Statuses
    /// that came while it was being sent are applied on top: one that carries the key of a message whose answer was
    /// lost settles it. Answers the next message, when asked for ([`DeliveryRecord::take_next`]) and there is one.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn record_delivery(&self, record: DeliveryRecord) -> Result<Option<Delivery>, StoreError>;

    /// Claims a stretch of time on a subject for an action, in one step: the first candidate (the fairest: fewest booked
    /// and claimed minutes that local day, then least recently assigned, then given order) on whom nothing overlaps
    /// beyond capacity. Own claims (same action) are replaced. Expired claims count as gone.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn claim(&self, claim: ClaimRequest) -> Result<Option<ClaimSubject>, StoreError>;

    /// Lets go of an action's claims.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn unclaim(&self, action: ActionKey) -> Result<(), StoreError>;

    /// The stable id and last known state of a booking, by any name that the booking system ever gave it.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn booking(&self, reference: &BookingRef) -> Result<Option<(ContactId, Booking)>, StoreError>;

    /// A contact's bookings as last known that end after `after`, in order of time.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn bookings(&self, contact: ContactId, after: DateTime<Utc>) -> Result<Vec<Booking>, StoreError>;

    /// The latest conversations, the last active first.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn conversations(&self, limit: usize) -> Result<Vec<ConversationView>, StoreError>;

    /// The conversation of a person on a channel.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn conversation_of(
        &self,
        channel: &ChannelId,
        user: &ChannelUser,
    ) -> Result<Option<ConversationView>, StoreError>;

    /// One conversation.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn conversation(&self, conversation: ConversationId) -> Result<Option<ConversationView>, StoreError>;

    /// The log that people read, oldest first, of the last `limit` messages.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn messages(&self, conversation: ConversationId, limit: usize) -> Result<Vec<LogEntry>, StoreError>;

    /// The last turns, newest first: inputs, effects and why.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn turns(&self, conversation: ConversationId, limit: usize) -> Result<Vec<TurnRecord>, StoreError>;

    /// Audit rows, oldest first, after a sequence number.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit(&self, after: i64, limit: usize) -> Result<Vec<(i64, AuditRow)>, StoreError>;
}

/// A conversation with work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub conversation: ConversationId,
    /// What is due.
    pub work: Work,
}

/// Kinds of due work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// Mail, a timer, a wake-up, or an action left open by a worker whose lease ran out: run a turn.
    Turn,
    /// A queued message: send it.
    Delivery,
}

/// Where an external address leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Whose it is.
    pub tenant: TenantId,
    /// The channel, for a messenger's address.
    pub channel: Option<ChannelId>,
    /// The branch, for a booking system's address.
    pub branch: Option<BranchId>,
}

/// A tenant with everything that routes and foreign keys need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSetup {
    /// Name of the business.
    pub name: String,
    /// Its branches.
    pub branches: Vec<BranchId>,
    /// Its channels.
    pub channels: Vec<ChannelId>,
    /// External addresses: (provider, external id) → where.
    pub routes: Vec<(String, String, Route)>,
}

/// Something that came in for one tenant.
#[derive(Debug, Clone, PartialEq)]
pub enum Ingest {
    /// A client wrote.
    Message {
        /// Through which channel.
        channel: ChannelId,
        /// The message.
        message: Box<Inbound>,
        /// When its turn is due: now for a tap, a little later for the first words of a burst.
        due: DateTime<Utc>,
        /// Arrival.
        received: DateTime<Utc>,
    },
    /// One of our messages came further.
    Status {
        /// Through which channel.
        channel: ChannelId,
        /// How far.
        status: DeliveryStatus,
        /// Arrival.
        received: DateTime<Utc>,
    },
    /// The booking system says that a booking changed.
    Booking {
        /// Which.
        reference: BookingRef,
        /// Unique per change where the vendor tells, else per delivery.
        key: String,
        /// Arrival.
        received: DateTime<Utc>,
    },
    /// Somebody of the business did something in a conversation.
    Operator {
        /// Which.
        conversation: ConversationId,
        /// Unique: the same key twice is the same deed.
        key: String,
        /// Who (an account name), for the audit.
        by: String,
        /// What.
        operator: Operator,
        /// Arrival.
        received: DateTime<Utc>,
    },
}

/// What became of an incoming event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ingested {
    /// In the mailbox of this conversation.
    Queued(ConversationId),
    /// Applied to an outgoing message.
    Applied,
    /// Seen before: nothing changed.
    Duplicate,
    /// Concerns nothing that we know.
    Unknown,
}

/// The right to run one conversation's turn: fenced by version and token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Unique per lease.
    pub token: i64,
    /// State version it was taken at; every commit raises it.
    pub version: i64,
    /// Others may take it after this instant.
    pub until: DateTime<Utc>,
}

/// What a turn starts from.
#[derive(Debug, Clone)]
pub struct Leased {
    /// The lease.
    pub lease: Lease,
    /// Through which channel they write.
    pub channel: ChannelId,
    /// The client.
    pub contact: Contact,
    /// Who holds the conversation.
    pub holder: Holder,
    /// State of the dialogue as last committed; `None` before the first turn.
    pub state: Option<String>,
    /// The open critical action of the engine, as last committed.
    pub action: Option<String>,
    /// Bookings as last known that have not ended, in order of time.
    pub bookings: Vec<Booking>,
    /// Everything due in the mailbox, in order; and what arrived since, when any message of it is due (a burst).
    pub mail: Vec<Mail>,
    /// Timers that are due.
    pub timers: Vec<Timer>,
    /// How many turns were committed before: numbers this one.
    pub turns: i64,
}

/// One piece of mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// Names it within its conversation.
    pub seq: i64,
    /// Arrival.
    pub received: DateTime<Utc>,
    /// What it is.
    pub event: MailEvent,
}

/// What can lie in a mailbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
pub enum MailEvent {
    /// A client wrote. With the booking that the quoted message of ours spoke of.
    Message {
        /// The message.
        message: Box<Inbound>,
        /// That booking.
        about: Option<BookingId>,
    },
    /// A booking may have changed.
    Booking {
        /// Which.
        reference: BookingRef,
    },
    /// Somebody of the business did something.
    Operator {
        /// What.
        operator: Operator,
        /// Who.
        by: String,
    },
    /// A message of ours will not arrive.
    Undeliverable {
        /// Why, in the provider's words.
        detail: String,
    },
}

/// Everything that one turn (or one checkpoint of it) changes.
#[derive(Debug, Clone)]
pub struct TurnCommit {
    /// The lease it runs under.
    pub lease: Lease,
    /// The new state of the dialogue.
    pub state: String,
    /// The open critical action; `None`: none is open.
    pub action: Option<String>,
    /// `Some`: keep the lease until then (a checkpoint); `None`: give it back (the end of a turn).
    pub keep_until: Option<DateTime<Utc>>,
    /// Mail that was read, with the outcome of each message of a client.
    pub read: Vec<(i64, Option<Outcome>)>,
    /// Timers that rang and are done.
    pub rang: Vec<Timer>,
    /// Messages to queue, in order.
    pub outbox: Vec<NewOutbox>,
    /// Withdraw what is still queued and not kept, before queueing `outbox`.
    pub withdraw: bool,
    /// Timers to set or move.
    pub set_timers: Vec<(Timer, DateTime<Utc>)>,
    /// Timers to remove.
    pub cancel_timers: Vec<Timer>,
    /// What the booking system said of bookings; each with its stable id. Their references become aliases of it.
    pub bookings: Vec<Booking>,
    /// What to remember about the client.
    pub contact: Vec<ContactChange>,
    /// Who holds the conversation from now on; `None`: as before.
    pub holder: Option<Holder>,
    /// Claims to let go of.
    pub unclaim: Vec<ActionKey>,
    /// When the conversation is due again even without mail (to go on with an action).
    pub wake_at: Option<DateTime<Utc>>,
    /// Audit rows.
    pub audit: Vec<AuditRow>,
    /// What the team should hear.
    pub notify: Vec<TeamEvent>,
    /// The record of the turn; `None` at a checkpoint.
    pub record: Option<TurnRecord>,
    /// The turn's time.
    pub now: DateTime<Utc>,
    /// Take the first message to be sent with the same step, as [`TenantStore::next_delivery`] would, leased until then.
    pub take_delivery: Option<DateTime<Utc>>,
}

/// What a commit answers.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The lease to go on with, when it was kept.
    pub lease: Option<Lease>,
    /// The message to send now, when asked for and there is one.
    pub delivery: Option<Delivery>,
}

/// A message to queue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOutbox {
    /// Travels with it.
    pub key: DeliveryKey,
    /// What to send.
    pub body: OutboxBody,
    /// The booking it speaks of: a quoting answer or a reaction binds to it.
    pub about: Option<BookingId>,
    /// Stays queued when a person takes over.
    pub keep: bool,
    /// Allowed while a person holds the conversation (their own words, outcomes of actions).
    pub for_person: bool,
}

/// What an outgoing message is, before it is rendered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "body", rename_all = "snake_case")]
pub enum OutboxBody {
    /// A reply in meaning.
    Reply {
        /// The meaning.
        reply: Box<Reply>,
        /// In which language.
        lang: Lang,
        /// To be sent as a template, whatever the window says.
        as_template: bool,
    },
    /// Words of somebody of the business, sent as they are.
    Words {
        /// The words.
        text: Private<String>,
    },
    /// A message that is already fit for the channel (one part of a reply of several).
    Ready {
        /// The message.
        message: Outbound,
    },
}

/// A message taken for sending.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Its key.
    pub key: DeliveryKey,
    /// Through which channel.
    pub channel: ChannelId,
    /// To whom.
    pub contact: Contact,
    /// Who holds the conversation now.
    pub holder: Holder,
    /// What to send.
    pub body: OutboxBody,
    /// May go out while a person holds the conversation.
    pub for_person: bool,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Parts of it that were handed over already (a reply may take several messages).
    pub parts_sent: u32,
    /// An earlier attempt may have been sent.
    pub was_unknown: bool,
    /// When it was queued.
    pub queued: DateTime<Utc>,
    /// The last message of the client, to be marked as read with typing.
    pub last_inbound: Option<MessageId>,
}

/// What became of sending.
#[derive(Debug, Clone)]
pub struct DeliveryRecord {
    /// Which message.
    pub key: DeliveryKey,
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which attempt.
    pub attempt: u32,
    /// How it went.
    pub result: DeliveryResult,
    /// The provider's ids of parts that this attempt handed over before it stopped, whatever the result;
    /// [`Delivery::parts_sent`] counts them next time. Empty with [`DeliveryResult::Sent`], which names its own.
    pub parts: Vec<MessageId>,
    /// Now.
    pub now: DateTime<Utc>,
    /// Take the next message with the same step, leased until then.
    pub take_next: Option<DateTime<Utc>>,
}

/// How sending went.
#[derive(Debug, Clone, PartialEq)]
pub enum DeliveryResult {
    /// Handed over: the provider's ids of all its parts and what was shown, for the log.
    Sent {
        /// One id a part.
        messages: Vec<MessageId>,
        /// What the client sees, as text.
        shown: Private<String>,
    },
    /// Not handed over; try again at this instant.
    Retry {
        /// When.
        at: DateTime<Utc>,
        /// Why, without personal data.
        error: String,
        /// Send it as a template then.
        as_template: bool,
    },
    /// The answer was lost: waits for a status until this instant, then may be tried again (or is dead, when not `repeat`).
    Unknown {
        /// Until when.
        until: DateTime<Utc>,
        /// May be sent again when nothing is heard.
        repeat: bool,
    },
    /// Will never be sent: visible, reported to the conversation as [`MailEvent::Undeliverable`].
    Dead {
        /// Why, without personal data.
        error: String,
    },
    /// Not sent on purpose (a person holds the conversation).
    Withdrawn,
}

/// A wish for a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// For which action.
    pub action: ActionKey,
    /// One of these subjects, in order of preference among equals. Never empty.
    pub candidates: Vec<(ClaimSubject, Option<StaffId>)>,
    /// Begin, padded by buffers.
    pub from: DateTime<Utc>,
    /// End, padded by buffers.
    pub to: DateTime<Utc>,
    /// First instant of the local day, for fairness.
    pub day_from: DateTime<Utc>,
    /// Last instant of the local day, for fairness.
    pub day_to: DateTime<Utc>,
    /// How many may share it.
    pub capacity: u32,
    /// Gone after this instant unless let go of before.
    pub expires: DateTime<Utc>,
    /// Now.
    pub now: DateTime<Utc>,
    /// A booking whose own time does not count as taken.
    pub ignoring: Option<BookingId>,
}

/// A conversation, for people and screens.
#[derive(Debug, Clone)]
pub struct ConversationView {
    /// Which.
    pub id: ConversationId,
    /// Through which channel.
    pub channel: ChannelId,
    /// The client.
    pub contact: Contact,
    /// Who holds it.
    pub holder: Holder,
    /// State of the dialogue.
    pub state: Option<String>,
    /// The open critical action.
    pub action: Option<String>,
    /// Last thing that happened.
    pub active: DateTime<Utc>,
    /// Version: changes with every commit.
    pub version: i64,
}

/// One line of the log that people read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogEntry {
    /// The provider's id, once there is one.
    pub message: Option<MessageId>,
    /// Our key, for outgoing ones.
    pub key: Option<DeliveryKey>,
    /// `true`: from the client.
    pub inbound: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// What it said, as text.
    pub text: Private<String>,
    /// State of delivery of an outgoing one: `queued`, `sending`, `unknown`, `sent`, `delivered`, `read`, `failed`, `dead`, `withdrawn`.
    pub status: String,
    /// How an inbound one ended.
    pub outcome: Option<Outcome>,
}

/// What a turn did and why; enough to replay it without calling anybody.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TurnRecord {
    /// Its id.
    pub id: TurnId,
    /// Its number in the conversation, from 1.
    pub number: i64,
    /// Its time.
    pub at: DateTime<Utc>,
    /// Steps in order: inputs with interpretations and results, and effects, as JSON.
    pub steps: serde_json::Value,
    /// Catalogue versions by branch, and anything else that the steps depended on.
    pub versions: serde_json::Value,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
}

/// One row of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: `client`, `bot`, `operator:<name>`, `backend`.
    pub actor: String,
    /// What: `book`, `reschedule`, `cancel`, `confirm`, `take_over` …
    pub what: String,
    /// In which conversation.
    pub conversation: Option<ConversationId>,
    /// With which action key.
    pub action: Option<ActionKey>,
    /// Facts as JSON; personal data only as ids.
    pub detail: serde_json::Value,
}

/// Figures over all tenants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Unread pieces of mail that are due.
    pub mail_due: u64,
    /// Age of the oldest of them in milliseconds.
    pub mail_age_ms: u64,
    /// Messages waiting to be sent.
    pub outbox_queued: u64,
    /// Age of the oldest of them in milliseconds.
    pub outbox_age_ms: u64,
    /// Messages that will never be sent.
    pub outbox_dead: u64,
    /// Messages whose answer was lost.
    pub outbox_unknown: u64,
    /// Critical actions under way.
    pub actions_open: u64,
    /// Conversations.
    pub conversations: u64,
}

/// Why a store failed, by what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The lease was lost: drop the turn.
    #[error("the lease was lost: another worker has the conversation")]
    Fenced,
    /// An external address belongs to another tenant.
    #[error("the address {provider}/{external_id} belongs to another tenant")]
    RouteTaken {
        /// Which provider.
        provider: String,
        /// Which address.
        external_id: String,
    },
    /// It does not exist.
    #[error("{what} does not exist")]
    NotFound {
        /// What.
        what: &'static str,
    },
    /// Down, full or locked: try later, acknowledge nothing.
    #[error("the store is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A stored value cannot be read: written by a newer version, or damaged.
    #[error("a stored value cannot be read: {what}")]
    Corrupt {
        /// Which kind.
        what: String,
    },
}
