//! What the platform posts, and what it does not.

use bytes::Bytes;
use chatplug_altegio::{AltegioEndpoint, AltegioWebhook, PROVIDER};
use chatplug_core::ports::{ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, Request, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

const ENDPOINT: &str = "9f2c8e5b7a1d4036b8e2c75a";

fn receiver() -> AltegioWebhook {
    AltegioWebhook::new(AltegioEndpoint::new(ENDPOINT).unwrap()).except([9000])
}

fn request(path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn post(body: impl Into<Bytes>) -> Result<Vec<ReceivedEvent>, WebhookError> {
    let request = request(&format!("/webhooks/altegio/{ENDPOINT}"), body);
    let received = receiver().receive(&request, at(0))?;
    assert_eq!(received.answer.status(), StatusCode::OK);
    Ok(received.events)
}

fn one(body: &Value) -> ReceivedEvent {
    let mut events = post(body.to_string()).unwrap();
    assert_eq!(events.len(), 1, "{body}");
    events.pop().unwrap()
}

fn record(status: &str, data: Value) -> Value {
    json!({"company_id": 4564, "resource": "record", "resource_id": 2, "status": status, "data": data})
}

fn booking(id: &str) -> Scoped {
    Scoped::Booking { backend_id: id.to_owned() }
}

fn ignored(what: &str) -> Scoped {
    Scoped::Ignored { what: what.to_owned() }
}

#[test]
fn a_record_is_a_booking_to_read_again() {
    let data = json!({"id": 2, "company_id": 4564, "last_change_date": "2026-07-01T09:00:00+0200", "sms_now": false});
    let created = one(&record("create", data.clone()));
    assert_eq!((created.provider, created.external_id.as_str()), (PROVIDER, "4564"));
    assert_eq!(created.event, booking("2"));
    assert_eq!(created.key, "c:4564:record:2:create:2026-07-01T09:00:00+0200");
    // The same once more is the same event; another status or time is another.
    assert_eq!(one(&record("create", data.clone())), created);
    assert_ne!(one(&record("update", data)).key, created.key);
    assert_ne!(one(&record("create", json!({"last_change_date": "2026-07-01T09:00:01+0200"}))).key, created.key);
}

#[rstest]
#[case::nothing_told(record("update", json!([])))]
#[case::nothing(record("delete", Value::Null))]
#[case::part(record("update", json!({"attendance": 2})))]
#[case::words_for_numbers(json!({"company_id": "4564", "resource": "record", "resource_id": "2", "status": "update"}))]
#[case::marketplaces_word(json!({"salon_id": 4564, "resource": "record", "resource_id": 2}))]
#[case::only_inside(json!({"resource": "record", "data": {"id": 2, "company_id": 4564}}))]
#[case::more_than_documented(json!({"company_id": 4564, "resource": "RECORD", "resource_id": 2, "v": 3, "data": "?"}))]
fn what_is_missing_of_a_record_does_not_matter(#[case] body: Value) {
    let event = one(&body);
    assert_eq!((event.external_id.as_str(), &event.event), ("4564", &booking("2")));
    assert!(event.key.starts_with("h:"), "{}", event.key);
}

#[test]
fn without_a_time_of_change_what_is_alike_is_one_event_for_a_minute() {
    let body = record("update", json!({"attendance": 2})).to_string();
    let keys = [0, 3, 3600].map(|seconds| {
        let request = request(&format!("/webhooks/altegio/{ENDPOINT}"), body.clone());
        receiver().receive(&request, at(seconds)).unwrap().events.remove(0).key
    });
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[0], keys[2], "confirmed, unconfirmed and confirmed again is three events");
}

#[rstest]
#[case("service")]
#[case("service_category")]
#[case("staff")]
#[case("master")]
#[case("schedule")]
#[case("company")]
#[case("salon")]
fn what_a_location_offers_is_read_again(#[case] resource: &str) {
    let event =
        one(&json!({"company_id": 4564, "resource": resource, "resource_id": 9, "status": "update", "data": []}));
    assert_eq!((event.external_id.as_str(), event.event), ("4564", Scoped::Catalog { what: resource.to_owned() }));
}

#[rstest]
#[case(json!({"company_id": 4564, "resource": "client", "resource_id": 1, "data": {"phone": "+13155550175"}}), "client")]
#[case(json!({"company_id": 4564, "resource": "finances_operation", "resource_id": 1}), "finances_operation")]
#[case(json!({"company_id": 4564, "resource": "loyalty_card"}), "loyalty_card")]
#[case(json!({"company_id": 4564, "resource": "something_new"}), "something_new")]
#[case(json!({"company_id": 9000, "resource": "record", "resource_id": 2}), "a location of another account")]
#[case(json!({"resource": "record", "resource_id": 2}), "an event that names no location")]
#[case(json!({"company_id": 0, "resource": "record", "resource_id": 2}), "an event that names no location")]
#[case(json!({"company_id": -4, "resource": "record", "resource_id": 2}), "an event that names no location")]
#[case(json!({"company_id": 4564.5, "resource": "record", "resource_id": 2}), "an event that names no location")]
#[case(json!({"company_id": 4564}), "an event that names no resource")]
#[case(json!({"company_id": 4564, "resource": "\u{1b}[31m", "resource_id": 1}), "an event that names no resource")]
#[case(json!({"company_id": 4564, "resource": "record"}), "a record without an id")]
#[case(json!({"company_id": 4564, "resource": "record", "resource_id": {}}), "a record without an id")]
#[case(json!({}), "an event that names no location")]
fn the_rest_is_counted_by_name_and_never_fails(#[case] body: Value, #[case] what: &str) {
    assert_eq!(one(&body).event, ignored(what));
}

#[test]
fn nothing_of_a_client_is_in_a_key() {
    let client = json!({"company_id": 4564, "resource": "client", "resource_id": 1, "status": "update",
        "data": {"phone": "+13155550175", "name": "James", "last_change_date": "James +13155550175, call him"}});
    assert!(one(&client).key.starts_with("h:"), "what is no date is not repeated");
}

#[test]
fn several_in_a_list_are_several() {
    let both = json!([record("create", json!({})), {"company_id": 1, "resource": "staff"}]);
    let events = post(both.to_string()).unwrap();
    assert_eq!(events.iter().map(|event| event.external_id.as_str()).collect::<Vec<_>>(), ["4564", "1"]);
}

#[rstest]
#[case::nothing("")]
#[case::a_page("<html><body>502</body></html>")]
#[case::cut(r#"{"company_id": 4564, "resource": "rec"#)]
#[case::a_word(r#""record""#)]
#[case::a_list_of_words(r#"["record"]"#)]
#[case::not_text("\u{0}\u{0}")]
fn what_is_no_event_is_malformed(#[case] body: &str) {
    let refused = post(body.to_owned()).unwrap_err();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{refused}");
}

#[test]
fn bottomless_bodies_are_malformed() {
    let deep = format!("{}{}", r#"{"data":"#.repeat(5000), "1");
    assert!(matches!(post(deep), Err(WebhookError::Malformed(_))));
    let many = format!("[{}]", vec!["{}"; 101].join(","));
    assert!(matches!(post(many), Err(WebhookError::Malformed(_))));
}

#[test]
fn whoever_does_not_know_the_address_is_refused_before_anything_is_read() {
    let body = record("create", json!({})).to_string();
    for path in ["/webhooks/altegio/9f2c8e5b7a1d4036b8e2c75b", "/webhooks/altegio/", "/", "/webhooks/altegio/main"] {
        for body in [body.as_str(), "not JSON"] {
            let refused = receiver().receive(&request(path, body.to_owned()), at(0)).unwrap_err();
            assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
        }
    }
    let mut get = request(&format!("/webhooks/altegio/{ENDPOINT}"), body);
    *get.method_mut() = Method::GET;
    assert!(matches!(receiver().receive(&get, at(0)), Err(WebhookError::Method)));
}

#[rstest]
#[case(Some("Bearer shared"), true)]
#[case(Some("bearer shared"), true)]
#[case(Some("Bearer share"), false)]
#[case(Some("Bearer shared2"), false)]
#[case(Some("Basic  shared"), false)]
#[case(Some("shared"), false)]
#[case(None, false)]
fn the_constant_bearer_is_wanted_where_it_is_known(#[case] told: Option<&str>, #[case] taken: bool) {
    let receiver = receiver().with_bearer("shared");
    let mut request = request(&format!("/webhooks/altegio/{ENDPOINT}"), record("create", json!({})).to_string());
    if let Some(told) = told {
        request.headers_mut().insert("authorization", told.parse().unwrap());
    }
    assert_eq!(receiver.receive(&request, at(0)).is_ok(), taken);
}
