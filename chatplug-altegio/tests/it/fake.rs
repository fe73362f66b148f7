//! The fake, spoken to as its documentation says and in no other way.

mod booking;

use chatplug_altegio::fake::{FakeAltegio, WebhookPlan};
use chrono::{DateTime, Utc};
use serde_json::Value;

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

    pub(crate) fn accepting(&self, accept: &'static str) -> Self {
        Self { accept, ..self.clone() }
    }

    pub(crate) async fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .header("accept", self.accept)
            .header("authorization", &self.authorization);
        if let Some(body) = body {
            request = request.json(body);
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
