//! What the fake remembers.

use super::{
    account::{Absence, Client, FakeTeam, FakeUser},
    answer::Answer,
    booking::{Booking, FakeBooking, Reservation},
    call::FakeCall,
    event_type::FakeEventType,
    fault::Rule,
    hooks::Hook,
    limit::Limit,
    schedule::FakeSchedule,
    server::Server,
    time::Time,
    traps::Traps,
    webhook::{Courier, Event, WebhookPlan},
};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};
use tokio::sync::watch;

/// State behind a lock that is never held over a call.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<usize>,
    pub(super) courier: Courier,
}

impl Shared {
    pub(super) fn new(state: State, courier: Courier) -> Self {
        Self { state: Mutex::new(state), changed: watch::Sender::new(0), courier }
    }

    /// Looks at the state, or changes it; what happened is then told by webhook.
    pub(super) fn with<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.calls.len();
        let result = with(&mut state);
        let events = std::mem::take(&mut state.events);
        let posts = state.posts(events);
        let after = state.calls.len();
        drop(state);
        posts.into_iter().for_each(|post| self.courier.queue(post));
        if before != after {
            self.changed.send_replace(after);
        }
        result
    }

    /// Wakes whenever a call was answered.
    pub(super) fn changes(&self) -> watch::Receiver<usize> {
        self.changed.subscribe()
    }
}

/// Everything that can be asked or set.
#[derive(Debug)]
pub(super) struct State {
    pub(super) server: Server,
    pub(super) users: BTreeMap<u64, FakeUser>,
    pub(super) teams: BTreeMap<u64, FakeTeam>,
    pub(super) clients: Vec<Client>,
    pub(super) schedules: BTreeMap<u64, FakeSchedule>,
    pub(super) event_types: BTreeMap<u64, FakeEventType>,
    pub(super) bookings: Vec<Booking>,
    pub(super) reservations: Vec<Reservation>,
    pub(super) absences: Vec<Absence>,
    pub(super) hooks: Vec<Hook>,
    pub(super) time: Time,
    pub(super) traps: Traps,
    pub(super) limit: Limit,
    pub(super) faults: Vec<Rule>,
    pub(super) calls: Vec<FakeCall>,
    pub(super) violations: Vec<String>,
    pub(super) events: Vec<Event>,
    pub(super) webhooks: WebhookPlan,
    /// Statuses that webhooks were answered with.
    pub(super) answers: Vec<u16>,
    /// What makes this fake's uids unlike another's.
    salt: u64,
    made: u64,
    next: BTreeMap<&'static str, u64>,
}

impl State {
    pub(super) fn new(salt: u64) -> Self {
        Self {
            server: Server::default(),
            users: BTreeMap::new(),
            teams: BTreeMap::new(),
            clients: Vec::new(),
            schedules: BTreeMap::new(),
            event_types: BTreeMap::new(),
            bookings: Vec::new(),
            reservations: Vec::new(),
            absences: Vec::new(),
            hooks: Vec::new(),
            time: Time::default(),
            traps: Traps::default(),
            limit: Limit::default(),
            faults: Vec::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            events: Vec::new(),
            webhooks: WebhookPlan::default(),
            answers: Vec::new(),
            salt,
            made: 0,
            next: BTreeMap::new(),
        }
    }

    /// The next number of a kind.
    pub(super) fn fresh(&mut self, kind: &'static str) -> u64 {
        let next = self.next.entry(kind).or_default();
        *next += 1;
        *next
    }

    fn random(&mut self) -> [u8; 32] {
        self.made += 1;
        Sha256::digest(format!("{}/{}", self.salt, self.made)).into()
    }

    /// A booking's uid: 22 characters.
    pub(super) fn uid(&mut self) -> String {
        const LETTERS: &[u8; 58] = b"123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
        let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).copied().map(char::from);
        self.random().iter().take(22).filter_map(letter).collect()
    }

    /// A UUID, as reservations, seats, series and webhooks have.
    pub(super) fn uuid(&mut self) -> String {
        uuid(&self.random())
    }

    pub(super) fn add_schedule(&mut self, mut schedule: FakeSchedule) -> u64 {
        if schedule.id == 0 {
            schedule.id = self.fresh("schedule");
        }
        let (id, owner) = (schedule.id, schedule.owner);
        self.schedules.insert(id, schedule);
        if let Some(owner) = self.users.get_mut(&owner) {
            owner.default_schedule.get_or_insert(id);
        }
        id
    }

    pub(super) fn add_event_type(&mut self, mut event_type: FakeEventType) -> u64 {
        if event_type.id == 0 {
            event_type.id = self.fresh("event type");
        }
        let id = event_type.id;
        self.event_types.insert(id, event_type);
        id
    }

    pub(super) fn booking(&self, uid: &str) -> Option<&Booking> {
        self.bookings.iter().find(|booking| booking.uid == uid)
    }

    pub(super) fn booking_mut(&mut self, uid: &str) -> Option<&mut Booking> {
        self.bookings.iter_mut().find(|booking| booking.uid == uid)
    }

    /// A booking that is there, or 404 as most routes say it.
    pub(super) fn known(&self, uid: &str) -> Result<&Booking, Answer> {
        let missing = || Answer::refused(404, format!("Booking with uid={uid} was not found in the database"));
        self.booking(uid).ok_or_else(missing)
    }

    /// Bookings of a series, in order.
    pub(super) fn series(&self, uid: &str) -> Vec<&Booking> {
        self.bookings.iter().filter(|booking| booking.series.as_deref() == Some(uid)).collect()
    }

    pub(super) fn by_username(&self, name: &str) -> Option<&FakeUser> {
        self.users.values().find(|user| user.username == name)
    }

    pub(super) fn by_team(&self, slug: &str) -> Option<&FakeTeam> {
        self.teams.values().find(|team| team.slug == slug)
    }

    /// Whether a user may do with an event type what its owner may.
    pub(super) fn owns(&self, user: u64, of: &FakeEventType) -> bool {
        let administers = |team: u64| {
            let mut team = self.teams.get(&team);
            while let Some(one) = team {
                if one.role(user).is_some_and(super::account::FakeRole::administers) {
                    return true;
                }
                team = one.parent.and_then(|id| self.teams.get(&id));
            }
            false
        };
        of.owner == Some(user) || of.hosts.contains(&user) || of.team.is_some_and(administers)
    }

    /// Whether a booking is a user's as a host, or through the event type.
    pub(super) fn hosts(&self, user: u64, booking: &Booking) -> bool {
        let of = self.event_types.get(&booking.event_type);
        booking.hosts.contains(&user) || of.is_some_and(|of| self.owns(user, of))
    }

    /// Every booking, as tests look at them.
    pub(super) fn bookings(&self) -> Vec<FakeBooking> {
        self.bookings.iter().map(Booking::view).collect()
    }
}

/// A UUID that goes with a text.
pub(super) fn uuid_of(text: &str) -> String {
    uuid(&Sha256::digest(text).into())
}

fn uuid(random: &[u8; 32]) -> String {
    let hex: String = random.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

/// Members of an object, or none.
pub(super) fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
