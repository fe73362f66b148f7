//! Promises about moving, cancelling and confirming.

use super::{BackendHarness, OrFail as _, assert_taken, skip, stands};
use crate::{
    model::{BookingRef, BookingStatus, CancelReason},
    ports::{BackendError, BookError},
};
use chrono::Duration;
use std::collections::BTreeSet;

/// After moving there is one booking, at the new time, and the old time is free.
pub async fn moving_leaves_one_booking(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if !scene.backend.capabilities().moves_in_place {
        return skip("moving_leaves_one_booking", "the system does not move in place");
    }
    let (from, to) = scene.pair().await;
    let booking = scene.book(&from, 0, "book").await;
    let moved = scene.backend.reschedule(&booking.reference, &to, scene.key("move")).await.or_fail("moving");
    assert_eq!((moved.start, moved.end), (to.start, to.end), "it was moved to another time");
    assert!(stands(&moved), "a moved booking is {:?}", moved.status);
    assert!(moved.contact.is_none_or(|contact| contact == scene.client(0).contact), "it belongs to another client");
    assert_eq!(scene.bookings_of(0).await, [moved], "the client has other bookings than the moved one");
    assert!(scene.offers(&from).await, "the old time is not free again");
    assert_taken_unless_class(scene.try_book(&to, 1, "late").await, to.capacity);
}

/// A move that fails leaves everything as it was.
pub async fn moving_to_a_taken_time_changes_nothing(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if !scene.backend.capabilities().moves_in_place {
        return skip("moving_to_a_taken_time_changes_nothing", "the system does not move in place");
    }
    let (from, to) = scene.pair().await;
    scene.fill(&to).await;
    let booking = scene.book(&from, 1, "book").await;
    let outcome = scene.backend.reschedule(&booking.reference, &to, scene.key("move")).await;
    assert_taken(outcome, "moving to a full time");
    assert_eq!(scene.bookings_of(1).await, [booking], "a refused move changed the booking");
}

/// A booking does not stand in the way of its own move, not even by half its length.
pub async fn own_time_does_not_stand_in_the_way(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if !scene.backend.capabilities().moves_in_place {
        return skip("own_time_does_not_stand_in_the_way", "the system does not move in place");
    }
    let slot = scene.first().await;
    let booking = scene.fill(&slot).await;
    let mut query = scene.query(slot.staff.clone());
    query.excluding = Some(booking.reference.clone());
    let free = scene.backend.availability(&query).await.or_fail("availability while moving").slots;
    assert!(free.iter().any(|free| free.start == slot.start), "its own time counts as taken");
    let near = free.into_iter().find(|free| free.start > booking.start && free.start < booking.end);
    let Some(near) = near else {
        return skip("own_time_does_not_stand_in_the_way (the second half)", "no overlapping time is offered");
    };
    let moved =
        scene.backend.reschedule(&booking.reference, &near, scene.key("move")).await.or_fail("an overlapping move");
    assert_eq!(moved.start, near.start, "it was moved to another time");
    assert_eq!(scene.bookings_of(0).await, [moved], "the client has other bookings than the moved one");
}

/// A key that comes again does not move again.
pub async fn same_key_moves_once(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let can = scene.backend.capabilities();
    if !can.moves_in_place || !can.idempotent {
        return skip("same_key_moves_once", "the system has no keys, or does not move in place");
    }
    let (from, to) = scene.pair().await;
    let booking = scene.book(&from, 0, "book").await;
    let first = scene.backend.reschedule(&booking.reference, &to, scene.key("move")).await.or_fail("moving");
    let again = scene.backend.reschedule(&booking.reference, &to, scene.key("move")).await.or_fail("moving again");
    assert_eq!(first.reference, again.reference, "the same key moved twice");
    assert_eq!(again.start, to.start);
    assert_eq!(scene.bookings_of(0).await.len(), 1, "moving twice made two bookings");
}

/// What is cancelled no longer stands, and its time is free.
pub async fn cancelling_frees_the_time(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let (slot, other) = scene.pair().await;
    let booking = scene.fill(&slot).await;
    let kept = scene.book(&other, 0, "kept").await;
    scene.backend.cancel(&booking.reference, CancelReason::Client, scene.key("cancel")).await.or_fail("cancelling");
    assert_eq!(scene.bookings_of(0).await, [kept], "the wrong bookings stand");
    assert!(scene.offers(&slot).await, "the time is not free again");
    let read = scene.find(|filter| {
        filter.reference = Some(booking.reference.clone());
        filter.all_statuses = true;
    });
    // A system may forget what is cancelled; what it remembers it must remember as cancelled.
    for read in read.await {
        assert_eq!(read.status, BookingStatus::Cancelled);
    }
    scene.book(&slot, 1, "next").await;
}

