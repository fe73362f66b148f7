//! What whoever runs chatplug answers for: the audit, people's rights, retention.

use super::{AuditRow, StoreError};
use crate::{
    audit::{AuditHead, AuditLink},
    model::{BranchId, ChannelUser, ContactId, TenantId},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Debug, sync::Arc};

/// A store with records to answer for.
#[cfg_attr(feature = "testkit", mockall::automock)]
pub trait RecordStore: Debug + Send + Sync {
    /// The handle through which one tenant's records are reached.
    fn records(&self, tenant: &TenantId) -> Arc<dyn TenantRecords>;
}

/// One tenant's records. Every method that takes `by` (who asked: `operator:<name>`, `engine`, …) leaves an audit row in
/// the same step.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait TenantRecords: Debug + Send + Sync {
    /// Adds rows to the audit that belong to no turn.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn append_audit(&self, rows: Vec<AuditRow>) -> Result<(), StoreError>;

    /// Rows of the audit as they are chained, oldest first, after a sequence number.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit_links(&self, after: i64, limit: usize) -> Result<Vec<AuditLink>, StoreError>;

    /// Where the chain ends, as kept apart from its rows.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn audit_head(&self) -> Result<AuditHead, StoreError>;

    /// The contact that a person is known as.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn find_person(&self, user: &ChannelUser) -> Result<Option<ContactId>, StoreError>;

    /// Everything that is kept of a person, readable. Read in one transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and see [`StoreError`].
    async fn export_person(&self, contact: ContactId, by: &str, now: DateTime<Utc>)
    -> Result<PersonExport, StoreError>;

    /// What [`erase_person`](Self::erase_person) would remove by now. Changes nothing, and leaves no audit row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and see [`StoreError`].
    async fn count_person(&self, contact: ContactId, now: DateTime<Utc>) -> Result<Erasure, StoreError>;

    /// Removes everything that is kept of a person, in one transaction: their conversations, messages and state are
    /// deleted; an appointment of the built-in calendar stays as time that is taken, without a trace of whose. The audit
    /// stays: it holds ids only, and they lead nowhere then. Erasing again is [`StoreError::NotFound`].
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and see [`StoreError`].
    async fn erase_person(&self, contact: ContactId, by: &str, now: DateTime<Utc>) -> Result<Erasure, StoreError>;

    /// Removes a branch that is [leaving](super::InstallState::Leaving), with everything that is kept of it: its bookings,
    /// reminders, claims and appointments, what was said of it, its credentials, its address and its install. People go
    /// wholly whom no other branch knows ([`BranchPurge::last`]: everybody); of the others goes what is of this branch. A
    /// receipt of everything lies in the audit.
    ///
    /// Person by person, each in one transaction: a call that is interrupted leaves the branch leaving, and the next one goes
    /// on. Several at once do no harm.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such branch, or it is not leaving: so also when it is gone already; and see
    /// [`StoreError`].
    async fn purge_branch(&self, purge: &BranchPurge) -> Result<Purge, StoreError>;

    /// Forgets what is older than it need be kept, in small steps until nothing is left to forget; safe to run beside
    /// everything else and by several processes.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn forget(&self, retention: &Retention, now: DateTime<Utc>) -> Result<Forgotten, StoreError>;
}

/// Everything kept of a person, by table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PersonExport {
    /// Rows by table, each with its readable columns.
    pub tables: BTreeMap<String, Vec<serde_json::Value>>,
}

/// What erasing a person removed: the receipt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Rows deleted, by table.
    pub deleted: BTreeMap<String, u64>,
    /// Rows that stay without what was personal in them, by table.
    pub blanked: BTreeMap<String, u64>,
    /// Appointments in the future among them: the business may want to know that nobody is named in them any more.
    pub upcoming: u64,
}

/// A branch to be removed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchPurge {
    /// Which.
    pub branch: BranchId,
    /// The tenant has no other: everything of its clients goes.
    pub last: bool,
    /// Who did it.
    pub by: String,
    /// The time.
    pub now: DateTime<Utc>,
}

/// How far removing a branch has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purge {
    /// It is gone.
    Done {
        /// Rows that were removed or emptied, by table, and how many `people` went wholly; since the branch is leaving.
        removed: BTreeMap<String, u64>,
    },
    /// Something of so many people is under way: a turn, an open action, word to the team. Everything else is removed. Call
    /// again in a moment.
    Busy {
        /// How many.
        people: u64,
    },
}

/// How long things are kept; counted from when they happened, or were settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Retention {
    /// Read mail, by which a second delivery of the same message is recognised; and statuses whose message never became
    /// known. Providers deliver again for up to seven days. Default: 8 days.
    #[serde(with = "days")]
    pub mail: Duration,
    /// Settled messages of the outbox with the provider's ids of them, by which statuses and quoting answers find them.
    /// After that their line in the log remains. Providers tell of a message for up to 30 days. Default: 31 days.
    #[serde(with = "days")]
    pub outbox: Duration,
    /// Records of turns, by which a conversation can be replayed. Default: 90 days.
    #[serde(with = "days")]
    pub turns: Duration,
    /// What the team was told. Default: 90 days.
    #[serde(with = "days")]
    pub notices: Duration,
    /// The log that people read. Default: 730 days.
    #[serde(with = "days")]
    pub messages: Duration,
    /// Bookings that have ended, as last known; the booking system keeps its own. Default: 730 days.
    #[serde(with = "days")]
    pub bookings: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            mail: Duration::days(8),
            outbox: Duration::days(31),
            turns: Duration::days(90),
            notices: Duration::days(90),
            messages: Duration::days(730),
            bookings: Duration::days(730),
        }
    }
}

/// How much was forgotten, by table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Rows deleted, by table; tables of which nothing was are not named.
    pub deleted: BTreeMap<String, u64>,
}

impl Forgotten {
    /// Whether nothing was left to forget.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deleted.values().all(|rows| *rows == 0)
    }
}

/// Durations as whole days.
mod days {
    use chrono::Duration;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(duration.num_days())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let days = u32::deserialize(deserializer)?;
        Ok(Duration::days(days.into()))
    }
}
