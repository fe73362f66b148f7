//! `chatplug templates`: what a provider should have, what it has, and what became of it. What to do about which template
//! is decided in `chatplug_core::templates`; here it is asked for, carried out and told.

use super::{Failure, ask, block_on};
use crate::{
    config::{BookingConfig, Config, Environment, TenantConfig},
    stores::Stores,
    wiring,
};
use chatplug_core::{
    checkup::Checked,
    model::{ChannelId, ChannelLimits, Lang, TenantId},
    ports::{ListedTemplate, SystemClock, TemplateDesk, TemplateDraft, TemplateError, Templates},
    reply::{RenderContext, Words},
    templates::{self, Finding, Plan, PlanItem, PlanStep},
};
use clap::Subcommand;
use std::{path::PathBuf, sync::Arc};

/// Ends with this when there is something to push, and nothing that a person must see to.
const TO_PUSH: u8 = 3;

/// What can be done with templates.
#[derive(Debug, Clone, Subcommand)]
pub enum TemplatesCommand {
    /// Compare what should be there with what the provider has, and change nothing. Ends with 0 when there is nothing to do,
    /// 3 when there is something to push, 1 when something needs a person
    Plan(TemplatesArgs),
    /// Hand in what the plan says, and nothing else. Safe to interrupt and to repeat
    Push(TemplatesArgs),
    /// Tell how each template stands: approval, category, quality, the last reason. Ends with 1 while one cannot be sent
    Status(TemplatesArgs),
}

/// Whose templates.
#[derive(Debug, Clone, clap::Args)]
pub struct TemplatesArgs {
    /// The configuration file, in TOML
    #[arg(long, short, value_name = "FILE")]
    pub config: PathBuf,
    /// Of this tenant; all, unless given
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Vec<String>,
    /// Of this channel; all, unless given
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Vec<String>,
}

/// Runs one of them.
pub(super) fn run(command: TemplatesCommand, environment: &Environment) -> Result<(), Failure> {
    let (args, what): (_, What) = match command {
        TemplatesCommand::Plan(args) => (args, What::Plan),
        TemplatesCommand::Push(args) => (args, What::Push),
        TemplatesCommand::Status(args) => (args, What::Status),
    };
    let config = super::read(&args.config, environment)?;
    let tenants = ask::tenants(&config, &args.tenant)?;
    block_on(go(&config, &tenants, &args.channel, what))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Plan,
    Push,
    Status,
}

/// What was found, over all channels.
#[derive(Debug, Default)]
struct Tally {
    channels: usize,
    to_push: usize,
    pushed: usize,
    findings: usize,
    /// What kept us from looking or pushing.
    failures: usize,
}

async fn go(config: &Config, tenants: &[TenantId], channels: &[String], what: What) -> Result<(), Failure> {
    let stores = ask::open(config).await?;
    let mut tally = Tally::default();
    let mut seen: Vec<Seen> = Vec::new();
    let chosen = config.tenants.iter().filter(|tenant| tenants.contains(&tenant.id));
    for tenant in chosen {
        tenant_of(config, &stores, tenant, channels, what, &mut seen, &mut tally).await?;
    }
    stores.close().await;
    ended(what, &tally, channels)
}

/// An account's templates under one prefix, as the first channel wants them.
struct Seen {
    desk: TemplateDesk,
    name: String,
    drafts: Vec<TemplateDraft>,
}

async fn tenant_of(
    config: &Config,
    stores: &Stores,
    tenant: &TenantConfig,
    channels: &[String],
    what: What,
    seen: &mut Vec<Seen>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    let found = wiring::templates(config, stores, tenant, Arc::new(SystemClock)).await?;
    let chosen = |id: &ChannelId| channels.is_empty() || channels.iter().any(|one| one == id.as_str());
    let mut said = false;
    for (id, templates) in found.into_iter().filter(|(id, _)| chosen(id)) {
        let desk = templates.desk();
        let name = format!("{} · {id}", tenant.id);
        let mut drafts = drafts(tenant, Some(&id), &desk.prefix);
        tally.channels += 1;
        match &desk.account {
            Some(account) => println!("{name} ({} {account})", desk.provider),
            None => println!("{name} (templates are listed in the configuration)"),
        }
        if !std::mem::replace(&mut said, true) && what != What::Status {
            for finding in templates::missing(&Words::shipped(), &tenant.policy) {
                println!("  {finding}");
                tally.findings += 1;
            }
        }
        let shares = |one: &&Seen| desk.account.is_some() && one.desk == desk;
        if let Some(first) = seen.iter().find(shares) {
            if clashes(&first.drafts, &drafts) {
                println!(
                    "  says something else under the same names as {}: give one of them a template_prefix",
                    first.name
                );
                tally.findings += 1;
                continue;
            }
            drafts.retain(|draft| !first.drafts.iter().any(|one| is_one(one, draft)));
            if drafts.is_empty() {
                println!("  the same as {}", first.name);
                continue;
            }
        } else {
            seen.push(Seen { desk: desk.clone(), name, drafts: drafts.clone() });
        }
        match templates.status().await {
            Ok(listed) => one(&*templates, &desk, &drafts, &listed, what, tally).await,
            Err(error) => {
                println!("  {}", told(&error));
                tally.failures += 1;
            }
        }
    }
    Ok(())
}

