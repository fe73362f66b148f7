//! The store on PostgreSQL: many processes on one database, every tenant behind row-level security.

#![allow(dead_code, reason = "the methods of the store come next")]

mod listen;
pub(crate) mod migrate;
mod open;
mod pool;

pub use migrate::{Migrated, migrate};
pub use open::PostgresOptions;

use crate::OpenError;
use chatplug_core::vault::Vault;

/// A store in one PostgreSQL database. Clones share it.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    connections: pool::Connections,
    listener: listen::Listener,
    vault: Vault,
}

impl PostgresStore {
    /// Opens a database that was [migrated](migrate), as a role that has no more than the rights of `chatplug_app`.
    ///
    /// # Errors
    /// [`OpenError`], by what to do about it.
    pub async fn open(url: &str, how: PostgresOptions) -> Result<Self, OpenError> {
        let open::Opened { connections, listener } = open::open(url, &how).await?;
        Ok(Self { connections, listener, vault: how.vault })
    }
}
