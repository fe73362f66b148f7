//! What goes wrong: an event type that is gone or hidden, a host who left, addresses that are wanted, a server that speaks
//! another version, is half-upgraded or down, clocks that differ, reservations of others.

use super::{CUT, Scene, key, own, person};
use chatplug_calcom::{
    CalcomClient, CalcomEmail, CalcomEventType, CalcomLeftOut,
    client::http_client,
    fake::{FakeCalcom, FakeEventType, FakeStatus, Fault, Server},
};
use chatplug_core::{
    model::{BookingStatus, ClientField},
    ports::{Action, BackendError, BookError, BookingBackend as _, BookingFilter, RejectReason, Resolution},
};
use chrono::Duration;
use serde_json::json;
use std::sync::Arc;

const LISBON: chrono_tz::Tz = chrono_tz::Europe::Lisbon;

#[tokio::test]
async fn an_event_type_that_was_deleted_is_a_stale_catalogue() {
    let scene = Scene::at(own(LISBON)).await;
    let slot = scene.slot().await;
    scene.fake.remove_event_type(1);
    let error = scene.book(&slot, 1).await.unwrap_err();
    assert!(matches!(error, BookError::NotDone(BackendError::StaleCatalog)), "{error:?}");
    let error = scene.backend.availability(&scene.query(CUT, "1", 3)).await.unwrap_err();
    assert!(matches!(error, BackendError::StaleCatalog), "{error:?}");
    assert!(scene.backend.catalog(scene.backend.branch().id()).await.unwrap().services.is_empty());
}

/// Hidden meanwhile: who saw it may still book it, and nobody else is offered it.
#[tokio::test]
async fn an_event_type_that_was_hidden_is_no_longer_offered() {
    let scene = Scene::at(own(LISBON)).await;
    let slot = scene.slot().await;
    scene.fake.change_event_type(1, |of| of.hidden = true);
    let made = scene.book(&slot, 1).await.unwrap();
    assert!(scene.backend.catalog(scene.backend.branch().id()).await.unwrap().services.is_empty());
    assert_eq!(scene.all().await.len(), 1, "what is booked stays");
    assert_eq!(made.services, slot.services);
}

#[tokio::test]
async fn who_left_is_no_longer_there() {
    let scene = Scene::lisbon().await;
    let made = scene.book(&scene.slot().await, 1).await.unwrap();
    scene.fake.remove_user(FakeCalcom::ANNA).change_key(FakeCalcom::BORIS, "cal_live_boris");
    let (client, at) =
        (scene.fake.config_with(chatplug_calcom::CalcomAuth::ApiKey("cal_live_boris".into())), own(LISBON));
    let boris = super::backend(client, at.of_account("boris"), &scene.clock);
    let catalog = boris.catalog(boris.branch().id()).await.unwrap();
    let names: Vec<_> = catalog.staff.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["Boris Host"]);
    // The booking's host is a word that is no number.
    let filter = BookingFilter { reference: Some(made.reference), ..BookingFilter::at(boris.branch().id().clone()) };
    assert!(boris.find(&filter).await.unwrap().iter().all(|booking| booking.staff.is_none()));
}

