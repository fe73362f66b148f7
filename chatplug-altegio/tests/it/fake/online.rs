//! The online booking: who gets a time, and in which words the others are told.

use super::{Caller, start};
use chatplug_altegio::fake::{FakeAltegio, FakeSalon, FakeService};
use serde_json::{Value, json};

fn appointment(id: u64, staff: u64, service: u64, time: &str) -> Value {
    json!({"id": id, "services": [service], "staff_id": staff, "datetime": format!("2026-03-03T{time}:00+00:00")})
}

fn wish(appointments: Value) -> Value {
    json!({"fullname": "Maria", "phone": "+351910000001", "email": "", "appointments": appointments})
}

/// Status, code and the appointment that is meant.
async fn refusal(caller: &Caller, body: &Value) -> (u16, Value, Value) {
    let answer = caller.post("/book_record/4564", body).await;
    let error = &answer.body["meta"]["errors"][0];
    (answer.status, error["code"].clone(), error["id"].clone())
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let (fake, caller) = start().await;
    let caller = caller.partner();
    let mut body = wish(json!([appointment(7, 8886, 331, "09:00")]));
    for (key, value, expected) in [
        ("phone", json!("12"), (422, 431)),
        ("phone", json!("nobody"), (422, 431)),
        ("fullname", json!(" "), (422, 435)),
    ] {
        let before = std::mem::replace(&mut body[key], value);
        let (status, code, _) = refusal(&caller, &body).await;
        assert_eq!((status, code), (expected.0, json!(expected.1)), "{key}");
        body[key] = before;
    }
    fake.change_salon(FakeAltegio::SALON, |salon| salon.phone_confirmation = true);
    assert_eq!(refusal(&caller, &body).await.1, 432);
    body["code"] = json!(38829);
    assert_eq!(caller.post("/book_record/4564", &body).await.status, 201);
    body["code"] = json!(FakeAltegio::SMS_CODE);
    assert_eq!(refusal(&caller, &body).await, (422, json!(433), json!(7)));
    fake.desk().blacklists("+351910000001");
    assert_eq!(refusal(&caller, &body).await.0, 403);
    assert_eq!(refusal(&caller, &body).await.1, 434);
    assert_eq!(fake.records().len(), 1);
}

/// Several appointments are made together or not at all; they may not touch each other.
#[tokio::test]
async fn all_or_none() {
    let (fake, caller) = start().await;
    let twice = wish(json!([appointment(1, 8886, 331, "09:00"), appointment(2, 8886, 331, "09:30")]));
    assert_eq!(refusal(&caller, &twice).await, (422, json!(437), json!(2)));
    assert_eq!(fake.records(), []);
    let both = wish(json!([appointment(1, 8886, 331, "09:00"), appointment(2, 8887, 332, "10:00")]));
    let made = caller.post("/book_record/4564", &both).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let visits: Vec<_> = fake.records().iter().map(|record| record.visit).collect();
    assert_eq!(visits[0], visits[1], "several records of one visit");
}

/// "Anyone" is whoever is free, until nobody is.
#[tokio::test]
async fn anyone_is_somebody_who_is_free() {
    let (fake, caller) = start().await;
    let anyone = wish(json!([appointment(1, 0, 331, "10:00")]));
    for _ in 0..2 {
        assert_eq!(caller.post("/book_record/4564", &anyone).await.status, 201);
    }
    let mut staff: Vec<_> = fake.records().iter().map(|record| record.staff).collect();
    staff.sort_unstable();
    assert_eq!(staff, [8886, 8887]);
    assert_eq!(refusal(&caller, &anyone).await.1, 436);
    // Nobody is there at night, and yesterday is over.
    assert_eq!(refusal(&caller, &wish(json!([appointment(1, 8886, 331, "21:00")]))).await.1, 433);
    let yesterday = json!([{"id": 1, "services": [331], "staff_id": 8886, "datetime": "2026-02-27T10:00:00+00:00"}]);
    assert_eq!(refusal(&caller, &wish(yesterday)).await.1, 433);
}

/// Times are offered for what is made of parts; what is booked are the parts.
#[tokio::test]
async fn what_is_made_of_parts_is_booked_in_parts() {
    let (fake, caller) = start().await;
    let services = caller.get("/book_services/4564").await;
    let both = services["services"].as_array().unwrap().iter().find(|one| one["id"] == 336).unwrap();
    let links = both["composite_details"]["links"].as_array().unwrap();
    assert_eq!((links[0]["position"].as_u64(), links[0]["service_id"].as_u64()), (Some(2), Some(332)));
    assert_ne!(caller.get("/book_times/4564/8887/2026-03-03?service_ids[]=336").await, json!([]));
    assert_eq!(refusal(&caller, &wish(json!([appointment(1, 8887, 336, "10:00")]))).await.0, 404);
    let parts = json!([{"id": 1, "services": [331, 332], "staff_id": 8887, "datetime": "2026-03-03T10:00:00+00:00"}]);
    assert_eq!(caller.post("/book_record/4564", &wish(parts)).await.status, 201);
    assert_eq!(fake.records()[0].seconds, 5400);
    // Carla does not cut hair; a perm is not sold any more.
    assert_eq!(refusal(&caller, &wish(json!([appointment(1, 8888, 331, "10:00")]))).await.0, 404);
    let gone = json!({"appointments": [appointment(1, 8886, 339, "10:00")]});
    assert_eq!(caller.post("/book_check/4564", &gone).await.body["meta"]["errors"][0]["code"], 438);
}

