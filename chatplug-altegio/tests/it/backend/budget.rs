//! How many calls a whole conversation takes, from "hello" to "booked", counted by the fake: in a process that was just
//! started, and when the catalogue is known.

use super::Scene;
use chatplug_core::testkit::Chat;
use chrono::Duration;
use std::sync::Arc;

/// Calls of two bookings, one after the other, on two days.
async fn costs(path: impl AsyncFn(&mut Chat, &str)) -> [usize; 2] {
    let scene = Scene::lisbon().await;
    let backend = Arc::new(scene.backend.clone());
    let mut chat = Chat::with(backend, "centre", scene.clock.clone()).start().await;
    let mut costs = [0, 0];
    for ((cost, day), standing) in costs.iter_mut().zip(["Thursday", "Friday"]).zip(1..) {
        scene.fake.forget_calls();
        path(&mut chat, day).await;
        chat.taps("Yes, book").await;
        let calls: Vec<_> = scene.fake.calls().into_iter().map(|call| call.called).collect();
        println!("{}\n{calls:#?}", chat.transcript());
        assert_eq!(scene.fake.standing().len(), standing, "nothing was booked");
        *cost = calls.len();
        // Long enough for what was read of free times to count no more; the catalogue does.
        chat.passes(Duration::minutes(20), "later").await;
    }
    assert_eq!(scene.fake.violations(), Vec::<String>::new());
    assert_eq!(scene.fake.overlaps(), 0);
    costs
}

#[tokio::test]
async fn who_says_it_all_at_once() {
    let [cold, warm] = costs(async |chat, day| {
        chat.says(&format!("a haircut with Ana on {day} at 15:30")).await;
    })
    .await;
    assert!(cold <= 7 && warm <= 5, "{cold} calls cold, {warm} warm");
}

#[tokio::test]
async fn who_comes_tomorrow_is_asked_of_the_online_booking() {
    let [cold, warm] = costs(async |chat, day| {
        let time = if day == "Thursday" { "15:30" } else { "10:00" };
        chat.says(&format!("a haircut with Ana tomorrow at {time}")).await;
    })
    .await;
    assert!(cold <= 7 && warm <= 5, "{cold} calls cold, {warm} warm");
}

#[tokio::test]
async fn who_is_led_step_by_step() {
    let [cold, warm] = costs(async |chat, day| {
        chat.says("hello").await;
        chat.says("I want to book a haircut").await;
        chat.taps("Ana").await;
        chat.says(&format!("on {day}")).await;
        chat.says("at 15:00").await;
    })
    .await;
    assert!(cold <= 7 && warm <= 5, "{cold} calls cold, {warm} warm");
}

#[tokio::test]
async fn who_wants_anyone_and_looks_around() {
    let [cold, warm] = costs(async |chat, day| {
        chat.says("a haircut next week").await;
        chat.taps("Anyone").await;
        chat.says(&format!("rather on {day} at 11:00")).await;
    })
    .await;
    assert!(cold <= 7 && warm <= 5, "{cold} calls cold, {warm} warm");
}

/// Whoever thinks for longer than what was read of free times counts has them read once more.
#[tokio::test]
async fn who_takes_their_time() {
    let [cold, warm] = costs(async |chat, day| {
        chat.says(&format!("a haircut with Ana on {day}")).await;
        chat.passes(Duration::minutes(5), "they ask at home").await;
        chat.says("at 15:00").await;
        chat.passes(Duration::minutes(5), "and once more").await;
    })
    .await;
    assert!(cold <= 8 && warm <= 5, "{cold} calls cold, {warm} warm");
}
