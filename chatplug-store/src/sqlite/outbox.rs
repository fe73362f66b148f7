//! Messages out: queued, taken for sending in order, and what became of them.

use super::{
    contacts::{contact, contact_columns},
    db::{Answers, Columns, Script, put, statements},
    ingest::NewMail,
    status,
    turn::delivery_due,
    writer::{Command, Tx},
};
use crate::{
    codec::{from_json, holder, message_id, to_json, words_of},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{ConversationId, DeliveryKey, MessageId, TenantId},
    ports::{Delivery, DeliveryRecord, DeliveryResult, MailEvent, NewOutbox, OutboxBody, StoreError},
};
use chrono::{DateTime, Utc};

statements! {
    /// The number of the message is counted from the conversation's last, which is moved on when all are queued.
    QUEUE = "INSERT INTO outbox (tenant, delivery, conversation, seq, due, keep, for_person, about, queued, body, shown) \
        SELECT v.tenant, ?, v.conversation, v.last_seq + ?, ?, ?, ?, ?, ?, ?, ? FROM conversation AS v \
        WHERE v.tenant = ? AND v.conversation = ? ON CONFLICT DO NOTHING";
    WITHDRAW = "UPDATE outbox SET status = 'withdrawn', live = 0, due = NULL WHERE tenant = ? AND conversation = ? \
        AND live = 1 AND status = 'queued' AND keep = 0";
    /// Takes the first message that is not settled, when it may be sent now. One that was being sent and has statuses
    /// waiting may have arrived: that is looked at in the long way.
    TAKE = "UPDATE outbox SET status = 'sending', due = ?, attempt = attempt + 1, \
        was_unknown = was_unknown OR status <> 'queued' WHERE tenant = ? AND delivery = \
        (SELECT delivery FROM outbox WHERE tenant = ? AND conversation = ? AND live = 1 ORDER BY seq LIMIT 1) \
        AND due <= ? AND (status = 'queued' OR (status = 'unknown' AND repeatable = 1) \
        OR (status = 'sending' AND NOT EXISTS \
        (SELECT 1 FROM early AS e WHERE e.tenant = outbox.tenant AND e.delivery = outbox.delivery))) \
        RETURNING delivery, body, for_person, attempt, parts_out, was_unknown, queued";
    POSTPONE = "UPDATE outbox SET due = ? WHERE tenant = ? AND delivery = \
        (SELECT delivery FROM outbox WHERE tenant = ? AND conversation = ? AND live = 1 ORDER BY seq LIMIT 1) \
        AND due <= ?";
    TAKE_THIS = "UPDATE outbox SET status = 'sending', due = ?, attempt = attempt + 1, \
        was_unknown = was_unknown OR status <> 'queued' WHERE tenant = ? AND delivery = ? \
        RETURNING delivery, body, for_person, attempt, parts_out, was_unknown, queued";
    HEAD = "SELECT delivery, status, due, repeatable FROM outbox WHERE tenant = ? AND conversation = ? AND live = 1 \
        ORDER BY seq LIMIT 1";
    DIED = "UPDATE outbox SET status = 'dead', live = 0, due = NULL, error = ? WHERE tenant = ? AND delivery = ?";
    SENT = "UPDATE outbox SET status = 'sent', stage = 1, live = 0, due = NULL, shown = ?, \
        parts = CASE parts WHEN '' THEN ? ELSE parts || char(10) || ? END, parts_out = parts_out + 1, \
        message_id = coalesce(message_id, ?) \
        WHERE tenant = ? AND delivery = ? AND conversation = ? AND status = 'sending' AND attempt = ? \
        RETURNING conversation";
    /// After `SENT`, and only then.
    SENT_PART = "INSERT INTO part (tenant, channel, message, delivery, conversation, about) \
        SELECT o.tenant, v.channel, ?, o.delivery, o.conversation, o.about FROM outbox AS o \
        JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        WHERE changes() = 1 AND o.tenant = ? AND o.delivery = ? ON CONFLICT DO NOTHING";
    EARLY = "SELECT 1 FROM early WHERE tenant = ? AND delivery = ? UNION ALL \
        SELECT 1 FROM conversation AS v JOIN early AS e ON e.tenant = v.tenant AND e.channel = v.channel \
        WHERE v.tenant = ? AND v.conversation = ? AND e.message = ? LIMIT 1";
    /// The row while it is being sent under this attempt.
    SENDING = "SELECT o.parts, o.parts_out, o.body, v.channel FROM outbox AS o \
        JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        WHERE o.tenant = ? AND o.delivery = ? AND o.conversation = ? AND o.status = 'sending' AND o.attempt = ?";
    SETTLE = "UPDATE outbox SET status = ?, stage = ?, attempt = ?, live = ?, due = ?, parts = ?, \
        message_id = coalesce(message_id, ?), parts_out = ?, body = ?, \
        shown = coalesce(?, shown), error = ?, was_unknown = max(was_unknown, ?), told = ?, repeatable = ? \
        WHERE tenant = ? AND delivery = ?";
    PART = "INSERT INTO part (tenant, channel, message, delivery, conversation, about) \
        SELECT tenant, ?, ?, delivery, conversation, about FROM outbox WHERE tenant = ? AND delivery = ? \
        ON CONFLICT DO NOTHING";
    REFRESH_DUE = concat!("UPDATE conversation SET active = max(active, ?), delivery_due = ", delivery_due!(), " \
        WHERE tenant = ? AND conversation = ? RETURNING delivery_due");
    /// The latest of their messages is the first that is looked at, or nearly.
    VIEW = concat!("SELECT v.channel, v.holder, (SELECT m.message_id FROM message AS m WHERE m.tenant = v.tenant \
        AND m.conversation = v.conversation AND m.inbound = 1 ORDER BY m.seq DESC LIMIT 1), ", contact_columns!(), " \
        FROM conversation AS v \
        JOIN contact AS c ON c.tenant = v.tenant AND c.contact = v.contact WHERE v.tenant = ? AND v.conversation = ?");
    COUNTED = "UPDATE conversation SET last_seq = last_seq + 1 WHERE tenant = ? AND conversation = ?";
}
pub(super) const PUT_PART: &str = PART;

