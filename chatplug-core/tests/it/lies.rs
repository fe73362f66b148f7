//! A model that lies over many conversations in five languages: nothing that it makes up reaches a client, nothing is done
//! that the client did not agree to, and nothing is said to be done that is not.

mod scripts;

use async_trait::async_trait;
use chatplug_core::{
    model::{Booking, BookingStatus, Fact, FactMention, Localized, Outbound, Policy, Private},
    ports::{
        Context, DateMention, Intent, IntentEngine, IntentError, Interpretation, OpenQuestion, StaffMention,
        TimeMention, Utterance,
    },
    testkit::{Chat, LyingIntents, MemoryBackend, VirtualClock, contract::intent::catalog, lies::INVENTED},
    understand::{Cascade, FactBook, OfflineEngine},
};
use chrono::{DateTime, Timelike as _, Utc};
use rstest::rstest;
use scripts::{ANYWHERE, SCRIPTS, Script};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

static OFFLINE: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

/// Conversations a language; `CHATPLUG_LIES` says otherwise.
const CONVERSATIONS: u64 = 80;
const TURNS: u64 = 9;

const FACT: &str = "There is a car park behind the house.";

struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below.max(1)
    }

    fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[self.roll(of.len() as u64) as usize]
    }
}

fn facts() -> Arc<FactBook> {
    let fact = Fact {
        id: "parking".parse().unwrap(),
        ask: [
            "is there parking?",
            "tem estacionamento?",
            "¿hay aparcamiento?",
            "il y a un parking ?",
            "есть парковка?",
        ]
        .map(str::to_owned)
        .to_vec(),
        text: Localized::new(FACT),
    };
    Arc::new(FactBook::new(vec![fact]))
}

/// Plays one conversation; answers what was wrong with it.
async fn play(script: &Script, seed: u64, intents: Arc<dyn IntentEngine>) -> Vec<String> {
    let clock = VirtualClock::default();
    let salon = MemoryBackend::new(catalog(), Arc::new(clock.clone()));
    let policy = Policy { language: script.lang, ..Policy::default() };
    let chat = Chat::with(Arc::new(salon.clone()), "centre", clock).policy(policy).intents(intents).facts(facts());
    let mut chat = chat.start().await;
    let mut dice = Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) | 1);
    let (mut wrong, mut written) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let before = salon.bookings();
        let shown = titles(chat.last());
        let agreed = match dice.roll(10) {
            0..=3 if !shown.is_empty() => {
                let title = dice.pick(shown.as_slice()).clone();
                chat.taps(&title).await;
                true
            }
            0..=4 => {
                let text: &str = dice.pick::<&str>(script.yes);
                written.extend(times(text));
                chat.says(text).await;
                true
            }
            5..=6 => {
                let text: &str = dice.pick::<&str>(&ANYWHERE);
                written.extend(times(text));
                chat.says(text).await;
                false
            }
            _ => {
                let text: &str = dice.pick::<&str>(script.says);
                written.extend(times(text));
                chat.says(text).await;
                false
            }
        };
        if !agreed && salon.bookings() != before {
            wrong.push("something was done that the client did not agree to".to_owned());
        }
        for text in chat.last().iter().map(|message| format!("{message:?}").to_lowercase()) {
            // A time that they wrote themselves is read back to them: "nothing is free at 03:33".
            wrong.extend(INVENTED.iter().filter(|word| text.contains(**word)).map(|word| format!("{word} in {text}")));
            wrong.extend(
                times(&text)
                    .into_iter()
                    .filter(|time| !exists(*time) && !written.contains(time))
                    .map(|time| format!("{time:?} in {text}")),
            );
            wrong.extend(
                prices(&text).into_iter().filter(|price| *price != PRICE).map(|it| format!("{it} € in {text}")),
            );
        }
    }
    let view = chat.rows().conversations(1).await.unwrap().remove(0);
    for turn in chat.rows().turns(view.id, 1000).await.unwrap() {
        let steps: Value = serde_json::from_str(turn.steps.get()).unwrap();
        let effects = steps.as_array().unwrap().iter().flat_map(|step| step["effects"].as_array().unwrap());
        for reply in effects.filter(|effect| effect["effect"] == "say").map(|effect| &effect["reply"]) {
            for say in reply["say"].as_array().unwrap() {
                wrong.extend(false_success(say, &salon.bookings()));
            }
            starts(reply, &mut |start| {
                let local = start.with_timezone(&chrono_tz::Europe::Lisbon);
                if !((9..18).contains(&local.hour()) && local.minute().is_multiple_of(30)) {
                    wrong.push(format!("{local} is no time of the salon's"));
                }
            });
            names(reply, &mut |key, name| {
                let catalog = catalog();
                let served = catalog.services.iter().any(|service| service.name.all().any(|known| known == name));
                let works = catalog.staff.iter().any(|person| person.name == name);
                if !(served || works) && key != "business" {
                    wrong.push(format!("{key} {name} does not exist"));
                }
            });
        }
    }
    if !wrong.is_empty() {
        wrong.push(chat.transcript().to_string());
    }
    wrong
}

