//! From a configuration to adapters, a directory and an engine. No routes here, no files, no environment.

use crate::{
    booking::{self, Bookings},
    config::{
        AltegioAccount, BookingConfig, ChannelConfig, Config, Credential, MetaApp, ProviderConfig, TenantConfig,
        TwilioChannel,
    },
    demo::{self, Simulator, Stage},
    http::{App, AppError, Marketplaces, Readiness, Webhooks},
    installed::Installed,
    leaving::Leaving,
    limits,
    marketplace::{self, AltegioBranches, Codes, Installer},
    metrics::{Metrics, Observers},
    models::{self, Readers},
    notify::WebhookNotifier,
    retention::Forgetting,
    stores::Stores,
};
use chatplug_altegio::{self as altegio, AltegioWebhook};
use chatplug_calcom::{self as calcom, CalcomWebhook};
use chatplug_core::{
    engine::{Engine, EngineOptions, LiveDirectory, LogNotifier, Observer, TemplateList, TenantList},
    model::{ChannelId, TenantId},
    ports::{
        ChannelSetup, Clock, Directory, Messenger, Notifier, Route, Templates, Tenant, TenantSetup, Transcriber,
        WebhookReceiver,
    },
    understand::{FactBook, OfflineEngine},
};
use chatplug_openai::OpenAiTranscriber;
use chatplug_whatsapp::{
    ServedFiles,
    meta::{MetaConfig, MetaKeyring, MetaMessenger, MetaTemplates, MetaWebhook, PROVIDER, http_client},
    twilio::{
        self, TwilioConfig, TwilioConfigError, TwilioContent, TwilioKeyring, TwilioLogin, TwilioMessenger,
        TwilioTemplates, TwilioWebhook,
    },
};
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

/// Registers tenants in the stores and puts a server together; `page` shows a channel that talks to a fake.
pub(crate) async fn wire(
    config: Config,
    stores: Stores,
    clock: Arc<dyn Clock>,
    page: Option<Arc<Simulator>>,
) -> Result<App, AppError> {
    let metrics = Metrics::new();
    let http = http_client().map_err(|error| AppError::setup("the HTTP client", &error))?;
    let readers = Readers {
        offline: Arc::new(OfflineEngine::new()),
        models: models::models(&config, &clock)?,
        limiter: stores.limiter.clone(),
        observer: metrics.clone(),
    };
    let transcriber = match &config.transcriber {
        Some(endpoint) => {
            let transcriber = OpenAiTranscriber::new(endpoint.clone());
            let transcriber = transcriber.map_err(|error| AppError::setup("the transcriber", &error))?;
            Some(Arc::new(transcriber) as Arc<dyn Transcriber>)
        }
        None => None,
    };
    let mut builder = Builder {
        config: &config,
        clock: clock.clone(),
        stores: stores.clone(),
        metrics: metrics.clone(),
        http: http.clone(),
        readers,
        transcriber,
        simulator: page,
        bookings: Bookings::new(&config, &stores, clock.clone())?,
        twilio: Twilio::default(),
        meta: BTreeMap::new(),
        shared: BTreeMap::new(),
    };
    // Side by side: the store writes many at once.
    let registered = config.tenants.iter().map(|tenant| stores.register(&config, &tenant.id));
    stream::iter(registered).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let mut tenants = Vec::new();
    // Numbers that are shared come first: the others speak through them.
    let (lobbies, businesses): (Vec<_>, Vec<_>) = config.tenants.iter().partition(|tenant| tenant.lobby.is_some());
    for tenant in lobbies.into_iter().chain(businesses) {
        tenants.push(builder.tenant(tenant).await?);
    }
    let simulator = builder.simulator;
    let files = Arc::new(std::mem::take(&mut builder.twilio.files));
    let mut receivers = receivers(&config);
    receivers.extend(builder.twilio.receivers());
    let mut observers: Vec<Arc<dyn Observer>> = vec![metrics.clone()];
    if let Some(simulator) = &simulator {
        let receiver =
            simulator.receiver().map(|receiver| ((PROVIDER.to_owned(), demo::ENDPOINT.to_owned()), receiver));
        receivers.extend(receiver);
        observers.push(simulator.clone());
    }
    let mut options = EngineOptions::default();
    if let Some(workers) = config.server.workers {
        options.concurrency = workers;
    }
    if config.store.takes_several() {
        // A hint that a catalogue changed reaches one of the processes.
        options.catalog_at_most = Some(TimeDelta::minutes(10));
    }
    if let Some(within) = config.server.answer_within.and_then(|within| TimeDelta::from_std(within).ok()) {
        options.answer_within = within;
    }
    let configured = Arc::new(TenantList::new(tenants));
    let altegio = AltegioBranches {
        accounts: marketplace::Accounts::new(&config, &http, &stores.limiter),
        secrets: stores.secrets.clone(),
        clock: clock.clone(),
    };
    let factory = Arc::new(Installed { altegio });
    let live = Arc::new(LiveDirectory::new(configured, stores.installs.clone(), factory));
    // What this process saves counts here at once.
    let stores = Stores { installs: live.installs(), ..stores };
    let directory: Arc<dyn Directory> = live.clone();
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
        clock: clock.clone(),
        metrics: metrics.clone(),
        retention: config.retention.clone(),
    };
    let leaving = Leaving {
        records: stores.records.clone(),
        installs: stores.installs.clone(),
        directory: live,
        clock: forgetting.clock.clone(),
        metrics: metrics.clone(),
    };
    let marketplaces = marketplaces(&config, &stores, &http, &clock);
    let (working, stop) = (Arc::new(AtomicBool::new(false)), watch::Sender::new(false));
    Ok(App {
        engine,
        webhooks,
        metrics,
        stores,
        simulator,
        forgetting,
        leaving,
        ready: Readiness(config.ready),
        working,
        stop,
        files,
        marketplaces,
    })
}

