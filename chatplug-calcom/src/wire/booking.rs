//! Bookings. Contract: "The booking object". Nothing here is printed by `Debug` that names a person or a booking.

use super::lenient;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt;

/// A booking, or for classes the visit that several attendees share.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Booking {
    /// A serial number: of two, the lower one was made first.
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) id: Option<i64>,
    /// A secret: whoever knows it may read, move and cancel the booking.
    pub(crate) uid: String,
    pub(crate) status: String,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: DateTime<Utc>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) hosts: Vec<Host>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) duration: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    event_type_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_object")]
    event_type: Option<EventTypeName>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) cancellation_reason: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) rescheduled_to_uid: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) rescheduled_from_uid: String,
    #[serde(default)]
    pub(crate) created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) updated_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::object")]
    pub(crate) metadata: Map<String, Value>,
    /// The first is the booker; guests, and of a collective event type the other hosts, follow.
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) attendees: Vec<Attendee>,
    #[serde(default, deserialize_with = "lenient::object")]
    pub(crate) booking_fields_responses: Map<String, Value>,
    /// Of the answer to a class's booking: which seat was given.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) seat_uid: String,
}

/// Who does it. Of somebody who was deleted every member is `"unknown"`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Host {
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) id: Option<i64>,
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
struct EventTypeName {
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    slug: String,
}

/// Who comes.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Attendee {
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) email: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) phone_number: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) language: String,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) absent: bool,
    /// Of classes only.
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) seat_uid: String,
    #[serde(default, deserialize_with = "lenient::object")]
    pub(crate) metadata: Map<String, Value>,
    #[serde(default, deserialize_with = "lenient::object")]
    pub(crate) booking_fields_responses: Map<String, Value>,
}

impl Booking {
    /// The event type's number, where it still exists.
    pub(crate) fn event_type(&self) -> Option<i64> {
        self.event_type.as_ref().and_then(|event_type| event_type.id).or(self.event_type_id)
    }

    /// The event type's short name.
    pub(crate) fn slug(&self) -> &str {
        self.event_type.as_ref().map_or("", |event_type| event_type.slug.as_str())
    }

    /// Whether it holds its time: `accepted`. What waits for approval is [`waits`](Self::waits).
    pub(crate) fn stands(&self) -> bool {
        self.status.eq_ignore_ascii_case("accepted")
    }

    /// Whether it waits for the business.
    pub(crate) fn waits(&self) -> bool {
        self.status.eq_ignore_ascii_case("pending") || self.status.eq_ignore_ascii_case("awaiting_host")
    }

    /// The attendee whose booking it is, or whose seat.
    pub(crate) fn booker(&self, seat: Option<&str>) -> Option<&Attendee> {
        match seat {
            Some(seat) => self.attendees.iter().find(|attendee| attendee.seat_uid == seat),
            None => self.attendees.first(),
        }
    }

    /// Whether attendees have seats.
    pub(crate) fn is_class(&self) -> bool {
        !self.seat_uid.is_empty() || self.attendees.iter().any(|attendee| !attendee.seat_uid.is_empty())
    }
}

impl fmt::Debug for Booking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Booking").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

/// What is asked for a list's page.
pub(crate) const MOST_AT_ONCE: usize = 250;
