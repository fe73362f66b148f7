//! A person with a phone, who writes to a business and reads what it answers.

use super::{
    FakeMeta,
    event::Event,
    sent::SentMessage,
    state::{File, Person},
};
use crate::fake::{choice::On, time::digits};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A client of the business behind one number.
///
/// Verbs in the third person do it and wait until the webhook was answered 200: `maria.says("oi").await`. Nouns only
/// compose an [`Event`], to be delivered together with others: `graph.deliver([maria.text("oi"), ivan.text("да")])`.
#[derive(Debug, Clone)]
pub struct FakeClient {
    graph: FakeMeta,
    person: Person,
    number: Option<String>,
    seen: Arc<AtomicUsize>,
}

impl FakeClient {
    pub(super) fn new(graph: FakeMeta, phone: Option<&str>) -> Self {
        let person = Person { phone: phone.map(digits), ..Person::default() };
        let client = Self { graph, person, number: None, seen: Arc::default() };
        client.met()
    }

    /// Gives the profile a name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.person.name = Some(name.to_owned());
        self.met()
    }

    /// Gives a business-scoped user id as well.
    #[must_use]
    pub fn with_user_id(mut self, id: &str) -> Self {
        self.person.user_id = Some(id.to_owned());
        self.met()
    }

    /// Writes to another of the numbers, with an inbox of its own.
    #[must_use]
    pub fn at(&self, phone_number_id: &str) -> Self {
        Self { number: Some(phone_number_id.to_owned()), seen: Arc::default(), ..self.clone() }
    }

    /// The name under which [`SentMessage::to`] knows this person.
    #[must_use]
    pub fn key(&self) -> &str {
        self.person.phone.as_deref().or(self.person.user_id.as_deref()).unwrap_or_default()
    }

    // ── Doing ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Writes a text; returns the message's id.
    pub async fn says(&self, text: &str) -> String {
        self.tell(self.text(text)).await
    }

    /// Taps a reply button by what it carries and its label.
    pub async fn taps(&self, id: &str, title: &str) -> String {
        self.tell(self.tap(id, title)).await
    }

    /// Picks a row of a list.
    pub async fn picks(&self, id: &str, title: &str) -> String {
        self.tell(self.row(id, title)).await
    }

    /// Taps a quick reply of a template.
    pub async fn taps_template(&self, payload: &str, title: &str) -> String {
        self.tell(self.template_tap(payload, title)).await
    }

    /// Taps whatever in the newest message that offers something has this label, or holds it.
    ///
    /// # Panics
    /// When the newest message that offers something does not offer this: a test should say so.
    pub async fn chooses(&self, title: &str) -> String {
        self.tell(self.choice(title)).await
    }

    /// Sends content of any type, as Meta writes it: `sends("order", json!({…}))`.
    pub async fn sends(&self, kind: &str, content: Value) -> String {
        self.tell(self.content(kind, &content)).await
    }

    /// Sends a place.
    pub async fn sends_location(&self, latitude: f64, longitude: f64) -> String {
        self.sends("location", json!({"latitude": latitude, "longitude": longitude})).await
    }

    /// Sends a file: `kind` is Meta's type of message, such as `audio` or `image`.
    pub async fn sends_file(&self, kind: &str, mime: &str, bytes: impl Into<bytes::Bytes> + Send) -> String {
        self.tell(self.file(kind, mime, bytes)).await
    }

    /// Reacts to a message with an emoji; an empty one takes the reaction back.
    pub async fn reacts(&self, message_id: &str, emoji: &str) -> String {
        let mut reaction = json!({"message_id": message_id});
        if !emoji.is_empty() {
            reaction = json!({"message_id": message_id, "emoji": emoji});
        }
        self.sends("reaction", reaction).await
    }

    /// Turns offers off or on in WhatsApp's own settings.
    pub async fn wants_marketing(&self, wanted: bool) {
        let element = json!({
            "wa_id": self.person.phone,
            "detail": "User changed a preference",
            "category": "marketing_messages",
            "value": if wanted { "resume" } else { "stop" },
            "timestamp": self.graph.now().timestamp(),
        });
        let event = Event::listed(&self.number_id(), "user_preferences", "user_preferences", &self.person, element);
        self.graph.deliver([event]).await;
    }

    /// A person of the business writes to this client from the WhatsApp Business app: a human took over.
    pub async fn hears_from_staff(&self, text: &str) {
        let number = self.number_id();
        let (id, ours) = self.graph.change(|state| {
            let ours = state.number(&number).map(|number| number.display.clone());
            (state.fresh_id(), ours)
        });
        let mut echo = json!({"from": ours, "id": id, "type": "text", "text": {"body": text}});
        echo["timestamp"] = json!(self.graph.now().timestamp().to_string());
        for (key, name) in [("to", &self.person.phone), ("to_user_id", &self.person.user_id)] {
            if let Some(name) = name {
                echo[key] = json!(name);
            }
        }
        self.graph.deliver([Event::listed(&number, "smb_message_echoes", "message_echoes", &self.person, echo)]).await;
    }

    /// Moves to another phone number, which Meta tells by a message of type `system`; returns who they are now.
    pub async fn changes_number(&self, new: &str) -> Self {
        let new = digits(new);
        let body = json!({"type": "user_changed_number", "wa_id": new, "body": "User changed the number"});
        self.tell(self.content("system", &body)).await;
        let person = Person { phone: Some(new), ..self.person.clone() };
        self.graph.change(|state| state.people.retain(|known| known.phone != self.person.phone));
        Self { person, seen: Arc::default(), ..self.clone() }.met()
    }

    /// Has written a moment ago, without a webhook that tells it: the window is open.
    pub fn opens_window(&self) {
        let number = self.number_id();
        self.graph.change(|state| {
            let (key, now) = (state.person_key(self.key()), state.time.now());
            state.open_window(&number, &key, now);
        });
    }

    // ── Composing ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// A text.
    #[must_use]
    pub fn text(&self, text: &str) -> Event {
        self.content("text", &json!({"body": text}))
    }

    /// A tap on a reply button.
    #[must_use]
    pub fn tap(&self, id: &str, title: &str) -> Event {
        self.content("interactive", &json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}))
    }

    /// A row of a list.
    #[must_use]
    pub fn row(&self, id: &str, title: &str) -> Event {
        self.content("interactive", &json!({"type": "list_reply", "list_reply": {"id": id, "title": title}}))
    }

    /// A tap on a quick reply of a template.
    #[must_use]
    pub fn template_tap(&self, payload: &str, title: &str) -> Event {
        self.content("button", &json!({"payload": payload, "text": title}))
    }

    /// What [`chooses`](Self::chooses) taps.
    ///
    /// # Panics
    /// When the newest message that offers something does not offer this.
    #[must_use]
    #[expect(clippy::panic, reason = "a helper for tests, documented to panic")]
    pub fn choice(&self, title: &str) -> Event {
        let inbox = self.inbox();
        let offer = inbox.iter().rev().find(|message| !message.choices().is_empty());
        let Some((message, choice)) = offer.and_then(|message| Some((message, message.choice(title)?))) else {
            let lines: Vec<_> = inbox.iter().map(SentMessage::line).collect();
            panic!("nothing called {title:?} to tap in:\n{}", lines.join("\n"))
        };
        let event = match choice.on {
            On::Button => self.tap(&choice.id, &choice.title),
            On::Template => self.template_tap(&choice.id, &choice.title),
            On::Row => {
                let mut reply = json!({"id": choice.id, "title": choice.title});
                if let Some(description) = &choice.description {
                    reply = json!({"id": choice.id, "title": choice.title, "description": description});
                }
                self.content("interactive", &json!({"type": "list_reply", "list_reply": reply}))
            }
        };
        event.quoting(&message.id)
    }

    /// Content of any type; `null` leaves the object out.
    #[must_use]
    pub fn content(&self, kind: &str, content: &Value) -> Event {
        let number = self.number_id();
        self.graph.change(|state| {
            let (id, now) = (state.fresh_id(), state.time.now());
            Event::message(&number, &self.person, &id, now, kind, content)
        })
    }

    /// A file; an `audio` in Opus is a voice note.
    #[must_use]
    pub fn file(&self, kind: &str, mime: &str, bytes: impl Into<bytes::Bytes>) -> Event {
        let file = File { mime: mime.to_owned(), bytes: bytes.into(), elsewhere: None };
        let id = self.graph.change(|state| state.add_file(file));
        let mut content = json!({"id": id, "mime_type": mime, "sha256": "not told"});
        if mime.contains("opus") {
            content = json!({"id": id, "mime_type": mime, "sha256": "not told", "voice": true});
        }
        self.content(kind, &content)
    }

    // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Everything that was sent to this person from this number.
    #[must_use]
    pub fn inbox(&self) -> Vec<SentMessage> {
        let mut sent = self.graph.sent_to(self.key());
        let number = self.number_id();
        sent.retain(|message| message.phone_number_id == number);
        sent
    }

    /// The next message that [`next`](Self::next) has not returned before; waits for it.
    ///
    /// # Panics
    /// After a minute in which nothing came, naming what did.
    pub async fn next(&self) -> SentMessage {
        let at = self.seen.fetch_add(1, Ordering::SeqCst);
        let number = self.number_id();
        let what = format!("message {} to {} of {number}", at + 1, self.key());
        self.graph
            .wait(&what, |state| {
                let key = state.person_key(self.key());
                let ours = |sent: &&SentMessage| sent.to == key && sent.phone_number_id == number;
                state.sent.iter().filter(ours).nth(at).cloned()
            })
            .await
    }

    async fn tell(&self, event: Event) -> String {
        let id = event.id().to_owned();
        self.graph.deliver([event]).await;
        id
    }

    fn number_id(&self) -> String {
        let first = || self.graph.read(|state| state.numbers.first().map(|number| number.id.clone()));
        self.number.clone().or_else(first).unwrap_or_default()
    }

    fn met(self) -> Self {
        self.graph.change(|state| state.meet(&self.person));
        self
    }
}
