//! `chatplug doctor` and `chatplug tenant webhooks`, with the program as it is, against the fakes.

use crate::house::{House, K1, Told};
use chatplug_altegio::fake::FakeAltegio;
use chatplug_whatsapp::fake::{meta::FakeMeta, twilio::FakeTwilio};
use serde_json::Value;
use std::sync::Arc;

const ENDPOINT: &str = "9f2c8e5b7a1d4036b8e2c75a";
const NUMBER: &str = "106540352242922";
const ELSEWHERE: &str = "https://old.example.net/webhooks/altegio/7c0e5b2a9d8f4136e0b7c2d5";

/// A tenant whose branch is the fake's salon, with this as its channel's block.
fn house(altegio: &FakeAltegio, partner: &str, more: &str, channel: &str) -> Arc<House> {
    let house = House::new();
    house.configure(|text| {
        let (before, _) = text.split_once("[[meta_app]]").unwrap();
        let before = before.replace("[server]", "[server]\npublic_url = \"https://chat.example.com\"");
        let account = format!(
            "[[altegio]]\nname = \"main\"\npartner_token = \"{partner}\"\nuser_token = \"{}\"\nendpoint = \"{ENDPOINT}\"\n\
             base_url = \"{}\"\n",
            FakeAltegio::USER_TOKEN,
            altegio.base_url()
        );
        format!(
            "{before}{account}{more}[[tenant]]\nid = \"bella\"\nname = \"Bella\"\n[[tenant.branch]]\nid = \"centre\"\n\
             [tenant.branch.altegio]\nlocation = {}\n{channel}",
            FakeAltegio::SALON
        )
    });
    Arc::new(house)
}

