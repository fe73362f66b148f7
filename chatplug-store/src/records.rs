//! What every database's records have in common: how a row of the data map is made readable, and what the audit says of
//! people's rights, of connecting numbers and of branches that come and go.

use crate::{
    codec,
    data_map::{Column, On, Table, What},
    vault::Seal,
};
use chatplug_core::{
    model::{ChannelId, ContactId, shown_name},
    ports::{AuditRow, Erasure, Install, PersonExport, StoreError},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// A column's value as it is stored, whatever the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Id(Uuid),
    Bytes(Vec<u8>),
}

/// Writes rows of a table that erasing removes, or blanks, into the receipt.
pub(crate) fn receive(receipt: &mut Erasure, table: &Table, rows: u64) {
    if rows > 0 {
        let counts = if table.blanked().is_empty() { &mut receipt.deleted } else { &mut receipt.blanked };
        counts.insert(table.name.to_owned(), rows);
    }
}

/// Columns of a table that a person gets to read.
pub(crate) fn readable_columns(table: &'static Table, database: On) -> impl Iterator<Item = &'static Column> {
    let readable = |column: &&Column| !matches!(column.what, What::Tenant | What::LookUp | What::Secret);
    table.columns_on(database).filter(readable)
}

/// A row for a person to read: its columns as [`readable_columns`] lists them.
pub(crate) fn readable(
    table: &'static Table,
    database: On,
    cells: impl IntoIterator<Item = Cell>,
    seal: &Seal,
) -> Result<Json, StoreError> {
    let mut row = Map::new();
    for (column, cell) in readable_columns(table, database).zip(cells) {
        let value = match (column.what, cell) {
            (_, Cell::Null) => continue,
            (What::Time, Cell::Int(micros)) => {
                json!(codec::instant(micros)?.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            }
            (What::Personal(field), Cell::Bytes(bytes)) => opened(field, &bytes, seal)?,
            // Bytes that are as many as an id has.
            (What::Personal(field), Cell::Id(id)) => opened(field, id.as_bytes(), seal)?,
            (_, Cell::Int(number)) => json!(number),
            (_, Cell::Text(text)) => structured(text),
            (_, Cell::Id(id)) => json!(id.to_string()),
            (_, Cell::Bytes(bytes)) => json!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        };
        row.insert(column.name.to_owned(), value);
    }
    let mut row = Json::Object(row);
    hide_names(&mut row);
    Ok(row)
}

/// A booking system's name of a booking lets whoever reads it cancel, with some systems: something else stands for it.
fn hide_names(told: &mut Json) {
    match told {
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::String(text) if name == "backend_id" => *text = shown_name(text),
                    value => hide_names(value),
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(hide_names),
        _ => {}
    }
}

fn opened(field: &str, stored: &[u8], seal: &Seal) -> Result<Json, StoreError> {
    Ok(structured(seal.read(field, stored)?))
}

/// JSON as what it says, words as they are.
fn structured(text: String) -> Json {
    match text.as_bytes().first() {
        Some(b'{' | b'[') => serde_json::from_str(&text).unwrap_or(Json::String(text)),
        _ => Json::String(text),
    }
}

/// What the audit says of an export.
pub(crate) fn exported(contact: ContactId, export: &PersonExport, by: &str, now: DateTime<Utc>) -> AuditRow {
    let rows: Map<String, Json> =
        export.tables.iter().map(|(table, rows)| (table.clone(), json!(rows.len()))).collect();
    row("export", by, now, json!({ "contact": contact, "rows": rows }))
}

/// What the audit says of an erasure.
pub(crate) fn erased(contact: ContactId, receipt: &Erasure, by: &str, now: DateTime<Utc>) -> AuditRow {
    let Erasure { deleted, blanked, upcoming } = receipt;
    row("erase", by, now, json!({ "contact": contact, "deleted": deleted, "blanked": blanked, "upcoming": upcoming }))
}

/// What the audit says of a connection: the channel, and what whoever changed it says.
pub(crate) fn of_connection(what: &str, channel: &ChannelId, by: &str, now: DateTime<Utc>, detail: Json) -> AuditRow {
    let mut told = said(detail);
    told.insert("channel".to_owned(), channel.as_str().into());
    row(what, by, now, Json::Object(told))
}

/// What the audit says of an install: the branch, where it is an account, how it stands, and what whoever changed it says.
pub(crate) fn of_install(install: &Install, by: &str, detail: Json) -> AuditRow {
    let mut told = said(detail);
    told.insert("branch".to_owned(), install.branch.as_str().into());
    told.insert("provider".to_owned(), install.provider.as_str().into());
    told.insert("state".to_owned(), install.state.as_str().into());
    row("install", by, install.changed, Json::Object(told))
}

/// What somebody says of a change, as an object.
fn said(detail: Json) -> Map<String, Json> {
    match detail {
        Json::Object(told) => told,
        other => Map::from_iter([("detail".to_owned(), other)]),
    }
}

fn row(what: &str, by: &str, now: DateTime<Utc>, detail: Json) -> AuditRow {
    AuditRow { at: now, actor: by.to_owned(), what: what.to_owned(), conversation: None, action: None, detail }
}
