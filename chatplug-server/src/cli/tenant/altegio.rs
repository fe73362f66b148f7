//! `chatplug tenant connect altegio`: a code for an owner who comes by the marketplace, or a location by one of its users.

use super::{
    AltegioArgs, Failure, ask, read,
    run::{line, tell},
};
use crate::{
    cli::credential::secret_of,
    config::{AltegioAccount, BookingConfig, Config, Credential, Environment, TenantConfig, suggestion},
    marketplace::{self, Facts, InstallJournal, Installer, Owner},
    stores::Stores,
};
use anyhow::Context as _;
use chatplug_altegio::{
    PROVIDER,
    client::http_client,
    marketplace::{
        Installing, Login,
        install::{AGAIN, OFFER, STEPS},
    },
};
use chatplug_core::{
    model::{BranchId, TenantId},
    ports::{Clock, Install, SaveInstall, StoreError, SystemClock},
    provision::{JournalError, Standing},
};
use chrono::TimeDelta;
use secrecy::SecretString;
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// Exit code when nothing is wrong and the last step waits.
const WAITING: u8 = 3;

/// Makes a code, takes one back, or connects locations as far as it goes.
pub(super) async fn run(args: &AltegioArgs, environment: &Environment) -> Result<(), Failure> {
    let config = read(&args.config, environment)?;
    let tenant = ask::listed(&config, &args.tenant)?;
    let by = ask::by(environment);
    let stores = ask::open(&config).await?;
    stores.register(&config, &tenant).await?;
    let done = match args.location.is_empty() {
        true => code(args, &config, &stores, &tenant, &by).await,
        false => directly(args, &config, &stores, &tenant, &by).await,
    };
    stores.close().await;
    done
}

async fn code(
    args: &AltegioArgs,
    config: &Config,
    stores: &Stores,
    tenant: &TenantId,
    by: &str,
) -> Result<(), Failure> {
    let explain = |error| ask::explain(error, tenant);
    let (secrets, now) = (stores.secrets.secrets(tenant), ask::CLOCK.now());
    if args.revoke {
        let was = marketplace::revoke(&*secrets, by, now).await.map_err(explain)?;
        println!("{}", if was { "the connect code works no more" } else { "there was no connect code" });
        return Ok(());
    }
    let account = account(config, args.account.as_deref())?;
    if account.application_id.is_none() {
        return Err(Failure::usage(format!(
            "error: write application_id under [[altegio]] {}: the number of its app on the marketplace. Without the \
             marketplace, connect a location by one of its users: --location with --token-file, or --login-file and \
             --password-file",
            account.name
        )));
    }
    if args.dry_run {
        println!("would make a connect code for {tenant}; nothing changed");
        return Ok(());
    }
    let salons: BTreeSet<u64> = args.salon.iter().copied().collect();
    let lasts = TimeDelta::hours(args.hours.into());
    let made = marketplace::make(&*secrets, tenant, salons.clone(), lasts, by, now).await.map_err(explain)?;
    let until = made.until.format("%Y-%m-%d %H:%M UTC");
    println!("connect code of {tenant}, for one owner, until {until}:\n\n    {}\n", made.code);
    match salons.is_empty() {
        true => {
            println!("It puts any salon under {tenant} that waits to be connected; --salon names those that it is for.")
        }
        false => {
            let salons: Vec<_> = salons.iter().map(u64::to_string).collect();
            println!("It is for these salons alone: {}", salons.join(", "));
        }
    }
    let page = match config.altegio.iter().filter(|one| one.application_id.is_some()).count() {
        1 => "/altegio/install".to_owned(),
        _ => format!("/altegio/install/{}", account.name),
    };
    match &config.server.public_url {
        Some(outside) => {
            println!("Hand it to the owner, who presses Connect in Altegio's marketplace and is led to {outside}{page}")
        }
        None => println!("note: public_url under [server] says how the world reaches {page}, and is not set"),
    }
    Ok(())
}

