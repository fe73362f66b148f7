//! Lists as they really are: with the dead among the living, and types as they come.

use super::start;
use chatplug_altegio::fake::{FakeAltegio, FakeReview, Traps};
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().or_else(|| one["title"].as_str()).unwrap()).collect()
}

#[tokio::test]
async fn the_dead_are_listed_and_cannot_be_booked() {
    let (fake, caller) = start().await;
    for path in ["/staff/4564", "/company/4564/staff"] {
        let listed = caller.get(path).await;
        assert_eq!(names(&listed), ["Dora", "Ana", "Bruno", "Waiting list", "Carla", "Elsa"], "{path}");
    }
    assert_eq!(names(&caller.get("/book_staff/4564").await), ["Ana", "Bruno", "Carla"]);
    assert!(names(&caller.get("/company/4564/services").await).contains(&"Perm"));
    assert!(!names(&caller.get("/book_services/4564").await["services"]).contains(&"Perm"));
    fake.desk().dismisses(8886).withdraws(331);
    assert_eq!(names(&caller.get("/book_staff/4564").await), ["Bruno", "Carla"]);
    assert!(!names(&caller.get("/book_services/4564").await["services"]).contains(&"Haircut"));
    fake.traps(|traps| *traps = Traps::none());
    assert_eq!(names(&caller.get("/staff/4564").await), ["Bruno", "Carla"]);
}

#[tokio::test]
async fn types_are_as_they_come() {
    let (fake, caller) = start().await;
    let at = "2026-02-03T20:31:05".parse().unwrap();
    let review = |author: Option<&str>| FakeReview {
        staff: 8886,
        rating: 4,
        text: "Great".into(),
        author: author.map(Into::into),
        at,
    };
    fake.change_salon(FakeAltegio::SALON, |salon| salon.reviews = vec![review(Some("Victor")), review(None)]);
    let staff = caller.get("/staff/4564").await;
    assert_eq!((&staff[1]["position"]["title"], &staff[2]["position"]), (&json!("Stylist"), &json!([])));
    assert_eq!((&staff[1]["show_rating"], &staff[2]["show_rating"]), (&json!(1), &json!("1")));
    let services = caller.get("/company/4564/services").await;
    assert_eq!((&services[0]["price_min"], &services[1]["price_min"]), (&json!("30.00"), &json!(15)));
    // Somebody's own length of a service.
    let manicure = services[3]["staff"].as_array().unwrap().iter().find(|one| one["id"] == 8886).unwrap();
    assert_eq!((&services[3]["duration"], &manicure["seance_length"]), (&json!(2700), &json!(3600)));
    assert!(caller.get("/company/4564/services/331").await.is_array());
    assert!(caller.get("/company/4564/services/332").await.is_object());
    let comments = caller.get("/comments/4564").await;
    assert_eq!(
        (&comments[0]["rating"], &comments[1]["rating"], &comments[1]["user_name"]),
        (&json!("4"), &json!(4), &Value::Null)
    );
    let company = caller.get("/company/4564").await;
    assert_eq!((&company["main_group"], &company["timezone_name"]), (&json!([]), &json!("Europe/Lisbon")));
    // Who is asked for by an app's own user sees none of them.
    assert_eq!(caller.get("/companies?my=1").await, json!([]));
    assert_eq!(caller.get("/book_dates/4564?staff_id=8886&service_ids[]=1").await["booking_days"], json!([]));
}

/// Hours, what is taken of them, and who may change them by which names.
#[tokio::test]
async fn hours_are_read_and_set_by_the_wires_names() {
    let (fake, caller) = start().await;
    fake.desk().books(8886, 331, "2026-03-03T10:00:00".parse().unwrap(), "+351910000001", "Maria");
    let path = "/company/4564/staff/schedule?start_date=2026-03-03&end_date=2026-03-03&staff_ids[]=8886";
    let day = &caller.get(&format!("{path}&include[]=busy_intervals")).await[0];
    assert_eq!(day["slots"][0], json!({"from": "09:00", "to": "13:00"}));
    assert_eq!(day["busy_intervals"][0]["from"], "10:00:00");
    assert!(caller.get(path).await[0].get("busy_intervals").is_none());
    let hours = json!([{"from": "10:00", "to": "11:30"}]);
    let set = |key: &str| json!({"schedules_to_set": [{key: 8886, "dates": ["2026-03-04"], "slots": hours}]});
    let write = "/company/4564/staff/schedule";
    assert_eq!(caller.put(write, &set("team_member_id")).await.status, 422);
    assert_eq!(caller.put(write, &set("staff_id")).await.body["data"][0]["slots"], hours);
    let times = caller.get("/book_times/4564/8886/2026-03-04?service_ids[]=331").await;
    assert_eq!(times.as_array().unwrap().len(), 2);
    let one = caller.get("/schedule/4564/8886/20260304/2026-03-05").await;
    assert_eq!((&one[0]["is_working"], &one[0]["slots"]), (&json!(1), &hours));
    fake.deny("timetable_schedule_edit_access");
    assert_eq!(caller.put(write, &set("staff_id")).await.status, 403);
}
