//! Whole conversations over HTTP: what clients do arrives as what it is, under every way that Twilio posts it.

use super::business::{
    ACCOUNT, Business, TOKEN, buttons, config, list, maria, messenger, messenger_with, row, send, send_text, twilio,
};
use chatplug_core::{
    model::{Content, Inbound, MediaRef, Stage},
    ports::Scoped,
};
use chatplug_whatsapp::{
    fake::twilio::{ListPick, Port, StatusPlan},
    twilio::TwilioKeyring,
};
use serde_json::json;

/// Messages that have come, in order.
fn messages(business: &Business) -> Vec<Inbound> {
    business
        .events()
        .into_iter()
        .filter_map(|event| match event.event {
            Scoped::Message(message) => Some(*message),
            _ => None,
        })
        .collect()
}

/// The newest file that came.
pub(super) fn media_of(business: &Business) -> MediaRef {
    let newest = messages(business).into_iter().rev().find_map(|message| match message.content {
        Content::Media(media) => Some(media),
        _ => None,
    });
    newest.expect("no file came")
}

#[tokio::test]
async fn everything_a_client_does_arrives_as_what_it_is() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    let maria = maria(&twilio);
    twilio.extra_fields(true);
    maria.says("olá + tudo bem? 👋 & =").await;
    maria.taps("v1:yes", "Yes").await;
    maria.taps_template("v1:come", "I come").await;
    maria.sends_location(38.7, -9.1).await;
    maria.sends_voice(&b"OggS"[..]).await;
    maria.sends_contact("Ana", "+34600111222").await;
    maria.answers("SM00000000000000000000000000000abc", "yes").await;
    twilio.deliver([maria.after_ad("hi", "Chat with us", "Aff-1"), maria.flow(&json!({"a": 1}))]).await;
    maria.sends("reaction", json!({"emoji": "👍"})).await;
    let said: Vec<_> = messages(&business).iter().map(|message| kind(&message.content)).collect();
    let expected = [
        "text olá + tudo bem? 👋 & =",
        "tap Button v1:yes Yes",
        "tap Template v1:come I come",
        "location 38.7 -9.1",
        "file Voice",
        "contacts",
        "text yes",
        "text hi",
        "form {\"a\":1}",
        "unsupported reaction",
    ];
    assert_eq!(said, expected);
    assert!(messages(&business).iter().all(|message| message.profile_name.is_some() && message.from.phone.is_some()));
    let quoted = messages(&business)[6].quoted.clone();
    assert_eq!(quoted.as_ref().map(|id| id.as_str()), Some("SM00000000000000000000000000000abc"));
    assert_eq!(messages(&business)[7].referral.as_ref().and_then(|ad| ad.click_id.as_deref()), Some("Aff-1"));
    assert!(twilio.answers().iter().all(|status| *status == 200) && twilio.alerts().is_empty());
}

fn kind(content: &Content) -> String {
    match content {
        Content::Text { body } => format!("text {}", body.reveal()),
        Content::Tap(tap) => format!("tap {:?} {} {}", tap.on, tap.id, tap.title),
        Content::Location { point, .. } => format!("location {} {}", point.latitude, point.longitude),
        Content::Media(media) => format!("file {:?}", media.kind),
        Content::Contacts { .. } => "contacts".to_owned(),
        Content::Form { json } => format!("form {}", json.reveal()),
        Content::Unsupported { name, .. } => format!("unsupported {name}"),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_chooses_what_was_offered() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    let maria = maria(&twilio);
    let messenger = messenger(&twilio);
    send(&messenger, &buttons("?", &["Yes", "No"])).await.unwrap();
    maria.chooses("No").await;
    let offer = list(&[(Some("Monday"), &[row("15:30", None), row("16:00", None)])]);
    for how in [ListPick::ListFields, ListPick::ButtonFields, ListPick::BodyOnly] {
        twilio.list_picks(how);
        send(&messenger, &offer).await.unwrap();
        maria.chooses_nth(2).await;
    }
    let said: Vec<_> = messages(&business).iter().map(|message| kind(&message.content)).collect();
    assert_eq!(said, ["tap Button v1:No No", "tap Row v1:16:00 16:00", "tap Button v1:16:00 16:00", "text 16:00"]);
    let quoted: Vec<_> = messages(&business).iter().map(|message| message.quoted.is_some()).collect();
    assert_eq!(quoted, [true; 4]);
}

#[tokio::test]
async fn a_person_without_a_number_writes_and_is_answered() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    let hidden = twilio.hidden_client("US.13491208655302741918");
    hidden.says("hello").await;
    let from = messages(&business)[0].from.clone();
    assert_eq!(
        (from.phone.is_none(), from.user_id.as_ref().map(|id| id.reveal().as_str())),
        (true, Some("US.13491208655302741918"))
    );
    use chatplug_core::ports::Messenger as _;
    let to = chatplug_core::model::Address { user: from };
    messenger(&twilio).send(&to, &super::business::text("hi"), super::business::key("1")).await.unwrap();
    assert_eq!(hidden.next().await.text(), "hi");
}

