//! What the audit says of what was done.

use super::{Stage, studio};
use chatplug_core::{dialogue::Operator, engine::Engine, model::Private, ports::AuditRow, testkit::wrap::Fault};
use chrono::Duration;
use serde_json::Value;

const WISH: &str = "I would like a haircut with Ana tomorrow at 15:30";

async fn books(stage: &Stage, engine: &Engine) {
    stage.hears(engine, WISH).await;
    stage.settles(engine).await;
    stage.taps(engine, "Yes, book").await;
    stage.settles(engine).await;
}

async fn rows_of(stage: &Stage, what: &str) -> Vec<AuditRow> {
    stage.audit().await.into_iter().filter(|row| row.what == what).collect()
}

fn results(row: &AuditRow) -> Vec<(String, String)> {
    let word = |call: &Value, of: &str| call[of].as_str().unwrap_or_default().to_owned();
    row.detail["calls"].as_array().unwrap().iter().map(|call| (word(call, "call"), word(call, "result"))).collect()
}

/// Neither the client's name or number, nor anything they said.
fn holds_nothing_personal(rows: &[AuditRow]) {
    let text = serde_json::to_string(rows).unwrap();
    for private in ["351912345678", "912345678", WISH, "Haircut", "haircut with"] {
        assert!(!text.contains(private), "\"{private}\" stands in {text}");
    }
}

#[tokio::test]
async fn a_booking_says_who_what_before_after_key_and_the_answer() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    books(&stage, &engine).await;
    let standing = stage.salon.standing();
    assert_eq!(standing.len(), 1, "{:?}", stage.shown());
    let rows = rows_of(&stage, "book").await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row.actor, "client");
    assert!(row.action.is_some() && row.conversation.is_some());
    assert_eq!((&row.detail["result"], &row.detail["before"]), (&Value::from("done"), &Value::Null));
    assert_eq!(row.detail["after"]["reference"], Value::from(standing[0].reference.shown()));
    assert_eq!(row.detail["after"]["status"], row.detail["calls"][0]["answer"]["status"]);
    assert_eq!(row.detail["wanted"]["start"], row.detail["after"]["start"]);
    assert_eq!(results(row), [("book".to_owned(), "ok".to_owned())]);
    assert!(row.detail["calls"][0]["key"].is_string());
    holds_nothing_personal(&stage.audit().await);
}

#[tokio::test]
async fn a_lost_answer_and_what_became_of_it_are_both_told() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let _once = stage.faults.clone().fail("book", 1, Fault::lost_answer());
    books(&stage, &engine).await;
    stage.passes(&engine, Duration::minutes(2)).await;
    let rows = rows_of(&stage, "book").await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let results = results(row);
    assert_eq!(results[0], ("book".to_owned(), "unknown".to_owned()));
    assert_eq!(results.last().unwrap(), &("resolve".to_owned(), "done".to_owned()));
    let resolved = row.detail["calls"].as_array().unwrap().last().unwrap();
    assert_eq!(resolved["answer"]["reference"], row.detail["after"]["reference"]);
    assert_eq!(stage.salon.standing().len(), 1);
}

#[tokio::test]
async fn cancelling_says_what_there_was_before() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    books(&stage, &engine).await;
    stage.hears(&engine, "I need to cancel my appointment").await;
    stage.settles(&engine).await;
    stage.taps(&engine, "Yes, cancel").await;
    stage.settles(&engine).await;
    let rows = rows_of(&stage, "cancel").await;
    let [row] = rows.as_slice() else { panic!("{rows:?}: {:?}", stage.shown()) };
    assert_eq!(row.detail["before"]["status"], Value::from("booked"));
    assert_eq!(row.detail["after"]["status"], Value::from("cancelled"));
    assert_eq!(row.detail["before"]["booking"], row.detail["after"]["booking"]);
    holds_nothing_personal(&stage.audit().await);
}

#[tokio::test]
async fn whoever_of_the_business_acts_is_named_with_what_it_changed() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    let conversation = stage.hears(&engine, "good morning, I have a question").await;
    stage.settles(&engine).await;
    let says = Operator::Say { text: Private::new("secret words of Olga".to_owned()) };
    for (key, operator) in [("k1", Operator::TakeOver), ("k2", says), ("k3", Operator::HandBack)] {
        engine.operate(&studio(), conversation, key, "olga", operator).await.unwrap();
        stage.settles(&engine).await;
    }
    let audit = stage.audit().await;
    let deeds: Vec<_> = audit.iter().filter(|row| row.actor == "operator:olga").collect();
    let whats: Vec<_> = deeds.iter().map(|row| row.what.as_str()).collect();
    assert_eq!(whats, ["take_over", "say", "hand_back"], "{audit:?}");
    let change = |row: &AuditRow| (row.detail["before"].clone(), row.detail["after"].clone());
    let (bot, person) = (Value::from("bot"), Value::from("person"));
    assert_eq!(change(deeds[0]), (bot.clone(), person.clone()));
    assert_eq!(change(deeds[1]), (person.clone(), person.clone()));
    assert_eq!(deeds[1].detail["messages"].as_array().unwrap().len(), 1);
    assert_eq!(change(deeds[2]), (person, bot));
    assert!(!serde_json::to_string(&audit).unwrap().contains("secret words"), "{audit:?}");
}

#[tokio::test]
async fn giving_a_conversation_to_a_person_is_told() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    stage.hears(&engine, "I want to talk to a person").await;
    stage.settles(&engine).await;
    let rows = rows_of(&stage, "hold").await;
    let [row] = rows.as_slice() else { panic!("{:?}", stage.audit().await) };
    assert_eq!((row.actor.as_str(), &row.detail["after"]), ("bot", &Value::from("person")));
}

#[tokio::test]
async fn what_the_business_changed_in_its_system_is_told_as_the_system_s() {
    let stage = Stage::new().await;
    let engine = stage.engine();
    books(&stage, &engine).await;
    let reference = stage.salon.standing()[0].reference.clone();
    stage.salon.edit(&reference.backend_id, |booking| {
        booking.start += Duration::hours(1);
        booking.end += Duration::hours(1);
    });
    let hint = chatplug_core::ports::Ingest::Booking {
        reference,
        key: "h1".to_owned(),
        received: chatplug_core::ports::Clock::now(&stage.clock),
    };
    stage.rows().ingest(vec![hint]).await.unwrap();
    stage.settles(&engine).await;
    let rows = rows_of(&stage, "booking_changed").await;
    let [row] = rows.as_slice() else { panic!("{:?}", stage.audit().await) };
    assert_eq!(row.actor, "backend");
    assert_ne!(row.detail["before"]["start"], row.detail["after"]["start"]);
}
