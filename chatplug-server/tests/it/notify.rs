//! Word to the team over HTTP: signed, without texts, tried again when it is not taken.

use crate::{
    app::{SECRET, message, whole},
    house::{House, K1},
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::HeaderMap,
    routing::post,
};
use chatplug_core::{
    dialogue::TeamEvent,
    model::{ConversationId, NoticeId, Private, TenantId},
    ports::{Notice, Notifier as _, SystemClock},
    testkit::VirtualClock,
};
use chatplug_server::{
    config::{Environment, load},
    http::App,
    notify::{KEY, SIGNATURE, WebhookNotifier, sign},
};
use chatplug_whatsapp::meta::{http_client, sign as signed};
use chrono::Duration;
use http::StatusCode;
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

type Heard = Arc<Mutex<(VecDeque<StatusCode>, Vec<(HeaderMap, Bytes)>)>>;

/// A receiver that gives these answers, then 200; what it heard.
async fn receiver(answers: &[StatusCode]) -> (String, Heard) {
    let heard: Heard = Arc::new(Mutex::new((answers.iter().copied().collect(), Vec::new())));
    let take = async |State(heard): State<Heard>, headers: HeaderMap, body: Bytes| {
        let mut heard = heard.lock().unwrap();
        heard.1.push((headers, body));
        heard.0.pop_front().unwrap_or(StatusCode::NO_CONTENT)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/team?key=hidden", listener.local_addr().unwrap());
    let router = Router::new().route("/team", post(take)).with_state(heard.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, heard)
}

fn notifier(url: &str) -> WebhookNotifier {
    let secret = "team-secret".to_owned().into();
    WebhookNotifier::new(http_client().unwrap(), url.to_owned(), secret, Arc::new(SystemClock))
}

fn notice(event: TeamEvent) -> Notice {
    let tenant = TenantId::new("bella").unwrap();
    Notice { id: NoticeId::derive(&["1"]), tenant, conversation: Some(ConversationId::derive(&["1"])), event }
}

#[tokio::test]
async fn it_is_signed_and_holds_no_text() {
    let (url, heard) = receiver(&[]).await;
    let review = TeamEvent::Review { text: Private::new("Marta: lovely!".to_owned()) };
    notifier(&url).notify(&notice(review)).await.unwrap();
    let (headers, body) = heard.lock().unwrap().1.remove(0);
    assert_eq!(headers[SIGNATURE], sign(&"team-secret".to_owned().into(), &body));
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&told["tenant"], &told["what"]), (&"bella".into(), &"review".into()));
    assert!(!String::from_utf8_lossy(&body).contains("lovely"));
}

#[tokio::test]
async fn what_is_not_taken_is_an_error_that_hides_the_address() {
    let (url, _) = receiver(&[StatusCode::INTERNAL_SERVER_ERROR, StatusCode::FOUND, StatusCode::NOT_FOUND]).await;
    for expected in ["500", "302", "404"] {
        let error = notifier(&url).notify(&notice(TeamEvent::Unanswered)).await.unwrap_err();
        let source = error.source.unwrap().to_string();
        assert!(source.contains(expected) && !source.contains("hidden"), "{source}");
    }
    let nobody = notifier("http://127.0.0.1:9/team?key=hidden");
    let error = nobody.notify(&notice(TeamEvent::Unanswered)).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
}

#[tokio::test]
async fn a_team_that_was_not_told_is_told_later() {
    let (url, heard) = receiver(&[StatusCode::SERVICE_UNAVAILABLE]).await;
    let house = House::new();
    house.configure(|text| {
        let notify =
            format!("[tenant.notify]\nurl = \"{url}\"\nsecret = \"team-secret\"\n[[tenant.branch]]\nid = \"centre\"");
        text.replace("[[tenant.branch]]\nid = \"centre\"", &notify)
    });
    let clock = VirtualClock::starting("2026-11-20T10:00:00Z");
    let environment = Environment([("KEYS".to_owned(), K1.to_owned())].into());
    let app = App::new(load(&house.config(), &environment).unwrap(), Arc::new(clock.clone())).await.unwrap();
    // Written this morning: a message of long ago could not be answered, and its team would hear of that, too.
    let body = message("106540352242922", "wamid.1", "I want to talk to a person").replace("1763700000", "1795149600");
    let body = Bytes::from(body);
    let request = http::Request::post("/webhooks/meta/main").header("x-hub-signature-256", signed(SECRET, &body));
    let answer = app.webhooks().answer("meta", "main", request.body(body).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);

    clock.advance(Duration::seconds(2));
    app.engine().drain().await.unwrap();
    let first = heard.lock().unwrap().1.clone();
    assert_eq!(first.len(), 1, "told once, and not taken: {first:?}");
    app.engine().drain().await.unwrap();
    assert_eq!(heard.lock().unwrap().1.len(), 1, "not again at once");
    clock.advance(Duration::seconds(60));
    app.engine().drain().await.unwrap();
    let told = heard.lock().unwrap().1.clone();
    assert_eq!(told.len(), 2, "told again");
    // What was told again is the same word, and says so: the receiver may act once.
    let ids: Vec<Value> =
        told.iter().map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap()["id"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
    for (headers, _) in &told {
        assert_eq!(headers[KEY].to_str().unwrap(), ids[0].as_str().unwrap());
    }
    for (_, body) in &told {
        let told: Value = serde_json::from_slice(body).unwrap();
        assert_eq!((&told["tenant"], &told["what"]), (&"bella".into(), &"needs_person".into()), "{told}");
    }
    let request = http::Request::get("/metrics").body(Body::empty()).unwrap();
    let (_, figures) = whole(app.router().oneshot(request).await.unwrap()).await;
    for line in ["chatplug_team_told_total{result=\"retry\"} 1", "chatplug_team_told_total{result=\"told\"} 1"] {
        assert!(figures.contains(line), "{line} is not in {figures}");
    }
    clock.advance(Duration::hours(1));
    app.engine().drain().await.unwrap();
    assert_eq!(heard.lock().unwrap().1.len(), 2, "and then no more");
    app.close().await;
}
