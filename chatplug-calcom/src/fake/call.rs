//! A call as a handler sees it, and as a test looks at it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::net::IpAddr;

/// A call that the fake received.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FakeCall {
    /// Which route: `POST /bookings/{uid}/cancel`; empty when there is none.
    pub route: &'static str,
    /// Method and path as called, without host and `/v2`.
    pub called: String,
    /// The query as called.
    pub query: String,
    /// `cal-api-version` as sent.
    pub version: Option<String>,
    /// The JSON body; null when there was none.
    pub body: Value,
    /// The user as whom it was made; `None` without credentials.
    pub by: Option<u64>,
    /// The status that was answered; 0 when the connection was broken or nothing was ever said.
    pub status: u16,
    /// The fake's time.
    pub at: DateTime<Utc>,
    /// Where it came from.
    pub from: IpAddr,
}

/// The parts of a path, by the names that they have in the route.
pub(super) type PathParts = Vec<(&'static str, String)>;

/// A call with its route found and its caller known.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub(super) path: PathParts,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
    /// As whom it is made.
    pub(super) user: Option<u64>,
    /// The platform's client, when one calls.
    pub(super) client: Option<String>,
    /// The write was checked before, and these host: only write.
    pub(super) chosen: Option<Vec<u64>>,
    /// Check, and write nothing.
    pub(super) only_check: bool,
}

impl Call {
    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(part, _)| *part == name).map_or("", |(_, value)| value.as_str())
    }

    /// A number in the path; 0 when it is none.
    pub(super) fn id(&self, name: &str) -> u64 {
        self.part(name).parse().unwrap_or_default()
    }

    /// A parameter.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.one(name)?.trim().parse().ok()
    }

    /// A list: `name=a,b`, or the parameter several times.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let values = self.query.iter().filter(|(key, _)| key.trim_end_matches("[]") == name);
        values.flat_map(|(_, value)| value.split(',')).map(|one| one.trim().to_owned()).collect()
    }

    pub(super) fn ids(&self, name: &str) -> Vec<u64> {
        self.list(name).iter().filter_map(|id| id.parse().ok()).collect()
    }

    /// A text of the body.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// What text a JSON value is called by in JavaScript's `typeof`.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "boolean",
        _ => "object",
    }
}
