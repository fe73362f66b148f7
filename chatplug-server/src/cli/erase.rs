//! `chatplug erase`: tells what is kept of a person, removes it when asked again, and prints the receipt.

use super::{EraseArgs, Failure, ask, person::InLobby};
use crate::config::Environment;
use chatplug_core::ports::{Clock as _, Erasure};
use std::collections::BTreeMap;

const WORD: &str = "erase";

/// Finds the person, says what will happen, asks, erases.
pub(super) async fn run(args: EraseArgs, environment: &Environment) -> Result<(), Failure> {
    let found = args.person.find(environment).await?;
    let counted = found.records.count_person(found.contact, ask::CLOCK.now()).await;
    let counted = counted.map_err(|error| found.explain(error))?;
    eprintln!(
        "This removes everything that {} keeps of contact {}: name, number, conversations with all their messages,\n\
         and what is known of their bookings. An appointment of the built-in calendar stays as time that is taken,\n\
         without a trace of whose; another booking system keeps its own records, and backups keep theirs until they\n\
         are replaced. The audit keeps ids, which lead nowhere then. It cannot be undone.",
        found.tenant, found.contact,
    );
    for (what, rows) in [("to delete", &counted.deleted), ("to blank", &counted.blanked)] {
        counts(what, rows).for_each(|line| eprintln!("{line}"));
    }
    if let Some(told) = nobody_s(counted.upcoming, "will be") {
        eprintln!("{told}");
    }
    for InLobby { tenant, .. } in &found.lobbies {
        eprintln!("The shared number {tenant} forgets them too, and asks them whom they want when they write again.");
    }
    for tenant in &found.untold {
        eprintln!(
            "note: what the shared number {tenant} keeps of them stays: erase by --phone or --user-id to reach it"
        );
    }
    if !args.yes && !ask::confirmed(&format!("Type {WORD} to go on:"), WORD)? {
        return Err(Failure::refused("nothing was erased"));
    }
    let erased = found.records.erase_person(found.contact, &ask::by(environment), ask::CLOCK.now()).await;
    let erased = erased.map_err(|error| found.explain(error))?;
    print_receipt(&erased);
    for InLobby { tenant, records, contact } in &found.lobbies {
        let erased = records.erase_person(*contact, &ask::by(environment), ask::CLOCK.now()).await;
        let erased = erased.map_err(|error| ask::explain(error, tenant))?;
        println!("erased at the shared number {tenant}");
        counts("deleted", &erased.deleted).for_each(|line| println!("{line}"));
    }
    found.close().await;
    Ok(())
}

fn print_receipt(erasure: &Erasure) {
    println!("erased");
    for (what, rows) in [("deleted", &erasure.deleted), ("blanked", &erasure.blanked)] {
        counts(what, rows).for_each(|line| println!("{line}"));
    }
    if let Some(told) = nobody_s(erasure.upcoming, if erasure.upcoming == 1 { "is" } else { "are" }) {
        println!("{told} now: cancel in the calendar what shall not take place");
    }
}

/// A line for each table.
fn counts<'a>(what: &'a str, rows: &'a BTreeMap<String, u64>) -> impl Iterator<Item = String> + 'a {
    let rows = rows.iter().filter(|(_, rows)| **rows > 0);
    rows.map(move |(table, rows)| format!("  {what}  {rows:>6}  {table}"))
}

fn nobody_s(upcoming: u64, are: &str) -> Option<String> {
    let visits = if upcoming == 1 { "appointment" } else { "appointments" };
    (upcoming > 0).then(|| format!("{upcoming} upcoming {visits} {are} nobody's"))
}
