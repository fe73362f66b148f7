//! Messages: what is taken and what is refused, as the contract's requests and codes say.

use super::{ACCOUNT, Api, MARIA, OTHER, OTHER_TOKEN, SENDER, SERVICE, TOKEN, maria, messages, noon, twilio};
use crate::contracts;
use chatplug_whatsapp::fake::twilio::StatusPlan;
use chrono::Duration;
use serde_json::{Value, json};

fn pairs(case: &Value) -> Vec<(&str, &str)> {
    case.as_array().unwrap().iter().map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap())).collect()
}

/// A copy without what differs from run to run.
fn plain(mut message: Value) -> Value {
    let sid = message["sid"].as_str().unwrap_or_default().to_owned();
    for (_, value) in message.as_object_mut().unwrap() {
        *value = serde_json::from_str(&value.to_string().replace(&sid, "SID")).unwrap();
    }
    message
}

#[tokio::test]
async fn the_contracts_requests_are_taken_and_answered_as_it_prints() {
    let Some(contract) = contracts::read("twilio/requests.json") else { return };
    let twilio = twilio().await;
    maria(&twilio);
    twilio.client("US.13491208655302741918").opens_window();
    twilio.add_service(ACCOUNT, SERVICE, [SENDER]);
    let api = Api::of(&twilio);
    let template = contract["content_create"]["cases"]["template_quick_reply"].clone();
    let sid = twilio.add_content(ACCOUNT, &template).unwrap();
    for (name, case) in contract["messages_create"]["cases"].as_object().unwrap() {
        let mut form = pairs(case);
        for (name, value) in &mut form {
            if *name == "ContentSid" {
                *value = &sid;
            }
        }
        let told = api.message(&form).await;
        assert_eq!(told.status, 201, "{name}: {}", told.body);
        let sent = twilio.all_sent().pop().unwrap();
        assert_eq!((sent.id.as_str(), sent.account.as_str()), (told.text("/sid"), ACCOUNT), "{name}");
        let printed = match name.as_str() {
            "text" => &contract["messages_create"]["responses"]["created"]["body"],
            "text_by_service" => &contract["messages_create"]["responses"]["created_by_service"]["body"],
            _ => continue,
        };
        let mut printed = plain(printed.clone());
        printed["body"] = told.body["body"].clone();
        assert_eq!(plain(told.body), printed, "{name}");
    }
}

