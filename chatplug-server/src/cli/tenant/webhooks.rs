//! `chatplug tenant webhooks`: has Altegio tell this server of what changes at the configured locations.

use super::{Failure, WebhooksArgs, ask, read};
use crate::{altegio::Accounts, config::Environment};
use chatplug_altegio::{AltegioFinding, AltegioHooks, HookChange, HookError, HookStanding};

/// Registers, or takes off, every branch that is meant.
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
    let (mut seen, mut failed) = (0, 0);
    for tenant in config.tenants.iter().filter(|tenant| tenants.contains(&tenant.id)) {
        let meant = |id: &str| args.branch.is_empty() || args.branch.iter().any(|branch| branch == id);
        for branch in tenant.branches.iter().filter(|branch| meant(branch.id.as_str())) {
            let Some(place) = branch.altegio() else { continue };
            seen += 1;
            stores.register(&config, &tenant.id).await?;
            let client = accounts.client(&config, &stores, &tenant.id, place, &ask::CLOCK).await?;
            // The check saw to it that there is one.
            let Some(url) = accounts.webhook(place, Some(&outside)) else { continue };
            let hooks = AltegioHooks::new(client, place.location, url);
            let done = match (args.dry_run, args.remove) {
                (true, _) => hooks.standing().await.map(|standing| shown(&standing)),
                (false, false) => hooks.register().await.map(|change| told(change, "told here", "told here already")),
                (false, true) => {
                    hooks.unregister().await.map(|change| told(change, "not told here any more", "not told here"))
                }
            };
            let name = format!("{} · {} (location {})", tenant.id, branch.id, place.location);
            match done {
                Ok(words) => println!("{name}: {words}"),
                Err(error) => {
                    failed += 1;
                    println!("{name}: {}", because(&error));
                }
            }
        }
    }
    stores.close().await;
    match (seen, failed) {
        (0, _) => Err(Failure::usage("error: no branch that is meant keeps its bookings at Altegio")),
        (_, 0) => Ok(()),
        (_, _) => Err(Failure::refused(String::new())),
    }
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
