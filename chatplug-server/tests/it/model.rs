//! A model in the configuration: looked at by `doctor`, told by `check`, asked by `understand` and in a conversation.

use crate::{
    app::{SECRET, message_from},
    house::{House, K1, Told},
};
use axum::body::Bytes;
use chatplug_openai::fake::{API_KEY, CHAT_MODEL, FakeOpenAi, Fault};
use chatplug_whatsapp::meta::sign;
use http::Request;
use serde_json::json;
use std::sync::Arc;

const CATALOG: &str =
    r#"{"services":[{"id":"cut","minutes":30,"names":{"en":"Haircut"}}],"staff":[{"id":"ana","name":"Ana"}]}"#;

fn line(id: u8, text: &str) -> String {
    json!({ "id": id.to_string(), "text": text, "now": "2026-03-11T10:20:00+00:00", "region": "GB", "catalog": "en" })
        .to_string()
}

/// The house, with a model that `bella` asks, and a fact.
fn house(fake: &FakeOpenAi) -> Arc<House> {
    let house = House::new();
    house.configure(|text| {
        let model = format!(
            "[[openai]]\nname = \"main\"\nmodel = \"{CHAT_MODEL}\"\napi_key = \"{API_KEY}\"\nbase_url = \"{}\"\ninput_price = 1\n\n[[tenant]]\nid = \"bella\"",
            fake.base_url()
        );
        let text = text.replacen("[[tenant]]\nid = \"bella\"", &model, 1);
        let more = "policy = { language = \"en\" }\nllm = { daily_tokens = 50000 }\n\
            fact = [{ id = \"parking\", ask = [\"is there parking?\"], text = \"Behind the house, booked by the hour.\" }]\n";
        text.replacen("policy = { language = \"en\" }\n", more, 1)
    });
    std::fs::write(house.path("catalog.json"), CATALOG).unwrap();
    let lines =
        [line(1, "blorp the frobnicator"), line(2, "a haircut with Ana tomorrow"), line(3, "is there parking?")];
    std::fs::write(house.path("messages.jsonl"), lines.join("\n")).unwrap();
    Arc::new(house)
}

/// Runs a command aside, so that the fake can answer it.
async fn run(house: &Arc<House>, arguments: &[&'static str]) -> Told {
    let (house, arguments) = (house.clone(), arguments.to_vec());
    let told = tokio::task::spawn_blocking(move || house.run(K1, &arguments)).await.unwrap();
    assert!(!told.out.contains(API_KEY) && !told.err.contains(API_KEY), "{told:?}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_and_check_tell_of_it() {
    let fake = FakeOpenAi::start().await.unwrap();
    let house = house(&fake);
    let told = run(&house, &["doctor"]).await;
    for line in ["openai main\n", "the endpoint has the model fake-mini", "it answers in the strict schema"] {
        assert!(told.out.contains(line), "{line}: {told:?}");
    }
    fake.fails(Fault::Status(401));
    let told = run(&house, &["doctor"]).await;
    assert!(told.out.contains("refuses the key (HTTP 401)") && told.code == Some(1), "{told:?}");
    let told = run(&house, &["check"]).await;
    assert!(told.out.contains("bella asks fake-mini at main"), "{told:?}");
    assert!(told.out.contains("fact parking of bella") && told.out.contains("\"book\""), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn understand_reads_a_file_by_it() {
    let fake = FakeOpenAi::start().await.unwrap();
    fake.understands("blorp the frobnicator", json!({ "intent": "human", "sure": true }));
    let house = house(&fake);
    let read = async |engine| {
        let told =
            run(&house, &["understand", "--engine", engine, "--catalog", "catalog.json", "messages.jsonl"]).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        let intents =
            told.out.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["intent"].clone());
        intents.collect::<Vec<_>>()
    };
    assert_eq!(read("cascade").await[..2], [json!("human"), json!("book")]);
    assert_eq!(fake.asked().len(), 1, "the other two need no model");
    assert_eq!(read("llm").await, [json!("human"), json!("other"), json!("other")]);
    fake.fails(Fault::Status(500));
    assert_eq!(read("cascade").await[1], json!("book"), "without it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_a_client_whom_the_offline_engine_does_not_understand() {
    let fake = FakeOpenAi::start().await.unwrap();
    fake.understands("blorp the frobnicator", json!({ "intent": "ask_price", "sure": true }));
    let house = house(&fake);
    let app = house.open(K1).await;
    for (n, text) in ["blorp the frobnicator", "is there parking?", "a haircut tomorrow"].into_iter().enumerate() {
        let body = Bytes::from(message_from("351910000001", "106540352242922", &format!("wamid.{n}"), text));
        let request = Request::post("/webhooks/meta/main").header("x-hub-signature-256", sign(SECRET, &body));
        let answer = app.webhooks().answer("meta", "main", request.body(body).unwrap()).await;
        assert_eq!(answer.status(), 200);
    }
    app.engine().drain().await.unwrap();
    assert_eq!(fake.asked().len(), 1, "what is understood is not asked");
    let request = Request::get("/metrics").body(axum::body::Body::empty()).unwrap();
    let answer = tower::ServiceExt::oneshot(app.router(), request).await.unwrap();
    let text = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains("chatplug_model_calls_total{tenant=\"bella\",result=\"ok\"} 1"), "{text}");
    assert!(text.contains("chatplug_model_tokens_total{tenant=\"bella\",direction=\"in\"}"), "{text}");
    assert!(!text.contains("blorp"), "{text}");
}
