//! The command line: what can be asked of the program, and how it ends.

mod chat;
mod check;
mod demo;
mod serve;
mod understand;

use crate::config::{self, Environment, LogFormat};
use clap::{Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Booking conversations on WhatsApp, in five languages, on the calendar that a business already has.
#[derive(Debug, Parser)]
#[command(name = "chatplug", version, about, arg_required_else_help = true, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Try it in the browser: a made-up salon, a simulated phone, nothing to set up
    Demo(DemoArgs),
    /// Run the server with a configuration file
    Serve(ServeArgs),
    /// Check a configuration file and tell everything that is wrong with it
    Check(ConfigArgs),
    /// Talk to the made-up salon in this terminal
    Chat(ChatArgs),
    /// Read messages from a file and tell what they are understood as
    Understand(UnderstandArgs),
}

/// Options of `demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Port to listen on, on this machine only; 0 takes any free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// File that keeps appointments and conversations; delete it to start afresh
    #[arg(long, value_name = "FILE", default_value = "chatplug-demo.sqlite")]
    pub db: PathBuf,
    /// Open the page in a browser
    #[arg(long, value_name = "YES", default_value_t = false, default_missing_value = "true", num_args = 0..=1, action = clap::ArgAction::Set)]
    pub open: bool,
    /// What to log, such as `info` or `chatplug_core=debug`
    #[arg(long, value_name = "FILTER", default_value = "warn", env = "RUST_LOG")]
    pub log: String,
}

/// Options of `serve`. What is given here wins over the file and the environment.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// What to log, such as `info` or `chatplug_core=debug`
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// How to write logs
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Options of `check`.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
}

/// Options of `chat`.
#[derive(Debug, Clone, clap::Args)]
pub struct ChatArgs {
    /// File that keeps appointments and the conversation; none: everything is forgotten at the end
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// What to log, such as `info` or `chatplug_core=debug`
    #[arg(long, value_name = "FILTER", default_value = "error", env = "RUST_LOG")]
    pub log: String,
}

/// Options of `understand`.
#[derive(Debug, Clone, clap::Args)]
pub struct UnderstandArgs {
    /// Services and staff by language, in JSON
    #[arg(long, value_name = "FILE")]
    pub catalog: PathBuf,
    /// Print scores and misses instead of predictions (the messages carry labels)
    #[arg(long)]
    pub table: bool,
    /// Messages, one JSON object a line
    #[arg(value_name = "MESSAGES")]
    pub messages: PathBuf,
}

/// How a command ended badly.
#[derive(Debug)]
pub struct Failure {
    /// What to tell.
    pub message: String,
    /// Exit code: 2 for what the caller can mend in arguments or configuration, 1 for the rest.
    pub code: u8,
}

impl Failure {
    /// Something that the caller can mend in arguments or configuration: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { message: format!("error: {error:#}"), code: 1 }
    }
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli, &Environment::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Runs one command to its end.
///
/// # Errors
/// See [`Failure`].
pub fn run(cli: Cli, environment: &Environment) -> Result<(), Failure> {
    match cli.command {
        Command::Check(args) => check::run(&args, environment),
        Command::Understand(args) => understand::run(&args),
        Command::Demo(args) => block_on(demo::run(args)),
        Command::Serve(args) => {
            let mut config = config::load(&args.config, environment).map_err(|e| Failure::usage(e.to_string()))?;
            config.server.log = args.log.unwrap_or(config.server.log);
            config.server.log_format = args.log_format.unwrap_or(config.server.log_format);
            block_on(serve::run(config))
        }
        Command::Chat(args) => block_on(chat::run(args)),
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::from(anyhow::Error::from(error)))?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_arguments_say_what_is_right() {
        let told = |arguments: &[&str]| Cli::try_parse_from(arguments).unwrap_err().to_string();
        assert!(told(&["chatplug", "srve"]).contains("'serve'"));
        assert!(told(&["chatplug", "serve", "--confg", "x"]).contains("'--config'"));
        assert!(told(&["chatplug", "serve"]).contains("--config <FILE>"));
        assert!(told(&["chatplug", "demo", "--port", "99999"]).contains("99999"));
    }

    #[test]
    fn open_takes_an_optional_word() {
        for (arguments, expected) in [(vec![], false), (vec!["--open"], true), (vec!["--open", "false"], false)] {
            let cli = Cli::try_parse_from([vec!["chatplug", "demo"], arguments].concat()).unwrap();
            let Command::Demo(args) = cli.command else { panic!("another command") };
            assert_eq!(args.open, expected);
        }
    }
}
