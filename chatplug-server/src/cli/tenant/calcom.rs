//! `chatplug tenant connect calcom`: a branch of the configuration, from its user's key to webhooks; and what `webhooks` does
//! at Cal.com.

use super::{CalcomArgs, Failure, WebhooksArgs, ask, read, webhooks::Done};
use crate::{
    booking::{self, Bookings},
    calcom,
    cli::credential::secret_of,
    config::{BookingConfig, BranchConfig, CalcomPlace, Config, Credential, Environment, TenantConfig},
};
use chatplug_calcom::{CalcomBackend, CalcomCheckup, CalcomFinding, HookChange, HookStanding, PROVIDER};
use chatplug_core::{
    checkup::Verdict,
    model::{BranchId, TenantId},
    ports::{Clock as _, SystemClock},
};
use secrecy::ExposeSecret as _;
use std::sync::Arc;

/// Connects every branch that is meant.
pub(super) async fn run(args: &CalcomArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let tenant = ask::listed(&config, &args.tenant)?;
    let Some(tenant) = config.tenants.iter().find(|known| known.id == tenant) else { return Ok(()) };
    let meant = meant(tenant, &args.branch)?;
    let stores = ask::open(&config).await?;
    // The first credential comes before the first start.
    stores.register(&config, &tenant.id).await?;
    if let Some(file) = &args.key_file {
        let name = kept_as(&meant)?;
        if args.dry_run {
            println!("would keep the key as credential \"{name}\" of {}", tenant.id);
        } else {
            let (secrets, secret) = (stores.secrets.secrets(&tenant.id), secret_of(file)?);
            let kept = secrets.put_credential(name, &secret, &ask::by(environment), ask::CLOCK.now()).await;
            kept.map_err(|error| ask::explain(error, &tenant.id))?;
            println!("kept: credential \"{name}\" of {}", tenant.id);
        }
    }
    let bookings = Bookings::new(&config, &stores, Arc::new(SystemClock))?;
    let mut fine = true;
    for (branch, place) in &meant {
        println!("{} · {}", tenant.id, branch.id);
        let backend = bookings.calcom(tenant, &branch.id, place).await?;
        fine &= connect(args, &config, (&tenant.id, &branch.id), place, backend).await;
    }
    stores.close().await;
    if args.dry_run {
        println!("nothing changed");
    }
    if fine { Ok(()) } else { Err(Failure::refused("not connected yet: run the same command again when that is done")) }
}

/// One branch, step by step; `false`: something is in the way.
async fn connect(
    args: &CalcomArgs,
    config: &Config,
    whose: (&TenantId, &BranchId),
    place: &CalcomPlace,
    backend: CalcomBackend,
) -> bool {
    let hooks = config.server.public_url.as_deref().map(|outside| {
        let hooks = calcom::hooks(config, backend.client().clone(), whose, place, outside);
        (hooks, outside)
    });
    // Whether it tells here is seen to below.
    let found = CalcomCheckup::new(backend).run(ask::CLOCK.now()).await;
    let mut fine = true;
    for finding in found.iter().filter(|finding| **finding != CalcomFinding::NoWebhookSecret) {
        fine &= finding.verdict() < Verdict::Unknown;
        tell(finding);
    }
    if !fine {
        return false;
    }
    let done = match hooks {
        None => {
            tell(&CalcomFinding::NoPublicAddress);
            return false;
        }
        Some((None, _)) => {
            tell(&CalcomFinding::NoWebhookSecret);
            return true;
        }
        Some((Some(hooks), _)) if args.dry_run => hooks.standing().await.map(|standing| standing_told(&standing)),
        Some((Some(hooks), _)) => hooks.register().await.map(|change| change_told(&change)),
    };
    match done {
        Ok(words) => println!("  {:<12} {words}", Verdict::Fine.word()),
        Err(error) => tell(&CalcomFinding::of_hooks(&error)),
    }
    true
}

fn tell(finding: &CalcomFinding) {
    println!("  {:<12} {finding}", finding.verdict().word());
    let todo = finding.todo();
    if !todo.is_empty() {
        println!("  {:<12} → {todo}", "");
    }
}

/// What `webhooks` does for a branch.
pub(super) async fn hooks(
    args: &WebhooksArgs,
    config: &Config,
    whose: (&TenantId, &BranchId),
    place: &CalcomPlace,
    (backend, outside): (&CalcomBackend, &str),
) -> Done {
    let Some(hooks) = calcom::hooks(config, backend.client().clone(), whose, place, outside) else {
        return Err(because(&CalcomFinding::NoWebhookSecret));
    };
    let done = match (args.dry_run, args.remove) {
        (true, _) => hooks.standing().await.map(|standing| standing_told(&standing)),
        (false, false) => hooks.register().await.map(|change| change_told(&change)),
        (false, true) => hooks.unregister().await.map(|change| match change.removed {
            0 => "not told here; nothing was changed".to_owned(),
            _ => format!("not told here any more{}", others(change.others)),
        }),
    };
    done.map_err(|error| because(&CalcomFinding::of_hooks(&error)))
}

