//! Altegio as branches of a configuration call it: one client an account, so that its branches share pace and circuit.

use crate::{
    config::{AltegioAccount, AltegioPlace, Config},
    http::AppError,
    stores::Stores,
    wiring,
};
use chatplug_altegio::{AltegioClient, client::http_client};
use chatplug_core::{model::TenantId, ports::Clock};
use secrecy::SecretString;
use std::collections::BTreeMap;

/// The accounts of a configuration, ready to be called with.
#[derive(Debug)]
pub(crate) struct Accounts<'c>(BTreeMap<&'c str, (&'c AltegioAccount, AltegioClient)>);

impl<'c> Accounts<'c> {
    /// Every account; the pace is kept together with all processes on the same stores.
    pub(crate) fn of(config: &'c Config, stores: &Stores) -> Result<Self, AppError> {
        if config.altegio.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let http = http_client().map_err(|error| AppError::setup("the HTTP client", &error))?;
        let client = |account: &AltegioAccount| {
            AltegioClient::new(account.config(None), http.clone()).with_limiter(stores.limiter.clone())
        };
        Ok(Self(config.altegio.iter().map(|one| (one.name.as_str(), (one, client(one)))).collect()))
    }

    /// Calls as the user of a branch, or as its account's.
    pub(crate) async fn client(
        &self,
        config: &Config,
        stores: &Stores,
        tenant: &TenantId,
        place: &AltegioPlace,
        clock: &dyn Clock,
    ) -> Result<AltegioClient, AppError> {
        // The check saw to it that it is there.
        let missing =
            || AppError::Setup { what: format!("account {}", place.account), why: "it is missing".to_owned() };
        let (_, client) = self.0.get(place.account.as_str()).ok_or_else(missing)?;
        Ok(match &place.user_token {
            Some(token) => client.as_user(wiring::secret(config, stores, tenant, token, clock).await?),
            None => client.clone(),
        })
    }

    /// Where the locations of an account are to post their changes; a secret.
    pub(crate) fn webhook(&self, place: &AltegioPlace, public_url: Option<&str>) -> Option<SecretString> {
        let (account, _) = self.0.get(place.account.as_str())?;
        public_url.map(|outside| account.endpoint.address(outside))
    }
}
