//! What a booking system tells by itself: hints by webhook, and what the sweep finds of those that were lost.

use super::*;
use chatplug_core::{
    model::{Booking, BookingStatus, Gate, Localized},
    ports::{BackendError, Ingest, Route},
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

/// Ana books with Bruno for tomorrow at 15:30; answers the booking's id in its system.
async fn books(stage: &Stage, engine: &Engine) -> (ConversationId, String) {
    stage.hears(engine, "a haircut with Bruno tomorrow at 15:30").await;
    stage.settles(engine).await;
    let conversation = stage.taps(engine, "Yes, book").await;
    stage.settles(engine).await;
    (conversation, stage.salon.standing()[0].reference.backend_id.clone())
}

fn an_hour_later(booking: &mut Booking) {
    booking.start += Duration::hours(1);
    booking.end += Duration::hours(1);
}

/// How many times Ana was told that the business changed something.
fn told(stage: &Stage) -> usize {
    stage.shown().iter().filter(|text| text.contains("16:30") || text.contains("17:30")).count()
}

#[tokio::test]
async fn a_change_that_no_webhook_told_of_is_told_once_whoever_finds_it_and_how_often() {
    let stage = stage().await;
    let (engine, other) = (stage.engine(), stage.engine());
    let (conversation, id) = books(&stage, &engine).await;
    stage.passes(&engine, Duration::minutes(20)).await;
    // Our own write was never told of: it is looked at, and found to be as it was known.
    assert_eq!(engine.sweep().await.unwrap(), 1);
    stage.settles(&engine).await;
    let said = stage.shown().len();
    stage.salon.edit(&id, an_hour_later);
    stage.passes(&engine, Duration::minutes(15)).await;
    assert_eq!(stage.shown().len(), said, "nobody looked yet");
    assert_eq!(engine.sweep().await.unwrap(), 1);
    assert_eq!(other.sweep().await.unwrap(), 0, "the other process finds the same change");
    stage.settles(&engine).await;
    assert_eq!((told(&stage), stage.shown().len()), (1, said + 1), "{:?}", stage.shown());
    // The webhook comes after all, the next sweep asks for the same time again: no word, no turn.
    hints(&engine, "h1", Scoped::Booking { backend_id: id.clone() }).await;
    stage.settles(&engine).await;
    let turns = stage.rows().turns(conversation, 100).await.unwrap().len();
    assert_eq!(engine.sweep().await.unwrap(), 0);
    stage.settles(&engine).await;
    assert_eq!(stage.shown().len(), said + 1);
    assert_eq!(stage.rows().turns(conversation, 100).await.unwrap().len(), turns);
}

#[tokio::test]
async fn two_changes_of_one_instant_are_both_seen() {
    let stage = stage().await;
    let engine = stage.engine();
    let (_, id) = books(&stage, &engine).await;
    stage.passes(&engine, Duration::minutes(20)).await;
    engine.sweep().await.unwrap();
    stage.salon.edit(&id, an_hour_later);
    assert_eq!(engine.sweep().await.unwrap(), 1);
    engine.drain().await.unwrap();
    stage.salon.edit(&id, an_hour_later);
    stage.passes(&engine, Duration::seconds(1)).await;
    // Both told by the system as of the same instant.
    assert!(engine.sweep().await.unwrap() > 0);
    engine.drain().await.unwrap();
    assert!(stage.shown().last().unwrap().contains("17:30"), "{:?}", stage.shown());
}

#[tokio::test]
async fn what_a_branch_that_did_not_answer_changed_is_found_when_it_does_again() {
    let mut stage = stage().await;
    stage.options.sweep_back = Duration::hours(1);
    let engine = stage.engine();
    let (_, id) = books(&stage, &engine).await;
    stage.passes(&engine, Duration::minutes(15)).await;
    engine.sweep().await.unwrap();
    stage.settles(&engine).await;
    stage.salon.edit(&id, an_hour_later);
    stage.faults.break_down("changed", Fault::error(|| BackendError::Unavailable { source: None }));
    stage.passes(&engine, Duration::minutes(15)).await;
    assert_eq!(engine.sweep().await.unwrap(), 0);
    stage.faults.heal();
    // Longer ago than a branch is asked about that was never asked before.
    stage.passes(&engine, Duration::hours(3)).await;
    assert_eq!(engine.sweep().await.unwrap(), 1);
    stage.settles(&engine).await;
    assert_eq!(told(&stage), 1, "{:?}", stage.shown());
}

#[tokio::test]
async fn what_means_nothing_to_a_client_is_not_told() {
    let stage = stage().await;
    let engine = stage.engine();
    let (_, id) = books(&stage, &engine).await;
    let mut key = 0;
    let mut changes = async |change: &dyn Fn(&mut Booking)| {
        stage.salon.edit(&id, change);
        key += 1;
        hints(&engine, &format!("h{key}"), Scoped::Booking { backend_id: id.clone() }).await;
        let before = stage.shown().len();
        stage.settles(&engine).await;
        stage.shown().len() - before
    };
    let services = |ids: [&str; 2]| ids.map(|id| id.parse().unwrap()).to_vec();
    assert_eq!(changes(&|booking| booking.services = services(["cut", "nails"])).await, 1, "a service more is told");
    assert_eq!(changes(&|booking| booking.services = services(["nails", "cut"])).await, 0, "their order is not");
    assert_eq!(changes(&|booking| booking.price = None).await, 0, "nor the price");
    assert_eq!(changes(&|booking| booking.confirmed = true).await, 0, "nor that they are expected");
    assert_eq!(changes(&|booking| booking.status = BookingStatus::Completed).await, 0, "nor that they came");
    assert_eq!(changes(&|booking| booking.status = BookingStatus::NoShow).await, 0, "nor that they did not");
}

#[tokio::test]
async fn a_booking_of_somebody_else_costs_nothing() {
    let stage = stage().await;
    let engine = stage.engine();
    let conversation = stage.hears(&engine, "hello").await;
    stage.settles(&engine).await;
    let day = stage.clock.now().date_naive().succ_opt().unwrap();
    let slot = stage.salon.times("cut", day).await.unwrap().remove(0);
    stage.salon.take(&slot.with_staff("ana".parse().unwrap()));
    let (turns, reads) = (stage.rows().turns(conversation, 100).await.unwrap().len(), stage.faults.count("find"));
    assert_eq!(engine.sweep().await.unwrap(), 0);
    let id = stage.salon.standing()[0].reference.backend_id.clone();
    hints(&engine, "h1", Scoped::Booking { backend_id: id }).await;
    stage.settles(&engine).await;
    assert_eq!(stage.rows().turns(conversation, 100).await.unwrap().len(), turns);
    assert_eq!(stage.faults.count("find"), reads);
}

#[tokio::test]
async fn a_hint_of_a_booking_that_is_being_written_waits_for_the_answer() {
    let stage = stage().await;
    let engine = stage.engine();
    let (_, id) = books(&stage, &engine).await;
    let said = stage.shown().len();
    stage.hears(&engine, "please cancel my appointment").await;
    stage.settles(&engine).await;
    // The answer is lost: our own cancellation is told by the system before we know of it.
    stage.faults.break_down("resolve", Fault::error(|| BackendError::Unavailable { source: None }));
    stage.faults.break_down("cancel", Fault::lost_answer());
    stage.taps(&engine, "Yes, cancel").await;
    stage.settles(&engine).await;
    hints(&engine, "h1", Scoped::Booking { backend_id: id }).await;
    stage.settles(&engine).await;
    stage.faults.heal();
    stage.passes(&engine, Duration::minutes(1)).await;
    let news = stage.shown().split_off(said);
    let cancelled = news.iter().filter(|text| text.contains("cancelled:")).count();
    assert_eq!(cancelled, 1, "{news:?}");
}

#[tokio::test]
async fn a_service_with_a_gate_is_open_to_whom_the_booking_system_knows() {
    let stage = stage().await;
    let engine = stage.engine();
    stage.salon.offer(|catalog| catalog.services[0].gate = Some(Gate::Membership));
    let conversation = stage.hears(&engine, "a haircut with Bruno tomorrow at 15:30").await;
    stage.settles(&engine).await;
    assert!(stage.shown().last().unwrap().contains("needs an active membership"), "{:?}", stage.shown());
    assert_eq!((stage.faults.count("admits"), stage.faults.count("availability")), (1, 0), "said before any time is");
    let contact = stage.rows().conversation(conversation).await.unwrap().unwrap().contact.id;
    stage.salon.admit_client(contact);
    stage.hears(&engine, "a haircut with Bruno tomorrow at 15:30").await;
    stage.settles(&engine).await;
    stage.taps(&engine, "Yes, book").await;
    stage.settles(&engine).await;
    assert_eq!(stage.salon.standing().len(), 1, "{:?}", stage.shown());
}

#[tokio::test]
async fn a_branch_that_left_is_asked_no_more_and_nothing_is_said_of_it() {
    let stage = stage().await;
    let engine = stage.engine();
    let (_, id) = books(&stage, &engine).await;
    hints(&engine, "h1", Scoped::Booking { backend_id: id.clone() }).await;
    stage.settles(&engine).await;
    // Another process, whose directory knows that the branch left: the hint that came before and the reminder.
    let without = TenantBuilder::new("studio").channel("wa", Arc::new(stage.messenger.clone()));
    let engine = stage.engine_with(Arc::new(StaticDirectory::new([without.build()])));
    let reference = stage.salon.standing()[0].reference.clone();
    let hint = Ingest::Booking { reference, key: "h2".to_owned(), received: stage.clock.now() };
    stage.rows().ingest(vec![hint]).await.unwrap();
    let (said, reads) = (stage.shown().len(), stage.faults.count("find"));
    stage.passes(&engine, Duration::hours(40)).await;
    assert_eq!((stage.shown().len(), stage.faults.count("find")), (said, reads));
    assert_eq!(stage.memory.next_due().await.unwrap(), None, "it is tried again and again");
}
