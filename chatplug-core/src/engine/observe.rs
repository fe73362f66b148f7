//! What the engine tells about itself: counted by the server, ignored by default.

use crate::model::{ConversationId, DeliveryKey, Pricing, TenantId};
use std::{fmt::Debug, time::Duration};

/// Hears what the engine does. Called synchronously on the way: must be quick and must not block.
pub trait Observer: Debug + Send + Sync {
    /// Something happened.
    fn observe(&self, event: &EngineEvent<'_>);
}

/// Something that the engine did. Holds no personal data.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum EngineEvent<'a> {
    /// A webhook was refused with this HTTP status (401: wrong signature).
    WebhookRefused {
        /// Status answered.
        status: u16,
    },
    /// A webhook's events are durable.
    WebhookStored {
        /// How many events it held.
        events: usize,
        /// How many of them had been seen before.
        duplicates: usize,
        /// From the first byte parsed to durable.
        took: Duration,
    },
    /// An event came for an address that no tenant has.
    RouteUnknown {
        /// Which provider.
        provider: &'a str,
    },
    /// An event was not for us, or not understood.
    EventIgnored {
        /// Which provider.
        provider: &'a str,
        /// The provider's word for it.
        what: &'a str,
    },
    /// A conversation got something new: mail, a turn, a message, a status. For live screens.
    ConversationChanged {
        /// Whose.
        tenant: &'a TenantId,
        /// Which.
        conversation: ConversationId,
    },
    /// A turn was committed.
    TurnCommitted {
        /// Whose.
        tenant: &'a TenantId,
        /// Which.
        conversation: ConversationId,
        /// How many messages of the client it read.
        messages: usize,
        /// How long it took, vendor calls included.
        took: Duration,
    },
    /// A turn could not run and will be tried again.
    TurnFailed {
        /// Whose.
        tenant: &'a TenantId,
        /// In a word: `fenced`, `store`, `directory` …
        why: &'a str,
    },
    /// A booking system was called.
    BackendCalled {
        /// Whose.
        tenant: &'a TenantId,
        /// The system's name.
        backend: &'static str,
        /// Which method.
        operation: &'static str,
        /// In a word: `ok`, `taken`, `unknown`, `unavailable` …
        result: &'static str,
        /// How long.
        took: Duration,
    },
    /// A model elsewhere was asked what a message means, or would have been.
    ModelCalled {
        /// Whose client wrote it.
        tenant: &'a TenantId,
        /// In a word: `ok`, `nonsense`, `slow`, `down`, `limited`, `refused`; without a call: `over_budget`, `resting` (it
        /// failed too often), `busy`.
        result: &'static str,
        /// Tokens sent.
        tokens_in: u64,
        /// Tokens that came back.
        tokens_out: u64,
        /// What they cost, in millionths of the currency that prices are given in.
        cost_micros: u64,
        /// How long it took.
        took: Duration,
    },
    /// A critical action ended.
    ActionEnded {
        /// Whose.
        tenant: &'a TenantId,
        /// `book`, `reschedule`, `cancel`, `confirm`.
        what: &'static str,
        /// In a word: `done`, `taken`, `rejected`, `gave_up`, `unclear` …
        result: &'static str,
    },
    /// A message was handed to the provider, or not.
    Delivered {
        /// Whose.
        tenant: &'a TenantId,
        /// Its key.
        key: DeliveryKey,
        /// `sent`, `retry`, `unknown`, `dead`, `withdrawn`.
        result: &'static str,
        /// How long the provider took.
        took: Duration,
    },
    /// The provider said how it charges a message that has arrived.
    Priced {
        /// Whose.
        tenant: &'a TenantId,
        /// In its words.
        pricing: &'a Pricing,
    },
    /// A client waited too long for an outcome, and was attended to.
    Attended {
        /// Whose.
        tenant: &'a TenantId,
        /// In which conversation.
        conversation: ConversationId,
        /// Whether the client is told; `false`: only the team is.
        held: bool,
    },
    /// The clock went another way than time did, or the one that it catches up with did: by so many seconds forward, or
    /// back when negative.
    ClockJumped {
        /// By how much.
        seconds: i64,
    },
    /// The team was told something, or not.
    TeamTold {
        /// Whose.
        tenant: &'a TenantId,
        /// `told`, `retry`, `dead`.
        result: &'static str,
    },
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Observer for Quiet {
    fn observe(&self, _event: &EngineEvent<'_>) {}
}
