//! The catalogue: event types as services, users and hosts as staff.

use super::{
    CalcomBackend, shown,
    sold::{self, CalcomLeftOut, Caller, Kind, Way},
    staff_id,
};
use crate::{
    CalcomBranch, Call, CallError,
    wire::{
        booking::MOST_AT_ONCE,
        shop::{EventType, Me, Schedule},
    },
};
use chatplug_core::model::{Catalog, OpeningHours, Price, Service, ServiceId, Staff, StaffId};
use std::collections::{BTreeSet, HashMap};

/// Pages of an organisation's event types that are read at most.
const PAGES: usize = 20;

/// A catalogue, and what its entries are at Cal.com.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) catalog: Catalog,
    sold: HashMap<ServiceId, Sold>,
    /// Event types there, shown or not.
    known: BTreeSet<i64>,
    pub(super) left_out: Vec<(u64, String, CalcomLeftOut)>,
}

/// A service and the ways to have it.
#[derive(Debug)]
pub(super) struct Sold {
    pub(super) ways: Vec<Way>,
    pub(super) price: Option<Price>,
}

impl Shop {
    pub(super) fn sold(&self, service: &ServiceId) -> Option<&Sold> {
        self.sold.get(service)
    }

    /// The service that a booking of an event type is of, by how long it takes.
    pub(super) fn service_of(&self, event_type: i64, minutes: i64) -> Option<&Service> {
        let is_it = |way: &Way, exactly: bool| way.event_type == event_type && (!exactly || way.minutes == minutes);
        let find = |exactly: bool| {
            self.catalog.services.iter().find(|service| {
                self.sold.get(&service.id).is_some_and(|sold| sold.ways.iter().any(|way| is_it(way, exactly)))
            })
        };
        // Somebody may have made this one longer.
        find(true).or_else(|| find(false))
    }

    /// Whether an event type was among those of the branch's accounts and teams.
    pub(super) fn knows(&self, event_type: i64) -> bool {
        self.known.contains(&event_type)
    }

    /// Who does an event type together, where all of them do.
    pub(super) fn together(&self, event_type: i64) -> Vec<i64> {
        let mut ways = self.sold.values().flat_map(|sold| &sold.ways);
        let way = ways.find(|way| way.event_type == event_type && way.kind == Kind::All);
        way.map(|way| way.doers.clone()).unwrap_or_default()
    }

    /// Who does an event type that can be booked.
    pub(super) fn kind_of(&self, event_type: i64) -> Option<Kind> {
        let mut ways = self.sold.values().flat_map(|sold| &sold.ways);
        ways.find(|way| way.event_type == event_type).map(|way| way.kind)
    }

    pub(super) fn known(&self) -> &BTreeSet<i64> {
        &self.known
    }
}

impl Sold {
    /// The ways for one person, or for anyone: the pool where the system picks, else everybody's.
    pub(super) fn ways_for(&self, person: Option<i64>) -> Vec<&Way> {
        let one = |way: &&Way| way.kind == Kind::One && person.is_none_or(|person| way.doers.contains(&person));
        let pool = self.ways.iter().find(|way| way.kind != Kind::One).filter(|_| person.is_none());
        pool.map_or_else(|| self.ways.iter().filter(one).collect(), |pool| vec![pool])
    }

    /// Who can be chosen.
    fn choices(&self) -> Vec<StaffId> {
        let ones = self.ways.iter().filter(|way| way.kind == Kind::One);
        let mut known = BTreeSet::new();
        let people = ones.flat_map(|way| way.doers.iter().copied()).filter(|id| known.insert(*id));
        people.filter_map(staff_id).collect()
    }
}

impl CalcomBackend {
    /// The branch's event types as Cal.com has them, hidden ones too.
    pub(crate) async fn event_types(&self) -> Result<Vec<EventType>, CallError> {
        let (types, ..) = self.read_types().await?;
        Ok(types.into_iter().filter(|one| self.at.has(one.id)).collect())
    }

    /// Reads the catalogue: who calls, where that is not told; the event types; opening hours.
    pub(super) async fn read_all(&self) -> Result<Shop, CallError> {
        let (types, caller, hours) = self.read_types().await?;
        Ok(build(&self.at, caller, types, hours))
    }

    async fn read_types(&self) -> Result<(Vec<EventType>, Caller, Vec<OpeningHours>), CallError> {
        let at = &*self.at;
        let own = at.accounts.is_empty() && at.team.is_none() && at.organization.is_none();
        let (me, hours) =
            tokio::join!(async { if own { self.client.get::<Me>("me").await.map(Some) } else { Ok(None) } }, async {
                if own { self.hours().await } else { Ok(Vec::new()) }
            },);
        let (me, hours) = (me?, hours?);
        let caller = Caller { user: me.as_ref().map(|me| me.id) };
        let mut accounts: Vec<String> = at.accounts.clone();
        accounts.extend(me.map(|me| me.username));
        let personal = futures_util::future::try_join_all(accounts.iter().map(|account| self.types_of(account)));
        let (personal, teams) = tokio::try_join!(personal, self.types_of_teams())?;
        Ok((personal.into_iter().flatten().chain(teams).collect(), caller, hours))
    }

    /// A person's event types. With a key and without a name some servers answer 404.
    async fn types_of(&self, account: &str) -> Result<Vec<EventType>, CallError> {
        let mut call = Call::get("event-types");
        if !account.is_empty() {
            call = call.query("username", account);
        }
        if let Some(organization) = self.at.organization {
            call = call.query("orgId", organization);
        }
        Ok(self.client.send(&call).await?.data)
    }

