//! A stage for whole conversations: an engine on a real SQLite file behind a real HTTP endpoint, Meta's fake on the other
//! side, two tenants (one of them with two branches in different zones), and a clock that only the test moves.

use super::{altegio, calcom, crm::Crm, crm_backend::CrmBackend, phone::AnyPhone, talk::Talk};
use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use chatplug::{
    calendar::{Calendar, CalendarConfig},
    engine::{Engine, EngineOptions, TenantList},
    model::*,
    ports::*,
    reply::{RenderContext, Words, template_drafts},
    store::{SqliteStore, testing::TroubledWire},
    testkit::{
        RecordingNotifier, TenantBuilder, VirtualClock,
        wrap::{FaultPlan, Faulty},
    },
    understand::OfflineEngine,
    whatsapp::{
        fake::{
            meta::{FakeMeta, FakeTemplate},
            twilio::{self as twilio_api, FakeTwilio},
        },
        meta::{MetaKeyring, MetaMessenger, MetaWebhook, http_client},
        twilio::{self, TwilioMessenger, TwilioWebhook},
    },
};
use chatplug_altegio::{AltegioWebhook, fake::FakeAltegio};
use chatplug_calcom::{CalcomWebhook, fake::FakeCalcom};
use chrono::Duration;
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

/// Phone number ids of the two tenants on one Meta app.
pub const BELLA: &str = "111111111111111";
pub const NORTE: &str = "222222222222222";

pub struct Stage {
    pub engine: Engine,
    /// What goes wrong with the store; nothing, unless told.
    pub faults: FaultPlan,
    pub clock: VirtualClock,
    pub graph: FakeMeta,
    /// The salon's provider in place of Meta, where it is at Twilio.
    pub twilio: Option<FakeTwilio>,
    pub store: Arc<dyn Store>,
    pub notifier: RecordingNotifier,
    pub crm: Option<Arc<Crm>>,
    /// The fake that the salon books in, where it is at Altegio.
    pub altegio: Option<FakeAltegio>,
    /// The fake that the salon books in, where it is at Cal.com.
    pub calcom: Option<FakeCalcom>,
    /// The wires to the vendors, where they are to be troubled.
    pub wires: Option<Wires>,
    pub url: String,
    _dir: tempfile::TempDir,
}

/// Wires that can be troubled.
pub struct Wires {
    pub graph: TroubledWire,
    pub crm: TroubledWire,
}

/// Reads every tenant's messages; made once, because its tables are large.
pub static READER: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

/// Where the salon has its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    Meta,
    Twilio,
}

/// Where Altegio posts to: the end of it is [`altegio::ENDPOINT`].
const ALTEGIO: &str = "/webhooks/altegio/q7Vt2mXc9Lr4Kp8Zd1Hs6Bn3";

/// The salon's number at Twilio.
pub const AT_TWILIO: &str = "+351210000000";

/// What the first tenant books in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Calendar,
    /// The made-up CRM; with or without its own move.
    Crm {
        moves: bool,
    },
    /// Altegio, with everything that it does against its documentation.
    Altegio,
    /// Cal.com, a self-hosted server of 2025.
    Calcom,
}

impl Stage {
    /// Everything, with a Monday morning on the clock: 9 March 2026, 09:00 in Lisbon.
    pub async fn new() -> Self {
        Self::with(System::Calendar).await
    }

    pub async fn with(system: System) -> Self {
        let mut options = EngineOptions::default();
        options.mark_seen = false;
        Self::open(system, options).await
    }

    pub async fn open(system: System, options: EngineOptions) -> Self {
        Self::build(system, options, false, Provider::Meta).await
    }

    /// With the salon's number at another provider, and nothing else changed.
    pub async fn over(provider: Provider) -> Self {
        Self::at(System::Calendar, provider).await
    }

    /// With the salon's number at another provider and its book in another system, and nothing else changed.
    pub async fn at(system: System, provider: Provider) -> Self {
        let mut options = EngineOptions::default();
        options.mark_seen = false;
        Self::build(system, options, false, provider).await
    }

