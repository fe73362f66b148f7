//! HTTP as every provider is spoken to: one request, one answer, and the truth about whether something left.

use super::words::without_numbers;
use bytes::{Bytes, BytesMut};
use chatplug_core::ports::SendError;
use chrono::Duration as Span;
use reqwest::{Response, header};
use std::time::Duration;

/// The HTTP client for every vendor call: rustls on ring, timeouts, our user agent, no redirects, no retries.
///
/// Clone it freely: clones share one pool of connections.
///
/// # Errors
/// When the machine has no usable certificate store.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    // The provider is process-wide; whoever was first installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("chatplug/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(20))
        .pool_idle_timeout(Duration::from_secs(60))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .tcp_nodelay(true)
        .build()
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// Longer than allowed.
    TooLarge,
    /// The connection broke.
    Cut(reqwest::Error),
}

impl BodyError {
    pub(crate) fn into_send_error(self) -> SendError {
        match self {
            Self::TooLarge => SendError::OutcomeUnknown { source: None },
            Self::Cut(error) => unknown(error.without_url().into()),
        }
    }
}

/// Reads a body up to a limit, whatever its length header claims.
pub(crate) async fn read_limited(mut response: Response, limit: u64) -> Result<Bytes, BodyError> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Cut)? {
        if body.len() as u64 + chunk.len() as u64 > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Nothing left when no connection stood (or the request could not be built); everything later is unknown.
pub(crate) fn unsent_or_unknown(error: &reqwest::Error) -> SendError {
    // The error of a request may hold its URL (removed by the caller) and never its body, but keep only the words.
    let source = Some(chain(error).into());
    if error.is_connect() || error.is_builder() {
        SendError::Unavailable { source }
    } else {
        SendError::OutcomeUnknown { source }
    }
}

/// What happened after a request left.
pub(crate) fn unknown(source: Box<dyn std::error::Error + Send + Sync>) -> SendError {
    SendError::OutcomeUnknown { source: Some(source) }
}

/// How long an answer asks to wait; a day at most.
pub(crate) fn retry_after(response: &Response) -> Option<Span> {
    let seconds: i64 = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Span::try_seconds(seconds.clamp(0, 24 * 60 * 60))
}

/// The words of an error and of what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    without_numbers(&words)
}

/// Reading has no outcome to lose: what is unknown for a message is merely unavailable for anything else.
pub(crate) fn nothing_sent(error: SendError) -> SendError {
    match error {
        SendError::OutcomeUnknown { source } => SendError::Unavailable { source },
        error => error,
    }
}
