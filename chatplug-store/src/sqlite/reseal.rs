//! Storing values anew: with the latest data key, or sealed where they were not, or the other way round. One table after
//! the other, in the order of its keys, a few values at a time; what is read beside the writer is only written where
//! nobody else has written meanwhile.

use super::{
    SqliteStore,
    db::{Script, Value, put},
    writer::{Command, Tx},
};
use crate::vault::{Seal, field};
use chatplug_core::{model::TenantId, ports::StoreError};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Values that are read, and written in one command, at most.
const BATCH: usize = 200;

/// A column whose values may be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// For what its values are sealed.
    pub(super) field: SealedFor,
    /// Before the first value of each key column beside the tenant.
    first: &'static [First],
    find: &'static str,
    put: &'static str,
}

/// For what the values of a column are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SealedFor {
    /// This name.
    Field(&'static str),
    /// The name of the credential, which is their key; and always.
    Credential,
}

/// What comes before every value of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Text,
    Id,
    Number,
}

impl First {
    fn value(self) -> Value {
        match self {
            Self::Text => Value::Text(String::new()),
            Self::Id => Value::Bytes(Vec::new()),
            Self::Number => Value::Int(i64::MIN),
        }
    }
}

macro_rules! question {
    ($key:ident) => {
        ", ?"
    };
}

/// A column, by table, key columns beside the tenant with their kinds, and what its values are sealed for.
macro_rules! column {
    ($table:ident.$column:ident, [$key:ident: $kind:ident $(, $more:ident: $more_kind:ident)*], $field:expr) => {
        Column {
            table: stringify!($table),
            column: stringify!($column),
            field: $field,
            first: &[First::$kind $(, First::$more_kind)*],
            find: concat!(
                "SELECT ", stringify!($column), ", ", stringify!($key), $(", ", stringify!($more),)* " FROM ",
                stringify!($table), " WHERE tenant = ? AND (", stringify!($key), $(", ", stringify!($more),)* ") > (?",
                $(question!($more),)* ") AND ", stringify!($column), " IS NOT NULL AND CASE WHEN ? THEN substr(",
                stringify!($column), ", 1, 5) <> ? ELSE substr(", stringify!($column), ", 1, 1) = x'01' END ORDER BY ",
                stringify!($key), $(", ", stringify!($more),)* " LIMIT ?"
            ),
            put: concat!(
                "UPDATE ", stringify!($table), " SET ", stringify!($column), " = ? WHERE tenant = ? AND ",
                stringify!($key), " = ?", $(" AND ", stringify!($more), " = ?",)* " AND ", stringify!($column), " = ?"
            ),
        }
    };
}

/// Every column whose values may be sealed.
pub(super) const COLUMNS: &[Column] = &[
    column!(credential.sealed, [name: Text], SealedFor::Credential),
    column!(contact.person, [contact: Id], SealedFor::Field(field::PERSON)),
    column!(dialogue.state, [conversation: Id], SealedFor::Field(field::STATE)),
    column!(dialogue.action, [conversation: Id], SealedFor::Field(field::ACTION)),
    column!(mailbox.event, [source: Text, provider_id: Text], SealedFor::Field(field::MAIL)),
    column!(outbox.body, [delivery: Id], SealedFor::Field(field::BODY)),
    column!(outbox.shown, [delivery: Id], SealedFor::Field(field::TEXT)),
    column!(early.message_id, [channel: Text, message: Text, stage: Number], SealedFor::Field(field::MESSAGE)),
    column!(early.status, [channel: Text, message: Text, stage: Number], SealedFor::Field(field::STATUS)),
    // After what waits, which becomes the outbox's.
    column!(outbox.message_id, [delivery: Id], SealedFor::Field(field::MESSAGE)),
    // After the outbox, whose rows become messages.
    column!(message.message_id, [conversation: Id, seq: Number], SealedFor::Field(field::MESSAGE)),
    column!(message.text, [conversation: Id, seq: Number], SealedFor::Field(field::TEXT)),
    column!(turn.steps, [conversation: Id, number: Number], SealedFor::Field(field::STEPS)),
    column!(booking.body, [booking: Id], SealedFor::Field(field::BOOKING)),
    column!(notice.event, [conversation: Id, seq: Number], SealedFor::Field(field::NOTICE)),
    column!(entry.client_name, [branch: Text, entry: Text], SealedFor::Field(field::CLIENT)),
    column!(entry.note, [branch: Text, entry: Text], SealedFor::Field(field::NOTE)),
];

impl Column {
    /// The name that the value with this key is sealed for.
    fn name(&self, key: &[Value]) -> String {
        match (self.field, key.first()) {
            (SealedFor::Credential, Some(Value::Text(name))) => field::credential(name),
            (SealedFor::Credential, _) => field::credential(""),
            (SealedFor::Field(name), _) => name.to_owned(),
        }
    }

    fn is_sealed(&self, seal: &Seal) -> bool {
        self.field == SealedFor::Credential || seal.is_sealing()
    }

    /// The next values that are not stored as they would be now.
    fn find(&self, seal: &Seal, after: &[Value], limit: usize) -> Script {
        let mut script = Script::default();
        put!(script, self.find, seal.tenant());
        for key in after {
            script.bind(key.clone());
        }
        script.bind(self.is_sealed(seal));
        script.bind(seal.mark());
        script.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        script
    }
}