#[tokio::test]
async fn what_the_client_sees_is_what_was_sent() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    let api = Api::of(&twilio);
    let callback = "https://bot.example.com/webhooks/twilio/status?k=key-1&x=2";
    api.send(&[("Body", "Your visit is booked."), ("StatusCallback", callback)]).await;
    let text = maria.next().await;
    assert_eq!(
        (text.kind.as_str(), text.text(), text.key.as_deref()),
        ("text", "Your visit is booked.", Some("key-1"))
    );
    assert_eq!((text.to.as_str(), text.from.as_str(), text.template()), ("15551230001", SENDER, None));

    api.send(&[("Body", "Your cut"), ("MediaUrl", "https://cdn.example.com/a.jpg?b=1")]).await;
    let picture = maria.next().await;
    assert_eq!(
        (picture.text(), &picture.media[..]),
        ("Your cut", &["https://cdn.example.com/a.jpg?b=1".to_owned()][..])
    );
    assert!(picture.id.starts_with("MM"));
    // Words do not go with a document.
    api.send(&[("Body", "Your visit"), ("MediaUrl", "https://cdn.example.com/visit.ics")]).await;
    assert_eq!(maria.next().await.text(), "");

    api.send(&[("Body", "Lucky Shrub"), ("PersistentAction", "geo:37.7749,-122.4194|Lucky Shrub, 1 Main St")]).await;
    let place = maria.next().await;
    let pin = place.pin.unwrap();
    assert_eq!((pin.point.latitude, pin.point.longitude), (37.7749, -122.4194));
    assert_eq!((place.kind.as_str(), pin.label.as_str()), ("location", "Lucky Shrub, 1 Main St"));
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_code() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.add_account(OTHER, OTHER_TOKEN).add_sender(OTHER, "+15550008888");
    twilio.add_service(ACCOUNT, SERVICE, [SENDER]).add_service(ACCOUNT, "MG00000000000000000000000000000002", []);
    let foreign =
        twilio.add_content(OTHER, &json!({"language": "en", "types": {"twilio/text": {"body": "a"}}})).unwrap();
    let content =
        twilio.add_content(ACCOUNT, &json!({"language": "en", "types": {"twilio/text": {"body": "a {{1}}"}}})).unwrap();
    let api = Api::of(&twilio);
    let long = "x".repeat(1601);
    let many: Vec<_> = [("MediaUrl", "https://cdn.example.com/a.jpg"); 11].to_vec();
    let (from, to, body) = (("From", SENDER), ("To", MARIA), ("Body", "hi"));
    let used = ("ContentSid", content.as_str());
    for (code, form) in [
        (21604, vec![from, body]),
        (21211, vec![from, ("To", "whatsapp:+1"), body]),
        (21211, vec![from, ("To", "+15551230001"), body]),
        (21211, vec![from, ("To", "whatsapp: 15551230001"), body]),
        (21603, vec![to, body]),
        (21212, vec![("From", "+15550009999"), to, body]),
        (63007, vec![("From", "whatsapp:+15550007777"), to, body]),
        (63007, vec![("From", "whatsapp:+15550008888"), to, body]),
        (63031, vec![from, ("To", SENDER), body]),
        (21602, vec![from, to]),
        (21602, vec![from, to, ("Body", "")]),
        (21617, vec![from, to, ("Body", &long)]),
        (21620, vec![from, to, ("MediaUrl", "cdn.example.com/a.jpg")]),
        (21623, [&[from, to][..], &many].concat()),
        (21654, vec![from, to, body, ("ContentVariables", "{}")]),
        (21655, vec![from, to, ("ContentSid", "HX00000000000000000000000000000009")]),
        (21655, vec![from, to, ("ContentSid", &foreign)]),
        (63030, vec![from, to, body, used]),
        (63030, vec![from, to, used, ("MediaUrl", "https://cdn.example.com/a.jpg")]),
        (21656, vec![from, to, used, ("ContentVariables", "{1:2}")]),
        (21656, vec![from, to, used, ("ContentVariables", "[\"a\"]")]),
        (21656, vec![from, to, used, ("ContentVariables", "{\"1\": 2}")]),
        (21656, vec![from, to, used, ("ContentVariables", "{\"a b\": \"2\"}")]),
        (21609, vec![from, to, body, ("StatusCallback", "bot.example.com/status")]),
        (21609, vec![from, to, body, ("StatusCallback", "https://my_bot.example.com/status")]),
        (21624, vec![from, to, body, ("ValidityPeriod", "36001")]),
        (21705, vec![("MessagingServiceSid", "MG00000000000000000000000000000009"), to, body]),
        (21704, vec![("MessagingServiceSid", "MG00000000000000000000000000000002"), to, body]),
        (20422, vec![from, to, body, ("ScheduleType", "fixed"), ("SendAt", "2026-03-02T13:00:00Z")]),
        (20001, vec![from, to, ("body", "hi")]),
        (20001, vec![from, to, body, ("StatusCallbackUrl", "https://bot.example.com")]),
    ] {
        let told = api.message(&form).await;
        assert_eq!(
            (told.code(), told.status),
            (code, if code == 20422 { 422 } else { 400 }),
            "{form:?}: {}",
            told.body
        );
    }
    assert_eq!((twilio.all_sent().len(), twilio.refused()), (0, 31));
    // JSON where a form is wanted is as good as nothing.
    let told = api.json(&messages(ACCOUNT), &json!({"From": SENDER, "To": MARIA, "Body": "hi"})).await;
    assert_eq!(told.code(), 21604);
    // The longest is taken.
    assert_eq!(api.send(&[("Body", &"я".repeat(1600))]).await.status, 201);
}

