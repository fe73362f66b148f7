//! aimock in place of the fake: the client understands a server that others wrote, and its troubles.

use crate::{intents::stage, recording};
use chatplug_core::{
    checkup::Verdict,
    model::FactMention,
    ports::{Clock as _, DateMention, Intent, StaffMention, TimeMention, TimeReading, Transcriber},
};
use chatplug_judges::{Aimock, installed};
use chatplug_openai::{OpenAiCheckup, OpenAiConfig, OpenAiModel, OpenAiTranscriber};
use chrono::Duration as Span;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const KEY: &str = "sk-aimock-1";
const MODEL: &str = "some-mini";

fn reading(change: Value) -> String {
    let mut reading = json!({
        "lang": "en", "intent": "book", "sure": true, "services": [], "all_services": false, "staff": null, "date": null,
        "time": null, "party": 1, "late_minutes": null, "wanted_lang": null, "question": false, "fact": null,
    });
    reading.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    reading.to_string()
}

/// What it answers to a message with this word in it.
fn says(word: &str, answer: Value) -> Value {
    json!({ "match": { "userMessage": word, "model": MODEL, "responseFormat": "json_schema" }, "response": answer })
}

fn answers() -> Value {
    let whole = reading(json!({
        "services": ["cut"], "staff": "ana", "date": { "from": "2026-03-13", "to": "2026-03-13" },
        "time": { "at": "15:30", "from": null, "to": null }, "party": 2, "question": true, "fact": "parking",
    }));
    // The checkup asks without staff and facts.
    let sample =
        reading(json!({ "services": ["haircut"] })).replace(",\"fact\":null", "").replace("\"fact\":null,", "");
    let usage = json!({ "prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366 });
    let refused =
        |status: u16| json!({ "error": { "message": "as told", "type": "invalid_request_error" }, "status": status });
    json!({ "fixtures": [
        says("whole", json!({ "content": whole, "usage": usage })),
        says("a haircut tomorrow please", json!({ "content": sample })),
        says("prose", json!({ "content": "Sure! You are booked with Zephyrina at 03:33 for 0.99." })),
        says("unoffered", json!({ "content": reading(json!({ "services": ["unicorn-massage"] })) })),
        says("agrees", json!({ "content": reading(json!({ "intent": "yes" })) })),
        says("half", json!({ "content": "{\"lang\":\"en\",\"int", "finishReason": "length" })),
        says("filtered", json!({ "content": whole, "finishReason": "content_filter" })),
        says("tool", json!({ "toolCalls": [{ "name": "book", "arguments": "{}" }] })),
        says("broken", refused(500)),
        says("forbidden", refused(403)),
        says("wrong", refused(400)),
        says("limited", json!({ "error": { "message": "slow down", "type": "rate_limit_error" }, "status": 429, "retryAfter": 30 })),
        { "match": { "endpoint": "transcription" }, "response": { "transcription": { "text": "a haircut, please" } } },
    ] })
}

#[tokio::test]
async fn a_server_that_others_wrote_is_understood_and_so_are_its_troubles() {
    let Some(judges) = installed() else { return };
    let mut stage = stage().await;
    let server = Aimock::start(&judges, &answers(), KEY).await;
    let config = OpenAiConfig::new(&server.url, MODEL).with_api_key(KEY);
    stage.config = config.clone().with_timeout(Duration::from_secs(5));

    let read = stage.ask(&stage.intents(), "the whole of it").await.unwrap();
    assert_eq!((read.intent, read.party, read.fact), (Intent::Book, 2, FactMention::Known("parking".parse().unwrap())));
    assert_eq!(read.services, ["cut".parse().unwrap()]);
    assert_eq!(read.staff, Some(StaffMention::Named(vec!["ana".parse().unwrap()])));
    assert!(matches!(read.date, DateMention::Exact(_)));
    assert_eq!(read.time, TimeMention::Exact(TimeReading::At("15:30:00".parse().unwrap())));
    assert_eq!(stage.ledger.0.lock().unwrap().last(), Some(&("ok", 321, 45, 321 + 2 * 45)));

    // What makes no sense, whatever it is dressed as.
    for word in ["prose", "unoffered", "agrees", "half", "filtered", "tool"] {
        assert!(stage.ask(&stage.intents(), word).await.is_err(), "{word}");
        assert_eq!(stage.ledger.results().last(), Some(&"nonsense"), "{word}");
    }
    for (word, result) in
        [("broken", "down"), ("something it was not told", "down"), ("forbidden", "refused"), ("wrong", "refused")]
    {
        assert!(stage.ask(&stage.intents(), word).await.is_err(), "{word}");
        assert_eq!(stage.ledger.results().last(), Some(&result), "{word}");
    }
    for (trouble, result) in [
        (json!({ "dropRate": 1 }), "down"),
        (json!({ "disconnectRate": 1 }), "down"),
        (json!({ "malformedRate": 1 }), "nonsense"),
        (json!({ "rateLimitRate": 1 }), "limited"),
    ] {
        server.trouble(&trouble).await;
        assert!(stage.ask(&stage.intents(), "the whole of it").await.is_err(), "{trouble}");
        assert_eq!(stage.ledger.results().last(), Some(&result), "{trouble}");
    }
    server.trouble(&json!({})).await;

    // It says when to come again, and is believed.
    let intents = stage.intents();
    assert!(stage.ask(&intents, "limited").await.is_err());
    stage.clock.advance(Span::seconds(29));
    assert!(stage.ask(&intents, "the whole of it").await.is_err(), "it is {}", stage.clock.now());
    assert_eq!(stage.ledger.results().last(), Some(&"resting"));
    stage.clock.advance(Span::seconds(1));
    assert!(stage.ask(&intents, "the whole of it").await.is_ok());

    let look = async |config: OpenAiConfig| {
        let model = OpenAiModel::new(config, Arc::new(stage.clock.clone())).unwrap();
        let found = OpenAiCheckup(&model).run().await;
        found.iter().map(|checked| (checked.code, checked.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(look(config.clone()).await, [("openai.model", Verdict::Fine), ("openai.schema", Verdict::Fine)]);
    let stranger = OpenAiConfig::new(&server.url, MODEL).with_api_key("sk-other");
    assert_eq!(look(stranger).await, [("openai.model", Verdict::Wrong)]);

    let heard = OpenAiTranscriber::new(config).unwrap().transcribe(&recording(b"OggS one")).await.unwrap();
    assert_eq!(heard.reveal(), "a haircut, please");
}

#[tokio::test]
async fn a_server_that_is_too_slow_is_not_waited_for() {
    let Some(judges) = installed() else { return };
    let mut stage = stage().await;
    let server = Aimock::start(&judges, &answers(), KEY).await;
    server.trouble(&json!({ "latencyMs": 30_000 })).await;
    let config = OpenAiConfig::new(&server.url, MODEL).with_api_key(KEY);
    stage.config = config.with_timeout(Duration::from_millis(200));
    assert!(stage.ask(&stage.intents(), "the whole of it").await.is_err());
    assert_eq!(stage.ledger.results().last(), Some(&"slow"));
}
