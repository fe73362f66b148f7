//! A fake of Twilio's WhatsApp API: [`FakeTwilio`] takes messages as Twilio does, and [`FakeClient`] plays the people who
//! write.
//!
//! One port stands for `api.twilio.com`, `content.twilio.com` and `messaging.twilio.com`; files redirect to a second one.
//! It is written from Twilio's pages and its `OpenAPI` files, apart from the adapter. Where it is stricter than Twilio it
//! says so: parameters that the API does not have are refused with 20001, where Twilio would pass over a misspelt one.
//!
//! ```
//! use chatplug_core::{model::{Address, ChannelUser, DeliveryKey, Outbound}, ports::{Messenger, SystemClock}};
//! use chatplug_whatsapp::{fake::twilio::FakeTwilio, twilio::{TwilioMessenger, http_client}};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let twilio = FakeTwilio::start().await?;
//! twilio.add_account(FakeTwilio::ACCOUNT, FakeTwilio::TOKEN).add_sender(FakeTwilio::ACCOUNT, "+15550009999");
//! let maria = twilio.client("+34600111222").named("Maria");
//! maria.opens_window(); // she wrote within the last 24 hours
//!
//! let config = twilio.config("+15550009999");
//! let messenger = TwilioMessenger::new(config, http_client()?, Arc::new(SystemClock)).unwrap();
//! let to = Address { user: ChannelUser { phone: "34600111222".parse().ok(), user_id: None } };
//! let hello = Outbound::Text { body: "Olá, Maria!".into() };
//! messenger.send(&to, &hello, DeliveryKey::derive(&["1"])).await?;
//!
//! assert_eq!(maria.next().await.text(), "Olá, Maria!");
//! # Ok(())
//! # }
//! ```
//!
//! With a callback URL ([`FakeTwilio::callback`]) it also posts signed webhooks: what clients write, and the statuses of
//! what was sent. They are tried again only as the fragment of their URL says, as Twilio does.

mod accounts;
mod api;
mod approval;
mod call;
mod client;
mod content;
mod deliver;
mod errors;
mod event;
mod files;
mod form;
mod indicators;
mod kinds;
mod messages;
mod overrides;
mod page;
mod render;
mod rules;
mod senders;
mod sent;
mod services;
mod setup;
mod sign;
mod state;
mod template;

pub use super::{
    choice::Choice,
    fault::{Fault, FaultRule},
    plan::StatusPlan,
};
pub use approval::{ApprovalShape, Unsubmitted};
pub use client::FakeClient;
pub use event::{Event, ListPick};
pub use sent::{Alert, ContentUsed, Pin, ReadMark, SentMessage};
pub use sign::{Algorithm, sign, url_of_body};
pub use state::Port;
pub use template::FakeTemplate;

use super::{PATIENCE, SHOWN, net};
use crate::twilio::{TwilioConfig, TwilioKeyring};
use chatplug_core::ports::Clock;
use chrono::{DateTime, Duration, Utc};
use deliver::Courier;
use secrecy::SecretString;
use state::{Shared, State, address};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::task::JoinHandle;

/// A running fake. Clones are handles to the same one; it stops with the last of them.
#[derive(Debug, Clone)]
pub struct FakeTwilio {
    inner: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    shared: Arc<Shared>,
    tasks: [JoinHandle<()>; 3],
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl FakeTwilio {
    /// An account's SID, for tests that need just one.
    pub const ACCOUNT: &'static str = "AC00000000000000000000000000000001";
    /// Its Auth Token.
    pub const TOKEN: &'static str = "0123456789abcdef0123456789abcdef";
    /// The code that completes the check of a new sender.
    pub const VERIFICATION_CODE: &'static str = senders::CODE;

    /// Starts a fake on a free port of this machine.
    ///
    /// # Errors
    /// When no port can be had, or no HTTP client made.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts a fake at an address, for a program whose configuration was written before. Its storage takes a free port.
    ///
    /// # Errors
    /// When the address cannot be had, or no HTTP client made.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let http = setup::http_client().map_err(io::Error::other)?;
        let gate = net::Gate::bind(address).await?;
        let address = gate.address()?;
        let storage = net::Gate::bind(SocketAddr::new(address.ip(), 0)).await?;
        let storage_url = format!("http://{}", storage.address()?);
        let (courier, work) = Courier::new(http);
        let shared = Arc::new(Shared::new(State::new(format!("http://{address}"), storage_url), courier));
        let tasks = [
            tokio::spawn(api::serve(gate, Arc::clone(&shared))),
            tokio::spawn(files::serve(storage, Arc::clone(&shared))),
            tokio::spawn(work.run(Arc::clone(&shared))),
        ];
        Ok(Self { inner: Arc::new(Running { address, shared, tasks }) })
    }

    /// The base URL to configure an adapter with, for all three hosts.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// A configuration of the adapter for one of the senders, without a place for statuses.
    #[must_use]
    pub fn config(&self, sender: &str) -> TwilioConfig {
        let (account, token) = self.owner(sender);
        TwilioConfig::new(account, SecretString::from(token), sender).with_base_url(self.base_url())
    }

    /// The keyring that fits what this fake posts for one of the senders.
    #[must_use]
    pub fn keyring(&self, sender: &str) -> TwilioKeyring {
        let (account, token) = self.owner(sender);
        TwilioKeyring::new(account, token)
    }

