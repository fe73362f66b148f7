//! A person with a phone, who writes to a business and reads what it answers.

use super::{
    FakeTwilio,
    event::{Event, ListPick},
    sent::SentMessage,
    state::{Media, Person, State, address, plain},
};
use crate::fake::choice::On;
use bytes::Bytes;
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A client of the business behind one number.
///
/// Verbs in the third person do it and wait until the webhook was answered; nouns only compose an [`Event`], to be changed
/// or delivered together with others: `twilio.deliver([maria.text("oi"), ivan.text("да")])`.
#[derive(Debug, Clone)]
pub struct FakeClient {
    twilio: FakeTwilio,
    person: Person,
    sender: Option<String>,
    picks: Option<ListPick>,
    seen: Arc<AtomicUsize>,
}

impl FakeClient {
    pub(super) fn new(twilio: FakeTwilio, phone: Option<&str>) -> Self {
        let person = Person { phone: phone.map(plain), ..Person::default() };
        Self { twilio, person, sender: None, picks: None, seen: Arc::default() }.met()
    }

    /// Gives the profile a name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.person.name = Some(name.to_owned());
        self.met()
    }

    /// Gives a business-scoped user id as well (`US.1349…`).
    #[must_use]
    pub fn with_user_id(mut self, id: &str) -> Self {
        self.person.user_id = Some(plain(id));
        self.met()
    }

    /// WhatsApp writes the number in another way than `From` has it (Brazil's ninth digit, Mexico's 1).
    #[must_use]
    pub fn with_wa_id(mut self, digits: &str) -> Self {
        self.person.wa_id = Some(digits.to_owned());
        self.met()
    }

    /// `WaId` is not told.
    #[must_use]
    pub fn without_wa_id(self) -> Self {
        self.with_wa_id("")
    }

    /// How this client's picks from lists arrive, whatever the fake was told of all.
    #[must_use]
    pub const fn picking_by(mut self, how: ListPick) -> Self {
        self.picks = Some(how);
        self
    }

    /// Writes to another of the senders, with an inbox of its own.
    #[must_use]
    pub fn at(&self, sender: &str) -> Self {
        Self { sender: Some(address(sender)), seen: Arc::default(), ..self.clone() }
    }

    /// The name under which [`SentMessage::to`] knows this person.
    #[must_use]
    pub fn key(&self) -> &str {
        self.person.key()
    }

    // ── Doing ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Writes a text; returns the message's SID.
    pub async fn says(&self, text: &str) -> String {
        self.tell(self.text(text)).await
    }

    /// Taps a button by what it carries and its label.
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

    /// Taps the n-th choice (from 1) of the newest message that offers something.
    ///
    /// # Panics
    /// When there are not so many.
    pub async fn chooses_nth(&self, n: usize) -> String {
        self.tell(self.nth_choice(n)).await
    }

    /// Sends a place.
    pub async fn sends_location(&self, latitude: f64, longitude: f64) -> String {
        self.tell(self.location(latitude, longitude)).await
    }

    /// Sends a file: `kind` is what `MessageType` says, such as `audio` or `image`.
    pub async fn sends_file(&self, kind: &str, mime: &str, bytes: impl Into<Bytes> + Send) -> String {
        self.tell(self.file(kind, mime, bytes)).await
    }

    /// Sends a voice note, which nothing tells from another file of sound.
    pub async fn sends_voice(&self, bytes: impl Into<Bytes> + Send) -> String {
        self.sends_file("audio", "audio/ogg", bytes).await
    }

    /// Sends a contact card.
    pub async fn sends_contact(&self, name: &str, phone: &str) -> String {
        self.tell(self.contact(name, phone)).await
    }

    /// Answers one of our messages.
    pub async fn answers(&self, message_id: &str, text: &str) -> String {
        self.tell(self.text(text).quoting(message_id)).await
    }

    /// Writes the word that stops what a business sends, where [`FakeTwilio::keep_opt_outs`] keeps it.
    pub async fn opts_out(&self) -> String {
        self.says("STOP").await
    }

    /// Writes the word that lets the business send again.
    pub async fn opts_in(&self) -> String {
        self.says("START").await
    }

    /// Sends content of any type in Meta's words, for tests that hold the same conversation over either fake: a place, a
    /// file, cards; what Twilio has no form for arrives as a message without words.
    pub async fn sends(&self, kind: &str, content: Value) -> String {
        self.tell(self.content(kind, &content)).await
    }

    /// Has written a moment ago, without a webhook that tells it: the window is open.
    pub fn opens_window(&self) {
        let sender = self.sender();
        self.twilio.change(|state| {
            let (key, now) = (state.person_key(self.key()), state.time.now());
            state.open_window(&sender, &key, now);
        });
    }

    // ── Composing ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// A text.
    #[must_use]
    pub fn text(&self, text: &str) -> Event {
        self.compose("SM", ("text", text), &[])
    }

    /// A tap on a button of a message in an open chat.
    #[must_use]
    pub fn tap(&self, id: &str, title: &str) -> Event {
        self.compose("SM", ("interactive", title), &[("ButtonText", title), ("ButtonPayload", id)])
    }

    /// A row of a list, told in the way that was chosen.
    #[must_use]
    pub fn row(&self, id: &str, title: &str) -> Event {
        let how = self.picks.unwrap_or_else(|| self.twilio.read(|state| state.rules.list_pick));
        let fields = match how {
            ListPick::ListFields => vec![("ListId", id), ("ListTitle", title)],
            ListPick::ButtonFields => vec![("ButtonPayload", id), ("ButtonText", title)],
            ListPick::BodyOnly => Vec::new(),
        };
        self.compose("SM", ("interactive", title), &fields)
    }

    /// A tap on a quick reply of a template.
    #[must_use]
    pub fn template_tap(&self, payload: &str, title: &str) -> Event {
        let fields = [("ButtonText", title), ("ButtonPayload", payload), ("ButtonType", "REPLY")];
        self.compose("SM", ("button", title), &fields)
    }

    /// What [`chooses`](Self::chooses) taps.
    ///
    /// # Panics
    /// When the newest message that offers something does not offer this.
    #[must_use]
    pub fn choice(&self, title: &str) -> Event {
        self.offered(&format!("called {title:?}"), |message| {
            let choice = message.choice(title)?;
            message.choices().iter().position(|other| other == choice)
        })
    }

    /// What [`chooses_nth`](Self::chooses_nth) taps.
    ///
    /// # Panics
    /// When there are not so many.
    #[must_use]
    pub fn nth_choice(&self, n: usize) -> Event {
        self.offered(&format!("in place {n}"), |_| n.checked_sub(1))
    }

    #[expect(clippy::panic, reason = "a helper for tests, documented to panic")]
    fn offered(&self, what: &str, which: impl Fn(&SentMessage) -> Option<usize>) -> Event {
        let inbox = self.inbox();
        let offer = inbox.iter().rev().find(|message| !message.choices().is_empty());
        let found = offer.and_then(|message| Some((message, message.choices().get(which(message)?)?)));
        let Some((message, choice)) = found else {
            let lines: Vec<_> = inbox.iter().map(SentMessage::line).collect();
            panic!("nothing {what} to tap in:\n{}", lines.join("\n"))
        };
        let event = match choice.on {
            On::Button => self.tap(&choice.id, &choice.title),
            On::Template => self.template_tap(&choice.id, &choice.title),
            On::Row => self.row(&choice.id, &choice.title),
        };
        event.quoting(&message.id)
    }

    /// A place without a name.
    #[must_use]
    pub fn location(&self, latitude: f64, longitude: f64) -> Event {
        let (latitude, longitude) = (latitude.to_string(), longitude.to_string());
        self.compose("SM", ("location", ""), &[("Latitude", &latitude), ("Longitude", &longitude)])
    }

    /// A file.
    #[must_use]
    pub fn file(&self, kind: &str, mime: &str, bytes: impl Into<Bytes>) -> Event {
        self.with_file((kind, ""), mime, bytes.into(), None)
    }

    /// A file whose address redirects to another URL: a test of where the adapter is willing to go.
    #[must_use]
    pub fn file_elsewhere(&self, kind: &str, mime: &str, url: &str) -> Event {
        self.with_file((kind, ""), mime, Bytes::new(), Some(url.to_owned()))
    }

    /// A contact card.
    #[must_use]
    pub fn contact(&self, name: &str, phone: &str) -> Event {
        let card = format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nN:;{name};;;\r\nFN:{name}\r\nTEL;type=CELL;waid={digits}:+{digits}\r\nEND:VCARD\r\n",
            digits = plain(phone),
        );
        self.with_file(("contacts", name), "text/vcard", card.into(), None)
    }

    /// The answer to a flow.
    #[must_use]
    pub fn flow(&self, answer: &Value) -> Event {
        let (data, flow) = (serde_json::json!({"flowResponse": answer}).to_string(), answer.to_string());
        self.compose("SM", ("interactive", ""), &[("InteractiveData", &data), ("FlowData", &flow)])
    }

    /// The first message after an ad was tapped: the client's text, the ad's text, and the id of the click.
    #[must_use]
    pub fn after_ad(&self, text: &str, ad: &str, click: &str) -> Event {
        let fields = [
            ("ReferralBody", ad),
            ("ReferralHeadline", "Chat with us"),
            ("ReferralSourceType", "ad"),
            ("ReferralSourceId", "120226305854810726"),
            ("ReferralSourceUrl", "https://fb.me/3cr4Wqqkv"),
            ("ReferralCtwaClid", click),
        ];
        self.compose("SM", ("text", text), &fields)
    }

    /// What [`sends`](Self::sends) sends.
    #[must_use]
    pub fn content(&self, kind: &str, content: &Value) -> Event {
        let text = |path: &str| content.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let number = |path: &str| content.pointer(path).and_then(Value::as_f64).unwrap_or_default();
        match kind {
            "text" => self.text(text("/body")),
            "location" => {
                let place = self.location(number("/latitude"), number("/longitude"));
                let named = |place: Event, name: &str, path: &str| match text(path) {
                    "" => place,
                    value => place.with(name, value),
                };
                named(named(place, "Address", "/address"), "Label", "/name")
            }
            "image" | "audio" | "video" | "document" | "sticker" => {
                let mime = match (kind, text("/mime_type")) {
                    (_, mime) if !mime.is_empty() => mime,
                    ("image", _) => "image/jpeg",
                    ("audio", _) => "audio/ogg",
                    ("video", _) => "video/mp4",
                    ("sticker", _) => "image/webp",
                    _ => "application/pdf",
                };
                self.with_file((kind, text("/caption")), mime, Bytes::from_static(b"a file"), None)
            }
            "contacts" => self.contact(text("/0/name/formatted_name"), text("/0/phones/0/wa_id")),
            _ => self.compose("SM", (kind, ""), &[]),
        }
    }

    fn with_file(&self, (kind, body): (&str, &str), mime: &str, bytes: Bytes, elsewhere: Option<String>) -> Event {
        let sender = self.sender();
        self.twilio.change(|state| {
            let (message, sid) = (state.sid("MM"), state.sid("ME"));
            let account = state.sender(&sender).map(|sender| sender.account.clone()).unwrap_or_default();
            let url = format!("{}/2010-04-01/Accounts/{account}/Messages/{message}/Media/{sid}", state.base_url);
            let fields = [("MediaContentType0", mime), ("MediaUrl0", url.as_str())];
            let event = Event::message(state, &sender, &self.person, &message, (kind, body), &fields);
            let created = state.time.now();
            state.media.push(Media { sid, account, message, mime: mime.to_owned(), bytes, elsewhere, created });
            event
        })
    }

    fn compose(&self, prefix: &str, what: (&str, &str), content: &[(&str, &str)]) -> Event {
        let sender = self.sender();
        self.twilio.change(|state| {
            let sid = state.sid(prefix);
            Event::message(state, &sender, &self.person, &sid, what, content)
        })
    }

    // ── Reading ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Everything that this person has got from this sender: what failed is not among it.
    #[must_use]
    pub fn inbox(&self) -> Vec<SentMessage> {
        let sender = self.sender();
        self.twilio.read(|state| self.got(state, &sender).cloned().collect())
    }

    /// The next message that [`next`](Self::next) has not returned before; waits for it.
    ///
    /// # Panics
    /// After a minute in which nothing came, naming what did.
    pub async fn next(&self) -> SentMessage {
        let at = self.seen.fetch_add(1, Ordering::SeqCst);
        let sender = self.sender();
        let what = format!("message {} to {} of {sender}", at + 1, self.key());
        self.twilio.wait(&what, |state| self.got(state, &sender).nth(at).cloned()).await
    }

    fn got<'a>(&self, state: &'a State, sender: &'a str) -> impl Iterator<Item = &'a SentMessage> {
        let key = state.person_key(self.key());
        let ours = move |sent: &&SentMessage| sent.to == key && sent.from == sender && sent.failure.is_none();
        state.sent.iter().filter(ours)
    }

    async fn tell(&self, event: Event) -> String {
        let id = event.id().to_owned();
        self.twilio.deliver([event]).await;
        id
    }

    fn sender(&self) -> String {
        let first = || self.twilio.read(|state| state.senders.first().map(|sender| sender.address.clone()));
        self.sender.clone().or_else(first).unwrap_or_default()
    }

    fn met(self) -> Self {
        self.twilio.change(|state| state.meet(&self.person));
        self
    }
}
