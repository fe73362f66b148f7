//! What people and screens read, and what is due. All of it runs beside the writer, on connections of its own.

use super::{
    contacts::{contact, contact_columns},
    db::{Answers, Columns, Script, put, statements},
    turn::{self, decode},
};
use crate::{
    codec::{from_json, holder, message_id, words_of},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{Booking, BookingRef, ChannelId, ChannelUser, ContactId, ConversationId, Private, TenantId},
    ports::{AuditRow, ConversationView, Due, Figures, LogEntry, OutboxBody, StoreError, Trace, TurnRecord, Work},
};
use chrono::{DateTime, Duration, Utc};

/// Columns of a view, in the order that [`view`] reads them.
macro_rules! view {
    () => {
        concat!(
            "SELECT v.conversation, v.channel, v.holder, d.state, d.action, v.active, v.version, \
            EXISTS (SELECT 1 FROM mailbox AS m WHERE m.tenant = v.tenant AND m.conversation = v.conversation AND m.unread = 1), ",
            contact_columns!(),
            " FROM conversation AS v JOIN contact AS c ON c.tenant = v.tenant AND c.contact = v.contact \
            LEFT JOIN dialogue AS d ON d.tenant = v.tenant AND d.conversation = v.conversation "
        )
    };
}

statements! {
    DUE = "SELECT * FROM (SELECT * FROM (SELECT tenant, conversation, turn_due AS due, 0 AS work FROM conversation \
        WHERE turn_due <= ? ORDER BY turn_due LIMIT ?) UNION ALL SELECT * FROM \
        (SELECT tenant, conversation, delivery_due AS due, 1 AS work FROM conversation \
        WHERE delivery_due <= ? ORDER BY delivery_due LIMIT ?) UNION ALL SELECT * FROM \
        (SELECT tenant, conversation, notice_due AS due, 2 AS work FROM conversation \
        WHERE notice_due <= ? ORDER BY notice_due LIMIT ?)) ORDER BY due LIMIT ?";
    NEXT_DUE = "SELECT min(due) FROM (SELECT min(turn_due) AS due FROM conversation WHERE turn_due IS NOT NULL \
        UNION ALL SELECT min(delivery_due) FROM conversation WHERE delivery_due IS NOT NULL \
        UNION ALL SELECT min(notice_due) FROM conversation WHERE notice_due IS NOT NULL)";
    OVERDUE = "SELECT tenant, conversation FROM conversation WHERE unanswered_since < ? ORDER BY unanswered_since LIMIT ?";
    BOOKING = "SELECT b.contact, b.body FROM booking_alias AS a \
        JOIN booking AS b ON b.tenant = a.tenant AND b.booking = a.booking \
        WHERE a.tenant = ? AND a.install = ? AND a.branch = ? AND a.backend_id = ?";
    BOOKINGS = "SELECT body FROM booking WHERE tenant = ? AND contact = ? AND ends > ? ORDER BY starts";
    CONVERSATIONS = concat!(view!(), "WHERE v.tenant = ? ORDER BY v.active DESC, v.conversation DESC LIMIT ?");
    CONVERSATION = concat!(view!(), "WHERE v.tenant = ? AND v.conversation = ?");
    /// By user id first, because phone numbers change hands.
    CONVERSATION_OF = concat!(view!(), "WHERE v.tenant = ? AND v.channel = ? AND v.contact = coalesce( \
        (SELECT contact FROM identity WHERE tenant = ? AND kind = 'user' AND value = ?), \
        (SELECT i.contact FROM identity AS i JOIN contact AS o ON o.tenant = i.tenant AND o.contact = i.contact \
        WHERE i.tenant = ? AND i.kind = 'phone' AND i.value = ? AND (o.user_id IS NULL OR ? IS NULL)))");
    RECEIVED = "SELECT 1 FROM mailbox WHERE tenant = ? AND source = ? AND provider_id = ?";
    SENT = "SELECT 1 FROM part WHERE tenant = ? AND channel = ? AND message = ? UNION ALL \
        SELECT 1 FROM outbox AS o JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        WHERE o.tenant = ? AND o.delivery = ? AND v.channel = ? LIMIT 1";
    MESSAGES = "SELECT * FROM (SELECT seq, inbound, message_id, delivery, at, text, status, outcome, NULL, NULL FROM message \
        WHERE tenant = ? AND conversation = ? UNION ALL \
        SELECT seq, 0, message_id, delivery, queued, NULL, status, NULL, shown, body FROM outbox \
        WHERE tenant = ? AND conversation = ? ORDER BY seq DESC LIMIT ?) ORDER BY seq";
    TURNS = "SELECT turn, number, at, steps, versions, duration_ms FROM turn WHERE tenant = ? AND conversation = ? \
        ORDER BY number DESC LIMIT ?";
    AUDIT = "SELECT seq, row FROM audit WHERE tenant = ? AND seq > ? ORDER BY seq LIMIT ?";
    MAIL_FIGURES = "SELECT count(*), min(m.received) FROM conversation AS v CROSS JOIN mailbox AS m \
        ON m.tenant = v.tenant AND m.conversation = v.conversation AND m.unread = 1 AND m.due <= ? \
        WHERE v.turn_due IS NOT NULL";
    OUTBOX_FIGURES = "SELECT count(*) FILTER (WHERE o.status = 'queued'), \
        min(o.queued) FILTER (WHERE o.status = 'queued'), count(*) FILTER (WHERE o.status = 'unknown') \
        FROM conversation AS v CROSS JOIN outbox AS o \
        ON o.tenant = v.tenant AND o.conversation = v.conversation AND o.live = 1 WHERE v.delivery_due IS NOT NULL";
    OTHER_FIGURES = "SELECT (SELECT count(*) FROM outbox WHERE status = 'dead'), \
        (SELECT count(*) FROM conversation WHERE action_open = 1), (SELECT count(*) FROM conversation), \
        (SELECT count(*) FROM conversation WHERE turn_due IS NOT NULL AND lease_until > ?), \
        (SELECT count(*) FROM conversation WHERE unanswered_since < ?), \
        (SELECT count(*) FROM notice WHERE due IS NOT NULL), (SELECT count(*) FROM notice WHERE status = 'dead')";
}

