//! The fake, spoken to as its documentation says and in no other way.

mod booking;
mod catalog;
mod faults;
mod marketplace;
mod online;
mod records;
mod webhooks;

use chatplug_altegio::fake::{FakeAltegio, WebhookPlan};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// Monday, 2 March 2026, 08:00 in Lisbon.
pub(crate) fn monday() -> DateTime<Utc> {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

/// A fake whose time stands on that Monday, and somebody with both tokens.
pub(crate) async fn start() -> (FakeAltegio, Caller) {
    let fake = FakeAltegio::start().await.unwrap();
    fake.set_now(monday()).webhooks(WebhookPlan::calm());
    let caller = Caller::new(&fake);
    (fake, caller)
}

/// Calls a fake by hand.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    authorization: String,
    accept: &'static str,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Caller {
    pub(crate) fn new(fake: &FakeAltegio) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: reqwest::Client::builder().build().unwrap(),
            base: fake.base_url(),
            authorization: format!("Bearer {}, User {}", FakeAltegio::PARTNER_TOKEN, FakeAltegio::USER_TOKEN),
            accept: "application/vnd.api.v2+json",
        }
    }

    /// With another header.
    pub(crate) fn saying(&self, authorization: &str) -> Self {
        Self { authorization: authorization.to_owned(), ..self.clone() }
    }

    /// With the partner's token alone.
    pub(crate) fn partner(&self) -> Self {
        self.saying(&format!("Bearer {}", FakeAltegio::PARTNER_TOKEN))
    }

    /// Through somebody who listens.
    pub(crate) fn through(&self, url: &str) -> Self {
        Self { base: format!("{url}/api/v1"), ..self.clone() }
    }

    /// At the marketplace's host.
    pub(crate) fn at_marketplace(&self, fake: &FakeAltegio) -> Self {
        Self { base: fake.marketplace_url(), ..self.partner() }
    }

    pub(crate) fn accepting(&self, accept: &'static str) -> Self {
        Self { accept, ..self.clone() }
    }

    pub(crate) async fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .header("accept", self.accept)
            .header("authorization", &self.authorization)
            // The platform's description wants it even where there is no body.
            .header("content-type", "application/json");
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or_default(), text })
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.try_call(method, path, body).await.unwrap()
    }

    /// Data of an answer that is 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body["data"].clone()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call("PUT", path, Some(body)).await
    }
}

/// The one thing in a list of one, or the thing itself.
pub(crate) fn one(data: &Value) -> Value {
    data.as_array().map_or_else(|| data.clone(), |list| list[0].clone())
}

/// Somebody who takes what is posted, and answers as told.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<(String, Value)>>>,
    answer: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?k=secret", listener.local_addr().unwrap());
        let (got, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(200)));
        let receiver = Self { url, got: Arc::clone(&got), answer: Arc::clone(&answer) };
        let handle = move |headers: http::HeaderMap, body: String| {
            let bearer = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
            got.lock().unwrap().push((bearer.unwrap_or_default(), serde_json::from_str(&body).unwrap()));
            let answer = *answer.lock().unwrap();
            async move { http::StatusCode::from_u16(answer).unwrap() }
        };
        let router = axum::Router::new().fallback(handle);
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// What came so far.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.got.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// The `Authorization` of each.
    pub(crate) fn bearers(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(bearer, _)| bearer.clone()).collect()
    }

    /// Resource, id and status of each.
    pub(crate) fn told(&self) -> Vec<String> {
        let line = |body: Value| format!("{} {}", body["resource"].as_str().unwrap(), body["status"].as_str().unwrap());
        self.bodies().into_iter().map(line).collect()
    }

    pub(crate) fn answers(&self, status: u16) {
        *self.answer.lock().unwrap() = status;
    }
}
