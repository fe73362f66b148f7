//! What of a booking system's promises can be looked at without writing anything: on a live account, before it is relied on.
//! The contract suite of the test kit asserts the catalogue and the times by the same rules.

use crate::{
    model::{BranchId, Catalog, DateRange, Service, ServiceId, Slot, SlotQuery, StaffChoice, StaffId},
    ports::{BackendError, BookingBackend, BookingFilter},
};
use chrono::{DateTime, Utc};
use std::{collections::BTreeSet, fmt::Display, slice::from_ref};

/// Services looked at; the rest is alike.
const SAMPLE: usize = 3;

/// One promise, and what broke it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// What was promised, in words.
    pub name: &'static str,
    /// How it is broken; `None`: it is kept.
    pub broken: Option<String>,
}

/// Looks at everything that a booking system promises and that can be looked at by reading alone.
///
/// # Errors
/// When the catalogue cannot be read: then nothing can be looked at.
pub async fn soundness(
    backend: &dyn BookingBackend,
    branch: &BranchId,
    days: DateRange,
    now: DateTime<Utc>,
) -> Result<Vec<Promise>, BackendError> {
    let catalog = backend.catalog(branch).await?;
    let mut promises = Vec::new();
    let mut keep = |name, held: Result<(), String>| promises.push(Promise { name, broken: held.err() });
    let ratings = backend.capabilities().ratings;
    keep("the catalogue is sane", check_catalog(&catalog, branch, ratings));
    let again = backend.catalog(branch).await;
    keep("the catalogue is the same when it is read again", same(&catalog, &again));
    if let Ok(nowhere) = BranchId::new("no-such-branch") {
        let answer = backend.catalog(&nowhere).await;
        let held = matches!(answer, Err(BackendError::NotFound { .. }));
        keep("an unknown branch is not found", told(held, "another branch is answered for"));
    }
    let query = |service: &ServiceId| SlotQuery {
        branch: branch.clone(),
        services: vec![service.clone()],
        staff: StaffChoice::Any,
        days,
        party: 1,
        excluding: None,
    };
    if let Ok(gone) = ServiceId::new("999999999") {
        let answer = backend.availability(&query(&gone)).await;
        let held = matches!(answer, Err(BackendError::StaleCatalog));
        keep("an unknown service is a stale catalogue", told(held, "a service that is not there is answered for"));
    }
    let open = catalog.services.iter().filter(|service| service.gate.is_none());
    for service in open.take(SAMPLE) {
        let free = backend.availability(&query(&service.id)).await;
        let held = match &free {
            Ok(free) => check_slots(&free.slots, &catalog, service, &StaffChoice::Any, days, now),
            Err(error) => Err(format!("{}: {error}", service.name.main)),
        };
        keep("free times are in order, ahead and as long as the service", held);
    }
    let mut filter = BookingFilter::at(branch.clone());
    filter.from = Some(now);
    let held = match backend.find(&filter).await {
        Ok(found) => match found.iter().find(|booking| booking.start < now || booking.reference.branch != *branch) {
            Some(stray) => Err(format!("one that begins {} came back", stray.start)),
            None => Ok(()),
        },
        Err(error) => Err(error.to_string()),
    };
    keep("bookings are found by time", held);
    Ok(promises)
}

