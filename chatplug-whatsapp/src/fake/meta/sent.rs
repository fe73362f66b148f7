//! What the fake took: messages and read marks, with the questions that tests ask of them.

use crate::fake::choice::{self, Choice, On};
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
