//! Altegio in a box: [`FakeAltegio`] is an in-process HTTP server that keeps state, refuses what the platform refuses, does
//! what its documentation does not say, and posts webhooks.
//!
//! For tests, demos and integrators; nothing here belongs into production.
//!
//! ```
//! use chatplug_altegio::fake::FakeAltegio;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let fake = FakeAltegio::start().await?.at(chrono_tz::Europe::Lisbon);
//! let config = fake.config(); // what an adapter is made with
//! # let _ = config;
//!
//! // Somebody telephones; whoever looks at free times over HTTP now sees one less.
//! let desk = fake.desk();
//! let monday = "2026-03-02T10:00:00".parse().unwrap();
//! let record = desk.books(8886, 331, monday, "+351910000001", "Rosa");
//! desk.marks(record, 1);
//!
//! assert_eq!(fake.records()[0].attendance, 1);
//! assert!(fake.violations().is_empty()); // no call said what the platform would silently ignore
//! # Ok(())
//! # }
//! ```
//!
//! The salon that is there from the start is [`FakeSalon::bella`]; others are added with [`FakeAltegio::add_salon`]. What
//! the real platform does against its own documentation is on from the start, too; see [`Traps`].

#![allow(
    clippy::result_large_err,
    reason = "a refusal is an answer like any other; how large it is depends on features of serde_json"
)]

mod act;
mod answer;
mod api;
mod call;
mod contract;
mod desk;
mod fault;
mod hooks;
mod http;
mod limit;
mod market;
mod net;
mod owner;
mod records;
mod routes;
mod salon;
mod shape;
mod state;
mod time;
mod traps;
mod users;
mod webhook;

pub use call::FakeCall;
pub use desk::Desk;
pub use fault::{Fault, FaultRule};
pub use limit::{RateLimit, TooMany};
pub use market::LinkStatus;
pub use owner::{FakeLink, Redirect};
pub use records::FakeRecord;
pub use salon::{FakeMember, FakeReview, FakeSalon, FakeService};
pub use traps::{Created, Deleted, Traps};
pub use webhook::WebhookPlan;

use crate::AltegioConfig;
use axum::serve::Listener as _;
use chatplug_core::ports::Clock;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use net::Gate;
use serde_json::Value;
use state::{Shared, State};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::task::JoinHandle;

/// How long the helpers that wait do so before they say what is missing. Nothing is measured by it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// Calls that are shown when nothing more came.
const SHOWN: usize = 40;

/// A running fake. Clones are handles to the same one; it stops with the last of them.
#[derive(Debug, Clone)]
pub struct FakeAltegio {
    inner: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    api: SocketAddr,
    marketplace: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl FakeAltegio {
    /// The developer's token.
    pub const PARTNER_TOKEN: &'static str = "fakepartnertoken0001";
    /// The token of the user who may do everything.
    pub const USER_TOKEN: &'static str = "fakeusertoken00000000000000000001";
    /// The login of that user.
    pub const LOGIN: &'static str = "j.smith@example.com";
    /// The password of that user.
    pub const PASSWORD: &'static str = "fake-password";
    /// The developer's app in the marketplace.
    pub const APP: u64 = 45;
    /// The salon that is there from the start.
    pub const SALON: u64 = 4564;
    /// The code that clients are sent where they confirm their number.
    pub const SMS_CODE: &'static str = "38829";

    /// Starts a fake on two free ports of this machine, with one salon.
    ///
    /// # Errors
    /// When no port can be had, or no HTTP client made.
    pub async fn start() -> io::Result<Self> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::start_at(any, any).await
    }

    /// Starts a fake at two addresses, the business API's and the marketplace's, for a program whose configuration was
    /// written before.
    ///
    /// # Errors
    /// When an address cannot be had, or no HTTP client made.
    pub async fn start_at(api: SocketAddr, marketplace: SocketAddr) -> io::Result<Self> {
        let (courier, work) = webhook::Courier::new().map_err(io::Error::other)?;
        let gates = [Gate::bind(api).await?, Gate::bind(marketplace).await?];
        let [api, marketplace] = [gates[0].local_addr()?, gates[1].local_addr()?];
        let mut state = State::new();
        state.add(FakeSalon::bella(Self::SALON, chrono_tz::Europe::Lisbon));
        let shared = Arc::new(Shared::new(state, courier));
        let mut tasks = vec![tokio::spawn(work.run(Arc::clone(&shared)))];
        let hosts = gates.into_iter().zip([http::Host::Api, http::Host::Marketplace]);
        tasks.extend(hosts.map(|(gate, host)| tokio::spawn(http::serve(gate, Arc::clone(&shared), host))));
        Ok(Self { inner: Arc::new(Running { api, marketplace, shared, tasks }) })
    }

    // ── Setting up ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Puts the salon that is there from the start into a zone.
    #[must_use]
    pub fn at(self, zone: Tz) -> Self {
        self.change_salon(Self::SALON, |salon| salon.zone = zone);
        self
    }

