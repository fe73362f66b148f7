//! The built-in calendar. That no two entries overlap is decided by triggers of the schema.

use super::{
    PostgresStore,
    db::{Columns, EXCLUDED, TAKEN, again, ask, code, opened, statements},
};
use crate::{
    codec::{from_json, micros, new_id, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{ActionKey, BranchId, ClaimSubject, Private, TenantId},
    ports::{CalendarError, Entry, EntryFilter, EntryMark, NewEntry, StoreError},
};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;

/// Columns of an entry `e`, in the order that [`entry`] reads them.
macro_rules! entry_columns {
    () => {
        "e.entry, e.services, e.subject, e.staff, e.starts, e.ends, e.taken_from, e.taken_to, e.standing, e.confirmed, \
        e.contact, e.client_name, e.price, e.note, e.key, e.changed"
    };
}

statements! {
    WRITE = concat!("SELECT ", entry_columns!(), " FROM chatplug.write_entry( \
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) AS e \
        WHERE e.entry IS NOT NULL");
    MARK = concat!("SELECT ", entry_columns!(), " FROM chatplug.mark_entry($1, $2, $3, $4, $5, $6) AS e \
        WHERE e.entry IS NOT NULL");
    ENTRIES = concat!("SELECT ", entry_columns!(), " FROM chatplug.entries($1, $2, $3, $4, $5, $6, $7, $8) AS e \
        ORDER BY e.starts, e.entry");
}

/// Of which calendar.
#[derive(Debug, Clone)]
pub(super) struct Calendar {
    pub(super) tenant: TenantId,
    pub(super) branch: BranchId,
}

/// Makes an entry on the fairest free candidate, or moves one there.
pub(super) async fn write(
    store: &PostgresStore,
    calendar: &Calendar,
    moved: Option<&str>,
    new: &NewEntry,
) -> Result<Entry, CalendarError> {
    let Calendar { tenant, branch } = calendar;
    let seal = store.keys.seal_or_make(tenant).await?;
    let id = moved.map_or_else(|| new_id(new.now).as_simple().to_string(), ToOwned::to_owned);
    if id.contains('\0') {
        return Err(CalendarError::NotFound);
    }
    let services = to_json(&new.services, "services")?;
    let subjects: Vec<&str> = new.candidates.iter().map(|(subject, _)| subject.0.as_str()).collect();
    let staff: Vec<Option<&str>> =
        new.candidates.iter().map(|(_, staff)| staff.as_ref().map(|staff| staff.as_str())).collect();
    let client_name = seal.keep_opt(field::CLIENT, new.client_name.as_ref().map(|name| name.reveal().as_str()))?;
    let note = seal.keep_opt(field::NOTE, new.note.as_ref().map(|note| note.reveal().as_str()))?;
    let write = || {
        ask!(
            WRITE,
            tenant.as_str(),
            branch.as_str(),
            id.as_str(),
            moved.is_some(),
            services.as_str(),
            &subjects,
            &staff,
            micros(new.start),
            micros(new.end),
            micros(new.taken_from),
            micros(new.taken_to),
            micros(new.day_from),
            micros(new.day_to),
            i32::try_from(new.capacity).unwrap_or(i32::MAX),
            new.contact.as_uuid(),
            client_name.as_deref(),
            new.price.as_deref(),
            note.as_deref(),
            new.key.as_uuid(),
            micros(new.now)
        )
    };
    match again!(store.db.rows(write()).await) {
        Ok(rows) => one(store, &seal, &rows).await,
        Err(error) if code(&error).is_some_and(|code| code == TAKEN || code == EXCLUDED) => Err(CalendarError::Taken),
        Err(error) => Err(error.into()),
    }
}

/// Changes status or confirmation.
pub(super) async fn mark(
    store: &PostgresStore,
    calendar: &Calendar,
    id: &str,
    mark: EntryMark,
    key: Option<ActionKey>,
    now: DateTime<Utc>,
) -> Result<Entry, CalendarError> {
    let Calendar { tenant, branch } = calendar;
    let seal = store.keys.seal(tenant).await?.filter(|_| !id.contains('\0')).ok_or(CalendarError::NotFound)?;
    let cancel = mark == EntryMark::Cancelled;
    let key = key.map(|key| key.as_uuid());
    let rows = again!(store.db.rows(ask!(MARK, tenant.as_str(), branch.as_str(), id, cancel, key, micros(now))).await)?;
    one(store, &seal, &rows).await
}

/// The entries that a filter finds. It names one mark of them, or several: the most telling one is looked up, and the
/// others sort out.
pub(super) async fn entries(
    store: &PostgresStore,
    calendar: &Calendar,
    filter: &EntryFilter,
) -> Result<Vec<Entry>, CalendarError> {
    let Calendar { tenant, branch } = calendar;
    let Some(seal) = store.keys.seal(tenant).await? else { return Ok(Vec::new()) };
    let bound = |at: Option<DateTime<Utc>>, none: i64| at.map_or(none, micros);
    let (from, until) = (bound(filter.from, i64::MIN), bound(filter.until, i64::MAX));
    let (key, id, contact) = match filter {
        EntryFilter { key: Some(key), .. } => (Some(key.as_uuid()), None, None),
        EntryFilter { id: Some(id), .. } => (None, Some(super::db::word(id)), None),
        EntryFilter { contact: Some(contact), .. } => (None, None, Some(contact.as_uuid())),
        _ => (None, None, None),
    };
    let ask = ask!(ENTRIES, tenant.as_str(), branch.as_str(), from, until, filter.all, key, id, contact);
    let rows = store.db.rows(ask).await?;
    let mut entries =
        opened(&store.keys, &seal, |seal| rows.iter().map(|row| entry(row, seal)).collect::<Result<Vec<_>, _>>())
            .await?;
    entries.retain(|entry| {
        filter.id.as_ref().is_none_or(|id| entry.id == *id)
            && filter.contact.is_none_or(|contact| entry.contact == contact)
    });
    Ok(entries)
}

async fn one(store: &PostgresStore, seal: &Seal, rows: &[PgRow]) -> Result<Entry, CalendarError> {
    let row = rows.first().ok_or(CalendarError::NotFound)?;
    Ok(opened(&store.keys, seal, |seal| entry(row, seal)).await?)
}

fn entry(row: &PgRow, seal: &Seal) -> Result<Entry, StoreError> {
    let mut row = Columns::of(row);
    Ok(Entry {
        id: row.next()?,
        services: from_json(row.next()?, "services")?,
        subject: ClaimSubject(row.next()?),
        staff: row.parse_opt("a staff id")?,
        start: row.at()?,
        end: row.at()?,
        taken_from: row.at()?,
        taken_to: row.at()?,
        standing: row.next()?,
        confirmed: row.next()?,
        contact: row.id()?,
        client_name: row.open_opt(seal, field::CLIENT)?.map(Private::new),
        price: row.next()?,
        note: row.open_opt(seal, field::NOTE)?.map(Private::new),
        key: row.id()?,
        changed: row.at()?,
    })
}
