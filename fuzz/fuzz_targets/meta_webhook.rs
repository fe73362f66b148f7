//! Any body that Meta signed: read or refused as malformed, never a panic, never taken without its signature.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_core::ports::{WebhookError, WebhookReceiver};
use chatplug_whatsapp::meta::{MetaKeyring, MetaWebhook, sign};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let webhook = MetaWebhook::new(MetaKeyring::new(common::SECRET, "verify"));
    let post = |signature: String| {
        let request = http::Request::post("/webhooks/meta/main").header("x-hub-signature-256", signature);
        webhook.receive(&request.body(Bytes::copy_from_slice(body)).expect("a request"), DateTime::UNIX_EPOCH)
    };
    match (post(sign(common::SECRET, body)), post(sign(common::SECRET, body))) {
        (Ok(first), Ok(again)) => common::check(&first, &again),
        (Err(WebhookError::Malformed(_)), Err(WebhookError::Malformed(_))) => {}
        other => panic!("{other:?}"),
    }
    assert!(matches!(post(sign("another secret", body)), Err(WebhookError::Forged)));
});
