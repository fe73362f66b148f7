//! What Cal.com posts, by the recordings, and what it does not.

use bytes::Bytes;
use chatplug_calcom::{CalcomEndpoint, CalcomWebhook, PROVIDER};
use chatplug_core::{
    ports::{ReceivedEvent, Scoped, WebhookError, WebhookReceiver},
    testkit::contract::webhook::WebhookScene,
    webhook_contract,
};
use chatplug_judges::contract;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, Method, Request, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::Sha256;
use std::{collections::BTreeSet, fmt::Write, sync::Arc};

const END: &str = "9f2c8e5b7a1d4036b8e2c75a";
/// What the recordings are signed with.
const SECRET: &str = "whsec-test";
const SIGNATURE: &str = "x-cal-signature-256";

fn endpoint(secret: &str) -> CalcomEndpoint {
    CalcomEndpoint::given("bella/centre", END, secret)
}

fn receiver() -> CalcomWebhook {
    CalcomWebhook::new(endpoint(SECRET))
}

fn hmac(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn request(signature: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let request = Request::post(format!("/webhooks/calcom/{END}")).header("content-type", "application/json");
    request.header(SIGNATURE, signature).body(body.into()).unwrap()
}

fn signed(secret: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let body = body.into();
    request(&hmac(secret, &body), body)
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn post(body: &Value) -> Result<Vec<ReceivedEvent>, WebhookError> {
    receiver().receive(&signed(SECRET, body.to_string()), at(0)).map(|received| received.events)
}

/// The deliveries of the recordings: label, signature, body. `None` where the contracts are not.
fn recorded() -> Option<Vec<(String, String, String)>> {
    let list = contract("calcom/recorded/webhooks.json")?;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let one = |one: &Value| (text(&one["label"]), text(&one["headers"][SIGNATURE]), text(&one["raw_body"]));
    Some(list.as_array().unwrap().iter().map(one).collect())
}

fn uids(events: &[ReceivedEvent]) -> Vec<&str> {
    let uid = |event: &'_ ReceivedEvent| match &event.event {
        Scoped::Booking { backend_id } => backend_id.as_str().to_owned().leak() as &str,
        other => panic!("{other:?}"),
    };
    events.iter().map(uid).collect()
}

#[test]
fn what_was_recorded_is_taken_by_its_own_signature() {
    let expected: [(&str, &[&str]); 9] = [
        ("BOOKING_CREATED", &["syVnAwQK3zB2ter55N3LdR"]),
        ("BOOKING_RESCHEDULED", &["2eRtcakQxJeGpHyUHB3LtB", "syVnAwQK3zB2ter55N3LdR"]),
        ("BOOKING_CANCELLED", &["kwx2vUiWCwBPbrPtnNrCsk"]),
        ("BOOKING_REQUESTED", &["jgJ9hgbnUk9QkrM1BdwMtH"]),
        ("BOOKING_CREATED", &["jgJ9hgbnUk9QkrM1BdwMtH"]),
        ("BOOKING_REJECTED", &["bMkzGUVaMMs1bkEpdGCuq4"]),
        ("BOOKING_REQUESTED", &["8xKLu4MPmRg4jnUCcQ7EQ9", "jgJ9hgbnUk9QkrM1BdwMtH"]),
        ("BOOKING_NO_SHOW_UPDATED", &["iJwdcbEFfomfBBqXNFXgmh"]),
        ("MEETING_ENDED", &["iJwdcbEFfomfBBqXNFXgmh"]),
    ];
    let Some(recorded) = recorded() else { return };
    assert_eq!(recorded.len(), expected.len() + 1);
    let mut keys = BTreeSet::new();
    for ((label, signature, body), (trigger, named)) in recorded.iter().zip(expected) {
        let received = receiver().receive(&request(signature, body.clone()), at(0)).unwrap();
        assert_eq!(received.answer.status(), StatusCode::OK);
        assert_eq!(uids(&received.events), named, "{label}");
        for event in received.events {
            assert_eq!((event.provider, event.external_id.as_str()), (PROVIDER, "bella/centre"));
            assert!(event.key.starts_with(&format!("{trigger}:")), "{}", event.key);
            assert!(named.iter().all(|uid| !event.key.contains(uid)), "a booking's name is a secret: {}", event.key);
            assert!(keys.insert(event.key), "{label}");
        }
    }
    // The last one was registered without a secret.
    let (_, signature, body) = recorded.last().unwrap();
    assert_eq!(signature, "no-secret-provided");
    assert!(matches!(receiver().receive(&request(signature, body.clone()), at(0)), Err(WebhookError::Forged)));
}

async fn scene() -> Box<WebhookScene> {
    let bodies = [
        body("BOOKING_CREATED", "2026-11-21T02:06:32.455Z", json!({"uid": "syVnAwQK", "metadata": {"chatplug": "k"}})),
        body(
            "BOOKING_RESCHEDULED",
            "2026-11-21T02:07:38.673Z",
            json!({"uid": "2eRtcakQ", "rescheduleUid": "syVnAwQK"}),
        ),
        body("BOOKING_NO_SHOW_UPDATED", "2026-11-21T02:07:43.442Z", json!({"bookingUid": "iJwdcbEF"})),
        json!({"triggerEvent": "MEETING_ENDED", "uid": "iJwdcbEF", "createdAt": "2026-11-21T02:06:33.410Z"}),
    ];
    let bodies = bodies.iter().map(|body| Bytes::from(body.to_string())).collect();
    Box::new(WebhookScene {
        receiver: Box::new(receiver()),
        bodies,
        sign: Arc::new(|body| signed(SECRET, body)),
        signature: vec![HeaderName::from_static(SIGNATURE)],
        stranger: Some(Box::new(CalcomWebhook::new(endpoint("another")))),
        timed: true,
    })
}

webhook_contract!(scene());

fn body(trigger: &str, created: &str, payload: Value) -> Value {
    json!({"triggerEvent": trigger, "createdAt": created, "payload": payload})
}

#[test]
fn what_two_webhooks_tell_is_told_once_and_what_happens_again_is_told_again() {
    let key = |created: &str, no_show: bool| {
        let payload =
            json!({"bookingUid": "iJwdcbEF", "attendees": [{"email": "y@client.example", "noShow": no_show}]});
        post(&body("BOOKING_NO_SHOW_UPDATED", created, payload)).unwrap().remove(0).key
    };
    let first = key("2026-11-21T02:07:43.442Z", true);
    assert_eq!(first, key("2026-11-21T02:07:43.451Z", true), "the user's webhook and the event type's");
    assert_ne!(first, key("2026-11-21T02:07:50.000Z", false));
    assert_ne!(first, key("2026-11-21T02:12:43.442Z", true), "marked, unmarked and marked again");
}

#[rstest]
#[case("BOOKING_PAID")]
#[case("BOOKING_PAYMENT_INITIATED")]
#[case("BOOKING_REJECTED")]
#[case("MEETING_STARTED")]
fn every_change_of_a_booking_is_a_hint(#[case] trigger: &str) {
    let events = post(&body(trigger, "2026-11-21T02:07:43.442Z", json!({"uid": "iJwdcbEF", "bookingId": 2}))).unwrap();
    assert_eq!(uids(&events), ["iJwdcbEF"]);
    // Without a payload, as the web application's clock sends them.
    assert_eq!(uids(&post(&json!({"triggerEvent": trigger, "uid": "iJwdcbEF"})).unwrap()), ["iJwdcbEF"]);
}

#[rstest]
#[case(json!({}))]
#[case(json!({"uid": null, "bookingId": 7}))]
#[case(json!({"uid": 7}))]
#[case(json!({"uid": ""}))]
#[case(json!({"uid": "../slots"}))]
#[case(json!({"uid": "a?b"}))]
#[case(json!({"uid": "x".repeat(65)}))]
fn what_names_no_booking_is_counted(#[case] payload: Value) {
    let events = post(&body("BOOKING_CANCELLED", "2026-11-21T02:07:43.442Z", payload)).unwrap();
    assert_eq!(events[0].event, Scoped::Ignored { what: "a change of a booking that is not named".to_owned() });
}

#[test]
fn the_rest_is_counted_by_name() {
    let of = |trigger: &str| post(&body(trigger, "2026-11-21T02:07:43Z", json!({"uid": "a"}))).unwrap().remove(0).event;
    assert_eq!(of("OOO_CREATED"), Scoped::Catalog { what: "OOO_CREATED".to_owned() });
    for trigger in ["FORM_SUBMITTED", "RECORDING_READY", "INSTANT_MEETING", "PING", "BOOKING_SOMETHING_NEW"] {
        assert_eq!(of(trigger), Scoped::Ignored { what: trigger.to_owned() });
    }
}

#[rstest]
#[case::nothing("")]
#[case::a_form("title=Haircut&who=Ivan")]
#[case::a_template_of_ones_own(r#"{"content": "A new booking"}"#)]
#[case::a_list(r#"[{"triggerEvent": "BOOKING_CREATED"}]"#)]
#[case::no_word(r#"{"triggerEvent": "\u001b[31m"}"#)]
fn a_webhook_with_a_template_of_its_own_is_told_apart(#[case] body: &str) {
    let refused = receiver().receive(&signed(SECRET, body.to_owned()), at(0)).unwrap_err();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(refused.to_string().contains("no template of its own"), "{refused}");
}

#[test]
fn whoever_does_not_sign_is_refused_before_anything_is_read() {
    let body = body("BOOKING_CREATED", "2026-11-21T02:07:43.442Z", json!({"uid": "iJwdcbEF"})).to_string();
    let right = hmac(SECRET, body.as_bytes());
    let mut other = signed(SECRET, body.clone());
    *other.uri_mut() = "/webhooks/calcom/9f2c8e5b7a1d4036b8e2c75b".parse().unwrap();
    let with = |signature: &str| request(signature, body.clone());
    let forged = [with(&right.to_uppercase()), with(&format!("sha256={right}")), with(&right[1..]), with(""), other];
    for request in forged.into_iter().chain([signed("another", body.clone()), with("no-secret-provided")]) {
        let refused = receiver().receive(&request, at(0)).unwrap_err();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{request:?}");
    }
    let mut get = signed(SECRET, body);
    *get.method_mut() = Method::GET;
    assert!(matches!(receiver().receive(&get, at(0)), Err(WebhookError::Method)));
}

#[test]
fn while_a_secret_is_changed_both_are_taken() {
    let secrets = ["9f2c8e5b7a1d4036b8e2c75a".into(), "31d0a7c9e64b58f20c7d9a1e".into()];
    let [new, old] = secrets.map(|secret| CalcomEndpoint::of(&secret, "bella/centre"));
    let receiver = CalcomWebhook::new(new.clone()).with_previous(old.clone());
    let body = Bytes::from(body("BOOKING_CREATED", "2026-11-21T02:07:43.442Z", json!({"uid": "a"})).to_string());
    let posted = |at_end: &CalcomEndpoint, by: &CalcomEndpoint| {
        use secrecy::ExposeSecret as _;
        let mut request = signed(by.secret().expose_secret(), body.clone());
        *request.uri_mut() = format!("/webhooks/calcom/{}", at_end.expose()).parse().unwrap();
        receiver.receive(&request, at(0)).is_ok()
    };
    assert!(posted(&new, &new) && posted(&old, &old));
    let other = CalcomEndpoint::of(&"9f2c8e5b7a1d4036b8e2c75a".into(), "other/centre");
    assert!(!posted(&new, &other) && !posted(&other, &new) && !posted(&other, &other));
}
