//! Promises about finding out what became of a write whose answer was lost.

use super::{BackendHarness, BackendScene, OrFail as _, skip};
use crate::{
    model::CancelReason,
    ports::{Action, Resolution},
};
use chrono::{DateTime, Duration, Utc};

/// A booking that was made is never called not done.
pub async fn resolve_finds_a_booking(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let slot = scene.first().await;
    let booking = scene.book(&slot, 0, "book").await;
    let action = Action::Book(scene.request(&slot, 0));
    if let Some(told) = done(&scene, &action, "book").await {
        assert_eq!(told.reference, booking.reference, "another booking was told");
        assert_eq!(told.start, booking.start);
    }
}

/// Nor is a move.
pub async fn resolve_finds_a_move(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if !scene.backend.capabilities().moves_in_place {
        return skip("resolve_finds_a_move", "the system does not move in place");
    }
    let (from, to) = scene.pair().await;
    let booking = scene.book(&from, 0, "book").await;
    let moved = scene.backend.reschedule(&booking.reference, &to, scene.key("move")).await.or_fail("moving");
    let action = Action::Reschedule { booking, to: to.clone(), client: scene.client(0) };
    if let Some(told) = done(&scene, &action, "move").await {
        assert_eq!((told.reference, told.start), (moved.reference, to.start), "another booking was told");
    }
}

/// Nor is a cancellation.
pub async fn resolve_finds_a_cancellation(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let slot = scene.first().await;
    let booking = scene.book(&slot, 0, "book").await;
    let reason = CancelReason::Client;
    scene.backend.cancel(&booking.reference, reason, scene.key("cancel")).await.or_fail("cancelling");
    let action = Action::Cancel { booking, reason };
    if let Some(told) = done(&scene, &action, "cancel").await {
        assert_eq!(told.status, crate::model::BookingStatus::Cancelled, "a cancelled booking is told as standing");
    }
}

/// Nor is a confirmation.
pub async fn resolve_finds_a_confirmation(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if !scene.backend.capabilities().confirms_visits {
        return skip("resolve_finds_a_confirmation", "the system keeps no confirmation");
    }
    let slot = scene.first().await;
    let booking = scene.book(&slot, 0, "book").await;
    scene.backend.confirm_visit(&booking.reference).await.or_fail("confirming");
    if let Some(told) = done(&scene, &Action::ConfirmVisit { booking }, "confirm").await {
        assert!(told.confirmed, "a confirmed booking is told without its mark");
    }
}

/// What never happened is never called done; with keys it is called not done once it is settled.
pub async fn resolve_says_what_was_not_done(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let (slot, to) = scene.pair().await;
    let can = scene.backend.capabilities();
    let attempted = scene.now - can.settles_after - Duration::minutes(1);
    not_done(&scene, &Action::Book(scene.request(&slot, 0)), "never booked", attempted).await;
    let booking = scene.book(&slot, 0, "book").await;
    let reason = CancelReason::Client;
    not_done(&scene, &Action::Cancel { booking: booking.clone(), reason }, "never cancelled", attempted).await;
    if can.moves_in_place {
        let action = Action::Reschedule { booking: booking.clone(), to, client: scene.client(0) };
        not_done(&scene, &action, "never moved", attempted).await;
    }
    if can.confirms_visits {
        not_done(&scene, &Action::ConfirmVisit { booking }, "never confirmed", attempted).await;
    }
}

/// As long as the vendor may still execute the request, "not done" is not an answer.
pub async fn resolve_waits_until_it_is_settled(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    if scene.backend.capabilities().settles_after <= Duration::zero() {
        return skip("resolve_waits_until_it_is_settled", "a lost answer is settled at once");
    }
    let slot = scene.first().await;
    let action = Action::Book(scene.request(&slot, 0));
    match scene.backend.resolve(&action, scene.key("just now"), scene.now).await.or_fail("resolve") {
        Resolution::TooEarly(again) => assert!(again > scene.now, "asking again now is no wait"),
        Resolution::CannotTell => {}
        other => panic!("it may still be executed, so {other:?} is too bold"),
    }
}

/// A booking at the same time of somebody else is not taken for ours.
pub async fn resolve_claims_nobody_elses_booking(harness: &dyn BackendHarness) {
    let scene = harness.fresh().await;
    let slot = scene.first().await;
    scene.fill(&slot).await;
    let attempted = scene.now - scene.backend.capabilities().settles_after - Duration::minutes(1);
    not_done(&scene, &Action::Book(scene.request(&slot, 1)), "lost the race", attempted).await;
}

/// What `resolve` tells of something that was done; `None` where a system without keys cannot tell.
async fn done(scene: &BackendScene, action: &Action, key: &str) -> Option<crate::model::Booking> {
    match scene.backend.resolve(action, scene.key(key), scene.now).await.or_fail("resolve") {
        Resolution::Done(booking) => Some(*booking),
        Resolution::TooEarly(_) | Resolution::CannotTell if !scene.backend.capabilities().idempotent => None,
        other => panic!("it was done, and resolve says {other:?}"),
    }
}

async fn not_done(scene: &BackendScene, action: &Action, key: &str, attempted: DateTime<Utc>) {
    match scene.backend.resolve(action, scene.key(key), attempted).await.or_fail("resolve") {
        Resolution::NotDone => {}
        Resolution::CannotTell if !scene.backend.capabilities().idempotent => {}
        other => panic!("it was not done, and resolve says {other:?}"),
    }
}
