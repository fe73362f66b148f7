//! Event types: what can be booked, and how a test sets it up.

use chrono::{Duration, NaiveDate};
use serde_json::{Map, Value, json};

/// How a team's event type finds its hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FakeScheduling {
    /// Any one of the hosts who is free.
    RoundRobin,
    /// All hosts together.
    Collective,
    /// A pattern from which members' own event types are made; it can be neither looked at nor booked itself.
    Managed,
}

impl FakeScheduling {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::RoundRobin => "roundRobin",
            Self::Collective => "collective",
            Self::Managed => "managed",
        }
    }

    pub(super) fn read(word: &str) -> Option<Self> {
        [Self::RoundRobin, Self::Collective, Self::Managed].into_iter().find(|kind| kind.word() == word)
    }
}

/// Until when can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FakeWindow {
    /// For ever.
    Open,
    /// So many days ahead.
    CalendarDays(u32),
    /// So many days ahead, without Saturdays and Sundays.
    BusinessDays(u32),
    /// Between two days.
    Between(NaiveDate, NaiveDate),
}

/// An event type. Made with [`FakeEventType::new`] for one user, or [`FakeEventType::of_team`].
///
/// ```
/// use chatplug_calcom::fake::{FakeEventType, FakeScheduling};
///
/// let cut = FakeEventType::new(1, "cut", "Cut", 45).every(15).notice(60).at_address("Rua Nova 1, Lisbon");
/// let any = FakeEventType::of_team(1, FakeScheduling::RoundRobin, &[1, 2], "any", "Cut, with anyone", 45);
/// let class = FakeEventType::new(1, "yoga", "Yoga", 60).seats(8);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FakeEventType {
    /// Id; 0 until it is added.
    pub id: u64,
    /// The user it belongs to, if it is not a team's.
    pub owner: Option<u64>,
    /// The team it belongs to.
    pub team: Option<u64>,
    /// How a team's finds its hosts.
    pub scheduling: Option<FakeScheduling>,
    /// Who hosts a team's.
    pub hosts: Vec<u64>,
    /// The managed pattern it was made from.
    pub parent: Option<u64>,
    /// Title.
    pub title: String,
    /// What stands in the address of the booking page.
    pub slug: String,
    /// What clients read about it.
    pub description: String,
    /// How long it takes.
    pub minutes: u32,
    /// Other lengths that can be chosen.
    pub lengths: Vec<u32>,
    /// Minutes between starts; `None`: the length.
    pub step: Option<u32>,
    /// Minutes before the nearest time.
    pub notice: u32,
    /// Minutes kept free before.
    pub before: u32,
    /// Minutes kept free after.
    pub after: u32,
    /// Until when.
    pub window: FakeWindow,
    /// Most bookings a day, a week, a month, a year.
    pub limits: [Option<u32>; 4],
    /// Most bookings ahead of one e-mail address, and whether a move is offered instead.
    pub active: Option<(u32, bool)>,
    /// Bookings wait for the host's word; `true`: they keep their time meanwhile.
    pub confirmation: Option<bool>,
    /// Places at each time.
    pub seats: Option<u32>,
    /// Interval, occurrences at most, and `weekly`, `monthly` or `yearly`.
    pub recurrence: Option<(u32, u32, String)>,
    /// Where: as the API writes it.
    pub locations: Vec<Value>,
    /// Questions beside those that are always there: as the API writes them.
    pub fields: Vec<Value>,
    /// Clients give a phone number and no e-mail address.
    pub phone_only: bool,
    /// Not on the booking page.
    pub hidden: bool,
    /// In the currency's smallest unit.
    pub price: i64,
    /// Code, in small letters.
    pub currency: String,
    /// The schedule; `None`: the host's default one.
    pub schedule: Option<u64>,
    /// Only the owner and the team may book.
    pub requires_authentication: bool,
    /// Nobody may cancel. On servers of 2026.
    pub no_cancelling: bool,
    /// Nobody may move. On servers of 2026.
    pub no_rescheduling: bool,
    /// What others keep at it.
    pub metadata: Map<String, Value>,
}

impl FakeEventType {
    /// One user's.
    #[must_use]
    pub fn new(owner: u64, slug: &str, title: &str, minutes: u32) -> Self {
        Self {
            id: 0,
            owner: Some(owner),
            team: None,
            scheduling: None,
            hosts: Vec::new(),
            parent: None,
            title: title.to_owned(),
            slug: slug.to_owned(),
            description: String::new(),
            minutes,
            lengths: Vec::new(),
            step: None,
            notice: 120,
            before: 0,
            after: 0,
            window: FakeWindow::Open,
            limits: [None; 4],
            active: None,
            confirmation: None,
            seats: None,
            recurrence: None,
            locations: Vec::new(),
            fields: Vec::new(),
            phone_only: false,
            hidden: false,
            price: 0,
            currency: "usd".to_owned(),
            schedule: None,
            requires_authentication: false,
            no_cancelling: false,
            no_rescheduling: false,
            metadata: Map::new(),
        }
    }

