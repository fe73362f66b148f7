//! Clients and how a channel names them.

use super::{ContactId, Lang, Private};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// A phone number in E.164 without the plus sign, as the channel gives it. Personal: `Debug` prints a redaction.
///
/// Digits are taken verbatim: some numbers that WhatsApp uses are invalid by the book (Brazil's old eight digits, Mexico's extra 1).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

/// A text that is not an international phone number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an international phone number: 7 to 15 digits with the country code are expected")]
pub struct PhoneError;

impl Phone {
    /// The digits, without a plus sign.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// `+` and the digits.
    #[must_use]
    pub fn e164(&self) -> String {
        format!("+{}", self.0)
    }
}

impl FromStr for Phone {
    type Err = PhoneError;

    /// Reads digits with an optional plus sign; spaces, hyphens, dots and brackets are skipped.
    fn from_str(text: &str) -> Result<Self, PhoneError> {
        let body = text.trim().strip_prefix('+').unwrap_or_else(|| text.trim());
        let digits: String = body.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}')).collect();
        if (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(digits))
        } else {
            Err(PhoneError)
        }
    }
}

impl TryFrom<String> for Phone {
    type Error = PhoneError;
    fn try_from(text: String) -> Result<Self, PhoneError> {
        text.parse()
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<phone>")
    }
}

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
