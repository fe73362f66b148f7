//! A person of a tenant, as a command names them.

use super::{Failure, ask};
use crate::{
    config::{Config, Environment, TenantConfig},
    stores::Stores,
};
use chatplug_core::{
    model::{ChannelUser, ContactId, Phone, Private, TenantId},
    ports::{StoreError, TenantRecords},
};
use std::{path::PathBuf, sync::Arc};

/// Whom a command is about.
#[derive(Debug, Clone, clap::Args)]
pub struct PersonArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose client they are
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// How they are known.
    #[command(flatten)]
    pub known: KnownBy,
}

/// By what a person is found: exactly one.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub struct KnownBy {
    /// Their number with the country code
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// WhatsApp's id of them at this business, where it shows no number
    #[arg(long, value_name = "ID")]
    pub user_id: Option<String>,
    /// Our id of them, as audit and logs have it
    #[arg(long, value_name = "ID")]
    pub contact: Option<String>,
}

/// A person that was found, with the records to act on.
pub(super) struct Found {
    pub(super) stores: Stores,
    pub(super) tenant: TenantId,
    pub(super) records: Arc<dyn TenantRecords>,
    pub(super) contact: ContactId,
    /// The lobbies of shared numbers that the tenant is on: what they keep of the person is about this tenant, too.
    pub(super) lobbies: Vec<InLobby>,
    /// There are lobbies, and who is meant there cannot be told by our id.
    pub(super) untold: Vec<TenantId>,
}

/// A person as a lobby knows them.
pub(super) struct InLobby {
    pub(super) tenant: TenantId,
    pub(super) records: Arc<dyn TenantRecords>,
    pub(super) contact: ContactId,
}

impl PersonArgs {
    /// Opens the database and finds the person.
    pub(super) async fn find(&self, environment: &Environment) -> Result<Found, Failure> {
        let config: Config = super::read(&self.config, environment)?;
        let tenant = ask::tenant(&config, &self.tenant)?;
        let wanted = self.wanted()?;
        let stores = ask::open(&config).await?;
        let records = stores.records.records(&tenant);
        let shared = |known: &&TenantConfig| known.lobby.as_ref().is_some_and(|lobby| lobby.member(&tenant).is_some());
        let shared: Vec<TenantId> = config.tenants.iter().filter(shared).map(|known| known.id.clone()).collect();
        let (mut lobbies, mut untold) = (Vec::new(), Vec::new());
        let contact = match wanted {
            Wanted::Contact(contact) => {
                untold = shared;
                contact
            }
            Wanted::User(user) => {
                let found = records.find_person(&user).await.map_err(|error| ask::explain(error, &tenant))?;
                let Some(contact) = found else { return Err(nobody(&tenant)) };
                for tenant in shared {
                    let records = stores.records.records(&tenant);
                    let found = records.find_person(&user).await.map_err(|error| ask::explain(error, &tenant))?;
                    lobbies.extend(found.map(|contact| InLobby { tenant, records, contact }));
                }
                contact
            }
        };
        Ok(Found { stores, tenant, records, contact, lobbies, untold })
    }

    fn wanted(&self) -> Result<Wanted, Failure> {
        let KnownBy { phone, user_id, contact } = &self.known;
        if let Some(phone) = phone {
            // As people write it, `+44 (0)7400 …`, or as the channel does, without a plus sign.
            let phone = Phone::written(phone, "").or_else(|_| phone.parse());
            let phone = phone.map_err(|error| Failure::usage(format!("error: --phone: {error}")))?;
            return Ok(Wanted::User(ChannelUser { phone: Some(phone), user_id: None }));
        }
        if let Some(id) = user_id {
            return Ok(Wanted::User(ChannelUser { phone: None, user_id: Some(Private::new(id.clone())) }));
        }
        let contact = contact.as_deref().unwrap_or_default();
        let contact = contact.parse().map_err(|error| Failure::usage(format!("error: --contact: {error}")))?;
        Ok(Wanted::Contact(contact))
    }
}

enum Wanted {
    User(ChannelUser),
    Contact(ContactId),
}

impl Found {
    /// Ends with the database in good order.
    pub(super) async fn close(self) {
        self.stores.close().await;
    }

    /// What a failure means.
    pub(super) fn explain(&self, error: StoreError) -> Failure {
        match error {
            StoreError::NotFound { .. } => nobody(&self.tenant),
            error => ask::explain(error, &self.tenant),
        }
    }
}

fn nobody(tenant: &TenantId) -> Failure {
    Failure::refused(format!("error: {tenant} keeps nothing of this person: never known, or erased"))
}
