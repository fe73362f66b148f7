//! What the fake remembers.

use super::{
    approval::Reviews,
    content::Content,
    deliver::Courier,
    event::{Event, ListPick},
    sent::{Alert, ReadMark, SentMessage},
    sign::Algorithm,
};
use crate::fake::{fault::Rule, plan::StatusPlan, time::Time};
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{BuildHasher, Hasher, RandomState},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicUsize},
};
use tokio::sync::watch;

/// Free text is taken this long after the client's last message.
const WINDOW_HOURS: i64 = 24;

/// State behind a lock that is never held over a call.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<usize>,
    pub(super) courier: Courier,
    /// Calls that are being answered.
    pub(super) busy: Arc<AtomicUsize>,
}

impl Shared {
    pub(super) fn new(state: State, courier: Courier) -> Self {
        Self { state: Mutex::new(state), changed: watch::Sender::new(0), courier, busy: Arc::default() }
    }

    pub(super) fn with<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = |state: &State| state.sent.len() + state.reads.len();
        let before = seen(&state);
        let result = with(&mut state);
        let after = seen(&state);
        let owed = std::mem::take(&mut state.owed);
        drop(state);
        owed.into_iter().for_each(|event| self.courier.queue(event));
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
    pub(super) storage_url: String,
    pub(super) accounts: Vec<Account>,
    pub(super) senders: Vec<Sender>,
    pub(super) services: Vec<Service>,
    pub(super) contents: Vec<Content>,
    pub(super) messages: Vec<Message>,
    pub(super) media: Vec<Media>,
    pub(super) people: Vec<Person>,
    pub(super) time: Time,
    pub(super) hooks: Hooks,
    pub(super) plan: StatusPlan,
    pub(super) faults: Vec<Rule>,
    /// Faults of calls that send nothing, by a part of their path.
    pub(super) call_faults: Vec<(String, Vec<Rule>)>,
    pub(super) rules: Switches,
    pub(super) reviews: Reviews,
    pub(super) unreachable: HashSet<String>,
    /// Whom a sender may not write to any more, because they wrote STOP.
    pub(super) opted_out: HashSet<(String, String)>,
    pub(super) sent: Vec<SentMessage>,
    pub(super) reads: Vec<ReadMark>,
    pub(super) refused: usize,
    /// What was carried out: method and path.
    pub(super) calls: Vec<String>,
    pub(super) answers: Vec<u16>,
    pub(super) alerts: Vec<Alert>,
    pub(super) leaks: usize,
    pub(super) held: Vec<Event>,
    /// What is to be told once nobody looks at the state.
    pub(super) owed: Vec<Event>,
    windows: HashMap<(String, String), DateTime<Utc>>,
    recent: HashMap<String, VecDeque<DateTime<Utc>>>,
    counter: u64,
    /// Keeps ids of one fake apart from those of the fake before it, which a database may remember.
    run: u64,
}

/// Where webhooks go, and how they are signed.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    /// For senders without a webhook of their own.
    pub(super) callback: Option<String>,
    pub(super) fallback: Option<String>,
    pub(super) status_callback: Option<String>,
    pub(super) event_sink: Option<String>,
    /// Public origin → where it is really reached.
    pub(super) origins: HashMap<String, String>,
    pub(super) port: Port,
    /// Key id and secret, in place of the Auth Token.
    pub(super) shared_key: Option<(String, String)>,
}

impl Hooks {
    pub(super) fn algorithm(&self) -> Algorithm {
        if self.shared_key.is_some() { Algorithm::HmacSha256 } else { Algorithm::HmacSha1 }
    }
}

/// Whether the port stands in the URL that is signed. Twilio does both, by product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Port {
    /// As the URL was configured.
    #[default]
    AsConfigured,
    /// Never.
    Dropped,
    /// Always, the default one too.
    Always,
}

