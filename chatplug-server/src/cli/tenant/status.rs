//! `chatplug tenant connect status`.

use super::{Failure, StatusArgs, ask, read, run::line};
use crate::config::Environment;
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
    stores.close().await;
    if none {
        println!("no number was connected from here yet: `chatplug tenant connect meta` or `twilio` does it");
    }
    Ok(())
}

/// A call that was never answered shows at its step.
fn mark_open(view: &mut StepView, progress: &Progress) {
    let open = progress.open.as_ref().filter(|open| open.step == view.step.name);
    if let (Standing::Todo, Some(open)) = (&view.standing, open) {
        let what = format!("asked for at {}, and not answered", open.at.format("%Y-%m-%d %H:%M:%S UTC"));
        view.standing = Standing::Waiting { what, again: None };
    }
}
