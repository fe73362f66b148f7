//! What the fake took: messages as the client sees them, with the questions that tests ask of them.

use super::{
    form::{self, Form},
    rules,
};
use crate::fake::choice::{self, Choice};
use chatplug_core::model::{GeoPoint, MediaSource, Outbound, Place};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// A message that was taken, with its blanks filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct SentMessage {
    /// Its SID (`SM…`, or `MM…` with a file).
    pub id: String,
    /// The account that sent it.
    pub account: String,
    /// The address that it was sent from (`whatsapp:+…`).
    pub from: String,
    /// The Messaging Service that it was sent by.
    pub service: Option<String>,
    /// Whom it was sent to: digits, or a user id where no number is known.
    pub to: String,
    /// What it is: `text`, `media`, `location`, or the content's type without its first word, such as `quick-reply`.
    pub kind: String,
    /// The parameter `k` of the status callback, where a delivery key travels.
    pub key: Option<String>,
    /// Where its statuses are told, as the request said.
    pub status_callback: Option<String>,
    /// When it was taken, by the fake's time.
    pub at: DateTime<Utc>,
    /// The whole form that was posted.
    pub form: Form,
    /// The content that it was made of.
    pub content: Option<ContentUsed>,
    /// Files by their URLs.
    pub media: Vec<String>,
    /// The place that is shown.
    pub pin: Option<Pin>,
    /// Buttons that open a page or call a number: label and where they lead.
    pub links: Vec<(String, String)>,
    /// The button that opens a list.
    pub open: Option<String>,
    /// The code with which it will be told to have failed, when it will: the client does not see it.
    pub failure: Option<i64>,
    pub(super) words: String,
    pub(super) choices: Vec<Choice>,
}

/// Which content a message was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentUsed {
    /// Its SID.
    pub sid: String,
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The values that were filled in, defaults included.
    pub variables: BTreeMap<String, String>,
    /// WhatsApp had approved it, so it went out as a template.
    pub approved: bool,
}

/// A place on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// Where.
    pub point: GeoPoint,
    /// The words beside it.
    pub label: String,
    /// The address beneath.
    pub address: String,
}

impl SentMessage {
    /// The words that the client reads, whatever kind of message holds them.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.words
    }

    /// What can be tapped and comes back: buttons, or rows of a list.
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Labels of what can be tapped.
    #[must_use]
    pub fn titles(&self) -> Vec<&str> {
        self.choices.iter().map(|choice| choice.title.as_str()).collect()
    }

    /// The first thing to tap whose label is a text, or holds it.
    #[must_use]
    pub fn choice(&self, title: &str) -> Option<&Choice> {
        choice::called(&self.choices, title)
    }

    /// Name and language of the template, if it is one: content that WhatsApp approved.
    #[must_use]
    pub fn template(&self) -> Option<(&str, &str)> {
        let content = self.content.as_ref().filter(|content| content.approved)?;
        Some((&content.name, &content.language))
    }

    /// The message as a channel carries it, read back from what the client sees: sections of a list, the name of a file
    /// and the values of a template are not to be seen.
    #[must_use]
    pub fn shown(&self) -> Outbound {
        let words = self.words.clone();
        if let Some((_, locale)) = self.template() {
            let sid = self.content.as_ref().map_or("", |content| content.sid.as_str());
            return choice::template((sid, locale), Vec::new(), &words, &self.choices);
        }
        if let Some(Pin { point, label, address }) = &self.pin {
            let name = if words.is_empty() { label.clone() } else { words };
            return Outbound::Location(Place { name, address: address.clone(), point: Some(*point) });
        }
        if let Some(open) = &self.open {
            let sections = vec![choice::section(None, &self.choices)];
            return Outbound::List { body: words, open: open.clone(), sections };
        }
        if !self.choices.is_empty() {
            return choice::buttons(&words, &self.choices);
        }
        if let Some((label, url)) = self.links.first() {
            return Outbound::Link { body: words, label: label.clone(), url: url.clone() };
        }
        let Some(url) = self.media.first() else { return Outbound::Text { body: words } };
        let (source, caption) = (MediaSource::Url(url.clone()), (!words.is_empty()).then_some(words));
        if rules::is_picture(url) {
            return Outbound::Image { source, caption };
        }
        let path = url.split(['?', '#']).next().unwrap_or_default();
        Outbound::Document { source, name: path.rsplit('/').next().unwrap_or_default().to_owned(), caption }
    }

    /// A parameter of the request.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        form::value(&self.form, name)
    }

    /// One line for the failure of a test.
    pub(super) fn line(&self) -> String {
        format!("{} → {} {}: {:?} {:?}", self.from, self.to, self.kind, self.words, self.titles())
    }
}

/// A message of a client that was marked as read, with "typing" shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMark {
    /// The account that marked it.
    pub account: String,
    /// The message.
    pub message_id: String,
}

/// What Twilio would write into the account's debugger about a webhook that was answered badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Twilio's code: 11200 the answer's status, 11205 no connection, 11206 no answer, 12300 its content type, 12100 what
    /// it says, 11750 its length.
    pub code: i64,
    /// Where the webhook was posted, without what may be secret in it.
    pub url: String,
    /// What was wrong.
    pub detail: String,
}
