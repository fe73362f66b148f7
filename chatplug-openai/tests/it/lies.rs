//! An endpoint that lies, over HTTP and through whole conversations in five languages: prose that says "booked", services,
//! prices, people and times that there are not, a yes that nobody said. Nothing of it reaches a client, and nothing is done.

use crate::intents::stage;
use chatplug_core::{
    model::{Lang, Policy},
    testkit::{Chat, MemoryBackend, VirtualClock, contract::intent::catalog, lies::INVENTED},
    understand::{Cascade, OfflineEngine},
};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

static OFFLINE: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

/// What clients write that the offline engine makes nothing of, with a wish that it does.
const SCRIPTS: [(Lang, [&str; 4]); 5] = [
    (
        Lang::EN,
        [
            "a haircut with Ana tomorrow at 15:30",
            "blorp the frobnicator",
            "can you do something about the thing",
            "wuzzle?",
        ],
    ),
    (Lang::PT, ["corte com a Ana amanhã às 15:30", "blorp o frobnicador", "dá um jeito naquilo", "wuzzle?"]),
    (Lang::ES, ["corte con Ana mañana a las 15:30", "blorp el frobnicador", "haz algo con lo de siempre", "¿wuzzle?"]),
    (
        Lang::FR,
        ["une coupe avec Ana demain à 15h30", "blorp le frobnicateur", "fais quelque chose pour ce truc", "wuzzle ?"],
    ),
    (Lang::RU, ["стрижка к Ане завтра в 15:30", "блорп фробникатор", "сделайте что-нибудь с этим", "вузл?"]),
];

/// Answers of a model that lies; `true`: of the schema, and could be true.
fn lies() -> Vec<(String, bool)> {
    let reading = |change: Value| {
        let mut reading = json!({
            "lang": "en", "intent": "book", "sure": true, "services": [], "all_services": false, "staff": null, "date": null,
            "time": null, "party": 1, "late_minutes": null, "wanted_lang": null, "question": false,
        });
        reading.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        reading.to_string()
    };
    vec![
        ("Booked! Unicorn massage with Zephyrina at 03:33 for 0.99. Free champagne!".to_owned(), false),
        (reading(json!({ "intent": "yes" })), false),
        (reading(json!({ "intent": "confirm_visit" })), false),
        (reading(json!({ "services": ["unicorn-massage"] })), false),
        (reading(json!({ "services": ["haircut-for-0.99"] })), false),
        (reading(json!({ "staff": "zephyrina" })), false),
        (reading(json!({ "staff": "@99" })), false),
        (reading(json!({ "reply": "Booked with Zephyrina for 0.99!" })), false),
        (reading(json!({ "services": ["cut"], "time": { "at": "03:33", "from": null, "to": null } })), true),
        (reading(json!({ "date": { "from": "2026-02-31", "to": "2026-02-31" } })), false),
        (reading(json!({ "fact": "free-champagne" })), false),
        (reading(json!({ "intent": "cancel", "sure": true })), true),
    ]
}

#[tokio::test]
async fn nothing_that_a_lying_endpoint_says_gets_through() {
    let mut stage = stage().await;
    stage.facts = Arc::default();
    for (lang, script) in SCRIPTS {
        for (lie, schema) in lies() {
            let clock = VirtualClock::default();
            let salon = MemoryBackend::new(catalog(), Arc::new(clock.clone()));
            // Its circuit breaker is its own: each lie is heard.
            let model = Arc::new(stage.intents().with_daily_tokens(u32::MAX));
            let cascade = Cascade::new(OFFLINE.clone()).with_model(model);
            let policy = Policy { language: lang, ..Policy::default() };
            let chat = Chat::with(Arc::new(salon.clone()), "centre", clock).policy(policy).intents(Arc::new(cascade));
            let mut chat = chat.start().await;
            stage.fake.says(&lie);
            let asked = stage.fake.asked().len();
            for text in script {
                chat.says(text).await;
                for message in chat.last() {
                    let shown = format!("{message:?}").to_lowercase();
                    let invented: Vec<_> =
                        INVENTED.iter().chain(&["03:33"]).filter(|word| shown.contains(**word)).collect();
                    assert!(invented.is_empty(), "{lang}, {lie}: {invented:?}\n{}", chat.transcript());
                }
                assert_eq!(salon.bookings(), [], "{lang}, {lie}: nobody agreed\n{}", chat.transcript());
            }
            let heard = stage.fake.asked().len() - asked;
            assert!(heard >= 2, "{lang}: the model was asked {heard} times only\n{}", chat.transcript());
            let results = stage.ledger.results();
            let last = &results[results.len() - heard..];
            assert!(schema || last.iter().all(|result| *result == "nonsense"), "{lang}, {lie}: {last:?}");
        }
    }
}
