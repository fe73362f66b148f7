//! Wrappers: the contract holds through them, and each adds what it promises and nothing else.

use chatplug_core::{
    model::{Address, ChannelUser, DeliveryKey, Outbound, TenantId},
    ports::{BackendError, BookError, Clock, Messenger, MockBookingBackend, SendError, Store, StoreError},
    testkit::{
        MemoryMessenger, MemoryStore, TenantBuilder, VirtualClock,
        wrap::{Call, Fault, FaultPlan, Faulty},
    },
    wrappers::{ErrorClass as _, Pace, Throttled, Traced},
};
use chrono::Duration;
use std::sync::Arc;

fn tenant() -> TenantId {
    "bella".parse().unwrap()
}

fn key(name: &str) -> DeliveryKey {
    DeliveryKey::derive(&[name])
}

fn text() -> Outbound {
    Outbound::Text { body: "hello".to_owned() }
}

fn ana() -> Address {
    Address { user: ChannelUser { phone: "351912345678".parse().ok(), user_id: None } }
}

fn faulty(plan: &FaultPlan) -> (MemoryMessenger, Faulty<MemoryMessenger>) {
    let messenger = MemoryMessenger::new();
    (messenger.clone(), Faulty::new(Arc::new(messenger), plan))
}

/// The whole contract of a store, through a tracing and a fault-injecting wrapper that has nothing to do.
mod store {
    use super::*;

    async fn store() -> Box<Traced<dyn Store>> {
        let faulty: Arc<dyn Store> = Arc::new(Faulty::new(Arc::new(MemoryStore::new()), &FaultPlan::new()));
        Box::new(Traced::new(faulty))
    }

    chatplug_core::store_contract!(store());
}

/// The whole contract of a messenger, through all three wrappers.
mod messenger {
    use super::*;
    use chatplug_core::testkit::contract::messenger::MessengerScene;

    async fn scene() -> Box<MessengerScene> {
        let mut scene = MessengerScene::memory();
        let pace = Pace::new(Arc::new(VirtualClock::default()), 1000, Duration::milliseconds(1), 8);
        let faulty: Arc<dyn Messenger> = Arc::new(Faulty::new(scene.messenger, &FaultPlan::new()));
        let throttled: Arc<dyn Messenger> = Arc::new(Throttled::new(faulty, pace));
        scene.messenger = Arc::new(Traced::new(throttled).of(&tenant()));
        Box::new(scene)
    }

    chatplug_core::messenger_contract!(scene());
}

#[tokio::test]
async fn a_plan_fails_the_call_it_names_before_or_after_it_is_carried_out() {
    let plan = FaultPlan::new()
        .fail("send", 2, Fault::lost_answer())
        .fail("send", 3, Fault::lost_request())
        .fail("send", 4, Fault::error(|| SendError::OutsideWindow))
        .fail("send", 5, Fault::error(|| SendError::Unreachable { code: 1 }).after());
    let (messenger, faulty) = faulty(&plan);
    let mut classes = Vec::new();
    for n in 1..=6 {
        let sent = faulty.send(&ana(), &text(), key(&n.to_string())).await;
        classes.push(sent.map_or_else(|error| error.class(), |_| "ok"));
    }
    assert_eq!(classes, ["ok", "unknown", "unknown", "outside_window", "unreachable", "ok"]);
    let carried_out: Vec<_> = messenger.sent().into_iter().map(|sent| sent.key).collect();
    assert_eq!(carried_out, ["1", "2", "5", "6"].map(key), "3 and 4 never left");
    assert_eq!(plan.count("send"), 6);
    let third = Call { port: "messenger", method: "send", number: 3, failed: true };
    assert_eq!(plan.calls().get(2), Some(&third));
}

#[tokio::test]
async fn what_is_broken_stays_broken_until_it_is_healed() {
    let plan = FaultPlan::new();
    let store: Arc<dyn Store> = Arc::new(Faulty::new(Arc::new(MemoryStore::new()), &plan));
    let setup = TenantBuilder::new("bella").setup(&[]);
    plan.break_down("register", Fault::down());
    for _ in 0..3 {
        let refused = store.tenant(&tenant()).register(&setup).await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable { .. })),
            "handles fail by the store's plan: {refused:?}"
        );
    }
    store.ping().await.unwrap();
    plan.heal();
    store.tenant(&tenant()).register(&setup).await.unwrap();
}

#[tokio::test]
async fn chance_is_the_same_chance_every_time() {
    async fn failures(seed: u64) -> Vec<u64> {
        let faults = [Fault::down(), Fault::lost_answer()];
        let plan = FaultPlan::new().at_random(seed, 200, &["send"], &faults);
        let (_, faulty) = faulty(&plan);
        for n in 0..500 {
            let _ = faulty.send(&ana(), &text(), key(&n.to_string())).await;
        }
        plan.calls().into_iter().filter(|call| call.failed).map(|call| call.number).collect()
    }
    let first = failures(7).await;
    assert_eq!(first, failures(7).await);
    assert_ne!(first, failures(8).await);
    assert!((50..=150).contains(&first.len()), "about 100 of 500, not {}", first.len());
}

