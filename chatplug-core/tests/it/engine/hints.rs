//! What a booking system tells by itself: hints by webhook, and what the sweep finds of those that were lost.

use super::*;
use chatplug_core::{
    model::Localized,
    ports::{BackendError, Route},
    testkit::wrap::Fault,
};

/// A stage whose branch is known to its booking system as `salon-7`.
async fn stage() -> Stage {
    let stage = Stage::new().await;
    let mut setup = stage.tenant().setup(&[("memory", "1001", "wa")]);
    let branch = Route { tenant: studio(), channel: None, branch: Some("centre".parse().unwrap()) };
    setup.routes.push(("memory".to_owned(), "salon-7".to_owned(), branch));
    stage.rows().register(&setup).await.unwrap();
    stage
}

async fn hints(engine: &Engine, key: &str, event: Scoped) {
    let event = ReceivedEvent { provider: "memory", external_id: "salon-7".to_owned(), key: key.to_owned(), event };
    engine.accept(vec![event]).await.unwrap();
}

fn catalog_changed() -> Scoped {
    Scoped::Catalog { what: "service.update".to_owned() }
}

#[tokio::test]
async fn a_catalogue_that_changed_is_read_again_at_once_and_costs_no_turn() {
    let stage = stage().await;
    let engine = stage.engine();
    let conversation = stage.hears(&engine, "hello").await;
    stage.settles(&engine).await;
    stage.salon.offer(|catalog| catalog.services[2].name = Localized::new("Pedicure"));
    let asks = async || {
        stage.hears(&engine, "what do you offer, how much is it?").await;
        stage.settles(&engine).await;
        stage.shown().last().unwrap().contains("Pedicure")
    };
    assert!(!asks().await, "nobody said that it changed");
    assert_eq!(stage.faults.count("catalog"), 1);
    let turns = stage.rows().turns(conversation, 100).await.unwrap().len();
    hints(&engine, "h1", catalog_changed()).await;
    stage.settles(&engine).await;
    assert_eq!(stage.rows().turns(conversation, 100).await.unwrap().len(), turns, "a hint cost a turn");
    assert!(asks().await, "{:?}", stage.shown());
    assert_eq!(stage.faults.count("catalog"), 2);
}

#[tokio::test]
async fn a_catalogue_that_changed_and_cannot_be_read_is_better_than_none() {
    let stage = stage().await;
    let engine = stage.engine();
    stage.hears(&engine, "hello").await;
    stage.settles(&engine).await;
    hints(&engine, "h1", catalog_changed()).await;
    stage.faults.break_down("catalog", Fault::error(|| BackendError::Unavailable { source: None }));
    stage.hears(&engine, "what do you offer, how much is it?").await;
    stage.settles(&engine).await;
    assert!(stage.shown().last().unwrap().contains("Manicure"), "{:?}", stage.shown());
    stage.faults.heal();
    stage.salon.offer(|catalog| catalog.services[2].name = Localized::new("Pedicure"));
    stage.hears(&engine, "what do you offer, how much is it?").await;
    stage.settles(&engine).await;
    assert!(stage.shown().last().unwrap().contains("Pedicure"), "it is asked for again until it answers");
}
