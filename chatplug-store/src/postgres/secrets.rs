//! Credentials, and the life of a tenant's keys. Every use and every change leaves a row of the audit in the transaction
//! that makes it.

use super::{
    PostgresStore, audit,
    db::{Columns, Session, again, ask, statements, whole},
    keyring::{self, SchemaRing, StoredKey},
    reseal,
};
use crate::{
    OpenError,
    codec::micros,
    vault::{KeyRing as _, SETTLED_SECONDS, Seal, field},
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
    PUT = "INSERT INTO credential (tenant, name, sealed, changed) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant, name) DO UPDATE SET sealed = excluded.sealed, changed = excluded.changed";
    GET = "SELECT sealed FROM credential WHERE tenant = $1 AND name = $2";
    NAMES = "SELECT name, changed FROM credential WHERE tenant = $1 ORDER BY name";
    REMOVE = "DELETE FROM credential WHERE tenant = $1 AND name = $2";
    MASTERS = "SELECT master, keys FROM chatplug.masters()";
    /// One tenant for each master key: its keys show whether the right master keys were given.
    SAMPLES = "SELECT sample FROM chatplug.masters()";
    REWRAP = "UPDATE vault.tenant_key SET master = $1, wrapped = $2 \
        WHERE tenant = $3 AND key_use = $4 AND version = $5 AND master = $6";
    DROP_OLD = "DELETE FROM vault.tenant_key WHERE tenant = $1 AND key_use = 'data' AND version < $2 \
        AND EXISTS (SELECT FROM vault.tenant_key WHERE tenant = $1 AND key_use = 'data' AND version = $2)";
    DROP_ALL = "DELETE FROM vault.tenant_key WHERE tenant = $1";
}

#[async_trait]
impl SecretStore for PostgresStore {
    fn secrets(&self, tenant: &TenantId) -> Arc<dyn TenantSecrets> {
        Arc::new(PostgresSecrets { tenant: tenant.clone(), store: self.clone() })
    }

    async fn masters(&self) -> Result<Vec<(KeyId, u64)>, StoreError> {
        let rows = self.db.rows(ask!(MASTERS)).await?;
        let read = |mut row: Columns<'_>| Ok((row.parse("the name of a master key")?, row.count()?));
        rows.iter().map(|row| read(Columns::of(row))).collect()
    }
}

impl PostgresStore {
    /// That the right master keys were given is found out when a database is opened, not with the first client.
    pub(super) async fn prove_keys(&self) -> Result<(), OpenError> {
        let unreadable = |error: StoreError| OpenError::Unavailable { source: Box::new(error) };
        for row in self.db.rows(ask!(SAMPLES)).await.map_err(unreadable)? {
            let tenant = Columns::of(&row).parse("a tenant id").map_err(unreadable)?;
            let ring = SchemaRing { db: self.db.clone() }.load(&tenant).await.map_err(unreadable)?;
            match self.keys.vault().open(&tenant, &ring.keys).await {
                // A tenant that is gone for good since says nothing about the master key.
                Ok(_) | Err(VaultError::Destroyed) => {}
                Err(source) => return Err(OpenError::Vault { source }),
            }
        }
        Ok(())
    }
}

/// One tenant's secrets.
#[derive(Debug)]
struct PostgresSecrets {
    tenant: TenantId,
    store: PostgresStore,
}

#[async_trait]
impl TenantSecrets for PostgresSecrets {
    async fn put_credential(
        &self,
        name: &str,
        secret: &SecretString,
        by: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let seal = self.store.keys.seal_or_make(&self.tenant).await?;
        seal.check_age()?;
        again!(whole!(self.store.db, &self.tenant, session => put(&mut session, &seal, name, secret, by, now).await))
    }

    async fn credential(&self, name: &str, by: &str, now: DateTime<Utc>) -> Result<Option<SecretString>, StoreError> {
        let Some(seal) = self.store.keys.seal(&self.tenant).await? else { return Ok(None) };
        match again!(whole!(self.store.db, &self.tenant, session => take(&mut session, &seal, name, by, now).await)) {
            // Sealed with a key that another process made since.
            Err(StoreError::Vault(VaultError::UnknownKey { .. })) => {
                let Some(seal) = self.store.keys.reload(&self.tenant).await? else { return Ok(None) };
                again!(whole!(self.store.db, &self.tenant, session => take(&mut session, &seal, name, by, now).await))
            }
            taken => taken,
        }
    }

