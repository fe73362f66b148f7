//! What comes in: messages of clients, hints of the booking systems, deeds of the business. Statuses are in `status`.

use super::{
    contacts,
    db::{Script, put, statements},
    status,
    writer::{Command, Tx},
};
use crate::{
    codec::{text_of, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{BookingId, BookingRef, ChannelId, Content, ConversationId, Inbound, MessageId, TenantId},
    ports::{Ingest, Ingested, MailEvent, StoreError},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::sync::Arc;

statements! {
    KNOWN = "SELECT EXISTS (SELECT 1 FROM channel WHERE tenant = ? AND channel = ?), \
        EXISTS (SELECT 1 FROM mailbox WHERE tenant = ? AND source = ? AND provider_id = ?)";
    /// The way of nearly every message: somebody who is known, under the same names, in a conversation that exists.
    FROM_KNOWN = "INSERT INTO mailbox (tenant, source, provider_id, conversation, seq, received, due, quoted, event) \
        SELECT i.tenant, ?, ?, v.conversation, v.last_seq + 1, ?, ?, ?, ? FROM identity AS i \
        JOIN contact AS c ON c.tenant = i.tenant AND c.contact = i.contact \
        JOIN conversation AS v ON v.tenant = c.tenant AND v.channel = ? AND v.contact = c.contact \
        WHERE i.tenant = ? AND i.kind = ? AND i.value = ? AND c.phone IS coalesce(?, c.phone) \
        AND c.user_id IS coalesce(?, c.user_id) AND (c.name_told OR c.name IS coalesce(?, c.name)) ON CONFLICT DO NOTHING RETURNING conversation";
    INTO = "INSERT INTO mailbox (tenant, source, provider_id, conversation, seq, received, due, quoted, event) \
        SELECT v.tenant, ?, ?, v.conversation, v.last_seq + 1, ?, ?, ?, ? FROM conversation AS v \
        WHERE v.tenant = ? AND v.conversation = ? ON CONFLICT DO NOTHING RETURNING conversation";
    /// After a statement that put one piece of mail into the box, and only then.
    ARRIVED = "UPDATE conversation SET last_seq = last_seq + 1, active = max(active, ?), \
        work_due = min(coalesce(work_due, ?), ?), \
        unanswered_since = coalesce(unanswered_since, ?) WHERE changes() = 1 \
        AND tenant = ? AND conversation = \
        (SELECT conversation FROM mailbox WHERE tenant = ? AND source = ? AND provider_id = ?)";
    /// After `ARRIVED`, and only then.
    LOG = "INSERT INTO message (tenant, conversation, seq, inbound, message_id, at, text, status) \
        SELECT tenant, conversation, seq, 1, ?, ?, ?, '' FROM mailbox \
        WHERE changes() = 1 AND tenant = ? AND source = ? AND provider_id = ?";
    /// After `LOG`, and only then.
    HEARD = "UPDATE contact SET last_inbound = max(coalesce(last_inbound, ?), ?) WHERE changes() = 1 AND tenant = ? \
        AND contact = (SELECT contact FROM identity WHERE tenant = ? AND kind = ? AND value = ?)";
    HINT = "INSERT INTO mailbox (tenant, source, provider_id, conversation, seq, received, due, event) \
        SELECT v.tenant, ?, ?, v.conversation, v.last_seq + 1, ?, ?, ? FROM booking_alias AS a \
        JOIN booking AS b ON b.tenant = a.tenant AND b.booking = a.booking \
        JOIN conversation AS v ON v.tenant = b.tenant AND v.conversation = b.conversation \
        WHERE a.tenant = ? AND a.install = ? AND a.branch = ? AND a.backend_id = ? \
        ON CONFLICT DO NOTHING RETURNING conversation";
    ALIAS = "SELECT 1 FROM booking_alias WHERE tenant = ? AND install = ? AND branch = ? AND backend_id = ?";
    CONVERSATION = "SELECT 1 FROM conversation WHERE tenant = ? AND conversation = ?";
}

/// Stores incoming events, all or none.
#[derive(Debug)]
pub(super) struct IngestAll {
    pub(super) seal: Seal,
    pub(super) events: Arc<Vec<Ingest>>,
}

impl Command for IngestAll {
    type Output = Vec<Ingested>;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Vec<Ingested>, StoreError> {
        let mut became = Vec::with_capacity(self.events.len());
        for event in self.events.iter() {
            let ingested = one(tx, &self.seal, event)?;
            if matches!(ingested, Ingested::Queued(_)) {
                tx.wake();
            }
            became.push(ingested);
        }
        Ok(became)
    }
}

/// One piece of mail on its way into a mailbox.
#[derive(Debug)]
pub(super) struct NewMail<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) source: &'a str,
    /// Unique in its source.
    pub(super) key: &'a str,
    pub(super) received: DateTime<Utc>,
    pub(super) due: DateTime<Utc>,
    /// As it is stored.
    pub(super) event: Vec<u8>,
    /// What finds the message of ours that it answers.
    pub(super) quoted: Option<String>,
    /// A client's message: somebody waits for an answer.
    pub(super) from_client: bool,
}

