//! Clients: found by the names that a channel gives them, made when new, merged when two turn out to be one.

use super::{
    db::{Columns, Script, put, statements},
    writer::Tx,
};
use crate::codec::{from_json, to_json};
use chatplug_core::{
    dialogue::ContactChange,
    model::{
        ChannelId, ChannelUser, Consent, Contact, ContactId, Content, ConversationId, Inbound, Phone, Private, TenantId,
    },
    ports::StoreError,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use uuid::{NoContext, Timestamp, Uuid};

/// Columns of a contact `c`, in the order that [`contact`] reads them.
macro_rules! contact_columns {
    () => {
        "c.contact, c.phone, c.user_id, c.name, c.email, c.language, c.opted_out, c.last_inbound"
    };
}
pub(super) use contact_columns;

statements! {
    BY_NAME = concat!("SELECT v.conversation, ", contact_columns!(), " FROM identity AS i \
        JOIN contact AS c ON c.tenant = i.tenant AND c.contact = i.contact \
        LEFT JOIN conversation AS v ON v.tenant = c.tenant AND v.channel = ? AND v.contact = c.contact \
        WHERE i.tenant = ? AND i.kind = ? AND i.value = ?");
    NEW = "INSERT INTO contact (tenant, contact) VALUES (?, ?)";
    NAME = "INSERT INTO identity (tenant, kind, value, contact) VALUES (?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET contact = excluded.contact";
    HEARD = "UPDATE contact SET phone = coalesce(?, phone), user_id = coalesce(?, user_id), \
        name = CASE WHEN name_told THEN name ELSE coalesce(?, name) END, \
        last_inbound = max(coalesce(last_inbound, ?), ?) WHERE tenant = ? AND contact = ?";
    LOSE_PHONE = "UPDATE contact SET phone = NULL WHERE tenant = ? AND contact = ? AND phone = ?";
    NEW_CONVERSATION = "INSERT INTO conversation (tenant, conversation, channel, contact, active) VALUES (?, ?, ?, ?, ?)";
    MERGE_CONTACT = "UPDATE contact AS c SET name = coalesce(c.name, o.name), name_told = max(c.name_told, o.name_told), \
        email = coalesce(c.email, o.email), language = coalesce(c.language, o.language), \
        opted_out = CASE c.opted_out WHEN '[]' THEN o.opted_out ELSE c.opted_out END, \
        last_inbound = max(coalesce(c.last_inbound, o.last_inbound), coalesce(o.last_inbound, c.last_inbound)) \
        FROM contact AS o WHERE c.tenant = ? AND c.contact = ? AND o.tenant = c.tenant AND o.contact = ?";
    MERGE_NAMES = "UPDATE identity SET contact = ? WHERE tenant = ? AND contact = ?";
    /// The conversations of the one that goes, with the other's on the same channel.
    MERGE_PAIRS = "SELECT o.conversation, v.conversation FROM conversation AS o LEFT JOIN conversation AS v \
        ON v.tenant = o.tenant AND v.channel = o.channel AND v.contact = ? WHERE o.tenant = ? AND o.contact = ?";
    MERGE_CONVERSATION = "UPDATE conversation SET contact = ? WHERE tenant = ? AND conversation = ?";
    MERGE_BOOKINGS = "UPDATE booking SET contact = ? WHERE tenant = ? AND contact = ?";
    MOVE_BOOKINGS = "UPDATE booking SET conversation = ? WHERE tenant = ? AND conversation = ?";
    MOVE_TIMERS = "INSERT INTO timer (tenant, conversation, key, at, timer) \
        SELECT tenant, ?, key, at, timer FROM timer WHERE tenant = ? AND conversation = ? AND key LIKE 'reminder:%' \
        ON CONFLICT DO NOTHING";
    DROP_TIMERS = "DELETE FROM timer WHERE tenant = ? AND conversation = ? AND key LIKE 'reminder:%'";
    LANGUAGE = "UPDATE contact SET language = ? WHERE tenant = ? AND contact = \
        (SELECT contact FROM conversation WHERE tenant = ? AND conversation = ?)";
    TOLD_NAME = "UPDATE contact SET name = ?, name_told = 1 WHERE tenant = ? AND contact = \
        (SELECT contact FROM conversation WHERE tenant = ? AND conversation = ?)";
    EMAIL = "UPDATE contact SET email = ? WHERE tenant = ? AND contact = \
        (SELECT contact FROM conversation WHERE tenant = ? AND conversation = ?)";
    OPTED_OUT = "SELECT contact, opted_out FROM contact WHERE tenant = ? AND contact = \
        (SELECT contact FROM conversation WHERE tenant = ? AND conversation = ?)";
    SET_OPTED_OUT = "UPDATE contact SET opted_out = ? WHERE tenant = ? AND contact = ?";
}

/// A contact as it was found, with its conversation on the channel.
#[derive(Debug)]
struct Found {
    contact: Contact,
    conversation: Option<ConversationId>,
}

/// The conversation that a message belongs to; contact and conversation are made when new, and everything that the
/// message tells about the person is noted.
pub(super) fn meet(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    channel: &ChannelId,
    message: &Inbound,
    received: DateTime<Utc>,
) -> Result<ConversationId, StoreError> {
    let by_user = find(tx, tenant, channel, "user", message.from.user_id.as_ref().map(Private::reveal))?;
    let by_phone = find(tx, tenant, channel, "phone", message.from.phone.as_ref().map(digits))?;
    let found = match (by_user, by_phone) {
        (Some(by_user), Some(by_phone)) if by_user.contact.id != by_phone.contact.id => {
            if by_phone.contact.user.user_id.is_some() {
                part_with_phone(tx, tenant, &by_phone.contact)?;
                Some(by_user)
            } else {
                // The person that was known by number only is the one that was known by id: from now on one contact.
                Some(merge(tx, tenant, by_user, by_phone)?)
            }
        }
        (Some(by_user), _) => Some(by_user),
        (None, Some(by_phone)) => {
            let known_as = by_phone.contact.user.user_id.as_ref();
            if known_as.is_some() && message.from.user_id.is_some() {
                // The number of one person under the id of another: it was given to somebody else.
                part_with_phone(tx, tenant, &by_phone.contact)?;
                None
            } else {
                Some(by_phone)
            }
        }
        (None, None) => None,
    };

    let mut script = Script::default();
    let contact = match &found {
        Some(found) => found.contact.id,
        None => {
            let id = ContactId::from_uuid(new_id(received));
            put!(script, NEW, tenant, id);
            id
        }
    };
    let (phone, user_id) = (message.from.phone.as_ref(), message.from.user_id.as_ref());
    let profile = message.profile_name.as_ref().map(|name| name.reveal().as_str());
    note_names(&mut script, tenant, contact, &message.from);
    let user_id = user_id.map(|id| id.reveal().as_str());
    put!(script, HEARD, phone.map(digits), user_id, profile, message.at, message.at, tenant, contact);
    if let Content::IdentityChanged { new } = &message.content {
        note_names(&mut script, tenant, contact, new);
        let user_id = new.user_id.as_ref().map(|id| id.reveal().as_str());
        let phone = new.phone.as_ref().map(digits);
        put!(script, HEARD, phone, user_id, None::<&str>, message.at, message.at, tenant, contact);
    }
    let conversation = match found.and_then(|found| found.conversation) {
        Some(conversation) => conversation,
        None => {
            let id = ConversationId::from_uuid(new_id(received));
            put!(script, NEW_CONVERSATION, tenant, id, channel, contact, received);
            id
        }
    };
    tx.run(script)?;
    Ok(conversation)
}

/// Remembers something about the client of a conversation.
pub(super) fn change(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    conversation: ConversationId,
    change: &ContactChange,
) -> Result<(), StoreError> {
    let mut script = Script::default();
    match change {
        ContactChange::Language { lang } => {
            put!(script, LANGUAGE, lang.code(), tenant, tenant, conversation);
        }
        ContactChange::Name { name } => {
            put!(script, TOLD_NAME, name.reveal(), tenant, tenant, conversation);
        }
        ContactChange::Email { email } => {
            put!(script, EMAIL, email.reveal(), tenant, tenant, conversation);
        }
        ContactChange::Consent { consent, refused } => {
            let now = put!(script, OPTED_OUT, tenant, tenant, conversation);
            let answers = tx.run(script)?;
            let Some(mut row) = answers.first(now) else { return Ok(()) };
            let contact: ContactId = row.next()?;
            let mut opted_out: BTreeSet<Consent> = from_json(&row.next::<String>()?, "refusals")?;
            if *refused {
                opted_out.insert(*consent);
            } else {
                opted_out.remove(consent);
            }
            script = Script::default();
            put!(script, SET_OPTED_OUT, to_json(&opted_out, "refusals")?, tenant, contact);
        }
    }
    tx.run(script).map(drop)
}

/// Reads the columns of [`contact_columns`].
pub(super) fn contact(row: &mut Columns<'_>) -> Result<Contact, StoreError> {
    Ok(Contact {
        id: row.next()?,
        user: ChannelUser {
            phone: row.parse_opt::<Phone>("a phone number")?,
            user_id: row.next::<Option<String>>()?.map(Private::new),
        },
        name: row.next::<Option<String>>()?.map(Private::new),
        email: row.next::<Option<String>>()?.map(Private::new),
        language: row.parse_opt("a language")?,
        opted_out: match row.next::<String>()?.as_str() {
            "[]" => BTreeSet::new(),
            json => from_json(json, "refusals")?,
        },
        last_inbound: row.next()?,
    })
}

/// A new id that sorts by time, so that new rows lie together.
pub(super) fn new_id(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, at.timestamp_subsec_nanos().min(999_999_999)))
}

