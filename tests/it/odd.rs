//! What people send that is no clean sentence: each has a defined answer or a defined silence, and exactly one outcome.

use crate::support::{stage::Stage, talk::Talk};
use chatplug::{dialogue::Outcome, ports::Clock as _};
use chrono::Duration;
use serde_json::{Value, json};

/// One odd thing, what comes back (`None`: nothing), and how it ends.
struct Odd {
    what: &'static str,
    kind: &'static str,
    content: Value,
    answer: Option<&'static str>,
    outcome: Outcome,
}

fn odd(what: &'static str, kind: &'static str, content: Value, answer: &'static str, outcome: Outcome) -> Odd {
    Odd { what, kind, content, answer: Some(answer), outcome }
}

fn file(mime: &str) -> Value {
    json!({"id": "7", "mime_type": mime, "sha256": "x"})
}

fn words(text: &str) -> Value {
    json!({ "body": text })
}

const AGAIN: &str = "Sorry, I didn't quite get that";
const NO_KIND: &str = "I can't read this kind of message yet";

fn table() -> Vec<Odd> {
    let long = "blah blah ".repeat(400);
    let card = json!([{"name": {"formatted_name": "Rui"}, "phones": [{"phone": "+351 912 000 000"}]}]);
    let order = json!({"catalog_id": "1", "product_items": [{"product_retailer_id": "x", "quantity": 1, "item_price": 3, "currency": "EUR"}]});
    vec![
        odd("sticker", "sticker", file("image/webp"), "I only understand words", Outcome::Asked),
        odd(
            "voice note",
            "audio",
            json!({"id": "7", "mime_type": "audio/ogg; codecs=opus", "voice": true}),
            "I can't listen to voice messages",
            Outcome::Asked,
        ),
        odd("picture", "image", file("image/jpeg"), "I can't see pictures", Outcome::Asked),
        odd("video", "video", file("video/mp4"), "I can't watch videos", Outcome::Asked),
        odd("document", "document", file("application/pdf"), "I can't open files", Outcome::Asked),
        odd("place", "location", json!({"latitude": 38.7, "longitude": -9.1}), NO_KIND, Outcome::Asked),
        odd("contact card", "contacts", card, NO_KIND, Outcome::Asked),
        odd("order", "order", order, NO_KIND, Outcome::Asked),
        odd("unsupported", "unsupported", json!({"type": "unknown"}), NO_KIND, Outcome::Asked),
        odd("kind of tomorrow", "hologram", json!({"depth": 3}), NO_KIND, Outcome::Asked),
        odd("kind without its object", "audio", Value::Null, NO_KIND, Outcome::Asked),
        odd("empty text", "text", words(""), AGAIN, Outcome::Asked),
        odd("blank text", "text", words(" \n\u{200b}\t "), AGAIN, Outcome::Asked),
        odd("4,000 characters", "text", words(&long), AGAIN, Outcome::Asked),
        odd("right to left", "text", words("שלום, אפשר לקבוע תור?"), AGAIN, Outcome::Asked),
        odd("direction marks", "text", words("\u{202e}olleh\u{202c}"), AGAIN, Outcome::Asked),
        odd("emoji only", "text", words("🦄🌈"), AGAIN, Outcome::Asked),
        odd("dots", "text", words("..."), AGAIN, Outcome::Asked),
        odd("yes to nothing", "text", words("yes"), "nothing waiting for a yes", Outcome::Asked),
        odd("Fluent", "text", words("{ $name } { -brand }"), AGAIN, Outcome::Asked),
        odd("HTML", "text", words("<b>zzz</b><script>alert(1)</script>"), AGAIN, Outcome::Asked),
        odd("SQL", "text", words("'; DROP TABLE conversation; --"), AGAIN, Outcome::Asked),
        odd("format string", "text", words("%s %d {:?}"), AGAIN, Outcome::Asked),
        Odd {
            what: "reaction to an ordinary message",
            kind: "reaction",
            content: json!({"message_id": "LAST", "emoji": "👍"}),
            answer: None,
            outcome: Outcome::NothingToSay,
        },
        Odd {
            what: "reaction taken back",
            kind: "reaction",
            content: json!({"message_id": "LAST"}),
            answer: None,
            outcome: Outcome::NothingToSay,
        },
        Odd {
            what: "message taken back",
            kind: "revoke",
            content: json!({"original_message_id": "LAST"}),
            answer: None,
            outcome: Outcome::NothingToSay,
        },
    ]
}

