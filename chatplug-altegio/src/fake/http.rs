//! One way for every call: find the route, count, check who calls and what is sent, do it, let it go wrong, keep a note.

use super::{
    answer::{Answer, Done},
    call::{Call, FakeCall},
    contract,
    fault::{self, Fault},
    net::{Gate, Peer},
    routes::{self, Route, Who},
    state::{Shared, State},
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
use std::{sync::Arc, time::Duration};

/// Longest body that is read.
const MOST: usize = 4 << 20;
/// A careless platform takes so long between its check and its write.
const CARELESS: Duration = Duration::from_millis(5);
const JSON: &str = "application/json; charset=utf-8";
const PAGE: &str = "<html><head><title>Altegio</title></head><body><h1>Something went wrong</h1></body></html>";

/// Which host a listener plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Api,
    Marketplace,
}

pub(super) async fn serve(gate: Gate, shared: Arc<Shared>, host: Host) {
    let router = Router::new().fallback(handle).with_state((shared, host));
    let _ = axum::serve(gate, router.into_make_service_with_connect_info::<Peer>()).await;
}

/// A call that was let in, or its refusal.
struct Begun {
    route: Option<&'static Route>,
    call: Call,
    refused: Option<Answer>,
    fault: Option<Fault>,
}

async fn handle(
    AxumState((shared, host)): AxumState<(Arc<Shared>, Host)>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, MOST).await else { return respond(&Answer::refused(413, "Too large")) };
    // What was begun is finished, whether the caller waits for it or not.
    let work = tokio::spawn(work(shared, host, peer, parts, bytes));
    work.await.unwrap_or_else(|_| respond(&Answer::refused(500, "Internal error")))
}

async fn work(shared: Arc<Shared>, host: Host, peer: Peer, parts: Parts, bytes: Bytes) -> Response {
    let Begun { route, call, refused, fault } = shared.with(|state| begin(state, host, &peer, &parts, &bytes));
    let body = call.body.clone();
    let answer = match (refused, route) {
        (Some(refused), _) => refused,
        (None, None) => Answer::not_found(),
        (None, Some(_)) if fault.as_ref().is_some_and(Fault::prevents) => Answer::not_found(),
        (None, Some(route)) => execute(&shared, route, call).await,
    };
    let answer = match &fault {
        Some(Fault::Status(status) | Fault::StatusAfter(status)) => Answer::raw(*status, "text/html", PAGE),
        Some(Fault::Refuse(status, message)) => Answer::refused(*status, message),
        Some(Fault::Code(code)) => Answer::coded(422, *code, "The fake was told to refuse.", None),
        Some(Fault::Html) => Answer::raw(200, "text/html", PAGE),
        Some(Fault::Truncated) => {
            let text = answer.body.as_ref().map(Value::to_string).unwrap_or_default();
            Answer::raw(200, JSON, text.chars().take(text.chars().count() / 2).collect::<String>())
        }
        Some(Fault::NoContent) => Answer::no_content(),
        _ => answer,
    };
    let silent =
        matches!(fault, Some(Fault::DropAnswer | Fault::DropRequest | Fault::CutAnswer | Fault::Hang | Fault::Deaf));
    shared.with(|state| {
        let at = state.time.now();
        state.calls.push(FakeCall {
            route: route.map_or("", |route| route.name),
            called: format!("{} {}", parts.method, within(parts.uri.path())),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            body,
            status: if silent { 0 } else { answer.status },
            at,
            from: peer.address,
        });
    });
    match fault {
        Some(Fault::DropAnswer | Fault::DropRequest) => cut(&peer, 0),
        // Past the head of the answer and into its body, which is longer.
        Some(Fault::CutAnswer) => cut(&peer, 256),
        Some(Fault::Hang | Fault::Deaf) => std::future::pending().await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            respond(&answer)
        }
        _ => respond(&answer),
    }
}

