//! What the page's user did, as webhooks in Meta's form: the simulator's messages take the same way as real ones.
//!
//! Shapes: Meta's pages on the `messages` webhook, kinds text, interactive, button, location, image, audio, sticker,
//! reaction and statuses.

use bytes::Bytes;
use chatplug_core::model::{DeliveryKey, IdError, MessageId};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Where the simulated client is.
pub(super) const HERE: (f64, f64) = (38.7139, -9.1394);

/// Something that a client did on the page.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Act {
    /// Wrote words.
    Text {
        /// As written.
        text: String,
        /// The message it answers.
        #[serde(default)]
        quoted: Option<String>,
    },
    /// Tapped a button, a row or a template's button.
    Tap {
        /// Which kind.
        on: TapOn,
        /// The id that comes back.
        id: String,
        /// The label.
        title: String,
        /// A row's small print.
        #[serde(default)]
        description: Option<String>,
        /// The message it stood on.
        #[serde(default)]
        quoted: Option<String>,
    },
    /// Shared where they are.
    Location {
        /// The message it answers.
        #[serde(default)]
        quoted: Option<String>,
    },
    /// Sent a file that cannot be read.
    Media {
        /// Which kind.
        media: MediaAct,
    },
    /// Put an emoji on a message, or took it back.
    Reaction {
        /// The message.
        target: String,
        /// The emoji; `None` takes it back.
        emoji: Option<String>,
    },
}

/// What was tapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TapOn {
    Button,
    Row,
    Template,
}

/// Files that the page can pretend to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MediaAct {
    Image,
    Voice,
    Sticker,
}

impl Act {
    /// How it looks on the client's own phone; a reaction is no bubble.
    pub(super) fn bubble(&self) -> Option<(Value, Option<&str>)> {
        Some(match self {
            Self::Text { text, quoted } => (json!({ "kind": "text", "body": text }), quoted.as_deref()),
            Self::Tap { title, quoted, .. } => (json!({ "kind": "tap", "title": title }), quoted.as_deref()),
            Self::Location { quoted } => {
                (json!({ "kind": "location", "point": { "latitude": HERE.0, "longitude": HERE.1 } }), quoted.as_deref())
            }
            Self::Media { media } => (json!({ "kind": "media", "media": media.word() }), None),
            Self::Reaction { .. } => return None,
        })
    }

    /// The message as Meta would post it.
    pub(super) fn webhook(&self, number: &str, from: &str, name: &str, id: &MessageId, at: DateTime<Utc>) -> Bytes {
        let mut message = Map::new();
        let mut set = |key: &str, value: Value| message.insert(key.to_owned(), value);
        set("from", json!(from));
        set("id", json!(id.as_str()));
        set("timestamp", json!(at.timestamp().to_string()));
        let (kind, content, quoted) = self.content(id);
        set("type", json!(kind));
        set(kind, content);
        if let Some(quoted) = quoted {
            set("context", json!({ "from": number, "id": quoted }));
        }
        let contact = json!({ "profile": { "name": name }, "wa_id": from });
        envelope(number, json!({ "contacts": [contact], "messages": [message] }))
    }

    fn content(&self, id: &MessageId) -> (&'static str, Value, Option<&str>) {
        match self {
            Self::Text { text, quoted } => ("text", json!({ "body": text }), quoted.as_deref()),
            Self::Tap { on: TapOn::Button, id, title, quoted, .. } => (
                "interactive",
                json!({ "type": "button_reply", "button_reply": { "id": id, "title": title } }),
                quoted.as_deref(),
            ),
            Self::Tap { on: TapOn::Row, id, title, description, quoted } => {
                let mut row = json!({ "id": id, "title": title });
                if let (Some(text), Some(row)) = (description, row.as_object_mut()) {
                    row.insert("description".to_owned(), json!(text));
                }
                ("interactive", json!({ "type": "list_reply", "list_reply": row }), quoted.as_deref())
            }
            Self::Tap { on: TapOn::Template, id, title, quoted, .. } => {
                ("button", json!({ "payload": id, "text": title }), quoted.as_deref())
            }
            Self::Location { quoted } => {
                ("location", json!({ "latitude": HERE.0, "longitude": HERE.1 }), quoted.as_deref())
            }
            Self::Media { media } => {
                let (kind, mime) = media.wire();
                let mut file = json!({ "id": id.as_str().replace("wamid.", "file-"), "mime_type": mime, "sha256": "" });
                if let (MediaAct::Voice, Some(file)) = (media, file.as_object_mut()) {
                    file.insert("voice".to_owned(), json!(true));
                }
                (kind, file, None)
            }
            Self::Reaction { target, emoji } => {
                let mut reaction = json!({ "message_id": target });
                if let (Some(emoji), Some(reaction)) = (emoji, reaction.as_object_mut()) {
                    reaction.insert("emoji".to_owned(), json!(emoji));
                }
                ("reaction", reaction, None)
            }
        }
    }
}

