//! Bad wires to the vendors: a TCP proxy in front of the Graph API and of the booking system loses, cuts and holds what
//! passes. Each test is named after what the client still has.

use crate::support::{
    stage::{Stage, System, Wires},
    talk::Talk,
};
use chatplug::{
    store::testing::Trouble,
    whatsapp::fake::meta::{SentMessage, StatusPlan},
};
use chrono::{DateTime, Duration, Utc};

const CRM: System = System::Crm { moves: true };
const BOOK: &str = "Hi! I'd like to book a Corte with Ana on Thursday at 3pm.";
const MOVE: &str = "I need to move my appointment to Friday at 4pm.";
const CANCEL: &str = "I want to cancel my appointment.";

const BOOKED: &str = "You're booked!";
const MOVED: &str = "your appointment has been moved";
const CANCELLED: &str = "Your appointment has been cancelled";
const CHECKING: &str = "I'm checking whether";
const NOT_YET: &str = "isn't answering right now";

fn wires(stage: &Stage) -> &Wires {
    stage.wires.as_ref().unwrap()
}

/// A request that makes an appointment, moves one, cancels one, or sends a message.
const MAKES: &[u8] = b"POST /appointments HTTP";
const MOVES: &[u8] = b"/move HTTP";
const CANCELS: &[u8] = b"DELETE /appointments/";
const SENDS: &[u8] = b"/messages HTTP";

fn told(talk: &Talk<'_>, words: &str) -> usize {
    talk.client.inbox().iter().filter(|message| message.text().contains(words)).count()
}

fn standing(stage: &Stage) -> Vec<DateTime<Utc>> {
    stage.crm.as_ref().unwrap().standing().into_iter().map(|made| made.start).collect()
}

fn thursday() -> DateTime<Utc> {
    "2026-03-12T15:00:00Z".parse().unwrap()
}

fn friday() -> DateTime<Utc> {
    "2026-03-13T16:00:00Z".parse().unwrap()
}

/// How the messages to the client stand, in order.
async fn states(talk: &Talk<'_>) -> Vec<String> {
    talk.log().await.into_iter().filter(|line| !line.inbound).map(|line| line.status).collect()
}

/// Nothing is open, nothing was lost, and no message came twice.
async fn in_order(talk: &Talk<'_>) {
    assert_eq!(talk.conversation().await.action, None, "{}", talk.transcript());
    assert!(talk.outcomes().await.iter().all(Option::is_some), "{}", talk.transcript());
    let keys: Vec<_> = talk.client.inbox().into_iter().map(|message| message.key).collect();
    let mut once = keys.clone();
    once.dedup();
    assert_eq!(keys, once, "a message came twice:\n{}", talk.transcript());
}

/// The catalogue is wanted before anything can be understood.
const CATALOG: &[u8] = b"GET /services HTTP";
const KEPT: &str = "Our booking system isn't answering right now. I've kept your message";

#[tokio::test]
async fn a_catalogue_that_does_not_come_is_said_so_and_what_was_asked_for_is_answered_when_it_does() {
    for trouble in [Trouble::HoldAnswer(CATALOG.to_vec()), Trouble::LoseAnswer(CATALOG.to_vec())] {
        let stage = Stage::on_wires(CRM).await;
        wires(&stage).crm.trouble(trouble);
        let mut talk = stage.client("351911111111", "Maria Silva");
        talk.says(BOOK).await;
        assert!(talk.words().contains(KEPT) && !talk.words().contains("quite get that"), "{}", talk.transcript());
        assert!(talk.choices().contains(&"Talk to a person".to_owned()), "{:?}", talk.choices());
        wires(&stage).crm.calm();
        // By itself, without another word of hers.
        stage.wait(Duration::minutes(1)).await;
        talk.look();
        assert!(talk.choices().contains(&"Yes, book it".to_owned()), "{}", talk.transcript());
        talk.says("yes").await;
        assert_eq!((told(&talk, BOOKED), standing(&stage)), (1, vec![thursday()]), "{}", talk.transcript());
        in_order(&talk).await;
    }
}

