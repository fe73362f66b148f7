//! What is done about installs: taken up, gone on with, looked at, silenced and ended. Nothing here answers HTTP.

use super::{
    Account, Accounts, Facts, InstallJournal,
    factory::{backends, install_id},
    facts::LOOK,
};
use crate::{config::Config, stores::Stores};
use chatplug_altegio::{
    PROVIDER,
    marketplace::{
        BackendOf, InstallWish, Installing, LinkState, PaymentNotice,
        install::{AGAIN, STEPS},
    },
};
use chatplug_core::{
    model::{BranchId, InstallId, TenantId},
    ports::{BookingBackend, Clock, Install, InstallState, SaveInstall, StoreError},
    provision::JournalError,
};
use chrono::{DateTime, Duration, Utc};
use futures_util::{StreamExt as _, stream};
use secrecy::SecretString;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// Branches gone on with at the same time.
const AT_ONCE: usize = 4;

/// Whoever goes on with a branch has it for this long.
const LEASE: Duration = Duration::minutes(2);

/// How often it is asked whether something changed.
const TICK: std::time::Duration = std::time::Duration::from_secs(1);

/// How often a frozen link is asked about: nothing tells that it thaws.
const THAW: Duration = Duration::minutes(5);

/// How often a change is tried against others who change the same install.
const ATTEMPTS: usize = 8;

/// What reads a salon's catalogue, for an account, a salon, a branch, what the connection is called, and a user token.
pub(crate) type Backends =
    Arc<dyn Fn(&Account, u64, &BranchId, InstallId, SecretString) -> Arc<dyn BookingBackend> + Send + Sync>;

/// Whose a salon is, and as which branch.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    /// Whose.
    pub(crate) tenant: TenantId,
    /// Which branch.
    pub(crate) branch: BranchId,
}

impl Owner {
    /// The branch that a salon becomes which nobody named.
    pub(crate) fn derived(tenant: &TenantId, salon: u64) -> Option<Self> {
        let branch = BranchId::new(format!("{PROVIDER}-{salon}")).ok()?;
        Some(Self { tenant: tenant.clone(), branch })
    }
}

/// What became of taking up a salon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It is being installed, or is.
    Taken,
    /// It is another business's.
    Elsewhere,
    /// Nobody pressed Connect, or too long ago.
    Absent,
    /// Its link is not new, and nobody here knows it: whoever asks has to be named for it.
    Known,
    /// Altegio could not be asked.
    Later,
}

/// Goes on with installs.
pub(crate) struct Installer {
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) stores: Stores,
    pub(crate) clock: Arc<dyn Clock>,
    backends: Backends,
    /// When links are looked at again that nothing is to be done about.
    looks: Mutex<BTreeMap<Owner, DateTime<Utc>>>,
}

impl fmt::Debug for Installer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installer").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

impl Installer {
    /// The one of a configuration.
    pub(crate) fn new(config: &Config, stores: Stores, http: &reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        let accounts = Arc::new(Accounts::new(config, http, &stores.limiter));
        let backends = backends(clock.clone());
        Self { accounts, stores, clock, backends, looks: Mutex::default() }
    }

    /// Whose a salon is: as the configuration says, or as it was connected.
    pub(crate) async fn owner(&self, salon: u64) -> Result<Option<Owner>, StoreError> {
        if let Some(named) = self.accounts.salon(salon) {
            return Ok(Some(Owner { tenant: named.tenant.clone(), branch: named.branch.clone() }));
        }
        let route = self.stores.store.route(PROVIDER, &salon.to_string()).await?;
        Ok(route.and_then(|route| Some(Owner { tenant: route.tenant, branch: route.branch? })))
    }

    /// The install of a branch, where there is one.
    pub(crate) async fn install(&self, owner: &Owner) -> Result<Option<Install>, StoreError> {
        let install = self.stores.installs.installs(&owner.tenant).install(&owner.branch).await?;
        Ok(install.filter(|install| install.provider == PROVIDER))
    }

