//! Connecting a number before the judges: Meta's description, and both clients that others made.

use super::ask;
use crate::{
    contracts,
    fake_twilio::{ACCOUNT, TOKEN},
    provision::meta::receiver,
};
use chatplug_core::testkit::VirtualClock;
use chatplug_judges::{Prism, installed};
use chatplug_whatsapp::{
    fake::{meta::FakeMeta, twilio::FakeTwilio},
    meta::{
        http_client,
        provision::{MetaConnect, MetaSetup, MetaWish, STEPS},
    },
    provision::{MemoryJournal, Progress},
};
use serde_json::json;

const NUMBER: &str = "106540352242922";
const WABA: &str = "102290129340398";
const CALLBACK: &str = "https://bot.example.com/webhooks/twilio/main";

/// What the description has: all but the exchange of the code, and the look at the token.
#[tokio::test]
async fn calls_and_answers_of_connecting_are_those_of_the_description() {
    let (Some(judges), Some(mut description)) = (installed(), contracts::read("meta/openapi-v23.0.trimmed.json"))
    else {
        return;
    };
    // One path of two parts means four things in it, and Prism takes the first.
    let paths = description["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| path.matches('/').count() > 2 || path == "/{Version}/{Phone-Number-ID}");
    let graph = FakeMeta::start().await.unwrap();
    graph.add_unregistered(NUMBER, "15550783881", WABA, None).set_token(NUMBER, "token");
    let prism = Prism::before(&judges, &description, &graph.base_url()).await;
    let wish = MetaWish {
        token: Some("token".into()),
        waba_id: Some(WABA.into()),
        new_pin: Some("314159".into()),
        region: Some("BR".into()),
        ..MetaWish::default()
    };
    let connect = MetaConnect::new(MetaSetup::at(http_client().unwrap(), &prism.url, "v23.0"), wish);
    let clock = VirtualClock::starting("2026-03-02T12:00:00Z");
    let (progress, steps) = connect.run(Progress::default(), &MemoryJournal::new(), &clock).await.unwrap();
    assert!(progress.is_complete(STEPS), "{steps:?}\n{:?}", prism.found());
    connect.leave(&progress, &"token".into(), true).await.unwrap();
    assert_eq!(prism.found(), [""; 0]);
}

/// `pywa` signs up, registers, points the webhook elsewhere and leaves.
#[tokio::test]
async fn pywa_connects_a_number_at_the_fake() {
    let Some(judges) = installed() else { return };
    let graph = FakeMeta::start().await.unwrap();
    graph.add_unregistered(NUMBER, "15550783881", WABA, None);
    let callback = receiver(&graph).await;
    let given = json!({
        "base_url": graph.base_url(),
        "app_id": FakeMeta::APP_ID,
        "app_secret": FakeMeta::APP_SECRET,
        "code": graph.signs_up(WABA),
        "waba_id": WABA,
        "phone_id": NUMBER,
        "callback": callback,
        "verify_token": FakeMeta::VERIFY_TOKEN,
    });
    let told = ask(&judges, "connect_pywa.py", &given).await;
    let wanted = json!({
        "again": 100,
        "before": [NUMBER, "+15550783881", "NOT_APPLICABLE"],
        "after": "CLOUD_API",
        "override": callback,
        "app": FakeMeta::APP_ID,
    });
    assert_eq!(told, wanted);
}

/// The library makes a subaccount, and a sender that comes online.
#[tokio::test]
async fn the_library_connects_a_number_at_the_fake() {
    let Some(judges) = installed() else { return };
    let twilio = FakeTwilio::start().await.unwrap();
    twilio.add_account(ACCOUNT, TOKEN);
    let given = json!({
        "base_url": twilio.base_url(),
        "account": ACCOUNT,
        "token": TOKEN,
        "number": "+15550009999",
        "waba_id": WABA,
        "callback": CALLBACK,
        "code": FakeTwilio::VERIFICATION_CODE,
    });
    let told = ask(&judges, "connect_twilio.py", &given).await;
    let states = ["CREATING", "PENDING_VERIFICATION", "VERIFYING", "ONLINE"];
    assert_eq!(told, json!({"one": true, "states": states, "listed": true, "callback": CALLBACK}));
}
