//! Prism in front of a fake: every call and every answer is held against an official description, and what does not fit
//! it is refused.

use crate::twilio::business::serve;
use axum::{Router, body::to_bytes, extract::Request, response::IntoResponse};
use bytes::Bytes;
use chatplug_whatsapp::meta::http_client;
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
pub(super) struct Prism {
    /// Where it is, without a slash at the end.
    pub(super) url: String,
    found: Arc<Mutex<Vec<String>>>,
    _child: Child,
    _folder: TempDir,
}

impl Prism {
    /// Starts it in front of a server.
    pub(super) async fn before(judges: &Path, description: &Value, server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("openapi.json");
        std::fs::write(&file, description.to_string()).unwrap();
        // The port is free until Prism takes it; somebody else may be quicker, so it is tried again.
        for _ in 0..5 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
            let mut child = Command::new(judges.join("node_modules/.bin/prism"))
                .args(["proxy", "--errors", "--host", "127.0.0.1", "--port", &port])
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
                    let found = Arc::new(Mutex::new(Vec::new()));
                    let url = reporter(format!("http://127.0.0.1:{port}"), Arc::clone(&found)).await;
                    return Self { url, found, _child: child, _folder: folder };
                }
            }
        }
        panic!("Prism does not start");
    }

    /// What it objected to so far.
    pub(super) fn found(&self) -> Vec<String> {
        self.found.lock().unwrap().clone()
    }
}

/// Keeps what Prism says of each call that it refuses: a client is told too little of it.
async fn reporter(prism: String, found: Arc<Mutex<Vec<String>>>) -> String {
    let http = http_client().unwrap();
    let handle = move |request: Request| {
        let (prism, found, http) = (prism.clone(), Arc::clone(&found), http.clone());
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
                found.lock().unwrap().push(format!("{} {path}\n{body}\n{title}\n{}", parts.method, told.join("\n")));
            }
            (status, headers, told).into_response()
        }
    };
    serve(Router::new().fallback(handle)).await
}
