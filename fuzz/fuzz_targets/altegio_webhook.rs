//! Any body at the right address: read or refused as malformed, never a panic; at another address never taken.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_altegio::{AltegioEndpoint, AltegioWebhook};
use chatplug_core::ports::{Scoped, WebhookError, WebhookReceiver};
use chrono::DateTime;
use common::ENDPOINT;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let webhook = AltegioWebhook::new(AltegioEndpoint::new(ENDPOINT).expect("an endpoint"));
    let post = |path: &str| {
        let request = http::Request::post(path).body(Bytes::copy_from_slice(body)).expect("a request");
        webhook.receive(&request, DateTime::UNIX_EPOCH)
    };
    let here = format!("/webhooks/altegio/{ENDPOINT}");
    match (post(&here), post(&here)) {
        (Ok(first), Ok(again)) => {
            common::check(&first, &again);
            for event in &first.events {
                // What becomes of it is found by these two: they hold numbers and nothing else.
                let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                assert!(digits(&event.external_id), "{:?}", event.external_id);
                if let Scoped::Booking { backend_id } = &event.event {
                    assert!(digits(backend_id) && !backend_id.is_empty(), "{backend_id:?}");
                }
            }
        }
        (Err(WebhookError::Malformed(_)), Err(WebhookError::Malformed(_))) => {}
        other => panic!("{other:?}"),
    }
    assert!(matches!(post("/webhooks/altegio/elsewhere"), Err(WebhookError::Forged)));
});
