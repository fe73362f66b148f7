//! The fake's time, and the ways in which Cal.com prints and reads times.

use chatplug_core::ports::{Clock, SystemClock};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use std::sync::Arc;

/// The fake's time: a clock, or an instant at which it stands, and how far it was moved.
#[derive(Debug)]
pub(super) struct Time {
    clock: Arc<dyn Clock>,
    stopped: Option<DateTime<Utc>>,
    moved: Duration,
}

impl Default for Time {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), stopped: None, moved: Duration::zero() }
    }
}

impl Time {
    pub(super) fn follow(&mut self, clock: Arc<dyn Clock>) {
        *self = Self { clock, stopped: None, moved: Duration::zero() };
    }

    pub(super) fn stop(&mut self, now: DateTime<Utc>) {
        self.stopped = Some(now);
        self.moved = Duration::zero();
    }

    pub(super) fn advance(&mut self, by: Duration) {
        self.moved += by;
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.stopped.unwrap_or_else(|| self.clock.now()) + self.moved
    }
}

/// `2026-11-23T09:00:00.000Z`.
pub(super) fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `2026-11-23T09:00:00Z`: some webhooks.
pub(super) fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `2026-11-23T10:00:00.000+01:00`; of UTC itself, `…Z`.
pub(super) fn in_zone(time: DateTime<Utc>, zone: Option<Tz>) -> String {
    match zone {
        None => stamp(time),
        Some(zone) => time.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Millis, true),
    }
}

/// An instant of a request. Without an offset it is UTC, whatever zone the attendee has.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    for format in ["%Y-%m-%dT%H:%M%:z", "%Y-%m-%dT%H:%M:%S%.f%z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some(time.to_utc());
        }
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%MZ"];
    let naive = formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    naive.or_else(|| day(text).map(|day| day.and_time(chrono::NaiveTime::MIN))).map(|time| time.and_utc())
}

/// `YYYY-MM-DD`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// The last second of a day of UTC.
pub(super) fn end_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc() + Duration::seconds(86_399)
}
