//! The HTTP side: three of Twilio's hosts on one port, with what goes wrong on purpose.

use super::{
    accounts, approval,
    call::{Answer, Call, active},
    content,
    errors::Refusal,
    event::Event,
    files, form, indicators,
    messages::{self, Taken},
    senders, services,
    state::{Shared, State, plain},
};
use crate::fake::{
    fault::{self, Fault},
    net::{Gate, Scissors},
    plan::Timing,
};
use axum::{
    Json, Router,
    body::Body,
    extract::{ConnectInfo, State as AxumState},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Serves until it is aborted.
pub(super) async fn serve(gate: Gate, shared: Arc<Shared>) {
    let router = Router::new().fallback(handle).with_state(shared);
    let _ = axum::serve(gate, router.into_make_service_with_connect_info::<Scissors>()).await;
}

/// What a call did.
enum Done {
    Answer(Answer),
    Taken(Box<Taken>),
}

async fn handle(
    AxumState(shared): AxumState<Arc<Shared>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::new(method, &uri, &headers, body);
    let busy = Busy::one_more(&shared.busy);
    let (fault, done) = shared.with(|state| {
        if busy.others >= state.rules.concurrency {
            return (None, Err(Refusal::code(20429)));
        }
        let fault = match fault_of(state, &call) {
            Ok(fault) => fault,
            Err(refusal) => return (None, Err(refusal)),
        };
        let done = match &fault {
            Some(Fault::Code(code)) => Err(Refusal::code(*code)),
            Some(Fault::DropRequest | Fault::Status(_)) => Err(Refusal::new(0, "nothing is answered")),
            _ => route(state, &call, fault.as_ref()),
        };
        if done.is_ok() {
            state.calls.push(format!("{} {}", call.method, call.path));
        }
        (fault, done)
    });
    if done.is_err() || matches!(&fault, Some(fault) if fault.hides_the_answer()) {
        shared.with(|state| state.refused += 1);
    }
    let answer = match done {
        Err(refused) => match fault {
            Some(Fault::DropRequest) => return cut(&scissors, 0),
            Some(Fault::Status(status)) => return bare(status),
            _ => return refusal(&shared, &call, &refused),
        },
        Ok(Done::Answer(answer)) => answer,
        Ok(Done::Taken(taken)) => {
            tell(&shared, taken.statuses, taken.timing).await;
            Answer::Json(201, taken.answer)
        }
    };
    match fault {
        Some(Fault::DropAnswer) => cut(&scissors, 0),
        // Past the head of the answer and into its body, which is longer.
        Some(Fault::CutAnswer) => cut(&scissors, 256),
        Some(Fault::GarbleAnswer) => (answer.status(), "<html>").into_response(),
        Some(Fault::StatusAfter(status)) => bare(status),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            response(answer)
        }
        _ => response(answer),
    }
}

/// What the rules have in store for a call that is allowed at all.
fn fault_of(state: &mut State, call: &Call) -> Result<Option<Fault>, Refusal> {
    if open_file(state, call).is_some() {
        return Ok(None);
    }
    let caller = call.caller(state)?;
    if call.method == Method::POST && call.path.ends_with("/Messages.json") {
        if let ["2010-04-01", "Accounts", account, _] = call.parts()[..] {
            caller.may(state, account)?;
        }
        let form = call.form();
        let from = form::value(&form, "From").or_else(|| form::value(&form, "MessagingServiceSid")).map(plain);
        let to = state.person_key(form::value(&form, "To").unwrap_or_default());
        return Ok(fault::take(&mut state.faults, &from.unwrap_or_default(), &to));
    }
    let rules = state.call_faults.iter_mut().filter(|(part, _)| call.path.contains(part.as_str()));
    Ok(rules.into_iter().find_map(|(_, rules)| fault::take(rules, "", "")))
}

