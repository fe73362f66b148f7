//! A fake of Meta's Graph: [`FakeMeta`] takes messages as Meta does, and [`FakeClient`] plays the people who write.
//!
//! ```
//! use chatplug_core::{model::{Address, ChannelUser, DeliveryKey, Outbound}, ports::{Messenger, SystemClock}};
//! use chatplug_whatsapp::{fake::meta::FakeMeta, meta::{MetaMessenger, http_client}};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let graph = FakeMeta::start().await?;
//! graph.add_number("106540352242922", "15550783881", "102290129340398");
//! let maria = graph.client("34600111222").named("Maria");
//! maria.opens_window(); // she wrote within the last 24 hours
//!
//! let config = graph.config("106540352242922");
//! let messenger = MetaMessenger::new(config, http_client()?, Arc::new(SystemClock)).unwrap();
//! let to = Address { user: ChannelUser { phone: "34600111222".parse().ok(), user_id: None } };
//! let hello = Outbound::Text { body: "Olá, Maria!".into() };
//! messenger.send(&to, &hello, DeliveryKey::derive(&["1"])).await?;
//!
//! assert_eq!(maria.next().await.text(), "Olá, Maria!");
//! # Ok(())
//! # }
//! ```
//!
//! With a callback URL ([`FakeMeta::callback`]) it also posts signed webhooks: what clients write, and the statuses of
//! what was sent. Webhooks are posted again until they are answered 200.

mod client;
mod deliver;
mod event;
mod graph;
mod onboarding;
mod rules;
mod sent;
mod state;
mod stock;
mod templates;

pub use super::{
    choice::Choice,
    fault::{Fault, FaultRule},
    plan::StatusPlan,
};
pub use client::FakeClient;
pub use deliver::Redelivery;
pub use event::Event;
pub use sent::{ReadMark, SentMessage};
pub use templates::FakeTemplate;

use super::{PATIENCE, SHOWN, net, time::digits};
use crate::meta::{MetaConfig, MetaKeyring, http_client};
use chatplug_core::{model::Stage, ports::Clock};
use chrono::{DateTime, Duration, Utc};
use deliver::Courier;
use state::{File, Number, Shared, State};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::task::JoinHandle;

/// A running fake. Clones are handles to the same one; it stops with the last of them.
#[derive(Debug, Clone)]
pub struct FakeMeta {
    inner: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl FakeMeta {
    /// The access token that every number takes, unless given its own.
    pub const TOKEN: &'static str = "fake-access-token";
    /// The secret that webhooks are signed with, unless changed.
    pub const APP_SECRET: &'static str = "fake-app-secret";
    /// The token of the verification request, unless changed.
    pub const VERIFY_TOKEN: &'static str = "fake-verify-token";
    /// The app that businesses sign up with.
    pub const APP_ID: &'static str = "670843887433847";
    /// The code that proves that a number is its owner's.
    pub const VERIFICATION_CODE: &'static str = onboarding::VERIFICATION_CODE;

    /// Starts a fake on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be had, or no HTTP client made.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a fake at an address, for a program whose configuration was written before.
    ///
    /// # Errors
    /// When the address cannot be had, or no HTTP client made.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let http = http_client().map_err(io::Error::other)?;
        let gate = net::Gate::bind(address).await?;
        let address = gate.address()?;
        let (courier, work) = Courier::new(http);
        let shared = Arc::new(Shared::new(State::new(format!("http://{address}")), courier));
        let server = tokio::spawn(graph::serve(gate, Arc::clone(&shared)));
        let worker = tokio::spawn(work.run(Arc::clone(&shared)));
        Ok(Self { inner: Arc::new(Running { address, shared, tasks: [server, worker] }) })
    }

    // ── Setting up ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Adds a business number: Meta's id of it, the number itself in digits, and the account that owns it.
    /// The first one is where clients write unless told otherwise.
    pub fn add_number(&self, phone_number_id: &str, display: &str, waba_id: &str) -> &Self {
        let number = Number::new(phone_number_id, display, waba_id, Self::TOKEN);
        self.change(|state| {
            state.onboarding.told.entry(waba_id.to_owned()).or_default();
            state.numbers.push(number);
        });
        self
    }

    /// Gives a number a token of its own; the old one is then refused with 190.
    pub fn set_token(&self, phone_number_id: &str, token: &str) -> &Self {
        self.change(|state| {
            for number in state.numbers.iter_mut().filter(|number| number.id == phone_number_id) {
                token.clone_into(&mut number.token);
            }
        });
        self
    }

    /// Approves a template for every number of an account.
    pub fn approve(&self, waba_id: &str, template: FakeTemplate) -> &Self {
        self.change(|state| state.templates.set(waba_id, template));
        self
    }

