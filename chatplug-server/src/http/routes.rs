//! The routes that every server has.

use super::{
    Marketplaces, Role, Webhooks,
    ready::{Readiness, Report},
};
use crate::metrics::Metrics;
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use chatplug_whatsapp::{NoFile, ServedFiles};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

/// A request that takes longer is given up: a provider sends its webhook again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);

/// What the routes need.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) ready: Readiness,
    pub(super) role: Role,
    /// Whether somebody runs conversations.
    pub(super) working: Arc<AtomicBool>,
    /// Files that providers fetch, by tenant and channel.
    pub(super) files: Arc<Files>,
    /// Where owners of Altegio's marketplace connect.
    pub(super) marketplaces: Option<Arc<Marketplaces>>,
}

/// What serves files, by tenant and channel.
pub(crate) type Files = BTreeMap<(String, String), ServedFiles>;

/// All routes; `more` are the simulator's.
pub(super) fn router(routes: Routes, more: Option<Router>) -> Router {
    let listens = routes.role.listens();
    let own =
        Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz)).route("/metrics", get(metrics));
    let own = if listens {
        own.route("/webhooks/{provider}/{endpoint}", any(webhook)).route("/files/{tenant}/{channel}/{token}", get(file))
    } else {
        own
    };
    let own = match listens && routes.marketplaces.is_some() {
        true => own
            .route("/altegio/install", any(install))
            .route("/altegio/install/{account}", any(install_of))
            .route("/altegio/callback/{endpoint}", any(callback)),
        false => own,
    };
    let own = own.with_state(routes);
    let all = match more {
        Some(more) => own.merge(more).route("/", get(|| async { axum::response::Redirect::temporary("/demo") })),
        None => own,
    };
    all.layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(log))
}

async fn webhook(
    State(routes): State<Routes>,
    Path((provider, endpoint)): Path<(String, String)>,
    request: Request,
) -> Response {
    routes.webhooks.answer_stream(&provider, &endpoint, request).await.map(Body::from)
}

/// Where an owner of Altegio's marketplace is sent.
async fn install(State(routes): State<Routes>, request: Request) -> Response {
    match &routes.marketplaces {
        Some(marketplaces) => marketplaces.install(None, request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn install_of(State(routes): State<Routes>, Path(account): Path<String>, request: Request) -> Response {
    match &routes.marketplaces {
        Some(marketplaces) => marketplaces.install(Some(&account), request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What became of an app at a salon.
async fn callback(State(routes): State<Routes>, Path(endpoint): Path<String>, request: Request) -> Response {
    match &routes.marketplaces {
        Some(marketplaces) => marketplaces.callback(&endpoint, request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file of ours, for the provider that was given its address.
async fn file(
    State(routes): State<Routes>,
    Path((tenant, channel, token)): Path<(String, String, String)>,
) -> Response {
    let now = routes.webhooks.engine().clock().now();
    let found = routes.files.get(&(tenant, channel)).map_or(Err(NoFile::Unknown), |files| files.open(&token, now));
    let file = match found {
        Ok(file) => file,
        Err(NoFile::Gone) => return (StatusCode::GONE, "gone\n").into_response(),
        Err(_) => return (StatusCode::NOT_FOUND, "no such file\n").into_response(),
    };
    let headers = [
        (header::CONTENT_TYPE, file.mime.as_str()),
        (header::CONTENT_DISPOSITION, "attachment"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (headers, file.bytes).into_response()
}

/// The process lives.
async fn healthz() -> &'static str {
    "ok\n"
}

/// It can take work; else what is wrong.
async fn readyz(State(routes): State<Routes>) -> Response {
    let (report, _) = routes.look().await;
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(report.json())).into_response()
}

async fn metrics(State(routes): State<Routes>) -> Response {
    let (report, working) = routes.look().await;
    routes.metrics.adrift(report.adrift);
    let text = routes.metrics.render(report.figures.as_ref(), report.is_ready(), working);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

impl Routes {
    /// How things stand, and whether somebody runs conversations here.
    async fn look(&self) -> (Report, bool) {
        let engine = self.webhooks.engine();
        let working = self.working.load(Ordering::Relaxed);
        (self.ready.look(engine, self.role, working).await, working)
    }
}

/// A line for each request. The address is not logged: it may hold a secret or a phone number.
async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let area = match request.uri().path().split('/').nth(1) {
        Some("webhooks") => "webhooks",
        Some("files") => "files",
        Some("altegio") => "altegio",
        Some("demo") => "demo",
        Some("healthz" | "readyz" | "metrics") => "health",
        _ => "other",
    };
    let response = next.run(request).await;
    let (status, duration_ms) = (response.status().as_u16(), started.elapsed().as_millis() as u64);
    tracing::debug!(http.method = %method, http.area = area, http.status = status, duration_ms, "request answered");
    response
}
