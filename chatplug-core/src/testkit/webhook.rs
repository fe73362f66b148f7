//! Webhooks of a provider that exists only in tests.

use crate::{
    model::{ChannelUser, DeliveryStatus, Inbound},
    ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Where the signature stands.
const SIGNATURE: &str = "x-memory-signature";

/// A receiver of the provider `memory`, with the other side of it: it also writes and signs the requests.
///
/// ```
/// # use chatplug_core::{ports::WebhookReceiver as _, testkit::{MemoryReceiver, PostedEvent}};
/// # let now = chrono::DateTime::UNIX_EPOCH;
/// let endpoint = MemoryReceiver::new("secret");
/// let request = endpoint.post(&[PostedEvent::booking("1001", "booking-7", "change-1")]);
/// assert_eq!(endpoint.receive(&request, now).unwrap().events.len(), 1);
/// assert!(MemoryReceiver::new("another").receive(&request, now).is_err());
/// ```
#[derive(Clone)]
pub struct MemoryReceiver {
    secret: String,
}

/// An event as the provider `memory` posts it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PostedEvent {
    /// Whom it is for: looked up in the routes.
    pub external_id: String,
    /// Unique per event.
    pub key: String,
    /// What it says.
    pub what: Posted,
}

/// What an event of the provider `memory` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Posted {
    /// A client wrote.
    Message(Box<Inbound>),
    /// One of our messages came further.
    Status(DeliveryStatus),
    /// A booking changed.
    Booking(String),
    /// Services, people, schedules or the place changed.
    Catalog(String),
    /// Somebody of the business wrote to the client.
    StaffWrote(ChannelUser),
    /// A kind that the receiver does not know.
    #[serde(untagged)]
    Other(serde_json::Value),
}

impl PostedEvent {
    /// A client wrote.
    #[must_use]
    pub fn message(external_id: &str, message: Inbound) -> Self {
        let key = message.id.as_str().to_owned();
        Self { external_id: external_id.to_owned(), key, what: Posted::Message(Box::new(message)) }
    }

    /// One of our messages came further.
    #[must_use]
    pub fn status(external_id: &str, status: DeliveryStatus) -> Self {
        let key = format!("{}/{:?}", status.message, status.stage);
        Self { external_id: external_id.to_owned(), key, what: Posted::Status(status) }
    }

    /// A booking changed.
    #[must_use]
    pub fn booking(external_id: &str, backend_id: &str, key: &str) -> Self {
        let what = Posted::Booking(backend_id.to_owned());
        Self { external_id: external_id.to_owned(), key: key.to_owned(), what }
    }
}

impl MemoryReceiver {
    /// An endpoint with a secret. An empty secret is no key: everything is refused.
    #[must_use]
    pub fn new(secret: impl Into<String>) -> Self {
        Self { secret: secret.into() }
    }

    /// The signed request that posts these events.
    #[must_use]
    pub fn post(&self, events: &[PostedEvent]) -> Request<Bytes> {
        self.sign(serde_json::to_vec(events).unwrap_or_default())
    }

    /// Any body, signed.
    #[must_use]
    pub fn sign(&self, body: impl Into<Bytes>) -> Request<Bytes> {
        let body = body.into();
        let signature = self.signature(&body);
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        if let Ok(signature) = signature.parse() {
            request.headers_mut().insert(SIGNATURE, signature);
        }
        request
    }

    fn signature(&self, body: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.secret.as_bytes());
        hash.update([0]);
        hash.update(body);
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn is_signed(&self, request: &Request<Bytes>) -> bool {
        let given = request.headers().get(SIGNATURE).map(http::HeaderValue::as_bytes).unwrap_or_default();
        let right = self.signature(request.body());
        let same_length = given.len() == right.len();
        let difference = given.iter().zip(right.as_bytes()).fold(0, |sum, (given, right)| sum | (given ^ right));
        !self.secret.is_empty() && same_length && difference == 0
    }
}

impl std::fmt::Debug for MemoryReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryReceiver").finish_non_exhaustive()
    }
}

impl WebhookReceiver for MemoryReceiver {
    fn receive(&self, request: &Request<Bytes>, _now: DateTime<Utc>) -> Result<Received, WebhookError> {
        if request.method() != Method::POST {
            return Err(WebhookError::Method);
        }
        if !self.is_signed(request) {
            return Err(WebhookError::Forged);
        }
        let posted: Vec<PostedEvent> = serde_json::from_slice(request.body())
            .map_err(|error| WebhookError::Malformed(format!("line {}, column {}", error.line(), error.column())))?;
        let event = |posted: PostedEvent| ReceivedEvent {
            provider: "memory",
            external_id: posted.external_id,
            key: posted.key,
            event: match posted.what {
                Posted::Message(message) => Scoped::Message(message),
                Posted::Status(status) => Scoped::Status(status),
                Posted::Booking(backend_id) => Scoped::Booking { backend_id },
                Posted::Catalog(what) => Scoped::Catalog { what },
                Posted::StaffWrote(user) => Scoped::StaffWrote { user },
                Posted::Other(_) => Scoped::Ignored { what: "unknown".to_owned() },
            },
        };
        Ok(Received { answer: Response::new(Bytes::new()), events: posted.into_iter().map(event).collect() })
    }
}
