//! Voice messages in words.

use crate::model::{Lang, Private};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::Duration;
use std::fmt;

/// Writes down what was said in a recording.
///
/// # Contract
/// - What it answers is what was said, or an error: never a guess about a recording that it could not read.
/// - It keeps nothing of the recording or the words, and neither stands in its errors, logs or `Debug`.
/// - A recording larger than [`Transcriber::limit`] is refused before anything leaves.
/// - It does not retry by itself. Whoever calls it sets the deadline, and may drop the call at any moment.
/// - The same recording may be asked for again after a crash.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Transcriber: fmt::Debug + Send + Sync {
    /// Largest recording, in bytes.
    fn limit(&self) -> usize;

    /// Writes a recording down.
    ///
    /// # Errors
    /// See [`TranscribeError`]: by what to do about it.
    async fn transcribe(&self, recording: &Recording) -> Result<Private<String>, TranscribeError>;
}

/// Something that was said.
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    /// MIME type as told, such as `audio/ogg; codecs=opus`.
    pub mime: String,
    /// The file.
    pub bytes: Bytes,
    /// The language that they were last understood in: a hint, they may speak another.
    pub language: Option<Lang>,
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mime, bytes, language } = self;
        f.debug_struct("Recording")
            .field("mime", mime)
            .field("bytes", &bytes.len())
            .field("language", language)
            .finish()
    }
}

/// Why a recording was not written down, by what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TranscribeError {
    /// It is larger than the limit: ask for a shorter one, or for words.
    #[error("the recording is larger than allowed")]
    TooLarge,
    /// Nobody says anything in it, or nothing that can be understood: ask for words.
    #[error("nothing is said in the recording")]
    Silent,
    /// It is no recording, or of a kind that cannot be read: asking again cannot help.
    #[error("the recording was refused (code {code})")]
    Rejected {
        /// The service's code, or an HTTP status.
        code: i64,
    },
    /// Too much at once: wait.
    #[error("the service asks to slow down")]
    RateLimited {
        /// How long, when it says.
        retry_after: Option<Duration>,
    },
    /// The key does not work, or is not paid for: a person must mend that.
    #[error("the service refuses our credentials (code {code})")]
    Unauthorized {
        /// The service's code, or an HTTP status.
        code: i64,
    },
    /// It is down, does not answer in time, or answers nonsense: try another recording later.
    #[error("the service is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
