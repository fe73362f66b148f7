//! What Twilio would refuse, refused here: a message that breaks a limit is our bug and must not cost a call.
//!
//! Limits: Twilio's pages on messages and on each type of content, the stricter one where they disagree. Lengths are in
//! UTF-16 units, since Twilio does not say which characters it counts.

use super::config::is_sid;
use crate::common::check::Checks;
use chatplug_core::{
    model::{ChannelLimits, ListSection, MediaSource, Outbound, TemplateMessage},
    ports::SendError,
};

/// Twilio's code for a parameter that is wrong.
pub(super) const INVALID_PARAMETER: i64 = 20_422;

/// Longest text of one message.
pub(super) const BODY: usize = 1600;

/// Longest text above a link; a longer one is sent as plain text.
pub(super) const LINK_BODY: usize = 640;

/// Longest id of a button or row while a conversation is open (both pages allow it; in approved templates it is 128).
const ID: usize = 200;
const TEMPLATE_NAME: usize = 512;
const TEMPLATE_BUTTONS: usize = 10;
const TEMPLATE_ID: usize = 128;
/// Blanks of one piece of content.
const VARIABLES: usize = 100;

const TWILIO: Checks = Checks { code: INVALID_PARAMETER };

/// What WhatsApp carries by way of Twilio: shorter texts than Meta itself takes, no emoji on messages, and documents
/// without words beneath.
#[must_use]
pub fn limits() -> ChannelLimits {
    ChannelLimits { text: BODY, document_caption: 0, reactions: false, files: false, ..ChannelLimits::whatsapp() }
}

/// Checks a message against what WhatsApp carries.
///
/// # Errors
/// [`SendError::Rejected`] with code 20422, naming the part that is wrong and never its text.
pub(super) fn outbound(message: &Outbound, limits: &ChannelLimits) -> Result<(), SendError> {
    match message {
        Outbound::Text { body } => TWILIO.length("text", body, limits.text),
        Outbound::Buttons { body, buttons } => {
            TWILIO.length("body", body, limits.interactive_body)?;
            TWILIO.count("buttons", buttons.len(), limits.buttons)?;
            for button in buttons {
                TWILIO.length("button id", &button.id, ID)?;
                TWILIO.length("button title", &button.title, limits.button_title)?;
            }
            TWILIO.unique("button title", buttons.iter().map(|button| button.title.as_str()))?;
            TWILIO.unique("button id", buttons.iter().map(|button| button.id.as_str()))
        }
        Outbound::List { body, open, sections } => {
            TWILIO.length("body", body, limits.interactive_body)?;
            TWILIO.length("list button", open, limits.list_open)?;
            list(sections, limits)
        }
        Outbound::Link { body, label, url } => {
            TWILIO.length("body", body, limits.interactive_body)?;
            TWILIO.length("link label", label, limits.button_title)?;
            TWILIO.web_address(url)
        }
        Outbound::Location(place) => {
            let point = place.point.ok_or_else(|| refused("location has no coordinates"))?;
            TWILIO.on_earth(point)
        }
        Outbound::AskLocation { body } => TWILIO.length("body", body, limits.interactive_body),
        Outbound::Image { source, caption } => {
            TWILIO.at_most("caption", caption.as_deref().unwrap_or_default(), limits.caption)?;
            media(source)
        }
        Outbound::Document { source, caption, .. } => {
            TWILIO.at_most("caption", caption.as_deref().unwrap_or_default(), limits.document_caption)?;
            media(source)
        }
        Outbound::Contact { name, .. } => TWILIO.length("contact name", name, limits.text - 20),
        Outbound::Reaction { .. } => Err(refused("this channel has no reactions")),
        Outbound::Template(template) => self::template(template),
        _ => Err(refused("a kind of message that WhatsApp does not carry")),
    }
}

/// A message of ours that must not leave.
pub(super) fn refused(why: &str) -> SendError {
    TWILIO.refused(why)
}

fn list(sections: &[ListSection], limits: &ChannelLimits) -> Result<(), SendError> {
    TWILIO.count("rows", sections.iter().map(|section| section.rows.len()).sum(), limits.rows)?;
    for section in sections {
        TWILIO.count("rows of a section", section.rows.len(), limits.rows)?;
        match &section.title {
            Some(title) => TWILIO.length("section title", title, limits.section_title)?,
            None if sections.len() > 1 => return Err(refused("section title is missing")),
            None => {}
        }
        for row in &section.rows {
            TWILIO.length("row id", &row.id, ID)?;
            TWILIO.length("row title", &row.title, limits.row_title)?;
            TWILIO.at_most(
                "row description",
                row.description.as_deref().unwrap_or_default(),
                limits.row_description,
            )?;
        }
    }
    TWILIO.unique("row id", sections.iter().flat_map(|section| &section.rows).map(|row| row.id.as_str()))
}

