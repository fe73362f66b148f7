//! Cal.com as branches of a configuration call it: one client a credential, which shares its pace with all processes.

use crate::{
    booking,
    config::{
        CalcomAccount, CalcomEmail as EmailConfig, CalcomEventType as EventTypeConfig, CalcomPlace, Config,
        TenantConfig,
    },
    http::AppError,
    stores::Stores,
    wiring,
};
use chatplug_calcom::{
    CalcomBackend, CalcomBranch, CalcomClient, CalcomEmail, CalcomEventType, CalcomHooks, CalcomStaff,
    client::http_client,
};
use chatplug_core::{
    model::{BranchId, InstallId, TenantId},
    ports::Clock,
};
use std::{collections::BTreeMap, sync::Arc};

/// The accounts of a configuration, ready to be called with.
#[derive(Debug)]
pub(crate) struct Accounts<'c> {
    all: BTreeMap<&'c str, Account<'c>>,
    http: Option<reqwest::Client>,
}

#[derive(Debug)]
struct Account<'c> {
    config: &'c CalcomAccount,
    /// As the account's own user.
    client: Option<CalcomClient>,
}

impl<'c> Accounts<'c> {
    /// Every account; the pace is kept together with all processes on the same stores.
    pub(crate) fn of(config: &'c Config, stores: &Stores) -> Result<Self, AppError> {
        if config.calcom.is_empty() {
            return Ok(Self { all: BTreeMap::new(), http: None });
        }
        let http = http_client().map_err(|error| AppError::setup("the HTTP client", &error))?;
        let account = |account: &'c CalcomAccount| {
            let client = account
                .auth
                .clone()
                .map(|auth| CalcomClient::new(account.config(auth), http.clone()).with_limiter(stores.limiter.clone()));
            (account.name.as_str(), Account { config: account, client })
        };
        let all = config.calcom.iter().map(account).collect();
        Ok(Self { all, http: Some(http) })
    }

    /// Calls as the user of a branch, or as its account's.
    pub(crate) async fn client(
        &self,
        config: &Config,
        stores: &Stores,
        tenant: &TenantId,
        place: &CalcomPlace,
        clock: &dyn Clock,
    ) -> Result<CalcomClient, AppError> {
        // The check saw to it that it is there.
        let missing =
            || AppError::Setup { what: format!("account {}", place.account), why: "it is missing".to_owned() };
        let account = self.all.get(place.account.as_str()).ok_or_else(missing)?;
        let Some(user) = &place.user else { return account.client.clone().ok_or_else(missing) };
        let secret = wiring::secret(config, stores, tenant, user.credential(), clock).await?;
        let called = account.config.config(user.auth(secret));
        called.check().map_err(|error| AppError::setup(&format!("the user of a branch of {tenant}"), &error))?;
        let http = self.http.clone().ok_or_else(missing)?;
        Ok(CalcomClient::new(called, http).with_limiter(stores.limiter.clone()))
    }

    /// The booking system of a branch. Makes no call.
    pub(crate) async fn backend(
        &self,
        (config, stores): (&Config, &Stores),
        (tenant, branch): (&TenantConfig, &BranchId),
        place: &CalcomPlace,
        install: InstallId,
        clock: &Arc<dyn Clock>,
    ) -> Result<CalcomBackend, AppError> {
        let client = self.client(config, stores, &tenant.id, place, &**clock).await?;
        let email = match &place.email {
            EmailConfig::Ask => CalcomEmail::Ask,
            EmailConfig::PhoneOnly => CalcomEmail::PhoneOnly,
            EmailConfig::Guest { domain, secret } => CalcomEmail::Guest {
                domain: domain.clone(),
                secret: wiring::secret(config, stores, &tenant.id, secret, &**clock).await?,
            },
        };
        let name = place.name.as_ref().unwrap_or(&tenant.name);
        let mut at = CalcomBranch::new(branch.clone(), install, place.zone, place.currency)
            .in_country(place.country.as_str())
            .named(name.as_str())
            .with_email(email);
        if let Some(phone) = &place.phone {
            at = at.with_phone(phone.as_str());
        }
        if let Some(mut spot) = place.place.clone() {
            if spot.name.is_empty() {
                spot.name.clone_from(name);
            }
            at = at.at_place(spot);
        }
        if let Some(organization) = place.organization {
            at = at.of_organization(organization);
        }
        if let Some(team) = place.team {
            at = at.of_team(team);
        }
        at = place.usernames.iter().fold(at, |at, name| at.of_account(name.as_str()));
        at = place.event_types.iter().fold(at, |at, said| at.with_event_type(said.id, event_type(said)));
        for said in &place.staff {
            let mut staff = said.also.iter().fold(CalcomStaff::new(), |staff, name| staff.also(name.as_str()));
            if let Some(name) = &said.name {
                staff = staff.named(name.as_str());
            }
            if let Some(title) = &said.title {
                staff = staff.titled(title.clone());
            }
            at = at.with_staff(said.user, if said.hidden { staff.hidden() } else { staff });
        }
        if place.only_listed {
            at = at.only_listed();
        }
        Ok(CalcomBackend::with_client(client, at, clock.clone()))
    }
}

fn event_type(said: &EventTypeConfig) -> CalcomEventType {
    let mut one = said.also.iter().fold(CalcomEventType::new(), |one, word| one.also(word.as_str()));
    if let Some(name) = &said.name {
        one = one.named(name.clone());
    }
    if let Some(category) = &said.category {
        one = one.in_category(category.clone());
    }
    if let Some(price) = said.price {
        one = one.priced(price);
    }
    if let Some(service) = &said.service {
        one = one.of_service(service.as_str());
    }
    if said.hidden {
        one = one.hidden();
    }
    said.answers.iter().fold(one, |one, (slug, answer)| one.answering(slug.as_str(), answer.as_str()))
}

/// The webhooks that tell of a branch; `None` where its account has no secret.
pub(crate) fn hooks(
    config: &Config,
    client: CalcomClient,
    (tenant, branch): (&TenantId, &BranchId),
    place: &CalcomPlace,
    outside: &str,
) -> Option<CalcomHooks> {
    let endpoint = booking::calcom_endpoints(config, place, tenant, branch).into_iter().next()?;
    let owner = CalcomHooks::owner(&client, place.organization, place.team);
    // Other branches may be told by the same account: theirs are not outdated. What a branch had before is.
    let branches = config.tenants.iter().flat_map(|one| one.branches.iter().map(move |known| (&one.id, known)));
    let siblings = branches.filter(|(of, known)| *of != tenant || known.id != *branch).filter_map(|(of, known)| {
        let place = known.block(chatplug_calcom::PROVIDER)?.calcom()?;
        Some(booking::calcom_endpoints(config, place, of, &known.id))
    });
    Some(CalcomHooks::new(client, owner, endpoint, outside).beside(siblings.flatten()))
}
