//! A client's phone, whichever provider is in between.

use chatplug::whatsapp::fake::{
    meta,
    twilio::{self, Choice},
};
use serde_json::Value;

/// What a talk needs of a client of a fake.
pub trait Phone {
    type Seen: Seen + Clone;

    async fn says(&self, text: &str);
    async fn chooses(&self, title: &str);
    async fn sends(&self, kind: &str, content: Value);
    fn inbox(&self) -> Vec<Self::Seen>;
    fn key(&self) -> &str;
}

/// A message as its client sees it.
pub trait Seen {
    fn text(&self) -> &str;
    fn choices(&self) -> &[Choice];
    fn is_template(&self) -> bool;

    /// What stands beneath a choice and says something.
    fn small_print<'c>(&self, choice: &'c Choice) -> Option<&'c str> {
        choice.description.as_deref()
    }

    fn titles(&self) -> Vec<&str> {
        self.choices().iter().map(|choice| choice.title.as_str()).collect()
    }
}

impl Phone for meta::FakeClient {
    type Seen = meta::SentMessage;

    async fn says(&self, text: &str) {
        self.says(text).await;
    }

    async fn chooses(&self, title: &str) {
        self.chooses(title).await;
    }

    async fn sends(&self, kind: &str, content: Value) {
        self.sends(kind, content).await;
    }

    fn inbox(&self) -> Vec<Self::Seen> {
        self.inbox()
    }

    fn key(&self) -> &str {
        self.key()
    }
}

impl Seen for meta::SentMessage {
    fn text(&self) -> &str {
        self.text()
    }

    fn choices(&self) -> &[Choice] {
        self.choices()
    }

    fn is_template(&self) -> bool {
        self.template().is_some()
    }
}

/// A phone at the provider that the stage was built over.
#[derive(Debug, Clone)]
pub enum AnyPhone {
    Meta(meta::FakeClient),
    Twilio(twilio::FakeClient),
}

/// What it got.
#[derive(Debug, Clone)]
pub enum AnySeen {
    Meta(Box<meta::SentMessage>),
    Twilio(Box<twilio::SentMessage>),
}

impl Phone for AnyPhone {
    type Seen = AnySeen;

    async fn says(&self, text: &str) {
        match self {
            Self::Meta(client) => client.says(text).await,
            Self::Twilio(client) => client.says(text).await,
        };
    }

    async fn chooses(&self, title: &str) {
        match self {
            Self::Meta(client) => client.chooses(title).await,
            Self::Twilio(client) => client.chooses(title).await,
        };
    }

    async fn sends(&self, kind: &str, content: Value) {
        match self {
            Self::Meta(client) => client.sends(kind, content).await,
            Self::Twilio(client) => client.sends(kind, content).await,
        };
    }

    fn inbox(&self) -> Vec<Self::Seen> {
        match self {
            Self::Meta(client) => client.inbox().into_iter().map(Box::new).map(AnySeen::Meta).collect(),
            Self::Twilio(client) => client.inbox().into_iter().map(Box::new).map(AnySeen::Twilio).collect(),
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Meta(client) => client.key(),
            Self::Twilio(client) => client.key(),
        }
    }
}

/// What the adapter puts beneath a row that has nothing to say where others have: Twilio takes no empty text there.
const NOTHING_TO_SAY: &str = "·";

impl Seen for AnySeen {
    fn small_print<'c>(&self, choice: &'c Choice) -> Option<&'c str> {
        let text = choice.description.as_deref();
        text.filter(|text| matches!(self, Self::Meta(_)) || *text != NOTHING_TO_SAY)
    }

    fn text(&self) -> &str {
        match self {
            Self::Meta(message) => message.text(),
            Self::Twilio(message) => message.text(),
        }
    }

    fn choices(&self) -> &[Choice] {
        match self {
            Self::Meta(message) => message.choices(),
            Self::Twilio(message) => message.choices(),
        }
    }

    fn is_template(&self) -> bool {
        match self {
            Self::Meta(message) => message.template().is_some(),
            Self::Twilio(message) => message.template().is_some(),
        }
    }
}
