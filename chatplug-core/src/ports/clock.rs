//! The only source of "now".

use chrono::{DateTime, Utc};
use std::fmt::Debug;

/// Tells the time.
#[cfg_attr(feature = "testkit", mockall::automock)]
pub trait Clock: Debug + Send + Sync {
    /// The current instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the real clock is read")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
