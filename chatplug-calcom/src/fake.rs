//! Cal.com in a box: [`FakeCalcom`] is an in-process HTTP server that keeps state, answers as the real server was heard to
//! answer, refuses what it refuses, does what its documentation does not say, and posts signed webhooks.
//!
//! For tests, demos and integrators; nothing here belongs into production.
//!
//! ```
//! use chatplug_calcom::fake::{FakeCalcom, FakeStatus};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let fake = FakeCalcom::start().await?;
//! let config = fake.config(); // what an adapter is made with
//! # let _ = config;
//!
//! // Somebody telephones; whoever looks at free times over HTTP now sees one less.
//! let desk = fake.desk();
//! let uid = desk.books(FakeCalcom::HAIRCUT, "2026-11-23T09:00:00Z".parse().unwrap(), "rosa@client.example", "Rosa");
//! desk.cancels(&uid, "She called again");
//!
//! assert_eq!(fake.bookings()[0].status, FakeStatus::Cancelled);
//! assert!(fake.violations().is_empty()); // no call said what the server would silently ignore
//! # Ok(())
//! # }
//! ```
//!
//! What is there from the start are the accounts and event types that the real server had when it was listened to (a user
//! `anna` with eight event types, a team `salon` of hers and `boris`', and a stranger `carol`); more is added with
//! [`FakeCalcom::add_user`] and its like, or over HTTP. [`FakeCalcom::be`] makes it another kind of server.

#![allow(
    clippy::result_large_err,
    reason = "a refusal is an answer like any other; how large it is depends on features of serde_json"
)]

mod account;
mod answer;
mod api;
mod booking;
mod call;
mod check;
mod desk;
mod event_type;
mod fault;
mod free;
mod hooks;
mod http;
mod limit;
mod net;
mod routes;
mod schedule;
mod server;
mod shape;
mod state;
mod time;
mod traps;
mod webhook;
mod world;

pub use account::{FakeRole, FakeTeam, FakeUser};
pub use booking::{FakeAttendee, FakeBooking, FakeStatus};
pub use call::FakeCall;
pub use desk::Desk;
pub use event_type::{FakeEventType, FakeScheduling, FakeWindow};
pub use fault::{Fault, FaultRule};
pub use limit::RateLimit;
pub use schedule::FakeSchedule;
pub use server::Server;
pub use traps::Traps;
pub use webhook::{FakeDelivery, WebhookPlan};

use crate::{CalcomAuth, CalcomConfig};
use axum::serve::Listener as _;
use chatplug_core::ports::Clock;
use chrono::{DateTime, Duration, Utc};
use net::Gate;
use state::{Shared, State};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::task::JoinHandle;

/// How long the helpers that wait do so before they say what is missing. Nothing is measured by it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// Calls that are shown when nothing more came.
const SHOWN: usize = 40;

/// A running fake. Clones are handles to the same one; it stops with the last of them.
#[derive(Debug, Clone)]
pub struct FakeCalcom {
    inner: Arc<Running>,
}

#[derive(Debug)]
struct Running {
    address: SocketAddr,
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

impl FakeCalcom {
    /// The API key of the user who owns the event types that are there from the start.
    pub const KEY: &'static str = "cal_live_0123456789abcdef0123456789abcdef";
    /// The API key of a user of another business.
    pub const STRANGERS_KEY: &'static str = "cal_live_ffffffffffffffffffffffffffffffff";
    /// The id of a platform's client, which acts as that owner.
    pub const CLIENT_ID: &'static str = "clxyz0123456789fakeclient";
    /// The secret of that client.
    pub const CLIENT_SECRET: &'static str = "fake-client-secret";
    /// The owner's id.
    pub const ANNA: u64 = 1;
    /// A colleague's id.
    pub const BORIS: u64 = 2;
    /// The stranger's id.
    pub const CAROL: u64 = 3;
    /// The team of the owner and the colleague.
    pub const TEAM: u64 = 1;
    /// An event type of the owner's: an hour, every half hour.
    pub const HAIRCUT: u64 = 1;
    /// An event type that waits for the owner's word.
    pub const CONSULT: u64 = 2;
    /// An event type with two places at each time.
    pub const CLASS: u64 = 3;
    /// An event type for several weeks at once.
    pub const WEEKLY: u64 = 4;
    /// An event type of half an hour or an hour.
    pub const MASSAGE: u64 = 5;
    /// A hidden event type with buffers, once a day.
    pub const LIMITED: u64 = 6;
    /// An event type for clients without an e-mail address.
    pub const PHONE_ONLY: u64 = 7;
    /// An event type with a question that must be answered.
    pub const ASKING: u64 = 8;
    /// An event type of the team's, with any of the two.
    pub const ANY: u64 = 9;
    /// An event type of the team's, with both.
    pub const BOTH: u64 = 10;

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
        let (courier, work) = webhook::Courier::new().map_err(io::Error::other)?;
        let gate = Gate::bind(address).await?;
        let address = gate.local_addr()?;
        let mut state = State::new(u64::from(address.port()));
        world::people(&mut state);
        world::offers(&mut state);
        let shared = Arc::new(Shared::new(state, courier));
        let tasks =
            vec![tokio::spawn(work.run(Arc::clone(&shared))), tokio::spawn(http::serve(gate, Arc::clone(&shared)))];
        Ok(Self { inner: Arc::new(Running { address, shared, tasks }) })
    }

