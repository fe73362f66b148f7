//! Any JSON that Twilio's event streams signed.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_core::ports::{WebhookError, WebhookReceiver};
use chatplug_whatsapp::twilio::{TwilioKeyring, TwilioWebhook, json_url, sign};
use chrono::DateTime;
use common::{ACCOUNT, CALLBACK, SECRET};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let webhook = TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, SECRET), CALLBACK);
    let url = json_url(CALLBACK, body);
    let post = |body: &[u8]| {
        let request = http::Request::post(url.trim_start_matches("https://chat.example.com"))
            .header("x-twilio-signature", sign(SECRET, &url, b""))
            .header("content-type", "application/json");
        webhook.receive(&request.body(Bytes::copy_from_slice(body)).expect("a request"), DateTime::UNIX_EPOCH)
    };
    match (post(body), post(body)) {
        (Ok(first), Ok(again)) => common::check(&first, &again),
        (Err(WebhookError::Malformed(_)), Err(WebhookError::Malformed(_))) => {}
        other => panic!("{other:?}"),
    }
    assert!(matches!(post(&[body, b" "].concat()), Err(WebhookError::Forged)), "another body under the same address");
});
