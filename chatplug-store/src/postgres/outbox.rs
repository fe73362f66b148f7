//! Messages out: queued, taken for sending in order, and what became of them.

use super::{
    PostgresStore,
    contacts::contact,
    db::{Ask, Columns, MORE_TO_TELL, Session, again, ask, code, opened, statements, whole, word},
    status,
};
use crate::{
    codec::{from_json, holder, instant, message_id, micros, to_json, words_of},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{ConversationId, DeliveryKey, MessageId, TenantId},
    ports::{Delivery, DeliveryRecord, DeliveryResult, MailEvent, NewOutbox, OutboxBody, StoreError},
};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use uuid::Uuid;

/// Columns of what was taken, in the order that [`taken`] reads them.
macro_rules! taken_columns {
    () => {
        "SELECT delivery, body, for_person, attempt, parts_out, was_unknown, queued, channel, holder, last_message, contact, \
        person, language, opted_out, last_inbound, version, turn_due, delivery_due, notice_due, wakes, failed "
    };
}

statements! {
    NEXT = concat!(taken_columns!(), "FROM chatplug.next_delivery($1, $2, $3, $4, $5, $6)");
    POSTPONE = "SELECT chatplug.postpone($1, $2, $3, $4)";
    RECORD = concat!(taken_columns!(), "FROM chatplug.record_delivery( \
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)");
    UNBLOCK = "SELECT failed_keys, failed, wakes FROM chatplug.unblock($1, $2, $3, $4, $5)";
    QUEUE_ONE = "SELECT chatplug.queue_one($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// Under the conversation's lock, so that nobody settles it between.
    BODY = "SELECT o.body FROM conversation AS v \
        JOIN outbox AS o ON o.tenant = v.tenant AND o.conversation = v.conversation AND o.delivery = $3 \
        WHERE v.tenant = $1 AND v.conversation = $2 FOR NO KEY UPDATE OF v";
}

/// The detail of [`MailEvent::Undeliverable`] when nothing was ever heard of a message that may not be repeated.
const NO_ANSWER: &str = "no answer and no status came";

/// What a step took, and how the conversation stands after it.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) delivery: Option<Delivery>,
    pub(super) version: Option<i64>,
    pub(super) turn_due: Option<DateTime<Utc>>,
    pub(super) delivery_due: Option<DateTime<Utc>>,
    pub(super) notice_due: Option<DateTime<Utc>>,
    wakes: bool,
    failed: Option<Vec<u8>>,
}

