//! Booking systems of branches that are connected, or being connected.

use super::{Account, Accounts, Backends, Facts, token_name};
use chatplug_altegio::{AltegioBackend, AltegioBranch, PROVIDER};
use chatplug_core::{
    model::{BranchId, IdError, InstallId, TenantId},
    ports::{BookingBackend, BranchSetup, Clock, Install, SecretStore},
};
use secrecy::SecretString;
use std::sync::Arc;

/// Who uses tokens, for the audit.
const BY: &str = "engine";

/// Builds branches at Altegio, each with its own user's token.
#[derive(Debug)]
pub(crate) struct AltegioBranches {
    pub(crate) accounts: Accounts,
    pub(crate) secrets: Arc<dyn SecretStore>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl AltegioBranches {
    /// The booking system of a branch that is connected.
    pub(crate) async fn branch(
        &self,
        tenant: &TenantId,
        install: &Install,
    ) -> Result<BranchSetup, Box<dyn std::error::Error + Send + Sync>> {
        let account = self.accounts.named_so(&Facts::of(install).account);
        let account = account.ok_or("the account that it was connected with is not configured")?;
        let secrets = self.secrets.secrets(tenant);
        let token = secrets.credential(&token_name(install), BY, self.clock.now()).await?;
        let token = token.ok_or("its user token is not kept any more")?;
        let salon: u64 = install.external_id.parse()?;
        let (id, connection) = (install.branch.clone(), install_id(salon)?);
        let backend = backend(account, salon, &id, connection.clone(), token, self.clock.clone());
        Ok(BranchSetup { id, install: connection, backend })
    }
}

/// What reads a salon's catalogue while it is being connected.
pub(super) fn backends(clock: Arc<dyn Clock>) -> Backends {
    Arc::new(move |account, salon, branch, install, token| {
        backend(account, salon, branch, install, token, clock.clone())
    })
}

/// What a connected salon is called in references to its bookings.
pub(super) fn install_id(salon: u64) -> Result<InstallId, IdError> {
    InstallId::new(format!("{PROVIDER}-{salon}"))
}

fn backend(
    account: &Account,
    salon: u64,
    branch: &BranchId,
    install: InstallId,
    token: SecretString,
    clock: Arc<dyn Clock>,
) -> Arc<dyn BookingBackend> {
    let at = AltegioBranch::new(branch.clone(), install, salon);
    Arc::new(AltegioBackend::with_client(account.client.as_user(token), at, clock))
}
