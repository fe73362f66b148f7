//! Storing values anew: with the latest data key, or sealed where they were not, or the other way round. One table after
//! the other, in the order of its keys, a few values at a time; a value is only written where nobody else has written
//! meanwhile.

use super::{
    PostgresStore,
    db::{Ask, Columns, Session, again, ask, whole},
};
use crate::vault::{Seal, field};
use chatplug_core::{model::TenantId, ports::StoreError};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Values that are read, and written in one transaction, at most.
const BATCH: usize = 200;

/// A column whose values may be sealed. Keys travel as texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// For what its values are sealed; `None`: for the credential's name, which is their key, and always.
    pub(super) field: Option<&'static str>,
    /// Before the first value of each key column beside the tenant.
    first: &'static [&'static str],
    find: &'static str,
    put: &'static str,
}

macro_rules! first {
    (text) => {
        ""
    };
    (uuid) => {
        "00000000-0000-0000-0000-000000000000"
    };
    (bigint) => {
        "-9223372036854775808"
    };
}

/// A column, by table, key columns beside the tenant with their types, and what its values are sealed for.
macro_rules! column {
    ($table:ident.$column:ident, [$a:ident: $at:ident], $field:expr) => {
        Column {
            table: stringify!($table),
            column: stringify!($column),
            field: $field,
            first: &[first!($at)],
            find: column!(@find $table, $column, concat!("t.", stringify!($a), "::text"),
                concat!("t.", stringify!($a), " > $2::text::", stringify!($at)), concat!("t.", stringify!($a)),
                "$3", "$4", "$5"),
            put: column!(@put $table, $column, concat!("t.", stringify!($a), " = $4::text::", stringify!($at))),
        }
    };
    ($table:ident.$column:ident, [$a:ident: $at:ident, $b:ident: $bt:ident], $field:expr) => {
        Column {
            table: stringify!($table),
            column: stringify!($column),
            field: $field,
            first: &[first!($at), first!($bt)],
            find: column!(@find $table, $column, concat!("t.", stringify!($a), "::text, t.", stringify!($b), "::text"),
                concat!("(t.", stringify!($a), ", t.", stringify!($b), ") > ($2::text::", stringify!($at),
                    ", $3::text::", stringify!($bt), ")"),
                concat!("t.", stringify!($a), ", t.", stringify!($b)), "$4", "$5", "$6"),
            put: column!(@put $table, $column, concat!("t.", stringify!($a), " = $4::text::", stringify!($at), " AND t.",
                stringify!($b), " = $5::text::", stringify!($bt))),
        }
    };
    ($table:ident.$column:ident, [$a:ident: $at:ident, $b:ident: $bt:ident, $c:ident: $ct:ident], $field:expr) => {
        Column {
            table: stringify!($table),
            column: stringify!($column),
            field: $field,
            first: &[first!($at), first!($bt), first!($ct)],
            find: column!(@find $table, $column, concat!("t.", stringify!($a), "::text, t.", stringify!($b),
                "::text, t.", stringify!($c), "::text"),
                concat!("(t.", stringify!($a), ", t.", stringify!($b), ", t.", stringify!($c), ") > ($2::text::",
                    stringify!($at), ", $3::text::", stringify!($bt), ", $4::text::", stringify!($ct), ")"),
                concat!("t.", stringify!($a), ", t.", stringify!($b), ", t.", stringify!($c)), "$5", "$6", "$7"),
            put: column!(@put $table, $column, concat!("t.", stringify!($a), " = $4::text::", stringify!($at), " AND t.",
                stringify!($b), " = $5::text::", stringify!($bt), " AND t.", stringify!($c), " = $6::text::",
                stringify!($ct))),
        }
    };
    (@find $table:ident, $column:ident, $keys:expr, $after:expr, $order:expr, $sealed:literal, $mark:literal, $limit:literal) => {
        concat!("SELECT t.", stringify!($column), ", ", $keys, " FROM ", stringify!($table), " AS t WHERE t.tenant = $1 AND ",
            $after, " AND t.", stringify!($column), " IS NOT NULL AND CASE WHEN ", $sealed, " THEN substr(t.",
            stringify!($column), ", 1, 5) <> ", $mark, " ELSE substr(t.", stringify!($column), ", 1, 1) = '\\x01' END \
            ORDER BY ", $order, " LIMIT ", $limit)
    };
    (@put $table:ident, $column:ident, $these:expr) => {
        concat!("UPDATE ", stringify!($table), " AS t SET ", stringify!($column), " = $1 WHERE t.tenant = $2 AND t.",
            stringify!($column), " = $3 AND ", $these)
    };
}

