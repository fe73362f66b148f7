//! How many calls a whole conversation takes, from "hello" to "booked", counted by the fake: in a process that was just
//! started, and when the catalogue is known. The README publishes these figures.

use super::Scene;
use chatplug_calcom::CalcomBranch;
use chatplug_core::testkit::Chat;
use chrono::Duration;
use std::sync::Arc;

/// Calls of two bookings, one after the other, on two days.
async fn costs(branch: CalcomBranch, path: impl AsyncFn(&mut Chat, &str)) -> [usize; 2] {
    let scene = Scene::at(branch).await;
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

fn own() -> CalcomBranch {
    let rule = chatplug_calcom::CalcomEmail::Guest { domain: "guest.studio.example".to_owned(), secret: "k".into() };
    super::own(chrono_tz::Europe::Lisbon).with_email(rule)
}

fn both() -> CalcomBranch {
    own().of_account("anna").of_account("boris")
}

#[tokio::test]
async fn who_says_it_all_at_once() {
    let [cold, warm] = costs(own(), async |chat, day| {
        chat.says(&format!("a haircut on {day} at 15:30")).await;
    })
    .await;
    assert!(cold <= 7 && warm <= 5, "{cold} calls cold, {warm} warm");
}

#[tokio::test]
async fn who_is_led_step_by_step() {
    let [cold, warm] = costs(both(), async |chat, day| {
        chat.says("hello").await;
        chat.says("I want to book a haircut").await;
        chat.taps("Anna").await;
        chat.says(&format!("on {day}")).await;
        chat.says("at 15:00").await;
    })
    .await;
    assert!(cold <= 7 && warm <= 5, "{cold} calls cold, {warm} warm");
}

#[tokio::test]
async fn who_wants_anyone_of_two_and_looks_around() {
    let [cold, warm] = costs(both(), async |chat, day| {
        chat.says("a haircut next week").await;
        chat.taps("Anyone").await;
        chat.says(&format!("rather on {day} at 11:00")).await;
    })
    .await;
    assert!(cold <= 7 && warm <= 5, "{cold} calls cold, {warm} warm");
}
