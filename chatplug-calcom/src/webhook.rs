//! The [`WebhookReceiver`] port: who may post, and which booking changed. What a change means is found out by reading again.

use crate::endpoint::{CalcomEndpoint, PROVIDER, hex};
use bytes::Bytes;
use chatplug_core::ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Method, Request, Response};
use secrecy::ExposeSecret;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// What a webhook is signed with: lower-case hexadecimal digits of an HMAC-SHA256 over the body as it came.
const SIGNATURE: &str = "x-cal-signature-256";

/// What stands in place of a signature when a webhook was registered without a secret.
const NO_SECRET: &[u8] = b"no-secret-provided";

/// Longest word of Cal.com's that is repeated in logs.
const LONGEST_WORD: usize = 60;

/// Longest name of a booking that is believed to be one: those of the recordings have 22 characters.
const LONGEST_UID: usize = 64;

/// The webhook of one branch at Cal.com.
///
/// A body says which booking may have changed; nothing else in it is believed, since whoever holds a tenant's account can
/// have anything sent. A booking that was moved comes as two events, for the name that it had and for the one that it has
/// now. `external_id` is the [name of the endpoint](CalcomEndpoint::name).
///
/// The signature covers no time. What is alike is one event, by [`ReceivedEvent::key`]: a hash of what happened to which
/// booking, in which minute by Cal.com's clock. So a body that is posted again changes nothing, and two webhooks for one
/// branch (the user's own and one of an event type) are told once. A booking's name is a secret and stands in no key.
#[derive(Debug)]
pub struct CalcomWebhook {
    endpoints: Vec<CalcomEndpoint>,
}

impl CalcomWebhook {
    /// A receiver of what is posted to this address and signed with its secret.
    #[must_use]
    pub fn new(endpoint: CalcomEndpoint) -> Self {
        Self { endpoints: vec![endpoint] }
    }

    /// Takes another address and secret of the same branch as well, while they are being changed.
    #[must_use]
    pub fn with_previous(mut self, endpoint: CalcomEndpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// The endpoint that a request is for, by an address and a signature that belong to this branch. How long it takes tells
    /// nothing of how much was right.
    fn posted_to(&self, request: &Request<Bytes>) -> Option<&CalcomEndpoint> {
        let end = request.uri().path().rsplit('/').next().unwrap_or_default();
        let is_here = |one: &CalcomEndpoint| one.expose().as_bytes().ct_eq(end.as_bytes());
        let here = self.endpoints.iter().fold(Choice::from(0), |here, one| here | is_here(one));
        if !bool::from(here) {
            return None;
        }
        let told = request.headers().get(SIGNATURE).map(HeaderValue::as_bytes).unwrap_or_default();
        if told == NO_SECRET {
            tracing::warn!(
                provider = PROVIDER,
                branch = self.endpoints.first().map(CalcomEndpoint::name),
                "a webhook was registered without a secret, so nothing proves who posts: `chatplug tenant webhooks` gives it one"
            );
            return None;
        }
        let mut signed = None;
        for endpoint in &self.endpoints {
            if bool::from(signature(endpoint, request.body()).as_bytes().ct_eq(told)) {
                signed = Some(endpoint);
            }
        }
        signed
    }
}

impl WebhookReceiver for CalcomWebhook {
    fn receive(&self, request: &Request<Bytes>, _now: DateTime<Utc>) -> Result<Received, WebhookError> {
        let endpoint = self.posted_to(request).ok_or(WebhookError::Forged)?;
        if *request.method() != Method::POST {
            return Err(WebhookError::Method);
        }
        let body: Value = serde_json::from_slice(request.body()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            WebhookError::Malformed(format!(
                "not JSON (line {line}, column {column}); a webhook for this server has no template of its own"
            ))
        })?;
        let trigger = body.get("triggerEvent").and_then(word).ok_or_else(|| {
            WebhookError::Malformed("no triggerEvent; a webhook for this server has no template of its own".to_owned())
        })?;
        let event = |event, key| ReceivedEvent {
            provider: PROVIDER,
            external_id: endpoint.name().to_owned(),
            key: format!("{trigger}:{key}"),
            event,
        };
        let digest = digest(&body);
        let events = match kind(&trigger) {
            Kind::Booking => {
                let bookings = bookings(&body);
                if bookings.is_empty() {
                    let what = "a change of a booking that is not named".to_owned();
                    vec![event(Scoped::Ignored { what }, digest)]
                } else {
                    let one =
                        |(i, uid): (usize, String)| event(Scoped::Booking { backend_id: uid }, format!("{digest}:{i}"));
                    bookings.into_iter().enumerate().map(one).collect()
                }
            }
            Kind::Catalog => vec![event(Scoped::Catalog { what: trigger.clone() }, digest)],
            Kind::Other => vec![event(Scoped::Ignored { what: trigger.clone() }, digest)],
        };
        Ok(Received { answer: Response::new(Bytes::new()), events })
    }
}

