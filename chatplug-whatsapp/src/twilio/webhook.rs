//! The [`WebhookReceiver`] port: who may speak, what the request holds, and whom it is for.
//!
//! A form is one message or one status; JSON comes from Twilio's event streams. How a message or a status is read is in
//! `inbound`.

use super::{
    config::{Key, TwilioKeyring},
    inbound::{self, Form},
    signature::{Claim, addresses, fields, is_body_hashed, names_body_hash},
};
use crate::common::words::hash;
use bytes::Bytes;
use chatplug_core::ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::Value;

/// The provider's name in routes and in the webhook's URL.
pub const PROVIDER: &str = "twilio";

const SIGNATURE: &str = "x-twilio-signature";
const SETTINGS: &str = "x-twilio-webhooks-signature-settings";

/// Says nothing, in the language that Twilio expects: an empty answer of another type is logged as an error (12300).
const NOTHING_TO_SAY: &str = r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#;

/// Parameters of a request at most; Twilio's have about thirty.
const MOST_FIELDS: usize = 1000;

/// The parameter of a status callback that holds the delivery key.
pub(super) const KEY: &str = "k";

/// The event that tells of an approved, refused or paused template.
const APPROVAL: &str = "com.twilio.messaging.template.approval.updated";

/// One webhook endpoint, for all the accounts whose keys it holds.
///
/// Events are named by [`ReceivedEvent::key`]: `m:` and the SID for a message, `s:`, the SID and Twilio's word for a
/// status, `o:` and the SID for an opt-out, `v:` and the id for an event of a stream, `h:` and a hash for everything
/// without an id. `external_id` is [`external_id`](super::external_id) of the business's number, or the account's SID for
/// what concerns the account.
///
/// Twilio tells no times: events are of the moment when they came.
#[derive(Debug)]
pub struct TwilioWebhook {
    keys: TwilioKeyring,
    /// As Twilio was told, without a query: with and without its port.
    addresses: Vec<String>,
}

impl TwilioWebhook {
    /// A receiver with its keys and the whole address that Twilio was told to call, such as
    /// `https://chat.example.com/webhooks/twilio/main`: it is what Twilio signs, and behind a proxy no header tells it.
    ///
    /// An empty keyring refuses everything.
    #[must_use]
    pub fn new(keys: TwilioKeyring, public_url: &str) -> Self {
        let without_query = public_url.split_once('?').map_or(public_url, |(url, _)| url);
        Self { keys, addresses: addresses(without_query) }
    }

    /// The keys that signed the request, out of those that may speak for an account.
    fn signers<'k>(
        &'k self,
        claim: &Claim,
        query: Option<&str>,
        form: &Form<'_>,
        account: Option<&str>,
    ) -> Result<Vec<&'k Key>, WebhookError> {
        let urls: Vec<String> = match query {
            Some(query) => self.addresses.iter().map(|address| format!("{address}?{query}")).collect(),
            None => self.addresses.clone(),
        };
        let speaks = |key: &&Key| account.is_none_or(|account| key.account.eq_ignore_ascii_case(account));
        let candidates = self.keys.keys.iter().filter(speaks);
        let signers: Vec<_> = candidates.filter(|key| claim.holds(key, &urls, &form.0)).collect();
        if signers.is_empty() { Err(WebhookError::Forged) } else { Ok(signers) }
    }
}

