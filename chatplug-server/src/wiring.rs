//! From a configuration to adapters, a directory and an engine. No routes here, no files, no environment.

use crate::{
    config::{ChannelConfig, Config, MetaApp, ProviderConfig, TenantConfig},
    demo::{self, Simulator, Stage},
    http::{App, AppError, Webhooks},
    metrics::{Metrics, Observers},
};
use async_trait::async_trait;
use chatplug_calendar::Calendar;
use chatplug_core::{
    engine::{Engine, EngineOptions, Observer},
    model::{InstallId, Lang, TenantId},
    ports::{
        BranchSetup, CalendarStore, ChannelSetup, Clock, Directory, DirectoryError, IntentEngine, Messenger, Notice,
        Notifier, NotifyError, Route, Store, TemplateDraft, TemplateError, TemplateState, TemplateStock, Templates,
        Tenant, TenantSetup, WebhookReceiver,
    },
    understand::OfflineEngine,
};
use chatplug_whatsapp::meta::{MetaConfig, MetaKeyring, MetaMessenger, MetaWebhook, PROVIDER, http_client};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};
use tokio::sync::watch;

/// Opens the store that the configuration names, registers tenants in it, and puts a server together.
pub(crate) async fn wire(config: Config, clock: Arc<dyn Clock>) -> Result<App, AppError> {
    let store = chatplug_store::open(&config.store_url).await.map_err(|error| AppError::store(&config, error))?;
    let calendars: Arc<dyn CalendarStore> = Arc::new(store.clone());
    let metrics = Metrics::new();
    let http = http_client().map_err(|error| AppError::setup("the HTTP client", &error))?;
    let intents: Arc<dyn IntentEngine> = Arc::new(OfflineEngine::new());
    let mut builder = Builder { config: &config, clock, calendars, http, intents, simulator: None };
    let mut tenants = BTreeMap::new();
    for tenant in &config.tenants {
        let (built, setup) = builder.tenant(tenant)?;
        store.tenant(&tenant.id).register(&setup).await.map_err(|error| AppError::store(&config, error))?;
        tenants.insert(tenant.id.clone(), Arc::new(built));
    }
    let Builder { clock, calendars, simulator, .. } = builder;
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
    let engine = Engine::builder()
        .store(Arc::new(store.clone()))
        .directory(Arc::new(ConfigDirectory(tenants)))
        .clock(clock)
        .observer(Arc::new(Observers(observers)))
        .options(options)
        .build()
        .map_err(|error| AppError::setup("the engine", &error))?;
    let webhooks = Arc::new(Webhooks::new(engine.clone(), metrics.clone(), receivers));
    let (working, stop) = (Arc::new(AtomicBool::new(false)), watch::Sender::new(false));
    Ok(App { engine, webhooks, metrics, store, calendars, simulator, working, stop })
}

impl AppError {
    fn store(config: &Config, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Store { url: config.store_url.clone(), source: Box::new(error) }
    }