/// The detail of [`MailEvent::Undeliverable`] when nothing was ever heard of a message that may not be repeated.
const NO_ANSWER: &str = "no answer and no status came";

/// Takes the first message that may be sent now.
#[derive(Debug)]
pub(super) struct NextDelivery {
    pub(super) seal: Seal,
    pub(super) conversation: ConversationId,
    pub(super) until: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

impl Command for NextDelivery {
    type Output = Option<Delivery>;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<Delivery>, StoreError> {
        let Self { seal, conversation, until, now } = self;
        let mut script = Script::default();
        let wish = Wish { seal: &seal, conversation, until, now };
        let taken = wish.take(&mut script);
        let due = refresh_due(&mut script, seal.tenant(), conversation, None);
        let view = wish.view(&mut script);
        let answers = tx.run(script)?;
        wish.taken(tx, &answers, taken, due, view)
    }
}

/// Puts the first message off that may be sent now.
#[derive(Debug)]
pub(super) struct Postpone {
    pub(super) seal: Seal,
    pub(super) conversation: ConversationId,
    pub(super) until: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

impl Command for Postpone {
    type Output = ();
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let Self { seal, conversation, until, now } = self;
        let tenant = seal.tenant();
        let mut script = Script::default();
        put!(script, POSTPONE, until, tenant, tenant, conversation, now);
        refresh_due(&mut script, tenant, conversation, None);
        tx.run(script).map(drop)
    }
}

/// Records what became of sending.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) seal: Seal,
    pub(super) record: DeliveryRecord,
}

impl Command for Record {
    type Output = Option<Delivery>;
    type Error = StoreError;

    fn seal(&self) -> Option<&Seal> {
        Some(&self.seal)
    }

