//! The stores that a configuration names, each behind its port. Which database it is, is known here and nowhere else.

use crate::{config::Config, http::AppError, wiring};
use chatplug_core::{
    model::TenantId,
    ports::{CalendarStore, ConnectionStore, InstallStore, RateLimiter, RecordStore, SecretStore, Store},
    vault::Vault,
};
use chatplug_store::{OpenOptions, PostgresOptions, PostgresStore};
use secrecy::ExposeSecret as _;
use std::sync::Arc;

/// Everything that is kept, by port. Clones share it.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Conversations.
    pub store: Arc<dyn Store>,
    /// The built-in calendar.
    pub calendars: Arc<dyn CalendarStore>,
    /// Audit, people's rights, retention.
    pub records: Arc<dyn RecordStore>,
    /// Credentials and keys.
    pub secrets: Arc<dyn SecretStore>,
    /// How far connecting numbers has come.
    pub connections: Arc<dyn ConnectionStore>,
    /// Branches that come and go.
    pub installs: Arc<dyn InstallStore>,
    /// Vendors' limits, kept by all processes together.
    pub limiter: Arc<dyn RateLimiter>,
}

impl Stores {
    /// Opens them.
    ///
    /// # Errors
    /// [`AppError::Store`].
    pub async fn open(config: &Config) -> Result<Self, AppError> {
        let url = config.store.url.expose_secret();
        let vault = config.master_keys.clone().map(|keys| Vault::new(Arc::new(keys)));
        let stores = match (url.starts_with("postgres"), vault) {
            (true, Some(vault)) => {
                let how = PostgresOptions { connections: config.store.pool, ..PostgresOptions::new(vault) };
                PostgresStore::open(url, how).await.map(Self::of)
            }
            (false, Some(vault)) => chatplug_store::open_with(url, OpenOptions { vault }).await.map(Self::of),
            (_, None) => chatplug_store::open(url).await.map(Self::of),
        };
        stores.map_err(|error| AppError::store(&config.store, error))
    }

    /// One store behind all ports.
    pub(crate) fn of<T>(store: T) -> Self
    where
        T: Store + CalendarStore + RecordStore + SecretStore + ConnectionStore + InstallStore + RateLimiter + 'static,
    {
        let store = Arc::new(store);
        Self {
            store: store.clone(),
            calendars: store.clone(),
            records: store.clone(),
            secrets: store.clone(),
            connections: store.clone(),
            installs: store.clone(),
            limiter: store,
        }
    }

    /// Makes a tenant of the configuration known to the store, or brings it up to date.
    ///
    /// # Errors
    /// [`AppError::Store`].
    pub async fn register(&self, config: &Config, tenant: &TenantId) -> Result<(), AppError> {
        for known in config.tenants.iter().filter(|known| known.id == *tenant) {
            let registered = self.store.tenant(tenant).register(&wiring::setup(known)).await;
            registered.map_err(|error| AppError::store(&config.store, error))?;
        }
        Ok(())
    }

    /// Ends in good order. What was answered is safe without it.
    pub async fn close(&self) {
        if let Err(error) = self.store.close().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the store was not closed in good order");
        }
    }
}
