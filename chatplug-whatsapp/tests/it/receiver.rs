//! Who is let in, and what the receiver makes of bodies that nobody documented.

use crate::contracts;
use bytes::Bytes;
use chatplug_core::{
    model::Content,
    ports::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver},
};
use chatplug_whatsapp::meta::{MetaKeyring, MetaWebhook, sign};
use chrono::{DateTime, Utc};
use http::{Method, Request};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "4f1a0c5e9b7d4c23a6e81f02d39b7c55";

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

/// Signs a body and lets the receiver read it.
pub(crate) fn receive(body: impl Into<Bytes>) -> Result<Received, WebhookError> {
    let body = body.into();
    let signature = sign(SECRET, &body);
    posted(&MetaWebhook::new(MetaKeyring::new(SECRET, "token")), Some(&signature), body)
}

fn posted(webhook: &MetaWebhook, signature: Option<&str>, body: Bytes) -> Result<Received, WebhookError> {
    let mut request = Request::post("/webhooks/meta/main");
    if let Some(signature) = signature {
        request = request.header("X-Hub-Signature-256", signature);
    }
    webhook.receive(&request.body(body).unwrap(), now())
}

fn events(body: &Value) -> Vec<ReceivedEvent> {
    receive(body.to_string()).unwrap().events
}

fn change(value: &Value) -> Value {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "102", "changes": [{"field": "messages", "value": value}]}]})
}

fn messages(messages: &Value) -> Value {
    change(&json!({"metadata": {"phone_number_id": "106"}, "messages": messages}))
}

#[test]
fn the_signature_vectors_hold() {
    let Some(vectors) = contracts::read("meta/signature_vectors.json") else { return };
    // Vectors without a verdict, and what we chose: unescaped by a proxy passes, upper case passes, no prefix does not.
    let ours = |name: &str| match name {
        "body with raw UTF-8, signed over its \\u-escaped form" | "upper-case hex in the header" => true,
        "header without the sha256= prefix" => false,
        other => panic!("no decision on {other:?}"),
    };
    for vector in vectors["vectors"].as_array().unwrap() {
        let name = vector["name"].as_str().unwrap();
        let keys = MetaKeyring::default().with_app_secret(vector["app_secret"].as_str().unwrap());
        let body = Bytes::from(vector["body_utf8"].as_str().unwrap().to_owned());
        assert_eq!(body.len() as u64, vector["body_bytes"], "{name}");
        let result = posted(&MetaWebhook::new(keys), vector["header"]["X-Hub-Signature-256"].as_str(), body.clone());
        if vector["valid"].as_bool().unwrap_or_else(|| ours(name)) {
            assert_eq!(result.unwrap_or_else(|error| panic!("{name}: {error}")).answer.status(), 200, "{name}");
        } else {
            assert!(matches!(result, Err(WebhookError::Forged)), "{name}: {result:?}");
        }
        if vector["valid"] == true && name != "wrong secret" {
            assert_eq!(
                sign(vector["app_secret"].as_str().unwrap(), &body),
                vector["header"]["X-Hub-Signature-256"].as_str().unwrap()
            );
        }
    }
}

#[test]
fn without_a_secret_everything_is_refused() {
    let webhook = MetaWebhook::new(MetaKeyring::default());
    for secret in ["", "secret"] {
        let result = posted(&webhook, Some(&sign(secret, b"{}")), Bytes::from_static(b"{}"));
        assert!(matches!(result, Err(WebhookError::Forged)));
    }
    let get = Request::get("/webhooks/meta/main?hub.mode=subscribe&hub.challenge=1&hub.verify_token=");
    let result = webhook.receive(&get.body(Bytes::new()).unwrap(), now());
    assert!(matches!(result, Err(WebhookError::NotOurs)));
}

#[test]
fn the_verification_vectors_hold() {
    let Some(vectors) = contracts::read("meta/signature_vectors.json") else { return };
    for vector in vectors["verification"].as_array().unwrap() {
        let token = vector["verify_token"].as_str().unwrap();
        let (status, body) = verify(token, vector["query"].as_str().unwrap());
        assert_eq!(u64::from(status), vector["status"], "{vector}");
        assert_eq!(body.as_deref(), vector["body"].as_str(), "{vector}");
    }
}

