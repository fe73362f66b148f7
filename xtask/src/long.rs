//! Tests that take as long as they are told to: they live in `tests/it`, this starts them with their numbers.

use anyhow::{Result, ensure};
use clap::Args;
use tokio::process::Command;

/// Options of `kill`.
#[derive(Debug, Args)]
pub(crate) struct Kill {
    /// How many runs: one process dies in each
    #[arg(long, default_value_t = 1000)]
    runs: u64,
    /// What they are chosen by; the same seed, the same runs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Databases with their processes at a time
    #[arg(long, default_value_t = 4)]
    lanes: u64,
    /// Play this one run alone, by the name that a failure gave
    #[arg(long, conflicts_with_all = ["runs", "seed"])]
    run: Option<String>,
    /// Build everything for release
    #[arg(long)]
    release: bool,
}

/// Options of `resume`.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// Conversations with an open turn when their process is killed
    #[arg(long, default_value_t = 1000)]
    conversations: u64,
    /// Build everything for release
    #[arg(long)]
    release: bool,
}

/// Kills the server again and again and prints what became of it.
pub(crate) async fn kill(options: Kill) -> Result<()> {
    let mut numbers = vec![
        ("KILL_RUNS", options.runs.to_string()),
        ("KILL_SEED", options.seed.to_string()),
        ("KILL_LANES", options.lanes.to_string()),
    ];
    numbers.extend(options.run.map(|run| ("KILL_RUN", run)));
    play("kill::long", &numbers, options.release).await
}

/// Kills the server in the middle of many turns and prints how soon they are resumed.
pub(crate) async fn resume(options: Resume) -> Result<()> {
    let numbers = [("RESUME_CONVERSATIONS", options.conversations.to_string())];
    play("resume::long", &numbers, options.release).await
}

async fn play(test: &str, numbers: &[(&str, String)], release: bool) -> Result<()> {
    let mut command = Command::new("cargo");
    command.args(["test", "--quiet", "--locked", "--package", "chatplug", "--all-features", "--test", "it"]);
    if release {
        command.arg("--release");
    }
    command.args(["--", "--ignored", "--exact", test, "--nocapture"]);
    command.envs(numbers.iter().map(|(name, value)| (*name, value.as_str())));
    ensure!(command.status().await?.success(), "it did not hold");
    Ok(())
}
