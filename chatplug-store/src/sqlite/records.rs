//! What whoever runs chatplug answers for: the audit as a chain, a person's rows read out or erased as the data map says,
//! and what is forgotten with time.

use super::{
    SqliteStore, audit,
    db::{Answers, Script, Value, put, statements},
    read::{Question, ask},
    writer::{Command, Tx},
};
use crate::{
    data_map::{Blank, Erase, On, Table, tables_on},
    records::{self, Cell},
    vault::Seal,
};
use async_trait::async_trait;
use chatplug_core::{
    audit::{AuditHead, AuditLink},
    model::{ChannelUser, ContactId, TenantId},
    ports::{
        AuditRow, BranchPurge, Erasure, Forgotten, PersonExport, Purge, RecordStore, Retention, StoreError,
        TenantRecords,
    },
};
use chrono::{DateTime, Utc};
use std::sync::{Arc, LazyLock};

statements! {
    /// The one that a contact was merged into, or itself.
    ROOT = "SELECT coalesce(merged_into, contact) FROM contact WHERE tenant = ? AND contact = ?";
    /// All that one person was known as.
    PERSON = "SELECT contact FROM contact WHERE tenant = ? AND contact = ? \
        UNION ALL SELECT contact FROM contact WHERE tenant = ? AND merged_into = ?";
    /// By user id first, because phone numbers change hands.
    FIND = "SELECT coalesce((SELECT contact FROM identity WHERE tenant = ? AND kind = 'user' AND value = ?), \
        (SELECT i.contact FROM identity AS i JOIN contact AS o ON o.tenant = i.tenant AND o.contact = i.contact \
        WHERE i.tenant = ? AND i.kind = 'phone' AND i.value = ? AND (o.user_id IS NULL OR ? IS NULL)))";
    /// Appointments of the calendar that lie ahead.
    UPCOMING = "SELECT count(*) FROM entry WHERE tenant = ? AND contact = ? AND standing = 1 AND starts > ?";
}

/// What erasing and exporting do to one table; made of the map once.
struct Theirs {
    table: &'static Table,
    /// Their rows, with the columns that they may read.
    read: &'static str,
    /// Deletes or blanks them.
    erase: Option<&'static str>,
    /// How many that would be.
    count: &'static str,
}

/// Tables that others refer to come first.
static THEIRS: LazyLock<Vec<Theirs>> = LazyLock::new(|| tables_on(On::Sqlite).filter_map(theirs).collect());

/// All statements that the map makes, for the tests that look at every statement.
#[cfg(test)]
pub(super) fn made() -> Vec<(&'static str, &'static str)> {
    let read = THEIRS.iter().map(|it| (it.table.name, it.read));
    let erase = THEIRS.iter().filter_map(|it| Some((it.table.name, it.erase?)));
    read.chain(erase).chain(THEIRS.iter().map(|it| (it.table.name, it.count))).collect()
}

fn theirs(table: &'static Table) -> Option<Theirs> {
    let theirs = table.whose.condition("?1", "?2")?;
    let name = table.name;
    let columns: Vec<&str> = records::readable_columns(table, On::Sqlite).map(|column| column.name).collect();
    let read = format!("SELECT {} FROM {name} WHERE {theirs} ORDER BY {}", columns.join(", "), table.key.join(", "));
    let erase = match table.erase {
        Erase::Delete => Some(format!("DELETE FROM {name} WHERE {theirs}")),
        Erase::Blank(columns) => {
            let emptied = columns.iter().map(|blank| match blank {
                Blank::Null(column) => format!("{column} = NULL"),
                Blank::Nobody(column) => format!("{column} = zeroblob(16)"),
            });
            Some(format!("UPDATE {name} SET {} WHERE {theirs}", emptied.collect::<Vec<_>>().join(", ")))
        }
        Erase::Keep(_) => None,
    };
    // Statements are constants; these are, once they are made.
    let count = format!("SELECT count(*) FROM {name} WHERE {theirs}").leak();
    Some(Theirs { table, read: read.leak(), erase: erase.map(|sql| &*sql.leak()), count })
}

