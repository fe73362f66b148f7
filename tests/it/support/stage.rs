//! A stage for whole conversations: an engine on a real SQLite file behind a real HTTP endpoint, Meta's fake on the other
//! side, two tenants (one of them with two branches in different zones), and a clock that only the test moves.

use super::{crm::Crm, crm_backend::CrmBackend};
use axum::{Router, body::Body, extract::Request, response::Response, routing::any};
use chatplug::{
    calendar::{Calendar, CalendarConfig},
    dialogue::Operator,
    engine::{Engine, EngineOptions, TenantList},
    model::*,
    ports::*,
    reply::{RenderContext, Words, template_drafts},
    testkit::{MemoryCalendarStore, MemoryStore, RecordingNotifier, TenantBuilder, VirtualClock},
    understand::OfflineEngine,
    whatsapp::{
        fake::meta::{FakeClient, FakeMeta, FakeTemplate, SentMessage},
        meta::{MetaMessenger, MetaWebhook, http_client},
    },
};
use chrono::Duration;
use std::{collections::BTreeMap, fmt::Write as _, path::Path, sync::Arc};

/// Phone number ids of the two tenants on one Meta app.
pub const BELLA: &str = "111111111111111";
pub const NORTE: &str = "222222222222222";

pub struct Stage {
    pub engine: Engine,
    pub clock: VirtualClock,
    pub graph: FakeMeta,
    pub store: Arc<dyn Store>,
    pub notifier: RecordingNotifier,
    pub crm: Option<Arc<Crm>>,
    pub url: String,
    _dir: tempfile::TempDir,
}

/// What the first tenant books in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Calendar,
    /// The made-up CRM; with or without its own move.
    Crm {
        moves: bool,
    },
}

impl Stage {
    /// Everything, with a Monday morning on the clock: 9 March 2026, 09:00 in Lisbon.
    pub async fn new() -> Self {
        Self::with(System::Calendar).await
    }

    pub async fn with(system: System) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = VirtualClock::starting("2026-03-09T09:00:00Z");
        let (store, calendars) = open_store(dir.path()).await;
        let graph = FakeMeta::start().await.unwrap();
        graph.use_clock(Arc::new(clock.clone()));
        graph.keep_pair_rate(false);
        graph.add_number(BELLA, "351210000000", "waba-1").add_number(NORTE, "34910000000", "waba-1");
        approve_templates(&graph);
        let notifier = RecordingNotifier::new();
        let bella = bella(&clock, &calendars, &graph, &notifier, system).await;
        let norte = norte(&clock, &calendars, &graph, &notifier);
        let crm = bella.1;
        for (builder, number) in [(&bella.0, BELLA), (&norte, NORTE)] {
            let mut setup = builder.setup(&[("meta", number, "whatsapp")]);
            if number == BELLA && crm.is_some() {
                let route = Route { tenant: builder_id(builder), channel: None, branch: BranchId::new("baixa").ok() };
                setup.routes.push(("crm".to_owned(), "crm".to_owned(), route));
            }
            store.tenant(&builder_id(builder)).register(&setup).await.unwrap();
        }
        let mut options = EngineOptions::default();
        options.mark_seen = false;
        let engine = Engine::builder()
            .store(Arc::clone(&store))
            .directory(Arc::new(TenantList::new([bella.0.build(), norte.build()])))
            .clock(Arc::new(clock.clone()))
            .options(options)
            .build()
            .unwrap();
        let url = serve(engine.clone(), &graph).await;
        graph.callback(&format!("{url}/webhooks/meta/app"));
        if let Some(crm) = &crm {
            crm.webhook_to(format!("{url}/webhooks/crm/desk"), 2);
        }
        Self { engine, clock, graph, store, notifier, crm, url, _dir: dir }
    }

    /// Somebody who writes to the salon.
    pub fn client(&self, phone: &str, name: &str) -> Talk<'_> {
        Talk {
            stage: self,
            client: self.graph.client(phone).named(name).at(BELLA),
            last: Vec::new(),
            transcript: String::new(),
            shown: 0,
        }
    }

    /// Somebody who writes to the clinic.
    pub fn patient(&self, phone: &str, name: &str) -> Talk<'_> {
        let talk = self.client(phone, name);
        Talk { client: talk.client.at(NORTE), ..talk }
    }

    /// Lets everything that is due now, or within a burst's wait, happen.
    pub async fn settle(&self) {
        self.clock.advance(Duration::seconds(2));
        self.engine.drain().await.unwrap();
        self.graph.settled().await;
        self.engine.drain().await.unwrap();
    }

    /// Lets time pass, in steps of at most half an hour so that timers ring in order.
    pub async fn wait(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            let step = (end - self.clock.now()).min(Duration::minutes(30));
            self.clock.advance(step);
            self.engine.drain().await.unwrap();
            self.graph.settled().await;
        }
        self.engine.drain().await.unwrap();
    }
}

