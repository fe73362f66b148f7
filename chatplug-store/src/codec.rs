//! Between values of the domain and columns, the same for every database: JSON, times, words for states.

use chatplug_core::{
    dialogue::Holder,
    model::{
        Booking, BookingStatus, CameFrom, ClaimSubject, Content, Inbound, MessageId, Outbound, Phone, Private, Stage,
    },
    ports::{OutboxBody, StoreError},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::{NoContext, Timestamp, Uuid};

/// Who a contact is, as the column `contact.person` has it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Person {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<Phone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<Private<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Private<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<Private<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) came_from: Option<CameFrom>,
}

/// A value as JSON.
pub(crate) fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| corrupt(what, &error))
}

/// A value from JSON.
pub(crate) fn from_json<T: DeserializeOwned>(json: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| corrupt(what, &error))
}

/// A value that cannot be read. The parser's words may quote personal data, so only its place is kept.
fn corrupt(what: &'static str, error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt { what: format!("{what}, column {}", error.column()) }
}

/// The provider's id of a message, opened.
pub(crate) fn message_id(text: Option<String>) -> Result<Option<MessageId>, StoreError> {
    let parse = |text: String| text.parse().map_err(|_| StoreError::Corrupt { what: "a message id".to_owned() });
    text.map(parse).transpose()
}

/// An instant as it is stored: whole microseconds, which PostgreSQL keeps too.
pub(crate) const fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// An instant as it was stored.
pub(crate) fn instant(micros: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| StoreError::Corrupt { what: "a time".to_owned() })
}

/// A new id that sorts by time, so that new rows lie together.
pub(crate) fn new_id(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos().min(999_999_999)))
}

pub(crate) const fn holder_word(holder: Holder) -> &'static str {
    match holder {
        Holder::Bot => "bot",
        Holder::Person => "person",
    }
}

pub(crate) fn holder(word: &str) -> Result<Holder, StoreError> {
    match word {
        "bot" => Ok(Holder::Bot),
        "person" => Ok(Holder::Person),
        _ => Err(StoreError::Corrupt { what: "who holds a conversation".to_owned() }),
    }
}

/// The number that stages are compared by; 0 is kept for "not handed over".
pub(crate) const fn stage_number(stage: Stage) -> i64 {
    match stage {
        Stage::Sent => 1,
        Stage::Delivered => 2,
        Stage::Read => 3,
        Stage::Failed => 4,
    }
}

/// The word of a message's status when it has come so far.
pub(crate) const fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Sent => "sent",
        Stage::Delivered => "delivered",
        Stage::Read => "read",
        Stage::Failed => "failed",
    }
}

/// Whether a booking takes time: it stands, or may yet.
pub(crate) const fn is_standing(booking: &Booking) -> bool {
    matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested)
}

/// Whom or what a booking takes.
pub(crate) fn subject_of(booking: &Booking) -> Option<ClaimSubject> {
    let branch = &booking.reference.branch;
    match &booking.staff {
        Some(staff) => Some(ClaimSubject::staff(branch, staff)),
        None => booking.services.first().map(|service| ClaimSubject::service(branch, service)),
    }
}

/// What a client's message said, as far as it said it in text.
pub(crate) fn text_of(message: &Inbound) -> &str {
    let text = match &message.content {
        Content::Text { body } => Some(body.reveal()),
        Content::Tap(tap) => Some(&tap.title),
        Content::Location { name, address, .. } => name.as_ref().or(address.as_ref()),
        Content::Media(media) => media.caption.as_ref().map(Private::reveal),
        Content::Reaction { emoji, .. } => emoji.as_ref(),
        Content::Edit { body, .. } => body.as_ref().map(Private::reveal),
        _ => None,
    };
    text.map_or("", String::as_str)
}

/// What a message of ours will say, as far as that is known before it is rendered.
pub(crate) fn words_of(body: &OutboxBody) -> &str {
    match body {
        OutboxBody::Words { text } => text.reveal(),
        OutboxBody::Ready { message: Outbound::Text { body } } => body,
        OutboxBody::Ready { .. } | OutboxBody::Reply { .. } => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_never_quotes_the_value() {
        let error = from_json::<Holder>("\"+351 912 345 678\"", "a holder").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("912"), "{error}");
    }

    #[test]
    fn stages_are_numbered_in_their_order() {
        let stages = [Stage::Sent, Stage::Delivered, Stage::Read, Stage::Failed];
        assert!(stages.windows(2).all(|pair| pair[0] < pair[1] && stage_number(pair[0]) < stage_number(pair[1])));
        assert!(stage_number(Stage::Sent) > 0);
    }
}
