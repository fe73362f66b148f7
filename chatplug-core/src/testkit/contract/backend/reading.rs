//! Promises about the catalogue and free times.

use super::{BackendHarness, OrFail as _, assert_not_found, skip};
use crate::{
    model::{BranchId, Catalog, ServiceId, StaffChoice, StaffId},
    ports::{BackendError, BookingFilter},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    slice::from_ref,
};

/// Ids are unique, what is named exists, every service takes time and costs the branch's money.
pub async fn catalogue_is_sane(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let catalog = scene.backend.catalog(&scene.branch).await.or_fail("the catalogue");
    let Catalog { branch, services, staff, .. } = &catalog;
    assert_eq!(branch.id, scene.branch, "the catalogue is of another branch");
    let letters = branch.country.len() == 2 && branch.country.bytes().all(|letter| letter.is_ascii_uppercase());
    assert!(letters, "the country {:?} is not two capital letters", branch.country);
    for hours in &branch.hours {
        assert!(hours.from < hours.to, "opening hours end before they begin: {hours:?}");
    }
    let people: BTreeSet<&StaffId> = staff.iter().map(|person| &person.id).collect();
    assert_eq!(people.len(), staff.len(), "two people have one id");
    let ids: BTreeSet<&ServiceId> = services.iter().map(|service| &service.id).collect();
    assert_eq!(ids.len(), services.len(), "two services have one id");
    assert!(ids.contains(&scene.service), "the harness names a service that the catalogue does not have");
    for service in services {
        assert!(service.minutes > 0, "{} takes no time", service.id);
        assert!(!service.name.main.trim().is_empty(), "{} has no name", service.id);
        let doers: BTreeSet<&StaffId> = service.staff.iter().collect();
        assert_eq!(doers.len(), service.staff.len(), "{} names somebody twice", service.id);
        assert!(doers.is_subset(&people), "{} is done by somebody whom the catalogue does not have", service.id);
        if let Some(price) = service.price {
            assert_eq!(
                price.from.currency, branch.currency,
                "{} costs another money than its branch takes",
                service.id
            );
            assert!(price.from.minor >= 0, "{} costs less than nothing", service.id);
            let rises = price.to.is_none_or(|to| to.currency == price.from.currency && to.minor > price.from.minor);
            assert!(rises, "the price range of {} does not rise", service.id);
        }
    }
    let rated = staff.iter().any(|person| person.rating.is_some());
    assert!(!rated || scene.backend.capabilities().ratings, "there are ratings, but the capabilities deny it");
    assert!(staff.iter().filter_map(|person| person.rating).all(|rating| rating.tenths <= 50), "more than five stars");
}

/// Nothing changed, so neither does the catalogue nor its version.
pub async fn catalogue_is_the_same_when_read_again(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let before = scene.backend.catalog(&scene.branch).await.or_fail("the catalogue");
    scene.book(&scene.first().await, 0, "book").await;
    let after = scene.backend.catalog(&scene.branch).await.or_fail("the catalogue");
    assert_eq!(before, after);
    assert_eq!(scene.backend.capabilities(), scene.backend.capabilities());
}

/// Another branch is not answered with this one.
pub async fn unknown_branch_is_not_found(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let nowhere = BranchId::new("no-such-branch").or_fail("an id");
    assert_not_found(scene.backend.catalog(&nowhere).await, "the catalogue of an unknown branch");
    let mut query = scene.query(StaffChoice::Any);
    query.branch = nowhere.clone();
    assert_not_found(scene.backend.availability(&query).await, "availability at an unknown branch");
    assert_not_found(scene.backend.find(&BookingFilter::at(nowhere)).await, "find at an unknown branch");
}

/// A service that is gone says: read the catalogue again.
pub async fn unknown_service_is_a_stale_catalogue(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let mut query = scene.query(StaffChoice::Any);
    query.services = vec![ServiceId::new("999999999").or_fail("an id")];
    let answer = scene.backend.availability(&query).await;
    assert!(matches!(answer, Err(BackendError::StaleCatalog)), "must be StaleCatalog, and was {answer:?}");
}