/// A conversation being held, with its transcript.
pub struct Talk<'s> {
    stage: &'s Stage,
    client: FakeClient,
    /// What came back last.
    pub last: Vec<SentMessage>,
    transcript: String,
    shown: usize,
}

impl Talk<'_> {
    pub async fn says(&mut self, text: &str) -> &mut Self {
        let _ = writeln!(self.transcript, "> {text}");
        self.client.says(text).await;
        self.answer().await
    }

    /// Several messages in a row, before anything is answered.
    pub async fn says_all(&mut self, texts: &[&str]) -> &mut Self {
        for text in texts {
            let _ = writeln!(self.transcript, "> {text}");
            self.client.says(text).await;
        }
        self.answer().await
    }

    /// Taps the n-th choice (from 1) of the last message that had some.
    pub async fn taps(&mut self, n: usize) -> &mut Self {
        let sent = self.client.inbox();
        let message = sent.iter().rev().find(|m| !m.choices().is_empty()).expect("something to tap");
        let title = (*message.titles().get(n - 1).unwrap_or_else(|| panic!("no choice {n} in {:?}", message.titles())))
            .to_owned();
        let _ = writeln!(self.transcript, "> [{title}]");
        self.client.chooses(&title).await;
        self.answer().await
    }

    pub async fn sends(&mut self, kind: &str, content: serde_json::Value) -> &mut Self {
        let _ = writeln!(self.transcript, "> ({kind})");
        self.client.sends(kind, content).await;
        self.answer().await
    }

    /// Collects what came back since the last look.
    pub async fn answer(&mut self) -> &mut Self {
        self.stage.settle().await;
        self.look()
    }

    pub fn look(&mut self) -> &mut Self {
        let sent = self.client.inbox();
        self.last = sent[self.shown.min(sent.len())..].to_vec();
        self.shown = sent.len();
        for message in &self.last {
            let _ = writeln!(self.transcript, "{}", print(message));
        }
        self
    }

    pub fn note(&mut self, text: &str) {
        let _ = writeln!(self.transcript, "-- {text}");
    }

    /// All words of the last answer.
    pub fn words(&self) -> String {
        self.last.iter().map(SentMessage::text).collect::<Vec<_>>().join("\n")
    }

    pub fn choices(&self) -> Vec<String> {
        self.last.iter().flat_map(SentMessage::titles).map(str::to_owned).collect()
    }

    pub fn transcript(&self) -> &str {
        &self.transcript
    }

    pub async fn conversation(&self) -> ConversationView {
        let tenant = TenantId::new("bella").unwrap();
        let user = ChannelUser { phone: self.client.key().parse().ok(), user_id: None };
        let channel = ChannelId::new("whatsapp").unwrap();
        self.stage.store.tenant(&tenant).conversation_of(&channel, &user).await.unwrap().expect("a conversation")
    }

    pub async fn operator(&mut self, key: &str, operator: Operator) -> &mut Self {
        let _ = writeln!(
            self.transcript,
            "-- operator: {}",
            match &operator {
                Operator::Say { text } => text.reveal().clone(),
                other => format!("{other:?}"),
            }
        );
        let id = self.conversation().await.id;
        self.stage.engine.operate(&TenantId::new("bella").unwrap(), id, key, "rita", operator).await.unwrap();
        self.answer().await
    }
}