pub(super) fn digits(phone: &Phone) -> &str {
    phone.digits()
}

fn find(
    tx: &mut Tx<'_>,
    tenant: &TenantId,
    channel: &ChannelId,
    kind: &'static str,
    value: Option<impl AsRef<str>>,
) -> Result<Option<Found>, StoreError> {
    let Some(value) = value else { return Ok(None) };
    let mut script = Script::default();
    let place = put!(script, BY_NAME, channel, tenant, kind, value.as_ref());
    let answers = tx.run(script)?;
    let Some(mut row) = answers.first(place) else { return Ok(None) };
    Ok(Some(Found { conversation: row.next()?, contact: contact(&mut row)? }))
}

/// Names find the contact from now on; older ones still do.
fn note_names(script: &mut Script, tenant: &TenantId, contact: ContactId, user: &ChannelUser) {
    if let Some(phone) = &user.phone {
        put!(script, NAME, tenant, "phone", phone.digits(), contact);
    }
    if let Some(user_id) = &user.user_id {
        put!(script, NAME, tenant, "user", user_id.reveal(), contact);
    }
}

/// The number now belongs to somebody else: what is meant for its old owner must not go there.
fn part_with_phone(tx: &mut Tx<'_>, tenant: &TenantId, contact: &Contact) -> Result<(), StoreError> {
    let mut script = Script::default();
    put!(script, LOSE_PHONE, tenant, contact.id, contact.user.phone.as_ref().map(digits));
    tx.run(script).map(drop)
}

