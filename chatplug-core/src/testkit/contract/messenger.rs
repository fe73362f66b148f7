//! What a [`Messenger`] promises: one message or none, and it says which.
//!
//! Run it with [`messenger_contract!`](crate::messenger_contract). The set-up gives a [`MessengerScene`]: a messenger and
//! the provider behind it, which a fake plays. What the fake cannot do is skipped, and printed as skipped.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use super::{
    backend::skip,
    salon::{key, message_id},
};
use crate::{
    model::{
        Address, Button, ChannelLimits, ChannelUser, GeoPoint, Lang, ListRow, ListSection, MediaKind, MediaRef,
        MediaSource, MessageRef, Outbound, Place, TemplateMessage,
    },
    ports::{Messenger, SendError},
    testkit::fits,
};
use async_trait::async_trait;
use futures_util::future::join_all;
use std::{any::Any, collections::BTreeSet, sync::Arc};

/// Expands to the whole suite of a messenger, a test per promise: `messenger_contract!(scene())`, where `scene()` gives a
/// future of a `Box<MessengerScene>`.
#[macro_export]
macro_rules! messenger_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::messenger:
            limits_are_sane_and_stay
            a_message_is_handed_over_once
            every_kind_that_the_channel_carries_is_taken
            the_largest_that_fits_is_taken
            what_does_not_fit_is_refused_whole
            each_message_gets_an_id_of_its_own
            an_answer_that_is_lost_is_unknown_and_not_repeated
            a_provider_that_is_down_took_nothing
            a_provider_that_is_pressed_says_so
            a_closed_window_says_so
            broken_credentials_say_so
            an_unreachable_person_says_so
            errors_hold_no_personal_data
            a_message_is_marked_as_seen
            a_file_is_fetched
            a_file_that_is_gone_is_refused
        }
    };
}

/// A messenger to test, with the provider behind it.
pub struct MessengerScene {
    /// The messenger under test.
    pub messenger: Arc<dyn Messenger>,
    /// Somebody it reaches, within the window.
    pub to: Address,
    /// The other side.
    pub provider: Box<dyn Provider>,
    /// A message that a client sent, to be marked as seen.
    pub seen: Option<MessageRef>,
    /// A file that a client sent, with its bytes.
    pub file: Option<(MediaRef, Vec<u8>)>,
    /// Whatever must live as long: a fake server, a folder.
    pub keep: Option<Box<dyn Any + Send + Sync>>,
}

/// The provider behind a messenger, played by a fake.
#[async_trait]
pub trait Provider: Send + Sync {
    /// How many messages it has taken.
    async fn taken(&self) -> usize;

    /// Makes the next message go wrong; `false` when it cannot play this.
    async fn fail_next(&self, fault: SendFault) -> bool;
}

/// How sending can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendFault {
    /// The message is taken, and the answer never comes.
    AnswerLost,
    /// Nothing is taken: no connection, or an answer that surely means "not now".
    Down,
    /// Too many messages.
    TooFast,
    /// The client wrote too long ago.
    WindowClosed,
    /// The token does not work.
    BadCredentials,
    /// Nobody there.
    NobodyThere,
}

impl MessengerScene {
    /// A scene without files or messages of clients.
    #[must_use]
    pub fn new(messenger: Arc<dyn Messenger>, to: Address, provider: impl Provider + 'static) -> Self {
        Self { messenger, to, provider: Box::new(provider), seen: None, file: None, keep: None }
    }

    async fn send(&self, message: &Outbound, name: &str) -> Result<crate::ports::Sent, SendError> {
        self.messenger.send(&self.to, message, key(name)).await
    }

    /// Sends a text that shall go wrong; answers the error and how many messages were taken; `None`: cannot be played.
    async fn wrong(&self, fault: SendFault) -> Option<(SendError, usize)> {
        let before = self.provider.taken().await;
        if !self.provider.fail_next(fault).await {
            skip(&format!("{fault:?}"), "it cannot be played");
            return None;
        }
        let Err(error) = self.send(&text("hello"), "wrong").await else { panic!("{fault:?} must be an error") };
        Some((error, self.provider.taken().await - before))
    }
}