impl MediaAct {
    const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice => "voice",
            Self::Sticker => "sticker",
        }
    }

    /// The word for it on the wire, and its MIME type.
    pub(super) const fn wire(self) -> (&'static str, &'static str) {
        match self {
            Self::Image => ("image", "image/jpeg"),
            Self::Voice => ("audio", "audio/ogg; codecs=opus"),
            Self::Sticker => ("sticker", "image/webp"),
        }
    }
}

/// Stages of messages as Meta would post them.
pub(super) fn statuses(
    number: &str,
    to: &str,
    stages: &[(&str, &str)],
    key: Option<DeliveryKey>,
    at: DateTime<Utc>,
) -> Bytes {
    let status = |(id, stage): &(&str, &str)| {
        let mut status =
            json!({ "id": id, "status": stage, "timestamp": at.timestamp().to_string(), "recipient_id": to });
        if let (Some(key), Some(status)) = (key, status.as_object_mut()) {
            status.insert("biz_opaque_callback_data".to_owned(), json!(key.to_string()));
        }
        status
    };
    envelope(number, json!({ "statuses": stages.iter().map(status).collect::<Vec<_>>() }))
}

/// A new id in the style of the provider's.
pub(super) fn new_id() -> Result<MessageId, IdError> {
    MessageId::new(format!("wamid.{}", Uuid::now_v7().simple()))
}

fn envelope(number: &str, mut value: Value) -> Bytes {
    if let Some(value) = value.as_object_mut() {
        value.insert("messaging_product".to_owned(), json!("whatsapp"));
        let metadata = json!({ "display_phone_number": number, "phone_number_id": number });
        value.insert("metadata".to_owned(), metadata);
    }
    let change = json!({ "field": "messages", "value": value });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "0", "changes": [change] }] });
    Bytes::from(body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::{
        model::{Content, TapKind},
        ports::{Clock, Scoped, SystemClock, WebhookReceiver},
    };
    use chatplug_whatsapp::meta::{MetaKeyring, MetaWebhook, sign};

    fn received(body: Bytes) -> Scoped {
        let webhook = MetaWebhook::new(MetaKeyring::new("secret", "verify"));
        let request = http::Request::post("/webhooks/meta/demo")
            .header("x-hub-signature-256", sign("secret", &body))
            .body(body)
            .unwrap();
        let mut received = webhook.receive(&request, SystemClock.now()).unwrap();
        assert_eq!(received.events.len(), 1);
        let event = received.events.remove(0);
        assert_eq!(event.external_id, "990");
        event.event
    }

    fn said(act: &Value) -> Content {
        let act: Act = serde_json::from_value(act.clone()).unwrap();
        let body = act.webhook("990", "351912345678", "Marta", &new_id().unwrap(), SystemClock.now());
        let Scoped::Message(message) = received(body) else { panic!("not a message") };
        assert_eq!(message.profile_name.map(|name| name.into_inner()).as_deref(), Some("Marta"));
        message.content
    }

    #[test]
    fn everything_a_client_can_do_is_read_by_the_real_receiver() {
        assert!(
            matches!(said(&json!({ "kind": "text", "text": "<b>hi</b>" })), Content::Text { body } if body.reveal() == "<b>hi</b>")
        );
        for (on, kind) in [("button", TapKind::Button), ("row", TapKind::Row), ("template", TapKind::Template)] {
            let act = json!({ "kind": "tap", "on": on, "id": "1:2", "title": "Yes", "description": "d", "quoted": "wamid.1" });
            assert!(
                matches!(said(&act), Content::Tap(tap) if tap.id == "1:2" && tap.title == "Yes" && tap.on == kind),
                "{on}"
            );
        }
        assert!(matches!(said(&json!({ "kind": "location" })), Content::Location { .. }));
        for media in ["image", "voice", "sticker"] {
            assert!(matches!(said(&json!({ "kind": "media", "media": media })), Content::Media(_)), "{media}");
        }
        let reaction = said(&json!({ "kind": "reaction", "target": "wamid.1", "emoji": "👍" }));
        assert!(matches!(reaction, Content::Reaction { emoji: Some(emoji), .. } if emoji == "👍"));
        let taken_back = said(&json!({ "kind": "reaction", "target": "wamid.1", "emoji": null }));
        assert!(matches!(taken_back, Content::Reaction { emoji: None, .. }));
    }

    #[test]
    fn statuses_are_read_by_the_real_receiver() {
        let key = DeliveryKey::derive(&["a"]);
        let body = statuses("990", "351912345678", &[("wamid.1", "read")], Some(key), SystemClock.now());
        let Scoped::Status(status) = received(body) else { panic!("not a status") };
        assert_eq!((status.message.as_str(), status.key), ("wamid.1", Some(key)));
    }
}