    // ── Setting up ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// Makes it another kind of server.
    pub fn be(&self, server: Server) -> &Self {
        self.change(|state| state.server = server);
        self
    }

    /// Forgets every event type, schedule, booking and webhook; the accounts and teams stay. Numbers begin at 1 again.
    pub fn bare(&self) -> &Self {
        self.change(|state| {
            let salt = u64::from(self.inner.address.port()) << 16;
            let mut fresh = State::new(salt);
            world::people(&mut fresh);
            std::mem::swap(&mut fresh.time, &mut state.time);
            fresh.server = state.server;
            *state = fresh;
        });
        self
    }

    /// Adds a user, or replaces the one with its id.
    pub fn add_user(&self, user: FakeUser) -> &Self {
        self.change(|state| state.users.insert(user.id, user));
        self
    }

    /// Changes a user.
    pub fn change_user(&self, id: u64, change: impl FnOnce(&mut FakeUser)) -> &Self {
        self.change(|state| state.users.get_mut(&id).map(change));
        self
    }

    /// Whether there is such a user.
    #[must_use]
    pub fn has_user(&self, id: u64) -> bool {
        self.read(|state| state.users.contains_key(&id))
    }

    /// Deletes a user: their bookings then show hosts that nobody knows.
    pub fn remove_user(&self, id: u64) -> &Self {
        self.change(|state| {
            state.users.remove(&id);
            state.event_types.values_mut().for_each(|of| of.hosts.retain(|host| *host != id));
        });
        self
    }

    /// Adds a team or an organisation, or replaces the one with its id.
    pub fn add_team(&self, team: FakeTeam) -> &Self {
        self.change(|state| state.teams.insert(team.id, team));
        self
    }

    /// Puts the platform's client into an organisation, which its managed users then belong to.
    pub fn manage(&self, organization: u64) -> &Self {
        self.change(|state| state.clients.iter_mut().for_each(|client| client.organization = Some(organization)));
        self
    }

    /// Adds a schedule, and answers its id. The first of a user becomes the default one.
    pub fn add_schedule(&self, schedule: FakeSchedule) -> u64 {
        self.change(|state| state.add_schedule(schedule))
    }

    /// Changes a schedule.
    pub fn change_schedule(&self, id: u64, change: impl FnOnce(&mut FakeSchedule)) -> &Self {
        self.change(|state| state.schedules.get_mut(&id).map(change));
        self
    }

    /// Adds an event type, and answers its id.
    pub fn add_event_type(&self, event_type: FakeEventType) -> u64 {
        self.change(|state| state.add_event_type(event_type))
    }

    /// Changes an event type.
    pub fn change_event_type(&self, id: u64, change: impl FnOnce(&mut FakeEventType)) -> &Self {
        self.change(|state| state.event_types.get_mut(&id).map(change));
        self
    }

    /// Deletes an event type; its bookings stay.
    pub fn remove_event_type(&self, id: u64) -> &Self {
        self.change(|state| state.event_types.remove(&id));
        self
    }

    /// An event type as it is now.
    #[must_use]
    pub fn event_type(&self, id: u64) -> Option<FakeEventType> {
        self.read(|state| state.event_types.get(&id).cloned())
    }

