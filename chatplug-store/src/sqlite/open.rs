//! Opening: the file, its schema, and who else has it open.

use super::{
    SqliteStore,
    db::statements,
    keyfile::{self, KeyFile},
    master,
    readers::Readers,
    reseal::Reseals,
    secrets::FileRing,
    writer::Writer,
};
use crate::{OpenError, vault::KeyCache};
use chatplug_core::{
    model::TenantId,
    ports::StoreError,
    vault::{Vault, WrappedKey},
};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, config::DbConfig};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Notify;

/// The schema, step by step; the place in the list, from [`FIRST`], is the version. A released step never changes.
const MIGRATIONS: &[&str] = &[include_str!("../../migrations/sqlite/0002_init.sql")];
/// The first version that was released. The one before it cannot be brought up to date.
const FIRST: i64 = 2;

/// Statements that a connection keeps prepared: all there are.
const PREPARED: usize = 256;
/// Bytes in a page: SQLite's own choice, said here because a limit in bytes is counted in pages.
const PAGE: u64 = 4096;
/// Pages of the log after which it is moved into the file by itself: 16 MB.
const LOG_PAGES: i64 = 4096;
/// Page cache of the writer, in KiB.
const WRITER_CACHE: i64 = 16_384;
/// Page cache of a reader, in KiB.
const READER_CACHE: i64 = 4096;

statements! {
    KEYRING = "SELECT id FROM keyring";
    SET_KEYRING = "INSERT INTO keyring (keyring, id) VALUES (1, ?)";
    /// The leases of a process that died: nobody will commit under them, so their conversations are due at once.
    FREE_LEASES = "UPDATE conversation SET lease_until = 0 WHERE lease_until IS NOT NULL";
    /// What it was sending: nobody will say how that went, so a status may settle it at once. Where one came before, it is
    /// looked at when the message is taken.
    LOSE_SENDERS = "UPDATE outbox SET status = 'unknown', was_unknown = 1, repeatable = 1, told = 0 FROM conversation AS v \
        WHERE v.delivery_due > 0 AND outbox.tenant = v.tenant AND outbox.conversation = v.conversation \
        AND outbox.live = 1 AND outbox.status = 'sending' AND NOT EXISTS (SELECT 1 FROM early AS e WHERE e.tenant = outbox.tenant AND e.delivery = outbox.delivery)";
}

/// How a file is to be used.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Wraps the keys that seal. Default: a master key in the file `<database>.master-key`, which is made with the database.
    /// That keeps a stray copy of the database from being read; give a key that lies elsewhere to be safe from whoever
    /// has the folder.
    pub vault: Option<Vault>,
    /// How long a write waits for another program that is writing before it answers that the store is unavailable.
    /// Default: 5 seconds.
    pub wait: Duration,
    /// The file may not grow beyond so many bytes; then writes answer that the store is unavailable, as on a full disk.
    /// The write-ahead log comes on top, some 16 MB. Default: no limit.
    pub max_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { vault: None, wait: Duration::from_secs(5), max_bytes: None }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable { source: Box::new(error) }
    }
}

impl SqliteStore {
    /// Opens a file, makes it when it does not exist, and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`], by what to do about it.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, SqliteOptions::default()).await
    }

    /// The same, with other options.
    ///
    /// # Errors
    /// [`OpenError`], by what to do about it.
    pub async fn open_with(path: impl AsRef<Path>, how: SqliteOptions) -> Result<Self, OpenError> {
        let path = path.as_ref().to_owned();
        let files = tokio::task::spawn_blocking(move || Self::open_blocking(Opening { path, how })).await;
        let (store, samples) = files.map_err(|error| OpenError::Unavailable { source: Box::new(error) })??;
        for (tenant, keys) in samples {
            // One tenant for each master key: that the right ones were given is found out now, not with the first client.
            if let Err(source) = store.keys.vault().open(&tenant, &keys).await {
                return Err(OpenError::Vault { source });
            }
        }
        Ok(store)
    }

    fn open_blocking(opening: Opening) -> Result<(Self, Vec<Sample>), OpenError> {
        let named = opening.path.to_str().unwrap_or("file");
        if named.is_empty() || named.contains(":memory:") {
            return Err(OpenError::NoFile);
        }
        let mut connection = opening.writer()?;
        migrate(&mut connection)?;
        let key_file = pair(&mut connection, &opening)?;
        let vault = match &opening.how.vault {
            Some(vault) => vault.clone(),
            None => master::beside(&opening.path, key_file.has_keys()?)?,
        };
        let samples = samples(&key_file)?;
        let owner = own(&opening.path);
        if owner.is_some() {
            connection.execute(FREE_LEASES, [])?;
            connection.execute(LOSE_SENDERS, [])?;
        }
        let woken = Arc::new(Notify::new());
        let readers = Readers::new(opening.clone());
        let ring = FileRing { file: key_file.clone(), readers: readers.clone() };
        let keys = Arc::new(KeyCache::new(vault, Arc::new(ring)));
        let writer = Writer::start(connection, opening, Arc::clone(&woken), owner)
            .map_err(|error| OpenError::Unavailable { source: Box::new(error) })?;
        Ok((Self { writer, readers, woken, keys, key_file, reseals: Reseals::default() }, samples))
    }
}

