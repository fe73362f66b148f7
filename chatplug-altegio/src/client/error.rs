//! Why a call did not give what was asked for, by what to do about it. Nothing personal is printed.

use chatplug_core::{
    model::Private,
    ports::{BackendError, BookError, RejectReason},
};
use chrono::Duration as Span;
use std::{fmt, time::Duration};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call did not give what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The partner token is not (or no longer) Altegio's: look it up in the developer's account settings.
    #[error("Altegio does not take the partner token")]
    PartnerToken,
    /// The user token is missing or no longer valid (a changed password changes it): a new one is needed.
    #[error("Altegio does not take the user token")]
    UserToken,
    /// 401, before it is known which token is meant.
    #[doc(hidden)]
    #[error("Altegio takes one of the tokens not")]
    Unauthorized,
    /// The user lacks a right at this location: the owner grants it. Some calls answer so for an expired licence, too.
    #[error("the user of the token may not do this: {0}")]
    Forbidden(Refusal),
    /// The location has not paid Altegio.
    #[error("the location's licence has expired")]
    LicenceExpired,
    /// It is not there (any more), or not visible to this user.
    #[error("Altegio does not know it: {0}")]
    NotFound(Refusal),
    /// Too fast: wait. Nothing was done.
    #[error("Altegio asks to slow down")]
    RateLimited {
        /// How long, when it says.
        retry_after: Option<Span>,
    },
    /// Refused for what was asked: repeating it does not help. Nothing was done.
    #[error("Altegio refused: {0}")]
    Refused(Refusal),
    /// Down, slow, or answering nonsense to a read; or a write that certainly did not leave. Try later.
    #[error("Altegio is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<BoxError>,
    },
    /// A write left and no answer came: it may have been done. Never repeat it; look.
    #[error("Altegio gave no answer: it may have been done")]
    OutcomeUnknown {
        /// What happened.
        #[source]
        source: Option<BoxError>,
    },
    /// Success, says the status, but what stands behind it is no answer to what was asked (HTML, half of it, nothing):
    /// a write was done all the same.
    #[error("Altegio's answer (status {status}) cannot be read")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// Where it stops making sense; names fields, never values.
        #[source]
        source: BoxError,
    },
}

/// What Altegio says when it refuses. `Debug` and `Display` print codes and field names only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// Codes of booking errors (431 to 438).
    pub codes: Vec<RefusalCode>,
    /// Fields that are wrong, where it names them.
    pub fields: Vec<String>,
    /// Its words, in the account's language: for people of the business, never to be matched on.
    pub message: Private<String>,
}

/// One coded reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalCode {
    /// The code.
    pub code: u32,
    /// Which appointment of the request it is about.
    pub id: Option<i64>,
}

impl Refusal {
    /// Whether one of the codes is this.
    #[must_use]
    pub fn has(&self, code: u32) -> bool {
        self.codes.iter().any(|reason| reason.code == code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        for reason in &self.codes {
            write!(f, ", code {}", reason.code)?;
        }
        for field in &self.fields {
            write!(f, ", field {field}")?;
        }
        Ok(())
    }
}

/// Altegio answered nothing usable lately, and is left alone for a while.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer several times in a row, and is left alone for a while")]
struct CircuitOpen;

impl CallError {
    pub(super) fn circuit_open() -> Self {
        Self::Unavailable { source: Some(CircuitOpen.into()) }
    }

    /// Whether Altegio itself spoke: then it is there, whatever it said.
    pub(super) const fn is_word_of_altegio(&self) -> bool {
        !matches!(self, Self::Unavailable { .. } | Self::OutcomeUnknown { .. } | Self::Unreadable { .. })
    }

    /// How long to wait before a read is tried again; `None`: that does not help.
    pub(super) fn again_after(&self, attempt: u32) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after: Some(wait) } => Some(wait.to_std().unwrap_or_default()),
            Self::RateLimited { retry_after: None } => Some(Duration::from_secs(1 << (attempt.clamp(1, 3) - 1))),
            Self::Unavailable { .. } | Self::Unreadable { .. } => Some(Duration::from_millis(150 << attempt.min(4))),
            _ => None,
        }
    }

    /// What a read's failure means for whoever books.
    #[must_use]
    pub fn into_read(self) -> BackendError {
        match self {
            Self::PartnerToken | Self::UserToken | Self::Unauthorized | Self::Forbidden(_) | Self::LicenceExpired => {
                BackendError::Unauthorized
            }
            Self::NotFound(_) => BackendError::NotFound { what: "what was asked for".to_owned() },
            Self::RateLimited { retry_after } => BackendError::RateLimited { retry_after },
            Self::Unavailable { source } | Self::OutcomeUnknown { source } => BackendError::Unavailable { source },
            other => BackendError::Unavailable { source: Some(other.into()) },
        }
    }

    /// What a write's failure means for whoever books. A conflict is 409, or 422 with code 433 or 436.
    #[must_use]
    pub fn into_write(self) -> BookError {
        use chatplug_core::model::ClientField;
        match self {
            Self::Refused(refusal) if refusal.has(434) => BookError::Rejected { reason: RejectReason::Blocked },
            Self::Refused(refusal) if refusal.status == 409 || refusal.has(433) || refusal.has(436) => {
                BookError::SlotTaken
            }
            Self::Refused(refusal) if refusal.has(438) => BookError::NotDone(BackendError::StaleCatalog),
            Self::Refused(refusal) if refusal.has(431) => BookError::Needs { fields: [ClientField::Phone].into() },
            Self::Refused(refusal) if refusal.has(435) => BookError::Needs { fields: [ClientField::Name].into() },
            // An SMS code is wanted, or wrong: this chat has none.
            Self::Refused(refusal) if refusal.has(432) => BookError::Rejected { reason: RejectReason::NotBookableHere },
            Self::Refused(_) => BookError::Rejected { reason: RejectReason::Other },
            Self::OutcomeUnknown { source } => BookError::OutcomeUnknown { source },
            Self::Unreadable { .. } => BookError::OutcomeUnknown { source: Some(self.into()) },
            other => BookError::NotDone(other.into_read()),
        }
    }
}