fn same(before: &Catalog, again: &Result<Catalog, BackendError>) -> Result<(), String> {
    match again {
        Ok(again) if again == before => Ok(()),
        Ok(_) => Err("it is another one, or has another version".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn told(held: bool, otherwise: &str) -> Result<(), String> {
    if held { Ok(()) } else { Err(otherwise.to_owned()) }
}

/// Ids are unique, what is named exists, every service takes time and costs the branch's money.
///
/// # Errors
/// What is wrong, in words.
pub fn check_catalog(catalog: &Catalog, expected: &BranchId, ratings: bool) -> Result<(), String> {
    let Catalog { branch, services, staff, .. } = catalog;
    told(branch.id == *expected, "it is of another branch")?;
    let letters = branch.country.len() == 2 && branch.country.bytes().all(|letter| letter.is_ascii_uppercase());
    ensure(letters, || format!("the country {:?} is not two capital letters", branch.country))?;
    for hours in &branch.hours {
        ensure(hours.from < hours.to, || format!("opening hours end before they begin: {hours:?}"))?;
    }
    let people: BTreeSet<&StaffId> = staff.iter().map(|person| &person.id).collect();
    told(people.len() == staff.len(), "two people have one id")?;
    let ids: BTreeSet<&ServiceId> = services.iter().map(|service| &service.id).collect();
    told(ids.len() == services.len(), "two services have one id")?;
    for service in services {
        check_service(catalog, service, &people)?;
    }
    let rated = staff.iter().any(|person| person.rating.is_some());
    told(!rated || ratings, "there are ratings, but the capabilities deny it")?;
    let fits = staff.iter().filter_map(|person| person.rating).all(|rating| rating.tenths <= 50);
    told(fits, "somebody has more than five stars")
}

fn check_service(catalog: &Catalog, service: &Service, people: &BTreeSet<&StaffId>) -> Result<(), String> {
    let id = &service.id;
    ensure(service.minutes > 0, || format!("{id} takes no time"))?;
    ensure(!service.name.main.trim().is_empty(), || format!("{id} has no name"))?;
    let doers: BTreeSet<&StaffId> = service.staff.iter().collect();
    ensure(doers.len() == service.staff.len(), || format!("{id} names somebody twice"))?;
    ensure(doers.is_subset(people), || format!("{id} is done by somebody whom the catalogue does not have"))?;
    if let Some(price) = service.price {
        let same = price.from.currency == catalog.branch.currency;
        ensure(same, || format!("{id} costs another money than its branch takes"))?;
        ensure(price.from.minor >= 0, || format!("{id} costs less than nothing"))?;
        let rises = price.to.is_none_or(|to| to.currency == price.from.currency && to.minor > price.from.minor);
        ensure(rises, || format!("the price range of {id} does not rise"))?;
    }
    Ok(())
}

/// Free times lie in the days asked for, ahead of now, in order, as long as the service, each time once.
///
/// # Errors
/// What is wrong, in words.
pub fn check_slots(
    free: &[Slot],
    catalog: &Catalog,
    service: &Service,
    choice: &StaffChoice,
    days: DateRange,
    now: DateTime<Utc>,
) -> Result<(), String> {
    for (slot, next) in free.iter().zip(free.iter().skip(1)) {
        ensure(slot.start < next.start, || format!("{} does not come before {}", slot.start, next.start))?;
    }
    for slot in free {
        let at = |what: &str| format!("{}: {what}", slot.local_start());
        ensure(slot.branch == catalog.branch.id && slot.zone == catalog.branch.zone, || at("another place or zone"))?;
        ensure(slot.services.as_slice() == from_ref(&service.id), || at("another service"))?;
        ensure(slot.staff == *choice, || at("for somebody else than asked for"))?;
        ensure(slot.start > now, || at("past"))?;
        ensure(days.contains(slot.local_start().date()), || at("another day"))?;
        let minutes = (slot.end - slot.start).num_minutes();
        ensure(minutes == i64::from(service.minutes), || at("it lasts another time than its service"))?;
        ensure(slot.capacity > 0, || at("room for nobody"))?;
        let able = slot.candidates.iter().all(|person| service.staff.contains(person));
        ensure(able, || at("a candidate does not do this service"))?;
        let distinct: BTreeSet<_> = slot.candidates.iter().collect();
        ensure(distinct.len() == slot.candidates.len(), || at("somebody is a candidate twice"))?;
    }
    Ok(())
}

fn ensure<S: Display>(held: bool, otherwise: impl FnOnce() -> S) -> Result<(), String> {
    if held { Ok(()) } else { Err(otherwise().to_string()) }
}
