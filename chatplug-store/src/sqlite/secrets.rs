//! Credentials, and the life of a tenant's keys. Every use and every change leaves a row of the audit in the transaction
//! that makes it; what is done to the file of keys, which is another file, is written in the audit first.

use super::{
    SqliteStore, audit,
    db::{Script, put, statements, unavailable},
    keyfile::{KeyFile, StoredKey},
    readers::Readers,
    reseal,
    setup::Ping,
    writer::{Command, Tx},
};
use crate::{
    codec::micros,
    vault::{KeyRing, Ring, SETTLED_SECONDS, Seal, field},
};
use async_trait::async_trait;
use chatplug_core::{
    model::TenantId,
    ports::{AuditRow, Resealed, SecretStore, StoreError, TenantSecrets},
    vault::{KeyId, KeyUse, VaultError, WrappedKey},
};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use std::sync::Arc;

statements! {
    POLICY = "SELECT sealed FROM tenant WHERE tenant = ?";
    PUT = "INSERT INTO credential (tenant, name, sealed, changed) VALUES (?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET sealed = excluded.sealed, changed = excluded.changed";
    GET = "SELECT sealed FROM credential WHERE tenant = ? AND name = ?";
    NAMES = "SELECT name, changed FROM credential WHERE tenant = ? ORDER BY name";
    REMOVE = "DELETE FROM credential WHERE tenant = ? AND name = ?";
}

#[async_trait]
impl SecretStore for SqliteStore {
    fn secrets(&self, tenant: &TenantId) -> Arc<dyn TenantSecrets> {
        Arc::new(SqliteSecrets { tenant: tenant.clone(), store: self.clone() })
    }

    async fn masters(&self) -> Result<Vec<(KeyId, u64)>, StoreError> {
        let file = self.key_file.clone();
        tokio::task::spawn_blocking(move || file.masters()).await.map_err(unavailable)?
    }
}

/// One tenant's secrets.
#[derive(Debug)]
struct SqliteSecrets {
    tenant: TenantId,
    store: SqliteStore,
}

#[async_trait]
impl TenantSecrets for SqliteSecrets {
    async fn put_credential(
        &self,
        name: &str,
        secret: &SecretString,
        by: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let put = |seal| Put { seal, name: name.to_owned(), secret: secret.clone(), by: by.to_owned(), now };
        self.store.write(&self.tenant, put).await
    }

    async fn credential(&self, name: &str, by: &str, now: DateTime<Utc>) -> Result<Option<SecretString>, StoreError> {
        let take = |seal| Take { seal, name: name.to_owned(), by: by.to_owned(), now };
        Ok(self.store.run(&self.tenant, take).await?.flatten())
    }

