//! Webhooks by the end of their address: whose keys they are checked with, and how large they may be.

use crate::metrics::Metrics;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use chatplug_core::{engine::Engine, ports::WebhookReceiver};
use futures_util::StreamExt;
use http::{HeaderValue, Request, Response, StatusCode, header};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Instant,
};

/// Largest webhook body in bytes. Meta sends up to 3 MB.
pub const WEBHOOK_LIMIT: usize = 4 * 1024 * 1024;

/// The receivers of all endpoints, in front of the engine.
#[derive(Debug)]
pub struct Webhooks {
    engine: Engine,
    metrics: Arc<Metrics>,
    /// By provider, and a hash of the endpoint: where a vendor signs nothing the endpoint is a secret, and how long it takes to
    /// find one must not tell how much of it was right.
    receivers: HashMap<(String, [u8; 32]), Arc<dyn WebhookReceiver>>,
}

impl Webhooks {
    /// Receivers by provider and endpoint: the last two parts of `/webhooks/{provider}/{endpoint}`.
    #[must_use]
    pub fn new(
        engine: Engine,
        metrics: Arc<Metrics>,
        receivers: BTreeMap<(String, String), Arc<dyn WebhookReceiver>>,
    ) -> Self {
        let hashed = |((provider, endpoint), receiver): ((_, String), _)| ((provider, hash(&endpoint)), receiver);
        Self { engine, metrics, receivers: receivers.into_iter().map(hashed).collect() }
    }

    /// The engine behind.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Answers a webhook; every answer is counted.
    pub async fn answer(&self, provider: &str, endpoint: &str, request: Request<Bytes>) -> Response<Bytes> {
        let answer = match self.receivers.get(&(provider.to_owned(), hash(endpoint))) {
            Some(receiver) => self.engine.receive(&**receiver, &request).await,
            None => plain(StatusCode::NOT_FOUND, "no such endpoint"),
        };
        self.metrics.webhook(provider, answer.status());
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            self.metrics.store_failed("webhook");
        }
        answer
    }

    /// Reads the body, within the limit, and answers.
    pub(super) async fn answer_stream(
        &self,
        provider: &str,
        endpoint: &str,
        request: Request<Body>,
    ) -> Response<Bytes> {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let answer = match read(&parts.headers, body).await {
            Ok(body) => self.answer(provider, endpoint, Request::from_parts(parts, body)).await,
            Err(status) => {
                self.metrics.webhook(provider, status);
                tracing::warn!(http.status = status.as_u16(), "webhook body not read");
                plain(status, status.canonical_reason().unwrap_or_default())
            }
        };
        self.metrics.webhook_took(started.elapsed());
        answer
    }
}

fn hash(endpoint: &str) -> [u8; 32] {
    Sha256::digest(endpoint).into()
}

async fn read(headers: &http::HeaderMap, body: Body) -> Result<Bytes, StatusCode> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > WEBHOOK_LIMIT) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::with_capacity(declared.unwrap_or(0));
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
        if whole.len() + chunk.len() > WEBHOOK_LIMIT {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// An answer in plain text.
pub(super) fn plain(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::copy_from_slice(text.as_bytes()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
