//! Branches that come and go while the program runs: which account of a booking system each is, and how far it has come.
//! What a provider's account is, and how it is connected, is its adapter's; nothing of a provider is known here.

use super::StoreError;
use crate::model::{BranchId, InstallId, ServiceId, StaffId, TenantId};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fmt::Debug,
    sync::Arc,
};

/// A store of installs.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait InstallStore: Debug + Send + Sync {
    /// The handle through which one tenant's installs are reached.
    fn installs(&self, tenant: &TenantId) -> Arc<dyn TenantInstalls>;

    /// A number that is another one after every change of any tenant's installs, in whichever process it was made: whoever
    /// keeps what they read looks at this to know whether it is old. One cheap read.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn installs_mark(&self) -> Result<i64, StoreError>;
}

/// One tenant's installs, one a branch. What changes one leaves an audit row in the same step: who (`operator:<name>`, the
/// provider's name), and what they say of it.
///
/// # Contract
/// An install whose branch is gone has no row: whoever is told twice that it goes finds nothing the second time. Which
/// tenant and branch an address of a provider is, is found across tenants by [`Store::route`](super::Store::route), from
/// the first [`save_install`](Self::save_install) on until it is gone; [registering](super::TenantStore::register) a tenant
/// anew does not take it away.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait TenantInstalls: Debug + Send + Sync {
    /// One of them.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn install(&self, branch: &BranchId) -> Result<Option<Install>, StoreError>;

    /// All of them, by branch.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn all_installs(&self) -> Result<Vec<Install>, StoreError>;

    /// Keeps what is known, as the version that follows on [`Install::version`] (0: nothing was kept), and answers its
    /// version; `None`, with nothing changed and nothing in the audit, where somebody else was first, or where the branch is
    /// another account by now: [`provider`](Install::provider) and [`external_id`](Install::external_id) never change.
    ///
    /// # Errors
    /// [`StoreError::RouteTaken`], with nothing changed, when the address is another tenant's, or of another branch that is
    /// installed; and see [`StoreError`].
    async fn save_install(&self, save: SaveInstall) -> Result<Option<i64>, StoreError>;

    /// The latest [`Swap`] of each branch that was ever swapped, by branch.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn swaps(&self) -> Result<Vec<Swap>, StoreError>;

    /// Keeps how far a swap has come, as [`save_install`](Self::save_install) keeps an install: it follows on
    /// [`Swap::version`], shows in the [mark](InstallStore::installs_mark), and leaves a row of the audit in the same step.
    /// `None`, with nothing changed: somebody else was first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a branch that is not registered; and see [`StoreError`].
    async fn save_swap(&self, save: SaveSwap) -> Result<Option<i64>, StoreError>;
}

/// An install as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// Which branch.
    pub branch: BranchId,
    /// At which provider, by the name that routes have for it.
    pub provider: String,
    /// Which account there: the provider's id of it.
    pub external_id: String,
    /// What the account is called there, for people to read.
    pub name: String,
    /// How it stands.
    pub state: InstallState,
    /// Steps that are done on the way to being installed, or to being gone: whoever goes on leaves them out.
    pub done: BTreeSet<String>,
    /// What the provider's adapter knows of it; never a secret (see [`credential`](Self::credential)), and nothing of a
    /// client.
    pub facts: Value,
    /// Counts up with every change. In [`SaveInstall`]: the version that was read, 0 for none.
    pub version: i64,
    /// When that was. In [`SaveInstall`]: now.
    pub changed: DateTime<Utc>,
}

impl Install {
    /// An install that nothing is done for yet, at this time.
    #[must_use]
    pub fn begin(branch: BranchId, provider: &str, external_id: &str, name: &str, now: DateTime<Utc>) -> Self {
        Self {
            branch,
            provider: provider.to_owned(),
            external_id: external_id.to_owned(),
            name: name.to_owned(),
            state: InstallState::Pending,
            done: BTreeSet::new(),
            facts: Value::Object(serde_json::Map::new()),
            version: 0,
            changed: now,
        }
    }

    /// The name under which the vault keeps a secret of this account, such as a `user_token`. Secrets under such names go
    /// with the branch.
    #[must_use]
    pub fn credential(&self, what: &str) -> String {
        format!("{}{what}", self.credentials())
    }

    /// What the names of all its [credentials](Self::credential) begin with.
    #[must_use]
    pub fn credentials(&self) -> String {
        format!("install/{}/{}/", self.provider, self.external_id)
    }
}

/// How a branch stands with its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallState {
    /// Being installed: [`Install::done`] says how far. Not offered yet.
    Pending,
    /// Offered to clients.
    Active,
    /// Not offered, and nothing is sent about it, until it is active again with all that it had.
    Frozen,
    /// Not offered, nothing is sent about it, and everything of it is being removed; it never comes back.
    Leaving,
}

impl InstallState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::Frozen, Self::Leaving];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Leaving => "leaving",
        }
    }

    /// The one that a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing may be said of the branch to anybody: it is frozen, or leaving.
    #[must_use]
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Frozen | Self::Leaving)
    }
}

impl fmt::Display for InstallState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A change of an install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveInstall {
    /// What is known now.
    pub install: Install,
    /// Who did it.
    pub by: String,
    /// What is said of it in the audit, beside branch, provider and state: nothing personal, no secret.
    pub detail: Value,
}

/// A branch that goes from one booking system to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// Which branch.
    pub branch: BranchId,
    /// The system that it leaves.
    pub from: InstallId,
    /// The system that it goes to.
    pub to: InstallId,
    /// How far it is.
    pub state: SwapState,
    /// What each service of the one is at the other; one that is missing has no partner.
    pub services: BTreeMap<ServiceId, ServiceId>,
    /// Who each member of staff of the one is at the other.
    pub staff: BTreeMap<StaffId, StaffId>,
    /// Which swap of the branch it is, from 1.
    pub number: i64,
    /// The number of the last row of the audit when it began: what was done for it comes after.
    pub since: i64,
    /// Counts up with every change. In [`SaveSwap`]: the version that was read, 0 for none.
    pub version: i64,
    /// When that was. In [`SaveSwap`]: now.
    pub changed: DateTime<Utc>,
}

impl Swap {
    /// How many swaps of the branch have happened: conversations that have followed fewer hold ids of a system that acts
    /// no more.
    #[must_use]
    pub const fn happened(&self) -> i64 {
        match self.state {
            SwapState::Copying => self.number - 1,
            SwapState::Switched => self.number,
        }
    }
}

/// How far a swap is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapState {
    /// The old system acts, and future bookings are being made at the new one.
    Copying,
    /// The new system acts.
    Switched,
}

impl SwapState {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Copying => "copying",
            Self::Switched => "switched",
        }
    }
}

/// A change of a swap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveSwap {
    /// What is known now.
    pub swap: Swap,
    /// Who did it.
    pub by: String,
}

impl SaveSwap {
    /// What the audit says of it: who, which branch, from where to where, how far.
    #[must_use]
    pub fn audit(&self) -> super::AuditRow {
        let Swap { branch, from, to, state, number, changed, .. } = &self.swap;
        super::AuditRow {
            at: *changed,
            actor: self.by.clone(),
            what: "swap".to_owned(),
            conversation: None,
            action: None,
            detail: serde_json::json!({ "branch": branch, "from": from, "to": to, "step": state, "number": number }),
        }
    }
}
