//! Who calls, event types, schedules. Contract: "Event types (= services)", "Schedules, absence, calendars".

use super::lenient;
use serde::Deserialize;
use serde_json::{Map, Value};

/// `GET /v2/me`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Me {
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) username: String,
}

/// An event type of a person or of a team.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventType {
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) slug: String,
    pub(crate) title: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) description: String,
    pub(crate) length_in_minutes: i64,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) length_in_minutes_options: Vec<i64>,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) hidden: bool,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) owner_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) users: Vec<User>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) hosts: Vec<HostOf>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) team_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) scheduling_type: String,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) before_event_buffer: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) after_event_buffer: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_object")]
    pub(crate) seats: Option<Seats>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) seats_per_time_slot: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_object")]
    pub(crate) recurrence: Option<Switch>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) booking_fields: Vec<Field>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) locations: Vec<Location>,
    #[serde(default, deserialize_with = "lenient::object")]
    pub(crate) metadata: Map<String, Value>,
    /// Of Cal.com's own payment apps; not a whole number where it means something else than minor units.
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) price: Option<i64>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) currency: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) booking_url: String,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) booking_requires_authentication: bool,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) requires_booker_email_verification: bool,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) is_instant_event: bool,
}

/// The owner of a personal event type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) username: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) avatar_url: String,
}

/// Who does a team's event type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostOf {
    pub(crate) user_id: i64,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) name: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) username: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) avatar_url: String,
}

/// A member that says `{disabled: true}` for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Switch {
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) disabled: bool,
}

/// A class: several attendees share a time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Seats {
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) disabled: bool,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) seats_per_time_slot: Option<i64>,
}

/// Something that an event type asks its booker.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Field {
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) is_default: bool,
    #[serde(default, deserialize_with = "lenient::text", rename = "type")]
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) slug: String,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) required: bool,
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) hidden: bool,
}

/// Where it takes place.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Location {
    #[serde(default, deserialize_with = "lenient::text", rename = "type")]
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) address: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) integration: String,
}

/// A schedule, for opening hours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Schedule {
    pub(crate) availability: Vec<Stretch>,
}

/// The same hours on several days of the week, on the schedule's clock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stretch {
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) days: Vec<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) start_time: String,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) end_time: String,
}

impl EventType {
    /// How many share a time, where that is more than one.
    pub(crate) fn class_of(&self) -> Option<i64> {
        let seats = match &self.seats {
            Some(seats) if !seats.disabled => seats.seats_per_time_slot,
            Some(_) => None,
            None => self.seats_per_time_slot,
        };
        seats.filter(|seats| *seats > 0)
    }

    /// What it asks under a short name.
    pub(crate) fn field(&self, slug: &str) -> Option<&Field> {
        self.booking_fields.iter().find(|field| field.slug == slug)
    }

    /// Whether a name of the scheduling type, however it is written (`roundRobin`, `ROUND_ROBIN`).
    pub(crate) fn is_scheduled(&self, name: &str) -> bool {
        let letters =
            |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
        letters(&self.scheduling_type) == letters(name)
    }
}
