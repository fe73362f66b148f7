//! What whoever runs chatplug answers for: the audit as a chain, a person's rows read out or erased as the data map says,
//! and what is forgotten with time.

use super::{
    PostgresStore, audit, contacts,
    db::{Columns, Session, again, ask, statements, whole},
    queue::bounded,
};
use crate::{
    codec::micros,
    data_map::{Blank, Erase, Keep, On, TABLES, Table},
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
    vault::VaultError,
};
use chrono::{DateTime, Utc};
use sqlx::{Column as _, Row as _, TypeInfo as _, postgres::PgRow};
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

statements! {
    /// All that one person was known as; the one that they are known as is first.
    PERSON = "SELECT c.contact FROM contact AS c WHERE c.tenant = $1 AND coalesce(c.merged_into, c.contact) = \
        (SELECT coalesce(o.merged_into, o.contact) FROM contact AS o WHERE o.tenant = $1 AND o.contact = $2) \
        ORDER BY c.merged_into IS NOT NULL, c.contact";
    /// By user id first, because phone numbers change hands.
    FIND = "SELECT coalesce((SELECT i.contact FROM identity AS i WHERE i.tenant = $1 AND i.kind = 'user' AND i.value = $2), \
        (SELECT i.contact FROM identity AS i JOIN contact AS o ON o.tenant = i.tenant AND o.contact = i.contact \
        WHERE i.tenant = $1 AND i.kind = 'phone' AND i.value = $3 AND (o.user_id IS NULL OR $2 IS NULL)))";
    /// Everything of theirs: whoever writes in a conversation holds its row first.
    HOLD = "SELECT v.conversation FROM conversation AS v WHERE v.tenant = $1 AND v.contact = ANY ($2) \
        ORDER BY v.conversation FOR UPDATE";
    /// Appointments of the calendar that lie ahead.
    UPCOMING = "SELECT count(*) FROM entry WHERE tenant = $1 AND contact = $2 AND standing AND starts > $3";
    /// Settled lines go from the outbox into the log, where nothing finds them by the provider's ids any more.
    PUT_AWAY = "WITH old AS MATERIALIZED (SELECT o.delivery, o.conversation, o.seq, o.message_id, o.queued, o.shown, o.status \
        FROM outbox AS o WHERE o.tenant = $1 AND o.queued < $2 AND NOT o.live LIMIT $3 FOR UPDATE SKIP LOCKED), \
        away AS (INSERT INTO message (tenant, conversation, seq, inbound, message_id, delivery, at, text, status) \
        SELECT $1, o.conversation, o.seq, false, o.message_id, o.delivery, o.queued, \
        coalesce(o.shown, ''), o.status FROM old AS o ON CONFLICT DO NOTHING), \
        parts AS (DELETE FROM part AS p USING old AS o WHERE p.tenant = $1 AND p.delivery = o.delivery RETURNING 1), \
        gone AS (DELETE FROM outbox AS t USING old AS o WHERE t.tenant = $1 AND t.delivery = o.delivery RETURNING 1) \
        SELECT (SELECT count(*) FROM parts), (SELECT count(*) FROM gone)";
}

/// Rows that are forgotten in one transaction, at most.
const STEP: usize = 500;

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
static THEIRS: LazyLock<Vec<Theirs>> = LazyLock::new(|| ours().filter_map(theirs).collect());

/// How the old rows of a table are deleted; made of the map once.
struct Forgetting {
    table: &'static Table,
    /// Answers how many, of each of `from`.
    delete: &'static str,
    from: Vec<&'static str>,
}

static FORGETTING: LazyLock<Vec<Forgetting>> = LazyLock::new(|| ours().filter_map(forgetting).collect());

/// All statements that the map makes, for the tests of all statements.
#[cfg(test)]
pub(super) fn made() -> impl Iterator<Item = (&'static str, &'static str)> {
    let all = |it: &'static Theirs| [Some(it.read), it.erase, Some(it.count)].into_iter().flatten();
    let theirs = THEIRS.iter().flat_map(move |it| all(it).map(|sql| (it.table.name, sql)));
    theirs.chain(FORGETTING.iter().map(|it| (it.table.name, it.delete)))
}

