//! What the targets share: the keys of a business, and what holds of everything that was received.

#![allow(dead_code, reason = "no target needs all of it")]

use chatplug_core::ports::Received;

pub const SECRET: &str = "a secret of the fuzzer";
pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const CALLBACK: &str = "https://chat.example.com/webhooks/twilio/main";
pub const ENDPOINT: &str = "9f2c8e5b7a1d4036b8e2c75a";

/// Events are named and belong to a provider; the same body names them the same.
pub fn check(first: &Received, again: &Received) {
    assert_eq!(first.events, again.events);
    for event in &first.events {
        assert!(!event.key.is_empty() && event.key.len() <= 1024, "{:?}", event.key);
        assert!(matches!(event.provider, "meta" | "twilio" | "altegio" | "calcom"));
    }
}
