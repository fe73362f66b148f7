//! A whole conversation in one process: the real engine on everything in memory.

use super::{MemoryMessenger, MemoryStore, StaticDirectory, StaticTemplates, TenantBuilder, Transcript, VirtualClock};
use crate::{
    engine::{Engine, EngineOptions},
    model::{
        ChannelLimits, ChannelUser, Content, Inbound, MessageId, Outbound, Policy, Private, Tap, TapKind, TenantId,
    },
    ports::{BookingBackend, Clock as _, IntentEngine, ReceivedEvent, Scoped, Store, TenantStore},
    reply::Words,
    understand::{FactBook, OfflineEngine},
};
use chrono::Duration;
use std::sync::{Arc, LazyLock};

/// How far ahead the clock may jump for a burst of words to be over.
const BURST: Duration = Duration::seconds(3);

/// Steps after which a conversation that does not come to rest is called endless.
const STEPS: usize = 100;

/// One client talking to one business, on a clock that only the test moves.
///
/// ```
/// # use chatplug_core::testkit::{Chat, MemoryBackend, VirtualClock, contract::intent::catalog};
/// # use std::sync::Arc;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = VirtualClock::default();
/// let salon = MemoryBackend::new(catalog(), Arc::new(clock.clone()));
/// let mut chat = Chat::with(Arc::new(salon.clone()), "centre", clock).start().await;
/// chat.says("hi").await;
/// chat.says("a haircut with Ana tomorrow at 15:30").await;
/// println!("{}", chat.transcript());
/// # assert!(!chat.last().is_empty());
/// # }
/// ```
///
/// Its methods panic when the conversation cannot go on: a label that was not shown, a store that fails.
#[derive(Debug)]
pub struct Chat {
    engine: Engine,
    store: Arc<dyn Store>,
    messenger: MemoryMessenger,
    clock: VirtualClock,
    client: ChannelUser,
    transcript: Transcript,
    last: Vec<Outbound>,
    /// How many of the messenger's messages stand in the transcript.
    shown: usize,
    said: u64,
}

/// What a [`Chat`] is made of.
#[derive(Debug)]
pub struct ChatBuilder {
    backend: Arc<dyn BookingBackend>,
    branch: String,
    clock: VirtualClock,
    store: Arc<dyn Store>,
    intents: Option<Arc<dyn IntentEngine>>,
    facts: Arc<FactBook>,
    limits: ChannelLimits,
    policy: Policy,
    name: String,
    options: EngineOptions,
}

impl ChatBuilder {
    /// On another store.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Understood by another engine; the offline one by default.
    #[must_use]
    pub fn intents(mut self, intents: Arc<dyn IntentEngine>) -> Self {
        self.intents = Some(intents);
        self
    }

    /// Of a business that says this about itself. What understands clients must know it too: see
    /// [`Cascade::with_facts`](crate::understand::Cascade::with_facts).
    #[must_use]
    pub fn facts(mut self, facts: Arc<FactBook>) -> Self {
        self.facts = facts;
        self
    }

    /// Over another kind of channel; WhatsApp by default.
    #[must_use]
    pub fn limits(mut self, limits: ChannelLimits) -> Self {
        self.limits = limits;
        self
    }

