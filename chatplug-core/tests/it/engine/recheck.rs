//! A time is looked at once more right before it is booked: by the engine, or by the booking system where that does.

use super::*;

/// How often free times were asked for between the yes and the booking.
async fn looks(rechecks: bool, words: &str) -> u64 {
    let mut stage = Stage::new().await;
    stage.salon = stage.salon.clone().able(|can| can.rechecks = rechecks);
    let engine = stage.engine();
    stage.hears(&engine, words).await;
    stage.settles(&engine).await;
    let before = stage.faults.count("availability");
    stage.taps(&engine, "Yes, book").await;
    stage.settles(&engine).await;
    assert_eq!(stage.salon.standing().len(), 1, "{:?}", stage.shown());
    stage.faults.count("availability") - before
}

#[tokio::test]
async fn a_system_that_looks_again_itself_is_not_asked_twice() {
    let with_bruno = "a haircut with Bruno tomorrow at 15:30";
    assert_eq!(looks(false, with_bruno).await, 1);
    assert_eq!(looks(true, with_bruno).await, 0);
}

#[tokio::test]
async fn who_is_free_is_looked_at_all_the_same_when_nobody_was_chosen() {
    assert_eq!(looks(true, "a haircut with anyone tomorrow at 15:30").await, 1);
}
