//! `chatplug understand`: what messages are understood as, how well, and by which words.

mod by;

use super::{Failure, UnderstandArgs};
use crate::{config::Environment, lexicons};
use anyhow::Context;
use by::By;
use chatplug_core::{
    ports::{Clock as _, SystemClock},
    understand::{
        OfflineEngine,
        eval::{CatalogFile, FIELDS, Labels, Line, Score, explain},
    },
};
use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
};

/// Prints one prediction a line, or the table of scores with the misses.
pub(super) fn run(args: &UnderstandArgs, environment: &Environment) -> Result<(), Failure> {
    match print(args, environment) {
        Err(Stop::Printing(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(Stop::Printing(error)) => Err(anyhow::Error::from(error).context("standard output").into()),
        Err(Stop::Reading(failure)) => Err(failure),
        Ok(()) => Ok(()),
    }
}

/// Why printing ended early. A reader that has read enough (`| head`) is none to complain about.
enum Stop {
    Printing(io::Error),
    Reading(Failure),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Printing(error)
    }
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Reading(error.into())
    }
}

fn print(args: &UnderstandArgs, environment: &Environment) -> Result<(), Stop> {
    let json = fs::read_to_string(&args.catalog).map_err(|error| unreadable(&args.catalog, &error))?;
    let catalog = CatalogFile::parse(&json).with_context(|| args.catalog.display().to_string())?;
    let engine = match &args.lexicons {
        Some(folder) => lexicons::engine(folder)?,
        None => OfflineEngine::new(),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let Some(file) = &args.messages else {
        let line = Line {
            id: String::new(),
            text: args.explain.clone().unwrap_or_default(),
            now: args.now.unwrap_or_else(|| SystemClock.now().fixed_offset()),
            region: args.region.to_uppercase(),
            catalog: args.lang,
        };
        write!(out, "{}", explain(&engine, &catalog, &line).context("the catalogue")?)?;
        out.flush()?;
        return Ok(());
    };
    let by = By::new(args, engine, environment).map_err(Stop::Reading)?;
    // Who writes them one by one reads each answer before the next.
    let one_by_one = file.as_os_str() == "-";
    let messages: Box<dyn BufRead> = if one_by_one {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|error| unreadable(file, &error))?))
    };
    let mut score = Score::default();
    for (i, line) in messages.lines().enumerate() {
        let place = || format!("{}:{}", file.display(), i + 1);
        let line = line.with_context(place)?;
        if line.trim().is_empty() {
            continue;
        }
        let prediction = by.predict(&catalog, &line).with_context(place)?;
        let told = serde_json::to_string(&prediction).with_context(place)?;
        if !args.table {
            writeln!(out, "{told}")?;
            if one_by_one {
                out.flush()?;
            }
            continue;
        }
        let labels: Labels = serde_json::from_str(&line).context("the line carries no labels").with_context(place)?;
        let verdicts = prediction.verdicts(&labels);
        score.add(labels.lang, &verdicts);
        let wrong: Vec<&str> = FIELDS
            .into_iter()
            .zip(verdicts)
            .filter(|(field, right)| !right && *field != "whole")
            .map(|it| it.0)
            .collect();
        if !wrong.is_empty() {
            writeln!(
                out,
                "miss {}\n  wrong    {}\n  labelled {line}\n  read as  {told}",
                prediction.id,
                wrong.join(", ")
            )?;
        }
    }
    if args.table {
        write!(out, "\n{}", score.table())?;
    }
    out.flush()?;
    Ok(())
}

fn unreadable(file: &Path, error: &io::Error) -> Stop {
    Stop::Reading(Failure::usage(format!("error: {} cannot be read: {error}", file.display())))
}
