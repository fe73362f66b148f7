//! Calls that go wrong, and calls that are too many.

use super::start;
use chatplug_altegio::fake::{FakeAltegio, Fault, RateLimit, TooMany};
use chrono::Duration;
use serde_json::json;

/// Whether it was done, and what the caller saw.
#[tokio::test]
async fn each_fault_does_what_it_says() {
    let refuse = || Fault::Refuse(403, "Access denied.".to_owned());
    for (fault, done, status) in [
        (Fault::DropAnswer, true, None),
        (Fault::DropRequest, false, None),
        (Fault::CutAnswer, true, None),
        (Fault::Html, true, Some(200)),
        (Fault::Truncated, true, Some(200)),
        (Fault::NoContent, true, Some(204)),
        (Fault::Delay(std::time::Duration::from_millis(1)), true, Some(201)),
        (Fault::Status(502), false, Some(502)),
        (Fault::StatusAfter(504), true, Some(504)),
        (refuse(), false, Some(403)),
        (Fault::Code(433), false, Some(422)),
    ] {
        let (fake, caller) = start().await;
        fake.on("POST /records").at(FakeAltegio::SALON).answer(fault.clone());
        let record = json!({"staff_id": 8886, "services": [{"id": 331}], "client": {"phone": "+351910000001", "name": "Maria"},
            "datetime": "2026-03-03T09:00:00+00:00", "seance_length": 3600, "save_if_busy": false});
        let seen = caller.try_call("POST", "/records/4564", Some(&record)).await;
        assert_eq!(seen.as_ref().ok().map(|answer| answer.status), status, "{fault:?}");
        assert_eq!(fake.records().len(), usize::from(done), "{fault:?}");
        if matches!(fault, Fault::Html | Fault::Truncated) {
            let text = seen.unwrap().text;
            assert!(serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
        }
        // Used up, and of no other route.
        assert_eq!(caller.call("GET", "/records/4564", None).await.status, 200);
        let expected = if done { 409 } else { 201 };
        assert_eq!(caller.post("/records/4564", &record).await.status, expected, "{fault:?}");
        assert_eq!(fake.calls_of("POST /records")[0].status, status.unwrap_or(0), "{fault:?}");
    }
}

#[tokio::test]
async fn rules_count_and_spare() {
    let (fake, caller) = start().await;
    fake.on("*").at(4565).always().answer(Fault::Status(500));
    fake.on("GET /company").after(1).times(2).answer(Fault::Status(503));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(caller.call("GET", "/company/4564", None).await.status);
    }
    assert_eq!(seen, [200, 503, 503, 200]);
}

#[tokio::test]
#[should_panic(expected = "there is no route POST /record")]
async fn a_rule_for_nothing_is_a_mistake() {
    let (fake, _) = start().await;
    let _ = fake.on("POST /record");
}

/// Five a second, and as many a minute as was said; told in three ways.
#[tokio::test]
async fn who_calls_too_often_is_told_so() {
    let (fake, caller) = start().await;
    for (answer, body) in [(TooMany::General, "{"), (TooMany::Empty, ""), (TooMany::Html, "<html>")] {
        fake.advance(Duration::minutes(2)).keep_rate(RateLimit::of(5, 7).answering(answer).retry_after(2));
        for _ in 0..5 {
            assert_eq!(caller.call("GET", "/company/4564", None).await.status, 200);
        }
        let refused = caller.call("GET", "/company/4564", None).await;
        assert_eq!(refused.status, 429);
        assert!(refused.text.starts_with(body), "{}", refused.text);
        fake.advance(Duration::seconds(2));
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(caller.call("GET", "/company/4564", None).await.status);
        }
        assert_eq!(seen, [200, 200, 429], "the minute is not over");
    }
    assert_eq!(fake.busiest(Duration::seconds(1)), 6);
    fake.keep_rate(None);
    assert_eq!(caller.call("GET", "/company/4564", None).await.status, 200);
}

/// Logging in: by a password, by a second factor, and not at all.
#[tokio::test]
async fn who_logs_in_gets_a_token() {
    let (fake, caller) = start().await;
    let partner = caller.partner();
    let mut login = json!({"login": FakeAltegio::LOGIN, "password": "wrong"});
    let refused = partner.post("/auth", &login).await;
    assert_eq!((refused.status, &refused.body["meta"]["message"]), (404, &json!("Wrong login or password")));
    login["password"] = json!(FakeAltegio::PASSWORD);
    let token = partner.post("/auth", &login).await;
    assert_eq!((token.status, &token.body["data"]["user_token"]), (201, &json!(FakeAltegio::USER_TOKEN)));
    fake.second_factor(true);
    let asked = partner.post("/auth", &login).await;
    assert_eq!((asked.status, asked.body["data"]["uuid"].is_string()), (200, true));
    login["2fa"] = json!({"uuid": asked.body["data"]["uuid"], "secret": "123456"});
    assert_eq!(partner.post("/auth", &login).await.status, 201);
    // Another password is another token.
    let token = fake.change_password("new");
    assert_eq!(caller.call("GET", "/records/4564", None).await.status, 401);
    let again = caller.saying(&format!("Bearer {}, User {token}", FakeAltegio::PARTNER_TOKEN));
    assert_eq!(again.call("GET", "/records/4564", None).await.status, 200);
    fake.lock_out(4564);
    assert_eq!(again.call("GET", "/records/4564", None).await.status, 403);
}
