//! A directory that lives: the branches of the configuration, and those that were installed meanwhile, in whichever process.
//! What a provider's branch is built of is its factory's.

use crate::{
    model::{BranchId, TenantId},
    ports::{
        BranchSetup, Directory, DirectoryError, Install, InstallState, InstallStore, SaveInstall, SaveSwap, StoreError,
        Swap, SwapState, Tenant, TenantInstalls,
    },
};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Looks for changes made in other processes this often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Builds the booking systems of installed branches.
#[async_trait]
pub trait BranchFactory: Debug + Send + Sync {
    /// The booking system of an installed branch, with its credentials; `None`: this program does not know its provider.
    /// Called once for each version of an install, and again every few seconds while it fails: then the branch is not
    /// offered, and the others are.
    ///
    /// # Errors
    /// Whatever keeps it from being built now.
    async fn branch(
        &self,
        tenant: &TenantId,
        install: &Install,
    ) -> Result<Option<BranchSetup>, Box<dyn std::error::Error + Send + Sync>>;
}

/// A [`Directory`] that adds branches that are installed to those of another one, and leaves out what is frozen or leaving.
///
/// An active branch comes after those of the configuration, in order of its id, on every channel that serves all of them. A
/// branch that the configuration names as well is built by the configuration; that it is frozen or leaving counts all the
/// same.
///
/// # Cost
/// A turn costs a look at a clock. Every two seconds one cheap read tells whether anything changed, in any process; then
/// each tenant's installs are read once, when it is next asked for. What is saved through this directory's own
/// [`InstallStore`] counts at once.
#[derive(Debug)]
pub struct LiveDirectory {
    configured: Arc<dyn Directory>,
    installs: Arc<dyn InstallStore>,
    factory: Arc<dyn BranchFactory>,
    look_every: Duration,
    known: Arc<Mutex<Known>>,
}

/// What is known of installs, and since when.
#[derive(Debug, Default)]
struct Known {
    /// The latest mark, and when it was looked at.
    mark: Option<(i64, Instant)>,
    tenants: HashMap<TenantId, Seen>,
}

/// A tenant as it was put together.
#[derive(Debug)]
struct Seen {
    mark: i64,
    /// What it was made of.
    configured: Arc<Tenant>,
    tenant: Arc<Tenant>,
    /// Booking systems by branch, each with the version of its install.
    built: BTreeMap<BranchId, (i64, BranchSetup)>,
    /// One could not be built: tried again then.
    again: Option<Instant>,
}

impl LiveDirectory {
    /// A directory of what is configured and what is installed.
    #[must_use]
    pub fn new(
        configured: Arc<dyn Directory>,
        installs: Arc<dyn InstallStore>,
        factory: Arc<dyn BranchFactory>,
    ) -> Self {
        Self { configured, installs, factory, look_every: LOOK_EVERY, known: Arc::default() }
    }

    /// Looks for changes this often; zero: at every turn.
    #[must_use]
    pub const fn looking_every(mut self, look_every: Duration) -> Self {
        self.look_every = look_every;
        self
    }

    /// Something changed: what is known is old. Who saves through [`installs`](Self::installs) need not say so.
    pub fn changed(&self) {
        lock(&self.known).mark = None;
    }

    /// The store of installs, whose changes this directory knows at once.
    #[must_use]
    pub fn installs(&self) -> Arc<dyn InstallStore> {
        Arc::new(Announcing { installs: self.installs.clone(), known: self.known.clone() })
    }

    /// Whether the configuration names a branch, served or not: without an install that says otherwise, it is served.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    pub async fn configures(&self, tenant: &TenantId, branch: &BranchId) -> Result<bool, DirectoryError> {
        Ok(self.configured.tenant(tenant).await?.branch(branch).is_some())
    }

    /// How many changes there were, no older than is allowed.
    async fn mark(&self) -> Result<i64, StoreError> {
        if let Some((mark, at)) = lock(&self.known).mark
            && at.elapsed() < self.look_every
        {
            return Ok(mark);
        }
        let at = Instant::now();
        let mark = self.installs.installs_mark().await?;
        lock(&self.known).mark = Some((mark, at));
        Ok(mark)
    }

    async fn put_together(&self, configured: Arc<Tenant>, mark: i64) -> Result<Arc<Tenant>, StoreError> {
        let id = configured.id.clone();
        let kept = self.installs.installs(&id);
        let (installs, swaps) = (kept.all_installs().await?, kept.swaps().await?);
        let mut built = lock(&self.known).tenants.get(&id).map(|seen| seen.built.clone()).unwrap_or_default();
        built.retain(|branch, (version, _)| {
            installs.iter().any(|install| install.branch == *branch && install.version == *version)
        });
        let mut again = None;
        let missing = installs.iter().filter(|install| {
            let here = configured.branch(&install.branch).is_some() || built.contains_key(&install.branch);
            install.state == InstallState::Active && !here
        });
        let mut made = Vec::new();
        for install in missing {
            match self.factory.branch(&id, install).await {
                Ok(Some(setup)) => made.push((install.branch.clone(), (install.version, setup))),
                Ok(None) => {
                    tracing::warn!(tenant.id = %id, branch.id = %install.branch, provider = install.provider, "nothing here knows this branch's booking system; it is not offered");
                }
                Err(error) => {
                    tracing::warn!(tenant.id = %id, branch.id = %install.branch, error = &*error as &dyn std::error::Error, "a branch is not offered for now: its booking system cannot be set up");
                    again = Some(Instant::now() + self.look_every);
                }
            }
        }
        built.extend(made);
        let tenant = Arc::new(swapped(with_installed(&configured, &installs, &built), swaps));
        let seen = Seen { mark, configured, tenant: tenant.clone(), built, again };
        lock(&self.known).tenants.insert(id, seen);
        Ok(tenant)
    }
}

