//! What the team hears, and what happens when it cannot.

use super::{Stage, studio};
use chatplug_core::{
    dialogue::TeamEvent,
    ports::{Clock as _, OVERDUE_AFTER, Store as _},
    testkit::wrap::Fault,
};
use chrono::Duration;

/// Ana asks for a person: the team must hear of it.
async fn asks_for_a_person(stage: &Stage, engine: &chatplug_core::engine::Engine) {
    stage.hears(engine, "quero falar com uma pessoa").await;
    stage.settles(engine).await;
}

fn asked(stage: &Stage) -> usize {
    stage.team.notices().iter().filter(|notice| matches!(notice.event, TeamEvent::NeedsPerson { .. })).count()
}

#[tokio::test]
async fn a_team_that_cannot_be_told_is_told_later_and_the_client_notices_nothing() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.faults.break_down("notify", Fault::down());
    asks_for_a_person(&stage, &engine).await;
    assert!(!stage.shown().is_empty(), "the client is answered");
    assert_eq!(asked(&stage), 0);
    stage.passes(&engine, Duration::seconds(10)).await;
    stage.passes(&engine, Duration::seconds(10)).await;
    assert!(stage.faults.count("notify") >= 3);
    stage.faults.heal();
    stage.passes(&engine, Duration::minutes(5)).await;
    assert_eq!(asked(&stage), 1);
    let figures = stage.memory.figures(OVERDUE_AFTER, stage.clock.now()).await.unwrap();
    assert_eq!((figures.notices_queued, figures.notices_dead), (0, 0));
    assert_eq!(stage.heard.count("team told"), 1);
}

#[tokio::test]
async fn a_team_that_is_gone_for_good_is_given_up_after_a_day_visibly() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.faults.break_down("notify", Fault::down());
    asks_for_a_person(&stage, &engine).await;
    for _ in 0..30 {
        stage.passes(&engine, Duration::hours(1)).await;
    }
    let figures = stage.memory.figures(OVERDUE_AFTER, stage.clock.now()).await.unwrap();
    assert_eq!(figures.notices_queued, 0, "{figures:?}");
    assert!(figures.notices_dead >= 1, "{figures:?}");
    assert!(stage.heard.count("team dead") >= 1);
}

#[tokio::test]
async fn a_process_that_dies_while_telling_leaves_it_to_another() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    // Told, and then nobody takes down that they were: they are told again, never not at all.
    let _lost = stage.faults.clone().fail("record_notice", 1, Fault::down());
    stage.hears(&engine, "quero falar com uma pessoa").await;
    stage.clock.advance(Duration::seconds(2));
    let _ = engine.drain().await;
    assert_eq!(asked(&stage), 1);
    stage.passes(&stage.engine(), Duration::minutes(1)).await;
    assert_eq!(asked(&stage), 2, "at least once");
    stage.passes(&engine, Duration::hours(1)).await;
    assert_eq!(asked(&stage), 2);
}

#[tokio::test(start_paused = true)]
async fn a_notifier_that_hangs_keeps_no_client_waiting() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let gate = stage.faults.hold("notify", 1);
    stage.hears(&engine, "quero falar com uma pessoa").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(stopped).await }
    });
    stage.clock.advance(Duration::seconds(2));
    gate.arrived().await;
    let before = stage.messenger.sent().len();
    let conversation = stage.rows().conversations(1).await.unwrap()[0].id;
    engine.operate(&studio(), conversation, "k1", "olga", chatplug_core::dialogue::Operator::HandBack).await.unwrap();
    stage.hears(&engine, "olá, bom dia a todos").await;
    stage.clock.advance(Duration::seconds(2));
    let sent = stage.messenger.sent_at_least(before + 1).await;
    assert!(sent.len() > before);
    gate.open();
    stop.send(true).unwrap();
    workers.await.unwrap();
    assert_eq!(asked(&stage), 1);
}
