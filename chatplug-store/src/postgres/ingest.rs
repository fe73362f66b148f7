//! What comes in: messages of clients, hints of the booking systems, deeds of the business. Statuses are in `status`.

use super::{
    PostgresStore, contacts,
    db::{Ask, Columns, Session, again, ask, statements, whole},
    status,
};
use crate::{
    codec::{micros, new_id, text_of, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{BookingId, BookingRef, ChannelId, Content, ConversationId, Inbound, MessageId, Private, Stage, TenantId},
    ports::{Ingest, Ingested, MailEvent, StoreError},
};
use chrono::{DateTime, Utc};
use serde::Serialize;

statements! {
    MESSAGE = "SELECT outcome, conversation FROM chatplug.ingest_message( \
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    DEED = "SELECT chatplug.ingest_deed($1, $2, $3, $4, $5, $6)";
    HINT = "SELECT outcome, conversation FROM chatplug.ingest_hint($1, $2, $3, $4, $5, $6, $7, $8)";
    PUT_MAIL = "SELECT chatplug.put_mail($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
}
pub(super) const PUT: &str = PUT_MAIL;

/// Stores incoming events, all or none, in order.
pub(super) async fn all(
    store: &PostgresStore,
    tenant: &TenantId,
    events: &[Ingest],
) -> Result<Vec<Ingested>, StoreError> {
    let seal = store.keys.seal_or_make(tenant).await?;
    let became = match events {
        [] => Vec::new(),
        [event] if !is_whole(event) => match again!(alone(store, &seal, event).await)? {
            Some(ingested) => vec![ingested],
            None => again!(together(store, &seal, events).await)?,
        },
        events => again!(together(store, &seal, events).await)?,
    };
    if became.iter().any(|ingested| matches!(ingested, Ingested::Queued(_))) {
        store.db.wake();
    }
    Ok(became)
}

/// Whether it takes a transaction of several steps from the beginning.
fn is_whole(event: &Ingest) -> bool {
    matches!(event, Ingest::Status { status, .. } if status.stage == Stage::Failed)
}

/// One event in one trip; `None`: it takes more.
async fn alone(store: &PostgresStore, seal: &Seal, event: &Ingest) -> Result<Option<Ingested>, StoreError> {
    let mut session = store.db.session().await?;
    let done = one(&mut session, seal, event).await;
    session.end(done).await
}

async fn together(store: &PostgresStore, seal: &Seal, events: &[Ingest]) -> Result<Vec<Ingested>, StoreError> {
    whole!(store.db, seal.tenant(), session => each(&mut session, seal, events).await)
}

async fn each(session: &mut Session, seal: &Seal, events: &[Ingest]) -> Result<Vec<Ingested>, StoreError> {
    let mut became = Vec::with_capacity(events.len());
    for event in events {
        became.push(one(session, seal, event).await?.unwrap_or(Ingested::Unknown));
    }
    Ok(became)
}

/// `None`: it takes a whole transaction, and this is none.
async fn one(session: &mut Session, seal: &Seal, event: &Ingest) -> Result<Option<Ingested>, StoreError> {
    match event {
        Ingest::Message { channel, message, due, received } => {
            receive(session, seal, channel, message, *due, *received).await
        }
        Ingest::Status { channel, status, received } => {
            status::receive(session, seal, channel, status, *received).await
        }
        Ingest::Booking { reference, key, received } => hint(session, seal, reference, key, *received).await.map(Some),
        Ingest::Transcript { conversation, key, message, words, received } => {
            let event = MailEvent::Transcript { message: message.clone(), words: words.clone() };
            note(session, seal, *conversation, ("transcript", key), &event, *received).await.map(Some)
        }
        Ingest::Preference { conversation, key, consent, refused, received } => {
            let event = MailEvent::Preference { consent: *consent, refused: *refused };
            note(session, seal, *conversation, ("preference", key), &event, *received).await.map(Some)
        }
        Ingest::Operator { conversation, key, by, operator, received } => {
            let event = MailEvent::Operator { operator: operator.clone(), by: by.clone() };
            note(session, seal, *conversation, ("operator", key), &event, *received).await.map(Some)
        }
    }
}

/// Puts mail that no client wrote into a conversation that is known, once per key of its kind.
async fn note(
    session: &mut Session,
    seal: &Seal,
    conversation: ConversationId,
    (kind, key): (&str, &str),
    event: &MailEvent,
    received: DateTime<Utc>,
) -> Result<Ingested, StoreError> {
    let event = seal.keep(field::MAIL, &to_json(event, "mail")?)?;
    let source = format!("{kind}/{conversation}");
    let deed = ask!(DEED, seal.tenant().as_str(), conversation.as_uuid(), source, key, micros(received), event);
    let row = session.row(deed).await?;
    Ok(match Columns::of(&row).next()? {
        "queued" => Ingested::Queued(conversation),
        "duplicate" => Ingested::Duplicate,
        _ => Ingested::Unknown,
    })
}

/// [`MailEvent::Message`] before anything is known of what it quotes.
#[derive(Serialize)]
struct MessageMail<'a> {
    mail: &'static str,
    message: &'a Inbound,
    about: Option<BookingId>,
}