/// How far resealing a tenant has come; lost, it begins anew.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    /// Place in [`COLUMNS`].
    column: usize,
    /// The last key that was looked at.
    after: Option<Vec<Value>>,
    /// Nothing was found so far.
    clean: bool,
    /// Everybody seals with the latest key since before this began.
    settled: bool,
    version: u32,
    sealing: bool,
}

impl Progress {
    /// Nothing was looked at yet.
    pub(super) const fn is_new(&self) -> bool {
        self.column == 0 && self.after.is_none()
    }

    pub(super) const fn is_over(&self) -> bool {
        self.column >= COLUMNS.len()
    }

    pub(super) const fn is_clean(&self) -> bool {
        self.clean
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }
}

/// Resealings under way in this process, by tenant.
#[derive(Clone, Default)]
pub(super) struct Reseals(Arc<Mutex<HashMap<TenantId, Progress>>>);

impl Reseals {
    /// Goes on where it was paused, if nothing changed since; a second one at the same time begins for itself.
    pub(super) fn begin(&self, seal: &Seal, settled: bool) -> Progress {
        let paused = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(seal.tenant());
        let (version, sealing) = (seal.version(), seal.is_sealing());
        paused.filter(|paused| paused.version == version && paused.sealing == sealing).unwrap_or(Progress {
            column: 0,
            after: None,
            clean: true,
            settled,
            version,
            sealing,
        })
    }

    pub(super) fn pause(&self, tenant: &TenantId, progress: Progress) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), progress);
    }
}

impl fmt::Debug for Reseals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reseals")
    }
}

/// Stores up to `limit` values anew; how many.
pub(super) async fn step(
    store: &SqliteStore,
    seal: &Seal,
    progress: &mut Progress,
    limit: usize,
) -> Result<u64, StoreError> {
    let mut left = limit.max(1);
    let mut values = 0;
    while left > 0 {
        let Some(column) = COLUMNS.get(progress.column) else { break };
        let after = progress.after.take().unwrap_or_else(|| column.first.iter().map(|first| first.value()).collect());
        let batch = left.min(BATCH);
        let answers = store.read(column.find(seal, &after, batch)).await?;
        let mut changes = Vec::new();
        for row in answers.rows(0) {
            let mut row: Vec<Value> = row.rest().cloned().collect();
            let key = row.split_off(1);
            let stored = row.pop().and_then(Value::into_bytes);
            let stored = stored.ok_or_else(|| StoreError::Corrupt { what: format!("a column of {}", column.table) })?;
            let name = column.name(&key);
            let plain = seal.read(&name, &stored)?;
            let fresh = if column.is_sealed(seal) { seal.hide(&name, &plain)? } else { seal.show(&name, &plain)? };
            changes.push(Change { key, stored, fresh });
        }
        let found = changes.len();
        progress.after = changes.last().map(|change| change.key.clone());
        if found > 0 {
            progress.clean = false;
            values += store.writer.submit(Rewrite { seal: seal.clone(), column, changes }).await?;
            left = left.saturating_sub(found);
        }
        if found < batch {
            progress.column += 1;
            progress.after = None;
        }
    }
    Ok(values)
}

/// One value that is stored anew.
#[derive(Debug)]
struct Change {
    key: Vec<Value>,
    stored: Vec<u8>,
    fresh: Vec<u8>,
}

/// Writes values where they are still as they were read.
#[derive(Debug)]
struct Rewrite {
    seal: Seal,
    column: &'static Column,
    changes: Vec<Change>,
}

impl Command for Rewrite {
    type Output = u64;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<u64, StoreError> {
        let mut script = Script::default();
        let mut places = Vec::with_capacity(self.changes.len());
        for Change { key, stored, fresh } in self.changes {
            places.push(put!(script, self.column.put, fresh, self.seal.tenant()));
            for key in key {
                script.bind(key);
            }
            script.bind(stored);
        }
        let answers = tx.run(script)?;
        Ok(places.into_iter().map(|place| answers.changed(place)).sum())
    }
}

/// Every statement, by column, for the tests of all statements.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    COLUMNS.iter().flat_map(|column| [(column.table, column.find), (column.table, column.put)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_map::{TABLES, What};

    /// What the data map calls personal or secret is what is resealed, under the same names.
    #[test]
    fn every_column_that_may_be_sealed_is_resealed() {
        let mut known = 0;
        // Wrapped keys are not sealed with what they are.
        for table in TABLES.iter().filter(|table| table.name != "tenant_key") {
            for column in table.columns {
                let sealed_for = match column.what {
                    What::Personal(field) => SealedFor::Field(field),
                    What::Secret => SealedFor::Credential,
                    _ => continue,
                };
                let here = COLUMNS.iter().find(|here| here.table == table.name && here.column == column.name);
                let here = here.unwrap_or_else(|| panic!("{}.{} is not resealed", table.name, column.name));
                assert_eq!(here.field, sealed_for, "{}.{}", table.name, column.name);
                let key = table.key.iter().filter(|key| **key != "tenant").copied().collect::<Vec<_>>().join(", ");
                assert!(here.find.contains(&format!("({key}) > (")), "{}", here.find);
                assert_eq!(here.first.len() + 1, table.key.len());
                known += 1;
            }
        }
        assert_eq!(known, COLUMNS.len());
    }
}