impl RecordStore for SqliteStore {
    fn records(&self, tenant: &TenantId) -> Arc<dyn TenantRecords> {
        Arc::new(SqliteRecords { tenant: tenant.clone(), store: self.clone() })
    }
}

/// One tenant's records.
#[derive(Debug)]
struct SqliteRecords {
    tenant: TenantId,
    store: SqliteStore,
}

#[async_trait]
impl TenantRecords for SqliteRecords {
    async fn append_audit(&self, rows: Vec<AuditRow>) -> Result<(), StoreError> {
        self.store.writer.submit(audit::Append { tenant: self.tenant.clone(), rows }).await
    }

    async fn audit_links(&self, after: i64, limit: usize) -> Result<Vec<AuditLink>, StoreError> {
        self.store.ask(audit::links(&self.tenant, after, limit)).await
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        self.store.ask(audit::head(&self.tenant)).await
    }

    async fn find_person(&self, user: &ChannelUser) -> Result<Option<ContactId>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| find(user, seal)).await
    }

    async fn export_person(
        &self,
        contact: ContactId,
        by: &str,
        now: DateTime<Utc>,
    ) -> Result<PersonExport, StoreError> {
        let export = |seal| Export { seal, contact, by: by.to_owned(), now };
        self.store.run(&self.tenant, export).await?.ok_or(UNKNOWN)
    }

    async fn count_person(&self, contact: ContactId, now: DateTime<Utc>) -> Result<Erasure, StoreError> {
        self.store.writer.submit(CountPerson { tenant: self.tenant.clone(), contact, now }).await
    }

    async fn erase_person(&self, contact: ContactId, by: &str, now: DateTime<Utc>) -> Result<Erasure, StoreError> {
        let erase = ErasePerson { tenant: self.tenant.clone(), contact, by: by.to_owned(), now };
        let receipt = self.store.writer.submit(erase).await?;
        if let Err(error) = self.store.writer.scrub().await {
            // They are erased, and nothing finds them; bytes of them go with the next rows that are written.
            let error: &dyn std::error::Error = &error;
            tracing::warn!(tenant.id = %self.tenant, error, "traces of an erased person may be left in the file for now");
        }
        Ok(receipt)
    }

    async fn purge_branch(&self, purge: &BranchPurge) -> Result<Purge, StoreError> {
        self.store.purge(&self.tenant, purge).await
    }

    async fn forget(&self, retention: &Retention, now: DateTime<Utc>) -> Result<Forgotten, StoreError> {
        self.store.forget(&self.tenant, retention, now).await
    }
}

/// Nobody of that id.
const UNKNOWN: StoreError = StoreError::NotFound { what: "the person" };

fn find(user: &ChannelUser, seal: &Seal) -> Question<Option<ContactId>> {
    let tenant = seal.tenant();
    let user_id = user.user_id.as_ref().map(|id| seal.user(id.reveal()));
    let phone = user.phone.as_ref().map(|phone| seal.phone(phone));
    let mut script = Script::default();
    put!(script, FIND, tenant, user_id.as_ref(), tenant, phone, user_id.as_ref());
    ask(script, |answers| answers.first(0).map_or(Ok(None), |mut row| row.next()))
}

/// All that a person was known as; the one that they are known as is first.
fn person(tx: &mut Tx<'_>, tenant: &TenantId, contact: ContactId) -> Result<Vec<ContactId>, StoreError> {
    let mut script = Script::default();
    let root = put!(script, ROOT, tenant, contact);
    let answers = tx.run(script)?;
    let Some(mut row) = answers.first(root) else { return Err(UNKNOWN) };
    let root: ContactId = row.next()?;
    let mut script = Script::default();
    let all = put!(script, PERSON, tenant, root, tenant, root);
    let answers = tx.run(script)?;
    answers.rows(all).map(|mut row| row.next()).collect()
}

/// Reads out everything that is kept of a person.
struct Export {
    seal: Seal,
    contact: ContactId,
    by: String,
    now: DateTime<Utc>,
}

