//! A branch that goes from one booking system to another, whichever the two are: what is what there ([`propose`], and
//! [`MappingFile`] to edit it), whether the new one is fit ([`soundness`], [`compare`]), and moving what is booked ([`Mover`]).
//!
//! Works on two [`BookingBackend`](crate::ports::BookingBackend)s and the store; no vendor is known here. How conversations
//! follow is the dialogue's; which system acts is the [directory](crate::engine::LiveDirectory)'s. See `docs/adr/0013`.

mod compare;
mod file;
mod mapping;
mod mover;
mod names;
mod sound;

pub use compare::{Comparison, DayDifference, compare};
pub use file::{Fault, Mapping, MappingFile};
pub use mapping::{Pair, Partner, Proposal, propose};
pub use mover::{Left, Mover, OldBooking, Receipt, Refusal, Step, Summary, SwapError};
pub use sound::{Promise, check_catalog, check_slots, soundness};

use crate::model::{ActionKey, Booking, BookingRef, InstallId};

/// The key under which a booking of one system is made at another: the same one however often it is tried, so that it is
/// found there and never made twice.
#[must_use]
pub fn key_of(booking: &BookingRef, to: &InstallId) -> ActionKey {
    let BookingRef { install, branch, backend_id } = booking;
    ActionKey::derive(&["swap", install.as_str(), branch.as_str(), backend_id, to.as_str()])
}

/// Whether a booking was made as the same visit as one of another system.
#[must_use]
pub fn is_copy_of(copy: &Booking, of: &Booking) -> bool {
    copy.reference.install != of.reference.install
        && copy.reference.branch == of.reference.branch
        && copy.made_by == Some(key_of(&of.reference, &copy.reference.install))
}
