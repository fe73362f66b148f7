//! What a [`WebhookReceiver`] promises: verified before it is read, pure, never a panic.
//!
//! Run it with [`webhook_contract!`](crate::webhook_contract). The set-up gives a [`WebhookScene`]: the receiver, bodies
//! that the provider sends, and the provider's way to sign them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

use super::salon::at;
use crate::ports::{ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
use bytes::Bytes;
use http::{Method, Request};
use std::{collections::BTreeSet, sync::Arc};

/// Expands to the whole suite of a receiver, a test per promise: `webhook_contract!(scene())`, where `scene()` gives a
/// future of a `Box<WebhookScene>`.
#[macro_export]
macro_rules! webhook_contract {
    ($setup:expr) => {
        $crate::__contract_tests! { $setup; $crate::testkit::contract::webhook:
            what_the_provider_sends_is_received
            the_same_request_is_the_same_events
            events_of_a_request_have_keys_of_their_own
            time_does_not_change_what_was_said
            a_changed_body_is_refused
            a_changed_signature_is_refused
            a_missing_signature_is_refused
            another_key_is_refused
            nonsense_that_is_signed_is_malformed_or_ignored
            nonsense_that_is_not_signed_is_not_even_read
            other_methods_are_refused
        }
    };
}

/// A receiver to test, with the provider that posts to it.
pub struct WebhookScene {
    /// The receiver under test.
    pub receiver: Box<dyn WebhookReceiver>,
    /// Bodies that the provider sends; each holds at least one event.
    pub bodies: Vec<Bytes>,
    /// A whole request with such a body, signed as the provider does.
    pub sign: Arc<dyn Fn(Bytes) -> Request<Bytes> + Send + Sync>,
    /// Headers that hold the signature; empty where the vendor signs nothing and the address is the secret.
    pub signature: Vec<http::HeaderName>,
    /// The same receiver with another key, where there is a key.
    pub stranger: Option<Box<dyn WebhookReceiver>>,
    /// The provider tells when things happened; else they are of the moment when they came.
    pub timed: bool,
}

impl WebhookScene {
    fn requests(&self) -> impl Iterator<Item = Request<Bytes>> + '_ {
        self.bodies.iter().map(|body| (self.sign)(body.clone()))
    }

    fn events(&self, request: &Request<Bytes>) -> Vec<ReceivedEvent> {
        match self.receiver.receive(request, at(0)) {
            Ok(received) => received.events,
            Err(error) => panic!("what the provider sends is refused: {error}"),
        }
    }

    fn is_forged(&self, request: &Request<Bytes>) {
        let result = self.receiver.receive(request, at(0));
        assert!(matches!(result, Err(WebhookError::Forged)), "{result:?}");
    }
}

/// Every body is answered with success and gives events that say where they belong.
pub async fn what_the_provider_sends_is_received(scene: &WebhookScene) {
    assert!(!scene.bodies.is_empty(), "a suite without a body proves nothing");
    for request in scene.requests() {
        let received = scene.receiver.receive(&request, at(0)).unwrap();
        assert!(received.answer.status().is_success(), "{:?}", received.answer);
        assert!(!received.events.is_empty());
        for event in received.events {
            assert!(!event.key.is_empty() && !event.provider.is_empty() && !event.external_id.is_empty(), "{event:?}");
        }
    }
}

/// A redelivery gives the same events under the same keys: that is how it is recognised.
pub async fn the_same_request_is_the_same_events(scene: &WebhookScene) {
    for request in scene.requests() {
        assert!(scene.events(&request) == scene.events(&request), "a receiver is pure");
    }
}

/// Two events never share a key, within a request or between different ones.
pub async fn events_of_a_request_have_keys_of_their_own(scene: &WebhookScene) {
    let bodies: BTreeSet<&Bytes> = scene.bodies.iter().collect();
    let mut seen = BTreeSet::new();
    for body in bodies {
        for event in scene.events(&(scene.sign)(body.clone())) {
            assert!(seen.insert((event.external_id, event.key.clone())), "the key {} twice", event.key);
        }
    }
}

/// A redelivery hours later says the same; where the provider tells no times, but for the time.
pub async fn time_does_not_change_what_was_said(scene: &WebhookScene) {
    for request in scene.requests() {
        let mut later = scene.receiver.receive(&request, at(3 * 3600)).unwrap().events;
        for event in later.iter_mut().filter(|_| !scene.timed) {
            let told = match &mut event.event {
                Scoped::Message(message) => &mut message.at,
                Scoped::Status(status) => &mut status.at,
                _ => continue,
            };
            assert_eq!(std::mem::replace(told, at(0)), at(3 * 3600), "of the moment when it came");
        }
        assert!(scene.events(&request) == later);
    }
}