#[test]
fn verification_reads_queries_as_browsers_write_them() {
    let right = [
        ("hub.verify_token=t+o%20k&hub.challenge=a%2Fb%3Cc%3E&hub.mode=subscribe", "a/b<c>"),
        ("hub%2Emode=subscribe&x=%zz&hub%2echallenge=1&hub%2Everify_token=t%20o%20k", "1"),
        ("hub.mode=subscribe&hub.challenge=1&hub.challenge=2&hub.verify_token=t+o+k", "1"),
    ];
    for (query, challenge) in right {
        assert_eq!(verify("t o k", query), (200, Some(challenge.to_owned())), "{query}");
    }
    let wrong = [
        "",
        "hub.mode=subscribe&hub.challenge=1",
        "hub_mode=subscribe&hub_challenge=1&hub_verify_token=t+o+k",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=t+o+",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=t+o+kk",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=%ff",
        "hub.challenge=1&hub.verify_token=t+o+k",
    ];
    for query in wrong {
        assert_eq!(verify("t o k", query), (403, None), "{query}");
    }
}

fn verify(token: &str, query: &str) -> (u16, Option<String>) {
    let webhook = MetaWebhook::new(MetaKeyring::new(SECRET, token));
    let request = Request::get(format!("/webhooks/meta/main?{query}")).body(Bytes::new()).unwrap();
    match webhook.receive(&request, now()) {
        Ok(received) => {
            assert!(received.events.is_empty());
            assert_eq!(received.answer.headers()["content-type"], "text/plain; charset=utf-8");
            (received.answer.status().as_u16(), Some(String::from_utf8(received.answer.body().to_vec()).unwrap()))
        }
        Err(error) => (error.status().as_u16(), None),
    }
}

#[test]
fn other_methods_are_told_so() {
    let webhook = MetaWebhook::new(MetaKeyring::new(SECRET, "token"));
    for method in [Method::PUT, Method::DELETE, Method::HEAD, Method::OPTIONS] {
        let request = Request::builder().method(method).uri("/").body(Bytes::new()).unwrap();
        assert!(matches!(webhook.receive(&request, now()), Err(WebhookError::Method)));
    }
}

#[test]
fn a_body_that_is_no_object_is_malformed() {
    for body in [&b""[..], b"[]", b"1", b"null", b"\"x\"", b"{", b"{}}", b"\xff\xfe{}", b"{\"entry\":\"\xc3\x28\"}"] {
        let result = receive(body.to_vec());
        assert!(matches!(result, Err(WebhookError::Malformed(_))), "{body:?} {result:?}");
    }
    // Compressed bodies are signed as they are and are not JSON.
    assert_eq!(receive(&b"\x1f\x8b\x08\x00"[..]).unwrap_err().status(), 400);
}

#[test]
fn an_odd_envelope_is_ignored_not_refused() {
    let odd = [
        json!({}),
        json!({"entry": null}),
        json!({"entry": {}}),
        json!({"entry": [1, null, "x", {}]}),
        json!({"object": "page", "entry": [{"id": "1", "messaging": []}]}),
        json!({"entry": [{"id": 5, "changes": [null, {}, {"field": "messages"}, {"field": 7, "value": 7}]}]}),
        json!({"entry": [{"id": "5", "changes": [{"field": "brand_new", "value": {"x": [1]}}]}]}),
    ];
    for body in odd {
        let received = receive(body.to_string()).unwrap();
        assert_eq!(received.answer.status(), 200);
        assert!(
            received.events.iter().all(|event| matches!(event.event, Scoped::Ignored { .. })),
            "{body}: {:?}",
            received.events
        );
    }
}

#[test]
fn one_broken_message_loses_itself_alone() {
    let good =
        |n: u32| json!({"id": format!("wamid.{n}"), "from": "16505551234", "type": "text", "text": {"body": "hi"}});
    let broken = [
        json!(null),
        json!([]),
        json!("message"),
        json!({}),
        json!({"id": "", "from": "16505551234", "type": "text", "text": {"body": "x"}}),
        json!({"id": "wamid.\u{0}", "from": "16505551234", "type": "text"}),
        json!({"id": "x".repeat(300), "from": "16505551234", "type": "text"}),
        json!({"id": "wamid.nobody", "type": "text", "text": {"body": "x"}}),
        json!({"id": "wamid.nobody", "from": "nobody", "type": "text", "text": {"body": "x"}}),
    ];
    for part in broken {
        let events = events(&messages(&json!([good(1), part, good(2)])));
        assert_eq!(events.len(), 3, "{part}");
        assert!(matches!(events[0].event, Scoped::Message(_)) && matches!(events[2].event, Scoped::Message(_)));
        assert!(matches!(events[1].event, Scoped::Ignored { .. }), "{part}: {:?}", events[1]);
    }
}

