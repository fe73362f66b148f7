//! What the page asks of the server. JSON; a `client` is a phone number in digits.
//!
//! | | |
//! |---|---|
//! | `GET /demo` | the page |
//! | `GET /demo/api/info` | `{ salon, zone, clients: [{ client, name, lang }] }` |
//! | `GET /demo/api/events?client=` | a stream of events: `start`, then an `item` for each bubble, `live`, then `item` (new or changed), `typing { on }`, `changed` (read `state` and `day` again) |
//! | `POST /demo/api/act` | `{ client, name, kind, … }`: `text { text, quoted? }`, `tap { on: button\|row\|template, id, title, quoted }`, `location`, `media { media: image\|voice\|sticker }`, `reaction { target, emoji }`; answers `{ id, status }` with the status that the webhook got |
//! | `POST /demo/api/seen` | `{ client, delivered: [id], read: [id] }`: what the phone has and showed |
//! | `GET /demo/api/day?date=` | staff with their hours and appointments of a day |
//! | `POST /demo/api/desk` | `{ entry, do: later\|cancel }`: the team changes an appointment; only where bookings are kept elsewhere |
//! | `GET /demo/api/state?client=` | where the conversation stands, and its last turns |
//! | `POST /demo/api/operator` | `{ client, do: take_over\|say\|hand_back, text? }` |
//!
//! Bodies must be declared as JSON, which a page of another origin cannot send unasked.

use super::{
    Desk, Simulator, day,
    hub::{Item, News},
    meta::Act,
    page, state,
};
use crate::http::Webhooks;
use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post},
};
use chatplug_core::{
    dialogue::Operator,
    engine::{Engine, EngineError},
    model::{ChannelUser, Phone, Private},
    ports::{CalendarError, CalendarStore, ConversationView, LogEntry, StoreError, TenantStore},
};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::VecDeque, convert::Infallible, sync::Arc};
use tokio::sync::{broadcast, watch};
use uuid::Uuid;

/// Bubbles that are recalled from the store.
const RECALLED: usize = 200;
/// Longest name of a profile.
const LONGEST_NAME: usize = 60;

/// Made-up clients, one a language: numbers from ranges that belong to nobody where a country keeps one.
const CLIENTS: [(&str, &str, &str); 5] = [
    ("5511990000101", "Maria Silva", "pt"),
    ("447700900101", "Emma Clark", "en"),
    ("34600000101", "Lucía Fernández", "es"),
    ("33639980101", "Camille Martin", "fr"),
    ("79160000101", "Анна Иванова", "ru"),
];

/// What the handlers need.
#[derive(Debug, Clone)]
pub(super) struct Api {
    pub(super) simulator: Arc<Simulator>,
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) calendars: Arc<dyn CalendarStore>,
    pub(super) stop: watch::Receiver<bool>,
}

pub(super) fn router(api: Api) -> Router {
    Router::new()
        .route("/demo", get(page::page))
        .route("/demo/api/info", get(info))
        .route("/demo/api/events", get(events))
        .route("/demo/api/act", post(act))
        .route("/demo/api/seen", post(seen))
        .route("/demo/api/day", get(read_day))
        .route("/demo/api/desk", post(at_desk))
        .route("/demo/api/state", get(read_state))
        .route("/demo/api/operator", post(operator))
        .with_state(api)
}

/// Why a question of the page is not answered.
#[derive(Debug)]
pub(super) enum ApiError {
    /// The question is wrong.
    Wrong(&'static str),
    /// There is nothing of that kind.
    Missing(&'static str),
    /// The store or the calendar does not answer.
    Down,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Wrong(what) => (StatusCode::BAD_REQUEST, what),
            Self::Missing(what) => (StatusCode::NOT_FOUND, what),
            Self::Down => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"),
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the simulator's page could not be answered");
        Self::Down
    }
}

impl From<CalendarError> for ApiError {
    fn from(error: CalendarError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the simulator's page could not be answered");
        Self::Down
    }
}

impl Api {
    pub(super) fn engine(&self) -> &Engine {
        self.webhooks.engine()
    }

    pub(super) fn store(&self) -> Arc<dyn TenantStore> {
        self.engine().store().tenant(&self.simulator.stage.tenant)
    }

    async fn conversation(&self, client: &Client) -> Result<Option<ConversationView>, ApiError> {
        let user = ChannelUser { phone: Some(client.0.clone()), user_id: None };
        Ok(self.store().conversation_of(&self.simulator.stage.channel, &user).await?)
    }

