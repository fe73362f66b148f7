//! aimock: a server of OpenAI's calls that others made, told what to answer, and what trouble to make.

use serde_json::Value;
use std::{path::Path, process::Stdio};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// A running aimock. It stops when dropped.
#[derive(Debug)]
pub struct Aimock {
    /// Where it is, up to its version, without a slash at the end.
    pub url: String,
    key: String,
    http: reqwest::Client,
    _child: Child,
    _folder: TempDir,
}

impl Aimock {
    /// Starts it with what it answers (its `fixtures`) and the key that it takes; what fits none is refused.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(judges: &Path, answers: &Value, key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("answers.json");
        std::fs::write(&file, answers.to_string()).unwrap();
        let mut child = Command::new(judges.join("node_modules/.bin/llmock"))
            .args(["--port", "0", "--strict", "--validate-on-load", "--fixtures"])
            .arg(&file)
            .env("AIMOCK_API_KEYS", key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some((_, url)) = line.split_once("listening on ") {
                let url = format!("{}/v1", url.trim());
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self { url, key: key.to_owned(), http: super::http_client(), _child: child, _folder: folder };
            }
            said.push(line);
        }
        panic!("aimock does not start: {}", said.join("\n"));
    }

    /// What goes wrong from now on, by its names of it; `{}`: nothing.
    ///
    /// # Panics
    /// When it does not know it.
    pub async fn trouble(&self, rates: &Value) {
        let at = format!("{}/__aimock/chaos", self.url.trim_end_matches("/v1"));
        let clear = self.http.delete(&at).bearer_auth(&self.key).send().await.unwrap();
        assert!(clear.status().is_success(), "{clear:?}");
        let set = self.http.post(&at).bearer_auth(&self.key).json(rates).send().await.unwrap();
        assert!(set.status().is_success(), "{set:?}");
    }
}
