//! A provider in a box behind the page: the real adapter talks to it over HTTP as it would to the provider, and what it
//! posts arrives as a real webhook does.

use super::{
    hub::Hub,
    meta::{Act, HERE, TapOn},
};
use chatplug_core::model::{MessageId, Outbound, Stage};
use chatplug_whatsapp::fake::{
    meta::{self as graph, FakeMeta},
    twilio::{self as twilio_api, FakeTwilio},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::io;
use uuid::Uuid;

/// The account of Meta's fake.
const WABA: &str = "990000000000001";
/// The numbers of the made-up salon, from ranges that belong to nobody.
const META_NUMBER: &str = "15550100100";
const TWILIO_NUMBER: &str = "+15550100100";
/// What is in every file that the page pretends to send.
const FILE: &[u8] = b"a file of the demo";

/// The fake of a provider, which stands in for it.
#[derive(Debug, Clone)]
pub enum Fake {
    /// Meta's.
    Meta(FakeMeta),
    /// Twilio's.
    Twilio(FakeTwilio),
}

/// A client's doing, ready to be told.
#[derive(Debug)]
pub(super) enum Told {
    Meta(graph::Event),
    Twilio(twilio_api::Event),
}

impl Told {
    /// The provider's id of the message.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Meta(event) => event.id(),
            Self::Twilio(event) => event.id(),
        }
    }
}

/// A fake that was started for one number, with what the number's channel must know.
#[derive(Debug)]
pub struct Started {
    /// The fake.
    pub fake: Fake,
    /// Where it is called.
    pub base_url: String,
    /// What calls are made with, new in every run: Meta's access token, Twilio's Auth Token.
    pub token: String,
    /// What webhooks are signed with.
    pub secret: String,
    /// The account: Meta's id of it, or Twilio's SID.
    pub account: String,
    /// The number, as the channel names it.
    pub number: String,
}

impl Fake {
    /// Starts Meta's fake for a number, which posts to the server at `origin`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn meta(phone_number_id: &str, origin: &str) -> io::Result<Started> {
        let fake = FakeMeta::start().await?;
        let (token, secret) = (secret(), secret());
        fake.add_number(phone_number_id, META_NUMBER, WABA).set_token(phone_number_id, &token).set_app_secret(&secret);
        fake.callback(&format!("{origin}/webhooks/meta/{}", super::ENDPOINT));
        // The phone says itself what it got and showed. What was written before this run is not known here, so the window
        // is left to the engine.
        fake.statuses(graph::StatusPlan::sent()).keep_window(false);
        let (base_url, number) = (fake.base_url(), phone_number_id.to_owned());
        Ok(Started { fake: Self::Meta(fake), base_url, token, secret, account: WABA.to_owned(), number })
    }

    /// Starts Twilio's fake for a number, which posts to the server at `origin`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn twilio(origin: &str) -> io::Result<Started> {
        let fake = FakeTwilio::start().await?;
        let (account, token) = (FakeTwilio::ACCOUNT.to_owned(), secret());
        fake.add_account(&account, &token).add_sender(&account, TWILIO_NUMBER);
        fake.callback(&format!("{origin}/webhooks/twilio/{}#rc=3&rp=all", super::ENDPOINT));
        fake.statuses(twilio_api::StatusPlan::sent()).keep_window(false);
        let (base_url, number) = (fake.base_url(), TWILIO_NUMBER.to_owned());
        Ok(Started { fake: Self::Twilio(fake), base_url, secret: token.clone(), token, account, number })
    }

    /// What a client does, as the provider will tell it; `None` for what the provider has no word for.
    pub(super) fn compose(&self, number: &str, name: &str, act: &Act) -> Option<Told> {
        match self {
            Self::Meta(fake) => Some(Told::Meta(by_meta(&fake.client(number).named(name), act))),
            Self::Twilio(fake) => by_twilio(&fake.client(number).named(name), act).map(Told::Twilio),
        }
    }

    /// Tells it; answers the status of the webhook, 0 when there was no answer.
    pub(super) async fn post(&self, told: Told) -> u16 {
        match (self, told) {
            (Self::Meta(fake), Told::Meta(event)) => fake.post_once([event]).await,
            (Self::Twilio(fake), Told::Twilio(event)) => fake.post_once(event).await,
            _ => 0,
        }
    }

    /// Tells that a phone got a message, or showed it.
    pub(super) async fn tell(&self, id: &str, stage: &str) {
        match self {
            Self::Meta(fake) => {
                let stage = if stage == "read" { Stage::Read } else { Stage::Delivered };
                fake.tells(id, stage).await;
            }
            Self::Twilio(fake) => {
                fake.tells(id, stage, None).await;
            }
        }
    }

    /// Shows on the phones what the fake takes, for ever.
    pub(super) async fn show(&self, hub: &Hub) {
        let (mut sent, mut reads) = (0, 0);
        loop {
            match self {
                Self::Meta(fake) => fake.more_than(sent, reads).await,
                Self::Twilio(fake) => fake.more_than(sent, reads).await,
            }
            let (messages, marks) = self.since(sent, reads);
            (sent, reads) = (sent + messages.len(), reads + marks.len());
            for message in messages {
                // A client does not see what failed.
                if let (Ok(id), Some(shown)) = (MessageId::new(message.id), message.shown) {
                    hub.arrive(&message.to, &id, &shown, message.at);
                }
            }
            for (id, typing) in marks {
                if let Some(number) = hub.holder(&id) {
                    hub.read(&number, &id, typing);
                }
            }
            hub.changed();
        }
    }

    /// Messages taken and marks set after the first so many.
    fn since(&self, sent: usize, reads: usize) -> (Vec<Arrived>, Vec<(String, bool)>) {
        match self {
            Self::Meta(fake) => {
                let arrived = |message: graph::SentMessage| {
                    let shown = Some(message.shown());
                    Arrived { id: message.id, to: message.to, at: message.at, shown }
                };
                let marks = fake.reads().into_iter().skip(reads).map(|mark| (mark.message_id, mark.typing));
                (fake.all_sent().into_iter().skip(sent).map(arrived).collect(), marks.collect())
            }
            Self::Twilio(fake) => {
                let arrived = |message: twilio_api::SentMessage| {
                    let shown = message.failure.is_none().then(|| message.shown());
                    Arrived { id: message.id, to: message.to, at: message.at, shown }
                };
                let marks = fake.reads().into_iter().skip(reads).map(|mark| (mark.message_id, true));
                (fake.all_sent().into_iter().skip(sent).map(arrived).collect(), marks.collect())
            }
        }
    }
}

