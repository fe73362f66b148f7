//! The headers that tell how many calls are left. Contract: "Rate limits".

use chrono::Duration;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// So long a caller is shut out after the first refused call, where nothing tells how long that still is.
const SHUT_OUT: Duration = Duration::seconds(60);
/// What asks for a longer wait is not believed.
const LONGEST: i64 = 60 * 60;

/// What one answer tells. A key may have several limits by name; it is refused only when all of them are used up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Limits {
    /// Of the limit that has most left: how much, and in how many seconds it begins anew.
    best: Option<(i64, i64)>,
    retry_after: Option<i64>,
}

impl Limits {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
        let mut best: Option<(i64, i64)> = None;
        for name in headers.keys() {
            let Some(limit) = name.as_str().strip_prefix("x-ratelimit-remaining-") else { continue };
            let (Some(left), Some(reset)) = (number(name.as_str()), number(&format!("x-ratelimit-reset-{limit}")))
            else {
                continue;
            };
            let one = (left.max(0), reset.clamp(0, LONGEST));
            // More left is better, then sooner.
            best = Some(best.map_or(one, |best| if (one.0, -one.1) > (best.0, -best.1) { one } else { best }));
        }
        let retry_after = number(RETRY_AFTER.as_str()).map(|seconds| seconds.clamp(0, LONGEST));
        Self { best, retry_after }
    }

    /// How long nothing may be asked any more, when this answer was the last.
    pub(super) fn used_up(&self) -> Option<Duration> {
        let (left, reset) = self.best?;
        (left == 0).then(|| if reset < LONGEST { Duration::seconds(reset) } else { SHUT_OUT })
    }

    /// How long to wait after a refusal. What tells the time of day in place of seconds is not believed.
    pub(super) fn wait(&self) -> Duration {
        let told = self.retry_after.or_else(|| self.best.map(|(_, reset)| reset)).filter(|seconds| *seconds < LONGEST);
        told.map_or(SHUT_OUT, Duration::seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(headers: &[(&'static str, &'static str)]) -> Limits {
        Limits::of(&headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
    }

    #[test]
    fn reset_is_seconds_left() {
        let blocked = limits(&[("X-RateLimit-Remaining-Default", "0"), ("X-RateLimit-Reset-Default", "44")]);
        assert_eq!((blocked.used_up(), blocked.wait()), (Some(Duration::seconds(44)), Duration::seconds(44)));
        let fine = limits(&[("X-RateLimit-Remaining-Default", "7"), ("X-RateLimit-Reset-Default", "44")]);
        assert_eq!(fine.used_up(), None);
        let two = limits(&[
            ("X-RateLimit-Remaining-Short", "0"),
            ("X-RateLimit-Reset-Short", "9"),
            ("X-RateLimit-Remaining-Long", "3"),
            ("X-RateLimit-Reset-Long", "50"),
        ]);
        assert_eq!(two.used_up(), None, "one of them has places left");
        let epoch = limits(&[("X-RateLimit-Remaining-Default", "0"), ("X-RateLimit-Reset-Default", "1795230000")]);
        assert_eq!((epoch.wait(), epoch.used_up()), (SHUT_OUT, Some(SHUT_OUT)));
        assert_eq!(limits(&[]).wait(), SHUT_OUT);
        assert_eq!(limits(&[("Retry-After", "5")]).wait(), Duration::seconds(5));
    }
}
