//! Accounts at Cal.com, and the branches that book there.

use super::Credential;
use chatplug_calcom::{CalcomAuth, CalcomConfig};
use chatplug_core::model::{Localized, Place, Price};
use chrono_tz::Tz;
use iso_currency::Currency;
use secrecy::SecretString;
use std::collections::BTreeMap;

/// A server of Cal.com, and as whom its branches call that name no user of their own.
#[derive(Debug, Clone)]
pub struct CalcomAccount {
    /// What branches call it.
    pub name: String,
    /// Another server than Cal.com's own.
    pub base_url: Option<String>,
    /// As whom calls are made; `None`: every branch names its own user.
    pub auth: Option<CalcomAuth>,
    /// What the addresses of its webhooks and the keys that they are signed with are derived from: the current one, and the
    /// previous one while it is being changed. Empty: it has none, and changes are found by looking.
    pub webhook_secrets: Vec<SecretString>,
}

impl CalcomAccount {
    /// What calls are made with as this user.
    #[must_use]
    pub fn config(&self, auth: CalcomAuth) -> CalcomConfig {
        let config = CalcomConfig::new(auth);
        match &self.base_url {
            Some(url) => config.with_base_url(url),
            None => config,
        }
    }
}

/// A branch at Cal.com.
#[derive(Debug, Clone)]
pub struct CalcomPlace {
    /// Name of the [`CalcomAccount`].
    pub account: String,
    /// As whom it calls; `None`: as the account.
    pub user: Option<CalcomUser>,
    /// The organisation that it is in.
    pub organization: Option<u64>,
    /// The team whose event types are booked.
    pub team: Option<u64>,
    /// Whose personal event types are booked, where it is not the caller or not the caller alone.
    pub usernames: Vec<String>,
    /// Name as clients know it; `None`: the tenant's.
    pub name: Option<String>,
    /// Its zone.
    pub zone: Tz,
    /// Two capital letters (ISO 3166-1).
    pub country: String,
    /// Of its prices.
    pub currency: Currency,
    /// For people to call, as printed.
    pub phone: Option<String>,
    /// Where it is; its name is empty where it has that of the branch.
    pub place: Option<Place>,
    /// What is given as a client's e-mail address.
    pub email: CalcomEmail,
    /// Only event types of the list are booked.
    pub only_listed: bool,
    /// What event types are here.
    pub event_types: Vec<CalcomEventType>,
    /// What users are here.
    pub staff: Vec<CalcomStaff>,
}

/// As whom a branch calls.
#[derive(Debug, Clone)]
pub enum CalcomUser {
    /// A user's API key.
    ApiKey(Credential),
    /// A user's access token.
    AccessToken(Credential),
}

impl CalcomUser {
    /// The credential itself.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        match self {
            Self::ApiKey(credential) | Self::AccessToken(credential) => credential,
        }
    }

    /// Fits the secret to what it is.
    #[must_use]
    pub fn auth(&self, secret: SecretString) -> CalcomAuth {
        match self {
            Self::ApiKey(_) => CalcomAuth::ApiKey(secret),
            Self::AccessToken(_) => CalcomAuth::AccessToken(secret),
        }
    }
}

/// What is given as a client's e-mail address, which most event types demand.
#[derive(Debug, Clone)]
pub enum CalcomEmail {
    /// The client is asked.
    Ask,
    /// An address of the business's own.
    Guest {
        /// What stands behind the `@`.
        domain: String,
        /// What makes the part before it: the same for a client always.
        secret: Credential,
    },
    /// None: the event types do without.
    PhoneOnly,
}

/// What an event type is here.
#[derive(Debug, Clone, PartialEq)]
pub struct CalcomEventType {
    /// Cal.com's id of it.
    pub id: u64,
    /// In place of its title.
    pub name: Option<Localized>,
    /// Other words that clients use for it.
    pub also: Vec<String>,
    /// Group to show it under.
    pub category: Option<Localized>,
    /// What it costs: Cal.com knows prices only that it collects itself.
    pub price: Option<Price>,
    /// Not offered here.
    pub hidden: bool,
    /// Event types with the same word are one service, done by different people.
    pub service: Option<String>,
    /// Answers to fields that it asks of every attendee and that a chat does not, by the field's slug.
    pub answers: BTreeMap<String, String>,
}

/// What a user is here.
#[derive(Debug, Clone, PartialEq)]
pub struct CalcomStaff {
    /// Cal.com's id of the user.
    pub user: u64,
    /// In place of the name there.
    pub name: Option<String>,
    /// Other spellings.
    pub also: Vec<String>,
    /// What they do.
    pub title: Option<Localized>,
    /// Not offered by name.
    pub hidden: bool,
}