    /// Adds a salon, or replaces the one with its id.
    pub fn add_salon(&self, salon: FakeSalon) -> &Self {
        self.change(|state| state.add(salon));
        self
    }

    /// Changes what a salon is and offers, without a word to anybody; [`Desk`] tells by webhook.
    pub fn change_salon(&self, salon: u64, change: impl FnOnce(&mut FakeSalon)) -> &Self {
        self.change(|state| {
            if let Some(salon) = state.salons.get_mut(&salon) {
                change(&mut salon.shop);
            }
        });
        self
    }

    /// A salon as it is now.
    #[must_use]
    pub fn salon(&self, salon: u64) -> Option<FakeSalon> {
        self.read(|state| state.salons.get(&salon).map(|salon| salon.shop.clone()))
    }

    /// Where the business API is, version included.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/api/v1", self.inner.api)
    }

    /// Where the marketplace is.
    #[must_use]
    pub fn marketplace_url(&self) -> String {
        format!("http://{}", self.inner.marketplace)
    }

    /// A configuration of the adapter, with both tokens.
    #[must_use]
    pub fn config(&self) -> AltegioConfig {
        let user = self.read(|state| state.users.users.first().map(|user| user.token.clone())).unwrap_or_default();
        AltegioConfig::new(Self::PARTNER_TOKEN)
            .with_user_token(user)
            .with_base_url(self.base_url())
            .with_marketplace_url(self.marketplace_url())
    }

    /// Lets another developer in.
    pub fn add_partner(&self, token: &str) -> &Self {
        self.change(|state| state.users.partners.push(token.to_owned()));
        self
    }

    /// Takes a right from the user, everywhere: `create_records_access`, `timetable_phones_access` …
    pub fn deny(&self, right: &str) -> &Self {
        self.change(|state| state.users.denied.insert((None, right.to_owned())));
        self
    }

    /// The user has nothing to do with a salon (any more).
    pub fn lock_out(&self, salon: u64) -> &Self {
        self.change(|state| state.users.denied.insert((Some(salon), users::PRESENCE.to_owned())));
        self
    }

    /// Gives every right back.
    pub fn allow(&self) -> &Self {
        self.change(|state| state.users.denied.clear());
        self
    }

    /// The user changes the password: the old token is refused with 401 from now on; answers the new one.
    #[must_use]
    pub fn change_password(&self, password: &str) -> String {
        self.change(|state| {
            state.users.changes += 1;
            let token = format!("{}n{}", Self::USER_TOKEN, state.users.changes);
            if let Some(user) = state.users.users.first_mut() {
                password.clone_into(&mut user.password);
                token.clone_into(&mut user.token);
            }
            token
        })
    }

    /// Whether `POST /auth` asks for a second factor.
    pub fn second_factor(&self, ask: bool) -> &Self {
        self.change(|state| state.users.second_factor = ask);
        self
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

    /// Sets and removes what is unlike the documentation.
    pub fn traps(&self, change: impl FnOnce(&mut Traps)) -> &Self {
        self.change(|state| change(&mut state.traps));
        self
    }

    /// Makes calls of a route go wrong; see [`FaultRule`].
    ///
    /// # Panics
    /// When there is no such route: such a rule would never do anything.
    #[expect(clippy::panic, reason = "a helper for tests, documented to panic")]
    pub fn on(&self, route: &str) -> FaultRule {
        if !routes::known(route) {
            panic!("there is no route {route}");
        }
        let shared = Arc::clone(&self.inner.shared);
        FaultRule::new(route, move |rule| shared.with(|state| state.faults.push(rule)))
    }

    /// Keeps the limit of calls, by the fake's time. At first it is not kept.
    pub fn keep_rate(&self, limit: impl Into<Option<RateLimit>>) -> &Self {
        let limit = limit.into();
        self.change(|state| state.limit.rule = limit);
        self
    }

    /// How webhooks are posted from now on.
    pub fn webhooks(&self, plan: WebhookPlan) -> &Self {
        self.change(|state| state.webhooks = plan);
        self
    }

    /// The people at the desk of the salon that is there from the start.
    #[must_use]
    pub fn desk(&self) -> Desk {
        self.desk_of(Self::SALON)
    }

    /// The people at the desk of a salon.
    #[must_use]
    pub fn desk_of(&self, salon: u64) -> Desk {
        Desk::new(self.clone(), salon)
    }

    // ── What happened ───────────────────────────────────────────────────────────────────────────────────────────────

    /// Every call so far, in the order in which they were done.
    #[must_use]
    pub fn calls(&self) -> Vec<FakeCall> {
        self.read(|state| state.calls.clone())
    }

    /// Calls of a route, named as in [`on`](Self::on).
    #[must_use]
    pub fn calls_of(&self, route: &str) -> Vec<FakeCall> {
        let mut calls = self.calls();
        calls.retain(|call| fault::means(route, call.route));
        calls
    }

    /// Forgets the calls so far: what follows is counted from 0.
    pub fn forget_calls(&self) -> &Self {
        self.change(|state| state.calls.clear());
        self
    }

    /// Most calls that came within any such time, by the fake's time.
    #[must_use]
    pub fn busiest(&self, within: Duration) -> usize {
        let mut times: Vec<_> = self.read(|state| state.calls.iter().map(|call| call.at).collect());
        times.sort_unstable();
        let begun = |at: DateTime<Utc>| times.iter().filter(|other| at <= **other && **other < at + within).count();
        times.iter().map(|at| begun(*at)).max().unwrap_or_default()
    }

    /// What requests said that the platform does not know and silently ignores, or said in a wrong type. A test of an
    /// adapter asserts that there is nothing.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.read(|state| state.violations.clone())
    }

    /// Every record of every salon, deleted ones too, but for times that are only blocked.
    #[must_use]
    pub fn records(&self) -> Vec<FakeRecord> {
        self.read(State::records)
    }

    /// One record.
    #[must_use]
    pub fn record(&self, id: u64) -> Option<FakeRecord> {
        self.records().into_iter().find(|record| record.id == id)
    }

    /// Records that stand.
    #[must_use]
    pub fn standing(&self) -> Vec<FakeRecord> {
        let mut records = self.records();
        records.retain(|record| !record.deleted);
        records
    }

    /// How many pairs of standing records of one person overlap.
    #[must_use]
    pub fn overlaps(&self) -> usize {
        let all = self.standing();
        let clash = |one: &FakeRecord, other: &FakeRecord| {
            (one.salon, one.staff) == (other.salon, other.staff) && one.start < other.end() && other.start < one.end()
        };
        all.iter().enumerate().map(|(n, one)| all.iter().skip(n + 1).filter(|other| clash(one, other)).count()).sum()
    }

    /// Waits until the calls satisfy a condition, and returns them.
    ///
    /// # Panics
    /// After a minute in which no call came, naming what was waited for and what came.
    pub async fn wait_until(&self, what: &str, enough: impl Fn(&[FakeCall]) -> bool) -> Vec<FakeCall> {
        let mut changes = self.inner.shared.changes();
        loop {
            changes.borrow_and_update();
            let calls = self.calls();
            if enough(&calls) {
                return calls;
            }
            if tokio::time::timeout(PATIENCE, changes.changed()).await.is_err() {
                stuck(what, &calls);
            }
        }
    }

    // ── Webhooks ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Sends everything of a salon to an address, beside those that are there, as if somebody had typed it into the
    /// settings.
    pub fn hook(&self, salon: u64, url: &str) -> &Self {
        self.change(|state| {
            if let Some(salon) = state.salons.get_mut(&salon) {
                salon.hooks.push(hooks::Hook::everything(url));
            }
        });
        self
    }

    /// Addresses that a salon's webhooks go to.
    #[must_use]
    pub fn hooks(&self, salon: u64) -> Vec<String> {
        self.read(|state| {
            let hooks = state.salons.get(&salon).map(|salon| salon.hooks.iter().map(|hook| hook.url.clone()).collect());
            hooks.unwrap_or_default()
        })
    }

    /// HTTP statuses that webhooks were answered with so far, in order; 0 where there was no answer.
    #[must_use]
    pub fn answers(&self) -> Vec<u16> {
        self.read(|state| state.answers.clone())
    }

    /// Waits until every webhook has been posted, or kept back.
    ///
    /// # Panics
    /// After a minute.
    pub async fn settled(&self) {
        if tokio::time::timeout(PATIENCE, self.inner.shared.courier.settled()).await.is_err() {
            stuck("webhooks to be answered", &self.calls());
        }
    }

    /// Takes out what [`WebhookPlan::held`] keeps back: addresses and bodies.
    #[must_use]
    pub fn take_held(&self) -> Vec<(String, Value)> {
        let held = self.inner.shared.courier.take_held().into_iter();
        held.map(|post| (post.url, serde_json::from_str(&post.body).unwrap_or_default())).collect()
    }

    /// Posts a body as it is, once, and returns the HTTP status (0: no answer).
    pub async fn post(&self, url: &str, body: &Value) -> u16 {
        let shared = &self.inner.shared;
        shared.courier.post(shared, url, body.to_string(), None).await
    }

    /// The body of a webhook, true or not.
    #[must_use]
    pub fn event(&self, salon: u64, resource: &str, id: u64, status: &str, data: Value) -> Value {
        webhook::made_up(salon, resource, id, status, data)
    }

    fn read<T>(&self, with: impl FnOnce(&State) -> T) -> T {
        self.inner.shared.with(|state| with(state))
    }

    fn change<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        self.inner.shared.with(with)
    }
}

#[expect(clippy::panic, reason = "a helper for tests, documented to panic")]
fn stuck(what: &str, calls: &[FakeCall]) -> ! {
    // What is waited for stands last: of a long log, the end is read.
    let came =
        calls.iter().rev().take(SHOWN).rev().map(|call| format!("{} {} {}", call.status, call.called, call.query));
    panic!("the last of {} calls:\n{}\nwaited for {what}", calls.len(), came.collect::<Vec<_>>().join("\n"))
}