    async fn credentials(&self) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        let mut script = Script::default();
        let names = put!(script, NAMES, &self.tenant);
        let answers = self.store.read(script).await?;
        answers.rows(names).map(|mut row| Ok((row.next()?, row.next()?))).collect()
    }

    async fn remove_credential(&self, name: &str, by: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let remove = Remove { tenant: self.tenant.clone(), name: name.to_owned(), by: by.to_owned(), now };
        self.store.writer.submit(remove).await
    }

    async fn rewrap_keys(&self, by: &str, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let vault = self.store.keys.vault();
        let mut rewrapped = Vec::new();
        for key in self.keys().await? {
            if let Some(new) = vault.rewrap(&self.tenant, &key.key).await? {
                rewrapped.push((key.key, new));
            }
        }
        let detail = json!({ "keys": rewrapped.len(), "master": vault.current().as_str() });
        self.note("rewrap_keys", by, now, detail).await?;
        let done =
            on_file(&self.store.key_file, &self.tenant, move |file, tenant| file.rewrap(tenant, &rewrapped)).await;
        self.store.keys.forget(&self.tenant);
        done
    }

    async fn renew_data_key(&self, by: &str, now: DateTime<Utc>) -> Result<u32, StoreError> {
        self.store.keys.seal_or_make(&self.tenant).await?;
        let keys = self.keys().await?;
        let latest = latest(&keys).ok_or(VaultError::UnknownKey { version: 1 })?;
        let version = if data_keys(&keys).count() > 1 {
            self.note("renew_data_key", by, now, json!({ "version": latest.key.version, "made": false })).await?;
            latest.key.version
        } else {
            let wrapped: Vec<WrappedKey> = keys.into_iter().map(|stored| stored.key).collect();
            let next = self.store.keys.vault().next_data_key(&self.tenant, &wrapped).await?;
            let version = next.version;
            self.note("renew_data_key", by, now, json!({ "version": version, "made": true })).await?;
            // Where another process was first, its key is the next one.
            on_file(&self.store.key_file, &self.tenant, move |file, tenant| file.add(tenant, &next, micros(now)))
                .await?;
            version
        };
        self.store.keys.reload(&self.tenant).await?;
        Ok(version)
    }

    async fn reseal(&self, limit: usize, now: DateTime<Utc>) -> Result<Resealed, StoreError> {
        let Some(seal) = self.store.keys.reload(&self.tenant).await? else {
            return Ok(Resealed { done: true, ..Resealed::default() });
        };
        let keys = self.keys().await?;
        let others = data_keys(&keys).count() > 1;
        let made = latest(&keys).map_or(0, |latest| latest.made);
        let passed = (micros(now) - made) / 1_000_000;
        let settled = passed >= SETTLED_SECONDS;

        let mut progress = self.store.reseals.begin(&seal, settled);
        if progress.is_new() && others && settled {
            // Whoever was still writing with older keys is through once the writer's turn came, and no one else may begin.
            self.store.writer.submit(Ping).await?;
        }
        let values = reseal::step(&self.store, &seal, &mut progress, limit).await?;
        let resealed = Resealed { values, ..Resealed::default() };
        if !progress.is_over() {
            self.store.reseals.pause(&self.tenant, progress);
            return Ok(resealed);
        }
        if !progress.is_clean() {
            // What others wrote behind it meanwhile is found by going through once more.
            return Ok(resealed);
        }
        if others && !progress.is_settled() {
            let wait = SETTLED_SECONDS.saturating_sub(passed).clamp(0, SETTLED_SECONDS);
            return Ok(Resealed { wait_seconds: u64::try_from(wait).unwrap_or(0), ..resealed });
        }
        // Once more where a step before was interrupted between removing keys and wiping their traces.
        let version = seal.version();
        on_file(&self.store.key_file, &self.tenant, move |file, tenant| file.drop_before(tenant, version)).await?;
        self.store.keys.reload(&self.tenant).await?;
        // Values as they were before lie in the log still.
        self.store.writer.checkpoint().await?;
        Ok(Resealed { done: true, ..resealed })
    }

    async fn destroy_keys(&self, by: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.note("destroy_keys", by, now, json!({})).await?;
        let done = on_file(&self.store.key_file, &self.tenant, KeyFile::destroy).await;
        self.store.keys.forget(&self.tenant);
        done
    }
}

impl SqliteSecrets {
    /// The keys as they are stored now.
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let keys = on_file(&self.store.key_file, &self.tenant, KeyFile::load).await?;
        if keys.iter().any(|stored| stored.key.key_use == KeyUse::Destroyed) {
            return Err(VaultError::Destroyed.into());
        }
        Ok(keys)
    }

    /// Writes what is about to be done to the file of keys in the audit: no deed there goes without a row.
    async fn note(
        &self,
        what: &'static str,
        by: &str,
        now: DateTime<Utc>,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let note = Note { tenant: self.tenant.clone(), row: row(what, by, now, detail) };
        self.store.writer.submit(note).await
    }
}

fn data_keys(keys: &[StoredKey]) -> impl Iterator<Item = &StoredKey> {
    keys.iter().filter(|stored| stored.key.key_use == KeyUse::Data)
}

fn latest(keys: &[StoredKey]) -> Option<&StoredKey> {
    data_keys(keys).max_by_key(|stored| stored.key.version)
}