    async fn types_of_teams(&self) -> Result<Vec<EventType>, CallError> {
        match (self.at.organization, self.at.team) {
            (None, None) => Ok(Vec::new()),
            (None, Some(team)) => self.client.get(format!("teams/{team}/event-types")).await,
            (Some(organization), Some(team)) => {
                match self.client.get(format!("organizations/{organization}/teams/{team}/event-types")).await {
                    // Servers without organisations know the team all the same.
                    Err(CallError::NoSuchCall) => self.client.get(format!("teams/{team}/event-types")).await,
                    other => other,
                }
            }
            (Some(_), None) if !self.at.accounts.is_empty() => Ok(Vec::new()),
            (Some(organization), None) => {
                let mut all: Vec<EventType> = Vec::new();
                for page in 0..PAGES {
                    let call = Call::get(format!("organizations/{organization}/teams/event-types"))
                        .query("take", MOST_AT_ONCE)
                        .query("skip", page * MOST_AT_ONCE);
                    let some = self.client.send::<Vec<EventType>>(&call).await?.data;
                    let is_last = some.len() < MOST_AT_ONCE;
                    all.extend(some);
                    if is_last {
                        break;
                    }
                }
                Ok(all)
            }
        }
    }

    /// The usual hours of whoever calls; none where they may not be read.
    async fn hours(&self) -> Result<Vec<OpeningHours>, CallError> {
        match self.client.get::<Option<Schedule>>("schedules/default").await {
            Ok(schedule) => Ok(schedule.map(|schedule| shown::opening_hours(&schedule)).unwrap_or_default()),
            Err(
                CallError::NotFound(_) | CallError::NoSuchCall | CallError::Unauthorized(_) | CallError::Refused(_),
            ) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// The catalogue of event types, in the order in which Cal.com tells them.
fn build(at: &CalcomBranch, caller: Caller, types: Vec<EventType>, hours: Vec<OpeningHours>) -> Shop {
    let (mut left_out, mut known) = (Vec::new(), BTreeSet::new());
    let (mut people, mut addresses): (Vec<Staff>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
    // By service: what it is called, and how it is had.
    let mut found: Vec<(String, EventType, Vec<Way>)> = Vec::new();
    for one in types {
        if !at.has(one.id) || !known.insert(one.id) || one.hidden {
            continue;
        }
        match Way::all(at, caller, &one) {
            Ok(ways) => {
                people.extend(shown::people(at, &one));
                addresses.extend(one.locations.iter().map(|place| place.address.trim().to_owned()));
                found.push((group(at, &one), one, ways));
            }
            Err(why) => {
                let id = u64::try_from(one.id).unwrap_or_default();
                tracing::debug!(event_type = id, ?why, "an event type is left out");
                left_out.push((id, one.title, why));
            }
        }
    }
    // Of one service: the lowest number names it, unless it was given a name.
    let mut named: HashMap<String, i64> = HashMap::new();
    for (group, one, _) in &found {
        named.entry(group.clone()).and_modify(|id| *id = (*id).min(one.id)).or_insert(one.id);
    }
    let (mut services, mut sold): (Vec<Service>, HashMap<ServiceId, Sold>) = (Vec::new(), HashMap::new());
    for (group, one, ways) in found {
        let said = at.said_of(one.id);
        let base = said.and_then(|said| said.service.clone());
        let base = base.unwrap_or_else(|| named.get(&group).copied().unwrap_or(one.id).to_string());
        for way in ways {
            let is_usual = way.minutes == one.length_in_minutes;
            let id = if is_usual { base.clone() } else { format!("{base}x{}", way.minutes) };
            let Ok(id) = ServiceId::new(id) else { continue };
            let price = if is_usual { sold::price(said, &one, at.currency) } else { None };
            match sold.get_mut(&id) {
                Some(there) => {
                    there.price = joined(there.price, price);
                    there.ways.push(way);
                }
                None => {
                    services.extend(shown::service(&id, at, &one, &way));
                    sold.insert(id, Sold { ways: vec![way], price });
                }
            }
        }
    }
    services.retain(|service| sold.contains_key(&service.id));
    for service in &mut services {
        if let Some(sold) = sold.get(&service.id) {
            service.staff = sold.choices();
            service.price = sold.price;
            let asks = sold.ways.iter().flat_map(|way| way.requires.iter().copied()).collect::<BTreeSet<_>>();
            service.requires = asks.into_iter().collect();
        }
    }
    let mut seen = BTreeSet::new();
    people.retain(|person| seen.insert(person.id.clone()));
    let mut catalog = Catalog { version: 0, branch: shown::branch(at, hours, &addresses), services, staff: people };
    catalog.version = shown::version(&catalog);
    Shop { catalog, sold, known, left_out }
}

/// Which event types are one service: those that were told to be; of several accounts, those of one short name and length.
fn group(at: &CalcomBranch, one: &EventType) -> String {
    match at.said_of(one.id).and_then(|said| said.service.as_ref()) {
        Some(service) => format!("said/{service}"),
        None if at.accounts.len() > 1 && one.team_id.is_none() => {
            format!("slug/{}/{}", one.slug, one.length_in_minutes)
        }
        None => format!("type/{}", one.id),
    }
}

/// What a service costs that has two ways: where they differ, the least.
fn joined(one: Option<Price>, other: Option<Price>) -> Option<Price> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.from.minor < one.from.minor { other } else { one }),
        (one, other) => one.or(other),
    }
}
