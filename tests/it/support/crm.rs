//! A made-up CRM over real HTTP with the habits of the worst: no idempotency keys (unless told to keep them), no search,
//! no holds, a check that is not one transaction with its write, a new id on moving; it executes and then drops the
//! answer, repeats its webhooks and sends them before the answer.

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// An appointment as this CRM prints it.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Appointment {
    pub id: String,
    pub service: String,
    pub staff: String,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub phone: String,
    pub state: String,
    /// What it became when it was moved.
    #[serde(default)]
    pub moved_to: Option<String>,
}

/// What goes wrong with a write, next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Executed, then the connection breaks.
    DropAnswer,
    /// Nothing executed, then the connection breaks.
    DropRequest,
    /// Nothing executed: 503.
    Refuse,
    /// Executed, and never answered.
    Mute,
    /// Nothing executed, and never answered.
    Deaf,
}

#[derive(Debug)]
pub struct Crm {
    pub zone: Tz,
    pub staff: Vec<&'static str>,
    pub services: Vec<(&'static str, &'static str, i64)>,
    /// Lets anything happen between its check and its write.
    pub careless: bool,
    asked: watch::Sender<u64>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    appointments: Vec<Appointment>,
    next: u64,
    faults: VecDeque<Option<Fault>>,
    fault_every: Option<u64>,
    silent: bool,
    keys: HashMap<String, Appointment>,
    notices: HashMap<String, u32>,
    keyed: bool,
    executed: Option<(u32, Executed)>,
    writes: u64,
    webhook: Option<(String, usize)>,
    down: bool,
}

/// What happens when a write was executed, before it is answered: it never is.
struct Executed(Box<dyn FnOnce() + Send>);

impl fmt::Debug for Executed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Executed")
    }
}

#[derive(Debug, Deserialize)]
pub struct NewAppointment {
    pub service: String,
    pub staff: String,
    pub start: DateTime<Utc>,
    pub phone: String,
}

#[derive(Debug, Deserialize)]
struct Move {
    start: DateTime<Utc>,
    staff: String,
}

#[derive(Debug, Deserialize)]
struct Range {
    from: NaiveDate,
    to: NaiveDate,
}

#[derive(Debug, Deserialize)]
struct FreeQuery {
    service: String,
    but: Option<String>,
    from: NaiveDate,
    to: NaiveDate,
    now: DateTime<Utc>,
}

impl Crm {
    pub fn new(zone: Tz) -> Arc<Self> {
        Arc::new(Self::of(zone, true))
    }

    /// One that checks and writes in one step.
    pub fn careful(zone: Tz) -> Arc<Self> {
        Arc::new(Self::of(zone, false))
    }

    fn of(zone: Tz, careless: bool) -> Self {
        Self {
            zone,
            staff: vec!["ana", "bruno"],
            services: vec![("cut", "Corte", 60), ("beard", "Barba", 30)],
            careless,
            asked: watch::Sender::new(0),
            inner: Mutex::default(),
        }
    }

