//! The fake, spoken to by hand: as the real server was, and in ways that it was heard to refuse.

mod booking;
mod faults;
mod replay;
mod webhooks;

use chatplug_calcom::fake::FakeCalcom;
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A fake whose time stands where the real server was listened to, on a Saturday, and somebody with the owner's key.
pub(crate) async fn start() -> (FakeCalcom, Caller) {
    let fake = FakeCalcom::start().await.unwrap();
    fake.set_now("2026-11-21T02:06:00Z".parse().unwrap());
    let caller = Caller::new(&fake);
    (fake, caller)
}

/// Somebody who takes what is posted, and answers as told.
#[derive(Debug, Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<(http::HeaderMap, String)>>>,
    answer: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (got, answer) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(200)));
        let receiver = Self { url, got: Arc::clone(&got), answer: Arc::clone(&answer) };
        let handle = move |headers: http::HeaderMap, body: String| {
            got.lock().unwrap().push((headers, body));
            let answer = *answer.lock().unwrap();
            async move { http::StatusCode::from_u16(answer).unwrap() }
        };
        let router = axum::Router::new().fallback(handle);
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// What came so far.
    pub(crate) fn got(&self) -> Vec<(http::HeaderMap, String)> {
        self.got.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.got().iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect()
    }

    /// The event of each.
    pub(crate) fn told(&self) -> Vec<String> {
        self.bodies().iter().map(|body| body["triggerEvent"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn answers(&self, status: u16) {
        *self.answer.lock().unwrap() = status;
    }
}

/// Calls a fake by hand.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    said: Vec<(String, String)>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Caller {
    pub(crate) fn new(fake: &FakeCalcom) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::builder().build().unwrap(), base: fake.base_url(), said: Vec::new() }
            .saying("authorization", &format!("Bearer {}", FakeCalcom::KEY))
    }

    /// With another header.
    pub(crate) fn saying(&self, name: &str, value: &str) -> Self {
        let mut other = self.without(name);
        other.said.push((name.to_owned(), value.to_owned()));
        other
    }

    pub(crate) fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.said.retain(|(known, _)| known != name);
        other
    }

    /// Without a key.
    pub(crate) fn anonymous(&self) -> Self {
        self.without("authorization")
    }

    /// As a platform's client.
    pub(crate) fn as_platform(&self) -> Self {
        let named = self.anonymous().saying("x-cal-client-id", FakeCalcom::CLIENT_ID);
        named.saying("x-cal-secret-key", FakeCalcom::CLIENT_SECRET)
    }

    /// Through somebody who listens.
    pub(crate) fn through(&self, url: &str) -> Self {
        Self { base: url.to_owned(), ..self.clone() }
    }

    pub(crate) fn plain(&self) -> Self {
        self.without("cal-api-version")
    }

    pub(crate) fn slots(&self) -> Self {
        self.saying("cal-api-version", "2024-09-04")
    }

    pub(crate) fn bookings(&self) -> Self {
        self.saying("cal-api-version", "2024-08-13")
    }

    pub(crate) fn event_types(&self) -> Self {
        self.saying("cal-api-version", "2024-06-14")
    }

    pub(crate) fn schedules(&self) -> Self {
        self.saying("cal-api-version", "2024-06-11")
    }

    pub(crate) async fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> reqwest::Result<Answer> {
        let mut headers = self.said.clone();
        if body.is_some() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        self.send(method, &format!("/v2{path}"), &headers, body.map(Value::to_string)).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.try_call(method, path, body).await.unwrap()
    }

    /// Data of an answer that is 2xx.
    async fn data(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.call(method, path, body).await;
        assert!((200..300).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
        answer.body["data"].clone()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.data("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        self.data("POST", path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Value {
        self.data("PATCH", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Value {
        self.data("DELETE", path, None).await
    }

    /// With these headers, and this body as it is.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<String>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text })
    }
}