fn media(source: &MediaSource) -> Result<(), SendError> {
    match source {
        MediaSource::Url(url) => TWILIO.web_address(url),
        MediaSource::Id(_) => Err(refused("files are sent by their address: Twilio keeps none")),
        // Whether there is one, and its address, is seen to when it is sent.
        MediaSource::Own(_) => Ok(()),
    }
}

fn template(template: &TemplateMessage) -> Result<(), SendError> {
    TWILIO.length("template name", &template.name, TEMPLATE_NAME)?;
    if !is_sid(&template.name, "HX") {
        TWILIO.length("template language", &template.locale, 16)?;
    }
    if template.body.iter().any(|value| value.trim().is_empty()) {
        return Err(refused("template value is empty"));
    }
    if template.buttons.len() > TEMPLATE_BUTTONS {
        return Err(refused("template has too many buttons"));
    }
    if template.body.len() + template.buttons.len() > VARIABLES {
        return Err(refused("template has too many values"));
    }
    template.body.iter().try_for_each(|value| TWILIO.length("template value", value, BODY))?;
    template.buttons.iter().try_for_each(|payload| TWILIO.length("template payload", payload, TEMPLATE_ID))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::model::{Button, GeoPoint, Lang, ListRow, MessageId, Place};

    fn check(message: &Outbound) -> Result<(), String> {
        outbound(message, &limits()).map_err(|error| error.to_string())
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
        let file = || MediaSource::Url("https://x.example/a.jpg".into());
        let fine = [
            Outbound::Text { body: "x".repeat(1600) },
            buttons(vec![button(&"i".repeat(200), "A"), button("b", "B"), button("c", &"💇".repeat(10))]),
            listed(vec![section(None, rows(10, 0))]),
            listed(vec![section(Some("a"), rows(5, 0)), section(Some("b"), rows(5, 5))]),
            Outbound::Link { body: "x".repeat(1024), label: "Pay".into(), url: "https://x.example".into() },
            Outbound::Image { source: file(), caption: Some("x".repeat(1024)) },
            Outbound::Document { source: file(), name: "a.ics".into(), caption: Some(String::new()) },
            Outbound::Contact { name: "Ana".into(), phone: "15550009999".parse().unwrap() },
        ];
        for message in fine {
            assert_eq!(check(&message), Ok(()), "{message:?}");
        }
    }

    #[test]
    fn what_twilio_would_refuse_is_refused() {
        let template = |body: Vec<&str>, button: &str| {
            Outbound::Template(TemplateMessage {
                name: "HX00000000000000000000000000000001".into(),
                locale: String::new(),
                lang: Lang::PT,
                body: body.into_iter().map(Into::into).collect(),
                buttons: vec![button.into()],
                preview: String::new(),
            })
        };
        let nowhere = Place { name: "n".into(), address: "a".into(), point: None };
        let off = Place { point: Some(GeoPoint { latitude: 91.0, longitude: 0.0 }), ..nowhere.clone() };
        let uploaded = || MediaSource::Id("1".into());
        let words = Some("words".to_owned());
        let cases = [
            (Outbound::Text { body: " \n".into() }, "text is empty"),
            (Outbound::Text { body: "💇".repeat(801) }, "text is too long"),
            (buttons(vec![]), "buttons: none"),
            (buttons((0..4).map(|i| button(&i.to_string(), &i.to_string())).collect()), "buttons: too many"),
            (buttons(vec![button("a", "Same"), button("b", "Same")]), "button title is there twice"),
            (buttons(vec![button("a", "A"), button("a", "B")]), "button id is there twice"),
            (buttons(vec![button("a", &"💇".repeat(11))]), "button title is too long"),
            (buttons(vec![button(&"i".repeat(201), "A")]), "button id is too long"),
            (listed(vec![]), "rows: none"),
            (listed(vec![section(None, rows(11, 0))]), "rows: too many"),
            (listed(vec![section(None, rows(1, 0)), section(None, rows(1, 1))]), "section title is missing"),
            (listed(vec![section(None, [rows(1, 0), rows(1, 0)].concat())]), "row id is there twice"),
            (Outbound::Link { body: "b".into(), label: "l".into(), url: "javascript:x".into() }, "address is not"),
            (Outbound::Location(nowhere), "location has no coordinates"),
            (Outbound::Location(off), "location is not on earth"),
            (Outbound::Image { source: uploaded(), caption: None }, "files are sent by their address"),
            (
                Outbound::Document {
                    source: MediaSource::Url("https://x.example/a".into()),
                    name: "a".into(),
                    caption: words,
                },
                "caption is too long",
            ),
            (Outbound::Reaction { target: MessageId::new("SM1").unwrap(), emoji: None }, "no reactions"),
            (template(vec![" \n"], "x"), "template value is empty"),
            (template(vec!["x"], &"p".repeat(129)), "template payload is too long"),
            (template(vec!["x"; 100], "p"), "template has too many values"),
        ];
        for (message, why) in cases {
            let told = check(&message).unwrap_err();
            assert!(told.contains(why) && told.contains("(code 20422)"), "{told:?} should say {why:?}");
        }
    }
}
