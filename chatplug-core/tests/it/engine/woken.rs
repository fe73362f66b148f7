//! Workers and what wakes them.

use super::Stage;
use async_trait::async_trait;
use chatplug_core::{
    engine::Engine,
    model::{ConversationId, TenantId},
    ports::{Due, Figures, Route, Store, StoreError, TenantStore, Times},
    testkit::{MemoryStore, StaticDirectory},
};
use chrono::{DateTime, Duration, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// A store in which something comes in at the very moment at which the first few ask to be woken.
#[derive(Debug)]
struct Hasty {
    store: MemoryStore,
    left: AtomicU32,
}

#[async_trait]
impl Store for Hasty {
    fn tenant(&self, tenant: &TenantId) -> Arc<dyn TenantStore> {
        self.store.tenant(tenant)
    }

    async fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.store.due(now, limit).await
    }

    async fn overdue(
        &self,
        received_before: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<(TenantId, ConversationId)>, StoreError> {
        self.store.overdue(received_before, limit).await
    }

    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.store.next_due().await
    }

    async fn route(&self, provider: &str, external_id: &str) -> Result<Option<Route>, StoreError> {
        self.store.route(provider, external_id).await
    }

    async fn woken(&self) {
        let left = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_err() {
            self.store.woken().await;
        }
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }

    async fn tick(&self, now: Option<DateTime<Utc>>) -> Result<Times, StoreError> {
        self.store.tick(now).await
    }

    async fn figures(&self, answer_within: Duration, now: DateTime<Utc>) -> Result<Figures, StoreError> {
        self.store.figures(answer_within, now).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_while_they_lie_down_to_sleep_wakes_them() {
    let stage = Stage::new().await;
    let store = Arc::new(Hasty { store: stage.memory.clone(), left: AtomicU32::new(5) });
    let engine = Engine::builder()
        .store(store.clone())
        .directory(Arc::new(StaticDirectory::new([stage.tenant().build()])))
        .clock(Arc::new(stage.clock.clone()))
        .options(stage.options.clone())
        .build()
        .unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut workers = tokio::spawn({
        let engine = engine.clone();
        async move { engine.run(stopped).await }
    });
    stage.hears(&engine, "bom dia").await;
    stage.clock.advance(Duration::seconds(2));
    tokio::select! {
        sent = stage.messenger.sent_at_least(1) => assert!(!sent.is_empty()),
        ended = &mut workers => panic!("the workers ended: {ended:?}"),
    }
    assert!(store.left.load(Ordering::SeqCst) < 5, "they never lay down");
    stop.send(true).unwrap();
    workers.await.unwrap();
}
