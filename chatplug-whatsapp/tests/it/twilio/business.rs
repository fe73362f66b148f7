//! What the tests share: a fake Twilio with a sender, messengers for it, a judge between them, and a server that takes
//! webhooks.

use crate::fake_twilio::{Body, openapi};
use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse};
use bytes::Bytes;
use chatplug_core::{
    model::{Address, Button, ChannelUser, DeliveryKey, ListRow, ListSection, Outbound},
    ports::{Messenger, ReceivedEvent, SendError, Sent, SystemClock, WebhookReceiver},
};
use chatplug_whatsapp::{
    fake::twilio::{FakeClient, FakeTwilio},
    twilio::{TwilioConfig, TwilioKeyring, TwilioMessenger, TwilioWebhook, http_client},
};
use chrono::DateTime;
use serde_json::Value;
use std::sync::{Arc, Mutex};

pub(crate) const ACCOUNT: &str = FakeTwilio::ACCOUNT;
pub(crate) const TOKEN: &str = FakeTwilio::TOKEN;
pub(crate) const SENDER: &str = "+15550009999";
pub(crate) const SERVICE: &str = "MG00000000000000000000000000000001";

/// A fake with one sender.
pub(crate) async fn twilio() -> FakeTwilio {
    let twilio = FakeTwilio::start().await.unwrap();
    twilio.add_account(ACCOUNT, TOKEN).add_sender(ACCOUNT, SENDER);
    twilio
}

/// A client whose window is open.
pub(crate) fn maria(twilio: &FakeTwilio) -> FakeClient {
    let maria = twilio.client("+15551230001").named("Maria");
    maria.opens_window();
    maria
}

pub(crate) fn config(base_url: &str) -> TwilioConfig {
    TwilioConfig::new(ACCOUNT, TOKEN, SENDER).with_base_url(base_url)
}

pub(crate) fn messenger_with(config: TwilioConfig) -> TwilioMessenger {
    TwilioMessenger::new(config, http_client().unwrap(), Arc::new(SystemClock)).unwrap()
}

/// A messenger that speaks with the fake directly.
pub(crate) fn messenger(twilio: &FakeTwilio) -> TwilioMessenger {
    messenger_with(config(&twilio.base_url()))
}

/// A messenger whose every call, with its answer, is held against Twilio's official descriptions.
pub(crate) async fn judged(twilio: &FakeTwilio) -> TwilioMessenger {
    let callback = "https://bot.example.com/webhooks/twilio/main";
    messenger_with(config(&judge(twilio).await).with_status_callback(callback))
}

/// Starts a judge in front of a fake, and answers where it is.
pub(crate) async fn judge(twilio: &FakeTwilio) -> String {
    // As long as the judge sits, the fake runs.
    let (twilio, http) = (twilio.clone(), http_client().unwrap());
    let handle = move |request: Request| {
        let (real, http) = (twilio.base_url(), http.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body: Bytes = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
            let path = parts.uri.path_and_query().unwrap().to_string();
            let mut onward = http.request(parts.method.clone(), format!("{real}{path}")).body(body.clone());
            for name in ["authorization", "content-type"] {
                onward = parts.headers.get(name).into_iter().fold(onward, |onward, value| onward.header(name, value));
            }
            let answer = onward.send().await.unwrap();
            let status = answer.status();
            let headers = answer.headers().clone();
            let told = answer.bytes().await.unwrap();
            let form: Vec<_> = form_urlencoded::parse(&body).into_owned().collect();
            let pairs: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let json: Value = serde_json::from_slice(&body).unwrap_or_default();
            let posted = match parts.headers.get("content-type").map(|kind| kind.as_bytes()) {
                Some(b"application/json") => Body::Json(&json),
                Some(_) => Body::Form(&pairs),
                None => Body::None,
            };
            // A file's own address is in no description.
            if !status.is_redirection() {
                let told = serde_json::from_slice(&told).unwrap_or_default();
                openapi::check(&parts.method, &path, &posted, status.as_u16(), &told);
            }
            (status, headers, told).into_response()
        }
    };
    serve(Router::new().fallback(handle)).await
}

pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    base
}

/// A server at the other end of the webhooks, which reads them with the real receiver.
#[derive(Debug, Clone)]
pub(crate) struct Business {
    events: Arc<Mutex<Vec<ReceivedEvent>>>,
    /// The address of its webhook.
    pub(crate) url: String,
}

impl Business {
    /// Starts it with a keyring, and sets it as the fake's callback and sink.
    pub(crate) async fn behind(twilio: &FakeTwilio, keys: TwilioKeyring) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (kept, told) = (events.clone(), Arc::new(Mutex::new(String::new())));
        let url_of = told.clone();
        let handle = move |request: Request| {
            let webhook = TwilioWebhook::new(keys.clone(), &url_of.lock().unwrap());
            let kept = kept.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body: Bytes = to_bytes(body, 4 * 1024 * 1024).await.unwrap();
                match webhook.receive(&http::Request::from_parts(parts, body), DateTime::UNIX_EPOCH) {
                    Ok(received) => {
                        kept.lock().unwrap().extend(received.events);
                        received.answer.map(axum::body::Body::from)
                    }
                    Err(error) => error.status().into_response(),
                }
            }
        };
        let url = format!("{}/webhooks/twilio/main", serve(Router::new().fallback(handle)).await);
        told.lock().unwrap().clone_from(&url);
        twilio.callback(&url).event_sink(&url);
        Self { events, url }
    }

    /// With the account's own token.
    pub(crate) async fn of(twilio: &FakeTwilio) -> Self {
        Self::behind(twilio, TwilioKeyring::new(ACCOUNT, TOKEN)).await
    }

    pub(crate) fn events(&self) -> Vec<ReceivedEvent> {
        self.events.lock().unwrap().clone()
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.events().into_iter().map(|event| event.key).collect()
    }
}

pub(crate) fn phone(digits: &str) -> Address {
    Address { user: ChannelUser { phone: Some(digits.parse().unwrap()), user_id: None } }
}

pub(crate) fn to_maria() -> Address {
    phone("15551230001")
}

pub(crate) fn key(name: &str) -> DeliveryKey {
    DeliveryKey::derive(&[name])
}

pub(crate) fn text(body: &str) -> Outbound {
    Outbound::Text { body: body.into() }
}

pub(crate) fn buttons(body: &str, labels: &[&str]) -> Outbound {
    let button = |label: &&str| Button { id: format!("v1:{label}"), title: (*label).into() };
    Outbound::Buttons { body: body.into(), buttons: labels.iter().map(button).collect() }
}

pub(crate) fn row(title: &str, description: Option<&str>) -> ListRow {
    ListRow { id: format!("v1:{title}"), title: title.into(), description: description.map(Into::into) }
}

pub(crate) fn list(sections: &[(Option<&str>, &[ListRow])]) -> Outbound {
    let section =
        |(title, rows): &(Option<&str>, &[ListRow])| ListSection { title: title.map(Into::into), rows: rows.to_vec() };
    let sections = sections.iter().map(section).collect();
    Outbound::List { body: "Which time suits you?".into(), open: "See times".into(), sections }
}

/// Sends a message to Maria under a key made of its text.
pub(crate) async fn send(messenger: &TwilioMessenger, message: &Outbound) -> Result<Sent, SendError> {
    messenger.send(&to_maria(), message, key(&format!("{message:?}"))).await
}

pub(crate) async fn send_text(messenger: &TwilioMessenger, body: &str) -> Result<Sent, SendError> {
    send(messenger, &text(body)).await
}
