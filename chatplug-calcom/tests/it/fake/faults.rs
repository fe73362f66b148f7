//! Calls that go wrong on purpose, limits, keys, and versions.

use super::{Caller, start};
use chatplug_calcom::fake::{FakeCalcom, FakeUser, Fault, RateLimit};
use chrono::Duration;
use serde_json::json;

#[tokio::test]
async fn what_was_done_was_done_whatever_comes_back() {
    let (fake, caller) = start().await;
    let book = |start: &str| {
        json!({"start": start, "eventTypeId": 1,
            "attendee": {"name": "Ivan", "email": "a@client.example", "timeZone": "UTC"}})
    };
    let call = caller.bookings();
    for (n, (fault, done)) in [
        (Fault::DropAnswer, true),
        (Fault::DropRequest, false),
        (Fault::CutAnswer, true),
        (Fault::StatusAfter(502), true),
        (Fault::Status(502), false),
        (Fault::Html, true),
        (Fault::Truncated, true),
        (Fault::Token(500, "Internal server error".into()), false),
        (Fault::Refuse(403, "No".into()), false),
    ]
    .into_iter()
    .enumerate()
    {
        fake.on("POST /bookings").answer(fault.clone());
        let before = fake.standing().len();
        let day = 23 + n / 4;
        let answer =
            call.try_call("POST", "/bookings", Some(&book(&format!("2026-11-{day}T{:02}:00:00Z", 9 + n % 4)))).await;
        assert_eq!(fake.standing().len() - before, usize::from(done), "{fault:?}: {answer:?}");
        let wrong = answer.is_err() || answer.is_ok_and(|answer| answer.status != 201 || answer.body.is_null());
        assert!(wrong, "{fault:?}");
    }
    // Only what was meant.
    fake.on("POST /bookings").at(2).answer(Fault::Status(502));
    call.post("/bookings", &book("2026-11-26T09:00:00Z")).await;
    assert_eq!(fake.calls_of("POST /bookings").len(), 10);
}

#[tokio::test]
#[should_panic(expected = "there is no route GET /records")]
async fn a_rule_for_nothing_is_a_mistake() {
    let (fake, _) = start().await;
    fake.on("GET /records").answer(Fault::Deaf);
}

#[tokio::test]
async fn callers_are_counted_by_key_and_blocked_for_a_minute() {
    let (fake, caller) = start().await;
    fake.keep_rate(RateLimit::of(2).retry_after());
    let me = |caller: Caller| async move { caller.plain().call("GET", "/me", None).await };
    assert_eq!(me(caller.clone()).await.status, 200);
    assert_eq!(me(caller.clone()).await.status, 200);
    fake.advance(Duration::seconds(30));
    let refused = me(caller.clone()).await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (429, "60"));
    let stranger = caller.saying("authorization", &format!("Bearer {}", FakeCalcom::STRANGERS_KEY));
    assert_eq!(me(stranger).await.status, 200);
    // The minute of the calls is over, that of the refusal is not.
    fake.advance(Duration::seconds(45));
    let refused = me(caller.clone()).await;
    assert_eq!((refused.status, refused.headers["x-ratelimit-reset-default"].to_str().unwrap()), (429, "15"));
    fake.advance(Duration::seconds(15));
    assert_eq!(me(caller.clone()).await.status, 200);
    assert_eq!(fake.busiest(Duration::minutes(1)), 4);
}

#[tokio::test]
async fn wrong_keys_are_refused_where_none_is_needed() {
    let (fake, caller) = start().await;
    let slots = "/slots?eventTypeId=1&start=2026-11-23&end=2026-11-23";
    for (header, value, status) in [
        ("authorization", "Bearer cal_live_nope", 401),
        ("authorization", "Bearer some.access.token", 401),
        ("x-cal-client-id", "nobody", 401),
    ] {
        let answer = caller.anonymous().slots().saying(header, value).call("GET", slots, None).await;
        assert_eq!(answer.status, status, "{value}: {}", answer.text);
    }
    assert_eq!(caller.anonymous().slots().call("GET", slots, None).await.status, 200);
    fake.add_user(FakeUser::new(9, "zoe", "Zoe", chrono_tz::UTC).with_token("some.access.token"));
    let zoe = caller.saying("authorization", "Bearer some.access.token").plain();
    assert_eq!(zoe.get("/me").await["username"], "zoe");
    fake.change_user(FakeCalcom::ANNA, |user| user.key_expired = true);
    let expired = caller.plain().call("GET", "/me", None).await;
    assert_eq!(expired.body["error"]["message"], "ApiAuthStrategy - api key - Your api key is expired");
    fake.change_user(FakeCalcom::ANNA, |user| user.key_expired = false).change_key(FakeCalcom::ANNA, "cal_live_new");
    assert_eq!(caller.plain().call("GET", "/me", None).await.status, 401);
    assert_eq!(caller.as_platform().plain().get("/me").await["username"], "anna");
}

/// No version, a newer one and a quoted one are all the first one; and somebody keeps a note.
#[tokio::test]
async fn another_version_is_another_answer_without_a_word() {
    let (fake, caller) = start().await;
    for version in ["2026-02-25", "\"2024-08-13\"", "2024-09-04"] {
        let answer = caller.saying("cal-api-version", version).call("GET", "/bookings?bookingUid=x", None).await;
        assert!(answer.body["data"]["bookings"].is_array(), "{version}: {}", answer.text);
    }
    assert_eq!(fake.violations().iter().filter(|one| one.contains("first version")).count(), 3);
    let answer = caller.bookings().call("GET", "/bookings?attendeePhone=1", None).await;
    assert!(answer.body["data"].is_array());
    assert!(fake.violations().iter().any(|one| one.contains("attendeePhone is unknown, and ignored")));
}

/// Behind a server that puts everything below `/api`.
#[tokio::test]
async fn it_is_found_below_api_too() {
    let (fake, caller) = start().await;
    let below = caller.through(&format!("{}/api", fake.base_url()));
    assert_eq!(below.plain().get("/me").await["id"], FakeCalcom::ANNA);
    assert_eq!(fake.violations(), [""; 0]);
}
