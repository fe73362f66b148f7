//! What is posted, to whom, and how often.

use super::{Receiver, start};
use chatplug_altegio::fake::{FakeAltegio, WebhookPlan};
use serde_json::{Value, json};
use std::time::Duration;

fn at(time: &str) -> chrono::NaiveDateTime {
    format!("2026-03-03T{time}:00").parse().unwrap()
}

#[tokio::test]
async fn settings_replace_everybodys() {
    let (fake, caller) = start().await;
    let empty = caller.get("/hooks_settings/4564").await;
    assert_eq!((&empty["urls"], &empty["active"]), (&json!([]), &json!(0)));
    fake.hook(4564, "https://other.example.com/hook");
    let mut body = json!({"urls": ["https://chat.example.com/w"], "active": 1, "record": 1, "master": 1});
    let set = caller.post("/hooks_settings/4564", &body).await;
    assert_eq!((set.status, &set.body["data"]["record"]), (201, &json!(1)));
    assert_eq!(fake.hooks(4564), ["https://chat.example.com/w"]);
    assert_eq!(set.body["data"]["url_settings"][0]["self_sending"], 0);
    for urls in [json!([]), json!(["https://a.example.com", "https://a.example.com"])] {
        body["urls"] = urls;
        assert_eq!(caller.post("/hooks_settings/4564", &body).await.status, 422);
    }
    fake.deny("webhook_read_access");
    assert_eq!(caller.call("GET", "/hooks_settings/4564", None).await.status, 403);
    assert_eq!(fake.violations(), [""; 0]);
}

/// The desk's changes are told; the partner's own are not, unless it asked for them.
#[tokio::test]
async fn own_writes_are_kept_quiet() {
    let (fake, caller) = start().await;
    let app = Receiver::start().await;
    for (self_sending, expected) in [(0, 1), (1, 2)] {
        let body = json!({"urls": [app.url], "active": 1, "record": 1, "self_sending": self_sending});
        assert_eq!(caller.post("/hooks_settings/4564", &body).await.status, 201);
        let before = app.bodies().len();
        let hour = 9 + self_sending;
        let record = json!({"staff_id": 8886, "services": [{"id": 331}], "client": {"phone": "+351910000001", "name": "Maria"},
            "datetime": format!("2026-03-03 {hour:02}:00:00"), "seance_length": 3600, "save_if_busy": false});
        assert_eq!(caller.post("/records/4564", &record).await.status, 201);
        fake.desk().books(8887, 331, at("15:00"), "+351910000002", "Rosa");
        fake.settled().await;
        assert_eq!(app.bodies().len() - before, expected, "self_sending {self_sending}");
    }
    let told = &app.bodies()[0];
    assert_eq!((&told["resource"], &told["data"]["client"]["phone"]), (&json!("record"), &json!("+351910000002")));
    assert_eq!(told["resource_id"], told["data"]["id"]);
    assert_eq!(app.bearers()[0], "");
}

#[tokio::test]
async fn one_change_makes_several_in_any_order() {
    let (fake, _) = start().await;
    let app = Receiver::start().await;
    fake.hook(4564, &app.url).webhooks(WebhookPlan::default());
    let record = fake.desk().books(8886, 331, at("10:00"), "+351910000001", "Maria");
    fake.settled().await;
    assert_eq!(app.told(), ["record create", "record create", "record update", "record update"]);

    let mut plan = WebhookPlan::calm().reversed();
    plan.bearer = Some("shared".to_owned());
    plan.partial = true;
    fake.webhooks(plan);
    fake.desk().moves(record, 8887, at("11:00"));
    fake.settled().await;
    let last = app.bodies().pop().unwrap();
    assert_eq!((&last["data"]["date"], &last["data"]["services"]), (&json!("2026-03-03 11:00:00"), &Value::Null));
    assert_eq!(app.bearers().pop().unwrap(), "Bearer shared");

    // A record that was deleted does not say so itself.
    fake.webhooks(WebhookPlan::calm().held());
    fake.desk().cancels(record).dismisses(8888).withdraws(334).schedules(8886, at("10:00").date(), &[]);
    fake.settled().await;
    let held: Vec<_> = fake.take_held().into_iter().map(|(_, body)| body).collect();
    let told: Vec<_> = held.iter().map(|body| (body["resource"].as_str().unwrap(), &body["data"]["deleted"])).collect();
    let deleted = json!(false);
    assert_eq!(
        told,
        [("record", &deleted), ("staff", &Value::Null), ("service", &Value::Null), ("schedule", &Value::Null)]
    );
    assert_eq!((&held[3]["resource_id"], &held[3]["data"]), (&json!(8886), &json!([])));
}

/// One description says that nothing is tried again; the other, twice more.
#[tokio::test]
async fn what_is_not_taken_is_tried_again_by_one_description() {
    let (fake, _) = start().await;
    let app = Receiver::start().await;
    fake.hook(4564, &app.url);
    for (status, again, expected) in [(503, false, 1), (503, true, 3), (404, true, 1), (200, true, 1)] {
        app.answers(status);
        fake.webhooks(if again { WebhookPlan::calm().again(Duration::ZERO) } else { WebhookPlan::calm() });
        let before = fake.answers().len();
        fake.desk().blocks(8886, at("10:00"), 30);
        fake.settled().await;
        assert_eq!(fake.answers()[before..], vec![status; expected]);
    }
    // Of no other location.
    fake.add_salon(chatplug_altegio::fake::FakeSalon::bella(4565, chrono_tz::Europe::Berlin));
    let before = app.bodies().len();
    fake.desk_of(4565).blocks(8886, at("10:00"), 30);
    fake.settled().await;
    assert_eq!(app.bodies().len(), before);
    assert_eq!(fake.post(&app.url, &fake.event(FakeAltegio::SALON, "record", 1, "delete", json!([]))).await, 200);
}