    /// With wires to the Graph API and to the CRM that can be troubled, and little patience with both.
    pub async fn on_wires(system: System) -> Self {
        let mut options = EngineOptions::default();
        options.mark_seen = false;
        options.backend_timeout = Duration::milliseconds(400);
        options.send_timeout = Duration::milliseconds(400);
        Self::build(system, options, true, Provider::Meta).await
    }

    async fn build(system: System, options: EngineOptions, on_wires: bool, provider: Provider) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::starting("2026-03-09T09:00:00Z");
        let faults = FaultPlan::new();
        let sqlite = Arc::new(SqliteStore::open(dir.path().join("stage.sqlite")).await.unwrap());
        let calendars: Arc<dyn CalendarStore> = sqlite.clone();
        let store: Arc<dyn Store> = Arc::new(Faulty::<dyn Store>::new(sqlite, &faults));
        let graph = FakeMeta::start().await.unwrap();
        graph.use_clock(Arc::new(clock.clone()));
        graph.keep_pair_rate(false);
        graph.add_number(BELLA, "351210000000", "waba-1").add_number(NORTE, "34910000000", "waba-1");
        approve_templates(&graph);
        let notifier = RecordingNotifier::new();
        let crm = match system {
            System::Calendar | System::Altegio | System::Calcom => None,
            System::Crm { moves } => {
                let crm = Crm::new(chrono_tz::Europe::Lisbon);
                let address = crm.start().await.to_string();
                Some((crm, address, moves))
            }
        };
        let (mut to_graph, mut wires, mut crm) = (graph.base_url(), None, crm);
        if on_wires {
            let wire = TroubledWire::to(to_graph.trim_start_matches("http://")).await.unwrap();
            to_graph = format!("http://127.0.0.1:{}", wire.port());
            // Without a CRM there is nothing at its end.
            let desk = TroubledWire::to(crm.as_ref().map_or("", |(_, address, _)| address)).await.unwrap();
            if let Some((_, address, _)) = &mut crm {
                *address = format!("127.0.0.1:{}", desk.port());
            }
            wires = Some(Wires { graph: wire, crm: desk });
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let at_twilio = format!("{url}/webhooks/twilio/account");
        let twilio = match provider {
            Provider::Meta => None,
            Provider::Twilio => Some(start_twilio(&clock, &at_twilio).await),
        };
        let number = match &twilio {
            None => (messenger(&graph, &to_graph, &clock, BELLA), templates()),
            Some(twilio) => {
                let config = twilio.config(AT_TWILIO).with_status_callback(at_twilio.as_str());
                let messenger = TwilioMessenger::new(config, http_client().unwrap(), Arc::new(clock.clone())).unwrap();
                let messenger: Arc<dyn Messenger> = Arc::new(messenger);
                (messenger, templates_at_twilio(twilio))
            }
        };
        let plan = chatplug::calendar::demo::salon();
        let (branch, install) = (BranchId::new("baixa").unwrap(), InstallId::new("own").unwrap());
        let told = plan.clone().validate().unwrap().catalog(&branch);
        let (mut altegio, mut calcom) = (None, None);
        let booked_in = match system {
            System::Altegio => {
                let fake = altegio.insert(altegio::open(&plan, &told, &clock).await);
                Some(altegio::backend(fake, &branch, &install, told, &clock))
            }
            System::Calcom => {
                let fake = calcom.insert(calcom::open(&plan, &told, &clock).await);
                Some(calcom::backend(fake, &branch, &install, told, &clock))
            }
            System::Calendar | System::Crm { .. } => None,
        };
        let bella = bella(&clock, &calendars, number, &notifier, crm, booked_in);
        let norte = norte(&clock, &calendars, &graph, &notifier);
        let crm = bella.1;
        for (builder, number) in [(&bella.0, BELLA), (&norte, NORTE)] {
            let id = twilio::external_id(FakeTwilio::ACCOUNT, AT_TWILIO);
            let at = if number == BELLA && twilio.is_some() { ("twilio", id.as_str()) } else { ("meta", number) };
            let mut setup = builder.setup(&[(at.0, at.1, "whatsapp")]);
            if number == BELLA && crm.is_some() {
                let route = Route { tenant: builder_id(builder), channel: None, branch: BranchId::new("baixa").ok() };
                setup.routes.push(("crm".to_owned(), "crm".to_owned(), route));
            }
            if number == BELLA && altegio.is_some() {
                let route = Route { tenant: builder_id(builder), channel: None, branch: BranchId::new("baixa").ok() };
                setup.routes.push(("altegio".to_owned(), FakeAltegio::SALON.to_string(), route));
            }
            if number == BELLA && calcom.is_some() {
                let route = Route { tenant: builder_id(builder), channel: None, branch: BranchId::new("baixa").ok() };
                setup.routes.push(("calcom".to_owned(), calcom::NAME.to_owned(), route));
            }
            store.tenant(&builder_id(builder)).register(&setup).await.unwrap();
        }
        let engine = Engine::builder()
            .store(Arc::clone(&store))
            .directory(Arc::new(TenantList::new([bella.0.build(), norte.build()])))
            .clock(Arc::new(clock.clone()))
            .options(options)
            .build()
            .unwrap();
        let taken = twilio.as_ref().map(|twilio| TwilioWebhook::new(twilio.keyring(AT_TWILIO), &at_twilio));
        serve_at(listener, engine.clone(), graph.keyring(), taken);
        graph.callback(&format!("{url}/webhooks/meta/app"));
        if let Some(crm) = &crm {
            crm.webhook_to(format!("{url}/webhooks/crm/desk"), 2);
        }
        if let Some(fake) = &altegio {
            fake.hook(FakeAltegio::SALON, &format!("{url}/webhooks/altegio/{}", altegio::ENDPOINT));
        }
        if let Some(fake) = &calcom {
            calcom::hook(fake, &url);
        }
        Self { engine, faults, clock, graph, twilio, store, notifier, crm, altegio, calcom, wires, url, _dir: dir }
    }

