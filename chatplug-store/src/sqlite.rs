//! The store on SQLite: one writer that groups commits, a few readers beside it.
//!
//! Here: opening, and the ports, each method of which is one command to the writer or one question to a reader.
//! Commands and questions lie in the files of their subject.

mod audit;
mod bookings;
mod calendar;
mod claims;
mod connections;
mod contacts;
mod db;
mod forget;
mod ingest;
mod installs;
mod keyfile;
mod leaving;
mod limiter;
mod master;
mod notices;
mod open;
mod outbox;
mod read;
mod readers;
mod records;
mod reseal;
mod secrets;
mod setup;
mod status;
#[cfg(test)]
mod tests;
mod turn;
mod writer;

pub use open::SqliteOptions;

use crate::vault::{Failure, KeyCache, Seal};
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
use db::{Answers, Script, put};
use keyfile::KeyFile;
use read::Question;
use readers::Readers;
use reseal::Reseals;
use std::sync::Arc;
use tokio::sync::Notify;
use writer::{Command, Writer};

/// A store in one SQLite file. Clones share it.
///
/// # Contract
/// What [`Store`] and [`CalendarStore`] promise. One process at a time should run turns on a file: the leases of a process
/// that died are void when the next one opens the file, because it alone is there. Other programs may read and write
/// beside it (an export, a maintenance command); they wait for each other for up to five seconds.
///
/// # Cancellation
/// A write whose future is dropped may still happen: it is in the writer's queue.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    woken: Arc<Notify>,
    keys: Arc<KeyCache>,
    key_file: KeyFile,
    reseals: Reseals,
}