/// What is said to be done and is not.
fn false_success(say: &Value, book: &[Booking]) -> Option<String> {
    let start = say.pointer("/booking/at/start").and_then(Value::as_str);
    let stood = |fits: &dyn Fn(&Booking) -> bool| {
        let start: Option<DateTime<Utc>> = start.and_then(|start| start.parse().ok());
        book.iter().any(|booking| Some(booking.start) == start && fits(booking))
    };
    let true_ = match say["say"].as_str()? {
        "booked" | "moved" => stood(&|_| true),
        "cancelled" => stood(&|booking| booking.status == BookingStatus::Cancelled),
        "visit_confirmed" => stood(&|booking| booking.confirmed),
        "fact" => say["text"] == FACT,
        _ => true,
    };
    (!true_).then(|| format!("{say} is not so"))
}

/// Names of services and people in a reply.
fn names(value: &Value, found: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(name) if matches!(key.as_str(), "service" | "staff") => found(key, name),
                    other => names(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// Beginnings of visits and of times to choose from in a reply.
fn starts(value: &Value, found: &mut dyn FnMut(DateTime<Utc>)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(start) if matches!(key.as_str(), "start" | "slot") => {
                        start.parse::<DateTime<Utc>>().into_iter().for_each(&mut *found);
                    }
                    other => starts(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| starts(item, found)),
        _ => {}
    }
}

fn titles(messages: &[Outbound]) -> Vec<String> {
    let of = |message: &Outbound| match message {
        Outbound::Buttons { buttons, .. } => buttons.iter().map(|button| button.title.clone()).collect(),
        Outbound::List { sections, .. } => {
            sections.iter().flat_map(|section| &section.rows).map(|row| row.title.clone()).collect()
        }
        _ => Vec::new(),
    };
    messages.iter().flat_map(of).collect()
}

/// Times of day in a text.
fn times(text: &str) -> Vec<(u32, u32)> {
    let chars: Vec<char> = text.chars().collect();
    let number = |at: usize| chars.get(at..at + 2)?.iter().collect::<String>().parse::<u32>().ok();
    let clock =
        |at: usize| (chars.get(at) == Some(&':')).then(|| Some((number(at.checked_sub(2)?)?, number(at + 1)?)))?;
    (0..chars.len()).filter_map(clock).collect()
}

/// What every service costs, without its cents.
const PRICE: &str = "25";

/// Sums of money in a text, without cents that are none.
fn prices(text: &str) -> Vec<String> {
    let part = |c: &char| c.is_ascii_digit() || matches!(c, '.' | ',');
    let gap = |c: &char| matches!(c, ' ' | '\u{a0}' | '\u{202f}');
    let plain = |sum: String| sum.trim_matches([',', '.']).trim_end_matches(",00").trim_end_matches(".00").to_owned();
    let near = |(at, _): (usize, &str)| {
        let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + '€'.len_utf8()..).unwrap_or_default());
        let left: Vec<char> = before.chars().rev().skip_while(gap).take_while(part).collect();
        let right: String = after.chars().skip_while(gap).take_while(part).collect();
        // "25 €" or "€25": the side that has digits.
        let sums = [left.into_iter().rev().collect(), right];
        sums.into_iter().find(|sum| sum.contains(|c: char| c.is_ascii_digit())).map(plain)
    };
    text.match_indices('€').filter_map(near).collect()
}

#[test]
fn prices_are_found() {
    assert_eq!(prices("a: 25,00 €\nb: €1.99, 30\u{a0}€ 40 min, 7.50€, €"), ["25", "1.99", "30", "7.50"]);
}

