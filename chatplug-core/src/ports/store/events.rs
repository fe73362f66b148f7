//! What comes in, and what a turn starts from.

use crate::{
    dialogue::{Holder, Operator, Timer},
    model::{
        Booking, BookingId, BookingRef, ChannelId, Consent, Contact, ConversationId, DeliveryStatus, Inbound,
        MessageId, Private,
    },
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
    /// A voice message was written down, or could not be.
    Transcript {
        /// In which conversation.
        conversation: ConversationId,
        /// Unique: the same key twice is the same recording.
        key: String,
        /// Which message.
        message: MessageId,
        /// What was said.
        words: Option<Private<String>>,
        /// When it was done.
        received: DateTime<Utc>,
    },
    /// The provider says what a client wants to receive.
    Preference {
        /// In which conversation.
        conversation: ConversationId,
        /// Unique: the same key twice is the same word.
        key: String,
        /// Which kind of message.
        consent: Consent,
        /// Refused, or welcome again.
        refused: bool,
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
    /// A voice message was written down, or could not be.
    Transcript {
        /// Which message.
        message: MessageId,
        /// What was said.
        words: Option<Private<String>>,
    },
    /// The client told the provider what they want to receive.
    Preference {
        /// Which kind of message.
        consent: Consent,
        /// Refused, or welcome again.
        refused: bool,
    },
    /// A message of ours will not arrive.
    Undeliverable {
        /// Why, in the provider's words.
        detail: String,
    },
}
