//! `chatplug tenant`: connecting tenants' numbers to their providers, step by step, and leaving again.

mod altegio;
mod block;
mod branch;
mod branches;
mod calcom;
mod journal;
mod leave;
mod meta;
mod run;
mod schedule;
mod status;
mod twilio;
mod webhooks;

use super::{Failure, ask, block_on};
use crate::config::{self, ChannelConfig, Config, Credential, Environment, TenantConfig, credential_name};
use chatplug_core::model::{ChannelId, TenantId};
use chrono::{NaiveDate, NaiveTime};
use clap::{Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// What can be done with tenants.
#[derive(Debug, Clone, Subcommand)]
pub enum TenantCommand {
    /// Connect a number, or a branch at Altegio or Cal.com: every step is done once, and the command goes on where it stopped
    #[command(subcommand)]
    Connect(ConnectCommand),
    /// Take a number, or a branch, off again
    Disconnect(DisconnectArgs),
    /// List branches: those of the configuration, and those that were installed, each with how it stands
    Branches(BranchesArgs),
    /// Take an installed branch off for good, with everything that is kept of it. The provider is not told: `disconnect
    /// --branch` does that, too. One that the configuration names must be taken out of the file as well
    RemoveBranch(RemoveBranchArgs),
    /// Have Altegio and Cal.com tell this server what changes at the configured branches, beside whoever else they tell
    Webhooks(WebhooksArgs),
    /// Show working hours at Cal.com, and change days that differ
    Schedule(ScheduleArgs),
}

/// To whom a number is connected.
#[derive(Debug, Clone, Subcommand)]
pub enum ConnectCommand {
    /// At Meta: from a client's sign-up, or a token, to a number that sends and receives
    Meta(Box<MetaArgs>),
    /// At Twilio: from an account, or a new subaccount, to a sender that is online
    Twilio(Box<TwilioArgs>),
    /// At Altegio: a code for an owner who comes by its marketplace, or a location by one of its users
    Altegio(Box<AltegioArgs>),
    /// At Cal.com: a branch of the configuration, from its user's key to webhooks
    Calcom(CalcomArgs),
    /// How far connecting has come
    Status(StatusArgs),
}

/// What both ways need to know. Secrets come from files, or from standard input (`-`), never from arguments.
#[derive(Debug, Clone, clap::Args)]
pub struct ConnectArgs {
    /// The configuration file, in TOML; its tenant may have no channel yet
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose number it is
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// What the channel is called, or is to be called, in the configuration
    #[arg(long, value_name = "CHANNEL")]
    pub channel: String,
    /// Tell the steps and how they stand; ask nobody and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Forget how far it has come. Every step looks first, so that nothing is made twice all the same
    #[arg(long)]
    pub start_over: bool,
    /// Take a new access token in place of the one that is kept
    #[arg(long)]
    pub new_token: bool,
    /// Wait up to so long for what comes by itself
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait: u32,
}

/// Options of `connect meta`.
#[derive(Debug, Clone, clap::Args)]
pub struct MetaArgs {
    /// Whose, and how.
    #[command(flatten)]
    pub common: ConnectArgs,
    /// The Meta app that the client signed up with, by its name in the configuration; may be left out when there is only one
    #[arg(long, value_name = "NAME")]
    pub app: Option<String>,
    /// The code of the sign-up, in a file or on standard input (-); it lives 30 seconds
    #[arg(long, value_name = "FILE", conflicts_with = "token_file")]
    pub code_file: Option<PathBuf>,
    /// An access token, in place of a code
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The WhatsApp Business Account; found out where the token is for one only
    #[arg(long, value_name = "ID")]
    pub waba_id: Option<String>,
    /// Meta's id of the number; found out where the account has one only
    #[arg(long, value_name = "ID")]
    pub phone_number_id: Option<String>,
    /// The PIN of the number's two-step verification, where it has one; else one is made and kept
    #[arg(long, value_name = "FILE")]
    pub pin_file: Option<PathBuf>,
    /// The number stays in the WhatsApp Business app as well: it is not registered
    #[arg(long)]
    pub coexistence: bool,
    /// Country in which messages at rest are to stay, such as BR
    #[arg(long, value_name = "COUNTRY")]
    pub region: Option<String>,
    /// Have a code sent to the number, which proves that it is the owner's
    #[arg(long, value_enum, value_name = "HOW")]
    pub request_code: Option<ByCode>,
    /// That code, in a file or on standard input (-)
    #[arg(long, value_name = "FILE")]
    pub verification_code_file: Option<PathBuf>,
    /// Have this account's messages posted to this server whatever the app's dashboard says
    #[arg(long)]
    pub override_webhook: bool,
}

/// Options of `connect twilio`.
#[derive(Debug, Clone, clap::Args)]
pub struct TwilioArgs {
    /// Whose, and how.
    #[command(flatten)]
    pub common: ConnectArgs,
    /// The number with its country code; the channel's, unless given
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// Use a subaccount of its own, found by this name or made, in the account under [twilio]; without a name: chatplug and
    /// the tenant
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with = "account_sid")]
    pub subaccount: Option<String>,
    /// Use this account; the channel's, unless given
    #[arg(long, value_name = "SID")]
    pub account_sid: Option<String>,
    /// Its auth token, in a file or on standard input (-); not for a subaccount, whose token Twilio tells
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The name that people see; the tenant's, unless given
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The WhatsApp Business Account of a sign-up, for those in Twilio's Tech Provider programme
    #[arg(long, value_name = "ID")]
    pub waba_id: Option<String>,
    /// How a code is to come to a number that is not Twilio's own
    #[arg(long, value_enum, value_name = "HOW")]
    pub request_code: Option<ByCode>,
    /// That code, in a file or on standard input (-)
    #[arg(long, value_name = "FILE")]
    pub verification_code_file: Option<PathBuf>,
    /// Last part of the webhook's address; the channel's, or `main`, unless given
    #[arg(long, value_name = "NAME")]
    pub endpoint: Option<String>,
    /// Another host than Twilio's; the channel's or that under [twilio], unless given
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// Options of `connect altegio`. Without --location a connect code is made.
#[derive(Debug, Clone, clap::Args)]
pub struct AltegioArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose salons they become
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// The account, by its name in the configuration; may be left out when there is only one
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// Make the code good for this salon alone, by Altegio's number of it; as often as there are salons
    #[arg(long, value_name = "SALON", conflicts_with = "location")]
    pub salon: Vec<u64>,
    /// How long the code works
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub hours: u32,
    /// Make the code that was handed out work no more
    #[arg(long, conflicts_with_all = ["location", "salon"])]
    pub revoke: bool,
    /// Connect this location without the marketplace, by Altegio's number of it; as often as there are locations
    #[arg(long, value_name = "LOCATION")]
    pub location: Vec<u64>,
    /// What its branch is to be called; altegio-LOCATION, unless given
    #[arg(long, value_name = "BRANCH", requires = "location")]
    pub branch: Option<String>,
    /// A user token, in a file or on standard input (-)
    #[arg(long, value_name = "FILE", requires = "location")]
    pub token_file: Option<PathBuf>,
    /// In place of a token: the login of a user of the location, which is a number or a mail address
    #[arg(long, value_name = "FILE", requires = "password_file", conflicts_with = "token_file")]
    pub login_file: Option<PathBuf>,
    /// The password that belongs to it; it is used once and not kept
    #[arg(long, value_name = "FILE", requires = "login_file")]
    pub password_file: Option<PathBuf>,
    /// What a code of two-factor authentication belongs to, as this command told
    #[arg(long, value_name = "UUID", requires = "second_factor_file")]
    pub second_factor: Option<String>,
    /// That code
    #[arg(long, value_name = "FILE", requires = "second_factor")]
    pub second_factor_file: Option<PathBuf>,
    /// Tell the steps and how they stand; ask nobody and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Wait up to so long for what comes by itself
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait: u32,
}

