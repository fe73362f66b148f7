//! The catalogue: what a location sells, who does it and for how long, as far as clients can really have it.
//!
//! Altegio's own lists hold everything that was ever sold and everybody who ever worked there; what counts is what its
//! online booking offers. Services made of others are left out: they cannot be booked as such; their parts can.

use super::{AltegioBackend, number, place, service_id, staff_id, times::Snapshot};
use crate::{
    Call, CallError,
    wire::shop::{Company, Member, Online, OnlineService, Service as WireService},
};
use chatplug_core::model::{
    Branch, Catalog, ClientField, DateRange, Gate, Localized, OpeningHours, Price, Rating, Service, ServiceId, Staff,
};
use chrono::{DateTime, Datelike as _, Duration, NaiveDate, NaiveTime, Utc, Weekday};
use iso_currency::Currency;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Altegio's pictures of those who have none.
const NO_PICTURE: &str = "no-master";
/// Days of schedules that are read with the catalogue: opening hours are taken from them.
const DAYS: i64 = 14;
/// A day's beginnings are so far apart when a service does not say.
const USUAL_STEP: i64 = 900;
const DAY: i64 = 24 * 60 * 60;
/// In the public way the services of so many people are asked for, one by one.
const MOST_PEOPLE: usize = 40;

/// What was read, and what only we need of it.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) catalog: Catalog,
    sold: HashMap<i64, Sold>,
}

/// What there is to know of a service beside what clients see.
#[derive(Debug, Clone)]
pub(super) struct Sold {
    /// Seconds that each person takes.
    doers: BTreeMap<i64, i64>,
    category: Option<i64>,
    /// The one price, where there is one.
    cost: Option<f64>,
    grid: Grid,
}

/// When a service may begin, in seconds of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) step: i64,
}

/// Services wanted together.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// In order.
    pub(super) services: Vec<i64>,
    /// The one price of each, where there is one.
    pub(super) costs: Vec<Option<f64>>,
    /// Who does all of them, and how many seconds that takes.
    pub(super) doers: BTreeMap<i64, i64>,
    pub(super) grid: Grid,
    /// What all cost together, where that is certain.
    pub(super) price: Option<Price>,
}

impl Shop {
    pub(super) const fn branch(&self) -> &Branch {
        &self.catalog.branch
    }

    /// What is needed to know about services wanted together; `None`: one of them is not sold (any more).
    pub(super) fn order(&self, services: &[ServiceId]) -> Option<Order> {
        let ids: Vec<i64> = services.iter().map(|id| number(id.as_str())).collect::<Option<_>>()?;
        let sold: Vec<&Sold> = ids.iter().map(|id| self.sold.get(id)).collect::<Option<_>>()?;
        let (first, rest) = sold.split_first()?;
        let mut doers = first.doers.clone();
        let mut grid = first.grid;
        for one in rest {
            doers.retain(|id, _| one.doers.contains_key(id));
            for (id, seconds) in &mut doers {
                *seconds += one.doers.get(id).copied().unwrap_or_default();
            }
            grid.step = grid.step.max(one.grid.step);
        }
        let costs: Vec<_> = sold.iter().map(|one| one.cost).collect();
        let whole = costs.iter().copied().sum::<Option<f64>>();
        let price = whole.map(|cost| Price::fixed(place::money(cost, self.branch().currency)));
        Some(Order { services: ids, costs, doers, grid, price })
    }

    /// The category of a service.
    pub(super) fn category(&self, service: i64) -> Option<i64> {
        self.sold.get(&service)?.category
    }
}