impl SqliteStore {
    /// Moves the write-ahead log into the database file; done by itself now and then.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        self.writer.checkpoint().await
    }

    /// Writes everything that waits, moves the log into the file and ends. Every clone is closed by it. Dropping the store
    /// without it loses nothing that was answered.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        let closed = self.writer.close().await;
        self.key_file.close();
        closed
    }

    async fn ask<T>(&self, question: Question<T>) -> Result<T, StoreError> {
        let answers = self.read(question.script).await?;
        (question.read)(&answers)
    }

    async fn read(&self, script: Script) -> Result<Answers, StoreError> {
        self.readers.read(script).await
    }

    /// Runs a command of a tenant under its keys; `None`: it has none, so nothing personal was ever written for it.
    async fn run<C: Command>(
        &self,
        tenant: &TenantId,
        command: impl Fn(Seal) -> C + Send,
    ) -> Result<Option<C::Output>, C::Error>
    where
        C::Error: Failure,
    {
        match self.keys.seal(tenant).await? {
            Some(seal) => self.run_with(seal, command).await.map(Some),
            None => Ok(None),
        }
    }

    /// The same; keys are made where there are none.
    async fn write<C: Command>(
        &self,
        tenant: &TenantId,
        command: impl Fn(Seal) -> C + Send,
    ) -> Result<C::Output, C::Error>
    where
        C::Error: Failure,
    {
        let seal = self.keys.seal_or_make(tenant).await?;
        self.run_with(seal, command).await
    }

    /// Another process may have made a new key and sealed with it: then it is done again, under the keys as they are now.
    async fn run_with<C: Command>(&self, seal: Seal, command: impl Fn(Seal) -> C + Send) -> Result<C::Output, C::Error>
    where
        C::Error: Failure,
    {
        let tenant = seal.tenant().clone();
        match self.writer.submit(command(seal)).await {
            Err(error) if error.wants_newer_keys() => match self.keys.reload(&tenant).await? {
                Some(seal) => self.writer.submit(command(seal)).await,
                None => Err(error),
            },
            done => done,
        }
    }

    /// Asks a question of a tenant's rows; the same.
    async fn ask_of<T: Default>(
        &self,
        tenant: &TenantId,
        question: impl Fn(&Seal) -> Question<T> + Send,
    ) -> Result<T, StoreError> {
        let Some(seal) = self.keys.seal(tenant).await? else { return Ok(T::default()) };
        match self.ask(question(&seal)).await {
            Err(error) if error.wants_newer_keys() => match self.keys.reload(tenant).await? {
                Some(seal) => self.ask(question(&seal)).await,
                None => Err(error),
            },
            answer => answer,
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn tenant(&self, tenant: &TenantId) -> Arc<dyn TenantStore> {
        Arc::new(SqliteTenant { tenant: tenant.clone(), store: self.clone() })
    }

    async fn due(&self, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.ask(read::due(now, limit)).await
    }

    async fn overdue(
        &self,
        received_before: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<(TenantId, ConversationId)>, StoreError> {
        self.ask(read::overdue(received_before, limit)).await
    }

    async fn next_due(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.ask(read::next_due()).await
    }

    async fn route(&self, provider: &str, external_id: &str) -> Result<Option<Route>, StoreError> {
        let mut script = Script::default();
        let place = put!(script, setup::FIND_ROUTE, provider, external_id);
        self.read(script).await?.first(place).map(setup::route).transpose()
    }

    async fn woken(&self) {
        self.woken.notified().await;
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.submit(setup::Ping).await
    }

    async fn tick(&self, now: Option<DateTime<Utc>>) -> Result<Times, StoreError> {
        self.writer.submit(setup::Tick { now }).await
    }

    async fn figures(&self, answer_within: Duration, now: DateTime<Utc>) -> Result<Figures, StoreError> {
        self.ask(read::figures(answer_within, now)).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        Self::close(self).await
    }
}

impl CalendarStore for SqliteStore {
    fn calendar(&self, tenant: &TenantId, branch: &BranchId) -> Arc<dyn BranchCalendar> {
        Arc::new(SqliteCalendar { tenant: tenant.clone(), branch: branch.clone(), store: self.clone() })
    }
}

/// One tenant's rows.
#[derive(Debug)]
struct SqliteTenant {
    tenant: TenantId,
    store: SqliteStore,
}

#[async_trait]
impl TenantStore for SqliteTenant {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    async fn register(&self, setup: &TenantSetup) -> Result<(), StoreError> {
        let register = setup::Register { tenant: self.tenant.clone(), setup: setup.clone() };
        let registered = self.store.writer.submit(register).await;
        // Its policy may be another one now.
        self.store.keys.forget(&self.tenant);
        registered
    }

    async fn ingest(&self, events: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError> {
        let events = Arc::new(events);
        let ingest = |seal| ingest::IngestAll { seal, events: Arc::clone(&events) };
        self.store.write(&self.tenant, ingest).await
    }

    async fn lease(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Leased>, StoreError> {
        let lease = |seal| turn::TakeLease { seal, conversation, until, now };
        Ok(self.store.run(&self.tenant, lease).await?.flatten())
    }

    async fn commit(&self, commit: TurnCommit) -> Result<Committed, StoreError> {
        let commit = Arc::new(commit);
        let command = |seal| turn::CommitTurn { seal, commit: Arc::clone(&commit) };
        self.store.run(&self.tenant, command).await?.ok_or(StoreError::Fenced)
    }

    async fn release(&self, lease: &Lease, retry: DateTime<Utc>) -> Result<(), StoreError> {
        let release = turn::Release { tenant: self.tenant.clone(), lease: lease.clone(), retry };
        self.store.writer.submit(release).await
    }

    async fn next_delivery(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<Delivery>, StoreError> {
        let next = |seal| outbox::NextDelivery { seal, conversation, until, now };
        Ok(self.store.run(&self.tenant, next).await?.flatten())
    }

    async fn postpone(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let postpone = |seal| outbox::Postpone { seal, conversation, until, now };
        self.store.run(&self.tenant, postpone).await.map(|_| ())
    }

    async fn record_delivery(&self, record: DeliveryRecord) -> Result<Option<Delivery>, StoreError> {
        let command = |seal| outbox::Record { seal, record: record.clone() };
        Ok(self.store.run(&self.tenant, command).await?.flatten())
    }

    async fn attend(&self, attention: Attention) -> Result<bool, StoreError> {
        let attention = Arc::new(attention);
        let attend = |seal| notices::Attend { seal, attention: Arc::clone(&attention) };
        Ok(self.store.run(&self.tenant, attend).await?.unwrap_or(false))
    }

    async fn next_notice(
        &self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<QueuedNotice>, StoreError> {
        let next = |seal| notices::NextNotice { seal, conversation, until, now };
        Ok(self.store.run(&self.tenant, next).await?.flatten())
    }

    async fn record_notice(&self, record: NoticeRecord) -> Result<(), StoreError> {
        self.store.writer.submit(notices::Record { tenant: self.tenant.clone(), record }).await
    }

    async fn claim(&self, claim: ClaimRequest) -> Result<Option<ClaimSubject>, StoreError> {
        self.store.writer.submit(claims::Claim { tenant: self.tenant.clone(), request: claim }).await
    }

    async fn unclaim(&self, action: ActionKey) -> Result<(), StoreError> {
        self.store.writer.submit(claims::Unclaim { tenant: self.tenant.clone(), action }).await
    }

    async fn booking(&self, reference: &BookingRef) -> Result<Option<(ContactId, Booking)>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::booking(seal, reference)).await
    }

    async fn bookings(&self, contact: ContactId, after: DateTime<Utc>) -> Result<Vec<Booking>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::bookings(seal, contact, after)).await
    }

    async fn conversations(&self, limit: usize) -> Result<Vec<ConversationView>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::conversations(seal, limit)).await
    }

    async fn conversation_of(
        &self,
        channel: &ChannelId,
        user: &ChannelUser,
    ) -> Result<Option<ConversationView>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::conversation_of(seal, channel, user)).await
    }

    async fn conversation(&self, conversation: ConversationId) -> Result<Option<ConversationView>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::conversation(seal, conversation)).await
    }

    async fn knows(&self, channel: &ChannelId, trace: &Trace) -> Result<bool, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::knows(seal, channel, trace)).await
    }

    async fn messages(&self, conversation: ConversationId, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::messages(seal, conversation, limit)).await
    }

    async fn turns(&self, conversation: ConversationId, limit: usize) -> Result<Vec<TurnRecord>, StoreError> {
        self.store.ask_of(&self.tenant, |seal| read::turns(seal, conversation, limit)).await
    }

    async fn audit(&self, after: i64, limit: usize) -> Result<Vec<(i64, AuditRow)>, StoreError> {
        self.store.ask(read::audit(&self.tenant, after, limit)).await
    }
}

