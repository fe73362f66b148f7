//! Statuses of outgoing messages: they move a message forward, never back, and may come before the message is known.

use super::{
    db::{Columns, MORE_TO_TELL, Session, ask, code, statements},
    ingest, outbox,
};
use crate::{
    codec::{from_json, micros, stage_number, stage_word, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{ChannelId, ConversationId, DeliveryKey, DeliveryStatus, FailureKind, StatusFailure},
    ports::{Ingested, MailEvent, NewOutbox, OutboxBody, StoreError},
};
use chrono::{DateTime, Utc};

statements! {
    STATUS = "SELECT outcome, failed, conversation, wakes, failed_by FROM chatplug.ingest_status( \
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    FAILED = "SELECT keep, for_person, about, body FROM outbox WHERE tenant = $1 AND delivery = $2";
}

/// A status came in. One that says that a message failed must come in a whole transaction. `None`: so must this one, for
/// another that waited says so.
pub(super) async fn receive(
    session: &mut Session,
    seal: &Seal,
    channel: &ChannelId,
    status: &DeliveryStatus,
    received: DateTime<Utc>,
) -> Result<Option<Ingested>, StoreError> {
    let kept = seal.keep(field::STATUS, &to_json(status, "a status")?)?;
    let stage = i32::try_from(stage_number(status.stage)).unwrap_or(0);
    let part = status.key.map(DeliveryKey::part_of);
    let told = session
        .row(ask!(
            STATUS,
            seal.tenant().as_str(),
            channel.as_str(),
            seal.message(&status.message),
            seal.message_id(&status.message)?,
            stage_word(status.stage),
            stage,
            part.map(|part| part.whole.as_uuid()),
            part.map(|part| i32::try_from(part.part).unwrap_or(i32::MAX)),
            part.map(|part| part.last),
            kept,
            micros(received),
            session.is_whole()
        ))
        .await;
    let row = match told {
        Err(error) if !session.is_whole() && code(&error).as_deref() == Some(MORE_TO_TELL) => return Ok(None),
        told => told?,
    };
    let mut row = Columns::of(&row);
    let outcome: String = row.next()?;
    let (failed_key, conversation) = (row.id_opt()?, row.id_opt()?);
    if row.next::<Option<bool>>()?.unwrap_or(false) {
        session.wake();
    }
    let waited: Option<Vec<u8>> = row.next()?;
    match (failed_key, conversation, waited) {
        (Some(key), Some(conversation), Some(waited)) => {
            failed_by(session, seal, conversation, key, &waited, received).await?;
        }
        (Some(key), Some(conversation), None) => {
            failed(session, seal, conversation, key, status.failure.as_ref(), received).await?;
        }
        _ => {}
    }
    Ok(Some(match outcome.as_str() {
        "applied" => Ingested::Applied,
        "duplicate" => Ingested::Duplicate,
        _ => Ingested::Unknown,
    }))
}

/// The same for a status that waited.
pub(super) async fn failed_by(
    session: &mut Session,
    seal: &Seal,
    conversation: ConversationId,
    key: DeliveryKey,
    status: &[u8],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let status: DeliveryStatus = from_json(&seal.read(field::STATUS, status)?, "a status")?;
    failed(session, seal, conversation, key, status.failure.as_ref(), now).await
}

/// A message will not arrive: once more as a template where that helps, else the conversation hears of it.
async fn failed(
    session: &mut Session,
    seal: &Seal,
    conversation: ConversationId,
    key: DeliveryKey,
    failure: Option<&StatusFailure>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let rows = session.rows(ask!(FAILED, seal.tenant().as_str(), key.as_uuid())).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let mut row = Columns::of(row);
    let (keep, for_person, about) = (row.next()?, row.next()?, row.id_opt()?);
    let body: OutboxBody = from_json(&row.open(seal, field::BODY)?, "a message to send")?;
    session.wake();
    let outside = failure.is_some_and(|failure| failure.kind == FailureKind::OutsideWindow);
    match body {
        OutboxBody::Reply { reply, lang, as_template: false, branch } if outside && reply.template.is_some() => {
            let key = DeliveryKey::derive(&[&key.to_string(), "template"]);
            let body = OutboxBody::Reply { reply, lang, as_template: true, branch };
            let again = NewOutbox { key, body, about, keep, for_person };
            outbox::queue_one(session, seal, conversation, &again, now).await
        }
        _ => {
            let detail = failure.map(|failure| failure.detail.clone()).unwrap_or_default();
            let event = seal.keep(field::MAIL, &to_json(&MailEvent::Undeliverable { detail }, "mail")?)?;
            let (tenant, key, now) = (seal.tenant().as_str(), format!("{key}/failed"), micros(now));
            let (quoted, line) = (None::<String>, None::<Vec<u8>>);
            let conversation = conversation.as_uuid();
            let mail =
                ask!(ingest::PUT, tenant, conversation, "delivery", key, now, now, quoted, event, line.clone(), line);
            session.row(mail).await.map(drop)
        }
    }
}