    /// Templates of an account, in the order that they came in.
    #[must_use]
    pub fn templates(&self, waba_id: &str) -> Vec<FakeTemplate> {
        self.read(|state| state.templates.of(waba_id).cloned().collect())
    }

    /// Meta decides on a template: `status` is its word (`APPROVED`, `REJECTED`, `PAUSED`, `DISABLED` …). It tells so by
    /// webhook.
    pub fn decide(&self, waba_id: &str, name: &str, language: &str, status: &str, reason: Option<&str>) -> &Self {
        let told = self.change(|state| state.templates.decide(waba_id, name, language, status, reason));
        self.tell_of_template(waba_id, "message_template_status_update", told)
    }

    /// Clients think otherwise of a template now: `GREEN`, `YELLOW` or `RED`.
    pub fn rescore(&self, waba_id: &str, name: &str, language: &str, score: &str) -> &Self {
        let told = self.change(|state| state.templates.rescore(waba_id, name, language, score));
        self.tell_of_template(waba_id, "message_template_quality_update", told)
    }

    /// Meta finds that a template is of another category.
    pub fn recategorise(&self, waba_id: &str, name: &str, language: &str, category: &str) -> &Self {
        let told = self.change(|state| state.templates.recategorise(waba_id, name, language, category));
        self.tell_of_template(waba_id, "template_category_update", told)
    }

    fn tell_of_template(&self, waba_id: &str, field: &str, told: Option<serde_json::Value>) -> &Self {
        let number = self.read(|state| {
            let number = state.numbers.iter().find(|number| number.waba_id == waba_id).map(|number| number.id.clone());
            number.filter(|_| state.callback.is_some())
        });
        if let (Some(number), Some(told)) = (number, told) {
            self.inner.shared.courier.queue(Event::account(&number, field, told, self.now()));
        }
        self
    }

    /// How many templates a page of the list has at most (at first 100): small ones show whether all pages are read.
    pub fn template_pages(&self, most: usize) -> &Self {
        self.change(|state| state.templates.page = most);
        self
    }

    /// Where webhooks are posted.
    pub fn callback(&self, url: &str) -> &Self {
        self.change(|state| state.callback = Some(url.to_owned()));
        self
    }

    /// Changes the secret that webhooks are signed with.
    pub fn set_app_secret(&self, secret: &str) -> &Self {
        self.change(|state| secret.clone_into(&mut state.app_secret));
        self
    }

    /// The base URL to configure an adapter with.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// A configuration of the adapter for one of the numbers.
    #[must_use]
    pub fn config(&self, phone_number_id: &str) -> MetaConfig {
        let token = self.read(|state| state.number(phone_number_id).map(|number| number.token.clone()));
        let token = token.unwrap_or_else(|| Self::TOKEN.to_owned());
        MetaConfig::new(phone_number_id, token).with_base_url(self.base_url())
    }

    /// The keyring that fits what this fake posts.
    #[must_use]
    pub fn keyring(&self) -> MetaKeyring {
        MetaKeyring::new(self.read(|state| state.app_secret.clone()), Self::VERIFY_TOKEN)
    }

    // ── Time ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Takes the time from a clock that the test shares with what it tests.
    pub fn use_clock(&self, clock: Arc<dyn Clock>) -> &Self {
        self.change(|state| state.time.follow(clock));
        self
    }

    /// Stops the fake's time at an instant.
    pub fn set_now(&self, now: DateTime<Utc>) -> &Self {
        self.change(|state| state.time.stop(now));
        self
    }

    /// Moves the fake's time on, stopped or not.
    pub fn advance(&self, by: Duration) -> &Self {
        self.change(|state| state.time.advance(by));
        self
    }

