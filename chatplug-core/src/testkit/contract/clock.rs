//! What a [`Clock`] promises: a time that never runs back.

use crate::ports::Clock;
use chrono::{DateTime, Utc};

/// Expands to the whole suite of a clock, a test per promise: `clock_contract!(clock())`, where `clock()` gives a future
/// of a clock behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! clock_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::clock:
            time_never_runs_back
            threads_agree_on_what_is_past
            the_year_is_a_plausible_one
        }
    };
}

/// A reading is never before an earlier one, as long as nobody sets the machine's clock.
pub async fn time_never_runs_back(clock: &dyn Clock) {
    let readings: Vec<DateTime<Utc>> = (0..10_000).map(|_| clock.now()).collect();
    assert!(readings.is_sorted(), "the clock ran back");
}

/// What one thread has read is past for every other.
pub async fn threads_agree_on_what_is_past(clock: &dyn Clock) {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let before = clock.now();
                    let elsewhere = std::thread::scope(|inner| inner.spawn(|| clock.now()).join());
                    assert!(elsewhere.is_ok_and(|elsewhere| elsewhere >= before));
                }
            });
        }
    });
}

/// A clock that was never set shows 1970; signatures, windows and leases would all be wrong by it.
pub async fn the_year_is_a_plausible_one(clock: &dyn Clock) {
    assert!(clock.now().timestamp() > 1_700_000_000, "{}", clock.now());
}
