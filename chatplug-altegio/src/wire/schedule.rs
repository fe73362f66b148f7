//! When people work, what of it is taken, and what is offered online.

use super::lenient::{list, maybe_int, text};
use serde::Deserialize;

/// One person's day in `GET /company/{id}/staff/schedule`.
#[derive(Debug, Deserialize)]
pub(crate) struct StaffDay {
    /// The portal has another word for it.
    #[serde(default, alias = "team_member_id", deserialize_with = "maybe_int")]
    pub(crate) staff_id: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) date: String,
    #[serde(default, deserialize_with = "list")]
    pub(crate) slots: Vec<Stretch>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) busy_intervals: Vec<Stretch>,
}

/// From … to, on the wall clock.
#[derive(Debug, Deserialize)]
pub(crate) struct Stretch {
    #[serde(default, deserialize_with = "text")]
    pub(crate) from: String,
    #[serde(default, deserialize_with = "text")]
    pub(crate) to: String,
    /// `record` or `activity`, of what is taken.
    #[serde(default, deserialize_with = "text")]
    pub(crate) entity_type: String,
    #[serde(default, deserialize_with = "maybe_int")]
    pub(crate) entity_id: Option<i64>,
}

/// A time in `GET /book_times`.
#[derive(Debug, Deserialize)]
pub(crate) struct Seance {
    /// May lack its leading zero.
    #[serde(default, deserialize_with = "text")]
    pub(crate) time: String,
}

/// `GET /book_dates`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Dates {
    #[serde(default, deserialize_with = "list")]
    pub(crate) booking_dates: Vec<String>,
}
