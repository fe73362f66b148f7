//! The fake of Twilio, driven over HTTP by hand: what it refuses and answers is held against Twilio's official
//! descriptions, and what it posts against the contract's webhooks. The adapter has no part in it.

mod content;
mod desk;
mod faults;
mod files;
pub(crate) mod openapi;
mod people;
mod registry;
mod sending;
mod statuses;
mod vectors;

use chatplug_whatsapp::fake::twilio::{FakeClient, FakeTwilio};
use chrono::{DateTime, Utc};
use http::Method;
use serde_json::Value;

pub(crate) const ACCOUNT: &str = FakeTwilio::ACCOUNT;
pub(crate) const TOKEN: &str = FakeTwilio::TOKEN;
const OTHER: &str = "AC00000000000000000000000000000002";
const OTHER_TOKEN: &str = "fedcba9876543210fedcba9876543210";
const SERVICE: &str = "MG00000000000000000000000000000001";
const SENDER: &str = "whatsapp:+15550009999";
const MARIA: &str = "whatsapp:+15551230001";

/// A fake with one account that has one sender, at a time that stands still.
async fn twilio() -> FakeTwilio {
    let twilio = FakeTwilio::start().await.unwrap();
    twilio.add_account(ACCOUNT, TOKEN).add_sender(ACCOUNT, SENDER).set_now(noon());
    twilio
}

/// A client whose window is open.
fn maria(twilio: &FakeTwilio) -> FakeClient {
    let maria = twilio.client(MARIA).named("Ana Ivanova");
    maria.opens_window();
    maria
}

fn noon() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

/// Calls the fake as a program would, and holds each call and each answer against the official descriptions.
struct Api {
    http: reqwest::Client,
    base_url: String,
    user: String,
    password: String,
}

/// What was answered.
#[derive(Debug)]
struct Told {
    status: u16,
    body: Value,
}

impl Told {
    /// The code of a refusal.
    fn code(&self) -> i64 {
        self.body["code"].as_i64().unwrap_or_default()
    }

    fn text(&self, path: &str) -> &str {
        self.body.pointer(path).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Api {
    fn of(twilio: &FakeTwilio) -> Self {
        let _ = chatplug_whatsapp::meta::http_client();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, base_url: twilio.base_url(), user: ACCOUNT.into(), password: TOKEN.into() }
    }

    fn logged_in(mut self, user: &str, password: &str) -> Self {
        (self.user, self.password) = (user.to_owned(), password.to_owned());
        self
    }

    async fn get(&self, path: &str) -> Told {
        self.ask(Method::GET, path, Body::None).await
    }

    async fn delete(&self, path: &str) -> Told {
        self.ask(Method::DELETE, path, Body::None).await
    }

    async fn form(&self, path: &str, form: &[(&str, &str)]) -> Told {
        self.ask(Method::POST, path, Body::Form(form)).await
    }

    async fn json(&self, path: &str, json: &Value) -> Told {
        self.ask(Method::POST, path, Body::Json(json)).await
    }

    async fn put(&self, path: &str, json: &Value) -> Told {
        self.ask(Method::PUT, path, Body::Json(json)).await
    }

    /// Posts a message from the sender to Maria.
    async fn send(&self, form: &[(&str, &str)]) -> Told {
        let form = [&[("From", SENDER), ("To", MARIA)], form].concat();
        self.message(&form).await
    }

    /// Posts a message.
    async fn message(&self, form: &[(&str, &str)]) -> Told {
        self.form(&messages(ACCOUNT), form).await
    }

    async fn ask(&self, method: Method, path: &str, body: Body<'_>) -> Told {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base_url) };
        let mut request = self.http.request(method.clone(), &url).basic_auth(&self.user, Some(&self.password));
        request = match body {
            Body::None => request,
            Body::Form(form) => request.form(form),
            Body::Json(json) => request.json(json),
        };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let told = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        let path = url.strip_prefix(&self.base_url).unwrap();
        openapi::check(&method, path, &body, status, &told);
        Told { status, body: told }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Body<'a> {
    None,
    Form(&'a [(&'a str, &'a str)]),
    Json(&'a Value),
}

fn messages(account: &str) -> String {
    format!("/2010-04-01/Accounts/{account}/Messages.json")
}
