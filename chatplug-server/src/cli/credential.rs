//! `chatplug credential`: tenants' secrets, sealed in the database.

use super::{Failure, ask, block_on};
use crate::config::{BookingConfig, BranchConfig, Config, Credential, Environment, ProviderConfig, credential_name};
use anyhow::Context as _;
use chatplug_core::{model::TenantId, ports::Clock as _};
use clap::Subcommand;
use secrecy::SecretString;
use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// No secret is longer; an accident (`< video.mp4`) is.
const LONGEST: u64 = 64 * 1024;

/// What can be done with credentials.
#[derive(Debug, Clone, Subcommand)]
pub enum CredentialCommand {
    /// Keep a secret that is read from standard input: `printf %s "$TOKEN" | chatplug credential set …`
    Set(OneArgs),
    /// Names of what is kept, and when it was last changed; never the secrets
    List(ListArgs),
    /// Forget a secret
    Remove(OneArgs),
}

/// One credential.
#[derive(Debug, Clone, clap::Args)]
pub struct OneArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose it is
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// What the configuration calls it: `access_token = { vault = "NAME" }`
    #[arg(value_name = "NAME")]
    pub name: String,
}

/// Whose credentials.
#[derive(Debug, Clone, clap::Args)]
pub struct ListArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Of this tenant; all, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
}

/// Runs one of them.
pub(super) fn run(command: CredentialCommand, environment: &Environment) -> Result<(), Failure> {
    match command {
        CredentialCommand::Set(args) => {
            let config = super::read(&args.config, environment)?;
            let tenant = ask::listed(&config, &args.tenant)?;
            credential_name(&args.name).map_err(|wrong| Failure::usage(format!("error: {wrong}")))?;
            let secret = secret()?;
            block_on(set(&config, &tenant, &args.name, &secret, &ask::by(environment)))
        }
        CredentialCommand::List(args) => {
            let config = super::read(&args.config, environment)?;
            let tenants = ask::tenants(&config, &args.tenant)?;
            block_on(list(&config, &tenants))
        }
        CredentialCommand::Remove(args) => {
            let config = super::read(&args.config, environment)?;
            let tenant = ask::tenant(&config, &args.tenant)?;
            block_on(remove(&config, &tenant, &args.name, &ask::by(environment)))
        }
    }
}

async fn set(config: &Config, tenant: &TenantId, name: &str, secret: &SecretString, by: &str) -> Result<(), Failure> {
    let stores = ask::open(config).await?;
    // The first credential comes before the first start.
    stores.register(config, tenant).await?;
    let kept = stores.secrets.secrets(tenant).put_credential(name, secret, by, ask::CLOCK.now()).await;
    kept.map_err(|error| ask::explain(error, tenant))?;
    println!("kept: credential \"{name}\" of {tenant}");
    if used(config, tenant).contains(&name) {
        println!("processes that run already use it when they are started again");
    } else {
        println!("nothing uses it yet: write access_token = {{ vault = \"{name}\" }} at its channel");
    }
    stores.close().await;
    Ok(())
}

async fn list(config: &Config, tenants: &[TenantId]) -> Result<(), Failure> {
    let stores = ask::open(config).await?;
    for tenant in tenants {
        let kept = stores.secrets.secrets(tenant).credentials().await.map_err(|error| ask::explain(error, tenant))?;
        let used = used(config, tenant);
        for (name, changed) in &kept {
            let note = if used.contains(&name.as_str()) { "" } else { "  (nothing uses it)" };
            println!("{tenant}  {name}  {}{note}", changed.format("%Y-%m-%d %H:%M UTC"));
        }
        for name in used.iter().filter(|name| !kept.iter().any(|(kept, _)| kept == **name)) {
            println!("{tenant}  {name}  missing: chatplug credential set --tenant {tenant} {name}");
        }
    }
    stores.close().await;
    Ok(())
}

async fn remove(config: &Config, tenant: &TenantId, name: &str, by: &str) -> Result<(), Failure> {
    let stores = ask::open(config).await?;
    let removed = stores.secrets.secrets(tenant).remove_credential(name, by, ask::CLOCK.now()).await;
    let removed = removed.map_err(|error| ask::explain(error, tenant))?;
    stores.close().await;
    if !removed {
        return Err(Failure::refused(format!("error: {tenant} has no credential \"{name}\"")));
    }
    println!("removed: credential \"{name}\" of {tenant}");
    if used(config, tenant).contains(&name) {
        println!("the configuration names it still: the next start will ask for it");
    }
    Ok(())
}

/// Names of credentials that the configuration asks for.
fn used<'c>(config: &'c Config, tenant: &TenantId) -> Vec<&'c str> {
    let tenants = config.tenants.iter().filter(|known| known.id == *tenant);
    let credentials = tenants.flat_map(|tenant| {
        let tokens = tenant.channels.iter().flat_map(|channel| match &channel.provider {
            ProviderConfig::Meta { access_token, .. } => vec![access_token],
            ProviderConfig::Twilio(twilio) => twilio.credentials().collect(),
            ProviderConfig::Simulator | ProviderConfig::Shared { .. } => Vec::new(),
        });
        let users = tenant.branches.iter().flat_map(BranchConfig::blocks).flat_map(BookingConfig::credentials);
        tokens.chain(users).chain(tenant.notify.iter().map(|notify| &notify.secret))
    });
    credentials.filter_map(|one| if let Credential::Kept(name) = one { Some(name.as_str()) } else { None }).collect()
}

/// A secret from standard input: there it is in no history and no list of processes.
pub(super) fn secret() -> Result<SecretString, Failure> {
    let input = io::stdin();
    if input.is_terminal() {
        eprintln!(
            "Paste the secret (it is shown), then press Enter and Ctrl+D. To keep it off the screen, pipe it in."
        );
    }
    of_reader(input.lock(), "standard input")
}

/// A secret from a file; `-` is standard input.
pub(super) fn secret_of(file: &Path) -> Result<SecretString, Failure> {
    if file == Path::new("-") {
        return secret();
    }
    let name = file.display().to_string();
    let opened = File::open(file).map_err(|error| Failure::usage(format!("error: {name} cannot be read: {error}")))?;
    of_reader(opened, &name)
}

fn of_reader(input: impl io::Read, name: &str) -> Result<SecretString, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    input.take(LONGEST + 1).read_to_end(&mut bytes).with_context(|| name.to_owned())?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::usage(format!("error: what came from {name} is too long for a secret")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::usage("error: the secret is not UTF-8 text"))?;
    match text.trim() {
        "" => Err(Failure::usage(format!("error: no secret came from {name}"))),
        text => Ok(text.to_owned().into()),
    }
}
