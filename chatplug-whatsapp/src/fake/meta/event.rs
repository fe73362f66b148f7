//! What a webhook can tell, and the body of one that tells several things at once.

use super::{
    rules::title,
    sent::SentMessage,
    state::{Number, Person, State},
};
use chatplug_core::model::Stage;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// One thing to tell by webhook. Compose several, then [`FakeMeta::deliver`](super::FakeMeta::deliver) them together,
/// in any order, twice if need be.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    phone_number_id: String,
    kind: Kind,
    json: Value,
    contact: Option<Value>,
    /// Whose window it opens.
    pub(super) writer: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Message,
    Status,
    /// A field that concerns a number: its list stands under this key.
    Listed {
        field: String,
        key: String,
    },
    /// A field that concerns the account: the value is the JSON itself.
    Account {
        field: String,
        time: i64,
    },
}

impl Event {
    /// A message of a person, with its object under the name of its type.
    pub(super) fn message(
        number: &str,
        person: &Person,
        id: &str,
        at: DateTime<Utc>,
        kind: &str,
        object: &Value,
    ) -> Self {
        let mut json = json!({"id": id, "timestamp": at.timestamp().to_string(), "type": kind});
        // Absent, not empty, where the number is hidden.
        put(&mut json, "from", person.phone.as_deref());
        put(&mut json, "from_user_id", person.user_id.as_deref());
        if !object.is_null() {
            set(&mut json, kind, object.clone());
        }
        Self {
            phone_number_id: number.to_owned(),
            kind: Kind::Message,
            json,
            contact: Some(contact(person)),
            writer: person.phone.clone().or_else(|| person.user_id.clone()),
        }
    }

    /// A status of a message; with a code, a failure.
    pub(super) fn status(state: &State, message: &SentMessage, stage: Stage, code: Option<i64>) -> Self {
        let person = state.person(&message.to).cloned().unwrap_or_default();
        let word = match stage {
            Stage::Sent => "sent",
            Stage::Delivered => "delivered",
            Stage::Read => "read",
            Stage::Failed => "failed",
        };
        let mut json = json!({"id": message.id, "status": word, "timestamp": state.time.now().timestamp().to_string()});
        if message.request.get("to").is_some() {
            put(&mut json, "recipient_id", Some(&message.to));
        }
        // Meta names the user id in every status but a failure of a message to a number.
        if stage != Stage::Failed || message.request.get("to").is_none() {
            put(&mut json, "recipient_user_id", person.user_id.as_deref());
        }
        put(&mut json, "biz_opaque_callback_data", message.key.as_deref());
        if stage == Stage::Sent {
            let (category, billable) = if message.kind == "template" { ("utility", true) } else { ("service", false) };
            let pricing =
                json!({"billable": billable, "pricing_model": "PMP", "type": "regular", "category": category});
            set(&mut json, "pricing", pricing);
        }
        if let Some(code) = code {
            let error = json!({
                "code": code,
                "title": title(code),
                "message": title(code),
                "error_data": {"details": title(code)},
                "href": "/documentation/business-messaging/whatsapp/support/error-codes",
            });
            set(&mut json, "errors", json!([error]));
        }
        Self {
            phone_number_id: message.phone_number_id.clone(),
            kind: Kind::Status,
            json,
            contact: (stage != Stage::Failed && state.person(&message.to).is_some()).then(|| contact(&person)),
            writer: None,
        }
    }

    /// An element of another field of a number, such as `user_preferences`; its list usually bears the field's name.
    pub(super) fn listed(number: &str, field: &str, key: &str, person: &Person, element: Value) -> Self {
        Self {
            phone_number_id: number.to_owned(),
            kind: Kind::Listed { field: field.to_owned(), key: key.to_owned() },
            json: element,
            contact: Some(contact(person)),
            writer: None,
        }
    }

    /// Something about the account that owns a number, such as `account_update` with an `event`.
    #[must_use]
    pub fn account(phone_number_id: &str, field: &str, value: Value, at: DateTime<Utc>) -> Self {
        Self {
            phone_number_id: phone_number_id.to_owned(),
            kind: Kind::Account { field: field.to_owned(), time: at.timestamp() },
            json: value,
            contact: None,
            writer: None,
        }
    }

