//! Calls against what a real server answered, word for word: each recording is served as it was.

use axum::{Router, body::Body, http::Response, routing::any};
use chatplug_calcom::{
    CalcomAuth, CalcomClient, CalcomConfig, Call, CallError,
    client::{Told, http_client},
};
use chatplug_core::{ports::SystemClock, wrappers::Pace};
use chatplug_judges::contract;
use chrono::Duration;
use rstest::rstest;
use serde_json::Value;
use std::sync::Arc;

/// A server that answers everything with one answer.
pub(crate) async fn canned(status: u16, headers: Value, body: String) -> CalcomClient {
    let answer = move || {
        let mut response = Response::builder().status(status);
        for (name, value) in headers.as_object().into_iter().flatten() {
            if name != "content-length" {
                response = response.header(name, value.as_str().unwrap());
            }
        }
        std::future::ready(response.body(Body::from(body.clone())).unwrap())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(answer))).await });
    let config = CalcomConfig::new(CalcomAuth::ApiKey("cal_test".into())).with_base_url(format!("http://{address}"));
    let pace = Pace::new(Arc::new(SystemClock), 10_000, Duration::milliseconds(1), 100);
    CalcomClient::new(config, http_client().unwrap()).with_pace(pace).with_time_limit(std::time::Duration::from_secs(2))
}

/// A recording and the answer to its request; `None` where the contracts are not.
async fn replayed(file: &str, name: &str) -> Option<Result<Value, CallError>> {
    let recordings = contract(&format!("calcom/recorded/{file}.json"))?;
    let recording = recordings.as_array().unwrap().iter().find(|one| one["name"] == name);
    let (request, response) = recording.map(|one| (&one["request"], &one["response"])).unwrap();
    let status = response["status"].as_u64().unwrap().try_into().unwrap();
    let client = canned(status, response["headers"].clone(), response["body"].to_string()).await;
    let path = request["path"].as_str().unwrap().trim_start_matches("/v2/").to_owned();
    let call = match request["method"].as_str().unwrap() {
        "GET" => Call::get(path),
        "POST" => Call::post(path).json(&request["body"]),
        other => panic!("{other}"),
    };
    Some(client.send::<Value>(&call).await.map(|answer| answer.data))
}

#[rstest]
#[case("bookings_create", "booking.create_same_again", Told::Taken)]
#[case("bookings_create", "race.2", Told::Taken)]
#[case("bookings_create", "booking.limited_second_same_day", Told::LimitReached)]
#[case("bookings_create", "booking.create_past", Told::Past)]
#[case("bookings_create", "booking.create_beyond_window", Told::OutsideWindow)]
#[case("bookings_create", "booking.create_phone_only_email_required", Told::Email)]
#[case("bookings_create", "booking.create_no_contact", Told::Email)]
#[case("bookings_create", "booking.phone_only_missing_phone", Told::Phone)]
#[case("bookings_create", "booking.phone_only_invalid_phone", Told::Phone)]
#[case("bookings_create", "booking.name_empty", Told::Name)]
#[case("bookings_create", "booking.missing_required_field", Told::Answers)]
#[case("bookings_create", "booking.bad_option", Told::Answers)]
#[case("bookings_create", "booking.wrong_field_type", Told::Answers)]
#[case("bookings_create", "booking.requires_auth_none", Told::NeedsAuthentication)]
#[case("bookings_create", "booking.requires_auth_stranger", Told::NeedsAuthentication)]
#[case("bookings_change", "reschedule.taken", Told::Taken)]
#[case("bookings_change", "reschedule.old_uid_again", Told::Moved)]
#[case("bookings_change", "reschedule.cancelled", Told::Cancelled)]
#[case("bookings_change", "cancel.again", Told::Cancelled)]
#[case("bookings_change", "seats.full", Told::Full)]
#[case("bookings_change", "seats.same_email", Told::HasSeat)]
#[case("reservations", "reservation.create_again_same_slot", Told::Taken)]
#[case("reservations", "reservation.booked_slot", Told::Taken)]
#[case("teams", "team.rr_book_2", Told::Taken)]
#[tokio::test]
async fn refusals_mean_what_they_say(#[case] file: &str, #[case] name: &str, #[case] meaning: Told) {
    let Some(answer) = replayed(file, name).await else { return };
    let error = answer.unwrap_err();
    assert!(matches!(&error, CallError::Refused(refusal) if refusal.told == meaning), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("uid="), "{error:?}");
}