    /// Somebody who writes to the salon.
    pub fn client(&self, phone: &str, name: &str) -> Talk<'_> {
        Talk::new(self, self.graph.client(phone).named(name).at(BELLA), "bella")
    }

    /// The same, whichever provider the salon's number is at.
    pub fn caller(&self, phone: &str, name: &str) -> Talk<'_, AnyPhone> {
        let phone = match &self.twilio {
            None => AnyPhone::Meta(self.graph.client(phone).named(name).at(BELLA)),
            Some(twilio) => AnyPhone::Twilio(twilio.client(phone).named(name)),
        };
        Talk::new(self, phone, "bella")
    }

    /// Somebody who writes to the clinic.
    pub fn patient(&self, phone: &str, name: &str) -> Talk<'_> {
        Talk::new(self, self.graph.client(phone).named(name).at(NORTE), "norte")
    }

    /// Lets everything that is due now, or within a burst's wait, happen.
    pub async fn settle(&self) {
        self.clock.advance(Duration::seconds(2));
        self.engine.drain().await.unwrap();
        self.told().await;
        self.engine.drain().await.unwrap();
    }

    /// Waits until the providers have told what they had to tell.
    async fn told(&self) {
        self.graph.settled().await;
        if let Some(twilio) = &self.twilio {
            twilio.settled().await;
        }
        if let Some(altegio) = &self.altegio {
            altegio.settled().await;
        }
        if let Some(calcom) = &self.calcom {
            calcom.settled().await;
        }
    }

    /// Workers side by side, until the guard is dropped. The clock stands still meanwhile, unless it is moved.
    pub fn work(&self) -> Workers {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let engine = self.engine.clone();
        tokio::spawn(async move { engine.run(stopped).await });
        Workers(stop)
    }

    /// Lets time pass, in steps of at most half an hour so that timers ring in order.
    pub async fn wait(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            let step = (end - self.clock.now()).min(Duration::minutes(30));
            self.clock.advance(step);
            self.engine.drain().await.unwrap();
            self.told().await;
        }
        self.engine.drain().await.unwrap();
    }
}