impl NewMail<'_> {
    /// Puts it into the mailbox of a conversation; the place of the answer: one row when it is new there.
    pub(super) fn put_into(&self, script: &mut Script, conversation: ConversationId) -> usize {
        let Self { tenant, source, key, received, due, quoted, event, .. } = self;
        let (quoted, event) = (quoted.clone(), event.clone());
        let place = put!(script, INTO, *source, *key, *received, *due, quoted, event, *tenant, conversation);
        self.arrived(script);
        place
    }

    fn arrived(&self, script: &mut Script) {
        let Self { tenant, source, key, received, due, from_client, .. } = self;
        let waits = from_client.then_some(*received);
        put!(script, ARRIVED, *received, *due, *due, waits, *tenant, *tenant, *source, *key);
    }
}

fn one(tx: &mut Tx<'_>, seal: &Seal, event: &Ingest) -> Result<Ingested, StoreError> {
    match event {
        Ingest::Message { channel, message, due, received } => receive(tx, seal, channel, message, *due, *received),
        Ingest::Status { channel, status, received } => status::receive(tx, seal, channel, status, *received),
        Ingest::Booking { reference, key, received } => hint(tx, seal, reference, key, *received),
        Ingest::Transcript { conversation, key, message, words, received } => {
            let event = MailEvent::Transcript { message: message.clone(), words: words.clone() };
            note(tx, seal, *conversation, ("transcript", key), &event, *received)
        }
        Ingest::Preference { conversation, key, consent, refused, received } => {
            let event = MailEvent::Preference { consent: *consent, refused: *refused };
            note(tx, seal, *conversation, ("preference", key), &event, *received)
        }
        Ingest::Operator { conversation, key, by, operator, received } => {
            let event = MailEvent::Operator { operator: operator.clone(), by: by.clone() };
            note(tx, seal, *conversation, ("operator", key), &event, *received)
        }
    }
}

/// Puts mail that no client wrote into a conversation that is known, once per key of its kind.
fn note(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    (kind, key): (&str, &str),
    event: &MailEvent,
    received: DateTime<Utc>,
) -> Result<Ingested, StoreError> {
    let tenant = seal.tenant();
    let event = seal.keep(field::MAIL, &to_json(event, "mail")?)?;
    let source = format!("{kind}/{conversation}");
    let source = source.as_str();
    let mail = NewMail { tenant, source, key, received, due: received, event, quoted: None, from_client: false };
    let mut script = Script::default();
    let queued = mail.put_into(&mut script, conversation);
    let known = put!(script, CONVERSATION, tenant, conversation);
    let answers = tx.run(script)?;
    Ok(match (answers.first(queued), answers.first(known)) {
        (Some(_), _) => Ingested::Queued(conversation),
        (None, Some(_)) => Ingested::Duplicate,
        (None, None) => Ingested::Unknown,
    })
}

/// [`MailEvent::Message`] before anything is known of what it quotes.
#[derive(Serialize)]
struct MessageMail<'a> {
    mail: &'static str,
    message: &'a Inbound,
    about: Option<BookingId>,
}

