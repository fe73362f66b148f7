//! The engine with everything in memory: what it does when a part hangs, fails, or the clock jumps.

mod amend;
mod audit;
mod clock;
mod hints;
mod live;
mod notices;
mod pace;
mod recheck;
mod swapped;
mod templates;
mod voice;
mod watch;
mod woken;

use chatplug_core::{
    engine::{Engine, EngineEvent, EngineOptions, Observer},
    model::{ChannelUser, Content, ConversationId, Inbound, Lang, MessageId, Outbound, Policy, Private, Tap, TenantId},
    ports::{
        AuditRow, BookingBackend, Clock, Directory, IntentEngine, Messenger, ReceivedEvent, Scoped, Store, TenantStore,
    },
    testkit::{
        MemoryBackend, MemoryMessenger, MemoryStore, RecordingNotifier, StaticDirectory, TenantBuilder, VirtualClock,
        contract::intent::catalog,
        wrap::{FaultPlan, Faulty},
    },
    understand::OfflineEngine,
};
use chrono::Duration;
use std::sync::{
    Arc, LazyLock, Mutex,
    atomic::{AtomicU64, Ordering},
};

/// Loading the languages takes a while: one for all.
static OFFLINE: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

/// A salon, everything around it in memory, and a plan of what fails. Engines on it are made by [`Stage::engine`].
struct Stage {
    clock: VirtualClock,
    faults: FaultPlan,
    memory: MemoryStore,
    salon: MemoryBackend,
    messenger: MemoryMessenger,
    team: RecordingNotifier,
    heard: Arc<Heard>,
    options: EngineOptions,
    said: AtomicU64,
}

impl Stage {
    async fn new() -> Self {
        let clock = VirtualClock::default();
        let mut options = EngineOptions::default();
        options.mark_seen = false;
        let stage = Self {
            faults: FaultPlan::new(),
            memory: MemoryStore::new(),
            salon: MemoryBackend::new(catalog(), Arc::new(clock.clone())),
            messenger: MemoryMessenger::new().with_clock(Arc::new(clock.clone())),
            team: RecordingNotifier::new(),
            heard: Arc::default(),
            clock,
            options,
            said: AtomicU64::new(0),
        };
        stage.rows().register(&stage.tenant().setup(&[("memory", "1001", "wa")])).await.unwrap();
        stage
    }

    fn tenant(&self) -> TenantBuilder {
        self.tenant_through(Arc::new(self.messenger.clone()))
    }

    fn tenant_through(&self, messenger: Arc<dyn Messenger>) -> TenantBuilder {
        let salon: Arc<dyn BookingBackend> = Arc::new(Faulty::new(Arc::new(self.salon.clone()), &self.faults));
        let intents: Arc<dyn IntentEngine> = Arc::new(Faulty::new(OFFLINE.clone(), &self.faults));
        let team = Arc::new(Faulty::new(Arc::new(self.team.clone()), &self.faults));
        TenantBuilder::new("studio")
            .policy(Policy { language: Lang::PT, ..Policy::default() })
            .branch("centre", salon)
            .channel("wa", Arc::new(Faulty::new(messenger, &self.faults)))
            .intents(intents)
            .notifier(team)
    }

    /// An engine of its own, as another process would have one.
    fn engine(&self) -> Engine {
        self.engine_with(Arc::new(StaticDirectory::new([self.tenant().build()])))
    }

    fn engine_with(&self, directory: Arc<dyn Directory>) -> Engine {
        self.engine_of(directory, Arc::new(self.clock.clone()))
    }

    fn engine_of(&self, directory: Arc<dyn Directory>, clock: Arc<dyn Clock>) -> Engine {
        let store: Arc<dyn Store> = Arc::new(Faulty::new(Arc::new(self.memory.clone()), &self.faults));
        let engine = Engine::builder().store(store).directory(directory).clock(clock);
        engine.observer(self.heard.clone()).options(self.options.clone()).build().unwrap()
    }

    fn rows(&self) -> Arc<dyn TenantStore> {
        self.memory.tenant(&studio())
    }

