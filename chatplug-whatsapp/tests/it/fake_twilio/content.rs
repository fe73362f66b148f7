//! Content resources: kept, filled in, approved, and what may be sent when.

use super::{ACCOUNT, Api, MARIA, OTHER, OTHER_TOKEN, TOKEN, desk::Desk, maria, twilio};
use crate::contracts;
use chatplug_whatsapp::fake::twilio::{
    Algorithm, ApprovalShape, FakeTemplate, FakeTwilio, StatusPlan, Unsubmitted, sign, url_of_body,
};
use chrono::Duration;
use serde_json::{Value, json};

fn quick_replies(n: usize) -> Value {
    let actions: Vec<_> = (1..=n).map(|n| json!({"title": format!("Button {n}"), "id": format!("b{n}")})).collect();
    json!({"language": "en", "types": {"twilio/quick-reply": {"body": "Which?", "actions": actions}}})
}

fn of(kind: &str, content: Value) -> Value {
    json!({"language": "en", "types": {kind: content}})
}

/// The code with which a message made of content will fail, and what it says.
async fn outcome(twilio: &FakeTwilio, content: &str, variables: &Value) -> (Option<i64>, String) {
    let variables = variables.to_string();
    let told = Api::of(twilio).send(&[("ContentSid", content), ("ContentVariables", &variables)]).await;
    assert_eq!(told.status, 201, "{}", told.body);
    let sent = twilio.all_sent().pop().unwrap();
    (sent.failure, sent.text().to_owned())
}

#[tokio::test]
async fn the_contracts_content_is_created_and_answered_as_it_prints() {
    let Some(contract) = contracts::read("twilio/requests.json") else { return };
    let twilio = twilio().await;
    let api = Api::of(&twilio);
    for (name, case) in contract["content_create"]["cases"].as_object().unwrap() {
        let told = api.json("/v1/Content", case).await;
        assert_eq!(told.status, 201, "{name}: {}", told.body);
        let sid = told.text("/sid");
        assert_eq!(api.get(&format!("/v1/Content/{sid}")).await.body, told.body, "{name}");
        if name == "template_quick_reply" {
            let printed = contract["content_create"]["response"]["body"].to_string();
            let printed = printed.replace("HX00000000000000000000000000000001", sid);
            let printed = printed.replace("https://content.twilio.com", &twilio.base_url());
            assert_eq!(told.body, serde_json::from_str::<Value>(&printed).unwrap());
            let asked = api
                .json(&format!("/v1/Content/{sid}/ApprovalRequests/whatsapp"), &contract["approval_create"]["json"])
                .await;
            assert_eq!(
                (asked.status, asked.text("/status"), asked.text("/content_type")),
                (201, "received", "twilio/quick-reply")
            );
        }
    }
    assert_eq!(twilio.contents(ACCOUNT).len(), contract["content_create"]["cases"].as_object().unwrap().len());
}

