//! Branches that leave: what is kept of them is removed, by whichever process comes to it; any number may.

use crate::metrics::Metrics;
use chatplug_core::{
    engine::LiveDirectory,
    model::{BranchId, TenantId},
    ports::{
        BranchPurge, Clock, Directory as _, Install, InstallState, InstallStore, Purge, RecordStore, SaveInstall,
        StoreError,
    },
};
use chrono::TimeDelta;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Looks for branches that leave this often: one cheap read.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Every process has heard of it by then: nobody begins anything at the branch any more.
const HEARD: TimeDelta = TimeDelta::seconds(5);
/// For the audit, where nobody in particular did it.
const BY: &str = "engine";

/// What a round needs.
#[derive(Debug, Clone)]
pub(crate) struct Leaving {
    pub(crate) records: Arc<dyn RecordStore>,
    pub(crate) installs: Arc<dyn InstallStore>,
    pub(crate) directory: Arc<LiveDirectory>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Leaving {
    /// Looks again and again, until `stop`. What one that was stopped left undone, the next goes on with.
    pub(crate) async fn run(&self, mut stop: watch::Receiver<bool>) {
        let (mut mark, mut left) = (None, true);
        loop {
            let now = self.installs.installs_mark().await.ok();
            if left || now != mark {
                tokio::select! {
                    // A step that is under way happens whole or not at all.
                    _ = stop.wait_for(|stop| *stop) => return,
                    more = self.round() => left = more,
                }
                mark = now;
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Goes over all tenants once; whether something is left to do later.
    async fn round(&self) -> bool {
        let Ok(tenants) = self.directory.tenants().await else { return true };
        let mut left = false;
        for tenant in tenants {
            match self.of(&tenant).await {
                Ok(more) => left |= more,
                Err(error) => {
                    self.metrics.store_failed("leaving");
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(tenant.id = %tenant, error, "a branch that leaves was not removed; tried again in a moment");
                    left = true;
                }
            }
        }
        left
    }

    async fn of(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        let installs = self.installs.installs(tenant).all_installs().await?;
        let mut left = false;
        for install in installs.iter().filter(|install| install.state == InstallState::Leaving) {
            let now = self.clock.now();
            if now < install.changed + HEARD {
                left = true;
                continue;
            }
            let others =
                installs.iter().any(|other| other.branch != install.branch && other.state != InstallState::Leaving);
            let last = !others && self.serves_no_other(tenant, &install.branch).await;
            let purge = BranchPurge { branch: install.branch.clone(), last, by: BY.to_owned(), now };
            match self.records.records(tenant).purge_branch(&purge).await {
                Ok(Purge::Done { removed }) => {
                    // What is not known counts as named: silent is what was asked for.
                    if self.directory.configures(tenant, &install.branch).await.unwrap_or(true) {
                        self.stays_silent(tenant, install).await?;
                    }
                    self.directory.changed();
                    tracing::info!(tenant.id = %tenant, branch.id = %install.branch, ?removed, "a branch is gone");
                }
                Ok(Purge::Busy { people }) => {
                    tracing::info!(tenant.id = %tenant, branch.id = %install.branch, people, "a branch leaves; some of its clients are waited for");
                    left = true;
                }
                // Another process was first.
                Err(StoreError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(left)
    }

    /// A branch that the configuration names would be served again now that its install is gone: a new one says that it is
    /// not, until its owner connects it anew. Nothing of the old one is in it but by which account it was connected.
    async fn stays_silent(&self, tenant: &TenantId, gone: &Install) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut install =
            Install::begin(gone.branch.clone(), &gone.provider, &gone.external_id, &gone.external_id, now);
        install.state = InstallState::Frozen;
        let kept = ["account", "by_app"].map(|key| (key, gone.facts.get(key).cloned()));
        install.facts = kept.into_iter().filter_map(|(key, fact)| Some((key.to_owned(), fact?))).collect();
        let detail = serde_json::json!({ "event": "gone" });
        let save = SaveInstall { install, by: BY.to_owned(), detail };
        // `None`: somebody has connected it meanwhile.
        self.installs.installs(tenant).save_install(save).await.map(drop)
    }

    /// Whether no other branch is served: what is not known counts as one.
    async fn serves_no_other(&self, tenant: &TenantId, branch: &BranchId) -> bool {
        match self.directory.tenant(tenant).await {
            Ok(tenant) => tenant.branches.iter().all(|other| other.id == *branch),
            Err(_) => false,
        }
    }
}
