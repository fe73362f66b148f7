//! Connecting something to its provider: a number, a place of a booking system. A [`Way`] is a list of steps; what is known
//! so far is a [`Progress`], which is kept after each step and before each call that must not be made twice, so that whoever
//! was stopped goes on where it stopped.
//!
//! The ways themselves are the adapters'. Where progress and secrets are kept is the caller's: a [`Journal`].

mod memory;
mod run;

pub use memory::MemoryJournal;
pub use run::{Did, Run, Stop, Way, go};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Debug};

/// A call whose answer was lost may still be carried out for this long, in seconds: longer than any call is waited for.
/// That nothing is found there counts only afterwards.
pub const SETTLE_SECONDS: i64 = 30;

/// What is known of a connection so far. Holds ids and times, never a secret, and nothing of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Progress {
    /// The provider's name, such as `meta`, `twilio` or `altegio`; empty before the first step.
    pub provider: String,
    /// Steps that are done, by name, and since when.
    pub done: BTreeMap<String, DateTime<Utc>>,
    /// Steps that were found not to be needed, by name, and why.
    pub skipped: BTreeMap<String, String>,
    /// What was learnt, by name: `waba_id`, `account_sid`, `salon_id`, `number` …
    pub known: BTreeMap<String, String>,
    /// A call that left and was not answered yet.
    pub open: Option<OpenCall>,
    /// When registering the number was tried: providers count.
    pub attempts: Vec<DateTime<Utc>>,
}

impl Progress {
    /// What was learnt under a name.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<&str> {
        self.known.get(name).map(String::as_str)
    }

    /// Keeps what was learnt.
    pub fn learn(&mut self, name: &str, value: impl Into<String>) {
        self.known.insert(name.to_owned(), value.into());
    }

    /// Has steps taken once more, by name.
    pub fn again(&mut self, steps: &[&str]) {
        self.done.retain(|step, _| !steps.contains(&step.as_str()));
    }

    /// How each step stands, without asking anybody.
    #[must_use]
    pub fn views(&self, steps: &[Step]) -> Vec<StepView> {
        steps.iter().map(|step| StepView { step: *step, standing: self.standing(step.name) }).collect()
    }

    /// Whether every step is done or not needed.
    #[must_use]
    pub fn is_complete(&self, steps: &[Step]) -> bool {
        steps.iter().all(|step| !matches!(self.standing(step.name), Standing::Todo))
    }

    fn standing(&self, step: &str) -> Standing {
        match (self.done.get(step), self.skipped.get(step)) {
            (Some(at), _) => Standing::Before { at: *at },
            (None, Some(why)) => Standing::Skipped { why: why.clone() },
            (None, None) => Standing::Todo,
        }
    }
}

/// A call whose answer is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCall {
    /// Of which step.
    pub step: String,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// A step of a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its word, which stays the same over versions.
    pub name: &'static str,
    /// What it does, for people.
    pub title: &'static str,
}

/// A step and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// Which.
    pub step: Step,
    /// How it stands.
    pub standing: Standing,
}

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing {
    /// Not begun, since one before it is not done.
    Todo,
    /// Done by this run.
    Done {
        /// What there is to know of it.
        note: String,
    },
    /// Done by a run before.
    Before {
        /// When.
        at: DateTime<Utc>,
    },
    /// Not needed here.
    Skipped {
        /// Why.
        why: String,
    },
    /// Nothing is wrong; it goes on later.
    Waiting {
        /// For what.
        what: String,
        /// When to run again; `None`: when a person has done something.
        again: Option<DateTime<Utc>>,
    },
    /// It went wrong, and would again until somebody does what is said.
    Failed {
        /// What to do about it.
        what: String,
        /// The provider's code, where it gave one.
        code: Option<i64>,
    },
}

impl Standing {
    /// The word for it, in an audit or a table.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Done { .. } => "done",
            Self::Before { .. } => "already done",
            Self::Skipped { .. } => "skipped",
            Self::Waiting { .. } => "waiting",
            Self::Failed { .. } => "failed",
        }
    }
}

/// Which secret a journal is to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kept {
    /// What calls are made with: Meta's access token, the auth token of Twilio's account, Altegio's user token.
    Token,
    /// The PIN of the number's two-step verification, which registering it again asks for.
    Pin,
}

/// What is written in a journal, for the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Of which step.
    pub step: &'static str,
    /// What became of it: the word of a [`Standing`], or `asked` before a call that must not be made twice.
    pub became: &'static str,
    /// The provider's code, where it failed with one.
    pub code: Option<i64>,
}

/// Where progress and secrets are kept. What it answers for has been written durably.
#[async_trait]
pub trait Journal: Debug + Send + Sync {
    /// Keeps what is known so far.
    ///
    /// # Errors
    /// [`JournalError::Overtaken`] when somebody else kept something since it was read; see [`JournalError`].
    async fn save(&self, progress: &Progress, entry: Entry) -> Result<(), JournalError>;

    /// Keeps a secret, sealed; replaces the one before.
    ///
    /// # Errors
    /// See [`JournalError`].
    async fn keep(&self, which: Kept, secret: &SecretString) -> Result<(), JournalError>;

    /// A secret that was kept, for use.
    ///
    /// # Errors
    /// See [`JournalError`].
    async fn kept(&self, which: Kept) -> Result<Option<SecretString>, JournalError>;
}

/// Why nothing was written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another run is at the same connection: let it end, then run again.
    #[error("another run is connecting the same channel")]
    Overtaken,
    /// The store failed.
    #[error("what is known so far could not be kept")]
    Store {
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a call did not do what it was to do, by what the caller can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// Refused, and refused again until somebody does what `advice` says.
    #[error("refused with code {code}: {advice}")]
    Refused {
        /// The provider's code, or the HTTP status where it gave none.
        code: i64,
        /// What to do.
        advice: &'static str,
        /// The provider's words, without numbers of people.
        words: String,
    },
    /// Too early, or too often.
    #[error("refused with code {code} for now: {advice}")]
    Wait {
        /// The provider's code, or the HTTP status where it gave none.
        code: i64,
        /// For how long.
        after: Duration,
        /// What to do.
        advice: &'static str,
    },
    /// The call left and its answer was lost: look whether it was done before it is made again.
    #[error("the answer was lost: it may have been done")]
    OutcomeUnknown {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Nothing was done: the provider cannot be reached, or has a fault that passes.
    #[error("the provider cannot be reached, or is out of order; nothing was done")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl ProvisionError {
    /// Of a call that only reads: what is unknown did no harm.
    #[must_use]
    pub fn of_reading(self) -> Self {
        match self {
            Self::OutcomeUnknown { source } => Self::Unavailable { source },
            error => error,
        }
    }
}