async fn directly(
    args: &AltegioArgs,
    config: &Config,
    stores: &Stores,
    tenant: &TenantId,
    by: &str,
) -> Result<(), Failure> {
    if args.branch.is_some() && args.location.len() > 1 {
        return Err(Failure::usage("error: --branch names one branch: give one --location with it"));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let http = http_client().context("the HTTP client")?;
    let installer = Installer::new(config, stores.clone(), &http, clock.clone());
    let (token, login) = if args.dry_run { (None, None) } else { user(args)? };
    let mut worst = Ok(());
    for location in &args.location {
        let place = Place::of(args, config, &installer, tenant, *location).await?;
        let one = Connecting { args, installer: &installer, stores, clock: &clock, place: &place, by };
        if args.location.len() > 1 {
            println!("location {location}");
        }
        if let Err(failure) = one.go(token.clone(), login.clone()).await {
            // The others are connected all the same.
            eprintln!("{}", failure.message);
            worst = Err(Failure { message: String::new(), code: failure.code });
        }
    }
    worst
}

/// A location and what it is here.
struct Place {
    owner: Owner,
    location: u64,
    account: String,
    /// What the configuration calls the token of its branch, or is to call it.
    named: Option<(String, bool)>,
}

impl Place {
    async fn of(
        args: &AltegioArgs,
        config: &Config,
        installer: &Installer,
        tenant: &TenantId,
        location: u64,
    ) -> Result<Self, Failure> {
        let known = installer.owner(location).await.map_err(|error| ask::explain(error, tenant))?;
        let given = match &args.branch {
            Some(branch) => {
                let wrong = |error| Failure::usage(format!("error: --branch: {error}"));
                Some(BranchId::new(branch).map_err(wrong)?)
            }
            None => None,
        };
        let owner = match (known, given) {
            (Some(known), _) if known.tenant != *tenant => {
                return Err(Failure::refused(format!("error: location {location} is {}'s already", known.tenant)));
            }
            (Some(known), Some(given)) if known.branch != given => {
                let message = format!("error: location {location} is branch {} already", known.branch);
                return Err(Failure::usage(message));
            }
            (Some(known), _) => known,
            (None, Some(branch)) => Owner { tenant: tenant.clone(), branch },
            (None, None) => Owner::derived(tenant, location).ok_or_else(|| Failure::usage("error: --location"))?,
        };
        let named =
            config.tenants.iter().find(|known| known.id == *tenant).and_then(|tenant| named(tenant, &owner.branch));
        let account = match &named {
            Some((account, ..)) => account.clone(),
            None => account(config, args.account.as_deref())?.name.clone(),
        };
        Ok(Self { owner, location, account, named: named.map(|(_, name, is_written)| (name, is_written)) })
    }
}

/// Account and token of a branch that the configuration names.
fn named(tenant: &TenantConfig, branch: &BranchId) -> Option<(String, String, bool)> {
    let known = tenant.branches.iter().find(|known| known.id == *branch)?;
    let BookingConfig::Altegio(place) = &known.booking else { return None };
    let (name, is_written) = match &place.user_token {
        Some(Credential::Kept(name)) => (name.clone(), true),
        _ => (format!("{PROVIDER}.{branch}"), false),
    };
    Some((place.account.clone(), name, is_written))
}

/// One location being connected.
struct Connecting<'a> {
    args: &'a AltegioArgs,
    installer: &'a Installer,
    stores: &'a Stores,
    clock: &'a Arc<dyn Clock>,
    place: &'a Place,
    by: &'a str,
}