/// What is enforced.
#[derive(Debug)]
pub(super) struct Switches {
    pub(super) window: bool,
    pub(super) opt_outs: bool,
    pub(super) rate: Option<usize>,
    pub(super) concurrency: usize,
    pub(super) public_callbacks: bool,
    pub(super) open_media: bool,
    pub(super) minimal_statuses: bool,
    pub(super) extra_fields: bool,
    pub(super) problem_details: bool,
    pub(super) list_pick: ListPick,
}

/// An account or subaccount.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) sid: String,
    pub(super) token: String,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) trial: bool,
    pub(super) keys: Vec<Key>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
}

/// An API key.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) sid: String,
    pub(super) secret: String,
    pub(super) name: String,
    pub(super) created: DateTime<Utc>,
}

/// A WhatsApp number.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) sid: String,
    pub(super) account: String,
    pub(super) address: String,
    pub(super) status: &'static str,
    pub(super) configuration: Value,
    pub(super) webhook: Value,
    pub(super) profile: Value,
    /// Why it is offline: a code and words.
    pub(super) offline: Option<(i64, String)>,
    /// Words with which a user joins, where it is the sandbox.
    pub(super) join: Option<String>,
    /// Who has joined, and when.
    pub(super) joined: HashMap<String, DateTime<Utc>>,
}

/// A Messaging Service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) sid: String,
    pub(super) account: String,
    /// Fields as they were given, under the names of the form.
    pub(super) fields: HashMap<String, String>,
    /// Senders' SIDs.
    pub(super) senders: Vec<String>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
}

impl Service {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// A message of either direction, as the API shows it.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) sid: String,
    pub(super) account: String,
    pub(super) service: Option<String>,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) body: String,
    pub(super) inbound: bool,
    pub(super) status: String,
    pub(super) error: Option<i64>,
    pub(super) num_media: usize,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) sent: Option<DateTime<Utc>>,
    /// Where its statuses are told.
    pub(super) callback: Option<String>,
}

/// A file of a message.
#[derive(Debug, Clone)]
pub(super) struct Media {
    pub(super) sid: String,
    pub(super) account: String,
    pub(super) message: String,
    pub(super) mime: String,
    pub(super) bytes: Bytes,
    /// Where its address redirects to, when not to the fake's own storage.
    pub(super) elsewhere: Option<String>,
    pub(super) created: DateTime<Utc>,
}

/// Somebody who writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Person {
    pub(super) phone: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) name: Option<String>,
    /// What `WaId` says; `None` as the number says, an empty text leaves it out.
    pub(super) wa_id: Option<String>,
}

impl Person {
    /// What `From` says.
    pub(super) fn address(&self) -> String {
        match (&self.phone, &self.user_id) {
            (Some(phone), _) => format!("whatsapp:+{phone}"),
            (None, id) => format!("whatsapp:{}", id.as_deref().unwrap_or_default()),
        }
    }

    /// The name under which a message to them is remembered.
    pub(super) fn key(&self) -> &str {
        self.phone.as_deref().or(self.user_id.as_deref()).unwrap_or_default()
    }
}

impl State {
    pub(super) fn new(base_url: String, storage_url: String) -> Self {
        Self {
            base_url,
            storage_url,
            accounts: Vec::new(),
            senders: Vec::new(),
            services: Vec::new(),
            contents: Vec::new(),
            messages: Vec::new(),
            media: Vec::new(),
            people: Vec::new(),
            time: Time::default(),
            hooks: Hooks::default(),
            plan: StatusPlan::default(),
            faults: Vec::new(),
            call_faults: Vec::new(),
            rules: Switches {
                window: true,
                opt_outs: false,
                rate: None,
                concurrency: usize::MAX,
                public_callbacks: false,
                open_media: false,
                minimal_statuses: false,
                extra_fields: false,
                problem_details: false,
                list_pick: ListPick::default(),
            },
            reviews: Reviews::default(),
            unreachable: HashSet::new(),
            opted_out: HashSet::new(),
            sent: Vec::new(),
            reads: Vec::new(),
            refused: 0,
            calls: Vec::new(),
            answers: Vec::new(),
            alerts: Vec::new(),
            leaks: 0,
            held: Vec::new(),
            owed: Vec::new(),
            windows: HashMap::new(),
            recent: HashMap::new(),
            counter: 0,
            run: RandomState::new().build_hasher().finish(),
        }
    }