fn route(state: &mut State, call: &Call, fault: Option<&Fault>) -> Result<Done, Refusal> {
    if let Some((account, message, file)) = open_file(state, call) {
        return files::fetch(state, account, message, file).map(Done::Answer);
    }
    let caller = call.caller(state)?;
    let parts = call.parts();
    if let ["2010-04-01", "Accounts", account, "Messages.json"] = parts[..]
        && call.method == Method::POST
    {
        caller.may(state, account)?;
        active(state, account)?;
        return messages::create(state, account, call, fault).map(|taken| Done::Taken(Box::new(taken)));
    }
    let (read, write, remove) =
        (call.method == Method::GET, call.method == Method::POST, call.method == Method::DELETE);
    let own = caller.account.as_str();
    let answer = match parts[..] {
        ["2010-04-01", "Accounts.json"] if read => accounts::list(state, &caller, call),
        ["2010-04-01", "Accounts.json"] if write => accounts::create(state, &caller, call),
        ["2010-04-01", "Accounts", file] if read || write => {
            let sid = json_file(file)?;
            caller.may(state, sid)?;
            if read { accounts::fetch(state, sid) } else { accounts::update(state, &caller, sid, call) }
        }
        ["2010-04-01", "Accounts", account, ref rest @ ..] => {
            caller.may(state, account)?;
            active(state, account)?;
            match *rest {
                ["Keys.json"] if read => accounts::keys(state, account, call),
                ["Keys.json"] if write => accounts::create_key(state, account, call),
                ["Messages.json"] if read => messages::list(state, account, call),
                ["Messages", file] if read => messages::fetch(state, account, json_file(file)?),
                ["Messages", file] if write => messages::update(state, account, json_file(file)?, call),
                ["Messages", file] if remove => messages::delete(state, account, json_file(file)?),
                ["Messages", message, "Media.json"] if read => files::list(state, account, message, call),
                ["Messages", message, "Media", file] if read => files::fetch(state, account, message, file),
                ["Messages", message, "Media", file] if remove => files::delete(state, account, message, file),
                _ => Err(unknown(call)),
            }
        }
        ["v1", "Content"] if write => content::create(state, own, call),
        ["v1", "Content"] if read => content::list(state, own, call, false, false),
        ["v2", "Content"] if read => content::list(state, own, call, false, true),
        ["v1", "ContentAndApprovals"] if read => content::list(state, own, call, true, false),
        ["v2", "ContentAndApprovals"] if read => content::list(state, own, call, true, true),
        ["v1", "Content", sid] if read => content::fetch(state, own, sid),
        ["v1", "Content", sid] if call.method == Method::PUT => content::update(state, own, sid, call),
        ["v1", "Content", sid] if remove => content::delete(state, own, sid),
        ["v1", "Content", sid, "ApprovalRequests"] if read => approval::fetch(state, own, sid),
        ["v1", "Content", sid, "ApprovalRequests", "whatsapp"] if write => approval::create(state, own, sid, call),
        ["v1", "Services"] if read => services::list(state, own, call),
        ["v1", "Services"] if write => services::create(state, own, call),
        ["v1", "Services", sid] if read => services::fetch(state, own, sid),
        ["v1", "Services", sid] if write => services::update(state, own, sid, call),
        ["v1", "Services", sid] if remove => services::delete(state, own, sid),
        ["v1", "Services", sid, "ChannelSenders"] if read => services::senders(state, own, sid, call),
        ["v1", "Services", sid, "ChannelSenders"] if write => services::add(state, own, sid, call),
        ["v1", "Services", sid, "ChannelSenders", sender] if read => services::sender(state, own, sid, sender),
        ["v1", "Services", sid, "ChannelSenders", sender] if remove => services::remove(state, own, sid, sender),
        ["v2", "Channels", "Senders"] if read => senders::list(state, own, call),
        ["v2", "Channels", "Senders"] if write => senders::create(state, own, call),
        ["v2", "Channels", "Senders", sid] if read => senders::fetch(state, own, sid),
        ["v2", "Channels", "Senders", sid] if write => senders::update(state, own, sid, call),
        ["v2", "Channels", "Senders", sid] if remove => senders::delete(state, own, sid),
        ["v2", "Indicators", "Typing.json"] if write => indicators::by_form(state, own, call),
        ["v3", "Indicators", "Typing.json"] if write => indicators::by_json(state, own, call),
        _ => Err(unknown(call)),
    };
    answer.map(Done::Answer)
}

/// Account, message and SID of a file that needs no credentials.
fn open_file<'a>(state: &State, call: &'a Call) -> Option<(&'a str, &'a str, &'a str)> {
    match call.parts()[..] {
        ["2010-04-01", "Accounts", account, "Messages", message, "Media", file]
            if state.rules.open_media && call.method == Method::GET && !file.ends_with(".json") =>
        {
            Some((account, message, file))
        }
        _ => None,
    }
}

/// A resource's SID without the ending that the older API puts to it.
fn json_file(file: &str) -> Result<&str, Refusal> {
    file.strip_suffix(".json").ok_or_else(|| Refusal::not_found(file))
}

fn unknown(call: &Call) -> Refusal {
    Refusal::not_found(&call.path)
}

async fn tell(shared: &Shared, mut statuses: Vec<Event>, timing: Timing) {
    match timing {
        Timing::Held => shared.with(|state| state.held.append(&mut statuses)),
        Timing::BeforeAnswer if !statuses.is_empty() => {
            let later = statuses.split_off(1);
            for event in &statuses {
                shared.courier.deliver(shared, event).await;
            }
            later.into_iter().for_each(|event| shared.courier.queue(event));
        }
        _ => statuses.into_iter().for_each(|event| shared.courier.queue(event)),
    }
}

fn response(answer: Answer) -> Response {
    let status = answer.status();
    match answer {
        Answer::Json(_, json) => (status, Json(json)).into_response(),
        Answer::Empty(_) => status.into_response(),
        Answer::Redirect(url) => {
            let url = HeaderValue::from_str(&url).unwrap_or_else(|_| HeaderValue::from_static("/"));
            (status, [(header::LOCATION, url)]).into_response()
        }
    }
}

fn refusal(shared: &Shared, call: &Call, refusal: &Refusal) -> Response {
    let newer = shared.with(|state| state.rules.problem_details) && !call.path.starts_with("/2010-04-01");
    let body: Value = if newer { refusal.problem(&call.path) } else { refusal.envelope() };
    let mut response = (refusal.status(), Json(body)).into_response();
    if refusal.code == 20003 {
        let realm = HeaderValue::from_static("Basic realm=\"Twilio API\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    }
    response
}

/// What a gateway answers: a status and no explanation.
fn bare(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, "no explanation").into_response()
}

/// Breaks the connection after so many bytes of an answer that is longer.
fn cut(scissors: &Scissors, after: usize) -> Response {
    scissors.cut_after(after);
    Response::new(Body::from("{\"sid\":\"".to_owned() + &"x".repeat(8 * 1024)))
}

/// A call that is being answered.
struct Busy<'a> {
    calls: &'a AtomicUsize,
    others: usize,
}

impl<'a> Busy<'a> {
    fn one_more(calls: &'a AtomicUsize) -> Self {
        Self { calls, others: calls.fetch_add(1, Ordering::SeqCst) }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::SeqCst);
    }
}
