//! Webhooks, health and metrics.

use crate::app::{NUMBER, SECRET, TestApp, message, whole};
use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use chatplug_server::http::{Role, WEBHOOK_LIMIT};
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[tokio::test]
async fn health_tells_the_process_from_its_readiness() {
    let app = TestApp::idle().await;
    assert_eq!(app.get("/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
    let (status, text) = app.get("/readyz").await;
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &told["failing"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(["workers"])), "{text}");
    assert_eq!(told.pointer("/checks/store/ok"), Some(&json!(true)), "{text}");
    assert_eq!((app.metric("chatplug_ready").await, app.metric("chatplug_working").await), (0.0, 0.0));
    app.stop().await;

    let app = TestApp::working().await;
    while app.get("/readyz").await.0 != StatusCode::OK {
        tokio::task::yield_now().await;
    }
    app.stop().await;
}

#[tokio::test]
async fn a_process_has_the_routes_of_its_role() {
    let app = TestApp::idle().await;
    let status = async |role: Role, path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        app.app.router_of(role).oneshot(request).await.unwrap().status()
    };
    // Nobody works here: that is wrong for who should, and right for who only takes webhooks.
    assert_eq!(status(Role::Webhooks, "/readyz").await, StatusCode::OK);
    assert_eq!(status(Role::Work, "/readyz").await, StatusCode::SERVICE_UNAVAILABLE);
    for path in ["/healthz", "/metrics"] {
        assert_eq!(status(Role::Work, path).await, StatusCode::OK, "{path}");
    }
    for path in ["/webhooks/meta/main", "/demo", "/"] {
        assert_eq!(status(Role::Work, path).await, StatusCode::NOT_FOUND, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn the_subscription_is_verified() {
    let app = TestApp::idle().await;
    let ask = |token: &str| {
        format!("/webhooks/meta/main?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
    };
    assert_eq!(app.get(&ask("verify-me")).await, (StatusCode::OK, "1158201444".to_owned()));
    assert_eq!(app.get(&ask("wrong")).await.0, StatusCode::FORBIDDEN);
    // The simulator's endpoint has no token: nothing is one.
    let simulator = "/webhooks/meta/demo?hub.mode=subscribe&hub.challenge=1&hub.verify_token=";
    assert_eq!(app.get(simulator).await.0, StatusCode::FORBIDDEN);
    app.stop().await;
}

#[tokio::test]
async fn a_wrong_signature_is_refused_and_counted_and_nothing_is_stored() {
    let app = TestApp::idle().await;
    let body = message(NUMBER, "wamid.1", "hi");
    assert_eq!(app.webhook(body.clone(), "another").await, StatusCode::UNAUTHORIZED);
    let unsigned = Request::post("/webhooks/meta/main").body(Body::from(body.clone())).unwrap();
    assert_eq!(app.request(unsigned).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(app.metric("chatplug_signatures_refused_total").await, 2.0);
    assert_eq!(app.metric("chatplug_webhooks_total{provider=\"meta\",status=\"401\"}").await, 2.0);
    assert_eq!(app.metric("chatplug_conversations").await, 0.0);

    assert_eq!(app.webhook(body, SECRET).await, StatusCode::OK);
    assert_eq!(app.metric("chatplug_conversations").await, 1.0);
    app.stop().await;
}

#[tokio::test]
async fn who_owns_an_app_cannot_speak_for_the_clients_of_another() {
    let app = TestApp::beside_another().await;
    let forged = message(NUMBER, "wamid.1", "hi");
    assert_eq!(app.webhook_at("another", forged.clone(), "another-secret").await, StatusCode::OK);
    assert_eq!(app.webhook_at("main", forged, "another-secret").await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.metric("chatplug_conversations").await, 0.0);

    let own = message("206540352242923", "wamid.2", "hi");
    assert_eq!(app.webhook_at("another", own, "another-secret").await, StatusCode::OK);
    assert_eq!(app.metric("chatplug_conversations").await, 1.0);
    app.stop().await;
}

#[tokio::test]
async fn a_repeated_message_is_stored_once() {
    let app = TestApp::idle().await;
    for _ in 0..3 {
        assert_eq!(app.webhook(message(NUMBER, "wamid.1", "hi"), SECRET).await, StatusCode::OK);
    }
    assert_eq!(app.metric("chatplug_duplicates_total").await, 2.0);
    assert_eq!(app.metric("chatplug_events_total").await, 3.0);
    app.stop().await;
}

#[tokio::test]
async fn an_unknown_number_is_answered_200_and_counted() {
    let app = TestApp::idle().await;
    assert_eq!(app.webhook(message("999", "wamid.1", "hi"), SECRET).await, StatusCode::OK);
    assert_eq!(app.metric("chatplug_routes_unknown_total").await, 1.0);
    assert_eq!(app.metric("chatplug_conversations").await, 0.0);
    app.stop().await;
}

#[tokio::test]
async fn bodies_that_are_none_are_answered_400() {
    let app = TestApp::idle().await;
    for body in [&b"{"[..], b"", b"[]", b"null", b"\xff\xfe{}", b"{\"entry\":[{\"changes\":[\"\xc3\x28\"]}]}"] {
        let status = app.webhook(body, SECRET).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{:?}", String::from_utf8_lossy(body));
    }
    app.stop().await;
}

#[tokio::test]
async fn large_bodies_pass_and_too_large_ones_do_not() {
    let app = TestApp::idle().await;
    let padded = |size: usize| {
        let mut body = message(NUMBER, "wamid.1", "hi");
        body.pop();
        body.push_str(",\"padding\":\"");
        body.push_str(&"x".repeat(size.saturating_sub(body.len() + 2)));
        body.push_str("\"}");
        body
    };
    let three_mb = padded(3 * 1024 * 1024);
    assert_eq!(three_mb.len(), 3 * 1024 * 1024);
    assert_eq!(app.webhook(three_mb, SECRET).await, StatusCode::OK);
    assert_eq!(app.webhook(padded(WEBHOOK_LIMIT + 1), SECRET).await, StatusCode::PAYLOAD_TOO_LARGE);
    // The same without a declared length.
    let chunks = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 64 * 1024]));
    let endless = Request::post("/webhooks/meta/main").body(Body::from_stream(chunks)).unwrap();
    assert_eq!(app.request(endless).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(app.metric("chatplug_webhooks_total{provider=\"meta\",status=\"413\"}").await, 2.0);
    app.stop().await;
}

#[tokio::test]
async fn other_methods_and_addresses_are_refused() {
    let app = TestApp::idle().await;
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let request = Request::builder().method(method.clone()).uri("/webhooks/meta/main").body(Body::empty()).unwrap();
        assert_eq!(app.request(request).await.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    for path in ["/webhooks/meta/other", "/webhooks/twilio/main", "/webhooks/meta", "/nothing"] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        assert_eq!(app.request(request).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn metrics_are_in_the_form_that_prometheus_reads() {
    let app = TestApp::idle().await;
    let response = app.request(Request::get("/metrics").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let (_, text) = whole(response).await;
    for line in ["# TYPE chatplug_turns_total counter", "# HELP chatplug_outbox_dead ", "chatplug_store_up 1"] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    app.stop().await;
}
