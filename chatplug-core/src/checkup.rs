//! What a live check found: one shape for everything that is looked at, so that it can be told in one way.
//!
//! The checks themselves belong to whoever knows the thing: an adapter asks its provider.

use serde::Serialize;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// It works; somebody may want to know.
    Note,
    /// It could not be looked at.
    Unknown,
    /// Something does not work until somebody does what is told.
    Wrong,
}

impl Verdict {
    /// A word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Note => "note",
            Self::Unknown => "not checked",
            Self::Wrong => "wrong",
        }
    }
}

/// One thing that was looked at. Nothing in it is secret or personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What it is, for programs: `altegio.user_token`. It stays the same between versions.
    pub code: &'static str,
    /// How it stands.
    pub verdict: Verdict,
    /// What was found, for people.
    pub what: String,
    /// What to do about it; empty where there is nothing to be done.
    pub todo: String,
}

impl Checked {
    /// As it should be.
    #[must_use]
    pub fn fine(code: &'static str, what: impl Into<String>) -> Self {
        Self { code, verdict: Verdict::Fine, what: what.into(), todo: String::new() }
    }

    /// It works; somebody may want to know.
    #[must_use]
    pub fn note(code: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { code, verdict: Verdict::Note, what: what.into(), todo: todo.into() }
    }

    /// It could not be looked at.
    #[must_use]
    pub fn unknown(code: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { code, verdict: Verdict::Unknown, what: what.into(), todo: todo.into() }
    }

    /// It does not work.
    #[must_use]
    pub fn wrong(code: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { code, verdict: Verdict::Wrong, what: what.into(), todo: todo.into() }
    }
}
