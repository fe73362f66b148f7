//! Where the wrapped keys of tenants lie: in a schema of their own.

use super::db::{Columns, Db, Session, ask, statements, whole};
use crate::vault::{KeyRing, Ring};
use async_trait::async_trait;
use chatplug_core::{
    model::TenantId,
    ports::StoreError,
    vault::{KeyUse, WrappedKey},
};

statements! {
    POLICY = "SELECT sealed FROM tenant WHERE tenant = $1";
    KEYS = "SELECT key_use, version, master, wrapped, made FROM vault.tenant_key WHERE tenant = $1 \
        ORDER BY key_use, version";
    KEEP = "INSERT INTO vault.tenant_key (tenant, key_use, version, master, wrapped, made) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    /// One at a time for each tenant, so that first keys are made once.
    TURN = "SELECT pg_advisory_xact_lock(hashtextextended('chatplug keys' || chr(1) || $1, 0))";
}

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredKey {
    pub(super) key: WrappedKey,
    /// When it was made, in microseconds since 1970.
    pub(super) made: i64,
}

/// The keys in the database.
#[derive(Debug)]
pub(super) struct SchemaRing {
    pub(super) db: Db,
}

#[async_trait]
impl KeyRing for SchemaRing {
    async fn load(&self, tenant: &TenantId) -> Result<Ring, StoreError> {
        whole!(self.db, tenant, session => ring(&mut session, tenant).await)
    }

    async fn begin(&self, tenant: &TenantId, keys: Vec<WrappedKey>) -> Result<(), StoreError> {
        whole!(self.db, tenant, session => first(&mut session, tenant, &keys).await)
    }
}

async fn ring(session: &mut Session, tenant: &TenantId) -> Result<Ring, StoreError> {
    let policy = session.rows(ask!(POLICY, tenant.as_str())).await?;
    let sealed = policy.first().map(|row| Columns::of(row).next()).transpose()?;
    let keys = keys(session, tenant).await?;
    Ok(Ring { keys: keys.into_iter().map(|stored| stored.key).collect(), sealed: sealed.unwrap_or(false) })
}

async fn first(session: &mut Session, tenant: &TenantId, new: &[WrappedKey]) -> Result<(), StoreError> {
    turn(session, tenant).await?;
    if keys(session, tenant).await?.is_empty() {
        for key in new {
            keep(session, tenant, key, 0).await?;
        }
    }
    Ok(())
}

/// Waits until nobody else changes the keys of a tenant.
pub(super) async fn turn(session: &mut Session, tenant: &TenantId) -> Result<(), StoreError> {
    session.row(ask!(TURN, tenant.as_str())).await.map(drop)
}

/// A tenant's keys as they are stored now.
pub(super) async fn keys(session: &mut Session, tenant: &TenantId) -> Result<Vec<StoredKey>, StoreError> {
    let rows = session.rows(ask!(KEYS, tenant.as_str())).await?;
    rows.iter().map(|row| stored(Columns::of(row))).collect()
}

/// Stores a key; whether there was none of its name.
pub(super) async fn keep(
    session: &mut Session,
    tenant: &TenantId,
    key: &WrappedKey,
    made: i64,
) -> Result<bool, StoreError> {
    let WrappedKey { key_use, version, master, bytes } = key;
    let version = i32::try_from(*version).unwrap_or(i32::MAX);
    let master = master.as_ref().map(|master| master.as_str().to_owned());
    let kept =
        session.run(ask!(KEEP, tenant.as_str(), key_use.as_str(), version, master, bytes.as_slice(), made)).await?;
    Ok(kept > 0)
}

fn stored(mut row: Columns<'_>) -> Result<StoredKey, StoreError> {
    let key_use: KeyUse = row.parse("what a key is for")?;
    let version = u32::try_from(row.next::<i32>()?).unwrap_or(0);
    let master = row.parse_opt("the name of a master key")?;
    Ok(StoredKey { key: WrappedKey { key_use, version, master, bytes: row.next()? }, made: row.next()? })
}
