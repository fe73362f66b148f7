//! Records and clients from the business's side.

use super::{one, start};
use chatplug_altegio::fake::{Created, Deleted, FakeAltegio};
use serde_json::{Value, json};

fn record(time: &str) -> Value {
    json!({
        "staff_id": 8886,
        "services": [{"id": 331, "first_cost": 30, "discount": 0, "cost": 30}],
        "client": {"phone": "+351910000001", "name": "Maria"},
        "datetime": format!("2026-03-03T{time}:00+00:00"),
        "seance_length": 3600,
        "save_if_busy": false,
        "comment": "by the window",
        "api_id": "key-1",
    })
}

/// A change replaces everything: what is not sent is refused, or gone.
#[tokio::test]
async fn a_change_is_a_replacement() {
    let (fake, caller) = start().await;
    let made = one(&caller.post("/records/4564", &record("09:00")).await.body["data"]);
    let path = format!("/record/4564/{}", made["id"]);
    fake.advance(chrono::Duration::minutes(5));
    let refused = caller.put(&path, &json!({"comment": "x"})).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body["meta"]["errors"]["seance_length"][0].is_string(), "{}", refused.text);
    let mut extra = record("09:00");
    extra["client"]["display_name"] = json!("Maria");
    assert_eq!(caller.put(&path, &extra).await.status, 422);
    let mut bare = record("11:00");
    bare.as_object_mut().unwrap().retain(|key, _| key != "api_id" && key != "comment");
    let changed = caller.put(&path, &bare).await;
    assert_eq!((changed.status, &changed.body["data"]["id"]), (201, &made["id"]));
    assert_ne!(changed.body["data"]["last_change_date"], made["last_change_date"]);
    let kept = fake.record(made["id"].as_u64().unwrap()).unwrap();
    assert_eq!((kept.api_id.as_str(), kept.comment.as_str()), ("", ""));
    // A busy time is refused and nothing changes; with the flag nobody is asked.
    fake.desk().books(8886, 331, "2026-03-03T15:00:00".parse().unwrap(), "+351910000002", "Rosa");
    let mut busy = record("15:30");
    assert_eq!(caller.put(&path, &busy).await.status, 409);
    assert_eq!(fake.overlaps(), 0);
    busy["save_if_busy"] = json!(true);
    assert_eq!(caller.put(&path, &busy).await.status, 201);
    assert_eq!(fake.overlaps(), 1);
    for locks in [true, false] {
        let desk = fake.desk();
        let id = made["id"].as_u64().unwrap();
        if locks {
            desk.locks(id)
        } else {
            desk.bills(id)
        };
        assert_eq!(caller.put(&path, &record("09:00")).await.status, 422);
    }
}

#[tokio::test]
async fn a_visit_wants_a_comment_and_changes_nothing_else() {
    let (fake, caller) = start().await;
    let made = one(&caller.post("/records/4564", &record("09:00")).await.body["data"]);
    let (id, visit) = (made["id"].as_u64().unwrap(), fake.records()[0].visit);
    let path = format!("/visits/{visit}/{id}");
    assert_eq!(caller.put(&path, &json!({"attendance": 2})).await.status, 422);
    fake.traps(|traps| traps.visit_comment = false);
    assert_eq!(caller.put(&path, &json!({"attendance": 2})).await.status, 200);
    let kept = fake.record(id).unwrap();
    assert_eq!((kept.attendance, kept.comment.as_str(), kept.api_id.as_str()), (2, "by the window", "key-1"));
    assert_eq!(caller.get(&format!("/visits/{visit}")).await["records"][0]["attendance"], 2);
    assert_eq!(caller.put(&format!("/visits/{}/{id}", visit + 1), &json!({"attendance": 2})).await.status, 404);
    fake.desk().marks(id, 1);
    fake.deny("delete_customer_came_records_access");
    assert_eq!(caller.call("DELETE", &format!("/record/4564/{id}"), None).await.status, 403);
}

/// Lists are narrowed by what is known, paged, and hold what is only blocked.
#[tokio::test]
async fn lists_are_narrowed_and_paged() {
    let (fake, caller) = start().await;
    let ids: Vec<_> = (0..5)
        .map(|day| {
            let start = format!("2026-03-0{}T10:00:00", day + 3).parse().unwrap();
            fake.desk().books(8887, 331, start, "+351910000002", "Rosa")
        })
        .collect();
    let list = |query: &str| {
        let (caller, path) = (caller.clone(), format!("/records/4564?{query}"));
        async move { caller.call("GET", &path, None).await.body }
    };
    let all = list("").await;
    assert_eq!(all["meta"], json!({"page": 1, "total_count": 6}));
    // The newest visit first; the last is yesterday's, blocked for nobody.
    assert_eq!((&all["data"][0]["id"], &all["data"][5]["client"]), (&json!(ids[4]), &Value::Null));
    let page = list("page=2&count=2").await;
    assert_eq!((page["data"].as_array().unwrap().len(), &page["data"][0]["id"]), (2, &json!(ids[2])));
    assert_eq!(list("start_date=2026-03-04&end_date=2026-03-05").await["meta"]["total_count"], 2);
    assert_eq!(list("staff_id=8887").await["meta"]["total_count"], 5);
    assert_eq!(list("team_member_id=8887").await["meta"]["total_count"], 6);
    fake.advance(chrono::Duration::hours(1));
    fake.desk().cancels(ids[0]);
    assert_eq!(list("changed_after=2026-03-02T08:30:00").await["meta"]["total_count"], 0);
    let deleted = list("changed_after=2026-03-02T08:30:00&with_deleted=1").await;
    assert_eq!((&deleted["data"][0]["id"], &deleted["data"][0]["deleted"]), (&json!(ids[0]), &json!(true)));
}

