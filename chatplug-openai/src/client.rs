//! Calls over HTTP: the client, its key, answers of a bounded size. What is asked and what an answer means is not here.

use super::config::{OpenAiConfig, OpenAiConfigError};
use chrono::Duration as Span;
use reqwest::{Client, RequestBuilder, Response, header, redirect};
use secrecy::ExposeSecret;
use std::time::Duration;

/// A client for an endpoint: it follows no redirects, so that the key goes nowhere else.
pub(crate) fn client(config: &OpenAiConfig) -> Result<Client, OpenAiConfigError> {
    config.check()?;
    // The provider is process-wide; whoever was first installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("chatplug/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5).min(config.timeout))
        .timeout(config.timeout)
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
        .map_err(OpenAiConfigError::Client)
}

/// A request with the endpoint's key.
pub(crate) fn keyed(config: &OpenAiConfig, request: RequestBuilder) -> RequestBuilder {
    match &config.api_key {
        Some(key) => request.bearer_auth(key.expose_secret()),
        None => request,
    }
}

/// When to come again.
pub(crate) fn retry_after(answer: &Response) -> Option<Span> {
    let seconds: i64 = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Span::try_seconds(seconds.clamp(0, 24 * 60 * 60))
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    Broken(reqwest::Error),
    TooLong,
}

/// A body of at most so many bytes.
pub(crate) async fn read(mut answer: Response, longest: usize) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Unread::Broken)? {
        if body.len() + chunk.len() > longest {
            return Err(Unread::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
