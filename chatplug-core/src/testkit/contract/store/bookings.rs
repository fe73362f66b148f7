//! Bookings as last known: found by any name, in order, one per stable id.

use super::super::salon::*;
use crate::{
    model::{Booking, BookingStatus, InstallId},
    ports::{Ingested, Store},
};

/// A booking that got a new backend id by moving is found by the old one and the new one.
pub async fn a_booking_is_found_by_every_name_it_ever_had(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.books("ana", booking("b1", 100, 200), 0).await;
    let moved = Booking { reference: reference("b1-moved"), ..booking("b1", 300, 400) };
    bella.hears("ana", "m2", "move it", 5).await;
    bella.turn(conversation, 5, |commit| commit.bookings = vec![moved.clone()]).await;
    for name in ["b1", "b1-moved"] {
        let (_, known) = bella.rows.booking(&reference(name)).await.unwrap().unwrap();
        assert_eq!(known, moved, "by the name {name}");
    }
    assert!(bella.rows.booking(&reference("b2")).await.unwrap().is_none());
}

/// Every read of the booking system replaces what was known.
pub async fn what_was_said_last_is_what_is_known(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.books("ana", booking("b1", 100, 200), 0).await;
    let cancelled = Booking { status: BookingStatus::Cancelled, confirmed: true, ..booking("b1", 100, 200) };
    bella.hears("ana", "m2", "cancel it", 5).await;
    bella.turn(conversation, 5, |commit| commit.bookings = vec![cancelled.clone()]).await;
    let (contact, known) = bella.rows.booking(&reference("b1")).await.unwrap().unwrap();
    assert_eq!(known, cancelled);
    assert_eq!(contact, bella.rows.conversation(conversation).await.unwrap().unwrap().contact.id);
}

/// A contact's bookings come in order of time, without those that ended by the instant asked for.
pub async fn bookings_come_in_order_of_time_and_end(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let bookings = vec![booking("late", 900, 1000), booking("past", 10, 20), booking("soon", 300, 400)];
    let leased = bella.turn(conversation, 0, |commit| commit.bookings = bookings).await;
    bella.books("bia", booking("hers", 300, 400), 0).await;
    let known = bella.rows.bookings(leased.contact.id, at(20)).await.unwrap();
    let ids: Vec<_> = known.into_iter().map(|booking| booking.id).collect();
    assert_eq!(ids, [Some(booking_id("soon")), Some(booking_id("late"))]);
}

/// Ids of two booking systems, or of two branches, do not meet.
pub async fn the_same_id_in_two_systems_is_two_bookings(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let other_system = Booking {
        reference: crate::model::BookingRef { install: InstallId::new("altegio").unwrap(), ..reference("7") },
        ..booking("b2", 300, 400)
    };
    let first = Booking { reference: reference("7"), ..booking("b1", 100, 200) };
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    bella.turn(conversation, 0, |commit| commit.bookings = vec![first.clone(), other_system.clone()]).await;
    for booking in [first, other_system] {
        let (_, known) = bella.rows.booking(&booking.reference).await.unwrap().unwrap();
        assert_eq!(known, booking);
    }
}

/// A turn begins knowing the client's bookings that have not ended, in order of time.
pub async fn a_turn_starts_with_the_bookings_that_have_not_ended(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.hears("ana", "m1", "hi", 0).await;
    let bookings = vec![booking("late", 900, 1000), booking("past", 10, 20), booking("soon", 300, 400)];
    bella.turn(conversation, 0, |commit| commit.bookings = bookings).await;
    bella.hears("ana", "m2", "what have I booked?", 350).await;
    let leased = bella.lease(conversation, 350).await;
    let ids: Vec<_> = leased.bookings.into_iter().map(|booking| booking.id).collect();
    assert_eq!(ids, [Some(booking_id("soon")), Some(booking_id("late"))]);
}

/// The booking system may still speak of a booking by its old id.
pub async fn a_hint_by_an_old_name_finds_its_conversation(store: &dyn Store) {
    let bella = Salon::open(store, "bella").await;
    let conversation = bella.books("ana", booking("b1", 100, 200), 0).await;
    let moved = Booking { reference: reference("b1-moved"), ..booking("b1", 300, 400) };
    bella.hears("ana", "m2", "move it", 5).await;
    bella.turn(conversation, 5, |commit| commit.bookings = vec![moved]).await;
    assert_eq!(bella.ingest(hint(reference("b1"), "h1", 6)).await, Ingested::Queued(conversation));
    assert_eq!(bella.ingest(hint(reference("b1-moved"), "h2", 6)).await, Ingested::Queued(conversation));
}