impl AltegioBackend {
    /// Reads the catalogue by five calls, of which the last is that of free times as well.
    pub(super) async fn shop_of_business(&self, now: DateTime<Utc>) -> Result<Shop, CallError> {
        let at = self.at.location;
        let company = self.client.get::<Company>(format!("company/{at}?showBookforms=1"));
        let online = self.client.get::<Online>(format!("book_services/{at}"));
        let services = self.client.get::<Vec<WireService>>(format!("company/{at}/services"));
        let staff = self.client.get::<Vec<Member>>(format!("book_staff/{at}"));
        // The zone is not known yet: it may be another day there.
        let yesterday = now.date_naive() - Duration::days(1);
        let days = DateRange { from: yesterday, to: yesterday + Duration::days(DAYS + 1) };
        let schedule = async {
            match self.read_days(days, now).await {
                // Without this right there are no opening hours, and no free times later.
                Err(CallError::Forbidden(_) | CallError::NotFound(_)) => Ok(None),
                other => other.map(Some),
            }
        };
        let (company, online, services, staff, schedule) =
            tokio::try_join!(company, online, services, staff, schedule)?;
        let hours = schedule.as_ref().map(|days| opening_hours(days, &staff)).unwrap_or_default();
        if let Some(days) = schedule {
            self.keep_days(days);
        }
        self.build(&company, online, services, staff, hours)
    }

    /// Reads the catalogue without a user: who does what is asked person by person.
    pub(super) async fn shop_of_public(&self) -> Result<Shop, CallError> {
        let at = self.at.location;
        let company = self.client.get::<Company>(format!("company/{at}?showBookforms=1"));
        let online = self.client.get::<Online>(format!("book_services/{at}"));
        let staff = self.client.get::<Vec<Member>>(format!("book_staff/{at}"));
        let (company, online, staff) = tokio::try_join!(company, online, staff)?;
        let mut services: BTreeMap<i64, WireService> = BTreeMap::new();
        for member in staff.iter().filter(|member| is_there(member)).take(MOST_PEOPLE) {
            let call = Call::get(format!("book_services/{at}")).query("staff_id", member.id);
            let done: Online = self.client.send(&call).await?.data;
            for one in done.services {
                let service = services.entry(one.id).or_insert_with(|| WireService::of(one.id));
                service.staff.push(crate::wire::shop::ServiceStaff { id: member.id, seance_length: one.seance_length });
            }
        }
        self.build(&company, online, services.into_values().collect(), staff, Vec::new())
    }

    fn build(
        &self,
        company: &Company,
        online: Online,
        services: Vec<WireService>,
        staff: Vec<Member>,
        hours: Vec<OpeningHours>,
    ) -> Result<Shop, CallError> {
        let told = online.services.iter().find_map(|one| {
            let settings = one.prepaid_settings.as_ref()?;
            Currency::from_code(&settings.prepaid_min.as_ref()?.currency)
        });
        let branch = place::branch(&self.at, company, told, hours)
            .map_err(|why| CallError::Unavailable { source: Some(why.into()) })?;
        let link = company.bookforms.iter().max_by_key(|form| form.is_default).map(|form| form.url.clone());
        let link = link.filter(|url| url.starts_with("https://"));
        let mut people = staff;
        people.retain(is_there);
        people.sort_by_key(|member| std::cmp::Reverse(member.weight));
        let there: BTreeSet<i64> = people.iter().map(|member| member.id).collect();
        let mut details: HashMap<i64, WireService> = services.into_iter().map(|one| (one.id, one)).collect();
        let titles: HashMap<i64, (&str, i64)> =
            online.category.iter().map(|one| (one.id, (one.title.trim(), one.weight.unwrap_or_default()))).collect();
        let mut listed: Vec<&OnlineService> = online.services.iter().filter(|one| !one.is_composite).collect();
        let weight = |one: &OnlineService| {
            let category = one.category_id.and_then(|id| titles.get(&id)).map_or(i64::MIN, |(_, weight)| *weight);
            std::cmp::Reverse((category, one.category_id, one.weight))
        };
        listed.sort_by_key(|one| weight(one));
        let (mut shown, mut sold) = (Vec::new(), HashMap::new());
        for one in listed {
            let Some(details) = details.remove(&one.id) else { continue };
            let Some(kept) = Sold::of(one, &details, &there) else { continue };
            let title = one.category_id.and_then(|id| titles.get(&id)).map(|(title, _)| *title);
            let gate = gate(one, &details, link.clone());
            let Some(service) = shown_service(one, &details, &kept, title, gate, branch.currency) else { continue };
            sold.insert(one.id, kept);
            shown.push(service);
        }
        let staff: Vec<Staff> = people.into_iter().filter_map(shown_member).collect();
        let mut catalog = Catalog { version: 0, branch, services: shown, staff };
        catalog.version = version(&catalog);
        Ok(Shop { catalog, sold })
    }
}

