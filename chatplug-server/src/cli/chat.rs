//! `chatplug chat`: a conversation with the made-up salon, in the terminal.
//!
//! The terminal takes the place of the simulator's page: what is typed goes the way of a webhook, choices are answered
//! by their number.

use super::{ChatArgs, Failure, demo};
use crate::{
    config::LogFormat,
    demo::{Bubble, Simulator},
    http::App,
    logging,
};
use anyhow::Context;
use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::io::{AsyncBufReadExt, BufReader};
use uuid::Uuid;

/// Whose phone the terminal is.
const CLIENT: (&str, &str) = ("351910000001", "Terminal");
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Talks until the input ends.
pub(super) async fn run(args: ChatArgs) -> Result<(), Failure> {
    logging::start(&args.log, LogFormat::Text)?;
    let is_temporary = args.db.is_none();
    let db = args.db.unwrap_or_else(temporary);
    let app = Arc::new(demo::build(&db).await?);
    let workers = tokio::spawn({
        let app = app.clone();
        async move { app.work().await }
    });
    let result = talk(&app).await;
    app.stop();
    let _ = workers.await;
    app.close().await;
    if is_temporary {
        forget(&db);
    }
    result
}

async fn talk(app: &App) -> Result<(), Failure> {
    let simulator = app.simulator().context("the demo has no simulator")?;
    let terminal = io::stdin().is_terminal();
    if terminal {
        println!("Write as a client would, in any of five languages; a choice by its number. Ctrl+D ends.\n");
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut phone = simulator.listen(CLIENT.0);
    loop {
        if terminal {
            print!("> ");
            io::stdout().flush().context("standard output")?;
        }
        let Some(line) = lines.next_line().await.context("standard input")? else { break };
        if line.trim().is_empty() {
            continue;
        }
        if !terminal {
            println!("> {line}");
        }
        simulator.say(app.webhooks(), CLIENT.0, CLIENT.1, &line).await.context("the message could not be handed in")?;
        let answered = answer(app, simulator, &mut phone);
        if tokio::time::timeout(PATIENCE, answered).await.is_err() {
            println!("  (no answer within {} seconds)", PATIENCE.as_secs());
        }
    }
    println!();
    Ok(())
}

/// Prints what comes until everything said is answered.
async fn answer(app: &App, simulator: &Simulator, phone: &mut crate::demo::Listener) {
    loop {
        // Asked before waiting: what comes after the question wakes the wait.
        let quiet = simulator.is_quiet(app.engine(), CLIENT.0).await;
        for bubble in phone.heard() {
            print_bubble(&bubble);
        }
        if quiet {
            return;
        }
        phone.wait().await;
    }
}

fn print_bubble(bubble: &Bubble) {
    println!();
    for line in bubble.text.lines() {
        println!("  {line}");
    }
    for (i, (title, description)) in bubble.choices.iter().enumerate() {
        match description {
            Some(description) => println!("  [{}] {title} ({description})", i + 1),
            None => println!("  [{}] {title}", i + 1),
        }
    }
    println!();
}

/// Where a database lies that is not kept.
pub(super) fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("chatplug-{}.sqlite", Uuid::now_v7().simple()))
}

/// Removes a temporary database with what is kept beside it.
pub(super) fn forget(db: &Path) {
    for suffix in ["", "-wal", "-shm", "-owner", ".keys", ".keys-wal", ".keys-shm", ".keys-journal", ".master-key"] {
        let mut name = db.as_os_str().to_owned();
        name.push(suffix);
        // A file that was never made need not be removed.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}
