//! A limit shared by everything in one process.

use super::lock;
use crate::ports::{Rate, RateLimiter, StoreError, Taken};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// A clock that was put back by more than this is believed; less is how clocks of processes differ.
const JUMP: Duration = Duration::minutes(1);

/// A [`RateLimiter`] that forgets everything when it is dropped. Clones share one count.
#[derive(Debug, Clone, Default)]
pub struct MemoryLimiter(Arc<Mutex<BTreeMap<String, Row>>>);

#[derive(Debug, Default)]
struct Row {
    /// When everything that was given is used up.
    used: Option<DateTime<Utc>>,
    held_until: Option<DateTime<Utc>>,
}

impl MemoryLimiter {
    /// A limiter that has given nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl RateLimiter for MemoryLimiter {
    async fn take(&self, name: &str, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        let mut rows = lock(&self.0);
        let row = rows.entry(name.to_owned()).or_default();
        let whole = rate.every * i32::try_from(rate.burst).unwrap_or(i32::MAX);
        let mut used = row.used.unwrap_or(now).max(now);
        if used > now + whole + JUMP {
            // One place is free at once, so that the count goes on from the new time.
            used = now + whole - rate.every;
        }
        let held = row.held_until.filter(|until| *until > now);
        let mut granted = 0;
        while held.is_none() && granted < want && used + rate.every <= now + whole {
            used += rate.every;
            granted += 1;
        }
        if granted > 0 {
            row.used = Some(used);
        }
        let free = (used + rate.every - whole).max(now);
        let next = if granted == want { now } else { held.map_or(free, |held| held.max(free)) };
        Ok(Taken { granted, next })
    }

    async fn hold(&self, name: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        let mut rows = lock(&self.0);
        let row = rows.entry(name.to_owned()).or_default();
        row.held_until = row.held_until.max(Some(until));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryLimiter;

    async fn limiter() -> Box<MemoryLimiter> {
        Box::new(MemoryLimiter::new())
    }

    crate::limiter_contract!(limiter());
}
