//! A booking from the catalogue to its end, and who gets a time that two want.

use super::{one, start};
use serde_json::json;

/// Everything that an adapter does, as the documentation says it: nothing of it is a violation.
#[tokio::test]
async fn a_booking_lives_and_ends() {
    let (fake, caller) = start().await;
    let services = caller.partner().get("/book_services/4564").await;
    assert_eq!(services["category"][0]["title"], "Hair");
    let cut = services["services"][0]["id"].as_u64().unwrap();
    let staff = caller.get(&format!("/book_staff/4564?service_ids[]={cut}")).await;
    let names: Vec<_> =
        staff.as_array().unwrap().iter().map(|one| (one["name"].clone(), one["bookable"].clone())).collect();
    let expected = [("Ana", true), ("Bruno", true), ("Carla", false)].map(|(name, can)| (json!(name), json!(can)));
    assert_eq!(names, expected);
    let dates = caller.get(&format!("/book_dates/4564?staff_id=8886&service_ids[]={cut}&date=2026-03-02")).await;
    assert_eq!(dates["booking_dates"][0], "2026-03-02");
    assert_eq!(dates["booking_days"]["3"][1], "3");
    let times = caller.get(&format!("/book_times/4564/8886/2026-03-03?service_ids[]={cut}")).await;
    assert_eq!(
        times[0],
        json!({"time": "9:00", "seance_length": 3600, "sum_length": 3600, "datetime": "2026-03-03T09:00:00+00:00"})
    );

    let wanted =
        json!({"appointments": [{"id": 1, "services": [cut], "staff_id": 8886, "datetime": times[0]["datetime"]}]});
    let checked = caller.post("/book_check/4564", &wanted).await;
    assert_eq!((checked.status, &checked.body["meta"]["message"]), (201, &json!("Created")));
    assert_eq!(fake.records(), []);
    let mut body = json!({
        "staff_id": 8886,
        "services": [{"id": cut, "first_cost": 30, "discount": 0, "cost": 30}],
        "client": {"phone": "+351910000001", "name": "Maria"},
        "datetime": times[0]["datetime"],
        "seance_length": 3600,
        "save_if_busy": false,
        "send_sms": false,
        "comment": "",
        "api_id": "0190a6a2-0000-7000-8000-000000000001",
    });
    let made = caller.post("/records/4564", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let record = one(&made.body["data"]);
    let id = record["id"].as_u64().unwrap();
    assert_eq!(record["date"], "2026-03-03 09:00:00");
    assert_eq!(record["create_date"], "2026-03-02T08:00:00+0000");
    assert_eq!(record["client"]["phone"], "+351910000001");

    // The time is gone, for everybody.
    let after = caller.get(&format!("/book_times/4564/8886/2026-03-03?service_ids[]={cut}")).await;
    assert_eq!(after[0]["time"], "10:00");
    assert_eq!(caller.post("/book_check/4564", &wanted).await.body["meta"]["errors"][0]["code"], 433);
    assert_eq!(caller.post("/records/4564", &body).await.status, 409);

    // Moved, with itself out of the way.
    body["datetime"] = json!("2026-03-03T09:30:00+00:00");
    let moved = caller.put(&format!("/record/4564/{id}"), &body).await;
    assert_eq!((moved.status, &moved.body["data"]["date"]), (201, &json!("2026-03-03 09:30:00")));
    assert_eq!(moved.body["data"]["id"], id);

    let visit = &moved.body["data"]["visit_id"];
    let visit = visit.as_str().map_or_else(|| visit.to_string(), str::to_owned);
    let confirmed = caller.put(&format!("/visits/{visit}/{id}"), &json!({"attendance": 2, "comment": ""})).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    assert_eq!(caller.get(&format!("/record/4564/{id}")).await["attendance"], 2);

    let gone = caller.call("DELETE", &format!("/record/4564/{id}"), None).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(caller.call("GET", &format!("/record/4564/{id}"), None).await.status, 404);
    let range = "/records/4564?start_date=2026-03-03&end_date=2026-03-03";
    assert_eq!(caller.get(range).await, json!([]));
    assert_eq!(caller.get(&format!("{range}&with_deleted=1")).await[0]["deleted"], true);
    assert_eq!(fake.violations(), [""; 0]);
    assert_eq!(fake.calls_of("POST /records").len(), 2);
}

/// Who does not show what is needed is told so, in the shapes that the platform has for it.
#[tokio::test]
async fn strangers_are_sent_away() {
    let (fake, caller) = start().await;
    for stranger in ["", "Bearer ", "Bearer nobody", "Bearer nobody, User nobody", "fakepartnertoken0001"] {
        let answer = caller.saying(stranger).call("GET", "/book_services/4564", None).await;
        assert_eq!(
            (answer.status, &answer.body["meta"]["message"]),
            (401, &json!("Authentication needed.")),
            "{stranger}"
        );
    }
    assert_eq!(caller.partner().call("GET", "/records/4564", None).await.status, 401);
    fake.deny("timetable_access");
    let answer = caller.call("GET", "/records/4564", None).await;
    assert_eq!((answer.status, &answer.body["meta"]["message"]), (403, &json!("Access denied.")));
    fake.allow();
    let unknown = caller.call("GET", "/book_services/1", None).await;
    assert_eq!((unknown.status, &unknown.body["meta"]), (404, &json!([])));
    assert_eq!(caller.call("GET", "/company/1", None).await.body["errors"]["code"], 404);
    assert_eq!(caller.call("DELETE", "/book_services/4564", None).await.status, 405);
    assert_eq!(caller.call("GET", "/nothing", None).await.status, 404);
    assert_eq!(caller.accepting("application/json").call("GET", "/book_services/4564", None).await.status, 400);
}
