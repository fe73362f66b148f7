//! A number's limit, kept by all processes together, and counted.

use crate::metrics::Metrics;
use async_trait::async_trait;
use chatplug_core::{
    model::{Address, ChannelLimits, DeliveryKey, MediaRef, MessageRef, Outbound},
    ports::{Clock, Media, Messenger, Place, Rate, RateLimiter, SendError, Sent, StoreError, Taken},
    wrappers::{Pace, Throttled},
};
use chrono::{DateTime, Duration, Utc};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Messages on their way to the provider from one number at the same time, in this process.
const AT_ONCE: usize = 128;

/// A messenger that sends no more from its number than the vendor takes. `number` is the provider and its id of the number,
/// with how many messages a second may go out.
pub(crate) fn paced(
    messenger: Arc<dyn Messenger>,
    number: (&str, &str, u32),
    limiter: &Arc<dyn RateLimiter>,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Arc<dyn Messenger> {
    let limiter = Arc::new(Counted { limiter: limiter.clone(), metrics: metrics.clone() });
    let pace = Pace::shared(clock.clone(), limiter, name(number.0, number.1), rate(number.2), AT_ONCE);
    Arc::new(Paced {
        messenger: messenger.clone(),
        throttled: Throttled::new(messenger, pace),
        metrics: metrics.clone(),
    })
}

/// Under what a number is counted: not the number's id itself, which is nobody's business there.
fn name(provider: &str, number: &str) -> String {
    let digits: String = Sha256::digest(number).iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("{provider}:{digits}")
}

/// A rate under which no second sees more than so many.
fn rate(per_second: u32) -> Rate {
    let burst = (per_second / 8).max(1);
    let steady = per_second.saturating_sub(burst).max(1);
    Rate { burst, every: Duration::microseconds(1_000_000_i64.div_euclid(steady.into()).max(1)) }
}

/// Keeps to a pace with messages; what is no message does not count.
#[derive(Debug)]
struct Paced {
    messenger: Arc<dyn Messenger>,
    throttled: Throttled<dyn Messenger>,
    metrics: Arc<Metrics>,
}

#[async_trait]
impl Messenger for Paced {
    fn limits(&self) -> &ChannelLimits {
        self.messenger.limits()
    }

    async fn place(&self) -> Place {
        let place = self.throttled.place().await;
        self.metrics.limit_asked(place == Place::Granted);
        place
    }

    async fn send(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Sent, SendError> {
        let sent = self.throttled.send(to, message, key).await;
        if matches!(sent, Err(SendError::RateLimited { .. })) {
            self.metrics.limit_asked(false);
        }
        sent
    }

    async fn seen(&self, message: &MessageRef, typing: bool) -> Result<(), SendError> {
        self.messenger.seen(message, typing).await
    }

    async fn fetch_media(&self, media: &MediaRef) -> Result<Media, SendError> {
        self.messenger.fetch_media(media).await
    }
}

/// A limiter whose failures are counted.
#[derive(Debug)]
struct Counted {
    limiter: Arc<dyn RateLimiter>,
    metrics: Arc<Metrics>,
}

impl Counted {
    fn count<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if answer.is_err() {
            self.metrics.store_failed("limiter");
        }
        answer
    }
}

#[async_trait]
impl RateLimiter for Counted {
    async fn take(&self, name: &str, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        self.count(self.limiter.take(name, rate, want, now).await)
    }

    async fn hold(&self, name: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.count(self.limiter.hold(name, until).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_sees_more_than_is_granted() {
        for granted in [2, 5, 20, 80, 250, 1000] {
            let Rate { burst, every } = rate(granted);
            let steady = 1_000_000 / every.num_microseconds().unwrap();
            assert!(i64::from(burst) + steady <= i64::from(granted) + 1, "{granted}: {burst} and {steady}");
            assert!(i64::from(burst) + steady >= i64::from(granted) - 1, "{granted}: no place is wasted");
        }
        assert_eq!(rate(1), Rate { burst: 1, every: Duration::seconds(1) });
    }

    #[test]
    fn a_number_is_counted_under_a_name_that_does_not_tell_it() {
        assert_eq!(name("meta", "106540352242922"), name("meta", "106540352242922"));
        assert_ne!(name("meta", "106540352242922"), name("meta", "106540352242923"));
        assert_ne!(name("meta", "106540352242922"), name("twilio", "106540352242922"));
        assert!(!name("meta", "106540352242922").contains("106540352242922"));
    }
}