/// Options of `connect calcom`.
#[derive(Debug, Clone, clap::Args)]
pub struct CalcomArgs {
    /// The configuration file, in TOML; the branch has its block already
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose branch it is
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Which branch; all that are at Cal.com, unless given
    #[arg(long, value_name = "BRANCH")]
    pub branch: Vec<String>,
    /// The API key or access token of the branch's user, in a file or on standard input (-): it is kept under the name that
    /// the configuration gives it
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Tell what would be done and how it stands; change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// How a code comes to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ByCode {
    /// By text message
    Sms,
    /// By a call
    Voice,
}

impl ByCode {
    fn by_voice(self) -> bool {
        self == Self::Voice
    }
}

/// Options of `connect status`.
#[derive(Debug, Clone, clap::Args)]
pub struct StatusArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Of this tenant; all, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
}

/// Options of `disconnect`.
#[derive(Debug, Clone, clap::Args)]
pub struct DisconnectArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose number it is
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Which channel
    #[arg(long, value_name = "CHANNEL", required_unless_present = "branch")]
    pub channel: Option<String>,
    /// In place of a channel: a branch that was connected to a booking system
    #[arg(long, value_name = "BRANCH", conflicts_with_all = ["channel", "deregister"])]
    pub branch: Option<String>,
    /// Take the number off WhatsApp, too: deregister it at Meta, delete the sender at Twilio
    #[arg(long)]
    pub deregister: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Options of `webhooks`.
