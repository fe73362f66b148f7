//! One call of the API: what was asked, by whom, and what is answered.

use super::{
    errors::Refusal,
    form::{self, Form},
    state::State,
};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::Value;

/// A call as it came.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Form,
    content_type: String,
    body: Bytes,
    login: Option<(String, String)>,
}

/// What is answered when nothing is wrong.
#[derive(Debug)]
pub(super) enum Answer {
    Json(u16, Value),
    Empty(u16),
    /// To another URL.
    Redirect(String),
}

/// Who calls: the account whose credentials they are.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) account: String,
    /// With the Auth Token, not with a key.
    pub(super) by_token: bool,
}

impl Call {
    pub(super) fn new(method: Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Self {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let login = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Basic ")).and_then(|encoded| {
            let login = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
            login.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
        });
        Self {
            method,
            path: uri.path().to_owned(),
            query: form::decode(uri.query().unwrap_or_default().as_bytes()),
            content_type: text(header::CONTENT_TYPE).unwrap_or_default().to_owned(),
            body,
            login,
        }
    }

    /// The path's parts.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.path.trim_matches('/').split('/').collect()
    }

    /// The form that was posted. A body of another type is not read, as if it were not there.
    pub(super) fn form(&self) -> Form {
        if self.content_type.starts_with("application/x-www-form-urlencoded") {
            form::decode(&self.body)
        } else {
            Form::new()
        }
    }

    /// The JSON that was posted, without what is null: the official libraries write every field that they know.
    pub(super) fn json(&self) -> Result<Value, Refusal> {
        if !self.content_type.starts_with("application/json") {
            return Err(Refusal::new(20422, "the body must be application/json"));
        }
        let posted = serde_json::from_slice(&self.body).map_err(|_| Refusal::new(20422, "the body is not JSON"))?;
        Ok(form::without_nulls(posted))
    }

    /// Refuses parameters of the query that the API does not have.
    pub(super) fn knows_query(&self, known: &[&str]) -> Result<(), Refusal> {
        knows(&self.query, &[known, &["PageSize", "Page", "PageToken"][..]].concat())
    }

    /// Whose credentials came with the call.
    pub(super) fn caller(&self, state: &State) -> Result<Caller, Refusal> {
        let (user, password) = self.login.as_ref().ok_or_else(|| Refusal::code(20003))?;
        let by_token = |account: &&super::state::Account| account.sid == *user && account.token == *password;
        let by_key = |account: &&super::state::Account| {
            account.keys.iter().any(|key| key.sid == *user && key.secret == *password)
        };
        let found = state.accounts.iter().find(by_token).map(|account| (account, true));
        let found = found.or_else(|| state.accounts.iter().find(by_key).map(|account| (account, false)));
        let (account, by_token) = found.ok_or_else(|| Refusal::code(20003))?;
        active(state, &account.sid)?;
        Ok(Caller { account: account.sid.clone(), by_token })
    }
}

impl Caller {
    /// Whether the caller may act for an account: its own, or a subaccount of it.
    pub(super) fn may(&self, state: &State, sid: &str) -> Result<(), Refusal> {
        let account = state.account(sid).ok_or_else(|| Refusal::not_found(sid))?;
        if sid == self.account || account.owner == self.account { Ok(()) } else { Err(Refusal::code(20003)) }
    }
}

/// Refuses what is done for an account that is suspended or closed, or whose owner is.
pub(super) fn active(state: &State, sid: &str) -> Result<(), Refusal> {
    let is = |sid: &str| state.account(sid).is_some_and(|account| account.status == "active");
    let owner = state.account(sid).map(|account| account.owner.clone()).unwrap_or_default();
    if is(sid) && is(&owner) { Ok(()) } else { Err(Refusal::code(20005)) }
}

/// Refuses parameters that the API does not have. Twilio itself passes over them; a fake that did would hide a slip.
pub(super) fn knows(given: &[(String, String)], known: &[&str]) -> Result<(), Refusal> {
    match given.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((unknown, _)) => Err(Refusal::new(20001, format!("unknown parameter {unknown}"))),
        None => Ok(()),
    }
}

impl Answer {
    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        let status = match self {
            Self::Json(status, _) | Self::Empty(status) => *status,
            Self::Redirect(_) => 307,
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::OK)
    }
}
