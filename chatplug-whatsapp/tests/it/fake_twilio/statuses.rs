//! Statuses and the delivery of webhooks: to which URL, in which order, how often, and what is made of the answers.

use super::{ACCOUNT, Api, MARIA, SENDER, SERVICE, TOKEN, desk::Desk, maria, messages, twilio};
use crate::contracts;
use chatplug_whatsapp::fake::twilio::{Algorithm, Port, StatusPlan, sign};
use chrono::Duration;
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn statuses_follow_to_the_very_url_of_the_message() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.status_callback(&desk.url("/default")).statuses(StatusPlan::read().with_queued());
    maria(&twilio);
    let url = desk.url("/status?k=key-1&x=a%20b%26c");
    let told = Api::of(&twilio).send(&[("Body", "hi"), ("StatusCallback", &url)]).await;
    twilio.settled().await;
    let came = desk.came();
    let stages: Vec<_> = came.iter().map(|came| came.get("MessageStatus").unwrap()).collect();
    assert_eq!(stages, ["queued", "sent", "delivered", "read"]);
    for came in &came {
        assert_eq!(
            (came.path.as_str(), came.get("MessageSid")),
            ("/status?k=key-1&x=a%20b%26c", Some(told.text("/sid")))
        );
        assert!(came.is_signed(TOKEN, &url));
        assert_eq!((came.get("From"), came.get("To")), (Some(SENDER), Some(MARIA)));
    }
    assert_eq!(came[3].get("EventType"), Some("READ"));
    let Some(sample) = contracts::read("twilio/webhooks/status_read.json") else { return };
    let names: BTreeSet<_> = sample["form"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
    assert_eq!(came[3].names().into_iter().collect::<BTreeSet<_>>(), names);
}

#[tokio::test]
async fn failures_carry_their_code() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.status_callback(&desk.url("/status")).unreachable("34600111222");
    let api = Api::of(&twilio);
    // Nobody wrote: the window is shut.
    let told = api.send(&[("Body", "hi")]).await;
    assert_eq!((told.status, told.text("/status")), (201, "queued"));
    api.message(&[("From", SENDER), ("To", "whatsapp:+34600111222"), ("Body", "hi")]).await;
    twilio.settled().await;
    let came = desk.take();
    let failure = |n: usize| (came[n].get("MessageStatus"), came[n].get("ErrorCode"));
    assert_eq!(failure(0), (Some("failed"), Some("63016")));
    assert_eq!(failure(1), (Some("undelivered"), Some("63024")));
    if let Some(sample) = contracts::read("twilio/webhooks/status_failed_63016.json") {
        let names: BTreeSet<_> =
            sample["form"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
        assert_eq!(came[0].names().into_iter().collect::<BTreeSet<_>>(), names);
    }
    let one = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{}.json", told.text("/sid"));
    let read = api.get(&one).await;
    assert_eq!(
        (read.text("/status"), &read.body["error_code"], &read.body["date_sent"]),
        ("failed", &json!(63016), &json!(null))
    );
    // The client never saw it.
    assert!(twilio.client(MARIA).inbox().is_empty());

    twilio.minimal_statuses(true);
    maria(&twilio);
    api.send(&[("Body", "hi")]).await;
    twilio.settled().await;
    let came = desk.take();
    assert!(came.iter().flat_map(super::desk::Came::names).all(|name| !name.starts_with("Channel")));
    // An error after the fact.
    let sid = twilio.all_sent()[2].id.clone();
    twilio.tells(&sid, "undelivered", Some(63032)).await;
    assert_eq!(desk.take()[0].get("ErrorCode"), Some("63032"));
}

#[tokio::test]
async fn the_window_is_open_for_a_day() {
    let twilio = twilio().await;
    twilio.statuses(StatusPlan::none());
    let maria = twilio.client(MARIA);
    let api = Api::of(&twilio);
    let fails = async || {
        api.send(&[("Body", "hi")]).await;
        twilio.all_sent().pop().unwrap().failure
    };
    assert_eq!(fails().await, Some(63016));
    maria.says("hi").await;
    assert_eq!(fails().await, None);
    twilio.advance(Duration::hours(24) - Duration::seconds(1));
    assert_eq!(fails().await, None);
    twilio.advance(Duration::seconds(1));
    assert_eq!(fails().await, Some(63016));
    // Written before, told now.
    twilio.deliver([maria.text("late").at(twilio.now() - Duration::hours(23))]).await;
    assert_eq!(fails().await, None);
    twilio.advance(Duration::hours(1));
    assert_eq!(fails().await, Some(63016));
    twilio.keep_window(false);
    assert_eq!(fails().await, None);
}

