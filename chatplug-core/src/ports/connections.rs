//! How far connecting a number to its provider has come, so that whoever was stopped goes on where it stopped.

use super::StoreError;
use crate::model::{ChannelId, TenantId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::{fmt::Debug, sync::Arc};

/// A store of connections.
#[cfg_attr(feature = "testkit", mockall::automock)]
pub trait ConnectionStore: Debug + Send + Sync {
    /// The handle through which one tenant's connections are reached.
    fn connections(&self, tenant: &TenantId) -> Arc<dyn TenantConnections>;
}

/// One tenant's connections, by channel; a channel need not be set up yet. What changes one leaves an audit row in the same
/// step: who (`operator:<name>`), and what they say of it.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait TenantConnections: Debug + Send + Sync {
    /// One of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn connection(&self, channel: &ChannelId) -> Result<Option<Connection>, StoreError>;

    /// All of them, by channel.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn all_connections(&self) -> Result<Vec<Connection>, StoreError>;

    /// Keeps what is known, as the version that follows on `after` (0: nothing was kept), and answers its version; `None`,
    /// with nothing changed and nothing in the audit, where somebody else was first.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn save_connection(&self, save: SaveConnection) -> Result<Option<i64>, StoreError>;

    /// Forgets one; whether there was one.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn remove_connection(&self, channel: &ChannelId, by: &str, now: DateTime<Utc>) -> Result<bool, StoreError>;
}

/// A connection as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Of which channel.
    pub channel: ChannelId,
    /// Counts up with every change.
    pub version: i64,
    /// What is known; holds ids, never a secret, and nothing of a client.
    pub progress: Value,
    /// When that was.
    pub changed: DateTime<Utc>,
}

/// A change of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveConnection {
    /// Of which channel.
    pub channel: ChannelId,
    /// The version that it follows on.
    pub after: i64,
    /// What is known now.
    pub progress: Value,
    /// Who did it.
    pub by: String,
    /// What is said of it in the audit, beside the channel.
    pub detail: Value,
    /// The time.
    pub now: DateTime<Utc>,
}
