//! What goes into a step and what comes out: data only.

use crate::{
    model::{
        Booking, BookingId, Branch, BranchId, CameFrom, Catalog, ChannelId, ChannelLimits, ClientField, Consent,
        Contact, GeoPoint, Lang, MediaKind, MessageId, Policy, Private, ServiceId, Slot, SlotQuery,
    },
    ports::{Action, Capabilities, Interpretation, Outlook, RejectReason, Swap},
    reply::{HandOverReason, Reply},
    templates::TemplateTrouble,
    understand::FactBook,
};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc};

/// Everything a step may know about the world; read-only, the same for all steps of one turn.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// The turn's time.
    pub now: DateTime<Utc>,
    /// Name of the business, for the greeting.
    pub business: &'a str,
    /// The tenant's rules.
    pub policy: &'a Policy,
    /// Branches that this number serves, in the order to show them; empty while no catalogue could be read.
    pub branches: &'a [BranchView],
    /// The branches that this number serves, whether they could be read or not: one that is missing here is gone.
    pub places: &'a [BranchId],
    /// What the channel can carry: the machine pages its lists by it.
    pub limits: &'a ChannelLimits,
    /// The client.
    pub contact: &'a Contact,
    /// The client's upcoming bookings as last read, in order of time; each with its stable id.
    pub bookings: &'a [Booking],
    /// Who answers: while a person holds the conversation the machine says nothing.
    pub holder: Holder,
    /// Languages that can be spoken, for the language menu.
    pub languages: &'a [Lang],
    /// What can be said to them later.
    pub reach: Reach,
    /// The latest swap of each branch from one booking system to another.
    pub swaps: &'a [Arc<Swap>],
    /// What the business says about itself.
    pub facts: &'a FactBook,
}

/// What can be said to a client who has not written for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Subtracted from the channel's window: clocks differ.
    pub margin: Duration,
    /// Whether a reminder can be sent when the window is closed.
    pub reminders: Outlook,
}

impl Default for Reach {
    fn default() -> Self {
        Self { margin: Duration::minutes(5), reminders: Outlook::Ready }
    }
}

impl World<'_> {
    /// Whether the client can be written to freely at an instant, unless they write again before.
    #[must_use]
    pub fn is_open_at(&self, at: DateTime<Utc>) -> bool {
        let Some(window) = self.limits.window else { return true };
        self.contact.last_inbound.is_some_and(|last| at < last + window - self.reach.margin)
    }

    /// A branch by id.
    #[must_use]
    pub fn branch(&self, id: &BranchId) -> Option<&BranchView> {
        self.branches.iter().find(|branch| branch.catalog.branch.id == *id)
    }
}

/// A branch with what its booking system offers and can do.
#[derive(Debug, Clone)]
pub struct BranchView {
    /// Services, staff and the place, as of this turn.
    pub catalog: Arc<Catalog>,
    /// What its booking system can do.
    pub capabilities: Capabilities,
}

impl BranchView {
    /// The place.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        &self.catalog.branch
    }
}

/// Who answers the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// The machine.
    #[default]
    Bot,
    /// Somebody of the business.
    Person,
}

/// Something that happened.
#[expect(clippy::large_enum_variant, reason = "inputs come one at a time and are moved straight into a step")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// The client wrote or tapped: one burst, in order of the provider's time, never empty.
    Said {
        /// The messages.
        said: Vec<Said>,
    },
    /// The answer to [`Effect::FetchSlots`].
    Slots {
        /// What was asked.
        query: SlotQuery,
        /// Free times, or why there is no answer. Shared: a week of them is not copied for one step.
        #[serde(with = "super::free_times")]
        result: Result<Arc<[Slot]>, Trouble>,
    },
    /// The answer to [`Effect::FetchBookings`]: the client's upcoming bookings, read anew.
    Bookings {
        /// In order of time, or why there is no answer.
        result: Result<Vec<Booking>, Trouble>,
    },
    /// The answer to [`Effect::CheckGate`].
    Gate {
        /// At which branch.
        branch: BranchId,
        /// Which service.
        service: ServiceId,
        /// The client may book it.
        open: bool,
    },
    /// News of the action of [`Effect::Commit`]. `Delayed` leaves it under way; everything else ends it.
    Outcome {
        /// What became of it.
        outcome: ActionOutcome,
    },
    /// The booking system shows a booking other than we knew it. Only real differences come here.
    BookingChanged {
        /// As we knew it.
        before: Booking,
        /// As it is; `None` when it is gone.
        after: Option<Booking>,
    },
    /// A timer that the machine set.
    Timer {
        /// Which.
        timer: Timer,
    },
    /// Somebody of the business did something.
    Operator {
        /// What.
        operator: Operator,
    },
}