/// Whether the salon could have such a time: it begins on the half hour, and services last 45, 60 and 90 minutes.
fn exists((hour, minute): (u32, u32)) -> bool {
    (9..=18).contains(&hour) && minute.is_multiple_of(15)
}

#[expect(clippy::disallowed_methods, reason = "how long a test takes is for whoever runs it to say")]
fn conversations() -> u64 {
    std::env::var("CHATPLUG_LIES").ok().and_then(|count| count.parse().ok()).unwrap_or(CONVERSATIONS)
}

/// A liar who counts how often it was asked.
#[derive(Debug)]
struct Counted(LyingIntents, Arc<AtomicU64>);

#[async_trait]
impl IntentEngine for Counted {
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.interpret(utterance, context).await
    }
}

#[rstest]
#[case::en(0)]
#[case::pt(1)]
#[case::es(2)]
#[case::fr(3)]
#[case::ru(4)]
#[tokio::test]
async fn nothing_that_a_lying_model_says_gets_through(#[case] script: usize) {
    let told = Arc::new(AtomicU64::new(0));
    for seed in 1..=conversations() {
        let liar = Counted(LyingIntents::new(seed), told.clone());
        let cascade = Cascade::new(OFFLINE.clone()).with_facts(facts()).with_model(Arc::new(liar));
        let wrong = play(&SCRIPTS[script], seed, Arc::new(cascade)).await;
        assert!(wrong.is_empty(), "conversation {seed}: {}", wrong.join("\n"));
    }
    let told = told.load(Ordering::Relaxed);
    println!("{}: {} conversations, {told} lies, none believed", SCRIPTS[script].lang, conversations());
    assert!(told > conversations() / 2, "it was asked {told} times only");
}

/// The same without anything between the model and the conversation: what is looked for is found, in every language.
#[rstest]
#[case::en(0)]
#[case::pt(1)]
#[case::es(2)]
#[case::fr(3)]
#[case::ru(4)]
#[tokio::test]
async fn unchecked_it_would(#[case] script: usize) {
    let mut caught = 0;
    for seed in 1..=40 {
        caught += usize::from(!play(&SCRIPTS[script], seed, Arc::new(LyingIntents::new(seed))).await.is_empty());
    }
    assert!(caught > 0, "a liar that is believed does no harm: nothing is looked at");
}

/// It lies about everything that there is to lie about, whatever the language.
#[tokio::test]
async fn it_lies_about_everything() {
    let mut about = BTreeSet::new();
    let (catalog, liar) = (catalog(), LyingIntents::new(7));
    for n in 0..4000 {
        let utterance = Utterance { text: Private::new("x".to_owned()), at: DateTime::UNIX_EPOCH };
        let lang = SCRIPTS[n % SCRIPTS.len()].lang;
        let open = OpenQuestion::None;
        let context = Context { catalog: &catalog, language: Some(lang), default_language: lang, open, options: 0 };
        let Ok(lie) = liar.interpret(&utterance, &context).await else {
            about.insert("an error".to_owned());
            continue;
        };
        let mut tell = |what: &str| {
            about.insert(what.to_owned());
        };
        for id in &lie.services {
            tell(if id.as_str().contains("0.99") {
                "a price"
            } else if catalog.service(id).is_none() {
                "a service"
            } else {
                "a real service"
            });
        }
        match &lie.staff {
            Some(StaffMention::Named(names)) if names.is_empty() => tell("nobody"),
            Some(StaffMention::Named(_)) => tell("staff"),
            _ => {}
        }
        if lie.date != DateMention::None {
            tell("a day");
        }
        if lie.time != TimeMention::None {
            tell("a time");
        }
        match lie.intent {
            Intent::Yes | Intent::ConfirmVisit => tell("booked"),
            Intent::OptIn => tell("write to me"),
            _ => {}
        }
        if let FactMention::Known(_) = lie.fact {
            tell("a fact");
        }
        if lie.ordinal.is_some() {
            tell("a choice");
        }
        if let Some(guess) = lie.lang {
            tell(guess.lang.code());
        }
    }
    let all = [
        "a choice",
        "a day",
        "a fact",
        "a price",
        "a real service",
        "a service",
        "a time",
        "an error",
        "booked",
        "en",
        "es",
        "fr",
        "nobody",
        "pt",
        "ru",
        "staff",
        "write to me",
    ];
    assert_eq!(about.iter().map(String::as_str).collect::<Vec<_>>(), all);
}
