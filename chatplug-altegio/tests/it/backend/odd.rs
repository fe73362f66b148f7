//! Answers that are none, and answers that say no: each has its outcome, and nothing is "booked" that was not read back.

use super::{Scene, key};
use chatplug_altegio::fake::{Created, Fault, RateLimit, TooMany};
use chatplug_core::{
    model::{BookingStatus, CancelReason},
    ports::{Action, BackendError, BookError, BookingBackend as _, RejectReason, Resolution},
};
use chrono::Duration;
use rstest::rstest;

#[rstest]
#[case::dropped(Fault::DropAnswer)]
#[case::cut(Fault::CutAnswer)]
#[case::html(Fault::Html)]
#[case::truncated(Fault::Truncated)]
#[case::no_content(Fault::NoContent)]
#[case::broken_after(Fault::StatusAfter(500))]
#[case::gateway_after(Fault::StatusAfter(504))]
#[tokio::test]
async fn a_booking_whose_answer_is_lost_is_unknown_and_found(#[case] fault: Fault) {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.on("POST /records").answer(fault);
    let outcome = scene.book(&slot, 1).await;
    assert!(matches!(outcome, Err(BookError::OutcomeUnknown { .. })), "{outcome:?}");
    assert_eq!(scene.fake.calls_of("POST /records").len(), 1, "a write is never repeated");
    let action = Action::Book(scene.request(&slot, 1));
    let resolved = scene.backend.resolve(&action, key(1), scene.now()).await.unwrap();
    let Resolution::Done(booking) = resolved else { panic!("{resolved:?}") };
    assert_eq!((booking.start, booking.made_by), (slot.start, Some(key(1))));
    let other = scene.backend.resolve(&action, key(2), scene.now() - Duration::minutes(5)).await.unwrap();
    assert_eq!(other, Resolution::NotDone, "another key's is not ours");
}

#[rstest]
#[case::dropped(Fault::DropRequest)]
#[case::gateway(Fault::Status(502))]
#[case::down(Fault::Status(503))]
#[tokio::test]
async fn a_booking_that_never_arrived_is_unknown_until_it_cannot_come_any_more(#[case] fault: Fault) {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.on("POST /records").answer(fault);
    let outcome = scene.book(&slot, 1).await;
    assert!(matches!(outcome, Err(BookError::OutcomeUnknown { .. })), "{outcome:?}");
    let (action, attempted) = (Action::Book(scene.request(&slot, 1)), scene.now());
    let resolved = scene.backend.resolve(&action, key(1), attempted).await.unwrap();
    let Resolution::TooEarly(again) = resolved else { panic!("{resolved:?}") };
    scene.clock.advance_to(again);
    assert_eq!(scene.backend.resolve(&action, key(1), attempted).await.unwrap(), Resolution::NotDone);
    scene.book(&slot, 1).await.unwrap();
}

#[tokio::test]
async fn nobody_there_is_certainly_not_done() {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    // A port on which nobody listens: one that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = scene.fake.config().with_base_url(format!("http://127.0.0.1:{port}/api/v1"));
    let client = scene.backend.client().clone();
    let deserted = chatplug_altegio::AltegioClient::new(config, chatplug_altegio::client::http_client().unwrap());
    let error = deserted.post::<()>("records/1", &serde_json::json!({})).await.unwrap_err();
    assert!(matches!(error, chatplug_altegio::CallError::Unavailable { .. }), "{error:?}");
    assert!(client.has_user());
    scene.book(&slot, 1).await.unwrap();
}

#[rstest]
#[case::slot(Fault::Code(433), |error: &BookError| matches!(error, BookError::SlotTaken))]
#[case::nobody(Fault::Code(436), |error: &BookError| matches!(error, BookError::SlotTaken))]
#[case::conflict(Fault::Refuse(409, "Busy".into()), |error: &BookError| matches!(error, BookError::SlotTaken))]
#[case::number(Fault::Code(431), |error: &BookError| matches!(error, BookError::Needs { .. }))]
#[case::name(Fault::Code(435), |error: &BookError| matches!(error, BookError::Needs { .. }))]
#[case::code(Fault::Code(432), |error: &BookError| rejected(error, RejectReason::NotBookableHere))]
#[case::blocked(Fault::Code(434), |error: &BookError| rejected(error, RejectReason::Blocked))]
#[case::gone(Fault::Code(438), |error: &BookError| not_done(error, |error| matches!(error, BackendError::StaleCatalog)))]
#[case::not_there(Fault::Refuse(404, String::new()), |error: &BookError| not_done(error, |error| matches!(error, BackendError::StaleCatalog)))]
#[case::refused(Fault::Refuse(400, "No".into()), |error: &BookError| rejected(error, RejectReason::Other))]
#[case::no_right(Fault::Refuse(403, "Access denied.".into()), |error: &BookError| not_done(error, |error| matches!(error, BackendError::Unauthorized)))]
#[case::no_licence(Fault::Refuse(402, "Pay".into()), |error: &BookError| not_done(error, |error| matches!(error, BackendError::Unauthorized)))]
#[case::too_fast(Fault::Refuse(429, "Slow".into()), |error: &BookError| not_done(error, |error| matches!(error, BackendError::RateLimited { .. })))]
#[tokio::test]
async fn a_refusal_says_what_to_do(#[case] fault: Fault, #[case] is_it: fn(&BookError) -> bool) {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.on("POST /records").answer(fault);
    let error = scene.book(&slot, 1).await.unwrap_err();
    assert!(is_it(&error), "{error:?}");
    assert!(scene.fake.standing().is_empty());
}

