//! HTTP as Altegio is spoken to.

use super::error::BoxError;
use bytes::{Bytes, BytesMut};
use chrono::Duration as Span;
use reqwest::{Response, header};
use std::time::Duration;

/// The HTTP client for Altegio: rustls on ring, timeouts, our user agent, no redirects, no retries. One made elsewhere in
/// the same way serves as well.
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

/// Reads a body up to a limit, whatever its length header claims.
pub(super) async fn read_limited(mut response: Response, limit: u64) -> Result<Bytes, BoxError> {
    let too_large = || BoxError::from("the answer is too large");
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() as u64 + chunk.len() as u64 > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// How long an answer asks to wait; an hour at most.
pub(super) fn retry_after(response: &Response) -> Option<Span> {
    let seconds: i64 = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Span::try_seconds(seconds.clamp(0, 60 * 60))
}
