//! `chatplug tenant connect meta`.

use super::{Failure, MetaArgs, Target, block, run::Opened};
use crate::{
    cli::credential::secret_of,
    config::{Environment, MetaApp, ProviderConfig, suggestion},
};
use anyhow::Context as _;
use chatplug_whatsapp::meta::{
    DEFAULT_BASE_URL, DEFAULT_GRAPH_VERSION, PROVIDER, http_client,
    provision::{MetaAppKeys, MetaConnect, MetaSetup, MetaWish, STEPS, known},
};
use secrecy::SecretString;

/// Connects a number, as far as it goes.
pub(super) async fn run(args: &MetaArgs, environment: &Environment) -> Result<(), Failure> {
    let common = &args.common;
    let target = Target::of(&common.config, &common.tenant, &common.channel, environment)?;
    let configured = match target.channel().map(|channel| &channel.provider) {
        Some(ProviderConfig::Meta { app, phone_number_id, waba_id, access_token, .. }) => {
            Some((app, phone_number_id, waba_id, access_token))
        }
        _ => None,
    };
    let app = app(&target, args.app.as_deref().or_else(|| configured.map(|(app, ..)| app.as_str())))?;
    let token = target.token_name(PROVIDER, configured.map(|(.., token)| token))?;
    let given = args.phone_number_id.clone();
    let phone_number_id = given.or_else(|| configured.map(|(_, id, ..)| id.clone()));
    let waba_id = args.waba_id.clone().or_else(|| configured.and_then(|(_, _, waba, _)| waba.clone()));
    let mut opened = Opened::of(&target, &token, PROVIDER).await?;
    opened.begin(&target, common, &token).await?;
    opened.agrees("--phone-number-id", known::PHONE_NUMBER_ID, phone_number_id.as_deref())?;
    opened.agrees("--waba-id", known::WABA_ID, waba_id.as_deref())?;
    let passed = opened.passes_over("token", args.code_file.is_some() || args.token_file.is_some());
    let read = |file: &Option<std::path::PathBuf>| file.as_deref().map(secret_of).transpose();
    let wish = match common.dry_run {
        // Nothing is asked for that would not be used.
        true => MetaWish::default(),
        false => MetaWish {
            app: app
                .app_id
                .clone()
                .zip(app.app_secrets.first())
                .map(|(id, secret)| MetaAppKeys { id, secret: secret.clone() }),
            code: if passed { None } else { read(&args.code_file)? },
            token: if passed { None } else { read(&args.token_file)? },
            waba_id,
            phone_number_id,
            coexistence: args.coexistence,
            pin: read(&args.pin_file)?,
            new_pin: Some(new_pin()?),
            region: args.region.clone(),
            request_code: args.request_code.map(super::ByCode::by_voice),
            verification_code: read(&args.verification_code_file)?,
            webhook_url: target.outside().map(|outside| app.webhook_url(outside)),
            override_word: args.override_webhook.then(|| app.verify_token.clone()),
        },
    };
    let http = http_client().context("the HTTP client")?;
    let base_url = app.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
    let setup = MetaSetup::at(http, base_url, app.graph_version.as_deref().unwrap_or(DEFAULT_GRAPH_VERSION));
    let way = MetaConnect::new(setup, wish);
    let Some(progress) = opened.go(&way, STEPS, common).await? else { return Ok(()) };
    let block = block::of_meta(&target.channel, &app.name, &token, &progress);
    println!("\nconnected. In the configuration, under [[tenant]] {}:\n\n{block}", target.tenant);
    Ok(())
}

/// The app that is named, or the only one.
fn app<'t>(target: &'t Target, name: Option<&str>) -> Result<&'t MetaApp, Failure> {
    let apps = &target.config.meta_apps;
    match (name, apps.as_slice()) {
        (Some(name), _) => apps.iter().find(|app| app.name == name).ok_or_else(|| {
            let hint = suggestion(name, apps.iter().map(|app| app.name.as_str()));
            Failure::usage(format!("error: --app: there is no [[meta_app]] `{name}`{hint}"))
        }),
        (None, [only]) => Ok(only),
        (None, []) => Err(Failure::usage("error: the configuration has no [[meta_app]]: a number at Meta needs one")),
        (None, _) => Err(Failure::usage("error: there are several [[meta_app]]: choose one with --app")),
    }
}

/// Six random digits.
fn new_pin() -> Result<SecretString, Failure> {
    /// As many values as have every remainder equally often.
    const EVEN: u32 = u32::MAX - u32::MAX % 1_000_000;
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the machine gives no randomness: {error}"))?;
        let number = u32::from_le_bytes(bytes);
        if number < EVEN {
            return Ok(format!("{:06}", number % 1_000_000).into());
        }
    }
}
