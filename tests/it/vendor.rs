//! A booking system of the worst kind on the other side: lost answers, lost requests, hours down, its own webhooks
//! before the answer and twice, changes at the desk. In the end there is exactly what the client was told.

use crate::support::{
    crm::{Crm, Fault},
    stage::{Stage, System},
    talk::Talk,
};
use chatplug::{
    dialogue::Holder,
    model::{BookingId, BookingStatus},
};
use chrono::{DateTime, Duration, Utc};

const BOOK: &str = "Hi! I'd like to book a Corte with Ana on Thursday at 3pm.";
const MOVE: &str = "I need to move my appointment to Friday at 4pm.";
const CANCEL: &str = "I want to cancel my appointment.";

const BOOKED: &str = "You're booked!";
const MOVED: &str = "your appointment has been moved";
const CANCELLED: &str = "Your appointment has been cancelled";
const CHECKING: &str = "I'm checking whether";
const NOT_YET: &str = "isn't answering right now";

const BOTH: [System; 2] = [System::Crm { moves: true }, System::Crm { moves: false }];
const FAULTS: [Fault; 3] = [Fault::DropAnswer, Fault::DropRequest, Fault::Refuse];

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn thursday() -> DateTime<Utc> {
    at("2026-03-12T15:00:00Z")
}

fn friday() -> DateTime<Utc> {
    at("2026-03-13T16:00:00Z")
}

fn crm(stage: &Stage) -> &Crm {
    stage.crm.as_ref().unwrap()
}

/// How often the client read these words.
fn told(talk: &Talk<'_>, words: &str) -> usize {
    talk.client.inbox().iter().filter(|message| message.text().contains(words)).count()
}

/// What stands in the booking system: when, and with whom.
fn standing(stage: &Stage) -> Vec<(DateTime<Utc>, String)> {
    crm(stage).standing().into_iter().map(|made| (made.start, made.staff)).collect()
}

/// The summary is before the client.
async fn summed_up<'s>(stage: &'s Stage, words: &str) -> Talk<'s> {
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says(words).await;
    assert!(talk.choices().contains(&"Yes, book it".to_owned()), "{}", talk.transcript());
    talk
}

async fn booked(stage: &Stage) -> (Talk<'_>, BookingId) {
    let mut talk = summed_up(stage, BOOK).await;
    talk.says("yes").await;
    let visits = talk.visits().await;
    assert_eq!(visits.len(), 1, "{}", talk.transcript());
    let id = visits[0].id.expect("a stable id");
    (talk, id)
}

/// One visit stands, there and here, at this time, and nothing is open any more.
async fn one_visit(talk: &Talk<'_>, start: DateTime<Utc>) -> BookingId {
    assert_eq!(standing(talk.stage), [(start, "ana".to_owned())], "{}", talk.transcript());
    let visits = talk.visits().await;
    assert_eq!(visits.iter().map(|visit| visit.start).collect::<Vec<_>>(), [start], "{}", talk.transcript());
    nothing_open(talk).await;
    visits[0].id.expect("a stable id")
}

async fn nothing_open(talk: &Talk<'_>) {
    assert_eq!(talk.conversation().await.action, None, "{}", talk.transcript());
    assert!(talk.outcomes().await.iter().all(Option::is_some), "{}", talk.transcript());
}

#[tokio::test]
async fn a_booking_is_made_once_whatever_happens_to_the_call() {
    for system in BOTH {
        for fault in FAULTS {
            let stage = Stage::with(system).await;
            let mut talk = summed_up(&stage, BOOK).await;
            crm(&stage).fail_next(fault);
            talk.says("yes").await;
            stage.wait(Duration::minutes(2)).await;
            talk.look();
            one_visit(&talk, thursday()).await;
            assert_eq!(told(&talk, BOOKED), 1, "{fault:?}:\n{}", talk.transcript());
            let first = (told(&talk, CHECKING), told(&talk, NOT_YET));
            let expected = match fault {
                // Found at the first look: there is nothing to wait for.
                Fault::DropAnswer => (0, 0),
                Fault::DropRequest => (1, 0),
                _ => (0, 1),
            };
            assert_eq!(first, expected, "{fault:?}:\n{}", talk.transcript());
        }
    }
}