/// Takes the first message that may be sent now.
pub(super) async fn next(
    store: &PostgresStore,
    tenant: &TenantId,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<Delivery>, StoreError> {
    let Some(seal) = store.keys.seal(tenant).await? else { return Ok(None) };
    let worker = store.db.worker(now).await?;
    let row = again!(store.db.row(take(&seal, conversation, until, now, worker, false)).await)?;
    let taken = opened(&store.keys, &seal, |seal| taken(&row, seal, conversation)).await?;
    match taken.delivery {
        None if taken.delivery_due.is_some_and(|due| due <= now) => {
            take_long(store, &seal, conversation, until, now, worker).await
        }
        delivery => Ok(delivery),
    }
}

/// Puts the first message off that may be sent now.
pub(super) async fn postpone(
    store: &PostgresStore,
    tenant: &TenantId,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let postpone = || ask!(POSTPONE, tenant.as_str(), conversation.as_uuid(), micros(until), micros(now));
    again!(store.db.row(postpone()).await).map(drop)
}

/// Records what became of sending.
pub(super) async fn record(
    store: &PostgresStore,
    tenant: &TenantId,
    record: &DeliveryRecord,
) -> Result<Option<Delivery>, StoreError> {
    let Some(seal) = store.keys.seal(tenant).await? else { return Ok(None) };
    let worker = store.db.worker(record.now).await?;
    let turns = matches!(record.result, DeliveryResult::Retry { as_template: true, .. });
    let quick = if turns {
        None
    } else {
        match again!(store.db.outcome(settle(&seal, record, None, false, worker)?).await) {
            Ok(row) => Some(row),
            Err(error) if code(&error).as_deref() == Some(MORE_TO_TELL) => None,
            Err(error) => return Err(error),
        }
    };
    let row = match quick {
        Some(row) => row,
        None => again!(whole!(store.db, tenant, session => slowly(&mut session, &seal, record, worker).await))?,
    };
    let conversation = record.conversation;
    let taken = opened(&store.keys, &seal, |seal| taken(&row, seal, conversation)).await?;
    let waits = taken.delivery_due.is_some();
    let delivery = match (taken.delivery, record.take_next) {
        (None, Some(until)) if taken.delivery_due.is_some_and(|due| due <= record.now) => {
            take_long(store, &seal, conversation, until, record.now, worker).await?
        }
        (delivery, _) => delivery,
    };
    if taken.wakes || (waits && delivery.is_none()) {
        store.db.wake();
    }
    Ok(delivery)
}

/// What takes the text of a sealed value: turning a message into a template, and a status that says why one failed.
async fn slowly(session: &mut Session, seal: &Seal, record: &DeliveryRecord, worker: i64) -> Result<PgRow, StoreError> {
    let (tenant, conversation) = (seal.tenant().as_str(), record.conversation.as_uuid());
    let mut body = None;
    if matches!(record.result, DeliveryResult::Retry { as_template: true, .. }) {
        let rows = session.rows(ask!(BODY, tenant, conversation, record.key.as_uuid())).await?;
        if let Some(row) = rows.first() {
            let known = from_json(&Columns::of(row).open(seal, field::BODY)?, "a message to send")?;
            body = Some(seal.keep(field::BODY, &to_json(&as_template_of(known), "a message to send")?)?);
        }
    }
    let row = session.row(settle(seal, record, body, true, worker)?).await?;
    if let Some(failed) = taken(&row, seal, record.conversation)?.failed {
        status::failed_by(session, seal, record.conversation, record.key, &failed, record.now).await?;
    }
    Ok(row)
}

/// Takes the first message where something must be settled before.
pub(super) async fn take_long(
    store: &PostgresStore,
    seal: &Seal,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    worker: i64,
) -> Result<Option<Delivery>, StoreError> {
    let row = again!(
        whole!(store.db, seal.tenant(), session => unblock(&mut session, seal, conversation, until, now, worker).await)
    )?;
    let taken = opened(&store.keys, seal, |seal| taken(&row, seal, conversation)).await?;
    Ok(taken.delivery)
}

async fn unblock(
    session: &mut Session,
    seal: &Seal,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    worker: i64,
) -> Result<PgRow, StoreError> {
    let report = undeliverable(seal, NO_ANSWER)?;
    let unblock = ask!(UNBLOCK, seal.tenant().as_str(), conversation.as_uuid(), micros(now), NO_ANSWER, report);
    let row = session.row(unblock).await?;
    let mut row = Columns::of(&row);
    let (keys, failed): (Vec<Uuid>, Vec<Vec<u8>>) = (row.next()?, row.next()?);
    if row.next()? {
        session.wake();
    }
    for (key, status) in keys.into_iter().zip(failed) {
        let key = DeliveryKey::from_uuid(key);
        status::failed_by(session, seal, conversation, key, &status, now).await?;
    }
    session.row(take(seal, conversation, until, now, worker, true)).await
}

/// Queues one message and counts it.
pub(super) async fn queue_one(
    session: &mut Session,
    seal: &Seal,
    conversation: ConversationId,
    message: &NewOutbox,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let (body, shown) = kept(seal, message)?;
    let queue = ask!(
        QUEUE_ONE,
        seal.tenant().as_str(),
        conversation.as_uuid(),
        micros(now),
        message.key.as_uuid(),
        body,
        shown,
        message.about.map(|about| about.as_uuid()),
        message.keep,
        message.for_person
    );
    session.row(queue).await.map(drop)
}

/// Messages to queue, column by column.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) keys: Vec<Uuid>,
    pub(super) bodies: Vec<Vec<u8>>,
    pub(super) shown: Vec<Option<Vec<u8>>>,
    pub(super) about: Vec<Option<Uuid>>,
    pub(super) keep: Vec<bool>,
    pub(super) for_person: Vec<bool>,
}

impl Queue {
    pub(super) fn of(seal: &Seal, messages: &[NewOutbox]) -> Result<Self, StoreError> {
        let mut queue = Self::default();
        for message in messages {
            let (body, shown) = kept(seal, message)?;
            queue.keys.push(message.key.as_uuid());
            queue.bodies.push(body);
            queue.shown.push(shown);
            queue.about.push(message.about.map(|about| about.as_uuid()));
            queue.keep.push(message.keep);
            queue.for_person.push(message.for_person);
        }
        Ok(queue)
    }
}

/// Body and words of a message, as stored.
pub(super) fn kept(seal: &Seal, message: &NewOutbox) -> Result<(Vec<u8>, Option<Vec<u8>>), StoreError> {
    let shown = Some(words_of(&message.body)).filter(|words| !words.is_empty());
    let shown = seal.keep_opt(field::TEXT, shown)?;
    Ok((seal.keep(field::BODY, &to_json(&message.body, "a message to send")?)?, shown))
}