#[async_trait]
impl Directory for LiveDirectory {
    async fn tenant(&self, tenant: &TenantId) -> Result<Arc<Tenant>, DirectoryError> {
        let configured = self.configured.tenant(tenant).await?;
        let unavailable = |error| DirectoryError::Unavailable { source: Box::new(error) };
        let mark = self.mark().await.map_err(unavailable)?;
        if let Some(seen) = lock(&self.known).tenants.get(tenant)
            && seen.mark == mark
            && Arc::ptr_eq(&seen.configured, &configured)
            && seen.again.is_none_or(|at| at > Instant::now())
        {
            return Ok(seen.tenant.clone());
        }
        self.put_together(configured, mark).await.map_err(unavailable)
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, DirectoryError> {
        self.configured.tenants().await
    }
}

/// A tenant with what is installed, and without what must not be spoken of.
fn with_installed(configured: &Tenant, installs: &[Install], built: &BTreeMap<BranchId, (i64, BranchSetup)>) -> Tenant {
    let mut tenant = configured.clone();
    let all: BTreeSet<&BranchId> = configured.branches.iter().map(|branch| &branch.id).collect();
    let active = installs.iter().filter(|install| install.state == InstallState::Active);
    let added: Vec<BranchSetup> =
        active.filter_map(|install| built.get(&install.branch)).map(|(_, setup)| setup.clone()).collect();
    for channel in &mut tenant.channels {
        if channel.branches.iter().collect::<BTreeSet<_>>() == all {
            channel.branches.extend(added.iter().map(|branch| branch.id.clone()));
        }
    }
    tenant.branches.extend(added);
    let silent: BTreeSet<&BranchId> =
        installs.iter().filter(|install| install.state.is_silent()).map(|install| &install.branch).collect();
    tenant.branches.retain(|branch| !silent.contains(&branch.id));
    for channel in &mut tenant.channels {
        channel.branches.retain(|branch| !silent.contains(branch));
    }
    tenant
}

/// A tenant whose branches act through the systems that they were swapped to. A configuration that has followed by naming
/// the new system as acting is left as it is.
fn swapped(mut tenant: Tenant, swaps: Vec<Swap>) -> Tenant {
    for swap in swaps.iter().filter(|swap| swap.state == SwapState::Switched) {
        let acting = tenant.branches.iter_mut().find(|branch| branch.id == swap.branch);
        let Some(acting) = acting.filter(|acting| acting.install != swap.to) else { continue };
        let goal = tenant.others.iter_mut().find(|other| other.id == swap.branch && other.install == swap.to);
        match goal {
            Some(goal) => std::mem::swap(acting, goal),
            None => {
                tracing::error!(tenant.id = %tenant.id, branch.id = %swap.branch, install = %swap.to, "the branch was swapped to a booking system that it does not have; it acts through the one that it has");
            }
        }
    }
    tenant.swaps = swaps.into_iter().map(Arc::new).collect();
    tenant
}

/// A store of installs whose changes are known to a directory at once.
#[derive(Debug)]
struct Announcing {
    installs: Arc<dyn InstallStore>,
    known: Arc<Mutex<Known>>,
}

#[async_trait]
impl InstallStore for Announcing {
    fn installs(&self, tenant: &TenantId) -> Arc<dyn TenantInstalls> {
        Arc::new(AnnouncingTenant { installs: self.installs.installs(tenant), known: self.known.clone() })
    }

    async fn installs_mark(&self) -> Result<i64, StoreError> {
        self.installs.installs_mark().await
    }
}

#[derive(Debug)]
struct AnnouncingTenant {
    installs: Arc<dyn TenantInstalls>,
    known: Arc<Mutex<Known>>,
}

#[async_trait]
impl TenantInstalls for AnnouncingTenant {
    async fn install(&self, branch: &BranchId) -> Result<Option<Install>, StoreError> {
        self.installs.install(branch).await
    }

    async fn all_installs(&self) -> Result<Vec<Install>, StoreError> {
        self.installs.all_installs().await
    }

    async fn save_install(&self, save: SaveInstall) -> Result<Option<i64>, StoreError> {
        let saved = self.installs.save_install(save).await;
        // Also after an error: it may have been done.
        lock(&self.known).mark = None;
        saved
    }

    async fn swaps(&self) -> Result<Vec<Swap>, StoreError> {
        self.installs.swaps().await
    }

    async fn save_swap(&self, save: SaveSwap) -> Result<Option<i64>, StoreError> {
        let saved = self.installs.save_swap(save).await;
        lock(&self.known).mark = None;
        saved
    }
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
