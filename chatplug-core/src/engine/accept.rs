//! Webhooks in: verify, parse, route, store; answer 200 only when everything is durable.

use super::{
    Engine, EngineEvent, burst,
    shared::{Origin, Shared},
};
use crate::{
    model::{BookingRef, BranchId, Consent, FailureKind, InstallId, Pricing, Stage, TenantId},
    ports::{Ingest, Ingested, ReceivedEvent, Route, Scoped, StoreError, WebhookReceiver},
};
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

/// Routes are looked up for every event and change about never: kept for a short while.
const ROUTE_TTL: Duration = Duration::seconds(30);

/// Provider and external id → whose it is, and until when that is believed.
type Routes = HashMap<(String, String), (Way, DateTime<Utc>)>;

/// Where an address leads.
#[derive(Debug, Clone)]
struct Way {
    route: Route,
    /// To a number that several share.
    shared: bool,
}

/// Whose an event is.
enum Addressed {
    /// Nobody's, or nothing to store.
    Nobody,
    /// A tenant's.
    To(TenantId, Ingest),
    /// One of those who share a number: to be found out.
    Shared(Shared, Scoped, Origin),
}

#[derive(Debug, Default)]
pub(super) struct RouteCache(Mutex<Routes>);

impl Engine {
    /// Takes one webhook request and answers it: after the signature is verified, the body parsed and every event of it
    /// durable. Fits any HTTP framework.
    ///
    /// Answers the provider's own answer (200), 401/403 for a wrong signature or token, 400 for a malformed body, 405 for
    /// a wrong method, 503 when the store cannot take it now (the provider will send it again).
    pub async fn receive(
        &self,
        receiver: &dyn WebhookReceiver,
        request: &http::Request<Bytes>,
    ) -> http::Response<Bytes> {
        let now = self.inner.clock.now();
        let received = match receiver.receive(request, now) {
            Ok(received) => received,
            Err(error) => {
                let status = error.status();
                tracing::warn!(http.status = status.as_u16(), %error, "webhook refused");
                self.inner.observer.observe(&EngineEvent::WebhookRefused { status: status.as_u16() });
                return plain(status, &error.to_string());
            }
        };
        match self.accept(received.events).await {
            Ok(()) => received.answer,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "webhook not stored; the provider is asked to repeat it"
                );
                self.inner.observer.observe(&EngineEvent::WebhookRefused { status: 503 });
                plain(http::StatusCode::SERVICE_UNAVAILABLE, "try again")
            }
        }
    }

    /// Stores events that a receiver has verified and parsed. Events of several tenants are stored per tenant; when one
    /// tenant's part fails, the whole batch counts as failed, and its repetition finds the other parts as seen before.
    ///
    /// # Errors
    /// When the store did not take all of them.
    pub async fn accept(&self, events: Vec<ReceivedEvent>) -> Result<(), StoreError> {
        let started = std::time::Instant::now();
        let now = self.inner.clock.now();
        let count = events.len();
        let mut by_tenant: BTreeMap<TenantId, Vec<Ingest>> = BTreeMap::new();
        let mut duplicates = 0;
        for event in events {
            match self.address(event, now).await? {
                Addressed::Nobody => {}
                Addressed::To(tenant, ingest) => by_tenant.entry(tenant).or_default().push(ingest),
                // At once: whose the next one is may hang on it.
                Addressed::Shared(shared, event, origin) => {
                    duplicates += self.accept_shared(&shared, event, origin, now).await?;
                }
            }
        }
        for (tenant, batch) in by_tenant {
            duplicates += self.ingest(&tenant, batch).await?;
        }
        if count > 0 {
            self.inner.observer.observe(&EngineEvent::WebhookStored {
                events: count,
                duplicates,
                took: started.elapsed(),
            });
        }
        Ok(())
    }

    /// Stores events of a tenant. Answers how many were seen before.
    pub(super) async fn ingest(&self, tenant: &TenantId, batch: Vec<Ingest>) -> Result<usize, StoreError> {
        for event in &batch {
            if let Ingest::Status { channel, status, .. } = event
                && status.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Template)
            {
                self.inner.hints.channel(tenant, channel);
            }
        }
        let mut duplicates = 0;
        let prices: Vec<_> = batch.iter().map(price).collect();
        let results = self.inner.store.tenant(tenant).ingest(batch).await?;
        for (result, price) in results.into_iter().zip(prices) {
            match result {
                Ingested::Queued(conversation) => {
                    self.inner.observer.observe(&EngineEvent::ConversationChanged { tenant, conversation });
                }
                Ingested::Duplicate => duplicates += 1,
                Ingested::Applied | Ingested::Unknown => {
                    if let Some(pricing) = &price {
                        self.inner.observer.observe(&EngineEvent::Priced { tenant, pricing });
                    }
                }
            }
        }
        Ok(duplicates)
    }

    /// Finds whose an event is and what it becomes in the store.
    async fn address(&self, event: ReceivedEvent, now: DateTime<Utc>) -> Result<Addressed, StoreError> {
        let ReceivedEvent { provider, external_id, key, event } = event;
        if let Scoped::Ignored { what } | Scoped::Account { what } = &event {
            tracing::info!(provider, what, "webhook event without a conversation");
            self.inner.observer.observe(&EngineEvent::EventIgnored { provider, what });
            return Ok(Addressed::Nobody);
        }
        if let Scoped::Templates { what } = &event {
            // Nothing to keep: who watches over templates reads them again by itself, only later.
            tracing::info!(provider, what, "templates changed");
            self.inner.hints.templates(provider, &external_id);
            return Ok(Addressed::Nobody);
        }
        let Some(Way { route, shared }) = self.route(provider, &external_id, now).await? else {
            tracing::warn!(provider, "webhook event for an address that no tenant has");
            self.inner.observer.observe(&EngineEvent::RouteUnknown { provider });
            return Ok(Addressed::Nobody);
        };
        if shared && let Some(shared) = self.shared(&route).await {
            return Ok(Addressed::Shared(shared, event, Origin { provider, key }));
        }
        let ingest = match (event, route.channel, route.branch) {
            (Scoped::Message(message), Some(channel), _) => {
                let due = burst::due_at(&message, now, self.inner.options.burst_wait);
                Ingest::Message { channel, message, due, received: now }
            }
            (Scoped::Status(status), Some(channel), _) => Ingest::Status { channel, status, received: now },
            (Scoped::Booking { backend_id }, _, Some(branch)) => {
                let install = self.install_of(&route.tenant, &branch, provider).await;
                let Some(install) = install else { return Ok(Addressed::Nobody) };
                // Ids of bookings may be numbers that count anew at each branch.
                let key = format!("{branch}/{key}");
                Ingest::Booking { reference: BookingRef { install, branch, backend_id }, key, received: now }
            }
            (Scoped::Catalog { what }, _, Some(branch)) => {
                tracing::debug!(tenant.id = %route.tenant, branch.id = %branch, provider, what, "catalogue changed");
                self.inner.catalogs.outdated(&route.tenant, &branch);
                return Ok(Addressed::Nobody);
            }
            (Scoped::MarketingPreference { user, wanted }, Some(channel), _) => {
                let store = self.inner.store.tenant(&route.tenant);
                let Some(view) = store.conversation_of(&channel, &user).await? else {
                    // Nobody whom we would write to.
                    self.inner.observer.observe(&EngineEvent::EventIgnored { provider, what: "marketing_preference" });
                    return Ok(Addressed::Nobody);
                };
                let (consent, refused) = (Consent::Marketing, !wanted);
                Ingest::Preference { conversation: view.id, key, consent, refused, received: now }
            }
            (Scoped::StaffWrote { user }, Some(channel), _) => {
                let store = self.inner.store.tenant(&route.tenant);
                let Some(view) = store.conversation_of(&channel, &user).await? else { return Ok(Addressed::Nobody) };
                Ingest::Operator {
                    conversation: view.id,
                    key,
                    by: "phone".to_owned(),
                    operator: crate::dialogue::Operator::TakeOver,
                    received: now,
                }
            }
            _ => {
                let what = "misrouted";
                tracing::info!(provider, what, "webhook event not used");
                self.inner.observer.observe(&EngineEvent::EventIgnored { provider, what });
                return Ok(Addressed::Nobody);
            }
        };
        Ok(Addressed::To(route.tenant, ingest))
    }

    /// Which of a branch's booking systems a provider's word is about: the one of its name, acting or not, else the acting one.
    async fn install_of(&self, tenant: &TenantId, branch: &BranchId, provider: &str) -> Option<InstallId> {
        let tenant = self.setup(tenant).await.ok()?;
        let acting = tenant.branch(branch)?;
        let others = tenant.others.iter().filter(|other| other.id == *branch);
        let named = std::iter::once(acting).chain(others).find(|setup| setup.backend.capabilities().name == provider);
        Some(named.unwrap_or(acting).install.clone())
    }

    async fn route(&self, provider: &str, external_id: &str, now: DateTime<Utc>) -> Result<Option<Way>, StoreError> {
        let key = (provider.to_owned(), external_id.to_owned());
        if let Some(way) = self.inner.routes.fresh(&key, now) {
            return Ok(Some(way));
        }
        let Some(route) = self.inner.store.route(provider, external_id).await? else { return Ok(None) };
        // Where the directory does not answer, the lobby's turn finds out by itself whose a message is.
        let way = Way { shared: self.shared(&route).await.is_some(), route };
        self.inner.routes.keep(key, way.clone(), now);
        Ok(Some(way))
    }
}

/// What a message costs that has arrived: each is told once so, beside when it was taken.
fn price(event: &Ingest) -> Option<Pricing> {
    match event {
        Ingest::Status { status, .. } if matches!(status.stage, Stage::Delivered | Stage::Read) => {
            status.pricing.clone()
        }
        _ => None,
    }
}

impl RouteCache {
    fn fresh(&self, key: &(String, String), now: DateTime<Utc>) -> Option<Way> {
        let routes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Both ways: a clock that was put back must not make it last for hours.
        let lasts = |until: DateTime<Utc>| until > now && until <= now + ROUTE_TTL;
        routes.get(key).filter(|(_, until)| lasts(*until)).map(|(way, _)| way.clone())
    }

    fn keep(&self, key: (String, String), way: Way, now: DateTime<Utc>) {
        let mut routes = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        routes.insert(key, (way, now + ROUTE_TTL));
    }
}

fn plain(status: http::StatusCode, text: &str) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::copy_from_slice(text.as_bytes()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
