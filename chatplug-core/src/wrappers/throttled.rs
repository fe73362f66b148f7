//! Calls kept within a vendor's limits.

use super::{Pace, forward_backend};
use crate::{
    model::{Address, ChannelLimits, DeliveryKey, MediaRef, MessageRef, Outbound},
    ports::{BackendError, BookError, Media, Messenger, Place, SendError, Sent},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
};

/// A place that a messenger gave and that was not used within this is lost.
const KEPT: Duration = Duration::seconds(5);
/// How long to wait when as many calls are under way as may be.
const FULL: Duration = Duration::milliseconds(50);

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
    /// When the places were taken that are not used yet.
    given: Mutex<VecDeque<DateTime<Utc>>>,
}

impl<P: ?Sized> Throttled<P> {
    /// Keeps a port to a pace.
    #[must_use]
    pub const fn new(inner: Arc<P>, pace: Pace) -> Self {
        Self { inner, pace, given: Mutex::new(VecDeque::new()) }
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
        self.paced(false, call).await
    }

    /// `has_place`: it was taken before.
    async fn paced<T, E: TooEarly>(&self, has_place: bool, call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        // The semaphore is never closed; were it, calling would still be right.
        let _place = self.pace.places.acquire().await;
        if !has_place {
            self.pace.take().await.map_err(E::too_early)?;
        }
        let answer = call.await;
        if let Err(error) = &answer
            && let Some(wait) = error.slow_down()
        {
            self.pace.hold(wait).await;
        }
        answer
    }
}

impl<P: ?Sized> Throttled<P> {
    /// Places that were given and may still be used, after this was done to them.
    fn given<T>(&self, act: impl FnOnce(&mut VecDeque<DateTime<Utc>>, DateTime<Utc>) -> T) -> T {
        let now = self.pace.now();
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.retain(|at| now - *at < KEPT);
        act(&mut given, now)
    }
}

#[async_trait]
impl<P: Messenger + ?Sized> Messenger for Throttled<P> {
    fn limits(&self) -> &ChannelLimits {
        self.inner.limits()
    }

    async fn place(&self) -> Place {
        // What is under way, and what is about to be.
        if self.given(|given, _| given.len()) >= self.pace.places.available_permits() {
            return Place::Later(self.pace.promise(FULL));
        }
        match self.pace.take().await {
            Ok(()) => {
                self.given(VecDeque::push_back);
                Place::Granted
            }
            Err(wait) => Place::Later(self.pace.promise(wait)),
        }
    }

    async fn send(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Sent, SendError> {
        let has_place = self.given(|given, _| given.pop_front().is_some());
        self.paced(has_place, self.inner.send(to, message, key)).await
    }

    async fn seen(&self, message: &MessageRef, typing: bool) -> Result<(), SendError> {
        self.paced(false, self.inner.seen(message, typing)).await
    }

    async fn fetch_media(&self, media: &MediaRef) -> Result<Media, SendError> {
        self.paced(false, self.inner.fetch_media(media)).await
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