#[tokio::test]
async fn callbacks_must_be_public_when_asked_for() {
    let twilio = twilio().await;
    maria(&twilio);
    let api = Api::of(&twilio);
    let here = [("Body", "hi"), ("StatusCallback", "http://127.0.0.1:9/status")];
    twilio.statuses(StatusPlan::none());
    assert_eq!(api.send(&here).await.status, 201);
    twilio.keep_public_callbacks(true);
    assert_eq!(api.send(&here).await.code(), 21609);
}

#[tokio::test]
async fn who_may_call() {
    let twilio = twilio().await;
    maria(&twilio);
    let sub = "AC00000000000000000000000000000003";
    twilio.add_account(OTHER, OTHER_TOKEN).add_subaccount(ACCOUNT, sub, "sub-token").add_sender(sub, "+15550007777");
    twilio.add_key(ACCOUNT, "SK00000000000000000000000000000001", "key-secret");
    let hello = [("From", SENDER), ("To", MARIA), ("Body", "hi")];
    for (user, password, status) in [
        (ACCOUNT, TOKEN, 201),
        ("SK00000000000000000000000000000001", "key-secret", 201),
        (ACCOUNT, "wrong", 401),
        ("SK00000000000000000000000000000001", TOKEN, 401),
        (OTHER, OTHER_TOKEN, 401),
        (sub, "sub-token", 401),
    ] {
        let told = Api::of(&twilio).logged_in(user, password).message(&hello).await;
        assert_eq!(told.status, status, "{user}");
        assert!(status == 201 || told.code() == 20003);
    }
    // The parent acts for its subaccount, until that is suspended.
    let by_parent = Api::of(&twilio);
    let hello = [("From", "whatsapp:+15550007777"), ("To", MARIA), ("Body", "hi")];
    assert_eq!(by_parent.form(&messages(sub), &hello).await.status, 201);
    let suspended = by_parent.form(&format!("/2010-04-01/Accounts/{sub}.json"), &[("Status", "suspended")]).await;
    assert_eq!(suspended.text("/status"), "suspended");
    let told = by_parent.form(&messages(sub), &hello).await;
    assert_eq!((told.status, told.code()), (403, 20005));
    twilio.set_token(ACCOUNT, "another");
    assert_eq!(by_parent.get(&messages(ACCOUNT)).await.status, 401);
}

#[tokio::test]
async fn messages_are_listed_read_and_taken_away() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    twilio.client("34600111222").opens_window();
    let api = Api::of(&twilio);
    maria.says("hello").await;
    for n in 0..4 {
        api.send(&[("Body", &format!("to Maria {n}"))]).await;
    }
    twilio.settled().await;
    twilio.advance(Duration::days(1));
    twilio.keep_window(false);
    api.message(&[("From", SENDER), ("To", "whatsapp:+34600111222"), ("Body", "to another")]).await;
    twilio.settled().await;

    let bodies = |told: &super::Told| -> Vec<String> {
        told.body["messages"].as_array().unwrap().iter().map(|m| m["body"].as_str().unwrap().to_owned()).collect()
    };
    let all = api.get(&messages(ACCOUNT)).await;
    assert_eq!(bodies(&all), ["to another", "to Maria 3", "to Maria 2", "to Maria 1", "to Maria 0", "hello"]);
    let list = |query: &str| format!("{}?{query}", messages(ACCOUNT));
    let to = api.get(&list("To=whatsapp%3A%2B15551230001&From=whatsapp%3A%2B15550009999&DateSent=2026-03-02")).await;
    assert_eq!(bodies(&to).len(), 4);
    assert_eq!(bodies(&api.get(&list("DateSent%3E=2026-03-03")).await), ["to another"]);
    assert_eq!(bodies(&api.get(&list("DateSent%3C=2026-03-02")).await).len(), 5);

    // Pages are followed by their links.
    let (mut path, mut seen) = (list("PageSize=2&To=whatsapp%3A%2B15551230001"), Vec::new());
    loop {
        let page = api.get(&path).await;
        seen.extend(bodies(&page));
        match page.body["next_page_uri"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => break,
        }
    }
    assert_eq!(seen, ["to Maria 3", "to Maria 2", "to Maria 1", "to Maria 0"]);
    assert_eq!(api.get(&list("Page=1")).await.status, 422);
    assert_eq!(api.get(&list("PageSize=1001")).await.code(), 20007);

    let one = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{}.json", to.text("/messages/0/sid"));
    let read = api.get(&one).await;
    assert_eq!((read.text("/status"), read.text("/direction")), ("read", "outbound-api"));
    assert_eq!(read.text("/date_sent"), "Mon, 02 Mar 2026 12:00:00 +0000");
    assert_eq!(api.form(&one, &[("Body", "")]).await.text("/body"), "");
    assert_eq!(api.form(&one, &[("Status", "canceled")]).await.status, 422);
    assert_eq!(api.delete(&one).await.status, 204);
    assert_eq!(api.get(&one).await.code(), 20404);
    assert_eq!(twilio.now(), noon() + Duration::days(1));
}