#[tokio::test]
async fn statuses_come_with_their_key_and_in_stages() {
    let twilio = twilio().await;
    maria(&twilio);
    let business = Business::of(&twilio).await;
    let messenger = messenger_with(config(&twilio.base_url()).with_status_callback(business.url.as_str()));
    for minimal in [false, true] {
        twilio.minimal_statuses(minimal).statuses(StatusPlan::read().with_queued());
        let before = business.events().len();
        let sent = send_text(&messenger, if minimal { "minimal" } else { "whole" }).await.unwrap();
        twilio.settled().await;
        let statuses: Vec<_> = business.events()[before..]
            .iter()
            .map(|event| match &event.event {
                Scoped::Status(status) => (status.stage, status.key.is_some(), status.message == sent.message),
                other => panic!("{other:?}"),
            })
            .collect();
        let stage = |stage| (stage, true, true);
        assert_eq!(statuses, [stage(Stage::Sent), stage(Stage::Sent), stage(Stage::Delivered), stage(Stage::Read)]);
    }
    let keys = business.keys();
    assert_eq!(keys.iter().collect::<std::collections::HashSet<_>>().len(), keys.len());
    assert!(business.events().iter().all(|event| event.external_id == format!("{ACCOUNT}/15550009999")));
    assert!(twilio.answers().iter().all(|status| *status == 204), "{:?}", twilio.answers());
}

#[tokio::test]
async fn signatures_hold_with_and_without_port_and_by_shared_key() {
    let twilio = twilio().await;
    let ring = TwilioKeyring::new(ACCOUNT, TOKEN).with_shared_key(ACCOUNT, "webhooks_sharedkey_0001", "shared");
    let business = Business::behind(&twilio, ring).await;
    let maria = maria(&twilio);
    for port in [Port::AsConfigured, Port::Dropped, Port::Always] {
        twilio.sign_port(port);
        maria.says("hi").await;
    }
    twilio.sign_with(Some(("webhooks_sharedkey_0001", "shared")));
    maria.says("hi").await;
    assert_eq!((messages(&business).len(), twilio.answers()), (4, vec![200; 4]));
    // A key that we do not have.
    twilio.sign_with(Some(("webhooks_sharedkey_0002", "shared")));
    assert_eq!(twilio.post_once(maria.text("hi")).await, 401);
    twilio.sign_with(None).set_token(ACCOUNT, "renewed");
    assert_eq!(twilio.post_once(maria.text("hi")).await, 401);
    assert_eq!(twilio.post_raw("Body=hi", Some("c2lnbmF0dXJl")).await, 401);
    assert_eq!(twilio.post_raw("Body=hi", None).await, 401);
    assert_eq!(messages(&business).len(), 4);
}

#[tokio::test]
async fn the_same_message_twice_has_the_same_key() {
    let twilio = twilio().await;
    let business = Business::of(&twilio).await;
    let event = maria(&twilio).text("hi");
    twilio.deliver([event.clone(), event]).await;
    let keys = business.keys();
    assert_eq!((keys.len(), keys[0] == keys[1]), (2, true));
}