/// Reads a row of what was taken.
pub(super) fn taken(row: &PgRow, seal: &Seal, conversation: ConversationId) -> Result<Taken, StoreError> {
    let mut row = Columns::of(row);
    let key: Option<DeliveryKey> = row.id_opt()?;
    let delivery = match key {
        Some(key) => Some(delivery(&mut row, seal, conversation, key)?),
        None => {
            row.skip(14);
            None
        }
    };
    Ok(Taken {
        delivery,
        version: row.next()?,
        turn_due: row.next::<Option<i64>>()?.map(instant).transpose()?,
        delivery_due: row.at_opt()?,
        notice_due: row.at_opt()?,
        wakes: row.next::<Option<bool>>()?.unwrap_or(false),
        failed: row.next()?,
    })
}

fn delivery(
    row: &mut Columns<'_>,
    seal: &Seal,
    conversation: ConversationId,
    key: DeliveryKey,
) -> Result<Delivery, StoreError> {
    let body: OutboxBody = from_json(&row.open(seal, field::BODY)?, "a message to send")?;
    let (for_person, attempt) = (row.next()?, u32::try_from(row.next::<i32>()?).unwrap_or(0));
    let parts_sent = u32::try_from(row.next::<i32>()?).unwrap_or(0);
    let (was_unknown, queued) = (row.next()?, row.at()?);
    let channel = row.parse("a channel id")?;
    let holder = holder(row.next::<&str>()?)?;
    let last_inbound = message_id(row.open_opt(seal, field::MESSAGE)?)?;
    let contact = contact(row, seal)?;
    Ok(Delivery {
        conversation,
        key,
        channel,
        contact,
        holder,
        body,
        for_person,
        attempt,
        parts_sent,
        was_unknown,
        queued,
        last_inbound,
    })
}

fn take(
    seal: &Seal,
    conversation: ConversationId,
    until: DateTime<Utc>,
    now: DateTime<Utc>,
    worker: i64,
    looked: bool,
) -> Ask {
    ask!(NEXT, seal.tenant().as_str(), conversation.as_uuid(), micros(until), micros(now), worker, looked)
}

/// Every way in which sending can end, as one statement. `whole`: in a transaction that goes on.
fn settle(
    seal: &Seal,
    record: &DeliveryRecord,
    body: Option<Vec<u8>>,
    whole: bool,
    worker: i64,
) -> Result<Ask, StoreError> {
    seal.check_age()?;
    let mut parts: Vec<&MessageId> = record.parts.iter().collect();
    let (mut due, mut repeatable, mut shown, mut failure, mut report) = (None, true, None, None, None);
    let status = match &record.result {
        DeliveryResult::Sent { messages, shown: text } => {
            parts.extend(messages);
            shown = Some(seal.keep(field::TEXT, text.reveal())?);
            "sent"
        }
        DeliveryResult::Retry { at, error, .. } => {
            due = Some(micros(*at));
            failure = Some(word(error));
            "queued"
        }
        DeliveryResult::Later { at } => {
            due = Some(micros(*at));
            "later"
        }
        DeliveryResult::Unknown { until, repeat } => {
            due = Some(micros(*until));
            repeatable = *repeat;
            "unknown"
        }
        DeliveryResult::Dead { error } => {
            report = Some(undeliverable(seal, error)?);
            failure = Some(word(error));
            "dead"
        }
        DeliveryResult::Withdrawn => "withdrawn",
    };
    let first = parts.first().map(|part| seal.message_id(part)).transpose()?;
    let parts: Vec<String> = parts.into_iter().map(|part| seal.message(part)).collect();
    Ok(ask!(
        RECORD,
        seal.tenant().as_str(),
        record.conversation.as_uuid(),
        record.key.as_uuid(),
        i32::try_from(record.attempt).unwrap_or(i32::MAX),
        status,
        due,
        repeatable,
        parts,
        first,
        body,
        shown,
        failure,
        report,
        micros(record.now),
        whole,
        record.take_next.map(micros),
        worker
    ))
}

/// Tells the conversation that a message will not arrive.
fn undeliverable(seal: &Seal, detail: &str) -> Result<Vec<u8>, StoreError> {
    seal.keep(field::MAIL, &to_json(&MailEvent::Undeliverable { detail: detail.to_owned() }, "mail")?)
}

fn as_template_of(body: OutboxBody) -> OutboxBody {
    match body {
        OutboxBody::Reply { reply, lang, branch, .. } => OutboxBody::Reply { reply, lang, as_template: true, branch },
        other => other,
    }
}
