//! What a turn, a delivery or a claim writes.

use super::{AuditRow, Lease, TurnRecord};
use crate::{
    dialogue::{ContactChange, Holder, Outcome, TeamEvent, Timer},
    model::{
        ActionKey, Booking, BookingId, BranchId, ChannelId, ClaimSubject, Contact, ConversationId, DeliveryKey, Lang,
        MessageId, Outbound, Private, StaffId,
    },
    reply::Reply,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
    /// Take the first message to be sent with the same step, as [`TenantStore::next_delivery`](super::TenantStore::next_delivery) would, leased until then.
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
        /// The one branch that it speaks of: it is not sent while that is not served.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<BranchId>,
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
    /// Parts of it that were handed over already (a reply may take several messages): as its senders told, or as a status
    /// proves (see [`DeliveryKey::part`]).
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
    /// Not handed over, and not tried either: no place was free. It is as if it had not been taken, and may be taken again at
    /// this instant.
    Later {
        /// When.
        at: DateTime<Utc>,
    },
    /// The answer to the part after the ones that were handed over was lost: waits for a status until this instant, then
    /// may be tried again (or is dead, when not `repeat`). A status of that part settles it: with the last one the message
    /// is handed over, else the rest is due at once.
    Unknown {
        /// Until when.
        until: DateTime<Utc>,
        /// May be sent again when nothing is heard.
        repeat: bool,
    },
    /// Will never be sent: visible, reported to the conversation as [`MailEvent::Undeliverable`](super::MailEvent::Undeliverable).
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

/// What is done for a client who waits too long.
#[derive(Debug, Clone)]
pub struct Attention {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Only if the client waits since before this instant.
    pub received_before: DateTime<Utc>,
    /// The holding message; `None` where there is nothing to say (a person holds the conversation).
    pub holding: Option<NewOutbox>,
    /// What the team should hear.
    pub notice: TeamEvent,
    /// For the audit.
    pub audit: AuditRow,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Something for the team, taken for telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedNotice {
    /// Names it within its conversation.
    pub seq: i64,
    /// What.
    pub event: TeamEvent,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// What became of telling the team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeRecord {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Which notice.
    pub seq: i64,
    /// Which attempt.
    pub attempt: u32,
    /// How it went.
    pub result: NoticeResult,
    /// Now.
    pub now: DateTime<Utc>,
}

/// How telling the team went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeResult {
    /// They know.
    Told,
    /// Not told; try again at this instant.
    Retry {
        /// When.
        at: DateTime<Utc>,
    },
    /// Given up; visible in the figures.
    Dead {
        /// Why, without personal data.
        error: String,
    },
}