    /// A fresh SID with a prefix such as `SM`.
    pub(super) fn sid(&mut self, prefix: &str) -> String {
        self.counter += 1;
        format!("{prefix}{:016x}{:016x}", self.run, self.counter)
    }

    /// A fresh token: 32 digits that nothing tells.
    pub(super) fn secret(&self) -> String {
        format!("{:016x}{:016x}", RandomState::new().build_hasher().finish(), self.run.rotate_left(17))
    }

    pub(super) fn account(&self, sid: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.sid == sid)
    }

    pub(super) fn account_mut(&mut self, sid: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.sid == sid)
    }

    /// The sender with an address.
    pub(super) fn sender(&self, address: &str) -> Option<&Sender> {
        self.senders.iter().find(|sender| sender.address == address)
    }

    pub(super) fn sender_mut(&mut self, address: &str) -> Option<&mut Sender> {
        self.senders.iter_mut().find(|sender| sender.address == address)
    }

    /// The service that a sender belongs to.
    pub(super) fn service_of(&self, sender: &str) -> Option<&Service> {
        let sid = &self.sender(sender)?.sid;
        self.services.iter().find(|service| service.senders.contains(sid))
    }

    pub(super) fn message(&self, sid: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.sid == sid)
    }

    pub(super) fn message_mut(&mut self, sid: &str) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|message| message.sid == sid)
    }

    /// The person of a number, an address or a user id.
    pub(super) fn person(&self, user: &str) -> Option<&Person> {
        let key = plain(user);
        let is = |name: &Option<String>| name.as_deref() == Some(key.as_str());
        self.people.iter().find(|person| is(&person.phone) || is(&person.user_id))
    }

    /// The one name under which a person is remembered: the number, else the user id.
    pub(super) fn person_key(&self, user: &str) -> String {
        self.person(user).map_or_else(|| plain(user), |person| person.key().to_owned())
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
                known.wa_id = person.wa_id.clone().or_else(|| known.wa_id.take());
            }
            None => self.people.push(person.clone()),
        }
    }

    /// The client wrote: the window stands open from that moment.
    pub(super) fn open_window(&mut self, sender: &str, person: &str, at: DateTime<Utc>) {
        let window = self.windows.entry((sender.to_owned(), person.to_owned())).or_insert(at);
        *window = at.max(*window);
    }

    pub(super) fn window_is_open(&self, sender: &str, person: &str) -> bool {
        let last = self.windows.get(&(sender.to_owned(), person.to_owned()));
        last.is_some_and(|last| self.time.now() - *last < Duration::hours(WINDOW_HOURS))
    }

    /// Counts a message of a sender; `false` when it is one too many for this second.
    pub(super) fn in_time(&mut self, sender: &str) -> bool {
        let Some(limit) = self.rules.rate else { return true };
        let now = self.time.now();
        let recent = self.recent.entry(sender.to_owned()).or_default();
        while recent.front().is_some_and(|at| now - *at >= Duration::seconds(1)) {
            recent.pop_front();
        }
        if recent.len() >= limit {
            return false;
        }
        recent.push_back(now);
        true
    }
}

/// A number's digits, or a user id, whatever it is written with.
pub(super) fn plain(user: &str) -> String {
    crate::fake::time::digits(user.strip_prefix("whatsapp:").unwrap_or(user))
}

/// The address of a number however it is written; a user id stays one.
pub(super) fn address(user: &str) -> String {
    let key = plain(user);
    let sign = if key.bytes().all(|b| b.is_ascii_digit()) { "+" } else { "" };
    format!("whatsapp:{sign}{key}")
}
