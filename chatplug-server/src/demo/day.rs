//! The salon's day, as the page draws it: who works when, and who is booked.

use super::{
    api::{Api, ApiError},
    desk::DeskVisit,
};
use chatplug_core::{
    model::{ContactId, Localized, ServiceId, local_or_next},
    ports::EntryFilter,
};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use std::collections::HashMap;

/// A day of the first branch.
#[derive(Debug, Serialize)]
pub(super) struct Day {
    date: NaiveDate,
    staff: Vec<Person>,
    entries: Vec<Visit>,
}

#[derive(Debug, Serialize)]
struct Person {
    id: String,
    name: String,
    title: Option<HashMap<String, String>>,
    hours: Vec<Stretch>,
}

/// Minutes of the wall clock since midnight of the day.
#[derive(Debug, Serialize)]
struct Stretch {
    from: i64,
    to: i64,
}

#[derive(Debug, Serialize)]
struct Visit {
    id: String,
    staff: Option<String>,
    from: i64,
    to: i64,
    start: String,
    end: String,
    service: HashMap<String, String>,
    name: String,
    /// Phone of the client, where it is one of this simulator's.
    client: Option<String>,
    confirmed: bool,
}

/// Reads a day.
pub(super) async fn read(api: &Api, date: NaiveDate) -> Result<Day, ApiError> {
    let stage = &api.simulator.stage;
    let (branch, plan) = stage.branches.first().ok_or(ApiError::Missing("no branch"))?;
    let zone = plan.zone();
    let catalog = plan.catalog(branch);
    let minute =
        |at: DateTime<Utc>| (at.with_timezone(&zone).naive_local() - date.and_time(NaiveTime::MIN)).num_minutes();
    let staff = catalog.staff.iter().map(|person| Person {
        id: person.id.to_string(),
        name: person.name.clone(),
        title: person.title.as_ref().map(texts),
        hours: plan
            .working_time(&person.id, date)
            .into_iter()
            .map(|(from, to)| Stretch { from: minute(from), to: minute(to) })
            .collect(),
    });
    let (from, until) = bounds(date, zone).ok_or(ApiError::Wrong("no such day"))?;
    let filter = EntryFilter { from: Some(from), until: Some(until), ..EntryFilter::default() };
    let clients = clients(api).await?;
    if let Some(desk) = &stage.desk {
        let visits = desk.visits(date).into_iter().map(|visit| elsewhere(visit, date, &catalog, &clients));
        return Ok(Day { date, staff: staff.collect(), entries: visits.collect() });
    }
    let entries = api.calendars.calendar(&stage.tenant, branch).entries(filter).await?;
    let visits = entries.into_iter().filter(|entry| entry.standing && entry.start < until && entry.end > from);
    let visits = visits.map(|entry| Visit {
        id: entry.id,
        staff: entry.staff.map(Into::into),
        from: minute(entry.start),
        to: minute(entry.end),
        start: clock(entry.start, zone),
        end: clock(entry.end, zone),
        service: service(&catalog, entry.services.first()),
        name: entry.client_name.map(chatplug_core::model::Private::into_inner).unwrap_or_default(),
        client: clients.get(&entry.contact).cloned(),
        confirmed: entry.confirmed,
    });
    Ok(Day { date, staff: staff.collect(), entries: visits.collect() })
}

/// A visit as a booking system keeps it.
fn elsewhere(
    visit: DeskVisit,
    date: NaiveDate,
    catalog: &chatplug_core::model::Catalog,
    clients: &HashMap<ContactId, String>,
) -> Visit {
    let minute = |at: NaiveDateTime| (at - date.and_time(NaiveTime::MIN)).num_minutes();
    let booked = visit.service.and_then(|id| ServiceId::new(id).ok());
    Visit {
        id: visit.id,
        staff: Some(visit.staff),
        from: minute(visit.start),
        to: minute(visit.end),
        start: visit.start.format("%H:%M").to_string(),
        end: visit.end.format("%H:%M").to_string(),
        service: service(catalog, booked.as_ref()),
        name: visit.name,
        client: visit
            .contact
            .and_then(|contact| clients.get(&contact))
            .or_else(|| clients.values().find(|phone| **phone == visit.phone))
            .cloned(),
        confirmed: visit.confirmed,
    }
}

/// A text with its translations, the main one under `main`.
pub(super) fn texts(text: &Localized) -> HashMap<String, String> {
    let main = std::iter::once(("main".to_owned(), text.main.clone()));
    main.chain(text.by_lang.iter().map(|(lang, text)| (lang.code().to_owned(), text.clone()))).collect()
}

/// Name of a service, or its id when it is gone.
pub(super) fn service(catalog: &chatplug_core::model::Catalog, id: Option<&ServiceId>) -> HashMap<String, String> {
    let Some(id) = id else { return HashMap::from([("main".to_owned(), String::new())]) };
    catalog.service(id).map_or_else(|| HashMap::from([("main".to_owned(), id.to_string())]), |it| texts(&it.name))
}

/// A wall time: `15:30`.
pub(super) fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

/// First instant of a local day and of the next.
fn bounds(date: NaiveDate, zone: Tz) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let next = date.checked_add_days(Days::new(1))?;
    let begin = |date: NaiveDate| local_or_next(date.and_time(NaiveTime::MIN), zone);
    Some((begin(date), begin(next)))
}

async fn clients(api: &Api) -> Result<HashMap<ContactId, String>, ApiError> {
    let views = api.store().conversations(200).await?;
    let named =
        views.into_iter().filter_map(|view| Some((view.contact.id, view.contact.user.phone?.digits().to_owned())));
    Ok(named.collect())
}
