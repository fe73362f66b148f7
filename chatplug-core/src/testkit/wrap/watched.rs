//! The wrapper that tells a test of every call, before it is made and after it was answered.

use crate::{
    model::TenantId,
    ports::{DeliveryRecord, DeliveryResult, Ingest, TurnCommit},
    wrappers::{StoreCalls, forward_backend, forward_messenger, forward_small_ports, forward_store},
};
use std::{fmt::Debug, sync::Arc};

/// Somebody who hears of calls.
pub trait Watch: Debug + Send + Sync {
    /// A call of `port` is about to be made, or was answered. Returning late holds the caller up.
    ///
    /// `operation` is the method's name, but for the writes that are many things in one:
    /// - `ingest_message`, `ingest_status`, `ingest` (anything else first);
    /// - `checkpoint` (a commit that keeps the lease), `commit_action` (one that ends a critical action), `commit`;
    /// - `record_sent`, `record_unknown`, `record_delivery` (anything else).
    fn at(&self, moment: Moment, port: &'static str, operation: &'static str);
}

/// When in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Moment {
    /// It is about to be made.
    Before,
    /// It was answered, whatever the answer.
    After,
}

/// A port whose calls are watched: a booking system, messenger, store (its tenants' handles too), intent engine,
/// templates, notifier or payments.
#[derive(Debug)]
pub struct Watched<P: ?Sized> {
    inner: Arc<P>,
    watch: Arc<dyn Watch>,
}

impl<P: ?Sized> Watched<P> {
    /// Tells `watch` of every call.
    #[must_use]
    pub fn new(inner: Arc<P>, watch: &Arc<dyn Watch>) -> Self {
        Self { inner, watch: watch.clone() }
    }

    fn inner(&self) -> &P {
        &self.inner
    }

    fn beside<Q: ?Sized>(&self, inner: Arc<Q>, _tenant: &TenantId) -> Watched<Q> {
        Watched::new(inner, &self.watch)
    }

    async fn around<T>(&self, port: &'static str, operation: &'static str, call: impl Future<Output = T>) -> T {
        self.watch.at(Moment::Before, port, operation);
        let answer = call.await;
        self.watch.at(Moment::After, port, operation);
        answer
    }
}

impl<P: ?Sized> StoreCalls for Watched<P> {
    fn ingest(&self, events: &[Ingest]) -> &'static str {
        match events.first() {
            Some(Ingest::Message { .. }) => "ingest_message",
            Some(Ingest::Status { .. }) => "ingest_status",
            _ => "ingest",
        }
    }

    fn commit(&self, commit: &TurnCommit) -> &'static str {
        match (commit.keep_until, commit.unclaim.is_empty()) {
            (Some(_), _) => "checkpoint",
            (None, false) => "commit_action",
            (None, true) => "commit",
        }
    }

    fn record_delivery(&self, record: &DeliveryRecord) -> &'static str {
        match record.result {
            DeliveryResult::Sent { .. } => "record_sent",
            DeliveryResult::Unknown { .. } => "record_unknown",
            _ => "record_delivery",
        }
    }
}

forward_backend!(Watched);
forward_messenger!(Watched);
forward_small_ports!(Watched);
forward_store!(Watched);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ports::{Clock as _, Store, SystemClock},
        testkit::MemoryStore,
    };
    use std::sync::Mutex;

    #[derive(Debug, Default)]
    struct Diary(Mutex<Vec<(Moment, &'static str, &'static str)>>);

    impl Watch for Diary {
        fn at(&self, moment: Moment, port: &'static str, operation: &'static str) {
            self.0.lock().unwrap().push((moment, port, operation));
        }
    }

    #[tokio::test]
    async fn every_call_is_told_before_and_after_the_handles_included() {
        let diary = Arc::new(Diary::default());
        let watch: Arc<dyn Watch> = diary.clone();
        let store: Arc<dyn Store> = Arc::new(Watched::new(Arc::new(MemoryStore::new()), &watch));
        store.due(SystemClock.now(), 1).await.unwrap();
        let rows = store.tenant(&TenantId::new("bella").unwrap());
        rows.conversations(1).await.unwrap();
        let told: Vec<_> = diary.0.lock().unwrap().drain(..).collect();
        let of = |operation| [(Moment::Before, "store", operation), (Moment::After, "store", operation)];
        assert_eq!(told, [of("due"), of("conversations")].concat());
    }
}
