//! What a turn knows of the outside: catalogues kept for a while, bookings with their stable ids.

use super::{Engine, EngineEvent};
use crate::{
    dialogue::{BranchView, Trouble},
    model::{Booking, BookingId, BranchId, Catalog, InstallId, ServiceId, Slot, SlotQuery, TenantId},
    ports::{BackendError, BookingFilter, BranchSetup, ClientDetails, DirectoryError, StoreError, Tenant, TenantStore},
    swap,
};
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
    time::Instant,
};

/// Catalogues that were read a short while ago.
#[derive(Debug, Default)]
pub(super) struct CatalogCache(Mutex<HashMap<(TenantId, BranchId), Kept>>);

/// What is kept of a branch.
#[derive(Debug, Clone, Default)]
struct Kept {
    /// As last read.
    catalog: Option<Arc<Catalog>>,
    /// At which of its booking systems.
    install: Option<InstallId>,
    /// When it was read; `None`: it is known to have changed since, and only better than nothing.
    at: Option<DateTime<Utc>>,
    /// How often it was said to have changed: what was read before that and comes after is not fresh.
    changes: u64,
    /// Held by who reads it: the others wait for what comes, so that a vendor is asked once.
    reading: Arc<tokio::sync::Mutex<()>>,
}

impl Kept {
    /// As it was last read at this system.
    fn of(&self, install: &InstallId) -> Option<Arc<Catalog>> {
        self.catalog.clone().filter(|_| self.install.as_ref() == Some(install))
    }

    fn fresh(&self, install: &InstallId, now: DateTime<Utc>, lasts: Duration) -> Option<Arc<Catalog>> {
        self.of(install).filter(|_| self.at.is_some_and(|at| (now - at).abs() < lasts))
    }
}

impl CatalogCache {
    fn get(&self, key: &(TenantId, BranchId)) -> Kept {
        self.lock().entry(key.clone()).or_default().clone()
    }

    /// Keeps what was read. `changes`: as known when the reading began.
    fn put(
        &self,
        key: &(TenantId, BranchId),
        (install, catalog): (&InstallId, Arc<Catalog>),
        changes: u64,
        now: DateTime<Utc>,
    ) {
        let mut kept = self.lock();
        let kept = kept.entry(key.clone()).or_default();
        kept.install = Some(install.clone());
        kept.at = (kept.changes == changes).then_some(now);
        kept.catalog = Some(catalog);
    }

    /// A branch's catalogue has changed: it is read again before it is used, unless it cannot be.
    pub(super) fn outdated(&self, tenant: &TenantId, branch: &BranchId) {
        if let Some(kept) = self.lock().get_mut(&(tenant.clone(), branch.clone())) {
            kept.at = None;
            kept.changes += 1;
        }
    }

