//! An endpoint within the process: it hears and understands what it is told to, and misbehaves when it is told to.

mod chat;

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Multipart, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

/// The key that the fake takes.
pub const API_KEY: &str = "sk-fake-0123456789";
/// The model that writes recordings down.
pub const MODEL: &str = "whisper-1";
/// The model that answers questions.
pub const CHAT_MODEL: &str = "fake-mini";

/// What the next call meets.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// No answer until [`FakeOpenAi::release`].
    Hangs,
    /// This status with OpenAI's envelope of an error.
    Status(u16),
    /// Status 429, to come again after so many seconds.
    TooMany(u32),
    /// Status 200 with this body.
    Body(String),
    /// Half an answer, then the connection is gone.
    Cut,
    /// To another place.
    Redirect(String),
    /// The beginning of an answer at once, the rest never.
    Drips,
    /// A question is answered with this text, whatever the schema says.
    Says(String),
}

/// One call, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The form's texts.
    pub fields: HashMap<String, String>,
    /// Name of the file.
    pub file_name: String,
    /// Type of the file.
    pub mime: String,
    /// How large the file was.
    pub bytes: usize,
}

/// The endpoint. Stops when it is dropped.
#[derive(Debug)]
pub struct FakeOpenAi {
    base_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<Inner>,
    released: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    words: HashMap<Vec<u8>, String>,
    faults: VecDeque<Fault>,
    calls: Vec<Call>,
    readings: HashMap<String, Value>,
    asked: Vec<Value>,
    says: Option<String>,
}

impl FakeOpenAi {
    /// Listens on this machine.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base_url = format!("http://{}/v1", listener.local_addr()?);
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .route("/v1/audio/transcriptions", post(transcribe))
            .route("/v1/chat/completions", post(chat::complete))
            .route("/v1/models", get(chat::models))
            .layer(DefaultBodyLimit::max(32 * 1024 * 1024))
            .with_state(shared.clone());
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { base_url, shared, server })
    }

    /// Where it is, up to its version.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What is said in a recording; nothing at all for silence.
    pub fn hears(&self, recording: impl Into<Vec<u8>>, words: &str) -> &Self {
        self.lock().words.insert(recording.into(), words.to_owned());
        self
    }

    /// How a message is read: laid over a reading that understood nothing. Other messages are read as that.
    pub fn understands(&self, message: &str, reading: Value) -> &Self {
        self.lock().readings.insert(message.to_owned(), reading);
        self
    }

    /// Every question is answered with this text from now on, whatever the schema says.
    pub fn says(&self, text: &str) -> &Self {
        self.lock().says = Some(text.to_owned());
        self
    }

    /// The questions so far, as they came.
    #[must_use]
    pub fn asked(&self) -> Vec<Value> {
        self.lock().asked.clone()
    }

    /// What the next call meets; those after it what is said after this.
    pub fn fails(&self, fault: Fault) -> &Self {
        self.lock().faults.push_back(fault);
        self
    }

    /// Lets a call go on that hangs.
    pub fn release(&self) {
        self.shared.released.notify_waiters();
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FakeOpenAi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn transcribe(State(shared): State<Arc<Shared>>, headers: HeaderMap, mut form: Multipart) -> Response {
    let (mut call, mut file) = (Call::default(), Vec::new());
    loop {
        match form.next_field().await {
            Ok(Some(field)) if field.name() == Some("file") => {
                field.file_name().unwrap_or_default().clone_into(&mut call.file_name);
                field.content_type().unwrap_or_default().clone_into(&mut call.mime);
                file = field.bytes().await.map(|bytes| bytes.to_vec()).unwrap_or_default();
            }
            Ok(Some(field)) => {
                let name = field.name().unwrap_or_default().to_owned();
                call.fields.insert(name, field.text().await.unwrap_or_default());
            }
            Ok(None) => break,
            Err(_) => return refusal(StatusCode::BAD_REQUEST, "no form"),
        }
    }
    call.bytes = file.len();
    let model = call.fields.get("model").cloned();
    let (fault, words) = {
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls.push(call);
        (state.faults.pop_front(), state.words.get(&file).cloned())
    };
    if !has_key(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "Incorrect API key provided");
    }
    if let Some(fault) = fault
        && let Some(answer) = misbehave(fault, &shared).await
    {
        return answer;
    }
    if model.as_deref() != Some(MODEL) {
        return refusal(StatusCode::NOT_FOUND, "The model does not exist");
    }
    match words {
        Some(words) => Json(json!({ "text": words })).into_response(),
        None => refusal(StatusCode::BAD_REQUEST, "Invalid file format."),
    }
}

fn has_key(headers: &HeaderMap) -> bool {
    let key = headers.get(header::AUTHORIZATION).and_then(|key| key.to_str().ok()?.strip_prefix("Bearer "));
    key == Some(API_KEY)
}

/// What a fault answers; `None`: the call goes on.
async fn misbehave(fault: Fault, shared: &Shared) -> Option<Response> {
    let half = Bytes::from_static(b"{\"text\":\"half of wh");
    Some(match fault {
        Fault::Hangs => {
            shared.released.notified().await;
            return None;
        }
        Fault::Says(_) => return None,
        Fault::Status(status) => refusal(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), "as told"),
        Fault::TooMany(seconds) => {
            let refused = refusal(StatusCode::TOO_MANY_REQUESTS, "Rate limit reached");
            ([(header::RETRY_AFTER, seconds.to_string())], refused).into_response()
        }
        Fault::Body(body) => body.into_response(),
        Fault::Cut => {
            let parts = [Ok(half), Err(io::Error::other("cut"))];
            Response::new(Body::from_stream(futures_util::stream::iter(parts)))
        }
        Fault::Drips => {
            let rest = futures_util::stream::pending::<io::Result<Bytes>>();
            let drips = futures_util::stream::StreamExt::chain(futures_util::stream::iter([Ok(half)]), rest);
            Response::new(Body::from_stream(drips))
        }
        Fault::Redirect(to) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
    })
}

fn refusal(status: StatusCode, message: &str) -> Response {
    let error =
        json!({ "error": { "message": message, "type": "invalid_request_error", "param": null, "code": null } });
    (status, Json(error)).into_response()
}
