//! What comes in from a channel.

use super::{ChannelUser, DeliveryKey, GeoPoint, MessageId, Private};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One message of a client, as the provider told it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// The provider's id, unique per number.
    pub id: MessageId,
    /// Who wrote.
    pub from: ChannelUser,
    /// Name of their profile: changeable, no identity.
    pub profile_name: Option<Private<String>>,
    /// When they wrote, by the provider's clock (whole seconds with Meta); where it tells no time, when the message came.
    pub at: DateTime<Utc>,
    /// What they sent.
    pub content: Content,
    /// The message it answers or the list it was tapped on.
    pub quoted: Option<MessageId>,
    /// Forwarded from another chat.
    pub forwarded: bool,
    /// The advertisement that opened the chat.
    pub referral: Option<Referral>,
}

/// What a client can send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Words.
    Text {
        /// As written, at most 4096 characters with WhatsApp.
        body: Private<String>,
    },
    /// A tap on something we sent.
    Tap(Tap),
    /// A spot on the map.
    Location {
        /// Where.
        point: GeoPoint,
        /// Name of the place, if it has one.
        name: Option<String>,
        /// Its address, if it has one.
        address: Option<String>,
    },
    /// A picture, a recording, a file.
    Media(MediaRef),
    /// Contact cards.
    Contacts {
        /// Phone numbers on the cards. Typed or shared numbers are no proof of identity.
        phones: Vec<Private<String>>,
    },
    /// An emoji on one of our messages; `None` takes it back.
    Reaction {
        /// The message reacted to.
        target: MessageId,
        /// The emoji.
        emoji: Option<String>,
    },
    /// A changed message.
    Edit {
        /// The message that was changed.
        original: MessageId,
        /// Its new text, if it is text.
        body: Option<Private<String>>,
    },
    /// A message taken back.
    Revoke {
        /// The message that was taken back.
        original: MessageId,
    },
    /// A shopping basket; not supported, answered politely.
    Order,
    /// An answer of a form (a WhatsApp Flow), raw JSON.
    Form {
        /// The form's answers as the provider gives them.
        json: Private<String>,
    },
    /// The person's identity changed (new number, new user id).
    IdentityChanged {
        /// The new names, where told.
        new: ChannelUser,
    },
    /// Anything else: answered politely, never an error.
    Unsupported {
        /// What the provider called it.
        name: String,
        /// What it was, as it came, where that is not too long to keep: nothing is lost that a later version could read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raw: Option<Private<String>>,
    },
}

/// A tap on a button or a list row, carrying back the id we gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tap {
    /// The id that we put on it when sending.
    pub id: String,
    /// Its label, as the client saw it.
    pub title: String,
    /// What was tapped.
    pub on: TapKind,
}

/// What was tapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TapKind {
    /// A reply button under a message.
    Button,
    /// A row of a list.
    Row,
    /// A quick-reply button of a template.
    Template,
}

/// A file at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRef {
    /// What it is. Not written as `kind`: that is the tag of [`Content`] which stands beside it.
    #[serde(rename = "media")]
    pub kind: MediaKind,
    /// The provider's id of it.
    pub id: String,
    /// MIME type as told.
    pub mime: String,
    /// Words beneath it.
    pub caption: Option<Private<String>>,
}

/// Kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// A recording or a piece of music.
    Audio,
    /// A document.
    Document,
    /// A picture.
    Image,
    /// A sticker.
    Sticker,
    /// A film.
    Video,
    /// A recording made in the chat.
    Voice,
}

/// Where a client came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The provider's id of the advertisement or post.
    pub source_id: Option<String>,
    /// Its address.
    pub source_url: Option<String>,
    /// Its headline.
    pub headline: Option<String>,
    /// Click id for attribution.
    pub click_id: Option<String>,
}

/// A message at the provider, to be marked as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRef {
    /// The provider's id.
    pub id: MessageId,
    /// Who wrote it.
    pub from: ChannelUser,
}

/// How far one of our messages has come, as the provider told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStatus {
    /// The provider's id of the message.
    pub message: MessageId,
    /// Our key, where the provider repeats it: how a lost answer is adopted.
    pub key: Option<DeliveryKey>,
    /// How far.
    pub stage: Stage,
    /// When, by the provider's clock; where it tells no time, when the status came.
    pub at: DateTime<Utc>,
    /// Why it failed, for [`Stage::Failed`].
    pub failure: Option<StatusFailure>,
    /// What it costs, where the provider tells: with some of the statuses of a message, not with each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
}

/// How the provider charges a message: its own words, which change over the years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    /// Whether it is charged at all.
    pub billable: Option<bool>,
    /// By what: `utility`, `marketing`, `service` …
    pub category: Option<String>,
    /// Why it is free or not: `regular`, `free_customer_service`, `free_entry_point` …
    pub kind: Option<String>,
}

/// Stages of delivery in order; a later one implies the earlier ones, and `Failed` is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The provider has it.
    Sent,
    /// The client's device has it.
    Delivered,
    /// The client saw it (or played it).
    Read,
    /// It will not arrive.
    Failed,
}

/// Why a message failed after it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusFailure {
    /// The provider's code.
    pub code: i64,
    /// What to do about it.
    pub kind: FailureKind,
    /// The provider's words for people; may not hold personal data.
    pub detail: String,
}

/// What to do about a failed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The 24-hour window was closed: send again as a template.
    OutsideWindow,
    /// This person cannot be reached on this channel.
    Unreachable,
    /// This person does not want such messages.
    OptedOut,
    /// The template is missing, paused or does not fit.
    Template,
    /// A passing fault: worth one more try.
    Temporary,
    /// Nothing helps.
    Permanent,
}
