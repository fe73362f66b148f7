//! From a config to a [`Plan`]: every rule a config must keep, and what to write where it does not.

use crate::{
    config::{CalendarConfig, ConfigProblem, PlaceConfig, RatingConfig, ServiceConfig, StaffConfig, StaffSet, Text},
    hours::{DAY, Timetable, common},
    plan::{Plan, PlannedService, PlannedStaff},
    read::{Problems, country, currency, dates, price, week, zone},
};
use chatplug_core::model::{
    GeoPoint, Lang, Localized, OpeningHours, Place, Rating, Service, ServiceId, Staff, StaffId,
};
use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;
use iso_currency::Currency;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    str::FromStr,
};

impl CalendarConfig {
    /// Checks everything and makes a plan of it.
    ///
    /// # Errors
    /// All mistakes, in the order of the fields, each with its place and what to write instead.
    pub fn validate(&self) -> Result<Plan, Vec<ConfigProblem>> {
        let mut problems = Problems::default();
        let plan = self.plan(&mut problems);
        if problems.list.is_empty() { Ok(plan) } else { Err(problems.list) }
    }

    fn plan(&self, problems: &mut Problems) -> Plan {
        problems.filled("name", &self.name);
        let zone = zone(&self.zone, problems).unwrap_or(Tz::UTC);
        country(&self.country, problems);
        let currency = currency(&self.currency, problems);
        problems.within("horizon_days", self.horizon_days, 1, 730);
        problems.within("step_minutes", self.step_minutes, 1, DAY);
        if u64::from(self.lead_minutes) >= (u64::from(self.horizon_days) + 1) * u64::from(DAY) {
            problems.add("lead_minutes", "is longer than horizon_days, so nothing could ever be booked: lower it");
        }
        let branch = Timetable {
            week: week("hours", &self.hours, problems),
            breaks: week("breaks", &self.breaks, problems),
            dates: dates("dates", &self.dates, problems),
        };
        let staff = self.staff(&branch, problems);
        let services = self.services(&branch, currency, problems);
        Plan {
            name: self.name.trim().to_owned(),
            zone,
            country: self.country.clone(),
            currency: currency.unwrap_or(Currency::EUR),
            place: self.place.as_ref().map(|place| located(place, &self.name, problems)),
            phone: self.phone.clone(),
            opening: opening(&branch),
            lead: self.lead_minutes,
            horizon: self.horizon_days,
            step: self.step_minutes,
            services,
            staff,
        }
    }

    fn services(&self, branch: &Timetable, currency: Option<Currency>, problems: &mut Problems) -> Vec<PlannedService> {
        if self.services.is_empty() {
            problems.add("services", "is empty, so nothing could be booked: add a [[services]] block");
        }
        let (mut ids, mut names) = (BTreeMap::new(), BTreeMap::new());
        let mut planned = Vec::new();
        for (at, service) in self.services.iter().enumerate() {
            let path = format!("services[{at}]");
            unique(&path, "id", &service.id, &mut ids, problems);
            unique(&path, "name", &service.name.main, &mut names, problems);
            let Some(id) = identity::<ServiceId>(&path, &service.id, problems) else { continue };
            planned.push(self.service(&path, id, service, branch, currency, problems));
        }
        planned
    }

    fn service(
        &self,
        path: &str,
        id: ServiceId,
        service: &ServiceConfig,
        branch: &Timetable,
        currency: Option<Currency>,
        problems: &mut Problems,
    ) -> PlannedService {
        problems.within(format!("{path}.minutes"), service.minutes, 1, DAY);
        for (name, minutes) in [("buffer_before", service.buffer_before), ("buffer_after", service.buffer_after)] {
            problems.within(format!("{path}.{name}"), minutes, 0, DAY);
        }
        let staff = self.doers(path, service, problems);
        if let Some(capacity) = service.capacity {
            problems.within(format!("{path}.capacity"), capacity, 1, 10_000);
            if !staff.is_empty() {
                problems.add(
                    format!("{path}.capacity"),
                    "is only for services without a person, for one person sees one client at a time: \
                     take it out, or write staff = []",
                );
            }
        }
        let own = service.hours.as_ref().map(|hours| week(format!("{path}.hours"), hours, problems));
        let table = match own {
            Some(week) => Some(special_days(Timetable { week, ..Timetable::default() }, branch)),
            None if staff.is_empty() => Some(special_days(branch.clone(), branch)),
            None => None,
        };
        let unread = problems.mention("hours") || problems.mention(&format!("{path}.hours"));
        if staff.is_empty() && table.as_ref().is_some_and(never) && !unread {
            problems.add(
                format!("{path}.hours"),
                "is missing: without staff and opening hours it could never be booked; write hours = { mon-fri = [\"09:00-18:00\"] }",
            );
        }
        let shown = Service {
            id,
            name: localized(format!("{path}.name"), &service.name, problems),
            also: service.also.clone(),
            category: optional(format!("{path}.category"), service.category.as_ref(), problems),
            description: optional(format!("{path}.description"), service.description.as_ref(), problems),
            minutes: service.minutes,
            price: currency
                .and_then(|currency| price(&format!("{path}.price"), service.price.as_ref()?, currency, problems)),
            image: problems.url(format!("{path}.image"), service.image.as_ref()),
            staff,
            requires: service.requires.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
            gate: None,
        };
        PlannedService {
            shown,
            buffer_before: service.buffer_before,
            buffer_after: service.buffer_after,
            capacity: service.capacity.unwrap_or(1),
            table,
        }
    }