    /// Where it is, without the version.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.inner.address)
    }

    /// A configuration of the adapter, with the owner's key.
    #[must_use]
    pub fn config(&self) -> CalcomConfig {
        let key = self.read(|state| state.users.get(&Self::ANNA).and_then(|user| user.key.clone()));
        self.config_with(CalcomAuth::ApiKey(key.unwrap_or_else(|| Self::KEY.to_owned()).into()))
    }

    /// A configuration of the adapter, with other credentials.
    #[must_use]
    pub fn config_with(&self, auth: CalcomAuth) -> CalcomConfig {
        CalcomConfig::new(auth).with_base_url(self.base_url())
    }

    /// A user gets another key: the old one is refused from now on.
    pub fn change_key(&self, user: u64, key: &str) -> &Self {
        self.change_user(user, |user| user.key = Some(key.to_owned()))
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

    /// Sets and removes what a careful server would not do.
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

    /// The owner, doing things by hand.
    #[must_use]
    pub fn desk(&self) -> Desk {
        self.desk_of(Self::ANNA)
    }

    /// Another user, doing things by hand.
    #[must_use]
    pub fn desk_of(&self, user: u64) -> Desk {
        Desk::new(self.clone(), user)
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

    /// What requests said that the server silently ignores, or understands otherwise: parameters that nobody knows, another
    /// version, a route that is not there. A test of an adapter asserts that there is nothing.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.read(|state| state.violations.clone())
    }

    /// Every booking, called off and moved away ones too, in the order in which they were made.
    #[must_use]
    pub fn bookings(&self) -> Vec<FakeBooking> {
        self.read(State::bookings)
    }

    /// One booking.
    #[must_use]
    pub fn booking(&self, uid: &str) -> Option<FakeBooking> {
        self.bookings().into_iter().find(|booking| booking.uid == uid)
    }

    /// Bookings that stand, or wait for the host's word.
    #[must_use]
    pub fn standing(&self) -> Vec<FakeBooking> {
        let mut bookings = self.bookings();
        bookings.retain(|booking| matches!(booking.status, FakeStatus::Accepted | FakeStatus::Pending));
        bookings
    }

    /// How many pairs of standing bookings of one host overlap.
    #[must_use]
    pub fn overlaps(&self) -> usize {
        let all = self.standing();
        let clash = |one: &FakeBooking, other: &FakeBooking| {
            let share = one.hosts.iter().any(|host| other.hosts.contains(host));
            share && one.start < other.end && other.start < one.end
        };
        all.iter().enumerate().map(|(n, one)| all.iter().skip(n + 1).filter(|other| clash(one, other)).count()).sum()
    }

    /// How many reservations live.
    #[must_use]
    pub fn reserved(&self) -> usize {
        self.read(|state| {
            let now = state.time.now();
            state.reservations.iter().filter(|one| one.until > now).count()
        })
    }

    /// Puts a booking to another time as if somebody had written to the database: it keeps its uid, and nobody is told.
    pub fn put_at(&self, uid: &str, start: DateTime<Utc>) -> &Self {
        self.change(|state| {
            if let Some(booking) = state.booking_mut(uid) {
                (booking.start, booking.end) = (start, start + (booking.end - booking.start));
            }
        });
        self
    }

    /// Whether somebody is away at an instant.
    #[must_use]
    pub fn is_away(&self, user: u64, at: DateTime<Utc>) -> bool {
        self.read(|state| state.absences.iter().any(|one| one.user == user && one.start <= at && at <= one.end))
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

    /// Sends everything of a user's to an address, as if somebody had typed it into the settings.
    pub fn hook(&self, user: u64, url: &str, secret: Option<&str>) -> &Self {
        self.change(|state| {
            let id = state.uuid();
            state.hooks.push(hooks::Hook::everything(id, user, url, secret));
        });
        self
    }

    /// Addresses that webhooks go to, whoever they belong to.
    #[must_use]
    pub fn hooks(&self) -> Vec<String> {
        self.read(|state| state.hooks.iter().map(|hook| hook.url.clone()).collect())
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

    /// Takes out what [`WebhookPlan::held`] keeps back.
    #[must_use]
    pub fn take_held(&self) -> Vec<FakeDelivery> {
        self.inner.shared.courier.take_held()
    }

    /// Posts a webhook as it is, once, and returns the HTTP status (0: no answer).
    pub async fn deliver(&self, delivery: &FakeDelivery) -> u16 {
        let shared = &self.inner.shared;
        shared.courier.post(shared, delivery).await
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