#[tokio::test]
async fn the_url_of_the_message_wins_over_that_of_its_service_and_sender() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    maria(&twilio);
    twilio.statuses(StatusPlan::sent()).add_service(ACCOUNT, SERVICE, [SENDER]);
    twilio.status_callback(&desk.url("/default"));
    let api = Api::of(&twilio);
    let post = async |by_service: bool, own: Option<&str>| {
        let url = own.map(|path| desk.url(path));
        let by = if by_service { ("MessagingServiceSid", SERVICE) } else { ("From", SENDER) };
        let mut form = vec![by, ("To", MARIA), ("Body", "hi")];
        form.extend(url.as_deref().map(|url| ("StatusCallback", url)));
        assert_eq!(api.form(&messages(ACCOUNT), &form).await.status, 201);
        twilio.settled().await;
        desk.take()[0].path.clone()
    };
    assert_eq!(post(true, None).await, "/default");
    twilio.set_webhook(SENDER, "status_callback_url", &desk.url("/sender"));
    assert_eq!(post(true, None).await, "/sender");
    twilio.set_service(SERVICE, "StatusCallback", &desk.url("/service"));
    assert_eq!(post(true, None).await, "/service");
    assert_eq!(post(false, None).await, "/sender");
    assert_eq!(post(true, Some("/own")).await, "/own");
}

#[tokio::test]
async fn messages_go_to_the_service_unless_it_leaves_them_to_the_sender() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    let maria = maria(&twilio);
    twilio.callback(&desk.url("/default"));
    let to = async || {
        maria.says("hi").await;
        let came = desk.take().pop().unwrap();
        (came.path.clone(), came.get("MessagingServiceSid").is_some())
    };
    assert_eq!(to().await, ("/default".to_owned(), false));
    twilio.set_webhook(SENDER, "callback_url", &desk.url("/sender")).add_service(ACCOUNT, SERVICE, [SENDER]);
    assert_eq!(to().await, ("/sender".to_owned(), true));
    twilio.set_service(SERVICE, "InboundRequestUrl", &desk.url("/service"));
    assert_eq!(to().await, ("/service".to_owned(), true));
    twilio.set_service(SERVICE, "UseInboundWebhookOnNumber", "true");
    assert_eq!(to().await, ("/sender".to_owned(), true));
}

#[tokio::test]
async fn a_failing_answer_is_not_tried_again_unless_the_url_says_so() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    let maria = maria(&twilio);
    let tries = async |fragment: &str, answers: &[u16]| {
        twilio.callback(&desk.url(&format!("/hook{fragment}")));
        desk.answers(answers.iter().copied());
        let told = twilio.deliver([maria.text("hi")]).await;
        let came = desk.take();
        let tokens: BTreeSet<_> =
            came.iter().map(|came| came.header("i-twilio-idempotency-token").to_owned()).collect();
        assert_eq!(tokens.len(), 1, "one token for one event");
        assert!(came.iter().all(|came| came.path == "/hook" && came.is_signed(TOKEN, &desk.url("/hook"))));
        (told, came.len())
    };
    assert_eq!(tries("", &[500]).await, (None, 1));
    assert_eq!(tries("#rc=3&rp=all", &[500, 404, 503]).await, (Some(4), 4));
    assert_eq!(tries("#rc=2&rp=all", &[500, 404, 503]).await, (None, 3));
    assert_eq!(tries("#rc=3&rp=4xx", &[404, 500]).await, (None, 2));
    assert_eq!(tries("#rc=3&rp=ct,rt,5xx", &[500]).await, (Some(2), 2));
    assert_eq!(twilio.alerts().iter().filter(|alert| alert.code == 11200).count(), 10);
}

#[tokio::test]
async fn the_fallback_takes_what_the_callback_does_not() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    let maria = maria(&twilio);
    twilio.callback(&desk.url("/hook")).fallback(&desk.url("/fallback"));
    desk.answers([503]);
    maria.says("hi").await;
    let came = desk.take();
    assert_eq!(came.iter().map(|came| came.path.as_str()).collect::<Vec<_>>(), ["/hook", "/fallback"]);
    assert!(came[1].is_signed(TOKEN, &desk.url("/fallback")));
    assert_eq!(came[0].form, came[1].form);
}

#[tokio::test]
async fn nobody_there_is_tried_once_more() {
    let twilio = twilio().await;
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    twilio.callback(&format!("http://127.0.0.1:{port}/hook"));
    let maria = maria(&twilio);
    assert_eq!(twilio.deliver([maria.text("hi")]).await, None);
    assert_eq!(twilio.answers(), [0, 0]);
    assert!(twilio.alerts().iter().all(|alert| alert.code == 11205));
}

