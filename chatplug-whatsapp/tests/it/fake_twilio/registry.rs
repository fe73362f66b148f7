//! Accounts, keys, senders and services, registered through the API.

use super::{ACCOUNT, Api, MARIA, SENDER, desk::Desk, messages, twilio};
use crate::contracts;
use chatplug_whatsapp::fake::twilio::FakeTwilio;
use serde_json::json;

#[tokio::test]
async fn a_subaccount_has_a_token_of_its_own() {
    let (twilio, desk) = (twilio().await, Desk::open().await);
    twilio.callback(&desk.url("/hook"));
    let api = Api::of(&twilio);
    let told = api.form("/2010-04-01/Accounts.json", &[("FriendlyName", "Studio Bella")]).await;
    let (sid, token) = (told.text("/sid").to_owned(), told.text("/auth_token").to_owned());
    assert_eq!((told.status, told.text("/owner_account_sid"), told.text("/status")), (201, ACCOUNT, "active"));
    assert_ne!(token, FakeTwilio::TOKEN);
    let listed = api.get("/2010-04-01/Accounts.json?FriendlyName=Studio%20Bella").await;
    assert_eq!(listed.body["accounts"].as_array().unwrap().len(), 1);
    // Its webhooks are signed with its token.
    twilio.add_sender(&sid, "+15550007777");
    twilio.client(MARIA).at("+15550007777").says("hi").await;
    let came = desk.take().pop().unwrap();
    assert_eq!(came.get("AccountSid"), Some(sid.as_str()));
    assert!(came.is_signed(&token, &desk.url("/hook")));

    let own = Api::of(&twilio).logged_in(&sid, &token);
    let key = own.form(&format!("/2010-04-01/Accounts/{sid}/Keys.json"), &[("FriendlyName", "bot")]).await;
    let by_key = Api::of(&twilio).logged_in(key.text("/sid"), key.text("/secret"));
    assert_eq!(by_key.get(&messages(&sid)).await.status, 200);
    let keys = own.get(&format!("/2010-04-01/Accounts/{sid}/Keys.json")).await;
    assert_eq!((keys.text("/keys/0/friendly_name"), keys.body["keys"][0].get("secret")), ("bot", None));
    // A subaccount makes none, and does not close itself.
    assert_eq!(own.form("/2010-04-01/Accounts.json", &[]).await.status, 401);
    let one = format!("/2010-04-01/Accounts/{sid}.json");
    assert_eq!(own.form(&one, &[("Status", "closed")]).await.status, 422);
    assert_eq!(api.form(&one, &[("Status", "closed")]).await.text("/status"), "closed");
    assert_eq!(api.form(&one, &[("Status", "active")]).await.status, 422);
    assert_eq!(own.get(&messages(&sid)).await.code(), 20005);
}

