//! The second file: wrapped keys of tenants, apart from what they seal, so that a copy of the database alone is worth
//! nothing, and so that destroying keys leaves no trace of them in the one place where they were.

use super::db::{statements, store_error, unavailable};
use crate::OpenError;
use chatplug_core::{
    model::TenantId,
    ports::StoreError,
    vault::{KeyId, KeyUse, WrappedKey},
};
use rusqlite::{Connection, Row, TransactionBehavior, params};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// The schema of the second file.
const SCHEMA: &str = include_str!("../../migrations/sqlite/keys/0001_init.sql");
const VERSION: i64 = 1;

statements! {
    LOAD = "SELECT key_use, version, master, wrapped, made FROM tenant_key WHERE tenant = ? ORDER BY key_use, version";
    COUNT = "SELECT count(*) FROM tenant_key WHERE tenant = ?";
    ADD = "INSERT INTO tenant_key (tenant, key_use, version, master, wrapped, made) VALUES (?, ?, ?, ?, ?, ?)";
    /// Unless there is one of this version by now, or the tenant's keys were destroyed.
    ADD_NEXT = "INSERT INTO tenant_key (tenant, key_use, version, master, wrapped, made) SELECT ?, ?, ?, ?, ?, ? \
        WHERE NOT EXISTS (SELECT 1 FROM tenant_key WHERE tenant = ?1 AND (key_use = 'destroyed' \
        OR (key_use = ?2 AND version >= ?3)))";
    REWRAP = "UPDATE tenant_key SET master = ?, wrapped = ? WHERE tenant = ? AND key_use = ? AND version = ? AND master = ?";
    DROP_OLD = "DELETE FROM tenant_key WHERE tenant = ? AND key_use = 'data' AND version < ? \
        AND EXISTS (SELECT 1 FROM tenant_key WHERE tenant = ?1 AND key_use = 'data' AND version = ?2)";
    DROP_ALL = "DELETE FROM tenant_key WHERE tenant = ?";
    MASTERS = "SELECT master, count(*) FROM tenant_key WHERE master IS NOT NULL GROUP BY master ORDER BY master";
    /// One tenant for each master key: its keys show whether the right master keys were given.
    SAMPLES = "SELECT min(tenant) FROM tenant_key WHERE master IS NOT NULL GROUP BY master";
    KEYRING = "SELECT id FROM keyring";
    SET_KEYRING = "INSERT INTO keyring (keyring, id) VALUES (1, randomblob(16)) ON CONFLICT DO NOTHING";
    CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)";
    ANY = "SELECT EXISTS (SELECT 1 FROM tenant_key)";
}

/// The file that belongs to a database.
pub(super) fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".keys");
    name.into()
}

/// A key as it is stored, with when it was made.
#[derive(Debug, Clone)]
pub(super) struct StoredKey {
    pub(super) key: WrappedKey,
    /// Microseconds since 1970; 0 for the first ones.
    pub(super) made: i64,
}

/// The open file. Clones share it. Everything blocks for a moment.
#[derive(Debug, Clone)]
pub(super) struct KeyFile(Arc<Mutex<Option<Connection>>>);

