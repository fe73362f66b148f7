//! The [`WebhookReceiver`] port: who may post, and what changed where. What a change means is found out by reading again.

use crate::endpoint::AltegioEndpoint;
use bytes::Bytes;
use chatplug_core::ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, Request, Response, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::BTreeSet, fmt::Write};
use subtle::ConstantTimeEq;

/// The provider's name in routes and in the webhook's URL.
pub const PROVIDER: &str = "altegio";

/// Longest word of the platform's that is repeated in logs.
const LONGEST_WORD: usize = 40;

/// Events of a body at most; the platform sends one.
const MOST_EVENTS: usize = 100;

/// Where there is no time of the change: two bodies that are alike are one event for so long. The platform repeats itself
/// within seconds; what was changed there and back again within such a stretch is found by the sweep.
const ALIKE_SECONDS: i64 = 60;

/// One webhook endpoint of one developer's account, for all its locations.
///
/// The platform signs nothing (its own notes say so), so the end of the address is what proves a sender, and what a body
/// says is a hint to read again: nothing in it is believed but which thing of which location may have changed. `external_id`
/// is the location's id (`company_id` on the wire).
///
/// Events are named by [`ReceivedEvent::key`]: `c:` with location, resource, id, status and the time of the change, or `h:`
/// with a hash of the body where one of these is missing.
#[derive(Debug)]
pub struct AltegioWebhook {
    endpoint: AltegioEndpoint,
    bearer: Option<SecretString>,
    /// Locations of other accounts.
    others: BTreeSet<String>,
}

impl AltegioWebhook {
    /// A receiver of what is posted to the address that ends so.
    #[must_use]
    pub const fn new(endpoint: AltegioEndpoint) -> Self {
        Self { endpoint, bearer: None, others: BTreeSet::new() }
    }

    /// Wants this constant word as well, as `Authorization: Bearer …`. All receivers of all vendors see the same one, so it
    /// proves little; for whoever was told it.
    #[must_use]
    pub fn with_bearer(mut self, bearer: impl Into<SecretString>) -> Self {
        self.bearer = Some(bearer.into());
        self
    }

    /// Believes nothing about these locations: they are other accounts', whose owners know their own addresses.
    #[must_use]
    pub fn except(mut self, locations: impl IntoIterator<Item = u64>) -> Self {
        self.others.extend(locations.into_iter().map(|id| id.to_string()));
        self
    }

    fn may_post(&self, request: &Request<Bytes>) -> bool {
        let path = request.uri().path();
        let here = self.endpoint.is(path.rsplit('/').next().unwrap_or_default());
        let Some(bearer) = &self.bearer else { return here };
        let told = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let (scheme, word) = told.split_at_checked(7).unwrap_or((&[], &[]));
        let same = bool::from(bearer.expose_secret().as_bytes().ct_eq(word));
        here && same && scheme.eq_ignore_ascii_case(b"bearer ")
    }

    /// What one envelope says.
    fn event(&self, envelope: &Value, now: DateTime<Utc>) -> ReceivedEvent {
        let field = |name: &str| envelope.get(name).filter(|value| !value.is_null());
        let data = |name: &str| envelope.get("data")?.get(name).filter(|value| !value.is_null());
        let resource = word(field("resource"));
        let location = ["company_id", "salon_id", "location_id"]
            .into_iter()
            .find_map(|name| field(name).and_then(id).or_else(|| data(name).and_then(id)));
        let of = field("resource_id").or_else(|| data("id")).and_then(id);
        let event = match (&location, resource.as_deref()) {
            (Some(location), _) if self.others.contains(location) => {
                Scoped::Ignored { what: "a location of another account".to_owned() }
            }
            (None, _) => Scoped::Ignored { what: "an event that names no location".to_owned() },
            (Some(_), None) => Scoped::Ignored { what: "an event that names no resource".to_owned() },
            (Some(_), Some("record")) => match &of {
                Some(id) => Scoped::Booking { backend_id: id.clone() },
                None => Scoped::Ignored { what: "a record without an id".to_owned() },
            },
            (Some(_), Some(resource)) if is_catalog(resource) => Scoped::Catalog { what: resource.to_owned() },
            (Some(_), Some(resource)) => Scoped::Ignored { what: resource.to_owned() },
        };
        let status = word(field("status"));
        let changed = data("last_change_date").and_then(Value::as_str).filter(|text| is_plain(text));
        let key = match (&location, &resource, &of, status, changed) {
            (Some(location), Some(resource), Some(of), Some(status), Some(changed)) => {
                format!("c:{location}:{resource}:{of}:{status}:{changed}")
            }
            _ => format!("h:{}", hash(envelope, now)),
        };
        ReceivedEvent { provider: PROVIDER, external_id: location.unwrap_or_default(), key, event }
    }
}

impl WebhookReceiver for AltegioWebhook {
    fn receive(&self, request: &Request<Bytes>, now: DateTime<Utc>) -> Result<Received, WebhookError> {
        if !self.may_post(request) {
            return Err(WebhookError::Forged);
        }
        if *request.method() != Method::POST {
            return Err(WebhookError::Method);
        }
        let body: Value = serde_json::from_slice(request.body()).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            WebhookError::Malformed(format!("not JSON (line {line}, column {column})"))
        })?;
        let events = match &body {
            Value::Object(_) => vec![self.event(&body, now)],
            Value::Array(list) if list.len() <= MOST_EVENTS && list.iter().all(Value::is_object) => {
                list.iter().map(|one| self.event(one, now)).collect()
            }
            _ => return Err(WebhookError::Malformed("not an event".to_owned())),
        };
        Ok(Received { answer: Response::new(Bytes::new()), events })
    }
}

/// What a location offers, by the words of events; `staff` is `master` in settings, and a location `company` or `salon`.
fn is_catalog(resource: &str) -> bool {
    matches!(
        resource,
        "service"
            | "service_category"
            | "staff"
            | "master"
            | "team_member"
            | "schedule"
            | "company"
            | "salon"
            | "location"
    )
}

/// A number, or digits in quotes; in the form that routes and references have.
fn id(value: &Value) -> Option<String> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    number.filter(|number| *number > 0).map(|number: u64| number.to_string())
}

/// A word of the platform's, fit for logs and metrics.
fn word(value: Option<&Value>) -> Option<String> {
    let word = value?.as_str()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!word.is_empty() && word.len() <= LONGEST_WORD && word.chars().all(fits)).then(|| word.to_ascii_lowercase())
}

/// A date as the platform writes it, or nothing that could be one.
fn is_plain(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +-.:".contains(&byte))
}

/// A hash of an event, the same for a short while.
fn hash(event: &Value, now: DateTime<Utc>) -> String {
    let stretch = now.timestamp().div_euclid(ALIKE_SECONDS);
    let digest = Sha256::new().chain_update(stretch.to_be_bytes()).chain_update(event.to_string()).finalize();
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
