//! Measures the budgets of the design: `cargo bench --bench budgets [-- webhook|step|interpret|ingest|turns|all]`.
//!
//! Prints percentiles, CPU time and memory, asserts nothing about them: a figure means something only with its machine
//! beside it. `all`, the default, gives each part a process of its own, so that memory is told apart. Databases are made
//! in the temporary folder (`TMPDIR`): point it at the disk that counts. What the figures were, and where, stands in
//! `docs/performance.md`.

#[path = "budgets/business.rs"]
mod business;
#[path = "budgets/figures.rs"]
mod figures;
#[path = "budgets/ingest.rs"]
mod ingest;
#[path = "budgets/interpret.rs"]
mod interpret;
#[path = "budgets/step.rs"]
mod step;
#[path = "budgets/turns.rs"]
mod turns;
#[path = "budgets/webhook.rs"]
mod webhook;

use anyhow::{Result, bail, ensure};

const PARTS: [&str; 5] = ["webhook", "step", "interpret", "ingest", "turns"];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let part = arguments.iter().find(|argument| !argument.starts_with('-')).map(String::as_str);
    if part.is_none() && !arguments.iter().any(|argument| argument == "--bench") {
        // A test run of all targets: nothing here is a test.
        return Ok(());
    }
    match part.unwrap_or("all") {
        "webhook" => webhook::webhook(),
        "step" => step::step(),
        "interpret" => interpret::interpret(),
        "ingest" => runtime()?.block_on(ingest::ingest()),
        "turns" => runtime()?.block_on(turns::turns()),
        "all" => {
            for part in PARTS {
                println!("\n== {part}");
                let status = std::process::Command::new(std::env::current_exe()?).arg(part).status()?;
                ensure!(status.success(), "{part} failed");
            }
            Ok(())
        }
        other => bail!("\"{other}\" is none of {PARTS:?}, all"),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