#[tokio::test]
async fn what_is_no_refusal_of_a_time_is_told_apart() {
    for (file, name, is_it) in [
        ("bookings_create", "booking.create_invalid_key", is_unauthorized as fn(&CallError) -> bool),
        ("bookings_change", "confirm.no_auth", is_unauthorized),
        ("bookings_change", "confirm.stranger", is_unauthorized),
        ("bookings_create", "booking.create_event_type_missing", |error| matches!(error, CallError::NotFound(_))),
        ("bookings_change", "booking.get_missing", |error| matches!(error, CallError::NotFound(_))),
        ("bookings_create", "booking.create_wrong_version", |error| matches!(error, CallError::OtherVersion)),
        ("bookings_list", "list.wrong_version", |error| matches!(error, CallError::OtherVersion)),
        ("schedules_event_types", "schedule.wrong_version", |error| matches!(error, CallError::OtherVersion)),
        ("slots", "slots.no_version", |error| matches!(error, CallError::NoSuchCall)),
        ("slots", "slots.no_version_v1style", |error| matches!(error, CallError::OtherVersion)),
        ("teams", "team.bookings", |error| matches!(error, CallError::NoSuchCall)),
        ("teams", "team.collective_partial_busy", |error| {
            matches!(error, CallError::OutcomeUnknown { status: Some(500), .. })
        }),
        (
            "auth_and_rate_limit",
            "rate_limit.120",
            |error| matches!(error, CallError::RateLimited { retry_after: Some(wait) } if wait.num_seconds() > 50),
        ),
    ] {
        let Some(answer) = replayed(file, name).await else { return };
        let error = answer.unwrap_err();
        assert!(is_it(&error), "{name}: {error:?}");
    }
}

fn is_unauthorized(error: &CallError) -> bool {
    matches!(error, CallError::Unauthorized(_))
}

#[tokio::test]
async fn every_answer_that_was_a_success_is_one() {
    for file in ["bookings_create", "bookings_change", "bookings_list", "slots", "teams", "schedules_event_types"] {
        let Some(recordings) = contract(&format!("calcom/recorded/{file}.json")) else { return };
        for one in recordings.as_array().unwrap() {
            let (name, status) = (one["name"].as_str().unwrap(), one["response"]["status"].as_u64().unwrap());
            let reads_or_posts = ["GET", "POST"].contains(&one["request"]["method"].as_str().unwrap());
            if status < 300 && reads_or_posts && !name.contains("version") {
                let answer = replayed(file, name).await.unwrap();
                assert!(answer.is_ok_and(|data| !data.is_null()), "{name}");
            }
        }
    }
}

/// The last call that was allowed says so: the next one is not made before the limit begins anew.
#[tokio::test]
async fn a_limit_that_is_used_up_is_kept_to() {
    let headers = serde_json::json!({ "x-ratelimit-remaining-default": "0", "x-ratelimit-reset-default": "44" });
    let client = canned(200, headers, r#"{"status":"success","data":{}}"#.to_owned()).await;
    client.get::<Value>("me").await.unwrap();
    let error = client.get::<Value>("me").await.unwrap_err();
    let waits = matches!(&error, CallError::RateLimited { retry_after: Some(wait) } if wait.num_seconds() >= 40);
    assert!(waits && client.calls() == 1, "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_a_write_to_it_was_not_done() {
    let config = CalcomConfig::new(CalcomAuth::ApiKey("cal_test".into())).with_base_url("http://127.0.0.1:9");
    let client = CalcomClient::new(config, http_client().unwrap()).with_time_limit(std::time::Duration::from_secs(1));
    let error = client.post::<Value>("bookings", &serde_json::json!({})).await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable { .. }), "{error:?}");
}