#[tokio::test]
async fn an_address_is_asked_for_made_or_done_without() {
    let scene = Scene::at(own(LISBON)).await;
    let phone_only = scene.fake.add_event_type(FakeEventType::new(1, "call", "Call", 30).notice(0).phone_only());
    let requires = async |scene: &Scene, service: &str| {
        let catalog = scene.backend.catalog(scene.backend.branch().id()).await.unwrap();
        catalog.service(&service.parse().unwrap()).unwrap().requires.clone()
    };
    let email = |fields: &[ClientField]| fields.contains(&ClientField::Email);
    assert!(email(&requires(&scene, CUT).await));
    let slot = scene.slot().await;
    let mut request = scene.request(&slot, 1);
    request.client.email = None;
    let error = scene.backend.book(&request, key(1)).await.unwrap_err();
    assert!(matches!(&error, BookError::Needs { fields } if fields.contains(&ClientField::Email)), "{error:?}");
    assert!(scene.fake.bookings().is_empty(), "and Cal.com was not asked");

    let rule = CalcomEmail::Guest { domain: "guest.studio.example".to_owned(), secret: "k".into() };
    let guests = scene.clone().with(own(LISBON).with_email(rule));
    assert!(!email(&requires(&guests, CUT).await));
    let made = guests.backend.book(&request, key(1)).await.unwrap();
    let address = scene.fake.bookings()[0].attendees[0].email.clone();
    assert!(address.starts_with("guest-") && address.ends_with("@guest.studio.example"), "{address}");
    let theirs = BookingFilter { client: Some(person(1)), ..BookingFilter::at(made.reference.branch.clone()) };
    assert_eq!(guests.backend.find(&theirs).await.unwrap(), [made]);

    let phones = scene.clone().with(own(LISBON).with_email(CalcomEmail::PhoneOnly));
    assert!(email(&requires(&phones, CUT).await), "an ordinary type demands it all the same");
    assert!(!email(&requires(&phones, &phone_only.to_string()).await));
}

