//! What each route does.

pub(super) mod bookings;
pub(super) mod calendars;
pub(super) mod change;
pub(super) mod create;
pub(super) mod event_types;
pub(super) mod list;
pub(super) mod me;
pub(super) mod old;
pub(super) mod organizations;
pub(super) mod people;
pub(super) mod reservations;
pub(super) mod schedules;
pub(super) mod slots;
pub(super) mod teams;
