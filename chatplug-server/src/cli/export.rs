//! `chatplug export`: everything that is kept of a person, as JSON.

use super::{ExportArgs, Failure, ask};
use crate::config::Environment;
use anyhow::Context as _;
use chatplug_core::ports::Clock as _;
use serde_json::json;
use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

/// Finds the person, and writes.
pub(super) async fn run(args: ExportArgs, environment: &Environment) -> Result<(), Failure> {
    // The file first: when it cannot be made, nobody's data was read.
    let mut out: Box<dyn Write> = match &args.out {
        Some(file) => Box::new(create(file)?),
        None => Box::new(io::stdout()),
    };
    let written = write(&args, environment, &mut *out).await;
    if let (Err(_), Some(file)) = (&written, &args.out) {
        // Made a moment ago by this very command; half an export helps nobody.
        let _ = std::fs::remove_file(file);
    }
    written
}

async fn write(args: &ExportArgs, environment: &Environment, out: &mut dyn Write) -> Result<(), Failure> {
    let found = args.person.find(environment).await?;
    let now = ask::CLOCK.now();
    let export = found.records.export_person(found.contact, &ask::by(environment), now).await;
    let export = export.map_err(|error| found.explain(error))?;
    let whole = json!({ "tenant": found.tenant, "contact": found.contact, "exported": now, "tables": export.tables });
    serde_json::to_writer_pretty(&mut *out, &whole).context("the export cannot be written")?;
    writeln!(out).and_then(|()| out.flush()).context("the export cannot be written")?;
    if let Some(file) = &args.out {
        let rows: usize = export.tables.values().map(Vec::len).sum();
        eprintln!("{rows} rows of {} tables written to {}", export.tables.len(), file.display());
    }
    found.close().await;
    Ok(())
}

/// A new file that only its owner may read.
fn create(file: &Path) -> Result<std::fs::File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Failure::usage(format!("error: {} is there already: name a new file", file.display()))
        }
        _ => Failure::usage(format!("error: {} cannot be made: {error}", file.display())),
    })
}