#[tokio::test]
async fn a_catalogue_that_does_not_come_is_said_in_the_client_s_language_and_the_next_message_brings_the_answer() {
    let stage = Stage::on_wires(CRM).await;
    wires(&stage).crm.trouble(Trouble::HoldAnswer(CATALOG.to_vec()));
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says("Olá! Queria marcar um Corte com a Ana na quinta-feira às 15h.").await;
    assert!(talk.words().contains("não responde neste momento"), "{}", talk.transcript());
    wires(&stage).crm.calm();
    talk.says("Obrigada!").await;
    assert!(talk.words().contains("12 de março") && talk.words().contains("15:00"), "{}", talk.transcript());
    in_order(&talk).await;
}

async fn summed_up(stage: &Stage) -> Talk<'_> {
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says(BOOK).await;
    assert!(talk.choices().contains(&"Yes, book it".to_owned()), "{}", talk.transcript());
    talk
}

async fn booked(stage: &Stage) -> Talk<'_> {
    let mut talk = summed_up(stage).await;
    talk.says("yes").await;
    assert_eq!((told(&talk, BOOKED), standing(stage)), (1, vec![thursday()]), "{}", talk.transcript());
    talk
}

#[tokio::test]
async fn a_send_whose_answer_is_cut_off_is_unknown_and_settled_by_its_status() {
    let stage = Stage::on_wires(CRM).await;
    stage.graph.statuses(StatusPlan::read().held());
    let mut talk = stage.client("351911111111", "Maria Silva");
    wires(&stage).graph.trouble(Trouble::LoseAnswer(SENDS.to_vec()));
    talk.says("Hi! What do you do?").await;
    wires(&stage).graph.calm();
    assert_eq!(states(&talk).await, ["unknown"], "{}", talk.transcript());
    stage.graph.release().await;
    assert_eq!(states(&talk).await, ["read"]);
    stage.wait(Duration::minutes(2)).await;
    assert_eq!(talk.client.inbox().len(), 1, "{}", talk.transcript());
    in_order(&talk).await;
}

#[tokio::test]
async fn a_send_that_is_answered_too_late_is_unknown_and_settled_by_its_status() {
    let stage = Stage::on_wires(CRM).await;
    stage.graph.statuses(StatusPlan::delivered().held());
    let mut talk = stage.client("351911111111", "Maria Silva");
    wires(&stage).graph.trouble(Trouble::HoldAnswer(SENDS.to_vec()));
    talk.says("Hi! What do you do?").await;
    wires(&stage).graph.calm();
    assert_eq!(states(&talk).await, ["unknown"], "{}", talk.transcript());
    stage.graph.release().await;
    stage.wait(Duration::minutes(2)).await;
    assert_eq!((states(&talk).await, talk.client.inbox().len()), (vec!["delivered".to_owned()], 1));
    in_order(&talk).await;
}

#[tokio::test]
async fn a_send_whose_answer_breaks_off_in_its_middle_is_unknown_and_settled_by_its_status() {
    let stage = Stage::on_wires(CRM).await;
    stage.graph.statuses(StatusPlan::sent().held());
    let mut talk = stage.client("351911111111", "Maria Silva");
    wires(&stage).graph.trouble(Trouble::Truncate(140));
    talk.says("Hi! What do you do?").await;
    wires(&stage).graph.calm();
    assert_eq!(states(&talk).await, ["unknown"], "{}", talk.transcript());
    stage.graph.release().await;
    stage.wait(Duration::minutes(2)).await;
    assert_eq!((states(&talk).await, talk.client.inbox().len()), (vec!["sent".to_owned()], 1));
}

/// A reply of several messages: each has a key of its own, and a status of its own that settles it.
#[tokio::test]
async fn a_second_message_of_a_reply_whose_answer_is_cut_off_is_settled_by_its_status_too() {
    let stage = Stage::on_wires(System::Calendar).await;
    stage.graph.statuses(StatusPlan::read().held());
    let mut talk = stage.client("351911111111", "Maria Silva");
    wires(&stage).graph.trouble(Trouble::LoseAnswer(b"\"type\":\"location\"".to_vec()));
    talk.says("Where are you?").await;
    wires(&stage).graph.calm();
    let came = talk.client.inbox();
    assert!(came.len() > 1 && came.iter().any(|message| message.kind == "location"), "{}", talk.transcript());
    assert!(states(&talk).await.contains(&"unknown".to_owned()), "{}", talk.transcript());
    stage.graph.release().await;
    stage.wait(Duration::minutes(2)).await;
    assert_eq!(talk.client.inbox().len(), came.len(), "{}", talk.look().transcript());
    assert!(states(&talk).await.iter().all(|state| state == "read"), "{:?}", states(&talk).await);
}