/// Makes something of what came back.
type Reading<T> = Box<dyn Fn(&Answers) -> Result<T, StoreError> + Send>;

/// One question to a reader, and how to read the answer.
pub(super) struct Question<T> {
    pub(super) script: Script,
    pub(super) read: Reading<T>,
}

/// Makes a question.
pub(super) fn ask<T>(script: Script, read: impl Fn(&Answers) -> Result<T, StoreError> + Send + 'static) -> Question<T> {
    Question { script, read: Box::new(read) }
}

pub(super) fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn due(now: DateTime<Utc>, limit: usize) -> Question<Vec<Due>> {
    let mut script = Script::default();
    let limit = bounded(limit);
    put!(script, DUE, now, limit, now, limit, now, limit, limit);
    ask(script, |answers| {
        decode(answers, 0, |row| {
            let (tenant, conversation) = (row.parse("a tenant id")?, row.next()?);
            let _due: i64 = row.next()?;
            let work = match row.next::<i64>()? {
                0 => Work::Turn,
                1 => Work::Delivery,
                _ => Work::Notice,
            };
            Ok(Due { tenant, conversation, work })
        })
    })
}

pub(super) fn overdue(received_before: DateTime<Utc>, limit: usize) -> Question<Vec<(TenantId, ConversationId)>> {
    let mut script = Script::default();
    put!(script, OVERDUE, received_before, bounded(limit));
    ask(script, |answers| decode(answers, 0, |row| Ok((row.parse("a tenant id")?, row.next()?))))
}

pub(super) fn next_due() -> Question<Option<DateTime<Utc>>> {
    let mut script = Script::default();
    put!(script, NEXT_DUE);
    ask(script, |answers| answers.first(0).map_or(Ok(None), |mut row| row.next()))
}

pub(super) fn booking(seal: &Seal, reference: &BookingRef) -> Question<Option<(ContactId, Booking)>> {
    let (seal, mut script) = (seal.clone(), Script::default());
    put!(script, BOOKING, seal.tenant(), &reference.install, &reference.branch, &reference.backend_id);
    ask(script, move |answers| {
        let read = |mut row: Columns<'_>| Ok((row.next()?, turn::booking(&mut row, &seal)?));
        answers.first(0).map(read).transpose()
    })
}

pub(super) fn bookings(seal: &Seal, contact: ContactId, after: DateTime<Utc>) -> Question<Vec<Booking>> {
    let (seal, mut script) = (seal.clone(), Script::default());
    put!(script, BOOKINGS, seal.tenant(), contact, after);
    ask(script, move |answers| decode(answers, 0, |row| turn::booking(row, &seal)))
}

pub(super) fn conversations(seal: &Seal, limit: usize) -> Question<Vec<ConversationView>> {
    let (seal, mut script) = (seal.clone(), Script::default());
    put!(script, CONVERSATIONS, seal.tenant(), bounded(limit));
    ask(script, move |answers| decode(answers, 0, |row| view(row, &seal)))
}

pub(super) fn conversation(seal: &Seal, conversation: ConversationId) -> Question<Option<ConversationView>> {
    let (seal, mut script) = (seal.clone(), Script::default());
    put!(script, CONVERSATION, seal.tenant(), conversation);
    ask(script, move |answers| answers.first(0).map(|mut row| view(&mut row, &seal)).transpose())
}

pub(super) fn conversation_of(
    seal: &Seal,
    channel: &ChannelId,
    user: &ChannelUser,
) -> Question<Option<ConversationView>> {
    let (seal, mut script) = (seal.clone(), Script::default());
    let tenant = seal.tenant();
    let user_id = user.user_id.as_ref().map(|id| seal.user(id.reveal()));
    let phone = user.phone.as_ref().map(|phone| seal.phone(phone));
    put!(script, CONVERSATION_OF, tenant, channel, tenant, user_id.as_ref(), tenant, phone, user_id.as_ref());
    ask(script, move |answers| answers.first(0).map(|mut row| view(&mut row, &seal)).transpose())
}