fn row(what: &str, by: &str, now: DateTime<Utc>, detail: serde_json::Value) -> AuditRow {
    AuditRow { at: now, actor: by.to_owned(), what: what.to_owned(), conversation: None, action: None, detail }
}

/// Keeps a credential.
#[derive(Debug)]
struct Put {
    seal: Seal,
    name: String,
    secret: SecretString,
    by: String,
    now: DateTime<Utc>,
}

impl Command for Put {
    type Output = ();
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { seal, name, secret, by, now } = self;
        let tenant = seal.tenant();
        let sealed = seal.hide(&field::credential(&name), secret.expose_secret())?;
        let mut script = Script::default();
        let known = put!(script, GET, tenant, &name);
        put!(script, PUT, tenant, &name, sealed, now);
        let replaced = tx.run(script)?.first(known).is_some();
        audit::append(tx, tenant, &[row("put_credential", &by, now, json!({ "name": name, "replaced": replaced }))])
    }
}

/// Opens a credential for use.
#[derive(Debug)]
struct Take {
    seal: Seal,
    name: String,
    by: String,
    now: DateTime<Utc>,
}

impl Command for Take {
    type Output = Option<SecretString>;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<SecretString>, StoreError> {
        let Self { seal, name, by, now } = self;
        let tenant = seal.tenant();
        let mut script = Script::default();
        let known = put!(script, GET, tenant, &name);
        let answers = tx.run(script)?;
        let Some(mut found) = answers.first(known) else { return Ok(None) };
        let secret = seal.reveal(&field::credential(&name), &found.next::<Vec<u8>>()?)?;
        audit::append(tx, tenant, &[row("use_credential", &by, now, json!({ "name": name }))])?;
        Ok(Some(secret))
    }
}

/// Forgets a credential.
#[derive(Debug)]
struct Remove {
    tenant: TenantId,
    name: String,
    by: String,
    now: DateTime<Utc>,
}

impl Command for Remove {
    type Output = bool;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let Self { tenant, name, by, now } = self;
        let mut script = Script::default();
        let place = put!(script, REMOVE, &tenant, &name);
        let removed = tx.run(script)?.changed(place) > 0;
        let row = row("remove_credential", &by, now, json!({ "name": name, "removed": removed }));
        audit::append(tx, &tenant, &[row])?;
        Ok(removed)
    }
}

/// Writes a row of the audit.
#[derive(Debug)]
struct Note {
    tenant: TenantId,
    row: AuditRow,
}

impl Command for Note {
    type Output = ();
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        audit::append(tx, &self.tenant, &[self.row])
    }
}

/// Where the keys of one database lie, and what its tenants asked for.
#[derive(Debug)]
pub(super) struct FileRing {
    pub(super) file: KeyFile,
    pub(super) readers: Readers,
}

#[async_trait]
impl KeyRing for FileRing {
    async fn load(&self, tenant: &TenantId) -> Result<Ring, StoreError> {
        let keys = on_file(&self.file, tenant, KeyFile::load).await?;
        let mut script = Script::default();
        let policy = put!(script, POLICY, tenant);
        let answers = self.readers.read(script).await?;
        let sealed = answers.first(policy).map(|mut row| row.next()).transpose()?;
        Ok(Ring { keys: keys.into_iter().map(|stored| stored.key).collect(), sealed: sealed.unwrap_or(false) })
    }

    async fn begin(&self, tenant: &TenantId, keys: Vec<WrappedKey>) -> Result<(), StoreError> {
        on_file(&self.file, tenant, move |file, tenant| file.begin(tenant, &keys)).await
    }
}

/// Works on the key file where blocking is no harm.
async fn on_file<T: Send + 'static>(
    file: &KeyFile,
    tenant: &TenantId,
    work: impl FnOnce(&KeyFile, &TenantId) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (file, tenant) = (file.clone(), tenant.clone());
    tokio::task::spawn_blocking(move || work(&file, &tenant)).await.map_err(unavailable)?
}
