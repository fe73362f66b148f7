//! A database of a kind: where it lies, and what stands in it that no port tells.

use chatplug::{
    model::DeliveryKey,
    ports::{CalendarStore, Store},
    store::OpenOptions,
    vault::{MasterKeys, Vault},
};
use rusqlite::types::ValueRef;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

/// Kinds of databases that the product knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Sqlite,
}

impl Kind {
    pub const ALL: [Self; 1] = [Self::Sqlite];

    /// Whether several processes may run turns on it.
    pub const fn takes_several(self) -> bool {
        match self {
            Self::Sqlite => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
        })
    }
}

/// One database, gone when this is dropped.
pub struct Database {
    url: String,
    folder: tempfile::TempDir,
}

impl Database {
    pub async fn new(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                Self { url: format!("sqlite:{}", folder.path().join("it.sqlite").display()), folder }
            }
        }
    }

    /// What a configuration says to use it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What the configuration of the program says.
    pub fn program_url(&self) -> &str {
        &self.url
    }

    /// Every row as text, by the tenant that it belongs to; a table that belongs to none goes by its own name.
    pub async fn rows(&self) -> BTreeMap<String, String> {
        let file = rusqlite::Connection::open(self.folder.path().join("it.sqlite")).unwrap();
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let mut tables = file.prepare(tables).unwrap();
        let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for table in tables {
            let mut rows = file.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns: Vec<String> = rows.column_names().into_iter().map(str::to_owned).collect();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let mut line = format!("{table}:");
                let mut owner = table.clone();
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
                let text = texts.entry(owner).or_default();
                text.push_str(&line);
                text.push('\n');
            }
        }
        texts
    }

    pub async fn open(&self) -> Arc<dyn Store> {
        open(&self.url).await.0
    }

    /// Messages of which it was once unknown whether they were sent.
    pub async fn unknown(&self) -> BTreeSet<DeliveryKey> {
        let file = rusqlite::Connection::open(self.folder.path().join("it.sqlite")).unwrap();
        let mut rows = file.prepare("SELECT delivery FROM outbox WHERE was_unknown = 1").unwrap();
        let keys = rows.query_map([], |row| row.get::<_, [u8; 16]>(0)).unwrap();
        keys.map(|key| DeliveryKey::from_uuid(uuid::Uuid::from_bytes(key.unwrap()))).collect()
    }
}

/// Opens what a URL names, as a process of its own.
pub async fn open(url: &str) -> (Arc<dyn Store>, Arc<dyn CalendarStore>) {
    // The same master key in every process of every test.
    let keys: MasterKeys = super::program::MASTER_KEY.parse().unwrap();
    let options = OpenOptions { vault: Vault::new(Arc::new(keys)) };
    let store = chatplug::store::open_with(url, options).await.unwrap();
    let calendars: Arc<dyn CalendarStore> = Arc::new(store.clone());
    (Arc::new(store), calendars)
}
