//! What the fake remembers.

use super::{
    answer::Answer,
    call::FakeCall,
    fault::Rule,
    hooks::{Event, Hook},
    limit::Limit,
    market::Market,
    records::{Client, FakeRecord, Line, Record, digits},
    salon::{FakeMember, FakeSalon, FakeService},
    time::Time,
    traps::{Created, Traps},
    users::Users,
    webhook::{Courier, WebhookPlan},
};
use chrono::{Duration, NaiveDate, NaiveDateTime};
use serde_json::json;
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
    pub(super) salons: BTreeMap<u64, Salon>,
    pub(super) time: Time,
    pub(super) traps: Traps,
    pub(super) users: Users,
    pub(super) limit: Limit,
    pub(super) market: Market,
    pub(super) faults: Vec<Rule>,
    pub(super) calls: Vec<FakeCall>,
    pub(super) violations: Vec<String>,
    pub(super) events: Vec<Event>,
    pub(super) webhooks: WebhookPlan,
    /// Statuses that webhooks were answered with.
    pub(super) answers: Vec<u16>,
    array_next: bool,
    next: u64,
}

/// A location with what happened in it.
#[derive(Debug)]
pub(super) struct Salon {
    pub(super) shop: FakeSalon,
    pub(super) clients: Vec<Client>,
    pub(super) records: Vec<Record>,
    pub(super) hooks: Vec<Hook>,
    seeded: bool,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            salons: BTreeMap::new(),
            time: Time::default(),
            traps: Traps::default(),
            users: Users::default(),
            limit: Limit::default(),
            market: Market::default(),
            faults: Vec::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            events: Vec::new(),
            webhooks: WebhookPlan::default(),
            answers: Vec::new(),
            array_next: false,
            next: 8_262_000,
        }
    }

    pub(super) fn add(&mut self, shop: FakeSalon) {
        let salon = Salon { clients: Vec::new(), records: Vec::new(), hooks: Vec::new(), seeded: false, shop };
        self.salons.insert(salon.shop.id, salon);
    }

    /// An id that nothing has yet.
    pub(super) const fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A salon that is there, or 404.
    pub(super) fn salon(&mut self, id: u64) -> Result<&mut Salon, Answer> {
        self.salons.get_mut(&id).ok_or_else(Answer::not_found)
    }

    /// What the salon's wall clock shows.
    pub(super) fn wall(&self, salon: u64) -> NaiveDateTime {
        let zone = self.salons.get(&salon).map_or(chrono_tz::UTC, |salon| salon.shop.zone);
        self.time.on_wall(zone)
    }

    /// Whether `POST /records` answers a list this time.
    pub(super) const fn answers_array(&mut self) -> bool {
        self.array_next = !self.array_next;
        match self.traps.created {
            Created::Object => false,
            Created::Array => true,
            Created::Alternately => self.array_next,
        }
    }

    /// Gives every salon the past that a real one has: clients that nobody asked for, and a time that is only blocked.
    pub(super) fn seed(&mut self) {
        let fresh: Vec<_> = self.salons.iter().filter(|(_, salon)| !salon.seeded).map(|(id, _)| *id).collect();
        for id in fresh {
            let wall = self.wall(id);
            let (first, second, block) = (self.fresh(), self.fresh(), self.fresh());
            let Some(salon) = self.salons.get_mut(&id) else { continue };
            salon.seeded = true;
            if !self.traps.dead_entries {
                continue;
            }
            for (id, name, phone) in [(first, "James", "13155550175"), (second, "Rosa", "351910000999")] {
                let mut client = Client::new(id, name, phone, wall);
                client.visits = 3;
                salon.clients.push(client);
            }
            let staff = salon.shop.staff.iter().find(|member| member.bookable()).map(|member| member.id);
            if let Some(staff) = staff {
                let lunch = (wall.date() - Duration::days(1)).and_time(super::time::clock(13, 0));
                salon.records.push(Record::new(block, staff, lunch, 3600, wall));
            }
        }
    }

    /// Every record there is, as tests look at them: without times that are only blocked.
    pub(super) fn records(&self) -> Vec<FakeRecord> {
        let all = self.salons.values().flat_map(|salon| salon.records.iter().map(|record| salon.view(record)));
        let mut all: Vec<_> = all.filter(|record| record.client.is_some()).collect();
        all.sort_by_key(|record| record.id);
        all
    }
}

impl Salon {
    pub(super) fn record(&self, id: u64) -> Option<&Record> {
        self.records.iter().find(|record| record.id == id)
    }

    pub(super) fn record_mut(&mut self, id: u64) -> Option<&mut Record> {
        self.records.iter_mut().find(|record| record.id == id)
    }

    pub(super) fn client(&self, id: u64) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(super) fn by_phone(&self, phone: &str) -> Option<&Client> {
        let wanted = digits(phone);
        self.clients.iter().find(|client| !wanted.is_empty() && client.phone == wanted)
    }

    /// The client with this number, who is made when there is none.
    pub(super) fn client_for(&mut self, phone: &str, name: &str, email: &str, fresh: u64, now: NaiveDateTime) -> u64 {
        if let Some(known) = self.by_phone(phone) {
            return known.id;
        }
        let mut client = Client::new(fresh, name, &digits(phone), now);
        email.clone_into(&mut client.email);
        self.clients.push(client);
        fresh
    }

