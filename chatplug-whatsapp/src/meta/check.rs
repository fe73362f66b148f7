//! What Meta would refuse, refused here: a message that breaks a limit is our bug and must not cost a call.
//!
//! Limits: Meta's pages on each kind of message and its `OpenAPI` file v23.0, the stricter one where they disagree.
//! Lengths are in UTF-16 units, since Meta does not say which characters it counts.

use crate::common::check::Checks;
use chatplug_core::{
    model::{ChannelLimits, ListSection, MediaSource, Outbound, TemplateMessage},
    ports::SendError,
};

/// Meta's code for a parameter that is wrong.
pub(super) const INVALID_PARAMETER: i64 = 100;

const META: Checks = Checks { code: INVALID_PARAMETER };

const BUTTON_ID: usize = 256;
const ROW_ID: usize = 200;
const SECTIONS: usize = 10;
const FILE_NAME: usize = 240;
const TEMPLATE_NAME: usize = 512;
const TEMPLATE_BUTTONS: usize = 10;
const TEMPLATE_PAYLOAD: usize = 256;

/// Checks a message against what WhatsApp carries.
///
/// # Errors
/// [`SendError::Rejected`] with code 100, naming the part that is wrong and never its text.
pub(super) fn outbound(message: &Outbound, limits: &ChannelLimits) -> Result<(), SendError> {
    match message {
        Outbound::Text { body } => META.length("text", body, limits.text),
        Outbound::Buttons { body, buttons } => {
            META.length("body", body, limits.interactive_body)?;
            META.count("buttons", buttons.len(), limits.buttons)?;
            for button in buttons {
                META.length("button id", &button.id, BUTTON_ID)?;
                META.length("button title", &button.title, limits.button_title)?;
            }
            META.unique("button title", buttons.iter().map(|button| button.title.as_str()))?;
            META.unique("button id", buttons.iter().map(|button| button.id.as_str()))
        }
        Outbound::List { body, open, sections } => {
            META.length("body", body, limits.interactive_body)?;
            META.length("list button", open, limits.list_open)?;
            list(sections, limits)
        }
        Outbound::Link { body, label, url } => {
            META.length("body", body, limits.interactive_body)?;
            META.length("link label", label, limits.button_title)?;
            META.web_address(url)
        }
        Outbound::Location(place) => {
            let point = place.point.ok_or_else(|| refused("location has no coordinates"))?;
            META.on_earth(point)
        }
        Outbound::AskLocation { body } => META.length("body", body, limits.interactive_body),
        Outbound::Image { source, caption } => media(source, caption.as_deref(), limits.caption),
        Outbound::Document { source, name, caption } => {
            META.length("file name", name, FILE_NAME)?;
            media(source, caption.as_deref(), limits.document_caption)
        }
        Outbound::Contact { name, .. } => META.length("contact name", name, limits.text),
        Outbound::Reaction { emoji, .. } => match emoji {
            Some(emoji) => META.length("emoji", emoji, 32),
            None => Ok(()),
        },
        Outbound::Template(template) => self::template(template),
        _ => Err(refused("a kind of message that WhatsApp does not carry")),
    }
}

/// A message of ours that must not leave.
pub(super) fn refused(why: &str) -> SendError {
    META.refused(why)
}

fn list(sections: &[ListSection], limits: &ChannelLimits) -> Result<(), SendError> {
    META.count("sections", sections.len(), SECTIONS)?;
    META.count("rows", sections.iter().map(|section| section.rows.len()).sum(), limits.rows)?;
    for section in sections {
        META.count("rows of a section", section.rows.len(), limits.rows)?;
        match &section.title {
            Some(title) => META.length("section title", title, limits.section_title)?,
            None if sections.len() > 1 => return Err(refused("section title is missing")),
            None => {}
        }
        for row in &section.rows {
            META.length("row id", &row.id, ROW_ID)?;
            META.length("row title", &row.title, limits.row_title)?;
            META.at_most("row description", row.description.as_deref().unwrap_or_default(), limits.row_description)?;
        }
    }
    META.unique("row id", sections.iter().flat_map(|section| &section.rows).map(|row| row.id.as_str()))
}

fn media(source: &MediaSource, caption: Option<&str>, longest: usize) -> Result<(), SendError> {
    META.at_most("caption", caption.unwrap_or_default(), longest)?;
    match source {
        MediaSource::Url(url) => META.web_address(url),
        MediaSource::Id(id) => META.length("media id", id, BUTTON_ID),
        // Its size and type are seen to where it is uploaded.
        MediaSource::Own(_) => Ok(()),
    }
}