    /// By other rules.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The business has another name.
    #[must_use]
    pub fn business(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With other knobs of the engine.
    #[must_use]
    pub fn options(mut self, options: EngineOptions) -> Self {
        self.options = options;
        self
    }

    /// Puts everything together.
    ///
    /// # Panics
    /// When the parts do not fit: a branch name that is none, a store that does not take the tenant.
    #[expect(clippy::panic, reason = "a test whose parts do not fit is wrong")]
    pub async fn start(self) -> Chat {
        let languages: Vec<_> = Words::shipped().languages().collect();
        let clock: Arc<VirtualClock> = Arc::new(self.clock.clone());
        let messenger = MemoryMessenger::new().with_limits(self.limits).with_clock(clock.clone());
        let templates = Arc::new(StaticTemplates::shipped(&languages));
        let intents = self.intents.unwrap_or_else(|| OFFLINE.clone());
        let tenant = TenantBuilder::new(TENANT)
            .name(self.name)
            .policy(self.policy)
            .branch(&self.branch, self.backend)
            .channel_with("wa", Arc::new(messenger.clone()), templates)
            .intents(intents)
            .facts(self.facts);
        let store = self.store;
        if let Err(error) = rows(&*store).register(&tenant.setup(&[(PROVIDER, NUMBER, "wa")])).await {
            panic!("the store does not take the tenant: {error:?}");
        }
        let directory = Arc::new(StaticDirectory::new([tenant.build()]));
        let engine = Engine::builder().store(store.clone()).directory(directory).clock(clock).options(self.options);
        let engine = match engine.build() {
            Ok(engine) => engine,
            Err(error) => panic!("the engine cannot be built: {error}"),
        };
        Chat {
            engine,
            store,
            messenger,
            clock: self.clock,
            client: ChannelUser { phone: "351912345678".parse().ok(), user_id: None },
            transcript: Transcript::new(),
            last: Vec::new(),
            shown: 0,
            said: 0,
        }
    }
}

/// Loading the languages takes a while, and the engine keeps nothing between messages: one for all chats.
static OFFLINE: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

const TENANT: &str = "studio";
const PROVIDER: &str = "memory";
const NUMBER: &str = "1001";

fn rows(store: &dyn Store) -> Arc<dyn TenantStore> {
    store.tenant(&tenant())
}

fn tenant() -> TenantId {
    TENANT.parse().unwrap_or_else(|_| unreachable!("a literal"))
}

impl Chat {
    /// A chat with a business that has one branch on this booking system, on the test's clock.
    #[must_use]
    pub fn with(backend: Arc<dyn BookingBackend>, branch: &str, clock: VirtualClock) -> ChatBuilder {
        ChatBuilder {
            backend,
            branch: branch.to_owned(),
            clock,
            store: Arc::new(MemoryStore::new()),
            intents: None,
            facts: Arc::default(),
            limits: ChannelLimits::whatsapp(),
            policy: Policy::default(),
            name: "Studio Bella".to_owned(),
            options: EngineOptions::default(),
        }
    }

    /// The client writes; answers what came back.
    ///
    /// # Panics
    /// When the conversation does not come to rest.
    pub async fn says(&mut self, text: &str) -> Vec<Outbound> {
        self.transcript.client(text);
        self.hears(Content::Text { body: Private::new(text.to_owned()) }).await;
        self.settles().await
    }

    /// The client writes several messages at once; answers what came back to all of them.
    ///
    /// # Panics
    /// When the conversation does not come to rest.
    pub async fn says_at_once(&mut self, texts: &[&str]) -> Vec<Outbound> {
        for text in texts {
            self.transcript.client(text);
            self.hears(Content::Text { body: Private::new((*text).to_owned()) }).await;
        }
        self.settles().await
    }

    /// The client taps what begins with this label, the latest shown first; answers what came back.
    ///
    /// # Panics
    /// When no such label was shown, or the conversation does not come to rest.
    #[expect(clippy::panic, reason = "a test that taps what was not shown is wrong")]
    pub async fn taps(&mut self, label: &str) -> Vec<Outbound> {
        let shown = self.messenger.sent();
        let Some(tap) = shown.iter().rev().find_map(|sent| tap_on(&sent.message, label)) else {
            panic!("\"{label}\" was not shown:\n{}", self.transcript)
        };
        self.transcript.tap(&tap.title);
        self.hears(Content::Tap(tap)).await;
        self.settles().await
    }

    /// Any other content; answers what came back.
    ///
    /// # Panics
    /// When the conversation does not come to rest.
    pub async fn sends(&mut self, note: &str, content: Content) -> Vec<Outbound> {
        self.transcript.note(note);
        self.hears(content).await;
        self.settles().await
    }

