//! Clients who wait too long, and what the team should hear.

use super::{
    PostgresStore,
    db::{Columns, Db, again, ask, opened, statements, word},
    outbox::kept,
};
use crate::{
    codec::{from_json, micros, to_json},
    vault::field,
};
use chatplug_core::{
    model::{ConversationId, TenantId},
    ports::{Attention, NoticeRecord, NoticeResult, QueuedNotice, StoreError},
};
use chrono::{DateTime, Utc};

statements! {
    ATTEND = "SELECT chatplug.attend($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    NEXT = "SELECT seq, event, at, attempt FROM chatplug.next_notice($1, $2, $3, $4) WHERE seq IS NOT NULL";
    RECORD = "SELECT chatplug.record_notice($1, $2, $3, $4, $5, $6, $7)";
}

/// Attends to a client who waits too long.
pub(super) async fn attend(
    store: &PostgresStore,
    tenant: &TenantId,
    attention: &Attention,
) -> Result<bool, StoreError> {
    let Some(seal) = store.keys.seal(tenant).await? else { return Ok(false) };
    let Attention { conversation, received_before, holding, notice, audit, now } = attention;
    let notice = seal.keep(field::NOTICE, &to_json(notice, "a notice")?)?;
    let row = to_json(audit, "an audit row")?;
    let (body, shown) = match holding {
        Some(holding) => {
            let (body, shown) = kept(&seal, holding)?;
            (Some(body), shown)
        }
        None => (None, None),
    };
    let holding = holding.as_ref();
    let attend = || {
        ask!(
            ATTEND,
            tenant.as_str(),
            conversation.as_uuid(),
            micros(*received_before),
            micros(*now),
            holding.map(|holding| holding.key.as_uuid()),
            body.as_deref(),
            shown.as_deref(),
            holding.and_then(|holding| holding.about).map(|about| about.as_uuid()),
            holding.map(|holding| holding.keep),
            holding.map(|holding| holding.for_person),
            notice.as_slice(),
            micros(audit.at),
            row.as_str()
        )
    };
    let attended = Columns::of(&again!(store.db.row(attend()).await)?).next()?;
    if attended {
        store.db.wake();
    }
    Ok(attended)
}

/// Takes the first thing that the team should hear and that is due.
pub(super) async fn next(
    store: &PostgresStore,
    tenant: &TenantId,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<QueuedNotice>, StoreError> {
    let Some(seal) = store.keys.seal(tenant).await? else { return Ok(None) };
    let next = || ask!(NEXT, tenant.as_str(), conversation.as_uuid(), micros(until), micros(now));
    let rows = again!(store.db.rows(next()).await)?;
    let Some(row) = rows.first() else { return Ok(None) };
    let notice = opened(&store.keys, &seal, |seal| {
        let mut row = Columns::of(row);
        let (seq, event) = (row.next()?, from_json(&row.open(seal, field::NOTICE)?, "a notice")?);
        Ok(QueuedNotice { seq, event, at: row.at()?, attempt: u32::try_from(row.next::<i32>()?).unwrap_or(0) })
    });
    notice.await.map(Some)
}

/// Records what became of telling the team.
pub(super) async fn record(db: &Db, tenant: &TenantId, record: &NoticeRecord) -> Result<(), StoreError> {
    let (status, due, error) = match &record.result {
        NoticeResult::Told => ("told", None, None),
        NoticeResult::Retry { at } => ("queued", Some(micros(*at)), None),
        NoticeResult::Dead { error } => ("dead", None, Some(word(error))),
    };
    let attempt = i32::try_from(record.attempt).unwrap_or(i32::MAX);
    let (tenant, conversation) = (tenant.as_str(), record.conversation.as_uuid());
    let record = || ask!(RECORD, tenant, conversation, record.seq, attempt, status, due, error.as_deref());
    again!(db.row(record()).await)?;
    if due.is_some() {
        db.wake();
    }
    Ok(())
}
