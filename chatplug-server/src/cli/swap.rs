//! `chatplug swap`: a branch goes from one booking system to another, in three steps that can each be repeated.

mod apply;
mod check;
mod plan;

use super::{Failure, ask, block_on, read};
use crate::{
    booking::Bookings,
    config::{BookingConfig, BranchConfig, Config, Environment, TenantConfig, suggestion},
    stores::Stores,
};
use anyhow::Context as _;
use chatplug_core::{
    model::Catalog,
    ports::{BackendError, BranchSetup, SystemClock},
    swap::{Fault, MappingFile},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// Steps of a swap.
#[derive(Debug, clap::Subcommand)]
#[non_exhaustive]
pub enum SwapCommand {
    /// Find out what of the old system is what at the new one, and write that into a file to look at and to edit
    Plan(PlanArgs),
    /// Look whether the new system is fit, and how the free times of both differ; changes nothing
    Check(CheckArgs),
    /// Move what is booked and let the new system act; says what it would do, unless told --yes
    Apply(ApplyArgs),
}

/// Which branch, from where to where.
#[derive(Debug, Clone, clap::Args)]
pub struct WhichArgs {
    /// The configuration file, in TOML; the branch has a block of both systems in it
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// The tenant; needed where there are several
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// The branch; needed where the tenant has several
    #[arg(long, short, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// The booking system that it leaves, by the name of its block: `altegio`, `calcom`, `calendar`
    #[arg(long, value_name = "SYSTEM")]
    pub from: String,
    /// The one that it goes to
    #[arg(long, value_name = "SYSTEM")]
    pub to: String,
    /// The file that says what is what; swap-TENANT-BRANCH.toml unless told
    #[arg(long, short, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
}

/// Options of `swap plan`.
#[derive(Debug, Clone, clap::Args)]
pub struct PlanArgs {
    /// Which branch.
    #[command(flatten)]
    pub which: WhichArgs,
    /// Write over a mapping that somebody has edited
    #[arg(long)]
    pub force: bool,
}

/// Options of `swap check`.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// Which branch.
    #[command(flatten)]
    pub which: WhichArgs,
    /// How many days are compared, from today
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub days: u32,
}

/// Options of `swap apply`.
#[derive(Debug, Clone, clap::Args)]
pub struct ApplyArgs {
    /// Which branch.
    #[command(flatten)]
    pub which: WhichArgs,
    /// Do it; without this it is only said what would be done
    #[arg(long, alias = "run")]
    pub yes: bool,
    /// What becomes of a booking at the old system once it stands at the new one
    #[arg(long, value_enum, default_value_t = Old::Cancel)]
    pub old: Old,
    /// Seconds between the switch and the last look at the old system: until every server has noticed, and what was under
    /// way has ended
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub settle: u64,
}

/// What becomes of old bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Old {
    /// It is cancelled there; the system may tell the client by its own means, where that is not switched off
    Cancel,
    /// It stays there, for whoever closes the account
    Keep,
}

/// Runs one step.
pub(super) fn run(command: SwapCommand, environment: &Environment) -> Result<(), Failure> {
    block_on(async {
        match command {
            SwapCommand::Plan(args) => plan::run(&args, environment).await,
            SwapCommand::Check(args) => check::run(&args, environment).await,
            SwapCommand::Apply(args) => apply::run(&args, environment).await,
        }
    })
}

/// A branch with both its systems, ready to be called.
struct Swapping {
    tenant: TenantConfig,
    stores: Stores,
    from: BranchSetup,
    to: BranchSetup,
    old: Catalog,
    new: Catalog,
    file: PathBuf,
}

impl Swapping {
    async fn open(args: &WhichArgs, environment: &Environment) -> Result<Self, Failure> {
        let config = read(&args.config, environment)?;
        let (tenant, branch) = which(&config, args)?;
        let (from, to) = (block(branch, "--from", &args.from)?, block(branch, "--to", &args.to)?);
        if from.backend() == to.backend() {
            return Err(Failure::usage("error: --from and --to name the same booking system"));
        }
        let stores = ask::open(&config).await?;
        let bookings = Bookings::new(&config, &stores, Arc::new(SystemClock))?;
        let from = bookings.of(tenant, &branch.id, from).await?;
        let to = bookings.of(tenant, &branch.id, to).await?;
        let (old, new) = (catalog(&from).await?, catalog(&to).await?);
        let file = args.mapping.clone();
        let file = file.unwrap_or_else(|| PathBuf::from(format!("swap-{}-{}.toml", tenant.id, branch.id)));
        Ok(Self { tenant: tenant.clone(), stores, from, to, old, new, file })
    }

    /// The mapping as it is written down.
    fn mapping(&self) -> Result<MappingFile, Failure> {
        let shown = self.file.display();
        let text = fs::read_to_string(&self.file)
            .map_err(|error| Failure::usage(format!("error: {shown}: {error}; `chatplug swap plan` writes it")))?;
        let read = MappingFile::read(&text, &self.old, &self.new).map_err(|faults| {
            let told: Vec<String> =
                faults.iter().map(|Fault { line, message }| format!("error: {shown}:{line}: {message}")).collect();
            Failure::usage(told.join("\n"))
        })?;
        let meant = (&self.tenant.id, &self.from.id, &self.from.install, &self.to.install);
        if (&read.tenant, &read.branch, &read.from, &read.to) != meant {
            return Err(Failure::usage(format!(
                "error: {shown} is of branch {} of {}, from {} to {}: it was planned for something else",
                read.branch, read.tenant, read.from, read.to
            )));
        }
        Ok(read)
    }
}

