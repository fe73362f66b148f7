//! Prism in front of the fake: calls and answers against the platform's description.

use super::description::{Wrong, description, idle, objections, requests};
use crate::{
    backend::{Scene, backend, branch},
    fake::{Caller, one, start},
};
use chatplug_altegio::{
    AltegioClient, AltegioEndpoint, AltegioHooks,
    client::http_client,
    fake::{Created, FakeAltegio, FakeReview, Traps},
};
use chatplug_core::{
    model::{
        ActionKey, CancelReason, ChannelUser, ContactId, DateRange, Lang, Private, SlotQuery, StaffChoice, StaffId,
    },
    ports::{BookingBackend, BookingFilter, BookingRequest, ClientDetails},
};
use chatplug_judges::{Objection, Prism, installed};
use serde_json::{Value, json};

/// What the description says of answers and requests, and what the contract knows better.
const WRONG: &[Wrong] = &[
    wrong("GET /api/v1/company/4564", "response.body.data.main_group", "it is the chain, an object"),
    wrong("GET /api/v1/company/4564", "response.body.data.push_notification_phone_confirm", "it is 0 or 1"),
    wrong("GET /api/v1/company/4564", "response.body.data.zip", "a postal code is text"),
    wrong("GET /api/v1/companies", "response.body.data.*.active", "it is 1"),
    wrong("GET /api/v1/company/4564/services", "response.body.data.*.discount", "production sends a number"),
    wrong("GET /api/v1/services/4564", "response.body.data.*.discount", "production sends a number"),
    wrong("GET /api/v1/staff/4564", "response.body.data.*.api_id", "production sends null"),
    wrong("GET /api/v1/staff/4564", "response.body.data.*.fired", "production sends a number"),
    wrong("GET /api/v1/staff/4564", "response.body.data.*.hidden", "production sends a number"),
    wrong("GET /api/v1/staff/4564", "response.body.data.*.status", "production sends a number"),
    wrong("GET /api/v1/staff/4564", "response.body.data.*.weight", "production sends a number"),
    wrong("GET /api/v1/staff/4564", "response.body.data.*.image_group", "production sends []"),
    wrong("GET /api/v1/staff/4564", "response.body.meta", "it counts"),
    wrong("GET /api/v1/comments/4564", "response.body.data.*.date", "a naive time"),
    wrong("GET /api/v1/company/4564/analytics/overall", "response.body.data", "percents of nothing are null"),
    wrong("POST /api/v1/book_record/4564", "request.body.api_id", "production has texts of 36 characters"),
    wrong("PUT /api/v1/book_record/4564", "response.body.data.api_id", "production has texts of 36 characters"),
    wrong("PUT /api/v1/book_record/4564", "response.body.data.date", "a naive time"),
    wrong("GET /api/v1/record/4564", "response.body.data.client", "it is an object"),
    wrong("GET /api/v1/record/4564", "response.body.data.date", "a naive time"),
    wrong("GET /api/v1/record/4564", "response.body.data.documents.*.date_created", "a naive time"),
    wrong("GET /api/v1/record/4564", "response.body.data.staff.api_id", "production sends null"),
    wrong("PUT /api/v1/record/4564", "response.body.data.documents.*.date_created", "a naive time"),
    wrong(
        "POST /api/v1/company/4564/clients/search",
        "request.body.filters.*.state.value",
        "of a quick search it is text",
    ),
    wrong("POST /api/v1/auth", "request.body", "a login fits both of its shapes"),
];

const fn wrong(call: &'static str, at: &'static str, why: &'static str) -> Wrong {
    Wrong { call, at, why }
}

/// A salon without traps: what is left is what the platform promises.
pub(super) async fn plain() -> (FakeAltegio, Caller) {
    let (fake, caller) = start().await;
    fake.traps(|traps| {
        *traps = Traps::none();
        traps.created = Created::Array;
    });
    let at = "2026-02-03T20:31:05".parse().unwrap();
    fake.change_salon(FakeAltegio::SALON, |salon| {
        salon.chain = Some((9206, "Chain".to_owned()));
        salon.staff.iter_mut().for_each(|member| member.position = Some((1, "Stylist".to_owned())));
        salon.reviews =
            vec![FakeReview { staff: 8886, rating: 4, text: "Great".into(), author: Some("Victor".into()), at }];
    });
    (fake, caller)
}

