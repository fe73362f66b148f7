//! The business's end of the webhooks: takes what comes, and answers as told.

use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse};
use chatplug_whatsapp::fake::twilio::{Algorithm, sign};
use http::{HeaderMap, StatusCode, header};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::task::JoinHandle;

/// One webhook that came.
#[derive(Debug, Clone)]
pub(super) struct Came {
    /// Path and query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) form: Vec<(String, String)>,
}

impl Came {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.form.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Whether it is signed with a token for a URL.
    pub(super) fn is_signed(&self, token: &str, url: &str) -> bool {
        self.header("x-twilio-signature") == sign(Algorithm::HmacSha1, token, url, &self.form)
    }
}

/// Status, content type and body.
type Answer = (u16, &'static str, &'static str);

/// A server that takes webhooks.
pub(super) struct Desk {
    pub(super) origin: String,
    came: Arc<Mutex<Vec<Came>>>,
    /// The next answers; then 204.
    answers: Arc<Mutex<VecDeque<Answer>>>,
    server: JoinHandle<()>,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Desk {
    pub(super) async fn open() -> Self {
        let came: Arc<Mutex<Vec<Came>>> = Arc::default();
        let answers: Arc<Mutex<VecDeque<_>>> = Arc::default();
        let (kept, scripted) = (Arc::clone(&came), Arc::clone(&answers));
        let handle = move |request: Request| {
            let (kept, scripted) = (Arc::clone(&kept), Arc::clone(&scripted));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
                let path = parts.uri.path_and_query().unwrap().to_string();
                let form = form_urlencoded::parse(&body).into_owned().collect();
                kept.lock().unwrap().push(Came { path, headers: parts.headers, body, form });
                let (status, kind, body) = scripted.lock().unwrap().pop_front().unwrap_or((204, "", ""));
                let status = StatusCode::from_u16(status).unwrap();
                let mut response = (status, body).into_response();
                response.headers_mut().remove(header::CONTENT_TYPE);
                if status == 401 {
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, "Basic realm=\"desk\"".parse().unwrap());
                }
                if !kind.is_empty() {
                    response.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
                }
                response
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handle);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { origin, came, answers, server }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// What came so far.
    pub(super) fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    /// What came since the last time it was asked.
    pub(super) fn take(&self) -> Vec<Came> {
        std::mem::take(&mut *self.came.lock().unwrap())
    }

    /// The next answers' statuses.
    pub(super) fn answers(&self, statuses: impl IntoIterator<Item = u16>) {
        self.answers.lock().unwrap().extend(statuses.into_iter().map(|status| (status, "", "")));
    }

    /// The next answer: status, content type, body.
    pub(super) fn answer(&self, status: u16, kind: &'static str, body: &'static str) {
        self.answers.lock().unwrap().push_back((status, kind, body));
    }
}