#[tokio::test]
async fn a_call_can_be_held_at_a_gate() {
    let plan = FaultPlan::new();
    let gate = plan.hold("send", 1);
    let (messenger, faulty) = faulty(&plan);
    let sending = tokio::spawn(async move { faulty.send(&ana(), &text(), key("a")).await.is_ok() });
    gate.arrived().await;
    assert!(messenger.sent().is_empty(), "it waits at the gate");
    gate.open();
    assert!(sending.await.unwrap());
    assert_eq!(messenger.sent().len(), 1);
}

#[tokio::test]
async fn a_messenger_is_paced_by_the_clock_and_says_how_long_to_wait() {
    let clock = VirtualClock::default();
    let pace = Pace::new(Arc::new(clock.clone()), 2, Duration::seconds(10), 8);
    let messenger = MemoryMessenger::new();
    let paced: Throttled<MemoryMessenger> = Throttled::new(Arc::new(messenger.clone()), pace.clone());
    // Another number under the same limit.
    let other: Throttled<MemoryMessenger> = Throttled::new(Arc::new(messenger.clone()), pace);
    paced.send(&ana(), &text(), key("1")).await.unwrap();
    other.send(&ana(), &text(), key("2")).await.unwrap();
    clock.advance(Duration::seconds(4));
    let early = paced.send(&ana(), &text(), key("3")).await;
    let Err(SendError::RateLimited { retry_after: Some(wait) }) = early else { panic!("{early:?}") };
    assert_eq!(wait, Duration::seconds(6));
    assert_eq!(messenger.sent().len(), 2, "nothing left the process");
    clock.advance(wait);
    paced.send(&ana(), &text(), key("3")).await.unwrap();
    assert!(other.send(&ana(), &text(), key("4")).await.is_err());
    clock.advance(Duration::hours(1));
    for name in ["5", "6"] {
        paced.send(&ana(), &text(), key(name)).await.unwrap();
    }
    assert!(paced.send(&ana(), &text(), key("7")).await.is_err(), "an hour of rest is no more than one burst");
}

#[tokio::test]
async fn a_write_that_comes_too_early_is_certainly_not_done() {
    use chatplug_core::ports::BookingBackend as _;
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::default());
    let mut backend = MockBookingBackend::new();
    backend.expect_find().times(1).returning(|_| Ok(Vec::new()));
    let pace = Pace::new(clock, 1, Duration::seconds(1), 1);
    let paced = Throttled::new(Arc::new(backend), pace);
    let branch: chatplug_core::model::BranchId = "centre".parse().unwrap();
    let filter = chatplug_core::ports::BookingFilter::at(branch.clone());
    paced.find(&filter).await.unwrap();
    assert!(matches!(paced.catalog(&branch).await, Err(BackendError::RateLimited { retry_after: Some(_) })));
    let reference =
        chatplug_core::model::BookingRef { install: "calendar".parse().unwrap(), branch, backend_id: "b1".to_owned() };
    let marked = paced.confirm_visit(&reference).await;
    assert!(matches!(marked, Err(BookError::NotDone(BackendError::RateLimited { .. }))), "{marked:?}");
}

mod tracing_events {
    use super::*;
    use std::{fmt, fmt::Write as _, sync::Mutex};
    use tracing::{
        Event, Metadata, Subscriber,
        field::{Field, Visit},
        span,
    };

    /// Writes every event of ours down, a line each.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            let _ = write!(self.0, " {}={value:?}", field.name());
        }
    }

    struct Line(String);

    impl Subscriber for Lines {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "chatplug::calls"
        }
        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }
        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[tokio::test]
    async fn each_call_ends_in_one_event_without_personal_data() {
        let lines = Lines::default();
        let _guard = tracing::subscriber::set_default(lines.clone());
        let plan = FaultPlan::new().fail("send", 2, Fault::error(|| SendError::OutsideWindow));
        let (_, faulty) = faulty(&plan);
        let traced: Traced<Faulty<MemoryMessenger>> = Traced::new(Arc::new(faulty)).of(&tenant());
        traced.send(&ana(), &text(), key("1")).await.unwrap();
        traced.send(&ana(), &text(), key("2")).await.unwrap_err();
        let lines = lines.0.lock().unwrap().clone();
        let [first, second] = &lines[..] else { panic!("one event a call: {lines:#?}") };
        for (line, result) in [(first, "ok"), (second, "outside_window")] {
            for field in [
                "port=\"messenger\"",
                "operation=\"send\"",
                "tenant.id=\"bella\"",
                &format!("result={result:?}"),
                "duration_ms=",
            ] {
                assert!(line.contains(field), "{field} is missing in {line}");
            }
            assert!(!line.contains("hello") && !line.contains("351912345678"), "{line}");
        }
    }
}
