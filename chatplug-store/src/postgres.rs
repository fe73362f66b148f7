//! The store on PostgreSQL: many processes on one database, every tenant behind row-level security.
//!
//! Here: opening, and the ports, each method of which is one function of the database or one question to it. Functions
//! stand in `migrations/postgres`, what calls them in the files of their subject.

mod audit;
mod calendar;
mod claims;
mod connections;
mod contacts;
mod db;
mod ingest;
mod installs;
mod keyring;
mod leaving;
mod limiter;
mod listen;
pub(crate) mod migrate;
mod notices;
mod open;
mod outbox;
mod pool;
mod queue;
mod read;
mod records;
mod reseal;
mod secrets;
mod setup;
mod status;
#[cfg(test)]
mod tests;
mod turn;

pub use migrate::{Migrated, migrate};
pub use open::PostgresOptions;

use crate::{OpenError, vault::KeyCache};
use async_trait::async_trait;
use calendar::Calendar;
use chatplug_core::{
    model::{
        ActionKey, Booking, BookingRef, BranchId, ChannelId, ChannelUser, ClaimSubject, ContactId, ConversationId,
        TenantId,
    },
    ports::{
        Attention, AuditRow, BranchCalendar, CalendarError, CalendarStore, ClaimRequest, Committed, ConversationView,
        Delivery, DeliveryRecord, Due, Entry, EntryFilter, EntryMark, Figures, Ingest, Ingested, Lease, Leased,
        LogEntry, NewEntry, NoticeRecord, QueuedNotice, Route, Store, StoreError, TenantSetup, TenantStore, Times,
        Trace, TurnCommit, TurnRecord,
    },
};
use chrono::{DateTime, Duration, Utc};
use db::Db;
use keyring::SchemaRing;
use std::sync::Arc;

/// A store in one PostgreSQL database. Clones share it.
///
/// # Contract
/// What [`Store`] and [`CalendarStore`] promise, for any number of processes on one database. What a process that died
/// had leased is due again within seconds: each looks for others that are gone once a second, whenever it asks what is
/// [due](Store::due).
///
/// # Cancellation
/// A write whose future is dropped may still happen.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    db: Db,
    keys: Arc<KeyCache>,
    reaped: Arc<queue::Reaped>,
    reseals: reseal::Reseals,
}

impl PostgresStore {
    /// Opens a database that was [migrated](migrate), as a role that has no more than the rights of `chatplug_app`.
    ///
    /// # Errors
    /// [`OpenError`], by what to do about it.
    pub async fn open(url: &str, how: PostgresOptions) -> Result<Self, OpenError> {
        let open::Opened { connections, listener } = open::open(url, &how).await?;
        let db = Db::new(connections, listener, how.statement_timeout);
        let keys = Arc::new(KeyCache::new(how.vault, Arc::new(SchemaRing { db: db.clone() })));
        let store = Self { db, keys, reaped: Arc::default(), reseals: reseal::Reseals::default() };
        if let Err(wrong) = store.prove_keys().await {
            let _ = Store::close(&store).await;
            return Err(wrong);
        }
        Ok(store)
    }

    /// The number under which other processes know this one, for as long as it holds the lock of that name. `None`: it is
    /// cut off from the database, and takes no work until it has a new one.
    #[must_use]
    pub fn worker(&self) -> Option<i64> {
        self.db.listener.worker()
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn tenant(&self, tenant: &TenantId) -> Arc<dyn TenantStore> {
        Arc::new(PostgresTenant { tenant: tenant.clone(), store: self.clone() })
    }

    async fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>, StoreError> {
        queue::due(self, now, limit).await
    }

    async fn overdue(
        &self,
        received_before: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<(TenantId, ConversationId)>, StoreError> {
        queue::overdue(&self.db, received_before, limit).await
    }

    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        queue::next_due(&self.db).await
    }

    async fn route(&self, provider: &str, external_id: &str) -> Result<Option<Route>, StoreError> {
        queue::route(&self.db, provider, external_id).await
    }

    async fn woken(&self) {
        self.db.listener.woken().await;
    }

    async fn ping(&self) -> Result<(), StoreError> {
        queue::ping(&self.db).await
    }

    async fn tick(&self, now: Option<DateTime<Utc>>) -> Result<Times, StoreError> {
        queue::tick(&self.db, now).await
    }

    async fn figures(&self, answer_within: Duration, now: DateTime<Utc>) -> Result<Figures, StoreError> {
        queue::figures(&self.db, answer_within, now).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.db.listener.close();
        self.db.connections.close().await;
        Ok(())
    }
}

impl CalendarStore for PostgresStore {
    fn calendar(&self, tenant: &TenantId, branch: &BranchId) -> Arc<dyn BranchCalendar> {
        let calendar = Calendar { tenant: tenant.clone(), branch: branch.clone() };
        Arc::new(PostgresCalendar { calendar, store: self.clone() })
    }
}

/// One tenant's rows.
#[derive(Debug)]
struct PostgresTenant {
    tenant: TenantId,
    store: PostgresStore,
}

#[async_trait]
impl TenantStore for PostgresTenant {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    async fn register(&self, setup: &TenantSetup) -> Result<(), StoreError> {
        let registered = setup::register(&self.store.db, &self.tenant, setup).await;
        // Its policy may be another one now.
        self.store.keys.forget(&self.tenant);
        registered
    }

