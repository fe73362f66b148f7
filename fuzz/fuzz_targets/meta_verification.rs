//! Any query of the verification request: the challenge goes back to whoever knows the token.
#![no_main]

mod common;

use bytes::Bytes;
use chatplug_core::ports::WebhookReceiver;
use chatplug_whatsapp::meta::{MetaKeyring, MetaWebhook};
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let Ok(request) = http::Request::get(format!("/webhooks/meta/main?{query}")).body(Bytes::new()) else { return };
    let webhook = MetaWebhook::new(MetaKeyring::new(common::SECRET, "a token to verify"));
    if webhook.receive(&request, DateTime::UNIX_EPOCH).is_ok() {
        let token = ["a+token+to+verify", "a%20token%20to%20verify"];
        assert!(query.contains('%') || token.iter().any(|token| query.contains(token)), "{query}");
    }
    let strict = MetaWebhook::new(MetaKeyring::default());
    assert!(strict.receive(&request, DateTime::UNIX_EPOCH).is_err());
});
