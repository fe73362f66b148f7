//! A breaker: who does not answer several times in a row is left alone for a while, and then tried by one call first.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// So many failures in a row open it.
const FAILURES: u32 = 5;
/// So long it stays open at first; twice as long each time the trial fails.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A breaker around one vendor (or one host of a vendor). Whoever calls asks [`enter`](Self::enter) first, and tells the
/// [`Permit`] afterwards whether somebody answered: a refusal is an answer, a timeout or nonsense is none.
#[derive(Debug)]
pub struct Circuit {
    vendor: &'static str,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Nothing is let through before, and one call after.
    open_until: Option<Instant>,
    pause: Duration,
    trying: bool,
}

/// Leave to make one call.
#[derive(Debug)]
pub struct Permit {
    circuit: Arc<Circuit>,
    is_trial: bool,
}

impl Circuit {
    /// A closed one, under the vendor's name for logs.
    #[must_use]
    pub fn new(vendor: &'static str) -> Self {
        Self { vendor, state: Mutex::default() }
    }

    /// Leave to call now; `None`: it is left alone.
    pub fn enter(self: &Arc<Self>, now: Instant) -> Option<Permit> {
        let mut state = self.lock();
        let is_trial = match state.open_until {
            None => false,
            Some(until) if now < until || state.trying => return None,
            Some(_) => true,
        };
        state.trying |= is_trial;
        drop(state);
        Some(Permit { circuit: Arc::clone(self), is_trial })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The call was made: somebody answered, or nobody.
    pub fn finish(self, answered: bool, now: Instant) {
        let vendor = self.circuit.vendor;
        let mut state = self.circuit.lock();
        if answered {
            if state.open_until.is_some() {
                tracing::info!(vendor, "the booking system answers again");
            }
            (state.failures, state.open_until, state.pause) = (0, None, Duration::ZERO);
            return;
        }
        state.failures = state.failures.saturating_add(1);
        // Those that were under way when it opened do not open it again.
        if self.is_trial || (state.open_until.is_none() && state.failures >= FAILURES) {
            state.pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            state.open_until = Some(now + state.pause);
            tracing::warn!(
                vendor,
                pause_ms = state.pause.as_millis(),
                "the booking system does not answer: it is left alone for a while"
            );
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_trial {
            self.circuit.lock().trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(circuit: &Arc<Circuit>, times: u32, now: Instant) {
        for _ in 0..times {
            circuit.enter(now).unwrap().finish(false, now);
        }
    }

    #[test]
    fn who_fails_often_is_left_alone_and_tried_by_one() {
        let (circuit, now) = (Arc::new(Circuit::new("vendor")), Instant::now());
        fail(&circuit, FAILURES - 1, now);
        circuit.enter(now).unwrap().finish(true, now);
        fail(&circuit, FAILURES, now);
        assert!(circuit.enter(now).is_none(), "a success in between begins the count anew, and five open it");
        let later = now + FIRST_PAUSE;
        let trial = circuit.enter(later).unwrap();
        assert!(circuit.enter(later).is_none(), "one at a time");
        trial.finish(false, later);
        assert!(circuit.enter(later + FIRST_PAUSE).is_none(), "twice as long");
        let later = later + FIRST_PAUSE * 2;
        circuit.enter(later).unwrap().finish(true, later);
        fail(&circuit, FAILURES - 1, later);
        assert!(circuit.enter(later).is_some(), "all is forgotten");
    }

    #[test]
    fn a_trial_that_is_given_up_leaves_room_for_the_next() {
        let (circuit, now) = (Arc::new(Circuit::new("vendor")), Instant::now());
        fail(&circuit, FAILURES, now);
        drop(circuit.enter(now + FIRST_PAUSE).unwrap());
        assert!(circuit.enter(now + FIRST_PAUSE).is_some());
    }
}