#[tokio::test]
async fn what_a_chat_cannot_book_is_left_out_and_said_why() {
    let scene = Scene::at(own(LISBON)).await;
    let add = |of: FakeEventType| scene.fake.add_event_type(of.notice(0));
    let asks = json!({ "type": "select", "slug": "service", "label": "Service", "required": true, "placeholder": "",
        "options": ["cut", "color"] });
    let asking = add(FakeEventType::new(1, "req", "Req", 30).asking(asks));
    let weekly = add(FakeEventType::new(1, "weekly", "Weekly", 30).weekly(3));
    let hidden = add(FakeEventType::new(1, "secret", "Secret", 30).hidden());
    let left_out = scene.backend.left_out().await.unwrap();
    let told: Vec<_> = left_out.iter().map(|(id, _, why)| (*id, why.clone())).collect();
    assert_eq!(
        told,
        [(asking, CalcomLeftOut::Asks { slug: "service".to_owned() }), (weekly, CalcomLeftOut::Recurring)]
    );
    let offered = async |scene: &Scene| {
        let catalog = scene.backend.catalog(scene.backend.branch().id()).await.unwrap();
        catalog.services.into_iter().map(|service| service.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(offered(&scene).await, ["1"], "not {hidden}, either");
    // With an answer it can be booked.
    let said = CalcomEventType::new().answering("service", "cut");
    let scene = scene.with(own(LISBON).with_event_type(asking, said));
    let slot = scene.free(&asking.to_string(), "1", 3).await.remove(0);
    scene.book(&slot, 1).await.unwrap();
}

#[tokio::test]
async fn rules_of_the_business_are_told_as_what_they_are() {
    let scene = Scene::at(own(LISBON)).await;
    let daily = scene.fake.add_event_type(FakeEventType::new(1, "daily", "Daily", 30).notice(0).a_day(1)).to_string();
    let once = scene.fake.add_event_type(FakeEventType::new(1, "once", "Once", 30).notice(0).at_most(1)).to_string();
    let free = scene.free(&daily, "1", 3).await;
    scene.book(&free[0], 1).await.unwrap();
    let error = scene.book(&free[5], 2).await.unwrap_err();
    assert!(matches!(error, BookError::SlotTaken), "a 401 that is not about credentials: {error:?}");
    let free = scene.free(&once, "1", 4).await;
    scene.fake.be(Server::Community2026);
    scene.book(&free[0], 3).await.unwrap();
    let mut request = scene.request(&free[5], 3);
    request.slot = free[5].clone();
    let error = scene.backend.book(&request, key(33)).await.unwrap_err();
    assert!(matches!(error, BookError::Rejected { reason: RejectReason::TooMany }), "{error:?}");
}

/// One host of several who is busy breaks the servers of 2025: that is a taken time, and nothing was made.
#[tokio::test]
async fn a_half_busy_team_is_a_taken_time() {
    use chatplug_calcom::fake::FakeScheduling;
    let scene = Scene::lisbon().await;
    let hosts = [FakeCalcom::ANNA, FakeCalcom::BORIS];
    let both = FakeEventType::of_team(FakeCalcom::TEAM, FakeScheduling::Collective, &hosts, "both", "Both", 60);
    let both = scene.fake.add_event_type(both.notice(0)).to_string();
    let scene = scene.with(own(LISBON).of_team(FakeCalcom::TEAM));
    let slot = scene.free(&both, "any", 3).await.remove(0);
    scene.fake.desk_of(FakeCalcom::BORIS).books(2, slot.start, "rosa@client.example", "Rosa");
    let error = scene.book(&slot, 1).await.unwrap_err();
    assert!(matches!(error, BookError::SlotTaken), "{error:?}");
    assert!(scene.free(&both, "any", 3).await.iter().all(|free| free.start != slot.start));
    // Any other 500 may have been done.
    let slot = scene.free(&both, "any", 3).await.remove(0);
    scene.fake.on("POST /bookings").answer(Fault::Status(502));
    let error = scene.book(&slot, 2).await.unwrap_err();
    assert!(matches!(error, BookError::OutcomeUnknown { .. }), "{error:?}");
}

/// A server that does not have a call is not one that knows no bookings; nor is one that is down.
#[tokio::test]
async fn a_server_that_is_half_upgraded_or_down_says_nothing_about_bookings() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    let made = scene.book(&slot, 1).await.unwrap();
    let filter =
        BookingFilter { reference: Some(made.reference.clone()), ..BookingFilter::at(made.reference.branch.clone()) };
    for fault in [
        Fault::Refuse(404, "Cannot GET /v2/bookings/x".to_owned()),
        Fault::Status(404),
        Fault::Status(502),
        Fault::Html,
        Fault::Truncated,
    ] {
        // Each in a process of its own, whose circuit is closed.
        scene.fake.on("GET /bookings/{uid}").times(3).answer(fault.clone());
        let found = scene.restarted().find(&filter).await;
        assert!(matches!(found, Err(BackendError::Unavailable { .. })), "{fault:?}: {found:?}");
        scene.use_up_faults().await;
        let action = Action::Cancel { booking: made.clone(), reason: chatplug_core::model::CancelReason::Client };
        scene.fake.on("GET /bookings/{uid}").times(3).answer(fault.clone());
        let told = scene.restarted().resolve(&action, key(1), scene.now() - Duration::hours(1)).await;
        assert!(told.is_err(), "{fault:?}: {told:?}");
        scene.use_up_faults().await;
    }
    assert_eq!(scene.restarted().find(&filter).await.unwrap(), [made]);
}

/// What was made and whose answer was lost is found by its key, whatever the client's clock says.
#[tokio::test]
async fn a_lost_answer_is_found_by_its_key_though_clocks_differ() {
    for fault in
        [Fault::DropAnswer, Fault::CutAnswer, Fault::Html, Fault::Truncated, Fault::NoContent, Fault::StatusAfter(504)]
    {
        let scene = Scene::lisbon().await;
        let slot = scene.slot().await;
        scene.fake.on("POST /bookings").answer(fault.clone());
        let error = scene.book(&slot, 1).await.unwrap_err();
        assert!(matches!(error, BookError::OutcomeUnknown { .. }), "{fault:?}: {error:?}");
        // Ours is ahead by an hour, or behind.
        for skew in [Duration::hours(1), -Duration::hours(1), Duration::zero()] {
            let told =
                scene.restarted().resolve(&Action::Book(scene.request(&slot, 1)), key(1), scene.now() + skew).await;
            let Ok(Resolution::Done(booking)) = told else { panic!("{fault:?} {skew}: {told:?}") };
            assert_eq!((booking.start, booking.made_by), (slot.start, Some(key(1))));
        }
        // Somebody at the desk moves it before we look: it was made all the same.
        let uid = scene.fake.standing()[0].uid.clone();
        let later = scene.fake.desk().moves(&uid, slot.start + Duration::days(4));
        let told = scene.restarted().resolve(&Action::Book(scene.request(&slot, 1)), key(1), scene.now()).await;
        let Ok(Resolution::Done(booking)) = told else { panic!("{fault:?}: {told:?}") };
        assert_eq!((booking.reference.backend_id, booking.status), (later, BookingStatus::Booked));
    }
}

/// A reservation hides the time from everybody and protects nobody; when it has expired, or was never there, nothing is
/// different for who books.
#[tokio::test]
async fn somebody_elses_reservation_is_only_a_hint() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    let hold = json!({ "eventTypeId": 1, "slotStart": slot.start });
    scene.backend.client().post::<serde_json::Value>("slots/reservations", &hold).await.unwrap();
    assert_eq!(scene.restarted().availability(&scene.query(CUT, "1", 3)).await.unwrap().slots[0].start, slot.end);
    scene.book(&slot, 1).await.unwrap();
    assert_eq!(scene.fake.standing().len(), 1);
}