impl WebhookReceiver for TwilioWebhook {
    fn receive(&self, request: &Request<Bytes>, now: DateTime<Utc>) -> Result<Received, WebhookError> {
        if !matches!(*request.method(), Method::GET | Method::POST) {
            return Err(WebhookError::Method);
        }
        let claim = claim(request.headers()).ok_or(WebhookError::Forged)?;
        if self.keys.keys.is_empty() {
            return Err(WebhookError::Forged);
        }
        let query = request.uri().query();
        if *request.method() == Method::GET && query.is_some_and(names_body_hash) {
            // The address of a JSON body, without the body.
            return Err(WebhookError::Method);
        }
        let (text, kind) = match *request.method() {
            Method::GET => (query.unwrap_or_default().as_bytes(), Kind::Query),
            _ => (request.body().as_ref(), kind(request.headers())?),
        };
        if kind == Kind::Json {
            let signers = self.signers(&claim, query, &Form::default(), None)?;
            // The signature covers the address alone, and the address the body.
            if !is_body_hashed(query.unwrap_or_default(), text) {
                return Err(WebhookError::Forged);
            }
            return Ok(Received { answer: empty(), events: events(text, &signers)? });
        }
        // Decided before anything is made of it: who cannot sign must not cost much.
        if text.iter().filter(|byte| **byte == b'&').count() >= MOST_FIELDS {
            return Err(WebhookError::Malformed("the form has more parameters than Twilio sends".to_owned()));
        }
        let form = Form(fields(text));
        let account = form.get("AccountSid");
        // What stands in the address is signed with it already.
        let nothing = Form::default();
        let signers = self.signers(&claim, query, if kind == Kind::Form { &form } else { &nothing }, account)?;
        if let Some(what) = inbound::broken(text, &form) {
            return Err(WebhookError::Malformed(what.to_owned()));
        }
        let (Some(_), Some(signer)) = (account, signers.first()) else {
            return Err(WebhookError::Malformed("the form names no account".to_owned()));
        };
        let key = query.and_then(delivery_key);
        let events = inbound::events(&form, &signer.account, key, now);
        let answer = if inbound::is_status(&form) { empty() } else { nothing_to_say() };
        Ok(Received { answer, events })
    }
}

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Query,
    Form,
    Json,
}

fn kind(headers: &HeaderMap) -> Result<Kind, WebhookError> {
    let text = |name: header::HeaderName| headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    let coding = text(header::CONTENT_ENCODING).trim_ascii();
    if !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity") {
        return Err(WebhookError::Malformed("the body is compressed".to_owned()));
    }
    let mime = text(header::CONTENT_TYPE).split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
    if mime.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        Ok(Kind::Form)
    } else if mime.eq_ignore_ascii_case(b"application/json")
        || mime.eq_ignore_ascii_case(b"application/cloudevents+json")
        || mime.eq_ignore_ascii_case(b"application/cloudevents-batch+json")
    {
        Ok(Kind::Json)
    } else {
        Err(WebhookError::Malformed("the body is neither a form nor JSON by its content type".to_owned()))
    }
}

fn claim(headers: &HeaderMap) -> Option<Claim> {
    let signature = headers.get(SIGNATURE)?.as_bytes();
    Claim::read(signature, headers.get(SETTINGS).map(HeaderValue::as_bytes))
}

fn delivery_key(query: &str) -> Option<chatplug_core::model::DeliveryKey> {
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == KEY).and_then(|(_, key)| key.parse().ok())
}

fn nothing_to_say() -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from_static(NOTHING_TO_SAY.as_bytes()));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    answer
}

fn empty() -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// Everything in a body of an event stream: a list of events, or one.
fn events(body: &[u8], signers: &[&Key]) -> Result<Vec<ReceivedEvent>, WebhookError> {
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        WebhookError::Malformed(format!("not JSON (line {line}, column {column})"))
    })?;
    match body {
        Value::Array(list) => Ok(list.iter().map(|event| streamed(event, signers)).collect()),
        Value::Object(_) => Ok(vec![streamed(&body, signers)]),
        _ => Err(WebhookError::Malformed("neither an event nor a list of events".to_owned())),
    }
}

/// One event of a stream. Of an account that the signer does not speak for, nothing is believed.
fn streamed(event: &Value, signers: &[&Key]) -> ReceivedEvent {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let account = text("/data/accountSid")
        .or_else(|| text("/data/account_sid"))
        .or_else(|| text("/source")?.split('/').find(|part| super::config::is_sid(part, "AC")));
    let signer = signers.iter().find(|key| account.is_some_and(|told| key.account.eq_ignore_ascii_case(told)));
    let word = |text: &str| text.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
    let kind = word(text("/type").unwrap_or("unknown"));
    let event_of = match (signer, kind.as_str()) {
        (Some(_), APPROVAL) => Scoped::Templates {
            what: format!("template:{}", word(text("/data/template/currentValue").unwrap_or("unknown"))),
        },
        _ => Scoped::Ignored { what: format!("event:{kind}") },
    };
    let external_id = signer.or_else(|| signers.first()).map(|key| key.account.clone()).unwrap_or_default();
    let key = match text("/id").filter(|id| id.len() <= 200 && !id.contains(char::is_control)) {
        Some(id) => format!("v:{id}"),
        None => format!("h:{}", hash(&[event.to_string().as_bytes()])),
    };
    ReceivedEvent { provider: PROVIDER, external_id, key, event: event_of }
}