#[tokio::test]
async fn a_sender_is_registered_step_by_step() {
    let Some(contract) = contracts::read("twilio/requests.json") else { return };
    let twilio = FakeTwilio::start().await.unwrap();
    twilio.add_account(ACCOUNT, FakeTwilio::TOKEN);
    let api = Api::of(&twilio);
    let senders = "/v2/Channels/Senders";
    let mut first = contract["sender_create"]["json"].clone();
    let waba = first["configuration"]["waba_id"].take();
    assert_eq!(api.json(senders, &first).await.status, 422, "the first one is registered in the console");
    first["configuration"]["waba_id"] = waba;
    let told = api.json(senders, &first).await;
    assert_eq!(told.status, 202);
    let sid = told.text("/sid").to_owned();
    let mut printed = contract["sender_create"]["response"]["body"].clone();
    printed["sid"] = json!(sid);
    printed["url"] = json!(format!("{}{senders}/{sid}", twilio.base_url()));
    assert_eq!(told.body, printed);
    assert_eq!(api.json(senders, &first).await.status, 422, "it is there already");

    let one = format!("{senders}/{sid}");
    let status = async || api.get(&one).await.text("/status").to_owned();
    assert_eq!(
        (status().await, status().await, status().await),
        ("CREATING".into(), "PENDING_VERIFICATION".into(), "PENDING_VERIFICATION".into())
    );
    let hello = [("From", SENDER), ("To", MARIA), ("Body", "hi")];
    assert_eq!(api.message(&hello).await.code(), 63007);
    let code = |code: &str| json!({"configuration": {"verification_code": code}});
    assert_eq!(api.json(&one, &code("000000")).await.status, 422);
    assert_eq!(api.json(&one, &code(FakeTwilio::VERIFICATION_CODE)).await.status, 202);
    assert_eq!((status().await, status().await), ("VERIFYING".into(), "ONLINE".into()));
    assert_eq!(api.message(&hello).await.status, 201);
    assert_eq!(api.get(&one).await.text("/properties/quality_rating"), "HIGH");

    let told = api.json(&one, &json!({"webhook": {"callback_url": "https://bot.example.com/b"}})).await;
    assert_eq!(
        (told.text("/webhook/callback_url"), told.text("/webhook/callback_method")),
        ("https://bot.example.com/b", "POST")
    );
    assert_eq!(api.json(&one, &json!({"webhook": {"callback": "x"}})).await.code(), 20001);
    let all = api.get(&format!("{senders}?Channel=whatsapp&PageSize=20")).await;
    assert_eq!(all.text("/senders/0/sid"), sid);
    assert_eq!((api.delete(&one).await.status, api.get(&one).await.status), (204, 404));
}

#[tokio::test]
async fn a_service_takes_senders() {
    let twilio = twilio().await;
    let api = Api::of(&twilio);
    let fields = [
        ("FriendlyName", "salon"),
        ("InboundRequestUrl", "https://bot.example.com/a"),
        ("UseInboundWebhookOnNumber", "false"),
    ];
    let told = api.form("/v1/Services", &fields).await;
    assert_eq!((told.status, told.text("/inbound_request_url")), (201, "https://bot.example.com/a"));
    let sid = told.text("/sid").to_owned();
    assert_eq!(api.form("/v1/Services", &[("InboundRequestUrl", "https://a.example")]).await.status, 422);
    let one = format!("/v1/Services/{sid}");
    let told = api.form(&one, &[("StatusCallback", "https://bot.example.com/s")]).await;
    assert_eq!((told.text("/status_callback"), told.text("/friendly_name")), ("https://bot.example.com/s", "salon"));
    assert_eq!(api.get("/v1/Services").await.text("/services/0/sid"), sid);

    let sender = api.get("/v2/Channels/Senders?Channel=whatsapp").await.text("/senders/0/sid").to_owned();
    let members = format!("{one}/ChannelSenders");
    let told = api.form(&members, &[("Sid", &sender)]).await;
    assert_eq!((told.status, told.text("/sender")), (201, SENDER));
    assert_eq!(api.form(&members, &[("Sid", &sender)]).await.status, 409);
    assert_eq!(api.get(&members).await.text("/senders/0/sid"), sender);
    let by_service = [("MessagingServiceSid", sid.as_str()), ("To", MARIA), ("Body", "hi")];
    assert_eq!(api.message(&by_service).await.status, 201);
    let member = format!("{members}/{sender}");
    assert_eq!(
        (api.get(&member).await.status, api.delete(&member).await.status, api.get(&member).await.status),
        (200, 204, 404)
    );
    assert_eq!(api.message(&by_service).await.code(), 21704);
    assert_eq!((api.delete(&one).await.status, api.get(&one).await.status), (204, 404));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let twilio = twilio().await;
    let api = Api::of(&twilio);
    for path in ["/", "/2010-04-01", "/v1/Nothing", "/2010-04-01/Accounts/AC1.json", "/v2/Channels/Senders/XE1"] {
        let told = api.get(path).await;
        assert_eq!((told.status, told.code()), (404, 20404), "{path}");
    }
}
