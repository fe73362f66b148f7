//! The made-up salon at a fake of Altegio: the same services and people under Altegio's numbers, and a team at the desk that
//! moves and cancels, of which the server hears by webhook.

use super::desk::{DAYS, DeskVisit, NAMES, STEP, hours, next_free};
use chatplug_altegio::{
    AltegioClient, AltegioEndpoint, AltegioHooks,
    client::http_client,
    fake::{FakeAltegio, FakeMember, FakeRecord, FakeSalon, FakeService},
};
use chatplug_calendar::{CalendarConfig, Plan, StaffSet};
use chatplug_core::model::{BranchId, Catalog, Service, StaffId};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use secrecy::SecretString;
use std::{collections::BTreeMap, io};

/// Numbers of the first service and the first person.
const FIRST_SERVICE: u64 = 331;
const FIRST_STAFF: u64 = 8886;
/// What Altegio's side of the demo is made of.
#[derive(Debug)]
pub struct AtAltegio {
    /// The desk.
    pub desk: AltegioDesk,
    /// What calls are made with.
    pub partner_token: SecretString,
    /// As whom.
    pub user_token: SecretString,
    /// Where the fake posts to.
    pub endpoint: AltegioEndpoint,
    /// Where the fake is called.
    pub base_url: String,
    /// Its marketplace.
    pub marketplace_url: String,
}

/// The team at the desk.
#[derive(Debug, Clone)]
pub struct AltegioDesk {
    fake: FakeAltegio,
}

/// A calendar under numbers, as Altegio names services and people.
#[must_use]
pub fn numbered(mut config: CalendarConfig) -> CalendarConfig {
    let mut staff = BTreeMap::new();
    for (number, person) in (FIRST_STAFF..).zip(&mut config.staff) {
        staff.insert(std::mem::replace(&mut person.id, number.to_string()), number.to_string());
    }
    for (number, service) in (FIRST_SERVICE..).zip(&mut config.services) {
        service.id = number.to_string();
        if let StaffSet::Only(people) = &mut service.staff {
            people.iter_mut().for_each(|id| {
                if let Some(number) = staff.get(id) {
                    id.clone_from(number);
                }
            });
        }
    }
    config
}

impl AtAltegio {
    /// Number of the salon.
    pub const LOCATION: u64 = FakeAltegio::SALON;

    /// Starts a fake with a salon of these services and people, some appointments in its first week, and its webhooks
    /// leading to the server at `origin`.
    ///
    /// # Errors
    /// When no port can be had, or the fake does not take its webhook.
    pub async fn start(plan: &Plan, origin: &str, endpoint: String, now: DateTime<Utc>) -> io::Result<Self> {
        let fake = FakeAltegio::start().await?;
        let salon = BranchId::new("salon").map_err(io::Error::other)?;
        let today = now.with_timezone(&plan.zone()).date_naive();
        fake.add_salon(shop(plan, &plan.catalog(&salon), today));
        let desk = AltegioDesk { fake: fake.clone() };
        desk.fill(plan, &plan.catalog(&salon), today);
        let endpoint = AltegioEndpoint::new(endpoint).map_err(io::Error::other)?;
        let client = AltegioClient::new(fake.config(), http_client().map_err(io::Error::other)?);
        let hooks = AltegioHooks::new(client, Self::LOCATION, endpoint.address(origin));
        hooks.register().await.map_err(io::Error::other)?;
        Ok(Self {
            desk,
            partner_token: FakeAltegio::PARTNER_TOKEN.to_owned().into(),
            user_token: FakeAltegio::USER_TOKEN.to_owned().into(),
            endpoint,
            base_url: fake.base_url(),
            marketplace_url: fake.marketplace_url(),
        })
    }
}

impl AltegioDesk {
    /// Visits of a day, by begin.
    pub(super) fn visits(&self, date: NaiveDate) -> Vec<DeskVisit> {
        let mut visits = self.fake.standing();
        visits.retain(|visit| visit.start.date() == date);
        visits.sort_by_key(|visit| visit.start);
        let shown = |visit: FakeRecord| DeskVisit {
            id: visit.id.to_string(),
            staff: visit.staff.to_string(),
            service: visit.services.first().map(ToString::to_string),
            start: visit.start,
            end: visit.end(),
            confirmed: visit.attendance == 2,
            name: visit.name,
            phone: visit.phone,
            contact: None,
        };
        visits.into_iter().map(shown).collect()
    }

    /// The team takes a visit out; `false`: there is none.
    pub(super) fn cancel(&self, visit: &str) -> bool {
        let Some(visit) = self.standing(visit) else { return false };
        self.fake.desk().cancels(visit.id);
        true
    }

