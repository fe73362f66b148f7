//! What a system says in one language, in all the languages of the business: names are found by the one that it has.

use async_trait::async_trait;
use chatplug::{model::*, ports::*};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A system, with the business's words. `told` is what the business says of its services and people.
pub fn worded(inner: Arc<dyn BookingBackend>, told: Catalog) -> Arc<dyn BookingBackend> {
    Arc::new(Worded { inner, told })
}

#[derive(Debug)]
struct Worded {
    inner: Arc<dyn BookingBackend>,
    told: Catalog,
}

#[async_trait]
impl BookingBackend for Worded {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError> {
        let mut catalog = self.inner.catalog(branch).await?;
        for service in &mut catalog.services {
            if let Some(told) = self.told.services.iter().find(|told| told.name.main == service.name.main) {
                service.name.clone_from(&told.name);
                service.also.clone_from(&told.also);
                service.category.clone_from(&told.category);
                service.description.clone_from(&told.description);
            }
        }
        for member in &mut catalog.staff {
            if let Some(told) = self.told.staff.iter().find(|told| told.name == member.name) {
                member.also.clone_from(&told.also);
                member.title.clone_from(&told.title);
                member.languages.clone_from(&told.languages);
            }
        }
        Ok(catalog)
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        self.inner.availability(query).await
    }

    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        self.inner.book(request, key).await
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, key: ActionKey) -> Result<Booking, BookError> {
        self.inner.reschedule(booking, to, key).await
    }

    async fn cancel(&self, booking: &BookingRef, reason: CancelReason, key: ActionKey) -> Result<(), BookError> {
        self.inner.cancel(booking, reason, key).await
    }

    async fn confirm_visit(&self, booking: &BookingRef) -> Result<Booking, BookError> {
        self.inner.confirm_visit(booking).await
    }

    async fn resolve(&self, action: &Action, key: ActionKey, at: DateTime<Utc>) -> Result<Resolution, BackendError> {
        self.inner.resolve(action, key, at).await
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        self.inner.find(filter).await
    }

    async fn changed(&self, branch: &BranchId, since: DateTime<Utc>) -> Result<Vec<Changed>, BackendError> {
        self.inner.changed(branch, since).await
    }

    async fn admits(&self, at: &BranchId, service: &ServiceId, who: &ClientDetails) -> Result<bool, BackendError> {
        self.inner.admits(at, service, who).await
    }
}
