//! A database of a kind: where it lies, and what stands in it that no port tells.

use chatplug::{
    model::DeliveryKey,
    ports::{CalendarStore, Store},
    store::OpenOptions,
    vault::{MasterKeys, Vault},
};
use std::{collections::BTreeSet, fmt, sync::Arc};

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
    let keys: MasterKeys = "it:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".parse().unwrap();
    let options = OpenOptions { vault: Vault::new(Arc::new(keys)) };
    let store = chatplug::store::open_with(url, options).await.unwrap();
    let calendars: Arc<dyn CalendarStore> = Arc::new(store.clone());
    (Arc::new(store), calendars)
}