    fn run(self, tx: &mut Tx<'_>) -> Result<Option<Delivery>, StoreError> {
        let Self { seal, record } = self;
        let tenant = seal.tenant();
        let DeliveryRecord { key, conversation, now, take_next, .. } = record;
        let mut script = Script::default();
        // The way of nearly every message: one part, handed over.
        let alone = match (&record.result, record.parts.as_slice()) {
            (DeliveryResult::Sent { messages, shown }, []) if messages.len() == 1 => messages.first().zip(Some(shown)),
            _ => None,
        };
        let early = match alone {
            Some((message, shown)) => {
                let (part, id) = (seal.message(message), seal.message_id(message)?);
                let shown = seal.keep(field::TEXT, shown.reveal())?;
                put!(script, SENT, shown, &part, &part, id, tenant, key, conversation, record.attempt);
                put!(script, SENT_PART, &part, tenant, key);
                Some(put!(script, EARLY, tenant, key, tenant, conversation, part))
            }
            None => {
                settle(tx, &seal, record)?;
                script = Script::default();
                None
            }
        };
        let wish = take_next.map(|until| Wish { seal: &seal, conversation, until, now });
        let taken = wish.as_ref().map(|wish| wish.take(&mut script));
        let due = refresh_due(&mut script, tenant, conversation, Some(now));
        let view = wish.as_ref().map(|wish| wish.view(&mut script));
        let answers = tx.run(script)?;
        if early.is_some_and(|early| answers.first(early).is_some()) {
            status::apply_early(tx, &seal, conversation, key, now)?;
        }
        match (wish, taken, view) {
            (Some(wish), Some(taken), Some(view)) => wish.taken(tx, &answers, taken, due, view),
            _ => {
                if due_in(&answers, due)?.is_some() {
                    tx.wake();
                }
                Ok(None)
            }
        }
    }
}

/// Queues messages, in order; those whose keys are known are queued already. The conversation's count is moved on by
/// whoever calls, by as many as were given.
pub(super) fn queue(
    script: &mut Script,
    seal: &Seal,
    conversation: ConversationId,
    messages: &[NewOutbox],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    for (place, message) in (1_i64..).zip(messages) {
        let NewOutbox { key, body, about, keep, for_person } = message;
        let shown = Some(words_of(body)).filter(|words| !words.is_empty());
        let shown = seal.keep_opt(field::TEXT, shown)?;
        let body = seal.keep(field::BODY, &to_json(body, "a message to send")?)?;
        put!(script, QUEUE, *key, place, now, *keep, *for_person, *about, now, body, shown, tenant, conversation);
    }
    Ok(())
}

/// Queues one message and counts it.
pub(super) fn queue_one(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    message: NewOutbox,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let mut script = Script::default();
    queue(&mut script, seal, conversation, &[message], now)?;
    put!(script, COUNTED, tenant, conversation);
    refresh_due(&mut script, tenant, conversation, None);
    tx.run(script)?;
    tx.wake();
    Ok(())
}

/// Withdraws what is still queued and not kept.
pub(super) fn withdraw(script: &mut Script, tenant: &TenantId, conversation: ConversationId) {
    put!(script, WITHDRAW, tenant, conversation);
}

/// Finds out when the first message that is not settled is due; the place of the answer.
pub(super) fn refresh_due(
    script: &mut Script,
    tenant: &TenantId,
    conversation: ConversationId,
    active: Option<DateTime<Utc>>,
) -> usize {
    let active = active.map_or(0, crate::codec::micros);
    put!(script, REFRESH_DUE, active, tenant, conversation)
}

