//! Webhooks registered and mended, beside those of others.

use axum::{Json, Router, routing::get};
use chatplug_calcom::{
    CalcomAuth, CalcomClient, CalcomConfig, CalcomEndpoint, CalcomHooks, CallError, HookError, HookOwner,
    client::http_client,
    fake::{FakeCalcom, FakeRole, FakeTeam, Server},
};
use chatplug_core::{ports::SystemClock, wrappers::Pace};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const OUTSIDE: &str = "https://chat.example.com";
const THEIRS: &str = "https://bi.example.org/hook";
const KIN: &str = "https://old.example.net/webhooks/calcom/0d1e2c3b4a5968778695a4b3";

fn endpoint(secret: &str, name: &str) -> CalcomEndpoint {
    CalcomEndpoint::of(&SecretString::from(secret), name)
}

fn ours() -> CalcomEndpoint {
    endpoint("9f2c8e5b7a1d4036b8e2c75a", "bella/centre")
}

fn url(endpoint: &CalcomEndpoint) -> String {
    endpoint.address(OUTSIDE).expose_secret().to_owned()
}

fn client(fake: &FakeCalcom) -> CalcomClient {
    let pace = Pace::new(Arc::new(SystemClock), 10_000, chrono::Duration::milliseconds(1), 100);
    CalcomClient::new(fake.config(), http_client().unwrap()).with_pace(pace)
}

fn hooks(fake: &FakeCalcom, owner: HookOwner) -> CalcomHooks {
    CalcomHooks::new(client(fake), owner, ours(), OUTSIDE)
}

