//! Calls kept within a vendor's limits.

use super::{forward_backend, forward_messenger};
use crate::ports::{BackendError, BookError, Clock, SendError};
use chrono::{DateTime, Duration, Utc};
use std::{
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// A messenger or booking system that is never called faster than its vendor allows.
///
/// It does not wait for the pace: a call that comes too early answers `RateLimited` with the time to wait, and nothing
/// leaves the process. The outbox and the engine wait durably, in order, and give others their turn meanwhile; a
/// wrapper that slept would do neither. It does wait for a free place among the calls under way.
#[derive(Debug)]
pub struct Throttled<P: ?Sized> {
    inner: Arc<P>,
    pace: Pace,
}

/// How fast a vendor may be called. Clones share one count: give the same pace to all that share a limit (a credential,
/// an address, a number).
#[derive(Debug, Clone)]
pub struct Pace {
    clock: Arc<dyn Clock>,
    every: Duration,
    /// How far the schedule may run ahead of the clock.
    ahead: Duration,
    /// When the schedule is used up to: each call moves it by `every`.
    schedule: Arc<Mutex<DateTime<Utc>>>,
    places: Arc<Semaphore>,
}

impl Pace {
    /// `burst` calls at once, then one more `every` so often; and never more than `at_once` under way.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, burst: u32, every: Duration, at_once: usize) -> Self {
        Self {
            clock,
            every,
            ahead: every * i32::try_from(burst.saturating_sub(1)).unwrap_or(i32::MAX),
            schedule: Arc::new(Mutex::new(DateTime::<Utc>::MIN_UTC)),
            places: Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    /// Takes a place in the schedule, or says how long there is none.
    fn take(&self) -> Result<(), Duration> {
        let now = self.clock.now();
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let used = (*schedule).max(now);
        let too_early = used - now - self.ahead;
        if too_early > Duration::zero() {
            return Err(too_early);
        }
        *schedule = used + self.every;
        Ok(())
    }
}

impl<P: ?Sized> Throttled<P> {
    /// Keeps a port to a pace.
    #[must_use]
    pub const fn new(inner: Arc<P>, pace: Pace) -> Self {
        Self { inner, pace }
    }

    fn inner(&self) -> &P {
        &self.inner
    }

    async fn around<T, E: TooEarly>(
        &self,
        _port: &'static str,
        _operation: &'static str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        // The semaphore is never closed; were it, calling would still be right.
        let _place = self.pace.places.acquire().await;
        self.pace.take().map_err(E::too_early)?;
        call.await
    }
}

/// An error that can say "wait so long; nothing was done".
trait TooEarly {
    fn too_early(wait: Duration) -> Self;
}

impl TooEarly for SendError {
    fn too_early(wait: Duration) -> Self {
        Self::RateLimited { retry_after: Some(wait) }
    }
}

impl TooEarly for BackendError {
    fn too_early(wait: Duration) -> Self {
        Self::RateLimited { retry_after: Some(wait) }
    }
}

impl TooEarly for BookError {
    fn too_early(wait: Duration) -> Self {
        Self::NotDone(BackendError::too_early(wait))
    }
}

forward_backend!(Throttled);
forward_messenger!(Throttled);