#[derive(Debug, Clone, clap::Args)]
pub struct WebhooksArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Of this tenant; all, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
    /// Of this branch; all, unless given
    #[arg(long, value_name = "BRANCH")]
    pub branch: Vec<String>,
    /// Take this server's address out instead; those of others stay
    #[arg(long)]
    pub remove: bool,
    /// Tell how it stands and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print address and secret of Cal.com's webhooks, to enter them by hand; ask nobody and change nothing
    #[arg(long, conflicts_with_all = ["remove", "dry_run"])]
    pub show: bool,
}

/// Options of `schedule`.
#[derive(Debug, Clone, clap::Args)]
pub struct ScheduleArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose branch it is
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Which branch; may be left out when only one is at Cal.com
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// A member of the branch's organisation, by Cal.com's number of the user; whoever calls, unless given
    #[arg(long, value_name = "USER")]
    pub user: Option<u64>,
    /// Which schedule, by Cal.com's number of it; the usual one, unless given
    #[arg(long, value_name = "ID")]
    pub schedule: Option<u64>,
    /// What to do.
    #[command(subcommand)]
    pub command: ScheduleCommand,
}

/// What can be done with schedules.
#[derive(Debug, Clone, Subcommand)]
pub enum ScheduleCommand {
    /// Show the schedules, and absences where they can be seen
    Show,
    /// Give a date hours of its own
    Set {
        /// The date: 2026-12-24
        date: NaiveDate,
        /// Hours: 10:00-12:00
        #[arg(required = true, value_parser = schedule::hours)]
        hours: Vec<(NaiveTime, NaiveTime)>,
    },
    /// Close a date
    Close {
        /// The date: 2026-12-25
        date: NaiveDate,
    },
    /// Let a date have the usual hours again
    Clear {
        /// The date
        date: NaiveDate,
    },
    /// Enter an absence of a member of an organisation, both days included
    Away {
        /// First day away
        from: NaiveDate,
        /// Last day away
        to: NaiveDate,
        /// Why
        #[arg(long, value_enum, default_value_t = AwayReason::Unspecified)]
        reason: AwayReason,
        /// Who is offered instead, by Cal.com's number of the user
        #[arg(long, value_name = "USER")]
        instead: Option<u64>,
    },
    /// Take an absence out, by its number
    Back {
        /// As `show` tells it
        id: u64,
    },
}

