//! Vendors' limits, kept by all processes together.

use super::StoreError;
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use std::fmt::Debug;

/// How often something may be done: `burst` times at once, then one more `every` so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// One more every so often; positive.
    pub every: Duration,
}

/// What a limiter answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// How many places were given, at most as many as wanted.
    pub granted: u32,
    /// When there will be a place again; not after now when all wanted were granted.
    pub next: DateTime<Utc>,
}

/// Counts what is done under names that processes share, so that together they stay within a vendor's limit.
///
/// # Contract
/// Over any stretch of time no more than `burst + stretch / every` places are given under one name, by all processes that
/// share the limiter together, as long as they agree on the rate. A name holds no personal data and no secret: callers
/// hash what they count by.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait RateLimiter: Debug + Send + Sync {
    /// Takes up to `want` places under a name, now.
    ///
    /// # Errors
    /// See [`StoreError`]; nothing was taken then.
    async fn take(&self, name: &str, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError>;

    /// Gives no place under a name before this instant: the vendor said to wait. Never shortens an earlier word.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn hold(&self, name: &str, until: DateTime<Utc>) -> Result<(), StoreError>;
}
