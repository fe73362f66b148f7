//! What clients write, as it is posted: the parameters of the contract's webhooks and no others, signed exactly.

use super::{ACCOUNT, Api, MARIA, SENDER, SERVICE, TOKEN, desk::Desk, maria, noon, twilio};
use crate::contracts;
use chatplug_whatsapp::fake::twilio::{Event, FakeTwilio, ListPick};
use chrono::Duration;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Names of a fixture's parameters, in its order.
fn names(file: &Value) -> Vec<&str> {
    file["form"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect()
}

/// Names of the parameters of all fixtures that begin so.
fn known(prefix: &str) -> Option<BTreeSet<String>> {
    let index = contracts::read("twilio/webhooks/INDEX.json")?;
    let files = index.as_array().unwrap().iter().map(|entry| entry["file"].as_str().unwrap());
    let files = files
        .filter(|file| file.starts_with(prefix))
        .map(|file| contracts::read(&format!("twilio/webhooks/{file}")).unwrap());
    Some(files.flat_map(|file| names(&file).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect())
}

/// The fake with a desk behind it.
async fn with_desk() -> (FakeTwilio, Desk) {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.callback(&desk.url("/webhooks/twilio"));
    (twilio, desk)
}

/// Everything that a client can do, by the fixture that it should look like.
fn everything(twilio: &FakeTwilio) -> Vec<(&'static str, Event)> {
    let ana = twilio.client(MARIA).named("Ana Ivanova");
    let known = ana.clone().with_user_id("US.13491208655302741918");
    let hidden = twilio.hidden_client("US.99").named("Ana Ivanova");
    let by_buttons = ana.clone().picking_by(ListPick::ButtonFields);
    let by_body = ana.clone().picking_by(ListPick::BodyOnly);
    vec![
        ("inbound_text", ana.text("Book a haircut tomorrow at 15:30")),
        ("inbound_text_with_external_user_id", known.text("hi")),
        ("inbound_text_without_phone", hidden.text("hi")),
        ("inbound_quick_reply_tap", ana.tap("v1:confirm:bk_42", "Confirm")),
        ("inbound_template_button_tap", ana.template_tap("v1:confirm:bk_42", "Confirm")),
        ("inbound_list_pick_variant_list_fields", ana.row("v1:slot:1", "15:30")),
        ("inbound_list_pick_variant_button_fields", by_buttons.row("v1:slot:1", "15:30")),
        ("inbound_list_pick_variant_body_only", by_body.row("v1:slot:1", "15:30")),
        ("inbound_image", ana.file("image", "image/jpeg", &b"a picture"[..])),
        ("inbound_voice", ana.file("audio", "audio/ogg", &b"OggS"[..])),
        ("inbound_document", ana.file("document", "application/pdf", &b"%PDF"[..]).with("Body", "invoice.pdf")),
        ("inbound_sticker", ana.file("sticker", "image/webp", &b"RIFF"[..])),
        ("inbound_contact_vcard", ana.contact("Ana Ivanova", "+15551230001")),
        ("inbound_location", ana.location(37.7749, -122.4194)),
        ("inbound_forwarded", ana.text("look").forwarded()),
        ("inbound_ad_referral", ana.after_ad("Hi! Can I get more info?", "Haircut from 20", "Aff-n8ZTOD")),
        ("inbound_flow_reply", ana.flow(&json!({"screen_0_name": "Ana", "flow_token": "ft_01"}))),
    ]
}

#[tokio::test]
async fn everything_that_is_posted_is_named_as_in_the_contract() {
    let Some(known) = known("inbound_") else { return };
    let (twilio, desk) = with_desk().await;
    twilio.extra_fields(true).add_service(ACCOUNT, SERVICE, [SENDER]);
    let events = everything(&twilio);
    for (fixture, event) in &events {
        assert_eq!(twilio.deliver([event.clone()]).await, Some(1), "{fixture}");
    }
    let came = desk.came();
    assert_eq!(came.len(), events.len());
    for (came, (fixture, _)) in came.iter().zip(&events) {
        let strange: Vec<_> = came.names().into_iter().filter(|name| !known.contains(*name)).collect();
        assert!(strange.is_empty(), "{fixture}: {strange:?}");
        assert!(came.is_signed(TOKEN, &desk.url("/webhooks/twilio")), "{fixture}");
        assert_eq!(came.header("content-type"), "application/x-www-form-urlencoded; charset=UTF-8");
    }
}

#[tokio::test]
async fn each_looks_like_its_sample() {
    let (twilio, desk) = with_desk().await;
    for (fixture, event) in everything(&twilio) {
        let Some(sample) = contracts::read(&format!("twilio/webhooks/{fixture}.json")) else { return };
        twilio.deliver([event]).await;
        let came = desk.take().pop().unwrap();
        for pair in sample["form"].as_array().unwrap() {
            let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            // Not every sample tells of these, and no tap here answers a message of ours.
            let optional = matches!(name, "Forwarded" | "FrequentlyForwarded" | "ChannelMetadata" | "ExternalUserId")
                || name.starts_with("OriginalReplied")
                || (fixture == "inbound_location" && matches!(name, "Address" | "Label"));
            let is = came.get(name);
            if optional && is != Some(value) {
                continue;
            }
            let same_in_kind = ["Sid", "MediaUrl0"].into_iter().any(|part| name.contains(part))
                || name == "From" && fixture == "inbound_text_without_phone"
                || name == "ReferralCtwaClid";
            match is {
                None => panic!("{fixture}: {name} is missing"),
                Some(is) if same_in_kind => assert_eq!(is.get(..2), value.get(..2), "{fixture}: {name}"),
                // The order of keys says nothing.
                Some(is) if value.starts_with('{') => {
                    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
                    assert_eq!(read(is), read(value), "{fixture}: {name}");
                }
                Some(is) => assert_eq!(is, value, "{fixture}: {name}"),
            }
        }
        for absent in ["WaId", "ListId", "ButtonPayload", "ButtonType", "ProfileName", "NumMedia", "Forwarded"] {
            let here = names(&sample).contains(&absent);
            // The sample of a tap says that it was not forwarded.
            if !(absent == "Forwarded" && here) {
                assert_eq!(came.get(absent).is_some(), here, "{fixture}: {absent}");
            }
        }
    }
}

#[tokio::test]
async fn wa_id_is_told_as_the_client_has_it() {
    let (twilio, desk) = with_desk().await;
    let paulo = twilio.client("+5511987654321").with_wa_id("551187654321");
    paulo.says("oi").await;
    paulo.clone().without_wa_id().says("oi").await;
    let came = desk.came();
    assert_eq!((came[0].get("From"), came[0].get("WaId")), (Some("whatsapp:+5511987654321"), Some("551187654321")));
    assert_eq!((came[1].get("From"), came[1].get("WaId")), (Some("whatsapp:+5511987654321"), None));
}

#[tokio::test]
async fn who_hides_the_number_can_be_answered() {
    let (twilio, desk) = with_desk().await;
    let hidden = twilio.hidden_client("US.13491208655302741918");
    hidden.says("hi").await;
    let from = desk.came()[0].get("ExternalUserId").unwrap().to_owned();
    let told = Api::of(&twilio).message(&[("From", SENDER), ("To", &from), ("Body", "hello")]).await;
    assert_eq!(told.text("/to"), "whatsapp:US.13491208655302741918");
    assert_eq!(hidden.next().await.text(), "hello");
}

#[tokio::test]
async fn a_message_is_quoted_for_seven_days() {
    let (twilio, desk) = with_desk().await;
    let maria = maria(&twilio);
    let sid = Api::of(&twilio).send(&[("Body", "Do you come?")]).await.text("/sid").to_owned();
    maria.answers(&sid, "yes").await;
    twilio.advance(Duration::days(7) + Duration::seconds(1));
    maria.answers(&sid, "yes, I said").await;
    let came = desk.came();
    assert_eq!(came[0].get("OriginalRepliedMessageSid"), Some(sid.as_str()));
    assert_eq!(came[0].get("OriginalRepliedMessageSender"), Some(SENDER));
    assert!(came[1].names().iter().all(|name| !name.starts_with("Original")));
}

#[tokio::test]
async fn what_is_offered_can_be_tapped_by_its_label_and_its_place() {
    let (twilio, desk) = with_desk().await;
    let maria = maria(&twilio);
    let api = Api::of(&twilio);
    let content = json!({"language": "en", "types": {"twilio/quick-reply": {"body": "{{1}}", "actions": [
        {"type": "QUICK_REPLY", "title": "{{2}}", "id": "{{3}}"},
        {"type": "QUICK_REPLY", "title": "{{4}}", "id": "{{5}}"},
    ]}}});
    let sid = twilio.add_content(ACCOUNT, &content).unwrap();
    let values = json!({"1": "Book it?", "2": "Yes", "3": "v1:yes", "4": "No", "5": "v1:no"}).to_string();
    let told = api.send(&[("ContentSid", &sid), ("ContentVariables", &values)]).await;
    assert_eq!(maria.next().await.titles(), ["Yes", "No"]);
    maria.chooses("No").await;
    maria.chooses_nth(1).await;
    let taps: Vec<_> = desk.take().iter().map(|came| came.get("ButtonPayload").unwrap().to_owned()).collect();
    assert_eq!(taps, ["v1:no", "v1:yes"]);

    let list = json!({"language": "en", "types": {"twilio/list-picker": {"body": "When?", "button": "Times", "items": [
        {"item": "15:30", "id": "v1:slot:1", "description": "with Ana"}, {"item": "16:00", "id": "v1:slot:2"},
    ]}}});
    let sid = twilio.add_content(ACCOUNT, &list).unwrap();
    let listed = api.send(&[("ContentSid", &sid)]).await;
    let rows = maria.next().await;
    assert_eq!((rows.open.as_deref(), rows.titles()), (Some("Times"), vec!["15:30", "16:00"]));
    assert_eq!(rows.choices()[0].description.as_deref(), Some("with Ana"));
    for how in [ListPick::ListFields, ListPick::ButtonFields, ListPick::BodyOnly] {
        twilio.list_picks(how);
        maria.chooses_nth(2).await;
    }
    let came = desk.take();
    let picked: Vec<_> =
        came.iter().map(|came| (came.get("ListId"), came.get("ButtonPayload"), came.get("Body"))).collect();
    let body = Some("16:00");
    assert_eq!(picked, [(Some("v1:slot:2"), None, body), (None, Some("v1:slot:2"), body), (None, None, body)]);
    assert!(came.iter().all(|came| came.get("OriginalRepliedMessageSid") == Some(listed.text("/sid"))));
    assert_ne!(told.text("/sid"), listed.text("/sid"));
}

#[tokio::test]
async fn a_place_and_files_in_metas_words_become_twilios() {
    let (twilio, desk) = with_desk().await;
    let maria = maria(&twilio);
    maria.sends("location", json!({"latitude": 38.7, "longitude": -9.1, "name": "Salon", "address": "Rua 1"})).await;
    maria.sends("audio", json!({"mime_type": "audio/ogg; codecs=opus"})).await;
    maria.sends("reaction", json!({"message_id": "x", "emoji": "👍"})).await;
    let came = desk.came();
    assert_eq!(
        (came[0].get("Latitude"), came[0].get("Label"), came[0].get("Address")),
        (Some("38.7"), Some("Salon"), Some("Rua 1"))
    );
    assert_eq!(
        (came[1].get("NumMedia"), came[1].get("MediaContentType0")),
        (Some("1"), Some("audio/ogg; codecs=opus"))
    );
    assert_eq!(
        (came[2].get("NumMedia"), came[2].get("Body"), came[2].get("MessageType")),
        (Some("0"), Some(""), Some("reaction"))
    );
    assert_eq!(twilio.now(), noon());
}

#[tokio::test]
async fn typing_marks_a_message_as_read() {
    let (twilio, _desk) = with_desk().await;
    let sid = maria(&twilio).says("hi").await;
    let api = Api::of(&twilio);
    let told = api.form("/v2/Indicators/Typing.json", &[("channel", "whatsapp"), ("messageId", &sid)]).await;
    assert_eq!(told.body, json!({"success": true}));
    let told = api.json("/v3/Indicators/Typing.json", &json!({"channel": "WHATSAPP", "messageId": sid})).await;
    assert_eq!(told.body, json!({"success": true}));
    assert_eq!(twilio.reads().iter().map(|mark| mark.message_id.as_str()).collect::<Vec<_>>(), [&sid, &sid]);
    for wrong in
        [[("channel", "WHATSAPP"), ("messageId", sid.as_str())], [("channel", "whatsapp"), ("messageId", "SM1")]]
    {
        assert_eq!(api.form("/v2/Indicators/Typing.json", &wrong).await.status, 422);
    }
}
