//! What people and screens read of one tenant: plain statements, each in a transaction that only reads.

use super::{
    PostgresStore,
    contacts::{contact, contact_columns},
    db::{Ask, Columns, ask, opened, statements, word},
    queue::bounded,
};
use crate::{
    codec::{from_json, holder, message_id, micros, words_of},
    vault::{Seal, field},
};
use chatplug_core::{
    model::{Booking, BookingRef, ChannelId, ChannelUser, ContactId, ConversationId, Private, TenantId},
    ports::{AuditRow, ConversationView, LogEntry, OutboxBody, StoreError, Trace, TurnRecord},
};
use chrono::{DateTime, Utc};

/// Columns of a view, in the order that [`view`] reads them.
macro_rules! view {
    () => {
        concat!(
            "SELECT v.conversation, v.channel, v.holder, d.state, d.action, v.active, v.version, \
            EXISTS (SELECT 1 FROM mailbox AS m WHERE m.tenant = v.tenant AND m.conversation = v.conversation AND m.unread) AS unread, ",
            contact_columns!(),
            " FROM conversation AS v JOIN contact AS c ON c.tenant = v.tenant AND c.contact = v.contact \
            LEFT JOIN dialogue AS d ON d.tenant = v.tenant AND d.conversation = v.conversation "
        )
    };
}

statements! {
    BOOKING = "SELECT b.contact, b.body FROM booking_alias AS a \
        JOIN booking AS b ON b.tenant = a.tenant AND b.booking = a.booking \
        WHERE a.tenant = $1 AND a.install = $2 AND a.branch = $3 AND a.backend_id = $4";
    BOOKINGS = "SELECT body FROM booking WHERE tenant = $1 AND contact = $2 AND ends > $3 ORDER BY starts";
    CONVERSATIONS = concat!(view!(), "WHERE v.tenant = $1 ORDER BY v.active DESC, v.conversation DESC LIMIT $2");
    CONVERSATION = concat!(view!(), "WHERE v.tenant = $1 AND v.conversation = $2");
    /// By user id first, because phone numbers change hands.
    CONVERSATION_OF = concat!(view!(), "WHERE v.tenant = $1 AND v.channel = $2 AND v.contact = coalesce( \
        (SELECT i.contact FROM identity AS i WHERE i.tenant = $1 AND i.kind = 'user' AND i.value = $3), \
        (SELECT i.contact FROM identity AS i JOIN contact AS o ON o.tenant = i.tenant AND o.contact = i.contact \
        WHERE i.tenant = $1 AND i.kind = 'phone' AND i.value = $4 AND (o.user_id IS NULL OR $3 IS NULL)))");
    RECEIVED = "SELECT true FROM mailbox AS m WHERE m.tenant = $1 AND m.source = $2 AND m.provider_id = $3";
    SENT = "SELECT true FROM part AS p WHERE p.tenant = $1 AND p.channel = $2 AND p.message = $3 UNION ALL \
        SELECT true FROM outbox AS o JOIN conversation AS v ON v.tenant = o.tenant AND v.conversation = o.conversation \
        WHERE o.tenant = $1 AND o.delivery = $4 AND v.channel = $2 LIMIT 1";
    MESSAGES = "SELECT * FROM (SELECT m.seq, m.inbound, m.message_id, m.delivery, m.at, m.text, m.status, m.outcome, \
        NULL::bytea AS shown, NULL::bytea AS body FROM message AS m WHERE m.tenant = $1 AND m.conversation = $2 \
        UNION ALL SELECT o.seq, false, o.message_id, o.delivery, o.queued, NULL, o.status, NULL, o.shown, o.body \
        FROM outbox AS o WHERE o.tenant = $1 AND o.conversation = $2 ORDER BY seq DESC LIMIT $3) AS l ORDER BY seq";
    TURNS = "SELECT turn, number, at, steps, versions, duration_ms FROM turn WHERE tenant = $1 AND conversation = $2 \
        ORDER BY number DESC LIMIT $3";
    AUDIT = "SELECT seq, row FROM audit WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT $3";
}