#[tokio::test]
async fn wrong_content_is_refused() {
    let twilio = twilio().await;
    let api = Api::of(&twilio);
    let text = json!({"twilio/text": {"body": "a"}});
    let many: serde_json::Map<_, _> = (1..=101).map(|n| (n.to_string(), json!("x"))).collect();
    let items =
        |n: usize| -> Vec<_> { (1..=n).map(|n| json!({"item": format!("{n}"), "id": format!("i{n}")})).collect() };
    for (code, content) in [
        (92001, json!({"language": "en"})),
        (92001, json!({"language": "en", "types": {}})),
        (92003, json!({"types": text})),
        (92004, json!({"language": "english", "types": text})),
        (92002, json!({"language": "en", "types": text, "variables": many})),
        (92007, json!({"language": "en", "types": text, "variables": {"1": 2}})),
        (92008, of("twilio/poll", json!({"body": "a"}))),
        (20001, json!({"language": "en", "types": text, "name": "a"})),
        (20001, of("twilio/text", json!({"body": "a", "footer": "b"}))),
        (
            20001,
            of(
                "twilio/list-picker",
                json!({"body": "a", "button": "b", "items": [{"id": "1", "item": "c", "title": "d"}]}),
            ),
        ),
        (20422, of("twilio/text", json!({}))),
        (20422, of("twilio/text", json!({"body": "x".repeat(1601)}))),
        (20422, quick_replies(11)),
        (20422, of("twilio/quick-reply", json!({"body": "a", "actions": [{"title": "x".repeat(21)}]}))),
        (20422, of("twilio/quick-reply", json!({"body": "a", "actions": [{"title": "b"}, {"title": "b"}]}))),
        (20422, of("twilio/list-picker", json!({"body": "a", "button": "b", "items": items(11)}))),
        (20422, of("twilio/list-picker", json!({"body": "a", "button": "b", "items": []}))),
        (20422, of("twilio/list-picker", json!({"body": "x".repeat(1025), "button": "b", "items": items(1)}))),
        (20422, of("twilio/location", json!({"latitude": 91, "longitude": 0}))),
        (20422, of("twilio/location", json!({"latitude": "{{1}}", "longitude": 0}))),
        (20422, of("twilio/media", json!({"media": ["https://a.example/1", "https://a.example/2"]}))),
    ] {
        assert_eq!(api.json("/v1/Content", &content).await.code(), code, "{content}");
    }
    assert_eq!(twilio.contents(ACCOUNT).len(), 0);
    assert_eq!(api.form("/v1/Content", &[("language", "en")]).await.status, 422);
}

/// The official libraries write every field that they know, most of them as null.
#[tokio::test]
async fn null_is_as_good_as_nothing() {
    let twilio = twilio().await;
    let button = json!({"title": "Yes", "type": null, "id": null});
    let content = json!({"language": "en", "variables": null, "types": {"twilio/text": null, "whatsapp/card": null,
        "twilio/quick-reply": {"body": "Do you come?", "actions": [button]}}});
    let told = Api::of(&twilio).json("/v1/Content", &content).await;
    let kept = json!({"twilio/quick-reply": {"body": "Do you come?", "actions": [{"title": "Yes"}]}});
    assert_eq!((told.status, &told.body["types"]), (201, &kept));
}

#[tokio::test]
async fn content_is_kept_per_account_changed_and_deleted() {
    let twilio = twilio().await;
    twilio.add_account(OTHER, OTHER_TOKEN);
    let (api, others) = (Api::of(&twilio), Api::of(&twilio).logged_in(OTHER, OTHER_TOKEN));
    let sid = api.json("/v1/Content", &quick_replies(2)).await.text("/sid").to_owned();
    let one = format!("/v1/Content/{sid}");
    assert_eq!(others.get(&one).await.status, 404);
    assert_eq!(others.get("/v1/Content").await.body["contents"], json!([]));
    let told = api.put(&one, &json!({"types": {"twilio/text": {"body": "new"}}})).await;
    assert_eq!((told.status, told.text("/types/twilio~1text/body"), told.text("/language")), (200, "new", "en"));
    api.json(&format!("{one}/ApprovalRequests/whatsapp"), &json!({"name": "a", "category": "UTILITY"})).await;
    assert_eq!(api.put(&one, &json!({"types": {"twilio/text": {"body": "newer"}}})).await.status, 422);
    assert_eq!((api.delete(&one).await.status, api.get(&one).await.status), (204, 404));
    // The name of what was deleted rests for thirty days.
    let again = api.json("/v1/Content", &quick_replies(2)).await.text("/sid").to_owned();
    let ask = format!("/v1/Content/{again}/ApprovalRequests/whatsapp");
    let name = json!({"name": "a", "category": "UTILITY"});
    assert_eq!(api.json(&ask, &name).await.status, 422);
    twilio.advance(Duration::days(30));
    assert_eq!(api.json(&ask, &name).await.status, 201);
}

