//! Who gets a visit, on what terms, and what is refused.

use crate::bench::{Bench, config, one, request};
use chatplug_calendar::{CalendarConfig, PriceConfig, demo};
use chatplug_core::{
    model::{ActionKey, ClientField, Money, Price, ServiceId, SlotQuery, StaffChoice::Any},
    ports::{BackendError, BookError, BookingBackend as _, BookingFilter, RejectReason},
};
use chrono::Duration;
use iso_currency::Currency;
use std::collections::BTreeMap;

const NOW: &str = "2026-11-23T00:00:00Z";
const DAY: &str = "2026-11-24";

fn trio() -> CalendarConfig {
    config(
        r#"
        name = "Trio"
        zone = "Europe/Lisbon"
        country = "PT"
        currency = "EUR"
        step_minutes = 60
        hours = { mon-sun = ["09:00-19:00"] }

        [[services]]
        id = "short"
        name = "Short"
        minutes = 30
        price = "10.00"

        [[services]]
        id = "long"
        name = "Long"
        minutes = 120
        price = { from = "40.00", to = "60.00" }
        buffer_after = 15

        [[services]]
        id = "solo"
        name = "Solo"
        minutes = 60
        staff = ["bruno"]
        requires = ["email", "name"]

        [[services]]
        id = "room"
        name = "Room"
        minutes = 60
        staff = []

        [[staff]]
        id = "ana"
        name = "Ana"
        [[staff]]
        id = "bruno"
        name = "Bruno"
        [[staff]]
        id = "carla"
        name = "Carla"
        "#,
    )
}

