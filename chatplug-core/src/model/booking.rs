//! Bookings, as the booking system last said.

use super::{BookingId, BranchId, ContactId, InstallId, Price, ServiceId, StaffId};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A booking's name in a booking system. One stable [`BookingId`] has one or more over its life:
/// some systems give a new one when a booking moves.
///
/// With some systems the name is a secret: whoever knows it may read, move and cancel the booking. So `Debug` prints
/// [`shown`](Self::shown) in its place, and so does everything that is logged, audited or exported.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BookingRef {
    /// Which account of which system.
    pub install: InstallId,
    /// At which branch.
    pub branch: BranchId,
    /// The system's id; a secret with some (whoever knows it may cancel), so never shown to clients or logged.
    pub backend_id: String,
}

impl BookingRef {
    /// What stands for the name where people read it: the same for the same name always, and no way back.
    #[must_use]
    pub fn shown(&self) -> String {
        shown_name(&self.backend_id)
    }
}

/// What stands for a booking system's name of a booking where people read it; see [`BookingRef::shown`].
#[must_use]
pub fn shown_name(backend_id: &str) -> String {
    let mut shown = BookingId::derive(&["shown", backend_id]).to_string();
    shown.truncate(12);
    shown
}

impl fmt::Debug for BookingRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BookingRef({}/{}#{})", self.install, self.branch, self.shown())
    }
}

/// A booking read back from the booking system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// Our stable id, once the store has given one; backends leave it empty.
    #[serde(default)]
    pub id: Option<BookingId>,
    /// The backend's current name of it.
    pub reference: BookingRef,
    /// What, in order.
    pub services: Vec<ServiceId>,
    /// Name of the (first) service as the backend prints it, for bookings whose service is gone from the catalogue.
    pub title: String,
    /// With whom, when the backend says.
    pub staff: Option<StaffId>,
    /// Begin.
    pub start: DateTime<Utc>,
    /// End, without buffers.
    pub end: DateTime<Utc>,
    /// Zone of the branch.
    pub zone: Tz,
    /// State.
    pub status: BookingStatus,
    /// The client said they will come.
    pub confirmed: bool,
    /// What was agreed to pay, when known.
    pub price: Option<Price>,
    /// Whose it is, where the backend keeps our contact; adapters match by phone otherwise.
    #[serde(default)]
    pub contact: Option<ContactId>,
    /// The action key it was made with, where the backend keeps one: how we recognise our own.
    #[serde(default)]
    pub made_by: Option<super::ActionKey>,
}

impl Booking {
    /// Whether it still lies ahead and stands.
    #[must_use]
    pub fn is_upcoming(&self, now: DateTime<Utc>) -> bool {
        self.start > now && matches!(self.status, BookingStatus::Booked | BookingStatus::Requested)
    }

    /// Whether it is the same visit to a client: at the same time and place, with the same person, for the same services.
    /// In which order the services are told means nothing.
    #[must_use]
    pub fn is_same_visit(&self, other: &Self) -> bool {
        let sorted = |booking: &Self| {
            let mut services = booking.services.clone();
            services.sort_unstable();
            services
        };
        (self.start, &self.staff, &self.reference.branch) == (other.start, &other.staff, &other.reference.branch)
            && sorted(self) == sorted(other)
    }
}

/// The state of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BookingStatus {
    /// Stands.
    Booked,
    /// Waits for the business's approval; never rendered as booked.
    Requested,
    /// Cancelled or declined.
    Cancelled,
    /// The visit happened.
    Completed,
    /// The client did not come.
    NoShow,
}

/// Why a booking is cancelled; some systems insist on a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CancelReason {
    /// The client asked for it in the chat.
    Client,
    /// It was replaced by another booking (moving without in-place support).
    Moved,
    /// A person of the business did it.
    Team,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_booking_is_never_printed() {
        let reference = BookingRef {
            install: "calcom".parse().unwrap(),
            branch: "centre".parse().unwrap(),
            backend_id: "syVnAwQK3zB2ter55N3LdR".to_owned(),
        };
        let printed = format!("{reference:?}");
        assert!(!printed.contains("syVn"), "{printed}");
        assert_eq!(printed, format!("{:?}", reference.clone()), "and one is told from another all the same");
        assert_ne!(printed, format!("{:?}", BookingRef { backend_id: "other".to_owned(), ..reference }));
    }
}
