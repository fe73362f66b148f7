//! Local time made unambiguous, in one place.

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// An inclusive range of local dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DateRange {
    /// First day.
    pub from: NaiveDate,
    /// Last day, included.
    pub to: NaiveDate,
}

impl DateRange {
    /// A range of one day.
    #[must_use]
    pub const fn day(date: NaiveDate) -> Self {
        Self { from: date, to: date }
    }

    /// Whether a date lies inside.
    #[must_use]
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.from <= date && date <= self.to
    }

    /// The days, first to last.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let to = self.to;
        self.from.iter_days().take_while(move |day| *day <= to)
    }
}

/// A local time that does not exist: the clock jumps over it in the night when daylight saving begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{local} does not exist in {zone}: the clock jumps over it")]
pub struct LocalTimeError {
    /// The wall time asked for.
    pub local: NaiveDateTime,
    /// The zone it was asked for.
    pub zone: Tz,
}

/// The instant of a wall time in a zone; of a time that happens twice (the clock goes back) the first.
///
/// # Errors
/// When the wall time is skipped by the clock going forward.
pub fn local_to_utc(local: NaiveDateTime, zone: Tz) -> Result<DateTime<Utc>, LocalTimeError> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) => Ok(time.with_timezone(&Utc)),
        LocalResult::Ambiguous(first, second) => Ok(first.min(second).with_timezone(&Utc)),
        // chrono-tz may report None at the edge of its tables too; both mean: not a time to book.
        LocalResult::None => Err(LocalTimeError { local, zone }),
    }
}

/// The first existing instant at or after a wall time.
#[must_use]
pub fn local_or_next(local: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    // Gaps are at most a few hours; a quarter of an hour is the finest step of any zone's gap.
    (0..200)
        .map(|step| local + Duration::minutes(15 * step))
        .find_map(|time| local_to_utc(time, zone).ok())
        .unwrap_or_else(|| Utc.from_utc_datetime(&local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    #[test]
    fn skipped_and_repeated_wall_times() {
        let zone = chrono_tz::Europe::Lisbon;
        assert!(local_to_utc(at("2026-03-29T01:30:00"), zone).is_err());
        assert_eq!(local_or_next(at("2026-03-29T01:30:00"), zone).to_rfc3339(), "2026-03-29T01:00:00+00:00");
        assert_eq!(local_to_utc(at("2026-10-25T01:30:00"), zone).unwrap().to_rfc3339(), "2026-10-25T00:30:00+00:00");
    }
}