pub(super) fn knows(seal: &Seal, channel: &ChannelId, trace: &Trace) -> Question<bool> {
    let (tenant, mut script) = (seal.tenant(), Script::default());
    match trace {
        Trace::Received(id) => put!(script, RECEIVED, tenant, format!("message/{channel}"), seal.message(id)),
        Trace::Sent { message, key } => {
            let key = key.map(|key| key.part_of().whole);
            put!(script, SENT, tenant, channel, seal.message(message), tenant, key, channel)
        }
    };
    ask(script, |answers| Ok(answers.first(0).is_some()))
}

pub(super) fn messages(seal: &Seal, conversation: ConversationId, limit: usize) -> Question<Vec<LogEntry>> {
    let (seal, mut script) = (seal.clone(), Script::default());
    let tenant = seal.tenant();
    put!(script, MESSAGES, tenant, conversation, tenant, conversation, bounded(limit));
    ask(script, move |answers| decode(answers, 0, |row| line(row, &seal)))
}

pub(super) fn turns(seal: &Seal, conversation: ConversationId, limit: usize) -> Question<Vec<TurnRecord>> {
    let (seal, mut script) = (seal.clone(), Script::default());
    put!(script, TURNS, seal.tenant(), conversation, bounded(limit));
    ask(script, move |answers| {
        decode(answers, 0, |row| {
            Ok(TurnRecord {
                id: row.next()?,
                number: row.next()?,
                at: row.next()?,
                steps: from_json(&row.open(&seal, field::STEPS)?, "a turn")?,
                versions: from_json(&row.next::<String>()?, "a turn")?,
                duration_ms: row.next()?,
            })
        })
    })
}

pub(super) fn audit(tenant: &TenantId, after: i64, limit: usize) -> Question<Vec<(i64, AuditRow)>> {
    let mut script = Script::default();
    put!(script, AUDIT, tenant, after, bounded(limit));
    ask(script, |answers| {
        decode(answers, 0, |row| Ok((row.next()?, from_json(&row.next::<String>()?, "an audit row")?)))
    })
}

pub(super) fn figures(answer_within: Duration, now: DateTime<Utc>) -> Question<Figures> {
    let mut script = Script::default();
    put!(script, MAIL_FIGURES, now);
    put!(script, OUTBOX_FIGURES);
    put!(script, OTHER_FIGURES, now, now - answer_within);
    let age =
        move |at: Option<DateTime<Utc>>| at.map_or(0, |at| u64::try_from((now - at).num_milliseconds()).unwrap_or(0));
    ask(script, move |answers| {
        let mut figures = Figures::default();
        if let Some(mut row) = answers.first(0) {
            figures.mail_due = row.next()?;
            figures.mail_age_ms = age(row.next()?);
        }
        if let Some(mut row) = answers.first(1) {
            figures.outbox_queued = row.next()?;
            figures.outbox_age_ms = age(row.next()?);
            figures.outbox_unknown = row.next()?;
        }
        if let Some(mut row) = answers.first(2) {
            figures.outbox_dead = row.next()?;
            figures.actions_open = row.next()?;
            figures.conversations = row.next()?;
            figures.turns_open = row.next()?;
            figures.overdue = row.next()?;
            figures.notices_queued = row.next()?;
            figures.notices_dead = row.next()?;
        }
        Ok(figures)
    })
}

fn view(row: &mut Columns<'_>, seal: &Seal) -> Result<ConversationView, StoreError> {
    Ok(ConversationView {
        id: row.next()?,
        channel: row.parse("a channel id")?,
        holder: holder(&row.next::<String>()?)?,
        state: row.open_opt(seal, field::STATE)?,
        action: row.open_opt(seal, field::ACTION)?,
        active: row.next()?,
        version: row.next()?,
        unread: row.next()?,
        contact: contact(row, seal)?,
    })
}

/// A line of the log: put away already, or of a row that still lies in the outbox.
fn line(row: &mut Columns<'_>, seal: &Seal) -> Result<LogEntry, StoreError> {
    let _seq: i64 = row.next()?;
    let inbound = row.next()?;
    let message = message_id(row.open_opt(seal, field::MESSAGE)?)?;
    let (key, at) = (row.next()?, row.next()?);
    let (text, status) = (row.open_opt(seal, field::TEXT)?, row.next()?);
    let outcome: Option<String> = row.next()?;
    let (shown, body) = (row.open_opt(seal, field::TEXT)?, row.open_opt(seal, field::BODY)?);
    let text = match (text.or(shown), body) {
        (Some(text), _) => text,
        (None, Some(body)) => words_of(&from_json::<OutboxBody>(&body, "a message to send")?).to_owned(),
        (None, None) => String::new(),
    };
    Ok(LogEntry {
        message,
        key,
        inbound,
        at,
        text: Private::new(text),
        status,
        outcome: outcome.map(|word| from_json(&word, "an outcome")).transpose()?,
    })
}
