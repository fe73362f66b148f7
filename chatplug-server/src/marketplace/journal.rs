//! Where the way of a branch is kept: in its install, version by version, and its token in the vault.

use super::Facts;
use async_trait::async_trait;
use chatplug_altegio::marketplace::install::{OFFER, known};
use chatplug_core::{
    model::TenantId,
    ports::{Clock, Install, InstallState, SaveInstall, StoreError, TenantInstalls, TenantSecrets},
    provision::{Entry, Journal, JournalError, Kept, Progress, StepView},
};
use secrecy::SecretString;
use serde_json::json;
use std::sync::{Arc, Mutex, PoisonError};

use crate::stores::Stores;

/// What the vault calls the token of a branch's user: as the configuration does, or after the account.
pub(crate) fn token_name(install: &Install) -> String {
    Facts::of(install).token.unwrap_or_else(|| install.credential("user_token"))
}

/// The journal of one branch. Every entry, and every use of the token, is in the audit.
#[derive(Debug)]
pub(crate) struct InstallJournal {
    installs: Arc<dyn TenantInstalls>,
    secrets: Arc<dyn TenantSecrets>,
    clock: Arc<dyn Clock>,
    by: String,
    /// As it was read or written last.
    install: Mutex<Install>,
}

impl InstallJournal {
    /// That of an install, as it was read.
    pub(crate) fn new(stores: &Stores, tenant: &TenantId, install: Install, clock: Arc<dyn Clock>, by: &str) -> Self {
        Self {
            installs: stores.installs.installs(tenant),
            secrets: stores.secrets.secrets(tenant),
            clock,
            by: by.to_owned(),
            install: Mutex::new(install),
        }
    }

    fn name(&self, which: Kept) -> String {
        let install = self.install();
        match which {
            Kept::Token => token_name(&install),
            _ => install.credential("pin"),
        }
    }

    /// The install as it is known now.
    pub(crate) fn install(&self) -> Install {
        self.install.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps how a run ended.
    pub(crate) async fn ended(&self, views: &[StepView]) -> Result<(), JournalError> {
        let mut install = self.install();
        let mut facts = Facts::of(&install);
        facts.ended(views, self.clock.now());
        facts.put(&mut install);
        let word = if facts.shown.is_some() { "stopped" } else { "complete" };
        self.write(install, json!({ "run": word })).await
    }

    async fn write(&self, mut install: Install, detail: serde_json::Value) -> Result<(), JournalError> {
        install.changed = self.clock.now();
        let save = SaveInstall { install: install.clone(), by: self.by.clone(), detail };
        match self.installs.save_install(save).await.map_err(store)? {
            Some(version) => {
                install.version = version;
                *self.install.lock().unwrap_or_else(PoisonError::into_inner) = install;
                Ok(())
            }
            None => Err(JournalError::Overtaken),
        }
    }
}

#[async_trait]
impl Journal for InstallJournal {
    async fn save(&self, progress: &Progress, entry: Entry) -> Result<(), JournalError> {
        let mut install = self.install();
        let mut facts = Facts::of(&install);
        progress.clone_into(&mut facts.progress);
        install.done = progress.done.keys().cloned().collect();
        if let Some(title) = progress.known(known::TITLE) {
            title.clone_into(&mut install.name);
        }
        if install.state == InstallState::Pending && progress.done.contains_key(OFFER) {
            install.state = InstallState::Active;
        }
        facts.put(&mut install);
        let mut detail = json!({ "step": entry.step, "became": entry.became });
        if let (Some(code), Some(detail)) = (entry.code, detail.as_object_mut()) {
            detail.insert("code".to_owned(), code.into());
        }
        self.write(install, detail).await
    }

    async fn keep(&self, which: Kept, secret: &SecretString) -> Result<(), JournalError> {
        let (name, now) = (self.name(which), self.clock.now());
        self.secrets.put_credential(&name, secret, &self.by, now).await.map_err(store)
    }

    async fn kept(&self, which: Kept) -> Result<Option<SecretString>, JournalError> {
        let (name, now) = (self.name(which), self.clock.now());
        self.secrets.credential(&name, &self.by, now).await.map_err(store)
    }
}

fn store(error: StoreError) -> JournalError {
    JournalError::Store { source: error.into() }
}
