//! The [`WebhookReceiver`] port: who may speak, what the envelope holds, and whom each part is for.
//!
//! Parts are cut out of the body as raw JSON and read one by one, so that one that cannot be understood loses itself
//! alone. How a message, a status or a preference is read is in `inbound`.

use super::{
    config::MetaKeyring,
    inbound::{self, People},
    signature::is_signed,
};
use bytes::Bytes;
use chatplug_core::ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, Request, Response, header};
use secrecy::ExposeSecret;
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    fmt::Write,
};
use subtle::ConstantTimeEq;

/// The provider's name in routes and in the webhook's URL.
pub const PROVIDER: &str = "meta";

const SIGNATURE: &str = "x-hub-signature-256";
const OBJECT: &str = "whatsapp_business_account";

/// Longest word of Meta's that is repeated in logs.
const LONGEST_WORD: usize = 80;

/// One webhook endpoint of one Meta app, for all the numbers that the app serves.
///
/// Events are named by [`ReceivedEvent::key`]: `m:` and the id for a message, `s:`, the id and the stage for a status,
/// `e:` and the id for what staff wrote, `h:` and a hash for everything without an id. `external_id` is the phone number
/// id, or the business account's id for what concerns the account.
#[derive(Debug)]
pub struct MetaWebhook {
    keys: MetaKeyring,
    /// Numbers and accounts of other apps.
    others: BTreeSet<String>,
}

impl MetaWebhook {
    /// A receiver with its keys; an empty keyring refuses everything.
    #[must_use]
    pub const fn new(keys: MetaKeyring) -> Self {
        Self { keys, others: BTreeSet::new() }
    }

    /// Believes nothing about these phone number ids and ids of business accounts: they are other apps'. For a server with
    /// apps of several owners, each of whom knows their own secret: none of them may speak for another's clients.
    #[must_use]
    pub fn except(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.others.extend(ids);
        self
    }

    /// Takes out what the app has no say in.
    fn believed(&self, mut events: Vec<ReceivedEvent>) -> Vec<ReceivedEvent> {
        for event in events.iter_mut().filter(|event| self.others.contains(&event.external_id)) {
            event.event = Scoped::Ignored { what: "a number or account of another app".to_owned() };
        }
        events
    }

    /// Answers the request that Meta makes when the callback URL is set: the challenge, for the right token.
    fn verify(&self, query: &str) -> Result<Received, WebhookError> {
        let token = parameter(query, "hub.verify_token").ok_or(WebhookError::NotOurs)?;
        let ours = self.keys.verify_token.as_ref().ok_or(WebhookError::NotOurs)?;
        let same = bool::from(ours.expose_secret().as_bytes().ct_eq(token.as_bytes()));
        if !same || parameter(query, "hub.mode").as_deref() != Some("subscribe") {
            return Err(WebhookError::NotOurs);
        }
        let challenge = parameter(query, "hub.challenge")
            .ok_or_else(|| WebhookError::Malformed("the verification has no challenge".to_owned()))?;
        let mut answer = Response::new(Bytes::from(challenge.into_owned()));
        let headers = answer.headers_mut();
        // The challenge is repeated as it came: no browser may take it for a page.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(Received { answer, events: Vec::new() })
    }
}

impl WebhookReceiver for MetaWebhook {
    fn receive(&self, request: &Request<Bytes>, now: DateTime<Utc>) -> Result<Received, WebhookError> {
        match *request.method() {
            Method::GET => self.verify(request.uri().query().unwrap_or_default()),
            Method::POST => {
                let header = request.headers().get(SIGNATURE).map(HeaderValue::as_bytes);
                if !is_signed(&self.keys.app_secrets, header, request.body()) {
                    return Err(WebhookError::Forged);
                }
                Ok(Received { answer: Response::new(Bytes::new()), events: self.believed(parse(request.body(), now)?) })
            }
            _ => Err(WebhookError::Method),
        }
    }
}

type Object<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

