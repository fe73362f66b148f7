//! What a client sees of a content resource once its blanks are filled in.

use super::{content::Content, form, kinds, sent::Pin};
use crate::fake::choice::{Choice, On};
use chatplug_core::model::GeoPoint;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A message as it is seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rendered {
    pub(super) kind: String,
    pub(super) words: String,
    pub(super) choices: Vec<Choice>,
    pub(super) media: Vec<String>,
    pub(super) pin: Option<Pin>,
    pub(super) links: Vec<(String, String)>,
    pub(super) open: Option<String>,
    /// The values that were filled in.
    pub(super) variables: BTreeMap<String, String>,
    /// What WhatsApp will refuse it with, once it was taken.
    pub(super) failure: Option<i64>,
}

/// Names of the blanks anywhere in a piece of content.
pub(super) fn placeholders(content: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(content, &mut |text| {
        for part in text.split("{{").skip(1) {
            if let Some((key, _)) = part.split_once("}}") {
                found.insert(key.trim().to_owned());
            }
        }
    });
    found
}

/// Fills in the blanks, and looks at the outcome as WhatsApp does. `in_session`: the client wrote within a day.
pub(super) fn render(content: &Content, given: &BTreeMap<String, String>, in_session: bool) -> Rendered {
    let Some((kind, raw)) = content.best() else { return Rendered { failure: Some(63005), ..Rendered::default() } };
    let (approved, used) = (content.is_approved(), placeholders(raw));
    let mut variables = content.variables.clone();
    variables.extend(given.clone());
    variables.retain(|key, _| used.contains(key));
    let filled = fill(raw, &variables);
    let mut seen = looks(kind, &filled, approved);
    let status = content.approval.as_ref().map(|approval| approval.status);
    // What the template is made of would not take these values.
    let unfit = |value: &String| value.contains('\n') || value.contains("     ");
    seen.failure = match () {
        () if status == Some("paused") => Some(63041),
        () if status == Some("disabled") => Some(63042),
        () if !in_session && kinds::only_in_session(kind) => Some(63016),
        () if !in_session && status == Some("rejected") => Some(63040),
        () if !in_session && !approved => Some(63016),
        () if used.iter().any(|key| !variables.contains_key(key)) => Some(63028),
        () if approved && given.keys().any(|key| !used.contains(key)) => Some(63028),
        () if approved && variables.values().any(unfit) => Some(63013),
        () if !approved && kinds::unapproved(kind, &filled).is_err() => Some(63013),
        () if kinds::fits(kind, &filled, approved).is_err() => Some(63013),
        () => None,
    };
    seen.variables = variables;
    seen
}

fn looks(kind: &str, content: &Value, approved: bool) -> Rendered {
    let text = |key: &str| form::text(content, key).map(str::to_owned);
    let actions = form::list(content, "actions");
    let words = match kind {
        "twilio/location" => text("label"),
        "twilio/card" => joined([text("title"), None, text("subtitle")]),
        "whatsapp/card" => joined([text("header_text"), text("body"), text("footer")]),
        _ => text("body"),
    };
    let is_reply = |action: &&Value| kind == "twilio/quick-reply" || action["type"] == "QUICK_REPLY";
    let on = if approved { On::Template } else { On::Button };
    let buttons = actions.iter().filter(is_reply).map(|action| choice(action, "title", on));
    let items = form::list(content, "items").iter().map(|item| choice(item, "item", On::Row));
    let links = actions.iter().filter(|action| !is_reply(action)).map(|action| {
        let goes = ["url", "phone", "code"].into_iter().find_map(|key| form::text(action, key));
        (form::text(action, "title").unwrap_or_default().to_owned(), goes.unwrap_or_default().to_owned())
    });
    Rendered {
        kind: kind.split_once('/').map_or(kind, |(_, kind)| kind).to_owned(),
        words: words.unwrap_or_default(),
        choices: buttons.chain(items).collect(),
        media: form::list(content, "media").iter().filter_map(|url| Some(url.as_str()?.to_owned())).collect(),
        pin: pin(kind, content),
        links: links.collect(),
        open: text("button"),
        ..Rendered::default()
    }
}

fn choice(part: &Value, label: &str, on: On) -> Choice {
    let title = form::text(part, label).unwrap_or_default();
    Choice {
        // Without an id the label comes back.
        id: form::text(part, "id").unwrap_or(title).to_owned(),
        title: title.to_owned(),
        description: form::text(part, "description").map(str::to_owned),
        on,
    }
}

fn pin(kind: &str, content: &Value) -> Option<Pin> {
    let number = |key: &str| content.get(key).and_then(Value::as_f64);
    let text = |key: &str| form::text(content, key).unwrap_or_default().to_owned();
    let point = GeoPoint { latitude: number("latitude")?, longitude: number("longitude")? };
    (kind == "twilio/location").then(|| Pin { point, label: text("label"), address: text("address") })
}

fn joined(parts: [Option<String>; 3]) -> Option<String> {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// A copy with its blanks filled in; one without a value stays as it is.
fn fill(content: &Value, variables: &BTreeMap<String, String>) -> Value {
    match content {
        Value::String(text) => fill_text(text, variables).into(),
        Value::Array(parts) => parts.iter().map(|part| fill(part, variables)).collect(),
        Value::Object(parts) => {
            Value::Object(parts.iter().map(|(key, part)| (key.clone(), fill(part, variables))).collect())
        }
        other => other.clone(),
    }
}

/// One pass, so that a value which looks like a blank is left alone.
fn fill_text(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let value = after.split_once("}}").and_then(|(key, after)| Some((variables.get(key.trim())?, after)));
        match value {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push_str("{{");
                rest = after;
            }
        }
    }
    out + rest
}

fn walk(content: &Value, with: &mut impl FnMut(&str)) {
    match content {
        Value::String(text) => with(text),
        Value::Array(parts) => parts.iter().for_each(|part| walk(part, with)),
        Value::Object(parts) => parts.values().for_each(|part| walk(part, with)),
        _ => {}
    }
}