impl KeyFile {
    pub(super) fn open(database: &Path, wait: Duration) -> Result<Self, OpenError> {
        let mut connection = Connection::open(path_of(database))?;
        connection.busy_timeout(wait)?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "full")?;
        // What is deleted is overwritten.
        connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = step.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if found > VERSION {
            return Err(OpenError::Newer { found, known: VERSION });
        }
        if found == 0 {
            step.execute_batch(SCHEMA)?;
            step.pragma_update(None, "user_version", VERSION)?;
        }
        step.commit()?;
        Ok(Self(Arc::new(Mutex::new(Some(connection)))))
    }

    /// The id of this file; made when it has none.
    pub(super) fn keyring(&self) -> rusqlite::Result<Vec<u8>> {
        self.with(|connection| {
            connection.execute(SET_KEYRING, [])?;
            connection.query_row(KEYRING, [], |row| row.get(0))
        })
    }

    /// Tenants whose keys show, together, whether every master key that is needed was given.
    pub(super) fn samples(&self) -> rusqlite::Result<Vec<String>> {
        self.with(|connection| connection.prepare(SAMPLES)?.query_map([], |row| row.get(0))?.collect())
    }

    /// A tenant's keys.
    pub(super) fn load(&self, tenant: &TenantId) -> Result<Vec<StoredKey>, StoreError> {
        let rows = self.with(|connection| {
            let mut statement = connection.prepare_cached(LOAD)?;
            statement.query_map([tenant.as_str()], columns)?.collect::<rusqlite::Result<Vec<_>>>()
        });
        rows.map_err(store_error)?.into_iter().map(stored).collect()
    }

    /// Stores a tenant's first keys, unless it has some.
    pub(super) fn begin(&self, tenant: &TenantId, keys: &[WrappedKey]) -> Result<(), StoreError> {
        let done = self.with(|connection| {
            let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let count: i64 = step.query_row(COUNT, [tenant.as_str()], |row| row.get(0))?;
            if count == 0 {
                for key in keys {
                    step.execute(ADD, values(tenant, key, 0))?;
                }
            }
            step.commit()
        });
        done.map_err(store_error)
    }

    /// Stores the next data key, unless there is one of its version or a later one.
    pub(super) fn add(&self, tenant: &TenantId, key: &WrappedKey, made: i64) -> Result<bool, StoreError> {
        let added = self.with(|connection| connection.execute(ADD_NEXT, values(tenant, key, made)));
        added.map(|added| added == 1).map_err(store_error)
    }

    /// Puts rewrapped keys in the place of what they were wrapped from; how many there still were.
    pub(super) fn rewrap(&self, tenant: &TenantId, keys: &[(WrappedKey, WrappedKey)]) -> Result<u64, StoreError> {
        let done = self.with(|connection| {
            let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut changed = 0;
            for (old, new) in keys {
                let (was, is) = (old.master.as_ref().map(KeyId::as_str), new.master.as_ref().map(KeyId::as_str));
                let (key_use, version) = (new.key_use.as_str(), new.version);
                changed += step.execute(REWRAP, params![is, new.bytes, tenant.as_str(), key_use, version, was])?;
            }
            step.commit()?;
            // What was wrapped under the old master key need not lie about in the log. It goes later when somebody reads.
            connection.query_row(CHECKPOINT, [], |_| Ok(()))?;
            Ok(changed)
        });
        done.map(|changed| u64::try_from(changed).unwrap_or(u64::MAX)).map_err(store_error)
    }

    /// Removes data keys before this version, and every trace of what was removed.
    pub(super) fn drop_before(&self, tenant: &TenantId, version: u32) -> Result<(), StoreError> {
        self.with(|connection| connection.execute(DROP_OLD, params![tenant.as_str(), version])).map_err(store_error)?;
        self.scrub()
    }

    /// Removes all of a tenant's keys, and leaves a word that there must be none again.
    pub(super) fn destroy(&self, tenant: &TenantId) -> Result<(), StoreError> {
        let done = self.with(|connection| {
            let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            step.execute(DROP_ALL, [tenant.as_str()])?;
            step.execute(ADD, values(tenant, &WrappedKey::tombstone(), 0))?;
            step.commit()
        });
        done.map_err(store_error)?;
        self.scrub()
    }

    /// How many keys there are under each master key.
    pub(super) fn masters(&self) -> Result<Vec<(KeyId, u64)>, StoreError> {
        let rows = self.with(|connection| {
            let mut statement = connection.prepare_cached(MASTERS)?;
            let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
            statement.query_map([], read)?.collect::<rusqlite::Result<Vec<_>>>()
        });
        let known = |(name, count): (String, i64)| Ok((master(&name)?, u64::try_from(count).unwrap_or(0)));
        rows.map_err(store_error)?.into_iter().map(known).collect()
    }

    /// Whether any key is stored.
    pub(super) fn has_keys(&self) -> rusqlite::Result<bool> {
        self.with(|connection| connection.query_row(ANY, [], |row| row.get(0)))
    }

    /// Lets the file go.
    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Leaves no byte of what was deleted: not in free pages, not in the write-ahead log.
    fn scrub(&self) -> Result<(), StoreError> {
        let busy = self.with(|connection| {
            connection.execute_batch("VACUUM")?;
            connection.query_row(CHECKPOINT, [], |row| row.get::<_, bool>(0))
        });
        match busy.map_err(store_error)? {
            false => Ok(()),
            true => {
                Err(unavailable("another program is reading the keys, so that traces of old ones remain: once more"))
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The error that the caller makes `Unavailable` of.
        work(connection.as_mut().ok_or(rusqlite::Error::InvalidQuery)?)
    }
}

/// The values of `ADD` and `ADD_NEXT`.
fn values<'k>(tenant: &'k TenantId, key: &'k WrappedKey, made: i64) -> impl rusqlite::Params + use<'k> {
    let master = key.master.as_ref().map(KeyId::as_str);
    (tenant.as_str(), key.key_use.as_str(), key.version, master, key.bytes.as_slice(), made)
}

type Columns = (String, u32, Option<String>, Vec<u8>, i64);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn stored((key_use, version, name, bytes, made): Columns) -> Result<StoredKey, StoreError> {
    let key_use: KeyUse = key_use.parse().map_err(|()| corrupt())?;
    let master = name.as_deref().map(master).transpose()?;
    Ok(StoredKey { key: WrappedKey { key_use, version, master, bytes }, made })
}

fn master(name: &str) -> Result<KeyId, StoreError> {
    name.parse().map_err(|_| corrupt())
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "a wrapped key".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_prepares() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        for (name, sql) in STATEMENTS {
            let prepared = connection.prepare(sql);
            assert!(prepared.is_ok(), "{name}: {}", prepared.unwrap_err());
        }
    }
}