#[tokio::test]
async fn a_send_that_never_arrives_is_repeated_when_no_status_came_for_half_a_minute() {
    let stage = Stage::on_wires(CRM).await;
    let mut talk = stage.client("351911111111", "Maria Silva");
    wires(&stage).graph.trouble(Trouble::LoseRequest(SENDS.to_vec()));
    talk.says("Hi! What do you do?").await;
    wires(&stage).graph.calm();
    assert_eq!((states(&talk).await, talk.client.inbox().len()), (vec!["unknown".to_owned()], 0));
    stage.wait(Duration::seconds(20)).await;
    assert_eq!(talk.client.inbox().len(), 0, "{}", talk.transcript());
    stage.wait(Duration::seconds(20)).await;
    assert_eq!(talk.client.inbox().len(), 1, "{}", talk.look().transcript());
    in_order(&talk).await;
}

#[tokio::test]
async fn messages_wait_in_order_while_the_messenger_resets_every_connection() {
    let stage = Stage::on_wires(CRM).await;
    let mut talk = stage.client("351911111111", "Maria Silva");
    wires(&stage).graph.trouble(Trouble::Reset);
    talk.says("Hi! How much is a Corte?").await;
    talk.says("Where are you?").await;
    stage.wait(Duration::minutes(3)).await;
    assert_eq!(talk.client.inbox().len(), 0, "{}", talk.transcript());
    wires(&stage).graph.calm();
    stage.wait(Duration::minutes(3)).await;
    let came: Vec<DateTime<Utc>> = talk.client.inbox().iter().map(|message| message.at).collect();
    assert!(came.len() >= 2 && came.is_sorted(), "{}", talk.look().transcript());
    let first = talk.client.inbox().iter().position(|message| message.text().contains("30"));
    assert_eq!(first, Some(0), "{}", talk.transcript());
    in_order(&talk).await;
}

#[tokio::test]
async fn a_slow_messenger_answers_everybody_all_the_same() {
    let stage = Stage::on_wires(CRM).await;
    wires(&stage).graph.trouble(Trouble::Delay(std::time::Duration::from_millis(20)));
    let talk = booked(&stage).await;
    in_order(&talk).await;
}

#[tokio::test]
async fn a_slow_booking_system_is_told_as_not_booked_yet() {
    let stage = Stage::on_wires(CRM).await;
    let mut talk = summed_up(&stage).await;
    wires(&stage).crm.trouble(Trouble::BlackHole);
    talk.says("yes").await;
    assert!(talk.words().contains(NOT_YET), "{}", talk.transcript());
    stage.wait(Duration::seconds(10)).await;
    assert_eq!((told(&talk, BOOKED), told(&talk, NOT_YET)), (0, 1), "{}", talk.transcript());
    wires(&stage).crm.calm();
    stage.wait(Duration::minutes(2)).await;
    assert_eq!((told(&talk, BOOKED), standing(&stage)), (1, vec![thursday()]), "{}", talk.look().transcript());
    in_order(&talk).await;
}

#[tokio::test]
async fn a_booking_system_that_resets_every_connection_is_told_as_not_booked_yet() {
    let stage = Stage::on_wires(CRM).await;
    let mut talk = summed_up(&stage).await;
    wires(&stage).crm.trouble(Trouble::Reset);
    talk.says("yes").await;
    assert!(talk.words().contains(NOT_YET), "{}", talk.transcript());
    wires(&stage).crm.calm();
    stage.wait(Duration::minutes(2)).await;
    assert_eq!((told(&talk, BOOKED), standing(&stage)), (1, vec![thursday()]), "{}", talk.look().transcript());
    in_order(&talk).await;
}

#[tokio::test]
async fn a_booking_whose_answer_is_lost_or_late_is_found_and_told_once() {
    for trouble in [Trouble::LoseAnswer(MAKES.to_vec()), Trouble::HoldAnswer(MAKES.to_vec())] {
        let stage = Stage::on_wires(CRM).await;
        let mut talk = summed_up(&stage).await;
        wires(&stage).crm.trouble(trouble.clone());
        talk.says("yes").await;
        assert_eq!((told(&talk, BOOKED), told(&talk, CHECKING)), (1, 0), "{trouble:?}: {}", talk.transcript());
        wires(&stage).crm.calm();
        stage.wait(Duration::minutes(2)).await;
        assert_eq!((told(&talk, BOOKED), standing(&stage)), (1, vec![thursday()]), "{}", talk.look().transcript());
        in_order(&talk).await;
    }
}

