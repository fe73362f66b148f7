//! Booking systems of branches that were installed while the program ran: which provider's adapter builds which.

use crate::marketplace::AltegioBranches;
use async_trait::async_trait;
use chatplug_altegio::PROVIDER as ALTEGIO;
use chatplug_core::{
    engine::BranchFactory,
    model::TenantId,
    ports::{BranchSetup, Install},
};

/// Builds them from what is kept of each: the account's id and facts, and its credentials in the vault.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) altegio: AltegioBranches,
}

#[async_trait]
impl BranchFactory for Installed {
    async fn branch(
        &self,
        tenant: &TenantId,
        install: &Install,
    ) -> Result<Option<BranchSetup>, Box<dyn std::error::Error + Send + Sync>> {
        match install.provider.as_str() {
            ALTEGIO => self.altegio.branch(tenant, install).await.map(Some),
            _ => Ok(None),
        }
    }
}