#[tokio::test]
async fn a_system_that_is_down_for_a_while_delays_the_booking() {
    let stage = Stage::with(BOTH[0]).await;
    let mut talk = summed_up(&stage, BOOK).await;
    crm(&stage).set_down(true);
    talk.says("yes").await;
    assert!(talk.words().contains(NOT_YET), "{}", talk.transcript());
    stage.wait(Duration::minutes(3)).await;
    talk.says("Is it booked now?").await;
    assert_eq!(told(&talk, BOOKED), 0, "{}", talk.transcript());
    crm(&stage).set_down(false);
    stage.wait(Duration::minutes(2)).await;
    talk.look();
    assert_eq!((told(&talk, BOOKED), told(&talk, NOT_YET)), (1, 1), "{}", talk.transcript());
    one_visit(&talk, thursday()).await;
}

#[tokio::test]
async fn a_system_that_is_down_from_the_first_word_on_hands_the_client_to_a_person() {
    let stage = Stage::with(BOTH[0]).await;
    crm(&stage).set_down(true);
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says(BOOK).await;
    assert!(talk.words().contains(NOT_YET), "{}", talk.transcript());
    for _ in 0..20 {
        stage.wait(Duration::minutes(1)).await;
    }
    talk.look();
    assert!(talk.words().contains("nothing has been booked"), "{}", talk.transcript());
    assert_eq!((talk.client.inbox().len(), talk.conversation().await.holder), (2, Holder::Person));
    assert!(!stage.notifier.notices().is_empty(), "the team was not told");
    crm(&stage).set_down(false);
    stage.wait(Duration::hours(1)).await;
    assert_eq!(talk.client.inbox().len(), 2, "{}", talk.transcript());
    nothing_open(&talk).await;
}

#[tokio::test]
async fn who_asks_for_a_person_gets_one_while_the_system_is_down() {
    let stage = Stage::with(BOTH[0]).await;
    crm(&stage).set_down(true);
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says(BOOK).await.says("I want to talk to a person").await;
    assert_eq!(talk.conversation().await.holder, Holder::Person, "{}", talk.transcript());
}

#[tokio::test]
async fn a_system_that_stays_down_hands_the_client_to_a_person() {
    let stage = Stage::with(BOTH[0]).await;
    let mut talk = summed_up(&stage, BOOK).await;
    crm(&stage).set_down(true);
    talk.says("yes").await;
    stage.wait(Duration::minutes(30)).await;
    talk.look();
    assert!(talk.words().contains("nothing has been booked"), "{}", talk.transcript());
    assert_eq!(talk.conversation().await.holder, Holder::Person);
    assert!(!stage.notifier.notices().is_empty(), "the team was not told");
    // When it is up again, nothing happens behind the person's back.
    crm(&stage).set_down(false);
    stage.wait(Duration::hours(1)).await;
    assert_eq!((standing(&stage).len(), told(&talk, BOOKED)), (0, 0), "{}", talk.transcript());
    nothing_open(&talk).await;
}

#[tokio::test]
async fn a_move_ends_with_exactly_one_visit_whatever_happens_to_its_calls() {
    for (system, calls) in [(BOTH[0], 1), (BOTH[1], 2)] {
        for step in 0..calls {
            for fault in FAULTS {
                let stage = Stage::with(system).await;
                let (mut talk, id) = booked(&stage).await;
                talk.says(MOVE).await;
                crm(&stage).fail_after(step, fault);
                talk.says("yes").await;
                stage.wait(Duration::minutes(3)).await;
                talk.look();
                assert_eq!(told(&talk, MOVED), 1, "{system:?} {step} {fault:?}:\n{}", talk.transcript());
                assert_eq!(one_visit(&talk, friday()).await, id, "the visit changed its name:\n{}", talk.transcript());
                assert_eq!(told(&talk, "The team"), 0, "{}", talk.transcript());
                // Its name still leads to it: it can be cancelled.
                talk.says(CANCEL).await;
                talk.says("yes").await;
                assert_eq!((standing(&stage).len(), told(&talk, CANCELLED)), (0, 1), "{}", talk.transcript());
            }
        }
    }
}