    /// Who does a service, in the order of the staff.
    fn doers(&self, path: &str, service: &ServiceConfig, problems: &mut Problems) -> Vec<StaffId> {
        let wanted = |id: &str| match &service.staff {
            StaffSet::All => true,
            StaffSet::Only(ids) => ids.iter().any(|wanted| wanted == id),
        };
        if let StaffSet::Only(ids) = &service.staff {
            let mut seen = BTreeSet::new();
            for (at, id) in ids.iter().enumerate() {
                if !self.staff.iter().any(|person| person.id == *id) {
                    let known = self.staff.iter().map(|person| person.id.as_str()).collect::<Vec<_>>().join(", ");
                    problems
                        .add(format!("{path}.staff[{at}]"), format!("nobody has the id \"{id}\"; there are: {known}"));
                }
                if !seen.insert(id) {
                    problems.add(format!("{path}.staff[{at}]"), format!("\"{id}\" is named twice: once is enough"));
                }
            }
        }
        self.staff
            .iter()
            .filter(|person| wanted(&person.id))
            .filter_map(|person| StaffId::new(&person.id).ok())
            .collect()
    }

    fn staff(&self, branch: &Timetable, problems: &mut Problems) -> Vec<PlannedStaff> {
        let (mut ids, mut names) = (BTreeMap::new(), BTreeMap::new());
        let mut planned = Vec::new();
        for (at, person) in self.staff.iter().enumerate() {
            let path = format!("staff[{at}]");
            unique(&path, "id", &person.id, &mut ids, problems);
            unique(&path, "name", &person.name, &mut names, problems);
            let table = own_table(&path, person, branch, problems);
            let unread = problems.mention("hours") || problems.mention(&format!("{path}.hours"));
            if never(&table) && !unread {
                problems.add(
                    format!("{path}.hours"),
                    "is missing, and the branch has no hours: write hours = { mon-fri = [\"09:00-18:00\"] }",
                );
            }
            let Some(id) = identity::<StaffId>(&path, &person.id, problems) else { continue };
            let shown = Staff {
                id,
                name: person.name.trim().to_owned(),
                also: person.also.clone(),
                title: optional(format!("{path}.title"), person.title.as_ref(), problems),
                rating: person.rating.as_ref().and_then(|rating| rated(&path, rating, problems)),
                photo: problems.url(format!("{path}.photo"), person.photo.as_ref()),
                languages: languages(&path, &person.languages, problems),
            };
            planned.push(PlannedStaff { shown, table });
        }
        planned
    }
}

fn own_table(path: &str, person: &StaffConfig, branch: &Timetable, problems: &mut Problems) -> Timetable {
    let hours = person.hours.as_ref().map(|hours| week(format!("{path}.hours"), hours, problems));
    let breaks = person.breaks.as_ref().map(|breaks| week(format!("{path}.breaks"), breaks, problems));
    let table = Timetable {
        week: hours.unwrap_or_else(|| branch.week.clone()),
        breaks: breaks.unwrap_or_else(|| branch.breaks.clone()),
        dates: BTreeMap::new(),
    };
    let mut table = special_days(table, branch);
    table.dates.extend(dates(&format!("{path}.dates"), &person.dates, problems));
    table
}

/// On the branch's special days one works no longer than usual, and no longer than the branch is open.
fn special_days(mut table: Timetable, branch: &Timetable) -> Timetable {
    let usual = Timetable { dates: BTreeMap::new(), ..table };
    let dates = branch.dates.iter().map(|(date, open)| (*date, common(usual.shifts(*date), open))).collect();
    table = Timetable { dates, ..usual };
    table
}

