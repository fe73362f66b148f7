//! Any header over any address and form: only the signature itself opens the door.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_core::ports::{WebhookError, WebhookReceiver};
use chatplug_whatsapp::twilio::{TwilioKeyring, TwilioWebhook, sign};
use chrono::DateTime;
use common::{ACCOUNT, CALLBACK, SECRET};
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8], &str, &[u8])| {
    let (header, settings, query, rest) = input;
    let (Ok(header), Ok(settings)) = (HeaderValue::from_bytes(header), HeaderValue::from_bytes(settings)) else {
        return;
    };
    let form = [format!("AccountSid={ACCOUNT}&").as_bytes(), rest].concat();
    let mut request = http::Request::post(format!("/webhooks/twilio/main?{query}"))
        .header("x-twilio-signature", &header)
        .header("content-type", "application/x-www-form-urlencoded");
    if !settings.is_empty() {
        request = request.header("x-twilio-webhooks-signature-settings", settings);
    }
    let Ok(request) = request.body(Bytes::from(form.clone())) else { return };
    let webhook = TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, SECRET), CALLBACK);
    let received = webhook.receive(&request, DateTime::UNIX_EPOCH);
    let query = request.uri().query().unwrap_or_default();
    let ours = ["", ":443"].map(|port| {
        let url = CALLBACK.replace(".com/", &format!(".com{port}/"));
        sign(SECRET, &format!("{url}?{query}"), &form)
    });
    if received.is_ok() {
        assert!(ours.iter().any(|ours| header.as_bytes() == ours.as_bytes()), "{header:?} opens the door");
    } else if ours.iter().any(|ours| header.as_bytes() == ours.as_bytes()) {
        assert!(!matches!(received, Err(WebhookError::Method)), "{received:?}");
    }
});