#[tokio::test]
async fn lists_come_in_pages_and_by_filter() {
    let twilio = twilio().await;
    let api = Api::of(&twilio);
    for n in 0..5 {
        let content = json!({"friendly_name": format!("name {n}"), "language": if n == 3 { "pt_BR" } else { "en" },
            "types": {"twilio/text": {"body": format!("text {n}")}}});
        api.json("/v1/Content", &content).await;
        twilio.advance(Duration::hours(1));
    }
    let approved = twilio.approve(ACCOUNT, FakeTemplate::new("reminder", "en", "Hi {{1}}, do come."));
    for path in ["/v1/Content", "/v2/Content", "/v1/ContentAndApprovals", "/v2/ContentAndApprovals"] {
        let (mut url, mut seen) = (format!("{path}?PageSize=4"), Vec::new());
        loop {
            let page = api.get(&url).await;
            assert_eq!(page.text("/meta/key"), "contents");
            seen.extend(page.body["contents"].as_array().unwrap().iter().map(|one| one["sid"].clone()));
            match page.body["meta"]["next_page_url"].as_str() {
                Some(next) => next.clone_into(&mut url),
                None => break,
            }
        }
        assert_eq!(seen.len(), 6, "{path}");
        assert_eq!(api.get(&format!("{path}?Page=1&PageSize=4")).await.status, 422, "pages are not made up");
    }
    let found = async |query: &str| {
        let told = api.get(&format!("/v2/ContentAndApprovals?{query}")).await;
        told.body["contents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["friendly_name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("ContentName=name%203").await, ["name 3"]);
    assert_eq!(found("Language=pt_BR").await, ["name 3"]);
    assert_eq!(found("Content=text%204").await, ["name 4"]);
    assert_eq!(found("ChannelEligibility=whatsapp%3Aapproved").await, ["reminder"]);
    assert_eq!(found("DateCreatedAfter=2026-03-02T15%3A30%3A00Z").await, ["name 4", "reminder"]);
    assert_eq!(found("SortByDate=desc&ContentType=twilio%2Ftext").await[0], "reminder");
    assert!(twilio.contents(ACCOUNT).contains(&approved));
}

#[tokio::test]
async fn approvals_go_their_way() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.review_after(Some(Duration::minutes(5))).event_sink(&desk.url("/events"));
    let api = Api::of(&twilio);
    let content = json!({"friendly_name": "visit_reminder", "language": "en", "variables": {"1": "Sheena", "2": "March 2"},
        "types": {"twilio/text": {"body": "Hi {{1}}, we wait for you on {{2}} at our salon."}}});
    let sid = api.json("/v1/Content", &content).await.text("/sid").to_owned();
    let fetch = format!("/v1/Content/{sid}/ApprovalRequests");
    assert_eq!(api.get(&fetch).await.status, 404);
    for (shape, whatsapp) in [(Unsubmitted::Null, json!(null)), (Unsubmitted::Empty, json!({}))] {
        twilio.approvals_as(ApprovalShape::Flat, shape);
        assert_eq!(api.get(&fetch).await.body["whatsapp"], whatsapp);
    }
    let listed = |told: &super::Told, path: &str| told.text(&format!("/contents/0/approval_requests{path}")).to_owned();
    assert_eq!(listed(&api.get("/v1/ContentAndApprovals").await, "/status"), "unsubmitted");

    let ask = format!("{fetch}/whatsapp");
    for wrong in [json!({"name": "Visit", "category": "UTILITY"}), json!({"name": "visit", "category": "utility"})] {
        assert_eq!(api.json(&ask, &wrong).await.status, 422);
    }
    assert_eq!(
        api.json(&ask, &json!({"name": "visit_reminder", "category": "UTILITY"})).await.text("/status"),
        "received"
    );
    assert_eq!(api.json(&ask, &json!({"name": "visit_reminder", "category": "UTILITY"})).await.status, 422);
    assert_eq!(api.get(&fetch).await.text("/whatsapp/status"), "pending");
    twilio.advance(Duration::minutes(5));
    assert_eq!(api.get(&fetch).await.text("/whatsapp/status"), "approved");
    twilio.approvals_as(ApprovalShape::Keyed, Unsubmitted::NotFound);
    assert_eq!(listed(&api.get("/v2/ContentAndApprovals").await, "/whatsapp/status"), "approved");
    twilio.set_approval(&sid, "paused", "");
    assert_eq!(api.get(&fetch).await.text("/whatsapp/status"), "paused");

    // Each change was told to the sink, as JSON whose hash stands in the URL.
    twilio.settled().await;
    let came = desk.take();
    let changes: Vec<_> = came
        .iter()
        .map(|came| {
            let event: Value = serde_json::from_slice(&came.body).unwrap();
            let url = url_of_body(&desk.url("/events"), &came.body);
            assert_eq!(desk.url(&came.path), url);
            assert_eq!(came.header("x-twilio-signature"), sign(Algorithm::HmacSha1, TOKEN, &url, &[]));
            let template = &event[0]["data"]["template"];
            assert_eq!(template["sid"], sid.as_str());
            (template["previousValue"].clone(), template["currentValue"].clone())
        })
        .collect();
    let change = |from: &str, to: &str| (json!(from), json!(to));
    assert_eq!(changes, [change("received", "pending"), change("pending", "approved"), change("approved", "paused")]);
    let Some(sample) = contracts::read("twilio/webhooks/event_template_approval_updated.json") else { return };
    let event: Value = serde_json::from_slice(&came[0].body).unwrap();
    let keys = |value: &Value, path: &str| {
        value.pointer(path).unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    for path in ["/0", "/0/data", "/0/data/template"] {
        assert_eq!(keys(&event, path), keys(&sample["json"], path));
    }
}

#[tokio::test]
async fn what_breaks_the_rules_of_templates_is_rejected() {
    let twilio = twilio().await;
    let api = Api::of(&twilio);
    for (n, (body, samples, fine)) in [
        ("Hi {{1}}, we wait for you.", json!({"1": "a"}), true),
        ("{{1}}, we wait for you.", json!({"1": "a"}), false),
        ("We wait for you on {{1}}", json!({"1": "a"}), false),
        ("We wait for you on {{1}}.", json!({"1": "a"}), false),
        ("Hi {{1}} {{2}}, we really do wait for you.", json!({"1": "a", "2": "b"}), false),
        ("Hi {{1}} you.", json!({"1": "a"}), false),
        ("Hi {{1}}, we wait for you.", json!({}), false),
        ("Hi {{2}}, we wait for you.", json!({"2": "a"}), false),
    ]
    .into_iter()
    .enumerate()
    {
        let content = json!({"language": "en", "variables": samples, "types": {"twilio/text": {"body": body}}});
        let sid = api.json("/v1/Content", &content).await.text("/sid").to_owned();
        let fetch = format!("/v1/Content/{sid}/ApprovalRequests");
        api.json(&format!("{fetch}/whatsapp"), &json!({"name": format!("t{n}"), "category": "UTILITY"})).await;
        let told = api.get(&fetch).await;
        assert_eq!(told.text("/whatsapp/status"), if fine { "approved" } else { "rejected" }, "{body}");
        assert_eq!(told.text("/whatsapp/rejection_reason").is_empty(), fine);
    }
    for never in [
        of("twilio/location", json!({"latitude": 1, "longitude": 2})),
        of("twilio/list-picker", json!({"body": "a", "button": "b", "items": [{"id": "1", "item": "c"}]})),
    ] {
        let sid = api.json("/v1/Content", &never).await.text("/sid").to_owned();
        let ask = format!("/v1/Content/{sid}/ApprovalRequests/whatsapp");
        assert_eq!(api.json(&ask, &json!({"name": "never", "category": "UTILITY"})).await.status, 422);
    }
}

#[tokio::test]
async fn blanks_are_filled_in() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.statuses(StatusPlan::none());
    let greeting = json!({"language": "en", "variables": {"1": "friend", "2": "soon"},
        "types": {"twilio/text": {"body": "Hi {{1}}, see you {{ 2 }}. {{1}}!"}}});
    let sid = twilio.add_content(ACCOUNT, &greeting).unwrap();
    let said = async |variables: Value| outcome(&twilio, &sid, &variables).await;
    assert_eq!(said(json!({"1": "Ana", "2": "today"})).await, (None, "Hi Ana, see you today. Ana!".into()));
    // What is not given is as it was by default; what looks like a blank is left alone.
    assert_eq!(said(json!({"1": "{{2}}"})).await, (None, "Hi {{2}}, see you soon. {{2}}!".into()));
    assert_eq!(said(json!({"7": "nobody asked"})).await.0, None);
    let bare = twilio.add_content(ACCOUNT, &of("twilio/text", json!({"body": "Hi {{1}}!"}))).unwrap();
    assert_eq!(outcome(&twilio, &bare, &json!({})).await.0, Some(63028));
}

