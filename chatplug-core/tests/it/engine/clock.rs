//! A clock that jumps, and calls that take too long.

use super::Stage;
use chatplug_core::{
    engine::Engine,
    ports::{Clock as _, Machine as _, SteadyClock, Store as _},
    testkit::{StaticDirectory, VirtualMachine},
};
use chrono::Duration;
use std::sync::Arc;

type Steady = Arc<SteadyClock<VirtualMachine>>;

impl Stage {
    /// An engine as the program has one: on a machine whose clock may be set.
    fn on(&self, clock: &Steady) -> Engine {
        self.engine_of(Arc::new(StaticDirectory::new([self.tenant().build()])), clock.clone())
    }
}

fn machine() -> (VirtualMachine, Steady) {
    let machine = VirtualMachine::default();
    (machine.clone(), Arc::new(SteadyClock::new(machine)))
}

#[tokio::test]
async fn a_machine_put_back_by_an_hour_keeps_nobody_waiting() {
    let stage = Stage::new().await;
    let (machine, clock) = machine();
    let engine = stage.on(&clock);
    stage.hears(&engine, "hello, I would like a haircut").await;
    // The words wait for the rest of their burst when it happens.
    machine.set(machine.wall() - Duration::hours(1));
    machine.pass(Duration::seconds(2));
    engine.drain().await.unwrap();
    assert_eq!(stage.shown().len(), 1, "{:?}", stage.shown());
    stage.hears(&engine, "with Ana, please, tomorrow at 15:30").await;
    machine.pass(Duration::seconds(2));
    engine.drain().await.unwrap();
    assert_eq!(stage.shown().len(), 2, "{:?}", stage.shown());
    // Nor does who begins anew after it, on the same store.
    stage.hears(&engine, "hm, or with Bruno").await;
    stage.memory.tick(Some(clock.now())).await.unwrap();
    let clock: Steady = Arc::new(SteadyClock::new(machine.clone()));
    clock.begin(None, stage.memory.tick(None).await.unwrap().newest).unwrap();
    let engine = stage.on(&clock);
    machine.pass(Duration::seconds(2));
    engine.drain().await.unwrap();
    assert_eq!(stage.shown().len(), 3, "{:?}", stage.shown());
}

