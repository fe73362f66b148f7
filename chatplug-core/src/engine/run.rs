//! The workers: find due conversations, run their turns and deliveries, side by side, one at a time each.

use super::Engine;
use crate::{
    model::{ConversationId, TenantId},
    ports::{Due, StoreError, Work},
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

/// So often in a row may draining fail to begin some work before it says so.
const PATIENCE: u32 = 20;

/// Teams told at the same time in this process: a notifier that hangs takes no place of the clients.
const TELLERS: usize = 16;
/// What is asked for at most when teams that cannot be told now stand before the clients.
const MOST_DUE: usize = 8192;

/// What is being worked on in this process, of a conversation and for its team: saves asking for a lease that we hold
/// ourselves.
type InFlight = Arc<Mutex<HashSet<(TenantId, ConversationId, bool)>>>;

/// What one look at the due work led to.
#[derive(Debug, Default, Clone, Copy)]
struct Looked {
    started: usize,
    /// Something is due that cannot be begun before something else ends.
    blocked: bool,
}

/// The workers of one run.
struct Workers {
    slots: Arc<Semaphore>,
    tellers: Arc<Semaphore>,
    in_flight: InFlight,
    tasks: JoinSet<()>,
}

/// Takes a conversation off the list when its work is over, a panic included.
struct Mark {
    in_flight: InFlight,
    key: (TenantId, ConversationId, bool),
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Engine {
    /// Works until `shutdown` becomes true (or its sender is gone), then finishes what is under way and returns.
    pub async fn run(&self, mut shutdown: watch::Receiver<bool>) {
        let mut workers = Workers {
            slots: Arc::new(Semaphore::new(self.inner.options.concurrency.max(1))),
            tellers: Arc::new(Semaphore::new(TELLERS)),
            in_flight: InFlight::default(),
            tasks: JoinSet::new(),
        };
        while !*shutdown.borrow() {
            // Registered before looking, so that nothing that comes in between is slept over.
            let woken = self.inner.store.woken();
            tokio::pin!(woken);
            let _ = futures_util::poll!(woken.as_mut());
            let looked = self.start_due(&mut workers).await;
            while workers.tasks.try_join_next().is_some() {}
            let looked = match looked {
                Ok(looked) if looked.started > 0 => continue,
                Ok(looked) => looked,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "due work cannot be read; trying again");
                    Looked::default()
                }
            };
            let nap = self.nap(looked.blocked).await;
            tokio::select! {
                () = woken.as_mut() => {}
                _ = workers.tasks.join_next(), if !workers.tasks.is_empty() => {}
                () = tokio::time::sleep(nap) => {}
                changed = shutdown.changed() => if changed.is_err() { break },
            }
        }
        while workers.tasks.join_next().await.is_some() {}
    }

    /// Runs everything that is due by the clock, and what becomes due by that, until nothing is. For tests, tools and
    /// embedders without workers of their own.
    ///
    /// # Errors
    /// When due work cannot be read, or again and again not be begun.
    pub async fn drain(&self) -> Result<(), StoreError> {
        let mut failures = 0;
        loop {
            let due = self.inner.store.due(self.inner.clock.now(), 64).await?;
            if due.is_empty() {
                return Ok(());
            }
            for item in due {
                match self.work(&item).await {
                    Ok(()) => failures = 0,
                    // Still due: tried again, but not in a circle.
                    Err(error) if failures >= PATIENCE => return Err(error),
                    Err(_) => failures += 1,
                }
            }
        }
    }

    async fn start_due(&self, workers: &mut Workers) -> Result<Looked, StoreError> {
        let room = workers.slots.available_permits();
        if room == 0 {
            return Ok(Looked { started: 0, blocked: true });
        }
        // What is in flight may still look due: ask for that much more.
        let mut limit = room + workers.in_flight.lock().unwrap_or_else(PoisonError::into_inner).len();
        loop {
            let due = self.inner.store.due(self.inner.clock.now(), limit).await?;
            let maybe_more = due.len() >= limit;
            let looked = self.start_these(due, workers);
            // Nothing but what cannot be begun now: what can may come after it.
            if looked.started == 0 && looked.blocked && maybe_more && limit < MOST_DUE {
                limit *= 2;
                continue;
            }
            return Ok(looked);
        }
    }

    fn start_these(&self, due: Vec<Due>, workers: &mut Workers) -> Looked {
        let mut looked = Looked::default();
        for item in due {
            let for_team = item.work == Work::Notice;
            let key = (item.tenant.clone(), item.conversation, for_team);
            if !workers.in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
                looked.blocked = true;
                continue;
            }
            let mark = Mark { in_flight: workers.in_flight.clone(), key };
            let places = if for_team { &workers.tellers } else { &workers.slots };
            let Ok(permit) = places.clone().try_acquire_owned() else {
                looked.blocked = true;
                continue;
            };
            looked.started += 1;
            let engine = self.clone();
            workers.tasks.spawn(async move {
                if engine.work(&item).await.is_err() {
                    // It is still due. A store that can be read and not be written must not be asked in a circle.
                    tokio::time::sleep(engine.inner.options.poll.to_std().unwrap_or_default()).await;
                }
                drop((mark, permit));
            });
        }
        looked
    }

    /// Does what is due in one conversation. An error: it could not be begun, and is due as before.
    async fn work(&self, item: &Due) -> Result<(), StoreError> {
        let delivery = match item.work {
            Work::Turn => self.turn(&item.tenant, item.conversation).await?,
            Work::Delivery => self.first_delivery(&item.tenant, item.conversation).await?,
            Work::Notice => return self.tell_team(&item.tenant, item.conversation).await,
        };
        if let Some(delivery) = delivery {
            self.deliver_all(&item.tenant, delivery).await;
        }
        Ok(())
    }

    /// How long there is certainly nothing to do, unless something comes in or ends.
    async fn nap(&self, blocked: bool) -> std::time::Duration {
        let poll = self.inner.options.poll;
        let now = self.inner.clock.now();
        let until = match self.inner.store.next_due().await {
            Ok(Some(at)) => {
                // What is due and cannot be begun looks as if it were due at once, all the time.
                let least = chrono::Duration::milliseconds(if blocked { 50 } else { 5 }).min(poll);
                (at - now).clamp(least, poll)
            }
            Ok(None) | Err(_) => poll,
        };
        until.to_std().unwrap_or(std::time::Duration::from_millis(5))
    }
}
