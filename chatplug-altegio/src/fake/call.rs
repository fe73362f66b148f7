//! A call as a handler sees it, and as a test looks at it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::net::IpAddr;

/// A call that the fake received.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FakeCall {
    /// Which route: `GET /book_times/{company}/{staff}/{date}`; empty when there is none.
    pub route: &'static str,
    /// Method and path as called, without host and version.
    pub called: String,
    /// The query as called.
    pub query: String,
    /// The JSON body; null when there was none.
    pub body: Value,
    /// The status that was answered; 0 when the connection was broken or nothing was ever said.
    pub status: u16,
    /// The fake's time.
    pub at: DateTime<Utc>,
    /// Where it came from.
    pub from: IpAddr,
}

/// The parts of a path, by the names that they have in the route.
pub(super) type PathParts = Vec<(&'static str, String)>;

/// A call with its route found and its callers known.
#[derive(Debug, Clone, Default)]
pub(super) struct Call {
    pub(super) path: PathParts,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
    /// The partner's token.
    pub(super) partner: String,
    /// The user whose token came along.
    pub(super) user: Option<u64>,
    /// The write was checked before: only write.
    pub(super) checked: bool,
    /// Check, and write nothing.
    pub(super) only_check: bool,
}

impl Call {
    /// A part of the path.
    pub(super) fn part(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(part, _)| *part == name).map(|(_, value)| value.as_str())
    }

    /// A number in the path; 0 when it is none.
    pub(super) fn id(&self, name: &str) -> u64 {
        self.part(name).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// A parameter; the last one wins, as in PHP.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.one(name)?.trim().parse().ok()
    }

    /// A list: `name[]=…` or `name[0]=…`; without the brackets it is none.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let belongs = |key: &str| {
            let index = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
            index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()))
        };
        self.query.iter().filter(|(key, _)| belongs(key)).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn ids(&self, name: &str) -> Vec<u64> {
        self.list(name).into_iter().filter_map(|id| id.parse().ok()).collect()
    }
}

/// A whole number, which may be written as text or with a point.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| whole(value)).or_else(|| value.as_str()?.trim().parse().ok())
}

/// A whole number that is written as one, or with nothing behind its point.
#[expect(clippy::cast_possible_truncation, reason = "ids and seconds are small")]
pub(super) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64))
}

pub(super) fn positive(value: &Value) -> Option<u64> {
    integer(value).and_then(|number| number.try_into().ok())
}

pub(super) fn decimal(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A flag: a boolean, 0 or 1, or either as text.
pub(super) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.as_str() {
            "1" | "true" => Some(true),
            "0" | "false" | "" => Some(false),
            _ => None,
        },
        other => other.as_i64().map(|number| number != 0),
    }
}