#[tokio::test]
async fn a_booking_that_never_arrives_is_told_as_being_checked_and_then_made_once() {
    let stage = Stage::on_wires(CRM).await;
    let mut talk = summed_up(&stage).await;
    wires(&stage).crm.trouble(Trouble::LoseRequest(MAKES.to_vec()));
    talk.says("yes").await;
    assert_eq!((told(&talk, BOOKED), told(&talk, CHECKING)), (0, 1), "{}", talk.transcript());
    wires(&stage).crm.calm();
    stage.wait(Duration::minutes(2)).await;
    assert_eq!((told(&talk, BOOKED), told(&talk, CHECKING)), (1, 1), "{}", talk.look().transcript());
    assert_eq!(standing(&stage), [thursday()]);
    in_order(&talk).await;
}

#[tokio::test]
async fn a_move_whose_answer_is_lost_late_or_never_asked_for_ends_with_one_visit() {
    let lost = |aim: &[u8]| {
        [Trouble::LoseAnswer(aim.to_vec()), Trouble::HoldAnswer(aim.to_vec()), Trouble::LoseRequest(aim.to_vec())]
    };
    // In place; by two calls, the first and the second.
    for (moves, aim) in [(true, MOVES), (false, MAKES), (false, CANCELS)] {
        for trouble in lost(aim) {
            let stage = Stage::on_wires(System::Crm { moves }).await;
            let mut talk = booked(&stage).await;
            talk.says(MOVE).await;
            wires(&stage).crm.trouble(trouble.clone());
            talk.says("yes").await;
            wires(&stage).crm.calm();
            stage.wait(Duration::minutes(3)).await;
            talk.look();
            assert_eq!(told(&talk, MOVED), 1, "{moves} {trouble:?}: {}", talk.transcript());
            assert_eq!(standing(&stage), [friday()], "{moves} {trouble:?}: {}", talk.transcript());
            in_order(&talk).await;
        }
    }
}

#[tokio::test]
async fn a_cancellation_whose_answer_is_lost_late_or_never_asked_for_happens_once() {
    let aim = CANCELS.to_vec();
    for trouble in [Trouble::LoseAnswer(aim.clone()), Trouble::HoldAnswer(aim.clone()), Trouble::LoseRequest(aim)] {
        let stage = Stage::on_wires(CRM).await;
        let mut talk = booked(&stage).await;
        talk.says(CANCEL).await;
        wires(&stage).crm.trouble(trouble.clone());
        talk.says("yes").await;
        wires(&stage).crm.calm();
        stage.wait(Duration::minutes(3)).await;
        talk.look();
        assert_eq!((told(&talk, CANCELLED), standing(&stage).len()), (1, 0), "{trouble:?}: {}", talk.transcript());
        in_order(&talk).await;
    }
}

#[tokio::test]
async fn a_booking_system_that_does_not_answer_the_first_message_still_leaves_no_client_without_an_answer() {
    for trouble in [Trouble::Reset, Trouble::BlackHole, Trouble::Truncate(20)] {
        let stage = Stage::on_wires(CRM).await;
        wires(&stage).crm.trouble(trouble.clone());
        let mut talk = stage.client("351911111111", "Maria Silva");
        talk.says(BOOK).await;
        assert!(!talk.last.is_empty(), "{trouble:?}: no answer");
        assert!(talk.outcomes().await.iter().all(Option::is_some), "{trouble:?}: {}", talk.transcript());
        wires(&stage).crm.calm();
        stage.wait(Duration::minutes(2)).await;
        talk.says(BOOK).await;
        talk.says("yes").await;
        let last: Vec<_> = talk.client.inbox().iter().map(SentMessage::text).map(str::to_owned).collect();
        assert_eq!((told(&talk, BOOKED), standing(&stage)), (1, vec![thursday()]), "{trouble:?}: {last:#?}");
        in_order(&talk).await;
    }
}