fn text(body: &str) -> Outbound {
    Outbound::Text { body: body.to_owned() }
}

/// A label of exactly this length, different for each number.
fn label(number: usize, length: usize) -> String {
    let number = number.to_string();
    format!("{}{number}", "x".repeat(length.saturating_sub(number.len())))
}

fn buttons(body: String, count: usize, title: usize) -> Outbound {
    let button = |n| Button { id: format!("id-{n}"), title: label(n, title) };
    Outbound::Buttons { body, buttons: (0..count).map(button).collect() }
}

fn list(body: String, rows: usize, limits: &ChannelLimits, length: usize) -> Outbound {
    let row = |n| ListRow {
        id: format!("id-{n}"),
        title: label(n, limits.row_title.min(length)),
        description: Some("x".repeat(limits.row_description.min(length))),
    };
    let title = Some("x".repeat(limits.section_title.min(length)));
    let sections = vec![ListSection { title, rows: (0..rows).map(row).collect() }];
    Outbound::List { body, open: "x".repeat(limits.list_open.min(length)), sections }
}

fn place() -> Place {
    Place {
        name: "Studio".to_owned(),
        address: "Rua Nova 1, Lisboa".to_owned(),
        point: Some(GeoPoint { latitude: 38.7, longitude: -9.1 }),
    }
}

fn template() -> Outbound {
    Outbound::Template(TemplateMessage {
        name: "reminder_en".to_owned(),
        locale: "en".to_owned(),
        lang: Lang::EN,
        body: vec!["Ana".to_owned()],
        buttons: Vec::new(),
        preview: "Hi Ana".to_owned(),
    })
}

/// Buttons and rows come with labels, lengths are not zero, and nothing changes over the life of the value.
pub async fn limits_are_sane_and_stay(scene: &MessengerScene) {
    let limits = scene.messenger.limits();
    assert!(limits.text > 0, "a channel carries text");
    assert!(limits.buttons == 0 || (limits.button_title > 0 && limits.interactive_body > 0));
    assert!(limits.rows == 0 || (limits.row_title > 0 && limits.list_open > 0 && limits.interactive_body > 0));
    assert!(limits.window.is_none_or(|window| window > chrono::Duration::zero()));
    let before = limits.clone();
    scene.send(&text("hello"), "a").await.unwrap();
    assert_eq!(*scene.messenger.limits(), before);
}

/// A message that fits goes to the provider exactly once and gets the provider's id.
pub async fn a_message_is_handed_over_once(scene: &MessengerScene) {
    let sent = scene.send(&text("hello"), "a").await.unwrap();
    assert!(!sent.message.as_str().is_empty());
    assert_eq!(scene.provider.taken().await, 1);
}

/// Whatever the limits say that the channel carries, the provider takes.
pub async fn every_kind_that_the_channel_carries_is_taken(scene: &MessengerScene) {
    let limits = scene.messenger.limits().clone();
    let picture = MediaSource::Url("https://example.org/cut.jpg".to_owned());
    let target = scene.seen.clone().map(|seen| seen.id);
    let reaction = target.map(|target| Outbound::Reaction { target, emoji: Some("👍".to_owned()) });
    let kinds = [
        Some(text("hello 💇")),
        (limits.buttons > 0).then(|| buttons("Which?".to_owned(), 1, 3)),
        (limits.rows > 0).then(|| list("Which?".to_owned(), 2, &limits, 5)),
        limits.locations.then(|| Outbound::Location(place())),
        limits.images.then_some(Outbound::Image { source: picture, caption: None }),
        reaction.filter(|_| limits.reactions),
        limits.window.map(|_| template()),
    ];
    for (n, message) in kinds.into_iter().flatten().enumerate() {
        if let Err(error) = scene.send(&message, &n.to_string()).await {
            panic!("the channel says it carries this: {message:?}: {error:?}");
        }
        assert_eq!(scene.provider.taken().await, n + 1, "{message:?}");
    }
}