#[tokio::test]
async fn a_machine_put_forward_by_an_hour_sends_nothing_twice() {
    let stage = Stage::new().await;
    let (machine, clock) = machine();
    let (slow, other) = (stage.on(&clock), stage.on(&clock));
    let conversation = stage.hears(&slow, "hello, I would like a haircut").await;
    machine.pass(Duration::seconds(2));
    let gate = stage.faults.hold("send", 1);
    let sending = tokio::spawn({
        let slow = slow.clone();
        async move { slow.drain().await }
    });
    gate.arrived().await;
    // By the machine's clock the sender would have been dead for long.
    machine.set(machine.wall() + Duration::hours(1));
    machine.pass(Duration::seconds(5));
    other.drain().await.unwrap();
    assert_eq!((stage.shown().len(), stage.faults.count("send")), (0, 1));
    gate.open();
    sending.await.unwrap().unwrap();
    assert_eq!((stage.shown().len(), stage.faults.count("send")), (1, 1), "{:?}", stage.shown());
    let log = stage.rows().messages(conversation, 10).await.unwrap();
    let states: Vec<_> = log.iter().filter(|entry| !entry.inbound).map(|entry| entry.status.as_str()).collect();
    assert_eq!(states, ["sent"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_runs_it_hears_that_the_machine_was_set() {
    let stage = Stage::new().await;
    let (machine, clock) = machine();
    let engine = stage.on(&clock);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn(async move { engine.run(stopped).await });
    for set in [Duration::zero(), Duration::hours(1), Duration::hours(-3)] {
        machine.set(machine.wall() + set);
        for _ in 0..7 {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            machine.pass(Duration::seconds(1));
        }
    }
    stop.send(true).unwrap();
    workers.await.unwrap();
    assert_eq!((stage.heard.count("jumped 1"), stage.heard.count("jumped -1")), (1, 1), "{:?}", stage.heard);
}

#[tokio::test(start_paused = true)]
async fn a_booking_that_takes_too_long_is_asked_about_and_not_repeated() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.hears(&engine, "a haircut with Ana tomorrow at 15:30").await;
    stage.settles(&engine).await;
    // The call stands at its gate until the engine has given it up; then it goes nowhere.
    let gate = stage.faults.hold("book", 1);
    stage.taps(&engine, "Yes, book").await;
    stage.settles(&engine).await;
    gate.arrived().await;
    gate.open();
    assert!(stage.faults.count("resolve") >= 1, "it is asked about");
    for _ in 0..20 {
        stage.passes(&engine, Duration::minutes(1)).await;
    }
    let audit = stage.audit().await;
    let row = audit.iter().find(|row| row.what == "book").unwrap_or_else(|| panic!("{audit:?}"));
    assert_eq!(row.detail["calls"][0]["result"], "timeout");
    assert_eq!(row.detail["calls"][1]["call"], "resolve");
    // The salon said in the end that it was not done: then, and only then, it was tried again.
    assert_eq!(stage.salon.standing().len(), 1, "{:?}", stage.shown());
}

#[tokio::test]
async fn a_clock_put_forward_by_hours_in_a_turn_fences_it_and_books_once() {
    let stage = Stage::new().await;
    let (slow, other) = (stage.engine(), stage.engine());
    stage.hears(&slow, "a haircut with Ana on Friday at 15:30").await;
    stage.settles(&slow).await;
    stage.taps(&slow, "Yes, book").await;
    let gate = stage.faults.hold("book", 1);
    let working = tokio::spawn({
        let slow = slow.clone();
        async move { slow.drain().await }
    });
    gate.arrived().await;
    // The lease ran out by the clock: another worker takes over and asks what became of the call.
    stage.clock.advance(Duration::hours(3));
    other.drain().await.unwrap();
    gate.open();
    working.await.unwrap().unwrap();
    for _ in 0..20 {
        stage.passes(&other, Duration::minutes(1)).await;
    }
    assert_eq!(stage.salon.standing().len(), 1, "{:?}", stage.shown());
    let confirmed = stage.shown().iter().filter(|text| text.contains("booked")).count();
    assert!(confirmed <= 1, "{:?}", stage.shown());
    let rows: Vec<_> = stage.audit().await.into_iter().filter(|row| row.what == "book").collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
}

#[tokio::test]
async fn after_a_clock_was_put_back_by_hours_clients_are_answered_at_once() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.hears(&engine, "hello, I would like a haircut").await;
    stage.settles(&engine).await;
    // Something waits when it happens: the words came, and their turn did not run yet.
    stage.hears(&engine, "hm").await;
    stage.clock.set(stage.clock.now() - Duration::hours(5));
    let before = stage.shown().len();
    stage.hears(&engine, "with Ana, please, tomorrow at 15:30").await;
    stage.settles(&engine).await;
    assert!(stage.shown().len() > before, "{:?}", stage.shown());
    let conversation = stage.rows().conversations(1).await.unwrap()[0].id;
    let log = stage.rows().messages(conversation, 100).await.unwrap();
    let open: Vec<_> = log.iter().filter(|entry| entry.inbound && entry.outcome.is_none()).collect();
    assert!(open.is_empty(), "what waited was read with it: {open:?}");
}

#[tokio::test]
async fn an_action_that_waits_goes_on_after_the_clock_was_put_back() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let plan = stage.faults.clone().fail("book", 1, chatplug_core::testkit::wrap::Fault::down());
    stage.hears(&engine, "a haircut with Ana on Friday at 15:30").await;
    stage.settles(&engine).await;
    stage.taps(&engine, "Yes, book").await;
    engine.drain().await.unwrap();
    assert_eq!((plan.count("book"), stage.salon.standing().len()), (1, 0));
    stage.clock.set(stage.clock.now() - Duration::hours(5));
    // By its clock the next try is hours away; whatever the client writes brings it about.
    stage.hears(&engine, "is it booked?").await;
    stage.settles(&engine).await;
    assert_eq!(stage.salon.standing().len(), 1, "{:?}", stage.shown());
}

#[tokio::test(start_paused = true)]
async fn whoever_runs_it_hears_that_the_clock_has_jumped() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let workers = tokio::spawn(async move { engine.run(stopped).await });
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    stage.clock.advance(Duration::hours(2));
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    stage.clock.set(stage.clock.now() - Duration::hours(5));
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    stop.send(true).unwrap();
    workers.await.unwrap();
    assert_eq!((stage.heard.count("jumped 1"), stage.heard.count("jumped -1")), (1, 1), "{:?}", stage.heard);
}
