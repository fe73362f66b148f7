//! `chatplug tenant disconnect --branch`: a branch that was connected to a booking system leaves.

use super::{DisconnectArgs, Failure, ask, read};
use crate::{
    config::Environment,
    marketplace::{Account, Facts, Installer, Owner, token_name},
    stores::Stores,
};
use anyhow::Context as _;
use chatplug_altegio::{AltegioHooks, client::http_client};
use chatplug_core::{
    model::BranchId,
    ports::{Clock as _, Install, InstallState, SystemClock},
};
use std::sync::Arc;

/// Takes a branch off.
pub(super) async fn leave(args: &DisconnectArgs, branch: &str, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let tenant = ask::listed(&config, &args.tenant)?;
    let branch = BranchId::new(branch).map_err(|error| Failure::usage(format!("error: --branch: {error}")))?;
    let by = ask::by(environment);
    let stores = ask::open(&config).await?;
    let http = http_client().context("the HTTP client")?;
    let installer = Installer::new(&config, stores.clone(), &http, Arc::new(SystemClock));
    let owner = Owner { tenant: tenant.clone(), branch };
    let install = installer.install(&owner).await.map_err(|error| ask::explain(error, &tenant))?;
    let Some(install) = install else {
        return Err(Failure::refused(format!(
            "error: branch {} of {tenant} was not connected to Altegio",
            owner.branch
        )));
    };
    if install.state == InstallState::Leaving {
        println!("branch {} of {tenant} is being removed already", owner.branch);
        return Ok(());
    }
    if !args.yes {
        let question = format!(
            "Disconnect {} ({})? Clients are offered it no more, and everything that is kept of it is removed. Type its id:",
            owner.branch, install.name
        );
        if !ask::confirmed(&question, owner.branch.as_str())? {
            return Err(Failure::refused("not disconnected"));
        }
    }
    at_altegio(&installer, &stores, &owner, &install, &by).await?;
    installer.leave(&owner, &by).await.map_err(|error| ask::explain(error, &tenant))?;
    stores.close().await;
    println!(
        "disconnected: branch {} of {tenant}; servers that run are silent about it within five seconds, and remove it",
        owner.branch
    );
    Ok(())
}

/// Has Altegio post nothing here any more, and takes the app off.
async fn at_altegio(
    installer: &Installer,
    stores: &Stores,
    owner: &Owner,
    install: &Install,
    by: &str,
) -> Result<(), Failure> {
    let facts = Facts::of(install);
    let (Some(account), Ok(salon)) = (installer.accounts.named_so(&facts.account), install.external_id.parse()) else {
        eprintln!("note: the account {} is not configured any more: Altegio is not told", facts.account);
        return Ok(());
    };
    if unregister(installer, stores, owner, install, account, salon, by).await.is_none() {
        eprintln!("note: the address that Altegio posts to could not be taken out; what comes there is ignored");
    }
    match (&account.marketplace, facts.by_app) {
        (Some(marketplace), true) => {
            marketplace.uninstall(salon).await.map_err(|error| anyhow::Error::from(error).into())
        }
        _ => Ok(()),
    }
}

async fn unregister(
    installer: &Installer,
    stores: &Stores,
    owner: &Owner,
    install: &Install,
    account: &Account,
    salon: u64,
    by: &str,
) -> Option<()> {
    let secrets = stores.secrets.secrets(&owner.tenant);
    let token = secrets.credential(&token_name(install), by, ask::CLOCK.now()).await.ok()??;
    let url = installer.accounts.webhook_url(account)?;
    AltegioHooks::new(account.client.as_user(token), salon, url).unregister().await.ok().map(drop)
}
