//! Statuses of outgoing messages: they move a message forward, never back, and may come before the message is known.

use super::{
    db::{Script, put, statements},
    outbox::{self, PUT_PART},
    writer::Tx,
};
use crate::{
    codec::{from_json, stage_number, stage_word, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{
        ChannelId, ConversationId, DeliveryKey, DeliveryPart, DeliveryStatus, FailureKind, Stage, StatusFailure,
        TenantId,
    },
    ports::{Ingested, NewOutbox, OutboxBody, StoreError},
};
use chrono::{DateTime, Utc};

statements! {
    /// The way of nearly every status: its message was handed over and has not come so far yet.
    FORWARD = "UPDATE outbox SET status = ?, stage = ? WHERE tenant = ? AND delivery = \
        (SELECT delivery FROM part WHERE tenant = ? AND channel = ? AND message = ?) AND stage > 0 AND stage < ? \
        RETURNING delivery, conversation";
    FORWARD_KEY = "UPDATE outbox SET status = ?, stage = ? WHERE tenant = ? AND delivery = ? AND stage > 0 AND stage < ? \
        RETURNING conversation";
    BY_PART = "SELECT o.delivery, o.live FROM part AS p \
        JOIN outbox AS o ON o.tenant = p.tenant AND o.delivery = p.delivery \
        WHERE p.tenant = ? AND p.channel = ? AND p.message = ?";
    BY_KEY = "SELECT o.status, o.conversation, o.live FROM outbox AS o \
        JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        WHERE o.tenant = ? AND o.delivery = ? AND v.channel = ?";
    KEEP = "INSERT INTO early (tenant, channel, message, message_id, stage, delivery, part, last, status, received) \
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE \
        SET delivery = coalesce(excluded.delivery, delivery), part = excluded.part, last = excluded.last";
    BEFORE = "SELECT status, told, stage, live, due, parts_out FROM outbox WHERE tenant = ? AND delivery = ?";
    ADOPT = "UPDATE outbox SET parts = CASE parts WHEN '' THEN ? ELSE parts || char(10) || ? END, \
        message_id = coalesce(message_id, ?), parts_out = ?, status = ?, stage = ?, live = ?, due = ? WHERE tenant = ? AND delivery = ?";
    LOST = "SELECT e.channel, e.message, max(e.part), max(e.last), min(e.message_id) FROM early AS e \
        WHERE e.tenant = ? AND e.delivery = ? AND NOT EXISTS (SELECT 1 FROM part AS p \
        WHERE p.tenant = e.tenant AND p.channel = e.channel AND p.message = e.message) \
        GROUP BY e.channel, e.message ORDER BY 3";
    FAILED = "SELECT keep, for_person, about, body FROM outbox WHERE tenant = ? AND delivery = ?";
    STATE = "SELECT o.stage, o.live, o.parts, v.channel FROM outbox AS o \
        JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        WHERE o.tenant = ? AND o.delivery = ?";
    WAITING_KEY = "DELETE FROM early WHERE tenant = ? AND delivery = ? RETURNING channel, message, status";
    WAITING_PART = "DELETE FROM early WHERE tenant = ? AND channel = ? AND message = ? RETURNING channel, message, status";
}

/// A status came in.
pub(super) fn receive(
    tx: &mut Tx<'_>,
    seal: &Seal,
    channel: &ChannelId,
    status: &DeliveryStatus,
    received: DateTime<Utc>,
) -> Result<Ingested, StoreError> {
    let tenant = seal.tenant();
    let (word, stage) = (stage_word(status.stage), stage_number(status.stage));
    let message = seal.message(&status.message);
    let mut script = Script::default();
    let forward = put!(script, FORWARD, word, stage, tenant, tenant, channel, &message, stage);
    let by_part = put!(script, BY_PART, tenant, channel, &message);
    let part = status.key.map(DeliveryKey::part_of);
    let by_key = part.map(|part| put!(script, BY_KEY, tenant, part.whole, channel));
    let answers = tx.run(script)?;

    if let Some(mut row) = answers.first(forward) {
        if status.stage == Stage::Failed {
            let (key, conversation) = (row.next()?, row.next()?);
            failed(tx, seal, conversation, key, status.failure.as_ref(), received)?;
        }
        return Ok(Ingested::Applied);
    }
    if let Some(mut row) = answers.first(by_part) {
        let (key, live): (DeliveryKey, bool) = (row.next()?, row.next()?);
        if !live {
            return Ok(Ingested::Duplicate);
        }
        // One of several parts, the others being on their way: noted until the sender says how it went.
        keep(tx, seal, channel, (message, status), Some(key), received)?;
        return Ok(Ingested::Applied);
    }
    let by_key = by_key.and_then(|place| answers.first(place));
    let (Some(part), Some(mut row)) = (part, by_key) else {
        keep(tx, seal, channel, (message, status), None, received)?;
        return Ok(Ingested::Unknown);
    };
    let key = part.whole;
    let (state, conversation, was_live): (String, ConversationId, bool) = (row.next()?, row.next()?, row.next()?);
    if state == "sending" {
        // Its sender is about to say which parts went out: until then it is only noted.
        keep(tx, seal, channel, (message, status), Some(key), received)?;
        return Ok(Ingested::Applied);
    }
    // The answer of an earlier attempt was lost, and this is what became of it.
    let settled = learn(tx, tenant, (channel.as_str(), &message, seal.message_id(&status.message)?), part, received)?;
    let mut script = Script::default();
    outbox::refresh_due(&mut script, tenant, conversation, None);
    tx.run(script)?;
    if settled {
        advance(tx, seal, conversation, key, status, received)?;
        apply_early(tx, seal, conversation, key, received)?;
    } else {
        keep(tx, seal, channel, (message, status), Some(key), received)?;
    }
    if was_live {
        tx.wake();
    }
    Ok(Ingested::Applied)
}

/// Learns from the statuses that wait which parts went out of which no sender told. Whether the message is settled by that.
pub(super) fn adopt(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    key: DeliveryKey,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let mut script = Script::default();
    let lost = put!(script, LOST, tenant, key);
    let answers = tx.run(script)?;
    let mut settled = false;
    for mut row in answers.rows(lost) {
        let (channel, message): (String, String) = (row.next()?, row.next()?);
        let part = DeliveryPart { whole: key, part: row.next()?, last: row.next()? };
        let id: Vec<u8> = row.next()?;
        settled = learn(tx, tenant, (&channel, &message, id), part, now)?;
    }
    Ok(settled)
}

/// A status speaks of a part of which no sender told: it went out, and so did those before it. With the last one the
/// message is handed over, whatever was known of it; the rest may go at once when only this answer was lost. Whether the
/// message is settled by that.
fn learn(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    (channel, message, id): (&str, &str, Vec<u8>),
    part: DeliveryPart,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let key = part.whole;
    let mut script = Script::default();
    let before = put!(script, BEFORE, tenant, key);
    let answers = tx.run(script)?;
    let Some(mut row) = answers.first(before) else { return Ok(false) };
    let (mut status, told): (String, bool) = (row.next()?, row.next()?);
    let (mut stage, mut live): (i64, bool) = (row.next()?, row.next()?);
    let (mut due, parts_out): (Option<DateTime<Utc>>, u32) = (row.next()?, row.next()?);
    if part.last {
        if stage == 0 {
            (status, stage) = ("sent".to_owned(), 1);
        }
        (live, due) = (false, None);
    } else if status == "unknown" && told && part.part >= parts_out {
        (status, due) = ("queued".to_owned(), Some(now));
    }
    let parts_out = parts_out.max(part.part + 1);
    let mut script = Script::default();
    put!(script, ADOPT, message, message, id, parts_out, status, stage, live, due, tenant, key);
    put!(script, PUT_PART, channel, message, tenant, key);
    tx.run(script)?;
    Ok(!live)
}

/// Applies the statuses that waited for a message, once its sender has said how it went.
pub(super) fn apply_early(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    key: DeliveryKey,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let mut script = Script::default();
    let state = put!(script, STATE, tenant, key);
    let answers = tx.run(script)?;
    let Some(mut row) = answers.first(state) else { return Ok(()) };
    let (_stage, live): (i64, bool) = (row.next()?, row.next()?);
    let (parts, channel): (String, String) = (row.next()?, row.next()?);
    if live {
        return Ok(());
    }
    let mut waiting = Vec::new();
    let mut script = Script::default();
    let mut places = vec![put!(script, WAITING_KEY, tenant, key)];
    places.extend(parts.lines().map(|part| put!(script, WAITING_PART, tenant, &channel, part)));
    let answers = tx.run(script)?;
    for mut row in places.iter().flat_map(|place| answers.rows(*place)) {
        let (channel, message): (String, String) = (row.next()?, row.next()?);
        let status: DeliveryStatus = from_json(&row.open(seal, field::STATUS)?, "a status")?;
        waiting.push((channel, message, status));
    }
    waiting.sort_by_key(|(.., status)| status.stage);
    for (channel, message, status) in waiting {
        let mut script = Script::default();
        put!(script, PUT_PART, channel, message, tenant, key);
        tx.run(script)?;
        advance(tx, seal, conversation, key, &status, now)?;
    }
    let mut script = Script::default();
    outbox::refresh_due(&mut script, tenant, conversation, None);
    tx.run(script).map(drop)
}

fn advance(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    key: DeliveryKey,
    status: &DeliveryStatus,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let (word, stage) = (stage_word(status.stage), stage_number(status.stage));
    let mut script = Script::default();
    let forward = put!(script, FORWARD_KEY, word, stage, tenant, key, stage);
    let answers = tx.run(script)?;
    if answers.first(forward).is_some() && status.stage == Stage::Failed {
        failed(tx, seal, conversation, key, status.failure.as_ref(), now)?;
    }
    Ok(())
}

fn keep(
    tx: &mut Tx<'_>,
    seal: &Seal,
    channel: &ChannelId,
    (message, status): (String, &DeliveryStatus),
    key: Option<DeliveryKey>,
    received: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let stage = stage_number(status.stage);
    let json = seal.keep(field::STATUS, &to_json(status, "a status")?)?;
    let mut script = Script::default();
    let (part, last) = status.key.map(DeliveryKey::part_of).map_or((0, true), |part| (part.part.into(), part.last));
    let part: i64 = part;
    put!(
        script,
        KEEP,
        tenant,
        channel,
        message,
        seal.message_id(&status.message)?,
        stage,
        key,
        part,
        last,
        json,
        received
    );
    tx.run(script).map(drop)
}

/// A message will not arrive: once more as a template where that helps, else the conversation hears of it.
fn failed(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    key: DeliveryKey,
    failure: Option<&StatusFailure>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let mut script = Script::default();
    let place = put!(script, FAILED, tenant, key);
    let answers = tx.run(script)?;
    let Some(mut row) = answers.first(place) else { return Ok(()) };
    let (keep, for_person, about) = (row.next()?, row.next()?, row.next()?);
    let body: OutboxBody = from_json(&row.open(seal, field::BODY)?, "a message to send")?;
    let outside = failure.is_some_and(|failure| failure.kind == FailureKind::OutsideWindow);
    match body {
        OutboxBody::Reply { reply, lang, as_template: false, branch } if outside && reply.template.is_some() => {
            let key = DeliveryKey::derive(&[&key.to_string(), "template"]);
            let body = OutboxBody::Reply { reply, lang, as_template: true, branch };
            let again = NewOutbox { key, body, about, keep, for_person };
            outbox::queue_one(tx, seal, conversation, again, now)
        }
        _ => {
            let detail = failure.map(|failure| failure.detail.clone()).unwrap_or_default();
            let mut script = Script::default();
            outbox::undeliverable(&mut script, seal, conversation, (key, "failed"), detail, now)?;
            tx.run(script)?;
            tx.wake();
            Ok(())
        }
    }
}
