//! Why a call did not give what was asked for, by what to do about it. Nothing personal is printed, and no booking's name.

use super::{Refusal, Told};
use chatplug_core::{
    model::ClientField,
    ports::{BackendError, BookError, RejectReason},
};
use chrono::Duration as Span;
use std::time::Duration;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a call did not give what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The credential does not work, has expired, or may not do this. Cal.com answers 401 or 403, at no rule.
    #[error("Cal.com does not take the credential: {0}")]
    Unauthorized(Refusal),
    /// It is not there (any more), or not visible to this credential.
    #[error("Cal.com does not know it: {0}")]
    NotFound(Refusal),
    /// The server has no such call: it is older, of another edition, half-upgraded, or something in front of it takes the
    /// version header away.
    #[error("this server of Cal.com does not have the call")]
    NoSuchCall,
    /// It answers in the shape of another version of the API: something takes the version header away. Such an answer
    /// ignores filters, and is never believed.
    #[error("Cal.com answers in another version of its API than was asked for")]
    OtherVersion,
    /// Too fast: wait. Nothing was done.
    #[error("Cal.com asks to slow down")]
    RateLimited {
        /// How long.
        retry_after: Option<Span>,
    },
    /// Refused for what was asked. Nothing was done.
    #[error("Cal.com refused: {0}")]
    Refused(Refusal),
    /// Down, slow, or answering nonsense to a read; or a write that certainly did not leave. Try later.
    #[error("Cal.com is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<BoxError>,
    },
    /// A write left and no answer came, or it broke half-way: it may have been done. Never repeat it; look.
    #[error("Cal.com gave no answer: it may have been done")]
    OutcomeUnknown {
        /// The HTTP status, if there was one.
        status: Option<u16>,
        /// What happened.
        #[source]
        source: Option<BoxError>,
    },
    /// Success, says the status, but what stands behind it is no answer to what was asked (HTML, half of it, nothing):
    /// a write was done all the same.
    #[error("Cal.com's answer (status {status}) cannot be read")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// Where it stops making sense; names fields, never values.
        #[source]
        source: BoxError,
    },
}

/// Cal.com answered nothing usable lately, and is left alone for a while.
#[derive(Debug, thiserror::Error)]
#[error("it did not answer several times in a row, and is left alone for a while")]
struct CircuitOpen;

impl CallError {
    pub(super) fn circuit_open() -> Self {
        Self::Unavailable { source: Some(CircuitOpen.into()) }
    }

    /// Whether Cal.com itself spoke: then it is there, whatever it said.
    pub(super) const fn is_word_of_calcom(&self) -> bool {
        match self {
            // One that breaks over one request is not down.
            Self::OutcomeUnknown { status, .. } => matches!(status, Some(500)),
            Self::Unavailable { .. } | Self::Unreadable { .. } => false,
            _ => true,
        }
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

    /// What a refusal means, when it is one.
    #[must_use]
    pub const fn told(&self) -> Option<Told> {
        match self {
            Self::Unauthorized(refusal) | Self::NotFound(refusal) | Self::Refused(refusal) => Some(refusal.told),
            Self::NoSuchCall => Some(Told::NoSuchCall),
            _ => None,
        }
    }

    /// Whether the time cannot be had, in one of the many ways in which Cal.com says so.
    #[must_use]
    pub const fn is_taken(&self) -> bool {
        matches!(self.told(), Some(Told::Taken | Told::LimitReached | Told::Full | Told::HasSeat | Told::OutsideWindow))
    }

    /// What a read's failure means for whoever books.
    #[must_use]
    pub fn into_read(self) -> BackendError {
        match self {
            Self::Unauthorized(_) => BackendError::Unauthorized,
            Self::NotFound(_) => BackendError::NotFound { what: "what was asked for".to_owned() },
            Self::RateLimited { retry_after } => BackendError::RateLimited { retry_after },
            Self::Unavailable { source } | Self::OutcomeUnknown { source, .. } => BackendError::Unavailable { source },
            other => BackendError::Unavailable { source: Some(other.into()) },
        }
    }

    /// What a write's failure means for whoever books.
    #[must_use]
    pub fn into_write(self) -> BookError {
        let rejected = |reason| BookError::Rejected { reason };
        let needs = |field: ClientField| BookError::Needs { fields: [field].into() };
        match (self.told(), self) {
            (Some(Told::Taken | Told::LimitReached | Told::Full | Told::HasSeat | Told::OutsideWindow), _) => {
                BookError::SlotTaken
            }
            (Some(Told::Past), _) => rejected(RejectReason::TooLate),
            (Some(Told::TooMany), _) => rejected(RejectReason::TooMany),
            (Some(Told::Blocked), _) => rejected(RejectReason::Blocked),
            (Some(Told::NeedsAuthentication | Told::Answers | Told::Fixed), _) => {
                rejected(RejectReason::NotBookableHere)
            }
            (Some(Told::Email), _) => needs(ClientField::Email),
            (Some(Told::Phone), _) => needs(ClientField::Phone),
            (Some(Told::Name), _) => needs(ClientField::Name),
            (Some(Told::NoHosts), _) => BookError::NotDone(BackendError::StaleCatalog),
            (_, Self::Refused(_)) => rejected(RejectReason::Other),
            (_, Self::OutcomeUnknown { source, .. }) => BookError::OutcomeUnknown { source },
            (_, error @ Self::Unreadable { .. }) => BookError::OutcomeUnknown { source: Some(error.into()) },
            (_, error) => BookError::NotDone(error.into_read()),
        }
    }
}
