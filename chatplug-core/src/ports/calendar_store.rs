//! What the built-in calendar keeps. Implemented by the stores through the same writer as everything else.

use super::StoreError;
use crate::model::{ActionKey, BranchId, ClaimSubject, ContactId, Private, ServiceId, StaffId, TenantId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, sync::Arc};

/// A durable calendar.
#[cfg_attr(feature = "testkit", mockall::automock)]
pub trait CalendarStore: Debug + Send + Sync {
    /// The handle of one branch's calendar.
    fn calendar(&self, tenant: &TenantId, branch: &BranchId) -> Arc<dyn BranchCalendar>;
}

/// One branch's appointments.
///
/// # Contract
/// Two standing entries never overlap on one subject (padded intervals, half-open, beyond capacity): a constraint of the
/// database says so, not a look before a write.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait BranchCalendar: Debug + Send + Sync {
    /// Makes an entry on the fairest free candidate: fewest taken minutes that day, then least recently assigned, then
    /// given order; decided inside the transaction that writes it. The same key again answers the same entry.
    ///
    /// # Errors
    /// [`CalendarError::Taken`] when nobody is free.
    async fn insert(&self, entry: NewEntry) -> Result<Entry, CalendarError>;

    /// Moves an entry in place (its own time does not count as taken). The same key again answers the same entry.
    ///
    /// # Errors
    /// [`CalendarError::Taken`], and the entry stands as it was; [`CalendarError::NotFound`].
    async fn relocate(&self, id: &str, entry: NewEntry) -> Result<Entry, CalendarError>;

    /// Changes status or confirmation.
    ///
    /// # Errors
    /// [`CalendarError::NotFound`].
    async fn mark(
        &self,
        id: &str,
        mark: EntryMark,
        key: Option<ActionKey>,
        now: DateTime<Utc>,
    ) -> Result<Entry, CalendarError>;

    /// Entries that touch an interval (padded), or one by id, or one by key, or a contact's; standing ones only unless `all`.
    ///
    /// # Errors
    /// See [`CalendarError`].
    async fn entries(&self, filter: EntryFilter) -> Result<Vec<Entry>, CalendarError>;
}

/// An appointment to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEntry {
    /// What.
    pub services: Vec<ServiceId>,
    /// One of these, in given order among equals; for a service without staff one pair without a person.
    pub candidates: Vec<(ClaimSubject, Option<StaffId>)>,
    /// Begin.
    pub start: DateTime<Utc>,
    /// End.
    pub end: DateTime<Utc>,
    /// Begin, padded.
    pub taken_from: DateTime<Utc>,
    /// End, padded.
    pub taken_to: DateTime<Utc>,
    /// First instant of the local day, for fairness.
    pub day_from: DateTime<Utc>,
    /// First instant of the next local day, for fairness.
    pub day_to: DateTime<Utc>,
    /// How many may share the time on the subject.
    pub capacity: u32,
    /// Whose.
    pub contact: ContactId,
    /// Their name, for the day view.
    pub client_name: Option<Private<String>>,
    /// What was agreed to pay, as JSON of the price.
    pub price: Option<String>,
    /// A word to the business.
    pub note: Option<Private<String>>,
    /// The action's key.
    pub key: ActionKey,
    /// Now.
    pub now: DateTime<Utc>,
}

/// An appointment as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id in this calendar.
    pub id: String,
    /// What.
    pub services: Vec<ServiceId>,
    /// On whom or what.
    pub subject: ClaimSubject,
    /// With whom.
    pub staff: Option<StaffId>,
    /// Begin.
    pub start: DateTime<Utc>,
    /// End.
    pub end: DateTime<Utc>,
    /// Begin, padded.
    pub taken_from: DateTime<Utc>,
    /// End, padded.
    pub taken_to: DateTime<Utc>,
    /// `true` until it is cancelled.
    pub standing: bool,
    /// The client said they will come.
    pub confirmed: bool,
    /// Whose.
    pub contact: ContactId,
    /// Their name.
    pub client_name: Option<Private<String>>,
    /// What was agreed to pay, as JSON of the price.
    pub price: Option<String>,
    /// A word to the business.
    pub note: Option<Private<String>>,
    /// Key of the action that last wrote it.
    pub key: ActionKey,
    /// When it was last written.
    pub changed: DateTime<Utc>,
}

/// A change of an entry that takes no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryMark {
    /// It no longer stands.
    Cancelled,
    /// The client will come.
    Confirmed,
}

/// Which entries to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// This one.
    pub id: Option<String>,
    /// The one that an action with this key wrote, whatever was written on it since.
    pub key: Option<ActionKey>,
    /// This client's.
    pub contact: Option<ContactId>,
    /// Those that end (padded) after.
    pub from: Option<DateTime<Utc>>,
    /// Those that begin (padded) before.
    pub until: Option<DateTime<Utc>>,
    /// Cancelled ones too.
    pub all: bool,
}

/// Why a calendar refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// Nobody is free then.
    #[error("the time is taken")]
    Taken,
    /// No such entry.
    #[error("no such appointment")]
    NotFound,
    /// The store failed.
    #[error("the calendar cannot be reached")]
    Store(#[from] StoreError),
}
