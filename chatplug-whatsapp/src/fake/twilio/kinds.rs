//! Types of content: which fields each has, how long they may be, and which of them a chat can show.

use super::{errors::Refusal, form};
use serde_json::Value;

/// Types in the order in which WhatsApp prefers them, where one resource has several.
pub(super) const RICHEST_FIRST: [&str; 14] = [
    "whatsapp/authentication",
    "whatsapp/flows",
    "twilio/flows",
    "twilio/carousel",
    "twilio/catalog",
    "whatsapp/card",
    "twilio/card",
    "twilio/schedule",
    "twilio/list-picker",
    "twilio/quick-reply",
    "twilio/call-to-action",
    "twilio/location",
    "twilio/media",
    "twilio/text",
];

/// Fields that a type must have, and those that it may have.
const fn fields(kind: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    Some(match kind.as_bytes() {
        b"twilio/text" => (&["body"], &[]),
        b"twilio/media" => (&["media"], &["body"]),
        b"twilio/location" => (&["latitude", "longitude"], &["label", "id", "address"]),
        b"twilio/list-picker" => (&["body", "button", "items"], &[]),
        b"twilio/call-to-action" | b"twilio/quick-reply" => (&["body", "actions"], &[]),
        b"twilio/card" => (&[], &["title", "subtitle", "media", "actions"]),
        b"twilio/catalog" => (&["body"], &["title", "subtitle", "id", "items", "dynamic_items"]),
        b"twilio/carousel" => (&["body", "cards"], &[]),
        b"twilio/flows" => (&["body", "button_text", "pages", "type"], &["subtitle", "media_url"]),
        b"twilio/schedule" => (&["id", "title", "timeSlots"], &[]),
        b"whatsapp/card" => (&["body"], &["footer", "media", "header_text", "actions"]),
        b"whatsapp/authentication" => (&["actions"], &["add_security_recommendation", "code_expiration_minutes"]),
        b"whatsapp/flows" => (
            &["body", "button_text", "flow_id"],
            &["subtitle", "media_url", "flow_token", "flow_first_page_id", "is_flow_first_page_endpoint"],
        ),
        _ => return None,
    })
}