async fn receive(
    session: &mut Session,
    seal: &Seal,
    channel: &ChannelId,
    message: &Inbound,
    due: DateTime<Utc>,
    received: DateTime<Utc>,
) -> Result<Option<Ingested>, StoreError> {
    let event = seal.keep(field::MAIL, &to_json(&MessageMail { mail: "message", message, about: None }, "mail")?)?;
    let text = seal.keep(field::TEXT, text_of(message))?;
    let source = format!("message/{channel}");
    let (key, id) = (seal.message(&message.id), seal.message_id(&message.id)?);
    let quoted = answers_to(message).map(|id| seal.message(id));
    let line = Line { source: &source, key: &key, quoted: quoted.as_deref(), event: &event, text: &text, id: &id };
    let (outcome, queued) = came_to(session, usual(seal, channel, message, line, due, received)?).await?;
    if let Some(ingested) = settled(&outcome, queued)? {
        return Ok(Some(ingested));
    }
    if !session.is_whole() {
        return Ok(None);
    }
    contacts::turn(session, seal.tenant()).await?;
    // Somebody else may have met them by now.
    let (outcome, queued) = came_to(session, usual(seal, channel, message, line, due, received)?).await?;
    if let Some(ingested) = settled(&outcome, queued)? {
        return Ok(Some(ingested));
    }
    let conversation = contacts::meet(session, seal, channel, message, received).await?;
    let (tenant, received, due) = (seal.tenant().as_str(), micros(received), micros(due));
    let mail = ask!(PUT_MAIL, tenant, conversation.as_uuid(), &source, key, received, due, quoted, event, text, id);
    session.row(mail).await?;
    Ok(Some(Ingested::Queued(conversation)))
}

/// A client's message, as it is stored.
#[derive(Clone, Copy)]
struct Line<'a> {
    source: &'a str,
    key: &'a str,
    quoted: Option<&'a str>,
    event: &'a [u8],
    text: &'a [u8],
    id: &'a [u8],
}

fn settled(outcome: &str, queued: Option<ConversationId>) -> Result<Option<Ingested>, StoreError> {
    match (outcome, queued) {
        ("queued", Some(conversation)) => Ok(Some(Ingested::Queued(conversation))),
        ("duplicate", _) => Ok(Some(Ingested::Duplicate)),
        ("no channel", _) => Err(StoreError::NotFound { what: "the channel" }),
        _ => Ok(None),
    }
}

async fn came_to(session: &mut Session, ask: Ask) -> Result<(String, Option<ConversationId>), StoreError> {
    let row = session.row(ask).await?;
    let mut row = Columns::of(&row);
    Ok((row.next()?, row.id_opt()?))
}

/// The way of nearly every message: somebody who is known, under the same names, in a conversation that exists; or somebody
/// of whom nothing is known.
fn usual(
    seal: &Seal,
    channel: &ChannelId,
    message: &Inbound,
    Line { source, key, quoted, event, text, id }: Line<'_>,
    due: DateTime<Utc>,
    received: DateTime<Utc>,
) -> Result<Ask, StoreError> {
    let phone = message.from.phone.as_ref().map(|phone| seal.phone(phone));
    let user_id = message.from.user_id.as_ref().map(|id| seal.user(id.reveal()));
    let profile = message.profile_name.as_ref().map(Private::reveal).map(|name| seal.name(name));
    let (kind, value) = match (&user_id, &phone) {
        // Whoever gets other names is met.
        _ if matches!(message.content, Content::IdentityChanged { .. }) => (None, None),
        (Some(user_id), _) => (Some("user"), Some(user_id)),
        (None, Some(phone)) => (Some("phone"), Some(phone)),
        (None, None) => (None, None),
    };
    Ok(ask!(
        MESSAGE,
        seal.tenant().as_str(),
        channel.as_str(),
        source,
        key,
        micros(received),
        micros(due),
        micros(message.at),
        quoted,
        event,
        text,
        id,
        kind,
        value,
        &phone,
        &user_id,
        profile,
        new_id(received),
        new_id(received),
        contacts::first_met(seal, message)?
    ))
}

async fn hint(
    session: &mut Session,
    seal: &Seal,
    reference: &BookingRef,
    key: &str,
    received: DateTime<Utc>,
) -> Result<Ingested, StoreError> {
    let BookingRef { install, branch, backend_id } = reference;
    let event = to_json(&MailEvent::Booking { reference: reference.clone() }, "mail")?;
    let (source, event) = (format!("booking/{install}"), seal.keep(field::MAIL, &event)?);
    let (tenant, received) = (seal.tenant().as_str(), micros(received));
    let hint = ask!(HINT, tenant, source, key, received, event, install.as_str(), branch.as_str(), backend_id);
    let (outcome, queued) = came_to(session, hint).await?;
    Ok(match (outcome.as_str(), queued) {
        ("queued", Some(conversation)) => Ingested::Queued(conversation),
        ("duplicate", _) => Ingested::Duplicate,
        _ => Ingested::Unknown,
    })
}

/// The message of ours that a client's message quotes or reacts to.
fn answers_to(message: &Inbound) -> Option<&MessageId> {
    match &message.content {
        Content::Reaction { target, .. } => Some(target),
        _ => message.quoted.as_ref(),
    }
}
