//! What takes longer than a test, on the real program: `cargo xtask --help`.

mod fuzz;
mod load;
mod long;

use clap::{Parser, Subcommand};

/// What takes longer than a test, on the real program.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Feed the parsers and signature checks with what nobody thought of, for a minute each
    Fuzz(fuzz::Options),
    /// Hold booking conversations with a running program, over HTTP, and tell how it did
    Load(load::Options),
    /// Kill processes at labelled points, as often as wanted, and tell what became of the conversations
    Kill(long::Kill),
    /// Kill a process in the middle of many turns, and tell how soon the next one has resumed them
    Resume(long::Resume),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Fuzz(options) => fuzz::run(options).await,
        Command::Load(options) => load::run(options).await,
        Command::Kill(options) => long::kill(options).await,
        Command::Resume(options) => long::resume(options).await,
    }
}