/// A message as a person sees it.
pub fn print(message: &SentMessage) -> String {
    let mut text = format!("< {}", message.text().replace('\n', "\n  "));
    for (n, choice) in message.choices().iter().enumerate() {
        let hint = choice.description.as_deref().map(|d| format!(" ({d})")).unwrap_or_default();
        let _ = write!(text, "\n  [{}] {}{hint}", n + 1, choice.title);
    }
    text
}

fn builder_id(builder: &TenantBuilder) -> TenantId {
    builder.clone().build().id
}

async fn open_store(_dir: &Path) -> (Arc<dyn Store>, Arc<dyn CalendarStore>) {
    (Arc::new(MemoryStore::new()), Arc::new(MemoryCalendarStore::new()))
}

/// Every shipped template, approved in every language, under its meaning's name.
fn approve_templates(graph: &FakeMeta) {
    let words = Words::shipped();
    let limits = ChannelLimits::whatsapp();
    for (lang, locale) in LOCALES {
        let context = RenderContext {
            country: "PT",
            formality: Formality::Informal,
            business: "Studio Bella",
            client: None,
            limits: &limits,
        };
        for draft in template_drafts(&words, lang, locale, &context) {
            let template = FakeTemplate::new(&draft.name, &draft.locale, &draft.body);
            let titles: Vec<_> = draft.buttons.iter().map(String::as_str).collect();
            graph.approve("waba-1", if titles.is_empty() { template } else { template.with_quick_replies(titles) });
        }
    }
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

fn messenger(graph: &FakeMeta, clock: &VirtualClock, number: &str) -> Arc<dyn Messenger> {
    Arc::new(MetaMessenger::new(graph.config(number), http_client().unwrap(), Arc::new(clock.clone())).unwrap())
}

async fn bella(
    clock: &VirtualClock,
    calendars: &Arc<dyn CalendarStore>,
    graph: &FakeMeta,
    notifier: &RecordingNotifier,
    system: System,
) -> (TenantBuilder, Option<Arc<Crm>>) {
    let (tenant, branch, install) = ("bella", BranchId::new("baixa").unwrap(), InstallId::new("own").unwrap());
    let (backend, crm): (Arc<dyn BookingBackend>, _) = match system {
        System::Calendar => {
            let config = chatplug::calendar::demo::salon();
            (calendar(config, tenant, &branch, &install, calendars, clock), None)
        }
        System::Crm { moves } => {
            let crm = Crm::new(chrono_tz::Europe::Lisbon);
            let address = crm.start().await;
            let backend = CrmBackend {
                base: format!("http://{address}"),
                install: install.clone(),
                branch: branch.clone(),
                zone: crm.zone,
                moves,
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
        .channel_with("whatsapp", messenger(graph, clock, BELLA), templates())
        .intents(Arc::new(OfflineEngine::new()))
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
        .channel_with("whatsapp", messenger(graph, clock, NORTE), templates())
        .intents(Arc::new(OfflineEngine::new()))
        .notifier(Arc::new(notifier.clone()))
}

fn calendar(
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
async fn serve(engine: Engine, graph: &FakeMeta) -> String {
    let meta: Arc<dyn WebhookReceiver> = Arc::new(MetaWebhook::new(graph.keyring()));
    let desk: Arc<dyn WebhookReceiver> = Arc::new(super::crm_webhook::CrmWebhook);
    let receivers = BTreeMap::from([("/webhooks/meta/app", meta), ("/webhooks/crm/desk", desk)]);
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
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}
