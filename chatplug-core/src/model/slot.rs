//! Times that can be booked.

use super::{BookingRef, BranchId, DateRange, Price, ServiceId, StaffId};
use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Whom the client wants.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffChoice {
    /// Anyone who does it: the fairest of those free is chosen when booking.
    Any,
    /// This person.
    One(StaffId),
}

impl StaffChoice {
    /// The person, if one was chosen.
    #[must_use]
    pub const fn id(&self) -> Option<&StaffId> {
        match self {
            Self::Any => None,
            Self::One(id) => Some(id),
        }
    }
}

/// A question for free times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SlotQuery {
    /// At which branch.
    pub branch: BranchId,
    /// Services done in one visit, in order; one today, never empty.
    pub services: Vec<ServiceId>,
    /// With whom.
    pub staff: StaffChoice,
    /// Local days of the branch, both included.
    pub days: DateRange,
    /// How many people come.
    pub party: u8,
    /// A booking that is being moved: its own time counts as free.
    pub excluding: Option<BookingRef>,
}

/// The answer to a [`SlotQuery`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Availability {
    /// Free times in order of time. For [`StaffChoice::Any`] one slot a time, with everyone free in `candidates`.
    pub slots: Vec<Slot>,
}

/// One time that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Where.
    pub branch: BranchId,
    /// What, in order.
    pub services: Vec<ServiceId>,
    /// With whom: the person asked for, or [`StaffChoice::Any`] while nobody is chosen yet.
    pub staff: StaffChoice,
    /// Who could do it at that time, the fairest first where the backend knows; empty when the backend picks by itself.
    pub candidates: Vec<StaffId>,
    /// Begin.
    pub start: DateTime<Utc>,
    /// End, without buffers.
    pub end: DateTime<Utc>,
    /// Zone of the branch: `start` in it is what the client sees.
    pub zone: Tz,
    /// What it costs at this time with this person, when the backend says.
    pub price: Option<Price>,
    /// Whatever the backend wants back when this slot is booked; opaque.
    pub token: Option<String>,
    /// Minutes before `start` that the subject is taken too.
    pub buffer_before: u32,
    /// Minutes after `end` that the subject is taken too.
    pub buffer_after: u32,
    /// How many bookings may share the time (1 for a person; more for a class).
    pub capacity: u32,
}

impl Slot {
    /// Begin on the branch's wall clock.
    #[must_use]
    pub fn local_start(&self) -> NaiveDateTime {
        self.start.with_timezone(&self.zone).naive_local()
    }

    /// The person, if one is chosen.
    #[must_use]
    pub const fn staff_id(&self) -> Option<&StaffId> {
        self.staff.id()
    }

    /// The same slot with a person chosen.
    #[must_use]
    pub fn with_staff(mut self, staff: StaffId) -> Self {
        self.staff = StaffChoice::One(staff);
        self
    }
}

/// Who or what a booking takes: two claims on one subject may not overlap beyond its capacity.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ClaimSubject(pub String);

impl ClaimSubject {
    /// A member of staff of a branch.
    #[must_use]
    pub fn staff(branch: &BranchId, staff: &StaffId) -> Self {
        Self(format!("{branch}/staff/{staff}"))
    }

    /// A service without staff of a branch (a class, a room, a pool the backend picks from).
    #[must_use]
    pub fn service(branch: &BranchId, service: &ServiceId) -> Self {
        Self(format!("{branch}/service/{service}"))
    }
}