impl Command for Export {
    type Output = PersonExport;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<PersonExport, StoreError> {
        let Self { seal, contact, by, now } = self;
        let tenant = seal.tenant();
        let contacts = person(tx, tenant, contact)?;
        let mut export = PersonExport::default();
        for Theirs { table, read, .. } in THEIRS.iter() {
            let mut script = Script::default();
            let places: Vec<usize> = contacts.iter().map(|contact| put!(script, read, tenant, *contact)).collect();
            let answers = tx.run(script)?;
            let rows = places.iter().flat_map(|place| answers.rows(*place));
            let rows = rows.map(|row| records::readable(table, On::Sqlite, row.rest().map(cell), &seal));
            let rows = rows.collect::<Result<Vec<_>, _>>()?;
            if !rows.is_empty() {
                export.tables.insert(table.name.to_owned(), rows);
            }
        }
        audit::append(tx, tenant, &[records::exported(contact, &export, &by, now)])?;
        Ok(export)
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Int(number) => Cell::Int(*number),
        Value::Text(text) => Cell::Text(text.clone()),
        Value::Id(id) => Cell::Id(*id),
        Value::Bytes(bytes) => Cell::Bytes(bytes.clone()),
    }
}

/// Appointments of theirs that lie ahead.
fn upcoming(tx: &mut Tx<'_>, tenant: &TenantId, contacts: &[ContactId], now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut script = Script::default();
    let places: Vec<usize> = contacts.iter().map(|contact| put!(script, UPCOMING, tenant, *contact, now)).collect();
    sum(&tx.run(script)?, &places)
}

/// What these questions for a number answered, together.
fn sum(answers: &Answers, places: &[usize]) -> Result<u64, StoreError> {
    let counts = places.iter().map(|place| answers.first(*place).map_or(Ok(0), |mut row| row.next::<u64>()));
    counts.sum()
}

/// Counts what erasing would remove.
struct CountPerson {
    tenant: TenantId,
    contact: ContactId,
    now: DateTime<Utc>,
}

impl Command for CountPerson {
    type Output = Erasure;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Erasure, StoreError> {
        let Self { tenant, contact, now } = self;
        let contacts = person(tx, &tenant, contact)?;
        let mut receipt = Erasure { upcoming: upcoming(tx, &tenant, &contacts, now)?, ..Erasure::default() };
        for Theirs { table, count, .. } in THEIRS.iter().filter(|it| it.erase.is_some()) {
            let mut script = Script::default();
            let places: Vec<usize> = contacts.iter().map(|contact| put!(script, count, &tenant, *contact)).collect();
            records::receive(&mut receipt, table, sum(&tx.run(script)?, &places)?);
        }
        Ok(receipt)
    }
}

/// Removes everything that is kept of a person. A turn of theirs that runs meanwhile finds its conversation gone, and is
/// fenced.
struct ErasePerson {
    tenant: TenantId,
    contact: ContactId,
    by: String,
    now: DateTime<Utc>,
}

impl Command for ErasePerson {
    type Output = Erasure;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Erasure, StoreError> {
        let Self { tenant, contact, by, now } = self;
        let contacts = person(tx, &tenant, contact)?;
        let upcoming = upcoming(tx, &tenant, &contacts, now)?;
        let receipt = Erasure { upcoming, ..erase_all(tx, &tenant, &contacts)? };
        audit::append(tx, &tenant, &[records::erased(contact, &receipt, &by, now)])?;
        Ok(receipt)
    }
}

/// Removes everything of somebody who was known as all these.
pub(super) fn erase_all(tx: &mut Tx<'_>, tenant: &TenantId, contacts: &[ContactId]) -> Result<Erasure, StoreError> {
    let mut receipt = Erasure::default();
    // Rows go before those that they refer to.
    for Theirs { table, erase, .. } in THEIRS.iter().rev() {
        let Some(sql) = erase else { continue };
        let mut script = Script::default();
        let places: Vec<usize> = contacts.iter().map(|contact| put!(script, sql, tenant, *contact)).collect();
        let answers = tx.run(script)?;
        let rows: u64 = places.into_iter().map(|place| answers.changed(place)).sum();
        records::receive(&mut receipt, table, rows);
    }
    Ok(receipt)
}
