//! Wrappers around ports: the same trait outside, one concern more inside.
//!
//! [`Traced`] tells how long each call took and how it ended; [`Throttled`] keeps calls within a vendor's limits. Both
//! take any implementation behind an `Arc` and can be stacked:
//!
//! ```
//! # use chatplug_core::{ports::{Messenger, SystemClock}, wrappers::{Pace, Throttled, Traced}};
//! # use chrono::Duration;
//! # use std::sync::Arc;
//! # fn wrap(messenger: Arc<dyn Messenger>, tenant: &chatplug_core::model::TenantId) -> Arc<dyn Messenger> {
//! let pace = Pace::new(Arc::new(SystemClock), 80, Duration::milliseconds(13), 20);
//! let messenger: Arc<dyn Messenger> = Arc::new(Throttled::new(messenger, pace));
//! Arc::new(Traced::new(messenger).of(tenant))
//! # }
//! ```
//!
//! [`Circuit`] is for adapters: it leaves a vendor alone that does not answer.
//!
//! Wrappers that break things on purpose live in `testkit::wrap`.

mod circuit;
mod forward;
mod pace;
mod throttled;
mod traced;

pub use circuit::{Circuit, Permit};
pub(crate) use forward::*;
pub use pace::Pace;
pub use throttled::Throttled;
pub use traced::Traced;

use crate::ports::{
    BackendError, BookError, IntentError, NotifyError, PaymentError, SendError, StoreError, TemplateError,
};

/// An error in a word, by what the caller can do about it: for logs and figures, never with personal data.
pub trait ErrorClass {
    /// The word.
    fn class(&self) -> &'static str;
}

impl ErrorClass for SendError {
    fn class(&self) -> &'static str {
        match self {
            Self::OutcomeUnknown { .. } => "unknown",
            Self::OutsideWindow => "outside_window",
            Self::RateLimited { .. } => "rate_limited",
            Self::TooFastToOne { .. } => "too_fast_to_one",
            Self::Rejected { .. } => "rejected",
            Self::Unreachable { .. } => "unreachable",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl ErrorClass for BackendError {
    fn class(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::StaleCatalog => "stale",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl ErrorClass for BookError {
    fn class(&self) -> &'static str {
        match self {
            Self::SlotTaken => "taken",
            Self::Needs { .. } => "needs",
            Self::Rejected { .. } => "rejected",
            Self::OutcomeUnknown { .. } => "unknown",
            Self::NotDone(why) => why.class(),
        }
    }
}

impl ErrorClass for StoreError {
    fn class(&self) -> &'static str {
        match self {
            Self::Fenced => "fenced",
            Self::RouteTaken { .. } => "route_taken",
            Self::Vault(_) => "vault",
            Self::NotFound { .. } => "not_found",
            Self::Unavailable { .. } => "unavailable",
            Self::Corrupt { .. } => "corrupt",
        }
    }
}

impl ErrorClass for IntentError {
    fn class(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl ErrorClass for TemplateError {
    fn class(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Unsupported => "unsupported",
            Self::Unauthorized(_) => "unauthorized",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}

impl ErrorClass for NotifyError {
    fn class(&self) -> &'static str {
        "unavailable"
    }
}

impl ErrorClass for PaymentError {
    fn class(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::Unauthorized => "unauthorized",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}