/// A tenant with its wrapped keys.
type Sample = (TenantId, Vec<WrappedKey>);

fn samples(keys: &KeyFile) -> Result<Vec<Sample>, OpenError> {
    let unreadable = |error: StoreError| OpenError::Unavailable { source: Box::new(error) };
    let mut samples = Vec::new();
    for tenant in keys.samples()? {
        let Ok(tenant) = tenant.parse::<TenantId>() else { continue };
        let wrapped = keys.load(&tenant).map_err(unreadable)?.into_iter().map(|stored| stored.key).collect();
        samples.push((tenant, wrapped));
    }
    Ok(samples)
}

/// The database and the file of keys know each other: a database whose keys are missing would make new ones otherwise, and
/// know nobody any more.
fn pair(connection: &mut Connection, opening: &Opening) -> Result<KeyFile, OpenError> {
    let path = keyfile::path_of(&opening.path);
    let step = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let known: Option<Vec<u8>> = step.query_row(KEYRING, [], |row| row.get(0)).optional()?;
    if known.is_some() && !path.exists() {
        return Err(OpenError::KeysMissing { path });
    }
    let keys = KeyFile::open(&opening.path, opening.how.wait)?;
    let beside = keys.keyring()?;
    match known {
        Some(known) if known == beside => {}
        Some(_) => return Err(OpenError::KeysMissing { path }),
        None => {
            step.execute(SET_KEYRING, [beside])?;
        }
    }
    step.commit()?;
    Ok(keys)
}

/// How to open another connection to the same file.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    path: PathBuf,
    pub(super) how: SqliteOptions,
}

impl Opening {
    /// The connection that writes.
    pub(super) fn writer(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect(WRITER_CACHE)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        // Every commit is on the disk before it is answered: anything less loses the last ones with the power.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // What is deleted is overwritten: nothing of an erased person stays in a free page.
        connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
        connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(()))?;
        if let Some(bytes) = self.how.max_bytes {
            let pages = i64::try_from(bytes / PAGE).unwrap_or(i64::MAX);
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        Ok(connection)
    }

    /// A connection that only reads.
    pub(super) fn reader(&self) -> rusqlite::Result<Connection> {
        let connection = self.connect(READER_CACHE)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    fn connect(&self, cache: i64) -> rusqlite::Result<Connection> {
        // Each connection is used by one thread at a time, so SQLite needs no lock of its own.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.how.wait)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // Plans depend on the statement alone: else each with `LIMIT ?` is planned anew whenever it is run.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "temp_store", "memory")?;
        // Negative: in KiB, not in pages.
        connection.pragma_update(None, "cache_size", -cache)?;
        Ok(connection)
    }
}

/// Brings the schema up to date, each step in a transaction of its own. The version is kept in the file's header.
fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let known = FIRST - 1 + i64::try_from(MIGRATIONS.len()).unwrap_or(0);
    loop {
        let step = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        // Read inside the transaction: another process may be bringing it up to date too.
        let found: i64 = step.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > known {
            return Err(OpenError::Newer { found, known });
        }
        if found != 0 && found < FIRST {
            return Err(OpenError::Outgrown { found });
        }
        let version = if found == 0 { FIRST } else { found + 1 };
        let place = usize::try_from(version - FIRST).ok();
        let Some(sql) = place.and_then(|place| MIGRATIONS.get(place)) else { return Ok(()) };
        let tables: i64 = step.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if found == 0 && tables > 0 {
            return Err(OpenError::Foreign);
        }
        step.execute_batch(sql)?;
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
}

/// A lock that lasts as long as this process keeps the file open; `None`: another process has it, or it cannot be told.
fn own(path: &Path) -> Option<File> {
    let mut name = path.as_os_str().to_owned();
    name.push("-owner");
    let file = File::options().create(true).truncate(false).write(true).open(name).ok()?;
    file.try_lock().ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    #[test]
    fn a_statement_is_planned_once_however_many_rows_are_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let opening = Opening { path: folder.path().join("planned.sqlite"), how: SqliteOptions::default() };
        let mut connection = opening.writer().unwrap();
        migrate(&mut connection).unwrap();
        let sql = "SELECT conversation FROM conversation WHERE turn_due <= ? ORDER BY turn_due LIMIT ?";
        let mut statement = connection.prepare(sql).unwrap();
        for limit in [1, 64, 4096] {
            let mut rows = statement.query([9, limit]).unwrap();
            assert!(rows.next().unwrap().is_none());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
