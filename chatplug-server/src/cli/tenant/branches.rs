//! `chatplug tenant branches` and `chatplug tenant remove-branch`: branches that were installed, and taking one off for good.

use super::{BranchesArgs, Failure, RemoveBranchArgs, ask, read};
use crate::config::{Config, Environment};
use chatplug_core::{
    model::{BranchId, TenantId},
    ports::{BranchPurge, Clock as _, Install, InstallState, InstallStore, Purge, SaveInstall},
};
use chrono::TimeDelta;
use serde_json::json;
use std::time::Duration;

/// What servers on the same database need to hear of it.
const HEARD: TimeDelta = TimeDelta::seconds(5);

/// Lists the branches of tenants, each with how it stands.
pub(super) async fn list(args: &BranchesArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let stores = ask::open(&config).await?;
    for tenant in ask::tenants(&config, &args.tenant)? {
        let installs = stores.installs.installs(&tenant).all_installs().await;
        let installs = installs.map_err(|error| ask::explain(error, &tenant))?;
        println!("{tenant}");
        for branch in configured(&config, &tenant) {
            if !installs.iter().any(|install| install.branch == branch) {
                println!("  {branch:<24} configured");
            }
        }
        for install in &installs {
            let Install { branch, state, provider, external_id, name, .. } = install;
            println!("  {branch:<24} {state:<10} {provider} {external_id}  {name}");
        }
    }
    stores.close().await;
    Ok(())
}

fn configured(config: &Config, tenant: &TenantId) -> Vec<BranchId> {
    let tenant = config.tenants.iter().find(|known| known.id == *tenant);
    tenant.map(|tenant| tenant.branches.iter().map(|branch| branch.id.clone()).collect()).unwrap_or_default()
}

/// Takes a branch off, with everything that is kept of it.
pub(super) async fn remove(args: &RemoveBranchArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let tenant = ask::listed(&config, &args.tenant)?;
    let branch = BranchId::new(&args.branch).map_err(|error| Failure::usage(format!("error: --branch: {error}")))?;
    let stores = ask::open(&config).await?;
    let explain = |error| ask::explain(error, &tenant);
    let installs = stores.installs.installs(&tenant);
    let all = installs.all_installs().await.map_err(explain)?;
    let Some(install) = all.iter().find(|install| install.branch == branch) else {
        return Err(Failure::refused(format!(
            "error: branch {branch} of {tenant} is not installed; one of the configuration is taken out of the file, and \
             `chatplug tenant branches` lists the others"
        )));
    };
    let stays = |other: &&Install| other.branch != branch && other.state != InstallState::Leaving;
    let last = all.iter().find(stays).is_none() && configured(&config, &tenant).iter().all(|other| *other == branch);
    let people = if last {
        "It is the last branch: everything of every client goes."
    } else {
        "Clients who know this branch alone go wholly; of the others goes what is of this branch."
    };
    eprintln!(
        "This takes {branch} ({} {}, {}) off {tenant}: its bookings, reminders, messages, credentials and the record of it.\n\
         {people} The booking system keeps its own records. It cannot be undone.",
        install.provider, install.external_id, install.name,
    );
    if !args.yes && !ask::confirmed("Type the branch's id to go on:", branch.as_str())? {
        return Err(Failure::refused("nothing was removed"));
    }
    let by = ask::by(environment);
    if install.state != InstallState::Leaving {
        leave(&*stores.installs, &tenant, install, &by).await.map_err(explain)?;
        // Servers hear of it first, so that nobody begins anything there any more.
        tokio::time::sleep(HEARD.to_std().unwrap_or_default()).await;
    }
    let records = stores.records.records(&tenant);
    for left in (0..args.wait.max(1)).rev() {
        let purge = BranchPurge { branch: branch.clone(), last, by: by.clone(), now: ask::CLOCK.now() };
        match records.purge_branch(&purge).await {
            Ok(Purge::Done { removed }) => {
                println!("removed: branch {branch} of {tenant}");
                removed.iter().for_each(|(table, rows)| println!("  deleted  {rows:>6}  {table}"));
                stores.close().await;
                return Ok(());
            }
            Ok(Purge::Busy { .. }) if left > 0 => tokio::time::sleep(Duration::from_secs(1)).await,
            Ok(Purge::Busy { people }) => {
                return Err(Failure::refused(format!(
                    "error: something of {people} of its clients is still under way; servers go on with it, or run this again"
                )));
            }
            Err(chatplug_core::ports::StoreError::NotFound { .. }) => {
                println!(
                    "removed: branch {branch} of {tenant}, by a server on the same database; the audit has the receipt"
                );
                return Ok(());
            }
            Err(error) => return Err(explain(error)),
        }
    }
    Ok(())
}

async fn leave(
    installs: &dyn InstallStore,
    tenant: &TenantId,
    install: &Install,
    by: &str,
) -> Result<(), chatplug_core::ports::StoreError> {
    let installs = installs.installs(tenant);
    let mut install = install.clone();
    loop {
        install.state = InstallState::Leaving;
        install.changed = ask::CLOCK.now();
        let save = SaveInstall { install: install.clone(), by: by.to_owned(), detail: json!({}) };
        if installs.save_install(save).await?.is_some() {
            return Ok(());
        }
        // Somebody changed it meanwhile.
        match installs.install(&install.branch).await? {
            Some(newer) if newer.state != InstallState::Leaving => install = newer,
            _ => return Ok(()),
        }
    }
}
