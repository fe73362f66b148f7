//! One way for every call: find the route, know the caller, count, do it, let it go wrong, keep a note.

use super::{
    answer::Answer,
    call::{Call, FakeCall},
    fault::{self, Fault},
    limit::Standing,
    net::{Gate, Peer},
    routes::{self, Route, Version, Who},
    state::{Shared, State},
    time,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State as AxumState},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use serde_json::Value;
use std::sync::Arc;

/// Longest body that is read.
const MOST: usize = 4 << 20;
const JSON: &str = "application/json; charset=utf-8";
const PAGE: &str = "<html><head><title>Cal.com</title></head><body><h1>Something went wrong</h1></body></html>";
/// What a version means that is missing, quoted or not known.
const FIRST: &str = "2024-04-15";
const VERSIONS: [&str; 5] = [FIRST, routes::SCHEDULES, routes::EVENT_TYPES, routes::BOOKINGS, routes::SLOTS];

pub(super) async fn serve(gate: Gate, shared: Arc<Shared>) {
    let router = Router::new().fallback(handle).with_state(shared);
    let _ = axum::serve(gate, router.into_make_service_with_connect_info::<Peer>()).await;
}

/// A call that was let in, or its refusal.
struct Begun {
    route: Option<&'static Route>,
    call: Call,
    refused: Option<Answer>,
    fault: Option<Fault>,
    standing: Standing,
    /// What `X-Request-Id` says.
    id: String,
    at: String,
}

async fn handle(
    AxumState(shared): AxumState<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MOST).await else {
        return respond(&Answer::refused(413, "request entity too large"), None);
    };
    // What was begun is finished, whether the caller waits for it or not.
    let work = tokio::spawn(work(shared, peer, parts, bytes));
    work.await.unwrap_or_else(|_| respond(&Answer::broken(), None))
}

async fn work(shared: Arc<Shared>, peer: Peer, parts: Parts, bytes: Bytes) -> Response {
    let Begun { route, call, refused, fault, standing, id, at } =
        shared.with(|state| begin(state, &peer, &parts, &bytes));
    let body = if bytes.is_empty() { Value::Null } else { call.body.clone() };
    let by = call.user;
    let answer = match (refused, route) {
        (Some(refused), _) => refused,
        (None, Some(route)) if !fault.as_ref().is_some_and(Fault::prevents) => execute(&shared, route, call).await,
        (None, _) => Answer::no_route(parts.method.as_str(), &whole(&parts)),
    };
    let answer = match &fault {
        Some(Fault::Status(status) | Fault::StatusAfter(status)) => Answer::raw(*status, "text/html", PAGE),
        Some(Fault::Refuse(status, message)) => Answer::refused(*status, message.as_str()),
        Some(Fault::Token(status, message)) => Answer::token(*status, message),
        Some(Fault::Html) => Answer::raw(200, "text/html", PAGE),
        Some(Fault::Truncated) => {
            let text = answer.body.as_ref().map(Value::to_string).unwrap_or_default();
            Answer::raw(200, JSON, text.chars().take(text.chars().count() / 2).collect::<String>())
        }
        Some(Fault::NoContent) => Answer { status: 204, body: None, raw: None },
        _ => answer,
    };
    let answer = answer.stamped(&at, &whole(&parts));
    let silent =
        matches!(fault, Some(Fault::DropAnswer | Fault::DropRequest | Fault::CutAnswer | Fault::Hang | Fault::Deaf));
    shared.with(|state| {
        let at = state.time.now();
        state.calls.push(FakeCall {
            route: route.map_or("", |route| route.name),
            called: format!("{} {}", parts.method, within(parts.uri.path())),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            version: header(&parts.headers, "cal-api-version").map(str::to_owned),
            body,
            by,
            status: if silent { 0 } else { answer.status },
            at,
            from: peer.address,
        });
    });
    let respond = |answer: &Answer| respond(answer, Some((&standing, &id)));
    match fault {
        Some(Fault::DropAnswer | Fault::DropRequest) => cut(&peer, 0),
        // Past the head of the answer and into its body, which is longer.
        Some(Fault::CutAnswer) => cut(&peer, 400),
        Some(Fault::Hang | Fault::Deaf) => std::future::pending().await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            respond(&answer)
        }
        _ => respond(&answer),
    }
}

