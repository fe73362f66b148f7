//! Developers' accounts at Altegio, and the branches that book there.

use super::Credential;
use chatplug_altegio::{AltegioConfig, AltegioEndpoint};
use iso_currency::Currency;
use secrecy::SecretString;

/// A developer's account: one webhook endpoint for all its locations.
#[derive(Debug, Clone)]
pub struct AltegioAccount {
    /// What branches call it.
    pub name: String,
    /// What every request is made with.
    pub partner_token: SecretString,
    /// Whose rights a branch has that says nothing else; `None`: only the public online booking is open to it.
    pub user_token: Option<SecretString>,
    /// The account's app on the marketplace.
    pub application_id: Option<u64>,
    /// The app does not have user data transmitted, so that nothing proves that an owner comes from Altegio.
    pub unsigned_redirect: bool,
    /// Last part of its webhook's address: `/webhooks/altegio/<endpoint>`.
    pub endpoint: AltegioEndpoint,
    /// A constant word that its webhooks carry.
    pub bearer: Option<SecretString>,
    /// Another host than Altegio's, version included.
    pub base_url: Option<String>,
    /// Another host for the marketplace's calls.
    pub marketplace_url: Option<String>,
}

impl AltegioAccount {
    /// What calls are made with, as this user or, without one, as the account's own.
    #[must_use]
    pub fn config(&self, user_token: Option<SecretString>) -> AltegioConfig {
        let mut config = AltegioConfig::new(self.partner_token.clone());
        if let Some(token) = user_token.or_else(|| self.user_token.clone()) {
            config = config.with_user_token(token);
        }
        if let Some(url) = &self.base_url {
            config = config.with_base_url(url);
        }
        if let Some(url) = &self.marketplace_url {
            config = config.with_marketplace_url(url);
        }
        config
    }
}

/// A branch at Altegio.
#[derive(Debug, Clone)]
pub struct AltegioPlace {
    /// Name of the [`AltegioAccount`].
    pub account: String,
    /// Altegio's number of the location.
    pub location: u64,
    /// Whose rights it has; `None`: the account's user's.
    pub user_token: Option<Credential>,
    /// Two capital letters (ISO 3166-1), where Altegio's word for the country is not one that is known.
    pub country: Option<String>,
    /// In place of what Altegio's symbol of it is taken for.
    pub currency: Option<Currency>,
}
