//! The store in memory: plain maps behind one mutex, so that each write is one step and correctness can be read off.
//!
//! The rules live beside it, one file each: what comes in (`ingest`), turns (`turn`), messages out (`outbox`), claims
//! (`claims`), branches that come and go (`installs`), what the team should hear (`notices`), and the maps themselves (`rows`).

mod claims;
mod ingest;
mod installs;
mod notices;
mod outbox;
mod rows;
mod turn;

use super::lock;
use crate::{
    model::{
        ActionKey, Booking, BookingRef, ChannelId, ChannelUser, ClaimSubject, ContactId, ConversationId, TenantId,
    },
    ports::{
        Attention, AuditRow, ClaimRequest, Committed, ConversationView, Delivery, DeliveryRecord, Due, Figures, Ingest,
        Ingested, Lease, Leased, LogEntry, NoticeRecord, QueuedNotice, Route, Store, StoreError, TenantSetup,
        TenantStore, Times, Trace, TurnCommit, TurnRecord, Work,
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use rows::{Rows, State};
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;

/// A [`Store`] that forgets everything when it is dropped; otherwise it keeps the whole contract. Clones share one state.
///
/// ```
/// # use chatplug_core::{ports::*, testkit::*};
/// # async fn of() -> Result<(), StoreError> {
/// let store = MemoryStore::new();
/// let bella = TenantBuilder::new("bella").setup(&[]);
/// store.tenant(&"bella".parse().unwrap()).register(&bella).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Shared>);

/// One tenant's rows of a [`MemoryStore`].
#[derive(Debug, Clone)]
pub struct MemoryTenant {
    tenant: TenantId,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    woken: Notify,
}

impl MemoryStore {
    /// A store that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds rows to a tenant's audit that belong to no turn.
    pub fn append_audit(&self, tenant: &TenantId, rows: Vec<AuditRow>) {
        lock(&self.0.state).tenants.entry(tenant.clone()).or_default().audit.extend(rows);
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn tenant(&self, tenant: &TenantId) -> Arc<dyn TenantStore> {
        Arc::new(MemoryTenant { tenant: tenant.clone(), shared: Arc::clone(&self.0) })
    }

    async fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>, StoreError> {
        let state = lock(&self.0.state);
        let mut due: Vec<(DateTime<Utc>, Due)> = state.waiting().filter(|(at, _)| *at <= now).collect();
        due.sort_by_key(|(at, _)| *at);
        Ok(due.into_iter().map(|(_, due)| due).take(limit).collect())
    }

    async fn overdue(
        &self,
        received_before: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<(TenantId, ConversationId)>, StoreError> {
        let state = lock(&self.0.state);
        let mut overdue: Vec<_> = state
            .tenants
            .iter()
            .flat_map(|(tenant, rows)| rows.conversations.iter().map(move |(id, row)| (tenant, *id, row)))
            .filter_map(|(tenant, id, row)| Some((row.unanswered_since()?, (tenant.clone(), id))))
            .filter(|(since, _)| *since < received_before)
            .collect();
        overdue.sort_by_key(|(since, _)| *since);
        Ok(overdue.into_iter().map(|(_, whose)| whose).take(limit).collect())
    }

    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(lock(&self.0.state).waiting().map(|(at, _)| at).min())
    }

    async fn route(&self, provider: &str, external_id: &str) -> Result<Option<Route>, StoreError> {
        let address = (provider.to_owned(), external_id.to_owned());
        Ok(lock(&self.0.state).routes.get(&address).cloned())
    }

    async fn woken(&self) {
        self.0.woken.notified().await;
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn tick(&self, now: Option<DateTime<Utc>>) -> Result<Times, StoreError> {
        let mut state = lock(&self.0.state);
        state.newest = state.newest.max(now);
        Ok(Times { newest: state.newest, reference: None })
    }

    async fn figures(&self, answer_within: Duration, now: DateTime<Utc>) -> Result<Figures, StoreError> {
        Ok(lock(&self.0.state).figures(answer_within, now))
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl MemoryTenant {
    /// Reads this tenant's rows; a tenant that was never registered has none.
    fn read<T>(&self, read: impl FnOnce(&Rows) -> T) -> T {
        let state = lock(&self.shared.state);
        match state.tenants.get(&self.tenant) {
            Some(rows) => read(rows),
            None => read(&Rows::default()),
        }
    }

    /// Changes this tenant's rows in one step.
    fn write<T>(&self, write: impl FnOnce(&mut Rows) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = lock(&self.shared.state);
        let rows = state.tenants.get_mut(&self.tenant).ok_or(StoreError::NotFound { what: "the tenant" })?;
        write(rows)
    }

    /// The same, and wakes whoever waits for work: something may have become due by it.
    fn write_and_wake<T>(&self, write: impl FnOnce(&mut Rows) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = self.write(write)?;
        self.shared.woken.notify_waiters();
        Ok(result)
    }
}

#[async_trait]
impl TenantStore for MemoryTenant {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    async fn register(&self, setup: &TenantSetup) -> Result<(), StoreError> {
        lock(&self.shared.state).register(&self.tenant, setup)
    }

    async fn ingest(&self, events: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError> {
        self.write_and_wake(|rows| rows.ingest(events))
    }

    async fn lease(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Leased>, StoreError> {
        self.write(|rows| Ok(rows.lease(conversation, until, now)))
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Committed, StoreError> {
        self.write_and_wake(|rows| rows.commit(commit))
    }

    async fn release(&self, lease: &Lease, retry: DateTime<Utc>) -> Result<(), StoreError> {
        self.write_and_wake(|rows| {
            rows.release(lease, retry);
            Ok(())
        })
    }

    async fn next_delivery(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Delivery>, StoreError> {
        self.write(|rows| Ok(rows.next_delivery(conversation, until, now)))
    }

    async fn postpone(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.write(|rows| {
            rows.postpone(conversation, until, now);
            Ok(())
        })
    }

    async fn record_delivery(&self, record: DeliveryRecord) -> Result<Option<Delivery>, StoreError> {
        self.write_and_wake(|rows| Ok(rows.record_delivery(record)))
    }

    async fn attend(&self, attention: Attention) -> Result<bool, StoreError> {
        self.write_and_wake(|rows| Ok(rows.attend(attention)))
    }

    async fn next_notice(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<QueuedNotice>, StoreError> {
        self.write(|rows| Ok(rows.next_notice(conversation, until, now)))
    }

    async fn record_notice(&self, record: NoticeRecord) -> Result<(), StoreError> {
        self.write_and_wake(|rows| {
            rows.record_notice(&record);
            Ok(())
        })
    }

    async fn claim(&self, claim: ClaimRequest) -> Result<Option<ClaimSubject>, StoreError> {
        self.write(|rows| Ok(rows.claim(&claim)))
    }

    async fn unclaim(&self, action: ActionKey) -> Result<(), StoreError> {
        self.write(|rows| {
            rows.unclaim(action);
            Ok(())
        })
    }

    async fn booking(&self, reference: &BookingRef) -> Result<Option<(ContactId, Booking)>, StoreError> {
        Ok(self.read(|rows| rows.booking(reference).map(|row| (row.contact, row.booking.clone()))))
    }

    async fn bookings(&self, contact: ContactId, after: DateTime<Utc>) -> Result<Vec<Booking>, StoreError> {
        Ok(self.read(|rows| rows.bookings_of(contact, after)))
    }

    async fn conversations(&self, limit: usize) -> Result<Vec<ConversationView>, StoreError> {
        Ok(self.read(|rows| {
            let mut views: Vec<_> = rows.conversations.keys().filter_map(|id| rows.view(*id)).collect();
            views.sort_by_key(|view| std::cmp::Reverse(view.active));
            views.truncate(limit);
            views
        }))
    }

    async fn conversation_of(
        &self,
        channel: &ChannelId,
        user: &ChannelUser,
    ) -> Result<Option<ConversationView>, StoreError> {
        Ok(self.read(|rows| {
            let contact = rows.contact_of(user)?;
            let mut conversations = rows.conversations.iter();
            let (id, _) = conversations.find(|(_, row)| row.contact == contact && row.channel == *channel)?;
            rows.view(*id)
        }))
    }

    async fn conversation(&self, conversation: ConversationId) -> Result<Option<ConversationView>, StoreError> {
        Ok(self.read(|rows| rows.view(conversation)))
    }

    async fn knows(&self, channel: &ChannelId, trace: &Trace) -> Result<bool, StoreError> {
        Ok(self.read(|rows| rows.knows(channel, trace)))
    }

    async fn messages(&self, conversation: ConversationId, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        Ok(self.read(|rows| rows.conversations.get(&conversation).map(|row| row.log(limit)).unwrap_or_default()))
    }

    async fn turns(&self, conversation: ConversationId, limit: usize) -> Result<Vec<TurnRecord>, StoreError> {
        Ok(self.read(|rows| {
            let turns = rows.conversations.get(&conversation).map(|row| row.turns.iter());
            turns.into_iter().flatten().rev().take(limit).cloned().collect()
        }))
    }

    async fn audit(&self, after: i64, limit: usize) -> Result<Vec<(i64, AuditRow)>, StoreError> {
        Ok(self.read(|rows| {
            let numbered = (1..).zip(rows.audit.iter().cloned());
            numbered.filter(|(number, _)| *number > after).take(limit).collect()
        }))
    }
}

impl State {
    /// All work that waits, with when it is (or was) due.
    fn waiting(&self) -> impl Iterator<Item = (DateTime<Utc>, Due)> + '_ {
        self.tenants.iter().flat_map(|(tenant, rows)| {
            rows.conversations.iter().flat_map(move |(conversation, row)| {
                let due = |work| Due { tenant: tenant.clone(), conversation: *conversation, work };
                let turn = row.turn_due().map(|at| (at, due(Work::Turn)));
                let delivery = row.delivery_due().map(|at| (at, due(Work::Delivery)));
                let notice = row.notice_due().map(|at| (at, due(Work::Notice)));
                turn.into_iter().chain(delivery).chain(notice)
            })
        })
    }
}