#[tokio::test]
async fn the_fake_answers_as_it_is_described() {
    let (Some(judges), Some(description)) = (installed(), description()) else { return };
    let (fake, caller) = plain().await;
    let api = fake.base_url();
    let prism = Prism::beside(&judges, &description, api.trim_end_matches("/api/v1")).await;
    catalogue(&caller.through(&prism.url)).await;
    online(&caller.through(&prism.url)).await;
    business(&caller.through(&prism.url)).await;
    let left = objections(&prism, WRONG);
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(idle(&prism, WRONG), [""; 0]);
    assert_eq!(fake.violations(), [""; 0]);

    // It is no rubber stamp.
    caller.through(&prism.url).post("/company/4564/clients/search", &json!({"page": "one"})).await;
    let left: Vec<_> = objections(&prism, WRONG).into_iter().map(|one| one.at).collect();
    assert_eq!(left, ["request.body.page"]);
    assert!(!fake.violations().is_empty());
}

async fn catalogue(caller: &Caller) {
    for path in [
        "/company/4564",
        "/companies?group_id=9206",
        "/company/4564/services",
        "/company/4564/services/331",
        "/services/4564",
        "/company/4564/service_categories",
        "/company/4564/staff",
        "/staff/4564",
        "/company/4564/staff/positions",
        "/company/4564/staff/schedule?start_date=2026-03-02&end_date=2026-03-03&staff_ids[]=8886&include[]=busy_intervals",
        "/company/4564/settings/online",
        "/privacy_policy/4564",
        "/comments/4564?staff_id=8886",
        "/user/permissions/4564",
        "/company/4564/analytics/overall?date_from=2026-03-01&date_to=2026-03-31",
        "/book_services/4564?staff_id=8886",
        "/book_staff/4564?service_ids[]=331&service_ids[]=332",
        "/book_dates/4564?service_ids[]=331&staff_id=8886&date=2026-03-02",
        "/book_times/4564/8886/2026-03-03?service_ids[]=331",
        "/book_staff_seances/4564/8886?service_ids[]=331",
    ] {
        caller.get(path).await;
    }
}

