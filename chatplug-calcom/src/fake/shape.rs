//! How things look on the wire.

pub(super) mod booking;
pub(super) mod event_type;
pub(super) mod old;