/// Workers of an engine; they stop when this is dropped.
#[must_use]
pub struct Workers(#[expect(dead_code, reason = "dropping it is what it is for")] tokio::sync::watch::Sender<bool>);

fn builder_id(builder: &TenantBuilder) -> TenantId {
    builder.clone().build().id
}

/// Every shipped template, approved in every language, under its meaning's name.
pub fn approve_templates(graph: &FakeMeta) {
    for draft in shipped_templates() {
        let template = FakeTemplate::new(&draft.name, &draft.locale, &draft.body);
        let titles: Vec<_> = draft.buttons.iter().map(String::as_str).collect();
        graph.approve("waba-1", if titles.is_empty() { template } else { template.with_quick_replies(titles) });
    }
}

/// Twilio's fake with the salon's number.
pub async fn start_twilio(clock: &VirtualClock, webhook: &str) -> FakeTwilio {
    let twilio = FakeTwilio::start().await.unwrap();
    twilio.use_clock(Arc::new(clock.clone())).callback(webhook);
    twilio.add_account(FakeTwilio::ACCOUNT, FakeTwilio::TOKEN).add_sender(FakeTwilio::ACCOUNT, AT_TWILIO);
    twilio
}

/// The same templates at Twilio, which knows them by ids of its own.
fn templates_at_twilio(twilio: &FakeTwilio) -> Arc<dyn Templates> {
    let stock = shipped_templates().into_iter().map(|draft| {
        let titles = draft.buttons.iter().map(String::as_str);
        let template =
            twilio_api::FakeTemplate::new(&draft.name, &draft.locale, &draft.body).with_quick_replies(titles);
        TemplateStock {
            meaning: draft.meaning,
            lang: draft.lang,
            name: twilio.approve(FakeTwilio::ACCOUNT, template),
            locale: draft.locale,
            state: TemplateState::Approved,
        }
    });
    Arc::new(chatplug::engine::TemplateList::new(stock.collect()))
}

/// Every shipped template in every language.
pub fn shipped_templates() -> Vec<TemplateDraft> {
    let words = Words::shipped();
    let limits = ChannelLimits::whatsapp();
    let mut drafts = Vec::new();
    for (lang, locale) in LOCALES {
        let context = RenderContext {
            country: "PT",
            formality: Formality::Informal,
            business: "Studio Bella",
            client: None,
            limits: &limits,
        };
        drafts.extend(template_drafts(&words, lang, locale, &context));
    }
    drafts
}

const LOCALES: [(Lang, &str); 5] =
    [(Lang::PT, "pt_PT"), (Lang::EN, "en"), (Lang::ES, "es"), (Lang::FR, "fr"), (Lang::RU, "ru")];

pub fn templates() -> Arc<dyn Templates> {
    let mut stock = Vec::new();
    for (lang, locale) in [(Lang::PT, "pt_PT"), (Lang::EN, "en"), (Lang::ES, "es"), (Lang::FR, "fr"), (Lang::RU, "ru")]
    {
        for meaning in ["reminder", "booked", "moved", "cancelled"] {
            stock.push(TemplateStock {
                meaning: meaning.to_owned(),
                lang,
                name: format!("visit_{meaning}"),
                locale: locale.to_owned(),
                state: TemplateState::Approved,
            });
        }
    }
    Arc::new(chatplug::engine::TemplateList::new(stock))
}

fn messenger(graph: &FakeMeta, to_graph: &str, clock: &VirtualClock, number: &str) -> Arc<dyn Messenger> {
    let config = graph.config(number).with_base_url(to_graph);
    Arc::new(MetaMessenger::new(config, http_client().unwrap(), Arc::new(clock.clone())).unwrap())
}

fn bella(
    clock: &VirtualClock,
    calendars: &Arc<dyn CalendarStore>,
    number: (Arc<dyn Messenger>, Arc<dyn Templates>),
    notifier: &RecordingNotifier,
    crm: Option<(Arc<Crm>, String, bool)>,
    booked_in: Option<Arc<dyn BookingBackend>>,
) -> (TenantBuilder, Option<Arc<Crm>>) {
    let (tenant, branch, install) = ("bella", BranchId::new("baixa").unwrap(), InstallId::new("own").unwrap());
    let (backend, crm): (Arc<dyn BookingBackend>, _) = match crm {
        None if booked_in.is_some() => (booked_in.unwrap(), None),
        None => {
            let config = chatplug::calendar::demo::salon();
            (calendar(config, tenant, &branch, &install, calendars, clock), None)
        }
        Some((crm, address, moves)) => {
            let backend = CrmBackend {
                base: format!("http://{address}"),
                install: install.clone(),
                branch: branch.clone(),
                zone: crm.zone,
                moves,
                keyed: false,
                settles_after: Duration::seconds(30),
                clock: Arc::new(clock.clone()),
                http: http_client().unwrap(),
            };
            (Arc::new(backend), Some(crm))
        }
    };
    let policy = Policy { language: Lang::PT, ..Policy::default() };
    let builder = TenantBuilder::new(tenant)
        .name("Studio Bella")
        .policy(policy)
        .branch_of("baixa", &install, backend)
        .channel_with("whatsapp", number.0, number.1)
        .intents(READER.clone())
        .notifier(Arc::new(notifier.clone()));
    (builder, crm)
}

fn norte(
    clock: &VirtualClock,
    calendars: &Arc<dyn CalendarStore>,
    graph: &FakeMeta,
    notifier: &RecordingNotifier,
) -> TenantBuilder {
    let mut builder =
        TenantBuilder::new("norte").name("Norte Clinic").policy(Policy { language: Lang::ES, ..Policy::default() });
    let install = InstallId::new("own").unwrap();
    for (id, config) in chatplug::calendar::demo::clinic() {
        let branch = BranchId::new(id).unwrap();
        let backend = calendar(config, "norte", &branch, &install, calendars, clock);
        builder = builder.branch_of(branch.as_str(), &install, backend);
    }
    builder
        .channel_with("whatsapp", messenger(graph, &graph.base_url(), clock, NORTE), templates())
        .intents(READER.clone())
        .notifier(Arc::new(notifier.clone()))
}

pub fn calendar(
    config: CalendarConfig,
    tenant: &str,
    branch: &BranchId,
    install: &InstallId,
    calendars: &Arc<dyn CalendarStore>,
    clock: &VirtualClock,
) -> Arc<dyn BookingBackend> {
    let kept = calendars.calendar(&TenantId::new(tenant).unwrap(), branch);
    let plan = config.validate().unwrap();
    Arc::new(Calendar::new(branch.clone(), install.clone(), plan, kept, Arc::new(clock.clone())))
}

/// The engine behind a real HTTP endpoint, as an integrator mounts it.
pub async fn serve(engine: Engine, keys: MetaKeyring) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    serve_at(listener, engine, keys, None);
    url
}