    /// The fake's time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.read(|state| state.time.now())
    }

    // ── Behaviour ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// Which statuses follow a message that was taken, and when. At first: sent, delivered and read, after the answer.
    pub fn statuses(&self, plan: StatusPlan) -> &Self {
        self.change(|state| state.plan = plan);
        self
    }

    /// Makes calls go wrong; see [`FaultRule`].
    pub fn on_send(&self) -> FaultRule {
        let shared = Arc::clone(&self.inner.shared);
        FaultRule::new(move |mut rule| {
            shared.with(|state| {
                rule.to = rule.to.map(|to| state.person_key(&to));
                state.faults.push(rule);
            });
        })
    }

    /// Whether the 24-hour window is kept (at first it is): free text outside it is taken and fails with 131047.
    pub fn keep_window(&self, keep: bool) -> &Self {
        self.change(|state| state.keep_window = keep);
        self
    }

    /// Whether the limit for one person is kept (at first it is not): 45 at once, then one in 6 seconds, else 131056.
    pub fn keep_pair_rate(&self, keep: bool) -> &Self {
        self.change(|state| state.keep_pair_rate = keep);
        self
    }

    /// Messages to this person are taken and fail with 131026.
    pub fn unreachable(&self, user: &str) -> &Self {
        self.change(|state| state.unreachable.insert(digits(user)));
        self
    }

    /// Meta knows a dialled number by another name (Brazil's ninth digit, Mexico's 1).
    pub fn spells(&self, dialled: &str, wa_id: &str) -> &Self {
        self.change(|state| state.spelling.insert(digits(dialled), wa_id.to_owned()));
        self
    }

    /// How webhooks that were not answered 200 are posted again.
    pub fn redelivery(&self, redelivery: Redelivery) -> &Self {
        self.change(|state| state.redelivery = redelivery);
        self
    }

    /// Puts a file where clients' files are; the id goes into a message.
    #[must_use]
    pub fn add_file(&self, mime: &str, bytes: impl Into<bytes::Bytes>) -> String {
        self.file(File { mime: mime.to_owned(), bytes: bytes.into(), elsewhere: None })
    }

    /// A file whose look-up names another URL: a test of where the adapter is willing to go.
    #[must_use]
    pub fn add_file_elsewhere(&self, mime: &str, url: &str) -> String {
        self.file(File { mime: mime.to_owned(), bytes: bytes::Bytes::new(), elsewhere: Some(url.to_owned()) })
    }

    /// Lets the files that were uploaded end, as Meta does after 30 days.
    pub fn expire_uploads(&self) {
        self.inner.shared.with(State::expire_uploads);
    }

    /// Files that were uploaded so far, in order: type and content of each that has not ended.
    #[must_use]
    pub fn uploads(&self) -> Vec<(String, bytes::Bytes)> {
        self.read(|state| {
            let files = state.uploads.iter().filter_map(|id| state.file(id));
            files.map(|file| (file.mime.clone(), file.bytes.clone())).collect()
        })
    }

    // ── What happened ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Every message taken so far, in order, over all numbers.
    #[must_use]
    pub fn all_sent(&self) -> Vec<SentMessage> {
        self.read(|state| state.sent.clone())
    }

    /// Messages taken for one of the numbers.
    #[must_use]
    pub fn sent(&self, phone_number_id: &str) -> Vec<SentMessage> {
        let mut sent = self.all_sent();
        sent.retain(|message| message.phone_number_id == phone_number_id);
        sent
    }

    /// Messages taken for one person, by phone number or user id, from any of the numbers.
    #[must_use]
    pub fn sent_to(&self, user: &str) -> Vec<SentMessage> {
        let key = self.read(|state| state.person_key(user));
        let mut sent = self.all_sent();
        sent.retain(|message| message.to == key);
        sent
    }

    /// Waits until `n` messages have been taken over all numbers, and returns all there are.
    ///
    /// # Panics
    /// After a minute in which nothing came, naming what did: a test that waits for what never comes should say so.
    pub async fn wait_for(&self, n: usize) -> Vec<SentMessage> {
        self.wait(&format!("{n} messages"), |state| (state.sent.len() >= n).then(|| state.sent.clone())).await
    }

    /// Waits until the messages taken satisfy a condition, and returns them.
    ///
    /// # Panics
    /// After a minute in which nothing came, naming what was waited for and what did.
    pub async fn wait_until(&self, what: &str, enough: impl Fn(&[SentMessage]) -> bool) -> Vec<SentMessage> {
        loop {
            // The condition is asked outside the lock, so that it may itself ask the fake.
            let sent = self.all_sent();
            if enough(&sent) {
                return sent;
            }
            self.wait(what, |state| (state.sent.len() > sent.len()).then_some(())).await;
        }
    }

    /// Returns once more messages were taken, or more marked as read, than so many; for a program that shows them, which
    /// waits as long as it takes.
    pub async fn more_than(&self, sent: usize, reads: usize) {
        let mut changes = self.inner.shared.changes();
        while self.read(|state| state.sent.len() <= sent && state.reads.len() <= reads) {
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits for something to be found after a message was taken.
    async fn wait<T>(&self, what: &str, found: impl Fn(&State) -> Option<T>) -> T {
        let mut changes = self.inner.shared.changes();
        loop {
            changes.borrow_and_update();
            if let Some(found) = self.read(|state| found(state)) {
                return found;
            }
            // As long as anything comes, nothing is stuck: somebody else may just be before them.
            match tokio::time::timeout(PATIENCE, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => std::future::pending::<()>().await,
                Err(_) => stuck(what, &self.all_sent()),
            }
        }
    }

    /// Read marks in order.
    #[must_use]
    pub fn reads(&self) -> Vec<ReadMark> {
        self.read(|state| state.reads.clone())
    }

    /// How many calls were answered with an error or not at all, faults included.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.read(|state| state.refused)
    }

    /// HTTP statuses that webhooks were answered with so far, in order; 0 where there was no answer.
    #[must_use]
    pub fn answers(&self) -> Vec<u16> {
        self.read(|state| state.answers.clone())
    }

    // ── Webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// A person who writes to the first number; see [`FakeClient`].
    #[must_use]
    pub fn client(&self, phone: &str) -> FakeClient {
        FakeClient::new(self.clone(), Some(phone))
    }

    /// A person whose number is hidden: known by the business-scoped user id alone.
    #[must_use]
    pub fn hidden_client(&self, user_id: &str) -> FakeClient {
        FakeClient::new(self.clone(), None).with_user_id(user_id)
    }

    /// Posts events as one webhook, in this order, and again until it is answered 200. They may be of several numbers
    /// and accounts, and any of them may be there twice.
    ///
    /// Returns how often it had to be posted, or `None` when [`Redelivery::attempts`] ran out or there is no callback.
    pub async fn deliver(&self, events: impl IntoIterator<Item = Event>) -> Option<u32> {
        self.inner.shared.courier.deliver(&self.inner.shared, &events.into_iter().collect::<Vec<_>>()).await
    }

    /// Posts events once, whatever comes, and returns the HTTP status (0: no answer).
    pub async fn post_once(&self, events: impl IntoIterator<Item = Event>) -> u16 {
        let body = self.body_of(events);
        let signature = crate::meta::sign(&self.read(|state| state.app_secret.clone()), &body);
        self.post_raw(body, Some(&signature)).await
    }

    /// Posts a body as it is, with or without a signature, and returns the HTTP status (0: no answer).
    pub async fn post_raw(&self, body: impl Into<bytes::Bytes>, signature: Option<&str>) -> u16 {
        self.inner.shared.courier.post(&self.inner.shared, body.into(), signature).await
    }

    /// The body that a batch of events is posted as.
    #[must_use]
    pub fn body_of(&self, events: impl IntoIterator<Item = Event>) -> Vec<u8> {
        let events: Vec<_> = events.into_iter().collect();
        self.read(|state| event::body(state, &events))
    }

    /// Takes out the statuses that [`StatusPlan::held`] keeps back, to be delivered in any order, twice, or never.
    #[must_use]
    pub fn take_held(&self) -> Vec<Event> {
        self.change(|state| std::mem::take(&mut state.held))
    }

    /// Delivers the statuses that are kept back, in order.
    pub async fn release(&self) {
        let held = self.take_held();
        if !held.is_empty() {
            self.deliver(held).await;
        }
    }

    /// Tells a stage of a message that was taken, once, and returns the HTTP status (0: no answer, or no such message).
    pub async fn tells(&self, message_id: &str, stage: Stage) -> u16 {
        let event = self.read(|state| {
            let message = state.sent.iter().find(|message| message.id == message_id)?;
            Some(Event::status(state, message, stage, None))
        });
        match event {
            Some(event) => self.post_once([event]).await,
            None => 0,
        }
    }

    /// Waits until every webhook that the fake posts by itself has been answered 200 or given up.
    ///
    /// # Panics
    /// After a minute.
    pub async fn settled(&self) {
        if tokio::time::timeout(PATIENCE, self.inner.shared.courier.settled()).await.is_err() {
            stuck("webhooks to be answered", &self.all_sent());
        }
    }

    /// Makes the verification request to the callback, and says whether it was answered as Meta wants.
    pub async fn verify_callback(&self) -> bool {
        self.inner.shared.courier.verify(&self.inner.shared, Self::VERIFY_TOKEN).await
    }

    pub(crate) fn read<T>(&self, with: impl FnOnce(&State) -> T) -> T {
        self.inner.shared.with(|state| with(state))
    }

    pub(crate) fn change<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        self.inner.shared.with(with)
    }

    fn file(&self, file: File) -> String {
        self.change(|state| state.add_file(file))
    }
}

#[expect(clippy::panic, reason = "a helper for tests, documented to panic")]
fn stuck(what: &str, sent: &[SentMessage]) -> ! {
    // What is waited for stands last: of a long log, the end is read.
    let came: Vec<_> = sent.iter().rev().take(SHOWN).rev().map(SentMessage::line).collect();
    panic!("the last of {} that came:\n{}\nwaited for {what}", sent.len(), came.join("\n"))
}
