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

/// What is being worked on in this process: saves asking for a lease that we hold ourselves.
type InFlight = Arc<Mutex<HashSet<(TenantId, ConversationId)>>>;

/// Takes a conversation off the list when its work is over, a panic included.
struct Mark {
    in_flight: InFlight,
    key: (TenantId, ConversationId),
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl Engine {
    /// Works until `shutdown` becomes true (or its sender is gone), then finishes what is under way and returns.
    pub async fn run(&self, mut shutdown: watch::Receiver<bool>) {
        let slots = Arc::new(Semaphore::new(self.inner.options.concurrency.max(1)));
        let in_flight = InFlight::default();
        let mut tasks = JoinSet::new();
        while !*shutdown.borrow() {
            // Registered before looking, so that nothing that comes in between is slept over.
            let woken = self.inner.store.woken();
            tokio::pin!(woken);
            let _ = futures_util::poll!(woken.as_mut());
            let room = slots.available_permits();
            let started = if room > 0 { self.start_due(room, &slots, &in_flight, &mut tasks).await } else { Ok(0) };
            while tasks.try_join_next().is_some() {}
            match started {
                Ok(0) => {}
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "due work cannot be read; trying again")
                }
            }
            let nap = self.nap().await;
            tokio::select! {
                () = woken.as_mut() => {}
                _ = tasks.join_next(), if !tasks.is_empty() => {}
                () = tokio::time::sleep(nap) => {}
                changed = shutdown.changed() => if changed.is_err() { break },
            }
        }
        while tasks.join_next().await.is_some() {}
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

    async fn start_due(
        &self,
        room: usize,
        slots: &Arc<Semaphore>,
        in_flight: &InFlight,
        tasks: &mut JoinSet<()>,
    ) -> Result<usize, StoreError> {
        let mut started = 0;
        // What is in flight may still look due: ask for that much more.
        let limit = room + in_flight.lock().unwrap_or_else(PoisonError::into_inner).len();
        for item in self.inner.store.due(self.inner.clock.now(), limit).await? {
            let key = (item.tenant.clone(), item.conversation);
            if !in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
                continue;
            }
            let Ok(permit) = slots.clone().try_acquire_owned() else {
                in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
                break;
            };
            started += 1;
            let engine = self.clone();
            let mark = Mark { in_flight: in_flight.clone(), key };
            tasks.spawn(async move {
                if engine.work(&item).await.is_err() {
                    // It is still due. A store that can be read and not be written must not be asked in a circle.
                    tokio::time::sleep(engine.inner.options.poll.to_std().unwrap_or_default()).await;
                }
                drop((mark, permit));
            });
        }
        Ok(started)
    }

    /// Does what is due in one conversation. An error: it could not be begun, and is due as before.
    async fn work(&self, item: &Due) -> Result<(), StoreError> {
        let delivery = match item.work {
            Work::Turn => self.turn(&item.tenant, item.conversation).await?,
            Work::Delivery => self.first_delivery(&item.tenant, item.conversation).await?,
        };
        if let Some(delivery) = delivery {
            self.deliver_all(&item.tenant, delivery).await;
        }
        Ok(())
    }

    /// How long there is certainly nothing to do, unless something comes in.
    async fn nap(&self) -> std::time::Duration {
        let poll = self.inner.options.poll;
        let now = self.inner.clock.now();
        let until = match self.inner.store.next_due().await {
            Ok(Some(at)) => (at - now).clamp(chrono::Duration::milliseconds(5), poll),
            Ok(None) | Err(_) => poll,
        };
        until.to_std().unwrap_or(std::time::Duration::from_millis(5))
    }
}
