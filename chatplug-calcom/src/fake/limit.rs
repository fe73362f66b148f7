//! How many calls one caller may make, and what the headers say of it. Contract: "Rate limits".

use chrono::{DateTime, Duration, Utc};
use std::collections::HashMap;

/// How many calls one caller may make in a minute, by the fake's time. Who exceeds it is blocked for a minute from the
/// first call that was refused.
///
/// ```
/// # use chatplug_calcom::fake::{FakeCalcom, RateLimit};
/// # fn f(fake: &FakeCalcom) {
/// fake.keep_rate(RateLimit::default());
/// fake.keep_rate(RateLimit::of(5).retry_after());
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    calls: Option<u32>,
    retry_after: bool,
}

impl Default for RateLimit {
    /// What the server has: 120 a minute for an API key and for an address without credentials, 500 for tokens and
    /// platform clients.
    fn default() -> Self {
        Self { calls: None, retry_after: false }
    }
}

impl RateLimit {
    /// So many calls a minute, whoever calls.
    #[must_use]
    pub const fn of(calls: u32) -> Self {
        Self { calls: Some(calls), retry_after: false }
    }

    /// With `Retry-After`, which the servers that were read do not send.
    #[must_use]
    pub const fn retry_after(mut self) -> Self {
        self.retry_after = true;
        self
    }
}

/// Who called how often.
#[derive(Debug, Default)]
pub(super) struct Limit {
    pub(super) rule: Option<RateLimit>,
    callers: HashMap<String, Window>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    begun: DateTime<Utc>,
    calls: u32,
    blocked: Option<DateTime<Utc>>,
}

/// What the headers of an answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u32,
    pub(super) left: u32,
    /// Seconds, not an instant.
    pub(super) reset: i64,
    pub(super) refused: bool,
    pub(super) retry_after: bool,
}

const WINDOW: Duration = Duration::minutes(1);
/// What an operator has set who wants none.
const PLENTY: u32 = 100_000;

impl Limit {
    /// Counts a call of a caller who has so many.
    pub(super) fn take(&mut self, caller: &str, usual: u32, now: DateTime<Utc>) -> Standing {
        let limit = self.rule.as_ref().map_or(PLENTY, |rule| rule.calls.unwrap_or(usual));
        let fresh = Window { begun: now, calls: 0, blocked: None };
        let window = self.callers.entry(caller.to_owned()).or_insert(fresh);
        let over = match window.blocked {
            Some(since) => now >= since + WINDOW,
            None => now >= window.begun + WINDOW,
        };
        if over {
            *window = fresh;
        }
        window.calls = window.calls.saturating_add(1);
        if window.calls > limit {
            window.blocked.get_or_insert(now);
        }
        let ends = window.blocked.unwrap_or(window.begun) + WINDOW;
        Standing {
            limit,
            left: limit.saturating_sub(window.calls),
            reset: (ends - now + Duration::milliseconds(999)).num_seconds().max(0),
            refused: window.blocked.is_some(),
            retry_after: window.blocked.is_some() && self.rule.as_ref().is_some_and(|rule| rule.retry_after),
        }
    }
}
