//! What Meta would refuse, refused here: a message that breaks a limit is our bug and must not cost a call.
//!
//! Limits: Meta's pages on each kind of message and its `OpenAPI` file v23.0, the stricter one where they disagree.
//! Lengths are in UTF-16 units, since Meta does not say which characters it counts.

use chatplug_core::{
    model::{ChannelLimits, ListSection, MediaSource, Outbound, TemplateMessage},
    ports::SendError,
};
use std::collections::HashSet;

/// Meta's code for a parameter that is wrong.
pub(super) const INVALID_PARAMETER: i64 = 100;

const BUTTON_ID: usize = 256;
const ROW_ID: usize = 200;
const SECTIONS: usize = 10;
const FILE_NAME: usize = 240;
const URL: usize = 2000;
const TEMPLATE_NAME: usize = 512;
const TEMPLATE_BUTTONS: usize = 10;
const TEMPLATE_PAYLOAD: usize = 256;

/// Checks a message against what WhatsApp carries.
///
/// # Errors
/// [`SendError::Rejected`] with code 100, naming the part that is wrong and never its text.
pub(super) fn outbound(message: &Outbound, limits: &ChannelLimits) -> Result<(), SendError> {
    match message {
        Outbound::Text { body } => length("text", body, limits.text),
        Outbound::Buttons { body, buttons } => {
            length("body", body, limits.interactive_body)?;
            count("buttons", buttons.len(), limits.buttons)?;
            for button in buttons {
                length("button id", &button.id, BUTTON_ID)?;
                length("button title", &button.title, limits.button_title)?;
            }
            unique("button title", buttons.iter().map(|button| button.title.as_str()))?;
            unique("button id", buttons.iter().map(|button| button.id.as_str()))
        }
        Outbound::List { body, open, sections } => {
            length("body", body, limits.interactive_body)?;
            length("list button", open, limits.list_open)?;
            list(sections, limits)
        }
        Outbound::Link { body, label, url } => {
            length("body", body, limits.interactive_body)?;
            length("link label", label, limits.button_title)?;
            web_address(url)
        }
        Outbound::Location(place) => {
            let point = place.point.ok_or_else(|| refused("location has no coordinates"))?;
            let on_earth = (-90.0..=90.0).contains(&point.latitude) && (-180.0..=180.0).contains(&point.longitude);
            if on_earth { Ok(()) } else { Err(refused("location is not on earth")) }
        }
        Outbound::AskLocation { body } => length("body", body, limits.interactive_body),
        Outbound::Image { source, caption } => media(source, caption.as_deref(), limits),
        Outbound::Document { source, name, caption } => {
            length("file name", name, FILE_NAME)?;
            media(source, caption.as_deref(), limits)
        }
        Outbound::Contact { name, .. } => length("contact name", name, limits.text),
        Outbound::Reaction { emoji, .. } => match emoji {
            Some(emoji) => length("emoji", emoji, 32),
            None => Ok(()),
        },
        Outbound::Template(template) => self::template(template),
        _ => Err(refused("a kind of message that WhatsApp does not carry")),
    }
}

/// A message of ours that must not leave.
pub(super) fn refused(why: &str) -> SendError {
    SendError::Rejected { code: INVALID_PARAMETER, detail: why.to_owned() }
}

fn list(sections: &[ListSection], limits: &ChannelLimits) -> Result<(), SendError> {
    count("sections", sections.len(), SECTIONS)?;
    count("rows", sections.iter().map(|section| section.rows.len()).sum(), limits.rows)?;
    for section in sections {
        count("rows of a section", section.rows.len(), limits.rows)?;
        match &section.title {
            Some(title) => length("section title", title, limits.section_title)?,
            None if sections.len() > 1 => return Err(refused("section title is missing")),
            None => {}
        }
        for row in &section.rows {
            length("row id", &row.id, ROW_ID)?;
            length("row title", &row.title, limits.row_title)?;
            if row.description.as_deref().is_some_and(|text| ChannelLimits::length(text) > limits.row_description) {
                return Err(refused("row description is too long"));
            }
        }
    }
    unique("row id", sections.iter().flat_map(|section| &section.rows).map(|row| row.id.as_str()))
}

fn media(source: &MediaSource, caption: Option<&str>, limits: &ChannelLimits) -> Result<(), SendError> {
    if caption.is_some_and(|text| ChannelLimits::length(text) > limits.caption) {
        return Err(refused("caption is too long"));
    }
    match source {
        MediaSource::Url(url) => web_address(url),
        MediaSource::Id(id) => length("media id", id, BUTTON_ID),
    }
}

fn template(template: &TemplateMessage) -> Result<(), SendError> {
    length("template name", &template.name, TEMPLATE_NAME)?;
    if !template.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(refused("template name may hold only a-z, 0-9 and _"));
    }
    length("template language", &template.locale, 16)?;
    if template.body.iter().any(|value| value.trim().is_empty()) {
        return Err(refused("template value is empty"));
    }
    if template.buttons.len() > TEMPLATE_BUTTONS {
        return Err(refused("template has too many buttons"));
    }
    template.buttons.iter().try_for_each(|payload| length("template payload", payload, TEMPLATE_PAYLOAD))
}

fn length(what: &str, text: &str, longest: usize) -> Result<(), SendError> {
    if text.trim().is_empty() {
        return Err(refused(&format!("{what} is empty")));
    }
    if ChannelLimits::length(text) > longest { Err(refused(&format!("{what} is too long"))) } else { Ok(()) }
}

fn count(what: &str, number: usize, most: usize) -> Result<(), SendError> {
    match number {
        0 => Err(refused(&format!("{what}: none"))),
        n if n > most => Err(refused(&format!("{what}: too many"))),
        _ => Ok(()),
    }
}

fn unique<'a>(what: &str, mut texts: impl Iterator<Item = &'a str>) -> Result<(), SendError> {
    let mut seen = HashSet::new();
    if texts.all(|text| seen.insert(text)) { Ok(()) } else { Err(refused(&format!("{what} is there twice"))) }
}

fn web_address(url: &str) -> Result<(), SendError> {
    length("address", url, URL)?;
    let parsed = reqwest::Url::parse(url).ok();
    if parsed.is_some_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host()) {
        Ok(())
    } else {
        Err(refused("address is not an http(s) URL"))
    }
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
