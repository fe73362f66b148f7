//! `chatplug key`: master keys, and the keys of tenants that are wrapped under them.

mod generate;
mod rotate;

use super::{Failure, ask, block_on};
use crate::{
    config::{Config, Environment},
    stores::Stores,
};
use chatplug_core::{
    model::TenantId,
    ports::{Clock as _, StoreError},
    vault::KeyId,
};
use clap::Subcommand;
use std::path::PathBuf;

/// What can be done with keys.
#[derive(Debug, Clone, Subcommand)]
pub enum KeyCommand {
    /// Make a master key: the one thing that a backup of the database must not lie beside
    Generate(GenerateArgs),
    /// Wrap tenants' keys under the current master key; with --data give tenants new data keys and seal everything anew
    #[command(
        after_help = "Works while servers run. Can be stopped at any time and run again. The current master key is \
                            the first of master_keys under [vault]."
    )]
    Rotate(RotateArgs),
    /// Which master keys are in use, and which can be taken away
    Status(StatusArgs),
    /// Destroy a tenant's keys: what they sealed is unreadable from then on, in every copy made without the keys
    Destroy(DestroyArgs),
}

/// Options of `key generate`.
#[derive(Debug, Clone, clap::Args)]
pub struct GenerateArgs {
    /// Its name: a-z, 0-9, -, _ and .; today's date, unless given
    #[arg(value_name = "NAME")]
    pub name: Option<KeyId>,
    /// Put it into this file, which only you may read, before the keys that are in it; else it is printed
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Options of `key rotate`.
#[derive(Debug, Clone, clap::Args)]
pub struct RotateArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Of this tenant; all of the configuration, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
    /// New data keys too, and everything sealed anew with them; also brings what is stored in line with `seal`
    #[arg(long)]
    pub data: bool,
}

/// Options of `key status`.
#[derive(Debug, Clone, clap::Args)]
pub struct StatusArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
}

/// Options of `key destroy`.
#[derive(Debug, Clone, clap::Args)]
pub struct DestroyArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Whose
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Runs one of them.
pub(super) fn run(command: KeyCommand, environment: &Environment) -> Result<(), Failure> {
    match command {
        KeyCommand::Generate(args) => generate::run(&args),
        KeyCommand::Rotate(args) => {
            let config = super::read(&args.config, environment)?;
            let tenants = ask::tenants(&config, &args.tenant)?;
            block_on(rotate::run(&config, &tenants, args.data, &ask::by(environment)))
        }
        KeyCommand::Status(args) => {
            let config = super::read(&args.config, environment)?;
            block_on(async {
                let stores = ask::open(&config).await?;
                let fine = print_masters(&config, &stores).await;
                stores.close().await;
                fine
            })
        }
        KeyCommand::Destroy(args) => {
            let config = super::read(&args.config, environment)?;
            let tenant = ask::tenant(&config, &args.tenant)?;
            block_on(destroy(&config, &tenant, args.yes, &ask::by(environment)))
        }
    }
}

async fn destroy(config: &Config, tenant: &TenantId, yes: bool, by: &str) -> Result<(), Failure> {
    let stores = ask::open(config).await?;
    eprintln!(
        "This destroys the keys of {tenant}. Its credentials, and names, numbers and texts of its clients that were sealed,\n\
         are unreadable from then on, in this database and in every backup that was made without the keys. Nothing can\n\
         be stored for it any more: webhooks of its numbers are refused. It cannot be undone."
    );
    if !yes && !ask::confirmed(&format!("Type {tenant} to go on:"), tenant.as_str())? {
        return Err(Failure::refused("nothing was destroyed"));
    }
    let destroyed = stores.secrets.secrets(tenant).destroy_keys(by, ask::CLOCK.now()).await;
    destroyed.map_err(|error| ask::explain(error, tenant))?;
    println!("destroyed: the keys of {tenant}");
    println!("processes that run already forget them within a minute, or when they are stopped");
    if config.tenants.iter().any(|known| known.id == *tenant) {
        println!("take its [[tenant]] out of the configuration: it can be served no more");
    }
    stores.close().await;
    Ok(())
}

/// Prints what each master key wraps, over all tenants, also those that are not in the configuration. An error: keys are
/// wrapped under one that is not configured.
async fn print_masters(config: &Config, stores: &Stores) -> Result<(), Failure> {
    let unreadable =
        |error: StoreError| Failure::from(anyhow::Error::from(error).context("the keys cannot be counted"));
    let used = stores.secrets.masters().await.map_err(unreadable)?;
    let configured: Vec<KeyId> = config.master_keys.iter().flat_map(|keys| keys.names().cloned()).collect();
    let wraps = |name: &KeyId| used.iter().find(|(used, _)| used == name).map_or(0, |(_, keys)| *keys);
    for (i, name) in configured.iter().enumerate() {
        let wrapped = keys(wraps(name));
        match (i, wraps(name)) {
            (0, _) => println!("master key \"{name}\" (current)  {wrapped}"),
            (_, 0) => println!(
                "master key \"{name}\"  {wrapped}: it can be taken out of master_keys, and destroyed once no backup needs it"
            ),
            _ => println!(
                "master key \"{name}\"  {wrapped}: still needed; chatplug key rotate moves them to the current one"
            ),
        }
    }
    let missing: Vec<_> = used.iter().filter(|(name, keys)| *keys > 0 && !configured.contains(name)).collect();
    for (name, count) in &missing {
        println!("master key \"{name}\"  NOT CONFIGURED  {}: they cannot be opened", keys(*count));
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Failure::refused(
            "error: keys are wrapped under a master key that is not configured: add it to master_keys under [vault], after the current one",
        )),
    }
}

fn keys(count: u64) -> String {
    match count {
        0 => "wraps nothing".to_owned(),
        1 => "wraps 1 key".to_owned(),
        many => format!("wraps {many} keys"),
    }
}
