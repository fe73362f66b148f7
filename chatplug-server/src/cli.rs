//! The command line: what can be asked of the program, and how it ends.

mod ask;
mod audit;
mod chat;
mod check;
mod credential;
mod demo;
mod doctor;
mod erase;
mod export;
mod key;
mod migrate;
mod person;
mod serve;
mod swap;
mod templates;
mod tenant;
mod understand;
mod work;

use crate::{
    config::{self, Config, Environment, LogFormat},
    http::{AppError, Role},
};
pub use audit::AuditCommand;
use chatplug_core::model::Lang;
use chrono::{DateTime, FixedOffset};
use clap::{Parser, Subcommand};
pub use credential::CredentialCommand;
pub use key::KeyCommand;
pub use person::PersonArgs;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};
pub use swap::SwapCommand;
pub use templates::TemplatesCommand;
pub use tenant::TenantCommand;

/// Booking conversations on WhatsApp, in five languages, on the calendar that a business already has.
#[derive(Debug, Parser)]
#[command(name = "chatplug", version, arg_required_else_help = true, max_term_width = 100)]
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
    /// Run the server with a configuration file: webhooks, and the workers that answer them
    Serve(ServeArgs),
    /// Run workers alone, beside servers on the same database
    Work(WorkArgs),
    /// Bring the database up to date with this program
    Migrate(MigrateArgs),
    /// Check a configuration file and tell everything that is wrong with it
    Check(ConfigArgs),
    /// Look whether everything that a configuration names works, and tell what to do where it does not
    Doctor(DoctorArgs),
    /// Talk to the made-up salon in this terminal
    Chat(ChatArgs),
    /// Read messages from a file and tell what they are understood as
    Understand(UnderstandArgs),
    /// Make, renew and destroy the keys that seal what is kept
    #[command(subcommand)]
    Key(KeyCommand),
    /// Templates of messages: what a provider should have, what it has, and what became of it
    #[command(subcommand)]
    Templates(TemplatesCommand),
    /// Keep tenants' secrets, such as access tokens, sealed in the database
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Connect tenants' numbers and booking systems, step by step; their branches
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Take a branch from one booking system to another, with everything that is booked
    #[command(subcommand)]
    Swap(SwapCommand),
    /// Read the audit, and prove that nothing was taken out of it or altered
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Write out everything that is kept of a person
    Export(ExportArgs),
    /// Remove everything that is kept of a person
    Erase(EraseArgs),
}

/// Options of `demo`.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Port to listen on, on this machine only; 0 takes any free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// File that keeps appointments and conversations, chatplug-demo.sqlite unless told; delete it to start afresh
    #[arg(long, value_name = "FILE", conflicts_with = "booking")]
    pub db: Option<PathBuf>,
    /// Let the salon's number be one at this provider: its adapter talks to a fake of it, on this machine
    #[arg(long, value_enum)]
    pub messenger: Option<DemoMessenger>,
    /// Let the salon's bookings be kept there: its adapter talks to a fake of it, on this machine, which forgets when it ends
    #[arg(long, value_enum)]
    pub booking: Option<DemoBooking>,
    /// Open the page in a browser
    #[arg(long, value_name = "YES", default_value_t = false, default_missing_value = "true", num_args = 0..=1, action = clap::ArgAction::Set)]
    pub open: bool,
    /// What to log, such as `info` or `chatplug_core=debug`
    #[arg(long, value_name = "FILTER", default_value = "warn", env = "RUST_LOG")]
    pub log: String,
}

/// A provider that the demo has a fake of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DemoMessenger {
    /// Meta's Cloud API
    Meta,
    /// Twilio
    Twilio,
}

/// A booking system that the demo has a fake of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DemoBooking {
    /// Altegio
    Altegio,
    /// Cal.com
    Calcom,
}

/// Options of `serve`. What is given here wins over the file and the environment.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Listen here
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<SocketAddr>,
    /// Take webhooks only: conversations run in processes of `chatplug work`
    #[arg(long)]
    pub no_work: bool,
    /// What to log, such as `info` or `chatplug_core=debug`
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// How to write logs
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Options of `work`. What is given here wins over the file and the environment.
#[derive(Debug, Clone, clap::Args)]
pub struct WorkArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Answer /healthz, /readyz and /metrics here; nothing listens unless this or `work_bind` is given
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<SocketAddr>,
    /// What to log, such as `info` or `chatplug_core=debug`
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
    /// How to write logs
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Options of `migrate`.
#[derive(Debug, Clone, clap::Args)]
pub struct MigrateArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Change nothing; end with 1 when the database is behind
    #[arg(long)]
    pub check: bool,
}

/// Options of `export`.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportArgs {
    /// Whom.
    #[command(flatten)]
    pub person: PersonArgs,
    /// Write to this new file, readable by you alone, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Options of `erase`.
