//! HTTP as Cal.com is spoken to.

use super::error::BoxError;
use bytes::{Bytes, BytesMut};
use reqwest::{Response, header::HeaderMap};
use std::time::Duration;

/// The HTTP client for Cal.com: rustls on ring, timeouts, our user agent, no redirects, no retries. One made elsewhere in
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

/// What the server calls a request in its own log.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    (id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).then(|| id.to_owned())
}
