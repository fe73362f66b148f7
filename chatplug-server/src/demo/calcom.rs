//! The made-up salon at a fake of Cal.com: a team whose members each have event types of their own, and a desk that moves
//! and cancels, of which the server hears by webhook.

use super::desk::{DAYS, DeskVisit, NAMES, STEP, hours, next_free};
use crate::config::{CalcomEmail, CalcomEventType, CalcomPlace, CalcomStaff, Credential};
use chatplug_calcom::{
    CalcomEndpoint,
    fake::{
        FakeBooking, FakeCalcom, FakeEventType, FakeRole, FakeSchedule, FakeScheduling, FakeTeam, FakeUser, FakeWindow,
    },
};
use chatplug_calendar::Plan;
use chatplug_core::{
    model::{BranchId, Catalog, Service, StaffId, local_or_next},
    ports::Clock,
};
use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc, Weekday};
use chrono_tz::Tz;
use secrecy::{ExposeSecret as _, SecretString};
use std::{collections::BTreeMap, io, sync::Arc};

/// The salon's team at Cal.com.
const TEAM: u64 = 17;
/// Where clients get their addresses: a domain that nobody can have.
const GUESTS: &str = "guest.studio-bella.example";
/// Days by their names at Cal.com, Monday first.
const WEEK: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What Cal.com's side of the demo is made of.
#[derive(Debug)]
pub struct AtCalcom {
    /// The desk.
    pub desk: CalcomDesk,
    /// The key of whoever owns the team.
    pub api_key: SecretString,
    /// Where the fake is called.
    pub base_url: String,
    /// What the branch is there.
    pub place: CalcomPlace,
}

/// The team at the desk.
#[derive(Debug, Clone)]
pub struct CalcomDesk {
    fake: FakeCalcom,
    zone: Tz,
    /// The plan's services by event type.
    services: BTreeMap<u64, String>,
}

impl AtCalcom {
    /// Starts a fake with a team of these people, whose services are those of the plan: its ids of people are numbers
    /// ([`numbered`](super::numbered)). Webhooks lead to the server at `origin`, to this endpoint.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(
        plan: &Plan,
        origin: &str,
        (account, guests): (&str, SecretString),
        endpoint: &CalcomEndpoint,
        clock: &Arc<dyn Clock>,
    ) -> io::Result<Self> {
        let fake = FakeCalcom::start().await?;
        fake.bare().use_clock(clock.clone());
        let salon = BranchId::new("salon").map_err(io::Error::other)?;
        let catalog = plan.catalog(&salon);
        let today = clock.now().with_timezone(&plan.zone()).date_naive();
        let mut team = FakeTeam::new(TEAM, &catalog.branch.name, "salon").with(FakeCalcom::ANNA, FakeRole::Owner);
        for person in &catalog.staff {
            let Ok(id) = person.id.as_str().parse::<u64>() else { continue };
            fake.add_user(FakeUser::new(id, &format!("user{id}"), &person.name, plan.zone()));
            fake.add_schedule(schedule(plan, &person.id, id, today));
            fake.hook(id, endpoint.address(origin).expose_secret(), Some(endpoint.secret().expose_secret()));
            team = team.with(id, FakeRole::Member);
        }
        fake.add_team(team);
        let mut place = place(&catalog, account, guests);
        let mut services = BTreeMap::new();
        for service in &catalog.services {
            for person in &service.staff {
                let Ok(user) = person.as_str().parse::<u64>() else { continue };
                let id = fake.add_event_type(event_type(&catalog, service, user));
                services.insert(id, service.id.to_string());
                place.event_types.push(said(id, service));
            }
        }
        let desk = CalcomDesk { fake: fake.clone(), zone: plan.zone(), services };
        desk.fill(plan, &catalog, today);
        Ok(Self { desk, api_key: FakeCalcom::KEY.to_owned().into(), base_url: fake.base_url(), place })
    }
}

impl CalcomDesk {
    /// Visits of a day, by begin.
    pub(super) fn visits(&self, date: NaiveDate) -> Vec<DeskVisit> {
        let mut visits = self.fake.standing();
        visits.retain(|visit| visit.start.with_timezone(&self.zone).date_naive() == date);
        visits.sort_by_key(|visit| visit.start);
        visits.iter().map(|visit| self.shown(visit)).collect()
    }

    fn shown(&self, visit: &FakeBooking) -> DeskVisit {
        let wall = |at: DateTime<Utc>| at.with_timezone(&self.zone).naive_local();
        let booker = visit.attendees.first();
        DeskVisit {
            id: visit.id.to_string(),
            staff: visit.hosts.first().map(ToString::to_string).unwrap_or_default(),
            service: self.services.get(&visit.event_type).cloned(),
            start: wall(visit.start),
            end: wall(visit.end),
            name: booker.map(|one| one.name.clone()).unwrap_or_default(),
            phone: booker.and_then(|one| one.phone.as_deref()).unwrap_or_default().trim_start_matches('+').to_owned(),
            contact: visit.metadata.get("chatplugContact").and_then(|id| id.parse().ok()),
            confirmed: false,
        }
    }

    /// The team takes a visit out; `false`: there is none.
    pub(super) fn cancel(&self, visit: &str) -> bool {
        let Some(visit) = self.standing(visit) else { return false };
        self.fake.desk().cancels(&visit.uid, "The salon had to call it off");
        true
    }