fn ours() -> impl Iterator<Item = &'static Table> {
    TABLES.iter().filter(|table| table.on.includes(On::Postgres))
}

fn theirs(table: &'static Table) -> Option<Theirs> {
    let theirs = table.whose.condition("$1", "$2")?;
    let name = table.name;
    let columns: Vec<&str> = records::readable_columns(table, On::Postgres).map(|column| column.name).collect();
    let read = format!("SELECT {} FROM {name} WHERE {theirs} ORDER BY {}", columns.join(", "), table.key.join(", "));
    let erase = match table.erase {
        Erase::Delete => Some(format!("DELETE FROM {name} WHERE {theirs}")),
        Erase::Blank(columns) => {
            let emptied = columns.iter().map(|blank| match blank {
                Blank::Null(column) => format!("{column} = NULL"),
                Blank::Nobody(column) => format!("{column} = '{}'", Uuid::nil()),
            });
            Some(format!("UPDATE {name} SET {} WHERE {theirs}", emptied.collect::<Vec<_>>().join(", ")))
        }
        Erase::Keep(_) => None,
    };
    // Statements are constants; these are, once they are made.
    let count = format!("SELECT count(*) FROM {name} WHERE {theirs}").leak();
    Some(Theirs { table, read: read.leak(), erase: erase.map(|sql| &*sql.leak()), count })
}

fn forgetting(table: &'static Table) -> Option<Forgetting> {
    let (since, once) = match table.keep {
        Keep::For { since, once, .. } => (since, once),
        Keep::Until(column) => (column, ""),
        Keep::With(_) | Keep::Stays(_) => return None,
    };
    if table.name == "outbox" {
        return Some(Forgetting { table, delete: PUT_AWAY, from: vec!["part", "outbox"] });
    }
    let name = table.name;
    let once = if once.is_empty() { String::new() } else { format!(" AND {once}") };
    let names: Vec<&str> = table.key.iter().copied().filter(|column| *column != "tenant").collect();
    let by = names.iter().map(|column| format!("t.{column} = old.{column}")).collect::<Vec<_>>().join(" AND ");
    // What goes with a row names it by the same columns; it is gone before the row is missed at the statement's end.
    let with = ours().filter(|with| with.keep == Keep::With(name)).map(|with| with.name);
    let from: Vec<&'static str> = with.chain([name]).collect();
    let gone = (0..).zip(&from).map(|(place, from)| {
        format!(", gone{place} AS (DELETE FROM {from} AS t USING old WHERE t.tenant = $1 AND {by} RETURNING 1)")
    });
    let gone: String = gone.collect();
    let counts = (0..from.len()).map(|place| format!("(SELECT count(*) FROM gone{place})")).collect::<Vec<_>>();
    let delete = format!(
        "WITH old AS MATERIALIZED (SELECT {} FROM {name} WHERE tenant = $1 AND {since} < $2{once} LIMIT $3 \
        FOR UPDATE SKIP LOCKED){gone} SELECT {}",
        names.join(", "),
        counts.join(", ")
    );
    Some(Forgetting { table, delete: delete.leak(), from })
}

impl RecordStore for PostgresStore {
    fn records(&self, tenant: &TenantId) -> Arc<dyn TenantRecords> {
        Arc::new(PostgresRecords { tenant: tenant.clone(), store: self.clone() })
    }
}

/// One tenant's records.
#[derive(Debug)]
struct PostgresRecords {
    tenant: TenantId,
    store: PostgresStore,
}

/// Nobody of that id.
const UNKNOWN: StoreError = StoreError::NotFound { what: "the person" };

#[async_trait]
impl TenantRecords for PostgresRecords {
    async fn append_audit(&self, rows: Vec<AuditRow>) -> Result<(), StoreError> {
        let tenant = &self.tenant;
        again!(whole!(self.store.db, tenant, session => audit::add(&mut session, tenant, &rows).await))
    }