    /// The team moves a visit to the next time at which its person is free; `false`: there is no such visit, or no time.
    pub(super) fn later(&self, visit: &str, plan: &Plan) -> bool {
        let Some(visit) = self.standing(visit) else { return false };
        let Ok(staff) = StaffId::new(visit.staff.to_string()) else { return false };
        let others = self.fake.standing().into_iter();
        let others = others.filter(|other| other.staff == visit.staff && other.id != visit.id);
        let taken: Vec<_> = others.map(|other| (other.start, other.end())).collect();
        let Some(start) = next_free(plan, &staff, visit.start, TimeDelta::seconds(visit.seconds), &taken) else {
            return false;
        };
        self.fake.desk().moves(visit.id, visit.staff, start);
        true
    }

    fn standing(&self, visit: &str) -> Option<FakeRecord> {
        let id: u64 = visit.parse().ok()?;
        self.fake.standing().into_iter().find(|known| known.id == id)
    }

    /// Some visits of made-up clients a day, so that a day looks like a day.
    fn fill(&self, plan: &Plan, catalog: &Catalog, today: NaiveDate) {
        for date in today.iter_days().take(7) {
            for (nth, person) in catalog.staff.iter().enumerate() {
                let services: Vec<&Service> =
                    catalog.services.iter().filter(|service| service.staff.contains(&person.id)).collect();
                let stretches = hours(plan, &person.id, date);
                for (part, (from, to)) in stretches.into_iter().enumerate() {
                    // Which, when and who hang on the day and the person, and are the same in every run.
                    let number = date.to_epoch_days().unsigned_abs() as usize * 3 + nth * 5 + part * 2;
                    let Some(service) = services.get(number % services.len().max(1)) else { continue };
                    let start = date.and_time(from) + STEP * i32::try_from(number % 4).unwrap_or_default();
                    if start + TimeDelta::minutes(service.minutes.into()) <= date.and_time(to) {
                        self.book(&person.id, service, start, number);
                    }
                }
            }
        }
    }

    fn book(&self, staff: &StaffId, service: &Service, start: NaiveDateTime, number: usize) {
        let (Ok(staff), Ok(service)) = (staff.as_str().parse(), service.id.as_str().parse()) else { return };
        let name = NAMES.get(number % NAMES.len()).copied().unwrap_or_default();
        // Numbers of a range that belongs to nobody.
        let phone = format!("+1555010{:04}", number % 10_000);
        self.fake.desk().books(staff, service, start, &phone, name);
    }
}

/// The salon as Altegio has it: one wording for every text, and numbers for everything.
fn shop(plan: &Plan, catalog: &Catalog, today: NaiveDate) -> FakeSalon {
    let branch = &catalog.branch;
    let mut salon = FakeSalon::new(AtAltegio::LOCATION, &branch.name, branch.zone);
    if let Some(place) = &branch.place {
        // Altegio tells street and city apart.
        let (street, city) = place.address.rsplit_once(", ").unwrap_or((&place.address, ""));
        (salon.address, salon.city) = (street.to_owned(), city.to_owned());
        salon.place = place.point.map_or(salon.place, |point| (point.latitude, point.longitude));
    }
    salon.phone = branch.phone.clone().unwrap_or_default();
    salon.currency = branch.currency.symbol().to_string();
    for service in &catalog.services {
        let category = service.category.as_ref().map(|text| text.main.clone()).unwrap_or_default();
        let known = salon.categories.iter().find(|(_, title)| *title == category).map(|(id, _)| *id);
        let category = known.unwrap_or_else(|| {
            let id = 11 + salon.categories.len() as u64;
            salon.categories.push((id, category));
            id
        });
        let Ok(id) = service.id.as_str().parse() else { continue };
        let mut sold = FakeService::new(id, &service.name.main, service.minutes.into()).within(category);
        if let Some(price) = &service.price {
            let unit = 10_f64.powi(i32::from(branch.currency.exponent().unwrap_or(2)));
            let (from, to) = (price.from.minor, price.to.unwrap_or(price.from).minor);
            #[expect(clippy::cast_precision_loss, reason = "prices of a salon")]
            let amount = |minor: i64| minor as f64 / unit;
            sold = sold.priced(amount(from), amount(to));
        }
        sold.comment = service.description.as_ref().map(|text| text.main.clone()).unwrap_or_default();
        salon.services.push(sold);
    }
    for person in &catalog.staff {
        let Ok(id) = person.id.as_str().parse() else { continue };
        let does = catalog.services.iter().filter(|service| service.staff.contains(&person.id));
        let does: Vec<u64> = does.filter_map(|service| service.id.as_str().parse().ok()).collect();
        let mut member = FakeMember::new(id, &person.name).doing(&does);
        member.specialization = person.title.as_ref().map(|text| text.main.clone()).unwrap_or_default();
        member.days = today.iter_days().take(DAYS).map(|day| (day, hours(plan, &person.id, day))).collect();
        for day in today.iter_days().skip(1).take(7) {
            // The week as it usually is; what is unlike it stands among the days.
            if let Some(usual) = member.week.get_mut(day.weekday().num_days_from_monday() as usize) {
                *usual = hours(plan, &person.id, day);
            }
        }
        salon.staff.push(member);
    }
    salon
}
