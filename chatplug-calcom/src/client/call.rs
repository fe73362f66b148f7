//! A call before it is made.

use super::{
    Version,
    error::{BoxError, CallError},
};
use reqwest::Method;
use serde::Serialize;
use std::fmt;

/// One request: where to, what with, and whether it may be repeated. `Debug` prints no booking's name: it is a secret.
#[derive(Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// As it goes over the wire, or why it cannot.
    pub(super) body: Option<Result<Vec<u8>, String>>,
    reads: bool,
}

impl Call {
    fn new(method: Method, path: impl Into<String>, reads: bool) -> Self {
        let path = path.into().trim_start_matches('/').to_owned();
        Self { method, path, query: Vec::new(), body: None, reads }
    }

    /// A read. The path begins behind the version: `event-types/7`.
    #[must_use]
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, true)
    }

    /// A write by `POST`.
    #[must_use]
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path, false)
    }

    /// A write by `PATCH`.
    #[must_use]
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path, false)
    }

    /// A write by `DELETE`.
    #[must_use]
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path, false)
    }

    /// With a parameter. Lists are one parameter, separated by commas.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).map_err(|_| "the request cannot be written as JSON".to_owned()));
        self
    }

    /// The family it belongs to, which decides its version.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(&self.path)
    }

    /// The call for logs: whoever knows a booking's name may read, move and cancel it, so it is left out.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = self.method.to_string();
        let path = self.path.split('?').next().unwrap_or_default();
        let mut before = "";
        for part in path.split('/') {
            let separator = if before.is_empty() { ' ' } else { '/' };
            let secret = matches!(before, "bookings" | "by-seat" | "reservations") && part != "by-seat";
            shown.push(separator);
            shown.push_str(if secret { "…" } else { part });
            before = part;
        }
        shown
    }

    pub(super) const fn is_read(&self) -> bool {
        self.reads
    }

    /// No answer, and the request may have left.
    pub(super) fn lost(&self, source: BoxError) -> CallError {
        match self.reads {
            true => CallError::Unavailable { source: Some(source) },
            false => CallError::OutcomeUnknown { status: None, source: Some(source) },
        }
    }

    /// No answer; nothing left when no connection stood, or when the request could not be built.
    pub(super) fn broken(&self, error: reqwest::Error) -> CallError {
        let nothing_left = error.is_connect() || error.is_builder();
        let source: BoxError = error.without_url().into();
        if nothing_left { CallError::Unavailable { source: Some(source) } } else { self.lost(source) }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("call", &self.shown()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookings_name_is_never_shown() {
        for (call, shown) in [
            (Call::get("bookings/syVnAwQK"), "GET bookings/…"),
            (Call::post("bookings/syVnAwQK/cancel"), "POST bookings/…/cancel"),
            (Call::get("bookings?bookingUid=syVnAwQK"), "GET bookings"),
            (Call::get("bookings").query("bookingUid", "syVnAwQK"), "GET bookings"),
            (Call::get("bookings/by-seat/syVnAwQK"), "GET bookings/by-seat/…"),
            (Call::delete("slots/reservations/syVnAwQK"), "DELETE slots/reservations/…"),
            (Call::get("/event-types/7"), "GET event-types/7"),
        ] {
            assert_eq!(call.shown(), shown);
            assert!(!format!("{call:?}").contains("syVnAwQK"));
        }
    }
}
