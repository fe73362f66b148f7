//! What takes longer than a test, on the real program: `cargo xtask load --help`.

mod load;

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
    /// Hold booking conversations with a running program, over HTTP, and tell how it did
    Load(load::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Load(options) => load::run(options).await,
    }
}
