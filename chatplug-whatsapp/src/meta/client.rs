//! Calls to Graph: one request, one answer, and the truth about whether something left. No retries here.

use super::{config::MetaConfig, errors::send_error, wire::Failure};
use crate::common::http::{read_limited, retry_after, unknown, unsent_or_unknown};
use bytes::Bytes;
use chatplug_core::ports::SendError;
use chrono::Duration as Span;
use reqwest::{
    Method, Response, StatusCode,
    multipart::{Form, Part},
};
use secrecy::ExposeSecret;
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// Longest answer of Graph that is read; real ones are a few hundred bytes.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// Graph explained itself.
    Graph {
        /// Its code.
        code: i64,
        /// Its words, which may name people.
        words: String,
        /// Narrows a code down where a template is being written.
        subcode: Option<i64>,
        /// What it says to whoever wrote what it refuses.
        advice: Option<String>,
    },
    /// Anything else.
    Other(SendError),
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        Self::Other(error)
    }
}

impl From<CallError> for SendError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Graph { code, words, .. } => send_error(code, &words),
            CallError::Other(error) => error,
        }
    }
}

/// Graph as one number sees it.
#[derive(Debug, Clone)]
pub(super) struct GraphClient {
    http: reqwest::Client,
    config: MetaConfig,
}

impl GraphClient {
    pub(super) const fn new(http: reqwest::Client, config: MetaConfig) -> Self {
        Self { http, config }
    }

    pub(super) const fn config(&self) -> &MetaConfig {
        &self.config
    }

    /// Uploads a file from the number.
    pub(super) async fn upload<A: DeserializeOwned>(
        &self,
        file: Bytes,
        name: &str,
        mime: &str,
    ) -> Result<A, CallError> {
        let length = file.len() as u64;
        let part = Part::stream_with_length(file, length).file_name(name.to_owned());
        let part = part.mime_str(mime).map_err(|error| unsent_or_unknown(&error))?;
        let form = Form::new().text("messaging_product", "whatsapp").text("type", mime.to_owned()).part("file", part);
        let url = self.url(&format!("{}/media", self.config.phone_number_id));
        self.answer(self.http.request(Method::POST, url).multipart(form)).await
    }

    /// `POST /{version}/{phone number id}/messages`: sends a message or marks one as read.
    pub(super) async fn post_message<A: DeserializeOwned>(&self, body: &impl Serialize) -> Result<A, CallError> {
        let url = self.url(&format!("{}/messages", self.config.phone_number_id));
        let request = self.http.request(Method::POST, url).json(body);
        self.answer(request).await
    }

    /// `GET /{version}/{path}`.
    pub(super) async fn get<A: DeserializeOwned>(&self, path: &str) -> Result<A, CallError> {
        self.answer(self.http.request(Method::GET, self.url(path))).await
    }

    /// `POST /{version}/{path}`, as a management call: templates.
    pub(super) async fn post<A: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<A, CallError> {
        self.answer(self.http.request(Method::POST, self.url(path)).json(body)).await
    }

    /// Fetches an absolute URL with the token. The caller has checked the host.
    pub(super) async fn download(&self, url: reqwest::Url, timeout: Duration) -> Result<Response, SendError> {
        let request = self.http.request(Method::GET, url).timeout(timeout);
        self.authorized(request).send().await.map_err(|error| unsent_or_unknown(&error.without_url()))
    }

    async fn answer<A: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<A, CallError> {
        let body = answer(self.authorized(request)).await?;
        serde_json::from_slice(&body).map_err(|error| unknown(error.into()).into())
    }

    fn authorized(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.bearer_auth(self.config.access_token.expose_secret())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{}/{path}", self.config.base_url, self.config.graph_version)
    }
}

/// Makes a call, and answers the body of what came when nothing was wrong.
pub(super) async fn answer(request: reqwest::RequestBuilder) -> Result<Bytes, CallError> {
    let response = request.send().await.map_err(|error| unsent_or_unknown(&error.without_url()))?;
    let status = response.status();
    let retry_after = retry_after(&response);
    let body = match read_limited(response, ANSWER_LIMIT).await {
        Ok(body) => body,
        // Refused all the same, whatever the rest would have said.
        Err(_) if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => Bytes::new(),
        Err(error) => return Err(error.into_send_error().into()),
    };
    if let Ok(failure) = serde_json::from_slice::<Failure>(&body) {
        let (words, advice) = (failure.error.words().to_owned(), failure.error.for_people());
        let (code, subcode) = (failure.error.code, failure.error.error_subcode);
        return Err(CallError::Graph { code, words, subcode, advice });
    }
    if !status.is_success() {
        return Err(unexplained(status, retry_after).into());
    }
    Ok(body)
}

/// An answer without Graph's envelope: something between us and Meta spoke.
fn unexplained(status: StatusCode, retry_after: Option<Span>) -> SendError {
    let code = i64::from(status.as_u16());
    match status {
        // A gateway gave up waiting, or Graph broke half-way.
        StatusCode::REQUEST_TIMEOUT => SendError::OutcomeUnknown { source: None },
        s if s.is_server_error() => SendError::OutcomeUnknown { source: Some(format!("HTTP status {code}").into()) },
        StatusCode::TOO_MANY_REQUESTS => SendError::RateLimited { retry_after },
        StatusCode::UNAUTHORIZED => SendError::Unauthorized { code },
        s if s.is_client_error() => SendError::Rejected { code, detail: "refused without an explanation".to_owned() },
        // A redirect: the base URL is not Graph. Nothing was taken.
        _ => SendError::Unavailable { source: Some(format!("HTTP status {code}").into()) },
    }
}
