//! Any form that Twilio signed: read or refused as malformed, and never taken under another key.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_core::ports::{WebhookError, WebhookReceiver};
use chatplug_whatsapp::twilio::{TwilioKeyring, TwilioWebhook, sign};
use chrono::DateTime;
use common::{ACCOUNT, CALLBACK, SECRET};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|rest: &[u8]| {
    let webhook = TwilioWebhook::new(TwilioKeyring::new(ACCOUNT, SECRET), CALLBACK);
    let form = [format!("AccountSid={ACCOUNT}&").as_bytes(), rest].concat();
    let post = |signature: String| {
        let request = http::Request::post("/webhooks/twilio/main")
            .header("x-twilio-signature", signature)
            .header("content-type", "application/x-www-form-urlencoded");
        webhook.receive(&request.body(Bytes::from(form.clone())).expect("a request"), DateTime::UNIX_EPOCH)
    };
    let signed = || post(sign(SECRET, CALLBACK, &form));
    match (signed(), signed()) {
        (Ok(first), Ok(again)) => common::check(&first, &again),
        (Err(WebhookError::Malformed(_)), Err(WebhookError::Malformed(_))) => {}
        // The form may name another account before ours when sorted: that one has no key here.
        (Err(WebhookError::Forged), Err(WebhookError::Forged)) => {
            assert!(
                form.windows(10).filter(|part| part.eq_ignore_ascii_case(b"AccountSid")).count() > 1
                    || rest.contains(&b'%')
            );
        }
        other => panic!("{other:?}"),
    }
    let forged = post(sign("another secret", CALLBACK, &form));
    assert!(matches!(forged, Err(WebhookError::Forged | WebhookError::Malformed(_))), "{forged:?}");
});