/// Messages that fill the limits to the last unit go through.
pub async fn the_largest_that_fits_is_taken(scene: &MessengerScene) {
    let limits = scene.messenger.limits().clone();
    let body = "x".repeat(limits.interactive_body);
    let kinds = [
        Some(text(&"x".repeat(limits.text))),
        Some(text(&"💇".repeat(limits.text / 2))),
        (limits.buttons > 0).then(|| buttons(body.clone(), limits.buttons, limits.button_title)),
        (limits.rows > 0).then(|| list(body, limits.rows, &limits, usize::MAX)),
    ];
    for (n, message) in kinds.into_iter().flatten().enumerate() {
        assert_eq!(fits(&message, &limits), Ok(()));
        if let Err(error) = scene.send(&message, &n.to_string()).await {
            panic!("within the limits {limits:?}, and refused: {error:?}");
        }
    }
}

/// A message that is too large is not cut, not split and not sent: an error that says so, and nothing is taken.
pub async fn what_does_not_fit_is_refused_whole(scene: &MessengerScene) {
    let limits = scene.messenger.limits().clone();
    let body = "Which?".to_owned();
    let kinds = [
        text(&"x".repeat(limits.text + 1)),
        text(""),
        buttons(body.clone(), limits.buttons + 1, 3),
        list(body, limits.rows + 1, &limits, 5),
    ];
    for message in kinds {
        let Err(error) = scene.send(&message, "large").await else { panic!("taken: {message:?}") };
        assert!(matches!(error, SendError::Rejected { .. }), "asking again cannot help: {error:?}");
    }
    assert_eq!(scene.provider.taken().await, 0);
}

/// Messages sent at the same time are all taken, each under its own id.
pub async fn each_message_gets_an_id_of_its_own(scene: &MessengerScene) {
    let messages: Vec<Outbound> = (0..20).map(|n| text(&format!("message {n}"))).collect();
    let names: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let sent = join_all(messages.iter().zip(&names).map(|(message, name)| scene.send(message, name))).await;
    let ids: BTreeSet<_> = sent.into_iter().map(|sent| sent.unwrap().message).collect();
    assert_eq!((ids.len(), scene.provider.taken().await), (20, 20));
}

/// The request left and no answer came: unknown, and never repeated by the messenger itself.
pub async fn an_answer_that_is_lost_is_unknown_and_not_repeated(scene: &MessengerScene) {
    let Some((error, taken)) = scene.wrong(SendFault::AnswerLost).await else { return };
    assert!(matches!(error, SendError::OutcomeUnknown { .. }), "it was sent: {error:?}");
    assert_eq!(taken, 1);
}

/// Down means that nothing was taken.
pub async fn a_provider_that_is_down_took_nothing(scene: &MessengerScene) {
    let Some((error, taken)) = scene.wrong(SendFault::Down).await else { return };
    assert!(matches!(error, SendError::Unavailable { .. }), "{error:?}");
    assert_eq!(taken, 0);
}

/// Too fast is an error of its own: wait.
pub async fn a_provider_that_is_pressed_says_so(scene: &MessengerScene) {
    let Some((error, taken)) = scene.wrong(SendFault::TooFast).await else { return };
    assert!(matches!(error, SendError::RateLimited { .. }), "{error:?}");
    assert_eq!(taken, 0);
}

/// A closed window is an error of its own: send a template.
pub async fn a_closed_window_says_so(scene: &MessengerScene) {
    let Some((error, taken)) = scene.wrong(SendFault::WindowClosed).await else { return };
    assert!(matches!(error, SendError::OutsideWindow), "{error:?}");
    assert_eq!(taken, 0);
}

/// Broken credentials are an error of their own: a person must mend them.
pub async fn broken_credentials_say_so(scene: &MessengerScene) {
    let Some((error, taken)) = scene.wrong(SendFault::BadCredentials).await else { return };
    assert!(matches!(error, SendError::Unauthorized { .. }), "{error:?}");
    assert_eq!(taken, 0);
}

/// Somebody who cannot be reached is an error of its own.
pub async fn an_unreachable_person_says_so(scene: &MessengerScene) {
    let Some((error, taken)) = scene.wrong(SendFault::NobodyThere).await else { return };
    assert!(matches!(error, SendError::Unreachable { .. }), "{error:?}");
    assert_eq!(taken, 0);
}

