//! `chatplug doctor`: live checks of everything that a configuration names, each with what to do.
//!
//! What is right or wrong is known by the adapters; here it is asked for and told.

use super::{DoctorArgs, Failure, ask, templates};
use crate::{
    altegio::Accounts,
    booking::Bookings,
    calcom,
    config::{
        self, AltegioPlace, BookingConfig, BranchConfig, CalcomPlace, ChannelConfig, Config, Environment,
        ProviderConfig, TenantConfig, TwilioChannel,
    },
    http::AppError,
    models,
    stores::Stores,
    wiring,
};
use anyhow::Context as _;
use chatplug_altegio::{AltegioCheckup, AltegioFinding};
use chatplug_calcom::{CalcomCheckup, CalcomFinding};
use chatplug_core::{
    checkup::{Checked, Verdict},
    ports::{Clock as _, SystemClock},
};
use chatplug_openai::OpenAiCheckup;
use chatplug_whatsapp::{
    meta::{DEFAULT_BASE_URL, DEFAULT_GRAPH_VERSION, MetaCheckup, http_client, provision::MetaSetup},
    twilio::{TwilioCheckup, provision::TwilioSetup},
};
use serde::Serialize;
use std::sync::Arc;

/// Exit code when nothing is wrong that could be looked at, and not everything could.
const NOT_EVERYTHING: u8 = 3;

/// What was found of one thing.
#[derive(Debug, Serialize)]
struct Section {
    /// Whose it is; the server's own without.
    tenant: Option<String>,
    /// What it is: `store`, `branch centro` …
    subject: String,
    checks: Vec<Checked>,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct Report {
    verdict: Verdict,
    sections: Vec<Section>,
}

/// Looks, and tells.
pub(super) async fn run(args: &DoctorArgs, environment: &Environment) -> Result<(), Failure> {
    // A tenant may have no channel yet: looking is most useful while things are being set up.
    let config =
        config::load_to_connect(&args.config, environment).map_err(|problems| Failure::usage(problems.to_string()))?;
    let tenants = ask::tenants(&config, &args.tenant)?;
    let mut sections = Vec::new();
    match Stores::open(&config).await {
        Ok(stores) => {
            sections.push(server(
                "store",
                vec![Checked::fine("store", format!("{} is open and up to date", config.store.shown()))],
            ));
            let chosen = config.tenants.iter().filter(|tenant| tenants.contains(&tenant.id));
            let looked = Looking::new(&config, &stores)?.all(chosen, &mut sections).await;
            stores.close().await;
            looked?;
        }
        Err(error) => sections.push(server("store", vec![unusable(&error)])),
    }
    let worst = |section: &Section| section.checks.iter().map(|checked| checked.verdict).max();
    let verdict = sections.iter().filter_map(worst).max().unwrap_or(Verdict::Fine);
    let report = Report { verdict, sections };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report).context("the report")?);
    } else {
        tell(&report);
    }
    match verdict {
        Verdict::Fine | Verdict::Note => Ok(()),
        Verdict::Wrong => Err(Failure::refused(String::new())),
        Verdict::Unknown => Err(Failure { message: String::new(), code: NOT_EVERYTHING }),
    }
}

fn server(subject: &str, checks: Vec<Checked>) -> Section {
    Section { tenant: None, subject: subject.to_owned(), checks }
}

fn unusable(error: &AppError) -> Checked {
    let todo = match error.is_configuration() {
        true => {
            "do what is said there: `chatplug migrate` for a database that is behind, [store] and [vault] for the rest"
        }
        false => "see whether the database runs and can be reached from here",
    };
    Checked::wrong("store", told(error), todo)
}

/// An error with what led to it.
fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let words: Vec<String> =
        std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    words.join(": ")
}

/// What is needed to look.
struct Looking<'c> {
    config: &'c Config,
    stores: &'c Stores,
    http: reqwest::Client,
    altegio: Accounts<'c>,
    bookings: Bookings<'c>,
}

impl<'c> Looking<'c> {
    fn new(config: &'c Config, stores: &'c Stores) -> Result<Self, Failure> {
        let http = http_client().context("the HTTP client")?;
        let bookings = Bookings::new(config, stores, Arc::new(SystemClock))?;
        Ok(Self { config, stores, http, altegio: Accounts::of(config, stores)?, bookings })
    }

