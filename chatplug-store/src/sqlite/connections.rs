//! How far connecting numbers has come. A change follows on the version that was read, and leaves a row of the audit in the
//! transaction that makes it.

use super::{
    SqliteStore, audit,
    db::{Script, put, statements},
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, to_json},
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
    BEGIN = "INSERT INTO connection (tenant, channel, version, progress, changed) VALUES (?, ?, 1, ?, ?) \
        ON CONFLICT DO NOTHING";
    MOVE_ON = "UPDATE connection SET version = version + 1, progress = ?, changed = ? \
        WHERE tenant = ? AND channel = ? AND version = ?";
    ONE = "SELECT version, progress, changed FROM connection WHERE tenant = ? AND channel = ?";
    ALL = "SELECT channel, version, progress, changed FROM connection WHERE tenant = ? ORDER BY channel";
    REMOVE = "DELETE FROM connection WHERE tenant = ? AND channel = ?";
}

impl ConnectionStore for SqliteStore {
    fn connections(&self, tenant: &TenantId) -> Arc<dyn TenantConnections> {
        Arc::new(SqliteConnections { tenant: tenant.clone(), store: self.clone() })
    }
}

/// One tenant's connections.
#[derive(Debug)]
struct SqliteConnections {
    tenant: TenantId,
    store: SqliteStore,
}

#[async_trait]
impl TenantConnections for SqliteConnections {
    async fn connection(&self, channel: &ChannelId) -> Result<Option<Connection>, StoreError> {
        let mut script = Script::default();
        let one = put!(script, ONE, &self.tenant, channel);
        let answers = self.store.read(script).await?;
        let Some(mut row) = answers.first(one) else { return Ok(None) };
        let (version, progress): (_, String) = (row.next()?, row.next()?);
        let progress = from_json(&progress, "a connection")?;
        Ok(Some(Connection { channel: channel.clone(), version, progress, changed: row.next()? }))
    }

    async fn all_connections(&self) -> Result<Vec<Connection>, StoreError> {
        let mut script = Script::default();
        let all = put!(script, ALL, &self.tenant);
        let answers = self.store.read(script).await?;
        let rows = answers.rows(all).map(|mut row| {
            let (channel, version, progress): (_, _, String) = (row.parse("a channel id")?, row.next()?, row.next()?);
            let progress = from_json(&progress, "a connection")?;
            Ok(Connection { channel, version, progress, changed: row.next()? })
        });
        rows.collect()
    }

    async fn save_connection(&self, save: SaveConnection) -> Result<Option<i64>, StoreError> {
        self.store.writer.submit(Save { tenant: self.tenant.clone(), save }).await
    }

    async fn remove_connection(&self, channel: &ChannelId, by: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let remove = Remove { tenant: self.tenant.clone(), channel: channel.clone(), by: by.to_owned(), now };
        self.store.writer.submit(remove).await
    }
}

/// Keeps what is known.
#[derive(Debug)]
struct Save {
    tenant: TenantId,
    save: SaveConnection,
}

impl Command for Save {
    type Output = Option<i64>;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<i64>, StoreError> {
        let Self { tenant, save } = self;
        let SaveConnection { channel, after, progress, by, detail, now } = save;
        let json = to_json(&progress, "a connection")?;
        let mut script = Script::default();
        let place = match after {
            0 => put!(script, BEGIN, &tenant, &channel, json, now),
            after => put!(script, MOVE_ON, json, now, &tenant, &channel, after),
        };
        if tx.run(script)?.changed(place) == 0 {
            return Ok(None);
        }
        audit::append(tx, &tenant, &[of_connection("connect", &channel, &by, now, detail)])?;
        Ok(Some(after.saturating_add(1)))
    }
}

/// Forgets what is known.
#[derive(Debug)]
struct Remove {
    tenant: TenantId,
    channel: ChannelId,
    by: String,
    now: DateTime<Utc>,
}

impl Command for Remove {
    type Output = bool;
    type Error = StoreError;

    fn run(self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let Self { tenant, channel, by, now } = self;
        let mut script = Script::default();
        let place = put!(script, REMOVE, &tenant, &channel);
        let removed = tx.run(script)?.changed(place) > 0;
        if removed {
            audit::append(tx, &tenant, &[of_connection("forget_connection", &channel, &by, now, json!({}))])?;
        }
        Ok(removed)
    }
}
