//! Clients and how a channel names them.

use super::{ContactId, Lang, Phone, Private, Referral};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A person as a channel names them: by phone number, by a business-scoped user id, or by both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct ChannelUser {
    /// Phone number, where the channel shows it.
    pub phone: Option<Phone>,
    /// The channel's own id of the person (Meta's business-scoped user id, `US.…`).
    pub user_id: Option<Private<String>>,
}

/// Where a message goes: a person on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Address {
    /// The person; at least one of its names is known.
    pub user: ChannelUser,
}

/// A client of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Our id.
    pub id: ContactId,
    /// How the channel names them: verified by the channel, so good enough to list, move and cancel bookings.
    pub user: ChannelUser,
    /// Name: what they told us, else what their profile says.
    pub name: Option<Private<String>>,
    /// E-mail address, when they gave one.
    pub email: Option<Private<String>>,
    /// Language they were last understood in.
    pub language: Option<Lang>,
    /// Kinds of message they do not want: `None` of them is a confirmation they asked for.
    pub opted_out: BTreeSet<Consent>,
    /// Last time they wrote, by the provider's clock: what the 24-hour window counts from.
    pub last_inbound: Option<DateTime<Utc>>,
    /// The advertisement or post that they last came by.
    pub came_from: Option<CameFrom>,
}

/// What brought a client into the chat, for attribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameFrom {
    /// The advertisement or post.
    pub referral: Referral,
    /// When, by the provider's clock.
    pub at: DateTime<Utc>,
}

/// A kind of message that one may refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Consent {
    /// Offers, win-back, reviews.
    Marketing,
    /// Reminders and changes of their own bookings.
    Reminders,
}