/// Everything in a signed body.
fn parse(body: &[u8], now: DateTime<Utc>) -> Result<Vec<ReceivedEvent>, WebhookError> {
    let root: HashMap<KeyText<'_>, &RawValue> =
        serde_json::from_slice(body).map_err(|error| WebhookError::Malformed(place_of(&error)))?;
    let root: Object<'_> = root.into_iter().map(|(key, value)| (key.0, value)).collect();
    let mut events = Vec::new();
    for raw in list(root.get("entry")) {
        let Some(entry) = object(raw) else {
            events.push(ignored("", "", raw, "entry"));
            continue;
        };
        let id = word(entry.get("id")).unwrap_or_default();
        let kind = word(root.get("object")).or_else(|| word(entry.get("object")));
        if let Some(kind) = kind.filter(|kind| kind != OBJECT) {
            events.push(ignored(&id, "", raw, &format!("object:{kind}")));
            continue;
        }
        for change in list(entry.get("changes")) {
            Change::read(&entry, &id, change).events(now, &mut events);
        }
    }
    Ok(events)
}

/// One change of one entry.
struct Change<'a> {
    /// The business account.
    account: &'a str,
    /// What the hash of an event without an id begins with.
    salt: String,
    field: String,
    value: Object<'a>,
    raw: &'a RawValue,
    /// Of the number, where the change concerns one.
    number: Option<String>,
}

impl<'a> Change<'a> {
    fn read(entry: &Object<'a>, account: &'a str, raw: &'a RawValue) -> Self {
        let change = object(raw).unwrap_or_default();
        let raw = change.get("value").copied().unwrap_or(raw);
        let value = object(raw).unwrap_or_default();
        // Meta's own examples put the field in two wrong places.
        let field = [change.get("field"), entry.get("field"), value.get("field")].into_iter().find_map(word);
        let field = field.unwrap_or_else(|| {
            let told = ["messages", "statuses", "errors"].into_iter().any(|key| value.contains_key(key));
            if told { "messages" } else { "unknown" }.to_owned()
        });
        let number = value.get("metadata").copied().and_then(object).and_then(|data| word(data.get("phone_number_id")));
        let time = entry.get("time").map_or("", |time| time.get());
        Self { account, salt: format!("{account} {time} {field} "), field, value, raw, number }
    }

    fn events(&self, now: DateTime<Utc>, out: &mut Vec<ReceivedEvent>) {
        let before = out.len();
        match self.field.as_str() {
            "messages" => self.messages(now, out),
            "smb_message_echoes" => self.echoes(out),
            "user_preferences" => self.preferences(out),
            "user_id_update" => self.new_user_ids(now, out),
            "message_template_components_update"
            | "message_template_quality_update"
            | "message_template_status_update"
            | "template_category_update" => {
                out.push(self.event(self.hash(self.raw), Scoped::Templates { what: self.account_word() }));
            }
            "account_alerts"
            | "account_review_update"
            | "account_update"
            | "business_capability_update"
            | "business_username_update"
            | "phone_number_name_update"
            | "phone_number_quality_update"
            | "security" => {
                out.push(self.event(self.hash(self.raw), Scoped::Account { what: self.account_word() }));
            }
            _ => {}
        }
        if out.len() == before {
            out.push(self.event(self.hash(self.raw), Scoped::Ignored { what: self.field.clone() }));
        }
    }

    fn messages(&self, now: DateTime<Utc>, out: &mut Vec<ReceivedEvent>) {
        let people = self.people();
        for raw in list(self.value.get("messages")) {
            let value = value_of(raw);
            let id = value.as_ref().and_then(|message| message.get("id")).and_then(Value::as_str);
            let key = id.map_or_else(|| self.hash(raw), |id| format!("m:{id}"));
            let event = match &value {
                Some(message) => inbound::message(message, &people, now),
                None => unread("message"),
            };
            out.push(self.event(key, event));
        }
        for raw in list(self.value.get("statuses")) {
            let value = value_of(raw);
            let event = match &value {
                Some(status) => inbound::status(status, now),
                None => unread("status"),
            };
            let text = |key: &str| value.as_ref().and_then(|status| status.get(key)).and_then(Value::as_str);
            let key = match (text("id"), text("status")) {
                (Some(id), Some(stage)) => format!("s:{id}:{stage}"),
                _ => self.hash(raw),
            };
            out.push(self.event(key, event));
        }
        for raw in list(self.value.get("errors")) {
            let code = object(raw).and_then(|error| word(error.get("code"))).unwrap_or_default();
            out.push(self.event(self.hash(raw), Scoped::Account { what: format!("error:{code}") }));
        }
    }

