//! What a booking says there, whose it is, and what its names are after it moved.

use super::{CUT, Scene, key, own, person};
use chatplug_calcom::{CalcomEventType, fake::FakeEventType};
use chatplug_core::{
    model::{Booking, BookingStatus, CancelReason, ClientField, Gate, Money, Price},
    ports::{Action, BackendError, BookError, BookingBackend as _, BookingFilter, Resolution},
};
use chrono::Duration;
use iso_currency::Currency;
use serde_json::json;
use std::slice::from_ref;

const LISBON: chrono_tz::Tz = chrono_tz::Europe::Lisbon;

fn priced() -> CalcomEventType {
    let price = Price::fixed(Money::new(2500, Currency::EUR));
    CalcomEventType::new().named("Corte").also("haircut").priced(price)
}

#[tokio::test]
async fn a_booking_says_who_comes_what_they_wish_and_whose_key_made_it() {
    let scene = Scene::at(own(LISBON).with_event_type(1, priced())).await;
    let made = scene.book(&scene.slot().await, 1).await.unwrap();
    assert_eq!(made.price, Some(Price::fixed(Money::new(2500, Currency::EUR))), "what was agreed on");
    assert_eq!((made.title.as_str(), made.contact), ("Corte", Some(person(1).contact)));
    let call = scene.fake.calls_of("POST /bookings").remove(0);
    assert_eq!(call.version.as_deref(), Some("2024-08-13"));
    let attendee = json!({ "name": "Client 1", "email": "client1@client.example", "phoneNumber": "+351910000001",
        "timeZone": "Europe/Lisbon", "language": "pt" });
    assert_eq!(call.body["attendee"], attendee, "the address in small letters: filters there know no others");
    assert_eq!(call.body["bookingFieldsResponses"], json!({ "notes": "By the window" }));
    assert_eq!(call.body["start"], "2026-03-05T09:00:00Z");
    assert_eq!(call.body["metadata"]["chatplug"], key(1).as_uuid().to_string());
    assert_eq!(scene.restarted().find(&of(&made)).await.unwrap(), [made]);
    // The business makes it dearer: what was agreed on stays.
    let dearer = priced().priced(Price::fixed(Money::new(9900, Currency::EUR)));
    let scene = scene.with(own(LISBON).with_event_type(1, dearer));
    assert_eq!(scene.all().await[0].price, Some(Price::fixed(Money::new(2500, Currency::EUR))));
}

/// An address that somebody typed proves nothing; a number that the channel showed does, however it was written down.
#[tokio::test]
async fn whose_a_booking_is_is_told_by_what_was_verified() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    let uid = scene.fake.desk().books(1, slot.start, "client1@client.example", "Somebody");
    let theirs = BookingFilter { client: Some(person(1)), ..BookingFilter::at("centre".parse().unwrap()) };
    assert!(scene.backend.find(&theirs).await.unwrap().is_empty(), "the same address, and no number");
    let named = BookingFilter { reference: Some(scene.reference(&uid)), ..theirs.clone() };
    assert!(scene.backend.find(&named).await.unwrap().is_empty(), "not even by its name");
    // On the booking page, with the number.
    let body = json!({ "eventTypeId": 2, "start": slot.start, "attendee": { "name": "Client", "email": "other@client.example",
        "phoneNumber": "+351 910 000 001", "timeZone": "Europe/Lisbon" } });
    scene.backend.client().post::<serde_json::Value>("bookings", &body).await.unwrap();
    let found = scene.backend.find(&theirs).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].contact, found[0].made_by), (None, None));
}

/// Every move gives a new name; whoever knows an old one finds the booking where it is, moves it on and cancels it.
#[tokio::test]
async fn an_old_name_leads_to_the_booking() {
    let scene = Scene::lisbon().await;
    let free = scene.free(CUT, "1", 3).await;
    let first = scene.book(&free[0], 1).await.unwrap();
    let second = scene.backend.reschedule(&first.reference, &free[4], key(11)).await.unwrap();
    assert_ne!(first.reference, second.reference);
    let third = scene.fake.desk().moves(&second.reference.backend_id, free[8].start);
    let found = scene.backend.find(&of(&first)).await.unwrap();
    assert_eq!(found.iter().map(|booking| booking.reference.backend_id.as_str()).collect::<Vec<_>>(), [third.as_str()]);
    let fourth = scene.backend.reschedule(&first.reference, &free[12], key(12)).await.unwrap();
    assert_eq!((fourth.start, scene.fake.standing().len()), (free[12].start, 1));
    scene.backend.cancel(&first.reference, CancelReason::Client, key(13)).await.unwrap();
    assert!(scene.fake.standing().is_empty());
    let gone = scene.backend.reschedule(&first.reference, &free[0], key(14)).await;
    assert!(matches!(gone, Err(BookError::NotDone(BackendError::NotFound { .. }))), "{gone:?}");
}

