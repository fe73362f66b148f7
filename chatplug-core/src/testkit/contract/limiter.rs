//! What a [`RateLimiter`] promises. Run it with [`limiter_contract!`](crate::limiter_contract); every promise takes a fresh
//! one, under which nothing was given yet.

#![expect(clippy::unwrap_used, reason = "a broken promise fails its test by panicking")]

use super::salon::at;
use crate::ports::{Rate, RateLimiter, Taken};
use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;

/// Expands to the whole suite of a limiter, a test per promise: `limiter_contract!(limiter())`, where `limiter()` gives a
/// future of a fresh one behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! limiter_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::limiter:
            a_burst_at_once_then_one_every_so_often
            as_many_as_there_are_are_given
            wanting_nothing_takes_nothing
            time_without_calls_saves_up_a_burst_and_no_more
            whoever_comes_when_told_gets_a_place
            over_any_stretch_no_more_than_the_rate
            many_at_once_get_no_more_than_there_is
            names_do_not_share
            a_hold_gives_nothing_before_its_instant
            a_hold_is_never_shortened
            a_clock_that_is_put_back_stops_nobody_for_long
        }
    };
}

const NAME: &str = "whatsapp:2f1c";

fn rate(burst: u32, every_ms: i64) -> Rate {
    Rate { burst, every: Duration::milliseconds(every_ms) }
}

fn millis(millis: i64) -> DateTime<Utc> {
    at(0) + Duration::milliseconds(millis)
}

async fn granted(limiter: &dyn RateLimiter, rate: Rate, want: u32, now: i64) -> u32 {
    limiter.take(NAME, rate, want, millis(now)).await.unwrap().granted
}

/// The burst is there at once, then one place every so often, and the answer says when.
pub async fn a_burst_at_once_then_one_every_so_often(limiter: &dyn RateLimiter) {
    let rate = rate(3, 1000);
    for _ in 0..3 {
        assert_eq!(granted(limiter, rate, 1, 0).await, 1);
    }
    let none = limiter.take(NAME, rate, 1, millis(0)).await.unwrap();
    assert_eq!(none, Taken { granted: 0, next: millis(1000) });
    assert_eq!(granted(limiter, rate, 1, 999).await, 0);
    assert_eq!(granted(limiter, rate, 1, 1000).await, 1);
    assert_eq!(granted(limiter, rate, 1, 1001).await, 0);
    assert_eq!(granted(limiter, rate, 1, 2000).await, 1);
}

/// Whoever wants several gets as many as there are, at most as many as wanted.
pub async fn as_many_as_there_are_are_given(limiter: &dyn RateLimiter) {
    let rate = rate(5, 1000);
    let some = limiter.take(NAME, rate, 3, millis(0)).await.unwrap();
    assert_eq!(some.granted, 3);
    assert!(some.next <= millis(0), "all that were wanted were given: {some:?}");
    let rest = limiter.take(NAME, rate, 9, millis(0)).await.unwrap();
    assert_eq!(rest, Taken { granted: 2, next: millis(1000) });
    assert_eq!(granted(limiter, rate, 9, 2500).await, 2);
}

/// To want none is to take none.
pub async fn wanting_nothing_takes_nothing(limiter: &dyn RateLimiter) {
    for _ in 0..20 {
        assert_eq!(granted(limiter, rate(2, 1000), 0, 0).await, 0);
    }
    assert_eq!(granted(limiter, rate(2, 1000), 9, 0).await, 2);
}

/// However long nothing was called: a burst, not more.
pub async fn time_without_calls_saves_up_a_burst_and_no_more(limiter: &dyn RateLimiter) {
    assert_eq!(granted(limiter, rate(4, 100), 9, 0).await, 4);
    assert_eq!(granted(limiter, rate(4, 100), 9, 86_400_000).await, 4);
    assert_eq!(granted(limiter, rate(4, 100), 9, 86_400_000).await, 0);
}