    /// A team's.
    #[must_use]
    pub fn of_team(
        team: u64,
        scheduling: FakeScheduling,
        hosts: &[u64],
        slug: &str,
        title: &str,
        minutes: u32,
    ) -> Self {
        Self {
            owner: None,
            team: Some(team),
            scheduling: Some(scheduling),
            hosts: hosts.to_vec(),
            ..Self::new(0, slug, title, minutes)
        }
    }

    /// With what clients read about it.
    #[must_use]
    pub fn described(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    /// With other lengths to choose from.
    #[must_use]
    pub fn lengths(mut self, lengths: &[u32]) -> Self {
        self.lengths = lengths.to_vec();
        self
    }

    /// A start every so many minutes.
    #[must_use]
    pub const fn every(mut self, minutes: u32) -> Self {
        self.step = Some(minutes);
        self
    }

    /// Not sooner than so many minutes from now; 120 unless told.
    #[must_use]
    pub const fn notice(mut self, minutes: u32) -> Self {
        self.notice = minutes;
        self
    }

    /// Minutes kept free before and after.
    #[must_use]
    pub const fn buffers(mut self, before: u32, after: u32) -> Self {
        (self.before, self.after) = (before, after);
        self
    }

    /// Until when.
    #[must_use]
    pub const fn window(mut self, window: FakeWindow) -> Self {
        self.window = window;
        self
    }

    /// Most bookings a day.
    #[must_use]
    pub const fn a_day(mut self, bookings: u32) -> Self {
        self.limits[0] = Some(bookings);
        self
    }

    /// Most bookings ahead of one e-mail address.
    #[must_use]
    pub const fn at_most(mut self, bookings: u32) -> Self {
        self.active = Some((bookings, false));
        self
    }

    /// Bookings wait for the host's word, and keep their time meanwhile.
    #[must_use]
    pub const fn confirmed_by_host(mut self) -> Self {
        self.confirmation = Some(true);
        self
    }

    /// Places at each time.
    #[must_use]
    pub const fn seats(mut self, seats: u32) -> Self {
        self.seats = Some(seats);
        self
    }

    /// Can be booked for several weeks at once.
    #[must_use]
    pub fn weekly(mut self, occurrences: u32) -> Self {
        self.recurrence = Some((1, occurrences, "weekly".to_owned()));
        self
    }

    /// At an address.
    #[must_use]
    pub fn at_address(mut self, address: &str) -> Self {
        self.locations.push(json!({"type": "address", "address": address, "public": true}));
        self
    }

    /// With a question: as the API writes it.
    #[must_use]
    pub fn asking(mut self, field: Value) -> Self {
        self.fields.push(field);
        self
    }

    /// Clients give a phone number and no e-mail address.
    #[must_use]
    pub const fn phone_only(mut self) -> Self {
        self.phone_only = true;
        self
    }

    /// Not on the booking page.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// With a price, in the currency's smallest unit.
    #[must_use]
    pub fn priced(mut self, price: i64, currency: &str) -> Self {
        self.price = price;
        currency.clone_into(&mut self.currency);
        self
    }

    /// By another schedule than the host's default one.
    #[must_use]
    pub const fn by_schedule(mut self, schedule: u64) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// Only the owner and the team may book.
    #[must_use]
    pub const fn for_owners(mut self) -> Self {
        self.requires_authentication = true;
        self
    }

    /// Who hosts.
    pub(super) fn people(&self) -> Vec<u64> {
        if self.team.is_some() { self.hosts.clone() } else { self.owner.into_iter().collect() }
    }

    pub(super) fn is(&self, scheduling: FakeScheduling) -> bool {
        self.scheduling == Some(scheduling)
    }

    /// The lengths that may be asked for.
    pub(super) fn possible(&self) -> Vec<u32> {
        if self.lengths.is_empty() { vec![self.minutes] } else { self.lengths.clone() }
    }

    /// The days that can be booked today.
    pub(super) fn days(&self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        use chrono::{Datelike as _, Weekday};
        match self.window {
            FakeWindow::Open => (NaiveDate::MIN, NaiveDate::MAX),
            FakeWindow::CalendarDays(days) => (NaiveDate::MIN, today + Duration::days(i64::from(days))),
            FakeWindow::BusinessDays(days) => {
                let works = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
                let last = today.iter_days().skip(1).filter(works).take(days as usize).last();
                (NaiveDate::MIN, last.unwrap_or(today))
            }
            FakeWindow::Between(from, to) => (from, to),
        }
    }

    /// Questions that need an answer, beside name and address.
    pub(super) fn questions(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().filter_map(|field| Some((field.get("slug")?.as_str()?, field)))
    }
}