#[test]
fn a_part_that_only_a_parser_dislikes_is_still_read() {
    // Half an emoji, and an object so deep that it cannot be read: neither takes the others with it.
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let body = format!(
        r#"{{"entry":[{{"id":"1","changes":[{{"field":"messages","value":{{"metadata":{{"phone_number_id":"106"}},
        "contacts":[{{"wa_id":"16505551234","profile":{{"name":"Ana \ud83d"}}}}],
        "messages":[{{"id":"wamid.1","from":"16505551234","type":"text","text":{{"body":"cut \ud83d"}}}},
        {{"id":"wamid.2","from":"16505551234","type":"text","x":{deep}}},
        {{"id":"wamid.3","from":"16505551234","type":"text","text":{{"body":"whole"}}}}]}}}}]}}]}}"#
    );
    let events = receive(body).unwrap().events;
    assert_eq!(texts(&events), [Some("cut \u{fffd}"), None, Some("whole")]);
    let Scoped::Message(first) = &events[0].event else { panic!() };
    assert_eq!(first.profile_name.as_ref().map(|name| name.reveal().as_str()), Some("Ana \u{fffd}"));
}

fn texts(events: &[ReceivedEvent]) -> Vec<Option<&str>> {
    events
        .iter()
        .map(|event| match &event.event {
            Scoped::Message(message) => match &message.content {
                Content::Text { body } => Some(body.reveal().as_str()),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

#[test]
fn the_largest_batch_is_read() {
    let long = "é".repeat(1400);
    let many: Vec<Value> = (0..1000)
        .map(|n| json!({"id": format!("wamid.{n}"), "from": format!("165055{n:05}"), "timestamp": "1774860500", "type": "text", "text": {"body": long}}))
        .collect();
    let body = messages(&json!(many)).to_string();
    assert!(body.len() > 2_800_000 && body.len() < 3_145_728, "{}", body.len());
    let events = receive(body).unwrap().events;
    assert_eq!(events.len(), 1000);
    assert!(texts(&events).iter().all(|text| *text == Some(long.as_str())));
    let keys: std::collections::HashSet<_> = events.iter().map(|event| &event.key).collect();
    assert_eq!(keys.len(), 1000);
}

#[test]
fn keys_are_stable_over_redeliveries_and_different_for_different_events() {
    let update = |id: &str, time: i64, event: &str| json!({"entry": [{"id": id, "time": time, "changes": [{"field": "account_update", "value": {"event": event}}]}]});
    let key = |body: &Value| events(body).remove(0).key;
    let first = key(&update("1", 5, "PARTNER_ADDED"));
    assert_eq!(first, key(&update("1", 5, "PARTNER_ADDED")));
    for other in [update("2", 5, "PARTNER_ADDED"), update("1", 6, "PARTNER_ADDED"), update("1", 5, "PARTNER_REMOVED")] {
        assert_ne!(first, key(&other));
    }
    let status = |stage: &str| key(&change(&json!({"statuses": [{"id": "wamid.1", "status": stage}]})));
    assert_eq!(status("sent"), "s:wamid.1:sent");
    assert_eq!(status("read"), "s:wamid.1:read");
    assert_eq!(key(&messages(&json!([{"id": "wamid.1", "from": "16505551234"}]))), "m:wamid.1");
}

#[test]
fn our_key_comes_back_in_a_status_and_others_do_not_disturb() {
    let ours = chatplug_core::model::DeliveryKey::derive(&["reply", "1"]);
    for (data, key) in [(json!(ours.to_string()), Some(ours)), (json!("some data"), None), (json!(null), None)] {
        let status =
            json!({"id": "wamid.1", "status": "sent", "timestamp": "1774860500", "biz_opaque_callback_data": data});
        let Scoped::Status(status) = events(&change(&json!({"statuses": [status]}))).remove(0).event else { panic!() };
        assert_eq!(status.key, key);
    }
}

#[test]
fn events_without_a_writer_get_no_answer() {
    for message in [
        json!({"id": "wamid.1", "from": "16505551234", "type": "request_welcome"}),
        json!({"id": "wamid.1", "from": "16505551234", "type": "system", "system": {"type": "brand_new", "body": "x"}}),
        json!({"id": "wamid.1", "from": "16505551234", "type": "text", "group_id": "g", "text": {"body": "x"}}),
    ] {
        assert!(matches!(events(&messages(&json!([message]))).remove(0).event, Scoped::Ignored { .. }), "{message}");
    }
    // A kind of message that is new to us was written by somebody, who deserves an answer.
    let new = events(&messages(&json!([{"id": "wamid.1", "from": "16505551234", "type": "hologram", "hologram": {}}])));
    let Scoped::Message(message) = &new[0].event else { panic!() };
    let Content::Unsupported { name, raw } = &message.content else { panic!("{message:?}") };
    assert_eq!(name, "hologram");
    assert!(raw.as_ref().is_some_and(|raw| raw.reveal().contains("\"hologram\":{}")), "kept for a later version");
}

#[test]
fn texts_are_taken_verbatim() {
    for text in ["", " ", "👋🏽", "مرحبا", "{ $name }", "<script>", "'; DROP TABLE contact; --", "%s %n", "\u{202e}abc"]
    {
        let body = messages(&json!([{"id": "wamid.1", "from": "16505551234", "type": "text", "text": {"body": text}}]));
        assert_eq!(texts(&events(&body)), [Some(text)]);
    }
}

#[test]
fn an_app_is_not_believed_about_the_numbers_of_another() {
    let webhook = MetaWebhook::new(MetaKeyring::new(SECRET, "token")).except(["106".to_owned()]);
    let text = json!([{"id": "wamid.1", "from": "16505551234", "type": "text", "text": {"body": "hi"}}]);
    for (number, believed) in [("106", false), ("107", true)] {
        let body = change(&json!({"metadata": {"phone_number_id": number}, "messages": text})).to_string();
        let received = posted(&webhook, Some(&sign(SECRET, body.as_bytes())), body.into()).unwrap();
        assert_eq!(matches!(received.events[0].event, Scoped::Message(_)), believed, "{number}");
    }
}

#[test]
fn a_message_without_a_time_is_of_now() {
    for stamp in [json!(null), json!("soon"), json!("99999999999999999999"), json!({})] {
        let body = messages(&json!([{"id": "wamid.1", "from": "16505551234", "type": "text", "timestamp": stamp}]));
        let Scoped::Message(message) = &events(&body)[0].event else { panic!() };
        assert_eq!(message.at, now());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..512)) {
        let _ = receive(body);
    }

    #[test]
    fn arbitrary_headers_and_queries_never_panic(header in "\\PC{0,80}", query in "[ -~&&[^ <>`\"{}#]]{0,80}") {
        let webhook = MetaWebhook::new(MetaKeyring::new(SECRET, "token"));
        if let Ok(request) = Request::post("/").header("X-Hub-Signature-256", header.as_bytes()).body(Bytes::new()) {
            prop_assert!(webhook.receive(&request, now()).is_err());
        }
        if let Ok(request) = Request::get(format!("/?{query}")).body(Bytes::new()) {
            prop_assert!(webhook.receive(&request, now()).is_err());
        }
    }

    #[test]
    fn arbitrary_json_never_fails_a_batch(part in json_value()) {
        let good = json!({"id": "wamid.good", "from": "16505551234", "type": "text", "text": {"body": "hi"}});
        for body in [messages(&json!([part, good])), change(&part), json!({"entry": [{"changes": [part]}]})] {
            let received = receive(body.to_string());
            prop_assert!(received.is_ok());
        }
        let found = events(&messages(&json!([part, good])));
        prop_assert!(found.iter().any(|event| event.key == "m:wamid.good"));
    }
}

/// JSON whose keys and words are often those that the receiver looks for.
fn json_value() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("text"),
        Just("type"),
        Just("id"),
        Just("from"),
        Just("interactive"),
        Just("button_reply"),
        Just("nfm_reply"),
        Just("image"),
        Just("location"),
        Just("system"),
        Just("contacts"),
        Just("wa_id"),
        Just("16505551234"),
        Just("user_id"),
        Just("US.1"),
        Just("messages"),
        Just("statuses"),
        Just("status"),
        Just("failed"),
        Just("errors"),
        Just("edit"),
        Just("message"),
        Just("metadata"),
        Just("phone_number_id"),
        Just("user_preferences"),
        Just("group_id"),
        Just("timestamp"),
        Just("\u{0}"),
        Just(""),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}
