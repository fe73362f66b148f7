//! How long each call took and how it ended.

use super::{ErrorClass, StoreCalls, forward_backend, forward_messenger, forward_small_ports, forward_store};
use crate::model::TenantId;
use std::{fmt::Debug, sync::Arc, time::Instant};
use tracing::{Instrument as _, debug, debug_span, field::Empty};

/// A port whose calls run in spans, and end in one event each at level `DEBUG`, target `chatplug::calls`, with
/// `port`, `operation`, `tenant.id`, `result` (`ok` or the [class](ErrorClass) of the error) and `duration_ms`.
///
/// No argument and no answer is ever a field: they hold personal data. A failure is an event like any other, because
/// whoever handles it logs it.
#[derive(Debug)]
pub struct Traced<P: ?Sized> {
    inner: Arc<P>,
    tenant: Option<TenantId>,
}

impl<P: ?Sized> Traced<P> {
    /// Traces a port that is not one tenant's.
    #[must_use]
    pub const fn new(inner: Arc<P>) -> Self {
        Self { inner, tenant: None }
    }

    /// Says whose it is. A store's handles know by themselves.
    #[must_use]
    pub fn of(mut self, tenant: &TenantId) -> Self {
        self.tenant = Some(tenant.clone());
        self
    }

    fn inner(&self) -> &P {
        &self.inner
    }

    #[expect(clippy::unused_self, reason = "every wrapper of a store has this method; some pass themselves on")]
    fn beside<Q: ?Sized>(&self, inner: Arc<Q>, tenant: &TenantId) -> Traced<Q> {
        Traced::new(inner).of(tenant)
    }

    async fn around<T, E: ErrorClass>(
        &self,
        port: &'static str,
        operation: &'static str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let tenant = self.tenant.as_ref().map(TenantId::as_str);
        let span = debug_span!(
            target: "chatplug::calls",
            "call",
            port,
            operation,
            tenant.id = tenant,
            result = Empty,
            duration_ms = Empty
        );
        let begun = Instant::now();
        let outcome = call.instrument(span.clone()).await;
        let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let result = outcome.as_ref().map_or_else(ErrorClass::class, |_| "ok");
        span.record("result", result);
        span.record("duration_ms", duration_ms);
        debug!(
            target: "chatplug::calls",
            parent: &span,
            port,
            operation,
            tenant.id = tenant,
            result,
            duration_ms,
            "{port} {operation}: {result}"
        );
        outcome
    }
}

impl<P: ?Sized> Clone for Traced<P> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), tenant: self.tenant.clone() }
    }
}

forward_backend!(Traced);
forward_messenger!(Traced);
forward_small_ports!(Traced);
forward_store!(Traced);
impl<P: ?Sized> StoreCalls for Traced<P> {}