#[tokio::test]
async fn in_session_and_out_of_it() {
    let twilio = twilio().await;
    let maria = twilio.client(MARIA);
    twilio.statuses(StatusPlan::none());
    let add = |content: Value| twilio.add_content(ACCOUNT, &content).unwrap();
    let reminder = FakeTemplate::new("visit_reminder", "en", "Hi {{1}}, we wait for you on {{2}}. Do you come?")
        .with_quick_replies(["Confirm", "Move"]);
    let approved = twilio.approve(ACCOUNT, reminder.clone());
    let state = |status: &str| twilio.approve(ACCOUNT, reminder.clone().in_state(status));
    let (pending, rejected, paused, disabled) =
        (state("pending"), state("rejected"), state("paused"), state("disabled"));
    let values = json!({"1": "Ana", "2": "March 2", "3": "v1:confirm", "4": "v1:move"});
    let cta = |actions: Value| of("twilio/call-to-action", json!({"body": "Pay", "actions": actions}));
    let link = json!({"type": "URL", "title": "Pay", "url": "https://pay.example.com/a"});
    let call = json!({"type": "PHONE_NUMBER", "title": "Call", "phone": "+15550009999"});
    let list = of("twilio/list-picker", json!({"body": "a", "button": "b", "items": [{"id": "1", "item": "c"}]}));
    let cases = [
        (approved.clone(), None, None),
        (pending, None, Some(63016)),
        (rejected, None, Some(63040)),
        (paused, Some(63041), Some(63041)),
        (disabled, Some(63042), Some(63042)),
        (add(quick_replies(3)), None, Some(63016)),
        (add(quick_replies(4)), Some(63013), Some(63016)),
        (add(list), None, Some(63016)),
        (add(of("twilio/location", json!({"latitude": 1, "longitude": 2, "label": "Salon"}))), None, Some(63016)),
        (add(cta(json!([link]))), None, Some(63016)),
        (add(cta(json!([link, link]))), Some(63013), Some(63016)),
        (add(cta(json!([call]))), Some(63013), Some(63016)),
    ];
    for (n, (sid, _, outside)) in cases.iter().enumerate() {
        let variables = if n < 5 { values.clone() } else { json!({}) };
        assert_eq!(outcome(&twilio, sid, &variables).await.0, *outside, "{n} outside");
    }
    maria.opens_window();
    for (n, (sid, inside, _)) in cases.iter().enumerate() {
        let variables = if n < 5 { values.clone() } else { json!({}) };
        assert_eq!(outcome(&twilio, sid, &variables).await.0, *inside, "{n} inside");
    }
    // A template as its client sees it, and taps it.
    outcome(&twilio, &approved, &values).await;
    let seen = twilio.all_sent().pop().unwrap();
    assert_eq!(seen.template(), Some(("visit_reminder", "en")));
    assert_eq!(seen.text(), "Hi Ana, we wait for you on March 2. Do you come?");
    assert_eq!(seen.choice("Move").unwrap().id, "v1:move");
    assert_eq!(maria.choice("Confirm").get("ButtonType"), Some("REPLY"));
    assert_eq!(seen.content.unwrap().variables["2"], "March 2");
}