    async fn credentials(&self) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
        let rows = self.store.db.read(&self.tenant, ask!(NAMES, self.tenant.as_str())).await?;
        let read = |mut row: Columns<'_>| Ok((row.next()?, row.at()?));
        rows.iter().map(|row| read(Columns::of(row))).collect()
    }

    async fn remove_credential(&self, name: &str, by: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let tenant = &self.tenant;
        again!(whole!(self.store.db, tenant, session => remove(&mut session, tenant, name, by, now).await))
    }

    async fn rewrap_keys(&self, by: &str, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let vault = self.store.keys.vault();
        let mut rewrapped = Vec::new();
        for StoredKey { key, .. } in self.keys().await? {
            if let Some(new) = vault.rewrap(&self.tenant, &key).await? {
                rewrapped.push((key, new));
            }
        }
        let detail = json!({ "keys": rewrapped.len(), "master": vault.current().as_str() });
        let note = row("rewrap_keys", by, now, detail);
        let tenant = &self.tenant;
        let done =
            again!(whole!(self.store.db, tenant, session => rewrap(&mut session, tenant, &rewrapped, &note).await));
        self.store.keys.forget(tenant);
        done
    }

    async fn renew_data_key(&self, by: &str, now: DateTime<Utc>) -> Result<u32, StoreError> {
        self.store.keys.seal_or_make(&self.tenant).await?;
        let keys = self.keys().await?;
        let wrapped: Vec<WrappedKey> = keys.iter().map(|stored| stored.key.clone()).collect();
        // Made for the case that it is needed, and outside the transaction: it may take a trip to a key service.
        let next = self.store.keys.vault().next_data_key(&self.tenant, &wrapped).await?;
        let tenant = &self.tenant;
        let version =
            again!(whole!(self.store.db, tenant, session => renew(&mut session, tenant, &next, by, now).await))?;
        self.store.keys.reload(tenant).await?;
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
        if others {
            let version = i32::try_from(seal.version()).unwrap_or(i32::MAX);
            let tenant = &self.tenant;
            let drop = || ask!(DROP_OLD, tenant.as_str(), version);
            again!(whole!(self.store.db, tenant, session => session.run(drop()).await))?;
            self.store.keys.reload(tenant).await?;
        }
        Ok(Resealed { done: true, ..resealed })
    }

    async fn destroy_keys(&self, by: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        let (tenant, note) = (&self.tenant, row("destroy_keys", by, now, json!({})));
        let done = again!(whole!(self.store.db, tenant, session => destroy(&mut session, tenant, &note).await));
        self.store.keys.forget(tenant);
        done
    }
}

impl PostgresSecrets {
    /// The keys as they are stored now.
    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let keys = whole!(self.store.db, &self.tenant, session => keyring::keys(&mut session, &self.tenant).await)?;
        alive(keys)
    }
}

fn alive(keys: Vec<StoredKey>) -> Result<Vec<StoredKey>, StoreError> {
    match keys.iter().any(|stored| stored.key.key_use == KeyUse::Destroyed) {
        true => Err(VaultError::Destroyed.into()),
        false => Ok(keys),
    }
}

async fn put(
    session: &mut Session,
    seal: &Seal,
    name: &str,
    secret: &SecretString,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let sealed = seal.hide(&field::credential(name), secret.expose_secret())?;
    let replaced = !session.rows(ask!(GET, tenant.as_str(), name)).await?.is_empty();
    session.run(ask!(PUT, tenant.as_str(), name, sealed, micros(now))).await?;
    let row = row("put_credential", by, now, json!({ "name": name, "replaced": replaced }));
    audit::add(session, tenant, &[row]).await
}

async fn take(
    session: &mut Session,
    seal: &Seal,
    name: &str,
    by: &str,
    now: DateTime<Utc>,
) -> Result<Option<SecretString>, StoreError> {
    let tenant = seal.tenant();
    let rows = session.rows(ask!(GET, tenant.as_str(), name)).await?;
    let Some(found) = rows.first() else { return Ok(None) };
    let secret = seal.reveal(&field::credential(name), Columns::of(found).next()?)?;
    audit::add(session, tenant, &[row("use_credential", by, now, json!({ "name": name }))]).await?;
    Ok(Some(secret))
}

async fn remove(
    session: &mut Session,
    tenant: &TenantId,
    name: &str,
    by: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let removed = session.run(ask!(REMOVE, tenant.as_str(), name)).await? > 0;
    let row = row("remove_credential", by, now, json!({ "name": name, "removed": removed }));
    audit::add(session, tenant, &[row]).await?;
    Ok(removed)
}

/// Replaces keys that are still wrapped as they were read; how many.
async fn rewrap(
    session: &mut Session,
    tenant: &TenantId,
    keys: &[(WrappedKey, WrappedKey)],
    note: &AuditRow,
) -> Result<u64, StoreError> {
    keyring::turn(session, tenant).await?;
    let mut done = 0;
    for (old, new) in keys {
        let [was, is] = [old, new].map(|key| key.master.as_ref().map(|master| master.as_str().to_owned()));
        let version = i32::try_from(old.version).unwrap_or(i32::MAX);
        let key_use = old.key_use.as_str();
        done += session.run(ask!(REWRAP, is, new.bytes.as_slice(), tenant.as_str(), key_use, version, was)).await?;
    }
    audit::add(session, tenant, std::slice::from_ref(note)).await?;
    Ok(done)
}

/// Adds the next data key unless two are in use; the latest version.
async fn renew(
    session: &mut Session,
    tenant: &TenantId,
    next: &WrappedKey,
    by: &str,
    now: DateTime<Utc>,
) -> Result<u32, StoreError> {
    keyring::turn(session, tenant).await?;
    let keys = alive(keyring::keys(session, tenant).await?)?;
    let latest = latest(&keys).ok_or(VaultError::UnknownKey { version: 1 })?.key.version;
    let make = data_keys(&keys).count() == 1 && next.version == latest.saturating_add(1);
    let made = make && keyring::keep(session, tenant, next, micros(now)).await?;
    let version = if made { next.version } else { latest };
    let row = row("renew_data_key", by, now, json!({ "version": version, "made": made }));
    audit::add(session, tenant, &[row]).await?;
    Ok(version)
}

async fn destroy(session: &mut Session, tenant: &TenantId, note: &AuditRow) -> Result<(), StoreError> {
    keyring::turn(session, tenant).await?;
    session.run(ask!(DROP_ALL, tenant.as_str())).await?;
    keyring::keep(session, tenant, &WrappedKey::tombstone(), note.at.timestamp_micros()).await?;
    audit::add(session, tenant, std::slice::from_ref(note)).await
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