/// Tells the conversation that a message will not arrive. Once for each key and way of failing.
pub(super) fn undeliverable(
    script: &mut Script,
    seal: &Seal,
    conversation: ConversationId,
    key: (DeliveryKey, &'static str),
    detail: String,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let event = seal.keep(field::MAIL, &to_json(&MailEvent::Undeliverable { detail }, "mail")?)?;
    let key = format!("{}/{}", key.0, key.1);
    let mail = NewMail {
        tenant,
        source: "delivery",
        key: &key,
        received: now,
        due: now,
        event,
        quoted: None,
        from_client: false,
    };
    mail.put_into(script, conversation);
    Ok(())
}

/// The wish to send the next message of a conversation.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    pub(super) seal: &'a Seal,
    pub(super) conversation: ConversationId,
    pub(super) until: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

impl Wish<'_> {
    pub(super) fn take(&self, script: &mut Script) -> usize {
        let tenant = self.seal.tenant();
        put!(script, TAKE, self.until, tenant, tenant, self.conversation, self.now)
    }

    pub(super) fn view(&self, script: &mut Script) -> usize {
        put!(script, VIEW, self.seal.tenant(), self.conversation)
    }

    /// Reads the message that was taken; where none was, though one is due, goes the long way.
    pub(super) fn taken(
        &self,
        tx: &mut Tx<'_>,
        answers: &Answers,
        taken: usize,
        due: usize,
        view: usize,
    ) -> Result<Option<Delivery>, StoreError> {
        let (row, view) = match (answers.first(taken), answers.first(view)) {
            (Some(row), Some(view)) => (row, view),
            _ if due_in(answers, due)?.is_some_and(|due| due <= self.now) => return self.take_long(tx),
            _ => return Ok(None),
        };
        self.delivery(row, view).map(Some)
    }

    /// Settles what holds up the queue, until something can be taken or must be waited for.
    fn take_long(&self, tx: &mut Tx<'_>) -> Result<Option<Delivery>, StoreError> {
        let Self { seal, conversation, until, now } = *self;
        let tenant = seal.tenant();
        loop {
            let mut script = Script::default();
            let head = put!(script, HEAD, tenant, conversation);
            let answers = tx.run(script)?;
            let Some(mut row) = answers.first(head) else { break };
            let (key, status): (DeliveryKey, String) = (row.next()?, row.next()?);
            let (due, repeatable): (DateTime<Utc>, bool) = (row.next()?, row.next()?);
            if due > now {
                break;
            }
            if status == "unknown" && !repeatable {
                let mut script = Script::default();
                put!(script, DIED, NO_ANSWER, tenant, key);
                undeliverable(&mut script, seal, conversation, (key, "dead"), NO_ANSWER.to_owned(), now)?;
                tx.run(script)?;
                tx.wake();
            } else if status == "sending" && status::adopt(tx, tenant, key, now)? {
                status::apply_early(tx, seal, conversation, key, now)?;
            } else {
                let mut script = Script::default();
                let taken = put!(script, TAKE_THIS, until, tenant, key);
                refresh_due(&mut script, tenant, conversation, None);
                let view = self.view(&mut script);
                let answers = tx.run(script)?;
                let (Some(row), Some(view)) = (answers.first(taken), answers.first(view)) else { break };
                return self.delivery(row, view).map(Some);
            }
        }
        let mut script = Script::default();
        refresh_due(&mut script, tenant, conversation, None);
        tx.run(script)?;
        Ok(None)
    }

    fn delivery(&self, mut row: Columns<'_>, mut view: Columns<'_>) -> Result<Delivery, StoreError> {
        let key = row.next()?;
        let body: OutboxBody = from_json(&row.open(self.seal, field::BODY)?, "a message to send")?;
        let (for_person, attempt) = (row.next()?, row.next()?);
        let (parts_sent, was_unknown, queued) = (row.next()?, row.next()?, row.next()?);
        Ok(Delivery {
            conversation: self.conversation,
            key,
            channel: view.parse("a channel id")?,
            holder: holder(&view.next::<String>()?)?,
            last_inbound: message_id(view.open_opt(self.seal, field::MESSAGE)?)?,
            contact: contact(&mut view, self.seal)?,
            body,
            for_person,
            attempt,
            parts_sent,
            was_unknown,
            queued,
        })
    }
}

