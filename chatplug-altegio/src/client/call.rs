//! A call before it is made.

use super::error::{BoxError, CallError};
use reqwest::Method;
use serde::Serialize;

/// One request: where to, what with, and whether it may be repeated.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// As it goes over the wire, or why it cannot.
    pub(super) body: Option<Result<Vec<u8>, String>>,
    pub(super) at_marketplace: bool,
    pub(super) host: Option<String>,
    pub(super) as_partner: bool,
    reads: bool,
}

impl Call {
    fn new(method: Method, path: impl Into<String>, reads: bool) -> Self {
        let path = path.into();
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
            at_marketplace: false,
            host: None,
            as_partner: false,
            reads,
        }
    }

    /// A read. The path begins behind the version: `company/4564`.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, true)
    }

    /// A write by `POST`.
    #[must_use]
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path, false)
    }

    /// A write by `PUT`.
    #[must_use]
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path, false)
    }

    /// A write by `DELETE`.
    #[must_use]
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, false)
    }

    /// With a parameter. Lists are parameters of one name that ends in `[]`.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// With a parameter for each value: `name[]=1&name[]=2`.
    #[must_use]
    pub fn list(mut self, name: &str, values: impl IntoIterator<Item = impl ToString>) -> Self {
        self.query.extend(values.into_iter().map(|value| (format!("{name}[]"), value.to_string())));
        self
    }

    /// With a body.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|_| "the request cannot be written as JSON".to_owned()));
        self
    }

    /// A `POST` that changes nothing (a search, a dry run): it may be repeated.
    #[must_use]
    pub const fn reading(mut self) -> Self {
        self.reads = true;
        self
    }

    /// At the marketplace's host; the path begins behind the host.
    #[must_use]
    pub const fn at_marketplace(mut self) -> Self {
        self.at_marketplace = true;
        self
    }

    /// At another host than the configured ones: its URL, up to where the path begins.
    #[must_use]
    pub fn at_host(mut self, url: impl Into<String>) -> Self {
        self.host = Some(url.into());
        self
    }

    /// With the partner token alone, whatever the client has.
    #[must_use]
    pub const fn without_user(mut self) -> Self {
        self.as_partner = true;
        self
    }

    pub(super) const fn is_read(&self) -> bool {
        self.reads
    }

    /// No answer, and the request may have left.
    pub(super) fn lost(&self, source: BoxError) -> CallError {
        match self.reads {
            true => CallError::Unavailable { source: Some(source) },
            false => CallError::OutcomeUnknown { source: Some(source) },
        }
    }

    /// No answer; nothing left when no connection stood, or when the request could not be built.
    pub(super) fn broken(&self, error: reqwest::Error) -> CallError {
        let nothing_left = error.is_connect() || error.is_builder();
        let source: BoxError = error.without_url().into();
        if nothing_left { CallError::Unavailable { source: Some(source) } } else { self.lost(source) }
    }
}
