//! What people and screens read.

use crate::{
    dialogue::{Holder, Outcome},
    model::{ActionKey, ChannelId, Contact, ConversationId, DeliveryKey, MessageId, Private, TurnId},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

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
    /// Mail lies there that no turn has read.
    pub unread: bool,
}

/// By what a message is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// A client's message, by the provider's id.
    Received(MessageId),
    /// One of ours: by the provider's id of it or of a part of it, or by its key, where the provider repeats it.
    Sent {
        /// The provider's id.
        message: MessageId,
        /// Our key, or a part's (see [`DeliveryKey::part`]).
        key: Option<DeliveryKey>,
    },
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
    pub steps: Box<serde_json::value::RawValue>,
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
