//! How far connecting numbers has come. A change follows on the version that was read, and leaves a row of the audit in the
//! transaction that makes it.

use super::{
    PostgresStore, audit,
    db::{Columns, Session, again, ask, statements, whole},
};
use crate::{
    codec::{from_json, micros, to_json},
    records::of_connection,
};
use async_trait::async_trait;
use chatplug_core::{
    model::{ChannelId, TenantId},
    ports::{Connection, ConnectionStore, SaveConnection, StoreError, TenantConnections},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use std::sync::Arc;

statements! {
    BEGIN = "INSERT INTO connection (tenant, channel, version, progress, changed) VALUES ($1, $2, 1, $3, $4) \
        ON CONFLICT (tenant, channel) DO NOTHING RETURNING version";
    MOVE_ON = "UPDATE connection SET version = version + 1, progress = $3, changed = $4 \
        WHERE tenant = $1 AND channel = $2 AND version = $5 RETURNING version";
    ONE = "SELECT channel, version, progress, changed FROM connection WHERE tenant = $1 AND channel = $2";
    ALL = "SELECT channel, version, progress, changed FROM connection WHERE tenant = $1 ORDER BY channel";
    REMOVE = "DELETE FROM connection WHERE tenant = $1 AND channel = $2";
}

impl ConnectionStore for PostgresStore {
    fn connections(&self, tenant: &TenantId) -> Arc<dyn TenantConnections> {
        Arc::new(PostgresConnections { tenant: tenant.clone(), store: self.clone() })
    }
}

/// One tenant's connections.
#[derive(Debug)]
struct PostgresConnections {
    tenant: TenantId,
    store: PostgresStore,
}

#[async_trait]
impl TenantConnections for PostgresConnections {
    async fn connection(&self, channel: &ChannelId) -> Result<Option<Connection>, StoreError> {
        let one = ask!(ONE, self.tenant.as_str(), channel.as_str());
        let rows = self.store.db.read(&self.tenant, one).await?;
        rows.first().map(|row| read(Columns::of(row))).transpose()
    }

    async fn all_connections(&self) -> Result<Vec<Connection>, StoreError> {
        let rows = self.store.db.read(&self.tenant, ask!(ALL, self.tenant.as_str())).await?;
        rows.iter().map(|row| read(Columns::of(row))).collect()
    }

    async fn save_connection(&self, change: SaveConnection) -> Result<Option<i64>, StoreError> {
        let tenant = &self.tenant;
        again!(whole!(self.store.db, tenant, session => save(&mut session, tenant, &change).await))
    }

    async fn remove_connection(&self, channel: &ChannelId, by: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let tenant = &self.tenant;
        again!(whole!(self.store.db, tenant, session => remove(&mut session, tenant, channel, by, now).await))
    }
}

fn read(mut row: Columns<'_>) -> Result<Connection, StoreError> {
    let (channel, version, progress): (_, _, String) = (row.parse("a channel id")?, row.next()?, row.next()?);
    let progress = from_json(&progress, "a connection")?;
    Ok(Connection { channel, version, progress, changed: row.at()? })
}

async fn save(session: &mut Session, tenant: &TenantId, change: &SaveConnection) -> Result<Option<i64>, StoreError> {
    let SaveConnection { channel, after, progress, by, detail, now } = change;
    let json = to_json(progress, "a connection")?;
    let rows = match after {
        0 => session.rows(ask!(BEGIN, tenant.as_str(), channel.as_str(), json, micros(*now))).await?,
        after => session.rows(ask!(MOVE_ON, tenant.as_str(), channel.as_str(), json, micros(*now), *after)).await?,
    };
    let Some(row) = rows.first() else { return Ok(None) };
    let version = Columns::of(row).next()?;
    let row = of_connection("connect", channel, by, *now, detail.clone());
    audit::add(session, tenant, &[row]).await?;
    Ok(Some(version))
}

async fn remove(
    session: &mut Session,
    tenant: &TenantId,
    channel: &ChannelId,
    by: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let removed = session.run(ask!(REMOVE, tenant.as_str(), channel.as_str())).await? > 0;
    if removed {
        audit::add(session, tenant, &[of_connection("forget_connection", channel, by, now, json!({}))]).await?;
    }
    Ok(removed)
}