/// A time may be listed at which a long service does not fit; the check and the booking know.
#[tokio::test]
async fn long_services_are_listed_where_they_do_not_fit() {
    let (fake, caller) = start().await;
    fake.desk().books(8886, 331, "2026-03-03T16:00:00".parse().unwrap(), "+351910000002", "Rosa");
    let times = "/book_times/4564/8886/2026-03-03?service_ids[]=333";
    let listed = |data: Value| -> Vec<String> {
        data.as_array().unwrap().iter().map(|one| one["time"].as_str().unwrap().to_owned()).collect()
    };
    assert!(listed(caller.get(times).await).contains(&"14:00".to_owned()));
    let check = json!({"appointments": [appointment(1, 8886, 333, "14:00")]});
    assert_eq!(caller.post("/book_check/4564", &check).await.status, 422);
    fake.traps(|traps| traps.long_starts = false);
    assert!(!listed(caller.get(times).await).contains(&"14:00".to_owned()));
}

/// Parameters that nobody knows are ignored, and noted.
#[tokio::test]
async fn what_is_misspelt_filters_nothing() {
    let (fake, caller) = start().await;
    let all = caller.get("/book_staff/4564").await;
    assert_eq!(caller.get("/book_staff/4564?service_id=331").await, all);
    assert_eq!(caller.get("/book_staff/4564?service_ids=331").await, all);
    assert_ne!(caller.get("/book_staff/4564?service_ids%5B%5D=331").await, all);
    let violations = fake.violations();
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert!(violations[0].contains("service_id is unknown"), "{violations:?}");
}

/// A client's own view, by the hash.
#[tokio::test]
async fn a_client_reads_moves_and_leaves() {
    let (fake, caller) = start().await;
    let made = caller.post("/book_record/4564", &wish(json!([appointment(1, 8886, 331, "09:00")]))).await;
    let made = &made.body["data"][0];
    let (id, hash) = (made["record_id"].as_u64().unwrap(), made["record_hash"].as_str().unwrap().to_owned());
    let view = caller.get(&format!("/book_record/4564/{id}/{hash}")).await;
    assert_eq!((&view["date"], &view["online"]), (&json!("2026-03-03 09:00:00"), &json!(true)));
    assert_eq!(caller.call("GET", &format!("/book_record/4564/{id}/{}", "0".repeat(32)), None).await.status, 404);
    let later = json!({"datetime": "2026-03-03T11:00:00+00:00"});
    let moved = caller.put(&format!("/book_record/4564/{id}"), &later).await;
    assert_eq!((moved.status, &moved.body["data"]["staff"]["spec"]), (200, &json!("Top stylist")));
    let by_staff = fake.desk().books(8886, 331, "2026-03-03T15:00:00".parse().unwrap(), "+351910000001", "Maria");
    assert_eq!(caller.put(&format!("/book_record/4564/{by_staff}"), &later).await.status, 403);
    // A business's user cannot do what a client can.
    let mine = format!("/user/records/{id}/{hash}");
    assert_eq!(caller.call("DELETE", &mine, None).await.status, 400);
    let gone = caller.partner().call("DELETE", &mine, None).await;
    assert_eq!((gone.status, gone.text.as_str()), (200, ""));
    assert!(fake.record(id).unwrap().deleted);
    assert_eq!(caller.partner().call("DELETE", &mine, None).await.status, 404);
}

/// Zones, their summers, and a salon that nobody can book.
#[tokio::test]
async fn times_are_those_of_the_salon() {
    let (fake, caller) = start().await;
    fake.set_now("2026-07-13T05:00:00Z".parse().unwrap());
    let mut salon = FakeSalon::bella(77, chrono_tz::Europe::Belgrade);
    salon.services.push(FakeService::new(400, "Chat", 0));
    fake.add_salon(salon);
    let times = "/book_times/77/8886/2026-07-14?service_ids[]=331";
    assert_eq!(caller.get(times).await[0]["datetime"], "2026-07-14T09:00:00+02:00");
    fake.traps(|traps| traps.winter_offset = true);
    assert_eq!(caller.get(times).await[0]["datetime"], "2026-07-14T09:00:00+01:00");
    // Passed back as it came, it means the wall's clock.
    let one = json!([{"id": 1, "services": [331], "staff_id": 8886, "datetime": "2026-07-14T09:00:00+01:00"}]);
    assert_eq!(caller.post("/book_record/77", &wish(one)).await.status, 201);
    assert_eq!(fake.records()[0].start, "2026-07-14T09:00:00".parse().unwrap());
    assert_eq!(fake.violations(), [""; 0]);
    let elsewhere = json!({"appointments": [{"id": 1, "services": [331], "staff_id": 8886, "datetime": "2026-07-14T09:00:00-05:00"}]});
    caller.post("/book_check/77", &elsewhere).await;
    assert_eq!(fake.violations().len(), 1);
    fake.change_salon(77, |salon| salon.online = false);
    assert_eq!(caller.get("/book_services/77").await["services"], json!([]));
    assert_eq!(caller.get(times).await, json!([]));
    assert_eq!(caller.get("/company/77").await["bookforms"], json!([]));
}
