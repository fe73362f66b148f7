//! Moving, cancelling, confirming, finding, and a store that fails.

use crate::bench::{Bench, at, config, one, request};
use chatplug_calendar::Calendar;
use chatplug_core::{
    model::{ActionKey, BookingRef, BookingStatus, CancelReason, StaffChoice::Any},
    ports::{
        Action, BackendError, BookError, BookingBackend as _, BookingFilter, CalendarError, MockBranchCalendar,
        RejectReason, Resolution, StoreError,
    },
};
use std::sync::Arc;

const NOW: &str = "2026-11-23T08:00:00Z";
const DAY: &str = "2026-11-23";

fn duo() -> chatplug_calendar::CalendarConfig {
    config(
        r#"
        name = "Duo"
        zone = "Europe/Lisbon"
        country = "PT"
        currency = "EUR"
        step_minutes = 30
        lead_minutes = 0
        hours = { mon-sun = ["09:00-12:00"] }

        [[services]]
        id = "cut"
        name = "Cut"
        minutes = 60
        price = "10.00"

        [[staff]]
        id = "ana"
        name = "Ana"
        [[staff]]
        id = "bruno"
        name = "Bruno"
        "#,
    )
}

fn key(name: &str) -> ActionKey {
    ActionKey::derive(&[name])
}

#[tokio::test]
async fn a_moved_booking_is_the_same_one_elsewhere() {
    let bench = Bench::new(&duo(), NOW);
    let from = bench.slot("cut", one("ana"), DAY, "09:00").await;
    let booking = bench.book(&from, "a", "book").await;
    bench.calendar.confirm_visit(&booking.reference).await.unwrap();
    let to = bench.slot("cut", one("bruno"), DAY, "11:00").await;
    let moved = bench.calendar.reschedule(&booking.reference, &to, key("move")).await.unwrap();
    assert_eq!(moved.reference, booking.reference);
    assert_eq!((moved.staff.unwrap().as_str(), moved.contact), ("bruno", booking.contact));
    assert!(!moved.confirmed, "\"I will come\" was said about another time");
    assert_eq!(moved.made_by, Some(key("move")));
    // The first write did happen, whatever came after it.
    let first = bench.calendar.resolve(&Action::Book(request(&from, "a")), key("book"), at(NOW)).await.unwrap();
    assert!(matches!(first, Resolution::Done(booking) if booking.start == to.start));
}

#[tokio::test]
async fn what_is_cancelled_cannot_be_moved_or_confirmed() {
    let bench = Bench::new(&duo(), NOW);
    let booking = bench.book(&bench.slot("cut", Any, DAY, "09:00").await, "a", "book").await;
    bench.calendar.cancel(&booking.reference, CancelReason::Client, key("cancel")).await.unwrap();
    let to = bench.slot("cut", Any, DAY, "11:00").await;
    let moved = bench.calendar.reschedule(&booking.reference, &to, key("move")).await;
    assert!(matches!(moved, Err(BookError::NotDone(BackendError::NotFound { .. }))), "{moved:?}");
    let confirmed = bench.calendar.confirm_visit(&booking.reference).await;
    assert!(matches!(confirmed, Err(BookError::NotDone(BackendError::NotFound { .. }))), "{confirmed:?}");
}

#[tokio::test]
async fn what_has_begun_is_for_the_team() {
    let bench = Bench::new(&duo(), NOW);
    let booking = bench.book(&bench.slot("cut", one("ana"), DAY, "09:00").await, "a", "book").await;
    let later = bench.slot("cut", one("ana"), DAY, "11:00").await;
    bench.clock.set(at("2026-11-23T09:10:00Z"));
    let too_late = |outcome: Result<(), BookError>| {
        assert!(matches!(outcome, Err(BookError::Rejected { reason: RejectReason::TooLate })), "{outcome:?}");
    };
    too_late(bench.calendar.reschedule(&booking.reference, &later, key("move")).await.map(drop));
    too_late(bench.calendar.cancel(&booking.reference, CancelReason::Client, key("cancel")).await);
    bench.calendar.cancel(&booking.reference, CancelReason::Team, key("team")).await.unwrap();
}