/// One message of a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Which message.
    pub message: MessageId,
    /// When it was written, by the provider's clock.
    pub at: DateTime<Utc>,
    /// What it was.
    pub what: SaidWhat,
    /// The booking that the quoted (or reacted-to) message of ours spoke of, when it spoke of one.
    pub about: Option<BookingId>,
    /// It was spoken and written down by a machine: it is shown back, and agrees to nothing by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spoken: bool,
}

/// What a client did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SaidWhat {
    /// Wrote words.
    Words {
        /// As written.
        text: Private<String>,
        /// What they mean.
        meaning: Interpretation,
    },
    /// Tapped a choice; the id is untrusted until it matches something shown.
    Tap {
        /// The id that came back.
        id: String,
        /// The label that was tapped.
        title: String,
    },
    /// Put an emoji on a message of ours; a taken-back reaction does not come here.
    Reaction {
        /// The emoji.
        emoji: String,
    },
    /// Sent a place.
    Location {
        /// Where, when told.
        #[serde(default)]
        point: Option<Private<GeoPoint>>,
    },
    /// Sent something that cannot be read: a file, a contact card, an order, an unknown kind.
    Unreadable {
        /// What it was, when it was a file.
        media: Option<MediaKind>,
    },
}

/// Why a read gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The booking system does not answer now.
    Down,
    /// A service or person is gone; the world's catalogue is already the new one.
    Stale,
}

/// What became of a critical action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum ActionOutcome {
    /// Done; this is what the booking system says now (after a cancellation: cancelled).
    Done {
        /// With its stable id.
        booking: Booking,
    },
    /// The slot was taken. Nothing was done; a move left the old booking standing.
    Taken,
    /// Price or person of the slot differ from what the client agreed to. Nothing was done.
    Changed {
        /// The slot as it is now.
        slot: Slot,
    },
    /// The system wants to know more first. Nothing was done.
    Needs {
        /// What.
        fields: BTreeSet<ClientField>,
    },
    /// The business's rules forbid it. Nothing was done.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// Not settled yet; another outcome follows. Told at most twice per action.
    Delayed {
        /// `true`: certainly not done yet, and being retried. `false`: may have been done, and being checked.
        certain: bool,
    },
    /// Given up after the deadline: certainly not done.
    GaveUp,
    /// It cannot be told whether it was done: a person must look.
    Unclear,
    /// The move would overlap its own booking and the system cannot move in place: a person must do it.
    UnsafeMove,
}

/// A timer of one conversation; setting it again moves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Timer {
    /// Remind of a visit and ask whether they come.
    Reminder {
        /// Which.
        booking: BookingId,
    },
    /// A person took over and nobody answered for the policy's time: the bot takes the conversation back.
    HandBack,
    /// What the client said waits for a catalogue: look whether there is one.
    Catalog,
}

impl Timer {
    /// The key under which a store keeps it: one timer per key and conversation.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Reminder { booking } => format!("reminder:{booking}"),
            Self::HandBack => "hand-back".to_owned(),
            Self::Catalog => "catalog".to_owned(),
        }
    }
}

/// What somebody of the business did in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operator {
    /// Took the conversation over.
    TakeOver,
    /// Wrote to the client (takes over, if not yet).
    Say {
        /// The words, sent as they are.
        text: Private<String>,
    },
    /// Gave the conversation back to the bot.
    HandBack,
}