/// The instant that is answered is when there is a place again.
pub async fn whoever_comes_when_told_gets_a_place(limiter: &dyn RateLimiter) {
    let rate = rate(3, 70);
    let mut now = millis(0);
    for _ in 0..50 {
        let taken = limiter.take(NAME, rate, 2, now).await.unwrap();
        assert!(taken.granted > 0, "told to come at {now}");
        now = taken.next.max(now);
    }
    assert!(now > millis(2000), "and it took its time: {now}");
}

/// Whoever asks when and for how much: no more than `burst + stretch / every`.
pub async fn over_any_stretch_no_more_than_the_rate(limiter: &dyn RateLimiter) {
    let (burst, every) = (7, 130);
    let (mut now, mut seed, mut given) = (0_i64, 7_u64, Vec::new());
    for _ in 0..400 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        now += i64::try_from((seed >> 33) % 300).unwrap();
        let want = u32::try_from((seed >> 50) % 5).unwrap();
        given.push((now, i64::from(granted(limiter, rate(burst, every), want, now).await)));
    }
    for (place, (from, _)) in given.iter().enumerate() {
        let mut sum = 0;
        for (to, some) in given.iter().skip(place) {
            sum += some;
            let most = i64::from(burst) + (to - from) / every;
            assert!(sum <= most, "{sum} from {from} to {to} ms, and {most} are allowed");
        }
    }
    assert!(given.iter().map(|(_, some)| some).sum::<i64>() > 300, "the rate can be used");
}

/// However many ask at the same time.
pub async fn many_at_once_get_no_more_than_there_is(limiter: &dyn RateLimiter) {
    let tasks = (0..60).map(|_| limiter.take(NAME, rate(20, 1000), 2, millis(0)));
    let given: u32 = join_all(tasks).await.into_iter().map(|taken| taken.unwrap().granted).sum();
    assert_eq!(given, 20);
}

/// What is given under one name is not missing under another.
pub async fn names_do_not_share(limiter: &dyn RateLimiter) {
    assert_eq!(granted(limiter, rate(2, 1000), 9, 0).await, 2);
    limiter.hold(NAME, millis(60_000)).await.unwrap();
    let other = limiter.take("whatsapp:77aa", rate(2, 1000), 9, millis(0)).await.unwrap();
    assert_eq!(other.granted, 2);
}

/// Held, nothing is given, whoever asks; then as if nothing had been.
pub async fn a_hold_gives_nothing_before_its_instant(limiter: &dyn RateLimiter) {
    let rate = rate(3, 1000);
    limiter.hold(NAME, millis(30_000)).await.unwrap();
    let none = limiter.take(NAME, rate, 1, millis(0)).await.unwrap();
    assert_eq!(none, Taken { granted: 0, next: millis(30_000) });
    assert_eq!(granted(limiter, rate, 1, 29_999).await, 0);
    assert_eq!(granted(limiter, rate, 9, 30_000).await, 3);
    limiter.hold(NAME, millis(40_000)).await.unwrap();
    assert_eq!(granted(limiter, rate, 1, 39_999).await, 0, "held again");
}

/// A shorter word after a longer one changes nothing.
pub async fn a_hold_is_never_shortened(limiter: &dyn RateLimiter) {
    limiter.hold(NAME, millis(30_000)).await.unwrap();
    limiter.hold(NAME, millis(10_000)).await.unwrap();
    assert_eq!(granted(limiter, rate(3, 1000), 1, 20_000).await, 0);
    assert_eq!(granted(limiter, rate(3, 1000), 1, 30_000).await, 1);
}

/// A machine whose clock is put back by hours is not stopped for hours.
pub async fn a_clock_that_is_put_back_stops_nobody_for_long(limiter: &dyn RateLimiter) {
    let (rate, hour) = (rate(5, 1000), 3_600_000);
    assert_eq!(granted(limiter, rate, 9, 3 * hour).await, 5);
    let mut given = 0;
    for second in 0..10 {
        given += granted(limiter, rate, 1, second * 1000).await;
    }
    assert!((4..=10).contains(&given), "{given} in ten seconds");
}
