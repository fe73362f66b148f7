//! Clients: found by the names that a channel gives them, made when new, merged when two turn out to be one.
//!
//! Who somebody is lies in one column, `person`, which may be sealed; names that are looked up or compared are keyed hashes.
//! A contact is read, changed and written whole, under the locks of its conversations. Who was never met before is made by
//! the function that takes their message in; whoever is met under other names than before, or on another channel, is met
//! here, one of a tenant at a time and while nobody of it is made.

use super::db::{Columns, Session, ask, statements};
use crate::{
    codec::{Person, from_json, micros, new_id, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    dialogue::ContactChange,
    model::{ChannelId, ChannelUser, Contact, ContactId, Content, ConversationId, Inbound, Lang, TenantId},
    ports::StoreError,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Columns of a contact `c`, in the order that [`contact`] reads them.
macro_rules! contact_columns {
    () => {
        "c.contact, c.person, c.language, c.opted_out, c.last_inbound"
    };
}
pub(super) use contact_columns;

statements! {
    TURN = "SELECT pg_advisory_xact_lock(hashtextextended('chatplug meeting' || chr(1) || $1, 0))";
    /// Everything of those who may be met, before anything is read: whoever writes in a conversation holds its row first.
    HOLD = "SELECT v.conversation FROM conversation AS v WHERE v.tenant = $1 AND v.contact IN (SELECT i.contact \
        FROM identity AS i WHERE i.tenant = $1 AND ((i.kind = 'user' AND i.value IN ($2, $4)) \
        OR (i.kind = 'phone' AND i.value IN ($3, $5)))) \
        ORDER BY v.conversation FOR NO KEY UPDATE";
    BY_NAME = concat!("SELECT v.conversation, c.name_told, ", contact_columns!(), " FROM identity AS i \
        JOIN contact AS c ON c.tenant = i.tenant AND c.contact = i.contact \
        LEFT JOIN conversation AS v ON v.tenant = c.tenant AND v.channel = $2 AND v.contact = c.contact \
        WHERE i.tenant = $1 AND i.kind = $3 AND i.value = $4 FOR NO KEY UPDATE OF c");
    OF_CONVERSATION = concat!("SELECT v.conversation, c.name_told, ", contact_columns!(), " FROM conversation AS v \
        JOIN contact AS c ON c.tenant = v.tenant AND c.contact = v.contact \
        WHERE v.tenant = $1 AND v.conversation = $2 FOR NO KEY UPDATE");
    SAVE = "INSERT INTO contact (tenant, contact, phone, user_id, name, name_told, person, language, opted_out, \
        last_inbound) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, contact) DO UPDATE SET \
        phone = excluded.phone, user_id = excluded.user_id, name = excluded.name, name_told = excluded.name_told, \
        person = excluded.person, language = excluded.language, opted_out = excluded.opted_out, \
        last_inbound = excluded.last_inbound";
    NAME = "INSERT INTO identity (tenant, kind, value, contact) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (tenant, kind, value) DO UPDATE SET contact = excluded.contact";
    NEW_CONVERSATION = "INSERT INTO conversation (tenant, conversation, channel, contact, active) \
        VALUES ($1, $2, $3, $4, $5)";
    MERGED = "UPDATE contact SET merged_into = $3 WHERE tenant = $1 AND (contact = $2 OR merged_into = $2)";
    MERGE_NAMES = "UPDATE identity SET contact = $3 WHERE tenant = $1 AND contact = $2";
    /// The conversations of the one that goes, with the other's on the same channel.
    MERGE_PAIRS = "SELECT o.conversation, v.conversation FROM conversation AS o LEFT JOIN conversation AS v \
        ON v.tenant = o.tenant AND v.channel = o.channel AND v.contact = $3 WHERE o.tenant = $1 AND o.contact = $2";
    MERGE_CONVERSATION = "UPDATE conversation SET contact = $3 WHERE tenant = $1 AND conversation = $2";
    MERGE_BOOKINGS = "UPDATE booking SET contact = $3 WHERE tenant = $1 AND contact = $2";
    MOVE_BOOKINGS = "UPDATE booking SET conversation = $3 WHERE tenant = $1 AND conversation = $2";
    MOVE_TIMERS = "INSERT INTO timer (tenant, conversation, key, at, timer) SELECT tenant, $3, key, at, timer FROM timer \
        WHERE tenant = $1 AND conversation = $2 AND starts_with(key, 'reminder:') ON CONFLICT DO NOTHING";
    DROP_TIMERS = "DELETE FROM timer WHERE tenant = $1 AND conversation = $2 AND starts_with(key, 'reminder:')";
    REFRESH = "UPDATE conversation SET work_due = chatplug.first_work($1, $2, wake_at) \
        WHERE tenant = $1 AND conversation = $2";
}

/// A contact as it was found, with its conversation on the channel.
#[derive(Debug)]
struct Found {
    conversation: Option<ConversationId>,
    /// They told their name themselves, so a profile's name does not replace it.
    name_told: bool,
    contact: Contact,
}

/// Waits until nobody else of this tenant is being met or made, in this process or another: a meeting may move names of
/// several contacts, and nobody knows before which. `chatplug.lock_names` takes the same lock, shared.
pub(super) async fn turn(session: &mut Session, tenant: &TenantId) -> Result<(), StoreError> {
    session.row(ask!(TURN, tenant.as_str())).await.map(drop)
}

/// The conversation that a message belongs to; contact and conversation are made when new, and everything that the
/// message tells about the person is noted. After [`turn`].
pub(super) async fn meet(
    session: &mut Session,
    seal: &Seal,
    channel: &ChannelId,
    message: &Inbound,
    received: DateTime<Utc>,
) -> Result<ConversationId, StoreError> {
    let tenant = seal.tenant().as_str();
    let user = message.from.user_id.as_ref().map(|id| seal.user(id.reveal()));
    let phone = message.from.phone.as_ref().map(|phone| seal.phone(phone));
    let new_names = new_names(message);
    let new_user = new_names.and_then(|new| new.user_id.as_ref()).map(|id| seal.user(id.reveal()));
    let new_phone = new_names.and_then(|new| new.phone.as_ref()).map(|phone| seal.phone(phone));
    session.rows(ask!(HOLD, tenant, &user, &phone, &new_user, &new_phone)).await?;
    let by_user = find(session, seal, channel, "user", user).await?;
    let by_phone = find(session, seal, channel, "phone", phone).await?;
    let found = match (by_user, by_phone) {
        (Some(by_user), Some(by_phone)) if by_user.contact.id != by_phone.contact.id => {
            if by_phone.contact.user.user_id.is_some() {
                part_with_phone(session, seal, by_phone).await?;
                Some(by_user)
            } else {
                // The person that was known by number only is the one that was known by id: from now on one contact.
                Some(merge(session, seal, by_user, by_phone).await?)
            }
        }
        (Some(by_user), _) => Some(by_user),
        (None, Some(by_phone)) => {
            let known_as = by_phone.contact.user.user_id.as_ref();
            if known_as.is_some() && message.from.user_id.is_some() {
                // The number of one person under the id of another: it was given to somebody else.
                part_with_phone(session, seal, by_phone).await?;
                None
            } else {
                Some(by_phone)
            }
        }
        (None, None) => None,
    };

    let mut found = found.unwrap_or_else(|| Found::new(ContactId::from_uuid(new_id(received))));
    let id = found.contact.id;
    if let Some(new) = new_names {
        found = same_person(session, seal, channel, found, new).await?;
    }
    let profile = message.profile_name.as_ref().filter(|_| !found.name_told);
    found.contact.name = profile.cloned().or(found.contact.name);
    if new_names.is_none() {
        // What the provider tells of them is nothing that they wrote.
        found.contact.last_inbound = found.contact.last_inbound.max(Some(message.at));
    }
    for user in [Some(&message.from), new_names].into_iter().flatten() {
        let known_as = &mut found.contact.user;
        known_as.phone = user.phone.clone().or_else(|| known_as.phone.take());
        known_as.user_id = user.user_id.clone().or_else(|| known_as.user_id.take());
    }
    save(session, seal, &found).await?;
    for user in [Some(&message.from), new_names].into_iter().flatten() {
        note_names(session, seal, id, user).await?;
    }
    if let Some(conversation) = found.conversation {
        return Ok(conversation);
    }
    let conversation = ConversationId::from_uuid(new_id(received));
    let active = micros(received);
    session.run(ask!(NEW_CONVERSATION, tenant, conversation.as_uuid(), channel.as_str(), id.as_uuid(), active)).await?;
    Ok(conversation)
}

/// The person of a message's sender, of whom nothing is known yet.
pub(super) fn first_met(seal: &Seal, message: &Inbound) -> Result<Vec<u8>, StoreError> {
    let ChannelUser { phone, user_id } = message.from.clone();
    let person = Person { phone, user_id, name: message.profile_name.clone(), ..Person::default() };
    seal.keep(field::PERSON, &to_json(&person, "a person")?)
}

/// The names that the provider says a person has from now on.
const fn new_names(message: &Inbound) -> Option<&ChannelUser> {
    match &message.content {
        Content::IdentityChanged { new } => Some(new),
        _ => None,
    }
}

/// Somebody has new names. Whoever wrote under one of them already is the same person, and becomes one contact with them;
/// unless it is a number that stands for another id: then it changed hands.
async fn same_person(
    session: &mut Session,
    seal: &Seal,
    channel: &ChannelId,
    mut found: Found,
    new: &ChannelUser,
) -> Result<Found, StoreError> {
    let user = new.user_id.as_ref().map(|id| ("user", seal.user(id.reveal())));
    let phone = new.phone.as_ref().map(|phone| ("phone", seal.phone(phone)));
    for (kind, value) in [user, phone].into_iter().flatten() {
        let Some(other) = find(session, seal, channel, kind, Some(value)).await? else { continue };
        if other.contact.id == found.contact.id {
            continue;
        }
        let known_as = other.contact.user.user_id.as_ref();
        if kind == "user" || known_as.is_none() || known_as == new.user_id.as_ref() {
            found = merge(session, seal, found, other).await?;
        } else {
            part_with_phone(session, seal, other).await?;
        }
    }
    Ok(found)
}

/// Remembers something about the client of a conversation.
pub(super) async fn change(
    session: &mut Session,
    seal: &Seal,
    conversation: ConversationId,
    changes: &[ContactChange],
) -> Result<(), StoreError> {
    let rows = session.rows(ask!(OF_CONVERSATION, seal.tenant().as_str(), conversation.as_uuid())).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let mut found = Found::read(&mut Columns::of(row), seal)?;
    for change in changes {
        match change {
            ContactChange::Language { lang } => found.contact.language = Some(*lang),
            ContactChange::Name { name } => {
                found.contact.name = Some(name.clone());
                found.name_told = true;
            }
            ContactChange::Email { email } => found.contact.email = Some(email.clone()),
            ContactChange::Consent { consent, refused: true } => {
                found.contact.opted_out.insert(*consent);
            }
            ContactChange::Consent { consent, refused: false } => {
                found.contact.opted_out.remove(consent);
            }
            ContactChange::CameFrom { came_from } => found.contact.came_from = Some(came_from.clone()),
        }
    }
    save(session, seal, &found).await
}

/// Reads the columns of [`contact_columns`].
pub(super) fn contact(row: &mut Columns<'_>, seal: &Seal) -> Result<Contact, StoreError> {
    let id = row.id()?;
    let Person { phone, user_id, name, email, came_from } = from_json(&row.open(seal, field::PERSON)?, "a person")?;
    Ok(Contact {
        id,
        user: ChannelUser { phone, user_id },
        name,
        email,
        language: row.parse_opt("a language")?,
        opted_out: match row.next::<&str>()? {
            "[]" => BTreeSet::new(),
            json => from_json(json, "refusals")?,
        },
        last_inbound: row.at_opt()?,
        came_from,
    })
}

impl Found {
    const fn new(id: ContactId) -> Self {
        let user = ChannelUser { phone: None, user_id: None };
        let opted_out = BTreeSet::new();
        let contact = Contact {
            id,
            user,
            name: None,
            email: None,
            language: None,
            opted_out,
            last_inbound: None,
            came_from: None,
        };
        Self { conversation: None, name_told: false, contact }
    }

    /// Reads a row of `BY_NAME` or `OF_CONVERSATION`.
    fn read(row: &mut Columns<'_>, seal: &Seal) -> Result<Self, StoreError> {
        Ok(Self { conversation: row.id_opt()?, name_told: row.next()?, contact: contact(row, seal)? })
    }
}

async fn find(
    session: &mut Session,
    seal: &Seal,
    channel: &ChannelId,
    kind: &'static str,
    value: Option<String>,
) -> Result<Option<Found>, StoreError> {
    let Some(value) = value else { return Ok(None) };
    let rows = session.rows(ask!(BY_NAME, seal.tenant().as_str(), channel.as_str(), kind, value)).await?;
    rows.first().map(|row| Found::read(&mut Columns::of(row), seal)).transpose()
}

/// Writes a contact, new or known.
async fn save(session: &mut Session, seal: &Seal, found: &Found) -> Result<(), StoreError> {
    let Contact { id, user, name, email, language, opted_out, last_inbound, came_from } = &found.contact;
    let person = Person {
        phone: user.phone.clone(),
        user_id: user.user_id.clone(),
        name: name.clone(),
        email: email.clone(),
        came_from: came_from.clone(),
    };
    let save = ask!(
        SAVE,
        seal.tenant().as_str(),
        id.as_uuid(),
        user.phone.as_ref().map(|phone| seal.phone(phone)),
        user.user_id.as_ref().map(|id| seal.user(id.reveal())),
        name.as_ref().map(|name| seal.name(name.reveal())),
        found.name_told,
        seal.keep(field::PERSON, &to_json(&person, "a person")?)?,
        language.as_ref().map(Lang::code),
        to_json(opted_out, "refusals")?,
        last_inbound.map(micros)
    );
    session.run(save).await.map(drop)
}

/// Names find the contact from now on; older ones still do.
async fn note_names(
    session: &mut Session,
    seal: &Seal,
    contact: ContactId,
    user: &ChannelUser,
) -> Result<(), StoreError> {
    let phone = user.phone.as_ref().map(|phone| ("phone", seal.phone(phone)));
    let user_id = user.user_id.as_ref().map(|id| ("user", seal.user(id.reveal())));
    for (kind, value) in [phone, user_id].into_iter().flatten() {
        session.run(ask!(NAME, seal.tenant().as_str(), kind, value, contact.as_uuid())).await?;
    }
    Ok(())
}

/// The number now belongs to somebody else: what is meant for its old owner must not go there.
async fn part_with_phone(session: &mut Session, seal: &Seal, mut found: Found) -> Result<(), StoreError> {
    found.contact.user.phone = None;
    save(session, seal, &found).await
}

/// Makes two contacts one: names, bookings and reminders go to `keep`, and conversations where it has none on the channel.
/// `keep` is yet to be saved.
async fn merge(session: &mut Session, seal: &Seal, mut keep: Found, mut gone: Found) -> Result<Found, StoreError> {
    let tenant = seal.tenant().as_str();
    let (to, from) = (keep.contact.id.as_uuid(), gone.contact.id.as_uuid());
    gone.contact.user.phone = None;
    save(session, seal, &gone).await?;
    for sql in [MERGED, MERGE_NAMES, MERGE_BOOKINGS] {
        session.run(ask!(sql, tenant, from, to)).await?;
    }
    for row in session.rows(ask!(MERGE_PAIRS, tenant, from, to)).await? {
        let mut row = Columns::of(&row);
        let (old, other): (Uuid, Option<Uuid>) = (row.next()?, row.next()?);
        let Some(other) = other else {
            session.run(ask!(MERGE_CONVERSATION, tenant, old, to)).await?;
            continue;
        };
        session.run(ask!(MOVE_BOOKINGS, tenant, old, other)).await?;
        session.run(ask!(MOVE_TIMERS, tenant, old, other)).await?;
        session.run(ask!(DROP_TIMERS, tenant, old)).await?;
        for conversation in [old, other] {
            session.run(ask!(REFRESH, tenant, conversation)).await?;
        }
    }
    keep.conversation = keep.conversation.or(gone.conversation);
    keep.name_told |= gone.name_told;
    let (kept, other) = (&mut keep.contact, gone.contact);
    kept.name = kept.name.take().or(other.name);
    kept.email = kept.email.take().or(other.email);
    kept.came_from = kept.came_from.take().or(other.came_from);
    kept.language = kept.language.take().or(other.language);
    kept.last_inbound = kept.last_inbound.max(other.last_inbound);
    if kept.opted_out.is_empty() {
        kept.opted_out = other.opted_out;
    }
    Ok(keep)
}
