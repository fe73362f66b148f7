//! What a client can tap in a message, the same on every fake.

use chatplug_core::model::{Button, Lang, ListRow, ListSection, Outbound, TemplateMessage};

/// Something to tap in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What comes back when it is tapped.
    pub id: String,
    /// Its label.
    pub title: String,
    /// The small print beneath a row.
    pub description: Option<String>,
    pub(super) on: On,
}

/// Where something to tap stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Button,
    Row,
    Template,
}

/// The first of several whose label is this, else the first whose label holds it.
pub(super) fn called<'a>(choices: &'a [Choice], title: &str) -> Option<&'a Choice> {
    let whole = choices.iter().find(|choice| choice.title == title);
    whole.or_else(|| choices.iter().find(|choice| choice.title.contains(title)))
}

/// Words with buttons, as a channel carries them.
pub(super) fn buttons(body: &str, choices: &[Choice]) -> Outbound {
    let button = |choice: &Choice| Button { id: choice.id.clone(), title: choice.title.clone() };
    Outbound::Buttons { body: body.to_owned(), buttons: choices.iter().map(button).collect() }
}

/// A section of a list, as a channel carries it.
pub(super) fn section(title: Option<&str>, choices: &[Choice]) -> ListSection {
    let row = |choice: &Choice| ListRow {
        id: choice.id.clone(),
        title: choice.title.clone(),
        description: choice.description.clone(),
    };
    ListSection { title: title.map(str::to_owned), rows: choices.iter().map(row).collect() }
}

/// A template as a channel carries it: by its name, with what the client reads.
pub(super) fn template((name, locale): (&str, &str), body: Vec<String>, words: &str, choices: &[Choice]) -> Outbound {
    Outbound::Template(TemplateMessage {
        name: name.to_owned(),
        locale: locale.to_owned(),
        lang: locale.parse().unwrap_or(Lang::EN),
        body,
        buttons: choices.iter().map(|choice| choice.id.clone()).collect(),
        preview: words.to_owned(),
    })
}