    /// Whether somebody has nothing else between these times.
    pub(super) fn is_free(&self, staff: u64, start: NaiveDateTime, seconds: i64, but: Option<u64>) -> bool {
        let mut others = self.records.iter().filter(|record| record.staff == staff && !record.deleted);
        !others.any(|record| Some(record.id) != but && record.overlaps(start, seconds))
    }

    /// Whether somebody is there all the time.
    pub(super) fn works(&self, staff: u64, start: NaiveDateTime, seconds: i64) -> bool {
        let Some(member) = self.shop.member(staff).filter(|member| !member.fired && !member.deleted) else {
            return false;
        };
        let end = start + Duration::seconds(seconds);
        let within = |(from, to): &(chrono::NaiveTime, chrono::NaiveTime)| {
            start.date().and_time(*from) <= start && end <= start.date().and_time(*to)
        };
        member.shifts(start.date()).iter().any(within)
    }

    /// How long these services take together, with somebody or with anyone.
    pub(super) fn takes(&self, member: Option<&FakeMember>, services: &[&FakeService]) -> i64 {
        services.iter().map(|service| member.map_or(service.seconds, |member| member.takes(service))).sum()
    }

    /// Who can be booked online for all of these.
    pub(super) fn candidates(&self, staff: u64, services: &[&FakeService]) -> Vec<&FakeMember> {
        let fits = |member: &&FakeMember| {
            member.bookable()
                && (staff == 0 || member.id == staff)
                && services.iter().all(|service| service.active && member.does(service))
        };
        self.shop.staff.iter().filter(fits).filter(|_| self.shop.online).collect()
    }

    /// Times of a day that are offered to clients, in order. `long` lists starts that are free for an hour only.
    pub(super) fn starts(
        &self,
        staff: u64,
        services: &[&FakeService],
        day: NaiveDate,
        now: NaiveDateTime,
        long: bool,
    ) -> Vec<NaiveDateTime> {
        let earliest = now + Duration::minutes(i64::from(self.shop.delay));
        let mut starts = Vec::new();
        if day > now.date() + Duration::days(i64::from(self.shop.horizon)) {
            return starts;
        }
        for member in self.candidates(staff, services) {
            let seconds = match self.takes(Some(member), services) {
                0 => i64::from(self.shop.step) * 60,
                seconds => seconds,
            };
            let looked_at = if long { seconds.min(3600) } else { seconds };
            for (from, to) in member.shifts(day) {
                let (mut start, end) = (day.and_time(*from), day.and_time(*to));
                while start + Duration::seconds(seconds) <= end {
                    if start > earliest && self.is_free(member.id, start, looked_at, None) {
                        starts.push(start);
                    }
                    start += Duration::minutes(i64::from(self.shop.step.max(1)));
                }
            }
        }
        starts.sort_unstable();
        starts.dedup();
        starts
    }

    pub(super) fn view(&self, record: &Record) -> FakeRecord {
        let client = record.client.and_then(|id| self.client(id));
        FakeRecord {
            id: record.id,
            salon: self.shop.id,
            staff: record.staff,
            services: record.lines.iter().map(|line| line.service).collect(),
            client: record.client,
            phone: client.map(|client| client.phone.clone()).unwrap_or_default(),
            name: client.map(|client| client.name.clone()).unwrap_or_default(),
            start: record.start,
            seconds: record.seconds,
            attendance: record.attendance,
            comment: record.comment.clone(),
            api_id: record.api_id.clone(),
            visit: record.visit,
            deleted: record.deleted,
            online: record.online,
        }
    }

    /// A service at its price, as a record holds it.
    pub(super) fn line(&self, service: u64) -> Line {
        let cost = self.shop.service(service).map_or(0.0, |service| service.price_min);
        Line { service, first_cost: cost, discount: 0.0, cost }
    }
}

impl Record {
    /// A time that is blocked; everything else is set by who makes it.
    pub(super) fn new(id: u64, staff: u64, start: NaiveDateTime, seconds: i64, now: NaiveDateTime) -> Self {
        Self {
            id,
            staff,
            lines: Vec::new(),
            client: None,
            start,
            seconds,
            pause: 0,
            comment: String::new(),
            attendance: 0,
            api_id: String::new(),
            created: now,
            changed: now,
            deleted: false,
            visit: id + 5_000_000,
            hash: None,
            online: false,
            user: 746_310,
            sms_hours: None,
            email_hours: None,
            color: String::new(),
            labels: Vec::new(),
            custom: json!({}),
            blocked: false,
            billed: false,
        }
    }
}

impl Client {
    pub(super) fn new(id: u64, name: &str, phone: &str, now: NaiveDateTime) -> Self {
        Self {
            id,
            name: name.to_owned(),
            surname: String::new(),
            phone: digits(phone),
            email: String::new(),
            comment: String::new(),
            visits: 0,
            sms_not: false,
            blacklisted: false,
            changed: now,
            memberships: Vec::new(),
        }
    }
}
