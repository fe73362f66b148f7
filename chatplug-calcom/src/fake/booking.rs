//! Bookings as the server keeps them, and as a test looks at them.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a booking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FakeStatus {
    /// It stands.
    Accepted,
    /// It waits for the host's word.
    Pending,
    /// Called off, or moved away.
    Cancelled,
    /// The host said no.
    Rejected,
}

impl FakeStatus {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Pending => "pending",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
        }
    }

    pub(super) const fn stands(self) -> bool {
        matches!(self, Self::Accepted | Self::Pending)
    }
}

/// A booking, as a test looks at it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FakeBooking {
    /// Number.
    pub id: u64,
    /// What it is known by: whoever has it may move it and call it off.
    pub uid: String,
    /// What was booked.
    pub event_type: u64,
    /// Users who host; the first is the organiser.
    pub hosts: Vec<u64>,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// What it is.
    pub status: FakeStatus,
    /// Who booked, then everybody else who comes.
    pub attendees: Vec<FakeAttendee>,
    /// What the caller keeps at it.
    pub metadata: BTreeMap<String, String>,
    /// Why it was called off.
    pub cancellation: Option<String>,
    /// The one it was moved from.
    pub from: Option<String>,
    /// The one it was moved to.
    pub to: Option<String>,
    /// The series it belongs to.
    pub series: Option<String>,
}

/// Somebody who comes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FakeAttendee {
    /// Name; empty for guests.
    pub name: String,
    /// E-mail: on types without, one that the server invented.
    pub email: String,
    /// Phone, as it was given.
    pub phone: Option<String>,
    /// Whether the host says that they did not come.
    pub absent: bool,
    /// The seat, where there are seats.
    pub seat: Option<String>,
}

/// A booking, as the server keeps it.
#[derive(Debug, Clone)]
pub(super) struct Booking {
    pub(super) id: u64,
    pub(super) uid: String,
    pub(super) ics: String,
    pub(super) moves: u32,
    pub(super) event_type: u64,
    pub(super) slug: String,
    pub(super) hosts: Vec<u64>,
    pub(super) status: FakeStatus,
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) title: String,
    pub(super) location: Option<String>,
    pub(super) metadata: Map<String, Value>,
    pub(super) responses: Map<String, Value>,
    pub(super) attendees: Vec<Attendee>,
    pub(super) guests: Vec<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) cancellation: Option<String>,
    pub(super) cancelled_by: Option<String>,
    pub(super) rescheduling: Option<String>,
    pub(super) rescheduled_by: Option<String>,
    pub(super) rejection: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) series: Option<String>,
    pub(super) absent_host: bool,
    pub(super) seated: bool,
}

/// Somebody who comes, as the server keeps them.
#[derive(Debug, Clone)]
pub(super) struct Attendee {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) zone: String,
    pub(super) language: String,
    pub(super) phone: Option<String>,
    pub(super) absent: bool,
    pub(super) seat: Option<Seat>,
}

/// A place at a time that has several.
#[derive(Debug, Clone)]
pub(super) struct Seat {
    pub(super) uid: String,
    pub(super) metadata: Map<String, Value>,
    pub(super) responses: Map<String, Value>,
}

impl Booking {
    pub(super) fn minutes(&self) -> i64 {
        (self.end - self.start).num_minutes()
    }

    /// The metadata as the database has it. A request that was moved has something of the server's own in it, which later
    /// versions do not show.
    pub(super) fn stored(&self) -> Map<String, Value> {
        let mut stored = self.metadata.clone();
        if self.moves > 0 && self.status == FakeStatus::Pending {
            stored.insert("videoCallUrl".to_owned(), Value::from(""));
        }
        stored
    }

    pub(super) fn view(&self) -> FakeBooking {
        let attendee = |one: &Attendee| FakeAttendee {
            name: one.name.clone(),
            email: one.email.clone(),
            phone: one.phone.clone(),
            absent: one.absent,
            seat: one.seat.as_ref().map(|seat| seat.uid.clone()),
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        FakeBooking {
            id: self.id,
            uid: self.uid.clone(),
            event_type: self.event_type,
            hosts: self.hosts.clone(),
            start: self.start,
            end: self.end,
            status: self.status,
            attendees: self.attendees.iter().map(attendee).collect(),
            metadata: self.metadata.iter().map(|(key, value)| (key.clone(), text(value))).collect(),
            cancellation: self.cancellation.clone(),
            from: self.from.clone(),
            to: self.to.clone(),
            series: self.series.clone(),
        }
    }
}

/// A time that somebody looks at. It protects nobody. Contract: "Reservations".
#[derive(Debug, Clone)]
pub(super) struct Reservation {
    pub(super) uid: String,
    pub(super) event_type: u64,
    pub(super) host: Option<u64>,
    pub(super) start: DateTime<Utc>,
    pub(super) end: DateTime<Utc>,
    pub(super) minutes: i64,
    pub(super) until: DateTime<Utc>,
}