    async fn ingest(&self, events: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError> {
        ingest::all(&self.store, &self.tenant, &events).await
    }

    async fn lease(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Leased>, StoreError> {
        turn::lease(&self.store, &self.tenant, conversation, until, now).await
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Committed, StoreError> {
        turn::commit(&self.store, &self.tenant, &commit).await
    }

    async fn release(&self, lease: &Lease, retry: DateTime<Utc>) -> Result<(), StoreError> {
        turn::release(&self.store.db, &self.tenant, lease, retry).await
    }

    async fn next_delivery(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Delivery>, StoreError> {
        outbox::next(&self.store, &self.tenant, conversation, until, now).await
    }

    async fn postpone(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        outbox::postpone(&self.store, &self.tenant, conversation, until, now).await
    }

    async fn record_delivery(&self, record: DeliveryRecord) -> Result<Option<Delivery>, StoreError> {
        outbox::record(&self.store, &self.tenant, &record).await
    }

    async fn attend(&self, attention: Attention) -> Result<bool, StoreError> {
        notices::attend(&self.store, &self.tenant, &attention).await
    }

    async fn next_notice(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<QueuedNotice>, StoreError> {
        notices::next(&self.store, &self.tenant, conversation, until, now).await
    }

    async fn record_notice(&self, record: NoticeRecord) -> Result<(), StoreError> {
        notices::record(&self.store.db, &self.tenant, &record).await
    }

    async fn claim(&self, claim: ClaimRequest) -> Result<Option<ClaimSubject>, StoreError> {
        claims::claim(&self.store.db, &self.tenant, &claim).await
    }

    async fn unclaim(&self, action: ActionKey) -> Result<(), StoreError> {
        claims::unclaim(&self.store.db, &self.tenant, action).await
    }

    async fn booking(&self, reference: &BookingRef) -> Result<Option<(ContactId, Booking)>, StoreError> {
        read::booking(&self.store, &self.tenant, reference).await
    }

    async fn bookings(&self, contact: ContactId, after: DateTime<Utc>) -> Result<Vec<Booking>, StoreError> {
        read::bookings(&self.store, &self.tenant, contact, after).await
    }

    async fn conversations(&self, limit: usize) -> Result<Vec<ConversationView>, StoreError> {
        read::conversations(&self.store, &self.tenant, limit).await
    }

    async fn conversation_of(
        &self,
        channel: &ChannelId,
        user: &ChannelUser,
    ) -> Result<Option<ConversationView>, StoreError> {
        read::conversation_of(&self.store, &self.tenant, channel, user).await
    }

    async fn conversation(&self, conversation: ConversationId) -> Result<Option<ConversationView>, StoreError> {
        read::conversation(&self.store, &self.tenant, conversation).await
    }

    async fn knows(&self, channel: &ChannelId, trace: &Trace) -> Result<bool, StoreError> {
        read::knows(&self.store, &self.tenant, channel, trace).await
    }

    async fn messages(&self, conversation: ConversationId, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        read::messages(&self.store, &self.tenant, conversation, limit).await
    }

    async fn turns(&self, conversation: ConversationId, limit: usize) -> Result<Vec<TurnRecord>, StoreError> {
        read::turns(&self.store, &self.tenant, conversation, limit).await
    }

    async fn audit(&self, after: i64, limit: usize) -> Result<Vec<(i64, AuditRow)>, StoreError> {
        read::audit(&self.store, &self.tenant, after, limit).await
    }
}

/// One branch's calendar.
#[derive(Debug)]
struct PostgresCalendar {
    calendar: Calendar,
    store: PostgresStore,
}

#[async_trait]
impl BranchCalendar for PostgresCalendar {
    async fn insert(&self, entry: NewEntry) -> Result<Entry, CalendarError> {
        calendar::write(&self.store, &self.calendar, None, &entry).await
    }

    async fn relocate(&self, id: &str, entry: NewEntry) -> Result<Entry, CalendarError> {
        calendar::write(&self.store, &self.calendar, Some(id), &entry).await
    }

    async fn mark(
        &self,
        id: &str,
        mark: EntryMark,
        key: Option<ActionKey>,
        now: DateTime<Utc>,
    ) -> Result<Entry, CalendarError> {
        calendar::mark(&self.store, &self.calendar, id, mark, key, now).await
    }

    async fn entries(&self, filter: EntryFilter) -> Result<Vec<Entry>, CalendarError> {
        calendar::entries(&self.store, &self.calendar, &filter).await
    }
}
