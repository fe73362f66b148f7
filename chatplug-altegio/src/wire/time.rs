//! Dates and times. What a location's clock shows is the truth; offsets may be those of another season, and are not read.

use chatplug_core::model::local_to_utc;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;

/// What the clock shows: `2026-04-20 18:30:00`, `2026-04-20T18:30:00+05:00`, `…+0500`, `….000-05:00`, without seconds. An
/// offset is left out of account.
pub(crate) fn wall(text: &str) -> Option<NaiveDateTime> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let time = rest.strip_prefix(['T', ' '])?;
    let end = time.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(time.len());
    day(date)?.and_time(clock(time.get(..end)?)?).into()
}

/// A day; `0000-00-00` and those of 1970 and before stand for none.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let day: NaiveDate = text.trim().get(..10)?.parse().ok()?;
    (day > NaiveDate::from_ymd_opt(1970, 12, 31)?).then_some(day)
}

/// A time of day: `9:00`, `09:00`, `09:00:00`.
fn clock(text: &str) -> Option<NaiveTime> {
    let mut parts = text.trim().split(':').map(|part| part.parse::<u32>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    NaiveTime::from_hms_opt(hour, minute, parts.next().unwrap_or(Some(0))?)
}

/// Seconds since the day began: `9:00` is 32400, and `24:00` its end.
pub(crate) fn seconds_of_day(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
    let seconds = hour * 3600 + minute * 60 + second;
    ((0..=24 * 3600).contains(&seconds) && (0..60).contains(&minute)).then_some(seconds)
}

/// The instant at which a location's clock shows this; a time that the clock jumps over is none, of one that comes twice
/// it is the first.
pub(crate) fn instant(wall: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    local_to_utc(wall, zone).ok()
}

/// How a request says a time: the location's clock with its true offset.
pub(crate) fn written(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_shows_the_same_clock() {
        let expected = "2026-04-20T18:30:00".parse().ok();
        for text in [
            "2026-04-20 18:30:00",
            "2026-04-20T18:30:00",
            "2026-04-20T18:30:00+05:00",
            "2026-04-20T18:30:00+0500",
            "2026-04-20T18:30:00-05:00",
            "2026-04-20T18:30:00Z",
            "2026-04-20T18:30:00.000-05:00",
            "2026-04-20T18:30",
        ] {
            assert_eq!(wall(text), expected, "{text}");
        }
        for text in ["", "2026-04-20", "0000-00-00 00:00:00", "1970-01-01 00:00:00", "1900-05-04T00:00:00", "soon", "é"]
        {
            assert_eq!(wall(text), None, "{text}");
        }
        assert_eq!(
            ["9:00", "09:00:30", "24:00", "25:00", "x"].map(seconds_of_day),
            [Some(32_400), Some(32_430), Some(86_400), None, None]
        );
    }

    #[test]
    fn a_winter_offset_in_summer_moves_nothing() {
        let zone = chrono_tz::Europe::Belgrade;
        let told = wall("2026-07-15T10:30:00+01:00").unwrap();
        let at = instant(told, zone).unwrap();
        assert_eq!(at.to_rfc3339(), "2026-07-15T08:30:00+00:00");
        assert_eq!(written(at, zone), "2026-07-15T10:30:00+02:00", "and is written with the true one");
    }
}
