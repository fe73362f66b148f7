//! `chatplug tenant connect status`.

use super::{Failure, StatusArgs, ask, read, run::line};
use crate::{config::Environment, marketplace::Facts};
use chatplug_altegio::marketplace::install::STEPS as ALTEGIO;
use chatplug_core::{model::TenantId, ports::Install};
use chatplug_whatsapp::{
    meta::{self, provision::STEPS as META},
    provision::{Progress, Standing, StepView},
    twilio::provision::STEPS as TWILIO,
};

/// Tells how far each connection has come.
pub(super) async fn run(args: &StatusArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let tenants = ask::tenants(&config, &args.tenant)?;
    let stores = ask::open(&config).await?;
    let mut none = true;
    for tenant in &tenants {
        let all = stores.connections.connections(tenant).all_connections().await;
        for connection in all.map_err(|error| ask::explain(error, tenant))? {
            none = false;
            let Ok(progress) = serde_json::from_value::<Progress>(connection.progress) else {
                println!("{tenant}  {}  written by another version of chatplug", connection.channel);
                continue;
            };
            let steps = if progress.provider == meta::PROVIDER { META } else { TWILIO };
            let changed = connection.changed.format("%Y-%m-%d %H:%M UTC");
            let word = if progress.is_complete(steps) { "connected" } else { "not connected yet" };
            println!("{tenant}  {}  {}: {word} ({changed})", connection.channel, progress.provider);
            for (name, value) in &progress.known {
                println!("    {name} {value}");
            }
            for mut view in progress.views(steps) {
                mark_open(&mut view, &progress);
                println!("    {}", line(&view));
            }
        }
    }
    for tenant in &tenants {
        let all = stores.installs.installs(tenant).all_installs().await;
        for install in all.map_err(|error| ask::explain(error, tenant))? {
            none = false;
            at_booking_system(tenant, &install);
        }
    }
    stores.close().await;
    if none {
        println!("no number was connected from here yet: `chatplug tenant connect meta` or `twilio` does it");
    }
    Ok(())
}

/// A branch that was connected to a booking system.
fn at_booking_system(tenant: &TenantId, install: &Install) {
    let facts = Facts::of(install);
    let changed = install.changed.format("%Y-%m-%d %H:%M UTC");
    println!(
        "{tenant}  {}  {} {}: {} ({changed})",
        install.branch, install.provider, install.external_id, install.state
    );
    if install.provider != chatplug_altegio::PROVIDER {
        return;
    }
    for mut view in facts.progress.views(ALTEGIO) {
        if let Some(shown) = facts.shown.as_ref().filter(|shown| shown.step == view.step.name) {
            let what = shown.what.clone();
            view.standing = match shown.waits {
                true => Standing::Waiting { what, again: facts.next },
                false => Standing::Failed { what, code: None },
            };
        }
        println!("    {}", line(&view));
    }
}

/// A call that was never answered shows at its step.
fn mark_open(view: &mut StepView, progress: &Progress) {
    let open = progress.open.as_ref().filter(|open| open.step == view.step.name);
    if let (Standing::Todo, Some(open)) = (&view.standing, open) {
        let what = format!("asked for at {}, and not answered", open.at.format("%Y-%m-%d %H:%M:%S UTC"));
        view.standing = Standing::Waiting { what, again: None };
    }
}
