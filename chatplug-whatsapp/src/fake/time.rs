//! A fake's time, and how it writes a phone number.

use chatplug_core::ports::{Clock, SystemClock};
use chrono::{DateTime, Duration, Utc};
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

/// A number without its plus sign and punctuation; anything else as it is.
pub(super) fn digits(user: &str) -> String {
    let plain = user.replace(['+', ' ', '-', '(', ')'], "");
    if !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit()) { plain } else { user.to_owned() }
}