    /// Forgets a branch's catalogue: it proved stale.
    pub(super) fn forget(&self, tenant: &TenantId, branch: &BranchId) {
        if let Some(kept) = self.lock().get_mut(&(tenant.clone(), branch.clone())) {
            kept.catalog = None;
            kept.changes += 1;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(TenantId, BranchId), Kept>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Engine {
    /// Calls a booking system: within the time limit, counted, and logged by result. `None`: no answer in time.
    pub(super) async fn call<T, E>(
        &self,
        tenant: &TenantId,
        backend: &'static str,
        operation: &'static str,
        word: impl Fn(&Result<T, E>) -> &'static str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Option<Result<T, E>> {
        let started = Instant::now();
        let limit = self.inner.options.backend_timeout.to_std().unwrap_or_default();
        let answer = tokio::time::timeout(limit, call).await.ok();
        let result = answer.as_ref().map_or("timeout", word);
        let took = started.elapsed();
        tracing::debug!(tenant.id = %tenant, backend, operation, result, duration_ms = took.as_millis(), "booking system called");
        self.inner.observer.observe(&EngineEvent::BackendCalled { tenant, backend, operation, result, took });
        answer
    }

    /// A tenant's setup, in time or not at all.
    pub(super) async fn setup(&self, tenant: &TenantId) -> Result<Arc<Tenant>, DirectoryError> {
        let limit = self.inner.options.backend_timeout.to_std().unwrap_or_default();
        match tokio::time::timeout(limit, self.inner.directory.tenant(tenant)).await {
            Ok(found) => found,
            Err(late) => Err(DirectoryError::Unavailable { source: Box::new(late) }),
        }
    }

    /// A branch's catalogue: from memory while fresh, else read anew; a stale one when it cannot be read.
    pub(super) async fn branch_view(
        &self,
        tenant: &Tenant,
        setup: &BranchSetup,
        now: DateTime<Utc>,
    ) -> Option<BranchView> {
        let key = (tenant.id.clone(), setup.id.clone());
        let capabilities = setup.backend.capabilities();
        let options = &self.inner.options;
        let lasts = capabilities.catalog_lasts.unwrap_or(options.catalog_ttl);
        let lasts = options.catalog_at_most.map_or(lasts, |most| lasts.min(most));
        let kept = self.inner.catalogs.get(&key);
        if let Some(catalog) = kept.fresh(&setup.install, now, lasts) {
            return Some(BranchView { catalog, capabilities });
        }
        let _reading = kept.reading.lock().await;
        let kept = self.inner.catalogs.get(&key);
        if let Some(catalog) = kept.fresh(&setup.install, now, lasts) {
            return Some(BranchView { catalog, capabilities });
        }
        let answer =
            self.call(&tenant.id, capabilities.name, "catalog", read_word, setup.backend.catalog(&setup.id)).await;
        let catalog = match answer {
            Some(Ok(catalog)) => {
                let catalog = Arc::new(catalog);
                self.inner.catalogs.put(&key, (&setup.install, catalog.clone()), kept.changes, now);
                Some(catalog)
            }
            Some(Err(error)) => {
                tracing::warn!(tenant.id = %tenant.id, branch.id = %setup.id, error = &error as &dyn std::error::Error, "catalogue not read");
                kept.of(&setup.install)
            }
            None => kept.of(&setup.install),
        };
        catalog.map(|catalog| BranchView { catalog, capabilities })
    }

    /// Free times, or why not.
    pub(super) async fn slots(&self, tenant: &Tenant, query: &SlotQuery) -> Result<Vec<Slot>, Trouble> {
        // A booking moves within the system that keeps it.
        let home = query.excluding.as_ref().and_then(|moved| tenant.home(moved));
        let Some(setup) = home.or_else(|| tenant.branch(&query.branch)) else { return Err(Trouble::Stale) };
        let name = setup.backend.capabilities().name;
        match self.call(&tenant.id, name, "availability", read_word, setup.backend.availability(query)).await {
            Some(Ok(availability)) => Ok(availability.slots),
            Some(Err(BackendError::StaleCatalog | BackendError::NotFound { .. })) => {
                self.inner.catalogs.forget(&tenant.id, &query.branch);
                Err(Trouble::Stale)
            }
            Some(Err(error)) => {
                tracing::warn!(tenant.id = %tenant.id, branch.id = %query.branch, error = &error as &dyn std::error::Error, "free times not read");
                Err(Trouble::Down)
            }
            None => Err(Trouble::Down),
        }
    }

    /// Whether a service with a gate is open to a client; no answer is no.
    pub(super) async fn admits(
        &self,
        tenant: &Tenant,
        branch: &BranchId,
        service: &ServiceId,
        client: &ClientDetails,
    ) -> bool {
        let Some(setup) = tenant.branch(branch) else { return false };
        let name = setup.backend.capabilities().name;
        let call = setup.backend.admits(branch, service, client);
        match self.call(&tenant.id, name, "admits", read_word, call).await {
            Some(Ok(open)) => open,
            Some(Err(error)) => {
                tracing::warn!(tenant.id = %tenant.id, branch.id = %branch, error = &error as &dyn std::error::Error, "not known whether a service is open to a client");
                false
            }
            None => false,
        }
    }

    /// A client's upcoming bookings at all branches, read anew, each with its stable id. A branch that does not answer
    /// contributes what was last known of it; when none answers, that is trouble.
    pub(super) async fn client_bookings(
        &self,
        tenant: &Tenant,
        store: &dyn TenantStore,
        client: &ClientDetails,
        known: &[Booking],
        now: DateTime<Utc>,
    ) -> Result<Result<Vec<Booking>, Trouble>, StoreError> {
        let mut bookings = Vec::new();
        let mut answered = false;
        for setup in &tenant.branches {
            let filter =
                BookingFilter { client: Some(client.clone()), from: Some(now), ..BookingFilter::at(setup.id.clone()) };
            let name = setup.backend.capabilities().name;
            match self.call(&tenant.id, name, "find", read_word, setup.backend.find(&filter)).await {
                Some(Ok(mut found)) => {
                    answered = true;
                    found.retain(|booking| booking.is_upcoming(now));
                    let here = known.iter().filter(|known| lives_at(tenant, known, setup) && known.is_upcoming(now));
                    let gone: Vec<_> =
                        here.filter(|known| !found.iter().any(|found| found.reference == known.reference)).collect();
                    if found.is_empty() {
                        continue;
                    }
                    // What we know and the system no longer tells is gone, or has another name by now.
                    let mut renamed = Vec::new();
                    for known in gone {
                        if let Ok(Some(called)) = self.read_booking(tenant, store, known).await? {
                            renamed.push(called);
                        }
                    }
                    for booking in found {
                        if has_left(store, &booking).await? {
                            continue;
                        }
                        let before = renamed.iter().find(|called| called.reference == booking.reference);
                        let was = before.or_else(|| known.iter().find(|known| swap::is_copy_of(&booking, known)));
                        bookings.push(self.identify(store, booking, setup, was.and_then(|before| before.id)).await?);
                    }
                }
                Some(Err(_)) | None => {
                    bookings.extend(known.iter().filter(|b| lives_at(tenant, b, setup) && b.is_upcoming(now)).cloned());
                }
            }
        }
        // What is kept at a system that does not act is read one by one.
        let elsewhere = known.iter().filter(|known| {
            known.is_upcoming(now)
                && tenant.branch(&known.reference.branch).is_some_and(|b| !lives_at(tenant, known, b))
        });
        for known in elsewhere {
            if bookings.iter().any(|booking| booking.id == known.id) {
                continue;
            }
            match self.read_booking(tenant, store, known).await? {
                Ok(Some(booking)) if booking.is_upcoming(now) => bookings.push(booking),
                Ok(_) => {}
                Err(_) => bookings.push(known.clone()),
            }
        }
        bookings.sort_by_key(|booking| booking.start);
        Ok(if answered { Ok(bookings) } else { Err(Trouble::Down) })
    }

    /// Reads one booking anew, with its stable id, which stays when the system has given it another name meanwhile;
    /// `Ok(None)`: it is gone; `Err`: no answer.
    pub(super) async fn read_booking(
        &self,
        tenant: &Tenant,
        store: &dyn TenantStore,
        booking: &Booking,
    ) -> Result<Result<Option<Booking>, Trouble>, StoreError> {
        let Some(setup) = tenant.home(&booking.reference) else { return Ok(Err(Trouble::Down)) };
        let filter = BookingFilter {
            reference: Some(booking.reference.clone()),
            all_statuses: true,
            ..BookingFilter::at(setup.id.clone())
        };
        let name = setup.backend.capabilities().name;
        match self.call(&tenant.id, name, "find", read_word, setup.backend.find(&filter)).await {
            Some(Ok(found)) => match found.into_iter().next() {
                Some(found) => Ok(Ok(Some(self.identify(store, found, setup, booking.id).await?))),
                None => Ok(Ok(None)),
            },
            Some(Err(BackendError::NotFound { .. })) => Ok(Ok(None)),
            Some(Err(_)) | None => Ok(Err(Trouble::Down)),
        }
    }

    /// Gives a booking that a backend told us the stable id that we know it by (`was`, where it is known under another
    /// name only), and what only we keep of it.
    pub(super) async fn identify(
        &self,
        store: &dyn TenantStore,
        mut booking: Booking,
        setup: &BranchSetup,
        was: Option<BookingId>,
    ) -> Result<Booking, StoreError> {
        let known = store.booking(&booking.reference).await?;
        if let Some((_, known)) = known {
            if !setup.backend.capabilities().confirms_visits && known.start == booking.start {
                booking.confirmed |= known.confirmed;
            }
            booking.id = known.id;
        }
        if booking.id.is_none() {
            booking.id = was.or_else(|| Some(stable_id(store.tenant(), &booking)));
        }
        Ok(booking)
    }
}

/// Whether a booking is kept at this system of its branch.
fn lives_at(tenant: &Tenant, booking: &Booking, setup: &BranchSetup) -> bool {
    let home = tenant.home(&booking.reference);
    home.is_some_and(|home| home.id == setup.id && home.install == setup.install)
}

/// Whether a booking that a system tells of was moved to another system: it stands there only until it is taken off.
async fn has_left(store: &dyn TenantStore, booking: &Booking) -> Result<bool, StoreError> {
    let known = store.booking(&booking.reference).await?;
    Ok(known.is_some_and(|(_, known)| known.reference.install != booking.reference.install))
}

/// The stable id of a booking that is met for the first time: derived, so that two workers give the same one.
pub(super) fn stable_id(tenant: &TenantId, booking: &Booking) -> BookingId {
    let reference = &booking.reference;
    BookingId::derive(&[tenant.as_str(), reference.install.as_str(), reference.branch.as_str(), &reference.backend_id])
}

/// A read's result in a word, for figures.
pub(super) fn read_word<T>(result: &Result<T, BackendError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(BackendError::NotFound { .. }) => "not_found",
        Err(BackendError::StaleCatalog) => "stale",
        Err(BackendError::Unauthorized) => "unauthorized",
        Err(BackendError::RateLimited { .. }) => "rate_limited",
        Err(BackendError::Unavailable { .. }) => "unavailable",
    }
}
