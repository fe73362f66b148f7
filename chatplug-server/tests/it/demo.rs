//! The simulator: its page, and a conversation held through its API.

use crate::app::{TestApp, whole};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;

const CLIENT: &str = "447700900101";

async fn say(app: &TestApp, text: &str) {
    let body = json!({ "client": CLIENT, "name": "Emma", "kind": "text", "text": text });
    let (status, answer) = app.post("/demo/api/act", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["status"], 200);
}

/// The state once so many messages of the client are answered and handed over.
async fn answered(app: &TestApp, turns: i64) -> Value {
    let fits = |state: &Value| state["turns_total"].as_i64() >= Some(turns) && state["delivery"] == "sent";
    app.until(&format!("/demo/api/state?client={CLIENT}"), fits).await
}

/// The bubbles of a phone's stream, once they fit.
async fn bubbles(app: &TestApp, fit: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let request = Request::get(format!("/demo/api/events?client={CLIENT}")).body(Body::empty()).unwrap();
    let response = app.request(request).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body().into_data_stream();
    let (mut text, mut items) = (String::new(), Vec::<Value>::new());
    let mut live = false;
    while !live || !fit(&items) {
        let chunk = tokio::time::timeout(Duration::from_secs(20), body.next()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("never came to fit: {items:#?}")).unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n") {
            live |= event.starts_with("event: live");
            if let Some(data) = event.strip_prefix("event: item\ndata: ") {
                let item: Value = serde_json::from_str(data).unwrap();
                match items.iter_mut().find(|known| known["id"] == item["id"]) {
                    Some(known) => *known = item,
                    None => items.push(item),
                }
            }
            text = rest.to_owned();
        }
    }
    items
}

#[tokio::test]
async fn the_page_loads_and_lets_nothing_else_in() {
    let app = TestApp::idle().await;
    let response = app.request(Request::get("/demo").body(Body::empty()).unwrap()).await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let (status, text) = whole(response).await;
    assert_eq!(status, StatusCode::OK);
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(text.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
    assert!(text.contains("data-testid=\"composer\""));
    let redirect = app.request(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!(redirect.headers()["location"], "/demo");
    app.stop().await;
}

#[tokio::test]
async fn a_conversation_goes_through_the_real_webhook_and_messenger() {
    let app = TestApp::working().await;
    assert_eq!(app.json("/demo/api/info").await["salon"], "Bella");
    let before = app.json(&format!("/demo/api/state?client={CLIENT}")).await;
    assert_eq!((&before["conversation"], &before["holder"]), (&Value::Null, &json!("bot")));

    say(&app, "Where are you? <script>alert(1)</script>").await;
    let state = answered(&app, 1).await;
    assert_eq!(state["turns"][0]["steps"][0]["input"]["input"], "said");
    let kind = |items: &[Value], kind: &str| items.iter().any(|item| item["body"]["kind"] == kind);
    let items = bubbles(&app, |items| kind(items, "location") && items[0]["status"] == "read").await;
    assert_eq!(items[0]["mine"], true);
    assert_eq!(items[0]["body"]["body"], "Where are you? <script>alert(1)</script>");
    let pin = items.iter().find(|item| item["body"]["kind"] == "location").expect("a pin");
    assert_eq!(pin["body"]["address"], "Rua Garrett 48, 1200-204 Lisboa");
    assert!(app.metric("chatplug_webhooks_total{provider=\"meta\",status=\"200\"}").await >= 2.0);

    // What the phone showed comes back as a status.
    let ids: Vec<_> = items.iter().filter(|item| item["mine"] == false).map(|item| item["id"].clone()).collect();
    let seen = json!({ "client": CLIENT, "delivered": ids, "read": ids });
    assert_eq!(app.post("/demo/api/seen", &seen).await.0, StatusCode::NO_CONTENT);
    let read = |state: &Value| state["delivery"] == "read";
    app.until(&format!("/demo/api/state?client={CLIENT}"), read).await;

    let clients = &app.json("/demo/api/info").await["clients"];
    assert!(clients.as_array().unwrap().iter().any(|client| client["client"] == CLIENT));
    app.stop().await;
}

#[tokio::test]
async fn a_person_takes_over_and_hands_back() {
    let app = TestApp::working().await;
    let state = format!("/demo/api/state?client={CLIENT}");
    let operate = async |what: &str, text: Option<&str>| {
        app.post("/demo/api/operator", &json!({ "client": CLIENT, "do": what, "text": text })).await.0
    };
    assert_eq!(operate("take_over", None).await, StatusCode::NOT_FOUND);
    say(&app, "hello").await;
    answered(&app, 1).await;
    assert_eq!(operate("say", Some(" ")).await, StatusCode::BAD_REQUEST);
    assert_eq!(operate("say", Some("Clara here")).await, StatusCode::NO_CONTENT);
    app.until(&state, |state| state["holder"] == "person").await;
    answered(&app, 2).await;
    let items = bubbles(&app, |items| items.iter().any(|item| item["person"] == true)).await;
    let by_person: Vec<_> =
        items.iter().filter(|item| item["person"] == true).map(|item| &item["body"]["body"]).collect();
    assert_eq!(by_person, ["Clara here"]);
    assert_eq!(operate("hand_back", None).await, StatusCode::NO_CONTENT);
    app.until(&state, |state| state["holder"] == "bot").await;
    app.stop().await;
}

#[tokio::test]
async fn the_day_shows_who_works_when() {
    let app = TestApp::idle().await;
    // A Wednesday without anything special about it.
    let day = app.json("/demo/api/day?date=2026-11-18").await;
    let staff: Vec<_> = day["staff"].as_array().unwrap().iter().map(|person| person["id"].as_str().unwrap()).collect();
    assert_eq!(staff, ["ana", "bruno", "carla", "daria"]);
    assert_eq!(day["staff"][3]["hours"], json!([{ "from": 600, "to": 840 }, { "from": 885, "to": 1140 }]));
    assert_eq!(day["entries"], json!([]));
    assert_eq!(app.get("/demo/api/day?date=tomorrow").await.0, StatusCode::BAD_REQUEST);
    app.stop().await;
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let app = TestApp::idle().await;
    for body in [
        json!({ "client": "1", "kind": "text", "text": "x" }),
        json!({ "client": CLIENT, "kind": "dance" }),
        json!({ "client": CLIENT, "kind": "text" }),
    ] {
        assert!(app.post("/demo/api/act", &body).await.0.is_client_error(), "{body}");
    }
    let form = Request::post("/demo/api/act").header("content-type", "text/plain").body(Body::from("{}")).unwrap();
    assert_eq!(app.request(form).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(app.get("/demo/api/state?client=%3Cscript%3E").await.0, StatusCode::BAD_REQUEST);
    app.stop().await;
}