/// Fields of what stands in a list of a type.
const fn parts(kind: &str) -> Option<(&'static str, &'static [&'static str], &'static [&'static str])> {
    Some(match kind.as_bytes() {
        b"twilio/list-picker" => ("items", &["id", "item"], &["description"]),
        b"twilio/quick-reply" => ("actions", &["title"], &["type", "id"]),
        b"twilio/call-to-action" => ("actions", &["type", "title"], &["url", "phone", "code", "id"]),
        b"twilio/card" | b"whatsapp/card" => {
            ("actions", &["type", "title"], &["url", "phone", "id", "code", "webview_size"])
        }
        _ => return None,
    })
}

/// Checks a type when a resource is created: its fields, and the lengths of what has no variable in it.
pub(super) fn check(kind: &str, content: &Value) -> Result<(), Refusal> {
    let (required, optional) = fields(kind).ok_or_else(|| Refusal::code(92008))?;
    has(kind, content, required, optional)?;
    if let Some((list, required, optional)) = parts(kind) {
        for part in form::list(content, list) {
            has(&format!("{kind} {list}"), part, required, optional)?;
        }
    }
    let number = |key: &str, limit: f64| content.get(key).and_then(Value::as_f64).is_some_and(|n| n.abs() <= limit);
    if kind == "twilio/location" && !(number("latitude", 90.0) && number("longitude", 180.0)) {
        return Err(Refusal::new(20422, "latitude and longitude must be numbers on the globe"));
    }
    fits(kind, content, true).map_err(|what| Refusal::new(20422, format!("{kind}: {what}")))
}

fn has(what: &str, object: &Value, required: &[&str], optional: &[&str]) -> Result<(), Refusal> {
    let object = object.as_object().ok_or_else(|| Refusal::new(20422, format!("{what} is not an object")))?;
    if let Some(missing) = required.iter().find(|key| !object.contains_key(**key)) {
        return Err(Refusal::new(20422, format!("{what}: {missing} is missing")));
    }
    let known = |key: &str| required.contains(&key) || optional.contains(&key);
    match object.keys().find(|key| !known(key)) {
        Some(unknown) => Err(Refusal::new(20001, format!("{what}: unknown field {unknown}"))),
        None => Ok(()),
    }
}

/// Whether lengths and numbers of things are right; of a text with a variable in it only once that is filled in.
pub(super) fn fits(kind: &str, content: &Value, approved: bool) -> Result<(), String> {
    let body = |most: usize| short(content, "body", 1, most);
    let mut seen: Vec<&str> = Vec::new();
    match kind {
        "twilio/text" => body(1600)?,
        "twilio/media" => {
            if content.get("body").is_some_and(|body| !body.is_null()) {
                short(content, "body", 0, 1600)?;
            }
            if form::list(content, "media").len() != 1 {
                return Err("WhatsApp takes one file".into());
            }
        }
        "twilio/quick-reply" => {
            body(1024)?;
            let actions = form::list(content, "actions");
            if !(1..=10).contains(&actions.len()) {
                return Err("1 to 10 buttons".into());
            }
            for action in actions {
                if action.get("type").is_some_and(|kind| kind != "QUICK_REPLY") {
                    return Err("a quick reply of another type".into());
                }
                short(action, "title", 1, 20)?;
                if action.get("id").is_some() {
                    short(action, "id", 1, if approved { 128 } else { 200 })?;
                }
                let title = form::text(action, "title").unwrap_or_default();
                if !title.contains("{{") && seen.contains(&title) {
                    return Err("two buttons with one label".into());
                }
                seen.push(title);
            }
        }
        "twilio/list-picker" => {
            body(1024)?;
            short(content, "button", 1, 20)?;
            let items = form::list(content, "items");
            if !(1..=10).contains(&items.len()) {
                return Err("1 to 10 items".into());
            }
            for item in items {
                short(item, "item", 1, 24)?;
                short(item, "id", 1, 200)?;
                if item.get("description").is_some() {
                    short(item, "description", 1, 72)?;
                }
                let id = form::text(item, "id").unwrap_or_default();
                if !id.contains("{{") && seen.contains(&id) {
                    return Err("two items with one id".into());
                }
                seen.push(id);
            }
        }
        "twilio/call-to-action" => {
            body(640)?;
            let actions = form::list(content, "actions");
            if actions.iter().filter(|action| action["type"] == "URL").count() > 2 {
                return Err("at most 2 links".into());
            }
            for action in actions {
                short(action, "title", 1, 20)?;
            }
        }
        "whatsapp/card" => {
            body(1024)?;
            if content.get("footer").is_some() {
                short(content, "footer", 1, 60)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// What a type needs that is not approved, in a chat that is open; an explanation when it has it not.
pub(super) fn unapproved(kind: &str, content: &Value) -> Result<(), &'static str> {
    let actions = form::list(content, "actions");
    let of = |kind: &str| actions.iter().filter(|action| action["type"] == kind).count();
    match kind {
        "twilio/quick-reply" if actions.len() > 3 => Err("more than 3 buttons need an approved template"),
        "twilio/call-to-action" if actions.len() > 3 || of("URL") > 1 || of("PHONE_NUMBER") > 0 => {
            Err("unapproved: one link, no telephone number")
        }
        "twilio/call-to-action" if actions.windows(2).any(|two| two.iter().any(|a| a["type"] != two[0]["type"])) => {
            Err("unapproved: buttons of one type")
        }
        "twilio/flows" | "whatsapp/flows" | "twilio/carousel" | "whatsapp/authentication" => {
            Err("needs an approved template")
        }
        _ => Ok(()),
    }
}

/// What can never be approved, hence never starts a conversation.
pub(super) fn only_in_session(kind: &str) -> bool {
    matches!(kind, "twilio/list-picker" | "twilio/location")
}

fn short(object: &Value, key: &str, least: usize, most: usize) -> Result<(), String> {
    let text = object.get(key).and_then(Value::as_str).ok_or_else(|| format!("{key} is not a text"))?;
    if text.contains("{{") || (least..=most).contains(&form::length(text)) {
        return Ok(());
    }
    Err(format!("{key} has {} characters, {least} to {most} are allowed", form::length(text)))
}
