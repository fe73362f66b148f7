//! What a client can tap in a message, the same on every fake.

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
