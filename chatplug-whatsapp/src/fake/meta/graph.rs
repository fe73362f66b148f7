//! The HTTP side: messages, read marks and files, answered as Graph answers.

use super::{
    event::Event,
    onboarding::manage,
    rules::{self, Refusal},
    sent::{self, ReadMark, SentMessage},
    state::{File, Shared, State},
    stock,
    templates::Rendered,
};
use crate::fake::{
    fault::{self, Fault},
    net::{Gate, Scissors},
    plan::Timing,
};
use axum::{
    Json, Router,
    body::Body,
    extract::{ConnectInfo, Multipart, Path, Query, State as AxumState},
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use chatplug_core::model::Stage;
use chrono::Duration;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, sync::Arc};

/// Lifetime of a file's URL.
const URL_MINUTES: i64 = 5;

/// Types that can be uploaded (Meta's page on media).
const UPLOADABLE: [&str; 18] = [
    "application/msword",
    "application/pdf",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "audio/aac",
    "audio/amr",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "video/3gpp",
    "video/mp4",
];

/// Serves until it is aborted.
pub(super) async fn serve(gate: Gate, shared: Arc<Shared>) {
    let router = Router::new()
        .route("/{version}/{number}/messages", post(messages))
        .route("/{version}/oauth/access_token", get(manage))
        .route("/{version}/debug_token", get(manage))
        .route("/{version}/{number}/phone_numbers", get(manage))
        .route("/{version}/{number}/subscribed_apps", get(manage).post(manage).delete(manage))
        .route("/{version}/{number}/register", post(manage))
        .route("/{version}/{number}/deregister", post(manage))
        .route("/{version}/{number}/request_code", post(manage))
        .route("/{version}/{number}/verify_code", post(manage))
        .route("/{version}/{number}/media", post(upload))
        .route("/{version}/{account}/message_templates", get(stock::list).post(stock::create).delete(stock::delete))
        .route("/{version}/{media}", get(object).post(change))
        .route("/fake-files/{media}/{until}", get(download))
        .fallback(|| async { refusal(&Refusal::new(2500, "Unknown path components")) })
        .with_state(shared);
    let _ = axum::serve(gate, router.into_make_service_with_connect_info::<Scissors>()).await;
}

/// What a call did.
enum Done {
    Read,
    Taken { answer: Value, statuses: Vec<Event>, timing: Timing },
}

async fn messages(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((version, number)): Path<(String, String)>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (fault, done) = shared.with(|state| {
        let request = match request(state, &version, &number, &headers, &body) {
            Ok(request) => request,
            Err(refusal) => return (None, Err(refusal)),
        };
        if request.get("status").is_some() {
            return (None, mark(state, &number, &request));
        }
        let to = ["to", "recipient"].into_iter().find_map(|key| request.get(key)?.as_str()).unwrap_or_default();
        let to = state.person_key(to);
        let fault = fault::take(&mut state.faults, &number, &to);
        let done = match &fault {
            Some(Fault::Code(code)) => Err(Refusal::new(*code, "the fake was told to refuse")),
            Some(Fault::DropRequest | Fault::Status(_)) => Err(Refusal::new(0, "nothing is answered")),
            _ => take(state, &number, request, fault.as_ref()),
        };
        (fault, done)
    });
    let refused = done.is_err() || matches!(&fault, Some(fault) if fault.hides_the_answer());
    if refused {
        shared.with(|state| state.refused += 1);
    }
    let answer = match done {
        Err(refused) => match fault {
            Some(Fault::DropRequest) => return cut(&scissors, 0),
            Some(Fault::Status(status)) => return bare(status),
            _ => return refusal(&refused),
        },
        Ok(Done::Read) => json!({"success": true}),
        Ok(Done::Taken { answer, statuses, timing }) => {
            tell(&shared, statuses, timing).await;
            answer
        }
    };
    match fault {
        Some(Fault::DropAnswer) => cut(&scissors, 0),
        // Past the head of the answer and into its body, which is longer.
        Some(Fault::CutAnswer) => cut(&scissors, 256),
        Some(Fault::GarbleAnswer) => (StatusCode::OK, "<html>").into_response(),
        Some(Fault::StatusAfter(status)) => bare(status),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            Json(answer).into_response()
        }
        _ => Json(answer).into_response(),
    }
}

/// Who calls, for which number, with what.
fn request(state: &State, version: &str, number: &str, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    known_version(version)?;
    let number = state.number(number).ok_or_else(|| Refusal::new(100, "Object with this ID does not exist"))?;
    if bearer(headers) != Some(number.token.as_str()) {
        return Err(Refusal::new(190, "Invalid OAuth access token"));
    }
    if !number.registered {
        return Err(Refusal::new(133_010, "Phone number not registered"));
    }
    let request: Value = serde_json::from_slice(body).map_err(|_| Refusal::new(100, "the body is not JSON"))?;
    if request.is_object() { Ok(request) } else { Err(Refusal::new(100, "the body is not an object")) }
}

