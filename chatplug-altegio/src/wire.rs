//! Altegio's JSON as it really comes: numbers as strings, flags as 0 and 1, `[]` for an empty object, unknown fields, and
//! dates in half a dozen ways. Whatever may be missing is optional; what it means for a booking is in `backend`.

pub(crate) mod lenient;
pub(crate) mod record;
pub(crate) mod schedule;
pub(crate) mod shop;
pub(crate) mod time;
