//! Messages out.

use crate::model::{Address, ChannelLimits, DeliveryKey, MediaRef, MessageId, MessageRef, Outbound};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use std::fmt::Debug;

/// One number on one provider, able to send.
///
/// # Contract
/// - `send` takes what fits [`Messenger::limits`]; it hands over exactly one message or none, and says which:
///   every error but [`SendError::OutcomeUnknown`] means *none*.
/// - It never retries by itself: the outbox does, in order and durably.
/// - The delivery key travels with the message and comes back in its statuses where the provider can carry one.
/// - It holds no personal data in its errors.
///
/// # Cancellation
/// Dropping a `send` future leaves the outcome unknown; the engine never does so on purpose.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Messenger: Debug + Send + Sync {
    /// What the channel can carry.
    fn limits(&self) -> &ChannelLimits;

    /// Takes a place for one message, where no more than so many may go out from this number in a time. Asked for right
    /// before [`Messenger::send`], and before the message counts as being sent: whoever gets none puts the message off,
    /// and a crash meanwhile leaves nothing in doubt. The next `send` uses the place; one that is not used soon is lost.
    ///
    /// By default there is always one.
    async fn place(&self) -> Place {
        Place::Granted
    }

    /// Hands one message to the provider.
    ///
    /// # Errors
    /// See [`SendError`]: by what to do about it.
    async fn send(&self, to: &Address, message: &Outbound, key: DeliveryKey) -> Result<Sent, SendError>;

    /// Marks a client's message (and those before it) as read, and shows "typing" where the channel can.
    ///
    /// # Errors
    /// As `send`; callers treat it as a courtesy and go on.
    async fn seen(&self, message: &MessageRef, typing: bool) -> Result<(), SendError>;

    /// Fetches a file that a client sent.
    ///
    /// # Errors
    /// As `send`; [`SendError::Rejected`] when it is gone or too large.
    async fn fetch_media(&self, media: &MediaRef) -> Result<Media, SendError>;
}

/// Whether a message may be handed over now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It may.
    Granted,
    /// It should come again then. Of many that ask, each is told another instant.
    Later(DateTime<Utc>),
}

/// The provider took a message: accepted, not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The provider's id of it.
    pub message: MessageId,
    /// When it was taken.
    pub at: DateTime<Utc>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// MIME type.
    pub mime: String,
    /// The file.
    pub bytes: Bytes,
}

/// Why a message was not handed over, by what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The request left and no answer came: it may have been sent. Wait for a status that carries the key.
    #[error("the provider gave no answer: the message may have been sent")]
    OutcomeUnknown {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The 24-hour window is closed: send a template.
    #[error("the conversation window is closed: only a template may be sent")]
    OutsideWindow,
    /// Too fast: wait.
    #[error("the provider asks to slow down")]
    RateLimited {
        /// How long, when the provider says or its rules do.
        retry_after: Option<Duration>,
    },
    /// Too fast to this one person: wait. Messages to others are not concerned.
    #[error("the provider asks to write to this person more slowly")]
    TooFastToOne {
        /// How long, when the provider says or its rules do.
        retry_after: Option<Duration>,
    },
    /// The message itself is wrong (our fault, or a broken template); sending it again cannot help.
    #[error("the provider refused the message: {detail} (code {code})")]
    Rejected {
        /// The provider's code.
        code: i64,
        /// The provider's words, without personal data.
        detail: String,
    },
    /// This person cannot be reached on this channel.
    #[error("this person cannot be reached on this channel (code {code})")]
    Unreachable {
        /// The provider's code.
        code: i64,
    },
    /// The credentials do not work: nothing can be sent until a person mends them.
    #[error("the provider refuses our credentials (code {code})")]
    Unauthorized {
        /// The provider's code.
        code: i64,
    },
    /// The provider is down and took nothing: try later.
    #[error("the provider is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