/// Why somebody is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AwayReason {
    /// Not said
    Unspecified,
    /// On holiday
    Vacation,
    /// Travelling
    Travel,
    /// Ill
    Sick,
    /// Nobody works
    PublicHoliday,
}

/// Options of `branches`.
#[derive(Debug, Clone, clap::Args)]
pub struct BranchesArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Of this tenant; all, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
}

/// Options of `remove-branch`.
#[derive(Debug, Clone, clap::Args)]
pub struct RemoveBranchArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose branch it is
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Which branch
    #[arg(long, value_name = "BRANCH")]
    pub branch: String,
    /// Wait up to so long for what is under way
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub wait: u32,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Runs one of them.
pub(super) fn run(command: TenantCommand, environment: &Environment) -> Result<(), Failure> {
    match command {
        TenantCommand::Connect(ConnectCommand::Meta(args)) => block_on(meta::run(&args, environment)),
        TenantCommand::Connect(ConnectCommand::Twilio(args)) => block_on(twilio::run(&args, environment)),
        TenantCommand::Connect(ConnectCommand::Altegio(args)) => block_on(altegio::run(&args, environment)),
        TenantCommand::Connect(ConnectCommand::Calcom(args)) => block_on(calcom::run(&args, environment)),
        TenantCommand::Connect(ConnectCommand::Status(args)) => block_on(status::run(&args, environment)),
        TenantCommand::Webhooks(args) => block_on(webhooks::run(&args, environment)),
        TenantCommand::Schedule(args) => block_on(schedule::run(&args, environment)),
        TenantCommand::Branches(args) => block_on(branches::list(&args, environment)),
        TenantCommand::RemoveBranch(args) => block_on(branches::remove(&args, environment)),
        TenantCommand::Disconnect(args) => block_on(async move {
            match (&args.branch, &args.channel) {
                (Some(branch), _) => branch::leave(&args, branch, environment).await,
                (None, channel) => leave::run(&args, channel.as_deref().unwrap_or_default(), environment).await,
            }
        }),
    }
}

/// Which channel of whom a command is about.
struct Target {
    config: Config,
    tenant: TenantId,
    channel: ChannelId,
    by: String,
}

impl Target {
    fn of(file: &Path, tenant: &str, channel: &str, environment: &Environment) -> Result<Self, Failure> {
        let config = read(file, environment)?;
        let tenant = ask::listed(&config, tenant)?;
        let channel = ChannelId::new(channel).map_err(|error| Failure::usage(format!("error: --channel: {error}")))?;
        Ok(Self { config, tenant, channel, by: ask::by(environment) })
    }

    fn tenant(&self) -> Option<&TenantConfig> {
        self.config.tenants.iter().find(|tenant| tenant.id == self.tenant)
    }

    /// The channel, where the configuration has it already.
    fn channel(&self) -> Option<&ChannelConfig> {
        self.tenant()?.channels.iter().find(|channel| channel.id == self.channel)
    }

    /// What the token is to be called: as the configuration calls it, or after provider and channel.
    fn token_name(&self, provider: &str, configured: Option<&Credential>) -> Result<String, Failure> {
        let name = match configured {
            Some(Credential::Kept(name)) => name.clone(),
            _ => format!("{provider}.{}", self.channel),
        };
        match credential_name(&pin_name(&name)) {
            Ok(()) => Ok(name),
            Err(wrong) => Err(Failure::usage(format!(
                "error: the token would be kept as \"{name}\", and {wrong}: choose a channel id of such characters, or name the \
                 credential in the configuration"
            ))),
        }
    }

    /// How the world reaches a webhook of this server.
    fn outside(&self) -> Option<&str> {
        self.config.server.public_url.as_deref()
    }
}

/// What the PIN is called beside a token.
fn pin_name(token: &str) -> String {
    format!("{token}.pin")
}

/// Reads a configuration whose tenants may have no channel yet.
fn read(file: &Path, environment: &Environment) -> Result<Config, Failure> {
    config::load_to_connect(file, environment).map_err(|problems| Failure::usage(problems.to_string()))
}
