//! Webhooks in: verify, then parse.

use crate::model::{DeliveryStatus, Inbound, shown_name};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use std::fmt::{self, Debug};

/// Reads the webhooks of one endpoint of one provider.
///
/// # Contract
/// Pure: no I/O, no clock. The signature is checked over the raw body, in constant time, before anything is parsed; no
/// key configured means every request is refused. One receiver holds its keyring and, where the signature covers it,
/// its public URL. Unknown kinds of event never fail a batch; they come out as [`Scoped::Ignored`].
#[cfg_attr(feature = "testkit", mockall::automock)]
pub trait WebhookReceiver: Debug + Send + Sync {
    /// Verifies and parses one request.
    ///
    /// # Errors
    /// See [`WebhookError`]; each names the HTTP status to answer.
    fn receive(&self, request: &http::Request<Bytes>, now: DateTime<Utc>) -> Result<Received, WebhookError>;
}

/// What a request holds.
#[derive(Debug)]
pub struct Received {
    /// What the provider must be answered once all events are stored.
    pub answer: http::Response<Bytes>,
    /// The events, in the order of the body; they may belong to several tenants.
    pub events: Vec<ReceivedEvent>,
}

/// One event with the address it came to.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedEvent {
    /// Which provider, as in the URL: `meta`, `twilio`, `altegio` …
    pub provider: &'static str,
    /// The provider's name of whom it is for (Meta: the phone number id): looked up in the routes.
    pub external_id: String,
    /// Unique per event and stable over redeliveries: the provider's id, or a hash where there is none.
    pub key: String,
    /// What it says.
    pub event: Scoped,
}

/// An event by what it concerns. Only what concerns a dialogue costs a turn. `Debug` prints no booking's name.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Scoped {
    /// A client wrote.
    Message(Box<Inbound>),
    /// One of our messages came further.
    Status(DeliveryStatus),
    /// A booking changed in the booking system: a hint to read it again.
    Booking {
        /// The system's id of it.
        backend_id: String,
    },
    /// Services, people, schedules or the place changed in the booking system: a hint to read the branch's catalogue
    /// again. Costs no turn. [`ReceivedEvent::external_id`] names the branch.
    Catalog {
        /// The system's word for it.
        what: String,
    },
    /// A client changed what they want to receive (`true`: writes are welcome again).
    MarketingPreference {
        /// Whose.
        user: crate::model::ChannelUser,
        /// Welcome or not.
        wanted: bool,
    },
    /// A person of the business wrote to the client from elsewhere: a human took over.
    StaffWrote {
        /// To whom.
        user: crate::model::ChannelUser,
    },
    /// Templates of an account were decided on, paused, moved to another category …: a hint to read them again.
    /// [`ReceivedEvent::external_id`] names the account.
    Templates {
        /// The provider's word for it.
        what: String,
    },
    /// Something about the account or the number, for the logs.
    Account {
        /// The provider's word for it.
        what: String,
    },
    /// Nothing for us, or not understood: counted, and its kind logged once.
    Ignored {
        /// The provider's word for it.
        what: String,
    },
}

impl Debug for Scoped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word =
            |f: &mut fmt::Formatter<'_>, name: &str, what: &str| f.debug_struct(name).field("what", &what).finish();
        match self {
            Self::Message(message) => f.debug_tuple("Message").field(message).finish(),
            Self::Status(status) => f.debug_tuple("Status").field(status).finish(),
            Self::Booking { backend_id } => write!(f, "Booking(#{})", shown_name(backend_id)),
            Self::Catalog { what } => word(f, "Catalog", what),
            Self::MarketingPreference { user, wanted } => {
                f.debug_struct("MarketingPreference").field("user", user).field("wanted", wanted).finish()
            }
            Self::StaffWrote { user } => f.debug_struct("StaffWrote").field("user", user).finish(),
            Self::Templates { what } => word(f, "Templates", what),
            Self::Account { what } => word(f, "Account", what),
            Self::Ignored { what } => word(f, "Ignored", what),
        }
    }
}

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The signature or token is missing or wrong: 401 (403 for a verification GET). Nothing is stored.
    #[error("the signature is missing or wrong")]
    Forged,
    /// The verification request is not ours: 403.
    #[error("the verify token is missing or wrong")]
    NotOurs,
    /// Signed, but not what this provider sends: 400.
    #[error("the body is not what the provider documents: {0}")]
    Malformed(String),
    /// A method that this endpoint does not know: 405.
    #[error("only GET and POST are answered here")]
    Method,
}

impl WebhookError {
    /// The HTTP status to answer.
    #[must_use]
    pub const fn status(&self) -> http::StatusCode {
        match self {
            Self::Forged => http::StatusCode::UNAUTHORIZED,
            Self::NotOurs => http::StatusCode::FORBIDDEN,
            Self::Malformed(_) => http::StatusCode::BAD_REQUEST,
            Self::Method => http::StatusCode::METHOD_NOT_ALLOWED,
        }
    }
}
