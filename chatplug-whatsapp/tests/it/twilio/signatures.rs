//! Every signature vector of the contract, through the receiver.

use super::receiver::{ACCOUNT, URL, WEBHOOK, now};
use crate::contracts;
use bytes::Bytes;
use chatplug_core::ports::{Received, WebhookError, WebhookReceiver};
use chatplug_whatsapp::twilio::{TwilioKeyring, TwilioWebhook, json_url, sign, sign_with_shared_key};
use http::{Method, Request};
use serde_json::Value;

const TEXT: &[u8] = b"AccountSid=AC00000000000000000000000000000001&MessageSid=SM00000000000000000000000000000001\
    &To=whatsapp%3A%2B15550009999&From=whatsapp%3A%2B15551230001&Body=hi";

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn the_signature_vectors_hold() {
    let Some(vectors) = contracts::read("twilio/signature_vectors.json") else { return };
    let vectors = vectors["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 32);
    for vector in vectors {
        let name = text(vector, "name");
        let (url, token) = (text(vector, "url"), text(vector, "token"));
        let settings = vector["signature_settings_header"].as_str();
        let ring = match settings {
            Some(_) => TwilioKeyring::default().with_shared_key(ACCOUNT, "webhooks_sharedkey_0001", token),
            None => TwilioKeyring::new(ACCOUNT, token),
        };
        let parsed: http::Uri = url.parse().unwrap();
        // A proxy may have changed everything but the query.
        let target = parsed.query().map_or_else(|| "/inner".to_owned(), |query| format!("/inner?{query}"));
        let mut request = Request::builder().method(text(vector, "method")).uri(target);
        request = request.header("Host", "10.0.0.1:3000").header("X-Forwarded-Proto", "http");
        if let Some(kind) = vector["content_type"].as_str() {
            request = request.header("Content-Type", kind);
        }
        if !text(vector, "signature").is_empty() {
            request = request.header("X-Twilio-Signature", text(vector, "signature"));
        }
        if let Some(settings) = settings {
            request = request.header("X-Twilio-Webhooks-Signature-Settings", settings);
        }
        let body = Bytes::from(text(vector, "body").to_owned());
        let result = TwilioWebhook::new(ring, url).receive(&request.body(body.clone()).unwrap(), now());
        match vector["valid"].as_bool().unwrap() {
            // Some of them are no webhooks of WhatsApp's: signed all the same.
            true => assert!(matches!(result, Ok(_) | Err(WebhookError::Malformed(_))), "{name}: {result:?}"),
            false => assert!(matches!(result, Err(WebhookError::Forged)), "{name}: {result:?}"),
        }
        if vector["valid"] == true {
            let form: &[u8] = if text(vector, "kind") == "form" { &body } else { b"" };
            let signed = text(vector, "signed_url");
            let ours =
                if settings.is_some() { sign_with_shared_key(token, signed, form) } else { sign(token, signed, form) };
            assert_eq!(ours, text(vector, "signature"), "{name}");
        }
    }
}

fn post(ring: TwilioKeyring, headers: &[(&str, &str)]) -> Result<Received, WebhookError> {
    let mut request = Request::post(WEBHOOK).header("Content-Type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    TwilioWebhook::new(ring, URL).receive(&request.body(Bytes::from_static(TEXT)).unwrap(), now())
}

fn is_forged(result: Result<Received, WebhookError>) {
    assert!(matches!(result, Err(WebhookError::Forged)), "{result:?}");
}

#[test]
fn without_a_key_everything_is_refused() {
    for secret in ["", "token"] {
        let signature = sign(secret, URL, TEXT);
        is_forged(post(TwilioKeyring::default(), &[("X-Twilio-Signature", &signature)]));
        is_forged(post(TwilioKeyring::new(ACCOUNT, ""), &[("X-Twilio-Signature", &signature)]));
    }
}

#[test]
fn both_tokens_work_while_one_is_changed() {
    let ring = || TwilioKeyring::new(ACCOUNT, "old").with_auth_token(ACCOUNT, "new");
    for token in ["old", "new"] {
        assert!(post(ring(), &[("X-Twilio-Signature", &sign(token, URL, TEXT))]).is_ok());
    }
    is_forged(post(ring(), &[("X-Twilio-Signature", &sign("other", URL, TEXT))]));
}

#[test]
fn an_account_speaks_for_itself_alone() {
    let other = ACCOUNT.replace("01", "02");
    let ring = || TwilioKeyring::new(&other, "theirs").with_auth_token(ACCOUNT, "ours");
    assert!(post(ring(), &[("X-Twilio-Signature", &sign("ours", URL, TEXT))]).is_ok());
    // Rightly signed by somebody else, who says that it is of our account.
    is_forged(post(ring(), &[("X-Twilio-Signature", &sign("theirs", URL, TEXT))]));
}

#[test]
fn a_header_never_chooses_the_algorithm_of_a_key() {
    const SETTINGS: &str = "X-Twilio-Webhooks-Signature-Settings";
    let ring = || TwilioKeyring::new(ACCOUNT, "token").with_shared_key(ACCOUNT, "k1", "shared");
    let post = |signature: String, settings: Option<&str>| {
        let mut headers = vec![("X-Twilio-Signature", signature.as_str())];
        headers.extend(settings.map(|settings| (SETTINGS, settings)));
        post(ring(), &headers)
    };
    let sha256 = "key=k1,algorithm=HMAC_SHA256";
    assert!(post(sign_with_shared_key("shared", URL, TEXT), Some(sha256)).is_ok());
    assert!(post(sign("token", URL, TEXT), None).is_ok());
    is_forged(post(sign_with_shared_key("token", URL, TEXT), Some(sha256)));
    is_forged(post(sign_with_shared_key("token", URL, TEXT), Some("key=,algorithm=HMAC_SHA256")));
    is_forged(post(sign("shared", URL, TEXT), None));
    is_forged(post(sign("shared", URL, TEXT), Some("key=k1,algorithm=HMAC_SHA1")));
    is_forged(post(sign_with_shared_key("shared", URL, TEXT), Some("key=k2,algorithm=HMAC_SHA256")));
    is_forged(post(sign_with_shared_key("shared", URL, TEXT), Some("key=k1,algorithm=HMAC_SHA512")));
    is_forged(post(sign_with_shared_key("shared", URL, TEXT), None));
}

#[test]
fn json_needs_the_hash_of_its_body_as_well() {
    let webhook = TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, "token"), URL);
    let receive = |url: &str, signed: &str, body: &'static str| {
        let target = url.split_once(WEBHOOK).map(|(_, query)| format!("{WEBHOOK}{query}")).unwrap();
        let request = Request::builder()
            .method(Method::POST)
            .uri(target)
            .header("Content-Type", "application/json")
            .header("X-Twilio-Signature", sign("token", signed, b""));
        webhook.receive(&request.body(Bytes::from_static(body.as_bytes())).unwrap(), now())
    };
    let url = json_url(URL, b"{}");
    assert!(receive(&url, &url, "{}").is_ok());
    is_forged(receive(&url, &url, "[]"));
    // Signed, but with no word about the body.
    is_forged(receive(URL, URL, "{}"));
    is_forged(receive(&url, URL, "{}"));
}