pub(super) fn due_in(answers: &Answers, place: usize) -> Result<Option<DateTime<Utc>>, StoreError> {
    answers.first(place).map_or(Ok(None), |mut row| row.next())
}

/// What a row becomes.
struct Settled {
    status: &'static str,
    stage: i64,
    due: Option<DateTime<Utc>>,
    shown: Option<Vec<u8>>,
    error: Option<String>,
    repeatable: bool,
    /// It does not count as an attempt.
    untried: bool,
}

impl Settled {
    const fn to(status: &'static str) -> Self {
        Self { status, stage: 0, due: None, shown: None, error: None, repeatable: true, untried: false }
    }
}

/// Every way in which sending can end.
fn settle(tx: &mut Tx<'_>, seal: &Seal, record: DeliveryRecord) -> Result<(), StoreError> {
    let tenant = seal.tenant();
    let DeliveryRecord { key, conversation, attempt, result, parts: more, now, .. } = record;
    let mut script = Script::default();
    let place = put!(script, SENDING, tenant, key, conversation, attempt);
    let answers = tx.run(script)?;
    let Some(mut row) = answers.first(place) else { return Ok(()) };
    let (parts, parts_out, mut body): (String, i64, Vec<u8>) = (row.next()?, row.next()?, row.next()?);
    let channel: String = row.next()?;

    let mut new_parts: Vec<MessageId> = more;
    let settled = match result {
        DeliveryResult::Sent { messages, shown } => {
            new_parts.extend(messages);
            Settled { stage: 1, shown: Some(seal.keep(field::TEXT, shown.reveal())?), ..Settled::to("sent") }
        }
        DeliveryResult::Retry { at, error, as_template } => {
            if as_template {
                let known = from_json(&seal.read(field::BODY, &body)?, "a message to send")?;
                body = seal.keep(field::BODY, &to_json(&as_template_of(known), "a message to send")?)?;
            }
            Settled { due: Some(at), error: Some(error), ..Settled::to("queued") }
        }
        DeliveryResult::Later { at } => Settled { due: Some(at), untried: true, ..Settled::to("queued") },
        DeliveryResult::Unknown { until, repeat } => {
            Settled { due: Some(until), repeatable: repeat, ..Settled::to("unknown") }
        }
        DeliveryResult::Dead { error } => Settled { error: Some(error), ..Settled::to("dead") },
        DeliveryResult::Withdrawn => Settled::to("withdrawn"),
    };
    let first = new_parts.first().map(|part| seal.message_id(part)).transpose()?;
    let new_parts: Vec<String> = new_parts.iter().map(|part| seal.message(part)).collect();
    let parts = parts.lines().chain(new_parts.iter().map(String::as_str)).collect::<Vec<_>>().join("\n");
    let live = settled.due.is_some();
    let was_unknown = settled.status == "unknown";

    let mut script = Script::default();
    if let ("dead", Some(error)) = (settled.status, &settled.error) {
        undeliverable(&mut script, seal, conversation, (key, "dead"), error.clone(), now)?;
        tx.wake();
    }
    put!(
        script,
        SETTLE,
        settled.status,
        settled.stage,
        attempt - u32::from(settled.untried).min(attempt),
        live,
        settled.due,
        parts,
        first,
        parts_out.saturating_add(i64::try_from(new_parts.len()).unwrap_or(0)),
        body,
        settled.shown,
        settled.error,
        was_unknown,
        was_unknown,
        settled.repeatable,
        tenant,
        key
    );
    for part in &new_parts {
        put!(script, PART, &channel, part, tenant, key);
    }
    tx.run(script)?;
    if live {
        status::adopt(tx, tenant, key, now)?;
    }
    status::apply_early(tx, seal, conversation, key, now)
}

fn as_template_of(body: OutboxBody) -> OutboxBody {
    match body {
        OutboxBody::Reply { reply, lang, branch, .. } => OutboxBody::Reply { reply, lang, as_template: true, branch },
        other => other,
    }
}
