//! `chatplug swap check`: whether the new system is fit, and how what both offer differs.

use super::{CheckArgs, Failure, Swapping};
use crate::{cli::ask::CLOCK, config::Environment};
use anyhow::Context as _;
use chatplug_core::{
    model::{Booking, DateRange},
    ports::{BookingFilter, BranchSetup, Clock as _},
    swap::{Comparison, DayDifference, compare, key_of, soundness},
};
use chrono::{DateTime, Days, NaiveTime, Utc};
use std::collections::BTreeSet;

/// Times named of a day; the rest is counted.
const NAMED: usize = 6;

pub(super) async fn run(args: &CheckArgs, environment: &Environment) -> Result<(), Failure> {
    let swapping = Swapping::open(&args.which, environment).await?;
    let mapping = swapping.mapping()?.mapping;
    let Swapping { from, to, old, new, .. } = &swapping;
    let now = CLOCK.now();
    let first = now.with_timezone(&new.branch.zone).date_naive();
    let last = first.checked_add_days(Days::new(u64::from(args.days) - 1)).unwrap_or(first);
    let days = DateRange { from: first, to: last };
    let mut broken = 0;
    for (setup, acts) in [(to, "the new system"), (from, "the old system")] {
        println!("{} ({acts})", setup.install);
        let promises = soundness(&*setup.backend, &setup.id, days, now).await;
        for promise in promises.with_context(|| setup.install.to_string())? {
            match &promise.broken {
                None => println!("  ok      {}", promise.name),
                Some(why) => {
                    // What the old one lacks is no reason to stay.
                    broken += usize::from(setup.install == to.install);
                    println!("  BROKEN  {}: {why}", promise.name);
                }
            }
        }
    }
    if old.branch.zone != new.branch.zone {
        broken += 1;
        println!("  BROKEN  the branch is in {} there, and in {} here", new.branch.zone, old.branch.zone);
    }
    let (can, could) = (to.backend.capabilities(), from.backend.capabilities());
    for (had, has, what) in [
        (could.moves_in_place, can.moves_in_place, "move a booking in place: one is made and the old one cancelled"),
        (could.confirms_visits, can.confirms_visits, "keep that a client will come: we keep it"),
        (could.max_services > 1, can.max_services > 1, "book several services at once"),
        (could.max_party > 1, can.max_party > 1, "book for several people"),
        (could.ratings, can.ratings, "tell ratings of people"),
    ] {
        if had && !has {
            println!("  note    {} cannot {what}", to.install);
        }
    }
    if can.needs_approval && !could.needs_approval {
        println!("  note    new bookings at {} may wait for the business's approval", to.install);
    }
    println!("\nFree times from {first} to {last}, for anybody");
    let compared = compare(&to.id, (&*from.backend, old), (&*to.backend, new), &mapping, days).await;
    compared.iter().for_each(|one| told(one, (from, to)));
    let left = old.services.iter().filter(|service| !mapping.services.contains_key(&service.id));
    left.for_each(|service| println!("  {}: no partner, not compared", service.name.main));
    let (here, there) = (standing(from, now).await?, standing(to, now).await?);
    let made: BTreeSet<_> = there.iter().filter_map(|booking| booking.made_by).collect();
    let moved = here.iter().filter(|booking| made.contains(&key_of(&booking.reference, &to.install))).count();
    println!("\nFuture bookings: {} at {}, of which {moved} stand at {} too", here.len(), from.install, to.install);
    swapping.stores.close().await;
    match broken {
        0 => {
            println!("Nothing stands in the way. Then: chatplug swap apply (without --yes it changes nothing)");
            Ok(())
        }
        _ => {
            Err(Failure::refused(format!("{broken} promises of {} are broken: mend them before you apply", to.install)))
        }
    }
}

async fn standing(setup: &BranchSetup, now: DateTime<Utc>) -> Result<Vec<Booking>, Failure> {
    let ahead = BookingFilter { from: Some(now), ..BookingFilter::at(setup.id.clone()) };
    let found = setup.backend.find(&ahead).await.with_context(|| setup.install.to_string())?;
    Ok(found.into_iter().filter(|booking| booking.is_upcoming(now)).collect())
}

fn told(one: &Comparison, (from, to): (&BranchSetup, &BranchSetup)) {
    let Comparison { name, name_there, minutes, both, differs, .. } = one;
    let name = if name == name_there { name.clone() } else { format!("{name} / {name_there}") };
    let differs = match differs {
        Ok(differs) => differs,
        Err(error) => return println!("  {name}: not compared: {error}"),
    };
    if minutes.0 != minutes.1 {
        println!("  {name}: takes {} min at {}, {} min at {}", minutes.0, from.install, minutes.1, to.install);
    }
    if differs.is_empty() {
        return println!("  {name}: the same, {both} times");
    }
    println!("  {name}: {both} times the same; {} days differ:", differs.len());
    for DayDifference { day, only_from, only_to } in differs {
        let only = |times: &[NaiveTime], setup: &BranchSetup| {
            (!times.is_empty()).then(|| format!("only at {}: {}", setup.install, begins(times)))
        };
        let parts: Vec<String> = only(only_from, from).into_iter().chain(only(only_to, to)).collect();
        println!("    {}  {}", day.format("%a %d %b"), parts.join("; "));
    }
}

fn begins(times: &[NaiveTime]) -> String {
    let named: Vec<String> = times.iter().take(NAMED).map(|time| time.format("%H:%M").to_string()).collect();
    match times.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", named.join(", ")),
        _ => named.join(", "),
    }
}
