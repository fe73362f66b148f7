//! From a configuration to adapters, a directory and an engine. No routes here, no files, no environment.

use crate::{
    config::{ChannelConfig, Config, Credential, MetaApp, ProviderConfig, TenantConfig},
    demo::{self, Simulator, Stage},
    http::{App, AppError, Readiness, Webhooks},
    limits,
    metrics::{Metrics, Observers},
    notify::WebhookNotifier,
    retention::Forgetting,
    stores::Stores,
};
use chatplug_calendar::Calendar;
use chatplug_core::{
    engine::{Engine, EngineOptions, LogNotifier, Observer, TemplateList, TenantList},
    model::{InstallId, TenantId},
    ports::{
        BranchSetup, ChannelSetup, Clock, Directory, IntentEngine, Messenger, Notifier, Route, Tenant, TenantSetup,
        WebhookReceiver,
    },
    understand::OfflineEngine,
};
use chatplug_whatsapp::meta::{MetaConfig, MetaKeyring, MetaMessenger, MetaWebhook, PROVIDER, http_client};
use chrono::TimeDelta;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};
use tokio::sync::watch;

/// Tenants registered at a time.
const AT_ONCE: usize = 64;

/// Who uses credentials, for the audit.
const BY: &str = "engine";

/// Registers tenants in the stores and puts a server together.
pub(crate) async fn wire(config: Config, stores: Stores, clock: Arc<dyn Clock>) -> Result<App, AppError> {
    let metrics = Metrics::new();
    let http = http_client().map_err(|error| AppError::setup("the HTTP client", &error))?;
    let intents: Arc<dyn IntentEngine> = Arc::new(OfflineEngine::new());
    let mut builder = Builder {
        config: &config,
        clock: clock.clone(),
        stores: stores.clone(),
        metrics: metrics.clone(),
        http,
        intents,
        simulator: None,
    };
    // Side by side: the store writes many at once.
    let registered = config.tenants.iter().map(|tenant| stores.register(&config, &tenant.id));
    stream::iter(registered).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let mut tenants = Vec::new();
    for tenant in &config.tenants {
        tenants.push(builder.tenant(tenant).await?);
    }
    let simulator = builder.simulator;
    let mut receivers = receivers(&config.meta_apps);
    let mut observers: Vec<Arc<dyn Observer>> = vec![metrics.clone()];
    if let Some(simulator) = &simulator {
        receivers.insert((PROVIDER.to_owned(), demo::ENDPOINT.to_owned()), simulator.receiver());
        observers.push(simulator.clone());
    }
    let mut options = EngineOptions::default();
    if let Some(workers) = config.server.workers {
        options.concurrency = workers;
    }
    if let Some(within) = config.server.answer_within.and_then(|within| TimeDelta::from_std(within).ok()) {
        options.answer_within = within;
    }
    let directory: Arc<dyn Directory> = Arc::new(TenantList::new(tenants));
    let engine = Engine::builder()
        .store(stores.store.clone())
        .directory(directory.clone())
        .clock(clock.clone())
        .observer(Arc::new(Observers(observers)))
        .options(options)
        .build()
        .map_err(|error| AppError::setup("the engine", &error))?;
    let webhooks = Arc::new(Webhooks::new(engine.clone(), metrics.clone(), receivers));
    let forgetting = Forgetting {
        records: stores.records.clone(),
        directory,
        clock,
        metrics: metrics.clone(),
        retention: config.retention.clone(),
    };
    let (working, stop) = (Arc::new(AtomicBool::new(false)), watch::Sender::new(false));
    Ok(App { engine, webhooks, metrics, stores, simulator, forgetting, ready: Readiness(config.ready), working, stop })
}

/// What the store must know of a tenant before anything of it is kept.
pub(crate) fn setup(tenant: &TenantConfig) -> TenantSetup {
    let route = |channel: &ChannelConfig| {
        let number = match &channel.provider {
            ProviderConfig::Simulator => demo::number_of(&tenant.id, &channel.id),
            ProviderConfig::Meta { phone_number_id, .. } => phone_number_id.clone(),
        };
        let route = Route { tenant: tenant.id.clone(), channel: Some(channel.id.clone()), branch: None };
        (PROVIDER.to_owned(), number, route)
    };
    TenantSetup {
        name: tenant.name.clone(),
        branches: tenant.branches.iter().map(|branch| branch.id.clone()).collect(),
        channels: tenant.channels.iter().map(|channel| channel.id.clone()).collect(),
        routes: tenant.channels.iter().map(route).collect(),
        sealed: tenant.seal,
    }
}

fn receivers(apps: &[MetaApp]) -> BTreeMap<(String, String), Arc<dyn WebhookReceiver>> {
    let receiver = |app: &MetaApp| {
        let ring = MetaKeyring::default().with_verify_token(app.verify_token.clone());
        let ring = app.app_secrets.iter().fold(ring, |ring, secret| ring.with_app_secret(secret.clone()));
        Arc::new(MetaWebhook::new(ring)) as Arc<dyn WebhookReceiver>
    };
    apps.iter().map(|app| ((PROVIDER.to_owned(), app.endpoint.clone()), receiver(app))).collect()
}

