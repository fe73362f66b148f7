//! The async driver around the pure machine: webhooks in, turns, critical actions, outbox, timers, recovery.
//!
//! # The natural way of the data
//! [`Engine::receive`] verifies a webhook, parses it and stores its events: only then is it answered 200. A stored event
//! makes its conversation *due*. [`Engine::run`] takes due conversations, one turn at a time each: it leases one, feeds
//! the [`Dialogue`](crate::dialogue::Dialogue), answers the machine's questions, and commits state, outbox, timers and
//! audit together. What is in the outbox is rendered and handed to the provider afterwards, in order per conversation.
//!
//! # Crashes
//! Nothing is kept in memory that the store does not have: an engine that is killed at any instruction is resumed by any
//! other engine on the same store. A critical action is committed *before* the booking system is called, so that its
//! successor knows that it may have happened and asks [`resolve`](crate::ports::BookingBackend::resolve).

mod accept;
mod action;
mod borrow;
mod burst;
mod deliver;
mod facts;
mod live;
mod lobby;
mod notices;
mod observe;
mod plain;
mod run;
mod saga;
mod shared;
mod stock;
mod sweep;
mod turn;
mod voice;
mod watch;
mod world;

pub(crate) use borrow::{give_back, is_acting, under_way};
pub use live::{BranchFactory, LiveDirectory};
pub use observe::{EngineEvent, Observer, Quiet};
pub use plain::{LogNotifier, TemplateList, TenantList};

use crate::{
    dialogue::Operator,
    model::{ConversationId, TenantId},
    ports::{Clock, Directory, Ingest, Ingested, OVERDUE_AFTER, Store, StoreError, SystemClock},
    reply::Words,
};
use chrono::Duration;
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;

/// Runs conversations. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    options: EngineOptions,
    routes: accept::RouteCache,
    senders: shared::Senders,
    catalogs: world::CatalogCache,
    swept: sweep::Swept,
    wordings: deliver::Wordings,
    hints: stock::Hints,
    /// Places of messages that are being handed over.
    deliveries: Arc<Semaphore>,
    languages: Vec<crate::model::Lang>,
    /// Places of recordings that are being written down.
    listening: Semaphore,
}

/// Knobs of an engine; the defaults are right for production.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Conversations worked on at the same time in this process (most of the time they wait for a vendor).
    pub concurrency: usize,
    /// Messages being handed over at the same time in this process, for each of `concurrency`: they only wait for the
    /// provider. One more than that stays queued until one is through.
    pub deliveries_per_place: usize,
    /// How long a worker may hold a conversation; must exceed `backend_timeout` with room.
    pub lease: Duration,
    /// How long an answer of a booking system is waited for.
    pub backend_timeout: Duration,
    /// How long an answer of a messenger is waited for.
    pub send_timeout: Duration,
    /// How long a voice message may take from being found to being written down; after that its client is asked to write.
    pub listen_within: Duration,
    /// How long the first words of a burst wait for the rest; at most 2 s.
    pub burst_wait: Duration,
    /// How long a catalogue is used before it is read again, where the booking system
    /// [says](crate::ports::Capabilities::catalog_lasts) nothing else.
    pub catalog_ttl: Duration,
    /// No catalogue is used for longer, whatever the booking system says. For several processes: a hint that it changed
    /// makes only the one that hears it read it at once.
    pub catalog_at_most: Option<Duration>,
    /// A critical action that is certainly not done is retried for this long, then given to a person.
    pub action_deadline: Duration,
    /// How long a message with a lost answer waits for its status.
    pub unknown_hold: Duration,
    /// Subtracted from the channel's window: clocks differ.
    pub window_margin: Duration,
    /// Looks for due work at least this often, even when nothing woke it.
    pub poll: Duration,
    /// A client who waits longer for an outcome is attended to; default:
    /// [`OVERDUE_AFTER`]. Should exceed `lease`: a turn that is taken up again is on its way.
    pub answer_within: Duration,
    /// Looks for clients who wait too long this often.
    pub watch: Duration,
    /// Looks at every channel's templates this often, beside what webhooks tell; the first look is a tenth of it away.
    pub templates: Duration,
    /// Asks every branch whose booking system tells it for changes that no webhook told of, this often; zero: never. The
    /// first round begins a sixtieth of it after the start.
    pub sweep: Duration,
    /// How far back a branch is asked the first time.
    pub sweep_back: Duration,
    /// Mark messages as read and show "typing" when a turn begins.
    pub mark_seen: bool,
}