pub fn serve_at(listener: tokio::net::TcpListener, engine: Engine, keys: MetaKeyring, twilio: Option<TwilioWebhook>) {
    let meta: Arc<dyn WebhookReceiver> = Arc::new(MetaWebhook::new(keys));
    let desk: Arc<dyn WebhookReceiver> = Arc::new(super::crm_webhook::CrmWebhook);
    let booked: Arc<dyn WebhookReceiver> = Arc::new(AltegioWebhook::new(altegio::endpoint()));
    let told: Arc<dyn WebhookReceiver> = Arc::new(CalcomWebhook::new(calcom::endpoint()));
    let mut receivers = BTreeMap::from([
        ("/webhooks/meta/app", meta),
        ("/webhooks/crm/desk", desk),
        (ALTEGIO, booked),
        (calcom::ADDRESS, told),
    ]);
    if let Some(twilio) = twilio {
        receivers.insert("/webhooks/twilio/account", Arc::new(twilio));
    }
    let mut router = Router::new();
    for (path, receiver) in receivers {
        let engine = engine.clone();
        router = router.route(
            path,
            any(move |request: Request| {
                let (engine, receiver) = (engine.clone(), receiver.clone());
                async move {
                    let (parts, body) = request.into_parts();
                    let body = axum::body::to_bytes(body, 4 << 20).await.unwrap_or_default();
                    let answer = engine.receive(&*receiver, &http::Request::from_parts(parts, body)).await;
                    let response: Response = answer.map(Body::from);
                    response
                }
            }),
        );
    }
    tokio::spawn(async move { axum::serve(listener, router).await });
}