/// Makes two contacts one: names, bookings and reminders go to `keep`, and conversations where it has none on the channel.
fn merge(tx: &mut Tx<'_>, tenant: &TenantId, mut keep: Found, gone: Found) -> Result<Found, StoreError> {
    let (to, from) = (keep.contact.id, gone.contact.id);
    let mut script = Script::default();
    put!(script, MERGE_CONTACT, tenant, to, from);
    put!(script, MERGE_NAMES, to, tenant, from);
    put!(script, MERGE_BOOKINGS, to, tenant, from);
    put!(script, LOSE_PHONE, tenant, from, gone.contact.user.phone.as_ref().map(digits));
    let pairs = put!(script, MERGE_PAIRS, to, tenant, from);
    let answers = tx.run(script)?;
    for mut row in answers.rows(pairs) {
        let (old, other): (ConversationId, Option<ConversationId>) = (row.next()?, row.next()?);
        let mut script = Script::default();
        match other {
            None => {
                put!(script, MERGE_CONVERSATION, to, tenant, old);
            }
            Some(other) => {
                put!(script, MOVE_BOOKINGS, other, tenant, old);
                put!(script, MOVE_TIMERS, other, tenant, old);
                put!(script, DROP_TIMERS, tenant, old);
                for conversation in [old, other] {
                    put!(script, super::turn::REFRESH, tenant, conversation);
                }
            }
        }
        tx.run(script)?;
    }
    keep.conversation = keep.conversation.or(gone.conversation);
    Ok(keep)
}