    async fn all(
        &self,
        tenants: impl Iterator<Item = &TenantConfig>,
        sections: &mut Vec<Section>,
    ) -> Result<(), Failure> {
        if self.config.server.public_url.is_none() {
            let todo = "write public_url under [server]: how the world reaches this server";
            let what =
                "it is not configured how the world reaches this server: whether webhooks come here is not looked at";
            sections.push(server("server", vec![Checked::note("server.public_url", what, todo)]));
        }
        let clock: Arc<dyn chatplug_core::ports::Clock> = Arc::new(SystemClock);
        for (name, model) in models::models(self.config, &clock)? {
            sections.push(server(&format!("openai {name}"), OpenAiCheckup(&model).run().await));
        }
        for tenant in tenants {
            // Its credentials are sealed with keys that a first registration makes.
            self.stores.register(self.config, &tenant.id).await?;
            let mut push = |subject: String, checks: Vec<Checked>| {
                if !checks.is_empty() {
                    sections.push(Section { tenant: Some(tenant.id.to_string()), subject, checks });
                }
            };
            for branch in &tenant.branches {
                for (nth, block) in branch.blocks().enumerate() {
                    let note =
                        if nth == 0 { String::new() } else { format!(" ({}, which does not act)", block.backend()) };
                    push(format!("branch {}{note}", branch.id), self.branch(tenant, branch, block).await);
                }
            }
            for channel in &tenant.channels {
                push(format!("channel {}", channel.id), self.channel(tenant, channel).await);
            }
        }
        Ok(())
    }

    async fn branch(&self, tenant: &TenantConfig, branch: &BranchConfig, block: &BookingConfig) -> Vec<Checked> {
        let found = match block {
            BookingConfig::Calendar(_) => {
                return vec![Checked::fine("calendar", "the built-in calendar: nothing to ask of anybody")];
            }
            BookingConfig::Altegio(place) => {
                self.altegio(tenant, place).await.map(|found| found.iter().map(AltegioFinding::checked).collect())
            }
            BookingConfig::Calcom(place) => {
                self.calcom(tenant, branch, place).await.map(|found| found.iter().map(CalcomFinding::checked).collect())
            }
        };
        found.unwrap_or_else(|error| vec![no_secret(&error)])
    }

    async fn calcom(
        &self,
        tenant: &TenantConfig,
        branch: &BranchConfig,
        place: &CalcomPlace,
    ) -> Result<Vec<CalcomFinding>, AppError> {
        let backend = self.bookings.calcom(tenant, &branch.id, place).await?;
        let (client, whose) = (backend.client().clone(), (&tenant.id, &branch.id));
        let mut checkup = CalcomCheckup::new(backend);
        match self.config.server.public_url.as_deref() {
            Some(outside) => {
                if let Some(hooks) = calcom::hooks(self.config, client, whose, place, outside) {
                    checkup = checkup.with_hooks(hooks);
                }
            }
            None => checkup = checkup.without_address(),
        }
        Ok(checkup.run(ask::CLOCK.now()).await)
    }

    async fn altegio(&self, tenant: &TenantConfig, place: &AltegioPlace) -> Result<Vec<AltegioFinding>, AppError> {
        let client = self.altegio.client(self.config, self.stores, &tenant.id, place, &ask::CLOCK).await?;
        let mut checkup = AltegioCheckup::new(client, place.location);
        if let Some(url) = self.altegio.webhook(place, self.config.server.public_url.as_deref()) {
            checkup = checkup.with_webhook(url);
        }
        if let Some(country) = &place.country {
            checkup = checkup.with_country(country);
        }
        if let Some(currency) = place.currency {
            checkup = checkup.with_currency(currency);
        }
        Ok(checkup.run(ask::CLOCK.now()).await)
    }

