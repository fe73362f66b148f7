//! What is remembered, and the guarantees that everything else leans on.
//!
//! Writes are values ([`Ingest`], [`TurnCommit`], …), never a transaction object held across an await: an
//! implementation may group many of them into one commit. Every method of [`TenantStore`] belongs to one tenant; a query
//! without a tenant does not compile.

mod commit;
mod events;
mod views;

pub use commit::*;
pub use events::*;
pub use views::*;

use crate::model::{
    ActionKey, Booking, BookingRef, BranchId, ChannelId, ChannelUser, ClaimSubject, ContactId, ConversationId, TenantId,
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, sync::Arc};

/// A durable store.
///
/// # Contract
/// - When a write returns `Ok`, it survives SIGKILL and power loss; when it returns an error, it either happened whole
///   or not at all, and repeating it is harmless (every write has a natural key).
/// - The only reads across tenants are [`Store::due`], [`Store::overdue`] and [`Store::route`], and they return ids only.
/// - Any number of processes may share a store that says so; then no two of them hold one conversation's lease, and what a
///   process that died had leased is due again within seconds.
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

    /// Conversations with a message of the client that came in before this instant, ended in no outcome, and was not
    /// [attended to](TenantStore::attend); the longest waiting first, leased or not; at most `limit`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn overdue(
        &self,
        received_before: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<(TenantId, ConversationId)>, StoreError>;

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

    /// Takes down that work is done by this time (nothing with `None`), and answers what this store knows of the time. To be
    /// called every few seconds, so that a process that begins with a clock that was put back
    /// [can tell](super::SteadyClock::begin).
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn tick(&self, now: Option<DateTime<Utc>>) -> Result<Times, StoreError>;

    /// Figures for `/metrics` and `/readyz`, over all tenants, no personal data. A client who waits for longer than
    /// `answer_within` is [overdue](Figures::overdue).
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn figures(&self, answer_within: Duration, now: DateTime<Utc>) -> Result<Figures, StoreError>;

    /// Writes what waits and ends in good order. What was answered is safe without it.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn close(&self) -> Result<(), StoreError>;
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
    /// One that names an unknown message by the key of a part (see [`DeliveryKey::part`](crate::model::DeliveryKey::part))
    /// proves that this part and those before it went out.
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

    /// Puts the first message off that may be sent now in a conversation: it may not before `until`, and is otherwise as
    /// before. It was never marked as being sent, so a crash leaves nothing in doubt. Nothing to send now: nothing is done.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn postpone(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// Records what became of sending. A row that is no longer being sent under this attempt is left alone. Statuses
    /// that came while it was being sent are applied on top: one that carries the key of a message whose answer was
    /// lost settles it. Answers the next message, when asked for ([`DeliveryRecord::take_next`]) and there is one.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn record_delivery(&self, record: DeliveryRecord) -> Result<Option<Delivery>, StoreError>;

    /// Attends to a conversation whose client waits too long: queues the holding message, notes the alarm for the team and
    /// the audit row, all or nothing, whoever holds the lease. Answers `false`, and changes nothing, when the client no
    /// longer waits since before `received_before`, or was attended to already. The mail stays as it is: when its turn
    /// runs after all, it is answered.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn attend(&self, attention: Attention) -> Result<bool, StoreError>;

    /// Takes the first thing that the team should hear of a conversation and that is due; nobody else gets it before
    /// `until`.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn next_notice(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<QueuedNotice>, StoreError>;

    /// Records what became of telling the team. A notice that is no longer being told under this attempt is left alone.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn record_notice(&self, record: NoticeRecord) -> Result<(), StoreError>;

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

    /// Whether a message is this tenant's: one that came in and may come in again, or one that it sent. Where several
    /// tenants share a number, this says whose an answer, a status or a repetition is; one that was forgotten is
    /// nobody's.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn knows(&self, channel: &ChannelId, trace: &Trace) -> Result<bool, StoreError>;

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

/// What a store knows of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// The latest instant by which work was done, as far as it was taken down.
    pub newest: Option<DateTime<Utc>>,
    /// What the clock shows that all processes on this store go by; `None`: each goes by its machine's.
    pub reference: Option<DateTime<Utc>>,
}

/// Kinds of due work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// Mail, a timer, a wake-up, or an action left open by a worker whose lease ran out: run a turn.
    Turn,
    /// A queued message: send it.
    Delivery,
    /// Something that the team should hear.
    Notice,
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
    /// Names, numbers and texts of its clients are sealed at rest from now on; what was stored before stays as it is
    /// until it is [resealed](super::TenantSecrets::reseal). Look-ups by number never need it to be readable.
    pub sealed: bool,
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
    /// Conversations that a worker holds.
    pub turns_open: u64,
    /// Conversations whose client waits for an outcome since longer than was asked about, and was not attended to.
    pub overdue: u64,
    /// Things that the team was not told yet.
    pub notices_queued: u64,
    /// Things that the team could not be told.
    pub notices_dead: u64,
}

/// A client who waits longer than this for an outcome is attended to, unless another limit is set: 90 seconds, more than a
/// lease lasts.
pub const OVERDUE_AFTER: Duration = Duration::seconds(90);

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
    /// A sealed value, or the tenant's keys, cannot be opened or made.
    #[error(transparent)]
    Vault(#[from] crate::vault::VaultError),
    /// A stored value cannot be read: written by a newer version, or damaged.
    #[error("a stored value cannot be read: {what}")]
    Corrupt {
        /// Which kind.
        what: String,
    },
}
