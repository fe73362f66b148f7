//! Owners who connect, pay, freeze and leave.

use super::{Receiver, start};
use chatplug_altegio::fake::{FakeAltegio, LinkStatus};
use chrono::Duration;
use serde_json::json;

const STATUS: &str = "/marketplace/salon/4564/application/45";

#[tokio::test]
async fn a_connection_is_pending_until_the_partner_is_ready() {
    let (fake, caller) = start().await;
    let market = caller.at_marketplace(&fake);
    let ready = json!({"salon_id": 4564, "application_id": 45, "webhook_urls": ["https://chat.example.com/w"]});
    assert_eq!(market.call("GET", STATUS, None).await.status, 404);
    assert_eq!(market.post("/marketplace/partner/callback", &ready).await.status, 400);

    let redirect = fake.connects(&[FakeAltegio::SALON]);
    assert!(redirect.query().starts_with("salon_id=4564&user_data=eyJ1c2VyX2lkIjoxMjMs"), "{}", redirect.query());
    assert_eq!(market.get(STATUS).await["connection_status"]["status"], "pending");
    assert_eq!(market.post("/marketplace/partner/callback", &ready).await.status, 201);
    assert_eq!(market.get(STATUS).await["connection_status"]["status"], "active");
    assert_eq!(fake.hooks(4564), ["https://chat.example.com/w"]);
    // Once is enough.
    assert_eq!(market.post("/marketplace/partner/callback", &ready).await.status, 403);
    fake.repeated_activation(400);
    assert_eq!(market.post("/marketplace/partner/callback", &ready).await.status, 400);
    assert_eq!(market.get("/marketplace/application/45/salons?page=1&count=100").await[0]["id"], 4564);

    // Uninstalled by the partner, connected again, and forgotten for an hour.
    assert_eq!(market.post(&format!("{STATUS}/uninstall"), &json!({})).await.status, 200);
    assert_eq!((fake.link(4564), fake.hooks(4564)), (None, vec![]));
    fake.connects(&[4564]);
    fake.advance(Duration::minutes(61));
    assert_eq!(market.post("/marketplace/partner/callback", &ready).await.status, 400);
    assert_eq!(fake.violations(), [""; 0]);
}

/// Where the app is not active, its own user has nothing to say; other salons go on.
#[tokio::test]
async fn the_apps_own_user_ends_with_the_connection() {
    let (fake, caller) = start().await;
    let market = caller.at_marketplace(&fake);
    fake.technical_user(true);
    assert_eq!(caller.call("GET", "/records/4564", None).await.status, 403);
    fake.connects(&[4564]);
    market.post("/marketplace/partner/callback", &json!({"salon_id": 4564, "application_id": 45})).await;
    assert_eq!(caller.call("GET", "/records/4564", None).await.status, 200);
    fake.freezes(4564);
    assert_eq!(caller.call("GET", "/records/4564", None).await.status, 403);
    assert_eq!(fake.link(4564).unwrap().status, LinkStatus::Frozen);
    fake.unfreezes(4564);
    assert_eq!(caller.call("GET", "/records/4564", None).await.status, 200);
}

#[tokio::test]
async fn the_app_is_told_of_who_leaves_freezes_and_pays() {
    let (fake, caller) = start().await;
    let (market, app) = (caller.at_marketplace(&fake), Receiver::start().await);
    fake.lifecycle_to(&app.url).connects(&[4564]);
    market.post("/marketplace/partner/callback", &json!({"salon_id": 4564, "application_id": 45})).await;
    fake.freezes(4564).pays(4564, "990.50", Some("15.5")).uninstalls(4564);
    fake.settled().await;
    let events: Vec<_> = app.bodies().iter().map(|body| body["event"].clone()).collect();
    assert_eq!(events, ["freeze", "payment", "uninstall"]);
    assert!(app.bodies().iter().all(|body| body["partner_token"] == FakeAltegio::PARTNER_TOKEN));
    // The literal of the amount is what is signed; as a number it has lost its zero.
    assert!(fake.paid(4564, "990.50", None, "t").contains("\"amount\":990.50,"));
    assert_ne!(app.bodies()[1]["sign"], json!(null));
    assert_eq!(fake.link(4564), None);

    // A payment that the partner reports unfreezes.
    fake.connects(&[4564]);
    market.post("/marketplace/partner/callback", &json!({"salon_id": 4564, "application_id": 45})).await;
    fake.freezes(4564);
    let paid = json!({"salon_id": 4564, "application_id": 45, "payment_sum": 990.5, "currency_iso": "USD",
        "payment_date": "2026-03-01 10:10:00", "period_from": "2026-03-01 00:00:00", "period_to": "2026-04-01 00:00:00"});
    let id = market.post("/marketplace/partner/payment", &paid).await.body["data"]["id"].clone();
    assert_eq!(fake.link(4564).unwrap().status, LinkStatus::Active);
    assert_eq!(market.get(STATUS).await["payments"][0]["id"], id);
    assert_eq!(market.post(&format!("/marketplace/partner/payment/refund/{id}"), &json!({})).await.status, 200);
    assert_eq!(market.get(STATUS).await["payments"][0]["is_refunded"], true);
    // Where there are no tariffs there is no link to pay by.
    let link = "/marketplace/application/payment_link?salon_id=4564&application_id=45";
    assert_eq!(market.call("GET", link, None).await.status, 404);
    fake.with_tariffs(true);
    // This one is printed under the API's host as well.
    assert_eq!(caller.partner().call("GET", link, None).await.status, 200);
}