fn never(table: &Timetable) -> bool {
    table.week.iter().all(Vec::is_empty) && table.dates.values().all(Vec::is_empty)
}

/// The week for showing: what runs over midnight is told day by day.
fn opening(branch: &Timetable) -> Vec<OpeningHours> {
    let clock = |minute: u32| NaiveTime::from_hms_opt(minute / 60, minute % 60, 0);
    let last = NaiveTime::from_hms_opt(23, 59, 0);
    let mut shown = Vec::new();
    let mut day = Weekday::Mon;
    for stretches in &branch.week {
        for stretch in stretches {
            let parts = [(day, stretch.from, stretch.to.min(DAY)), (day.succ(), DAY, stretch.to)];
            for (day, from, to) in parts.into_iter().filter(|(_, from, to)| from < to) {
                let to = if to == DAY { last } else { clock(to % DAY) };
                if let (Some(from), Some(to)) = (clock(from % DAY), to) {
                    shown.push(OpeningHours { day, from, to });
                }
            }
        }
        day = day.succ();
    }
    shown.sort_by_key(|hours| (hours.day.num_days_from_monday(), hours.from));
    shown
}

fn located(place: &PlaceConfig, branch: &str, problems: &mut Problems) -> Place {
    problems.filled("place.address", &place.address);
    let point = match (place.latitude, place.longitude) {
        (Some(latitude), Some(longitude)) => {
            for (name, degrees, most) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
                if !(-most..=most).contains(&degrees) {
                    problems.add(format!("place.{name}"), format!("is not between -{most} and {most} degrees"));
                }
            }
            Some(GeoPoint { latitude, longitude })
        }
        (None, None) => None,
        (Some(_), None) => {
            problems.add("place.longitude", "is missing: a pin needs both latitude and longitude");
            None
        }
        (None, Some(_)) => {
            problems.add("place.latitude", "is missing: a pin needs both latitude and longitude");
            None
        }
    };
    Place {
        name: place.name.as_deref().unwrap_or(branch).trim().to_owned(),
        address: place.address.trim().to_owned(),
        point,
    }
}

/// Reports a value that an earlier block has too; letters of either case are the same to clients.
fn unique(path: &str, field: &str, value: &str, seen: &mut BTreeMap<String, String>, problems: &mut Problems) {
    problems.filled(format!("{path}.{field}"), value);
    let folded = if field == "id" { value.to_owned() } else { value.trim().to_lowercase() };
    if let Some(earlier) = seen.get(&folded) {
        let message = format!("\"{value}\" is also the {field} of {earlier}: give each its own");
        problems.add(format!("{path}.{field}"), message);
    } else {
        seen.insert(folded, path.to_owned());
    }
}

fn identity<T: FromStr<Err: Display>>(path: &str, id: &str, problems: &mut Problems) -> Option<T> {
    if id.is_empty() {
        return None;
    }
    id.parse().map_err(|error| problems.add(format!("{path}.id"), format!("\"{id}\": {error}"))).ok()
}

fn rated(path: &str, rating: &RatingConfig, problems: &mut Problems) -> Option<Rating> {
    let tenths = (rating.stars * 10.0).round();
    if !(0.0..=50.0).contains(&tenths) {
        problems.add(format!("{path}.rating.stars"), "is not between 0 and 5: write an average such as 4.8");
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 50, see above")]
    Some(Rating { tenths: tenths as u8, count: rating.reviews })
}

fn languages(path: &str, codes: &[String], problems: &mut Problems) -> Vec<Lang> {
    let mut known = Vec::new();
    for (at, code) in codes.iter().enumerate() {
        match code.parse() {
            Ok(lang) => known.push(lang),
            Err(error) => problems.add(format!("{path}.languages[{at}]"), format!("{error}")),
        }
    }
    known
}

fn optional(path: String, text: Option<&Text>, problems: &mut Problems) -> Option<Localized> {
    text.map(|text| localized(path, text, problems))
}

pub(crate) fn localized(path: String, text: &Text, problems: &mut Problems) -> Localized {
    if !path.ends_with(".name") {
        problems.filled(&path, &text.main);
    }
    let mut whole = Localized::new(text.main.trim());
    for (code, wording) in &text.by_lang {
        problems.filled(format!("{path}.{code}"), wording);
        match code.parse::<Lang>() {
            Ok(lang) => whole = whole.with(lang, wording.trim()),
            Err(error) => problems.add(format!("{path}.{code}"), format!("{error}")),
        }
    }
    whole
}
