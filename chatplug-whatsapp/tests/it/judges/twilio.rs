//! Twilio's fake before Twilio's Python library, and its adapter before Twilio's own descriptions.

use super::ask;
use crate::{
    contracts,
    twilio::business::{ACCOUNT, SENDER, TOKEN, buttons, config, list, maria, messenger_with, row, send, text, twilio},
};
use chatplug_core::model::{GeoPoint, MediaSource, Outbound, Place};
use chatplug_judges::{Prism, installed};
use serde_json::{Value, json};

/// Where the fake posts; nobody is there, the posts are only looked at.
const CALLBACK: &str = "https://bot.example.com/webhooks/twilio/main";

/// Twilio's files as one: each speaks of its own host and of paths that no other has.
fn description() -> Option<Value> {
    let mut whole = json!({"openapi": "3.0.1", "info": {"title": "Twilio", "version": "1"}});
    for file in ["api_v2010.trimmed", "content_v1", "messaging_v2.trimmed"] {
        let mut one = contracts::read(&format!("twilio/twilio_{file}.json"))?;
        for path in one["paths"].as_object_mut().unwrap().values_mut() {
            path.as_object_mut().unwrap().remove("servers");
        }
        merge(&mut whole, one.take(), &["paths", "components"]);
    }
    // One of a list reads as no list in a form, to Prism.
    let create = "/paths/~12010-04-01~1Accounts~1{AccountSid}~1Messages.json/post/requestBody/content";
    let media = format!("{create}/application~1x-www-form-urlencoded/schema/properties/MediaUrl");
    *whole.pointer_mut(&media).unwrap() = json!({"type": "string", "format": "uri"});
    Some(whole)
}

fn merge(into: &mut Value, mut from: Value, parts: &[&str]) {
    for part in parts {
        let Some(found) = from.get_mut(part).and_then(Value::as_object_mut) else { continue };
        let kept = into.as_object_mut().unwrap().entry(*part).or_insert_with(|| json!({}));
        for (name, value) in std::mem::take(found) {
            match kept.get_mut(&name) {
                Some(known) => known.as_object_mut().unwrap().append(&mut value.as_object().unwrap().clone()),
                None => kept[name] = value,
            }
        }
    }
}

/// Every kind of message through Prism.
#[tokio::test]
async fn calls_and_answers_are_those_of_the_descriptions() {
    let (Some(judges), Some(description)) = (installed(), description()) else { return };
    let twilio = twilio().await;
    maria(&twilio);
    let prism = Prism::before(&judges, &description, &twilio.base_url()).await;
    let messenger = messenger_with(config(&prism.url).with_status_callback(CALLBACK));
    let picture = MediaSource::Url("https://cdn.example.com/a.jpg".into());
    let url = "https://pay.example.com/s/abc".into();
    let place = Place {
        name: "Lucky Shrub".into(),
        address: "101 Forest Ave, Palo Alto".into(),
        point: Some(GeoPoint { latitude: 37.44, longitude: -122.16 }),
    };
    for message in [
        text("Your visit is booked."),
        buttons("Monday, 15:30?", &["Yes, book", "Another time"]),
        list(&[(Some("Monday"), &[row("15:30", Some("with Ana")), row("16:00", None)])]),
        Outbound::Link { body: "Pay the deposit.".into(), label: "Pay".into(), url },
        Outbound::Location(place),
        Outbound::Image { source: picture, caption: Some("Your cut".into()) },
    ] {
        let sent = send(&messenger, &message).await;
        sent.unwrap_or_else(|error| panic!("{message:?}: {error:?}\n{:?}", prism.found()));
    }
    assert_eq!(prism.found(), [""; 0]);
    assert_eq!(twilio.all_sent().len(), 6);
}

/// The library checks what the fake signed, sends to it, and understands what it answers.
#[tokio::test]
async fn the_library_and_the_fake_understand_each_other() {
    let Some(judges) = installed() else { return };
    let twilio = twilio().await;
    twilio.callback(CALLBACK);
    let maria = maria(&twilio);
    let events = [
        maria.text("olá, às 5? & mais 👋"),
        maria.location(38.7, -9.1),
        maria.file("image", "image/jpeg", vec![1, 2, 3]),
    ];
    let posts = events.iter().map(|event| {
        let (body, signature) = twilio.signed(event).unwrap();
        json!({"body": String::from_utf8(body).unwrap(), "signature": signature, "url": CALLBACK})
    });
    let told = ask(
        &judges,
        "twilio_sdk.py",
        &json!({
            "base_url": twilio.base_url(),
            "account": ACCOUNT,
            "token": TOKEN,
            "from": SENDER,
            "to": "+15551230001",
            "posts": posts.collect::<Vec<_>>(),
        }),
    )
    .await;
    let sent: Vec<_> = twilio.all_sent().into_iter().map(|message| message.id).collect();
    assert_eq!((told["sent"].clone(), sent.len()), (json!(sent), 3));
    assert_eq!(told["refusal"], 21_617);
}
