//! Clients: found by the names that a channel gives them, made when new, merged when two turn out to be one.
//!
//! Who somebody is lies in one column, `person`, which may be sealed; names that are looked up or compared (`identity`, and
//! `phone`, `user_id` and `name` of `contact`) are keyed hashes, always. A contact is read, changed and written whole:
//! the writer is the only one.

use super::{
    db::{Columns, Script, put, statements},
    writer::Tx,
};
use crate::{
    codec::{Person, from_json, new_id, to_json},
    vault::{Seal, field},
};
use chatplug_core::{
    dialogue::ContactChange,
    model::{ChannelId, ChannelUser, Contact, ContactId, Content, ConversationId, Inbound, Lang},
    ports::StoreError,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// Columns of a contact `c`, in the order that [`contact`] reads them.
macro_rules! contact_columns {
    () => {
        "c.contact, c.person, c.language, c.opted_out, c.last_inbound"
    };
}
pub(super) use contact_columns;

statements! {
    BY_NAME = concat!("SELECT v.conversation, c.name_told, ", contact_columns!(), " FROM identity AS i \
        JOIN contact AS c ON c.tenant = i.tenant AND c.contact = i.contact \
        LEFT JOIN conversation AS v ON v.tenant = c.tenant AND v.channel = ? AND v.contact = c.contact \
        WHERE i.tenant = ? AND i.kind = ? AND i.value = ?");
    OF_CONVERSATION = concat!("SELECT v.conversation, c.name_told, ", contact_columns!(), " FROM conversation AS v \
        JOIN contact AS c ON c.tenant = v.tenant AND c.contact = v.contact WHERE v.tenant = ? AND v.conversation = ?");
    SAVE = "INSERT INTO contact (tenant, contact, phone, user_id, name, name_told, person, language, opted_out, \
        last_inbound) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET phone = excluded.phone, \
        user_id = excluded.user_id, name = excluded.name, name_told = excluded.name_told, person = excluded.person, \
        language = excluded.language, opted_out = excluded.opted_out, last_inbound = excluded.last_inbound";
    NAME = "INSERT INTO identity (tenant, kind, value, contact) VALUES (?, ?, ?, ?) \
        ON CONFLICT DO UPDATE SET contact = excluded.contact";
    NEW_CONVERSATION = "INSERT INTO conversation (tenant, conversation, channel, contact, active) VALUES (?, ?, ?, ?, ?)";
    MERGE_NAMES = "UPDATE identity SET contact = ? WHERE tenant = ? AND contact = ?";
    /// What one turned out to be, and whoever turned out to be that one before: nobody's rows are out of sight.
    MERGED = "UPDATE contact SET merged_into = ? WHERE tenant = ? AND (contact = ? OR merged_into = ?)";
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
}

/// A contact as it was found, with its conversation on the channel.
#[derive(Debug)]
struct Found {
    conversation: Option<ConversationId>,
    /// They told their name themselves, so a profile's name does not replace it.
    name_told: bool,
    contact: Contact,
}

/// The conversation that a message belongs to; contact and conversation are made when new, and everything that the
/// message tells about the person is noted.
pub(super) fn meet(
    tx: &mut Tx<'_>,
    seal: &Seal,
    channel: &ChannelId,
    message: &Inbound,
    received: DateTime<Utc>,
) -> Result<ConversationId, StoreError> {
    let tenant = seal.tenant();
    let by_user = message.from.user_id.as_ref().map(|id| seal.user(id.reveal()));
    let by_user = find(tx, seal, channel, "user", by_user)?;
    let by_phone = find(tx, seal, channel, "phone", message.from.phone.as_ref().map(|phone| seal.phone(phone)))?;
    let found = match (by_user, by_phone) {
        (Some(by_user), Some(by_phone)) if by_user.contact.id != by_phone.contact.id => {
            if by_phone.contact.user.user_id.is_some() {
                part_with_phone(tx, seal, by_phone)?;
                Some(by_user)
            } else {
                // The person that was known by number only is the one that was known by id: from now on one contact.
                Some(merge(tx, seal, by_user, by_phone)?)
            }
        }
        (Some(by_user), _) => Some(by_user),
        (None, Some(by_phone)) => {
            let known_as = by_phone.contact.user.user_id.as_ref();
            if known_as.is_some() && message.from.user_id.is_some() {
                // The number of one person under the id of another: it was given to somebody else.
                part_with_phone(tx, seal, by_phone)?;
                None
            } else {
                Some(by_phone)
            }
        }
        (None, None) => None,
    };

    let mut found = found.unwrap_or_else(|| Found::new(ContactId::from_uuid(new_id(received))));
    let id = found.contact.id;
    let new_names = new_names(message);
    if let Some(new) = new_names {
        found = same_person(tx, seal, channel, found, new)?;
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
    let mut script = Script::default();
    save(&mut script, seal, &found)?;
    for user in [Some(&message.from), new_names].into_iter().flatten() {
        note_names(&mut script, seal, id, user);
    }
    let conversation = match found.conversation {
        Some(conversation) => conversation,
        None => {
            let conversation = ConversationId::from_uuid(new_id(received));
            put!(script, NEW_CONVERSATION, tenant, conversation, channel, id, received);
            conversation
        }
    };
    tx.run(script)?;
    Ok(conversation)
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
fn same_person(
    tx: &mut Tx<'_>,
    seal: &Seal,
    channel: &ChannelId,
    mut found: Found,
    new: &ChannelUser,
) -> Result<Found, StoreError> {
    let user = new.user_id.as_ref().map(|id| ("user", seal.user(id.reveal())));
    let phone = new.phone.as_ref().map(|phone| ("phone", seal.phone(phone)));
    for (kind, value) in [user, phone].into_iter().flatten() {
        let Some(other) = find(tx, seal, channel, kind, Some(value))? else { continue };
        if other.contact.id == found.contact.id {
            continue;
        }
        let known_as = other.contact.user.user_id.as_ref();
        if kind == "user" || known_as.is_none() || known_as == new.user_id.as_ref() {
            found = merge(tx, seal, found, other)?;
        } else {
            part_with_phone(tx, seal, other)?;
        }
    }
    Ok(found)
}

/// Remembers something about the client of a conversation.
pub(super) fn change(
    tx: &mut Tx<'_>,
    seal: &Seal,
    conversation: ConversationId,
    change: &ContactChange,
) -> Result<(), StoreError> {
    let mut script = Script::default();
    let place = put!(script, OF_CONVERSATION, seal.tenant(), conversation);
    let answers = tx.run(script)?;
    let Some(mut row) = answers.first(place) else { return Ok(()) };
    let mut found = Found::read(&mut row, seal)?;
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
    let mut script = Script::default();
    save(&mut script, seal, &found)?;
    tx.run(script).map(drop)
}

/// Reads the columns of [`contact_columns`].
pub(super) fn contact(row: &mut Columns<'_>, seal: &Seal) -> Result<Contact, StoreError> {
    let id = row.next()?;
    let Person { phone, user_id, name, email, came_from } = from_json(&row.open(seal, field::PERSON)?, "a person")?;
    Ok(Contact {
        id,
        user: ChannelUser { phone, user_id },
        name,
        email,
        language: row.parse_opt("a language")?,
        opted_out: match row.next::<String>()?.as_str() {
            "[]" => BTreeSet::new(),
            json => from_json(json, "refusals")?,
        },
        last_inbound: row.next()?,
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
        Ok(Self { conversation: row.next()?, name_told: row.next()?, contact: contact(row, seal)? })
    }
}

fn find(
    tx: &mut Tx<'_>,
    seal: &Seal,
    channel: &ChannelId,
    kind: &'static str,
    value: Option<String>,
) -> Result<Option<Found>, StoreError> {
    let Some(value) = value else { return Ok(None) };
    let mut script = Script::default();
    let place = put!(script, BY_NAME, channel, seal.tenant(), kind, value);
    let answers = tx.run(script)?;
    answers.first(place).map(|mut row| Found::read(&mut row, seal)).transpose()
}

/// Writes a contact, new or known.
fn save(script: &mut Script, seal: &Seal, found: &Found) -> Result<(), StoreError> {
    let Contact { id, user, name, email, language, opted_out, last_inbound, came_from } = &found.contact;
    let person = Person {
        phone: user.phone.clone(),
        user_id: user.user_id.clone(),
        name: name.clone(),
        email: email.clone(),
        came_from: came_from.clone(),
    };
    put!(
        script,
        SAVE,
        seal.tenant(),
        *id,
        user.phone.as_ref().map(|phone| seal.phone(phone)),
        user.user_id.as_ref().map(|id| seal.user(id.reveal())),
        name.as_ref().map(|name| seal.name(name.reveal())),
        found.name_told,
        seal.keep(field::PERSON, &to_json(&person, "a person")?)?,
        language.as_ref().map(Lang::code),
        to_json(opted_out, "refusals")?,
        *last_inbound
    );
    Ok(())
}

/// Names find the contact from now on; older ones still do.
fn note_names(script: &mut Script, seal: &Seal, contact: ContactId, user: &ChannelUser) {
    if let Some(phone) = &user.phone {
        put!(script, NAME, seal.tenant(), "phone", seal.phone(phone), contact);
    }
    if let Some(user_id) = &user.user_id {
        put!(script, NAME, seal.tenant(), "user", seal.user(user_id.reveal()), contact);
    }
}

/// The number now belongs to somebody else: what is meant for its old owner must not go there.
fn part_with_phone(tx: &mut Tx<'_>, seal: &Seal, mut found: Found) -> Result<(), StoreError> {
    found.contact.user.phone = None;
    let mut script = Script::default();
    save(&mut script, seal, &found)?;
    tx.run(script).map(drop)
}

/// Makes two contacts one: names, bookings and reminders go to `keep`, and conversations where it has none on the channel.
/// `keep` is yet to be saved.
fn merge(tx: &mut Tx<'_>, seal: &Seal, mut keep: Found, mut gone: Found) -> Result<Found, StoreError> {
    let tenant = seal.tenant();
    let (to, from) = (keep.contact.id, gone.contact.id);
    gone.contact.user.phone = None;
    let mut script = Script::default();
    save(&mut script, seal, &gone)?;
    put!(script, MERGED, to, tenant, from, from);
    put!(script, MERGE_NAMES, to, tenant, from);
    put!(script, MERGE_BOOKINGS, to, tenant, from);
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
    keep.name_told |= gone.name_told;
    let (kept, other) = (&mut keep.contact, gone.contact);
    kept.name = kept.name.take().or(other.name);
    kept.email = kept.email.take().or(other.email);
    kept.came_from = kept.came_from.take().or(other.came_from);
    kept.language = kept.language.or(other.language);
    kept.last_inbound = kept.last_inbound.max(other.last_inbound);
    if kept.opted_out.is_empty() {
        kept.opted_out = other.opted_out;
    }
    Ok(keep)
}