#[tokio::test]
async fn credentials_that_do_not_work_are_no_taken_time() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.change_key(FakeCalcom::ANNA, "cal_live_new");
    let error = scene.book(&slot, 1).await.unwrap_err();
    assert!(matches!(error, BookError::NotDone(BackendError::Unauthorized)), "{error:?}");
    let error = scene.restarted().catalog(scene.backend.branch().id()).await;
    assert!(error.is_ok(), "the restarted one takes the fake's present key: {error:?}");
}

#[tokio::test]
async fn two_processes_together_keep_to_the_limit() {
    use chatplug_calcom::fake::RateLimit;
    use chatplug_core::testkit::MemoryLimiter;
    let fake = FakeCalcom::start().await.unwrap();
    fake.keep_rate(RateLimit::default());
    let limiter = Arc::new(MemoryLimiter::new());
    let processes =
        [0, 1].map(|_| CalcomClient::new(fake.config(), http_client().unwrap()).with_limiter(limiter.clone()));
    let call = async |process: &CalcomClient| process.get::<serde_json::Value>("me").await.map(drop);
    let all = (0..20).map(|n| call(&processes[n % 2]));
    for answer in futures_util::future::join_all(all).await {
        answer.unwrap();
    }
    assert!(fake.calls().iter().all(|call| call.status == 200), "nobody was told to slow down");
}

/// What is declined no longer stands; what is approved does; who did not come is marked. Nothing of it twice.
#[tokio::test]
async fn the_business_approves_declines_and_marks() {
    let scene = Scene::at(own(LISBON)).await;
    let consult = FakeEventType::new(1, "consult", "Consult", 30).notice(0).confirmed_by_host();
    let consult = scene.fake.add_event_type(consult).to_string();
    let free = scene.free(&consult, "1", 1).await;
    let [one, other] = [scene.book(&free[0], 1).await.unwrap(), scene.book(&free[4], 2).await.unwrap()];
    assert_eq!([one.status, other.status], [BookingStatus::Requested; 2]);
    for _ in 0..2 {
        assert_eq!(scene.backend.approve(&one.reference).await.unwrap().status, BookingStatus::Booked);
        let declined = scene.backend.decline(&other.reference, Some("Too busy")).await.unwrap();
        assert_eq!(declined.status, BookingStatus::Cancelled);
    }
    assert_eq!(scene.fake.calls_of("POST /bookings/{uid}/decline").len(), 1, "a second one would tell everybody again");
    assert!(scene.backend.approve(&other.reference).await.is_err(), "what was declined is gone");
    let early = scene.backend.mark_absent(&one.reference, true).await;
    assert!(matches!(early, Err(BookError::Rejected { .. })), "before it began: {early:?}");
    scene.clock.advance(Duration::days(2));
    assert_eq!(scene.backend.mark_absent(&one.reference, true).await.unwrap().status, BookingStatus::NoShow);
    assert_eq!(scene.fake.bookings()[0].status, FakeStatus::Accepted);
}

impl Scene {
    /// Uses up what is left of faults that were set up for more calls than were made.
    async fn use_up_faults(&self) {
        for _ in 0..3 {
            let _ = self.restarted().client().get::<serde_json::Value>("bookings/none").await;
        }
    }
}