/// A person who is gone says: read the catalogue again.
pub async fn unknown_person_is_a_stale_catalogue(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if scene.service().await.staff.is_empty() {
        return skip("unknown_person_is_a_stale_catalogue", "nobody to choose");
    }
    let gone = StaffChoice::One(StaffId::new("999999999").or_fail("an id"));
    let answer = scene.backend.availability(&scene.query(gone)).await;
    assert!(matches!(answer, Err(BackendError::StaleCatalog)), "must be StaleCatalog, and was {answer:?}");
}

/// Free times lie in the days asked for, ahead of now, in order, as long as the service, each time once.
pub async fn free_times_are_in_order_and_ahead(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let service = scene.service().await;
    let zone = scene.backend.catalog(&scene.branch).await.or_fail("the catalogue").branch.zone;
    let mut choices = vec![StaffChoice::Any];
    choices.extend(service.staff.iter().cloned().map(StaffChoice::One));
    for choice in choices {
        let free = scene.free(choice.clone()).await;
        assert!(choice != StaffChoice::Any || !free.is_empty(), "the harness's days have no free time");
        for (slot, next) in free.iter().zip(free.iter().skip(1)) {
            assert!(slot.start < next.start, "{} does not come before {}", slot.start, next.start);
        }
        for slot in &free {
            assert_eq!((&slot.branch, slot.zone), (&scene.branch, zone));
            assert_eq!(slot.services.as_slice(), from_ref(&scene.service));
            assert_eq!(slot.staff, choice, "a slot is for somebody else than asked for");
            assert!(slot.start > scene.now, "{} is past", slot.start);
            assert!(scene.days.contains(slot.local_start().date()), "{} is another day", slot.local_start());
            assert_eq!((slot.end - slot.start).num_minutes(), i64::from(service.minutes), "it lasts another time");
            assert!(slot.capacity > 0, "room for nobody");
            let others: BTreeSet<_> = slot.candidates.iter().filter(|person| !service.staff.contains(person)).collect();
            assert!(others.is_empty(), "{others:?} do not do this service");
            let distinct: BTreeSet<_> = slot.candidates.iter().collect();
            assert_eq!(distinct.len(), slot.candidates.len(), "somebody is a candidate twice");
        }
    }
    let mut one_day = scene.query(StaffChoice::Any);
    one_day.days.to = one_day.days.from;
    let free = scene.backend.availability(&one_day).await.or_fail("availability of one day").slots;
    assert!(free.iter().all(|slot| slot.local_start().date() == scene.days.from), "a time of another day");
}

/// Reading changes nothing.
pub async fn free_times_are_the_same_when_read_again(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let starts = |slots: Vec<crate::model::Slot>| slots.into_iter().map(|slot| slot.start).collect::<Vec<_>>();
    assert_eq!(starts(scene.free(StaffChoice::Any).await), starts(scene.free(StaffChoice::Any).await));
}

/// "Anyone" has a time when somebody has it, and names everybody who does where it names candidates.
pub async fn anyone_is_the_sum_of_everyone(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let service = scene.service().await;
    if service.staff.is_empty() {
        return skip("anyone_is_the_sum_of_everyone", "nobody to choose");
    }
    let mut everyone: BTreeMap<_, BTreeSet<StaffId>> = BTreeMap::new();
    for person in &service.staff {
        for slot in scene.free(StaffChoice::One(person.clone())).await {
            everyone.entry(slot.start).or_default().insert(person.clone());
        }
    }
    let anyone = scene.free(StaffChoice::Any).await;
    let starts: BTreeSet<_> = anyone.iter().map(|slot| slot.start).collect();
    assert_eq!(starts, everyone.keys().copied().collect(), "\"anyone\" has other times than everybody together");
    for slot in anyone.iter().filter(|slot| !slot.candidates.is_empty()) {
        let named: BTreeSet<StaffId> = slot.candidates.iter().cloned().collect();
        assert_eq!(Some(&named), everyone.get(&slot.start), "at {} the candidates are others", slot.start);
    }
}
