//! What looks across tenants: what is due, whose an address is, how much there is; and whose processes are gone.

use super::{
    PostgresStore,
    db::{Columns, Db, again, ask, statements},
};
use crate::codec::{instant, micros};
use chatplug_core::{
    model::{ConversationId, TenantId},
    ports::{Due, Figures, Route, StoreError, Times, Work},
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{sync::Mutex, time::Duration};
use tokio::time::Instant;

statements! {
    DUE = "SELECT tenant, conversation, work FROM chatplug.due($1, $2, $3, $4)";
    NEXT_DUE = "SELECT chatplug.next_due($1)";
    TICK = "SELECT newest, reference FROM chatplug.tick($1)";
    OVERDUE = "SELECT tenant, conversation FROM chatplug.overdue($1, $2)";
    ROUTE = "SELECT tenant, channel, branch FROM chatplug.route($1, $2)";
    FIGURES = "SELECT mail_due, mail_since, outbox_queued, outbox_since, outbox_unknown, outbox_dead, actions_open, \
        conversations, turns_open, overdue, notices_queued, notices_dead FROM chatplug.figures($1, $2)";
    PING = "SELECT chatplug.ping()";
    REAP = "SELECT chatplug.reap($1)";
}

pub(super) const FIND_ROUTE: &str = ROUTE;

/// What is offered to one process is not offered to another for so long, in microseconds.
const OFFER: i64 = 1_000_000;
/// Processes that are gone are looked for so often.
const REAP_EVERY: Duration = Duration::from_secs(1);

/// When processes that are gone were last looked for.
pub(super) type Reaped = Mutex<Option<Instant>>;

pub(super) async fn due(store: &PostgresStore, now: DateTime<Utc>, limit: usize) -> Result<Vec<Due>, StoreError> {
    let worker = store.db.worker(now).await?;
    if is_time(&store.reaped) {
        reap(&store.db, worker).await?;
    }
    let rows = store.db.rows(ask!(DUE, worker, micros(now), OFFER, bounded(limit))).await?;
    let read = |mut row: Columns<'_>| {
        let (tenant, conversation) = (row.parse("a tenant id")?, row.id()?);
        let work = match row.next::<i32>()? {
            0 => Work::Turn,
            1 => Work::Delivery,
            _ => Work::Notice,
        };
        Ok(Due { tenant, conversation, work })
    };
    rows.iter().map(|row| read(Columns::of(row))).collect()
}

pub(super) async fn overdue(
    db: &Db,
    before: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<(TenantId, ConversationId)>, StoreError> {
    let rows = db.rows(ask!(OVERDUE, micros(before), bounded(limit))).await?;
    let read = |mut row: Columns<'_>| Ok((row.parse("a tenant id")?, row.id()?));
    rows.iter().map(|row| read(Columns::of(row))).collect()
}

pub(super) async fn next_due(db: &Db) -> Result<Option<DateTime<Utc>>, StoreError> {
    let worker = db.listener.worker().unwrap_or(0);
    Columns::of(&db.row(ask!(NEXT_DUE, worker)).await?).next::<Option<i64>>()?.map(instant).transpose()
}

pub(super) async fn route(db: &Db, provider: &str, address: &str) -> Result<Option<Route>, StoreError> {
    if provider.contains('\0') || address.contains('\0') {
        return Ok(None);
    }
    let rows = db.rows(ask!(ROUTE, provider, address)).await?;
    rows.first().map(|row| read_route(Columns::of(row))).transpose()
}

/// Where an address leads.
pub(super) fn read_route(mut row: Columns<'_>) -> Result<Route, StoreError> {
    let (tenant, channel) = (row.parse("a tenant id")?, row.parse_opt("a channel id")?);
    Ok(Route { tenant, channel, branch: row.parse_opt("a branch id")? })
}

pub(super) async fn ping(db: &Db) -> Result<(), StoreError> {
    db.row(ask!(PING)).await.map(drop)
}

pub(super) async fn tick(db: &Db, now: Option<DateTime<Utc>>) -> Result<Times, StoreError> {
    let row = db.row(ask!(TICK, now.map(micros))).await?;
    let mut row = Columns::of(&row);
    let newest = Some(row.next::<i64>()?).filter(|newest| *newest > 0).map(instant).transpose()?;
    Ok(Times { newest, reference: Some(row.at()?) })
}

pub(super) async fn figures(db: &Db, answer_within: TimeDelta, now: DateTime<Utc>) -> Result<Figures, StoreError> {
    let row = db.row(ask!(FIGURES, micros(now), micros(now - answer_within))).await?;
    let mut row = Columns::of(&row);
    let age = |at: Option<DateTime<Utc>>| at.map_or(0, |at| u64::try_from((now - at).num_milliseconds()).unwrap_or(0));
    Ok(Figures {
        mail_due: row.count()?,
        mail_age_ms: age(row.at_opt()?),
        outbox_queued: row.count()?,
        outbox_age_ms: age(row.at_opt()?),
        outbox_unknown: row.count()?,
        outbox_dead: row.count()?,
        actions_open: row.count()?,
        conversations: row.count()?,
        turns_open: row.count()?,
        overdue: row.count()?,
        notices_queued: row.count()?,
        notices_dead: row.count()?,
    })
}

pub(super) fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Frees what processes that are gone had leased.
async fn reap(db: &Db, worker: i64) -> Result<(), StoreError> {
    let gone: i64 = Columns::of(&again!(db.row(ask!(REAP, worker)).await)?).next()?;
    if gone > 0 {
        tracing::warn!(processes = gone, "processes are gone; what they had begun is due again");
    }
    Ok(())
}

fn is_time(reaped: &Reaped) -> bool {
    let mut last = reaped.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let is_time = last.is_none_or(|last| last.elapsed() >= REAP_EVERY);
    if is_time {
        *last = Some(Instant::now());
    }
    is_time
}