/// Every column whose values may be sealed.
pub(super) const COLUMNS: &[Column] = &[
    column!(credential.sealed, [name: text], None),
    column!(contact.person, [contact: uuid], Some(field::PERSON)),
    column!(dialogue.state, [conversation: uuid], Some(field::STATE)),
    column!(dialogue.action, [conversation: uuid], Some(field::ACTION)),
    column!(mailbox.event, [source: text, provider_id: text], Some(field::MAIL)),
    column!(outbox.body, [delivery: uuid], Some(field::BODY)),
    column!(outbox.shown, [delivery: uuid], Some(field::TEXT)),
    column!(early.message_id, [channel: text, message: text, stage: bigint], Some(field::MESSAGE)),
    column!(early.status, [channel: text, message: text, stage: bigint], Some(field::STATUS)),
    // After what waits, which becomes the outbox's.
    column!(outbox.message_id, [delivery: uuid], Some(field::MESSAGE)),
    // After the outbox, whose rows become messages.
    column!(message.message_id, [conversation: uuid, seq: bigint], Some(field::MESSAGE)),
    column!(message.text, [conversation: uuid, seq: bigint], Some(field::TEXT)),
    column!(turn.steps, [conversation: uuid, number: bigint], Some(field::STEPS)),
    column!(booking.body, [booking: uuid], Some(field::BOOKING)),
    column!(notice.event, [conversation: uuid, seq: bigint], Some(field::NOTICE)),
    column!(entry.client_name, [branch: text, entry: text], Some(field::CLIENT)),
    column!(entry.note, [branch: text, entry: text], Some(field::NOTE)),
];

impl Column {
    /// The name that the value with this key is sealed for.
    fn name(&self, key: &[String]) -> String {
        match self.field {
            Some(name) => name.to_owned(),
            None => field::credential(key.first().map_or("", String::as_str)),
        }
    }

    fn is_sealed(&self, seal: &Seal) -> bool {
        self.field.is_none() || seal.is_sealing()
    }

    /// The next values that are not stored as they would be now.
    fn find(&self, seal: &Seal, after: &[String], limit: usize) -> Ask {
        let mut find = ask!(self.find, seal.tenant().as_str());
        for key in after {
            find = find.bind(key.clone());
        }
        find.bind(self.is_sealed(seal)).bind(seal.mark()).bind(super::queue::bounded(limit))
    }
}

/// How far resealing a tenant has come; lost, it begins anew.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    /// Place in [`COLUMNS`].
    column: usize,
    /// The last key that was looked at.
    after: Option<Vec<String>>,
    /// Nothing was found so far.
    clean: bool,
    /// Everybody seals with the latest key since before this began.
    settled: bool,
    version: u32,
    sealing: bool,
}

impl Progress {
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
        let fresh = Progress { column: 0, after: None, clean: true, settled, version, sealing };
        paused.filter(|paused| paused.version == version && paused.sealing == sealing).unwrap_or(fresh)
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
    store: &PostgresStore,
    seal: &Seal,
    progress: &mut Progress,
    limit: usize,
) -> Result<u64, StoreError> {
    let mut left = limit.max(1);
    let mut values = 0;
    while left > 0 {
        let Some(column) = COLUMNS.get(progress.column) else { break };
        let first = || column.first.iter().map(|first| (*first).to_owned()).collect();
        let after = progress.after.take().unwrap_or_else(first);
        let batch = left.min(BATCH);
        let rows = store.db.read(seal.tenant(), column.find(seal, &after, batch)).await?;
        let mut changes = Vec::new();
        for row in &rows {
            let mut row = Columns::of(row);
            let stored: Vec<u8> = row.next()?;
            let key: Vec<String> = column.first.iter().map(|_| row.next()).collect::<Result<_, _>>()?;
            let name = column.name(&key);
            let plain = seal.read(&name, &stored)?;
            let fresh = if column.is_sealed(seal) { seal.hide(&name, &plain)? } else { seal.show(&name, &plain)? };
            changes.push(Change { key, stored, fresh });
        }
        let found = changes.len();
        progress.after = changes.last().map(|change| change.key.clone());
        if found > 0 {
            progress.clean = false;
            seal.check_age()?;
            let tenant = seal.tenant();
            values +=
                again!(whole!(store.db, tenant, session => rewrite(&mut session, tenant, column, &changes).await))?;
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
    key: Vec<String>,
    stored: Vec<u8>,
    fresh: Vec<u8>,
}

/// Writes values where they are still as they were read.
async fn rewrite(
    session: &mut Session,
    tenant: &TenantId,
    column: &Column,
    changes: &[Change],
) -> Result<u64, StoreError> {
    let mut values = 0;
    for Change { key, stored, fresh } in changes {
        let mut put = ask!(column.put, fresh.as_slice(), tenant.as_str(), stored.as_slice());
        for key in key {
            put = put.bind(key.clone());
        }
        values += session.run(put).await?;
    }
    Ok(values)
}

/// Every statement, by column, for the tests of all statements.
#[cfg(test)]
pub(super) fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    COLUMNS.iter().flat_map(|column| [(column.table, column.find), (column.table, column.put)])
}