    /// Time passes, and everything that falls due meanwhile happens at its time; answers what we wrote.
    ///
    /// # Panics
    /// When the conversation does not come to rest.
    pub async fn passes(&mut self, time: Duration, note: &str) -> Vec<Outbound> {
        self.transcript.note(note);
        let until = self.clock.now() + time;
        self.settle_until(until).await;
        self.clock.advance_to(until);
        self.settles().await
    }

    /// What we wrote last.
    #[must_use]
    pub fn last(&self) -> &[Outbound] {
        &self.last
    }

    /// The conversation so far.
    #[must_use]
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The engine under the conversation, for webhooks and operators.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The business's rows.
    #[must_use]
    pub fn rows(&self) -> Arc<dyn TenantStore> {
        rows(&*self.store)
    }

    /// What carries the messages: to make it fail.
    #[must_use]
    pub const fn messenger(&self) -> &MemoryMessenger {
        &self.messenger
    }

    /// Lets everything happen that is due, and the burst that waits; answers what we wrote.
    ///
    /// # Panics
    /// When the conversation does not come to rest.
    pub async fn settles(&mut self) -> Vec<Outbound> {
        let until = self.clock.now() + BURST;
        self.settle_until(until).await;
        let sent = self.messenger.sent().into_iter();
        self.last = sent.skip(self.shown).map(|sent| sent.message).collect();
        self.shown += self.last.len();
        self.transcript.bot(&self.last);
        self.last.clone()
    }

    #[expect(clippy::panic, reason = "a conversation that does not come to rest fails its test")]
    async fn settle_until(&mut self, until: chrono::DateTime<chrono::Utc>) {
        for _ in 0..STEPS {
            if let Err(error) = self.engine.drain().await {
                panic!("the store failed: {error:?}");
            }
            match self.store.next_due().await {
                Ok(Some(due)) if due <= until => drop(self.clock.advance_to(due)),
                Ok(_) => return,
                Err(error) => panic!("the store failed: {error:?}"),
            }
        }
        panic!("{STEPS} steps, and no rest:\n{}", self.transcript);
    }

    #[expect(clippy::panic, reason = "a store that takes no message fails the test")]
    async fn hears(&mut self, content: Content) {
        self.said += 1;
        // A person needs a moment, and providers tell whole seconds.
        let at = self.clock.advance(Duration::seconds(1));
        let id = MessageId::new(format!("in-{}", self.said)).unwrap_or_else(|_| unreachable!("letters and digits"));
        let message = Inbound {
            id,
            from: self.client.clone(),
            profile_name: Some(Private::new("Maria".to_owned())),
            at,
            content,
            quoted: None,
            forwarded: false,
            referral: None,
        };
        let event = ReceivedEvent {
            provider: PROVIDER,
            external_id: NUMBER.to_owned(),
            key: message.id.as_str().to_owned(),
            event: Scoped::Message(Box::new(message)),
        };
        if let Err(error) = self.engine.accept(vec![event]).await {
            panic!("the message was not stored: {error:?}");
        }
    }
}

/// The tap on a button, a row or a template's quick reply whose label begins so.
fn tap_on(message: &Outbound, label: &str) -> Option<Tap> {
    let tap = |id: &str, title: &str, on| {
        title.starts_with(label).then(|| Tap { id: id.to_owned(), title: title.to_owned(), on })
    };
    match message {
        Outbound::Buttons { buttons, .. } => {
            buttons.iter().find_map(|button| tap(&button.id, &button.title, TapKind::Button))
        }
        Outbound::List { sections, .. } => {
            let mut rows = sections.iter().flat_map(|section| &section.rows);
            rows.find_map(|row| tap(&row.id, &row.title, TapKind::Row))
        }
        Outbound::Template(template) => {
            template.buttons.iter().find_map(|payload| tap(payload, payload, TapKind::Template))
        }
        _ => None,
    }
}
