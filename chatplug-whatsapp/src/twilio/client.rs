//! Calls to Twilio: one request, one answer, and the truth about whether something left. No retries here.

use super::{
    config::{TwilioConfig, TwilioLogin},
    errors::{Reaction, class_of, reaction, send_error},
};
use crate::common::http::{read_limited, retry_after, unknown, unsent_or_unknown};
use bytes::Bytes;
use chatplug_core::ports::SendError;
use chrono::Duration as Span;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Longest answer that is read: Twilio's own limit for a page of content, and some.
const ANSWER_LIMIT: u64 = 2 * 1024 * 1024;

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum CallError {
    /// Twilio explained itself.
    Twilio {
        /// Its code.
        code: i64,
        /// Its words, which may name people.
        words: String,
        /// How long to wait, where it says so.
        retry_after: Option<Span>,
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
            CallError::Twilio { code, words, retry_after } => match send_error(code, &words) {
                Self::RateLimited { retry_after: usual } => Self::RateLimited { retry_after: retry_after.or(usual) },
                error => error,
            },
            CallError::Other(error) => error,
        }
    }
}

/// Answer to a message: taken, not delivered.
#[derive(Debug, Deserialize)]
pub(super) struct Taken {
    pub(super) sid: String,
}

/// Twilio as one sender sees it.
#[derive(Debug, Clone)]
pub(super) struct TwilioClient {
    http: reqwest::Client,
    config: TwilioConfig,
}

impl TwilioClient {
    pub(super) const fn new(http: reqwest::Client, config: TwilioConfig) -> Self {
        Self { http, config }
    }

    pub(super) const fn config(&self) -> &TwilioConfig {
        &self.config
    }

    /// `POST /2010-04-01/Accounts/{account}/Messages.json`.
    pub(super) async fn send(&self, form: &[(&str, String)]) -> Result<Taken, CallError> {
        let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", self.config.api_url, self.config.account_sid);
        self.answer(self.http.request(Method::POST, url).form(form)).await
    }

    /// `POST /v2/Indicators/Typing.json`: read, and somebody writes.
    pub(super) async fn typing(&self, message: &str) -> Result<Value, CallError> {
        let url = format!("{}/v2/Indicators/Typing.json", self.config.messaging_url);
        let form = [("channel", "whatsapp"), ("messageId", message)];
        self.answer(self.http.request(Method::POST, url).form(&form)).await
    }

    /// `GET` on the content host.
    pub(super) async fn content<A: DeserializeOwned>(&self, path: &str) -> Result<A, CallError> {
        self.answer(self.http.request(Method::GET, format!("{}{path}", self.config.content_url))).await
    }

    /// `POST` on the content host.
    pub(super) async fn post_content<A: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<A, CallError> {
        self.answer(self.http.request(Method::POST, format!("{}{path}", self.config.content_url)).json(body)).await
    }

    /// `DELETE` on the content host; whether it is gone.
    pub(super) async fn delete_content(&self, path: &str) -> bool {
        let request = self.http.request(Method::DELETE, format!("{}{path}", self.config.content_url));
        let answer = self.authorized(request).send().await;
        answer.is_ok_and(|answer| answer.status().is_success() || answer.status() == StatusCode::NOT_FOUND)
    }

    /// A file of a client: Twilio's answer, which mostly leads to where it is stored.
    pub(super) async fn media(&self, message: &str, media: &str) -> Result<Response, SendError> {
        let account = &self.config.account_sid;
        let url = format!("{}/2010-04-01/Accounts/{account}/Messages/{message}/Media/{media}", self.config.api_url);
        let request = self.http.request(Method::GET, url).timeout(crate::common::media::TIMEOUT);
        self.authorized(request).send().await.map_err(|error| unsent_or_unknown(&error.without_url()))
    }