/// Webhooks about the old booking that come while it is being moved wait; when the move is done, they are old news.
#[tokio::test]
async fn hints_during_a_move_are_not_taken_for_changes_at_the_desk() {
    for system in BOTH {
        let stage = Stage::with(system).await;
        let (mut talk, id) = booked(&stage).await;
        let old = crm(&stage).standing().remove(0).id;
        talk.says(MOVE).await;
        crm(&stage).fail_after(usize::from(system == BOTH[1]), Fault::DropRequest);
        talk.says("yes").await;
        assert_eq!(told(&talk, CHECKING), 1, "{}", talk.transcript());
        crm(&stage).hint(&old).await;
        stage.settle().await;
        stage.wait(Duration::minutes(3)).await;
        talk.look();
        assert_eq!(told(&talk, MOVED), 1, "{}", talk.transcript());
        assert_eq!(told(&talk, "team"), 0, "{}", talk.transcript());
        assert_eq!(one_visit(&talk, friday()).await, id);
    }
}

#[tokio::test]
async fn a_cancellation_happens_once_whatever_happens_to_its_call() {
    for fault in FAULTS {
        let stage = Stage::with(BOTH[0]).await;
        let (mut talk, _) = booked(&stage).await;
        talk.says(CANCEL).await;
        crm(&stage).fail_next(fault);
        talk.says("yes").await;
        stage.wait(Duration::minutes(2)).await;
        talk.look();
        assert_eq!(told(&talk, CANCELLED), 1, "{fault:?}:\n{}", talk.transcript());
        assert_eq!(told(&talk, "The team") + told(&talk, "the team had to"), 0, "{}", talk.transcript());
        assert_eq!((standing(&stage).len(), talk.visits().await.len()), (0, 0));
        nothing_open(&talk).await;
        // And no reminder of it.
        stage.wait(Duration::days(3)).await;
        assert!(talk.look().last.is_empty(), "{}", talk.transcript());
    }
}

#[tokio::test]
async fn a_visit_cancelled_at_the_desk_is_told_once_and_not_reminded_of() {
    let stage = Stage::with(BOTH[0]).await;
    let (mut talk, _) = booked(&stage).await;
    let made = crm(&stage).standing().remove(0).id;
    crm(&stage).cancel_at_desk(&made).await;
    talk.answer().await;
    assert_eq!(told(&talk, "the team had to cancel your appointment"), 1, "{}", talk.transcript());
    assert!(talk.visits().await.is_empty());
    stage.wait(Duration::days(4)).await;
    assert!(talk.look().last.is_empty(), "{}", talk.transcript());
}

#[tokio::test]
async fn a_visit_moved_at_the_desk_is_told_once_and_its_reminder_moves() {
    let stage = Stage::with(BOTH[0]).await;
    let (mut talk, id) = booked(&stage).await;
    let made = crm(&stage).standing().remove(0).id;
    crm(&stage).move_at_desk(&made, "ana", friday()).await;
    talk.answer().await;
    assert_eq!(told(&talk, "The team has moved your appointment"), 1, "{}", talk.transcript());
    assert_eq!(one_visit(&talk, friday()).await, id, "the visit changed its name:\n{}", talk.transcript());
    // The reminder of the old time would have come on Wednesday.
    stage.wait(at("2026-03-12T12:00:00Z") - chatplug::ports::Clock::now(&stage.clock)).await;
    assert!(talk.look().last.is_empty(), "{}", talk.transcript());
    stage.wait(Duration::hours(8)).await;
    talk.look();
    assert_eq!(talk.last.iter().filter(|message| message.template().is_some()).count(), 1, "{}", talk.transcript());
    talk.taps(1).await;
    assert!(talk.visits().await[0].confirmed, "{}", talk.transcript());
}