struct Builder<'c> {
    config: &'c Config,
    clock: Arc<dyn Clock>,
    stores: Stores,
    metrics: Arc<Metrics>,
    http: reqwest::Client,
    intents: Arc<dyn IntentEngine>,
    simulator: Option<Arc<Simulator>>,
}

impl Builder<'_> {
    async fn tenant(&mut self, tenant: &TenantConfig) -> Result<Tenant, AppError> {
        let install = InstallId::new("calendar").map_err(|error| AppError::setup("the calendar", &error))?;
        let branches = tenant.branches.iter().map(|branch| {
            let kept = self.stores.calendars.calendar(&tenant.id, &branch.id);
            let calendar =
                Calendar::new(branch.id.clone(), install.clone(), branch.plan.clone(), kept, self.clock.clone());
            BranchSetup { id: branch.id.clone(), install: install.clone(), backend: Arc::new(calendar) }
        });
        let branches = branches.collect();
        let mut channels = Vec::new();
        for channel in &tenant.channels {
            channels.push(ChannelSetup {
                id: channel.id.clone(),
                messenger: self.messenger(tenant, channel).await?,
                branches: channel.branches.clone(),
                templates: Arc::new(TemplateList::new(channel.templates.clone())),
            });
        }
        Ok(Tenant {
            id: tenant.id.clone(),
            name: tenant.name.clone(),
            policy: tenant.policy.clone(),
            branches,
            channels,
            texts: tenant.texts.clone(),
            intents: self.intents.clone(),
            notifier: self.notifier(tenant).await?,
        })
    }

    async fn notifier(&self, tenant: &TenantConfig) -> Result<Arc<dyn Notifier>, AppError> {
        let Some(notify) = &tenant.notify else { return Ok(Arc::new(LogNotifier)) };
        let secret = self.secret(&tenant.id, &notify.secret).await?;
        let (http, clock) = (self.http.clone(), self.clock.clone());
        Ok(Arc::new(WebhookNotifier::new(http, notify.url.clone(), secret, clock)))
    }

    /// A tenant's secret; the use of one that is kept in the database is audited.
    async fn secret(&self, tenant: &TenantId, credential: &Credential) -> Result<SecretString, AppError> {
        let name = match credential {
            Credential::Given(secret) => return Ok(secret.clone()),
            Credential::Kept(name) => name,
        };
        let kept = self.stores.secrets.secrets(tenant).credential(name, BY, self.clock.now()).await;
        let kept = kept.map_err(|error| AppError::store(&self.config.store, error))?;
        kept.ok_or_else(|| AppError::NoCredential { tenant: tenant.to_string(), name: name.clone() })
    }

    /// A channel's messenger.
    async fn messenger(
        &mut self,
        tenant: &TenantConfig,
        channel: &ChannelConfig,
    ) -> Result<Arc<dyn Messenger>, AppError> {
        match &channel.provider {
            ProviderConfig::Simulator => {
                let branches = tenant.branches.iter().filter(|branch| channel.branches.contains(&branch.id));
                let stage = Stage {
                    tenant: tenant.id.clone(),
                    name: tenant.name.clone(),
                    channel: channel.id.clone(),
                    branches: branches.map(|branch| (branch.id.clone(), branch.plan.clone())).collect(),
                };
                let simulator = Arc::new(Simulator::new(stage, self.clock.clone()));
                let messenger = simulator.messenger();
                self.simulator = Some(simulator);
                Ok(messenger)
            }
            ProviderConfig::Meta { app, phone_number_id, waba_id, access_token, messages_per_second } => {
                let access_token = self.secret(&tenant.id, access_token).await?;
                let mut meta = MetaConfig::new(phone_number_id, access_token);
                if let Some(id) = waba_id {
                    meta = meta.with_waba_id(id);
                }
                let app = self.config.meta_apps.iter().find(|known| known.name == *app);
                if let Some(version) = app.and_then(|app| app.graph_version.as_ref()) {
                    meta = meta.with_graph_version(version);
                }
                if let Some(url) = app.and_then(|app| app.base_url.as_ref()) {
                    meta = meta.with_base_url(url);
                }
                let messenger = MetaMessenger::new(meta, self.http.clone(), self.clock.clone());
                let messenger = messenger.map_err(|wrong| AppError::Setup {
                    what: format!("channel {} of {}", channel.id, tenant.id),
                    why: wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                })?;
                let number = (phone_number_id.as_str(), *messages_per_second);
                Ok(limits::paced(Arc::new(messenger), number, &self.stores.limiter, &self.clock, &self.metrics))
            }
        }
    }
}