impl Connecting<'_> {
    async fn go(&self, token: Option<SecretString>, login: Option<Login>) -> Result<(), Failure> {
        let Place { owner, location, account, .. } = self.place;
        let install = self.installer.install(owner).await.map_err(|error| self.explain(error))?;
        let facts = install.as_ref().map(Facts::of).unwrap_or_default();
        if install.is_some() && facts.by_app {
            return Err(Failure::refused(format!(
                "error: branch {} was connected by the marketplace, and has the app's own user",
                owner.branch
            )));
        }
        if self.args.dry_run {
            for view in facts.progress.views(STEPS) {
                println!("{}", line(&view));
            }
            println!("nothing was asked of anybody, and nothing changed");
            return Ok(());
        }
        let install = match install {
            Some(install) => install,
            None => self.begin().await?,
        };
        let fresh = token.is_some() || login.is_some();
        let journal = InstallJournal::new(self.stores, &owner.tenant, install, self.clock.clone(), self.by);

        let reached = self.installer.accounts.named_so(account);
        let reached = reached.ok_or_else(|| Failure::usage("error: --account: it is not configured"))?;
        let wish = self.installer.wish(reached, *location, &owner.branch, false);
        let mut wish = wish.ok_or_else(|| Failure::usage("error: --location"))?;
        (wish.user_token, wish.login) = (token, login);
        let way = Installing::directly(reached.client.clone(), wish);
        let mut progress = Facts::of(&journal.install()).progress;
        if fresh {
            progress.again(&[AGAIN, &["token"]].concat());
        }
        let patience = self.clock.now() + TimeDelta::seconds(self.args.wait.into());
        let mut told = BTreeSet::new();
        let end = loop {
            let (known, views) = way.run(progress, &journal, &**self.clock).await.map_err(unkept)?;
            progress = known;
            journal.ended(&views).await.map_err(unkept)?;
            let end = tell(&views, &mut told);
            let Some(Standing::Waiting { again: Some(again), .. }) = &end else { break end };
            if *again > patience {
                break end;
            }
            tokio::time::sleep((*again - self.clock.now()).to_std().unwrap_or(Duration::ZERO)).await;
        };
        match end {
            None => {
                self.connected(progress.done.contains_key(OFFER));
                Ok(())
            }
            Some(Standing::Waiting { .. }) => {
                Err(Failure { message: "waiting: run the same command again later".to_owned(), code: WAITING })
            }
            Some(_) => Err(Failure::refused("not connected yet: run the same command again when that is done")),
        }
    }

    fn connected(&self, done: bool) {
        let Place { owner, location, named, .. } = self.place;
        if !done {
            return;
        }
        match named {
            Some((name, false)) => println!(
                "\nconnected. In the configuration, under [tenant.branch.altegio] of {}:\n\n\
                 user_token = {{ vault = {} }}",
                owner.branch,
                toml::Value::from(name.as_str())
            ),
            Some((_, true)) => {
                println!("\nconnected: processes that run already use the token when they are started again")
            }
            None => {
                println!("\nconnected: location {location} is branch {} of {}, from now on", owner.branch, owner.tenant)
            }
        }
    }

    async fn begin(&self) -> Result<Install, Failure> {
        let Place { owner, location, account, named } = self.place;
        let (now, location) = (self.clock.now(), location.to_string());
        let mut install = Install::begin(owner.branch.clone(), PROVIDER, &location, &location, now);
        // Nobody but this command goes on with it for now.
        let next = Some(now + TimeDelta::minutes(10));
        let token = named.as_ref().map(|(name, _)| name.clone());
        let facts = Facts { account: account.clone(), token, next, ..Facts::default() };
        facts.put(&mut install);
        let save = SaveInstall { install: install.clone(), by: self.by.to_owned(), detail: json!({ "step": "begin" }) };
        match self.stores.installs.installs(&owner.tenant).save_install(save).await {
            Ok(Some(version)) => Ok(Install { version, ..install }),
            Ok(None) => Err(unkept(JournalError::Overtaken)),
            Err(StoreError::RouteTaken { .. }) => {
                Err(Failure::refused(format!("error: location {location} is connected elsewhere already")))
            }
            Err(error) => Err(self.explain(error)),
        }
    }

    fn explain(&self, error: StoreError) -> Failure {
        ask::explain(error, &self.place.owner.tenant)
    }
}

/// Whose token, or whom to log in as.
fn user(args: &AltegioArgs) -> Result<(Option<SecretString>, Option<Login>), Failure> {
    let token = args.token_file.as_deref().map(secret_of).transpose()?;
    let login = match (&args.login_file, &args.password_file) {
        (Some(login), Some(password)) => {
            let second = match (&args.second_factor, &args.second_factor_file) {
                (Some(uuid), Some(code)) => Some((uuid.clone(), secret_of(code)?)),
                _ => None,
            };
            Some(Login { login: secret_of(login)?, password: secret_of(password)?, second })
        }
        _ => None,
    };
    Ok((token, login))
}

/// The account that is named, or the only one.
fn account<'c>(config: &'c Config, name: Option<&str>) -> Result<&'c AltegioAccount, Failure> {
    let accounts = &config.altegio;
    match (name, accounts.as_slice()) {
        (Some(name), _) => accounts.iter().find(|account| account.name == name).ok_or_else(|| {
            let hint = suggestion(name, accounts.iter().map(|account| account.name.as_str()));
            Failure::usage(format!("error: --account: there is no [[altegio]] `{name}`{hint}"))
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(Failure::usage("error: the configuration has no [[altegio]]: the developer's account")),
        (None, _) => Err(Failure::usage("error: there are several [[altegio]]: choose one with --account")),
    }
}

fn unkept(error: JournalError) -> Failure {
    match error {
        JournalError::Overtaken => {
            Failure::refused("error: somebody else is connecting this branch, or it was taken off: run this again")
        }
        error => anyhow::Error::from(error).into(),
    }
}
