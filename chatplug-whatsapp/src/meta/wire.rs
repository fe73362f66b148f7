//! Graph's JSON for sending: what leaves, and what is answered. Webhooks are read in `inbound`.

use super::check::refused;
use crate::common::words::one_line;
use chatplug_core::{
    model::{Address, Button, DeliveryKey, ListSection, MediaSource, Outbound, TemplateMessage},
    ports::SendError,
};
use serde::{Deserialize, Deserializer, Serialize};

const PRODUCT: &str = "whatsapp";

/// `POST …/messages`.
#[derive(Debug, Serialize)]
pub(super) struct Envelope<'a> {
    messaging_product: &'static str,
    recipient_type: &'static str,
    /// With `+` and country code: without it Meta puts the business's own country in front.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    /// A business-scoped user id, where the number is hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<&'a str>,
    r#type: &'static str,
    #[serde(flatten)]
    content: Content<'a>,
    /// Comes back in the statuses: how a lost answer is adopted.
    biz_opaque_callback_data: String,
}

impl<'a> Envelope<'a> {
    /// Addresses a message; the number wins over the user id, as it does at Meta.
    pub(super) fn new(to: &'a Address, message: &'a Outbound, key: DeliveryKey) -> Result<Self, SendError> {
        let phone = to.user.phone.as_ref().map(chatplug_core::model::Phone::e164);
        let recipient = match (&phone, &to.user.user_id) {
            (Some(_), _) => None,
            (None, Some(id)) => Some(id.reveal().as_str()),
            (None, None) => return Err(refused("nobody to send to")),
        };
        let content = Content::new(message)?;
        Ok(Self {
            messaging_product: PRODUCT,
            recipient_type: "individual",
            to: phone,
            recipient,
            r#type: content.name(),
            content,
            biz_opaque_callback_data: key.to_string(),
        })
    }
}