/// What nobody documents goes by switches.
#[tokio::test]
async fn unknown_habits_are_switches() {
    let (fake, caller) = start().await;
    let mut shapes = Vec::new();
    for (n, created) in [Created::Object, Created::Array, Created::Alternately, Created::Alternately].iter().enumerate()
    {
        fake.traps(|traps| traps.created = *created);
        let time = format!("{:02}:00", 9 + n + n / 4);
        shapes.push(caller.post("/records/4564", &record(&time)).await.body["data"].is_array());
    }
    assert_eq!(shapes[..2], [false, true]);
    assert_ne!(shapes[2], shapes[3]);
    let id = fake.records()[0].id;
    fake.desk().cancels(id);
    let path = format!("/record/4564/{id}");
    assert_eq!(caller.call("GET", &path, None).await.status, 404);
    fake.traps(|traps| traps.deleted = Deleted::Marked);
    assert_eq!(caller.get(&path).await["deleted"], true);
    assert_eq!(caller.call("DELETE", &path, None).await.status, 404);
}

/// Two writes at once: one wins, unless the platform looks away between its check and its write.
#[tokio::test]
async fn a_careless_platform_books_twice() {
    for careless in [false, true] {
        let (fake, caller) = start().await;
        fake.traps(|traps| traps.careless = careless);
        let wanted = record("09:00");
        let answers = futures_util::future::join_all((0..8).map(|_| caller.post("/records/4564", &wanted))).await;
        let won = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(fake.overlaps() > 0, careless, "{won} won");
        assert_eq!(won > 1, careless);
    }
}

/// Only who is asked for, in the fields that are asked for; a filter that nobody knows brings everybody.
#[tokio::test]
async fn a_search_brings_strangers() {
    let (fake, caller) = start().await;
    let search = |body: Value| {
        let caller = caller.clone();
        async move { caller.post("/company/4564/clients/search", &body).await }
    };
    let by = |kind: &str| json!({"fields": ["name", "spent"], "filters": [{"type": kind, "state": {"value": "13155550175"}}]});
    let found = search(by("quick_search")).await.body;
    assert_eq!((found["data"].as_array().unwrap().len(), &found["data"][0]["name"]), (1, &json!("James")));
    assert_eq!(found["data"][0].as_object().unwrap().len(), 2, "id and name; nobody knows spent");
    assert_eq!(search(by("phone")).await.body["meta"]["total_count"], 2);
    assert!(search(json!({})).await.body["data"][0]["name"].is_null());
    let bad = search(json!({"filters": [{"type": "quick_search", "state": {"value": [1]}}]})).await;
    assert_eq!((bad.status, bad.body["meta"]["errors"]["filters"].is_array()), (400, true));
    fake.change_salon(FakeAltegio::SALON, |salon| salon.licensed = false);
    assert_eq!(search(json!({})).await.status, 402);
    assert_eq!(caller.call("GET", "/staff/4564", None).await.status, 403);

    let both = json!({"name": "Zé", "phone": "+351910000077"});
    let made = caller.post("/clients/4564", &both).await;
    assert_eq!((made.status, caller.post("/clients/4564", &both).await.status), (201, 422));
    let path = format!("/client/4564/{}", made.body["data"]["id"]);
    assert_eq!(caller.get(&path).await["phone"], "+351910000077");
    assert_eq!(caller.call("DELETE", &path, None).await.status, 204);
    assert_eq!(caller.call("GET", &path, None).await.status, 404);
}

/// A chain's client has a card in each of its salons; a membership is found by digits.
#[tokio::test]
async fn cards_and_memberships() {
    let (fake, caller) = start().await;
    for id in [4564, 4565] {
        let mut salon = chatplug_altegio::fake::FakeSalon::bella(id, chrono_tz::Europe::Lisbon);
        salon.chain = Some((9206, "Chain".to_owned()));
        fake.add_salon(salon);
        fake.desk_of(id).knows("+351910000001", "Maria");
    }
    let cards = caller.get("/group/9206/clients/?phone=351910000001").await;
    let salons: Vec<_> = cards["clients"].as_array().unwrap().iter().map(|card| card["company_id"].clone()).collect();
    assert_eq!(salons, [4564, 4565]);
    fake.desk().sells_membership("+351910000001", "Ten visits", 10, None);
    let path = "/loyalty/abonements/?company_id=4564&phone=351910000001";
    assert_eq!(caller.get(path).await[0]["balance_container"]["links"][0]["count"], 10);
    fake.desk().freezes_memberships("+351910000001");
    assert_eq!(caller.get(path).await[0]["is_frozen"], true);
    assert_eq!(fake.violations(), [""; 0]);
}
