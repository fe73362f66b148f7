//! What goes out to a channel, already in words and fit for its limits.

use super::{Lang, MessageId, Phone, Place};
use bytes::Bytes;
use chrono::Duration;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A message fit for a channel: text lengths, numbers of buttons and rows already respect its [`ChannelLimits`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outbound {
    /// Words.
    Text {
        /// The words.
        body: String,
    },
    /// Words with reply buttons.
    Buttons {
        /// The words.
        body: String,
        /// One to [`ChannelLimits::buttons`] buttons with different titles.
        buttons: Vec<Button>,
    },
    /// Words with a list that opens.
    List {
        /// The words.
        body: String,
        /// Label of the button that opens it.
        open: String,
        /// At most [`ChannelLimits::rows`] rows over all sections.
        sections: Vec<ListSection>,
    },
    /// Words with a button that opens a page.
    Link {
        /// The words.
        body: String,
        /// Label of the button.
        label: String,
        /// Absolute URL.
        url: String,
    },
    /// A pin on the map.
    Location(Place),
    /// A request for the client's place.
    AskLocation {
        /// The words.
        body: String,
    },
    /// A picture.
    Image {
        /// Where from.
        source: MediaSource,
        /// Words beneath it.
        caption: Option<String>,
    },
    /// A file, such as an appointment for a calendar.
    Document {
        /// Where from.
        source: MediaSource,
        /// Name to show.
        name: String,
        /// Words beneath it.
        caption: Option<String>,
    },
    /// A contact card.
    Contact {
        /// Name on the card.
        name: String,
        /// Number on the card.
        phone: Phone,
    },
    /// An emoji on a message of the client; `None` takes it back.
    Reaction {
        /// The client's message.
        target: MessageId,
        /// The emoji.
        emoji: Option<String>,
    },
    /// An approved template, the only thing allowed outside the window.
    Template(TemplateMessage),
}

/// A reply button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Comes back when tapped; at most 200 bytes.
    pub id: String,
    /// Label.
    pub title: String,
}

/// A section of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSection {
    /// Heading; needed when there is more than one section.
    pub title: Option<String>,
    /// Rows.
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// Comes back when tapped; at most 200 bytes.
    pub id: String,
    /// Label.
    pub title: String,
    /// Small print beneath.
    pub description: Option<String>,
}

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// The provider fetches it from this URL.
    Url(String),
    /// Already uploaded to the provider.
    Id(String),
    /// A file of ours: whoever sends it sees to it that the provider gets it. Only where [`ChannelLimits::files`] says so.
    Own(OwnFile),
}

/// A file that we made.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFile {
    /// MIME type.
    pub mime: String,
    /// What is in it.
    pub bytes: Bytes,
}

impl fmt::Debug for OwnFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnFile").field("mime", &self.mime).field("bytes", &self.bytes.len()).finish()
    }
}

/// A template with its blanks filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateMessage {
    /// The provider's name of it (or its content id).
    pub name: String,
    /// The provider's language code, such as `pt_BR`.
    pub locale: String,
    /// Our language of its text.
    pub lang: Lang,
    /// Values of the body's blanks in order; no line breaks, tabs or runs of spaces.
    pub body: Vec<String>,
    /// Payloads of the quick-reply buttons in order of the buttons.
    pub buttons: Vec<String>,
    /// What the client will read, for our own log: the provider holds the real text.
    pub preview: String,
}

/// What a channel can carry. Lengths are in UTF-16 code units, which no provider counts more strictly than.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelLimits {
    /// Longest plain text.
    pub text: usize,
    /// Longest text above buttons or a list.
    pub interactive_body: usize,
    /// Most reply buttons; 0 when the channel has none (options become a numbered text).
    pub buttons: usize,
    /// Longest label of a button.
    pub button_title: usize,
    /// Most rows of a list over all sections; 0 when the channel has no lists.
    pub rows: usize,
    /// Longest label of a row.
    pub row_title: usize,
    /// Longest small print of a row.
    pub row_description: usize,
    /// Longest heading of a section.
    pub section_title: usize,
    /// Longest label of the button that opens a list.
    pub list_open: usize,
    /// Longest words beneath a picture.
    pub caption: usize,
    /// Longest words beneath a document; 0 when a document goes without.
    pub document_caption: usize,
    /// Free text is allowed this long after the client's last message; `None` without such a rule.
    #[serde(skip)]
    pub window: Option<Duration>,
    /// Can show a pin.
    pub locations: bool,
    /// Can show pictures.
    pub images: bool,
    /// Can react with an emoji.
    pub reactions: bool,
    /// Can carry files of ours ([`MediaSource::Own`]).
    pub files: bool,
}

impl ChannelLimits {
    /// WhatsApp by Meta's Cloud API: 3 buttons, 10 rows, a 24-hour window.
    ///
    /// Source: Meta's pages on reply buttons and lists, and its v23.0 `OpenAPI` file (list bodies: the stricter 1024).
    #[must_use]
    pub fn whatsapp() -> Self {
        Self {
            text: 4096,
            interactive_body: 1024,
            buttons: 3,
            button_title: 20,
            rows: 10,
            row_title: 24,
            row_description: 72,
            section_title: 24,
            list_open: 20,
            caption: 1024,
            document_caption: 1024,
            window: Some(Duration::hours(24)),
            locations: true,
            images: true,
            reactions: true,
            files: true,
        }
    }

    /// A channel that carries nothing but text: options are numbered.
    #[must_use]
    pub fn text_only() -> Self {
        Self {
            text: 4096,
            interactive_body: 4096,
            buttons: 0,
            button_title: 0,
            rows: 0,
            row_title: 0,
            row_description: 0,
            section_title: 0,
            list_open: 0,
            caption: 0,
            document_caption: 0,
            window: None,
            locations: false,
            images: false,
            reactions: false,
            files: false,
        }
    }

    /// How long a text is in the unit that limits are counted in.
    #[must_use]
    pub fn length(text: &str) -> usize {
        text.encode_utf16().count()
    }
}