    /// Puts what the store remembers onto a phone that is looked at for the first time in this run.
    async fn recall(&self, client: &Client) -> Result<(), ApiError> {
        if self.simulator.hub.phone(client.digits(), |phone| phone.recalled) {
            return Ok(());
        }
        let items = match self.conversation(client).await? {
            Some(view) => self.store().messages(view.id, RECALLED).await?.iter().filter_map(remembered).collect(),
            None => Vec::new(),
        };
        self.simulator.hub.recall(client.digits(), items);
        Ok(())
    }
}

/// A client's phone number.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Client(Phone);

impl Client {
    pub(super) fn digits(&self) -> &str {
        self.0.digits()
    }
}

#[derive(Debug, Deserialize)]
struct OfClient {
    client: Client,
}

#[derive(Debug, Serialize)]
struct KnownClient {
    client: String,
    name: String,
    lang: Option<String>,
}

async fn info(State(api): State<Api>) -> Result<Json<Value>, ApiError> {
    let known = |(client, name, lang): (&str, &str, &str)| KnownClient {
        client: client.to_owned(),
        name: name.to_owned(),
        lang: Some(lang.to_owned()),
    };
    let mut clients: Vec<KnownClient> = CLIENTS.into_iter().map(known).collect();
    let mut add = |client: String, name: Option<String>| {
        if !clients.iter().any(|known| known.client == client) {
            let name = name.unwrap_or_else(|| format!("+{client}"));
            clients.push(KnownClient { client, name, lang: None });
        }
    };
    for view in api.store().conversations(50).await? {
        if let Some(phone) = &view.contact.user.phone {
            add(phone.digits().to_owned(), view.contact.name.map(Private::into_inner));
        }
    }
    for (client, name) in api.simulator.hub.numbers() {
        add(client, name);
    }
    let stage = &api.simulator.stage;
    let zone = stage.branches.first().map_or(chrono_tz::UTC, |(_, plan)| plan.zone());
    Ok(Json(json!({
        "salon": stage.name, "zone": zone.name(), "clients": clients, "desk": stage.desk.as_ref().map(Desk::system)
    })))
}

#[derive(Debug, Deserialize)]
struct ActBody {
    client: Client,
    #[serde(default)]
    name: String,
    #[serde(flatten)]
    act: Act,
}

async fn act(State(api): State<Api>, Json(body): Json<ActBody>) -> Result<Json<Value>, ApiError> {
    let ActBody { client, name, act } = body;
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    let name = if name.is_empty() { client.0.e164() } else { name };
    api.recall(&client).await?;
    let acted = api.simulator.act(&api.webhooks, &client.0, &name, &act).await;
    let (id, status) = acted.map_err(|_| ApiError::Wrong("no id could be made"))?;
    Ok(Json(json!({ "id": id.as_str(), "status": status.as_u16() })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenBody {
    client: Client,
    #[serde(default)]
    delivered: Vec<String>,
    #[serde(default)]
    read: Vec<String>,
}

async fn seen(State(api): State<Api>, Json(body): Json<SeenBody>) -> StatusCode {
    let number = body.client.digits();
    let ours = api.simulator.hub.phone(number, |phone| {
        let ours = phone.items.iter().filter(|item| !item.mine && !item.old);
        ours.map(|item| item.id.clone()).collect::<Vec<_>>()
    });
    let stage = |ids: &'_ [String], stage: &'static str| {
        let known = ids.iter().filter(|id| ours.contains(id));
        known.map(|id| (id.clone(), stage)).collect::<Vec<_>>()
    };
    let stages = [stage(&body.delivered, "delivered"), stage(&body.read, "read")].concat();
    if !stages.is_empty() {
        let stages: Vec<(&str, &str)> = stages.iter().map(|(id, stage)| (id.as_str(), *stage)).collect();
        api.simulator.tell(&api.webhooks, number, &stages).await;
    }
    StatusCode::NO_CONTENT
}

#[derive(Debug, Deserialize)]
struct OfDay {
    date: chrono::NaiveDate,
}

async fn read_day(State(api): State<Api>, Query(of): Query<OfDay>) -> Result<Json<day::Day>, ApiError> {
    Ok(Json(day::read(&api, of.date).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeskBody {
    entry: String,
    r#do: DeskAct,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeskAct {
    Later,
    Cancel,
}

async fn at_desk(State(api): State<Api>, Json(body): Json<DeskBody>) -> Result<StatusCode, ApiError> {
    let stage = &api.simulator.stage;
    let (Some(desk), Some((_, plan))) = (&stage.desk, stage.branches.first()) else {
        return Err(ApiError::Missing("there is no desk: the bookings are kept here"));
    };
    let done = match body.r#do {
        DeskAct::Later => desk.later(&body.entry, plan),
        DeskAct::Cancel => desk.cancel(&body.entry),
    };
    api.simulator.hub.changed();
    if done { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::Missing("no such appointment, or no time for it")) }
}

async fn read_state(State(api): State<Api>, Query(of): Query<OfClient>) -> Result<Json<Value>, ApiError> {
    let view = api.conversation(&of.client).await?;
    Ok(Json(state::read(&api, &of.client, view).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorBody {
    client: Client,
    r#do: OperatorAct,
    #[serde(default)]
    text: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OperatorAct {
    TakeOver,
    Say,
    HandBack,
}

async fn operator(State(api): State<Api>, Json(body): Json<OperatorBody>) -> Result<StatusCode, ApiError> {
    let view = api.conversation(&body.client).await?.ok_or(ApiError::Missing("no conversation with this client"))?;
    let operator = match (body.r#do, body.text) {
        (OperatorAct::TakeOver, _) => Operator::TakeOver,
        (OperatorAct::HandBack, _) => Operator::HandBack,
        (OperatorAct::Say, Some(text)) if !text.trim().is_empty() => {
            api.simulator.hub.expect_person(body.client.digits(), &text);
            Operator::Say { text: Private::new(text) }
        }
        (OperatorAct::Say, _) => return Err(ApiError::Wrong("nothing to say")),
    };
    let key = Uuid::now_v7().simple().to_string();
    match api.engine().operate(&api.simulator.stage.tenant, view.id, &key, "demo", operator).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(EngineError::NoConversation) => Err(ApiError::Missing("no conversation with this client")),
        Err(EngineError::Store(error)) => Err(error.into()),
        Err(_) => Err(ApiError::Down),
    }
}

/// A line of the store's log as a bubble. Choices are not in the log: they stay with the run that showed them.
fn remembered(entry: &LogEntry) -> Option<Item> {
    let id = match (&entry.message, &entry.key) {
        (Some(id), _) => id.as_str().to_owned(),
        (None, Some(key)) => key.to_string(),
        (None, None) => return None,
    };
    if !entry.inbound && matches!(entry.status.as_str(), "queued" | "sending" | "dead" | "withdrawn") {
        return None;
    }
    let status = entry.inbound.then_some(if entry.outcome.is_some() { "read" } else { "delivered" });
    Some(Item { status, old: true, ..Item::words(&id, entry.inbound, entry.at, entry.text.reveal()) })
}

async fn events(
    State(api): State<Api>,
    Query(of): Query<OfClient>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    api.recall(&of.client).await?;
    // Watching begins before looking: what comes in between is told twice, never missed.
    let news = api.simulator.hub.watch();
    let number = of.client.digits().to_owned();
    let mut first = VecDeque::from([json_event("start", &json!({}))]);
    let items = api.simulator.hub.phone(&number, |phone| phone.items.clone());
    first.extend(items.iter().map(|item| json_event("item", item)));
    first.push_back(json_event("live", &json!({})));
    let feed = Feed { first, news, number, stop: api.stop.clone() };
    let stream = futures_util::stream::unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

struct Feed {
    first: VecDeque<Event>,
    news: broadcast::Receiver<News>,
    number: String,
    stop: watch::Receiver<bool>,
}

impl Feed {
    /// The next event; `None` ends the stream: the server stops, or the page was too slow and must begin anew.
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.first.pop_front() {
            return Some(event);
        }
        loop {
            if *self.stop.borrow() {
                return None;
            }
            let news = tokio::select! {
                news = self.news.recv() => news.ok()?,
                _ = self.stop.changed() => return None,
            };
            match news {
                News::Item(number, item) if number == self.number => return Some(json_event("item", &*item)),
                News::Typing(number, on) if number == self.number => {
                    return Some(json_event("typing", &json!({ "on": on })));
                }
                News::Changed => return Some(json_event("changed", &json!({}))),
                News::Item(..) | News::Typing(..) => {}
            }
        }
    }
}

fn json_event(name: &str, data: &impl Serialize) -> Event {
    // What is sent here always is valid JSON on one line.
    Event::default().event(name).json_data(data).unwrap_or_default()
}