fn mark(state: &mut State, number: &str, request: &Value) -> Result<Done, Refusal> {
    let id = request.get("message_id").and_then(Value::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| Refusal::new(131_008, "message_id is missing"))?;
    if request["status"] != "read" || request["messaging_product"] != "whatsapp" {
        return Err(Refusal::new(100, "status must be read"));
    }
    let typing = request.pointer("/typing_indicator/type").is_some_and(|kind| kind == "text");
    state.reads.push(ReadMark { phone_number_id: number.to_owned(), message_id: id.to_owned(), typing });
    Ok(Done::Read)
}

/// Takes a message, or refuses it.
fn take(state: &mut State, number: &str, request: Value, fault: Option<&Fault>) -> Result<Done, Refusal> {
    let (kind, dialled) = rules::check(&request)?;
    let file = request.get(&kind).and_then(|content| content.get("id")).and_then(Value::as_str);
    if file.is_some_and(|id| state.uploads.iter().any(|known| known == id) && state.file(id).is_none()) {
        return Err(Refusal::new(131_009, "Parameter value is not valid: the media id is not known (any more)"));
    }
    let to = state.person_key(&dialled);
    if state.number(number).is_some_and(|number| number.display == to) {
        return Err(Refusal::new(131_021, "Recipient cannot be sender"));
    }
    let Rendered { words, choices } = if kind == "template" {
        let account = state.number(number).map(|number| number.waba_id.clone()).unwrap_or_default();
        state.templates.render(&account, &request["template"])?
    } else {
        Rendered { words: sent::words(&kind, &request), choices: sent::choices(&request) }
    };
    if !state.may_write(number, &to) {
        return Err(Refusal::new(131_056, "too many messages to this person in a short time"));
    }
    let message = SentMessage {
        id: state.fresh_id(),
        phone_number_id: number.to_owned(),
        to,
        kind,
        key: request.get("biz_opaque_callback_data").and_then(Value::as_str).map(ToOwned::to_owned),
        at: state.time.now(),
        request,
        words,
        choices,
    };
    let failure = match fault {
        Some(Fault::FailLater(code)) => Some(*code),
        _ if state.unreachable.contains(&message.to) => Some(131_026),
        _ if state.keep_window && message.kind != "template" && !state.window_is_open(number, &message.to) => {
            Some(131_047)
        }
        _ => None,
    };
    let done = Done::Taken {
        answer: answer(&message),
        statuses: statuses(state, &message, failure),
        timing: state.plan.timing,
    };
    state.sent.push(message);
    Ok(done)
}

fn answer(message: &SentMessage) -> Value {
    let text = |key: &str| message.request.get(key).and_then(Value::as_str);
    let contact = match (text("to"), text("recipient")) {
        (Some(to), None) => json!({"input": to, "wa_id": message.to}),
        (Some(to), Some(id)) => json!({"input": to, "wa_id": message.to, "user_id": id}),
        (None, id) => json!({"input": id, "user_id": id}),
    };
    let mut taken = json!({"id": message.id});
    if message.kind == "template" {
        taken = json!({"id": message.id, "message_status": "accepted"});
    }
    json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [taken]})
}

fn statuses(state: &State, message: &SentMessage, failure: Option<i64>) -> Vec<Event> {
    if let Some(code) = failure {
        return vec![Event::status(state, message, Stage::Failed, Some(code))];
    }
    let stages = state.plan.stages.iter().copied();
    // A reaction is sent and never read.
    let stages = stages.filter(|stage| message.kind != "reaction" || *stage == Stage::Sent);
    let events = stages.map(|stage| Event::status(state, message, stage, None));
    events.flat_map(|event| vec![event; state.plan.copies]).collect()
}

async fn tell(shared: &Shared, mut statuses: Vec<Event>, timing: Timing) {
    match timing {
        Timing::Held => shared.with(|state| state.held.append(&mut statuses)),
        Timing::BeforeAnswer if !statuses.is_empty() => {
            let later = statuses.split_off(1);
            shared.courier.deliver(shared, &statuses).await;
            later.into_iter().for_each(|event| shared.courier.queue(event));
        }
        _ => statuses.into_iter().for_each(|event| shared.courier.queue(event)),
    }
}