/// What connects salons of Altegio, where there is an account.
fn marketplaces(
    config: &Config,
    stores: &Stores,
    http: &reqwest::Client,
    clock: &Arc<dyn Clock>,
) -> Option<Arc<Marketplaces>> {
    if config.altegio.is_empty() {
        return None;
    }
    let installer = Installer::new(config, stores.clone(), http, clock.clone());
    let codes = Codes {
        secrets: stores.secrets.clone(),
        limiter: stores.limiter.clone(),
        clock: clock.clone(),
        tenants: installer.accounts.tenants.clone(),
    };
    Some(Arc::new(Marketplaces { installer: Arc::new(installer), codes }))
}

/// The templates of a tenant's channels, for commands that ask about them; a channel that talks to a page has none, and
/// those of a shared number are the number's.
pub(crate) async fn templates(
    config: &Config,
    stores: &Stores,
    tenant: &TenantConfig,
    clock: Arc<dyn Clock>,
) -> Result<Vec<(ChannelId, Arc<dyn Templates>)>, AppError> {
    let http = http_client().map_err(|error| AppError::setup("the HTTP client", &error))?;
    let mut builder = Builder {
        config,
        bookings: Bookings::new(config, stores, clock.clone())?,
        clock,
        stores: stores.clone(),
        metrics: Metrics::new(),
        http,
        readers: Readers {
            offline: Arc::new(OfflineEngine::new()),
            models: BTreeMap::new(),
            limiter: stores.limiter.clone(),
            observer: Metrics::new(),
        },
        transcriber: None,
        simulator: None,
        twilio: Twilio::default(),
        meta: BTreeMap::new(),
        shared: BTreeMap::new(),
    };
    let mut found = Vec::new();
    let own = |channel: &&ChannelConfig| {
        !matches!(channel.provider, ProviderConfig::Simulator | ProviderConfig::Shared { .. })
    };
    for channel in tenant.channels.iter().filter(own) {
        let (_, templates) = builder.messenger(tenant, channel).await?;
        found.push((channel.id.clone(), templates));
    }
    Ok(found)
}