    /// The account of a sender, and its token; the usual one's where there is no such sender.
    fn owner(&self, sender: &str) -> (String, String) {
        let of = |state: &State| {
            let account = state.account(&state.sender(&address(sender))?.account)?;
            Some((account.sid.clone(), account.token.clone()))
        };
        self.read(of).unwrap_or_else(|| (Self::ACCOUNT.to_owned(), Self::TOKEN.to_owned()))
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

    // ── What happened ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Every message taken so far, in order, over all senders, with those that failed later.
    #[must_use]
    pub fn all_sent(&self) -> Vec<SentMessage> {
        self.read(|state| state.sent.clone())
    }

    /// Messages taken from one of the senders.
    #[must_use]
    pub fn sent(&self, sender: &str) -> Vec<SentMessage> {
        let from = address(sender);
        let mut sent = self.all_sent();
        sent.retain(|message| message.from == from);
        sent
    }

    /// Messages taken for one person, by phone number or user id, from any of the senders.
    #[must_use]
    pub fn sent_to(&self, user: &str) -> Vec<SentMessage> {
        let key = self.read(|state| state.person_key(user));
        let mut sent = self.all_sent();
        sent.retain(|message| message.to == key);
        sent
    }

    /// Waits until `n` messages have been taken over all senders, and returns all there are.
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

    /// Messages of clients that were marked as read, with "typing", in order.
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

    /// What Twilio would have written into the debugger: webhooks that were answered badly.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        self.read(|state| state.alerts.clone())
    }

    /// How often the credentials arrived where files are stored, which they must never.
    #[must_use]
    pub fn leaks(&self) -> usize {
        self.read(|state| state.leaks)
    }

    /// SIDs of an account's content, oldest first.
    #[must_use]
    pub fn contents(&self, account: &str) -> Vec<String> {
        let of = |state: &State| {
            let ours = state.contents.iter().filter(|content| content.account == account);
            ours.map(|content| content.sid.clone()).collect()
        };
        self.read(of)
    }

    // ── Webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// A person who writes to the first sender; see [`FakeClient`].
    #[must_use]
    pub fn client(&self, phone: &str) -> FakeClient {
        FakeClient::new(self.clone(), Some(phone))
    }

    /// A person whose number is hidden: known by the business-scoped user id alone.
    #[must_use]
    pub fn hidden_client(&self, user_id: &str) -> FakeClient {
        FakeClient::new(self.clone(), None).with_user_id(user_id)
    }

    /// Posts events, each as a webhook of its own, in this order; each again as its URL says, and to the fallback when
    /// that did not help.
    ///
    /// Returns how many tries the hardest of them took, or `None` when one was not taken or there is no callback.
    pub async fn deliver(&self, events: impl IntoIterator<Item = Event>) -> Option<u32> {
        let mut tries = Some(0);
        for event in events {
            let took = self.inner.shared.courier.deliver(&self.inner.shared, &event).await;
            tries = tries.and_then(|most| Some(took?.max(most)));
        }
        tries
    }

    /// Posts an event once, whatever comes, and returns the HTTP status (0: no answer).
    pub async fn post_once(&self, event: Event) -> u16 {
        self.inner.shared.courier.once(&self.inner.shared, &event).await
    }

    /// Posts a body as a form as it is, with or without a signature, and returns the HTTP status (0: no answer).
    pub async fn post_raw(&self, body: impl Into<bytes::Bytes>, signature: Option<&str>) -> u16 {
        self.inner.shared.courier.raw(&self.inner.shared, body.into(), signature).await
    }

    /// The body that an event is posted as, and its signature; `None` when it would be posted nowhere.
    #[must_use]
    pub fn signed(&self, event: &Event) -> Option<(Vec<u8>, String)> {
        self.read(|state| deliver::prepared(state, event))
    }

    /// Takes out the statuses that [`StatusPlan::held`] keeps back, to be delivered in any order, twice, or never.
    #[must_use]
    pub fn take_held(&self) -> Vec<Event> {
        self.change(|state| std::mem::take(&mut state.held))
    }

    /// Delivers the statuses that are kept back, in order.
    pub async fn release(&self) {
        self.deliver(self.take_held()).await;
    }

    /// Tells a status of a message of ours, as an afterthought: with a code, a failure of something that was delivered.
    pub async fn tells(&self, message_id: &str, status: &str, code: Option<i64>) -> Option<u32> {
        let event = self.read(|state| Some(Event::status(state, state.message(message_id)?, status, code)));
        self.deliver(event).await
    }

    /// Waits until every webhook that the fake posts by itself has been answered or given up.
    ///
    /// # Panics
    /// After a minute.
    pub async fn settled(&self) {
        if tokio::time::timeout(PATIENCE, self.inner.shared.courier.settled()).await.is_err() {
            stuck("webhooks to be answered", &self.all_sent());
        }
    }

    pub(crate) fn read<T>(&self, with: impl FnOnce(&State) -> T) -> T {
        self.inner.shared.with(|state| with(state))
    }

    pub(crate) fn change<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        self.inner.shared.with(with)
    }
}

#[expect(clippy::panic, reason = "a helper for tests, documented to panic")]
fn stuck(what: &str, sent: &[SentMessage]) -> ! {
    // What is waited for stands last: of a long log, the end is read.
    let came: Vec<_> = sent.iter().rev().take(SHOWN).rev().map(SentMessage::line).collect();
    panic!("the last of {} that came:\n{}\nwaited for {what}", sent.len(), came.join("\n"))
}
