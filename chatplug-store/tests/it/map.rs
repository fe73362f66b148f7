//! The data map against the live schema: nothing is kept of which it does not say whose it is and when it goes.

use crate::world::{file, fresh};
use chatplug_store::{
    data_map::{Erase, Keep, On, Table, What, Whose, tables_on},
    testing::TestDatabase,
};
use rusqlite::Connection;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

type Catalogue = BTreeMap<String, BTreeSet<String>>;

/// Tables of a database with their columns, as the database tells.
fn catalogue(path: &Path) -> Catalogue {
    let raw = Connection::open(path).unwrap();
    let sql = "SELECT t.name, c.name FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name) AS c \
        WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = raw.prepare(sql).unwrap();
    let mut found = Catalogue::new();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    for row in rows {
        let (table, column): (String, String) = row.unwrap();
        found.entry(table).or_default().insert(column);
    }
    found
}

/// Both say the same, table by table and column by column.
fn agree(live: &Catalogue, database: On) {
    let columns = |table: &'static Table| table.columns_on(database).map(|column| column.name.to_owned()).collect();
    let map: Catalogue = tables_on(database).map(|table| (table.name.to_owned(), columns(table))).collect();
    for (table, columns) in live {
        let mapped = map.get(table).unwrap_or_else(|| panic!("table {table} has no entry in the data map"));
        let without: Vec<_> = columns.difference(mapped).collect();
        assert!(without.is_empty(), "columns of {table} without an entry in the data map: {without:?}");
        let gone: Vec<_> = mapped.difference(columns).collect();
        assert!(gone.is_empty(), "entries of {table} in the data map without a column: {gone:?}");
    }
    let gone: Vec<_> = map.keys().filter(|table| !live.contains_key(*table)).collect();
    assert!(gone.is_empty(), "tables of the data map that do not exist: {gone:?}");
}

#[tokio::test]
async fn it_holds_for_postgresql_too() {
    let database = TestDatabase::fresh().await;
    let mut admin = database.admin().await;
    let sql = "SELECT c.relname::text, a.attname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
        WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
    let mut live = Catalogue::new();
    let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut admin).await.unwrap();
    for (table, column) in rows {
        live.entry(table).or_default().insert(column);
    }
    agree(&live, On::Postgres);
}

fn mapped() -> impl Iterator<Item = &'static Table> {
    tables_on(On::Sqlite)
}

#[tokio::test]
async fn every_table_and_column_has_its_entry_and_every_entry_its_column() {
    let (store, folder) = fresh().await;
    let mut live = catalogue(&file(&folder));
    // Keys lie apart from what they seal.
    let keys = catalogue(&folder.path().join("chatplug.db.keys"));
    assert!(keys.contains_key("tenant_key"), "{keys:?}");
    live.extend(keys);
    agree(&live, On::Sqlite);
    drop(store);
}

/// The keys of the map are the keys of the tables, and lead with the tenant where there is one.
#[tokio::test]
async fn rows_are_named_as_the_map_says() {
    let (store, folder) = fresh().await;
    let raw = Connection::open(file(&folder)).unwrap();
    for table in mapped().filter(|table| table.name != "tenant_key") {
        let sql = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk";
        let mut statement = raw.prepare(sql).unwrap();
        let key: Vec<String> =
            statement.query_map([table.name], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(key, table.key, "{}", table.name);
        if table.has_tenant() && table.name != "route" {
            assert_eq!(table.key.first(), Some(&"tenant"), "{}", table.name);
        }
    }
    drop(store);
}

/// What may be sealed is stored as bytes, instants as numbers; the audit is nobody's to take rows out of.
#[tokio::test]
async fn columns_hold_what_the_map_says() {
    let (store, folder) = fresh().await;
    let raw = Connection::open(file(&folder)).unwrap();
    for table in mapped().filter(|table| table.name != "tenant_key") {
        for column in table.columns_on(On::Sqlite) {
            let sql = "SELECT upper(type) FROM pragma_table_xinfo(?) WHERE name = ?";
            let kind: String = raw.query_row(sql, [table.name, column.name], |row| row.get(0)).unwrap();
            let fits = match column.what {
                What::Personal(_) | What::Secret => kind == "BLOB",
                What::Time => kind.starts_with("INT"),
                What::LookUp | What::Tenant => kind == "TEXT",
                What::Key | What::Fact | What::Pseudonym => true,
            };
            assert!(fits, "{}.{} is {kind}, and the map says {:?}", table.name, column.name, column.what);
        }
        if table.name.starts_with("audit") {
            assert!(matches!((table.whose, table.erase, table.keep), (Whose::Nobody, Erase::Keep(_), Keep::Stays(_))));
        }
    }
    drop(store);
}
