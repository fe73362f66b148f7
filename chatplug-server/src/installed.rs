//! Booking systems of branches that were installed while the program ran: which provider's adapter builds which.

use async_trait::async_trait;
use chatplug_core::{
    engine::BranchFactory,
    model::TenantId,
    ports::{BranchSetup, Install},
};

/// Builds them from what is kept of each: the account's id and facts, and its credentials in the vault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Installed;

#[async_trait]
impl BranchFactory for Installed {
    async fn branch(
        &self,
        _tenant: &TenantId,
        _install: &Install,
    ) -> Result<Option<BranchSetup>, Box<dyn std::error::Error + Send + Sync>> {
        // No adapter of this version takes a branch that the configuration does not name.
        Ok(None)
    }
}