/// Everything before the call is executed.
fn begin(state: &mut State, peer: &Peer, parts: &Parts, bytes: &[u8]) -> Begun {
    let (path, method) = (within(parts.uri.path()), parts.method.as_str());
    let now = state.time.now();
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let mut call = Call { query, ..Call::default() };
    let known = who(state, &mut call, &parts.headers);
    let tracker = match (&call.user, &call.client) {
        (_, Some(client)) => format!("client {client}"),
        (Some(_), _) => header(&parts.headers, "authorization").unwrap_or_default().to_owned(),
        _ => peer.address.to_string(),
    };
    let keyed = tracker.starts_with("Bearer cal_") || call.user.is_none();
    let standing = state.limit.take(&tracker, if keyed { 120 } else { 500 }, now);
    let mut begun = Begun {
        route: None,
        call,
        refused: known.err().or_else(|| standing.refused.then(Answer::throttled)),
        fault: None,
        standing,
        id: state.uuid(),
        at: time::stamp(now),
    };
    let sent = header(&parts.headers, "cal-api-version");
    let version = sent.and_then(|sent| VERSIONS.into_iter().find(|known| *known == sent)).unwrap_or(FIRST);
    let Some((route, path_parts)) = routes::find(state.server, method, path, version) else {
        let why = if routes::exists(state.server, method, path) { "in this version" } else { "at all" };
        state.violations.push(format!("{method} {path}: there is no such route {why} ({})", sent.unwrap_or("none")));
        begun.refused.get_or_insert_with(|| Answer::no_route(method, &whole(parts)));
        return begun;
    };
    begun.route = Some(route);
    begun.call.path = path_parts;
    match read(&parts.headers, bytes) {
        Ok(body) => begun.call.body = body,
        Err(refused) => begun.refused = Some(begun.refused.unwrap_or(refused)),
    }
    note(state, route, &begun.call, sent, &parts.headers, bytes);
    if begun.refused.is_some() {
        return begun;
    }
    let event_type = begun.call.body.get("eventTypeId").and_then(Value::as_u64);
    let event_type = event_type.or_else(|| begun.call.number("eventTypeId"));
    begun.fault = fault::take(&mut state.faults, route.name, event_type);
    begun.refused = match (route.who, begun.call.user) {
        (Who::User, None) => Some(Answer::nobody()),
        (Who::Myself, None) => Some(Answer::refused(
            401,
            "ApiAuthStrategy - No authentication method provided. Either pass an API key as 'Bearer' header or OAuth client credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers",
        )),
        _ => None,
    };
    begun
}

/// What would be ignored without a word, or means another version than its caller thinks.
fn note(state: &mut State, route: &Route, call: &Call, sent: Option<&str>, headers: &HeaderMap, bytes: &[u8]) {
    let mut wrong = Vec::new();
    match (route.version, sent) {
        (Version::Not(_), _) => wrong.push("this is the shape of the first version".to_owned()),
        (Version::Any, Some(sent)) if !VERSIONS.contains(&sent) => wrong.push(format!("there is no version {sent}")),
        _ => {}
    }
    let unknown = call.query.iter().filter(|(name, _)| {
        let name = name.split('[').next().unwrap_or_default();
        !route.query.contains(&name) && route.name != "GET /calendars/busy-times"
    });
    wrong.extend(unknown.map(|(name, _)| format!("the parameter {name} is unknown, and ignored")));
    let json = header(headers, "content-type").is_some_and(|media| media.starts_with("application/json"));
    if !bytes.is_empty() && !json {
        wrong.push("Content-Type is not JSON: the body is not read".to_owned());
    }
    state.violations.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", route.name)));
}