fn receive(
    tx: &mut Tx<'_>,
    seal: &Seal,
    channel: &ChannelId,
    message: &Inbound,
    due: DateTime<Utc>,
    received: DateTime<Utc>,
) -> Result<Ingested, StoreError> {
    let tenant = seal.tenant();
    let event = to_json(&MessageMail { mail: "message", message, about: None }, "mail")?;
    let source = format!("message/{channel}");
    let key = seal.message(&message.id);
    let mail = NewMail {
        tenant,
        source: &source,
        key: &key,
        received,
        due,
        event: seal.keep(field::MAIL, &event)?,
        quoted: answers_to(message).map(|id| seal.message(id)),
        from_client: true,
    };
    let (id, text) = (seal.message_id(&message.id)?, seal.keep(field::TEXT, text_of(message))?);
    if let Some(queued) = from_known(tx, seal, channel, message, &mail, (&id, &text))? {
        return Ok(Ingested::Queued(queued));
    }

    let mut script = Script::default();
    let known = put!(script, KNOWN, tenant, channel, tenant, mail.source, mail.key);
    let answers = tx.run(script)?;
    let (channel_known, seen) = match answers.first(known) {
        Some(mut row) => (row.next::<bool>()?, row.next::<bool>()?),
        None => (false, false),
    };
    if !channel_known {
        return Err(StoreError::NotFound { what: "the channel" });
    }
    if seen {
        return Ok(Ingested::Duplicate);
    }
    let conversation = contacts::meet(tx, seal, channel, message, received)?;
    let mut script = Script::default();
    mail.put_into(&mut script, conversation);
    put!(script, LOG, id, received, text, tenant, mail.source, mail.key);
    tx.run(script)?;
    Ok(Ingested::Queued(conversation))
}

/// Stores a message in four statements when nothing about its sender is new; `None`: it takes the long way.
fn from_known(
    tx: &mut Tx<'_>,
    seal: &Seal,
    channel: &ChannelId,
    message: &Inbound,
    mail: &NewMail<'_>,
    (id, text): (&[u8], &[u8]),
) -> Result<Option<ConversationId>, StoreError> {
    let NewMail { tenant, source, key, received, due, quoted, event, .. } = mail;
    let phone = message.from.phone.as_ref().map(|phone| seal.phone(phone));
    let user_id = message.from.user_id.as_ref().map(|id| seal.user(id.reveal()));
    let (kind, name) = match (&user_id, &phone) {
        _ if matches!(message.content, Content::IdentityChanged { .. }) => return Ok(None),
        (Some(user_id), _) => ("user", user_id),
        (None, Some(phone)) => ("phone", phone),
        (None, None) => return Ok(None),
    };
    let profile = message.profile_name.as_ref().map(|name| seal.name(name.reveal()));
    let mut script = Script::default();
    let queued = put!(
        script,
        FROM_KNOWN,
        *source,
        *key,
        *received,
        *due,
        quoted.clone(),
        event.clone(),
        channel,
        *tenant,
        kind,
        name,
        phone.as_ref(),
        user_id.as_ref(),
        profile
    );
    mail.arrived(&mut script);
    put!(script, LOG, id.to_vec(), *received, text.to_vec(), *tenant, *source, *key);
    put!(script, HEARD, message.at, message.at, *tenant, *tenant, kind, name);
    let answers = tx.run(script)?;
    answers.first(queued).map(|mut row| row.next()).transpose()
}

fn hint(
    tx: &mut Tx<'_>,
    seal: &Seal,
    reference: &BookingRef,
    key: &str,
    received: DateTime<Utc>,
) -> Result<Ingested, StoreError> {
    let tenant = seal.tenant();
    let source = format!("booking/{}", reference.install);
    let BookingRef { install, branch, backend_id } = reference;
    let event = to_json(&MailEvent::Booking { reference: reference.clone() }, "mail")?;
    let event = seal.keep(field::MAIL, &event)?;
    let mail =
        NewMail { tenant, source: &source, key, received, due: received, event, quoted: None, from_client: false };
    let mut script = Script::default();
    let queued =
        put!(script, HINT, &source, key, received, received, mail.event.clone(), tenant, install, branch, backend_id);
    mail.arrived(&mut script);
    let known = put!(script, ALIAS, tenant, install, branch, backend_id);
    let answers = tx.run(script)?;
    match (answers.first(queued), answers.first(known)) {
        (Some(mut row), _) => Ok(Ingested::Queued(row.next()?)),
        (None, Some(_)) => Ok(Ingested::Duplicate),
        (None, None) => Ok(Ingested::Unknown),
    }
}

/// The message of ours that a client's message quotes or reacts to.
fn answers_to(message: &Inbound) -> Option<&MessageId> {
    match &message.content {
        Content::Reaction { target, .. } => Some(target),
        _ => message.quoted.as_ref(),
    }
}