    /// Ana writes.
    async fn hears(&self, engine: &Engine, text: &str) -> ConversationId {
        self.hears_content(engine, Content::Text { body: Private::new(text.to_owned()) }).await
    }

    /// Ana taps what begins with this label, the latest shown first.
    async fn taps(&self, engine: &Engine, label: &str) -> ConversationId {
        let tap = self.messenger.sent().iter().rev().find_map(|sent| tap_on(&sent.message, label));
        let tap = tap.unwrap_or_else(|| panic!("\"{label}\" was not shown: {:?}", self.messenger.sent()));
        self.hears_content(engine, Content::Tap(tap)).await
    }

    async fn hears_content(&self, engine: &Engine, content: Content) -> ConversationId {
        self.hears_of(engine, ana(), content).await
    }

    async fn hears_of(&self, engine: &Engine, from: ChannelUser, content: Content) -> ConversationId {
        let number = self.said.fetch_add(1, Ordering::SeqCst);
        let message = Inbound {
            id: MessageId::new(format!("in-{number}")).unwrap(),
            from: from.clone(),
            profile_name: Some(Private::new("Ana".to_owned())),
            at: self.clock.now(),
            content,
            quoted: None,
            forwarded: false,
            referral: None,
        };
        let event = ReceivedEvent {
            provider: "memory",
            external_id: "1001".to_owned(),
            key: message.id.as_str().to_owned(),
            event: Scoped::Message(Box::new(message)),
        };
        engine.accept(vec![event]).await.unwrap();
        self.rows().conversation_of(&"wa".parse().unwrap(), &from).await.unwrap().unwrap().id
    }

    /// The burst is over, and everything due happens.
    async fn settles(&self, engine: &Engine) {
        self.passes(engine, Duration::seconds(2)).await;
    }

    async fn passes(&self, engine: &Engine, time: Duration) {
        self.clock.advance(time);
        engine.drain().await.unwrap();
    }

    /// What Ana was sent so far, as text.
    fn shown(&self) -> Vec<String> {
        self.messenger
            .sent()
            .iter()
            .map(|sent| chatplug_core::reply::preview(std::slice::from_ref(&sent.message)))
            .collect()
    }

    async fn audit(&self) -> Vec<AuditRow> {
        self.rows().audit(0, 1000).await.unwrap().into_iter().map(|(_, row)| row).collect()
    }
}

/// What engines told about themselves, in words.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn count(&self, word: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|heard| *heard == word).count()
    }
}

impl Observer for Heard {
    fn observe(&self, event: &EngineEvent<'_>) {
        let word = match event {
            EngineEvent::Attended { held, .. } => format!("attended, {}", if *held { "held" } else { "not held" }),
            EngineEvent::TeamTold { result, .. } => format!("team {result}"),
            EngineEvent::TurnFailed { why, .. } => format!("failed, {why}"),
            EngineEvent::ClockJumped { seconds } => format!("jumped {}", seconds.signum()),
            EngineEvent::ActionEnded { what, result, .. } => format!("{what} {result}"),
            _ => return,
        };
        self.0.lock().unwrap().push(word);
    }
}

fn studio() -> TenantId {
    "studio".parse().unwrap()
}

fn ana() -> ChannelUser {
    ChannelUser { phone: "351912345678".parse().ok(), user_id: None }
}

fn tap_on(message: &Outbound, label: &str) -> Option<Tap> {
    use chatplug_core::model::TapKind;
    let tap = |id: &str, title: &str, on| {
        title.starts_with(label).then(|| Tap { id: id.to_owned(), title: title.to_owned(), on })
    };
    match message {
        Outbound::Buttons { buttons, .. } => buttons.iter().find_map(|it| tap(&it.id, &it.title, TapKind::Button)),
        Outbound::List { sections, .. } => {
            sections.iter().flat_map(|section| &section.rows).find_map(|row| tap(&row.id, &row.title, TapKind::Row))
        }
        _ => None,
    }
}
