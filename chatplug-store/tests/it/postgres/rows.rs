//! Rows of every table and calls of every function, made from the catalogue: what nobody has written yet is in them, too.

use super::run;
use sqlx::{PgConnection, Row as _};
use std::collections::BTreeMap;

/// Stands in every text and every blob of a row.
pub(super) const MARK: &str = "Zm4rk7";

/// A column.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: String,
}

/// A function of ours that works for one tenant.
pub(super) struct Function {
    name: String,
    arguments: Vec<Column>,
}

/// The tables with a tenant, and what can be written in them.
pub(super) async fn tables(admin: &mut PgConnection) -> BTreeMap<String, Vec<Column>> {
    let columns = "SELECT a.attrelid::regclass::text, a.attname::text, format_type(a.atttypid, NULL) \
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid \
        WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, 'vault'::regnamespace) \
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND EXISTS (SELECT FROM pg_attribute AS t \
            WHERE t.attrelid = a.attrelid AND t.attname = 'tenant') ORDER BY 1, a.attnum";
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in run(admin, columns).await.unwrap() {
        tables.entry(row.get(0)).or_default().push(Column { name: row.get(1), kind: row.get(2) });
    }
    assert!(tables.len() > 20, "only {} tables", tables.len());
    tables
}

/// The functions that take a tenant.
pub(super) async fn functions(admin: &mut PgConnection) -> Vec<Function> {
    let functions = "SELECT p.oid::regproc::text, p.proargnames[1:p.pronargs]::text[], \
            (SELECT array_agg(format_type(t, NULL) ORDER BY at) FROM unnest(p.proargtypes) WITH ORDINALITY AS a(t, at)) \
        FROM pg_proc AS p WHERE p.pronamespace = 'chatplug'::regnamespace AND p.prorettype <> 'trigger'::regtype \
        AND 'p_tenant' = ANY (p.proargnames) ORDER BY 1";
    let rows = sqlx::query(functions).fetch_all(admin).await.unwrap();
    let function = |row: &sqlx::postgres::PgRow| {
        let (names, kinds): (Vec<String>, Vec<String>) = (row.get(1), row.get(2));
        let arguments = names.into_iter().zip(kinds).map(|(name, kind)| Column { name, kind }).collect();
        Function { name: row.get(0), arguments }
    };
    rows.iter().map(function).collect()
}

/// A statement for one row whose every text and blob carries the mark, and whose every id is this one.
pub(super) fn insert(table: &str, columns: &[Column], tenant: &str, id: &str) -> String {
    let plain = |column: &Column| match (column.name.as_str(), column.kind.as_str()) {
        ("tenant", _) => format!("'{tenant}'"),
        ("taken_to", _) => "2000".to_owned(),
        (_, "uuid") => format!("'{id}'"),
        (_, "text") => format!("'{MARK} text'"),
        (_, "bytea") => format!("convert_to('{MARK} blob', 'UTF8')"),
        (_, "boolean") => "true".to_owned(),
        (_, "bigint" | "integer") => "1".to_owned(),
        (name, kind) => panic!("{table}.{name} is a {kind}: say what to put there"),
    };
    let values: Vec<String> =
        columns.iter().map(|column| word(table, &column.name).unwrap_or_else(|| plain(column))).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", names(columns), values.join(", "))
}

/// A statement for so many rows, of so many tenants (`t0`, `t1` …), no two of them alike.
pub(super) fn insert_many(table: &str, columns: &[Column], rows: u32, tenants: u32) -> String {
    let plain = |column: &Column| match (column.name.as_str(), column.kind.as_str()) {
        ("tenant", _) => format!("'t' || n % {tenants}"),
        ("taken_to", _) => "n + 1".to_owned(),
        (_, "uuid") => "md5(n::text)::uuid".to_owned(),
        (_, "text") => "'x' || n".to_owned(),
        (_, "bytea") => "'\\x00'::bytea".to_owned(),
        (_, "boolean") => "n % 3 = 0".to_owned(),
        (_, "bigint" | "integer") => "n".to_owned(),
        (name, kind) => panic!("{table}.{name} is a {kind}: say what to put there"),
    };
    let values: Vec<String> =
        columns.iter().map(|column| word(table, &column.name).unwrap_or_else(|| plain(column))).collect();
    let values = values.join(", ");
    format!("INSERT INTO {table} ({}) SELECT {values} FROM generate_series(1, {rows}) AS n", names(columns))
}

impl Function {
    /// A call for a tenant, with this id wherever there is one; with something in every other place, or with little.
    pub(super) fn call(&self, tenant: &str, id: &str, some: bool) -> String {
        let value = |Column { name, kind }: &Column| match kind.as_str() {
            _ if name == "p_tenant" => format!("'{tenant}'"),
            "uuid" => format!("'{id}'"),
            "text" if !some => "NULL".to_owned(),
            "text" => format!("'{MARK} text'"),
            "bytea" => "'\\x00'".to_owned(),
            "boolean" => some.to_string(),
            "bigint" | "integer" if some => "1".to_owned(),
            "bigint" | "integer" => "5000".to_owned(),
            "uuid[]" if some => format!("ARRAY['{id}']::uuid[]"),
            "text[]" if some => format!("ARRAY['{MARK} text']"),
            "bytea[]" if some => "ARRAY['\\x00'::bytea]".to_owned(),
            "boolean[]" if some => "ARRAY[true]".to_owned(),
            "bigint[]" | "integer[]" if some => format!("ARRAY[1]::{kind}"),
            other => format!("NULL::{other}"),
        };
        let arguments = self.arguments.iter().map(|argument| format!("{} => {}", argument.name, value(argument)));
        format!("SELECT f::text FROM {}({}) AS f", self.name, arguments.collect::<Vec<_>>().join(", "))
    }
}

/// Where only some words will do.
fn word(table: &str, column: &str) -> Option<String> {
    let word = match (table, column) {
        ("identity", "kind") => "phone",
        ("conversation", "holder") => "bot",
        ("outbox" | "notice", "status") => "queued",
        ("install", "state") => "pending",
        ("vault.tenant_key", "key_use") => "data",
        _ => return None,
    };
    Some(format!("'{word}'"))
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
}
