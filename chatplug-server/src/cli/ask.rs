//! What commands on a database have in common: opening it, whom it is about, who asks, and asking back.

use super::Failure;
use crate::{
    config::{Config, Environment},
    stores::Stores,
};
use anyhow::Context as _;
use chatplug_core::{
    model::TenantId,
    ports::{StoreError, SystemClock},
    vault::VaultError,
};
use std::io::{self, BufRead as _, Write as _};

/// The clock of commands.
pub(super) const CLOCK: SystemClock = SystemClock;

/// Who asks, for the audit: the account that runs the command. Only what an account's name may hold is taken over.
pub(super) fn by(environment: &Environment) -> String {
    let of = |name: &str| environment.0.get(name).filter(|user| !user.is_empty());
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(of).map_or("unknown", String::as_str);
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    format!("operator:{}", user.chars().filter(fits).take(64).collect::<String>())
}

/// Opens the stores of a configuration.
pub(super) async fn open(config: &Config) -> Result<Stores, Failure> {
    Ok(Stores::open(config).await?)
}

/// A tenant that a command names. One that is not configured may still have data; it is said, in case it is a slip.
pub(super) fn tenant(config: &Config, given: &str) -> Result<TenantId, Failure> {
    let tenant = TenantId::new(given).map_err(|error| Failure::usage(format!("error: --tenant: {error}")))?;
    if !config.tenants.iter().any(|known| known.id == tenant) {
        eprintln!("note: {}", unlisted(config, &tenant));
    }
    Ok(tenant)
}

/// A tenant that must be in the configuration.
pub(super) fn listed(config: &Config, given: &str) -> Result<TenantId, Failure> {
    let tenant = TenantId::new(given).map_err(|error| Failure::usage(format!("error: --tenant: {error}")))?;
    match config.tenants.iter().any(|known| known.id == tenant) {
        true => Ok(tenant),
        false => Err(Failure::usage(format!("error: {}", unlisted(config, &tenant)))),
    }
}

/// The tenants that a command is about: those that are named, or all of the configuration.
pub(super) fn tenants(config: &Config, given: &[String]) -> Result<Vec<TenantId>, Failure> {
    if given.is_empty() {
        return Ok(config.tenants.iter().map(|tenant| tenant.id.clone()).collect());
    }
    given.iter().map(|one| tenant(config, one)).collect()
}

fn unlisted(config: &Config, tenant: &TenantId) -> String {
    let hint = crate::config::suggestion(tenant.as_str(), config.tenants.iter().map(|known| known.id.as_str()));
    format!("the configuration has no tenant `{tenant}`{hint}")
}

/// Asks on standard error and compares the line that is answered. Nothing is taken for a yes but the word itself.
pub(super) fn confirmed(question: &str, word: &str) -> Result<bool, Failure> {
    eprint!("{question} ");
    io::stderr().flush().context("standard error")?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("standard input")?;
    Ok(line.trim() == word)
}

/// What a store's failure means to whoever typed the command.
pub(super) fn explain(error: StoreError, tenant: &TenantId) -> Failure {
    match &error {
        StoreError::Vault(VaultError::Destroyed) => Failure::refused(format!(
            "error: the keys of {tenant} were destroyed: what they sealed is gone, and nothing can be sealed for it"
        )),
        StoreError::Vault(VaultError::UnknownMaster(key)) => Failure::usage(format!(
            "error: the keys of {tenant} are wrapped under the master key \"{key}\", which is not configured: add it to \
             master_keys under [vault], after the current one"
        )),
        StoreError::Vault(VaultError::Forged) => Failure::usage(format!(
            "error: the keys of {tenant} do not open: a master key under [vault] has the right name, and is another key"
        )),
        _ => anyhow::Error::from(error).context(tenant.to_string()).into(),
    }
}
