//! Altegio's JSON as it really comes: numbers as strings, flags as 0 and 1, `[]` for an empty object, unknown fields, and
//! dates in half a dozen ways. Whatever may be missing is optional; what it means for a booking is in `backend`.

#[cfg_attr(not(test), expect(dead_code, reason = "what is read so is only there in part"))]
pub(crate) mod lenient;
#[cfg_attr(not(test), expect(dead_code, reason = "what is read so is only there in part"))]
pub(crate) mod time;
