//! Promises about making and finding bookings.

use super::{BackendHarness, OrFail as _, assert_taken, skip, stands};
use crate::{
    model::{Booking, ServiceId, StaffChoice},
    ports::{BackendError, BookError},
};
use chrono::Duration;
use std::{collections::BTreeSet, slice::from_ref, sync::Arc};
use tokio::{sync::Barrier, task::JoinSet};

/// The booking that comes back is the one asked for, and can be read again.
pub async fn booking_is_what_was_asked(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let slot = scene.first().await;
    let booking = scene.book(&slot, 0, "book").await;
    assert_eq!((booking.start, booking.end), (slot.start, slot.end), "another time was booked");
    assert_eq!(booking.zone, slot.zone);
    assert_eq!(booking.services, slot.services, "another service was booked");
    assert_eq!(booking.reference.branch, scene.branch, "another branch was booked");
    assert!(!booking.reference.backend_id.is_empty(), "the booking has no name");
    assert!(!booking.title.is_empty(), "the booking has no title");
    assert!(stands(&booking), "a new booking is {:?}", booking.status);
    if !scene.backend.capabilities().needs_approval {
        assert_eq!(booking.status, crate::model::BookingStatus::Booked);
    }
    if let (Some(asked), Some(got)) = (slot.staff_id(), booking.staff.as_ref()) {
        assert_eq!(asked, got, "somebody else was booked");
    }
    if let (Some(asked), Some(got)) = (slot.price, booking.price) {
        assert_eq!(asked, got, "another price was booked");
    }
    assert!(booking.contact.is_none_or(|contact| contact == scene.client(0).contact), "it belongs to another client");
    assert!(booking.made_by.is_none_or(|key| key == scene.key("book")), "it carries another key");
    let read = scene.find(|filter| filter.reference = Some(booking.reference.clone())).await;
    assert_eq!(read, [booking], "the booking that is read is not the one that was answered");
}

/// A time that is full is no longer offered.
pub async fn booking_takes_the_time(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let slot = scene.first().await;
    assert!(scene.offers(&slot).await, "the time is not offered with its own candidate");
    let booking = scene.fill(&slot).await;
    assert!(!scene.offers(&slot).await, "a full time is still offered");
    let (booked_from, booked_to) = (booking.start, booking.end);
    let overlapping = scene.free(slot.staff.clone()).await.into_iter();
    let overlapping: Vec<_> = overlapping.filter(|free| free.start < booked_to && booked_from < free.end).collect();
    assert!(overlapping.is_empty() || slot.capacity > 1, "times that overlap the booking are still offered");
}

/// Booking one person takes nobody else's time.
pub async fn booking_leaves_other_people_free(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let free = scene.free(StaffChoice::Any).await;
    let Some(slot) = free.into_iter().find(|slot| slot.candidates.len() > 1) else {
        return skip("booking_leaves_other_people_free", "no time with two candidates");
    };
    let [first, second] = [0, 1].map(|nth| slot.clone().with_staff(slot.candidates[nth].clone()));
    scene.fill(&first).await;
    assert!(!scene.offers(&first).await, "a full time is still offered");
    assert!(scene.offers(&second).await, "somebody else's time is gone");
    scene.book(&second, 1, "second").await;
}

/// A full time is refused as taken.
pub async fn taken_time_is_refused(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let slot = scene.first().await;
    let booking = scene.fill(&slot).await;
    assert_taken(scene.try_book(&slot, 1, "late").await, "booking a full time");
    assert!(scene.bookings_of(1).await.is_empty(), "a refused booking was made after all");
    assert_eq!(scene.bookings_of(0).await, [booking], "the first booking has changed");
}

/// Yesterday cannot be booked, and that is certain.
pub async fn past_time_is_refused(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let mut slot = scene.first().await;
    let length = slot.end - slot.start;
    slot.start = scene.now - Duration::days(1);
    slot.end = slot.start + length;
    match scene.try_book(&slot, 0, "past").await {
        Err(BookError::SlotTaken | BookError::Rejected { .. } | BookError::NotDone(_)) => {}
        other => panic!("a past time must be refused for certain, and was {other:?}"),
    }
    assert!(scene.find(|filter| filter.all_statuses = true).await.is_empty(), "a refused booking was made after all");
}

