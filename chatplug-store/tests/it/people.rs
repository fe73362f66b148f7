//! Clients and the names by which channels know them.

use crate::world::{answers, at, by_id, by_phone, fresh, hears, lease, message_on, queued, salon};
use chatplug_core::{
    dialogue::{ContactChange, Timer},
    model::{Booking, BookingId, BookingRef, BookingStatus, ChannelUser, Private},
    ports::{Ingest, TenantStore, TurnCommit},
};

fn both(number: u32, id: &str) -> ChannelUser {
    ChannelUser { phone: by_phone(number).phone, user_id: by_id(id).user_id }
}

fn named(event: Ingest, name: &str) -> Ingest {
    let Ingest::Message { channel, mut message, due, received } = event else { panic!("a message") };
    message.profile_name = Some(Private::new(name.to_owned()));
    Ingest::Message { channel, message, due, received }
}

async fn name_of(rows: &dyn TenantStore, user: ChannelUser) -> Option<String> {
    let view = rows.conversation_of(&"wa".parse().unwrap(), &user).await.unwrap().unwrap();
    view.contact.name.map(Private::into_inner)
}

#[tokio::test]
async fn a_name_that_was_told_outlives_the_profile() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let say = |id: &str, name: &str| named(crate::world::message(by_phone(1), id, 0), name);
    let conversation = queued(&bella.ingest(vec![say("m1", "✨Ana✨")]).await.unwrap());
    assert_eq!(name_of(&*bella, by_phone(1)).await.as_deref(), Some("✨Ana✨"));
    bella.ingest(vec![say("m2", "Ana M")]).await.unwrap();
    assert_eq!(name_of(&*bella, by_phone(1)).await.as_deref(), Some("Ana M"));

    let leased = lease(&*bella, conversation, 0).await.unwrap();
    let told = ContactChange::Name { name: Private::new("Ana Martins".to_owned()) };
    bella.commit(TurnCommit { contact: vec![told], ..crate::world::answering(&leased, &[], 0) }).await.unwrap();
    bella.ingest(vec![say("m3", "Aninha")]).await.unwrap();
    assert_eq!(name_of(&*bella, by_phone(1)).await.as_deref(), Some("Ana Martins"));
}

#[tokio::test]
async fn one_person_is_found_by_number_and_by_id() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let first = hears(&*bella, by_phone(1), "m1", 0).await;
    assert_eq!(hears(&*bella, both(1, "PT.1"), "m2", 1).await, first);
    assert_eq!(hears(&*bella, by_id("PT.1"), "m3", 2).await, first);
    assert_eq!(hears(&*bella, by_phone(1), "m4", 3).await, first);
    let contact = lease(&*bella, first, 3).await.unwrap().contact;
    assert_eq!((contact.user, contact.last_inbound), (both(1, "PT.1"), Some(at(3))));
}

fn booking(name: &str) -> Booking {
    Booking {
        id: Some(BookingId::derive(&[name])),
        reference: BookingRef {
            install: "calendar".parse().unwrap(),
            branch: "centre".parse().unwrap(),
            backend_id: name.to_owned(),
        },
        services: vec!["cut".parse().unwrap()],
        title: "Cut".to_owned(),
        staff: None,
        start: at(90_000),
        end: at(93_600),
        zone: chrono_tz::Europe::Lisbon,
        status: BookingStatus::Booked,
        confirmed: false,
        price: None,
        contact: None,
        made_by: None,
    }
}

/// Known by number here and by id there, until one message says that they are one: bookings and reminders come along.
#[tokio::test]
async fn two_contacts_that_turn_out_to_be_one_are_merged() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let by_number = hears(&*bella, by_phone(1), "m1", 0).await;
    let elsewhere = queued(&bella.ingest(vec![message_on("wa2", by_phone(1), "m1", 0)]).await.unwrap());
    let leased = lease(&*bella, by_number, 0).await.unwrap();
    let reminder = Timer::Reminder { booking: BookingId::derive(&["b1"]) };
    let commit = TurnCommit {
        bookings: vec![booking("b1")],
        set_timers: vec![(reminder.clone(), at(100))],
        contact: vec![ContactChange::Name { name: Private::new("Ana".to_owned()) }],
        ..crate::world::answering(&leased, &[], 0)
    };
    bella.commit(commit).await.unwrap();
    let by_id_only = hears(&*bella, by_id("PT.1"), "m2", 1).await;
    answers(&*bella, by_id_only, &[], 1).await.unwrap();
    assert_ne!(by_number, by_id_only);

    let together = hears(&*bella, both(1, "PT.1"), "m3", 2).await;
    assert_eq!(together, by_id_only);
    assert_eq!(hears(&*bella, by_phone(1), "m4", 3).await, together, "the number leads there too");
    let leased = lease(&*bella, together, 100).await.unwrap();
    assert_eq!(leased.contact.name, Some(Private::new("Ana".to_owned())));
    assert_eq!(leased.bookings, [booking("b1")]);
    assert_eq!(leased.timers, [reminder]);
    assert!(lease(&*bella, by_number, 200).await.is_none(), "the old conversation has nothing left to do");
    let other = queued(&bella.ingest(vec![message_on("wa2", by_id("PT.1"), "m5", 4)]).await.unwrap());
    assert_eq!(other, elsewhere, "on a channel where only one of them wrote, that conversation goes on");
}

/// A number that was given to somebody else finds the new owner, and nothing of the old one.
#[tokio::test]
async fn a_number_that_changed_hands_belongs_to_its_new_owner() {
    let (store, _folder) = fresh().await;
    let bella = salon(&store, "bella").await;
    let old = hears(&*bella, both(1, "PT.old"), "m1", 0).await;
    let new = hears(&*bella, both(1, "PT.new"), "m2", 1).await;
    assert_ne!(old, new);
    assert_eq!(hears(&*bella, by_phone(1), "m3", 2).await, new);
    assert_eq!(hears(&*bella, by_id("PT.old"), "m4", 3).await, old);
    let contact = lease(&*bella, old, 3).await.unwrap().contact;
    assert_eq!(contact.user, by_id("PT.old"), "what is meant for the old owner does not go to the number");
}

/// A booking that comes without our id gets the one that its name in the booking system gives, every time.
#[tokio::test]
async fn a_booking_without_an_id_gets_the_one_of_its_name() {
    let (store, _folder) = fresh().await;
    for id in ["bella", "cesar"] {
        let rows = salon(&store, id).await;
        let conversation = hears(&*rows, by_phone(1), "m1", 0).await;
        let leased = lease(&*rows, conversation, 0).await.unwrap();
        let nameless = || Booking { id: None, ..booking("b1") };
        let commit = TurnCommit { bookings: vec![nameless()], ..crate::world::answering(&leased, &[], 0) };
        rows.commit(commit).await.unwrap();
        let (_, kept) = rows.booking(&nameless().reference).await.unwrap().unwrap();
        assert_eq!(kept.id, Some(BookingId::derive(&[id, "calendar", "centre", "b1"])));
        let (contact, _) = rows.booking(&nameless().reference).await.unwrap().unwrap();
        assert_eq!(rows.bookings(contact, at(0)).await.unwrap(), [kept]);
    }
}