/// A tenant's secret; the use of one that is kept in the database is audited.
pub(crate) async fn secret(
    config: &Config,
    stores: &Stores,
    tenant: &TenantId,
    credential: &Credential,
    clock: &dyn Clock,
) -> Result<SecretString, AppError> {
    let name = match credential {
        Credential::Given(secret) => return Ok(secret.clone()),
        Credential::Kept(name) => name,
    };
    let kept = stores.secrets.secrets(tenant).credential(name, BY, clock.now()).await;
    let kept = kept.map_err(|error| AppError::store(&config.store, error))?;
    kept.ok_or_else(|| AppError::NoCredential { tenant: tenant.to_string(), name: name.clone() })
}

/// What the store must know of a tenant before anything of it is kept.
pub(crate) fn setup(tenant: &TenantConfig) -> TenantSetup {
    let at_altegio = tenant.branches.iter().filter_map(|branch| {
        let route = Route { tenant: tenant.id.clone(), channel: None, branch: Some(branch.id.clone()) };
        let place = branch.block(altegio::PROVIDER)?.altegio()?;
        Some((altegio::PROVIDER.to_owned(), place.location.to_string(), route))
    });
    let at_calcom = tenant.branches.iter().filter(|branch| branch.block(calcom::PROVIDER).is_some()).map(|branch| {
        let route = Route { tenant: tenant.id.clone(), channel: None, branch: Some(branch.id.clone()) };
        (calcom::PROVIDER.to_owned(), booking::calcom_name(&tenant.id, &branch.id), route)
    });
    let route = |channel: &ChannelConfig| {
        let (provider, number) = match &channel.provider {
            ProviderConfig::Simulator => (PROVIDER, demo::number_of(&tenant.id, &channel.id)),
            ProviderConfig::Meta { phone_number_id, .. } => (PROVIDER, phone_number_id.clone()),
            ProviderConfig::Twilio(at) => (twilio::PROVIDER, twilio::external_id(&at.account_sid, &at.number)),
            // What comes in through it is the lobby's, to begin with.
            ProviderConfig::Shared { .. } => return None,
        };
        let route = Route { tenant: tenant.id.clone(), channel: Some(channel.id.clone()), branch: None };
        Some((provider.to_owned(), number, route))
    };
    TenantSetup {
        name: tenant.name.clone(),
        branches: tenant.branches.iter().map(|branch| branch.id.clone()).collect(),
        channels: tenant.channels.iter().map(|channel| channel.id.clone()).collect(),
        routes: tenant.channels.iter().filter_map(route).chain(at_altegio).chain(at_calcom).collect(),
        sealed: tenant.seal,
    }
}

fn receivers(config: &Config) -> BTreeMap<(String, String), Arc<dyn WebhookReceiver>> {
    // Whoever owns an app knows its secret, and must not speak for the clients of another's.
    let others = |name: &str| {
        let channels = config.tenants.iter().flat_map(|tenant| &tenant.channels);
        let ids = channels.filter_map(move |channel| match &channel.provider {
            ProviderConfig::Meta { app, phone_number_id, waba_id, .. } if app != name => {
                Some([Some(phone_number_id.clone()), waba_id.clone()])
            }
            _ => None,
        });
        ids.flatten().flatten().collect::<Vec<_>>()
    };
    let receiver = |app: &MetaApp| {
        let ring = MetaKeyring::default().with_verify_token(app.verify_token.clone());
        let ring = app.app_secrets.iter().fold(ring, |ring, secret| ring.with_app_secret(secret.clone()));
        Arc::new(MetaWebhook::new(ring).except(others(&app.name))) as Arc<dyn WebhookReceiver>
    };
    let metas = config.meta_apps.iter().map(|app| ((PROVIDER.to_owned(), app.endpoint.clone()), receiver(app)));
    let altegios = config.altegio.iter().map(|account| {
        let receiver: Arc<dyn WebhookReceiver> = Arc::new(altegio_receiver(config, account));
        ((altegio::PROVIDER.to_owned(), account.endpoint.expose().to_owned()), receiver)
    });
    metas.chain(altegios).chain(calcom_receivers(config)).collect()
}

