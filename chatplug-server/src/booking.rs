//! Booking systems of branches, built from the blocks of a configuration: the one that acts, and any other.

use crate::{
    altegio, calcom,
    config::{BookingConfig, CalcomAccount, CalcomPlace, Config, TenantConfig},
    http::AppError,
    stores::Stores,
};
use chatplug_altegio::{AltegioBackend, AltegioBranch, PROVIDER as ALTEGIO};
use chatplug_calcom::{CalcomBackend, CalcomEndpoint, PROVIDER as CALCOM};
use chatplug_calendar::Calendar;
use chatplug_core::{
    model::{BranchId, IdError, InstallId, TenantId},
    ports::{BranchSetup, Clock},
};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Builds them; what is called with one account shares its pace.
#[derive(Debug)]
pub(crate) struct Bookings<'c> {
    config: &'c Config,
    stores: Stores,
    clock: Arc<dyn Clock>,
    altegio: altegio::Accounts<'c>,
    calcom: calcom::Accounts<'c>,
}

impl<'c> Bookings<'c> {
    /// The accounts of a configuration, ready to be called with.
    pub(crate) fn new(config: &'c Config, stores: &Stores, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        let altegio = altegio::Accounts::of(config, stores)?;
        let calcom = calcom::Accounts::of(config, stores)?;
        Ok(Self { config, stores: stores.clone(), clock, altegio, calcom })
    }

    /// A branch with one of its booking systems, whether it acts or not ([`BranchConfig::blocks`]). Makes no call.
    ///
    /// [`BranchConfig::blocks`]: crate::config::BranchConfig::blocks
    pub(crate) async fn of(
        &self,
        tenant: &TenantConfig,
        branch: &BranchId,
        block: &BookingConfig,
    ) -> Result<BranchSetup, AppError> {
        let id = branch.clone();
        let install = self.install(block).map_err(|error| AppError::setup("a booking system's name", &error))?;
        match block {
            BookingConfig::Calendar(plan) => {
                let kept = self.stores.calendars.calendar(&tenant.id, &id);
                let calendar = Calendar::new(id.clone(), install.clone(), (**plan).clone(), kept, self.clock.clone());
                Ok(BranchSetup { id, install, backend: Arc::new(calendar) })
            }
            BookingConfig::Altegio(place) => {
                let client = self.altegio.client(self.config, &self.stores, &tenant.id, place, &*self.clock).await?;
                let mut at = AltegioBranch::new(id.clone(), install.clone(), place.location);
                (at.country, at.currency) = (place.country.clone(), place.currency);
                let backend = AltegioBackend::with_client(client, at, self.clock.clone());
                Ok(BranchSetup { id, install, backend: Arc::new(backend) })
            }
            BookingConfig::Calcom(place) => {
                let backend = Arc::new(self.calcom(tenant, branch, place).await?);
                Ok(BranchSetup { id, install, backend })
            }
        }
    }

    /// A branch at Cal.com, for whoever needs more of it than the port. Makes no call.
    pub(crate) async fn calcom(
        &self,
        tenant: &TenantConfig,
        branch: &BranchId,
        place: &CalcomPlace,
    ) -> Result<CalcomBackend, AppError> {
        let install = InstallId::new(self.calcom_install(place));
        let install = install.map_err(|error| AppError::setup("a booking system's name", &error))?;
        let known = (self.config, &self.stores);
        self.calcom.backend(known, (tenant, branch), place, install, &self.clock).await
    }

    /// What bookings are found by: a branch that moves to another place of a system must not take its bookings along.
    fn install(&self, block: &BookingConfig) -> Result<InstallId, IdError> {
        match block {
            BookingConfig::Calendar(_) => InstallId::new("calendar"),
            BookingConfig::Altegio(place) => InstallId::new(format!("{ALTEGIO}-{}", place.location)),
            BookingConfig::Calcom(place) => InstallId::new(self.calcom_install(place)),
        }
    }

    fn calcom_install(&self, place: &CalcomPlace) -> String {
        calcom_install(self.config.calcom.iter().find(|account| account.name == place.account), place)
    }
}

/// The server, where it is not Cal.com's own, and the team or organisation on it: its bookings have names of their own.
fn calcom_install(account: Option<&CalcomAccount>, place: &CalcomPlace) -> String {
    let mut name = CALCOM.to_owned();
    if let Some(url) = account.and_then(|account| account.base_url.as_deref()) {
        let digits: String = Sha256::digest(url).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        name.push_str(&format!("-{digits}"));
    }
    match (place.team, place.organization) {
        (Some(team), _) => name.push_str(&format!("-team-{team}")),
        (None, Some(organization)) => name.push_str(&format!("-org-{organization}")),
        (None, None) => {}
    }
    name
}

/// What a branch is called in the webhooks of Cal.com.
pub(crate) fn calcom_name(tenant: &TenantId, branch: &BranchId) -> String {
    format!("{tenant}/{branch}")
}

/// Where Cal.com posts what changes at a branch: now, and until a secret that is being changed is gone everywhere. Empty where
/// its account has no secret.
pub(crate) fn calcom_endpoints(
    config: &Config,
    place: &CalcomPlace,
    tenant: &TenantId,
    branch: &BranchId,
) -> Vec<CalcomEndpoint> {
    let account = config.calcom.iter().find(|account| account.name == place.account);
    let name = calcom_name(tenant, branch);
    let secrets = account.map(|account| account.webhook_secrets.as_slice()).unwrap_or_default();
    secrets.iter().map(|secret| CalcomEndpoint::of(secret, &name)).collect()
}