#[tokio::test]
async fn what_is_filled_in_must_fit_too() {
    let twilio = twilio().await;
    maria(&twilio);
    twilio.statuses(StatusPlan::none());
    let buttons =
        json!({"body": "{{1}}", "actions": [{"title": "{{2}}", "id": "{{3}}"}, {"title": "{{4}}", "id": "{{5}}"}]});
    let buttons = twilio.add_content(ACCOUNT, &of("twilio/quick-reply", buttons)).unwrap();
    let rows = json!({"body": "{{1}}", "button": "{{2}}", "items": [{"item": "{{3}}", "id": "{{4}}", "description": "{{5}}"}]});
    let rows = twilio.add_content(ACCOUNT, &of("twilio/list-picker", rows)).unwrap();
    let five = |values: [&str; 5]| -> Value {
        (1..).zip(values).map(|(n, value)| (n.to_string(), json!(value))).collect::<serde_json::Map<_, _>>().into()
    };
    let long = |n: usize| "x".repeat(n);
    let (x21, x25, x73, x201, x1025) = (long(21), long(25), long(73), long(201), long(1025));
    for (sid, values, fits) in [
        (&buttons, ["Line one\nline two", "Yes", "y", "No", "n"], true),
        (&buttons, ["a", "Yes", "y", "Yes", "n"], false),
        (&buttons, ["a", "Yes", "y", "", "n"], false),
        (&buttons, ["a", &x21, "y", "No", "n"], false),
        (&buttons, ["a", "Yes", &x201, "No", "n"], false),
        (&buttons, [&x1025, "Yes", "y", "No", "n"], false),
        (&rows, ["a", "Open", "15:30", "s1", "with Ana"], true),
        (&rows, ["a", "Open", "15:30", "s1", ""], false),
        (&rows, ["a", "Open", &x25, "s1", "with Ana"], false),
        (&rows, ["a", &x21, "15:30", "s1", "with Ana"], false),
        (&rows, ["a", "Open", "15:30", "s1", &x73], false),
    ] {
        assert_eq!(outcome(&twilio, sid, &five(values)).await.0, (!fits).then_some(63013), "{values:?}");
    }
    let reminder = FakeTemplate::new("r", "en", "Hi {{1}}, we wait for you.");
    let approved = twilio.approve(ACCOUNT, reminder);
    for (value, fits) in [("Ana", true), ("A\nB", false), ("A     B", false), ("A    B", true)] {
        assert_eq!(outcome(&twilio, &approved, &json!({"1": value})).await.0, (!fits).then_some(63013), "{value:?}");
    }
    assert_eq!(outcome(&twilio, &approved, &json!({"1": "a", "2": "b"})).await.0, Some(63028));
}

#[tokio::test]
async fn the_richest_type_is_sent() {
    let twilio = twilio().await;
    let maria = maria(&twilio);
    let both = json!({"language": "en", "types": {
        "twilio/text": {"body": "Reply yes or no"},
        "twilio/quick-reply": {"body": "Do you come?", "actions": [{"title": "Yes", "id": "y"}]},
    }});
    let sid = twilio.add_content(ACCOUNT, &both).unwrap();
    Api::of(&twilio).send(&[("ContentSid", &sid)]).await;
    let seen = maria.next().await;
    assert_eq!((seen.kind.as_str(), seen.text(), seen.titles()), ("quick-reply", "Do you come?", vec!["Yes"]));
    let card = of(
        "whatsapp/card",
        json!({"body": "Body", "footer": "Foot", "header_text": "Head",
        "actions": [{"type": "URL", "title": "Open", "url": "https://a.example"}]}),
    );
    let sid = twilio.add_content(ACCOUNT, &card).unwrap();
    Api::of(&twilio).send(&[("ContentSid", &sid)]).await;
    let seen = maria.next().await;
    assert_eq!(seen.text(), "Head\nBody\nFoot");
    assert_eq!(seen.links, [("Open".to_owned(), "https://a.example".to_owned())]);
}
