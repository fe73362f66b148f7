//! Whether a message fits a channel: what a provider would refuse, refused before it leaves.

use crate::model::{Button, ChannelLimits, ListSection, Outbound};
use std::collections::BTreeSet;

/// Why a message does not fit a channel; holds no text of the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// A text is empty where the channel wants one.
    #[error("{what} is empty")]
    Empty {
        /// Which text.
        what: &'static str,
    },
    /// A text is too long.
    #[error("{what} is {length} long, and {limit} is the most")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length in UTF-16 code units.
        length: usize,
        /// The longest that the channel carries.
        limit: usize,
    },
    /// Too many of something, or none of it.
    #[error("{count} {what}, where 1 to {limit} are allowed")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The most that the channel carries.
        limit: usize,
    },
    /// Two of something that must differ are the same.
    #[error("two {what} are the same")]
    Twice {
        /// Of what.
        what: &'static str,
    },
    /// The channel cannot carry such a message.
    #[error("the channel carries no {what}")]
    Unsupported {
        /// What kind of message.
        what: &'static str,
    },
}

/// Checks a message against a channel's limits.
///
/// # Errors
/// The first thing that does not fit.
pub fn fits(message: &Outbound, limits: &ChannelLimits) -> Result<(), Misfit> {
    match message {
        Outbound::Text { body } => text("text", body, limits.text),
        Outbound::Buttons { body, buttons } => {
            text("body", body, limits.interactive_body)?;
            fits_buttons(buttons, limits)
        }
        Outbound::List { body, open, sections } => {
            text("body", body, limits.interactive_body)?;
            text("label that opens the list", open, limits.list_open)?;
            fits_sections(sections, limits)
        }
        Outbound::Link { body, label, .. } => {
            text("body", body, limits.interactive_body)?;
            text("label of the link", label, limits.button_title)
        }
        Outbound::AskLocation { body } => text("body", body, limits.interactive_body),
        Outbound::Location(_) => supported("locations", limits.locations),
        Outbound::Image { caption, .. } => {
            supported("pictures", limits.images)?;
            at_most("caption", caption.as_deref().unwrap_or_default(), limits.caption)
        }
        Outbound::Document { caption, .. } => {
            at_most("caption", caption.as_deref().unwrap_or_default(), limits.document_caption)
        }
        Outbound::Reaction { .. } => supported("reactions", limits.reactions),
        Outbound::Contact { name, .. } => text("name", name, limits.text),
        Outbound::Template(template) => {
            text("name of the template", &template.name, 512)?;
            template.body.iter().try_for_each(|blank| text("blank of the template", blank, limits.text))
        }
    }
}

fn fits_buttons(buttons: &[Button], limits: &ChannelLimits) -> Result<(), Misfit> {
    count("buttons", buttons.len(), limits.buttons)?;
    for button in buttons {
        text("label of a button", &button.title, limits.button_title)?;
        id(&button.id)?;
    }
    different("labels of buttons", buttons.iter().map(|button| &button.title))?;
    different("ids of buttons", buttons.iter().map(|button| &button.id))
}

fn fits_sections(sections: &[ListSection], limits: &ChannelLimits) -> Result<(), Misfit> {
    let rows = || sections.iter().flat_map(|section| &section.rows);
    count("rows", rows().count(), limits.rows)?;
    for section in sections {
        count("rows of a section", section.rows.len(), limits.rows)?;
        match &section.title {
            Some(title) => text("heading of a section", title, limits.section_title)?,
            None if sections.len() > 1 => return Err(Misfit::Empty { what: "heading of a section" }),
            None => {}
        }
    }
    for row in rows() {
        text("label of a row", &row.title, limits.row_title)?;
        at_most("small print of a row", row.description.as_deref().unwrap_or_default(), limits.row_description)?;
        id(&row.id)?;
    }
    different("ids of rows", rows().map(|row| &row.id))
}

fn text(what: &'static str, text: &str, limit: usize) -> Result<(), Misfit> {
    if text.trim().is_empty() {
        return Err(Misfit::Empty { what });
    }
    at_most(what, text, limit)
}

fn at_most(what: &'static str, text: &str, limit: usize) -> Result<(), Misfit> {
    let length = ChannelLimits::length(text);
    if length > limit { Err(Misfit::TooLong { what, length, limit }) } else { Ok(()) }
}

/// Ids come back when tapped: at most 200 bytes.
fn id(id: &str) -> Result<(), Misfit> {
    match id.len() {
        0 => Err(Misfit::Empty { what: "id" }),
        length @ 201.. => Err(Misfit::TooLong { what: "id", length, limit: 200 }),
        _ => Ok(()),
    }
}

fn count(what: &'static str, count: usize, limit: usize) -> Result<(), Misfit> {
    if count == 0 || count > limit { Err(Misfit::Count { what, count, limit }) } else { Ok(()) }
}

fn different<'a>(what: &'static str, texts: impl Iterator<Item = &'a String>) -> Result<(), Misfit> {
    let mut seen = BTreeSet::new();
    let mut texts = texts;
    if texts.all(|text| seen.insert(text)) { Ok(()) } else { Err(Misfit::Twice { what }) }
}

fn supported(what: &'static str, supported: bool) -> Result<(), Misfit> {
    if supported { Ok(()) } else { Err(Misfit::Unsupported { what }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buttons(titles: &[&str]) -> Outbound {
        let button = |title: &&str| Button { id: format!("id-{title}"), title: (*title).to_owned() };
        Outbound::Buttons { body: "Which?".to_owned(), buttons: titles.iter().map(button).collect() }
    }

    #[test]
    fn what_a_provider_would_refuse_does_not_fit() {
        let limits = ChannelLimits::whatsapp();
        assert_eq!(fits(&buttons(&["A", "B", "C"]), &limits), Ok(()));
        assert!(matches!(
            fits(&buttons(&["A", "B", "C", "D"]), &limits),
            Err(Misfit::Count { count: 4, limit: 3, .. })
        ));
        assert!(matches!(fits(&buttons(&["A", "A"]), &limits), Err(Misfit::Twice { .. })));
        assert!(matches!(fits(&buttons(&["twenty-one characters"]), &limits), Err(Misfit::TooLong { length: 21, .. })));
        assert!(matches!(fits(&buttons(&["A"]), &ChannelLimits::text_only()), Err(Misfit::Count { limit: 0, .. })));
        assert!(matches!(fits(&Outbound::Text { body: " ".to_owned() }, &limits), Err(Misfit::Empty { .. })));
        // Lengths are counted in UTF-16 units: an emoji is two.
        assert_eq!(fits(&Outbound::Text { body: "💇".repeat(2048) }, &limits), Ok(()));
        assert!(fits(&Outbound::Text { body: "💇".repeat(2049) }, &limits).is_err());
    }
}
