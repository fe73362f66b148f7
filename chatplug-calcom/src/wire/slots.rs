//! Free times. Contract: "`GET /v2/slots`".

use super::lenient;
use chatplug_core::model::Private;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Free times by local day; days without any are absent.
pub(crate) type Days = BTreeMap<String, Vec<Time>>;

/// One free time, as an object: the official description says texts, no server sends them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Time {
    pub(crate) start: DateTime<Utc>,
    /// With `format=range`.
    #[serde(default)]
    pub(crate) end: Option<DateTime<Utc>>,
    /// Of classes: full ones stay in the list with none.
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) seats_remaining: Option<i64>,
    #[serde(default, deserialize_with = "lenient::maybe_int")]
    pub(crate) seats_total: Option<i64>,
    /// Of classes: the booking that those who come share. A secret.
    #[serde(default, deserialize_with = "lenient::private")]
    pub(crate) booking_uid: Private<String>,
    /// Called off by an absence with somebody in place.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub(crate) away: bool,
}
