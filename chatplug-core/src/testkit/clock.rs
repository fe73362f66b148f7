//! Time that a test owns.

use super::lock;
use crate::ports::{Clock, Machine};
use chrono::{DateTime, Duration, Utc};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

/// A clock that stands still until it is told to move. Clones share one time; it counts whole microseconds.
///
/// ```
/// # use chatplug_core::{ports::Clock as _, testkit::VirtualClock};
/// let clock = VirtualClock::starting("2026-03-02T09:00:00Z");
/// clock.advance(chrono::Duration::minutes(5));
/// assert_eq!(clock.now().to_rfc3339(), "2026-03-02T09:05:00+00:00");
/// ```
#[derive(Debug, Clone)]
pub struct VirtualClock(Arc<AtomicI64>);

impl VirtualClock {
    /// A clock that stands at an instant.
    #[must_use]
    pub fn new(now: DateTime<Utc>) -> Self {
        Self(Arc::new(AtomicI64::new(now.timestamp_micros())))
    }

    /// A clock that stands at an instant, written as in RFC 3339.
    ///
    /// # Panics
    /// When the text is no instant.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that cannot tell its own time is wrong")]
    pub fn starting(now: &str) -> Self {
        match now.parse() {
            Ok(now) => Self::new(now),
            Err(error) => panic!("\"{now}\" is no instant in RFC 3339: {error}"),
        }
    }

    /// Moves it to an instant, forward or back.
    pub fn set(&self, now: DateTime<Utc>) {
        self.0.store(now.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves it on and answers the new time.
    pub fn advance(&self, by: Duration) -> DateTime<Utc> {
        self.0.fetch_add(by.num_microseconds().unwrap_or(0), Ordering::SeqCst);
        self.now()
    }

    /// Moves it to an instant unless it stands there or later already; answers the new time.
    pub fn advance_to(&self, to: DateTime<Utc>) -> DateTime<Utc> {
        self.0.fetch_max(to.timestamp_micros(), Ordering::SeqCst);
        self.now()
    }
}

/// The clocks of a machine that a test owns: time passes when it is told to, and what the clock shows can be set. Clones
/// share one machine.
#[derive(Debug, Clone)]
pub struct VirtualMachine(Arc<Mutex<(std::time::Duration, DateTime<Utc>)>>);

impl VirtualMachine {
    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        let mut clocks = lock(&self.0);
        clocks.0 += time.to_std().unwrap_or_default();
        clocks.1 += time;
    }

    /// Sets what the clock shows, forward or back: no time passes.
    pub fn set(&self, wall: DateTime<Utc>) {
        lock(&self.0).1 = wall;
    }
}

impl Default for VirtualMachine {
    /// Runs for an hour, and shows what a [`VirtualClock`] does by default.
    fn default() -> Self {
        Self(Arc::new(Mutex::new((std::time::Duration::from_secs(3600), VirtualClock::default().now()))))
    }
}

impl Machine for VirtualMachine {
    fn uptime(&self) -> std::time::Duration {
        lock(&self.0).0
    }

    fn wall(&self) -> DateTime<Utc> {
        lock(&self.0).1
    }
}

impl Default for VirtualClock {
    /// Stands on Monday, 2 March 2026, 09:00 UTC: no zone changes its clocks that week before Sunday.
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(1_772_442_000_000_000)))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }

    fn adrift(&self) -> Duration {
        Duration::zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_told() {
        let clock = VirtualClock::default();
        assert_eq!(clock.now().to_rfc3339(), "2026-03-02T09:00:00+00:00");
        let other = clock.clone();
        clock.advance(Duration::milliseconds(1500));
        assert_eq!(other.now(), clock.now());
        assert_eq!(clock.advance_to("2026-03-01T00:00:00Z".parse().unwrap()), other.now(), "never back");
        clock.set("2026-03-01T00:00:00Z".parse().unwrap());
        assert_eq!(other.now().to_rfc3339(), "2026-03-01T00:00:00+00:00");
    }
}