/// Everything before the call is executed.
fn begin(state: &mut State, host: Host, peer: &Peer, parts: &Parts, bytes: &[u8]) -> Begun {
    state.seed();
    let path = within(parts.uri.path());
    let found = routes::find(host, parts.method.as_str(), path);
    let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let mut begun = Begun { route: None, call: Call { query, ..Call::default() }, refused: None, fault: None };
    let now = state.time.now();
    begun.refused = state.limit.take(peer.address, now).err();
    let (route, path) = match found {
        Ok(found) => found,
        Err(other_verb) => {
            let unknown = if other_verb { Answer::refused(405, "Method not allowed") } else { Answer::not_found() };
            state.violations.push(format!("{} {path}: there is no such route", parts.method));
            begun.refused.get_or_insert(unknown);
            return begun;
        }
    };
    (begun.route, begun.call.path) = (Some(route), path);
    begun.call.body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(bytes).unwrap_or_default() };
    if begun.refused.is_some() {
        return begun;
    }
    begun.fault = fault::take(&mut state.faults, route.name, begun.call.id("company"));
    begun.refused = admit(state, route, &mut begun.call, &parts.headers, bytes).err();
    begun
}

/// Who calls, with what.
fn admit(
    state: &mut State,
    route: &'static Route,
    call: &mut Call,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Result<(), Answer> {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let mut wrong = contract::query(route.query, call);
    let accepts = header(header::ACCEPT).unwrap_or_default();
    let version_2 = ["application/vnd.api.v2+json", "application/vnd.yclients.v2+json"];
    // Of the marketplace nothing is said about it.
    let accepted = route.marketplace() || version_2.iter().any(|media| accepts.contains(media));
    if !accepted {
        wrong.push("Accept is not of version 2".to_owned());
    }
    match route.body {
        Some(fields) => {
            wrong.extend(contract::body(fields, &call.body));
            if !header(header::CONTENT_TYPE).is_some_and(|media| media.starts_with("application/json")) {
                wrong.push("Content-Type is not JSON".to_owned());
            }
        }
        None if !bytes.is_empty() && bytes != b"{}" && bytes != b"[]" => wrong.push("there is a body".to_owned()),
        None => {}
    }
    state.violations.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", route.name)));
    if !accepted && state.traps.accept_required {
        return Err(Answer::refused(400, "The requested version of the API is not supported"));
    }
    (call.partner, call.user) = state.users.known(header(header::AUTHORIZATION))?;
    if let Who::User(right) = route.who {
        if call.user.is_none() {
            return Err(Answer::refused(401, "Authentication needed."));
        }
        let there = !state.market.technical || call.part("company").is_none() || state.is_active(call.id("company"));
        if !there || !state.users.may(call.id("company"), right) {
            return Err(Answer::refused(403, "Access denied."));
        }
    }
    if call.part("company").is_some() && route.name != "GET /company/{company}" {
        let salon = state.salons.get(&call.id("company")).ok_or_else(Answer::not_found)?;
        if !salon.shop.licensed && route.licensed {
            return Err(Answer::refused(403, "The licence of the location has expired."));
        }
    }
    Ok(())
}

async fn execute(shared: &Shared, route: &'static Route, mut call: Call) -> Answer {
    let run = |call: &Call| shared.with(|state| (route.run)(state, call)).unwrap_or_else(|refused: Answer| refused);
    if route.arbitrates && shared.with(|state| state.traps.careless) {
        call.only_check = true;
        let checked = run(&call);
        if checked.status >= 300 {
            return checked;
        }
        tokio::time::sleep(CARELESS).await;
        (call.only_check, call.checked) = (false, true);
    }
    run(&call)
}

/// The path below the version.
fn within(path: &str) -> &str {
    path.strip_prefix("/api/v1").unwrap_or(path)
}

fn respond(answer: &Answer) -> Response {
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
    for (name, value) in &answer.headers {
        headers.extend(HeaderValue::from_str(value).ok().map(|value| (HeaderName::from_static(name), value)));
    }
    response
}

/// Breaks the connection after so many bytes of an answer that is longer.
fn cut(peer: &Peer, after: usize) -> Response {
    peer.cut_after(after);
    respond(&Answer::raw(200, JSON, "{\"success\":true,\"data\":\"".to_owned() + &"x".repeat(8 * 1024)))
}

/// For handlers: what a salon needs to be there.
pub(super) fn no_such_company() -> Done {
    let body = serde_json::json!({"errors": {"code": 404, "message": "Not found"}, "meta": {"message": "Not found"}});
    Err(Answer::bare(404, body))
}
