//! What the fake remembers.

use super::{
    deliver::{Courier, Redelivery},
    event::Event,
    onboarding::Onboarding,
    sent::{ReadMark, SentMessage},
    templates::Templates,
};
use crate::fake::{
    fault::Rule,
    plan::StatusPlan,
    time::{Time, digits},
};
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Mutex, PoisonError},
};
use tokio::sync::watch;

/// Free text is taken this long after the client's last message.
const WINDOW_HOURS: i64 = 24;
/// Messages to one person at once, and the seconds that earn one more.
const PAIR_BURST: i64 = 45;
const PAIR_SECONDS: i64 = 6;

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

    pub(super) fn with<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = |state: &State| state.sent.len() + state.reads.len();
        let before = seen(&state);
        let result = with(&mut state);
        let after = seen(&state);
        drop(state);
        if before != after {
            self.changed.send_replace(after);
        }
        result
    }

    /// Wakes whenever a message was taken or marked as read.
    pub(super) fn changes(&self) -> watch::Receiver<usize> {
        self.changed.subscribe()
    }
}

/// Everything that can be asked or set.
#[derive(Debug)]
pub(crate) struct State {
    pub(super) base_url: String,
    pub(super) numbers: Vec<Number>,
    pub(super) people: Vec<Person>,
    pub(super) templates: Templates,
    pub(super) time: Time,
    pub(super) callback: Option<String>,
    pub(super) app_secret: String,
    pub(super) redelivery: Redelivery,
    pub(super) plan: StatusPlan,
    pub(super) faults: Vec<Rule>,
    pub(super) keep_window: bool,
    pub(super) keep_pair_rate: bool,
    pub(super) unreachable: HashSet<String>,
    pub(super) spelling: HashMap<String, String>,
    pub(super) sent: Vec<SentMessage>,
    pub(super) reads: Vec<ReadMark>,
    pub(super) refused: usize,
    pub(super) answers: Vec<u16>,
    pub(super) held: Vec<Event>,
    pub(super) onboarding: Onboarding,
    windows: HashMap<(String, String), DateTime<Utc>>,
    pairs: HashMap<(String, String), DateTime<Utc>>,
    files: HashMap<String, File>,
    /// Ids of files that were uploaded, in order.
    pub(super) uploads: Vec<String>,
    counter: u64,
    /// Keeps ids of one fake apart from those of the fake before it, which a database may remember.
    run: u64,
}

/// A business number.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) id: String,
    pub(super) display: String,
    pub(super) waba_id: String,
    pub(super) token: String,
    pub(super) name: String,
    /// On the Cloud API: it can send.
    pub(super) registered: bool,
    /// Its owner proved to have it.
    pub(super) verified: bool,
    /// It is used in the WhatsApp Business app as well.
    pub(super) in_app: bool,
    /// The PIN of its two-step verification.
    pub(super) pin: Option<String>,
}

impl Number {
    /// A number that sends and receives.
    pub(super) fn new(id: &str, display: &str, waba_id: &str, token: &str) -> Self {
        Self {
            id: id.into(),
            display: digits(display),
            waba_id: waba_id.into(),
            token: token.into(),
            name: "Lucky Shrub".into(),
            registered: true,
            verified: true,
            in_app: false,
            pin: None,
        }
    }
}

/// Somebody who writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(super) phone: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) name: Option<String>,
}

/// A file of a client.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) mime: String,
    pub(super) bytes: Bytes,
    pub(super) elsewhere: Option<String>,
}

impl State {
    pub(super) fn new(base_url: String) -> Self {
        Self {
            base_url,
            numbers: Vec::new(),
            people: Vec::new(),
            templates: Templates::default(),
            time: Time::default(),
            callback: None,
            app_secret: super::FakeMeta::APP_SECRET.to_owned(),
            redelivery: Redelivery::default(),
            plan: StatusPlan::default(),
            faults: Vec::new(),
            keep_window: true,
            keep_pair_rate: false,
            unreachable: HashSet::new(),
            spelling: HashMap::new(),
            sent: Vec::new(),
            reads: Vec::new(),
            refused: 0,
            answers: Vec::new(),
            held: Vec::new(),
            onboarding: Onboarding::default(),
            windows: HashMap::new(),
            pairs: HashMap::new(),
            files: HashMap::new(),
            uploads: Vec::new(),
            counter: 0,
            run: RandomState::new().build_hasher().finish(),
        }
    }