async fn one(
    templates: &dyn Templates,
    desk: &TemplateDesk,
    drafts: &[TemplateDraft],
    listed: &[ListedTemplate],
    what: What,
    tally: &mut Tally,
) {
    let plan = templates::plan(drafts, listed, desk);
    let faults = templates::lint(drafts);
    let faulty = |draft: &TemplateDraft| faults.iter().any(|it| it.meaning == draft.meaning && it.lang == draft.lang);
    match what {
        What::Status => status(&plan, tally),
        What::Plan => {
            for item in &plan.items {
                show(item);
            }
            for finding in &faults {
                println!("  {finding}");
            }
            tally.to_push += plan.changes().filter(|item| !faulty(&item.draft)).count();
            tally.findings += faults.len() + plan.findings().count();
        }
        What::Push => {
            for finding in &faults {
                println!("  not handed in: {finding}");
            }
            tally.findings += faults.len();
            for item in &plan.items {
                if item.step.is_finding() {
                    show(item);
                    tally.findings += 1;
                } else if item.step.is_change() && !faulty(&item.draft) && !push(templates, item, tally).await {
                    println!("  the rest waits: run this again");
                    return;
                }
            }
        }
    }
    if what != What::Push {
        for other in &plan.others {
            let ListedTemplate { stock, category, .. } = other;
            let category = category.map_or("", |category| category.name());
            println!("  left alone      {}  {}  {}  {category}", stock.name, stock.locale, stock.state.name());
        }
    }
}

/// Carries one step out; `false`: the provider cannot be asked any more.
async fn push(templates: &dyn Templates, item: &PlanItem, tally: &mut Tally) -> bool {
    let PlanItem { draft, listed, step } = item;
    let done = match (step, listed) {
        (PlanStep::Edit { .. }, Some(listed)) => templates.edit(listed, draft).await,
        _ => templates.submit(draft).await,
    };
    match done {
        Ok(stock) => {
            println!("  handed in       {}  {}  {}: {}", draft.meaning, draft.locale, draft.name, stock.state.name());
            tally.pushed += 1;
            true
        }
        Err(error) => {
            println!("  not handed in   {}  {}  {}: {}", draft.meaning, draft.locale, draft.name, told(&error));
            tally.failures += 1;
            matches!(error, TemplateError::Refused(_) | TemplateError::Unsupported)
        }
    }
}

/// One line of a plan, and what would be handed in.
fn show(item: &PlanItem) {
    let PlanItem { draft, step, listed } = item;
    let TemplateDraft { meaning, locale, name, body, buttons, time_to_live, .. } = draft;
    let note = match step {
        PlanStep::Edit { differs } | PlanStep::Replace { differs } | PlanStep::ReviewFirst { differs } => {
            let what: Vec<_> = differs.iter().map(|difference| difference.name()).collect();
            let then = match step {
                PlanStep::ReviewFirst { .. } => "; it can be changed once it is decided",
                PlanStep::Replace { .. } => "; the old one is used until the new one is approved",
                _ => "",
            };
            format!("{} differ{then}", what.join(", "))
        }
        PlanStep::WrongCategory { is } => {
            format!("the provider made it {is}: it is not sent. Change its text, or ask the provider to look again")
        }
        PlanStep::Paused => "by the provider, for its quality: it comes back by itself".to_owned(),
        PlanStep::Rejected { reason } => {
            let reason = reason.as_deref().unwrap_or("no reason told");
            format!("{reason}. Change its text (template-{meaning} in the tenant's .ftl), then push")
        }
        PlanStep::Disabled => "for good: choose another template_prefix, then push".to_owned(),
        PlanStep::Deleted => "its name is taken for 30 days: choose another template_prefix, or wait".to_owned(),
        PlanStep::ByHand if listed.is_none() => "not listed under [[tenant.channel.templates]]".to_owned(),
        PlanStep::ByHand => "differs, and cannot be handed in from here".to_owned(),
        _ => String::new(),
    };
    println!("  {:<14}  {meaning}  {locale}  {name}  {note}", step.name());
    if step.is_change() {
        let buttons: String = buttons.iter().map(|label| format!(" [{label}]")).collect();
        let lives = time_to_live.map_or_else(String::new, |seconds| format!("  (lives {seconds} s)"));
        println!("                  {body}{buttons}{lives}");
    }
}

/// How every template stands.
fn status(plan: &Plan, tally: &mut Tally) {
    for PlanItem { draft, listed, .. } in &plan.items {
        let TemplateDraft { meaning, locale, name, .. } = draft;
        let Some(listed) = listed else {
            println!("  {:<14}  {meaning}  {locale}  {name}", "missing");
            tally.findings += 1;
            continue;
        };
        let mut facts = Vec::new();
        facts.extend(listed.category.map(|category| category.to_string()));
        facts.extend(listed.quality.map(|quality| format!("quality {}", quality.name())));
        facts.extend(listed.reason.clone());
        if !listed.is_usable() {
            facts.push("not sent".to_owned());
            tally.findings += 1;
        }
        println!(
            "  {:<14}  {meaning}  {locale}  {}  {}",
            listed.stock.state.name(),
            listed.stock.name,
            facts.join(", ")
        );
    }
}

