//! How places are given out under a limit, the same for every database: the generic cell rate algorithm.
//!
//! Of each name one instant is kept: when everything that was given out is used up again. Places are given as long as that
//! instant does not come to lie further ahead than `burst` of them take.

use crate::codec;
use chatplug_core::ports::{Rate, StoreError, Taken};
use chrono::{DateTime, Utc};

/// Further ahead than places can explain by more than this, and than clocks of processes differ: the clock was put back. In
/// microseconds.
const JUMP: i64 = 60_000_000;

/// What is kept of a name; nothing was given out under one of which nothing is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pace {
    /// When everything that was given out is used up, in microseconds since 1970.
    pub(crate) at: i64,
    /// Nothing is given before.
    pub(crate) held_until: Option<i64>,
}

impl Pace {
    /// Takes up to `want` places now.
    pub(crate) fn take(&mut self, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        let instant = codec::micros(now);
        // A rate is positive; one that is not gives one place a microsecond.
        let every = rate.every.num_microseconds().unwrap_or(i64::MAX).max(1);
        let burst = every.saturating_mul(i64::from(rate.burst));
        let held_until = self.held_until.filter(|until| *until > instant);
        let mut used_up = self.at.max(instant);
        if used_up > instant.saturating_add(burst).saturating_add(JUMP) && held_until.is_none() {
            // One place is free at once, so that the count goes on from the new time.
            used_up = instant.saturating_add(burst).saturating_sub(every);
        }
        let granted = match held_until {
            Some(_) => 0,
            None => instant.saturating_add(burst).saturating_sub(used_up).max(0) / every,
        };
        let granted = granted.min(i64::from(want));
        if granted > 0 {
            self.at = used_up.saturating_add(every.saturating_mul(granted));
        }
        let next = match granted == i64::from(want) {
            true => now,
            false => {
                let free = self.at.max(used_up).saturating_sub(burst).saturating_add(every);
                codec::instant(free.max(held_until.unwrap_or(free)))?.max(now)
            }
        };
        Ok(Taken { granted: u32::try_from(granted).unwrap_or(want), next })
    }

    /// Gives nothing before this instant.
    pub(crate) fn hold(&mut self, until: DateTime<Utc>) {
        let until = codec::micros(until);
        let until = self.held_until.map_or(until, |held| held.max(until));
        // Changes nothing of what is given after the wait, and says by one instant when the name can be let go of.
        self.at = self.at.max(until);
        self.held_until = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_772_442_000_000 + millis).unwrap()
    }

    fn rate(burst: u32, every_ms: i64) -> Rate {
        Rate { burst, every: Duration::milliseconds(every_ms) }
    }

    #[test]
    fn a_burst_then_one_every_so_often() {
        let (mut pace, rate) = (Pace::default(), rate(3, 1000));
        assert_eq!(pace.take(rate, 2, at(0)).unwrap(), Taken { granted: 2, next: at(0) });
        assert_eq!(pace.take(rate, 2, at(0)).unwrap(), Taken { granted: 1, next: at(1000) });
        assert_eq!(pace.take(rate, 1, at(999)).unwrap(), Taken { granted: 0, next: at(1000) });
        assert_eq!(pace.take(rate, 1, at(1000)).unwrap(), Taken { granted: 1, next: at(1000) });
        assert_eq!(pace.take(rate, 9, at(60_000)).unwrap(), Taken { granted: 3, next: at(61_000) });
    }

    #[test]
    fn nothing_is_given_while_it_is_held() {
        let (mut pace, rate) = (Pace::default(), rate(3, 1000));
        pace.hold(at(5000));
        pace.hold(at(2000));
        assert_eq!(pace.take(rate, 1, at(4999)).unwrap(), Taken { granted: 0, next: at(5000) });
        assert_eq!(pace.take(rate, 1, at(5000)).unwrap().granted, 1);
    }

    /// Whoever asks when and for how much: in no stretch of time more is given than the limit allows.
    #[test]
    fn never_more_than_the_limit_in_any_stretch() {
        let rate = rate(5, 700);
        for seed in 1..200_u64 {
            let (mut pace, mut now, mut state) = (Pace::default(), 0, seed);
            let mut given: Vec<(i64, u32)> = Vec::new();
            for _ in 0..60 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                now += i64::try_from(state >> 33).unwrap() % 1500;
                let want = u32::try_from(state >> 60).unwrap();
                given.push((now, pace.take(rate, want, at(now)).unwrap().granted));
            }
            for (first, (from, _)) in given.iter().enumerate() {
                let mut places = 0;
                for (until, granted) in &given[first..] {
                    places += i64::from(*granted);
                    assert!(places * 700 <= 5 * 700 + (until - from), "seed {seed}: {places} in {} ms", until - from);
                }
            }
        }
    }

    #[test]
    fn whoever_waits_as_told_gets_a_place() {
        let (mut pace, rate) = (Pace::default(), rate(2, 333));
        let mut now = at(0);
        for _ in 0..50 {
            let taken = pace.take(rate, 5, now).unwrap();
            assert!(taken.granted > 0, "at {now}");
            now = taken.next;
        }
    }

    #[test]
    fn absurd_rates_do_no_harm() {
        for rate in [rate(u32::MAX, i64::MAX / 1000), rate(0, 1000), rate(1, 0), rate(1, -5)] {
            let mut pace = Pace::default();
            pace.hold(at(0));
            let taken = pace.take(rate, u32::MAX, at(1));
            assert!(taken.is_ok_and(|taken| taken.next >= at(1)) || rate.every.num_days() > 1000, "{rate:?}");
        }
    }
}