    pub(super) fn number(&self, id: &str) -> Option<&Number> {
        self.numbers.iter().find(|number| number.id == id)
    }

    /// A fresh message id.
    pub(super) fn fresh_id(&mut self) -> String {
        self.counter += 1;
        format!("wamid.FAKE{:016x}{:08x}", self.run, self.counter)
    }

    pub(super) fn add_file(&mut self, file: File) -> String {
        self.counter += 1;
        let id = format!("{}{:06}", self.run % 1_000_000_000, self.counter);
        self.files.insert(id.clone(), file);
        id
    }

    /// Files that were uploaded are over, as Meta's are after 30 days.
    pub(super) fn expire_uploads(&mut self) {
        let Self { files, uploads, .. } = self;
        files.retain(|id, _| !uploads.contains(id));
    }

    pub(super) fn file(&self, id: &str) -> Option<&File> {
        self.files.get(id)
    }

    /// The person of a number or user id.
    pub(super) fn person(&self, user: &str) -> Option<&Person> {
        let plain = digits(user);
        self.people.iter().find(|person| {
            person.phone.as_deref().is_some_and(|phone| phone == plain) || person.user_id.as_deref() == Some(user)
        })
    }

    /// The one name under which a person is remembered: the number as Meta spells it, else the user id.
    pub(super) fn person_key(&self, user: &str) -> String {
        let plain = digits(user);
        let spelled = self.spelling.get(&plain).cloned().unwrap_or(plain);
        match self.person(&spelled).or_else(|| self.person(user)) {
            Some(Person { phone: Some(phone), .. }) => phone.clone(),
            Some(Person { user_id: Some(id), .. }) => id.clone(),
            _ => spelled,
        }
    }

    /// Remembers a person, or what is new about one.
    pub(super) fn meet(&mut self, person: &Person) {
        let same = |known: &Person| {
            (known.phone.is_some() && known.phone == person.phone)
                || (known.user_id.is_some() && known.user_id == person.user_id)
        };
        match self.people.iter_mut().find(|known| same(known)) {
            Some(known) => {
                known.phone = person.phone.clone().or_else(|| known.phone.take());
                known.user_id = person.user_id.clone().or_else(|| known.user_id.take());
                known.name = person.name.clone().or_else(|| known.name.take());
            }
            None => self.people.push(person.clone()),
        }
    }

    /// The client wrote: the window stands open from that moment.
    pub(super) fn open_window(&mut self, phone_number_id: &str, person: &str, at: DateTime<Utc>) {
        let window = self.windows.entry((phone_number_id.to_owned(), person.to_owned())).or_insert(at);
        *window = at.max(*window);
    }

    pub(super) fn window_is_open(&self, phone_number_id: &str, person: &str) -> bool {
        let last = self.windows.get(&(phone_number_id.to_owned(), person.to_owned()));
        last.is_some_and(|last| self.time.now() - *last < Duration::hours(WINDOW_HOURS))
    }

    /// Counts a message to one person; `false` when it is one too many.
    pub(super) fn may_write(&mut self, phone_number_id: &str, person: &str) -> bool {
        if !self.keep_pair_rate {
            return true;
        }
        let now = self.time.now();
        // The instant up to which quota is spent; it may lie a burst ahead of now.
        let spent = self.pairs.entry((phone_number_id.to_owned(), person.to_owned())).or_insert(now);
        let next = now.max(*spent) + Duration::seconds(PAIR_SECONDS);
        if next - now > Duration::seconds(PAIR_SECONDS * PAIR_BURST) {
            return false;
        }
        *spent = next;
        true
    }
}
