//! Calls that go wrong on purpose.

use super::{ACCOUNT, Api, MARIA, SENDER, TOKEN, maria, messages, twilio};
use chatplug_whatsapp::fake::twilio::{FakeTwilio, Fault, StatusPlan};
use serde_json::json;
use std::time::Duration;

/// Sends one text, and says whether an answer came and with which status.
async fn send(twilio: &FakeTwilio) -> Option<u16> {
    let _ = chatplug_whatsapp::meta::http_client();
    let http = reqwest::Client::builder().timeout(Duration::from_millis(500)).build().unwrap();
    let form = [("From", SENDER), ("To", MARIA), ("Body", "hi")];
    let url = format!("{}{}", twilio.base_url(), messages(ACCOUNT));
    let response = http.post(url).basic_auth(ACCOUNT, Some(TOKEN)).form(&form).send().await.ok()?;
    let status = response.status().as_u16();
    response.text().await.ok().map(|_| status)
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.statuses(StatusPlan::none());
    for (fault, answer, taken) in [
        (Fault::DropAnswer, None, 1),
        (Fault::CutAnswer, None, 1),
        (Fault::Hang, None, 1),
        (Fault::GarbleAnswer, Some(201), 1),
        (Fault::StatusAfter(502), Some(502), 1),
        (Fault::Delay(Duration::from_millis(1)), Some(201), 1),
        (Fault::FailLater(63032), Some(201), 1),
        (Fault::DropRequest, None, 0),
        (Fault::Status(503), Some(503), 0),
        (Fault::Code(20429), Some(429), 0),
        (Fault::Code(21611), Some(429), 0),
        (Fault::Code(63038), Some(429), 0),
        (Fault::Code(21610), Some(400), 0),
        (Fault::Code(20003), Some(401), 0),
    ] {
        let before = twilio.all_sent().len();
        twilio.on_send().answer(fault.clone());
        assert_eq!(send(&twilio).await, answer, "{fault:?}");
        assert_eq!(twilio.all_sent().len() - before, taken, "{fault:?}");
    }
    assert_eq!(twilio.all_sent().last().unwrap().failure, Some(63032));
    assert_eq!(send(&twilio).await, Some(201), "none is left");
}

#[tokio::test]
async fn a_lost_message_is_found_in_the_list() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.on_send().answer(Fault::DropAnswer);
    assert_eq!(send(&twilio).await, None);
    let query = "To=whatsapp%3A%2B15551230001&From=whatsapp%3A%2B15550009999&DateSent=2026-03-02";
    let told = Api::of(&twilio).get(&format!("{}?{query}", messages(ACCOUNT))).await;
    assert_eq!((told.body["messages"].as_array().unwrap().len(), told.text("/messages/0/body")), (1, "hi"));
}

#[tokio::test]
async fn faults_strike_whom_they_are_meant_for() {
    let twilio = twilio().await;
    maria(&twilio);
    let api = Api::of(&twilio);
    twilio.on_send().from("+15550008888").always().answer(Fault::Code(20003));
    twilio.on_send().to("+34 600 111 222").answer(Fault::Code(63003));
    assert_eq!(api.send(&[("Body", "not this one")]).await.status, 201);
    let other = [("From", SENDER), ("To", "whatsapp:+34600111222"), ("Body", "hi")];
    assert_eq!(api.message(&other).await.code(), 63003);
    assert_eq!(api.message(&other).await.status, 201);
    // Content, and whatever else is called.
    twilio.on_call("/v1/Content").times(2).answer(Fault::Code(20429));
    let content = json!({"language": "en", "types": {"twilio/text": {"body": "a"}}});
    for status in [429, 429, 201] {
        assert_eq!(api.json("/v1/Content", &content).await.status, status);
    }
}

#[tokio::test]
async fn too_many_calls_at_once_create_nothing() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.keep_concurrency(0);
    let told = Api::of(&twilio).send(&[("Body", "hi")]).await;
    assert_eq!((told.status, told.code(), twilio.all_sent().len()), (429, 20429, 0));
    twilio.keep_concurrency(1);
    assert_eq!(Api::of(&twilio).send(&[("Body", "hi")]).await.status, 201);
}

#[tokio::test]
async fn newer_hosts_may_explain_themselves_in_another_way() {
    let twilio = twilio().await;
    twilio.problem_details(true);
    let api = Api::of(&twilio);
    let told = api.get("/v1/Content/HX00000000000000000000000000000009").await;
    assert_eq!(
        (told.status, told.code(), told.text("/instance")),
        (404, 20404, "/v1/Content/HX00000000000000000000000000000009")
    );
    assert!(api.get("/2010-04-01/Accounts/AC1/Messages.json").await.body["message"].is_string());
}
