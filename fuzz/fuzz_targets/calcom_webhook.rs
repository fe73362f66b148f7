//! Any body, signed: read or refused as malformed, never a panic; not signed, or elsewhere, never taken.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_calcom::{CalcomEndpoint, CalcomWebhook};
use chatplug_core::ports::{Scoped, WebhookError, WebhookReceiver};
use chrono::DateTime;
use common::{ENDPOINT, SECRET};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use sha2::Sha256;
use std::fmt::Write;

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fuzz_target!(|body: &[u8]| {
    let webhook = CalcomWebhook::new(CalcomEndpoint::given("bella/centre", ENDPOINT, SECRET));
    let post = |path: &str, signature: &str| {
        let request = http::Request::post(path).header("x-cal-signature-256", signature);
        webhook.receive(&request.body(Bytes::copy_from_slice(body)).expect("a request"), DateTime::UNIX_EPOCH)
    };
    let (here, signed) = (format!("/webhooks/calcom/{ENDPOINT}"), signature(body));
    match (post(&here, &signed), post(&here, &signed)) {
        (Ok(first), Ok(again)) => {
            common::check(&first, &again);
            for event in &first.events {
                assert_eq!(event.external_id, "bella/centre");
                if let Scoped::Booking { backend_id } = &event.event {
                    // It becomes part of a path, and must not be found in what is logged.
                    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                    assert!(!backend_id.is_empty() && backend_id.bytes().all(fits), "{backend_id:?}");
                    let (_, hashed) = event.key.split_once(':').expect("a word and a hash");
                    assert!(backend_id.len() < 8 || !hashed.contains(backend_id.as_str()), "{:?}", event.key);
                }
            }
        }
        (Err(WebhookError::Malformed(_)), Err(WebhookError::Malformed(_))) => {}
        other => panic!("{other:?}"),
    }
    // What the fuzzer hands in may be its own signature with a chance of nothing.
    assert!(matches!(post(&here, "no-secret-provided"), Err(WebhookError::Forged)));
    assert!(matches!(post("/webhooks/calcom/elsewhere", &signed), Err(WebhookError::Forged)));
});
