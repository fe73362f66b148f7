//! Calls kept within a vendor's limits.

use super::{Pace, forward_backend, forward_messenger};
use crate::ports::{BackendError, BookError, SendError};
use chrono::Duration;
use std::{fmt::Debug, sync::Arc};

/// A messenger or booking system that is never called faster than its vendor allows.
///
/// It does not wait for the pace: a call that comes too early answers `RateLimited` with the time to wait, and nothing
/// leaves the process. The outbox and the engine wait durably, in order, and give others their turn meanwhile; a
/// wrapper that slept would do neither. It does wait for a free place among the calls under way. When the vendor itself
/// says to wait, nothing is called under this pace until then.
#[derive(Debug)]
pub struct Throttled<P: ?Sized> {
    inner: Arc<P>,
    pace: Pace,
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
        self.pace.take().await.map_err(E::too_early)?;
        let answer = call.await;
        if let Err(error) = &answer
            && let Some(wait) = error.slow_down()
        {
            self.pace.hold(wait).await;
        }
        answer
    }
}

/// An error that can say "wait so long; nothing was done".
trait TooEarly {
    fn too_early(wait: Duration) -> Self;

    /// How long the vendor asks everybody to wait.
    fn slow_down(&self) -> Option<Duration>;
}

impl TooEarly for SendError {
    fn too_early(wait: Duration) -> Self {
        Self::RateLimited { retry_after: Some(wait) }
    }

    fn slow_down(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => *retry_after,
            _ => None,
        }
    }
}

impl TooEarly for BackendError {
    fn too_early(wait: Duration) -> Self {
        Self::RateLimited { retry_after: Some(wait) }
    }

    fn slow_down(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => *retry_after,
            _ => None,
        }
    }
}

impl TooEarly for BookError {
    fn too_early(wait: Duration) -> Self {
        Self::NotDone(BackendError::too_early(wait))
    }

    fn slow_down(&self) -> Option<Duration> {
        match self {
            Self::NotDone(error) => error.slow_down(),
            _ => None,
        }
    }
}

forward_backend!(Throttled);
forward_messenger!(Throttled);
