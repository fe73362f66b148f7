//! What the fake took: messages and read marks, with the questions that tests ask of them.

use crate::fake::choice::{self, Choice, On};
use chatplug_core::model::{GeoPoint, ListSection, MediaSource, MessageId, Outbound, Place};
use chrono::{DateTime, Utc};
use serde_json::Value;

/// A message that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// The id it was given (`wamid.…`).
    pub id: String,
    /// The number it was sent from.
    pub phone_number_id: String,
    /// Whom it was sent to: digits, or a user id where no number is known.
    pub to: String,
    /// Meta's type of it: `text`, `interactive`, `template` …
    pub kind: String,
    /// The delivery key that came with it.
    pub key: Option<String>,
    /// When it was taken, by the fake's time.
    pub at: DateTime<Utc>,
    /// The whole request.
    pub request: Value,
    pub(super) words: String,
    pub(super) choices: Vec<Choice>,
}

impl SentMessage {
    /// The words that the client reads, whatever kind of message holds them; a template's with its blanks filled in.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.words
    }

    /// What can be tapped, in order: buttons, rows over all sections, or quick replies.
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Labels of what can be tapped.
    #[must_use]
    pub fn titles(&self) -> Vec<&str> {
        self.choices.iter().map(|choice| choice.title.as_str()).collect()
    }

    /// The first thing to tap whose label holds a text.
    #[must_use]
    pub fn choice(&self, title: &str) -> Option<&Choice> {
        choice::called(&self.choices, title)
    }

    /// The object that holds the content.
    #[must_use]
    pub fn content(&self) -> &Value {
        self.request.get(&self.kind).unwrap_or(&Value::Null)
    }

    /// The message as a channel carries it, read back from the request.
    #[must_use]
    pub fn shown(&self) -> Outbound {
        let content = self.content();
        let text = |path: &str| content.pointer(path).and_then(Value::as_str).map(ToOwned::to_owned);
        // Meta's pages write coordinates as texts, and take numbers too.
        let number = |path: &str| {
            let value = content.pointer(path)?;
            value.as_f64().or_else(|| value.as_str()?.parse().ok())
        };
        let words = self.words.clone();
        let source = || match (text("/id"), text("/link")) {
            (Some(id), _) => MediaSource::Id(id),
            (None, link) => MediaSource::Url(link.unwrap_or_default()),
        };
        let read = match (self.kind.as_str(), text("/type").as_deref()) {
            ("interactive", Some("button")) => Some(choice::buttons(&words, &self.choices)),
            ("interactive", Some("list")) => Some(Outbound::List {
                body: words.clone(),
                open: text("/action/button").unwrap_or_default(),
                sections: self.sections(),
            }),
            ("interactive", Some("cta_url")) => Some(Outbound::Link {
                body: words.clone(),
                label: text("/action/parameters/display_text").unwrap_or_default(),
                url: text("/action/parameters/url").unwrap_or_default(),
            }),
            ("interactive", Some("location_request_message")) => Some(Outbound::AskLocation { body: words.clone() }),
            ("location", _) => Some(Outbound::Location(Place {
                name: text("/name").unwrap_or_default(),
                address: text("/address").unwrap_or_default(),
                point: number("/latitude")
                    .zip(number("/longitude"))
                    .map(|(latitude, longitude)| GeoPoint { latitude, longitude }),
            })),
            ("image", _) => Some(Outbound::Image { source: source(), caption: text("/caption") }),
            ("document", _) => Some(Outbound::Document {
                source: source(),
                name: text("/filename").unwrap_or_default(),
                caption: text("/caption"),
            }),
            ("contacts", _) => text("/0/phones/0/phone")
                .and_then(|phone| phone.parse().ok())
                .map(|phone| Outbound::Contact { name: text("/0/name/formatted_name").unwrap_or_default(), phone }),
            ("reaction", _) => text("/message_id")
                .and_then(|id| MessageId::new(id).ok())
                .map(|target| Outbound::Reaction { target, emoji: text("/emoji").filter(|emoji| !emoji.is_empty()) }),
            ("template", _) => self.template().map(|name| {
                let values = self.template_values().into_iter().map(ToOwned::to_owned).collect();
                choice::template(name, values, &words, &self.choices)
            }),
            _ => None,
        };
        read.unwrap_or(Outbound::Text { body: words })
    }

    fn sections(&self) -> Vec<ListSection> {
        let sections = self.content().pointer("/action/sections").and_then(Value::as_array).map(Vec::as_slice);
        let mut left = self.choices.as_slice();
        let section = |section: &Value| {
            let rows = section.get("rows").and_then(Value::as_array).map_or(0, Vec::len).min(left.len());
            let (mine, rest) = left.split_at(rows);
            left = rest;
            choice::section(section.get("title").and_then(Value::as_str), mine)
        };
        sections.unwrap_or_default().iter().map(section).collect()
    }

    /// Name and language of the template, if it is one.
    #[must_use]
    pub fn template(&self) -> Option<(&str, &str)> {
        let template = self.request.get("template")?;
        Some((template.get("name")?.as_str()?, template.pointer("/language/code")?.as_str()?))
    }

    /// Values of a template's body in order.
    #[must_use]
    pub fn template_values(&self) -> Vec<&str> {
        let components = self.content().get("components").and_then(Value::as_array).map(Vec::as_slice);
        let body = components.unwrap_or_default().iter().find(|component| component["type"] == "body");
        let parameters = body.and_then(|body| body.get("parameters")).and_then(Value::as_array).map(Vec::as_slice);
        parameters.unwrap_or_default().iter().filter_map(|parameter| parameter.get("text")?.as_str()).collect()
    }

    /// One line for the failure of a test.
    pub(super) fn line(&self) -> String {
        format!("{} → {} {}: {:?} {:?}", self.phone_number_id, self.to, self.kind, self.words, self.titles())
    }
}

/// A message of a client that was marked as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMark {
    /// The number that marked it.
    pub phone_number_id: String,
    /// The message.
    pub message_id: String,
    /// With "typing" shown.
    pub typing: bool,
}

/// The words of a request of any kind but a template.
pub(super) fn words(kind: &str, request: &Value) -> String {
    let at = |path: &str| request.pointer(path).and_then(Value::as_str).map(ToOwned::to_owned);
    let found = match kind {
        "text" => at("/text/body"),
        "interactive" => at("/interactive/body/text"),
        "location" => at("/location/name"),
        "contacts" => at("/contacts/0/name/formatted_name"),
        "reaction" => at("/reaction/emoji"),
        kind => at(&format!("/{kind}/caption")),
    };
    found.unwrap_or_default()
}

/// What can be tapped in a request of any kind but a template.
pub(super) fn choices(request: &Value) -> Vec<Choice> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    let choice = |value: &Value, on: On| {
        Some(Choice {
            id: text(value, "id")?,
            title: text(value, "title")?,
            description: text(value, "description"),
            on,
        })
    };
    let list = |path: &str| request.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let buttons =
        list("/interactive/action/buttons").iter().filter_map(|button| choice(button.get("reply")?, On::Button));
    let rows = list("/interactive/action/sections").iter().flat_map(|section| {
        let rows = section.get("rows").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        rows.iter().filter_map(|row| choice(row, On::Row))
    });
    buttons.chain(rows).collect()
}
