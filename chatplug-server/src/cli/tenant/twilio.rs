//! `chatplug tenant connect twilio`.

use super::{Failure, Target, TwilioArgs, block, run::Opened};
use crate::{
    cli::credential::secret_of,
    config::{Credential, Environment, ProviderConfig, TwilioChannel},
};
use anyhow::Context as _;
use chatplug_core::model::Phone;
use chatplug_whatsapp::twilio::{
    PROVIDER, http_client,
    provision::{RETRY_FRAGMENT, STEPS, TwilioConnect, TwilioOwner, TwilioWish, known},
};

/// Last part of the webhook's address, unless told.
const ENDPOINT: &str = "main";

/// Connects a number, as far as it goes.
pub(super) async fn run(args: &TwilioArgs, environment: &Environment) -> Result<(), Failure> {
    let common = &args.common;
    let target = Target::of(&common.config, &common.tenant, &common.channel, environment)?;
    let configured = match target.channel().map(|channel| &channel.provider) {
        Some(ProviderConfig::Twilio(channel)) => Some(&**channel),
        _ => None,
    };
    let number = number(args.number.as_deref().or_else(|| configured.map(|channel| channel.number.as_str())))?;
    let token = target.token_name(PROVIDER, configured.map(|channel| &channel.auth_token))?;
    let endpoint = args.endpoint.as_deref().or_else(|| configured.map(|channel| channel.endpoint.as_str()));
    let endpoint = endpoint.unwrap_or(ENDPOINT);
    let outside = target.outside().ok_or_else(|| {
        Failure::usage("error: Twilio signs the address that it calls: write public_url under [server]")
    })?;
    let base_url = args.base_url.clone();
    let base_url = base_url.or_else(|| configured.and_then(|channel| channel.base_url.clone()));
    let base_url = base_url.or_else(|| target.config.twilio.as_ref().and_then(|account| account.base_url.clone()));
    let mut opened = Opened::of(&target, &token, PROVIDER).await?;
    opened.begin(&target, common, &token).await?;
    opened.agrees("--number", known::NUMBER, Some(&number))?;
    opened.agrees("--account-sid", known::ACCOUNT_SID, args.account_sid.as_deref())?;
    let wish = TwilioWish {
        owner: owner(args, &target, configured, opened.passes_over("account", args.token_file.is_some()))?,
        number,
        name: args.name.clone().or_else(|| target.tenant().map(|tenant| tenant.name.clone())).unwrap_or_default(),
        waba_id: args.waba_id.clone(),
        by_voice: args.request_code.map(super::ByCode::by_voice),
        verification_code: match &args.verification_code_file {
            Some(file) if !common.dry_run => Some(secret_of(file)?),
            _ => None,
        },
        webhook_url: format!("{outside}/webhooks/{PROVIDER}/{endpoint}{RETRY_FRAGMENT}"),
        base_url: base_url.clone(),
    };
    let way = TwilioConnect::new(http_client().context("the HTTP client")?, wish);
    let Some(progress) = opened.go(&way, STEPS, common).await? else { return Ok(()) };
    let block = block::of_twilio(&target.channel, endpoint, &token, base_url.as_deref(), &progress);
    println!("\nconnected. In the configuration, under [[tenant]] {}:\n\n{block}", target.tenant);
    Ok(())
}

/// Whose account: the one that is named, a subaccount of its own, or that of the channel.
fn owner(
    args: &TwilioArgs,
    target: &Target,
    configured: Option<&TwilioChannel>,
    passed: bool,
) -> Result<TwilioOwner, Failure> {
    let given = match &args.token_file {
        Some(file) if !args.common.dry_run && !passed => Some(secret_of(file)?),
        _ => None,
    };
    if let Some(name) = &args.subaccount {
        let main = target.config.twilio.as_ref().ok_or_else(|| {
            Failure::usage("error: --subaccount: write the main account's account_sid and auth_token under [twilio]")
        })?;
        let name = if name.is_empty() { format!("chatplug {}", target.tenant) } else { name.clone() };
        return Ok(TwilioOwner::Subaccount { parent: main.account_sid.clone(), token: main.auth_token.clone(), name });
    }
    let sid = args.account_sid.clone().or_else(|| configured.map(|channel| channel.account_sid.clone()));
    let sid = sid.ok_or_else(|| {
        Failure::usage("error: whose account? --subaccount for one of its own, or --account-sid with --token-file")
    })?;
    let of_channel = configured.filter(|channel| channel.account_sid == sid).map(|channel| &channel.auth_token);
    let token = given.or_else(|| match of_channel {
        Some(Credential::Given(token)) => Some(token.clone()),
        _ => None,
    });
    Ok(TwilioOwner::Account { sid, token })
}

/// A number in international form.
fn number(given: Option<&str>) -> Result<String, Failure> {
    let given =
        given.ok_or_else(|| Failure::usage("error: which number? Give it with --number and its country code"))?;
    let phone: Phone = given.parse().map_err(|error| Failure::usage(format!("error: --number: {error}")))?;
    Ok(phone.e164())
}
