//! The wrapper that carries out a plan of faults.

use super::{
    FaultPlan,
    plan::{Fault, Kind},
};
use crate::{
    model::TenantId,
    ports::{
        BackendError, BookError, IntentError, NotifyError, PaymentError, Rate, RateLimiter, SendError, StoreError,
        Taken, TemplateError,
    },
    wrappers::{StoreCalls, forward_backend, forward_messenger, forward_small_ports, forward_store},
};
use chrono::{DateTime, Utc};
use std::{fmt::Debug, sync::Arc};

/// A port that fails by plan: a booking system, messenger, store (its tenants' handles fail by the same plan), limiter,
/// intent engine, templates, notifier or payments.
#[derive(Debug)]
pub struct Faulty<P: ?Sized> {
    inner: Arc<P>,
    plan: FaultPlan,
}

impl<P: ?Sized> Faulty<P> {
    /// Makes a port fail by plan.
    #[must_use]
    pub fn new(inner: Arc<P>, plan: &FaultPlan) -> Self {
        Self { inner, plan: plan.clone() }
    }

    fn inner(&self) -> &P {
        &self.inner
    }

    fn beside<Q: ?Sized>(&self, inner: Arc<Q>, _tenant: &TenantId) -> Faulty<Q> {
        Faulty::new(inner, &self.plan)
    }

    async fn around<T, E: PlannedError>(
        &self,
        port: &'static str,
        method: &'static str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match self.plan.enter(port, method).await {
            None => call.await,
            Some(fault) => {
                if fault.after {
                    // Whatever it was: the answer is lost.
                    drop(call.await);
                }
                Err(error_of(&fault))
            }
        }
    }
}

/// An error that a plan can make.
pub trait PlannedError: Sized + 'static {
    /// Nobody there, certainly not done.
    fn down() -> Self;

    /// It cannot be told whether it was done.
    fn unknown() -> Self {
        Self::down()
    }

    /// Too many calls, certainly not done.
    fn too_fast() -> Self {
        Self::down()
    }

    /// The credentials do not work, certainly not done.
    fn unauthorized() -> Self {
        Self::down()
    }
}

#[expect(clippy::panic, reason = "a plan that names another port's error is a mistake in the test")]
fn error_of<E: PlannedError>(fault: &Fault) -> E {
    match &fault.kind {
        Kind::Down => E::down(),
        Kind::Unknown => E::unknown(),
        Kind::TooFast => E::too_fast(),
        Kind::Unauthorized => E::unauthorized(),
        Kind::Own(error) => match error.downcast_ref::<fn() -> E>() {
            Some(error) => error(),
            None => panic!("the planned error is not a {}", std::any::type_name::<E>()),
        },
    }
}

impl PlannedError for SendError {
    fn down() -> Self {
        Self::Unavailable { source: None }
    }

    fn unknown() -> Self {
        Self::OutcomeUnknown { source: None }
    }

    fn too_fast() -> Self {
        Self::RateLimited { retry_after: Some(chrono::Duration::seconds(1)) }
    }

    fn unauthorized() -> Self {
        Self::Unauthorized { code: 190 }
    }
}

impl PlannedError for BackendError {
    fn down() -> Self {
        Self::Unavailable { source: None }
    }

    fn too_fast() -> Self {
        Self::RateLimited { retry_after: Some(chrono::Duration::seconds(1)) }
    }

    fn unauthorized() -> Self {
        Self::Unauthorized
    }
}

impl PlannedError for BookError {
    fn down() -> Self {
        Self::NotDone(BackendError::down())
    }

    fn unknown() -> Self {
        Self::OutcomeUnknown { source: None }
    }

    fn too_fast() -> Self {
        Self::NotDone(BackendError::too_fast())
    }

    fn unauthorized() -> Self {
        Self::NotDone(BackendError::unauthorized())
    }
}

impl PlannedError for StoreError {
    fn down() -> Self {
        Self::Unavailable { source: "down by plan".into() }
    }
}

impl PlannedError for IntentError {
    fn down() -> Self {
        Self::Unavailable { engine: "faulty", source: None }
    }
}

impl PlannedError for TemplateError {
    fn down() -> Self {
        Self::Unavailable { source: None }
    }
}

impl PlannedError for NotifyError {
    fn down() -> Self {
        Self { source: None }
    }
}

impl PlannedError for PaymentError {
    fn down() -> Self {
        Self::Unavailable { source: None }
    }

    fn unauthorized() -> Self {
        Self::Unauthorized
    }
}

#[async_trait::async_trait]
impl<P: RateLimiter + ?Sized> RateLimiter for Faulty<P> {
    async fn take(&self, name: &str, rate: Rate, want: u32, now: DateTime<Utc>) -> Result<Taken, StoreError> {
        self.around("limiter", "take", self.inner().take(name, rate, want, now)).await
    }

    async fn hold(&self, name: &str, until: DateTime<Utc>) -> Result<(), StoreError> {
        self.around("limiter", "hold", self.inner().hold(name, until)).await
    }
}

forward_backend!(Faulty);
forward_messenger!(Faulty);
forward_small_ports!(Faulty);
forward_store!(Faulty);
impl<P: ?Sized> StoreCalls for Faulty<P> {}
