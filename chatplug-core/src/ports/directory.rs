//! Who is served, and with which adapters.

use super::{BookingBackend, IntentEngine, Messenger, Notifier, Swap, Templates, Transcriber};
use crate::lobby::Lobby;
use crate::model::{BookingRef, BranchId, ChannelId, InstallId, Policy, TenantId};
use crate::understand::FactBook;
use async_trait::async_trait;
use std::{fmt::Debug, sync::Arc};

/// Finds a tenant's setup.
///
/// # Contract
/// Cheap to call once a turn: implementations build adapters lazily and keep them. Branches of one tenant may differ in
/// their booking system, channels in their provider.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait Directory: Debug + Send + Sync {
    /// A tenant with its adapters.
    ///
    /// # Errors
    /// See [`DirectoryError`].
    async fn tenant(&self, tenant: &TenantId) -> Result<Arc<Tenant>, DirectoryError>;

    /// All tenants, for work that goes over everybody (sweeps, start-up checks).
    ///
    /// # Errors
    /// See [`DirectoryError`].
    async fn tenants(&self) -> Result<Vec<TenantId>, DirectoryError>;
}

/// A business as the engine sees it.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Who.
    pub id: TenantId,
    /// Name of the business.
    pub name: String,
    /// Its rules.
    pub policy: Policy,
    /// Its branches, in the order to show them.
    pub branches: Vec<BranchSetup>,
    /// Booking systems of its branches that do not act: where a branch may be swapped to, or was swapped from. Bookings
    /// that are still there are read and changed there.
    pub others: Vec<BranchSetup>,
    /// The latest swap of each branch from one booking system to another.
    pub swaps: Vec<Arc<Swap>>,
    /// Its numbers.
    pub channels: Vec<ChannelSetup>,
    /// Its own wording: (language, Fluent text) layered over the shipped one.
    pub texts: Vec<(crate::model::Lang, String)>,
    /// What understands its clients.
    pub intents: Arc<dyn IntentEngine>,
    /// What it says about itself, to be quoted when clients ask.
    pub facts: Arc<FactBook>,
    /// Who hears of what needs a person.
    pub notifier: Arc<dyn Notifier>,
    /// What writes their voice messages down; `None`: they are asked to write.
    pub transcriber: Option<Arc<dyn Transcriber>>,
    /// `Some`: no business, but the lobby of a number that several share. Its conversations find out which of them a
    /// client wants.
    pub lobby: Option<Arc<Lobby>>,
}

impl Tenant {
    /// A branch by id.
    #[must_use]
    pub fn branch(&self, id: &BranchId) -> Option<&BranchSetup> {
        self.branches.iter().find(|branch| branch.id == *id)
    }

    /// A branch with one of its booking systems, acting or not; `None` for a system that it does not have, and for a
    /// branch that is not served.
    #[must_use]
    pub fn system(&self, branch: &BranchId, install: &InstallId) -> Option<&BranchSetup> {
        let acting = self.branch(branch)?;
        if acting.install == *install {
            return Some(acting);
        }
        self.others.iter().find(|other| other.id == *branch && other.install == *install)
    }

    /// The branch of a booking with the system that the booking is kept at; the acting one for an account that nobody
    /// knows any more.
    #[must_use]
    pub fn home(&self, booking: &BookingRef) -> Option<&BranchSetup> {
        self.system(&booking.branch, &booking.install).or_else(|| self.branch(&booking.branch))
    }

    /// The latest swap of a branch.
    #[must_use]
    pub fn swap(&self, branch: &BranchId) -> Option<&Swap> {
        self.swaps.iter().find(|swap| swap.branch == *branch).map(AsRef::as_ref)
    }

    /// A channel by id.
    #[must_use]
    pub fn channel(&self, id: &ChannelId) -> Option<&ChannelSetup> {
        self.channels.iter().find(|channel| channel.id == *id)
    }
}

/// A branch and its booking system.
#[derive(Debug, Clone)]
pub struct BranchSetup {
    /// Which branch.
    pub id: BranchId,
    /// Which account of the booking system.
    pub install: InstallId,
    /// The booking system.
    pub backend: Arc<dyn BookingBackend>,
}

/// A number and its provider.
#[derive(Debug, Clone)]
pub struct ChannelSetup {
    /// Which channel.
    pub id: ChannelId,
    /// The provider.
    pub messenger: Arc<dyn Messenger>,
    /// Branches that clients of this number may book at.
    pub branches: Vec<BranchId>,
    /// Templates approved for this number.
    pub templates: Arc<dyn Templates>,
}

/// Why a tenant cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// There is none of that id.
    #[error("no tenant \"{0}\"")]
    Unknown(TenantId),
    /// It cannot be looked up now: try later.
    #[error("the directory is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
