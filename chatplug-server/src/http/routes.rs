//! The routes that every server has.

use super::Webhooks;
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
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::TimeoutLayer};

/// A request that takes longer is given up: a provider sends its webhook again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);
/// A store that takes longer to answer a question about its health is not well.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// What the routes need.
#[derive(Debug, Clone)]
pub(super) struct Routes {
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) metrics: Arc<Metrics>,
    /// Whether somebody runs conversations.
    pub(super) working: Arc<AtomicBool>,
}

/// All routes; `more` are the simulator's.
pub(super) fn router(routes: Routes, more: Option<Router>) -> Router {
    let own = Router::new()
        .route("/webhooks/{provider}/{endpoint}", any(webhook))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(routes);
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

/// The process lives.
async fn healthz() -> &'static str {
    "ok\n"
}

/// It can take work: the store takes writes, and somebody runs conversations.
async fn readyz(State(routes): State<Routes>) -> Response {
    let store = tokio::time::timeout(HEALTH_TIMEOUT, routes.webhooks.engine().store().ping()).await;
    let store = matches!(store, Ok(Ok(())));
    let workers = routes.working.load(Ordering::Relaxed);
    let word = |well: bool| if well { "ok" } else { "failing" };
    let body = format!("store: {}\nworkers: {}\n", word(store), word(workers));
    let status = if store && workers { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, body).into_response()
}

async fn metrics(State(routes): State<Routes>) -> Response {
    let engine = routes.webhooks.engine();
    let figures = tokio::time::timeout(HEALTH_TIMEOUT, engine.store().figures(engine.clock().now())).await;
    let figures = figures.ok().and_then(Result::ok);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], routes.metrics.render(figures.as_ref()))
        .into_response()
}

/// A line for each request. The address is not logged: it may hold a secret or a phone number.
async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let area = match request.uri().path().split('/').nth(1) {
        Some("webhooks") => "webhooks",
        Some("demo") => "demo",
        Some("healthz" | "readyz" | "metrics") => "health",
        _ => "other",
    };
    let response = next.run(request).await;
    let (status, duration_ms) = (response.status().as_u16(), started.elapsed().as_millis() as u64);
    tracing::debug!(http.method = %method, http.area = area, http.status = status, duration_ms, "request answered");
    response
}
