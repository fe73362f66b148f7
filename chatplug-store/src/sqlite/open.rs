//! Opening: the file, its schema, and who else has it open.

use super::{SqliteStore, db::statements, writer::Writer};
use sqlx::{
    ConnectOptions, SqliteConnection,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{fs::File, path::Path, sync::Arc, time::Duration};
use tokio::sync::Notify;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// Connections that read beside the writer. Reads are short; more would only cost memory.
const READERS: u32 = 4;
/// Texts of scripts that a connection keeps prepared: more than are in common use, few enough to stay small.
const PREPARED: usize = 128;
/// Bytes in a page: SQLite's own choice, said here because a limit in bytes is counted in pages.
const PAGE: u32 = 4096;
/// Pages of the log after which it is moved into the file by itself: 16 MB, a fifth of a second's writing at full load.
const LOG_PAGES: &str = "4096";
/// Page cache of the writer, in KiB (negative: SQLite's way of saying KiB).
const WRITER_CACHE: &str = "-16384";
/// Page cache of a reader, in KiB.
const READER_CACHE: &str = "-4096";

statements! {
    /// The leases of a process that died: nobody will commit under them, so their conversations are due at once.
    FREE_LEASES = "UPDATE conversation SET lease_until = 0 WHERE lease_until IS NOT NULL";
    /// What it was sending: nobody will say how that went, so a status may settle it at once. Where one came before, it is
    /// looked at when the message is taken.
    LOSE_SENDERS = "UPDATE outbox SET status = 'unknown', was_unknown = 1, repeatable = 1 FROM conversation AS v \
        WHERE v.delivery_due > 0 AND outbox.tenant = v.tenant AND outbox.conversation = v.conversation \
        AND outbox.live = 1 AND outbox.status = 'sending' AND NOT EXISTS (SELECT 1 FROM early AS e WHERE e.tenant = outbox.tenant AND e.delivery = outbox.delivery)";
}

/// How a file is to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How long a write waits for another program that is writing before it answers that the store is unavailable.
    /// Default: 5 seconds.
    pub wait: Duration,
    /// The file may not grow beyond so many bytes; then writes answer that the store is unavailable, as on a full disk.
    /// The write-ahead log comes on top, some 16 MB. Default: no limit.
    pub max_bytes: Option<u64>,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5), max_bytes: None }
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names a database that this build does not know.
    #[error("databases of the kind \"{scheme}\" are not supported; use sqlite://FILE")]
    Unsupported {
        /// The URL's scheme.
        scheme: String,
    },
    /// The URL names no file. What must survive a restart cannot live in memory.
    #[error("no file is named; use sqlite://FILE")]
    NoFile,
    /// A newer version of the program has used the file: open it with that one, or restore a backup.
    #[error("the database has schema {found}, this program knows schemas up to {known}: use the newer program")]
    Newer {
        /// Schema of the file.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// Its schema is not what its version says: damaged, or changed by hand.
    #[error("schema {version} of the database is not as this program made it")]
    Altered {
        /// Which version.
        version: i64,
    },
    /// It cannot be opened, read or written.
    #[error("the database cannot be opened")]
    Unavailable {
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
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
        let path = path.as_ref();
        let named = path.to_str().unwrap_or("file");
        if named.is_empty() || named.contains(":memory:") || named.starts_with('?') {
            return Err(OpenError::NoFile);
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Every commit is on the disk before it is answered: anything less loses the last ones with the power.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(how.wait)
            .statement_cache_capacity(PREPARED)
            .row_buffer_size(256)
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        let writing = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", LOG_PAGES);
        let writing = match how.max_bytes {
            Some(bytes) => writing.page_size(PAGE).pragma("max_page_count", (bytes / u64::from(PAGE)).to_string()),
            None => writing,
        };
        let reading = options.pragma("cache_size", READER_CACHE).pragma("query_only", "on");

        let mut connection = writing.connect().await?;
        migrate(&mut connection).await?;
        let owner = own(path);
        if owner.is_some() {
            sqlx::query(FREE_LEASES).execute(&mut connection).await?;
            sqlx::query(LOSE_SENDERS).execute(&mut connection).await?;
        }
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(how.wait)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(reading);
        let woken = Arc::new(Notify::new());
        let writer = Writer::start(connection, writing, Arc::clone(&woken), owner);
        Ok(Self { writer, readers, woken })
    }
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let known = MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or(0);
    MIGRATOR.run_direct(None, connection, false).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) => OpenError::Newer { found, known },
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => OpenError::Altered { version },
        other => OpenError::Unavailable { source: Box::new(other) },
    })
}

/// A lock that lasts as long as this process keeps the file open; `None`: another process has it, or it cannot be told.
fn own(path: &Path) -> Option<File> {
    let mut name = path.as_os_str().to_owned();
    name.push("-owner");
    let file = File::options().create(true).truncate(false).write(true).open(name).ok()?;
    file.try_lock().ok()?;
    Some(file)
}