/// A message that the fake took.
struct Arrived {
    id: String,
    to: String,
    at: DateTime<Utc>,
    shown: Option<Outbound>,
}

fn by_meta(client: &graph::FakeClient, act: &Act) -> graph::Event {
    let answering = |event: graph::Event, quoted: &Option<String>| match quoted {
        Some(id) => event.quoting(id),
        None => event,
    };
    match act {
        Act::Text { text, quoted } => answering(client.text(text), quoted),
        Act::Tap { on, id, title, quoted, .. } => {
            let tap = match on {
                TapOn::Button => client.tap(id, title),
                TapOn::Row => client.row(id, title),
                TapOn::Template => client.template_tap(id, title),
            };
            answering(tap, quoted)
        }
        Act::Location { quoted } => {
            let place = json!({"latitude": HERE.0, "longitude": HERE.1});
            answering(client.content("location", &place), quoted)
        }
        Act::Media { media } => {
            let (kind, mime) = media.wire();
            client.file(kind, mime, FILE)
        }
        Act::Reaction { target, emoji } => {
            let reaction = match emoji {
                Some(emoji) => json!({"message_id": target, "emoji": emoji}),
                None => json!({"message_id": target}),
            };
            client.content("reaction", &reaction)
        }
    }
}

fn by_twilio(client: &twilio_api::FakeClient, act: &Act) -> Option<twilio_api::Event> {
    let answering = |event: twilio_api::Event, quoted: &Option<String>| match quoted {
        Some(id) => event.quoting(id),
        None => event,
    };
    Some(match act {
        Act::Text { text, quoted } => answering(client.text(text), quoted),
        Act::Tap { on, id, title, quoted, .. } => {
            let tap = match on {
                TapOn::Button => client.tap(id, title),
                TapOn::Row => client.row(id, title),
                TapOn::Template => client.template_tap(id, title),
            };
            answering(tap, quoted)
        }
        Act::Location { quoted } => answering(client.location(HERE.0, HERE.1), quoted),
        Act::Media { media } => {
            let (kind, mime) = media.wire();
            client.file(kind, mime, FILE)
        }
        // Twilio's pages know no way in which an emoji on a message arrives.
        Act::Reaction { .. } => return None,
    })
}

/// New in every run, and known to nobody.
fn secret() -> String {
    format!("{}{}", Uuid::now_v7().simple(), Uuid::now_v7().simple())
}
