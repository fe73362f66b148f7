//! Tenants, their branches, channels and routes.

use super::db::{Db, ROUTE_TAKEN, Refused, again, ask, code, statements, unavailable};
use chatplug_core::{
    model::TenantId,
    ports::{StoreError, TenantSetup},
};

statements! {
    REGISTER = "SELECT chatplug.register($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

/// Makes a tenant known, or brings it up to date.
pub(super) async fn register(db: &Db, tenant: &TenantId, setup: &TenantSetup) -> Result<(), StoreError> {
    let TenantSetup { name, branches, channels, routes, sealed } = setup;
    let branches: Vec<&str> = branches.iter().map(|branch| branch.as_str()).collect();
    let channels: Vec<&str> = channels.iter().map(|channel| channel.as_str()).collect();
    let providers: Vec<&str> = routes.iter().map(|(provider, ..)| provider.as_str()).collect();
    let addresses: Vec<&str> = routes.iter().map(|(_, address, _)| address.as_str()).collect();
    let to_channels: Vec<Option<&str>> =
        routes.iter().map(|(.., route)| route.channel.as_ref().map(|channel| channel.as_str())).collect();
    let to_branches: Vec<Option<&str>> =
        routes.iter().map(|(.., route)| route.branch.as_ref().map(|branch| branch.as_str())).collect();
    let registered = again!(
        db.row(ask!(
            REGISTER,
            tenant.as_str(),
            super::db::word(name),
            *sealed,
            &branches,
            &channels,
            &providers,
            &addresses,
            &to_channels,
            &to_branches
        ))
        .await
    );
    match registered {
        Ok(_) => Ok(()),
        Err(error) if code(&error).as_deref() == Some(ROUTE_TAKEN) => Err(taken(setup, error)),
        Err(error) => Err(error),
    }
}

/// The address that is somebody else's.
fn taken(setup: &TenantSetup, error: StoreError) -> StoreError {
    let StoreError::Unavailable { source } = &error else { return error };
    let place = source.downcast_ref::<Refused>().and_then(|refused| refused.place.as_ref()?.parse::<usize>().ok());
    match place.and_then(|place| setup.routes.get(place.checked_sub(1)?)) {
        Some((provider, external_id, _)) => {
            StoreError::RouteTaken { provider: provider.clone(), external_id: external_id.clone() }
        }
        None => unavailable("an address is taken"),
    }
}