    /// What staff did in the Business app. Changing or taking back counts: a person is there.
    fn echoes(&self, out: &mut Vec<ReceivedEvent>) {
        let ours = self.value.get("metadata").copied().and_then(object);
        let ours = ours.and_then(|data| word(data.get("display_phone_number"))).unwrap_or_default();
        for raw in list(self.value.get("message_echoes")) {
            let value = value_of(raw);
            let id = value.as_ref().and_then(|echo| echo.get("id")).and_then(Value::as_str);
            let key = id.map_or_else(|| self.hash(raw), |id| format!("e:{id}"));
            let event = value.and_then(|echo| inbound::echo(&echo, &ours));
            out.push(self.event(key, event.unwrap_or_else(|| unread("message_echo"))));
        }
    }

    fn preferences(&self, out: &mut Vec<ReceivedEvent>) {
        let people = self.people();
        for raw in list(self.value.get("user_preferences")) {
            let event = value_of(raw).and_then(|item| inbound::preference(&item, &people));
            out.push(self.event(self.hash(raw), event.unwrap_or_else(|| unread("user_preference"))));
        }
    }

    fn new_user_ids(&self, now: DateTime<Utc>, out: &mut Vec<ReceivedEvent>) {
        for raw in list(self.value.get("user_id_update")) {
            let key = self.hash(raw);
            let event = value_of(raw).and_then(|item| inbound::new_user_id(&item, &key, now));
            out.push(self.event(key, event.unwrap_or_else(|| unread("user_id_update"))));
        }
    }

    fn people(&self) -> People {
        People::new(list(self.value.get("contacts")).into_iter().filter_map(value_of))
    }

    /// The field and, where there is one, what happened: `account_update:PARTNER_ADDED`.
    fn account_word(&self) -> String {
        // Meta's example of a template's quality names the field of its status.
        if let Some(quality) = word(self.value.get("new_quality_score")) {
            return format!("message_template_quality_update:{quality}");
        }
        let alert =
            self.value.get("alert_info").copied().and_then(object).and_then(|info| word(info.get("alert_type")));
        let told =
            ["event", "decision", "status", "new_category"].into_iter().find_map(|key| word(self.value.get(key)));
        match told.or(alert) {
            Some(happened) => format!("{}:{happened}", self.field),
            None => self.field.clone(),
        }
    }

    fn event(&self, key: String, event: Scoped) -> ReceivedEvent {
        let external_id = self.number.clone().unwrap_or_else(|| self.account.to_owned());
        ReceivedEvent { provider: PROVIDER, external_id, key, event }
    }

    fn hash(&self, raw: &RawValue) -> String {
        hash(&self.salt, raw)
    }
}

fn unread(what: &str) -> Scoped {
    Scoped::Ignored { what: format!("unreadable:{what}") }
}

fn ignored(account: &str, salt: &str, raw: &RawValue, what: &str) -> ReceivedEvent {
    let event = Scoped::Ignored { what: what.to_owned() };
    ReceivedEvent { provider: PROVIDER, external_id: account.to_owned(), key: hash(salt, raw), event }
}

fn hash(salt: &str, raw: &RawValue) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(raw.get()).finalize();
    let mut key = "h:".to_owned();
    for byte in digest.iter().take(16) {
        // Writing into a `String` cannot fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Where a body stops being JSON; the body itself is not quoted.
fn place_of(error: &serde_json::Error) -> String {
    format!("not a JSON object (line {}, column {})", error.line(), error.column())
}

/// A key of an object, borrowed where it has no escapes.
#[derive(PartialEq, Eq, Hash, serde::Deserialize)]
struct KeyText<'a>(#[serde(borrow)] Cow<'a, str>);

fn object(raw: &RawValue) -> Option<Object<'_>> {
    let map: HashMap<KeyText<'_>, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    Some(map.into_iter().map(|(key, value)| (key.0, value)).collect())
}

fn list<'a>(raw: Option<&&'a RawValue>) -> Vec<&'a RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// A short text or number, fit for a log and for comparing.
fn word(raw: Option<&&RawValue>) -> Option<String> {
    let text = match value_of(raw?)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let word: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_WORD).collect();
    (!word.is_empty()).then_some(word)
}

/// A part as a value. Half of a cut emoji (a lone surrogate) makes a part unreadable to most parsers: it becomes U+FFFD.
fn value_of(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).or_else(|_| serde_json::from_str(&inbound::mend_surrogates(raw.get()))).ok()
}

/// A parameter of a query by its exact name (Meta's have dots), percent-decoded.
fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decoded(key)? == name).then(|| percent_decoded(value)).flatten()
    })
}

fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}