fn template(template: &TemplateMessage) -> Result<(), SendError> {
    META.length("template name", &template.name, TEMPLATE_NAME)?;
    if !template.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(refused("template name may hold only a-z, 0-9 and _"));
    }
    META.length("template language", &template.locale, 16)?;
    if template.body.iter().any(|value| value.trim().is_empty()) {
        return Err(refused("template value is empty"));
    }
    if template.buttons.len() > TEMPLATE_BUTTONS {
        return Err(refused("template has too many buttons"));
    }
    template.buttons.iter().try_for_each(|payload| META.length("template payload", payload, TEMPLATE_PAYLOAD))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::model::{Button, GeoPoint, Lang, ListRow, MessageId, Place};

    fn check(message: &Outbound) -> Result<(), String> {
        outbound(message, &ChannelLimits::whatsapp()).map_err(|error| error.to_string())
    }

    fn button(id: &str, title: &str) -> Button {
        Button { id: id.into(), title: title.into() }
    }

    fn buttons(buttons: Vec<Button>) -> Outbound {
        Outbound::Buttons { body: "?".into(), buttons }
    }

    fn rows(n: usize, from: usize) -> Vec<ListRow> {
        (from..from + n).map(|i| ListRow { id: i.to_string(), title: format!("row {i}"), description: None }).collect()
    }

    fn listed(sections: Vec<ListSection>) -> Outbound {
        Outbound::List { body: "?".into(), open: "See".into(), sections }
    }

    fn section(title: Option<&str>, rows: Vec<ListRow>) -> ListSection {
        ListSection { title: title.map(Into::into), rows }
    }

    #[test]
    fn what_fits_passes() {
        let emoji_title = "💇".repeat(10);
        let fine = [
            Outbound::Text { body: "x".repeat(4096) },
            buttons(vec![button("a", "A"), button("b", "B"), button("c", &emoji_title)]),
            listed(vec![section(None, rows(10, 0))]),
            listed(vec![section(Some("a"), rows(5, 0)), section(Some("b"), rows(5, 5))]),
            Outbound::Reaction { target: MessageId::new("wamid.x").unwrap(), emoji: None },
        ];
        for message in fine {
            assert_eq!(check(&message), Ok(()), "{message:?}");
        }
    }

    #[test]
    fn what_meta_would_refuse_is_refused() {
        let template = |name: &str, body: &str| {
            Outbound::Template(TemplateMessage {
                name: name.into(),
                locale: "pt_BR".into(),
                lang: Lang::PT,
                body: vec![body.into()],
                buttons: vec![],
                preview: String::new(),
            })
        };
        let nowhere = Place { name: "n".into(), address: "a".into(), point: None };
        let off = Place { point: Some(GeoPoint { latitude: 91.0, longitude: 0.0 }), ..nowhere.clone() };
        let long_description = ListRow { id: "1".into(), title: "t".into(), description: Some("x".repeat(73)) };
        let cases = [
            (Outbound::Text { body: " \n".into() }, "text is empty"),
            (Outbound::Text { body: "💇".repeat(2049) }, "text is too long"),
            (buttons(vec![]), "buttons: none"),
            (buttons((0..4).map(|i| button(&i.to_string(), &i.to_string())).collect()), "buttons: too many"),
            (buttons(vec![button("a", "Same"), button("b", "Same")]), "button title is there twice"),
            (buttons(vec![button("a", "A"), button("a", "B")]), "button id is there twice"),
            (buttons(vec![button("a", &"💇".repeat(11))]), "button title is too long"),
            (buttons(vec![button("", "A")]), "button id is empty"),
            (listed(vec![]), "sections: none"),
            (listed(vec![section(None, rows(11, 0))]), "rows: too many"),
            (listed(vec![section(Some("a"), rows(6, 0)), section(Some("b"), rows(5, 6))]), "rows: too many"),
            (listed(vec![section(None, rows(1, 0)), section(None, rows(1, 1))]), "section title is missing"),
            (listed(vec![section(Some("a"), vec![]), section(Some("b"), rows(1, 1))]), "rows of a section: none"),
            (listed(vec![section(None, vec![long_description])]), "row description is too long"),
            (listed(vec![section(None, [rows(1, 0), rows(1, 0)].concat())]), "row id is there twice"),
            (Outbound::Link { body: "b".into(), label: "l".into(), url: "javascript:x".into() }, "address is not"),
            (Outbound::Location(nowhere), "location has no coordinates"),
            (Outbound::Location(off), "location is not on earth"),
            (Outbound::Image { source: MediaSource::Url("x".into()), caption: None }, "address is not"),
            (template("Visit Reminder", "x"), "template name may hold only"),
            (template("visit_reminder", " \n"), "template value is empty"),
        ];
        for (message, why) in cases {
            let told = check(&message).unwrap_err();
            assert!(told.contains(why) && told.contains("(code 100)"), "{told:?} should say {why:?}");
        }
    }
}
