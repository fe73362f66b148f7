//! The workers: find due conversations, run their turns, deliveries and notices, side by side, one at a time each.

use super::{Engine, deliver::Outgoing};
use crate::{
    model::{ConversationId, TenantId},
    ports::{Due, StoreError, Work},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::Instant,
};

/// So often in a row may draining fail to begin some work before it says so.
const PATIENCE: u32 = 20;
/// Teams told at the same time in this process: a notifier that hangs takes no place of the clients.
const TELLERS: usize = 16;
/// What is asked for when nothing but work that cannot be begun now stands before the rest.
const DEEP: usize = 4096;
/// Work that could not be begun rests so long at most before it is tried again.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// One piece of due work.
type Key = (TenantId, ConversationId, Work);

/// How a piece of work stands in this process.
#[derive(Debug, Clone, Copy)]
enum Standing {
    /// Being done: saves asking for a lease that we hold ourselves.
    InFlight,
    /// It could not be begun: a row that cannot be read, a store that can be read and not be written. It is as due as
    /// before, and would be asked for in a circle.
    Resting { failures: u32, until: Instant },
}

/// What is being worked on, and what rests.
#[derive(Debug, Clone, Default)]
struct Board(Arc<Mutex<HashMap<Key, Standing>>>);

impl Board {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn len(&self) -> usize {
        self.lock().len()
    }

    /// Marks work as being done; `None`: it is already, or it rests.
    fn begin(&self, key: &Key) -> Option<Mark> {
        let mut board = self.lock();
        let failures = match board.get(key) {
            None => 0,
            Some(Standing::Resting { failures, until }) if *until <= Instant::now() => *failures,
            Some(_) => return None,
        };
        board.insert(key.clone(), Standing::InFlight);
        Some(Mark { board: self.clone(), key: key.clone(), failures, rest: false })
    }

    /// Forgets what rested long ago: somebody else may have done it.
    fn tidy(&self) {
        let now = Instant::now();
        self.lock().retain(|_, standing| match standing {
            Standing::InFlight => true,
            Standing::Resting { until, .. } => *until + LONGEST_REST > now,
        });
    }
}

/// Takes work off the board when it is over, a panic included; or lets it rest.
struct Mark {
    board: Board,
    key: Key,
    failures: u32,
    rest: bool,
}

impl Drop for Mark {
    fn drop(&mut self) {
        let mut board = self.board.lock();
        if self.rest {
            let failures = self.failures.saturating_add(1);
            let rest = Duration::from_secs(1 << failures.saturating_sub(1).min(6)).min(LONGEST_REST);
            board.insert(self.key.clone(), Standing::Resting { failures, until: Instant::now() + rest });
        } else {
            board.remove(&self.key);
        }
    }
}

/// What one look at the due work led to.
#[derive(Debug, Default, Clone, Copy)]
struct Looked {
    started: usize,
    /// Something is due that cannot be begun now.
    blocked: bool,
}

/// The workers of one run. Turns, messages and notices have places of their own, so that turns that hang keep no message
/// waiting, and a team that cannot be told no client.
struct Workers {
    turns: Arc<Semaphore>,
    /// How many of those there are.
    places: usize,
    deliveries: Arc<Semaphore>,
    notices: Arc<Semaphore>,
    board: Board,
    tasks: JoinSet<()>,
    looked_deep: Option<Instant>,
}

impl Workers {
    fn new(concurrency: usize, deliveries: Arc<Semaphore>) -> Self {
        let places = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            turns: Arc::new(Semaphore::new(places)),
            places,
            deliveries,
            notices: Arc::new(Semaphore::new(TELLERS.min(places))),
            board: Board::default(),
            tasks: JoinSet::new(),
            looked_deep: None,
        }
    }

    fn room(&self) -> usize {
        // Of the many places of messages no more than there are of turns: what a process is offered it should begin.
        let deliveries = self.deliveries.available_permits().min(self.places);
        self.turns.available_permits() + deliveries + self.notices.available_permits()
    }

    fn place(&self, work: Work) -> Option<OwnedSemaphorePermit> {
        let places = match work {
            Work::Turn => &self.turns,
            Work::Delivery => &self.deliveries,
            Work::Notice => &self.notices,
        };
        places.clone().try_acquire_owned().ok()
    }

    /// Whether to look at all that is due, and not only at as much as there is room for: not too often.
    fn may_look_deep(&mut self, every: Duration) -> bool {
        let may = self.looked_deep.is_none_or(|at| at.elapsed() >= every);
        if may {
            self.looked_deep = Some(Instant::now());
        }
        may
    }
}