/// Address and secret of a branch's webhook, for whoever enters them by hand.
pub(super) fn shown(config: &Config, whose: (&TenantId, &BranchId), place: &CalcomPlace, outside: &str) -> Done {
    let endpoints = booking::calcom_endpoints(config, place, whose.0, whose.1);
    let Some(endpoint) = endpoints.first() else { return Err(because(&CalcomFinding::NoWebhookSecret)) };
    Ok(format!(
        "in Cal.com under Settings > Developer > Webhooks, with all events of bookings, no template of its own, and\n    \
         Subscriber URL  {}\n    Secret          {}\n    Whoever has both can post here: keep them to yourself.",
        endpoint.address(outside).expose_secret(),
        endpoint.secret().expose_secret()
    ))
}

fn because(finding: &CalcomFinding) -> String {
    format!("{finding}\n    → {}", finding.todo())
}

fn change_told(change: &HookChange) -> String {
    let mut words = match change {
        change if change.is_none() => "told here already; nothing was changed".to_owned(),
        HookChange { made: 0, .. } => "told here again: what was wrong was mended".to_owned(),
        _ => "told here".to_owned(),
    };
    words.push_str(&others(change.others));
    if change.removed > 0 {
        words.push_str(&format!("; taken out, as outdated or telling twice: {}", change.removed));
    }
    if !change.unknown.is_empty() {
        words.push_str(&format!("; this server does not know, and is not asked for: {}", change.unknown.join(", ")));
    }
    words
}

fn standing_told(standing: &HookStanding) -> String {
    let here = match standing {
        standing if standing.is_well() => "told here".to_owned(),
        HookStanding { listed: 0, .. } => "not told here".to_owned(),
        HookStanding { silent: 1.., .. } => "switched off".to_owned(),
        HookStanding { unsigned: 1.., .. } => "told here, and not with our secret".to_owned(),
        HookStanding { templated: 1.., .. } => "told here, in a form of its own".to_owned(),
        HookStanding { lacking, .. } if !lacking.is_empty() => format!("told here but for {}", lacking.join(", ")),
        HookStanding { listed, wanted, .. } => format!("told here by {listed} of {wanted} event types"),
    };
    format!("{here}; other addresses: {}", standing.others)
}

fn others(kept: usize) -> String {
    if kept == 0 { String::new() } else { format!("; other addresses that were kept: {kept}") }
}

/// The branches that are meant, each with its block.
pub(super) fn meant<'c>(
    tenant: &'c TenantConfig,
    named: &[String],
) -> Result<Vec<(&'c BranchConfig, &'c CalcomPlace)>, Failure> {
    let at = |branch: &'c BranchConfig| branch.block(PROVIDER).and_then(BookingConfig::calcom);
    let all = || tenant.branches.iter().filter_map(|branch| Some((branch, at(branch)?)));
    if named.is_empty() {
        let all: Vec<_> = all().collect();
        return match all.is_empty() {
            false => Ok(all),
            true => Err(Failure::usage(format!(
                "error: no branch of {} is at Cal.com: give one a [tenant.branch.calcom] (docs/calcom.md shows its keys)",
                tenant.id
            ))),
        };
    }
    let mut meant = Vec::new();
    for name in named {
        if let Some(found) = all().find(|(branch, _)| branch.id.as_str() == name) {
            meant.push(found);
            continue;
        }
        let known = tenant.branches.iter().any(|branch| branch.id.as_str() == name);
        let hint = crate::config::suggestion(name, tenant.branches.iter().map(|branch| branch.id.as_str()));
        return Err(Failure::usage(match known {
            true => format!("error: --branch: {name} of {} has no [tenant.branch.calcom]", tenant.id),
            false => format!("error: --branch: {} has no branch `{name}`{hint}", tenant.id),
        }));
    }
    Ok(meant)
}

/// What the key of a branch is called in the database.
fn kept_as<'c>(meant: &[(&'c BranchConfig, &'c CalcomPlace)]) -> Result<&'c str, Failure> {
    let [(branch, place)] = meant else {
        return Err(Failure::usage("error: --key-file is the key of one branch: name it with --branch"));
    };
    match place.user.as_ref().map(|user| user.credential()) {
        Some(Credential::Kept(name)) => Ok(name),
        _ => Err(Failure::usage(format!(
            "error: the configuration does not say what the key is called: write api_key = {{ vault = \"calcom\" }} under \
             [tenant.branch.calcom] of {}",
            branch.id
        ))),
    }
}