    fn setup(what: &str, error: &dyn std::error::Error) -> Self {
        Self::Setup { what: what.to_owned(), why: error.to_string() }
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
    calendars: Arc<dyn CalendarStore>,
    http: reqwest::Client,
    intents: Arc<dyn IntentEngine>,
    simulator: Option<Arc<Simulator>>,
}

impl Builder<'_> {
    fn tenant(&mut self, tenant: &TenantConfig) -> Result<(Tenant, TenantSetup), AppError> {
        let install = InstallId::new("calendar").map_err(|error| AppError::setup("the calendar", &error))?;
        let branches = tenant.branches.iter().map(|branch| {
            let kept = self.calendars.calendar(&tenant.id, &branch.id);
            let calendar =
                Calendar::new(branch.id.clone(), install.clone(), branch.plan.clone(), kept, self.clock.clone());
            BranchSetup { id: branch.id.clone(), install: install.clone(), backend: Arc::new(calendar) }
        });
        let branches: Vec<BranchSetup> = branches.collect();
        let mut channels = Vec::new();
        let mut routes = Vec::new();
        for channel in &tenant.channels {
            let (messenger, number) = self.messenger(tenant, channel)?;
            let route = Route { tenant: tenant.id.clone(), channel: Some(channel.id.clone()), branch: None };
            routes.push((PROVIDER.to_owned(), number, route));
            channels.push(ChannelSetup {
                id: channel.id.clone(),
                messenger,
                branches: channel.branches.clone(),
                templates: Arc::new(ConfigTemplates(channel.templates.clone())),
            });
        }
        let setup = TenantSetup {
            name: tenant.name.clone(),
            branches: branches.iter().map(|branch| branch.id.clone()).collect(),
            channels: channels.iter().map(|channel| channel.id.clone()).collect(),
            routes,
            sealed: false,
        };
        let tenant = Tenant {
            id: tenant.id.clone(),
            name: tenant.name.clone(),
            policy: tenant.policy.clone(),
            branches,
            channels,
            texts: tenant.texts.clone(),
            intents: self.intents.clone(),
            notifier: Arc::new(LogNotifier),
        };
        Ok((tenant, setup))
    }

    /// A channel's messenger, and the provider's id of its number.
    fn messenger(
        &mut self,
        tenant: &TenantConfig,
        channel: &ChannelConfig,
    ) -> Result<(Arc<dyn Messenger>, String), AppError> {
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
                let (messenger, number) = (simulator.messenger(), simulator.number().to_owned());
                self.simulator = Some(simulator);
                Ok((messenger, number))
            }
            ProviderConfig::Meta { app, phone_number_id, waba_id, access_token } => {
                let mut meta = MetaConfig::new(phone_number_id, access_token.clone());
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
                Ok((Arc::new(messenger), phone_number_id.clone()))
            }
        }
    }
}

/// The tenants of the configuration.
#[derive(Debug)]
struct ConfigDirectory(BTreeMap<TenantId, Arc<Tenant>>);

#[async_trait]
impl Directory for ConfigDirectory {
    async fn tenant(&self, tenant: &TenantId) -> Result<Arc<Tenant>, DirectoryError> {
        self.0.get(tenant).cloned().ok_or_else(|| DirectoryError::Unknown(tenant.clone()))
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, DirectoryError> {
        Ok(self.0.keys().cloned().collect())
    }
}

/// The templates that the configuration says are approved.
#[derive(Debug)]
struct ConfigTemplates(Vec<TemplateStock>);

#[async_trait]
impl Templates for ConfigTemplates {
    async fn find(&self, meaning: &str, langs: &[Lang]) -> Option<TemplateStock> {
        let of = |lang: &Lang| {
            let fits =
                |it: &&TemplateStock| it.meaning == meaning && it.lang == *lang && it.state == TemplateState::Approved;
            self.0.iter().find(fits).cloned()
        };
        langs.iter().find_map(of)
    }

    async fn status(&self) -> Result<Vec<TemplateStock>, TemplateError> {
        Ok(self.0.clone())
    }

    async fn submit(&self, _: &TemplateDraft) -> Result<TemplateStock, TemplateError> {
        Err(TemplateError::Unsupported)
    }
}

/// Tells the team by the log alone, until there is somebody else to tell.
#[derive(Debug)]
struct LogNotifier;

#[async_trait]
impl Notifier for LogNotifier {
    async fn notify(&self, notice: &Notice) -> Result<(), NotifyError> {
        use chatplug_core::dialogue::TeamEvent;
        let what = match &notice.event {
            TeamEvent::NeedsPerson { .. } => "needs_person",
            TeamEvent::RunningLate { .. } => "running_late",
            TeamEvent::Review { .. } => "review",
            TeamEvent::Undeliverable { .. } => "undeliverable",
            _ => "other",
        };
        tracing::info!(tenant.id = %notice.tenant, conversation.id = %notice.conversation, what, "for the team");
        Ok(())
    }
}