/// The old name went somewhere once: by us or by others, and the time tells by whom.
#[tokio::test]
async fn a_lost_move_is_found_by_its_old_name() {
    use chatplug_calcom::fake::Fault;
    let scene = Scene::lisbon().await;
    let free = scene.free(CUT, "1", 3).await;
    let booking = scene.book(&free[0], 1).await.unwrap();
    let action =
        |booking: &Booking| Action::Reschedule { booking: booking.clone(), to: free[4].clone(), client: person(1) };
    let long_ago = scene.now() - Duration::hours(1);
    assert_eq!(scene.backend.resolve(&action(&booking), key(11), long_ago).await.unwrap(), Resolution::NotDone);
    scene.fake.on("POST /bookings/{uid}/reschedule").answer(Fault::DropAnswer);
    let lost = scene.backend.reschedule(&booking.reference, &free[4], key(11)).await;
    assert!(matches!(lost, Err(BookError::OutcomeUnknown { .. })), "{lost:?}");
    let told = scene.restarted().resolve(&action(&booking), key(11), long_ago).await.unwrap();
    let Resolution::Done(moved) = told else { panic!("{told:?}") };
    assert_eq!((moved.start, moved.status), (free[4].start, BookingStatus::Booked));
    // Somebody else moved it elsewhere: ours was not done, and will not be any more.
    scene.fake.desk().moves(&moved.reference.backend_id, free[9].start);
    let to = Action::Reschedule { booking: *moved, to: free[0].clone(), client: person(1) };
    assert_eq!(scene.backend.resolve(&to, key(12), scene.now()).await.unwrap(), Resolution::NotDone);
}

/// To somebody else's event type: there is one booking at any time, and in the end.
#[tokio::test]
async fn a_move_to_somebody_else_makes_the_new_one_first() {
    let scene = Scene::lisbon().await;
    let booking = scene.book(&scene.slot().await, 1).await.unwrap();
    let mut query = scene.query(CUT, "2", 3);
    query.excluding = Some(booking.reference.clone());
    let to = scene.backend.availability(&query).await.unwrap().slots.remove(6);
    let moved = scene.backend.reschedule(&booking.reference, &to, key(11)).await.unwrap();
    assert_eq!(moved.staff.as_ref().map(|staff| staff.as_str()), Some("2"));
    assert_eq!((moved.start, moved.made_by, moved.contact), (to.start, Some(key(11)), Some(person(1).contact)));
    assert_eq!(scene.fake.standing().len(), 1);
    let theirs = BookingFilter { client: Some(person(1)), ..BookingFilter::at(moved.reference.branch.clone()) };
    assert_eq!(scene.backend.find(&theirs).await.unwrap(), from_ref(&moved));
    let action = Action::Reschedule { booking, to, client: person(1) };
    let told = scene.restarted().resolve(&action, key(11), scene.now()).await.unwrap();
    assert_eq!(told, Resolution::Done(Box::new(moved)));
}

#[tokio::test]
async fn lengths_prices_and_payments_are_told_as_they_are() {
    let scene = Scene::at(own(LISBON)).await;
    let mut massage = FakeEventType::new(1, "massage", "Massage", 30).notice(0).lengths(&[30, 60]);
    massage.metadata.insert("price".to_owned(), "35,50".into());
    let massage = scene.fake.add_event_type(massage);
    let paid = scene.fake.add_event_type(FakeEventType::new(1, "paid", "Paid", 30).priced(5000, "eur"));
    let other = scene.fake.add_event_type(FakeEventType::new(1, "other", "Other", 30).priced(5000, "usd"));
    let catalog = scene.backend.catalog(scene.backend.branch().id()).await.unwrap();
    let service = |id: String| catalog.service(&id.parse().unwrap()).unwrap_or_else(|| panic!("{id}"));
    let euros = |minor| Some(Price::fixed(Money::new(minor, Currency::EUR)));
    assert_eq!(service(massage.to_string()).price, euros(3550));
    let longer = service(format!("{massage}x60"));
    assert_eq!((longer.minutes, longer.price, longer.name.main.as_str()), (60, None, "Massage · 60′"));
    assert_eq!(service(paid.to_string()).price, euros(5000));
    assert!(matches!(service(paid.to_string()).gate, Some(Gate::Prepayment { .. })), "paid on Cal.com's own page");
    assert_eq!(service(other.to_string()).price, None, "not in the branch's money");
    assert_eq!(service(CUT.to_owned()).description.as_ref().unwrap().main, "Cut and wash");
    assert!(service(CUT.to_owned()).requires.contains(&ClientField::Email));
    assert_eq!(catalog.branch.place.as_ref().map(|place| place.address.as_str()), Some("Rua Nova 1, Lisboa"));
    assert_eq!(catalog.branch.hours.len(), 5);
    // The longer one is booked, found and moved as what it is.
    let free = scene.free(&format!("{massage}x60"), "1", 3).await;
    let made = scene.book(&free[0], 1).await.unwrap();
    assert_eq!(((made.end - made.start).num_minutes(), &made.services), (60, &free[0].services));
    let moved = scene.backend.reschedule(&made.reference, &free[3], key(11)).await.unwrap();
    assert_eq!(((moved.end - moved.start).num_minutes(), &moved.services), (60, &free[0].services));
    assert_eq!(scene.fake.standing().len(), 1);
}

fn of(booking: &Booking) -> BookingFilter {
    let reference = Some(booking.reference.clone());
    BookingFilter { reference, all_statuses: true, ..BookingFilter::at(booking.reference.branch.clone()) }
}
