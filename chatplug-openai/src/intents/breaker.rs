//! Leaves an endpoint alone that fails again and again, and tries it once in a while.

use chrono::{DateTime, Duration as Span, Utc};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Failures in a row after which it is left alone.
const PATIENCE: u32 = 5;
/// For so long at first, then twice as long each time.
const FIRST: Span = Span::seconds(15);
const LONGEST: Span = Span::minutes(10);

#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    /// How long one trial may take, during which there is no other.
    trial: Span,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<DateTime<Utc>>,
}

impl Breaker {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { state: Mutex::default(), trial: Span::from_std(timeout).unwrap_or(LONGEST) }
    }

    /// Whether a call may be made. After a rest one is, and the others wait for what becomes of it.
    pub(super) fn admits(&self, now: DateTime<Utc>) -> bool {
        let mut state = self.lock();
        match state.until {
            // Further ahead than it is ever left alone: the clock was put back.
            Some(until) if now < until && until <= now + Span::days(2) => false,
            Some(_) => {
                state.until = Some(now + self.trial);
                true
            }
            None => true,
        }
    }

    /// A call went well.
    pub(super) fn well(&self) {
        *self.lock() = State::default();
    }

    /// A call failed.
    pub(super) fn failed(&self, now: DateTime<Utc>) {
        let mut state = self.lock();
        state.failures = state.failures.saturating_add(1);
        if let Some(over) = state.failures.checked_sub(PATIENCE) {
            state.until = Some(now + (FIRST * (1 << over.min(10))).min(LONGEST));
        }
    }

    /// The endpoint said when to come again.
    pub(super) fn rest(&self, until: DateTime<Utc>) {
        let mut state = self.lock();
        state.until = state.until.max(Some(until));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_after_failures_tries_once_and_recovers() {
        let breaker = Breaker::new(Duration::from_secs(3));
        let mut now = DateTime::from_timestamp(1_773_000_000, 0).unwrap();
        for _ in 0..PATIENCE {
            assert!(breaker.admits(now));
            breaker.failed(now);
        }
        assert!(!breaker.admits(now));
        now += FIRST;
        assert!(breaker.admits(now), "one trial");
        assert!(!breaker.admits(now), "and no other meanwhile");
        breaker.failed(now);
        assert!(!breaker.admits(now + FIRST), "a failed trial: twice as long");
        now += FIRST * 2;
        assert!(breaker.admits(now));
        breaker.well();
        assert!(breaker.admits(now) && breaker.admits(now));
        breaker.rest(now + Span::seconds(7));
        assert!(!breaker.admits(now + Span::seconds(6)));
        assert!(breaker.admits(now + Span::seconds(7)));
    }
}