/// The one content object; its key repeats the type.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Content<'a> {
    Text { preview_url: bool, body: &'a str },
    Interactive(Interactive<'a>),
    Location { latitude: String, longitude: String, name: &'a str, address: &'a str },
    Image(File<'a>),
    Document(File<'a>),
    Contacts([Card<'a>; 1]),
    Reaction { message_id: &'a str, emoji: &'a str },
    Template(Template<'a>),
}

impl<'a> Content<'a> {
    fn new(message: &'a Outbound) -> Result<Self, SendError> {
        Ok(match message {
            Outbound::Text { body } => Self::Text { preview_url: false, body },
            Outbound::Buttons { body, buttons } => Self::Interactive(Interactive {
                r#type: "button",
                body: Words { text: body },
                action: Action::Buttons { buttons: buttons.iter().map(ReplyButton::new).collect() },
            }),
            Outbound::List { body, open, sections } => Self::Interactive(Interactive {
                r#type: "list",
                body: Words { text: body },
                action: Action::List { button: open, sections: sections.iter().map(Section::new).collect() },
            }),
            Outbound::Link { body, label, url } => Self::Interactive(Interactive {
                r#type: "cta_url",
                body: Words { text: body },
                action: Action::Link { name: "cta_url", parameters: LinkParameters { display_text: label, url } },
            }),
            Outbound::AskLocation { body } => Self::Interactive(Interactive {
                r#type: "location_request_message",
                body: Words { text: body },
                action: Action::Named { name: "send_location" },
            }),
            Outbound::Location(place) => {
                let point = place.point.ok_or_else(|| refused("location has no coordinates"))?;
                Self::Location {
                    // Strings in every official example.
                    latitude: point.latitude.to_string(),
                    longitude: point.longitude.to_string(),
                    name: &place.name,
                    address: &place.address,
                }
            }
            Outbound::Image { source, caption } => Self::Image(File::new(source, caption.as_deref(), None)?),
            Outbound::Document { source, name, caption } => {
                Self::Document(File::new(source, caption.as_deref(), Some(name))?)
            }
            Outbound::Contact { name, phone } => Self::Contacts([Card {
                name: CardName { formatted_name: name, first_name: name.split_whitespace().next().unwrap_or(name) },
                phones: [CardPhone { phone: phone.e164(), r#type: "WORK", wa_id: phone.digits() }],
            }]),
            Outbound::Reaction { target, emoji } => {
                Self::Reaction { message_id: target.as_str(), emoji: emoji.as_deref().unwrap_or_default() }
            }
            Outbound::Template(template) => Self::Template(Template::new(template)),
            _ => return Err(refused("a kind of message that WhatsApp does not carry")),
        })
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Interactive(_) => "interactive",
            Self::Location { .. } => "location",
            Self::Image(_) => "image",
            Self::Document(_) => "document",
            Self::Contacts(_) => "contacts",
            Self::Reaction { .. } => "reaction",
            Self::Template(_) => "template",
        }
    }
}

#[derive(Debug, Serialize)]
struct Interactive<'a> {
    r#type: &'static str,
    body: Words<'a>,
    action: Action<'a>,
}

#[derive(Debug, Serialize)]
struct Words<'a> {
    text: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Action<'a> {
    Buttons { buttons: Vec<ReplyButton<'a>> },
    List { button: &'a str, sections: Vec<Section<'a>> },
    Link { name: &'static str, parameters: LinkParameters<'a> },
    Named { name: &'static str },
}

#[derive(Debug, Serialize)]
struct ReplyButton<'a> {
    r#type: &'static str,
    reply: &'a Button,
}

impl<'a> ReplyButton<'a> {
    const fn new(button: &'a Button) -> Self {
        Self { r#type: "reply", reply: button }
    }
}

#[derive(Debug, Serialize)]
struct Section<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    rows: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

impl<'a> Section<'a> {
    fn new(section: &'a ListSection) -> Self {
        let rows = section.rows.iter().map(|row| Row {
            id: &row.id,
            title: &row.title,
            description: row.description.as_deref().filter(|text| !text.trim().is_empty()),
        });
        Self { title: section.title.as_deref(), rows: rows.collect() }
    }
}

#[derive(Debug, Serialize)]
struct LinkParameters<'a> {
    display_text: &'a str,
    url: &'a str,
}

#[derive(Debug, Serialize)]
struct File<'a> {
    #[serde(flatten)]
    source: FileSource<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum FileSource<'a> {
    Id(&'a str),
    Link(&'a str),
}

impl<'a> File<'a> {
    fn new(source: &'a MediaSource, caption: Option<&'a str>, filename: Option<&'a str>) -> Result<Self, SendError> {
        let source = match source {
            MediaSource::Id(id) => FileSource::Id(id),
            MediaSource::Url(url) => FileSource::Link(url),
            MediaSource::Own(_) => return Err(refused("file was not uploaded")),
        };
        Ok(Self { source, caption: caption.filter(|text| !text.trim().is_empty()), filename })
    }
}

#[derive(Debug, Serialize)]
struct Card<'a> {
    name: CardName<'a>,
    phones: [CardPhone<'a>; 1],
}

#[derive(Debug, Serialize)]
struct CardName<'a> {
    formatted_name: &'a str,
    first_name: &'a str,
}

/// `wa_id` gives the card a "Message" button.
#[derive(Debug, Serialize)]
struct CardPhone<'a> {
    phone: String,
    r#type: &'static str,
    wa_id: &'a str,
}

#[derive(Debug, Serialize)]
struct Template<'a> {
    name: &'a str,
    language: Language<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
}

#[derive(Debug, Serialize)]
struct Language<'a> {
    code: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Component<'a> {
    Body { parameters: Vec<Parameter<'a>> },
    Button { sub_type: &'static str, index: String, parameters: [Parameter<'a>; 1] },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Parameter<'a> {
    Text { text: String },
    Payload { payload: &'a str },
}

impl<'a> Template<'a> {
    fn new(template: &'a TemplateMessage) -> Self {
        let mut components = Vec::with_capacity(1 + template.buttons.len());
        if !template.body.is_empty() {
            let parameters = template.body.iter().map(|value| Parameter::Text { text: one_line(value) }).collect();
            components.push(Component::Body { parameters });
        }
        components.extend(template.buttons.iter().enumerate().map(|(index, payload)| Component::Button {
            sub_type: "quick_reply",
            index: index.to_string(),
            parameters: [Parameter::Payload { payload }],
        }));
        Self { name: &template.name, language: Language { code: &template.locale }, components }
    }
}

/// A read mark, and "typing" with it: Meta has no typing without reading.
#[derive(Debug, Serialize)]
pub(super) struct ReadMark<'a> {
    messaging_product: &'static str,
    status: &'static str,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typing_indicator: Option<Typing>,
}

#[derive(Debug, Serialize)]
struct Typing {
    r#type: &'static str,
}

impl<'a> ReadMark<'a> {
    pub(super) fn new(message_id: &'a str, typing: bool) -> Self {
        Self {
            messaging_product: PRODUCT,
            status: "read",
            message_id,
            typing_indicator: typing.then_some(Typing { r#type: "text" }),
        }
    }
}

/// Answer to a message: accepted, not delivered.
#[derive(Debug, Deserialize)]
pub(super) struct Accepted {
    pub(super) messages: Vec<AcceptedMessage>,
}

#[derive(Debug, Deserialize)]
pub(super) struct AcceptedMessage {
    pub(super) id: String,
}

/// A file was taken.
#[derive(Debug, Deserialize)]
pub(super) struct Uploaded {
    pub(super) id: String,
}

/// Answer to a read mark.
#[derive(Debug, Deserialize)]
pub(super) struct Done {}

/// Answer to the look-up of a file; the URL lives five minutes.
#[derive(Debug, Deserialize)]
pub(super) struct MediaInfo {
    pub(super) url: String,
    #[serde(default)]
    pub(super) mime_type: Option<String>,
    /// A string in the official examples.
    #[serde(default, deserialize_with = "number_or_text")]
    pub(super) file_size: Option<u64>,
}

/// Graph's error envelope, as much of it as decides.
#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    pub(super) error: FailureBody,
}

#[derive(Debug, Deserialize)]
pub(super) struct FailureBody {
    pub(super) code: i64,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    error_data: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) error_subcode: Option<i64>,
    #[serde(default)]
    error_user_title: Option<String>,
    #[serde(default)]
    error_user_msg: Option<String>,
}

impl FailureBody {
    /// What Meta says to whoever wrote what it refuses: only management calls have it.
    pub(super) fn for_people(&self) -> Option<String> {
        let words = [&self.error_user_title, &self.error_user_msg].into_iter().flatten();
        let words: Vec<&str> = words.map(|words| words.trim()).filter(|words| !words.is_empty()).collect();
        (!words.is_empty()).then(|| words.join(": "))
    }

    /// Meta's words for people: the details, else the message.
    pub(super) fn words(&self) -> &str {
        let details = self.error_data.as_ref().and_then(|data| data.get("details")).and_then(|words| words.as_str());
        details.or(self.message.as_deref()).unwrap_or_default()
    }
}

fn number_or_text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    Ok(match serde_json::Value::deserialize(input)? {
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_sizes_come_as_text_or_number() {
        for (json, size) in [("\"303833\"", Some(303_833)), ("303833", Some(303_833)), ("\"?\"", None), ("null", None)]
        {
            let info: MediaInfo = serde_json::from_str(&format!(r#"{{"url":"u","file_size":{json}}}"#)).unwrap();
            assert_eq!(info.file_size, size);
        }
    }
}