/// Cancelling a cancelled booking succeeds.
pub async fn cancelling_twice_succeeds(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let slot = scene.first().await;
    let booking = scene.book(&slot, 0, "book").await;
    for key in ["cancel", "cancel", "cancel with another key"] {
        let outcome = scene.backend.cancel(&booking.reference, CancelReason::Client, scene.key(key)).await;
        outcome.or_fail("cancelling");
    }
    assert!(scene.bookings_of(0).await.is_empty(), "a cancelled booking stands");
}

/// "I will come" is kept, however often it is said.
pub async fn confirming_is_kept(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if !scene.backend.capabilities().confirms_visits {
        return skip("confirming_is_kept", "the system keeps no confirmation");
    }
    let slot = scene.first().await;
    let booking = scene.book(&slot, 0, "book").await;
    assert!(!booking.confirmed, "a new booking is confirmed already");
    for _ in 0..2 {
        let confirmed = scene.backend.confirm_visit(&booking.reference).await.or_fail("confirming");
        assert!(confirmed.confirmed, "the mark is not there");
        assert_eq!((confirmed.start, &confirmed.reference), (booking.start, &booking.reference));
        assert_eq!(scene.bookings_of(0).await, [confirmed]);
    }
}

/// What the system does not know is not there, and saying so is certain.
pub async fn what_is_not_there_cannot_be_changed(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let (slot, other) = scene.pair().await;
    let real = scene.book(&slot, 0, "book").await;
    let unknown = BookingRef { backend_id: "999999999".to_owned(), ..real.reference.clone() };
    let can = scene.backend.capabilities();
    if can.moves_in_place {
        let outcome = scene.backend.reschedule(&unknown, &other, scene.key("move")).await;
        assert!(is_not_found(&outcome), "moving must be NotDone(NotFound), and was {outcome:?}");
    }
    if can.confirms_visits {
        let outcome = scene.backend.confirm_visit(&unknown).await;
        assert!(is_not_found(&outcome), "confirming must be NotDone(NotFound), and was {outcome:?}");
    }
    // A system that forgets cancelled bookings cannot tell an unknown one from a cancelled one.
    let outcome = scene.backend.cancel(&unknown, CancelReason::Client, scene.key("cancel")).await;
    assert!(outcome.is_ok() || is_not_found(&outcome), "cancelling must be NotDone(NotFound), and was {outcome:?}");
    let found = scene.find(|filter| filter.reference = Some(unknown.clone())).await;
    assert!(found.is_empty(), "something was found under an unknown name");
    assert_eq!(scene.bookings_of(0).await, [real], "a real booking was changed");
}

/// A booking that was made, moved or cancelled is told of as changed since before that, always with the same instant.
pub async fn what_changed_is_told(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let can = scene.backend.capabilities();
    if !can.tells_changes {
        return skip("what_changed_is_told", "the system does not tell what changed");
    }
    let (slot, other) = scene.pair().await;
    let booking = scene.book(&slot, 0, "book").await;
    let mut reference = booking.reference;
    let since = scene.now - Duration::minutes(5);
    let told = async |reference: &BookingRef| {
        let changes = scene.backend.changed(&scene.branch, since).await.or_fail("what changed");
        let of_it = changes.into_iter().filter(|change| change.reference.backend_id == reference.backend_id);
        of_it.map(|change| change.changed_at).collect::<BTreeSet<_>>()
    };
    let made = told(&reference).await;
    assert!(!made.is_empty(), "a booking that was made is not told of");
    assert_eq!(told(&reference).await, made, "the instant of a change changes");
    if can.moves_in_place {
        reference = scene.backend.reschedule(&reference, &other, scene.key("move")).await.or_fail("moving").reference;
        assert!(!told(&reference).await.is_empty(), "a booking that was moved is not told of");
    }
    scene.backend.cancel(&reference, CancelReason::Client, scene.key("cancel")).await.or_fail("cancelling");
    assert!(!told(&reference).await.is_empty(), "a booking that was cancelled is not told of");
}

fn is_not_found<T>(outcome: &Result<T, BookError>) -> bool {
    matches!(outcome, Err(BookError::NotDone(BackendError::NotFound { .. })))
}

#[track_caller]
fn assert_taken_unless_class(outcome: Result<crate::model::Booking, BookError>, capacity: u32) {
    if capacity == 1 {
        assert_taken(outcome, "booking the new time of a moved booking");
    }
}