impl EngineOptions {
    /// How long a message stays "being sent" before its sender counts as dead and it is taken again: no more may pass than
    /// a conversation may be held up.
    fn sending(&self) -> Duration {
        self.send_timeout + self.send_timeout / 2
    }
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            concurrency: 64,
            deliveries_per_place: 8,
            lease: Duration::seconds(60),
            backend_timeout: Duration::seconds(20),
            send_timeout: Duration::seconds(20),
            listen_within: Duration::seconds(25),
            burst_wait: Duration::milliseconds(1200),
            catalog_ttl: Duration::seconds(60),
            catalog_at_most: None,
            action_deadline: Duration::minutes(10),
            unknown_hold: Duration::seconds(30),
            window_margin: Duration::minutes(5),
            poll: Duration::seconds(1),
            answer_within: OVERDUE_AFTER,
            watch: Duration::seconds(5),
            templates: Duration::minutes(15),
            sweep: Duration::minutes(15),
            sweep_back: Duration::hours(24),
            mark_seen: true,
        }
    }
}

/// Puts an engine together.
#[derive(Debug, Default)]
pub struct EngineBuilder {
    store: Option<Arc<dyn Store>>,
    directory: Option<Arc<dyn Directory>>,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Arc<dyn Observer>>,
    options: EngineOptions,
}

impl EngineBuilder {
    /// Where everything is remembered. Needed.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Who is served. Needed.
    #[must_use]
    pub fn directory(mut self, directory: Arc<dyn Directory>) -> Self {
        self.directory = Some(directory);
        self
    }

    /// The clock; the machine's by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Who hears what the engine does; nobody by default.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Knobs.
    #[must_use]
    pub fn options(mut self, options: EngineOptions) -> Self {
        self.options = options;
        self
    }

    /// The engine.
    ///
    /// # Errors
    /// [`EngineError::Incomplete`] when the store or the directory is missing, or the lease is not longer than the
    /// backend's timeout.
    pub fn build(self) -> Result<Engine, EngineError> {
        let store = self.store.ok_or(EngineError::Incomplete("a store"))?;
        let directory = self.directory.ok_or(EngineError::Incomplete("a directory"))?;
        if self.options.lease <= self.options.backend_timeout * 2 {
            return Err(EngineError::Incomplete("a lease longer than twice the backend's timeout"));
        }
        let places = self.options.concurrency.saturating_mul(self.options.deliveries_per_place);
        Ok(Engine {
            inner: Arc::new(Inner {
                deliveries: Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS))),
                store,
                directory,
                clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
                observer: self.observer.unwrap_or_else(|| Arc::new(Quiet)),
                options: self.options,
                routes: accept::RouteCache::default(),
                senders: shared::Senders::default(),
                catalogs: world::CatalogCache::default(),
                swept: sweep::Swept::default(),
                wordings: deliver::Wordings::default(),
                hints: stock::Hints::default(),
                languages: Words::shipped().languages().collect(),
                listening: Semaphore::new(voice::MOST_AT_ONCE),
            }),
        })
    }
}

impl Engine {
    /// Begins to put an engine together.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// How long a client may wait for an outcome before they are attended to.
    #[must_use]
    pub fn answer_within(&self) -> Duration {
        self.inner.options.answer_within
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Arc<dyn Directory> {
        &self.inner.directory
    }

    /// Lets somebody of the business act in a conversation: take it over, write in it, hand it back. The same key twice
    /// is the same deed.
    ///
    /// # Errors
    /// [`EngineError::NoConversation`] when there is none of that id, and [`EngineError::Store`].
    pub async fn operate(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        key: &str,
        by: &str,
        operator: Operator,
    ) -> Result<(), EngineError> {
        let event = Ingest::Operator {
            conversation,
            key: key.to_owned(),
            by: by.to_owned(),
            operator,
            received: self.inner.clock.now(),
        };
        let results = self.inner.store.tenant(tenant).ingest(vec![event]).await?;
        if results.contains(&Ingested::Unknown) {
            return Err(EngineError::NoConversation);
        }
        self.inner.observer.observe(&EngineEvent::ConversationChanged { tenant, conversation });
        Ok(())
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

/// Why an engine could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Something was not given to the builder.
    #[error("the engine needs {0}")]
    Incomplete(&'static str),
    /// There is no such conversation.
    #[error("no such conversation")]
    NoConversation,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}