/// Neither the words nor the number of the client stand in an error or what lies beneath it: errors are logged.
pub async fn errors_hold_no_personal_data(scene: &MessengerScene) {
    let secret = "Maria Leocadia";
    let message = text(&secret.repeat(scene.messenger.limits().text));
    let mut errors = vec![scene.send(&message, "large").await.unwrap_err()];
    for fault in [SendFault::AnswerLost, SendFault::Down, SendFault::BadCredentials, SendFault::NobodyThere] {
        if scene.provider.fail_next(fault).await {
            errors.extend(scene.send(&text(secret), "wrong").await.err());
        }
    }
    let phone = scene.to.user.phone.as_ref().map(|phone| phone.digits().to_owned());
    for error in errors {
        let mut said = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            said.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        assert!(!said.contains(secret), "the client's words in an error: {said}");
        assert!(phone.as_ref().is_none_or(|phone| !said.contains(phone.as_str())), "the client's number: {said}");
    }
}

/// A client's message is marked as seen, with and without typing, more than once.
pub async fn a_message_is_marked_as_seen(scene: &MessengerScene) {
    let Some(message) = &scene.seen else { return skip("a_message_is_marked_as_seen", "no message to mark") };
    for typing in [true, false, false] {
        scene.messenger.seen(message, typing).await.unwrap();
    }
    assert_eq!(scene.provider.taken().await, 0, "a courtesy is no message");
}

/// A file that a client sent comes back whole.
pub async fn a_file_is_fetched(scene: &MessengerScene) {
    let Some((file, bytes)) = &scene.file else { return skip("a_file_is_fetched", "no file to fetch") };
    let media = scene.messenger.fetch_media(file).await.unwrap();
    assert_eq!(media.bytes, *bytes);
    assert!(!media.mime.is_empty());
}

/// A file that does not exist (any more) is refused: asking again cannot help.
pub async fn a_file_that_is_gone_is_refused(scene: &MessengerScene) {
    if scene.file.is_none() {
        return skip("a_file_that_is_gone_is_refused", "no files on this channel");
    }
    let gone =
        MediaRef { kind: MediaKind::Image, id: "404404".to_owned(), mime: "image/jpeg".to_owned(), caption: None };
    let error = scene.messenger.fetch_media(&gone).await.unwrap_err();
    assert!(matches!(error, SendError::Rejected { .. }), "{error:?}");
}

impl MessengerScene {
    /// The scene of a [`MemoryMessenger`](crate::testkit::MemoryMessenger).
    #[must_use]
    pub fn memory() -> Self {
        let messenger = crate::testkit::MemoryMessenger::new();
        let media = crate::ports::Media { mime: "image/jpeg".to_owned(), bytes: vec![1, 2, 3].into() };
        messenger.put_media("file", media);
        let phone = "351912345678".parse().ok();
        let user = ChannelUser { phone, user_id: None };
        let mut scene = Self::new(Arc::new(messenger.clone()), Address { user: user.clone() }, messenger);
        scene.seen = Some(MessageRef { id: message_id("in-1"), from: user });
        let (kind, mime) = (MediaKind::Image, "image/jpeg".to_owned());
        scene.file = Some((MediaRef { kind, id: "file".to_owned(), mime, caption: None }, vec![1, 2, 3]));
        scene
    }
}

#[async_trait]
impl Provider for crate::testkit::MemoryMessenger {
    async fn taken(&self) -> usize {
        self.sent().len()
    }

    async fn fail_next(&self, fault: SendFault) -> bool {
        match fault {
            SendFault::AnswerLost => self.lose_next_answer(),
            SendFault::Down => self.fail_next(SendError::Unavailable { source: None }),
            SendFault::TooFast => self.fail_next(SendError::RateLimited { retry_after: None }),
            SendFault::WindowClosed => self.fail_next(SendError::OutsideWindow),
            SendFault::BadCredentials => self.fail_next(SendError::Unauthorized { code: 190 }),
            SendFault::NobodyThere => self.fail_next(SendError::Unreachable { code: 131_026 }),
        }
        true
    }
}