async fn online(caller: &Caller) {
    let appointment = json!({"id": 1, "services": [331], "staff_id": 8886, "datetime": "2026-03-03T09:00:00+00:00"});
    assert_eq!(caller.post("/book_check/4564", &json!({"appointments": [appointment]})).await.status, 201);
    let wanted = json!({"phone": "+351910000009", "fullname": "Rui", "email": "rui@example.com", "comment": "",
        "notify_by_sms": 0, "notify_by_email": 0, "api_id": "key", "appointments": [appointment]});
    let made = caller.post("/book_record/4564", &wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = one(&made.body["data"]);
    let (id, hash) = (&made["record_id"], made["record_hash"].as_str().unwrap());
    assert_eq!(caller.post("/book_check/4564", &json!({"appointments": [appointment]})).await.status, 422);
    caller.get(&format!("/book_record/4564/{id}/{hash}")).await;
    let later = json!({"datetime": "2026-03-03T11:00:00+00:00", "comment": ""});
    assert_eq!(caller.put(&format!("/book_record/4564/{id}"), &later).await.status, 200);
}

async fn business(caller: &Caller) {
    let mut record = json!({
        "staff_id": 8886,
        "services": [{"id": 331, "first_cost": 30, "discount": 0, "cost": 30}],
        "client": {"phone": "+351910000001", "name": "Maria", "email": "maria@example.com"},
        "datetime": "2026-03-04T09:00:00+00:00",
        "seance_length": 3600,
        "save_if_busy": false,
        "send_sms": false,
        "comment": "",
        "sms_remain_hours": 0,
        "email_remain_hours": 0,
        "attendance": 0,
        "api_id": "0190a6a2-0000-7000-8000-000000000001",
    });
    let made = caller.post("/records/4564", &record).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = one(&made.body["data"]);
    let id = &made["id"];
    caller.get(&format!("/record/4564/{id}")).await;
    record["datetime"] = json!("2026-03-04T10:00:00+00:00");
    assert_eq!(caller.put(&format!("/record/4564/{id}"), &record).await.status, 201);
    caller.get("/records/4564?start_date=2026-03-04&end_date=2026-03-04&staff_id=8886&page=1&count=50").await;
    caller.get("/records/4564?changed_after=2026-03-02T00:00:00&with_deleted=1").await;
    let (visit, client) = (&made["visit_id"], &made["client"]["id"]);
    caller.get(&format!("/visits/{visit}")).await;
    let confirmed = caller.put(&format!("/visits/{visit}/{id}"), &json!({"attendance": 2, "comment": ""})).await;
    assert_eq!(confirmed.status, 200);
    let search = json!({"page": 1, "page_size": 25, "fields": ["id", "name", "phone"], "order_by": "id",
        "order_by_direction": "ASC", "operation": "AND",
        "filters": [{"type": "quick_search", "state": {"value": "351910000001"}}]});
    let found = caller.post("/company/4564/clients/search", &search).await;
    assert_eq!(found.body["data"], json!([{"id": client, "name": "Maria", "phone": "+351910000001"}]));
    caller.get(&format!("/client/4564/{client}")).await;
    assert_eq!(caller.post("/clients/4564", &json!({"name": "Ze", "phone": "+351910000077"})).await.status, 201);
    let same: Value = json!({"name": "Maria", "phone": "+351910000001"});
    assert_eq!(caller.put(&format!("/client/4564/{client}"), &same).await.status, 200);
    caller.get("/loyalty/abonements/?company_id=4564&phone=351910000001").await;
    caller.get("/group/9206/clients/?phone=351910000001").await;
    assert_eq!(caller.call("DELETE", &format!("/record/4564/{id}"), None).await.status, 204);
    let login = json!({"login": FakeAltegio::LOGIN, "password": FakeAltegio::PASSWORD});
    assert_eq!(caller.post("/auth", &login).await.status, 201);
}

/// What our adapter says, all of it: a week of free times, a booking made, found, moved, confirmed and cancelled, and the
/// webhooks registered. The answers are not judged here: the traps are on.
#[tokio::test]
async fn the_adapter_calls_as_it_is_described() {
    let (Some(judges), Some(description)) = (installed(), description().map(requests)) else { return };
    let scene = Scene::new(chrono_tz::Europe::Lisbon, "2026-03-02T07:00:00Z".parse().unwrap()).await;
    let api = scene.fake.base_url();
    let prism = Prism::beside(&judges, &description, api.trim_end_matches("/api/v1")).await;
    let config = scene.fake.config().with_base_url(format!("{}/api/v1", prism.url));
    let altegio = backend(config.clone(), &scene.clock);
    let at = branch().branch;

    let catalog = altegio.catalog(&at).await.unwrap();
    assert!(!catalog.services.is_empty());
    let ana: StaffId = "8886".parse().unwrap();
    let mut query = SlotQuery {
        branch: at.clone(),
        services: vec!["331".parse().unwrap()],
        staff: StaffChoice::One(ana.clone()),
        days: DateRange { from: scene.day(1), to: scene.day(5) },
        party: 1,
        excluding: None,
    };
    let week = altegio.availability(&query).await.unwrap().slots;
    query.days = DateRange::day(scene.day(1));
    query.staff = StaffChoice::Any;
    let any = altegio.availability(&query).await.unwrap().slots;
    let client = ClientDetails {
        contact: ContactId::derive(&["judge"]),
        user: ChannelUser { phone: "351910000001".parse().ok(), user_id: None },
        name: Some(Private::new("Maria".to_owned())),
        email: Some(Private::new("maria@example.com".to_owned())),
        language: Lang::EN,
    };
    let key = |name: &str| ActionKey::derive(&["judge", name]);
    let slot = any[0].clone().with_staff(ana);
    let request =
        BookingRequest { slot, client: client.clone(), party: 1, note: Some(Private::new("please".to_owned())) };
    let booked = altegio.book(&request, key("book")).await.unwrap();
    let mut filter = BookingFilter::at(at);
    filter.client = Some(client);
    assert_eq!(altegio.find(&filter).await.unwrap().len(), 1);
    let later = week.last().unwrap();
    let moved = altegio.reschedule(&booked.reference, later, key("move")).await.unwrap();
    altegio.confirm_visit(&moved.reference).await.unwrap();
    altegio.cancel(&moved.reference, CancelReason::Client, key("cancel")).await.unwrap();
    let endpoint = AltegioEndpoint::new("9f2c8e5b7a1d4036b8e2c75a").unwrap().address("https://chat.example.com");
    let hooks = AltegioHooks::new(AltegioClient::new(config, http_client().unwrap()), FakeAltegio::SALON, endpoint);
    hooks.register().await.unwrap();

    // A route or a status that it does not know is another matter.
    let known = |one: &Objection| one.at.contains('.');
    let left: Vec<_> = objections(&prism, WRONG).into_iter().filter(known).collect();
    assert!(left.is_empty(), "{left:#?}");
    assert_eq!(scene.fake.violations(), [""; 0]);
    let writes = ["POST /records", "PUT /record", "PUT /visits", "DELETE /record", "POST /hooks_settings"];
    assert!(writes.iter().all(|route| scene.fake.calls_of(route).len() == 1), "{:#?}", scene.fake.calls());
}