    async fn answer<A: DeserializeOwned>(&self, request: RequestBuilder) -> Result<A, CallError> {
        let body = answer(self.authorized(request)).await?;
        serde_json::from_slice(&body).map_err(|error| unknown(error.into()).into())
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.config.login {
            TwilioLogin::AuthToken(token) => request.basic_auth(&self.config.account_sid, Some(token.expose_secret())),
            TwilioLogin::ApiKey { sid, secret } => request.basic_auth(sid, Some(secret.expose_secret())),
        }
    }
}

/// Makes a call, and answers the body of what came when nothing was wrong.
pub(super) async fn answer(request: RequestBuilder) -> Result<Bytes, CallError> {
    let response = request.send().await.map_err(|error| unsent_or_unknown(&error.without_url()))?;
    let status = response.status();
    let retry_after = retry_after(&response);
    let body = match read_limited(response, ANSWER_LIMIT).await {
        Ok(body) => body,
        // Refused all the same, whatever the rest would have said.
        Err(_) if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => Bytes::new(),
        Err(error) => return Err(error.into_send_error().into()),
    };
    if status.is_success() {
        return Ok(body);
    }
    let explained = serde_json::from_slice::<Failure>(&body);
    match explained {
        // A code that is new, with a status that is not: the account may not do this.
        Ok(Failure { code: Some(code), .. })
            if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && class_of(code).is_none() =>
        {
            Err(SendError::Unauthorized { code }.into())
        }
        Ok(Failure { code: Some(code), words }) if status.is_client_error() || took_nothing(code) => {
            Err(CallError::Twilio { code, words, retry_after })
        }
        _ => Err(unexplained(status, retry_after).into()),
    }
}

/// Twilio's explanation of a refusal: the classic one, or problem details.
#[derive(Debug)]
struct Failure {
    code: Option<i64>,
    words: String,
}

impl<'de> Deserialize<'de> for Failure {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let body = Value::deserialize(input)?;
        let code = body.get("code").and_then(|code| code.as_i64().or_else(|| code.as_str()?.parse().ok()));
        let words = ["message", "detail", "title"].into_iter().find_map(|key| body.get(key)?.as_str());
        Ok(Self { code, words: words.unwrap_or_default().to_owned() })
    }
}

/// Whether a code promises, even with a status of 500 or more, that nothing was made.
fn took_nothing(code: i64) -> bool {
    matches!(reaction(code), Reaction::TryLater | Reaction::Wait(_) | Reaction::BackOff)
}

/// An answer without a code of Twilio's: something between us spoke, or Twilio broke.
fn unexplained(status: StatusCode, retry_after: Option<Span>) -> SendError {
    let code = i64::from(status.as_u16());
    match status {
        // A gateway gave up waiting, or Twilio broke half-way.
        StatusCode::REQUEST_TIMEOUT => SendError::OutcomeUnknown { source: None },
        s if s.is_server_error() => SendError::OutcomeUnknown { source: Some(format!("HTTP status {code}").into()) },
        StatusCode::TOO_MANY_REQUESTS => SendError::RateLimited { retry_after },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => SendError::Unauthorized { code },
        s if s.is_client_error() => SendError::Rejected { code, detail: "refused without an explanation".to_owned() },
        // A redirect: the base URL is not Twilio. Nothing was taken.
        _ => SendError::Unavailable { source: Some(format!("HTTP status {code}").into()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_explanation_are_read() {
        let read = |json: &str| serde_json::from_str::<Failure>(json).map(|failure| (failure.code, failure.words));
        let classic = r#"{"code":21211,"message":"no","more_info":"https://x.example","status":400}"#;
        assert_eq!(read(classic).unwrap(), (Some(21_211), "no".to_owned()));
        let problem =
            r#"{"type":"https://x.example/20404","title":"Not found","status":404,"code":20404,"detail":"gone"}"#;
        assert_eq!(read(problem).unwrap(), (Some(20_404), "gone".to_owned()));
        assert_eq!(read(r#"{"code":"20404","title":"Not found"}"#).unwrap(), (Some(20_404), "Not found".to_owned()));
        assert_eq!(read("{}").unwrap(), (None, String::new()));
        assert_eq!(read("[1]").unwrap().0, None);
        assert!(read("<html>").is_err());
    }
}
