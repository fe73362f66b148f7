//! The fake's time, and the ways in which Altegio prints and reads times.

use chatplug_core::{
    model::local_or_next,
    ports::{Clock, SystemClock},
};
use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _, Utc};
use chrono_tz::{OffsetComponents as _, Tz};
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

    /// What the salon's clock on the wall shows.
    pub(super) fn on_wall(&self, zone: Tz) -> NaiveDateTime {
        self.now().with_timezone(&zone).naive_local()
    }
}

/// `2026-04-20 18:30:00`.
pub(super) fn naive(wall: NaiveDateTime) -> String {
    wall.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-04-20T18:30:00+05:00`; with the winter's offset in summer when the trap is set.
pub(super) fn with_colon(wall: NaiveDateTime, zone: Tz, winter: bool) -> String {
    format!("{}{}", wall.format("%Y-%m-%dT%H:%M:%S"), offset(wall, zone, winter))
}

/// `2026-04-20T18:30:00+0500`.
pub(super) fn without_colon(wall: NaiveDateTime, zone: Tz) -> String {
    format!("{}{}", wall.format("%Y-%m-%dT%H:%M:%S"), offset(wall, zone, false).to_string().replace(':', ""))
}

/// The offset that a zone has at a wall time, or has in winter.
pub(super) fn offset(wall: NaiveDateTime, zone: Tz, winter: bool) -> FixedOffset {
    let offset = zone.offset_from_utc_datetime(&local_or_next(wall, zone).naive_utc());
    let seconds = i32::try_from(offset.base_utc_offset().num_seconds()).ok();
    match seconds.and_then(FixedOffset::east_opt).filter(|_| winter) {
        Some(base) => base,
        None => offset.fix(),
    }
}

/// A `datetime` of a request: the wall time that is written, and the offset if one is. The wall time counts.
pub(super) fn read(text: &str) -> Option<(NaiveDateTime, Option<FixedOffset>)> {
    for format in ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M%:z"] {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Some((time.naive_local(), Some(*time.offset())));
        }
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some((time.naive_local(), Some(*time.offset())));
    }
    let formats = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()).map(|time| (time, None))
}

/// `YYYY-MM-DD`.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// A time of day that is known to exist.
pub(super) fn clock(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default()
}