#[derive(Debug, Clone, clap::Args)]
pub struct EraseArgs {
    /// Whom.
    #[command(flatten)]
    pub person: PersonArgs,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Options of `check`.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
}

/// Options of `doctor`.
#[derive(Debug, Clone, clap::Args)]
pub struct DoctorArgs {
    /// The configuration file, in TOML; a tenant may have no channel yet
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Only this tenant; all, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
    /// For programs: everything as JSON
    #[arg(long)]
    pub json: bool,
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
    /// Words of one's own: `<language>/<name>.txt` in this folder stands in place of the built-in file of that name, or
    /// beside those there are, and so do the messages to learn from in `<language>/<name>.examples`; a folder of a new
    /// language adds it
    #[arg(long, value_name = "DIR")]
    pub lexicons: Option<PathBuf>,
    /// What reads the messages
    #[arg(long, value_enum, default_value_t)]
    pub engine: Reader,
    /// Configuration with the `[[openai]]` to ask, for `llm` and `cascade`
    #[arg(long, value_name = "FILE", required_if_eq_any = [("engine", "llm"), ("engine", "cascade")])]
    pub config: Option<PathBuf>,
    /// Whose model and facts; where there is one tenant with a model, that one's
    #[arg(long, value_name = "ID", requires = "config")]
    pub tenant: Option<String>,
    /// Print scores and misses instead of predictions (the messages carry labels)
    #[arg(long)]
    pub table: bool,
    /// Say of one message which word or rule gave what
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["table", "messages"])]
    pub explain: Option<String>,
    /// With --explain: language of the business
    #[arg(long, value_name = "LANGUAGE", default_value = "en", requires = "explain")]
    pub lang: Lang,
    /// With --explain: country of the business
    #[arg(long, value_name = "COUNTRY", default_value = "GB", requires = "explain")]
    pub region: String,
    /// With --explain: when it was written, such as 2026-03-11T10:00:00+00:00; now, unless told
    #[arg(long, value_name = "TIME", requires = "explain")]
    pub now: Option<DateTime<FixedOffset>>,
    /// Messages, one JSON object a line; `-` reads standard input
    #[arg(value_name = "MESSAGES", required_unless_present = "explain")]
    pub messages: Option<PathBuf>,
}

/// What reads messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Reader {
    /// The lexicons and the grammar alone: no network
    #[default]
    Offline,
    /// The model alone, checked as always
    Llm,
    /// The offline engine, and the model where that is unsure
    Cascade,
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

    /// What was asked was not done, or found wrong: exit code 1.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { message: format!("error: {error:#}"), code: 1 }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let code = if error.is_configuration() { 2 } else { 1 };
        Self { message: format!("error: {:#}", anyhow::Error::from(error)), code }
    }
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli, &Environment::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was found wrong may have been told already.
            if !failure.message.is_empty() {
                eprintln!("{}", failure.message);
            }
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
        Command::Doctor(args) => block_on(doctor::run(&args, environment)),
        Command::Understand(args) => understand::run(&args, environment),
        Command::Demo(args) => block_on(demo::run(args)),
        Command::Chat(args) => block_on(chat::run(args)),
        Command::Serve(args) => {
            let mut config = read(&args.config, environment)?;
            logged(&mut config, args.log, args.log_format);
            config.server.bind = args.bind.unwrap_or(config.server.bind);
            block_on(serve::run(config, if args.no_work { Role::Webhooks } else { Role::Both }))
        }
        Command::Work(args) => {
            let mut config = read(&args.config, environment)?;
            logged(&mut config, args.log, args.log_format);
            config.server.work_bind = args.bind.or(config.server.work_bind);
            block_on(work::run(config))
        }
        Command::Migrate(args) => block_on(migrate::run(read(&args.config, environment)?, args.check)),
        Command::Key(command) => key::run(command, environment),
        Command::Templates(command) => templates::run(command, environment),
        Command::Credential(command) => credential::run(command, environment),
        Command::Tenant(command) => tenant::run(command, environment),
        Command::Swap(command) => swap::run(command, environment),
        Command::Audit(command) => audit::run(command, environment),
        Command::Export(args) => block_on(export::run(args, environment)),
        Command::Erase(args) => block_on(erase::run(args, environment)),
    }
}

/// Reads a configuration, or tells everything that is wrong with it.
fn read(file: &Path, environment: &Environment) -> Result<Config, Failure> {
    config::load(file, environment).map_err(|problems| Failure::usage(problems.to_string()))
}

fn logged(config: &mut Config, log: Option<String>, format: Option<LogFormat>) {
    if let Some(log) = log {
        config.server.log = log;
    }
    config.server.log_format = format.unwrap_or(config.server.log_format);
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
