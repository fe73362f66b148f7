//! Cal.com's JSON, as far as it is used. What is absent, `null` and `""` are the same: servers of different years differ in
//! which they send. Unknown members are ignored. What must be there is required, so that an answer of another version of
//! the API is noticed.

pub(crate) mod booking;
pub(crate) mod lenient;
pub(crate) mod shop;
pub(crate) mod slots;