#[tokio::test]
async fn we_are_told_once_beside_whoever_else_is() {
    let fake = FakeCalcom::start().await.unwrap();
    fake.hook(FakeCalcom::ANNA, THEIRS, None).hook(FakeCalcom::ANNA, KIN, Some("x"));
    let hooks = hooks(&fake, HookOwner::User);
    let before = hooks.standing().await.unwrap();
    assert_eq!((before.wanted, before.listed, before.others, before.is_well()), (1, 0, 2, false));
    assert_eq!(before.elsewhere, ["old.example.net"]);
    let made = hooks.register().await.unwrap();
    assert_eq!((made.made, made.mended, made.removed, made.others), (1, 0, 0, 2));
    assert_eq!(fake.hooks(), [THEIRS, KIN, &url(&ours())]);
    assert!(hooks.standing().await.unwrap().is_well());
    fake.forget_calls();
    assert!(hooks.register().await.unwrap().is_none());
    assert!(fake.calls().iter().all(|call| call.route.starts_with("GET")), "{:?}", fake.calls());
    let gone = hooks.unregister().await.unwrap();
    assert_eq!((gone.removed, gone.others, fake.hooks().len()), (1, 2, 2));
    assert_eq!(fake.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_wrong_with_ours_is_mended() {
    let fake = FakeCalcom::start().await.unwrap();
    // Registered by hand, without a secret; and another one under an address that an older secret made.
    let older = endpoint("31d0a7c9e64b58f20c7d9a1e", "bella/centre");
    fake.hook(FakeCalcom::ANNA, &url(&ours()), None).hook(FakeCalcom::ANNA, &url(&older), Some("old"));
    let hooks = hooks(&fake, HookOwner::User);
    let before = hooks.standing().await.unwrap();
    assert_eq!((before.listed, before.unsigned, before.outdated, before.is_well()), (1, 1, 1, false));
    let change = hooks.register().await.unwrap();
    assert_eq!((change.made, change.mended, change.removed), (0, 1, 1));
    assert!(hooks.standing().await.unwrap().is_well());
    assert_eq!(fake.hooks(), [url(&ours())]);
    // An older address alone becomes the new one: nothing is lost in between.
    let newer = endpoint("5b7a1d4036b8e2c75a9f2c8e", "bella/centre");
    let hooks = CalcomHooks::new(client(&fake), HookOwner::User, newer.clone(), OUTSIDE);
    let change = hooks.register().await.unwrap();
    assert_eq!((change.made, change.mended, change.removed), (0, 1, 0));
    assert_eq!(fake.hooks(), [url(&newer)]);
}

#[tokio::test]
async fn another_branch_of_the_same_account_keeps_its_own() {
    let fake = FakeCalcom::start().await.unwrap();
    let sibling = endpoint("9f2c8e5b7a1d4036b8e2c75a", "bella/north");
    fake.hook(FakeCalcom::ANNA, &url(&sibling), Some("s"));
    let hooks = hooks(&fake, HookOwner::User).beside([sibling.clone()]);
    assert_eq!(hooks.standing().await.unwrap().outdated, 0);
    assert_eq!(hooks.register().await.unwrap().removed, 0);
    assert_eq!(fake.hooks(), [url(&sibling), url(&ours())]);
}

#[tokio::test]
async fn a_team_is_told_by_each_of_its_event_types_and_an_organisation_once() {
    let fake = FakeCalcom::start().await.unwrap();
    fake.be(Server::Cloud);
    let team = hooks(&fake, HookOwner::Team(FakeCalcom::TEAM));
    let made = team.register().await.unwrap();
    let standing = team.standing().await.unwrap();
    assert_eq!((made.made, standing.wanted, standing.listed), (2, 2, 2));
    assert_eq!(fake.hooks(), [url(&ours()), url(&ours())]);
    assert_eq!(team.unregister().await.unwrap().removed, 2);
    fake.add_team(FakeTeam::organization(70, "Salons", "salons").with(FakeCalcom::ANNA, FakeRole::Owner));
    let organization = hooks(&fake, HookOwner::Organization(70));
    assert_eq!(organization.register().await.unwrap().made, 1);
    assert!(organization.standing().await.unwrap().is_well());
    assert!(matches!(
        hooks(&fake, HookOwner::Organization(999)).register().await,
        Err(HookError::Call(CallError::Unauthorized(_) | CallError::NotFound(_)))
    ));
}

#[tokio::test]
async fn an_event_type_that_tells_the_same_is_noticed() {
    let fake = FakeCalcom::start().await.unwrap();
    let hooks = hooks(&fake, HookOwner::User);
    hooks.register().await.unwrap();
    let body = json!({"active": true, "subscriberUrl": url(&ours()), "secret": "x", "triggers": ["BOOKING_CREATED"]});
    let path = format!("event-types/{}/webhooks", FakeCalcom::HAIRCUT);
    let _: Value = client(&fake).post(path, &body).await.unwrap();
    assert_eq!(hooks.standing().await.unwrap().doubled, [FakeCalcom::HAIRCUT]);
    assert_eq!(hooks.register().await.unwrap().removed, 1);
    assert_eq!(fake.hooks(), [url(&ours())]);
}

/// A server that knows these kinds of events alone, and what it was asked for.
async fn knowing(known: &'static [&'static str]) -> (CalcomClient, Arc<Mutex<Vec<Value>>>) {
    let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = Arc::clone(&asked);
    let create = move |Json(body): Json<Value>| {
        let strange = body["triggers"].as_array().unwrap().iter().any(|one| !known.contains(&one.as_str().unwrap()));
        let rule = format!("each value in triggers must be one of the following values: {}", known.join(", "));
        let errors = json!([{"property": "triggers", "constraints": {"isEnum": rule}}]);
        let error =
            json!({"code": "BadRequestException", "message": "Bad Request Exception", "details": {"errors": errors}});
        kept.lock().unwrap().push(body);
        std::future::ready(match strange {
            true => (http::StatusCode::BAD_REQUEST, Json(json!({"status": "error", "error": error}))),
            false => (http::StatusCode::CREATED, Json(json!({"status": "success", "data": {"id": "1"}}))),
        })
    };
    let list = || std::future::ready(Json(json!({"status": "success", "data": []})));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let nobody = || std::future::ready(Json(json!({"status": "success", "data": {"id": 1, "username": "anna"}})));
    let app = Router::new().route("/v2/webhooks", get(list).post(create)).route("/v2/me", get(nobody));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let config = CalcomConfig::new(CalcomAuth::ApiKey("cal_test".into())).with_base_url(format!("http://{address}"));
    (CalcomClient::new(config, http_client().unwrap()), asked)
}

#[tokio::test]
async fn a_server_is_asked_for_what_it_knows() {
    const OLDER: &[&str] =
        &["BOOKING_CREATED", "BOOKING_RESCHEDULED", "BOOKING_REQUESTED", "BOOKING_CANCELLED", "BOOKING_REJECTED"];
    let (client, asked) = knowing(OLDER).await;
    let change = CalcomHooks::new(client, HookOwner::User, ours(), OUTSIDE).register().await.unwrap();
    assert_eq!(change.made, 1);
    assert!(change.unknown.iter().any(|one| one == "OOO_CREATED"), "{change:?}");
    let asked = asked.lock().unwrap().clone();
    assert_eq!((asked.len(), asked[1]["triggers"].as_array().unwrap().len()), (2, OLDER.len()));
    // One that does not know the least that is needed is of no use.
    let (client, _) = knowing(&["BOOKING_CREATED"]).await;
    let refused = CalcomHooks::new(client, HookOwner::User, ours(), OUTSIDE).register().await.unwrap_err();
    assert!(matches!(&refused, HookError::Unknown(lacking) if lacking.len() == 4), "{refused}");
}