/// One branch's calendar.
#[derive(Debug)]
struct SqliteCalendar {
    tenant: TenantId,
    branch: BranchId,
    store: SqliteStore,
}

impl SqliteCalendar {
    fn under(&self, seal: Seal) -> Calendar {
        Calendar { seal, branch: self.branch.clone() }
    }
}

#[async_trait]
impl BranchCalendar for SqliteCalendar {
    async fn insert(&self, entry: NewEntry) -> Result<Entry, CalendarError> {
        let insert = |seal| calendar::Insert { calendar: self.under(seal), entry: entry.clone() };
        self.store.write(&self.tenant, insert).await
    }

    async fn relocate(&self, id: &str, entry: NewEntry) -> Result<Entry, CalendarError> {
        let relocate =
            |seal| calendar::Relocate { calendar: self.under(seal), id: id.to_owned(), entry: entry.clone() };
        self.store.run(&self.tenant, relocate).await?.ok_or(CalendarError::NotFound)
    }

    async fn mark(
        &self,
        id: &str,
        mark: EntryMark,
        key: Option<ActionKey>,
        now: DateTime<Utc>,
    ) -> Result<Entry, CalendarError> {
        let mark = |seal| calendar::Mark { calendar: self.under(seal), id: id.to_owned(), mark, key, now };
        self.store.run(&self.tenant, mark).await?.ok_or(CalendarError::NotFound)
    }

    async fn entries(&self, filter: EntryFilter) -> Result<Vec<Entry>, CalendarError> {
        let found = |seal: &Seal| calendar::find(&self.under(seal.clone()), filter.clone());
        Ok(self.store.ask_of(&self.tenant, found).await?)
    }
}