/// A receiver for each branch, at all its addresses.
fn calcom_receivers(config: &Config) -> Vec<((String, String), Arc<dyn WebhookReceiver>)> {
    let mut receivers = Vec::new();
    for (tenant, branch) in config.tenants.iter().flat_map(|one| one.branches.iter().map(move |branch| (one, branch))) {
        let Some(place) = branch.block(calcom::PROVIDER).and_then(BookingConfig::calcom) else { continue };
        let endpoints = booking::calcom_endpoints(config, place, &tenant.id, &branch.id);
        let mut rest = endpoints.iter().cloned();
        let Some(first) = rest.next() else { continue };
        let receiver: Arc<dyn WebhookReceiver> =
            Arc::new(rest.fold(CalcomWebhook::new(first), CalcomWebhook::with_previous));
        for endpoint in endpoints {
            receivers.push(((calcom::PROVIDER.to_owned(), endpoint.expose().to_owned()), receiver.clone()));
        }
    }
    receivers
}

fn altegio_receiver(config: &Config, account: &AltegioAccount) -> AltegioWebhook {
    let branches = config
        .tenants
        .iter()
        .flat_map(|tenant| &tenant.branches)
        .filter_map(|branch| branch.block(altegio::PROVIDER)?.altegio());
    // Whoever knows one account's address must not speak for the locations of another's.
    let others = branches.filter(|place| place.account != account.name).map(|place| place.location);
    let webhook = AltegioWebhook::new(account.endpoint.clone()).except(others);
    match &account.bearer {
        Some(bearer) => webhook.with_bearer(bearer.clone()),
        None => webhook,
    }
}

struct Builder<'c> {
    config: &'c Config,
    clock: Arc<dyn Clock>,
    stores: Stores,
    metrics: Arc<Metrics>,
    http: reqwest::Client,
    readers: Readers,
    transcriber: Option<Arc<dyn Transcriber>>,
    simulator: Option<Arc<Simulator>>,
    bookings: Bookings<'c>,
    twilio: Twilio,
    /// Templates by tenant, account and prefix.
    meta: BTreeMap<(TenantId, String, String), Arc<dyn Templates>>,
    /// What speaks through numbers that are shared, by their lobby: one messenger, so one limit, for all.
    shared: BTreeMap<TenantId, Speaker>,
}

/// A channel's messenger and templates.
type Speaker = (Arc<dyn Messenger>, Arc<dyn Templates>);

/// What channels at Twilio share.
#[derive(Default)]
struct Twilio {
    /// Keys by the end of the webhook's address, with the whole address.
    endpoints: BTreeMap<String, (String, TwilioKeyring)>,
    /// Files that Twilio fetches, by tenant and channel.
    files: BTreeMap<(String, String), ServedFiles>,
    /// By account, host and what names of templates begin with.
    accounts: BTreeMap<(String, Option<String>, String), Account>,
}

/// One account's content and templates.
#[derive(Clone)]
struct Account {
    content: Arc<TwilioContent>,
    templates: Arc<TwilioTemplates>,
}

impl Twilio {
    fn receivers(self) -> impl Iterator<Item = ((String, String), Arc<dyn WebhookReceiver>)> {
        self.endpoints.into_iter().map(|(endpoint, (url, keys))| {
            let receiver: Arc<dyn WebhookReceiver> = Arc::new(TwilioWebhook::new(keys, &url));
            ((twilio::PROVIDER.to_owned(), endpoint), receiver)
        })
    }
}