fn ended(what: What, tally: &Tally, channels: &[String]) -> Result<(), Failure> {
    let Tally { to_push, pushed, findings, failures, .. } = tally;
    if tally.channels == 0 {
        let hint = if channels.is_empty() { "" } else { " of that name" };
        return Err(Failure::usage(format!("error: no channel{hint} has a provider with templates")));
    }
    let troubled = findings + failures > 0;
    let seen_to = |n: &usize| if *n == 0 { String::new() } else { format!(", {n} for a person to see to") };
    let failed = if *failures == 0 { String::new() } else { format!(", {failures} could not be asked or handed in") };
    match what {
        What::Plan => println!("to push: {to_push}{}{failed}", seen_to(findings)),
        What::Push => println!("handed in: {pushed}{}{failed}", seen_to(findings)),
        What::Status if troubled => println!("not to be sent: {findings}{failed}"),
        What::Status => println!("everything can be sent"),
    }
    match what {
        _ if troubled => Err(Failure::refused(String::new())),
        What::Plan if *to_push > 0 => Err(Failure { message: String::new(), code: TO_PUSH }),
        _ => Ok(()),
    }
}

/// What went wrong and why, each thing once.
fn told(error: &TemplateError) -> String {
    let mut words = Vec::new();
    for one in std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source()) {
        let text = one.to_string();
        if !words.contains(&text) {
            words.push(text);
        }
    }
    words.join(": ")
}

/// Whether two channels want different things under one name.
fn clashes(one: &[TemplateDraft], other: &[TemplateDraft]) -> bool {
    one.iter().any(|a| other.iter().any(|b| is_one(a, b) && a.text() != b.text()))
}

fn is_one(a: &TemplateDraft, b: &TemplateDraft) -> bool {
    a.name == b.name && a.locale == b.locale
}

/// How a channel's templates stand, in a line.
pub(super) async fn looked_at(tenant: &TenantConfig, channel: &ChannelId, templates: &dyn Templates) -> Checked {
    const CODE: &str = "templates";
    let desk = templates.desk();
    let drafts = drafts(tenant, Some(channel), &desk.prefix);
    let listed = match templates.status().await {
        Ok(listed) => listed,
        Err(error) => {
            let todo = "run this again in a while; `chatplug templates status` tells more";
            return Checked::unknown(CODE, format!("templates cannot be read: {}", told(&error)), todo);
        }
    };
    let plan = templates::plan(&drafts, &listed, &desk);
    let usable = |item: &&PlanItem| item.listed.as_ref().is_some_and(ListedTemplate::is_usable);
    let (all, usable) = (plan.items.len(), plan.items.iter().filter(usable).count());
    match usable == all {
        true => Checked::fine(CODE, format!("all {all} templates can be sent")),
        false => Checked::note(
            CODE,
            format!("{usable} of {all} templates can be sent: after 24 hours of silence the others' words go unsaid"),
            "`chatplug templates plan` tells which, `chatplug templates push` hands them in",
        ),
    }
}

/// What is wrong with a tenant's templates, as far as can be said without asking anybody.
pub(super) fn findings(tenant: &TenantConfig) -> Vec<Finding> {
    let mut found = templates::missing(&Words::shipped(), &tenant.policy);
    found.extend(templates::lint(&drafts(tenant, None, TemplateDesk::PREFIX)));
    found
}

/// What a channel of a tenant should have; of whichever channel where none is named.
fn drafts(tenant: &TenantConfig, channel: Option<&ChannelId>, prefix: &str) -> Vec<TemplateDraft> {
    let own = tenant.texts.iter().cloned().collect();
    // What is wrong with the texts themselves was told when the configuration was read.
    let (words, _) = Words::with_own(&own);
    let mut channels = tenant.channels.iter();
    let channel = channels.find(|known| channel.is_none_or(|wanted| known.id == *wanted));
    let branch = channel.and_then(|channel| channel.branches.first());
    let branch = tenant.branches.iter().find(|known| branch.is_none_or(|wanted| known.id == *wanted));
    let country = branch.and_then(|branch| match &branch.booking {
        BookingConfig::Calendar(plan) => Some(plan.catalog(&branch.id).branch.country),
        BookingConfig::Altegio(place) => place.country.clone(),
        BookingConfig::Calcom(place) => Some(place.country.clone()),
    });
    let country = country.unwrap_or_default();
    let limits = ChannelLimits::whatsapp();
    let context = RenderContext {
        country: &country,
        formality: tenant.policy.formality,
        business: &tenant.name,
        client: None,
        limits: &limits,
    };
    let langs: Vec<Lang> = templates::languages(&tenant.policy);
    templates::wanted(&words, &langs, &context, prefix)
}
