//! The accounts that have apps, and the salons that the configuration names.

use crate::config::{AltegioAccount, BranchConfig, Config};
use chatplug_altegio::{AltegioClient, marketplace::Marketplace};
use chatplug_core::{
    model::{BranchId, TenantId},
    ports::RateLimiter,
};
use secrecy::SecretString;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// A developer's account, ready to be called with.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    /// As it is configured.
    pub(crate) config: AltegioAccount,
    /// What calls are made with; no user.
    pub(crate) client: AltegioClient,
    /// Its app; `None` where it has none on the marketplace.
    pub(crate) marketplace: Option<Marketplace>,
}

/// All accounts of a configuration.
#[derive(Debug)]
pub(crate) struct Accounts {
    all: Vec<Account>,
    /// Salons that a tenant's branch names.
    named: BTreeMap<u64, Named>,
    /// Businesses, which salons can be put under.
    pub(crate) tenants: BTreeSet<TenantId>,
    /// How the world reaches the server.
    pub(crate) public_url: Option<String>,
}

/// A salon that the configuration names.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// As which branch.
    pub(crate) branch: BranchId,
    /// With which account.
    pub(crate) account: String,
}

impl Accounts {
    /// Those of a configuration.
    pub(crate) fn new(config: &Config, http: &reqwest::Client, limiter: &Arc<dyn RateLimiter>) -> Self {
        let account = |account: &AltegioAccount| {
            let client = AltegioClient::new(account.config(None), http.clone()).with_limiter(limiter.clone());
            let marketplace = account.application_id.map(|id| Marketplace::new(&client, id));
            Account { config: account.clone(), client, marketplace }
        };
        let businesses = || config.tenants.iter().filter(|tenant| tenant.lobby.is_none());
        let named = businesses().flat_map(|tenant| {
            tenant.branches.iter().filter_map(|branch: &BranchConfig| {
                let place = branch.block("altegio")?.altegio()?;
                let (tenant, branch, account) = (tenant.id.clone(), branch.id.clone(), place.account.clone());
                Some((place.location, Named { tenant, branch, account }))
            })
        });
        Self {
            all: config.altegio.iter().map(account).collect(),
            named: named.collect(),
            tenants: businesses().map(|tenant| tenant.id.clone()).collect(),
            public_url: config.server.public_url.clone(),
        }
    }

    /// The account of this name; without a name, the only one that has an app.
    pub(crate) fn of(&self, name: Option<&str>) -> Option<&Account> {
        let mut apps = self.all.iter().filter(|account| account.marketplace.is_some());
        match name {
            Some(name) => apps.find(|account| account.config.name == name),
            None => apps.next().filter(|_| apps.next().is_none()),
        }
    }

    /// An account by name, whether it has an app or not.
    pub(crate) fn named_so(&self, name: &str) -> Option<&Account> {
        self.all.iter().find(|account| account.config.name == name)
    }

    /// The account that is posted to at this secret end of an address.
    pub(crate) fn posted_to(&self, endpoint: &str) -> Option<&Account> {
        self.all.iter().find(|account| account.config.endpoint.is(endpoint))
    }

    /// Whose salon the configuration says that this is.
    pub(crate) fn salon(&self, salon: u64) -> Option<&Named> {
        self.named.get(&salon)
    }

    /// Where salons of an account post their changes to: a secret.
    pub(crate) fn webhook_url(&self, account: &Account) -> Option<SecretString> {
        self.public_url.as_deref().map(|outside| account.config.endpoint.address(outside))
    }
}
