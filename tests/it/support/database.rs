//! A database of a kind: where it lies, and what stands in it that no port tells.

use super::program::MASTER_KEY;
use chatplug::{
    model::DeliveryKey,
    ports::{CalendarStore, Store},
    store::{OpenOptions, PostgresOptions, PostgresStore, testing::TestDatabase},
    vault::{MasterKeys, Vault},
};
use rusqlite::types::ValueRef;
use sqlx::{AssertSqlSafe, Row as _};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// Kinds of databases that the product knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// Whether several processes may run turns on it.
    pub const fn takes_several(self) -> bool {
        matches!(self, Self::Postgres)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// One database, gone when this is dropped.
pub enum Database {
    Sqlite(tempfile::TempDir),
    Postgres(TestDatabase),
}

/// The file in the folder of a database on SQLite.
const FILE: &str = "it.sqlite";

impl Database {
    pub async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::Sqlite(tempfile::tempdir().unwrap()),
            Kind::Postgres => Self::Postgres(TestDatabase::fresh().await),
        }
    }

    /// What a configuration says to use it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join(FILE).display()),
            Self::Postgres(database) => database.url(),
        }
    }

    pub async fn open(&self) -> Arc<dyn Store> {
        open(&self.url()).await.0
    }

    /// Messages of which it was once unknown whether they were sent.
    pub async fn unknown(&self) -> BTreeSet<DeliveryKey> {
        let keys: Vec<uuid::Uuid> = match self {
            Self::Sqlite(folder) => {
                let file = rusqlite::Connection::open(folder.path().join(FILE)).unwrap();
                let mut rows = file.prepare("SELECT delivery FROM outbox WHERE was_unknown = 1").unwrap();
                let keys = rows.query_map([], |row| row.get::<_, [u8; 16]>(0)).unwrap();
                keys.map(|key| uuid::Uuid::from_bytes(key.unwrap())).collect()
            }
            Self::Postgres(database) => {
                let rows = sqlx::query_scalar("SELECT delivery FROM outbox WHERE was_unknown");
                rows.fetch_all(&mut database.admin().await).await.unwrap()
            }
        };
        keys.into_iter().map(DeliveryKey::from_uuid).collect()
    }

    /// Every row as text, by the tenant that it belongs to; a table that belongs to none goes by its own name.
    pub async fn rows(&self) -> BTreeMap<String, String> {
        let rows = match self {
            Self::Sqlite(folder) => rows_of_file(&folder.path().join(FILE)),
            Self::Postgres(database) => rows_of_server(database).await,
        };
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for (owner, row) in rows {
            let text = texts.entry(owner).or_default();
            text.push_str(&row);
            text.push('\n');
        }
        texts
    }
}

/// Rows with their owners.
fn rows_of_file(file: &std::path::Path) -> Vec<(String, String)> {
    let file = rusqlite::Connection::open(file).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut tables = file.prepare(tables).unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut texts = Vec::new();
    for table in tables {
        let mut rows = file.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns: Vec<String> = rows.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let (mut owner, mut line) = (table.clone(), format!("{table}:"));
            for (at, column) in columns.iter().enumerate() {
                let value = match row.get_ref(at).unwrap() {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    other => format!("{other:?}"),
                };
                if column == "tenant" {
                    owner.clone_from(&value);
                }
                line.push_str(&format!(" {value}"));
            }
            texts.push((owner, line));
        }
    }
    texts
}

async fn rows_of_server(database: &TestDatabase) -> Vec<(String, String)> {
    let mut admin = database.admin().await;
    let tables = "SELECT format('%I.%I', t.table_schema, t.table_name) AS name, EXISTS (SELECT FROM \
        information_schema.columns AS c WHERE c.table_schema = t.table_schema AND c.table_name = t.table_name \
        AND c.column_name = 'tenant') AS owned FROM information_schema.tables AS t \
        WHERE t.table_type = 'BASE TABLE' AND t.table_schema NOT IN ('pg_catalog', 'information_schema')";
    let tables = sqlx::query(tables).fetch_all(&mut admin).await.unwrap();
    let mut texts = Vec::new();
    for table in tables {
        let (name, owned): (String, bool) = (table.get("name"), table.get("owned"));
        let owner = if owned { "t.tenant::text" } else { "NULL::text" };
        let rows = sqlx::query(AssertSqlSafe(format!("SELECT {owner} AS owner, t::text AS line FROM {name} AS t")));
        for row in rows.fetch_all(&mut admin).await.unwrap() {
            let owner: Option<String> = row.get("owner");
            let line: String = row.get("line");
            texts.push((owner.unwrap_or_else(|| name.clone()), format!("{name}: {line} {}", unhexed(&line))));
        }
    }
    texts
}

/// What the bytes in a row say, which PostgreSQL prints as `\x…`.
fn unhexed(line: &str) -> String {
    let runs = line.split("\\x").skip(1).map(|rest| rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or(""));
    let bytes: Vec<u8> = runs
        .flat_map(|run| run.as_bytes().chunks_exact(2))
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Opens what a URL names, as a process of its own.
pub async fn open(url: &str) -> (Arc<dyn Store>, Arc<dyn CalendarStore>) {
    // The same master key in every process of every test.
    let keys: MasterKeys = MASTER_KEY.parse().unwrap();
    let vault = Vault::new(Arc::new(keys));
    if url.starts_with("postgres:") {
        let mut options = PostgresOptions::new(vault);
        options.connections = 4;
        let store = PostgresStore::open(url, options).await.unwrap();
        return (Arc::new(store.clone()), Arc::new(store));
    }
    let store = chatplug::store::open_with(url, OpenOptions { vault }).await.unwrap();
    (Arc::new(store.clone()), Arc::new(store))
}
