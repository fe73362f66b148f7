//! `chatplug migrate`: brings the database up to date with this program.

use super::{Failure, ask};
use crate::{config::Config, http::AppError, stores::Stores};
use chatplug_store::OpenError;
use secrecy::ExposeSecret as _;

/// Migrates, or says whether it is needed.
pub(super) async fn run(config: Config, check: bool) -> Result<(), Failure> {
    let shown = config.store.shown();
    if shown.starts_with("sqlite:") {
        if check {
            println!("{shown}: a SQLite file is brought up to date when it is opened");
            return Ok(());
        }
        ask::open(&config).await?.close().await;
        println!("{shown} is up to date; a SQLite file always is once it was opened");
        return Ok(());
    }
    if check {
        return self::check(&config, &shown).await;
    }
    let Some(owner) = &config.store.admin_url else {
        return Err(Failure::usage(
            "error: only the owner of the database may migrate it, and the program does not run as its owner: set admin_url \
             under [store] to the owner's URL, as in admin_url = { env = \"CHATPLUG_ADMIN_URL\" }",
        ));
    };
    let migrated = chatplug_store::migrate(owner.expose_secret()).await;
    let migrated = migrated.map_err(|error| AppError::store(&config.store, error))?;
    for step in &migrated.steps {
        println!("{step}");
    }
    match migrated.steps.len() {
        0 => println!("{shown} is up to date: schema {}", migrated.to),
        _ => println!("{shown} is up to date now: schema {}, from {}", migrated.to, migrated.from),
    }
    Ok(())
}

/// Opens as the program would: that says whether the schema is the program's.
async fn check(config: &Config, shown: &str) -> Result<(), Failure> {
    match Stores::open(config).await {
        Ok(stores) => {
            stores.close().await;
            println!("{shown} is up to date");
            Ok(())
        }
        Err(AppError::Store { source, .. }) if is_behind(&*source) => {
            Err(Failure::refused(format!("{shown}: {source}")))
        }
        Err(error) => Err(error.into()),
    }
}

fn is_behind(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Behind { .. } | OpenError::HalfMigrated { .. }))
}
