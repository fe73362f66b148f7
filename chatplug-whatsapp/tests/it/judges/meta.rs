//! Meta's adapter and fake before Meta's own description, and before `pywa`. Of webhooks the description is no judge: it
//! requires of a client's message what only ours have.

use super::ask;
use crate::{
    business::{ACCOUNT, Business, NUMBER, graph, key, maria, phone},
    contract::receiving::posted,
    contracts,
    send::{messages, reminder_template},
};
use chatplug_core::ports::{Messenger, SystemClock};
use chatplug_judges::{Prism, installed};
use chatplug_whatsapp::{
    fake::meta::FakeMeta,
    meta::{MetaMessenger, http_client},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The description with what the contract adds to it: what Meta's pages have and the file does not, and one property that
/// the file requires and no page shows.
fn repaired(mut description: Value) -> Value {
    let schemas = &mut description["components"]["schemas"];
    schemas["BaseMessageProperties"]["properties"]["biz_opaque_callback_data"] =
        json!({"type": "string", "maxLength": 512});
    schemas["BaseMessageProperties"]["properties"]["recipient"] = json!({"type": "string"});
    for action in [
        json!({
            "required": ["name", "parameters"],
            "properties": {
                "name": {"enum": ["cta_url"]},
                "parameters": {
                    "type": "object",
                    "required": ["display_text", "url"],
                    "properties": {"display_text": {"type": "string", "maxLength": 20}, "url": {"type": "string"}},
                },
            },
        }),
        json!({"required": ["name"], "properties": {"name": {"enum": ["send_location"]}}}),
    ] {
        schemas["ActionObject"]["oneOf"].as_array_mut().unwrap().push(action);
    }
    let kinds = schemas["InteractiveObject"]["properties"]["type"]["enum"].as_array_mut().unwrap();
    kinds.extend([json!("cta_url"), json!("location_request_message")]);
    // A range gone wrong: it takes "2" to "6", and commas.
    schemas["TemplateComponent"]["properties"]["index"]["pattern"] = json!("^[0-9]$");
    let language = &mut schemas["LanguageObject"]["required"];
    language.as_array_mut().unwrap().retain(|name| name != "policy");
    description
}

/// Every kind of message through Prism: it refuses a call that Meta's description does not know, and an answer of the
/// fake that it does not promise.
#[tokio::test]
async fn calls_and_answers_are_those_of_the_description() {
    let (Some(judges), Some(description)) = (installed(), contracts::read("meta/openapi-v23.0.trimmed.json")) else {
        return;
    };
    let graph = graph().await;
    graph.approve(ACCOUNT, reminder_template());
    maria(&graph);
    let prism = Prism::before(&judges, &repaired(description), &graph.base_url()).await;
    let config = graph.config(NUMBER).with_base_url(&prism.url);
    let messenger = MetaMessenger::new(config, http_client().unwrap(), Arc::new(SystemClock)).unwrap();
    for (name, message) in messages() {
        let sent = messenger.send(&phone("16505551234"), &message, key(name)).await;
        let sent = sent.unwrap_or_else(|error| panic!("{name}: {error:?}\n{:?}", prism.found()));
        assert_eq!(graph.all_sent().pop().unwrap().id, sent.message.as_str(), "{name}");
    }
    assert_eq!(prism.found(), [""; 0]);
    // It is no rubber stamp.
    let http = http_client().unwrap();
    let wrong = json!({"messaging_product": "whatsapp", "to": "16505551234", "type": "text", "text": {"words": "hi"}});
    let call = http.post(format!("{}/v23.0/{NUMBER}/messages", prism.url)).bearer_auth(FakeMeta::TOKEN).json(&wrong);
    assert_eq!(call.send().await.unwrap().status(), 422);
    assert_eq!(prism.found().len(), 1);
}

/// `pywa` checks what the fake signed, reads what it posted, sends to it, and understands what it answers.
#[tokio::test]
async fn pywa_and_the_fake_understand_each_other() {
    let Some(judges) = installed() else { return };
    let graph = graph().await;
    graph.approve(ACCOUNT, reminder_template());
    let posts = posted(&graph).await;
    let _business = Business::behind(&graph).await;
    let quoted = maria(&graph).says("hello").await;
    let before = graph.all_sent().len();
    // With failures Meta names no contact, and this client needs one.
    let texts = posts.iter().map(|(body, signature)| (String::from_utf8_lossy(body), signature));
    let texts = texts.filter(|(body, _)| !body.contains("\"failed\""));
    let texts = texts.map(|(body, signature)| json!({"body": body, "signature": signature}));
    let told = ask(
        &judges,
        "meta_pywa.py",
        &json!({
            "base_url": graph.base_url(),
            "token": FakeMeta::TOKEN,
            "phone_id": NUMBER,
            "to": "+16505551234",
            "app_secret": FakeMeta::APP_SECRET,
            "verify_token": FakeMeta::VERIFY_TOKEN,
            "template": "visit_reminder",
            "quoted": quoted,
            "posts": texts.collect::<Vec<_>>(),
        }),
    )
    .await;
    let read: Vec<_> = told["read"].as_array().unwrap().iter().filter_map(|one| one[0].as_str()).collect();
    for kind in ["text", "tap", "pick", "location", "audio", "reaction", "preference", "status:sent"] {
        assert!(read.contains(&kind), "{kind} is not among {read:?}");
    }
    let sent: Vec<_> = graph.all_sent().into_iter().skip(before).map(|message| message.id).collect();
    assert_eq!(told["sent"], json!(sent));
    assert!(told["refusal"].is_string(), "5000 characters were taken");
    assert_eq!(graph.reads().len(), 2);
}