/// Takes a file as Meta does: multipart, of a type that it knows, within 100 MB.
async fn upload(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((version, number)): Path<(String, String)>,
    headers: HeaderMap,
    mut form: Multipart,
) -> Response {
    let allowed = shared.with(|state| {
        known_version(&version)?;
        known_token(state, &headers, Some(&number))
    });
    if let Err(refused) = allowed {
        return refusal(&refused);
    }
    let (mut product, mut file) = (None, None);
    loop {
        match form.next_field().await {
            Ok(Some(field)) => match field.name() {
                Some("messaging_product") => product = field.text().await.ok(),
                Some("file") => {
                    let mime = field.content_type().unwrap_or_default().to_owned();
                    file = field.bytes().await.ok().map(|bytes| File { mime, bytes, elsewhere: None });
                }
                _ => {}
            },
            Ok(None) => break,
            Err(_) => return refusal(&Refusal::new(100, "Invalid multipart body")),
        }
    }
    let taken = shared.with(|state| {
        if product.as_deref() != Some("whatsapp") {
            return Err(Refusal::new(100, "The parameter messaging_product is required."));
        }
        let file = file.ok_or_else(|| Refusal::new(100, "The parameter file is required."))?;
        if !UPLOADABLE.contains(&file.mime.as_str()) {
            return Err(Refusal::new(100, "Param file must be a file with one of the types that WhatsApp supports"));
        }
        let id = state.add_file(file);
        state.uploads.push(id.clone());
        Ok(json!({ "id": id }))
    });
    taken.map_or_else(|refused| refusal(&refused), |answer| Json(answer).into_response())
}

/// A number or a file, by its id.
async fn object(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((version, id)): Path<(String, String)>,
    scissors: ConnectInfo<Scissors>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Response {
    if shared.with(|state| state.number(&id).is_some()) {
        return manage(AxumState(shared), scissors, Query(query), headers, request).await;
    }
    look_up(&shared, &version, &id, &query, &headers)
}

fn look_up(
    shared: &Shared,
    version: &str,
    media: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
) -> Response {
    let found = shared.with(|state| {
        known_version(version)?;
        if state.templates.by_id(media).is_some() {
            return stock::one(state, media, query, headers);
        }
        known_token(state, headers, query.get("phone_number_id"))?;
        let file = state.file(media).ok_or_else(|| Refusal::new(100, "Object with this ID does not exist"))?;
        let until = (state.time.now() + Duration::minutes(URL_MINUTES)).timestamp();
        let url = file.elsewhere.clone().unwrap_or_else(|| format!("{}/fake-files/{media}/{until}", state.base_url));
        Ok(described(file, media, &url))
    });
    found.map_or_else(|refused: Refusal| refusal(&refused), |info| Json(info).into_response())
}

/// Changes an object by its id: a template.
async fn change(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((version, object)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let done = shared.with(|state| {
        known_version(&version)?;
        stock::edit(state, &object, &headers, &body)
    });
    answered(&shared, done)
}

/// An answer, or a refusal that is counted.
pub(super) fn answered(shared: &Shared, done: Result<Value, Refusal>) -> Response {
    match done {
        Ok(answer) => Json(answer).into_response(),
        Err(refused) => {
            shared.with(|state| state.refused += 1);
            refusal(&refused)
        }
    }
}

fn described(file: &File, id: &str, url: &str) -> Value {
    let sha256: String = Sha256::digest(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "messaging_product": "whatsapp",
        "url": url,
        "mime_type": file.mime,
        "sha256": sha256,
        "file_size": file.bytes.len().to_string(),
        "id": id,
    })
}

async fn download(
    AxumState(shared): AxumState<Arc<Shared>>,
    Path((media, until)): Path<(String, i64)>,
    headers: HeaderMap,
) -> Response {
    shared.with(|state| {
        if known_token(state, &headers, None).is_err() {
            return bare(401);
        }
        match state.file(&media).filter(|_| state.time.now().timestamp() <= until) {
            Some(file) => ([(header::CONTENT_TYPE, file.mime.clone())], file.bytes.clone()).into_response(),
            None => bare(404),
        }
    })
}

pub(super) fn known_version(version: &str) -> Result<(), Refusal> {
    let fits = version.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some();
    if fits { Ok(()) } else { Err(Refusal::new(2500, "Unknown path components")) }
}

/// Whether the token is that of a number, or of any.
fn known_token(state: &State, headers: &HeaderMap, number: Option<&String>) -> Result<(), Refusal> {
    let token = bearer(headers);
    let mut numbers = state.numbers.iter().filter(|known| number.is_none_or(|number| known.id == *number));
    let known = numbers.any(|number| token == Some(number.token.as_str()));
    if known { Ok(()) } else { Err(Refusal::new(190, "Invalid OAuth access token")) }
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

pub(super) fn refusal(refusal: &Refusal) -> Response {
    (refusal.status(), Json(refusal.envelope())).into_response()
}

/// What a gateway answers: a status and no explanation.
pub(super) fn bare(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, "no explanation").into_response()
}

/// Breaks the connection after so many bytes of an answer that is longer.
pub(super) fn cut(scissors: &Scissors, after: usize) -> Response {
    scissors.cut_after(after);
    Response::new(Body::from("{\"messages\":[{\"id\":\"".to_owned() + &"x".repeat(8 * 1024)))
}