/// A service that is gone is certainly not booked.
pub async fn unknown_service_cannot_be_booked(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let mut slot = scene.first().await;
    slot.services = vec![ServiceId::new("999999999").or_fail("an id")];
    match scene.try_book(&slot, 0, "gone").await {
        Err(BookError::NotDone(BackendError::StaleCatalog | BackendError::NotFound { .. })) => {}
        other => panic!("an unknown service must be NotDone(StaleCatalog), and was {other:?}"),
    }
}

/// Fifty clients want one time in one moment; as many get it as there are places, the others are told that it is taken.
pub async fn fifty_at_once_and_one_wins(harness: &dyn BackendHarness) {
    let scene = Arc::new(harness.fresh().await);
    let slot = scene.first().await;
    let start = Arc::new(Barrier::new(50));
    let mut clients = JoinSet::new();
    for client in 0..50 {
        let (scene, slot, start) = (Arc::clone(&scene), slot.clone(), Arc::clone(&start));
        clients.spawn(async move {
            start.wait().await;
            scene.try_book(&slot, client, &format!("client {client}")).await
        });
    }
    let mut won: Vec<Booking> = Vec::new();
    while let Some(outcome) = clients.join_next().await {
        match outcome.or_fail("a client") {
            Ok(booking) => won.push(booking),
            Err(BookError::SlotTaken | BookError::NotDone(BackendError::RateLimited { .. })) => {}
            Err(other) => panic!("a slower client must be told SlotTaken, and was told {other:?}"),
        }
    }
    assert_eq!(won.len(), slot.capacity as usize, "so many won");
    let mut there = scene.find(|_| ()).await;
    there.retain(|booking| stands(booking) && booking.start == slot.start);
    let names =
        |bookings: &[Booking]| bookings.iter().map(|booking| booking.reference.clone()).collect::<BTreeSet<_>>();
    assert_eq!(names(&there), names(&won), "the bookings that stand are not those that were answered");
}

/// A key that comes again makes no second booking.
pub async fn same_key_books_once(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if !scene.backend.capabilities().idempotent {
        return skip("same_key_books_once", "the system has no keys");
    }
    let slot = scene.first().await;
    let first = scene.book(&slot, 0, "once").await;
    let again = scene.book(&slot, 0, "once").await;
    assert_eq!(first.reference, again.reference, "the same key made another booking");
    assert_eq!(scene.bookings_of(0).await.len(), 1, "the same key made two bookings");
}

/// Nor when both come at once.
pub async fn same_key_at_once_books_once(harness: &dyn BackendHarness) {
    let scene = Arc::new(harness.fresh().await);
    if !scene.backend.capabilities().idempotent {
        return skip("same_key_at_once_books_once", "the system has no keys");
    }
    // "Anyone" where the system picks: a second execution would find somebody else free, and nothing would refuse it.
    let slot = if scene.backend.capabilities().assigns_staff {
        scene.free(StaffChoice::Any).await.into_iter().max_by_key(|slot| slot.candidates.len())
    } else {
        Some(scene.first().await)
    };
    let Some(slot) = slot else { panic!("the harness's days have no free time") };
    let start = Arc::new(Barrier::new(8));
    let mut attempts = JoinSet::new();
    for _ in 0..8 {
        let (scene, slot, start) = (Arc::clone(&scene), slot.clone(), Arc::clone(&start));
        attempts.spawn(async move {
            start.wait().await;
            scene.book(&slot, 0, "once").await.reference
        });
    }
    let made: BTreeSet<_> = attempts.join_all().await.into_iter().collect();
    assert_eq!(made.len(), 1, "the same key made several bookings");
    assert_eq!(scene.bookings_of(0).await.len(), 1, "the same key made several bookings");
}