    /// The message's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.json.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// The status's word, for a status.
    #[must_use]
    pub fn stage(&self) -> Option<&str> {
        self.json.get("status").and_then(Value::as_str)
    }

    /// Written at another time than now.
    #[must_use]
    pub fn at(self, time: DateTime<Utc>) -> Self {
        self.with("timestamp", json!(time.timestamp().to_string()))
    }

    /// Answers or was tapped on a message of ours.
    #[must_use]
    pub fn quoting(self, message_id: &str) -> Self {
        self.with("context", json!({"id": message_id}))
    }

    /// Forwarded from another chat.
    #[must_use]
    pub fn forwarded(self) -> Self {
        self.with("context", json!({"forwarded": true}))
    }

    /// Any key beside the content, replacing what was there; `null` takes it away.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        set(&mut self.json, key, value);
        self
    }

    /// When a message was written.
    pub(super) fn written_at(&self) -> Option<DateTime<Utc>> {
        let seconds = self.json.get("timestamp")?.as_str()?.parse().ok()?;
        DateTime::from_timestamp(seconds, 0)
    }

    pub(super) fn phone_number_id(&self) -> &str {
        &self.phone_number_id
    }

    const fn list(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Message => Some("messages"),
            Kind::Status => Some("statuses"),
            _ => None,
        }
    }
}

/// The body of one webhook: events in their order, neighbours of one kind and number together.
pub(super) fn body(state: &State, events: &[Event]) -> Vec<u8> {
    let mut entries: Vec<Value> = Vec::new();
    for group in
        events.chunk_by(|a, b| a.list().is_some() && a.list() == b.list() && a.phone_number_id == b.phone_number_id)
    {
        let Some(first) = group.first() else { continue };
        let number = state.number(&first.phone_number_id);
        let account = number.map_or("0", |number| number.waba_id.as_str());
        let change = change(number, first, group);
        let time = if let Kind::Account { time, .. } = first.kind { json!(time) } else { Value::Null };
        match entries.last_mut() {
            // Neighbours of one account share an entry, but what has a time of its own stands alone.
            Some(entry) if entry["id"] == account && time.is_null() && entry.get("time").is_none() => {
                if let Some(changes) = entry.get_mut("changes").and_then(Value::as_array_mut) {
                    changes.push(change);
                }
            }
            _ => {
                let mut entry = json!({"id": account, "changes": [change]});
                set(&mut entry, "time", time);
                entries.push(entry);
            }
        }
    }
    json!({"object": "whatsapp_business_account", "entry": entries}).to_string().into_bytes()
}

fn change(number: Option<&Number>, first: &Event, group: &[Event]) -> Value {
    if let Kind::Account { field, .. } = &first.kind {
        return json!({"field": field, "value": first.json});
    }
    let display = number.map_or("", |number| number.display.as_str());
    let mut value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": display, "phone_number_id": first.phone_number_id},
    });
    let mut contacts: Vec<Value> = Vec::new();
    for contact in group.iter().filter_map(|event| event.contact.as_ref()) {
        if !contacts.contains(contact) {
            contacts.push(contact.clone());
        }
    }
    if !contacts.is_empty() {
        set(&mut value, "contacts", contacts.into());
    }
    let elements: Vec<_> = group.iter().map(|event| event.json.clone()).collect();
    let (field, key) = match &first.kind {
        Kind::Listed { field, key } => (field.as_str(), key.as_str()),
        _ => ("messages", first.list().unwrap_or("messages")),
    };
    set(&mut value, key, elements.into());
    json!({"field": field, "value": value})
}

fn contact(person: &Person) -> Value {
    let mut json = json!({});
    if let Some(name) = &person.name {
        set(&mut json, "profile", json!({"name": name}));
    }
    put(&mut json, "wa_id", person.phone.as_deref());
    put(&mut json, "user_id", person.user_id.as_deref());
    json
}

fn put(json: &mut Value, key: &str, text: Option<&str>) {
    if let Some(text) = text {
        set(json, key, text.into());
    }
}

/// Sets a key of an object, or takes it away.
fn set(json: &mut Value, key: &str, value: Value) {
    let Some(object): Option<&mut Map<_, _>> = json.as_object_mut() else { return };
    if value.is_null() {
        object.remove(key);
    } else {
        object.insert(key.to_owned(), value);
    }
}