    async fn channel(&self, tenant: &TenantConfig, channel: &ChannelConfig) -> Vec<Checked> {
        let found = match &channel.provider {
            ProviderConfig::Meta { .. } => self.meta(tenant, channel).await,
            ProviderConfig::Twilio(twilio) => self.twilio(tenant, twilio).await,
            ProviderConfig::Shared { number } => {
                return vec![Checked::fine("channel.shared", format!("speaks through the shared number {number}"))];
            }
            ProviderConfig::Simulator => {
                return vec![Checked::note(
                    "channel.simulator",
                    "the page at /demo, open to whoever reaches the server",
                    "for clients, connect a number: `chatplug tenant connect`",
                )];
            }
        };
        let mut found = found.unwrap_or_else(|error| vec![no_secret(&error)]);
        // Who cannot be asked for the number cannot be asked for its templates.
        if found.iter().all(|checked| matches!(checked.verdict, Verdict::Fine | Verdict::Note)) {
            let one = TenantConfig { channels: vec![channel.clone()], ..tenant.clone() };
            match wiring::templates(self.config, self.stores, &one, Arc::new(SystemClock)).await {
                Ok(read) => {
                    for (id, templates) in read {
                        found.push(templates::looked_at(tenant, &id, &*templates).await);
                    }
                }
                Err(error) => found.push(no_secret(&error)),
            }
        }
        found
    }

    async fn meta(&self, tenant: &TenantConfig, channel: &ChannelConfig) -> Result<Vec<Checked>, AppError> {
        let ProviderConfig::Meta { app, phone_number_id, waba_id, access_token, .. } = &channel.provider else {
            return Ok(Vec::new());
        };
        let access_token = wiring::secret(self.config, self.stores, &tenant.id, access_token, &ask::CLOCK).await?;
        let app = self.config.meta_apps.iter().find(|known| known.name == *app);
        let base_url = app.and_then(|app| app.base_url.as_deref()).unwrap_or(DEFAULT_BASE_URL);
        let version = app.and_then(|app| app.graph_version.as_deref()).unwrap_or(DEFAULT_GRAPH_VERSION);
        let checkup = MetaCheckup {
            setup: MetaSetup::at(self.http.clone(), base_url, version),
            access_token,
            phone_number_id: phone_number_id.clone(),
            waba_id: waba_id.clone(),
            app_id: app.and_then(|app| app.app_id.clone()),
            webhook_url: self.outside(|outside| Some(app?.webhook_url(outside))),
        };
        Ok(checkup.run().await)
    }

    async fn twilio(&self, tenant: &TenantConfig, twilio: &TwilioChannel) -> Result<Vec<Checked>, AppError> {
        let token = wiring::secret(self.config, self.stores, &tenant.id, &twilio.auth_token, &ask::CLOCK).await?;
        let mut setup = TwilioSetup::new(self.http.clone(), &twilio.account_sid, token);
        if let Some(url) = &twilio.base_url {
            setup = setup.with_base_url(url);
        }
        let webhook_url = self.outside(|outside| Some(twilio.webhook_url(outside)));
        Ok(TwilioCheckup { setup, number: twilio.number.clone(), webhook_url }.run().await)
    }

    fn outside(&self, address: impl FnOnce(&str) -> Option<String>) -> Option<String> {
        address(self.config.server.public_url.as_deref()?)
    }
}

/// A secret that is not there, or cannot be opened.
fn no_secret(error: &AppError) -> Checked {
    // Its text says how to keep one.
    let todo = "keep it with `chatplug credential set`, or name where it is in the configuration";
    Checked::wrong("credential", told(error).split(';').next().unwrap_or_default().to_owned(), todo)
}

/// For people: what is wrong stands out, and what to do stands below it.
fn tell(report: &Report) {
    let mut of = None;
    for section in &report.sections {
        if section.tenant.is_some() && of != Some(&section.tenant) {
            println!("{}", section.tenant.as_deref().unwrap_or_default());
            of = Some(&section.tenant);
        }
        let indent = if section.tenant.is_some() { "  " } else { "" };
        println!("{indent}{}", section.subject);
        for Checked { verdict, what, todo, .. } in &section.checks {
            println!("{indent}  {:<12} {what}", verdict.word());
            if !todo.is_empty() {
                println!("{indent}  {:<12} → {todo}", "");
            }
        }
    }
    let count = |wanted: Verdict| {
        let all = report.sections.iter().flat_map(|section| &section.checks);
        all.filter(|checked| checked.verdict == wanted).count()
    };
    let (wrong, unknown) = (count(Verdict::Wrong), count(Verdict::Unknown));
    match (wrong, unknown) {
        (0, 0) => println!("nothing is wrong"),
        (0, _) => println!("nothing is wrong that could be looked at; not looked at: {unknown}"),
        (_, 0) => println!("wrong: {wrong}"),
        _ => println!("wrong: {wrong}, not looked at: {unknown}"),
    }
}