    /// Serves it on a free port of this machine.
    pub async fn start(self: &Arc<Self>) -> SocketAddr {
        let router = Router::new()
            .route("/services", get(services))
            .route("/free", get(free))
            .route("/keys/{key}", get(by_key))
            .route("/notices/{conversation}", post(notice))
            .route("/appointments", get(list).post(create))
            .route("/appointments/{id}", delete(cancel).get(one))
            .route("/appointments/{id}/move", post(relocate))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Everything that stands.
    pub fn standing(&self) -> Vec<Appointment> {
        self.inner.lock().unwrap().appointments.iter().filter(|a| a.state == "booked").cloned().collect()
    }

    /// Pairs of standing appointments of one person that overlap.
    pub fn overlaps(&self) -> usize {
        let all = self.standing();
        let clash = |a: &Appointment, b: &Appointment| a.staff == b.staff && a.start < b.end && b.start < a.end;
        all.iter().enumerate().map(|(n, a)| all.iter().skip(n + 1).filter(|b| clash(a, b)).count()).sum()
    }

    /// The next write goes wrong like this.
    pub fn fail_next(&self, fault: Fault) {
        self.fail_after(0, fault);
    }

    /// After so many writes that go well, one goes wrong like this.
    pub fn fail_after(&self, well: usize, fault: Fault) {
        let mut inner = self.inner.lock().unwrap();
        inner.faults.extend(std::iter::repeat_n(None, well));
        inner.faults.push_back(Some(fault));
    }

    /// How many writes were asked for, executed or not.
    pub fn writes(&self) -> u64 {
        self.inner.lock().unwrap().writes
    }

    /// Every n-th write executes and then drops its answer.
    pub fn drop_every(&self, n: u64) {
        self.inner.lock().unwrap().fault_every = Some(n);
    }

    /// Remembers what it did under a key, and does nothing twice under one.
    pub fn keep_keys(&self, keep: bool) {
        self.inner.lock().unwrap().keyed = keep;
    }

    /// How often the team was told of a conversation: its own messages come here, too.
    pub fn notices(&self, conversation: &str) -> u32 {
        self.inner.lock().unwrap().notices.get(conversation).copied().unwrap_or_default()
    }

    /// From now on no write is answered; every other one is executed all the same.
    pub fn set_silent(&self, silent: bool) {
        self.inner.lock().unwrap().silent = silent;
    }

    /// Waits until so many writes have been asked for in all.
    pub async fn asked(&self, writes: usize) {
        let asked = u64::try_from(writes).unwrap();
        self.asked.subscribe().wait_for(|writes| *writes >= asked).await.unwrap();
    }

    /// When the n-th write from now on (from 1) was executed, this happens, and it is never answered.
    pub fn when_executed(&self, n: u32, then: impl FnOnce() + Send + 'static) {
        self.inner.lock().unwrap().executed = Some((n, Executed(Box::new(then))));
    }

    /// Forgets what was planned for the writes to come.
    pub fn forgive(&self) {
        let mut inner = self.inner.lock().unwrap();
        inner.executed = None;
        inner.faults.clear();
    }

    /// Answers 503 to everything until told otherwise.
    pub fn set_down(&self, down: bool) {
        self.inner.lock().unwrap().down = down;
    }

    /// Sends a webhook so many times for each change, before the answer.
    pub fn webhook_to(&self, url: String, times: usize) {
        self.inner.lock().unwrap().webhook = Some((url, times));
    }

    /// Somebody at the desk books.
    pub fn book_at_desk(&self, staff: &str, start: DateTime<Utc>, minutes: i64) {
        let mut inner = self.inner.lock().unwrap();
        let id = inner.fresh_id();
        inner.appointments.push(Appointment {
            id,
            service: "cut".to_owned(),
            staff: staff.to_owned(),
            start,
            end: start + Duration::minutes(minutes),
            phone: "000".to_owned(),
            state: "booked".to_owned(),
            moved_to: None,
        });
    }

    /// Somebody at the desk moves; the webhook follows.
    pub async fn move_at_desk(&self, id: &str, staff: &str, start: DateTime<Utc>) {
        self.inner.lock().unwrap().relocate(id, staff, start);
        self.tell(id).await;
    }

    /// A webhook about nothing new.
    pub async fn hint(&self, id: &str) {
        self.tell(id).await;
    }

    /// Somebody at the desk cancels; the webhook follows.
    pub async fn cancel_at_desk(&self, id: &str) {
        self.inner.lock().unwrap().set_state(id, "cancelled");
        self.tell(id).await;
    }

    fn minutes(&self, service: &str) -> Option<i64> {
        self.services.iter().find(|(id, ..)| *id == service).map(|(_, _, minutes)| *minutes)
    }

    fn busy(&self, staff: &str, start: DateTime<Utc>, end: DateTime<Utc>, but: Option<&str>) -> bool {
        self.standing().iter().any(|a| a.staff == staff && a.start < end && start < a.end && Some(a.id.as_str()) != but)
    }

    async fn tell(&self, id: &str) {
        let Some((url, times)) = self.inner.lock().unwrap().webhook.clone() else { return };
        let client = reqwest::Client::builder().build().unwrap();
        for _ in 0..times {
            let body = serde_json::json!({ "appointment": id });
            let _ = client.post(&url).header("x-crm-secret", "crm-secret").json(&body).send().await;
        }
    }

    /// What goes wrong with this write.
    fn fault(&self) -> Option<Fault> {
        let mut inner = self.inner.lock().unwrap();
        inner.writes += 1;
        self.asked.send_replace(inner.writes);
        if inner.down {
            return Some(Fault::Refuse);
        }
        if inner.silent {
            return Some(if inner.writes.is_multiple_of(2) { Fault::Mute } else { Fault::Deaf });
        }
        let every = inner.fault_every.is_some_and(|n| inner.writes.is_multiple_of(n));
        inner.faults.pop_front().unwrap_or_else(|| every.then_some(Fault::DropAnswer))
    }
}

impl Crm {
    /// What was done under this key before.
    fn done_before(&self, headers: &HeaderMap) -> Option<Appointment> {
        let inner = self.inner.lock().unwrap();
        let key = headers.get("idempotency-key").filter(|_| inner.keyed)?.to_str().ok()?;
        let done = inner.keys.get(key)?;
        inner.appointments.iter().find(|a| a.id == done.id).cloned()
    }

