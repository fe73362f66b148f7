//! `chatplug tenant disconnect`.

use super::{DisconnectArgs, Failure, Target, ask, journal::StoreJournal};
use crate::config::{Credential, Environment, ProviderConfig};
use anyhow::Context as _;
use chatplug_core::ports::Clock as _;
use chatplug_whatsapp::{
    meta::{
        self, DEFAULT_BASE_URL, DEFAULT_GRAPH_VERSION, http_client,
        provision::{MetaConnect, MetaSetup, MetaWish},
    },
    provision::{Journal as _, Kept, Progress},
    twilio::provision::{TwilioSetup, known},
};
use secrecy::SecretString;

/// Takes a number off.
pub(super) async fn run(args: &DisconnectArgs, channel: &str, environment: &Environment) -> Result<(), Failure> {
    let target = Target::of(&args.config, &args.tenant, channel, environment)?;
    let stores = ask::open(&target.config).await?;
    let explain = |error| ask::explain(error, &target.tenant);
    let connections = stores.connections.connections(&target.tenant);
    let found = connections.connection(&target.channel).await.map_err(explain)?;
    let Some(found) = found else {
        return Err(Failure::refused(format!(
            "error: channel {} of {} was not connected by `chatplug tenant connect`",
            target.channel, target.tenant
        )));
    };
    let progress: Progress = serde_json::from_value(found.progress).context("what is known of the connection")?;
    if !args.yes {
        let off = if args.deregister { " and take it off WhatsApp" } else { "" };
        let question = format!("Disconnect {}{off}? It sends and receives no more. Type its id:", target.channel);
        if !ask::confirmed(&question, target.channel.as_str())? {
            return Err(Failure::refused("not disconnected"));
        }
    }
    let configured = target.channel().and_then(|channel| match &channel.provider {
        ProviderConfig::Meta { access_token, .. } => Some(access_token),
        ProviderConfig::Twilio(twilio) => Some(&twilio.auth_token),
        ProviderConfig::Simulator | ProviderConfig::Shared { .. } => None,
    });
    let name = target.token_name(&progress.provider, configured)?;
    let opened = StoreJournal::open(&stores, &target.tenant, &target.channel, &name, &target.by).await;
    let (journal, _) = opened.map_err(explain)?;
    let token = match (journal.kept(Kept::Token).await.context("the token")?, configured) {
        (Some(token), _) => token,
        (None, Some(Credential::Given(token))) => token.clone(),
        (None, _) => return Err(Failure::refused(format!("error: {} has no credential \"{name}\"", target.tenant))),
    };
    match progress.provider.as_str() {
        meta::PROVIDER => at_meta(&target, &progress, &token, args.deregister).await?,
        _ => at_twilio(&target, &progress, token, args.deregister).await?,
    }
    connections.remove_connection(&target.channel, &target.by, ask::CLOCK.now()).await.map_err(explain)?;
    stores.close().await;
    println!("disconnected: channel {} of {}", target.channel, target.tenant);
    println!("take its block out of the configuration, and its secrets out of the database:");
    println!("    chatplug credential remove --config FILE --tenant {} {name}", target.tenant);
    Ok(())
}

async fn at_meta(target: &Target, progress: &Progress, token: &SecretString, deregister: bool) -> Result<(), Failure> {
    let of_channel = target.channel().and_then(|channel| match &channel.provider {
        ProviderConfig::Meta { app, .. } => Some(app),
        _ => None,
    });
    let apps = &target.config.meta_apps;
    let app = apps.iter().find(|app| of_channel.is_none_or(|name| *name == app.name));
    let base_url = app.and_then(|app| app.base_url.as_deref()).unwrap_or(DEFAULT_BASE_URL);
    let version = app.and_then(|app| app.graph_version.as_deref()).unwrap_or(DEFAULT_GRAPH_VERSION);
    let setup = MetaSetup::at(http_client().context("the HTTP client")?, base_url, version);
    let left = MetaConnect::new(setup, MetaWish::default()).leave(progress, token, deregister).await;
    left.map_err(|error| anyhow::Error::from(error).into())
}

async fn at_twilio(target: &Target, progress: &Progress, token: SecretString, delete: bool) -> Result<(), Failure> {
    let (Some(account), Some(sender), true) =
        (progress.known(known::ACCOUNT_SID), progress.known(known::SENDER_SID), delete)
    else {
        println!("the sender stays at Twilio: it is deleted with --deregister, or in Twilio's console");
        return Ok(());
    };
    let setup = TwilioSetup::new(http_client().context("the HTTP client")?, account, token);
    let of_channel = target.channel().and_then(|channel| match &channel.provider {
        ProviderConfig::Twilio(twilio) => twilio.base_url.as_deref(),
        _ => None,
    });
    let of_main = target.config.twilio.as_ref().and_then(|account| account.base_url.as_deref());
    let setup = match of_channel.or(of_main) {
        Some(url) => setup.with_base_url(url),
        None => setup,
    };
    setup.delete_sender(sender).await.map_err(|error| anyhow::Error::from(error).into())
}