/// What a kind of event is about.
enum Kind {
    Booking,
    Catalog,
    Other,
}

/// By Cal.com's word for it. Words that are not known are nothing to us, however they look.
fn kind(trigger: &str) -> Kind {
    match trigger {
        "BOOKING_CREATED"
        | "BOOKING_REQUESTED"
        | "BOOKING_RESCHEDULED"
        | "BOOKING_CANCELLED"
        | "BOOKING_REJECTED"
        | "BOOKING_PAYMENT_INITIATED"
        | "BOOKING_PAID"
        | "BOOKING_NO_SHOW_UPDATED"
        | "MEETING_STARTED"
        | "MEETING_ENDED" => Kind::Booking,
        // Who is away is not free.
        "OOO_CREATED" => Kind::Catalog,
        _ => Kind::Other,
    }
}

/// The names of the booking that an event is about: the one that it has, and the one that it had before it was moved. They
/// stand in the payload or, at events of the web application's clock, beside it; a no-show calls it `bookingUid`.
fn bookings(body: &Value) -> Vec<String> {
    let payload = body.get("payload").filter(|payload| payload.is_object()).unwrap_or(body);
    let mut found = Vec::new();
    for key in ["uid", "bookingUid", "rescheduleUid"] {
        if let Some(uid) = payload.get(key).and_then(Value::as_str)
            && is_uid(uid)
            && !found.iter().any(|known| known == uid)
        {
            found.push(uid.to_owned());
        }
    }
    found
}

fn is_uid(text: &str) -> bool {
    (1..=LONGEST_UID).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// What is the same for what is alike: the body, but for when exactly it was written. Deliveries of one change to two
/// webhooks differ by milliseconds; the same change there and back again takes longer than a minute, or is found by the
/// sweep.
fn digest(body: &Value) -> String {
    let minute = body.get("createdAt").and_then(Value::as_str).and_then(|text| text.get(..16)).unwrap_or_default();
    let mut said = body.clone();
    // At events without a payload `createdAt` is when the booking was made.
    if body.get("payload").is_some_and(Value::is_object)
        && let Some(said) = said.as_object_mut()
    {
        said.remove("createdAt");
    }
    let digest = Sha256::new().chain_update(minute).chain_update([0]).chain_update(said.to_string()).finalize();
    digest.get(..16).map(hex).unwrap_or_default()
}

/// What a body is signed with at an endpoint.
pub(crate) fn signature(endpoint: &CalcomEndpoint, body: &[u8]) -> String {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(endpoint.secret().expose_secret().as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    hex(&mac.finalize().into_bytes())
}

/// A word of Cal.com's, fit for logs and metrics.
fn word(value: &Value) -> Option<String> {
    let word = value.as_str()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!word.is_empty() && word.len() <= LONGEST_WORD && word.chars().all(fits)).then(|| word.to_ascii_uppercase())
}