fn names(candidates: &[chatplug_core::model::StaffId]) -> String {
    candidates.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn anyone_is_the_one_with_the_fewest_minutes_then_who_waited_longest_then_the_order() {
    let bench = Bench::new(&trio(), NOW);
    let who = async |service: &str, time: &str, key: &str| {
        let slot = bench.slot(service, Any, DAY, time).await;
        // What is shown first is who is taken.
        let first = slot.candidates.first().cloned();
        bench.clock.advance(Duration::seconds(1));
        let taken = bench.book(&slot, key, key).await.staff;
        assert_eq!(first, taken);
        taken.unwrap().to_string()
    };
    assert_eq!(who("long", "09:00", "1").await, "ana", "all are equal: the order of the config");
    assert_eq!(who("short", "12:00", "2").await, "bruno", "nobody else has booked minutes but Ana");
    assert_eq!(who("short", "12:00", "3").await, "carla", "still without any");
    assert_eq!(who("short", "13:00", "4").await, "bruno", "30 and 30 minutes: Bruno was assigned longer ago");
    assert_eq!(who("short", "14:00", "5").await, "carla", "30 against 60 minutes");
    assert_eq!(who("short", "12:00", "6").await, "ana", "the only one who is free at twelve");
    let elsewhere = bench.slot("short", Any, "2026-11-25", "09:00").await;
    assert_eq!(names(&elsewhere.candidates), "ana bruno carla", "another day counts for itself");
}

#[tokio::test]
async fn visits_are_shared_out_evenly() {
    let bench = Bench::new(&CalendarConfig { step_minutes: 30, ..trio() }, NOW);
    let mut minutes: BTreeMap<String, i64> = BTreeMap::new();
    for nth in 0..18 {
        let mut free = bench.free("short", Any, DAY).await;
        free.retain(|slot| slot.candidates.len() == 3);
        let booking = bench.book(&free[nth * 7 % free.len()], "a", &nth.to_string()).await;
        *minutes.entry(booking.staff.unwrap().to_string()).or_default() += 30;
    }
    assert_eq!(minutes.into_values().collect::<Vec<_>>(), [180, 180, 180]);
}

#[tokio::test]
async fn a_person_who_was_asked_for_is_the_one_who_comes() {
    let bench = Bench::new(&trio(), NOW);
    for key in ["1", "2"] {
        let slot = bench.free("short", one("carla"), DAY).await.remove(0);
        assert_eq!(names(&slot.candidates), "carla");
        assert_eq!(bench.book(&slot, key, key).await.staff.unwrap().as_str(), "carla");
    }
}

#[tokio::test]
async fn only_those_who_do_it_are_offered() {
    let bench = Bench::new(&trio(), NOW);
    assert_eq!(names(&bench.free("solo", Any, DAY).await[0].candidates), "bruno");
    let query = bench.query("solo", one("ana"), DAY, DAY);
    assert!(matches!(bench.calendar.availability(&query).await, Err(BackendError::StaleCatalog)));
    let query = bench.query("room", one("ana"), DAY, DAY);
    assert!(matches!(bench.calendar.availability(&query).await, Err(BackendError::StaleCatalog)));
}

#[tokio::test]
async fn several_services_are_one_visit_with_one_person() {
    let bench = Bench::new(&trio(), NOW);
    let query = |services: &[&str]| SlotQuery {
        services: services.iter().map(|id| ServiceId::new(*id).unwrap()).collect(),
        ..bench.query("short", Any, DAY, DAY)
    };
    let slots = bench.calendar.availability(&query(&["short", "long"])).await.unwrap().slots;
    let slot = slots[0].clone();
    assert_eq!(((slot.end - slot.start).num_minutes(), slot.buffer_after), (150, 15));
    let euro = |minor| Money::new(minor, Currency::EUR);
    assert_eq!(slot.price, Some(Price { from: euro(5000), to: Some(euro(7000)) }));
    let booking = bench.book(&slot, "a", "a").await;
    assert_eq!((booking.services.len(), booking.title.as_str()), (2, "Short"));
    assert_eq!(
        names(&bench.calendar.availability(&query(&["long", "solo"])).await.unwrap().slots[0].candidates),
        "bruno"
    );
    assert!(bench.calendar.availability(&query(&["long", "room"])).await.unwrap().slots.is_empty(), "nobody does both");
    assert!(matches!(bench.calendar.availability(&query(&[])).await, Err(BackendError::StaleCatalog)));
}

#[tokio::test]
async fn what_must_be_known_is_asked_first() {
    let bench = Bench::new(&trio(), NOW);
    let slot = bench.free("solo", Any, DAY).await.remove(0);
    match bench.try_book(&slot, "a", "a").await {
        Err(BookError::Needs { fields }) => assert_eq!(fields.into_iter().collect::<Vec<_>>(), [ClientField::Email]),
        other => panic!("{other:?}"),
    }
    let mut known = request(&slot, "a");
    known.client.email = Some("a@example.org".to_owned().into());
    assert!(bench.calendar.book(&known, ActionKey::derive(&["a"])).await.is_ok());
}

#[tokio::test]
async fn one_person_comes() {
    let bench = Bench::new(&trio(), NOW);
    let mut query = bench.query("short", Any, DAY, DAY);
    query.party = 2;
    assert!(bench.calendar.availability(&query).await.unwrap().slots.is_empty());
    let mut two = request(&bench.free("short", Any, DAY).await[0], "a");
    two.party = 2;
    let outcome = bench.calendar.book(&two, ActionKey::derive(&["a"])).await;
    assert!(matches!(outcome, Err(BookError::Rejected { reason: RejectReason::NotBookableHere })), "{outcome:?}");
}

#[tokio::test]
async fn places_are_shared_up_to_the_capacity_at_every_moment() {
    let room = |capacity| {
        let mut config = CalendarConfig { step_minutes: 30, ..trio() };
        config.services[3].capacity = Some(capacity);
        config
    };
    let bench = Bench::new(&room(2), NOW);
    let start = async |bench: &Bench, time: &str, key: &str| {
        let slot = bench.slot("room", Any, DAY, time).await;
        assert_eq!((slot.candidates.len(), slot.capacity), (0, bench.free("room", Any, DAY).await[0].capacity));
        bench.book(&slot, key, key).await
    };
    assert_eq!(start(&bench, "10:00", "1").await.staff, None);
    start(&bench, "11:00", "2").await;
    // 10:30 overlaps two bookings, but never both at once.
    start(&bench, "10:30", "3").await;
    let free = bench.times("room", Any, DAY).await;
    assert!(!free.contains(&"10:30".to_owned()) && !free.contains(&"10:00".to_owned()), "{free:?}");
    assert!(free.contains(&"09:30".to_owned()) && free.contains(&"11:30".to_owned()), "{free:?}");
    start(&bench, "09:30", "4").await;
    // More places from now on count for what is booked already, too.
    start(&bench.with(&room(3)), "10:30", "5").await;
}

/// What the client said yes to is gone: nothing else is booked in its stead.
#[tokio::test]
async fn an_offer_that_has_changed_is_not_booked() {
    let before = Bench::new(&trio(), NOW);
    let slot = before.slot("short", Any, DAY, "10:00").await;
    let kept = before.book(&before.slot("short", one("ana"), DAY, "17:00").await, "a", "kept").await;
    let changed = |change: fn(&mut CalendarConfig)| {
        let mut config = trio();
        change(&mut config);
        before.with(&config)
    };
    let dearer = changed(|config| config.services[0].price = Some(PriceConfig { from: "11.00".to_owned(), to: None }));
    let longer = changed(|config| config.services[0].minutes = 45);
    let gone = changed(|config| drop(config.services.remove(0)));
    for bench in [dearer, longer, gone] {
        let outcome = bench.try_book(&slot, "a", "a").await;
        assert!(matches!(outcome, Err(BookError::NotDone(BackendError::StaleCatalog))), "{outcome:?}");
    }
    let closed = changed(|config| drop(config.dates.insert(DAY.to_owned(), Vec::new())));
    assert!(matches!(closed.try_book(&slot, "a", "a").await, Err(BookError::SlotTaken)));
    let hasty = changed(|config| config.lead_minutes = 3 * 24 * 60);
    let outcome = hasty.try_book(&slot, "a", "a").await;
    assert!(matches!(outcome, Err(BookError::Rejected { reason: RejectReason::TooLate })), "{outcome:?}");
    // What was booked before stands under every config, by its key too, and keeps a title when its service is gone.
    let gone = changed(|config| drop(config.services.remove(0)));
    let again = gone.try_book(&before.free("short", one("ana"), DAY).await[0], "a", "kept").await.unwrap();
    assert_eq!(again.reference, kept.reference);
    assert_eq!(gone.calendar.find(&BookingFilter::at(gone.branch.clone())).await.unwrap()[0].title, "short");
}

#[tokio::test]
async fn the_demo_salon_fills_its_days_once() {
    let bench = Bench::new(&demo::salon(), "2026-11-23T07:00:00Z");
    let week =
        chatplug_core::model::DateRange { from: "2026-11-23".parse().unwrap(), to: "2026-11-29".parse().unwrap() };
    let booked = demo::fill(bench.calendar.as_ref(), &bench.branch, week).await.unwrap();
    assert!(booked > 30, "{booked} visits in a week");
    let all = BookingFilter::at(bench.branch.clone());
    assert_eq!(bench.calendar.find(&all).await.unwrap().len(), booked);
    demo::fill(bench.calendar.as_ref(), &bench.branch, week).await.unwrap();
    assert_eq!(bench.calendar.find(&all).await.unwrap().len(), booked, "filling twice changes nothing");
    for service in bench.calendar.catalog(&bench.branch).await.unwrap().services {
        let free =
            bench.calendar.availability(&bench.query(service.id.as_str(), Any, "2026-11-23", "2026-11-29")).await;
        assert!(free.unwrap().slots.len() > 5, "{} is hardly to be had", service.id);
    }
}
