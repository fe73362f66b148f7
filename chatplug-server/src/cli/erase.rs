//! `chatplug erase`: removes everything that is kept of a person, and prints the receipt.

use super::{EraseArgs, Failure, ask};
use crate::config::Environment;
use chatplug_core::ports::{Clock as _, Erasure};
use std::collections::BTreeMap;

const WORD: &str = "erase";

/// Finds the person, says what will happen, asks, erases.
pub(super) async fn run(args: EraseArgs, environment: &Environment) -> Result<(), Failure> {
    let found = args.person.find(environment).await?;
    eprintln!(
        "This removes everything that {} keeps of contact {}: name, number, conversations with all their messages,\n\
         and what is known of their bookings. An appointment of the built-in calendar stays as time that is taken,\n\
         without a trace of whose; another booking system keeps its own records, and backups keep theirs until they\n\
         are replaced. The audit keeps ids, which lead nowhere then. It cannot be undone.",
        found.tenant, found.contact,
    );
    if !args.yes && !ask::confirmed(&format!("Type {WORD} to go on:"), WORD)? {
        return Err(Failure::refused("nothing was erased"));
    }
    let erased = found.records.erase_person(found.contact, &ask::by(environment), ask::CLOCK.now()).await;
    let erased = erased.map_err(|error| found.explain(error))?;
    print_receipt(&erased);
    found.close().await;
    Ok(())
}

fn print_receipt(erasure: &Erasure) {
    println!("erased");
    print_counts("deleted", &erasure.deleted);
    print_counts("blanked", &erasure.blanked);
    if erasure.upcoming > 0 {
        let (visits, are) = if erasure.upcoming == 1 { ("appointment", "is") } else { ("appointments", "are") };
        println!(
            "{} upcoming {visits} {are} nobody's now: cancel in the calendar what shall not take place",
            erasure.upcoming
        );
    }
}

fn print_counts(what: &str, rows: &BTreeMap<String, u64>) {
    for (table, rows) in rows.iter().filter(|(_, rows)| **rows > 0) {
        println!("  {what}  {rows:>6}  {table}");
    }
}
