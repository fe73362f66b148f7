//! The sweep: what webhooks should have told and did not is asked for, branch by branch, again and again.
//!
//! What it finds are hints like those of webhooks: a booking that no conversation knows costs nothing, one that is as it
//! was known is not spoken of, and the same change found twice (by the next sweep, by another process) is one.

use super::{Engine, EngineEvent, world::read_word};
use crate::{
    model::{BookingRef, BranchId, TenantId},
    ports::{BackendError, BranchSetup, Changed, DirectoryError, Ingest, Ingested, Tenant},
};
use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// Asked for again each time: the vendor's clock and ours differ, and it may show a change a little later.
const OVERLAP: Duration = Duration::minutes(5);
/// A change so fresh may be followed by another one of the same second.
const FRESH: Duration = Duration::seconds(5);
/// Hints stored at a time.
const BATCH: usize = 200;
/// Between two branches of one vendor no longer is waited, however few there are.
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_secs(5);
/// A vendor that asks to slow down is waited for no longer.
const LONGEST_WAIT: Duration = Duration::minutes(2);

/// When each branch was last asked.
#[derive(Debug, Default)]
pub(super) struct Swept(Mutex<HashMap<(TenantId, BranchId), DateTime<Utc>>>);

/// A branch to ask.
type Asked = (Arc<Tenant>, BranchSetup);

impl Swept {
    fn last(&self, tenant: &TenantId, branch: &BranchId) -> Option<DateTime<Utc>> {
        let swept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        swept.get(&(tenant.clone(), branch.clone())).copied()
    }

    fn asked(&self, tenant: &TenantId, branch: &BranchId, at: DateTime<Utc>) {
        let mut swept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        swept.insert((tenant.clone(), branch.clone()), at);
    }
}

impl Engine {
    /// Asks every branch whose booking system [tells](crate::ports::Capabilities::tells_changes) what changed since it was
    /// last asked, one branch at a time for each vendor. Done by [`run`](Self::run) every
    /// [`sweep`](super::EngineOptions::sweep); for programs with a timer of their own. Answers how many bookings are
    /// looked at again.
    ///
    /// # Errors
    /// When it cannot be said who is served. A branch that does not answer is passed over, and asked for the same time
    /// again.
    pub async fn sweep(&self) -> Result<usize, DirectoryError> {
        let vendors = self.to_sweep().await?;
        let found = vendors.into_iter().map(|branches| self.sweep_vendor(branches, std::time::Duration::ZERO));
        Ok(join_all(found).await.into_iter().sum())
    }

    /// Sweeps until `shutdown`. A round is spread so that one vendor is not asked for all branches at once.
    pub(super) async fn keep_sweeping(self, mut shutdown: watch::Receiver<bool>) {
        let Some(every) = self.inner.options.sweep.to_std().ok().filter(|every| !every.is_zero()) else { return };
        let mut next = tokio::time::Instant::now() + every / 60;
        while !*shutdown.borrow() {
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                changed = shutdown.changed() => if changed.is_err() { return } else { continue },
            }
            next = tokio::time::Instant::now() + every;
            let vendors = match self.to_sweep().await {
                Ok(vendors) => vendors,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "who is served cannot be read; no look for missed changes this time"
                    );
                    continue;
                }
            };
            let round = vendors.into_iter().map(|branches| {
                let pause = every / u32::try_from(branches.len()).unwrap_or(u32::MAX).max(1);
                self.sweep_vendor(branches, pause.min(LONGEST_PAUSE))
            });
            tokio::select! {
                _ = join_all(round) => {}
                _ = shutdown.changed() => {}
            }
        }
    }

    /// The branches to ask, by vendor.
    async fn to_sweep(&self) -> Result<Vec<Vec<Asked>>, DirectoryError> {
        let mut vendors: BTreeMap<&'static str, Vec<Asked>> = BTreeMap::new();
        for id in self.inner.directory.tenants().await? {
            let tenant = match self.setup(&id).await {
                Ok(tenant) => tenant,
                Err(error) => {
                    tracing::warn!(tenant.id = %id, error = &error as &dyn std::error::Error, "not asked for missed changes");
                    continue;
                }
            };
            for setup in &tenant.branches {
                let can = setup.backend.capabilities();
                if can.tells_changes {
                    vendors.entry(can.name).or_default().push((tenant.clone(), setup.clone()));
                }
            }
        }
        Ok(vendors.into_values().collect())
    }

    async fn sweep_vendor(&self, branches: Vec<Asked>, pause: std::time::Duration) -> usize {
        let mut found = 0;
        for (number, (tenant, setup)) in branches.iter().enumerate() {
            if number > 0 && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            match self.sweep_branch(tenant, setup).await {
                Ok(hints) => found += hints,
                Err(BackendError::RateLimited { retry_after }) if !pause.is_zero() => {
                    let wait = retry_after.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
                    tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
                }
                Err(_) => {}
            }
        }
        found
    }

    /// Asks one branch. Until it has answered and what it said is stored, it is asked for the same time.
    async fn sweep_branch(&self, tenant: &Tenant, setup: &BranchSetup) -> Result<usize, BackendError> {
        let asked = self.inner.clock.now();
        let last = self.inner.swept.last(&tenant.id, &setup.id);
        // Later than now: the clock was put back.
        let since = last.unwrap_or(asked - self.inner.options.sweep_back).min(asked) - OVERLAP;
        let name = setup.backend.capabilities().name;
        let call = setup.backend.changed(&setup.id, since);
        let changes = match self.call(&tenant.id, name, "changed", read_word, call).await {
            Some(Ok(changes)) => changes,
            Some(Err(error)) => {
                tracing::warn!(tenant.id = %tenant.id, branch.id = %setup.id, error = &error as &dyn std::error::Error, "missed changes not read");
                return Err(error);
            }
            None => return Err(BackendError::Unavailable { source: None }),
        };
        let mut hints = Vec::with_capacity(changes.len());
        for Changed { reference: BookingRef { backend_id, .. }, changed_at } in changes {
            // Whose it is and where is known here; a backend may know less.
            let reference = BookingRef { install: setup.install.clone(), branch: setup.id.clone(), backend_id };
            let change = Changed { reference, changed_at };
            let mut key = format!("{}/{}", setup.id, change.key());
            if changed_at + FRESH > asked {
                key = format!("{key}/{}", asked.timestamp_micros());
            }
            hints.push(Ingest::Booking { reference: change.reference, key, received: asked });
        }
        let store = self.inner.store.tenant(&tenant.id);
        let mut queued = 0;
        while !hints.is_empty() {
            let rest = hints.split_off(hints.len().min(BATCH));
            let batch = std::mem::replace(&mut hints, rest);
            let results = store.ingest(batch).await.map_err(|error| {
                tracing::warn!(tenant.id = %tenant.id, branch.id = %setup.id, error = &error as &dyn std::error::Error, "missed changes not stored");
                BackendError::Unavailable { source: Some(Box::new(error)) }
            })?;
            for result in results {
                if let Ingested::Queued(conversation) = result {
                    queued += 1;
                    self.inner.observer.observe(&EngineEvent::ConversationChanged { tenant: &tenant.id, conversation });
                }
            }
        }
        self.inner.swept.asked(&tenant.id, &setup.id, asked);
        Ok(queued)
    }
}