/// As whom a call is made. Wrong credentials are refused even where none are needed.
fn who(state: &State, call: &mut Call, headers: &HeaderMap) -> Result<(), Answer> {
    if let Some(id) = header(headers, "x-cal-client-id") {
        let client = state.clients.iter().find(|client| client.id == id);
        let Some(client) = client else {
            return Err(Answer::refused(401, format!("ApiAuthStrategy - oAuth client with id {id} not found")));
        };
        if header(headers, "x-cal-secret-key") == Some(client.secret.as_str()) {
            (call.user, call.client) = (Some(client.owner), Some(client.id.clone()));
            return Ok(());
        }
        if header(headers, "authorization").is_none() {
            return Err(Answer::refused(401, "ApiAuthStrategy - invalid OAuth client credentials"));
        }
    }
    let Some(sent) = header(headers, "authorization") else { return Ok(()) };
    let given = sent.strip_prefix("Bearer ").unwrap_or_default();
    if given.starts_with("cal_") {
        let user = state.users.values().find(|user| user.key.as_deref() == Some(given));
        let user = user.ok_or_else(|| Answer::refused(401, "CustomThrottlerGuard - Invalid API Key"))?;
        if user.key_expired {
            return Err(Answer::refused(401, "ApiAuthStrategy - api key - Your api key is expired"));
        }
        call.user = Some(user.id);
        return Ok(());
    }
    let user = state.users.values().find(|user| user.tokens.iter().any(|token| token == given));
    let user = user.ok_or_else(|| Answer::refused(401, "ApiAuthStrategy - access token - Invalid Access Token."))?;
    call.user = Some(user.id);
    Ok(())
}

/// The body of a request: JSON, or nothing.
fn read(headers: &HeaderMap, bytes: &[u8]) -> Result<Value, Answer> {
    let json = header(headers, "content-type").is_some_and(|media| media.starts_with("application/json"));
    if bytes.is_empty() || !json {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Eof => Answer::refused(400, "Unexpected end of JSON input"),
        _ => Answer::refused(400, format!("Unexpected token in JSON at position {}", error.column())),
    })
}

async fn execute(shared: &Shared, route: &'static Route, mut call: Call) -> Answer {
    let run = |call: &Call| shared.with(|state| (route.run)(state, call)).unwrap_or_else(|refused: Answer| refused);
    let gap = shared.with(|state| state.traps.careless.then_some(state.traps.gap));
    if let Some(gap) = gap.filter(|_| route.arbitrates) {
        call.only_check = true;
        let checked = run(&call);
        if checked.status >= 300 {
            return checked;
        }
        tokio::time::sleep(gap).await;
        let hosts = checked.body.as_ref().and_then(|body| body["data"].as_array());
        call.chosen = hosts.map(|hosts| hosts.iter().filter_map(Value::as_u64).collect());
        call.only_check = false;
    }
    run(&call)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The path below the version, whether or not the server is behind `/api`.
fn within(path: &str) -> &str {
    let path = path.strip_prefix("/api").unwrap_or(path);
    path.strip_prefix("/v2").unwrap_or(path)
}

/// The path as it was called, with its query.
fn whole(parts: &Parts) -> String {
    parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default()
}

fn respond(answer: &Answer, of: Option<(&Standing, &String)>) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let (media, body) = match (&answer.raw, &answer.body) {
        (Some((media, text)), _) => (Some(*media), Body::from(text.clone())),
        (None, Some(value)) => (Some(JSON), Body::from(value.to_string())),
        (None, None) => (None, Body::empty()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.extend(media.map(|media| (header::CONTENT_TYPE, HeaderValue::from_static(media))));
    if let Some((standing, id)) = of {
        let mut said = vec![
            ("x-request-id", id.clone()),
            ("x-ratelimit-limit-default", standing.limit.to_string()),
            ("x-ratelimit-remaining-default", standing.left.to_string()),
            ("x-ratelimit-reset-default", standing.reset.to_string()),
        ];
        said.extend(standing.retry_after.then(|| ("retry-after", standing.reset.to_string())));
        for (name, value) in said {
            headers.extend(HeaderValue::from_str(&value).ok().map(|value| (HeaderName::from_static(name), value)));
        }
    }
    response
}

/// Breaks the connection after so many bytes of an answer that is longer.
fn cut(peer: &Peer, after: usize) -> Response {
    peer.cut_after(after);
    respond(&Answer::raw(200, JSON, "{\"status\":\"success\",\"data\":\"".to_owned() + &"x".repeat(8 * 1024)), None)
}