impl WireService {
    fn of(id: i64) -> Self {
        Self {
            id,
            duration: None,
            seance_search_start: None,
            seance_search_finish: None,
            seance_search_step: None,
            image_group: None,
            staff: Vec::new(),
            abonement_restriction_value: None,
        }
    }
}

impl Sold {
    /// `None`: nobody does it.
    fn of(one: &OnlineService, details: &WireService, there: &BTreeSet<i64>) -> Option<Self> {
        let usual = details.duration.or(one.seance_length).filter(|seconds| *seconds > 0);
        let doers: BTreeMap<i64, i64> = details
            .staff
            .iter()
            .filter(|member| there.contains(&member.id))
            .filter_map(|member| Some((member.id, member.seance_length.filter(|seconds| *seconds > 0).or(usual)?)))
            .collect();
        let cost = one.price_min.filter(|from| *from > 0.0 && one.price_max.is_none_or(|to| to <= *from));
        let grid = Grid {
            first: details.seance_search_start.unwrap_or_default().clamp(0, DAY),
            last: details.seance_search_finish.filter(|last| *last > 0).unwrap_or(DAY).min(DAY),
            step: details.seance_search_step.filter(|step| *step >= 60).unwrap_or(USUAL_STEP),
        };
        (!doers.is_empty()).then_some(Self { doers, category: one.category_id, cost, grid })
    }

    /// How long it takes, in seconds: what all agree on, or what the service itself says.
    fn seconds(&self, usual: Option<i64>) -> i64 {
        let mut lengths: Vec<i64> = self.doers.values().copied().collect();
        lengths.sort_unstable();
        lengths.dedup();
        match (lengths.as_slice(), usual) {
            ([all], _) => *all,
            (_, Some(usual)) if usual > 0 => usual,
            _ => lengths.first().copied().unwrap_or_default(),
        }
    }
}

/// Who is there and can be booked by clients.
fn is_there(member: &Member) -> bool {
    member.bookable && !member.fired && !member.status && !member.hidden && !member.name.trim().is_empty()
}

fn shown_service(
    one: &OnlineService,
    details: &WireService,
    kept: &Sold,
    category: Option<&str>,
    gate: Option<Gate>,
    currency: Currency,
) -> Option<Service> {
    let title = one.title.trim();
    let minutes = u32::try_from((kept.seconds(details.duration) + 59) / 60).ok().filter(|minutes| *minutes > 0)?;
    if title.is_empty() {
        return None;
    }
    let basic = || details.image_group.as_ref()?.images.as_ref()?.basic.as_ref().map(|image| image.path.as_str());
    let mut service = Service::new(service_id(one.id)?, title, minutes);
    service.category = category.filter(|title| !title.is_empty()).map(Localized::new);
    service.description = plain(&one.comment).map(Localized::new);
    service.price = price(one, currency);
    service.image = picture(&one.image).or_else(|| picture(basic()?));
    service.staff = kept.doers.keys().filter_map(|id| staff_id(*id)).collect();
    service.requires = vec![ClientField::Name, ClientField::Phone];
    service.gate = gate;
    Some(service)
}

fn price(one: &OnlineService, currency: Currency) -> Option<Price> {
    let from = one.price_min.filter(|from| *from >= 0.0)?;
    let to = one.price_max.filter(|to| *to > from);
    if from == 0.0 && to.is_none() {
        return None;
    }
    let money = |amount| place::money(amount, currency);
    Some(Price { from: money(from), to: to.map(money) })
}