/// Something for the engine to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Queue this reply.
    Say {
        /// What to say.
        reply: Box<Reply>,
        /// In which language.
        lang: Lang,
    },
    /// Send an operator's words as they are.
    Relay {
        /// The words.
        text: Private<String>,
    },
    /// Put an emoji on a message of the client.
    React {
        /// Which message.
        target: MessageId,
        /// Which emoji.
        emoji: String,
    },
    /// Question: ask for free times.
    FetchSlots {
        /// Which.
        query: SlotQuery,
    },
    /// Question: read the client's upcoming bookings anew, at all branches.
    FetchBookings,
    /// Question: whether a service with a [gate](crate::model::Service::gate) is open to the client.
    CheckGate {
        /// At which branch.
        branch: BranchId,
        /// Which service.
        service: ServiceId,
    },
    /// Question: carry out a critical action that the client saw and agreed to. Persisted before it is done.
    Commit {
        /// The action, whole.
        action: Box<Action>,
    },
    /// Set or move a timer.
    SetTimer {
        /// Which.
        timer: Timer,
        /// When.
        at: DateTime<Utc>,
    },
    /// Remove a timer, if it is set.
    CancelTimer {
        /// Which.
        timer: Timer,
    },
    /// Change who holds the conversation. To a person: withdraws what is still queued, except kept replies.
    Hold {
        /// Who from now on.
        holder: Holder,
    },
    /// Remember something about the client.
    UpdateContact {
        /// What.
        change: ContactChange,
    },
    /// Tell the business's team.
    Notify {
        /// What.
        event: TeamEvent,
    },
    /// Record how a message of the client ended. Every message of [`Input::Said`] gets exactly one, in the same turn.
    Record {
        /// Which message.
        message: MessageId,
        /// How it ended.
        outcome: Outcome,
    },
}

/// What to remember about a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "set", rename_all = "snake_case")]
pub enum ContactChange {
    /// Their language.
    Language {
        /// Which.
        lang: Lang,
    },
    /// Their name, as they told it.
    Name {
        /// The name.
        name: Private<String>,
    },
    /// Their e-mail address.
    Email {
        /// The address.
        email: Private<String>,
    },
    /// They refuse a kind of message, or welcome it again.
    Consent {
        /// Which kind.
        consent: Consent,
        /// Refused or welcome.
        refused: bool,
    },
    /// They came by an advertisement or a post.
    CameFrom {
        /// Which, and when.
        came_from: CameFrom,
    },
}

/// Something that the team should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "team", rename_all = "snake_case")]
#[non_exhaustive]
pub enum TeamEvent {
    /// A client waits for a person.
    NeedsPerson {
        /// Why.
        reason: HandOverReason,
    },
    /// A client runs late.
    RunningLate {
        /// To which booking, when clear.
        booking: Option<BookingId>,
        /// How late, when said.
        minutes: Option<u16>,
    },
    /// A client commented on a visit.
    Review {
        /// Their words.
        text: Private<String>,
    },
    /// A message of ours will not arrive.
    Undeliverable {
        /// Why, in the provider's words.
        detail: String,
    },
    /// A client waits for an outcome for too long: something holds the conversation up.
    Unanswered,
    /// Something cannot be said outside the window: a template is missing, was rejected, paused, disabled or moved to
    /// another category, or the provider would not send with it. It concerns no conversation.
    Template {
        /// Of which number.
        channel: ChannelId,
        /// Which meaning; `all` where the number has no template.
        meaning: String,
        /// In which language; `None`: in all.
        lang: Option<Lang>,
        /// What is wrong.
        trouble: TemplateTrouble,
    },
}

/// How a client's message ended. Exactly one is recorded for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// Answered.
    Replied,
    /// Answered with a question.
    Asked,
    /// Given to a person.
    HandedOver,
    /// A person holds the conversation: it is theirs to answer.
    LeftToPerson,
    /// Read together with another message of the burst, which carries the outcome.
    Merged,
    /// Needs no answer (a thumb on our own message, a reaction taken back).
    NothingToSay,
    /// Waits for the outcome of an action that is under way, or for the booking system to answer; the answer follows.
    Pending,
}
