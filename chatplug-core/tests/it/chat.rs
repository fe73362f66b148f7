//! Whole conversations in memory: the testkit's `Chat` on the real engine.

use chatplug_core::{
    model::{ChannelLimits, Lang, Outbound, Policy},
    ports::SendError,
    reply::preview,
    testkit::{
        Chat, ChatBuilder, MemoryBackend, MemoryStore, VirtualClock,
        contract::intent::catalog,
        wrap::{Fault, FaultPlan, Faulty},
    },
};
use chrono::Duration;
use std::sync::Arc;

fn studio() -> (MemoryBackend, ChatBuilder) {
    let clock = VirtualClock::default();
    let backend = MemoryBackend::new(catalog(), Arc::new(clock.clone()));
    (backend.clone(), Chat::with(Arc::new(backend), "centre", clock))
}

#[tokio::test]
async fn a_visit_is_booked_and_the_transcript_reads_like_a_chat() {
    let (backend, chat) = studio();
    let mut chat = chat.start().await;
    chat.says("a haircut with Ana tomorrow at 15:30").await;
    chat.taps("Yes, book").await;
    assert_eq!(backend.standing().len(), 1, "{}", chat.transcript());
    insta::assert_snapshot!(chat.transcript());
}

#[tokio::test]
async fn a_burst_is_answered_once() {
    let (_, chat) = studio();
    let mut chat = chat.start().await;
    let replies = chat.says_at_once(&["hi", "a haircut", "tomorrow"]).await;
    assert_eq!(replies.len(), 1, "{}", chat.transcript());
}

/// One word settles a first contact, and the next whole sentence may settle it anew.
#[tokio::test]
async fn a_lone_greeting_is_answered_in_its_language() {
    let (_, chat) = studio();
    let policy = Policy { language: Lang::PT, ..Policy::default() };
    let mut chat = chat.policy(policy).start().await;
    let menu = |messages: &[Outbound]| preview(messages);
    let english = menu(&chat.says("Hi!").await);
    assert!(english.contains("How can I help"), "{english}");
    let portuguese = menu(&chat.says("Bom dia, quero marcar um corte de cabelo amanhã à tarde").await);
    assert!(portuguese.contains("com quem"), "{portuguese}");
}

#[tokio::test]
async fn a_channel_without_buttons_gets_numbers() {
    let (_, chat) = studio();
    let mut chat = chat.limits(ChannelLimits::text_only()).start().await;
    chat.says("hi").await;
    assert!(matches!(chat.last(), [Outbound::Text { .. }]), "{}", chat.transcript());
}

#[tokio::test]
async fn a_reminder_comes_when_its_time_has_passed() {
    let (_, chat) = studio();
    let mut chat = chat.start().await;
    chat.says("a haircut with Ana on Friday at 15:30").await;
    chat.taps("Yes, book").await;
    assert!(chat.passes(Duration::days(2), "two days later").await.is_empty(), "{}", chat.transcript());
    assert!(!chat.passes(Duration::days(2), "two more days").await.is_empty(), "{}", chat.transcript());
}

/// The booking system carries it out and drops the answer: the client is told the truth, and there is one booking.
#[tokio::test]
async fn a_lost_answer_of_the_booking_system_makes_one_booking() {
    let clock = VirtualClock::default();
    let backend = MemoryBackend::new(catalog(), Arc::new(clock.clone()));
    let plan = FaultPlan::new().fail("book", 1, Fault::lost_answer());
    let mut chat = Chat::with(Arc::new(Faulty::new(Arc::new(backend.clone()), &plan)), "centre", clock).start().await;
    chat.says("a haircut with Ana tomorrow at 15:30").await;
    chat.taps("Yes, book").await;
    chat.passes(Duration::minutes(2), "two minutes later").await;
    assert_eq!((backend.standing().len(), plan.count("book")), (1, 1), "{}", chat.transcript());
}

/// The store fails now and then, before and after it did what was asked; every message is answered, one visit booked.
#[tokio::test]
async fn a_store_that_stumbles_loses_nothing_and_doubles_nothing() {
    let mut failures = 0;
    for seed in 0..20 {
        let faults = [Fault::down(), Fault::down().after()];
        let methods = ["lease", "commit", "next_delivery", "record_delivery", "claim", "release"];
        let plan = FaultPlan::new().at_random(seed, 150, &methods, &faults);
        let (backend, chat) = studio();
        let store = Faulty::new(Arc::new(MemoryStore::new()), &plan);
        let mut chat = chat.store(Arc::new(store)).start().await;
        chat.says("a haircut with Ana tomorrow at 15:30").await;
        chat.passes(Duration::minutes(5), "five minutes later").await;
        chat.taps("Yes, book").await;
        chat.passes(Duration::minutes(5), "five minutes later").await;
        failures += plan.calls().iter().filter(|call| call.failed).count();
        assert_eq!(backend.standing().len(), 1, "seed {seed}:\n{}", chat.transcript());
        let found = chat.rows().conversations(1).await.unwrap();
        let log = chat.rows().messages(found[0].id, 100).await.unwrap();
        let unanswered = log.iter().filter(|entry| entry.inbound && entry.outcome.is_none()).count();
        assert_eq!(unanswered, 0, "seed {seed}:\n{}", chat.transcript());
    }
    assert!(failures > 20, "only {failures} faults in 20 conversations");
}

#[tokio::test]
async fn a_provider_that_is_down_for_a_while_delays_and_loses_nothing() {
    let (_, chat) = studio();
    let mut chat = chat.start().await;
    chat.messenger().fail_next(SendError::Unavailable { source: None });
    chat.says("hi").await;
    chat.passes(Duration::minutes(2), "two minutes later").await;
    assert_eq!(chat.messenger().sent().len(), 1, "{}", chat.transcript());
}