/// Asks for rows of a tenant and reads each; none where nothing was ever written.
async fn read<T>(
    store: &PostgresStore,
    tenant: &TenantId,
    ask: impl FnOnce(&Seal) -> Ask + Send,
    read: fn(&mut Columns<'_>, &Seal) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let Some(seal) = store.keys.seal(tenant).await? else { return Ok(Vec::new()) };
    let ask = ask(&seal);
    let rows = store.db.read(tenant, ask).await?;
    let all = |seal: &Seal| rows.iter().map(|row| read(&mut Columns::of(row), seal)).collect();
    opened(&store.keys, &seal, all).await
}

pub(super) async fn booking(
    store: &PostgresStore,
    tenant: &TenantId,
    reference: &BookingRef,
) -> Result<Option<(ContactId, Booking)>, StoreError> {
    let BookingRef { install, branch, backend_id } = reference;
    let ask = ask!(BOOKING, tenant.as_str(), install.as_str(), branch.as_str(), word(backend_id));
    let found = read(store, tenant, |_| ask, |row, seal| Ok((row.id()?, body(row, seal)?))).await?;
    Ok(found.into_iter().next())
}

pub(super) async fn bookings(
    store: &PostgresStore,
    tenant: &TenantId,
    contact: ContactId,
    after: DateTime<Utc>,
) -> Result<Vec<Booking>, StoreError> {
    let ask = ask!(BOOKINGS, tenant.as_str(), contact.as_uuid(), micros(after));
    read(store, tenant, |_| ask, body).await
}

pub(super) async fn conversations(
    store: &PostgresStore,
    tenant: &TenantId,
    limit: usize,
) -> Result<Vec<ConversationView>, StoreError> {
    let ask = ask!(CONVERSATIONS, tenant.as_str(), bounded(limit));
    read(store, tenant, |_| ask, view).await
}

pub(super) async fn conversation(
    store: &PostgresStore,
    tenant: &TenantId,
    conversation: ConversationId,
) -> Result<Option<ConversationView>, StoreError> {
    let ask = ask!(CONVERSATION, tenant.as_str(), conversation.as_uuid());
    Ok(read(store, tenant, |_| ask, view).await?.into_iter().next())
}

pub(super) async fn conversation_of(
    store: &PostgresStore,
    tenant: &TenantId,
    channel: &ChannelId,
    user: &ChannelUser,
) -> Result<Option<ConversationView>, StoreError> {
    let ask = |seal: &Seal| {
        let user_id = user.user_id.as_ref().map(|id| seal.user(id.reveal()));
        let phone = user.phone.as_ref().map(|phone| seal.phone(phone));
        ask!(CONVERSATION_OF, tenant.as_str(), channel.as_str(), user_id, phone)
    };
    Ok(read(store, tenant, ask, view).await?.into_iter().next())
}

pub(super) async fn knows(
    store: &PostgresStore,
    tenant: &TenantId,
    channel: &ChannelId,
    trace: &Trace,
) -> Result<bool, StoreError> {
    let ask = |seal: &Seal| match trace {
        Trace::Received(id) => {
            ask!(RECEIVED, tenant.as_str(), format!("message/{channel}"), seal.message(id))
        }
        Trace::Sent { message, key } => {
            let key = key.map(|key| key.part_of().whole.as_uuid());
            ask!(SENT, tenant.as_str(), channel.as_str(), seal.message(message), key)
        }
    };
    Ok(!read(store, tenant, ask, |_, _| Ok(())).await?.is_empty())
}

pub(super) async fn messages(
    store: &PostgresStore,
    tenant: &TenantId,
    conversation: ConversationId,
    limit: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    let ask = ask!(MESSAGES, tenant.as_str(), conversation.as_uuid(), bounded(limit));
    read(store, tenant, |_| ask, line).await
}

pub(super) async fn turns(
    store: &PostgresStore,
    tenant: &TenantId,
    conversation: ConversationId,
    limit: usize,
) -> Result<Vec<TurnRecord>, StoreError> {
    let ask = ask!(TURNS, tenant.as_str(), conversation.as_uuid(), bounded(limit));
    let turn = |row: &mut Columns<'_>, seal: &Seal| {
        Ok(TurnRecord {
            id: row.id()?,
            number: row.next()?,
            at: row.at()?,
            steps: from_json(&row.open(seal, field::STEPS)?, "a turn")?,
            versions: from_json(row.next()?, "a turn")?,
            duration_ms: u32::try_from(row.next::<i64>()?).unwrap_or(u32::MAX),
        })
    };
    read(store, tenant, |_| ask, turn).await
}

pub(super) async fn audit(
    store: &PostgresStore,
    tenant: &TenantId,
    after: i64,
    limit: usize,
) -> Result<Vec<(i64, AuditRow)>, StoreError> {
    let rows = store.db.read(tenant, ask!(AUDIT, tenant.as_str(), after, bounded(limit))).await?;
    let read = |mut row: Columns<'_>| Ok((row.next()?, from_json(row.next()?, "an audit row")?));
    rows.iter().map(|row| read(Columns::of(row))).collect()
}

fn body(row: &mut Columns<'_>, seal: &Seal) -> Result<Booking, StoreError> {
    from_json(&row.open(seal, field::BOOKING)?, "a booking")
}

fn view(row: &mut Columns<'_>, seal: &Seal) -> Result<ConversationView, StoreError> {
    Ok(ConversationView {
        id: row.id()?,
        channel: row.parse("a channel id")?,
        holder: holder(row.next()?)?,
        state: row.open_opt(seal, field::STATE)?,
        action: row.open_opt(seal, field::ACTION)?,
        active: row.at()?,
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
    let (key, at) = (row.id_opt()?, row.at()?);
    let (text, status) = (row.open_opt(seal, field::TEXT)?, row.next()?);
    let outcome: Option<&str> = row.next()?;
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
        outcome: outcome.map(|word| from_json(word, "an outcome")).transpose()?,
    })
}