/// The tenant and branch that are meant.
fn which<'c>(config: &'c Config, args: &WhichArgs) -> Result<(&'c TenantConfig, &'c BranchConfig), Failure> {
    let own: Vec<&TenantConfig> = config.tenants.iter().filter(|tenant| tenant.lobby.is_none()).collect();
    let tenant = one("--tenant", "tenant", args.tenant.as_deref(), &own, |tenant| tenant.id.as_str())?;
    let branches: Vec<&BranchConfig> = tenant.branches.iter().collect();
    let branch = one("--branch", "branch", args.branch.as_deref(), &branches, |branch| branch.id.as_str())?;
    Ok((tenant, branch))
}

fn one<'c, T>(
    flag: &str,
    what: &str,
    given: Option<&str>,
    all: &[&'c T],
    id: impl Fn(&T) -> &str,
) -> Result<&'c T, Failure> {
    let ids = || all.iter().map(|one| id(one)).collect::<Vec<_>>();
    match (given, all) {
        (Some(given), _) => all.iter().find(|one| id(one) == given).copied().ok_or_else(|| {
            let hint = suggestion(given, ids());
            Failure::usage(format!("error: {flag}: the configuration has no {what} `{given}`{hint}"))
        }),
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::usage(format!("error: {flag} says which {what}: {}", ids().join(", ")))),
    }
}

fn block<'c>(branch: &'c BranchConfig, flag: &str, given: &str) -> Result<&'c BookingConfig, Failure> {
    branch.block(given).ok_or_else(|| {
        let names: Vec<&str> = branch.blocks().map(BookingConfig::backend).collect();
        let hint = suggestion(given, names.iter().copied());
        Failure::usage(format!("error: {flag}: branch {} has no booking system `{given}`{hint}", branch.id))
    })
}

async fn catalog(setup: &BranchSetup) -> Result<Catalog, Failure> {
    let limit = Duration::from_secs(60);
    let read = tokio::time::timeout(limit, setup.backend.catalog(&setup.id)).await;
    let read = read.unwrap_or(Err(BackendError::Unavailable { source: None }));
    Ok(read.with_context(|| format!("{}: the catalogue cannot be read", setup.install))?)
}

/// Writes a file so that it is there whole or not at all.
fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let aside = file.with_extension("toml.new");
    fs::write(&aside, text).and_then(|()| fs::rename(&aside, file)).with_context(|| file.display().to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser as _;

    const TWO: &str = "[[tenant]]\nid = \"bella\"\nname = \"Bella\"\n[[tenant.channel]]\nid = \"a\"\nprovider = \"simulator\"\n\
        [[tenant.branch]]\nid = \"baixa\"\nbackend = \"altegio\"\n[tenant.branch.altegio]\nlocation = 1\n\
        [tenant.branch.calcom]\nzone = \"Europe/Lisbon\"\ncountry = \"PT\"\ncurrency = \"EUR\"\n\
        [[tenant.branch]]\nid = \"porto\"\n[tenant.branch.altegio]\nlocation = 2\n\
        [[altegio]]\nname = \"m\"\npartner_token = \"p\"\nuser_token = \"u\"\nendpoint = \"9f2c8e5b7a1d4036b8e2c75a\"\n\
        [[calcom]]\nname = \"m\"\napi_key = \"cal_live_1\"\n[server]\ninline_secrets = true\n\
        [vault]\nmaster_keys = \"it:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"\n";

    fn told(arguments: &[&str]) -> Result<(), String> {
        let line = [&["chatplug", "swap", "plan", "--config", "f.toml"], arguments].concat();
        let cli = Cli::try_parse_from(line).map_err(|error| error.to_string())?;
        let Command::Swap(SwapCommand::Plan(args)) = cli.command else { panic!("another command") };
        let config = crate::config::parse("f.toml", TWO, Path::new("."), &Environment([].into())).unwrap();
        let chosen = which(&config, &args.which).and_then(|(_, branch)| {
            block(branch, "--from", &args.which.from)?;
            block(branch, "--to", &args.which.to)
        });
        chosen.map(drop).map_err(|failure| {
            assert_eq!(failure.code, 2);
            failure.message
        })
    }

    #[test]
    fn wrong_arguments_say_what_is_right() {
        let ways = ["--from", "altegio", "--to", "calcom"];
        let with = |more: &[&str]| told(&[&ways[..], more].concat());
        assert_eq!(with(&["--branch", "baixa"]), Ok(()));
        assert!(told(&["--from", "altegio"]).unwrap_err().contains("--to"));
        assert_eq!(with(&[]).unwrap_err(), "error: --branch says which branch: baixa, porto");
        let wrong = with(&["--branch", "baxa"]).unwrap_err();
        assert_eq!(wrong, "error: --branch: the configuration has no branch `baxa`; did you mean `baixa`?");
        assert!(with(&["--tenant", "bela", "--branch", "baixa"]).unwrap_err().contains("did you mean `bella`?"));
        let wrong = with(&["--branch", "porto"]).unwrap_err();
        assert_eq!(wrong, "error: --to: branch porto has no booking system `calcom`; known here: `altegio`");
        let wrong = told(&["--from", "altgio", "--to", "calcom", "--branch", "baixa"]).unwrap_err();
        assert_eq!(wrong, "error: --from: branch baixa has no booking system `altgio`; did you mean `altegio`?");
    }
}