    /// Remembers it, tells it by webhook, and then answers, or does not.
    async fn conclude(&self, headers: &HeaderMap, fault: Option<Fault>, changed: &[&Appointment]) -> Option<Response> {
        let executed = {
            let mut inner = self.inner.lock().unwrap();
            if let (Some(key), Some(made)) = (headers.get("idempotency-key"), changed.first())
                && inner.keyed
            {
                inner.keys.insert(key.to_str().unwrap().to_owned(), (*made).clone());
            }
            match inner.executed.take() {
                Some((1, then)) => Some(then),
                Some((n, then)) => {
                    inner.executed = Some((n - 1, then));
                    None
                }
                None => None,
            }
        };
        if let Some(Executed(then)) = executed {
            then();
            std::future::pending::<()>().await;
        }
        for made in changed {
            self.tell(&made.id).await;
        }
        match fault {
            Some(Fault::DropAnswer) => Some(broken()),
            Some(Fault::Mute) => std::future::pending().await,
            _ => None,
        }
    }
}

/// What keeps a write from being executed at all.
async fn not_executed(fault: Option<Fault>) -> Option<Response> {
    match fault {
        Some(Fault::Refuse) => Some(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        Some(Fault::DropRequest) => Some(broken()),
        Some(Fault::Deaf) => std::future::pending().await,
        _ => None,
    }
}

impl Inner {
    fn fresh_id(&mut self) -> String {
        self.next += 1;
        format!("A{}", self.next)
    }

    /// Moves one: it gets a new id.
    fn relocate(&mut self, id: &str, staff: &str, start: DateTime<Utc>) -> Option<Appointment> {
        let new = self.fresh_id();
        let old = self.set_state(id, "moved")?;
        let end = start + (old.end - old.start);
        let made =
            Appointment { id: new.clone(), staff: staff.to_owned(), start, end, state: "booked".to_owned(), ..old };
        self.appointments.iter_mut().filter(|a| a.id == id).for_each(|a| a.moved_to = Some(new.clone()));
        self.appointments.push(made.clone());
        Some(made)
    }

    fn set_state(&mut self, id: &str, state: &str) -> Option<Appointment> {
        let found = self.appointments.iter_mut().find(|a| a.id == id)?;
        found.state = state.to_owned();
        Some(found.clone())
    }
}

type Shared = State<Arc<Crm>>;

/// A connection that breaks without an answer.
fn broken() -> Response {
    let stream = futures_util::stream::once(async { Err::<bytes::Bytes, _>(std::io::Error::other("broken")) });
    (StatusCode::OK, [("content-length", "100")], axum::body::Body::from_stream(stream)).into_response()
}

async fn services(State(crm): Shared) -> Response {
    if crm.inner.lock().unwrap().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(serde_json::json!({
        "services": crm.services.iter().map(|(id, name, minutes)| serde_json::json!({"id": id, "name": name, "minutes": minutes, "price": "30.00"})).collect::<Vec<_>>(),
        "staff": crm.staff,
    }))
    .into_response()
}

async fn free(State(crm): Shared, Query(query): Query<FreeQuery>) -> Response {
    if crm.inner.lock().unwrap().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(minutes) = crm.minutes(&query.service) else { return StatusCode::NOT_FOUND.into_response() };
    let mut slots = Vec::new();
    for day in query.from.iter_days().take_while(|day| *day <= query.to) {
        for half_hour in 0..18 {
            let time = NaiveTime::from_hms_opt(9, 0, 0).unwrap() + Duration::minutes(30 * half_hour);
            let Ok(start) = chatplug::model::local_to_utc(day.and_time(time), crm.zone) else { continue };
            let end = start + Duration::minutes(minutes);
            let staff: Vec<_> =
                crm.staff.iter().filter(|staff| !crm.busy(staff, start, end, query.but.as_deref())).collect();
            if start > query.now && !staff.is_empty() {
                slots.push(serde_json::json!({ "start": start, "end": end, "staff": staff }));
            }
        }
    }
    Json(slots).into_response()
}

async fn list(State(crm): Shared, Query(range): Query<Range>) -> Response {
    let inner = crm.inner.lock().unwrap();
    if inner.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let day = |a: &Appointment| a.start.with_timezone(&crm.zone).date_naive();
    let found: Vec<_> =
        inner.appointments.iter().filter(|a| day(a) >= range.from && day(a) <= range.to).cloned().collect();
    Json(found).into_response()
}

async fn one(State(crm): Shared, Path(id): Path<String>) -> Response {
    let inner = crm.inner.lock().unwrap();
    if inner.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match inner.appointments.iter().find(|a| a.id == id) {
        Some(found) => Json(found.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn by_key(State(crm): Shared, Path(key): Path<String>) -> Response {
    let inner = crm.inner.lock().unwrap();
    if inner.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match inner.keys.get(&key) {
        Some(found) => Json(found.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn notice(State(crm): Shared, Path(conversation): Path<String>) -> StatusCode {
    *crm.inner.lock().unwrap().notices.entry(conversation).or_default() += 1;
    StatusCode::NO_CONTENT
}

async fn create(State(crm): Shared, headers: HeaderMap, Json(new): Json<NewAppointment>) -> Response {
    let fault = crm.fault();
    if let Some(answer) = not_executed(fault).await {
        return answer;
    }
    if let Some(made) = crm.done_before(&headers) {
        return (StatusCode::CREATED, Json(made)).into_response();
    }
    let Some(minutes) = crm.minutes(&new.service) else { return StatusCode::UNPROCESSABLE_ENTITY.into_response() };
    let end = new.start + Duration::minutes(minutes);
    if crm.busy(&new.staff, new.start, end, None) {
        return StatusCode::CONFLICT.into_response();
    }
    // The check and the write are two things here, and anything may happen in between.
    if crm.careless {
        tokio::task::yield_now().await;
    }
    let made = {
        let mut inner = crm.inner.lock().unwrap();
        let id = inner.fresh_id();
        let made = Appointment {
            id,
            service: new.service,
            staff: new.staff,
            start: new.start,
            end,
            phone: new.phone,
            state: "booked".to_owned(),
            moved_to: None,
        };
        inner.appointments.push(made.clone());
        made
    };
    let answer = crm.conclude(&headers, fault, &[&made]).await;
    answer.unwrap_or_else(|| (StatusCode::CREATED, Json(made)).into_response())
}

async fn relocate(State(crm): Shared, Path(id): Path<String>, headers: HeaderMap, Json(to): Json<Move>) -> Response {
    let fault = crm.fault();
    if let Some(answer) = not_executed(fault).await {
        return answer;
    }
    if let Some(made) = crm.done_before(&headers) {
        return Json(made).into_response();
    }
    let Some(old) = crm.standing().into_iter().find(|a| a.id == id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let end = to.start + (old.end - old.start);
    if crm.busy(&to.staff, to.start, end, Some(&id)) {
        return StatusCode::CONFLICT.into_response();
    }
    let Some(made) = crm.inner.lock().unwrap().relocate(&id, &to.staff, to.start) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let answer = crm.conclude(&headers, fault, &[&made, &old]).await;
    answer.unwrap_or_else(|| Json(made).into_response())
}

async fn cancel(State(crm): Shared, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let fault = crm.fault();
    if let Some(answer) = not_executed(fault).await {
        return answer;
    }
    if crm.done_before(&headers).is_some() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let Some(gone) = crm.inner.lock().unwrap().set_state(&id, "cancelled") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let answer = crm.conclude(&headers, fault, &[&gone]).await;
    answer.unwrap_or_else(|| StatusCode::NO_CONTENT.into_response())
}