    async fn audit_links(&self, after: i64, limit: usize) -> Result<Vec<AuditLink>, StoreError> {
        let tenant = &self.tenant;
        whole!(self.store.db, tenant, session => audit::links(&mut session, tenant, after, bounded(limit)).await)
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        whole!(self.store.db, &self.tenant, session => audit::head(&mut session, &self.tenant).await)
    }

    async fn find_person(&self, user: &ChannelUser) -> Result<Option<ContactId>, StoreError> {
        let Some(seal) = self.store.keys.seal(&self.tenant).await? else { return Ok(None) };
        let user_id = user.user_id.as_ref().map(|id| seal.user(id.reveal()));
        let phone = user.phone.as_ref().map(|phone| seal.phone(phone));
        let rows = self.store.db.read(&self.tenant, ask!(FIND, self.tenant.as_str(), user_id, phone)).await?;
        rows.first().map_or(Ok(None), |row| Columns::of(row).id_opt())
    }

    async fn export_person(
        &self,
        contact: ContactId,
        by: &str,
        now: DateTime<Utc>,
    ) -> Result<PersonExport, StoreError> {
        let keys = &self.store.keys;
        let mut seal = keys.seal(&self.tenant).await?.ok_or(UNKNOWN)?;
        let mut retried = false;
        loop {
            let db = &self.store.db;
            match again!(whole!(db, &self.tenant, session => export(&mut session, &seal, contact, by, now).await)) {
                // Something was sealed with a key that another process made since.
                Err(StoreError::Vault(VaultError::UnknownKey { .. })) if !retried => {
                    seal = keys.reload(&self.tenant).await?.ok_or(UNKNOWN)?;
                    retried = true;
                }
                exported => return exported,
            }
        }
    }

    async fn count_person(&self, contact: ContactId, now: DateTime<Utc>) -> Result<Erasure, StoreError> {
        let tenant = &self.tenant;
        whole!(self.store.db, tenant, session => count(&mut session, tenant, contact, now).await)
    }

    async fn erase_person(&self, contact: ContactId, by: &str, now: DateTime<Utc>) -> Result<Erasure, StoreError> {
        let tenant = &self.tenant;
        again!(whole!(self.store.db, tenant, session => erase(&mut session, tenant, contact, by, now).await))
    }

    async fn purge_branch(&self, purge: &BranchPurge) -> Result<Purge, StoreError> {
        self.store.purge(&self.tenant, purge).await
    }

    async fn forget(&self, retention: &Retention, now: DateTime<Utc>) -> Result<Forgotten, StoreError> {
        let (db, tenant) = (&self.store.db, &self.tenant);
        let mut all = Forgotten::default();
        for Forgetting { table, delete, from } in FORGETTING.iter() {
            let before = match table.keep {
                Keep::For { period, .. } => now - period.of(retention),
                // A moment later than its time: until is until.
                _ => now,
            };
            loop {
                let forget = || ask!(*delete, tenant.as_str(), micros(before), bounded(STEP));
                let row = again!(whole!(db, tenant, session => session.row(forget()).await))?;
                let mut row = Columns::of(&row);
                let mut gone = 0;
                for table in from {
                    gone = row.count()?;
                    if gone > 0 {
                        *all.deleted.entry((*table).to_owned()).or_default() += gone;
                    }
                }
                // Fewer than could be: nothing more is old, or somebody else forgets the rest.
                if gone < u64::try_from(STEP).unwrap_or(u64::MAX) {
                    break;
                }
            }
        }
        Ok(all)
    }
}

/// All that a person was known as; the one that they are known as is first.
async fn person(session: &mut Session, tenant: &TenantId, contact: ContactId) -> Result<Vec<Uuid>, StoreError> {
    let rows = session.rows(ask!(PERSON, tenant.as_str(), contact.as_uuid())).await?;
    if rows.is_empty() {
        return Err(UNKNOWN);
    }
    rows.iter().map(|row| Columns::of(row).next()).collect()
}