#[tokio::test]
async fn a_visit_that_has_ended_is_completed_and_no_longer_listed() {
    let bench = Bench::new(&duo(), NOW);
    let booking = bench.book(&bench.slot("cut", Any, DAY, "09:00").await, "a", "book").await;
    let mut filter = BookingFilter::at(bench.branch.clone());
    bench.clock.set(at("2026-11-23T09:59:00Z"));
    assert_eq!(bench.calendar.find(&filter).await.unwrap(), [booking]);
    bench.clock.set(at("2026-11-23T10:00:00Z"));
    assert!(bench.calendar.find(&filter).await.unwrap().is_empty());
    filter.all_statuses = true;
    assert_eq!(bench.calendar.find(&filter).await.unwrap()[0].status, BookingStatus::Completed);
}

#[tokio::test]
async fn a_name_from_another_account_means_nothing_here() {
    let bench = Bench::new(&duo(), NOW);
    let booking = bench.book(&bench.slot("cut", Any, DAY, "09:00").await, "a", "book").await;
    let elsewhere = BookingRef { install: "other".parse().unwrap(), ..booking.reference.clone() };
    let outcome = bench.calendar.cancel(&elsewhere, CancelReason::Client, key("cancel")).await;
    assert!(matches!(outcome, Err(BookError::NotDone(BackendError::NotFound { .. }))), "{outcome:?}");
    let filter = BookingFilter { reference: Some(elsewhere), ..BookingFilter::at(bench.branch.clone()) };
    assert!(bench.calendar.find(&filter).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cancelled_action_stays_cancelled_under_its_key() {
    let bench = Bench::new(&duo(), NOW);
    let slot = bench.slot("cut", one("ana"), DAY, "09:00").await;
    let booking = bench.book(&slot, "a", "book").await;
    bench.calendar.cancel(&booking.reference, CancelReason::Client, key("cancel")).await.unwrap();
    // The same attempt once more is no new booking.
    assert_eq!(bench.book(&slot, "a", "book").await.status, BookingStatus::Cancelled);
    assert_eq!(bench.book(&slot, "a", "another").await.status, BookingStatus::Booked);
}

fn broken() -> MockBranchCalendar {
    let down = || CalendarError::Store(StoreError::Unavailable { source: "disk full".into() });
    let mut store = MockBranchCalendar::new();
    store.expect_insert().returning(move |_| Err(down()));
    store.expect_relocate().returning(move |_, _| Err(down()));
    store.expect_mark().returning(move |_, _, _, _| Err(down()));
    store
}

#[tokio::test]
async fn a_write_that_fails_in_the_store_is_unknown_and_a_read_is_not() {
    let good = Bench::new(&duo(), NOW);
    let slot = good.slot("cut", Any, DAY, "09:00").await;
    let booking = good.book(&slot, "a", "book").await;
    let entry = good.store.entries(Default::default()).await.unwrap().remove(0);
    let mut store = broken();
    store.expect_entries().returning(move |_| Ok(vec![entry.clone()]));
    let bench = Bench::on(&duo(), NOW, Arc::new(store));
    let unknown = |outcome: Result<(), BookError>| {
        assert!(matches!(outcome, Err(BookError::OutcomeUnknown { source: Some(_) })), "{outcome:?}");
    };
    unknown(bench.try_book(&slot, "a", "b").await.map(drop));
    let reference = &booking.reference;
    let to = good.slot("cut", Any, DAY, "11:00").await;
    unknown(bench.calendar.reschedule(reference, &to, key("move")).await.map(drop));
    unknown(bench.calendar.cancel(reference, CancelReason::Client, key("cancel")).await);
    unknown(bench.calendar.confirm_visit(reference).await.map(drop));

    let mut store = broken();
    store
        .expect_entries()
        .returning(|_| Err(CalendarError::Store(StoreError::Unavailable { source: "locked".into() })));
    let bench = Bench::on(&duo(), NOW, Arc::new(store));
    let calendar: &Calendar = &bench.calendar;
    let free = calendar.availability(&bench.query("cut", Any, DAY, DAY)).await;
    assert!(matches!(free, Err(BackendError::Unavailable { .. })), "{free:?}");
    let resolved = calendar.resolve(&Action::Book(request(&slot, "a")), key("book"), at(NOW)).await;
    assert!(matches!(resolved, Err(BackendError::Unavailable { .. })), "{resolved:?}");
    let outcome = calendar.cancel(reference, CancelReason::Client, key("cancel")).await;
    assert!(matches!(outcome, Err(BookError::NotDone(BackendError::Unavailable { .. }))), "{outcome:?}");
}
