//! `chatplug swap plan`: what is what, with a score and a reason each.

use super::{Failure, PlanArgs, Swapping, write};
use crate::{cli::ask::CLOCK, config::Environment};
use chatplug_core::{
    ports::Clock as _,
    swap::{MappingFile, Pair, propose},
    understand::OfflineEngine,
};
use std::{fmt::Display, fs, io};

pub(super) async fn run(args: &PlanArgs, environment: &Environment) -> Result<(), Failure> {
    let swapping = Swapping::open(&args.which, environment).await?;
    let Swapping { tenant, from, to, old, new, file, .. } = &swapping;
    // Whoever edited the file should not have to look at a plan that was not written.
    let shown = file.display();
    match fs::read_to_string(file) {
        Ok(kept) if !args.force && !MappingFile::is_untouched(&kept) => {
            return Err(Failure::refused(format!(
                "error: {shown} was edited since it was written, and stays as it is; --force writes over it, --mapping \
                 names another file"
            )));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(anyhow::Error::from(error).context(shown.to_string()).into()),
    }
    let proposal = propose(old, new, &OfflineEngine::new(), CLOCK.now()).await;
    println!("Branch {} of {}: from {} to {}", from.id, tenant.id, from.install, to.install);
    told("Services", &proposal.services);
    told("People", &proposal.staff);
    let left = proposal.new_services.iter().map(|(_, name)| name);
    let left: Vec<&String> = left.chain(proposal.new_staff.iter().map(|(_, name)| name)).collect();
    if !left.is_empty() {
        println!("\nOnly at {}:", to.install);
        left.iter().for_each(|name| println!("  {name}"));
    }
    let text = MappingFile::write((&tenant.id, &from.id), (&from.install, &to.install), &proposal);
    write(file, &text)?;
    let alone = proposal.services.iter().filter(|pair| pair.partner.is_none()).count()
        + proposal.staff.iter().filter(|pair| pair.partner.is_none()).count();
    println!();
    if alone > 0 {
        println!("{alone} without a partner: bookings of theirs stay where they are, and are listed for a person.");
    }
    println!("Written to {shown}: look it over and edit it. Then: chatplug swap check");
    swapping.stores.close().await;
    Ok(())
}

fn told<Id: Display>(what: &str, pairs: &[Pair<Id>]) {
    println!("\n{what}");
    for pair in pairs {
        match (&pair.partner, &pair.why_not) {
            (Some(partner), _) => {
                println!("  {:>3} %  {}  ->  {}  ({})", partner.score, pair.name, partner.name, partner.reason);
            }
            (None, why) => println!("    --   {}  ->  no partner ({})", pair.name, why.as_deref().unwrap_or("none")),
        }
    }
}