/// The desk moves a visit and its webhook is lost: whatever the client does next meets the visit as it is.
#[tokio::test]
async fn a_visit_moved_behind_our_back_is_met_as_it_is() {
    let stage = Stage::with(BOTH[0]).await;
    let (mut talk, id) = booked(&stage).await;
    let made = crm(&stage).standing().remove(0).id;
    crm(&stage).webhook_to("http://127.0.0.1:9/nobody".to_owned(), 1);
    crm(&stage).move_at_desk(&made, "ana", friday()).await;
    talk.says("What appointments do I have?").await;
    assert!(talk.words().contains("Friday 13 March"), "{}", talk.transcript());
    assert!(!talk.words().contains("Thursday"), "{}", talk.transcript());
    assert_eq!(one_visit(&talk, friday()).await, id, "the visit changed its name:\n{}", talk.transcript());
}

#[tokio::test]
async fn a_time_taken_at_the_desk_is_told_with_others_in_the_same_reply() {
    let stage = Stage::with(BOTH[0]).await;
    let mut talk = summed_up(&stage, BOOK).await;
    crm(&stage).book_at_desk("ana", thursday(), 60);
    talk.says("yes").await;
    let reply = talk.last.iter().find(|message| message.text().contains("someone has just taken that time"));
    let reply = reply.unwrap_or_else(|| panic!("{}", talk.transcript()));
    let times = reply.titles().into_iter().filter(|title| title.contains(':')).count();
    assert!(times >= 3, "{}", talk.transcript());
    assert_eq!(told(&talk, BOOKED), 0);
    talk.taps(1).await;
    talk.says("yes").await;
    assert_eq!(told(&talk, BOOKED), 1, "{}", talk.transcript());
    assert_eq!((standing(&stage).len(), crm(&stage).overlaps()), (2, 0));
    assert_eq!(talk.visits().await[0].status, BookingStatus::Booked);
}

mod contract {
    use crate::support::{crm::Crm, crm_backend::CrmBackend};
    use chatplug::{
        model::{BranchId, DateRange, InstallId, ServiceId, Slot},
        testkit::{
            VirtualClock,
            contract::backend::{BackendHarness, BackendScene, Rival},
        },
        whatsapp::meta::http_client,
    };
    use std::sync::Arc;

    struct Desk(Arc<Crm>);

    #[async_trait::async_trait]
    impl Rival for Desk {
        async fn take(&self, slot: &Slot) {
            let staff = slot.staff_id().expect("somebody");
            self.0.book_at_desk(staff.as_str(), slot.start, (slot.end - slot.start).num_minutes());
        }
    }

    struct Accounts;

    #[async_trait::async_trait]
    impl BackendHarness for Accounts {
        async fn fresh(&self) -> BackendScene {
            let crm = Crm::careful(chrono_tz::Europe::Lisbon);
            let address = crm.start().await;
            let clock = VirtualClock::starting("2026-03-09T09:00:00Z");
            let branch = BranchId::new("baixa").unwrap();
            let backend = CrmBackend {
                base: format!("http://{address}"),
                install: InstallId::new("own").unwrap(),
                branch: branch.clone(),
                zone: crm.zone,
                moves: true,
                keyed: false,
                settles_after: chrono::Duration::zero(),
                clock: Arc::new(clock.clone()),
                http: http_client().unwrap(),
            };
            let days = DateRange { from: "2026-03-10".parse().unwrap(), to: "2026-03-11".parse().unwrap() };
            let now = chatplug::ports::Clock::now(&clock);
            BackendScene::new(Arc::new(backend), branch, ServiceId::new("cut").unwrap(), days, now)
                .with_rival(Desk(crm))
        }
    }

    chatplug::backend_contract!(Accounts);
}
