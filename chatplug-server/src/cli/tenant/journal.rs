//! Where a connection is kept: what is known in the store, version by version, and secrets in the vault.

use super::pin_name;
use crate::stores::Stores;
use async_trait::async_trait;
use chatplug_core::{
    model::{ChannelId, TenantId},
    ports::{Clock as _, SaveConnection, StoreError, TenantConnections, TenantSecrets},
};
use chatplug_whatsapp::provision::{Entry, Journal, JournalError, Kept, Progress};
use secrecy::SecretString;
use serde_json::json;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// The journal of one connection. Every entry, and every use of a secret, is in the audit.
#[derive(Debug)]
pub(super) struct StoreJournal {
    connections: Arc<dyn TenantConnections>,
    secrets: Arc<dyn TenantSecrets>,
    channel: ChannelId,
    token: String,
    by: String,
    /// The version that was read or written last.
    version: AtomicI64,
}

impl StoreJournal {
    /// Opens it, with what is known so far.
    pub(super) async fn open(
        stores: &Stores,
        tenant: &TenantId,
        channel: &ChannelId,
        token: &str,
        by: &str,
    ) -> Result<(Self, Progress), StoreError> {
        let connections = stores.connections.connections(tenant);
        let found = connections.connection(channel).await?;
        let version = AtomicI64::new(found.as_ref().map_or(0, |found| found.version));
        let progress = match found {
            Some(found) => serde_json::from_value(found.progress)
                .map_err(|_| StoreError::Corrupt { what: "a connection".to_owned() })?,
            None => Progress::default(),
        };
        let journal = Self {
            connections,
            secrets: stores.secrets.secrets(tenant),
            channel: channel.clone(),
            token: token.to_owned(),
            by: by.to_owned(),
            version,
        };
        Ok((journal, progress))
    }

    fn name(&self, which: Kept) -> String {
        match which {
            Kept::Pin => pin_name(&self.token),
            _ => self.token.clone(),
        }
    }
}

#[async_trait]
impl Journal for StoreJournal {
    async fn save(&self, progress: &Progress, entry: Entry) -> Result<(), JournalError> {
        let mut detail = json!({ "provider": progress.provider, "step": entry.step, "became": entry.became });
        if let (Some(code), Some(detail)) = (entry.code, detail.as_object_mut()) {
            detail.insert("code".to_owned(), code.into());
        }
        let save = SaveConnection {
            channel: self.channel.clone(),
            after: self.version.load(Ordering::SeqCst),
            progress: serde_json::to_value(progress).map_err(|error| JournalError::Store { source: error.into() })?,
            by: self.by.clone(),
            detail,
            now: super::ask::CLOCK.now(),
        };
        match self.connections.save_connection(save).await.map_err(store)? {
            Some(version) => {
                self.version.store(version, Ordering::SeqCst);
                Ok(())
            }
            None => Err(JournalError::Overtaken),
        }
    }

    async fn keep(&self, which: Kept, secret: &SecretString) -> Result<(), JournalError> {
        let now = super::ask::CLOCK.now();
        self.secrets.put_credential(&self.name(which), secret, &self.by, now).await.map_err(store)
    }

    async fn kept(&self, which: Kept) -> Result<Option<SecretString>, JournalError> {
        self.secrets.credential(&self.name(which), &self.by, super::ask::CLOCK.now()).await.map_err(store)
    }
}

fn store(error: StoreError) -> JournalError {
    JournalError::Store { source: error.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatplug_core::ports::TenantSetup;
    use chatplug_store::SqliteStore;

    /// Of two runs that go on from the same point, the second to write is told, before it asks anybody for anything.
    #[tokio::test]
    async fn two_runs_at_once_never_both_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("test.sqlite")).await.unwrap();
        let (tenant, channel) = ("bella".parse().unwrap(), "main".parse().unwrap());
        let stores = Stores::of(store);
        let setup = TenantSetup {
            name: "Bella".to_owned(),
            branches: Vec::new(),
            channels: Vec::new(),
            routes: Vec::new(),
            sealed: false,
        };
        stores.store.tenant(&tenant).register(&setup).await.unwrap();
        let open = || StoreJournal::open(&stores, &tenant, &channel, "meta.main", "operator:ana");
        let ((one, progress), (other, _)) = (open().await.unwrap(), open().await.unwrap());
        let entry = Entry { step: "register", became: "asked", code: None };
        one.save(&progress, entry).await.unwrap();
        assert!(matches!(other.save(&progress, entry).await, Err(JournalError::Overtaken)));
        one.save(&progress, entry).await.unwrap();
        assert!(matches!(other.save(&progress, entry).await, Err(JournalError::Overtaken)), "and told again");
    }
}