/// One changed byte anywhere in the body, and nothing of it is read.
pub async fn a_changed_body_is_refused(scene: &WebhookScene) {
    if scene.signature.is_empty() {
        return;
    }
    for request in scene.requests() {
        let length = request.body().len();
        for place in (0..length).step_by((length / 40).max(1)) {
            let mut body = request.body().to_vec();
            body[place] ^= 1;
            let mut changed = request.clone();
            *changed.body_mut() = body.into();
            scene.is_forged(&changed);
        }
        for body in [Bytes::new(), [request.body().as_ref(), b" "].concat().into()] {
            let mut changed = request.clone();
            *changed.body_mut() = body;
            scene.is_forged(&changed);
        }
    }
}

/// A signature that is cut, longer, empty, in other letters or of other bytes is none.
pub async fn a_changed_signature_is_refused(scene: &WebhookScene) {
    let Some(request) = scene.requests().next() else { return };
    for name in &scene.signature {
        let right = request.headers().get(name).unwrap_or_else(|| panic!("{name} is not set")).as_bytes().to_vec();
        let mut wrong = vec![Vec::new(), b"0".to_vec(), right[..right.len() - 1].to_vec(), [&right[..], b"0"].concat()];
        for place in [0, right.len() / 2, right.len() - 1] {
            let mut changed = right.clone();
            changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
            wrong.push(changed);
        }
        wrong.push(vec![0xff; right.len()]);
        for value in wrong {
            let mut changed = request.clone();
            changed.headers_mut().insert(name, http::HeaderValue::from_bytes(&value).unwrap());
            scene.is_forged(&changed);
        }
    }
}

/// No signature, no reading.
pub async fn a_missing_signature_is_refused(scene: &WebhookScene) {
    if scene.signature.is_empty() {
        return;
    }
    for mut request in scene.requests() {
        for name in &scene.signature {
            request.headers_mut().remove(name);
        }
        scene.is_forged(&request);
    }
}

/// What another key signed is not ours.
pub async fn another_key_is_refused(scene: &WebhookScene) {
    let Some(stranger) = &scene.stranger else { return };
    for request in scene.requests() {
        let result = stranger.receive(&request, at(0));
        assert!(matches!(result, Err(WebhookError::Forged)), "{result:?}");
    }
}

/// Bodies that no provider sends, correctly signed: an error or nothing to do, never a panic and never a message.
pub async fn nonsense_that_is_signed_is_malformed_or_ignored(scene: &WebhookScene) {
    for body in nonsense() {
        match scene.receiver.receive(&(scene.sign)(body.clone()), at(0)) {
            Err(WebhookError::Malformed(_)) => {}
            Err(other) => panic!("signed is signed: {other:?}"),
            Ok(received) => {
                let ignored = |event: &ReceivedEvent| matches!(event.event, Scoped::Ignored { .. });
                assert!(received.events.iter().all(ignored), "{:?}", received.events);
            }
        }
    }
}

/// The same bodies without a signature are refused before anybody looks at them.
pub async fn nonsense_that_is_not_signed_is_not_even_read(scene: &WebhookScene) {
    if scene.signature.is_empty() {
        return;
    }
    for body in nonsense() {
        let mut request = (scene.sign)(body);
        for name in &scene.signature {
            request.headers_mut().remove(name);
        }
        scene.is_forged(&request);
    }
}

/// Neither GET with nothing to verify nor any other method is a delivery.
pub async fn other_methods_are_refused(scene: &WebhookScene) {
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH] {
        for mut request in scene.requests() {
            *request.method_mut() = method.clone();
            let result = scene.receiver.receive(&request, at(0));
            let refused = matches!(result, Err(WebhookError::Method | WebhookError::NotOurs | WebhookError::Forged));
            assert!(refused, "{method}: {result:?}");
        }
    }
}

fn nonsense() -> Vec<Bytes> {
    let deep = [vec![b'['; 4000], vec![b']'; 4000]].concat();
    let large = format!("{{\"x\":\"{}\"}}", "y".repeat(3 << 20));
    vec![
        Bytes::new(),
        Bytes::from_static(b"hello"),
        Bytes::from_static(b"null"),
        Bytes::from_static(b"{\"entry\":\"none\"}"),
        Bytes::from_static(b"{\"a\":1"),
        Bytes::from_static(&[0xff, 0xfe, 0x00, 0xc3, 0x28]),
        Bytes::from(deep),
        Bytes::from(large),
    ]
}