impl Builder<'_> {
    async fn tenant(&mut self, tenant: &TenantConfig) -> Result<Tenant, AppError> {
        let (mut branches, mut others) = (Vec::new(), Vec::new());
        for branch in &tenant.branches {
            branches.push(self.bookings.of(tenant, &branch.id, &branch.booking).await?);
            for other in &branch.others {
                others.push(self.bookings.of(tenant, &branch.id, other).await?);
            }
        }
        let mut channels = Vec::new();
        for channel in &tenant.channels {
            let (messenger, templates) = self.messenger(tenant, channel).await?;
            if tenant.lobby.is_some() {
                self.shared.insert(tenant.id.clone(), (messenger.clone(), templates.clone()));
            }
            let (id, branches) = (channel.id.clone(), channel.branches.clone());
            channels.push(ChannelSetup { id, messenger, branches, templates });
        }
        let facts = Arc::new(FactBook::new(tenant.facts.clone()));
        Ok(Tenant {
            id: tenant.id.clone(),
            name: tenant.name.clone(),
            policy: tenant.policy.clone(),
            branches,
            others,
            swaps: Vec::new(),
            channels,
            texts: tenant.texts.clone(),
            intents: self.readers.of(tenant, &facts),
            facts,
            notifier: self.notifier(tenant).await?,
            transcriber: self.transcriber.clone().filter(|_| tenant.transcribe),
            lobby: tenant.lobby.clone().map(Arc::new),
        })
    }

    async fn notifier(&self, tenant: &TenantConfig) -> Result<Arc<dyn Notifier>, AppError> {
        let Some(notify) = &tenant.notify else { return Ok(Arc::new(LogNotifier)) };
        let secret = self.secret(&tenant.id, &notify.secret).await?;
        let (http, clock) = (self.http.clone(), self.clock.clone());
        Ok(Arc::new(WebhookNotifier::new(http, notify.url.clone(), secret, clock)))
    }

    async fn secret(&self, tenant: &TenantId, credential: &Credential) -> Result<SecretString, AppError> {
        secret(self.config, &self.stores, tenant, credential, &*self.clock).await
    }

    /// A channel's messenger and templates.
    async fn messenger(&mut self, tenant: &TenantConfig, channel: &ChannelConfig) -> Result<Speaker, AppError> {
        let listed: Arc<dyn Templates> = Arc::new(TemplateList::new(channel.templates.clone()));
        match &channel.provider {
            ProviderConfig::Simulator => {
                // A page that was handed in knows more of the stage than the configuration does.
                if let Some(page) = &self.simulator {
                    return Ok((page.messenger(), listed));
                }
                let branches = tenant.branches.iter().filter(|branch| channel.branches.contains(&branch.id));
                let stage = Stage {
                    tenant: tenant.id.clone(),
                    name: tenant.name.clone(),
                    channel: channel.id.clone(),
                    branches: branches.filter_map(|branch| Some((branch.id.clone(), branch.plan()?.clone()))).collect(),
                    desk: None,
                };
                let simulator = Arc::new(Simulator::new(stage, self.clock.clone()));
                let messenger = simulator.messenger();
                self.simulator = Some(simulator);
                Ok((messenger, listed))
            }
            ProviderConfig::Shared { number } => {
                // The check saw to it that it is there.
                let missing = || misfit(tenant, channel, &["its shared number is missing"]);
                let (messenger, known) = self.shared.get(number).cloned().ok_or_else(missing)?;
                Ok((messenger, if channel.templates.is_empty() { known } else { listed }))
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
                let templates = self.meta_templates(tenant, channel, &meta)?.unwrap_or(listed);
                let messenger = MetaMessenger::new(meta, self.http.clone(), self.clock.clone());
                let messenger = messenger.map_err(|wrong| misfit(tenant, channel, &wrong))?;
                let number = (PROVIDER, phone_number_id.as_str(), *messages_per_second);
                let messenger =
                    limits::paced(Arc::new(messenger), number, &self.stores.limiter, &self.clock, &self.metrics);
                Ok((messenger, templates))
            }
            ProviderConfig::Twilio(at) => {
                let (messenger, known) = self.twilio(tenant, channel, at).await?;
                // What the file lists wins: it may name content that only a person knows the meaning of.
                let templates = if channel.templates.is_empty() { known } else { listed };
                let id = twilio::external_id(&at.account_sid, &at.number);
                let number = (twilio::PROVIDER, id.as_str(), at.messages_per_second);
                let messenger = limits::paced(messenger, number, &self.stores.limiter, &self.clock, &self.metrics);
                Ok((messenger, templates))
            }
        }
    }

    /// Templates as the channel's account has them; `None`: the file lists them, or does not name the account.
    fn meta_templates(
        &mut self,
        tenant: &TenantConfig,
        channel: &ChannelConfig,
        meta: &MetaConfig,
    ) -> Result<Option<Arc<dyn Templates>>, AppError> {
        let Some(account) = meta.waba_id().filter(|_| channel.templates.is_empty()) else { return Ok(None) };
        // Numbers of one account read its templates together; another tenant has its own right to them.
        let name = (tenant.id.clone(), account.to_owned(), channel.template_prefix.clone());
        if let Some(known) = self.meta.get(&name) {
            return Ok(Some(known.clone()));
        }
        let templates = MetaTemplates::new(meta.clone(), self.http.clone(), self.clock.clone());
        let templates = templates.map_err(|wrong| misfit(tenant, channel, &wrong))?;
        let templates: Arc<dyn Templates> = Arc::new(templates.with_prefix(&channel.template_prefix));
        self.meta.insert(name, templates.clone());
        Ok(Some(templates))
    }

    async fn twilio(
        &mut self,
        tenant: &TenantConfig,
        channel: &ChannelConfig,
        at: &TwilioChannel,
    ) -> Result<Speaker, AppError> {
        let token = self.secret(&tenant.id, &at.auth_token).await?;
        // The check saw to it that it is there.
        let url = at.webhook_url(self.config.server.public_url.as_deref().unwrap_or_default());
        let (_, mut keys) = self.twilio.endpoints.remove(&at.endpoint).unwrap_or_default();
        keys = keys.with_auth_token(&at.account_sid, token.clone());
        if let Some(previous) = &at.previous_auth_token {
            keys = keys.with_auth_token(&at.account_sid, self.secret(&tenant.id, previous).await?);
        }
        if let Some((id, secret)) = &at.shared_key {
            keys = keys.with_shared_key(&at.account_sid, id, self.secret(&tenant.id, secret).await?);
        }
        self.twilio.endpoints.insert(at.endpoint.clone(), (url.clone(), keys));
        let public = self.config.server.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
        let files = ServedFiles::new(format!("{public}/files/{}/{}", tenant.id, channel.id), &token);
        self.twilio.files.insert((tenant.id.to_string(), channel.id.to_string()), files.clone());
        let login = match &at.api_key {
            Some((sid, secret)) => TwilioLogin::api_key(sid, self.secret(&tenant.id, secret).await?),
            None => token.into(),
        };
        let mut config = TwilioConfig::new(&at.account_sid, login, &at.number).with_status_callback(url);
        if let Some(sid) = &at.messaging_service {
            config = config.with_messaging_service(sid);
        }
        if let Some(url) = &at.base_url {
            config = config.with_base_url(url);
        }
        let wrong = |wrong: Vec<TwilioConfigError>| misfit(tenant, channel, &wrong);
        let name = (at.account_sid.clone(), at.base_url.clone(), channel.template_prefix.clone());
        let (http, clock) = (&self.http, &self.clock);
        let account = match self.twilio.accounts.get(&name) {
            Some(account) => account.clone(),
            None => {
                let content = TwilioContent::new(config.clone(), http.clone()).map_err(wrong)?;
                let templates = TwilioTemplates::new(config.clone(), http.clone(), clock.clone()).map_err(wrong)?;
                let templates = templates.with_prefix(&channel.template_prefix);
                let account = Account { content: Arc::new(content), templates: Arc::new(templates) };
                self.twilio.accounts.insert(name, account.clone());
                account
            }
        };
        let messenger = TwilioMessenger::with_content(config, http.clone(), clock.clone(), account.content);
        Ok((Arc::new(messenger.map_err(wrong)?.with_files(files)), account.templates))
    }
}

/// A configuration that passed the check and cannot be carried out all the same.
fn misfit(tenant: &TenantConfig, channel: &ChannelConfig, wrong: &[impl ToString]) -> AppError {
    AppError::Setup {
        what: format!("channel {} of {}", channel.id, tenant.id),
        why: wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