/// Who asks for anyone gets a real person, as long as one is free.
pub async fn anyone_becomes_someone(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let service = scene.service().await;
    if !scene.backend.capabilities().assigns_staff || service.staff.is_empty() {
        return skip("anyone_becomes_someone", "the system picks nobody");
    }
    let free = scene.free(StaffChoice::Any).await;
    let Some(slot) = free.into_iter().max_by_key(|slot| slot.candidates.len()) else {
        panic!("the harness's days have no free time")
    };
    let mut chosen = BTreeSet::new();
    for client in 0..=service.staff.len() {
        match scene.try_book(&slot, client, &format!("anyone {client}")).await {
            Ok(booking) => {
                let Some(person) = booking.staff else { panic!("nobody was chosen") };
                assert!(service.staff.contains(&person), "{person} does not do this");
                assert!(chosen.insert(person), "one person got two visits at once");
            }
            outcome => {
                assert_taken(outcome, "booking anyone when nobody is left");
                break;
            }
        }
    }
    assert!(!chosen.is_empty(), "nobody could be booked at a free time");
    if !slot.candidates.is_empty() {
        assert_eq!(chosen, slot.candidates.iter().cloned().collect(), "not everybody who was free could be booked");
    }
}

/// What others book by other ways is seen, and wins.
pub async fn rival_from_outside_is_noticed(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let Some(rival) = &scene.rival else {
        return skip("rival_from_outside_is_noticed", "the harness plays no rival");
    };
    let slot = scene.first().await;
    assert!(scene.offers(&slot).await, "the time is not offered with its own candidate");
    for _ in 0..slot.capacity {
        rival.take(&slot).await;
    }
    assert_taken(scene.try_book(&slot, 0, "late").await, "booking what a rival has");
    assert!(!scene.offers(&slot).await, "a rival's time is still offered");
    assert!(scene.bookings_of(0).await.is_empty(), "a rival's booking is taken for our client's");
}

/// A client sees their own bookings, never another's, not even by its name.
pub async fn clients_find_only_their_own(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let (mine, theirs) = scene.pair().await;
    let mine = scene.book(&mine, 0, "mine").await;
    let theirs = scene.book(&theirs, 1, "theirs").await;
    assert_eq!(scene.bookings_of(0).await.as_slice(), from_ref(&mine));
    assert_eq!(scene.bookings_of(1).await.as_slice(), from_ref(&theirs));
    assert!(scene.bookings_of(2).await.is_empty(), "a stranger has bookings");
    let stolen = scene.find(|filter| {
        filter.client = Some(scene.client(0));
        filter.reference = Some(theirs.reference.clone());
        filter.all_statuses = true;
    });
    assert!(stolen.await.is_empty(), "another client's booking was found by its name");
    let all: BTreeSet<_> = scene.find(|_| ()).await.into_iter().map(|booking| booking.reference).collect();
    assert_eq!(all, BTreeSet::from([mine.reference, theirs.reference]), "the branch has other bookings");
}

/// From a time on, and before a time.
pub async fn bookings_are_found_by_time(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let (early, late) = scene.pair().await;
    let early = scene.book(&early, 0, "early").await;
    let late = scene.book(&late, 0, "late").await;
    let within = async |from, until| {
        let found = scene.find(|filter| (filter.from, filter.until) = (from, until)).await;
        found.into_iter().map(|booking| booking.reference).collect::<BTreeSet<_>>()
    };
    let [only_early, only_late] = [&early, &late].map(|booking| BTreeSet::from([booking.reference.clone()]));
    assert_eq!(within(None, Some(late.start)).await, only_early, "starting before the later one");
    assert_eq!(within(Some(late.start), None).await, only_late, "starting with the later one");
    assert_eq!(within(Some(early.start), Some(late.start)).await, only_early, "between the two");
    assert!(within(Some(early.start + Duration::seconds(1)), Some(late.start)).await.is_empty(), "after the earlier");
}
