//! `chatplug check`: everything that is wrong with a configuration, without starting anything.

use super::{ConfigArgs, Failure, templates};
use crate::config::{BookingConfig, Config, Environment, ProviderConfig};
use chatplug_core::understand::success_words;

/// Checks, and prints what there is or what is wrong.
pub(super) fn run(args: &ConfigArgs, environment: &Environment) -> Result<(), Failure> {
    let config = super::read(&args.config, environment)?;
    println!("ok: {}", summary(&config));
    let outside = config.server.public_url.clone().unwrap_or_else(|| format!("http://{}", config.server.bind));
    for app in &config.meta_apps {
        println!("webhook of {}: {}", app.name, app.webhook_url(&outside));
    }
    for account in &config.altegio {
        // Whoever knows its end may post there: it is not for a screen.
        println!("webhook of {}: {outside}/webhooks/altegio/<endpoint>", account.name);
    }
    for account in config.calcom.iter().filter(|account| account.webhook_secrets.is_empty()) {
        println!(
            "{}: no webhook_secret, so changes at Cal.com are found by looking, within minutes (docs/calcom.md)",
            account.name
        );
    }
    for (tenant, branch) in
        config.tenants.iter().flat_map(|tenant| tenant.branches.iter().map(move |one| (tenant, one)))
    {
        let others: Vec<&str> = branch.others.iter().map(BookingConfig::backend).collect();
        if !others.is_empty() {
            let acts = branch.booking.backend();
            println!("branch {} of {}: {acts} acts; {} does not", branch.id, tenant.id, others.join(" and "));
        }
        if branch.calcom().is_some() && config.server.public_url.is_none() {
            println!(
                "branch {} of {}: without public_url under [server], Cal.com cannot tell what changes",
                branch.id, tenant.id
            );
        }
        let Some(place) = branch.altegio() else { continue };
        let account = config.altegio.iter().find(|account| account.name == place.account);
        if place.user_token.is_none() && account.is_some_and(|account| account.user_token.is_none()) {
            println!(
                "branch {} of {}: no user_token, so it books as a website would: no moving, no cancelling, no bookings \
                 that others made (docs/altegio.md)",
                branch.id, tenant.id
            );
        }
    }
    for tenant in &config.tenants {
        if let Some(llm) = &tenant.llm {
            let model = config.openai.iter().find(|known| known.name == llm.endpoint).map_or("", |known| &known.model);
            println!(
                "{} asks {model} at {} when the offline engine is unsure: at most {} tokens a day",
                tenant.id, llm.endpoint, llm.daily_tokens
            );
        }
        for fact in &tenant.facts {
            let words: Vec<String> = fact.text.all().flat_map(success_words).collect();
            if !words.is_empty() {
                println!(
                    "fact {} of {}: it is quoted as it is, and \"{}\" in it may be taken for a confirmation",
                    fact.id,
                    tenant.id,
                    words.join("\", \"")
                );
            }
        }
    }
    let channels =
        config.tenants.iter().flat_map(|tenant| tenant.channels.iter().map(move |channel| (tenant, channel)));
    for (tenant, channel) in channels {
        if let ProviderConfig::Twilio(twilio) = &channel.provider {
            let name = format!("{} of {}", channel.id, tenant.id);
            // Twilio tries again only where the address says so.
            println!("webhook of {name}: {}#rc=3&rp=all", twilio.webhook_url(&outside));
        }
    }
    // What is wrong with templates keeps nothing from starting; what providers would say to them is better known before.
    for tenant in &config.tenants {
        for finding in templates::findings(tenant) {
            println!("templates of {}: {finding}", tenant.id);
        }
    }
    for (tenant, lobby) in config.tenants.iter().filter_map(|tenant| Some((tenant, tenant.lobby.as_ref()?))) {
        for member in lobby.members() {
            let Some(code) = &member.code else { continue };
            println!(
                "{} leads to {} with #{code} in a link: https://wa.me/NUMBER?text=%23{code}",
                tenant.id, member.tenant
            );
        }
    }
    Ok(())
}

/// What a configuration holds, in a line.
fn summary(config: &Config) -> String {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let lobbies = config.tenants.iter().filter(|tenant| tenant.lobby.is_some()).count();
    let shared = (lobbies > 0).then(|| count(lobbies, "shared number", "shared numbers"));
    let parts = [
        count(config.tenants.len() - lobbies, "tenant", "tenants"),
        count(config.tenants.iter().map(|tenant| tenant.branches.len()).sum(), "branch", "branches"),
        count(config.tenants.iter().map(|tenant| tenant.channels.len()).sum(), "channel", "channels"),
        count(config.meta_apps.len(), "Meta app", "Meta apps"),
    ];
    let n = config.altegio.len();
    let m = config.calcom.len();
    let calcom = (m > 0).then(|| count(m, "account at Cal.com", "accounts at Cal.com"));
    let altegio = (n > 0).then(|| count(n, "account at Altegio", "accounts at Altegio"));
    parts.into_iter().chain(altegio).chain(calcom).chain(shared).collect::<Vec<_>>().join(", ")
}
