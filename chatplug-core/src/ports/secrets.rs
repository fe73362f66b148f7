//! Credentials, and the keys that seal them and the personal data beside them.

use super::StoreError;
use crate::{model::TenantId, vault::KeyId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::{fmt::Debug, sync::Arc};

/// A store with a vault.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait SecretStore: Debug + Send + Sync {
    /// The handle through which one tenant's secrets are reached.
    fn secrets(&self, tenant: &TenantId) -> Arc<dyn TenantSecrets>;

    /// How many wrapped keys there are under each master key, over all tenants: a master key that none is wrapped under
    /// can be taken away.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn masters(&self) -> Result<Vec<(KeyId, u64)>, StoreError>;
}

/// One tenant's secrets. Every method that takes `by` (who asked: `operator:<name>`, `engine`, …) leaves an audit row in
/// the same step.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait TenantSecrets: Debug + Send + Sync {
    /// Keeps a credential, sealed; replaces one of the same name.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn put_credential(
        &self,
        name: &str,
        secret: &SecretString,
        by: &str,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;

    /// A credential, for use.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn credential(&self, name: &str, by: &str, now: DateTime<Utc>) -> Result<Option<SecretString>, StoreError>;

    /// Names of the credentials that are kept, each with when it was last changed.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn credentials(&self) -> Result<Vec<(String, DateTime<Utc>)>, StoreError>;

    /// Forgets a credential; whether there was one.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn remove_credential(&self, name: &str, by: &str, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Wraps the tenant's keys under the current master key; how many were not. Interrupted, it is simply begun again.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn rewrap_keys(&self, by: &str, now: DateTime<Utc>) -> Result<u64, StoreError>;

    /// Makes a new data key, which seals from now on (in other processes within a minute), and answers its version. While
    /// an older one is still in use, none is made and the latest version is answered: that is how an interrupted renewal
    /// is resumed.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn renew_data_key(&self, by: &str, now: DateTime<Utc>) -> Result<u32, StoreError>;

    /// One step of resealing: up to `limit` values that are not stored as they would be now (sealed with an older data
    /// key; not sealed though the tenant asks for it, or the other way round) are stored anew. When none is left, and no
    /// other process can still be sealing with them, older data keys are removed.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn reseal(&self, limit: usize, now: DateTime<Utc>) -> Result<Resealed, StoreError>;

    /// Destroys the tenant's keys: what they sealed is unreadable from now on, in this database and in every copy of it
    /// that was made without the keys. Nothing can be sealed for the tenant afterwards. Cannot be undone.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn destroy_keys(&self, by: &str, now: DateTime<Utc>) -> Result<(), StoreError>;
}

/// What a step of resealing did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resealed {
    /// Values that were stored anew.
    pub values: u64,
    /// Nothing is left to do, and only the latest data key remains.
    pub done: bool,
    /// Nothing is left to do but to wait until this long has passed, for other processes may still seal with an older key.
    pub wait_seconds: u64,
}