/// What it takes, which a chat cannot give: Altegio takes payments on its own page only.
fn gate(one: &OnlineService, details: &WireService, link: Option<String>) -> Option<Gate> {
    let restricted = [one.abonement_restriction, details.abonement_restriction_value];
    if restricted.into_iter().flatten().any(|value| value != 0) {
        return Some(Gate::Membership);
    }
    let settings = one.prepaid_settings.as_ref().map_or("", |settings| settings.status.as_str());
    (one.prepaid == "required" || settings == "required").then_some(Gate::Prepayment { link })
}

fn shown_member(member: Member) -> Option<Staff> {
    let mut staff = Staff::new(staff_id(member.id)?, member.name.trim());
    let position = member.position.map(|position| position.title).unwrap_or_default();
    let title = [member.specialization, position].into_iter().map(|title| title.trim().to_owned());
    staff.title = title.into_iter().find(|title| !title.is_empty()).map(Localized::new);
    let rating = member.rating.filter(|rating| member.show_rating && (0.05..=5.0).contains(rating));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 50")]
    let tenths = rating.map(|rating| (rating * 10.0).round() as u8);
    let count = member.votes_count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default();
    staff.rating = tenths.map(|tenths| Rating { tenths, count });
    staff.photo = [member.avatar_big, member.avatar].iter().find_map(|url| picture(url));
    Some(staff)
}

fn picture(url: &str) -> Option<String> {
    (url.starts_with("https://") && !url.contains(NO_PICTURE)).then(|| url.to_owned())
}

/// A remark without its mark-up; nothing when nothing is left.
fn plain(html: &str) -> Option<String> {
    let (mut text, mut inside) = (String::with_capacity(html.len()), false);
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&nbsp;", " ").replace("&amp;", "&").replace("&quot;", "\"");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// When somebody is there, by day of the week: of the first such day in the schedules.
fn opening_hours(days: &Snapshot, staff: &[Member]) -> Vec<OpeningHours> {
    let there: BTreeSet<i64> = staff.iter().filter(|member| is_there(member)).map(|member| member.id).collect();
    let mut hours = Vec::new();
    for offset in 0..7 {
        let day = days.range().from + Duration::days(offset);
        // A holiday is no rule: the same day of the next week may say otherwise.
        let first = [day, day + Duration::days(7)].into_iter().map(|day| union(days, day, &there));
        let stretches = first.into_iter().find(|stretches| !stretches.is_empty()).unwrap_or_default();
        let clock = |seconds: i64| {
            let seconds = u32::try_from(seconds.min(DAY - 60)).ok()?;
            NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0)
        };
        let open = stretches.into_iter().filter_map(|(from, to)| Some((clock(from)?, clock(to)?)));
        let day = day.weekday();
        hours.extend(open.filter(|(from, to)| from < to).map(|(from, to)| OpeningHours { day, from, to }));
    }
    hours.sort_by_key(|hours| (Weekday::num_days_from_monday(&hours.day), hours.from));
    hours
}

/// When at least one of these is there.
fn union(days: &Snapshot, day: NaiveDate, there: &BTreeSet<i64>) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> =
        there.iter().filter_map(|id| days.day(*id, day)).flat_map(|day| day.work.iter().copied()).collect();
    all.sort_unstable();
    super::times::merged(all)
}

/// Tells one catalogue from another.
fn version(catalog: &Catalog) -> u64 {
    let written = serde_json::to_vec(catalog).unwrap_or_default();
    let digest = Sha256::digest(written);
    digest.iter().take(8).fold(0, |version, byte| (version << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_lose_their_mark_up() {
        assert_eq!(plain("<p>A&nbsp;<b>fine</b> cut</p>").as_deref(), Some("A fine cut"));
        assert_eq!(plain("<span></span>"), None);
    }
}
