//! What the tests share: a number on a fake Graph, a messenger for it, and a server that takes webhooks.

use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse};
use bytes::Bytes;
use chatplug_core::{
    model::{Address, ChannelUser, DeliveryKey, Outbound},
    ports::{Messenger, ReceivedEvent, SendError, Sent, SystemClock, WebhookReceiver},
};
use chatplug_whatsapp::{
    fake::meta::{FakeClient, FakeMeta},
    meta::{MetaMessenger, MetaWebhook, http_client},
};
use chrono::DateTime;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::task::JoinHandle;

pub(crate) const NUMBER: &str = "106540352242922";
pub(crate) const OTHER_NUMBER: &str = "206540352242923";
pub(crate) const ACCOUNT: &str = "102290129340398";
pub(crate) const OTHER_ACCOUNT: &str = "202290129340399";

/// A fake with two numbers of two accounts on one app.
pub(crate) async fn graph() -> FakeMeta {
    let graph = FakeMeta::start().await.unwrap();
    graph.add_number(NUMBER, "15550783881", ACCOUNT).add_number(OTHER_NUMBER, "15550783999", OTHER_ACCOUNT);
    graph
}

/// A client whose window is open.
pub(crate) fn maria(graph: &FakeMeta) -> FakeClient {
    let maria = graph.client("16505551234").named("Maria");
    maria.opens_window();
    maria
}

pub(crate) fn messenger(graph: &FakeMeta) -> MetaMessenger {
    MetaMessenger::new(graph.config(NUMBER), http_client().unwrap(), Arc::new(SystemClock)).unwrap()
}

pub(crate) fn phone(digits: &str) -> Address {
    Address { user: ChannelUser { phone: Some(digits.parse().unwrap()), user_id: None } }
}

pub(crate) fn key(name: &str) -> DeliveryKey {
    DeliveryKey::derive(&[name])
}

pub(crate) fn text(body: &str) -> Outbound {
    Outbound::Text { body: body.into() }
}

/// Sends one text to Maria.
pub(crate) async fn send_text(messenger: &MetaMessenger, body: &str) -> Result<Sent, SendError> {
    messenger.send(&phone("16505551234"), &text(body), key(body)).await
}

/// A server at the other end of the webhooks: reads them with the real receiver and answers as told.
#[derive(Debug, Clone)]
pub(crate) struct Business {
    pub(crate) events: Arc<Mutex<Vec<ReceivedEvent>>>,
    /// Statuses for the next webhooks; when there is none, what the receiver says.
    pub(crate) answers: Arc<Mutex<VecDeque<u16>>>,
    _server: Arc<Stop>,
}

#[derive(Debug)]
struct Stop(JoinHandle<()>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Business {
    /// Starts it and sets it as the fake's callback.
    pub(crate) async fn behind(graph: &FakeMeta) -> Self {
        let webhook = Arc::new(MetaWebhook::new(graph.keyring()));
        let events = Arc::new(Mutex::new(Vec::new()));
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let (kept, scripted) = (Arc::clone(&events), Arc::clone(&answers));
        let handle = move |request: Request| {
            let (webhook, kept, scripted) = (Arc::clone(&webhook), Arc::clone(&kept), Arc::clone(&scripted));
            async move {
                let (parts, body) = request.into_parts();
                let body: Bytes = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
                let scripted: Option<u16> = scripted.lock().unwrap().pop_front();
                if let Some(status) = scripted {
                    return http::StatusCode::from_u16(status).unwrap().into_response();
                }
                match webhook.receive(&http::Request::from_parts(parts, body), DateTime::UNIX_EPOCH) {
                    Ok(received) => {
                        kept.lock().unwrap().extend(received.events);
                        received.answer.map(axum::body::Body::from)
                    }
                    Err(error) => error.status().into_response(),
                }
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        graph.callback(&format!("http://{}/webhooks/meta/main", listener.local_addr().unwrap()));
        let router = Router::new().fallback(handle);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { events, answers, _server: Arc::new(Stop(server)) }
    }

    pub(crate) fn events(&self) -> Vec<ReceivedEvent> {
        self.events.lock().unwrap().clone()
    }

    /// Keys of the events in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.events().into_iter().map(|event| event.key).collect()
    }
}