#[tokio::test]
async fn a_service_sends_for_its_senders() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.add_sender(ACCOUNT, "+15550008888").add_service(ACCOUNT, SERVICE, [SENDER]);
    let api = Api::of(&twilio);
    let by_service = [("MessagingServiceSid", SERVICE), ("To", MARIA), ("Body", "hi")];
    let told = api.message(&by_service).await;
    assert_eq!((told.text("/status"), &told.body["from"]), ("accepted", &Value::Null));
    assert_eq!(twilio.all_sent()[0].from, SENDER);
    let told = api.message(&[&by_service[..], &[("From", "whatsapp:+15550008888")]].concat()).await;
    assert_eq!(told.code(), 21606);
    // What is to go later waits, and can be stopped.
    let later = [("ScheduleType", "fixed"), ("SendAt", "2026-03-02T13:00:00Z")];
    let told = api.message(&[&by_service[..], &later].concat()).await;
    assert_eq!(told.text("/status"), "scheduled");
    let one = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{}.json", told.text("/sid"));
    assert_eq!(api.form(&one, &[("Status", "canceled")]).await.text("/status"), "canceled");
}

#[tokio::test]
async fn limits_are_kept_when_asked_for() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    twilio.statuses(StatusPlan::none()).keep_rate(Some(2));
    let api = Api::of(&twilio);
    for _ in 0..3 {
        assert_eq!(api.send(&[("Body", "hi")]).await.status, 201);
    }
    let failures: Vec<_> = twilio.all_sent().iter().map(|sent| sent.failure).collect();
    assert_eq!(failures, [None, None, Some(63018)]);
    twilio.advance(Duration::seconds(1)).keep_rate(Some(80));
    api.send(&[("Body", "hi")]).await;
    assert_eq!(twilio.all_sent()[3].failure, None);

    twilio.keep_opt_outs(true);
    maria.opts_out().await;
    assert_eq!(api.send(&[("Body", "hi")]).await.code(), 21610);
    maria.opts_in().await;
    assert_eq!(api.send(&[("Body", "hi")]).await.status, 201);

    twilio.set_trial(ACCOUNT, true);
    for _ in 5..50 {
        assert_eq!(api.send(&[("Body", "hi")]).await.status, 201);
    }
    let told = api.send(&[("Body", "hi")]).await;
    assert_eq!((told.status, told.code()), (429, 63038));
    twilio.advance(Duration::days(1));
    assert_eq!(api.send(&[("Body", "hi")]).await.status, 201);
}

#[tokio::test]
async fn the_sandbox_reaches_who_has_joined() {
    let twilio = twilio().await;
    twilio.statuses(StatusPlan::none()).add_sandbox(ACCOUNT, "+14155238886", "join merry-fox");
    let maria = twilio.client(MARIA).at("+14155238886");
    maria.opens_window();
    let api = Api::of(&twilio);
    let hello = [("From", "whatsapp:+14155238886"), ("To", MARIA), ("Body", "hi")];
    api.message(&hello).await;
    maria.says("join merry-fox").await;
    api.message(&hello).await;
    twilio.advance(Duration::days(3));
    maria.opens_window();
    api.message(&hello).await;
    let failures: Vec<_> = twilio.all_sent().iter().map(|sent| sent.failure).collect();
    assert_eq!(failures, [Some(63015), None, Some(63015)]);
}