fn rejected(error: &BookError, why: RejectReason) -> bool {
    matches!(error, BookError::Rejected { reason } if *reason == why)
}

fn not_done(error: &BookError, is_it: fn(&BackendError) -> bool) -> bool {
    matches!(error, BookError::NotDone(error) if is_it(error))
}

#[rstest]
#[case::html(Fault::Html)]
#[case::truncated(Fault::Truncated)]
#[case::no_content(Fault::NoContent)]
#[case::cut(Fault::CutAnswer)]
#[case::gateway(Fault::Status(502))]
#[case::dropped(Fault::DropRequest)]
#[tokio::test]
async fn a_read_that_fails_is_tried_again_and_one_that_keeps_failing_says_so(#[case] fault: Fault) {
    let scene = Scene::lisbon().await;
    scene.fake.on("GET /company/{company}/staff/schedule").answer(fault.clone());
    assert!(!scene.free("331", "8886", 3).await.is_empty(), "once is nothing");
    scene.fake.on("*").always().answer(fault);
    let catalog = scene.backend.catalog(&scene.backend.branch().branch).await;
    assert!(matches!(catalog, Err(BackendError::Unavailable { .. })), "{catalog:?}");
    // By now it is left alone for a while, and who asks hears that at once.
    scene.fake.forget_calls();
    let again = scene.backend.catalog(&scene.backend.branch().branch).await;
    assert!(matches!(again, Err(BackendError::Unavailable { .. })), "{again:?}");
    assert_eq!(scene.fake.calls().len(), 0);
}

#[rstest]
#[case::general(TooMany::General)]
#[case::empty(TooMany::Empty)]
#[case::html(TooMany::Html)]
#[tokio::test]
async fn too_many_calls_are_told_in_any_shape(#[case] shape: TooMany) {
    let scene = Scene::lisbon().await;
    let slot = scene.slot().await;
    scene.fake.keep_rate(RateLimit::of(0, 0).answering(shape).retry_after(0));
    let read = scene.backend.availability(&scene.query("331", "8886", 30)).await;
    assert!(matches!(read, Err(BackendError::RateLimited { .. })), "{read:?}");
    let write = scene.book(&slot, 1).await;
    assert!(matches!(write, Err(BookError::NotDone(BackendError::RateLimited { .. }))), "{write:?}");
    scene.fake.keep_rate(None);
    scene.book(&slot, 1).await.unwrap();
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_gone() {
    let scene = Scene::lisbon().await;
    let slots = scene.free("331", "8886", 3).await;
    let booking = scene.book(&slots[0], 1).await.unwrap();
    scene.fake.desk().cancels(super::number(&booking));
    let moved = scene.backend.reschedule(&booking.reference, &slots[3], key(9)).await;
    assert!(matches!(moved, Err(BookError::NotDone(BackendError::NotFound { .. }))), "{moved:?}");
    let confirmed = scene.backend.confirm_visit(&booking.reference).await;
    assert!(matches!(confirmed, Err(BookError::NotDone(BackendError::NotFound { .. }))), "{confirmed:?}");
    scene.backend.cancel(&booking.reference, CancelReason::Client, key(9)).await.unwrap();
    assert!(scene.all().await.is_empty());
}

#[rstest]
#[case::dropped(Fault::DropAnswer)]
#[case::html(Fault::Html)]
#[tokio::test]
async fn a_cancellation_without_an_answer_is_settled_by_looking(#[case] fault: Fault) {
    let scene = Scene::lisbon().await;
    let booking = scene.book(&scene.slot().await, 1).await.unwrap();
    scene.fake.on("DELETE /record").answer(fault);
    let outcome = scene.backend.cancel(&booking.reference, CancelReason::Client, key(9)).await;
    assert!(matches!(outcome, Err(BookError::OutcomeUnknown { .. })), "{outcome:?}");
    let action = Action::Cancel { booking, reason: CancelReason::Client };
    let Resolution::Done(told) = scene.backend.resolve(&action, key(9), scene.now()).await.unwrap() else { panic!() };
    assert_eq!(told.status, BookingStatus::Cancelled);
}

#[tokio::test]
async fn a_move_without_an_answer_is_settled_by_looking() {
    let scene = Scene::lisbon().await;
    let slots = scene.free("331", "8886", 3).await;
    let booking = scene.book(&slots[0], 1).await.unwrap();
    scene.fake.on("PUT /record").answer(Fault::DropAnswer);
    let outcome = scene.backend.reschedule(&booking.reference, &slots[4], key(9)).await;
    assert!(matches!(outcome, Err(BookError::OutcomeUnknown { .. })), "{outcome:?}");
    let client = scene.request(&slots[0], 1).client;
    let action = Action::Reschedule { booking, to: slots[4].clone(), client };
    let Resolution::Done(told) = scene.backend.resolve(&action, key(9), scene.now()).await.unwrap() else { panic!() };
    assert_eq!(told.start, slots[4].start);
}

#[tokio::test]
async fn a_repetition_finds_what_was_done_and_books_nothing_more() {
    let scene = Scene::lisbon().await;
    for created in [Created::Object, Created::Array] {
        scene.fake.traps(|traps| traps.created = created);
        let slot = scene.slot().await;
        let client = 10 + u32::from(created == Created::Array);
        let first = scene.book(&slot, client).await.unwrap();
        let again = scene.restarted_backend().book(&scene.request(&slot, client), key(client)).await.unwrap();
        assert_eq!(first.reference, again.reference, "{created:?}");
    }
    assert_eq!(scene.fake.standing().len(), 2);
}
