//! Prism in front of a fake: every call and every answer is held against an official description.

use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse};
use bytes::Bytes;
use serde_json::Value;
use std::{
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A running Prism. It stops when dropped.
#[derive(Debug)]
pub struct Prism {
    /// Where it is, without a slash at the end.
    pub url: String,
    notes: Arc<Mutex<Notes>>,
    _child: Child,
    _folder: TempDir,
}

/// Something that does not fit the description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The call: verb and path.
    pub call: String,
    /// Where: `request.body.client.name`; places in a list are `*`.
    pub at: String,
    /// What is wrong with it.
    pub message: String,
}

#[derive(Debug, Default)]
struct Notes {
    refused: Vec<String>,
    objections: Vec<Objection>,
}

impl Prism {
    /// Starts it in front of a server; what does not fit is refused.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn before(judges: &Path, description: &Value, server: &str) -> Self {
        Self::start(judges, description, server, &["--errors"]).await
    }

    /// Starts it in front of a server; what does not fit passes, and is noted.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn beside(judges: &Path, description: &Value, server: &str) -> Self {
        Self::start(judges, description, server, &[]).await
    }

    async fn start(judges: &Path, description: &Value, server: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("openapi.json");
        std::fs::write(&file, description.to_string()).unwrap();
        // The port is free until Prism takes it; somebody else may be quicker, so it is tried again.
        for _ in 0..5 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
            let mut child = Command::new(judges.join("node_modules/.bin/prism"))
                .args(["proxy", "--host", "127.0.0.1", "--port", &port])
                .args(more)
                .arg(&file)
                .arg(server)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains("listening") {
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    let notes = Arc::default();
                    let url = reporter(format!("http://127.0.0.1:{port}"), Arc::clone(&notes)).await;
                    return Self { url, notes, _child: child, _folder: folder };
                }
            }
        }
        panic!("Prism does not start");
    }

    /// What it refused so far.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn found(&self) -> Vec<String> {
        self.notes.lock().unwrap().refused.clone()
    }

    /// What it noted so far.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn objections(&self) -> Vec<Objection> {
        self.notes.lock().unwrap().objections.clone()
    }
}

/// Keeps what Prism says of each call that it refuses: a client is told too little of it.
async fn reporter(prism: String, notes: Arc<Mutex<Notes>>) -> String {
    let http = super::http_client();
    let handle = move |request: Request| {
        let (prism, notes, http) = (prism.clone(), Arc::clone(&notes), http.clone());
        async move {
            let (mut parts, body) = request.into_parts();
            let body: Bytes = to_bytes(body, 4 << 20).await.unwrap();
            for hop in [http::header::HOST, http::header::CONTENT_LENGTH] {
                parts.headers.remove(hop);
            }
            let path = parts.uri.path_and_query().unwrap().as_str();
            let call = http.request(parts.method.clone(), format!("{prism}{path}")).headers(parts.headers);
            let answer = call.body(body.clone()).send().await.unwrap();
            let (status, mut headers) = (answer.status(), answer.headers().clone());
            headers.remove(http::header::TRANSFER_ENCODING);
            let noted = headers.get("sl-violations").map(|noted| {
                let said = String::from_utf8_lossy(noted.as_bytes());
                // Of very many it says so instead, and shows the first.
                serde_json::from_str(&said).unwrap_or_else(|_| serde_json::json!([{ "message": said }]))
            });
            let objections = objections(&format!("{} {}", parts.method, parts.uri.path()), &noted.unwrap_or_default());
            notes.lock().unwrap().objections.extend(objections);
            let told = answer.bytes().await.unwrap();
            let problem: Value = serde_json::from_slice(&told).unwrap_or_default();
            if problem["type"].as_str().is_some_and(|kind| kind.contains("prism/errors")) {
                let body = String::from_utf8_lossy(&body);
                let title = format!("{}: {}", problem["title"], problem["detail"]);
                let told = problem["validation"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|one| format!("{}: {}", one["location"], one["message"]));
                // A body that fits none of many kinds is told of with what each of them lacks: the last is our kind.
                let told: Vec<_> = told.collect();
                notes.lock().unwrap().refused.push(format!(
                    "{} {path}\n{body}\n{title}\n{}",
                    parts.method,
                    told.join("\n")
                ));
            }
            (status, headers, told).into_response()
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handle)).await });
    url
}

fn objections(call: &str, noted: &Value) -> Vec<Objection> {
    let place = |one: &Value| match one.as_str() {
        Some(name) if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) => "*".to_owned(),
        Some(name) => name.to_owned(),
        None => "*".to_owned(),
    };
    let objection = |one: &Value| Objection {
        call: call.to_owned(),
        at: one["location"].as_array().into_iter().flatten().map(place).collect::<Vec<_>>().join("."),
        message: one["message"].as_str().unwrap_or_default().to_owned(),
    };
    noted.as_array().into_iter().flatten().map(objection).collect()
}
