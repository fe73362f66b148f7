//! Any header over any body: only the signature itself opens the door.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_core::ports::{WebhookError, WebhookReceiver};
use chatplug_whatsapp::meta::{MetaKeyring, MetaWebhook, sign};
use chrono::DateTime;
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (header, body) = input;
    let Ok(value) = HeaderValue::from_bytes(header) else { return };
    let webhook = MetaWebhook::new(MetaKeyring::new(common::SECRET, "verify"));
    let request = http::Request::post("/").header("x-hub-signature-256", value).body(Bytes::copy_from_slice(body));
    let received = webhook.receive(&request.expect("a request"), DateTime::UNIX_EPOCH);
    let ours = header.eq_ignore_ascii_case(sign(common::SECRET, body).as_bytes());
    // A body that is not ASCII has a second signature, over its escaped form; nobody guesses it.
    assert_eq!(!matches!(received, Err(WebhookError::Forged)), ours, "{received:?}");
});