/// A client of their own for each row, who has said thanks in English before, so that the language is settled and
/// nothing is open.
#[tokio::test]
async fn every_odd_message_has_an_answer_or_a_silence_and_one_outcome() {
    let stage = Stage::new().await;
    let mut wrong = Vec::new();
    for (n, row) in table().into_iter().enumerate() {
        let mut talk = stage.client(&format!("35191200{n:04}"), "Maria Silva");
        talk.says("Thanks a lot, have a nice day!").await;
        let mut content = row.content;
        if content["message_id"] == "LAST" {
            content["message_id"] = json!(talk.last.last().expect("an answer").id);
        }
        talk.sends(row.kind, content).await;
        let said = talk.words();
        let fits = match row.answer {
            Some(answer) => said.contains(answer),
            None => talk.last.is_empty(),
        };
        let outcomes = talk.outcomes().await;
        if !fits || outcomes.last() != Some(&Some(row.outcome)) || outcomes.len() != 2 {
            wrong.push(format!("{}: {outcomes:?}\n{}", row.what, talk.transcript()));
        }
        // No dead end: whatever was asked can be answered by a tap.
        if row.outcome == Outcome::Asked && talk.choices().is_empty() {
            wrong.push(format!("{}: nothing to tap\n{}", row.what, talk.transcript()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n---\n"));
}

async fn choosing_a_time<'s>(stage: &'s Stage, phone: &str) -> Talk<'s> {
    let mut talk = stage.client(phone, "Maria Silva");
    talk.says("Hi! I'd like to book a women's haircut with Ana on Thursday.").await;
    assert!(talk.choices().iter().any(|title| title.contains("09:00")), "no times:\n{}", talk.transcript());
    talk
}

/// Everything that was said has an outcome.
async fn accounted_for(talk: &Talk<'_>) {
    let outcomes = talk.outcomes().await;
    assert!(outcomes.iter().all(Option::is_some), "{outcomes:?}\n{}", talk.transcript());
}

#[tokio::test]
async fn a_tap_on_yesterdays_list_is_checked_anew_and_says_so() {
    let stage = Stage::new().await;
    let mut talk = choosing_a_time(&stage, "351911111111").await;
    let nine = talk.last.iter().find_map(|message| message.choice("09:00")).unwrap().clone();
    stage.wait(Duration::hours(20)).await;
    // Meanwhile somebody else has taken it.
    let mut other = stage.client("351922222222", "Rita Lopes");
    other.says("Hi! I'd like to book a women's haircut with Ana on Thursday at 9am.").await;
    other.taps(1).await;
    assert_eq!(other.visits().await.len(), 1, "{}", other.transcript());

    talk.client.picks(&nine.id, &nine.title).await;
    talk.answer().await;
    assert!(talk.visits().await.is_empty(), "an old tap booked:\n{}", talk.transcript());
    let free = talk.choices();
    assert!(!free.is_empty() && free.iter().all(|title| !title.starts_with("09:00")), "{}", talk.transcript());
    accounted_for(&talk).await;
}

#[tokio::test]
async fn a_number_counts_in_the_newest_list_and_a_tap_on_the_older_one_says_so() {
    let stage = Stage::new().await;
    let mut talk = choosing_a_time(&stage, "351911111111").await;
    let old = talk.last.iter().find_map(|message| message.choice("09:00")).unwrap().clone();
    talk.says("No wait, on Friday please.").await;
    talk.client.picks(&old.id, &old.title).await;
    talk.answer().await;
    assert!(talk.words().contains("from earlier"), "{}", talk.transcript());
    assert!(talk.words().contains("Thursday 12 March at 09:00"), "the tap was lost:\n{}", talk.transcript());
    assert!(talk.visits().await.is_empty(), "nobody agreed to anything:\n{}", talk.transcript());
    accounted_for(&talk).await;

    let mut talk = choosing_a_time(&stage, "351922222222").await;
    talk.says("No wait, on Friday please.").await;
    let second = talk.choices()[1].clone();
    talk.says("2").await;
    let wanted = format!("Friday 13 March at {second}");
    assert!(talk.words().contains(&wanted), "{wanted}:\n{}", talk.transcript());
    accounted_for(&talk).await;
}

#[tokio::test]
async fn a_yes_binds_what_was_summed_up_last_and_nothing_before() {
    let stage = Stage::new().await;
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says("Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm.").await;
    let old = talk.last.iter().find_map(|message| message.choice("Yes, book it")).unwrap().clone();
    talk.says("No wait, on Friday at 4pm please.").await;
    assert!(talk.words().contains("Friday 13 March at 16:00"), "{}", talk.transcript());
    // The button of the first summary, tapped after the second one came: summed up anew, never executed.
    talk.client.taps(&old.id, &old.title).await;
    talk.answer().await;
    assert!(talk.visits().await.is_empty(), "an old yes booked:\n{}", talk.transcript());
    assert!(talk.words().contains("Thursday 12 March at 15:00"), "{}", talk.transcript());
    let newest = talk.last.iter().find_map(|message| message.choice("Yes, book it")).unwrap().clone();
    talk.says("yes").await;
    let visits = talk.visits().await;
    assert_eq!(visits.len(), 1, "{}", talk.transcript());
    assert_eq!(visits[0].start.to_rfc3339(), "2026-03-12T15:00:00+00:00", "{}", talk.transcript());
    // The same buttons again, as an impatient thumb does.
    for yes in [&newest, &old] {
        talk.client.taps(&yes.id, &yes.title).await;
        talk.answer().await;
        assert_eq!(talk.visits().await.len(), 1, "{}", talk.transcript());
        assert!(!talk.last.is_empty(), "{}", talk.transcript());
    }
    accounted_for(&talk).await;
}

#[tokio::test]
async fn made_up_taps_lead_nowhere() {
    let stage = Stage::new().await;
    let ids = ["", "v1:1:999", "v1:99:1", "v1:-1:0", "v2:1:1", "v1:visit:nobody:come", "{ $x }", "'; DROP TABLE"];
    for (n, id) in ids.into_iter().enumerate() {
        let mut talk = stage.client(&format!("35193100{n:04}"), "Maria Silva");
        talk.says("Thanks a lot, have a nice day!").await;
        talk.client.taps(id, "Yes, book it").await;
        talk.answer().await;
        assert!(!talk.last.is_empty(), "no answer to {id:?}:\n{}", talk.transcript());
        assert!(talk.visits().await.is_empty());
        accounted_for(&talk).await;
    }
}

#[tokio::test]
async fn a_thumb_on_a_reminder_confirms_that_visit() {
    let stage = Stage::new().await;
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says("Hi! I'd like to book a women's haircut with Ana on Thursday at 3pm.").await;
    talk.taps(1).await;
    stage.wait(Duration::hours(55)).await;
    talk.look();
    let reminder = talk.last.iter().find(|message| message.template().is_some()).expect("a reminder").id.clone();
    talk.client.reacts(&reminder, "🦄").await;
    talk.answer().await;
    assert!(!talk.visits().await[0].confirmed, "a unicorn is no yes:\n{}", talk.transcript());
    talk.client.reacts(&reminder, "👍🏽").await;
    talk.answer().await;
    assert!(talk.visits().await[0].confirmed, "{}", talk.transcript());
    accounted_for(&talk).await;
}

/// Names are only ever values: they come out as they were given, and nothing in them is obeyed.
#[tokio::test]
async fn names_come_out_as_they_were_given() {
    let stage = Stage::new().await;
    for (n, name) in ["{$x}", "<b>Zé</b>", "';DROP", "%s%n", "{0}", "{-brand}", "\\u{41}", "&amp;", "${7*7}", "عمر"]
        .iter()
        .enumerate()
    {
        let mut talk = stage.client(&format!("35193000{n:04}"), name);
        talk.says("Hello!").await;
        talk.says("I'd like to book a women's haircut with Ana next month.").await;
        talk.says(name).await;
        let log = talk.log().await;
        let kept = log.iter().any(|line| line.inbound && line.text.reveal() == name);
        assert!(kept, "{name} is not in the log as it was written");
        let greeting = log.iter().find(|line| !line.inbound).unwrap().text.reveal().clone();
        // A star is replaced by its look-alike, so that a name cannot write bold.
        assert!(greeting.contains(&name.replace('*', "\u{2217}")), "{name}: {greeting}");
        accounted_for(&talk).await;
    }
}

/// Burst: three messages, one thought, one answer, three outcomes.
#[tokio::test]
async fn a_burst_is_answered_once() {
    let stage = Stage::new().await;
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says_all(&["hi there", "a women's haircut", "Thursday 3pm with Ana"]).await;
    assert!(talk.words().contains("Thursday 12 March at 15:00"), "{}", talk.transcript());
    assert_eq!(talk.last.iter().filter(|message| !message.choices().is_empty()).count(), 1, "{}", talk.transcript());
    assert_eq!(talk.outcomes().await.len(), 3);
    accounted_for(&talk).await;
}

/// The night on which half past one does not exist in Lisbon, and half past two not in Madrid.
#[tokio::test]
async fn the_night_without_half_past() {
    let stage = Stage::new().await;
    stage.clock.set("2026-03-29T01:30:00Z".parse().unwrap());
    let mut talk = stage.client("351911111111", "Maria Silva");
    talk.says("Hi! I'd like to book a women's haircut with Bruno on Monday at 10am.").await;
    talk.taps(1).await;
    let visits = talk.visits().await;
    assert_eq!(visits.len(), 1, "{}", talk.transcript());
    assert_eq!(visits[0].start.to_rfc3339(), "2026-03-30T09:00:00+00:00", "{}", talk.transcript());

    stage.clock.set("2026-03-28T12:00:00Z".parse().unwrap());
    let mut talk = stage.client("351922222222", "Rita Lopes");
    talk.says("Hi! I'd like to book a women's haircut with Ana on Sunday 29 March at 1:30am.").await;
    assert!(!talk.last.is_empty() && talk.visits().await.is_empty(), "{}", talk.transcript());
    let mut patient = stage.patient("34611111111", "Luz Gil");
    patient.says("Hello! Are you free on Sunday 29 March at 2:30am?").await;
    assert!(!patient.last.is_empty(), "{}", patient.transcript());
    assert!(stage.clock.now() > "2026-03-28T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap());
    accounted_for(&talk).await;
    accounted_for(&patient).await;
}
