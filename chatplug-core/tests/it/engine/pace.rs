//! Messages that wait for a place under their number's rate.

use super::Stage;
use chatplug_core::{
    model::{ChannelUser, Content, Private},
    ports::{Messenger, Place},
    testkit::{
        StaticDirectory,
        wrap::{Faulty, Gate},
    },
    wrappers::{Pace, Throttled},
};
use chrono::Duration;
use std::sync::Arc;

const PEOPLE: usize = 12;
const BURST: u32 = 2;

fn through(stage: &Stage, burst: u32) -> Throttled<dyn Messenger> {
    let pace = Pace::new(Arc::new(stage.clock.clone()), burst, Duration::seconds(1), 8);
    Throttled::new(Arc::new(stage.messenger.clone()), pace)
}

/// How many of our messages are in which state.
async fn states(stage: &Stage, state: &str) -> usize {
    let mut count = 0;
    for view in stage.rows().conversations(1000).await.unwrap() {
        let log = stage.rows().messages(view.id, 100).await.unwrap();
        count += log.iter().filter(|line| !line.inbound && line.status == state).count();
    }
    count
}

#[tokio::test]
async fn what_waits_for_a_place_is_not_marked_as_being_sent_and_comes_once_at_an_instant_of_its_own() {
    let stage = Stage::new().await;
    let tenant = stage.tenant_through(Arc::new(through(&stage, BURST))).build();
    let engine = stage.engine_with(Arc::new(StaticDirectory::new([tenant])));
    for n in 0..PEOPLE {
        let from = ChannelUser { phone: format!("3519120000{n:02}").parse().ok(), user_id: None };
        stage.hears_of(&engine, from, Content::Text { body: Private::new("bom dia".to_owned()) }).await;
    }
    stage.settles(&engine).await;
    let burst = usize::try_from(BURST).unwrap();
    let waiting = PEOPLE - burst;
    assert_eq!((states(&stage, "sent").await, states(&stage, "queued").await), (burst, waiting));
    let count = |operation: &str| usize::try_from(stage.faults.count(operation)).unwrap();
    assert_eq!((count("next_delivery"), count("record_delivery"), count("postpone")), (0, burst, waiting));
    for n in 1..=waiting {
        stage.passes(&engine, Duration::seconds(1)).await;
        assert_eq!(stage.messenger.sent().len(), burst + n);
    }
    assert_eq!((count("next_delivery"), count("postpone")), (waiting, waiting), "each came once");
    assert_eq!(states(&stage, "sent").await, PEOPLE);
}

#[tokio::test(start_paused = true)]
async fn the_next_turn_does_not_wait_for_the_provider_s_answer_to_the_last() {
    let mut stage = Stage::new().await;
    stage.options.concurrency = 1;
    let messenger = Faulty::new(Arc::new(stage.messenger.clone()), &stage.faults);
    let tenant = stage.tenant_through(Arc::new(messenger)).build();
    let engine = stage.engine_with(Arc::new(StaticDirectory::new([tenant])));
    let gates = [stage.faults.hold("send", 1), stage.faults.hold("send", 2), stage.faults.hold("send", 3)];
    for n in 0..gates.len() {
        let from = ChannelUser { phone: format!("3519120000{n:02}").parse().ok(), user_id: None };
        stage.hears_of(&engine, from, Content::Text { body: Private::new("bom dia".to_owned()) }).await;
    }
    stage.clock.advance(Duration::seconds(2));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn(async move { engine.run(stopped).await });
    // None is answered before all are on their way.
    for gate in &gates {
        gate.arrived().await;
    }
    gates.iter().for_each(Gate::open);
    stage.messenger.sent_at_least(gates.len()).await;
    stop.send(true).unwrap();
    workers.await.unwrap();
}

#[tokio::test]
async fn a_place_that_was_given_is_used_by_the_next_message_and_lost_after_a_while() {
    let stage = Stage::new().await;
    let messenger = through(&stage, 1);
    let to = chatplug_core::model::Address { user: super::ana() };
    let message = chatplug_core::model::Outbound::Text { body: "hi".to_owned() };
    let key = |name: &str| chatplug_core::model::DeliveryKey::derive(&[name]);
    assert_eq!(messenger.place().await, Place::Granted);
    let Place::Later(first) = messenger.place().await else { panic!("one a second") };
    let Place::Later(second) = messenger.place().await else { panic!("one a second") };
    assert_eq!(second - first, Duration::seconds(1), "everybody is told another instant");
    messenger.send(&to, &message, key("1")).await.unwrap();
    assert!(messenger.send(&to, &message, key("2")).await.is_err(), "there was one place");
    stage.clock.advance(Duration::seconds(1));
    assert_eq!(messenger.place().await, Place::Granted);
    stage.clock.advance(Duration::minutes(1));
    messenger.send(&to, &message, key("2")).await.unwrap();
    assert!(messenger.send(&to, &message, key("3")).await.is_err(), "the place of a minute ago does not count");
}