    /// Takes up a salon for its owner; one that is taken up already is gone on with. `is_named`: the configuration, or
    /// whoever made the code, named this very salon. Without that, only a link that waits for us is taken up: anybody can
    /// write another's salon into the address.
    pub(crate) async fn claim(
        &self,
        account: &Account,
        salon: u64,
        owner: &Owner,
        is_named: bool,
    ) -> Result<Claim, StoreError> {
        if self.install(owner).await?.is_some() {
            self.again(owner).await?;
            return Ok(Claim::Taken);
        }
        let other = self.accounts.salon(salon).is_some_and(|named| named.account != account.config.name);
        let Some(marketplace) = account.marketplace.as_ref().filter(|_| !other) else { return Ok(Claim::Elsewhere) };
        let now = self.clock.now();
        match marketplace.link(salon).await {
            Ok(link) => match link.state {
                LinkState::Pending if link.is_stale(now) => return Ok(Claim::Absent),
                LinkState::Pending => {}
                LinkState::Absent => return Ok(Claim::Absent),
                _ if is_named => {}
                _ => return Ok(Claim::Known),
            },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the link of a salon cannot be looked at");
                return Ok(Claim::Later);
            }
        }
        let mut install = Install::begin(owner.branch.clone(), PROVIDER, &salon.to_string(), &salon.to_string(), now);
        let facts = Facts { account: account.config.name.clone(), by_app: true, next: Some(now), ..Facts::default() };
        facts.put(&mut install);
        let save = SaveInstall { install, by: PROVIDER.to_owned(), detail: json!({ "step": "begin" }) };
        match self.stores.installs.installs(&owner.tenant).save_install(save).await {
            // `None`: somebody else took it up at the same time.
            Ok(_) => Ok(Claim::Taken),
            Err(StoreError::RouteTaken { .. }) => Ok(Claim::Elsewhere),
            Err(error) => Err(error),
        }
    }

    /// Somebody wants a branch to be gone on with now.
    pub(crate) async fn again(&self, owner: &Owner) -> Result<(), StoreError> {
        let Some(install) = self.install(owner).await? else { return Ok(()) };
        match install.state {
            InstallState::Pending => {
                let now = self.clock.now();
                self.change(owner, PROVIDER, "again", |install| {
                    let mut facts = Facts::of(install);
                    let wanted = install.state == InstallState::Pending && facts.next.is_none_or(|next| next > now);
                    // One who goes on with it already is not disturbed.
                    let free = facts.shown.is_some() || facts.next.is_none();
                    (facts.next, facts.tries) = (Some(now), 0);
                    facts.put(install);
                    wanted && free
                })
                .await?;
            }
            InstallState::Active | InstallState::Frozen => self.look(owner, install).await?,
            InstallState::Leaving => {}
        }
        Ok(())
    }

    /// The salon took the app off: its branch is silent from now on, and ends.
    pub(crate) async fn leave(&self, owner: &Owner, by: &str) -> Result<bool, StoreError> {
        self.change(owner, by, "uninstall", |install| {
            let first = install.state != InstallState::Leaving;
            install.state = InstallState::Leaving;
            first
        })
        .await
    }

    /// The link is frozen: its branch is silent until it thaws.
    pub(crate) async fn freeze(&self, owner: &Owner, by: &str) -> Result<bool, StoreError> {
        let frozen = self
            .change(owner, by, "freeze", |install| {
                let first = matches!(install.state, InstallState::Pending | InstallState::Active);
                if first {
                    install.state = InstallState::Frozen;
                }
                first
            })
            .await?;
        self.look_at(owner, self.clock.now() + THAW);
        Ok(frozen)
    }

    /// Keeps in the audit that the app was paid for; whether that was news.
    pub(crate) async fn paid(&self, owner: &Owner, payment: &PaymentNotice) -> Result<bool, StoreError> {
        let detail = json!({
            "event": "payment",
            "payment_id": payment.payment_id,
            "amount": payment.amount,
            "discount": payment.discount,
            "currency": payment.currency,
            "paid": payment.paid,
            "from": payment.from,
            "until": payment.until,
        });
        let change = |install: &mut Install| {
            let mut facts = Facts::of(install);
            let news = facts.paid(payment.payment_id);
            facts.put(install);
            news
        };
        self.change_with(owner, PROVIDER, detail, change).await
    }

    /// Asks the platform how a link stands, and follows it.
    pub(crate) async fn look(&self, owner: &Owner, install: Install) -> Result<(), StoreError> {
        let facts = Facts::of(&install);
        let account = self.accounts.named_so(&facts.account);
        let (Some(marketplace), Ok(salon), true) =
            (account.and_then(|account| account.marketplace.as_ref()), install.external_id.parse(), facts.by_app)
        else {
            self.look_at(owner, self.clock.now() + LOOK);
            return Ok(());
        };
        let link = match marketplace.link(salon).await {
            Ok(link) => link,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "the link of a salon cannot be looked at");
                self.look_at(owner, self.clock.now() + THAW);
                return Ok(());
            }
        };
        let now = self.clock.now();
        self.look_at(owner, now + if link.state == LinkState::Active { LOOK } else { THAW });
        match (&link.state, install.state) {
            (LinkState::Active, InstallState::Frozen) => {
                self.change(owner, PROVIDER, "thaw", |install| {
                    let frozen = install.state == InstallState::Frozen;
                    if frozen {
                        let mut facts = Facts::of(install);
                        let complete = facts.progress.is_complete(STEPS);
                        install.state = if complete { InstallState::Active } else { InstallState::Pending };
                        (facts.next, facts.tries) = (Some(now), 0);
                        facts.put(install);
                    }
                    frozen
                })
                .await?;
            }
            // The owner took it off and pressed Connect again, and nobody told of the first.
            (LinkState::Pending, InstallState::Active | InstallState::Frozen) => {
                self.change(owner, PROVIDER, "connect", |install| {
                    let mut facts = Facts::of(install);
                    facts.progress.again(AGAIN);
                    (facts.next, facts.tries, facts.shown) = (Some(now), 0, None);
                    facts.put(install);
                    install.done = facts.progress.done.keys().cloned().collect();
                    install.state = InstallState::Pending;
                    true
                })
                .await?;
            }
            // A callback was lost. What was asked for is silence; nothing is removed for a word that may be a slip.
            (LinkState::Frozen | LinkState::Absent, InstallState::Active) => {
                tracing::warn!(tenant.id = %owner.tenant, branch.id = %owner.branch, link = link.state.word(),
                    "Altegio says that the app is not in use at this branch any more: it is silent");
                self.freeze(owner, PROVIDER).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Goes on with everything that is due, until `stop`.
    pub(crate) async fn work(&self, mut stop: watch::Receiver<bool>) {
        let mut seen = None;
        let mut wake = None;
        while !*stop.borrow_and_update() {
            let due = wake.is_some_and(|at| at <= self.clock.now());
            match self.stores.installs.installs_mark().await {
                Ok(mark) if due || seen != Some(mark) => {
                    // What changes meanwhile has another mark, and another round.
                    seen = Some(mark);
                    wake = self.round().await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "installs cannot be read");
                }
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    /// Goes on with everything that is due now; answers when there is something next.
    pub(crate) async fn round(&self) -> Option<DateTime<Utc>> {
        let mut due = Vec::new();
        let mut wake: Option<DateTime<Utc>> = None;
        let now = self.clock.now();
        for tenant in &self.accounts.tenants {
            let installs = match self.stores.installs.installs(tenant).all_installs().await {
                Ok(installs) => installs,
                Err(error) => {
                    tracing::warn!(tenant.id = %tenant, error = &error as &dyn std::error::Error, "installs cannot be read");
                    wake = Some(now + Duration::seconds(5));
                    continue;
                }
            };
            for install in installs.into_iter().filter(|install| install.provider == PROVIDER) {
                let owner = Owner { tenant: tenant.clone(), branch: install.branch.clone() };
                let next = self.next(&owner, &install, now);
                match next {
                    Some(at) if at <= now => due.push((owner, install)),
                    Some(at) => wake = Some(wake.map_or(at, |wake| wake.min(at))),
                    None => {}
                }
            }
        }
        let busy = !due.is_empty();
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, |(owner, install)| async move { self.go(&owner, install).await })
            .await;
        if busy { Some(now) } else { wake }
    }

    fn next(&self, owner: &Owner, install: &Install, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match install.state {
            InstallState::Pending => Some(Facts::of(install).next.unwrap_or(now)),
            InstallState::Leaving => None,
            InstallState::Active => Some(self.looked(owner, now + LOOK)),
            InstallState::Frozen => Some(self.looked(owner, now + Duration::seconds(30))),
        }
    }

    /// When a link is to be looked at, or is to be from now on.
    fn looked(&self, owner: &Owner, otherwise: DateTime<Utc>) -> DateTime<Utc> {
        *self.looks.lock().unwrap_or_else(PoisonError::into_inner).entry(owner.clone()).or_insert(otherwise)
    }

    fn look_at(&self, owner: &Owner, at: DateTime<Utc>) {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.clone(), at);
    }

    async fn go(&self, owner: &Owner, install: Install) {
        let done = match install.state {
            InstallState::Pending => self.go_on(owner, install).await,
            _ => self.look(owner, install).await,
        };
        if let Err(error) = done {
            tracing::warn!(tenant.id = %owner.tenant, branch.id = %owner.branch, error = &error as &dyn std::error::Error,
                "a branch cannot be gone on with now");
        }
    }

    /// Takes the steps of a branch that can be taken.
    async fn go_on(&self, owner: &Owner, mut install: Install) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut facts = Facts::of(&install);
        (facts.next, facts.shown) = (Some(now + LEASE), None);
        facts.put(&mut install);
        let save =
            SaveInstall { install: install.clone(), by: PROVIDER.to_owned(), detail: json!({ "step": "go on" }) };
        match self.stores.installs.installs(&owner.tenant).save_install(save).await? {
            Some(version) => install.version = version,
            // Another process has it.
            None => return Ok(()),
        }
        let journal = InstallJournal::new(&self.stores, &owner.tenant, install, self.clock.clone(), PROVIDER);
        let Some(way) = self.way(owner, &journal.install(), &facts) else {
            tracing::warn!(tenant.id = %owner.tenant, branch.id = %owner.branch,
                "the account that this branch was connected with is not configured any more");
            return Ok(());
        };
        let ran = match way.run(facts.progress, &journal, &*self.clock).await {
            Ok((_, views)) => journal.ended(&views).await,
            Err(error) => Err(error),
        };
        match ran {
            Ok(()) => {
                if let Some(shown) = Facts::of(&journal.install()).shown {
                    tracing::info!(tenant.id = %owner.tenant, branch.id = %owner.branch, step = %shown.step, waits = shown.waits,
                        "a branch is not connected yet");
                } else {
                    tracing::info!(tenant.id = %owner.tenant, branch.id = %owner.branch, "a branch is connected");
                }
                Ok(())
            }
            // Frozen or taken off meanwhile: whoever did that goes on.
            Err(JournalError::Overtaken) => Ok(()),
            Err(JournalError::Store { source }) => Err(StoreError::Unavailable { source }),
            Err(error) => Err(StoreError::Unavailable { source: error.into() }),
        }
    }

    fn way(&self, owner: &Owner, install: &Install, facts: &Facts) -> Option<Installing> {
        let account = self.accounts.named_so(&facts.account)?;
        let salon: u64 = install.external_id.parse().ok()?;
        let wish = self.wish(account, salon, &owner.branch, facts.by_app)?;
        Some(match (&account.marketplace, facts.by_app) {
            (Some(marketplace), true) => Installing::new(account.client.clone(), marketplace.clone(), wish),
            (None, true) => return None,
            (_, false) => Installing::directly(account.client.clone(), wish),
        })
    }

    /// What is wanted of a branch: the app's own user is the account's.
    pub(crate) fn wish(&self, account: &Account, salon: u64, branch: &BranchId, by_app: bool) -> Option<InstallWish> {
        let user_token = account.config.user_token.clone().filter(|_| by_app);
        Some(InstallWish {
            salon,
            branch: branch.clone(),
            user_token,
            login: None,
            webhook_url: self.accounts.webhook_url(account),
            channels: Vec::new(),
            backend: backend_of(&self.backends, account, salon, branch)?,
        })
    }

    /// Changes an install, however many others change it meanwhile; whether there was something to change.
    async fn change(
        &self,
        owner: &Owner,
        by: &str,
        what: &str,
        change: impl FnMut(&mut Install) -> bool + Send,
    ) -> Result<bool, StoreError> {
        self.change_with(owner, by, json!({ "event": what }), change).await
    }

    async fn change_with(
        &self,
        owner: &Owner,
        by: &str,
        detail: serde_json::Value,
        mut change: impl FnMut(&mut Install) -> bool + Send,
    ) -> Result<bool, StoreError> {
        let installs = self.stores.installs.installs(&owner.tenant);
        for _ in 0..ATTEMPTS {
            let Some(mut install) = installs.install(&owner.branch).await? else { return Ok(false) };
            if !change(&mut install) {
                return Ok(false);
            }
            install.changed = self.clock.now();
            let save = SaveInstall { install, by: by.to_owned(), detail: detail.clone() };
            if installs.save_install(save).await?.is_some() {
                return Ok(true);
            }
        }
        Err(StoreError::Unavailable { source: "others kept changing the install".into() })
    }
}

fn backend_of(backends: &Backends, account: &Account, salon: u64, branch: &BranchId) -> Option<BackendOf> {
    let install = install_id(salon).ok()?;
    let (backends, account, branch) = (backends.clone(), account.clone(), branch.clone());
    Some(Arc::new(move |token| backends(&account, salon, &branch, install.clone(), token)))
}
