//! What earlier runs did, as the audit has it.

use crate::{
    model::ActionKey,
    ports::{StoreError, TenantStore},
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// Rows read at a time.
const PAGE: usize = 500;

/// The last step of each booking.
#[derive(Debug, Default)]
pub(super) struct Journal(BTreeMap<ActionKey, Entry>);

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) step: String,
    pub(super) at: DateTime<Utc>,
    /// When the visit begins.
    pub(super) start: Option<DateTime<Utc>>,
}

impl Journal {
    /// Reads what was done since a row of the audit.
    pub(super) async fn read(store: &dyn TenantStore, since: i64) -> Result<Self, StoreError> {
        let (mut after, mut journal) = (since, Self::default());
        loop {
            let rows = store.audit(after, PAGE).await?;
            let Some((last, _)) = rows.last() else { return Ok(journal) };
            after = *last;
            for (_, row) in rows {
                let step = row.detail.get("step").and_then(|step| step.as_str());
                let (Some(key), Some(step), "swap_booking") = (row.action, step, row.what.as_str()) else { continue };
                let start = row.detail.get("start").and_then(|start| start.as_str()?.parse().ok());
                journal.0.insert(key, Entry { step: step.to_owned(), at: row.at, start });
            }
        }
    }

    /// When a booking was begun to be made whose making never ended.
    pub(super) fn in_doubt(&self, key: ActionKey) -> Option<DateTime<Utc>> {
        self.0.get(&key).filter(|entry| entry.step == "making").map(|entry| entry.at)
    }

    /// When a visit began as it was last noted.
    pub(super) fn start(&self, key: ActionKey) -> Option<DateTime<Utc>> {
        self.0.get(&key).and_then(|entry| entry.start)
    }

    /// Whether a booking was made, and is known to stand.
    pub(super) fn is_made(&self, key: ActionKey) -> bool {
        self.0.get(&key).is_some_and(|entry| matches!(entry.step.as_str(), "moved" | "releasing" | "released"))
    }

    /// Bookings that were made, and whose old ones were not touched by us since.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (ActionKey, &Entry)> {
        self.0.iter().filter(|(_, entry)| entry.step == "moved").map(|(key, entry)| (*key, entry))
    }
}