/// Runs a command aside, so that the fakes can answer it.
async fn run(house: &Arc<House>, arguments: &[&'static str]) -> Told {
    let (house, arguments) = (house.clone(), arguments.to_vec());
    let told = tokio::task::spawn_blocking(move || house.run(K1, &arguments)).await.unwrap();
    for secret in [FakeAltegio::PARTNER_TOKEN, FakeAltegio::USER_TOKEN, ENDPOINT, "7c0e5b2a9d8f"] {
        assert!(!told.out.contains(secret) && !told.err.contains(secret), "{told:?}");
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn from_what_is_wrong_to_nothing_wrong() {
    let altegio = FakeAltegio::start().await.unwrap();
    altegio.hook(FakeAltegio::SALON, ELSEWHERE).deny("delete_records_access");
    let house = house(&altegio, FakeAltegio::PARTNER_TOKEN, "", "");
    let told = run(&house, &["doctor"]).await;
    assert_eq!(told.code, Some(1), "{told:?}");
    for line in [
        "  wrong        the user may not cancel an appointment (delete_records_access)\n",
        "  wrong        changes at the location are told elsewhere: old.example.net\n",
        "run `chatplug tenant webhooks`",
        "wrong: 2\n",
    ] {
        assert!(told.out.contains(line), "{line}: {}", told.out);
    }

    let dry = run(&house, &["tenant", "webhooks", "--dry-run"]).await;
    assert_eq!((dry.code, altegio.calls_of("POST /hooks_settings").len()), (Some(0), 0), "{dry:?}");
    assert_eq!(dry.out, "bella · centre (location 4564): not told here; other addresses: 1\n");
    let added = run(&house, &["tenant", "webhooks"]).await;
    assert_eq!(
        added.out, "bella · centre (location 4564): told here; other addresses that were kept: 1\n",
        "{added:?}"
    );
    let here = format!("https://chat.example.com/webhooks/altegio/{ENDPOINT}");
    assert_eq!(altegio.hooks(FakeAltegio::SALON), [here, ELSEWHERE.to_owned()]);
    altegio.allow();
    let told = run(&house, &["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((told.code, &report["verdict"]), (Some(0), &Value::from("note")), "{report:#}");
    let branch = report["sections"].as_array().unwrap().iter().find(|one| one["subject"] == "branch centre").unwrap();
    let codes: Vec<_> = branch["checks"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    let expected = ["altegio.location", "altegio.rights", "altegio.offers", "altegio.webhook", "altegio.webhook_too"];
    assert_eq!((codes.as_slice(), &branch["tenant"]), (expected.as_slice(), &Value::from("bella")));

    let removed = run(&house, &["tenant", "webhooks", "--remove"]).await;
    assert_eq!((removed.code, altegio.hooks(FakeAltegio::SALON)), (Some(0), vec![ELSEWHERE.to_owned()]), "{removed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_order_elsewhere_is_told_for_each_thing() {
    let (altegio, graph) = (FakeAltegio::start().await.unwrap(), FakeMeta::start().await.unwrap());
    graph.add_number(NUMBER, "351210000010", "102290129340398");
    let app = format!(
        "[[meta_app]]\nname = \"main\"\napp_id = \"{}\"\napp_secret = \"{}\"\nverify_token = \"{}\"\nbase_url = \"{}\"\n",
        FakeMeta::APP_ID,
        FakeMeta::APP_SECRET,
        FakeMeta::VERIFY_TOKEN,
        graph.base_url()
    );
    let channel = format!(
        "[[tenant.channel]]\nid = \"main\"\nprovider = \"meta\"\nphone_number_id = \"{NUMBER}\"\n\
         waba_id = \"102290129340398\"\naccess_token = \"not-the-token\"\n"
    );
    let house = house(&altegio, "another", &app, &channel);
    let told = run(&house, &["doctor", "--tenant", "bella"]).await;
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.out.contains("  wrong        Altegio does not take the partner token\n"), "{told:?}");
    assert!(told.out.contains("  wrong        the number cannot be read (code 190)\n"), "{told:?}");
    assert!(told.out.ends_with("wrong: 2\n"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_posts_elsewhere_is_named() {
    let (altegio, twilio) = (FakeAltegio::start().await.unwrap(), FakeTwilio::start().await.unwrap());
    twilio.add_account(FakeTwilio::ACCOUNT, FakeTwilio::TOKEN).add_sender(FakeTwilio::ACCOUNT, "+351210000010");
    let channel = |token: &str| {
        format!(
            "[[tenant.channel]]\nid = \"main\"\nprovider = \"twilio\"\naccount_sid = \"{}\"\nauth_token = \"{token}\"\n\
             number = \"+351210000010\"\nbase_url = \"{}\"\n",
            FakeTwilio::ACCOUNT,
            twilio.base_url()
        )
    };
    let wrong = house(&altegio, FakeAltegio::PARTNER_TOKEN, "", &channel("another"));
    let told = run(&wrong, &["doctor"]).await;
    assert!(told.out.contains("  wrong        the account cannot be read (code 20003)\n"), "{told:?}");
    let right = house(&altegio, FakeAltegio::PARTNER_TOKEN, "", &channel(FakeTwilio::TOKEN));
    let told = run(&right, &["doctor"]).await;
    assert!(told.out.contains("  ok           the credentials work, and the account is active\n"), "{told:?}");
    assert!(told.out.contains("messages are posted"), "{told:?}");
}

#[test]
fn a_store_that_cannot_be_opened_is_named_and_a_configuration_that_is_wrong_told_as_ever() {
    let house = House::new();
    house.configure(|text| text.replace("/house.sqlite", "/no/such/folder/house.sqlite"));
    let told = house.run(K1, &["doctor"]);
    assert_eq!(told.code, Some(1), "{told:?}");
    assert!(told.out.starts_with("store\n  wrong        the store sqlite:"), "{told:?}");
    house.configure(|text| text.replace("bind =", "bnid ="));
    let told = house.run(K1, &["doctor"]);
    assert_eq!(told.code, Some(2), "{told:?}");
    assert!(told.err.contains("unknown key `bnid`; did you mean `bind`?"), "{told:?}");
}
