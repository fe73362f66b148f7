//! `chatplug key rotate`: tenant by tenant, step by step, while servers run; stopped anywhere, it is simply run again.

use super::{Failure, ask, print_masters};
use crate::{cli::serve, config::Config, stores::Stores};
use chatplug_core::{
    model::TenantId,
    ports::{Clock as _, TenantSecrets},
};
use std::{pin::Pin, time::Duration};

/// Values sealed anew in one step: short enough not to be felt beside the traffic.
const STEP: usize = 200;
/// Steps between two lines that say how far it is.
const STEPS_A_LINE: u64 = 25;

/// The exit code of a program that was interrupted.
const INTERRUPTED: u8 = 130;

type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Rotates the keys of tenants, and says which master keys are left without a use.
pub(super) async fn run(config: &Config, tenants: &[TenantId], data: bool, by: &str) -> Result<(), Failure> {
    let mut stop: Stop = Box::pin(serve::stop_signal()?);
    let stores = ask::open(config).await?;
    let rotated = rotate_all(config, &stores, tenants, data, by, &mut stop).await;
    let told = match rotated {
        Ok(()) => print_masters(config, &stores).await,
        Err(failure) => Err(failure),
    };
    stores.close().await;
    told
}

async fn rotate_all(
    config: &Config,
    stores: &Stores,
    tenants: &[TenantId],
    data: bool,
    by: &str,
    stop: &mut Stop,
) -> Result<(), Failure> {
    for tenant in tenants {
        if config.tenants.iter().any(|known| known.id == *tenant) {
            // What `seal` says now is what is stored from now on.
            stores.register(config, tenant).await?;
        }
        let secrets = stores.secrets.secrets(tenant);
        let moved = unless(stop, secrets.rewrap_keys(by, ask::CLOCK.now())).await?;
        let moved = moved.map_err(|error| ask::explain(error, tenant))?;
        match moved {
            0 => println!("{tenant}: keys are under the current master key"),
            1 => println!("{tenant}: 1 key moved to the current master key"),
            keys => println!("{tenant}: {keys} keys moved to the current master key"),
        }
        if data {
            renew(&*secrets, tenant, by, stop).await?;
        }
    }
    Ok(())
}

/// A new data key, and everything sealed anew with it.
async fn renew(secrets: &dyn TenantSecrets, tenant: &TenantId, by: &str, stop: &mut Stop) -> Result<(), Failure> {
    let version = unless(stop, secrets.renew_data_key(by, ask::CLOCK.now())).await?;
    let version = version.map_err(|error| ask::explain(error, tenant))?;
    println!("{tenant}: data key {version} seals");
    let (mut values, mut steps) = (0, 0_u64);
    loop {
        let step = unless(stop, secrets.reseal(STEP, ask::CLOCK.now())).await?;
        let step = step.map_err(|error| ask::explain(error, tenant))?;
        values += step.values;
        steps += 1;
        if step.done {
            println!("{tenant}: {values} values sealed anew; older data keys are gone");
            return Ok(());
        }
        if step.values > 0 {
            if steps.is_multiple_of(STEPS_A_LINE) {
                println!("{tenant}: {values} values sealed anew so far");
            }
            continue;
        }
        let seconds = step.wait_seconds.max(1);
        println!("{tenant}: {values} values sealed anew; {seconds} s until no process seals with an older key");
        unless(stop, tokio::time::sleep(Duration::from_secs(seconds))).await?;
    }
}

/// Does a step unless it is asked to stop. A step that was begun happens whole or not at all.
async fn unless<T>(stop: &mut Stop, step: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop => Err(Failure {
            message: "interrupted; nothing is lost: run it again to go on".to_owned(),
            code: INTERRUPTED,
        }),
        done = step => Ok(done),
    }
}