    /// The team moves a visit to the next time at which its person is free; `false`: there is no such visit, or no time.
    pub(super) fn later(&self, visit: &str, plan: &Plan) -> bool {
        let Some(visit) = self.standing(visit) else { return false };
        let shown = self.shown(&visit);
        let Ok(staff) = StaffId::new(shown.staff.clone()) else { return false };
        let others = self.fake.standing().into_iter();
        let others = others.filter(|other| other.hosts.first() == visit.hosts.first() && other.id != visit.id);
        let taken: Vec<_> = others.map(|other| self.shown(&other)).map(|other| (other.start, other.end)).collect();
        let Some(start) = next_free(plan, &staff, shown.start, visit.end - visit.start, &taken) else { return false };
        self.fake.desk().moves(&visit.uid, local_or_next(start, self.zone));
        true
    }

    fn standing(&self, visit: &str) -> Option<FakeBooking> {
        let id: u64 = visit.parse().ok()?;
        self.fake.standing().into_iter().find(|known| known.id == id)
    }

    /// Some visits of made-up clients a day, so that a day looks like a day.
    fn fill(&self, plan: &Plan, catalog: &Catalog, today: NaiveDate) {
        for date in today.iter_days().take(7) {
            for (nth, person) in catalog.staff.iter().enumerate() {
                let does: Vec<&Service> =
                    catalog.services.iter().filter(|service| service.staff.contains(&person.id)).collect();
                for (part, (from, to)) in hours(plan, &person.id, date).into_iter().enumerate() {
                    // Which, when and who hang on the day and the person, and are the same in every run.
                    let number = date.to_epoch_days().unsigned_abs() as usize * 3 + nth * 5 + part * 2;
                    let Some(service) = does.get(number % does.len().max(1)) else { continue };
                    let start = date.and_time(from) + STEP * i32::try_from(number % 4).unwrap_or_default();
                    let fits = start + TimeDelta::minutes(service.minutes.into()) <= date.and_time(to);
                    if fits {
                        self.book(&person.id, service, local_or_next(start, self.zone), number);
                    }
                }
            }
        }
    }

    fn book(&self, staff: &StaffId, service: &Service, start: DateTime<Utc>, number: usize) {
        let Ok(user) = staff.as_str().parse::<u64>() else { return };
        let is_it = |(id, known): &(&u64, &String)| {
            **known == service.id.as_str()
                && self.fake.event_type(**id).is_some_and(|one| one.hosts.as_slice() == [user])
        };
        let Some((event_type, _)) = self.services.iter().find(is_it) else { return };
        let name = NAMES.get(number % NAMES.len()).copied().unwrap_or_default();
        let email = format!("{}@client.example", name.to_ascii_lowercase());
        self.fake.desk_of(user).books(*event_type, start, &email, name);
    }
}

/// The salon as the configuration says it of Cal.com; event types are added.
fn place(catalog: &Catalog, account: &str, guests: SecretString) -> CalcomPlace {
    let branch = &catalog.branch;
    let staff = catalog.staff.iter().filter_map(|person| {
        let user = person.id.as_str().parse().ok()?;
        Some(CalcomStaff { user, name: None, also: person.also.clone(), title: person.title.clone(), hidden: false })
    });
    CalcomPlace {
        account: account.to_owned(),
        user: None,
        organization: None,
        team: Some(TEAM),
        usernames: Vec::new(),
        name: Some(branch.name.clone()),
        zone: branch.zone,
        country: branch.country.clone(),
        currency: branch.currency,
        phone: branch.phone.clone(),
        place: branch.place.clone(),
        email: CalcomEmail::Guest { domain: GUESTS.to_owned(), secret: Credential::Given(guests) },
        only_listed: false,
        event_types: Vec::new(),
        staff: staff.collect(),
    }
}

/// What one person does of a service.
fn event_type(catalog: &Catalog, service: &Service, user: u64) -> FakeEventType {
    let slug = format!("service{}-{user}", service.id);
    let mut one =
        FakeEventType::of_team(TEAM, FakeScheduling::RoundRobin, &[user], &slug, &service.name.main, service.minutes)
            .every(30)
            .notice(60)
            .window(FakeWindow::CalendarDays(60));
    if let Some(text) = &service.description {
        one = one.described(&text.main);
    }
    match &catalog.branch.place {
        Some(place) => one.at_address(&place.address),
        None => one,
    }
}

/// What Cal.com does not know of it: translations, and the price.
fn said(id: u64, service: &Service) -> CalcomEventType {
    CalcomEventType {
        id,
        name: Some(service.name.clone()),
        also: service.also.clone(),
        category: service.category.clone(),
        price: service.price,
        hidden: false,
        service: Some(service.id.to_string()),
        answers: BTreeMap::new(),
    }
}

/// Somebody's hours: the week as it usually is, and what is unlike it among the days.
fn schedule(plan: &Plan, staff: &StaffId, user: u64, today: NaiveDate) -> FakeSchedule {
    let mut schedule = FakeSchedule::new(user, plan.zone());
    let mut week: BTreeMap<u32, Vec<_>> = BTreeMap::new();
    for day in today.iter_days().skip(1).take(7) {
        let usual = hours(plan, staff, day);
        let name = WEEK.get(day.weekday().num_days_from_monday() as usize).copied().unwrap_or_default();
        for (from, to) in &usual {
            schedule = schedule.also(&[name], &from.format("%H:%M").to_string(), &to.format("%H:%M").to_string());
        }
        week.insert(Weekday::num_days_from_monday(&day.weekday()), usual);
    }
    for day in today.iter_days().take(DAYS) {
        let own = hours(plan, staff, day);
        if week.get(&day.weekday().num_days_from_monday()) == Some(&own) {
            continue;
        }
        schedule = if own.is_empty() {
            schedule.closed(day)
        } else {
            let texts: Vec<_> = own
                .iter()
                .map(|(from, to)| (from.format("%H:%M").to_string(), to.format("%H:%M").to_string()))
                .collect();
            let texts: Vec<_> = texts.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
            schedule.on(day, &texts)
        };
    }
    schedule
}
