//! `chatplug tenant webhooks`: has Altegio and Cal.com tell this server of what changes at the configured branches.

use super::{Failure, WebhooksArgs, ask, calcom, read};
use crate::{
    altegio::Accounts,
    booking::Bookings,
    config::{AltegioPlace, BookingConfig, BranchConfig, Environment, TenantConfig},
};
use chatplug_altegio::{AltegioFinding, AltegioHooks, HookChange, HookError, HookStanding};
use chatplug_core::ports::SystemClock;
use std::sync::Arc;

/// What came of one branch: words, and whether they are good.
pub(super) type Done = Result<String, String>;

/// Registers, or takes off, every branch that is meant; those that do not act as well, which are about to, or did once.
pub(super) async fn run(args: &WebhooksArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let tenants = ask::tenants(&config, &args.tenant)?;
    let Some(outside) = config.server.public_url.clone() else {
        return Err(Failure::usage(
            "error: it is not configured how the world reaches this server: write public_url under [server]",
        ));
    };
    let stores = ask::open(&config).await?;
    let accounts = Accounts::of(&config, &stores)?;
    let bookings = Bookings::new(&config, &stores, Arc::new(SystemClock))?;
    let (mut seen, mut failed) = (0, 0);
    for tenant in config.tenants.iter().filter(|tenant| tenants.contains(&tenant.id)) {
        let meant = |id: &str| args.branch.is_empty() || args.branch.iter().any(|branch| branch == id);
        for branch in tenant.branches.iter().filter(|branch| meant(branch.id.as_str())) {
            for block in branch.blocks() {
                let name = named(tenant, branch, block);
                let done = match block {
                    BookingConfig::Calendar(_) => continue,
                    BookingConfig::Altegio(place) => {
                        stores.register(&config, &tenant.id).await?;
                        let client = accounts.client(&config, &stores, &tenant.id, place, &ask::CLOCK).await?;
                        // The check saw to it that there is one.
                        let Some(url) = accounts.webhook(place, Some(&outside)) else { continue };
                        altegio(args, &AltegioHooks::new(client, place.location, url)).await
                    }
                    BookingConfig::Calcom(place) if args.show => {
                        calcom::shown(&config, (&tenant.id, &branch.id), place, &outside)
                    }
                    BookingConfig::Calcom(place) => {
                        stores.register(&config, &tenant.id).await?;
                        let backend = bookings.calcom(tenant, &branch.id, place).await?;
                        calcom::hooks(args, &config, (&tenant.id, &branch.id), place, (&backend, &outside)).await
                    }
                };
                seen += 1;
                match done {
                    Ok(words) => println!("{name}: {words}"),
                    Err(words) => {
                        failed += 1;
                        println!("{name}: {words}");
                    }
                }
            }
        }
    }
    stores.close().await;
    match (seen, failed) {
        (0, _) => Err(Failure::usage("error: no branch that is meant keeps its bookings at Altegio or Cal.com")),
        (_, 0) => Ok(()),
        (_, _) => Err(Failure::refused(String::new())),
    }
}

/// Whose branch, and what it is there.
fn named(tenant: &TenantConfig, branch: &BranchConfig, block: &BookingConfig) -> String {
    match block {
        BookingConfig::Altegio(AltegioPlace { location, .. }) => {
            format!("{} · {} (location {location})", tenant.id, branch.id)
        }
        _ => format!("{} · {} ({})", tenant.id, branch.id, block.backend()),
    }
}

async fn altegio(args: &WebhooksArgs, hooks: &AltegioHooks) -> Done {
    let done = match (args.dry_run || args.show, args.remove) {
        (true, _) => hooks.standing().await.map(|standing| shown(&standing)),
        (false, false) => hooks.register().await.map(|change| told(change, "told here", "told here already")),
        (false, true) => hooks.unregister().await.map(|change| told(change, "not told here any more", "not told here")),
    };
    done.map_err(|error| because(&error))
}

fn told(change: HookChange, written: &str, already: &str) -> String {
    match change {
        HookChange::Already => format!("{already}; nothing was changed"),
        HookChange::Written { kept: 0 } => written.to_owned(),
        HookChange::Written { kept } => format!("{written}; other addresses that were kept: {kept}"),
        HookChange::Silenced => {
            "nothing is sent any more; the address stays in Altegio's list, which takes no empty one".to_owned()
        }
        _ => String::new(),
    }
}

fn shown(standing: &HookStanding) -> String {
    let here = match standing {
        standing if standing.is_well() => "told here".to_owned(),
        HookStanding { listed: true, active: true, lacking, .. } => format!("told here but for {}", lacking.join(", ")),
        HookStanding { listed: true, .. } => "switched off".to_owned(),
        _ => "not told here".to_owned(),
    };
    format!("{here}; other addresses: {}", standing.others)
}

fn because(error: &HookError) -> String {
    let finding = AltegioFinding::of_hooks(error);
    format!("{finding}\n    → {}", finding.todo())
}
