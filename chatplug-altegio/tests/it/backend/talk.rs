//! Whole conversations when something goes wrong at Altegio: the client hears the truth, and there is one booking or none.

use super::Scene;
use chatplug_altegio::fake::Fault;
use chatplug_core::testkit::Chat;
use chrono::Duration;
use rstest::rstest;
use std::sync::Arc;

const WISH: &str = "a haircut with Ana on Thursday at 15:30";

async fn chat(scene: &Scene) -> Chat {
    Chat::with(Arc::new(scene.backend.clone()), "centre", scene.clock.clone()).start().await
}

#[rstest]
#[case::done_and_dropped(Fault::DropAnswer)]
#[case::done_and_html(Fault::Html)]
#[case::done_and_a_gateway(Fault::StatusAfter(504))]
#[case::not_done_and_dropped(Fault::DropRequest)]
#[case::not_done_and_a_gateway(Fault::Status(503))]
#[tokio::test]
async fn a_lost_answer_ends_in_one_booking(#[case] fault: Fault) {
    let scene = Scene::lisbon().await;
    let mut chat = chat(&scene).await;
    chat.says(WISH).await;
    scene.fake.on("POST /records").answer(fault);
    chat.taps("Yes, book").await;
    chat.passes(Duration::minutes(3), "three minutes later").await;
    let told = chat.transcript().to_string();
    assert_eq!(told.matches("You're booked").count(), 1, "{told}");
    assert_eq!((scene.fake.standing().len(), scene.fake.overlaps()), (1, 0));
}

#[tokio::test]
async fn what_somebody_took_by_telephone_is_not_booked_twice_and_others_are_offered() {
    let scene = Scene::lisbon().await;
    let mut chat = chat(&scene).await;
    chat.says(WISH).await;
    let start = scene.day(3).and_hms_opt(15, 0, 0).unwrap();
    scene.fake.desk().books(8886, 331, start, "+351910000009", "Rosa");
    chat.taps("Yes, book").await;
    let told = chat.transcript().to_string();
    assert!(!told.contains("You're booked") && told.contains("Thu, 5 Mar, 14:00"), "{told}");
    assert_eq!((scene.fake.standing().len(), scene.fake.overlaps()), (1, 0));
}

#[tokio::test]
async fn nobody_is_told_a_booking_while_nothing_answers() {
    let scene = Scene::lisbon().await;
    let mut chat = chat(&scene).await;
    chat.says(WISH).await;
    scene.fake.on("*").always().answer(Fault::Status(502));
    chat.taps("Yes, book").await;
    chat.passes(Duration::minutes(1), "a minute later").await;
    let told = chat.transcript().to_string();
    assert!(!told.contains("You're booked"), "{told}");
    assert!(scene.fake.standing().is_empty());
}