impl Engine {
    /// Works until `shutdown` becomes true (or its sender is gone), then finishes what is under way and returns.
    pub async fn run(&self, mut shutdown: watch::Receiver<bool>) {
        let mut workers = Workers::new(self.inner.options.concurrency, self.inner.deliveries.clone());
        let watching = tokio::spawn(self.clone().watch(shutdown.clone()));
        let stocktaking = tokio::spawn(self.clone().watch_templates(shutdown.clone()));
        let sweeping = tokio::spawn(self.clone().keep_sweeping(shutdown.clone()));
        while !*shutdown.borrow() {
            // Registered before looking, so that nothing that comes in between is slept over.
            let woken = self.inner.store.woken();
            tokio::pin!(woken);
            // It may be over already: something came in at this very moment. What is over must not be asked again.
            let missed = futures_util::poll!(woken.as_mut()).is_ready();
            let looked = self.start_due(&mut workers).await;
            while workers.tasks.try_join_next().is_some() {}
            let looked = match looked {
                Ok(looked) if looked.started > 0 => continue,
                Ok(looked) => looked,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "due work cannot be read; trying again");
                    Looked { started: 0, blocked: true }
                }
            };
            // Nobody would be woken by what has come in since: it is looked for.
            let nap = if missed { Duration::ZERO } else { self.nap(looked.blocked).await };
            tokio::select! {
                () = woken.as_mut(), if !missed => {}
                _ = workers.tasks.join_next(), if !workers.tasks.is_empty() => {}
                () = tokio::time::sleep(nap) => {}
                changed = shutdown.changed() => if changed.is_err() { break },
            }
        }
        watching.abort();
        stocktaking.abort();
        sweeping.abort();
        while workers.tasks.join_next().await.is_some() {}
    }

    /// Runs everything that is due by the clock, attends to clients who wait too long, and does what becomes due by that,
    /// until nothing is. For tests, tools and embedders without workers of their own.
    ///
    /// # Errors
    /// When due work cannot be read, or again and again not be begun.
    pub async fn drain(&self) -> Result<(), StoreError> {
        let mut failures = 0;
        loop {
            let due = self.inner.store.due(self.inner.clock.now(), 64).await?;
            if due.is_empty() {
                if self.attend_overdue().await? == 0 {
                    return Ok(());
                }
                continue;
            }
            for item in due {
                match self.work(&item, None).await {
                    Ok(outgoing) => {
                        failures = 0;
                        if let Some(outgoing) = outgoing {
                            self.deliver_all(&item.tenant, outgoing).await;
                        }
                    }
                    // Still due: tried again, but not in a circle.
                    Err(error) if failures >= PATIENCE => return Err(error),
                    Err(_) => failures += 1,
                }
            }
        }
    }

    async fn start_due(&self, workers: &mut Workers) -> Result<Looked, StoreError> {
        let room = workers.room();
        if room == 0 {
            return Ok(Looked { started: 0, blocked: true });
        }
        workers.board.tidy();
        // What is in flight may still look due, and what rests does: ask for that much more.
        let limit = room + workers.board.len();
        let due = self.inner.store.due(self.inner.clock.now(), limit).await?;
        let maybe_more = due.len() >= limit;
        let looked = self.start_these(due, workers);
        let poll = self.inner.options.poll.to_std().unwrap_or_default();
        if looked.started == 0 && looked.blocked && maybe_more && workers.may_look_deep(poll) {
            // Nothing but what cannot be begun now: what can may come after it.
            let due = self.inner.store.due(self.inner.clock.now(), limit + DEEP).await?;
            return Ok(self.start_these(due, workers));
        }
        Ok(looked)
    }

    fn start_these(&self, due: Vec<Due>, workers: &mut Workers) -> Looked {
        let mut looked = Looked::default();
        for item in due {
            let place = workers.place(item.work);
            let key = (item.tenant.clone(), item.conversation, item.work);
            let Some((place, mut mark)) = place.and_then(|place| Some((place, workers.board.begin(&key)?))) else {
                looked.blocked = true;
                continue;
            };
            looked.started += 1;
            let engine = self.clone();
            workers.tasks.spawn(async move {
                let begun = engine.work(&item, Some(place)).await;
                mark.rest = begun.is_err();
                // The reply of a turn is handed over without it: the next turn need not wait for the provider.
                let mark = (item.work != Work::Turn).then_some(mark);
                if let Ok(Some(outgoing)) = begun {
                    engine.deliver_all(&item.tenant, outgoing).await;
                }
                drop(mark);
            });
        }
        looked
    }

    /// Does what is due in one conversation, in a place of its kind, and answers what is to be handed over then. An error:
    /// it could not be begun, and is due as before.
    async fn work(&self, item: &Due, place: Option<OwnedSemaphorePermit>) -> Result<Option<Outgoing>, StoreError> {
        match (item.work, place) {
            (Work::Turn, _place) => self.turn(&item.tenant, item.conversation).await,
            (Work::Notice, _place) => self.tell_team(&item.tenant, item.conversation).await.map(|()| None),
            (Work::Delivery, Some(place)) => self.first_delivery(&item.tenant, item.conversation, place).await,
            (Work::Delivery, None) => match self.inner.deliveries.clone().acquire_owned().await {
                Ok(place) => self.first_delivery(&item.tenant, item.conversation, place).await,
                // Never closed; were it, the message would be as due as before.
                Err(_) => Ok(None),
            },
        }
    }

    /// How long there is certainly nothing to do, unless something comes in or ends.
    async fn nap(&self, blocked: bool) -> Duration {
        let poll = self.inner.options.poll;
        let now = self.inner.clock.now();
        let until = match self.inner.store.next_due().await {
            Ok(Some(at)) => {
                // What is due and cannot be begun looks as if it were due at once, all the time.
                let least = chrono::Duration::milliseconds(if blocked { 100 } else { 5 }).min(poll);
                (at - now).clamp(least, poll)
            }
            Ok(None) | Err(_) => poll,
        };
        until.to_std().unwrap_or(Duration::from_millis(5))
    }
}
