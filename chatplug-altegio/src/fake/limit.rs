//! The limit of calls of one source, and what is said to who exceeds it.

use super::answer::Answer;
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

/// How many calls one source may make, by the fake's time. What a 429 of Altegio's looks like is not known.
///
/// ```
/// # use chatplug_altegio::fake::{FakeAltegio, RateLimit, TooMany};
/// # fn f(fake: &FakeAltegio) {
/// fake.keep_rate(RateLimit::default().answering(TooMany::Html).retry_after(2));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimit {
    per_second: usize,
    per_minute: usize,
    answer: TooMany,
    retry_after: Option<u32>,
}

/// The body of a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TooMany {
    /// The general shape of an error.
    General,
    /// None.
    Empty,
    /// A gateway's page.
    Html,
}

impl Default for RateLimit {
    /// What Altegio documents: 5 a second and 200 a minute, answered in the general shape.
    fn default() -> Self {
        Self { per_second: 5, per_minute: 200, answer: TooMany::General, retry_after: None }
    }
}

impl RateLimit {
    /// So many calls a second and a minute.
    #[must_use]
    pub fn of(per_second: usize, per_minute: usize) -> Self {
        Self { per_second, per_minute, ..Self::default() }
    }

    /// The body that is answered.
    #[must_use]
    pub const fn answering(mut self, answer: TooMany) -> Self {
        self.answer = answer;
        self
    }

    /// With `Retry-After`, in seconds.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

/// Who called when.
#[derive(Debug, Default)]
pub(super) struct Limit {
    pub(super) rule: Option<RateLimit>,
    sources: HashMap<IpAddr, VecDeque<DateTime<Utc>>>,
}

impl Limit {
    /// Counts a call, or says that it is one too many.
    pub(super) fn take(&mut self, from: IpAddr, now: DateTime<Utc>) -> Result<(), Answer> {
        let Some(rule) = &self.rule else { return Ok(()) };
        let calls = self.sources.entry(from).or_default();
        while calls.front().is_some_and(|first| *first <= now - Duration::minutes(1)) {
            calls.pop_front();
        }
        let last_second = calls.iter().filter(|call| **call > now - Duration::seconds(1)).count();
        if calls.len() < rule.per_minute && last_second < rule.per_second {
            calls.push_back(now);
            return Ok(());
        }
        let mut answer = match rule.answer {
            TooMany::General => Answer::refused(429, "Too many requests"),
            TooMany::Empty => Answer::raw(429, "text/plain", ""),
            TooMany::Html => Answer::raw(429, "text/html", "<html><body><h1>429 Too Many Requests</h1></body></html>"),
        };
        answer.headers.extend(rule.retry_after.map(|seconds| ("retry-after", seconds.to_string())));
        Err(answer)
    }
}
