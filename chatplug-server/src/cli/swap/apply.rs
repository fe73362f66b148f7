//! `chatplug swap apply`: what is booked is moved, and the new system acts.

use super::{ApplyArgs, Failure, Old, Swapping};
use crate::{
    cli::{ask, read},
    config::Environment,
};
use chatplug_core::{
    ports::SystemClock,
    swap::{Mover, OldBooking, Receipt, Step, Summary, SwapError},
};
use std::{sync::Arc, time::Duration};

/// An answer of a booking system is waited for no longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

pub(super) async fn run(args: &ApplyArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.which.config, environment)?;
    let swapping = Swapping::open(&args.which, environment).await?;
    let mapping = swapping.mapping()?.mapping;
    let Swapping { tenant, stores, from, to, new, .. } = &swapping;
    stores.register(&config, &tenant.id).await?;
    let mover = Mover {
        store: stores.store.clone(),
        records: stores.records.clone(),
        installs: stores.installs.clone(),
        clock: Arc::new(SystemClock),
        tenant: tenant.id.clone(),
        from: from.clone(),
        to: to.clone(),
        mapping,
        pools: new.services.iter().filter(|it| it.staff.is_empty()).map(|it| it.id.clone()).collect(),
        old: match args.old {
            Old::Cancel => OldBooking::Cancel,
            Old::Keep => OldBooking::Keep,
        },
        by: ask::by(environment),
        language: tenant.policy.language,
        settle: Duration::from_secs(args.settle),
        answer_within: ANSWER_WITHIN,
    };
    println!("Branch {} of {}: from {} to {}", from.id, tenant.id, from.install, to.install);
    let mut tell = |receipt: &Receipt| {
        if !matches!(receipt.step, Step::There) {
            println!("  {receipt}");
        }
    };
    let done = match args.yes {
        true => mover.run(&mut tell).await,
        false => mover.rehearse(&mut tell).await,
    };
    let Summary { moved, there, refused, later, released } = done.map_err(|error| match error {
        SwapError::Store(error) => ask::explain(error, &tenant.id),
        error => anyhow::Error::from(error).into(),
    })?;
    stores.close().await;
    if !args.yes {
        println!("Nothing was changed. {moved} would be moved, {there} are there already, {refused} are for a person.");
        println!("With --yes they are moved, and clients book at {} from then on.", to.install);
        return Ok(());
    }
    println!("{moved} moved, {there} were there already, {released} taken off {}.", from.install);
    println!(
        "{} acts. In the configuration, `backend` of the branch may say so too; keep the block of the old system until \
         nothing of it is left.",
        to.install
    );
    match (refused, later) {
        (0, 0) => Ok(()),
        (refused, 0) => Err(Failure::refused(format!(
            "{refused} for a person: they stand where they stood. Run it again when they are seen to."
        ))),
        (refused, later) => {
            Err(Failure::refused(format!("{refused} for a person, {later} left for later: run it again.")))
        }
    }
}