#[tokio::test]
async fn signatures_take_the_port_as_they_are_told() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    let maria = maria(&twilio);
    twilio.behind_proxy("https://bot.example.com", &desk.origin).callback("https://bot.example.com/hook?a=b#rc=2");
    let signed_for = async |url: &str| {
        maria.says("hi").await;
        let came = desk.take().pop().unwrap();
        assert_eq!(came.path, "/hook?a=b");
        assert!(came.is_signed(TOKEN, url), "{url}");
    };
    signed_for("https://bot.example.com/hook?a=b").await;
    twilio.sign_port(Port::Always);
    signed_for("https://bot.example.com:443/hook?a=b").await;
    twilio.behind_proxy("https://bot.example.com:8443", &desk.origin).callback("https://bot.example.com:8443/hook?a=b");
    signed_for("https://bot.example.com:8443/hook?a=b").await;
    twilio.sign_port(Port::Dropped);
    signed_for("https://bot.example.com/hook?a=b").await;
}

#[tokio::test]
async fn a_shared_key_is_named_in_a_header() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.callback(&desk.url("/hook")).sign_with(Some(("webhooks_sharedkey_0001", "shared-secret")));
    maria(&twilio).says("hi").await;
    let came = desk.take().pop().unwrap();
    assert_eq!(
        came.header("x-twilio-webhooks-signature-settings"),
        "key=webhooks_sharedkey_0001,algorithm=HMAC_SHA256"
    );
    let right = sign(Algorithm::HmacSha256, "shared-secret", &desk.url("/hook"), &came.form);
    assert_eq!(came.header("x-twilio-signature"), right);
}

#[tokio::test]
async fn credentials_in_the_url_are_given_when_asked_for() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    let url = desk.url("/hook");
    twilio.callback(&url.replace("http://", "http://user:pass@"));
    desk.answers([401]);
    maria(&twilio).says("hi").await;
    let came = desk.take();
    assert_eq!(came.iter().map(|came| came.header("authorization")).collect::<Vec<_>>(), ["", "Basic dXNlcjpwYXNz"]);
    assert!(came.iter().all(|came| came.is_signed(TOKEN, &url)));
}

#[tokio::test]
async fn odd_answers_are_told_to_the_debugger() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.callback(&desk.url("/hook?t=secret"));
    let maria = maria(&twilio);
    let codes = async |status: u16, kind: &'static str, body: &'static str| {
        desk.answer(status, kind, body);
        let before = twilio.alerts().len();
        maria.says("hi").await;
        twilio.alerts().iter().skip(before).map(|alert| alert.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(204, "", "").await, [0_i64; 0]);
    assert_eq!(codes(200, "text/xml", "<?xml version=\"1.0\"?><Response/>").await, [0_i64; 0]);
    assert_eq!(codes(200, "application/json", "{}").await, [12300]);
    assert_eq!(codes(200, "text/plain", "").await, [12300]);
    assert_eq!(codes(200, "text/xml", "hello").await, [12100]);
    assert_eq!(codes(200, "text/xml", "<Response><Message>hi</Message></Response>").await, [12200]);
    assert_eq!(codes(500, "", "").await, [11200]);
    assert!(twilio.alerts().iter().all(|alert| !alert.url.contains("secret")));
}

#[tokio::test]
async fn statuses_come_in_any_order_twice_or_before_the_answer() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.status_callback(&desk.url("/status")).statuses(StatusPlan::read().held());
    maria(&twilio);
    let api = Api::of(&twilio);
    let told = api.send(&[("Body", "hi")]).await;
    twilio.settled().await;
    assert!(desk.came().is_empty());
    let mut held = twilio.take_held();
    held.reverse();
    let again = held[0].clone();
    held.push(again);
    assert_eq!(twilio.deliver(held).await, Some(1));
    let stages: Vec<_> = desk.take().iter().map(|came| came.get("MessageStatus").unwrap().to_owned()).collect();
    assert_eq!(stages, ["read", "delivered", "sent", "read"]);
    // The resource does not go back.
    let one = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{}.json", told.text("/sid"));
    assert_eq!(api.get(&one).await.text("/status"), "read");

    twilio.statuses(StatusPlan::sent().before_answer().twice());
    api.send(&[("Body", "hi")]).await;
    assert_eq!(desk.came()[0].get("MessageStatus"), Some("sent"));
    twilio.settled().await;
    assert_eq!(desk.take().len(), 2);
    twilio.statuses(StatusPlan::read().held());
    api.send(&[("Body", "hi")]).await;
    twilio.release().await;
    assert_eq!(desk.take().len(), 3);
}

#[tokio::test]
async fn anything_can_be_posted_by_hand() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.callback(&desk.url("/hook"));
    let event = maria(&twilio).text("hi");
    let (body, signature) = twilio.signed(&event).unwrap();
    assert_eq!(twilio.post_raw(body.clone(), Some(&signature)).await, 204);
    let came = desk.take().pop().unwrap();
    assert!(came.is_signed(TOKEN, &desk.url("/hook")));
    assert_eq!(came.body, body);
    desk.answers([401]);
    assert_eq!(twilio.post_raw(body, None).await, 401);
    assert_eq!(twilio.post_once(event.without("Body").with("SomethingNew", "1")).await, 204);
    assert_eq!(desk.take().pop().unwrap().get("SomethingNew"), Some("1"));
}