/// Reads out everything that is kept of a person.
async fn export(
    session: &mut Session,
    seal: &Seal,
    contact: ContactId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<PersonExport, StoreError> {
    let tenant = seal.tenant();
    let contacts = person(session, tenant, contact).await?;
    // Nobody writes of them meanwhile.
    session.rows(ask!(HOLD, tenant.as_str(), &contacts)).await?;
    let mut export = PersonExport::default();
    for Theirs { table, read, .. } in THEIRS.iter() {
        let mut rows = Vec::new();
        for contact in &contacts {
            for row in session.rows(ask!(*read, tenant.as_str(), *contact)).await? {
                rows.push(records::readable(table, On::Postgres, cells(&row)?, seal)?);
            }
        }
        if !rows.is_empty() {
            export.tables.insert(table.name.to_owned(), rows);
        }
    }
    audit::add(session, tenant, &[records::exported(contact, &export, by, now)]).await?;
    Ok(export)
}

fn cells(row: &PgRow) -> Result<Vec<Cell>, StoreError> {
    let mut next = Columns::of(row);
    let mut cells = Vec::with_capacity(row.len());
    for column in row.columns() {
        let cell = match column.type_info().name() {
            "TEXT" => next.next::<Option<String>>()?.map(Cell::Text),
            "INT8" => next.next::<Option<i64>>()?.map(Cell::Int),
            "INT4" => next.next::<Option<i32>>()?.map(|number| Cell::Int(number.into())),
            "BOOL" => next.next::<Option<bool>>()?.map(|is| Cell::Int(is.into())),
            "UUID" => next.next::<Option<Uuid>>()?.map(Cell::Id),
            _ => next.next::<Option<Vec<u8>>>()?.map(Cell::Bytes),
        };
        cells.push(cell.unwrap_or(Cell::Null));
    }
    Ok(cells)
}

/// Appointments of theirs that lie ahead.
async fn upcoming(
    session: &mut Session,
    tenant: &TenantId,
    contacts: &[Uuid],
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let mut upcoming = 0;
    for contact in contacts {
        let row = session.row(ask!(UPCOMING, tenant.as_str(), *contact, micros(now))).await?;
        upcoming += Columns::of(&row).count()?;
    }
    Ok(upcoming)
}

/// Counts what erasing would remove.
async fn count(
    session: &mut Session,
    tenant: &TenantId,
    contact: ContactId,
    now: DateTime<Utc>,
) -> Result<Erasure, StoreError> {
    let contacts = person(session, tenant, contact).await?;
    let mut receipt = Erasure { upcoming: upcoming(session, tenant, &contacts, now).await?, ..Erasure::default() };
    for Theirs { table, count, .. } in THEIRS.iter().filter(|it| it.erase.is_some()) {
        let mut rows = 0;
        for contact in &contacts {
            let row = session.row(ask!(*count, tenant.as_str(), *contact)).await?;
            rows += Columns::of(&row).count()?;
        }
        records::receive(&mut receipt, table, rows);
    }
    Ok(receipt)
}

/// Removes everything that is kept of a person. A turn of theirs that runs meanwhile finds its conversation gone, and is
/// fenced; a message that comes meanwhile waits, and meets somebody new.
async fn erase(
    session: &mut Session,
    tenant: &TenantId,
    contact: ContactId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Erasure, StoreError> {
    contacts::turn(session, tenant).await?;
    let contacts = person(session, tenant, contact).await?;
    session.rows(ask!(HOLD, tenant.as_str(), &contacts)).await?;
    let upcoming = upcoming(session, tenant, &contacts, now).await?;
    let receipt = Erasure { upcoming, ..erase_all(session, tenant, &contacts).await? };
    audit::add(session, tenant, &[records::erased(contact, &receipt, by, now)]).await?;
    Ok(receipt)
}

/// Removes everything of somebody who was known as all these, and whose conversations are held.
pub(super) async fn erase_all(
    session: &mut Session,
    tenant: &TenantId,
    contacts: &[Uuid],
) -> Result<Erasure, StoreError> {
    let mut receipt = Erasure::default();
    // Rows go before those that they refer to.
    for Theirs { table, erase, .. } in THEIRS.iter().rev() {
        let Some(sql) = erase else { continue };
        let mut rows = 0;
        for contact in contacts {
            rows += session.run(ask!(*sql, tenant.as_str(), *contact)).await?;
        }
        records::receive(&mut receipt, table, rows);
    }
    Ok(receipt)
}
