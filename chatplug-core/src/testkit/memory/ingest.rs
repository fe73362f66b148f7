//! What comes in: messages, statuses, hints of the booking system, deeds of the business.

use super::rows::{ContactRow, Conversation, OutState, Rows};
use crate::{
    model::{
        ChannelId, ChannelUser, Contact, ContactId, Content, ConversationId, DeliveryKey, DeliveryStatus, FailureKind,
        Inbound, Stage, StatusFailure,
    },
    ports::{Ingest, Ingested, MailEvent, NewOutbox, OutboxBody, StoreError},
};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

impl Rows {
    pub(super) fn ingest(&mut self, events: Vec<Ingest>) -> Result<Vec<Ingested>, StoreError> {
        // The one thing that can fail is looked at before anything is written: all events or none.
        let unknown_channel = |event: &Ingest| match event {
            Ingest::Message { channel, .. } => !self.channels.contains(channel),
            Ingest::Status { .. }
            | Ingest::Booking { .. }
            | Ingest::Preference { .. }
            | Ingest::Transcript { .. }
            | Ingest::Operator { .. } => false,
        };
        if events.iter().any(unknown_channel) {
            return Err(StoreError::NotFound { what: "the channel" });
        }
        Ok(events.into_iter().map(|event| self.ingest_one(event)).collect())
    }

    fn ingest_one(&mut self, event: Ingest) -> Ingested {
        match event {
            Ingest::Message { channel, message, due, received } => self.message(channel, message, due, received),
            Ingest::Status { channel, status, received } => self.status(&channel, status, received),
            Ingest::Booking { reference, key, received } => {
                let Some(conversation) = self.booking(&reference).map(|row| row.conversation) else {
                    return Ingested::Unknown;
                };
                let source = format!("booking/{}", reference.install);
                self.mail_once(conversation, source, key, MailEvent::Booking { reference }, received)
            }
            Ingest::Transcript { conversation, key, message, words, received } => {
                let event = MailEvent::Transcript { message, words };
                self.mail_once(conversation, format!("transcript/{conversation}"), key, event, received)
            }
            Ingest::Preference { conversation, key, consent, refused, received } => {
                let event = MailEvent::Preference { consent, refused };
                self.mail_once(conversation, format!("preference/{conversation}"), key, event, received)
            }
            Ingest::Operator { conversation, key, by, operator, received } => {
                let event = MailEvent::Operator { operator, by };
                self.mail_once(conversation, format!("operator/{conversation}"), key, event, received)
            }
        }
    }

    fn mail_once(
        &mut self,
        conversation: ConversationId,
        source: String,
        key: String,
        event: MailEvent,
        received: DateTime<Utc>,
    ) -> Ingested {
        let Some(row) = self.conversations.get_mut(&conversation) else { return Ingested::Unknown };
        if !self.seen.insert((source, key)) {
            return Ingested::Duplicate;
        }
        row.put_mail(event, received, received);
        Ingested::Queued(conversation)
    }

    fn message(
        &mut self,
        channel: ChannelId,
        message: Box<Inbound>,
        due: DateTime<Utc>,
        received: DateTime<Utc>,
    ) -> Ingested {
        if !self.seen.insert((format!("message/{channel}"), message.id.as_str().to_owned())) {
            return Ingested::Duplicate;
        }
        let contact = self.note_contact(&message);
        let is_theirs = |row: &Conversation| row.contact == contact && row.channel == channel;
        let known = self.conversations.iter().find(|(_, row)| is_theirs(row)).map(|(id, _)| *id);
        let id = known.unwrap_or_else(|| ConversationId::derive(&[&contact.to_string(), channel.as_str()]));
        let row = self.conversations.entry(id).or_insert_with(|| Conversation::new(channel, contact, received));
        row.put_mail(MailEvent::Message { message, about: None }, due, received);
        Ingested::Queued(id)
    }

    /// The contact that wrote, made when new, with everything that the message tells about it.
    fn note_contact(&mut self, message: &Inbound) -> ContactId {
        let user = &message.from;
        let id = self.contact_of(user).unwrap_or_else(|| {
            // Numbered, so that a phone number that changed hands makes a second contact, not the first one again.
            ContactId::derive(&[&self.tenant, &self.contacts.len().to_string()])
        });
        let row = self.contacts.entry(id).or_insert_with(|| ContactRow {
            contact: Contact {
                id,
                user: ChannelUser::default(),
                name: None,
                email: None,
                language: None,
                opted_out: BTreeSet::new(),
                last_inbound: None,
                came_from: None,
            },
            name_told: false,
        });
        if message.profile_name.is_some() && !row.name_told {
            row.contact.name.clone_from(&message.profile_name);
        }
        if !matches!(message.content, Content::IdentityChanged { .. }) {
            row.contact.last_inbound = row.contact.last_inbound.max(Some(message.at));
        }
        self.name_contact(id, user);
        if let Content::IdentityChanged { new } = &message.content {
            self.same_person(id, new);
            self.name_contact(id, new);
        }
        id
    }

    /// Somebody has new names. Whoever wrote under one of them already is the same person, and becomes one contact with
    /// them; unless it is a number that stands for another id: then it changed hands.
    fn same_person(&mut self, keep: ContactId, new: &ChannelUser) {
        let by_id = new.user_id.as_ref().and_then(|id| self.user_ids.get(id).copied());
        let by_phone = new.phone.as_ref().and_then(|phone| self.phones.get(phone.canonical().as_ref()).copied());
        for (other, is_id) in [(by_id, true), (by_phone, false)] {
            let Some(other) = other.filter(|other| *other != keep) else { continue };
            let Some(row) = self.contacts.get_mut(&other) else { continue };
            let known_as = row.contact.user.user_id.as_ref();
            if is_id || known_as.is_none() || known_as == new.user_id.as_ref() {
                self.merge(keep, other);
            } else {
                row.contact.user.phone = None;
            }
        }
    }

    /// Makes two contacts one: names, bookings and reminders go to `keep`, and conversations where it has none on the channel.
    fn merge(&mut self, keep: ContactId, gone: ContactId) {
        for owner in self.phones.values_mut().chain(self.user_ids.values_mut()).filter(|owner| **owner == gone) {
            *owner = keep;
        }
        for row in self.bookings.values_mut().filter(|row| row.contact == gone) {
            row.contact = keep;
        }
        let of = |rows: &Self, who| -> Vec<(ConversationId, ChannelId)> {
            let rows = rows.conversations.iter().filter(|(_, row)| row.contact == who);
            rows.map(|(id, row)| (*id, row.channel.clone())).collect()
        };
        let kept = of(self, keep);
        for (old, channel) in of(self, gone) {
            match kept.iter().find(|(_, through)| *through == channel) {
                None => {
                    if let Some(row) = self.conversations.get_mut(&old) {
                        row.contact = keep;
                    }
                }
                Some((other, _)) => {
                    for row in self.bookings.values_mut().filter(|row| row.conversation == old) {
                        row.conversation = *other;
                    }
                    let timers = self.conversations.get_mut(&old).map(|row| std::mem::take(&mut row.timers));
                    if let (Some(timers), Some(row)) = (timers, self.conversations.get_mut(other)) {
                        row.timers.extend(timers);
                    }
                }
            }
        }
        let Some(gone) = self.contacts.get_mut(&gone) else { return };
        gone.contact.user = ChannelUser::default();
        let (name_told, other) = (gone.name_told, gone.contact.clone());
        let Some(row) = self.contacts.get_mut(&keep) else { return };
        row.name_told |= name_told;
        let kept = &mut row.contact;
        kept.name = kept.name.take().or(other.name);
        kept.email = kept.email.take().or(other.email);
        kept.language = kept.language.or(other.language);
        kept.last_inbound = kept.last_inbound.max(other.last_inbound);
        kept.came_from = kept.came_from.take().or(other.came_from);
        if kept.opted_out.is_empty() {
            kept.opted_out = other.opted_out;
        }
    }

    /// Adds names to a contact; the latest of each kind is the one to write to, older ones still find it.
    fn name_contact(&mut self, id: ContactId, user: &ChannelUser) {
        let Some(row) = self.contacts.get_mut(&id) else { return };
        if let Some(phone) = &user.phone {
            // Another spelling of the number that they are written to under is no other number.
            let known = row.contact.user.phone.as_ref().is_some_and(|known| known.canonical() == phone.canonical());
            if !known {
                row.contact.user.phone = Some(phone.clone());
            }
            self.phones.insert(phone.canonical().into_owned(), id);
        }
        if let Some(user_id) = &user.user_id {
            row.contact.user.user_id = Some(user_id.clone());
            self.user_ids.insert(user_id.clone(), id);
        }
    }

    /// A status: by the provider's id; by our key, where the id is news; else kept until its message is known.
    fn status(&mut self, channel: &ChannelId, status: DeliveryStatus, received: DateTime<Utc>) -> Ingested {
        let address = (channel.clone(), status.message.clone());
        if let Some(place) = self.handed_over.get(&address).copied() {
            return self.advance(place, status, received);
        }
        let part = status.key.map(DeliveryKey::part_of);
        let place = part.and_then(|part| Some((self.keys.get(&part.whole).copied()?, part)));
        let Some(((conversation, index), part)) = place.filter(|((id, _), _)| self.is_through(*id, channel)) else {
            self.early.entry(address).or_default().push(status);
            return Ingested::Unknown;
        };
        let row = self.conversations.get_mut(&conversation).and_then(|row| row.outbox.get_mut(index));
        let Some(row) = row else { return Ingested::Unknown };
        if matches!(row.place, OutState::Sending { .. }) {
            // Its sender is about to say which parts went out: until then it is only noted.
            row.early.push(status);
            return Ingested::Applied;
        }
        // The answer of an earlier attempt was lost, and this is what became of it.
        row.learn(status.message.clone(), part, received);
        self.handed_over.insert(address, (conversation, index));
        self.advance((conversation, index), status, received);
        self.apply_early((conversation, index), received);
        Ingested::Applied
    }

    fn is_through(&self, conversation: ConversationId, channel: &ChannelId) -> bool {
        self.conversations.get(&conversation).is_some_and(|row| row.channel == *channel)
    }

    /// Moves a message forward, never back. One of several parts still on their way is noted for later.
    pub(super) fn advance(
        &mut self,
        (conversation, index): (ConversationId, usize),
        status: DeliveryStatus,
        received: DateTime<Utc>,
    ) -> Ingested {
        let row = self.conversations.get_mut(&conversation).and_then(|row| row.outbox.get_mut(index));
        let Some(row) = row else { return Ingested::Unknown };
        match row.place {
            OutState::HandedOver(stage) if status.stage > stage => row.place = OutState::HandedOver(status.stage),
            OutState::HandedOver(_) | OutState::Dead | OutState::Withdrawn => return Ingested::Duplicate,
            OutState::Queued { .. } | OutState::Sending { .. } | OutState::Unknown { .. } => {
                row.early.push(status);
                return Ingested::Applied;
            }
        }
        if status.stage == Stage::Failed {
            self.failed(conversation, index, status.failure, received);
        }
        Ingested::Applied
    }

    /// A message will not arrive: once more as a template where that helps, else the conversation hears of it.
    fn failed(
        &mut self,
        conversation: ConversationId,
        index: usize,
        failure: Option<StatusFailure>,
        received: DateTime<Utc>,
    ) {
        let Some(row) = self.conversations.get_mut(&conversation) else { return };
        let Some(out) = row.outbox.get(index) else { return };
        let outside = failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::OutsideWindow);
        match &out.body {
            OutboxBody::Reply { reply, lang, as_template: false, branch } if outside && reply.template.is_some() => {
                let again = NewOutbox {
                    key: DeliveryKey::derive(&[&out.key.to_string(), "template"]),
                    body: OutboxBody::Reply {
                        reply: reply.clone(),
                        lang: *lang,
                        as_template: true,
                        branch: branch.clone(),
                    },
                    about: out.about,
                    keep: out.keep,
                    for_person: out.for_person,
                };
                self.queue(conversation, again, received);
            }
            _ => {
                let detail = failure.map(|failure| failure.detail).unwrap_or_default();
                row.put_mail(MailEvent::Undeliverable { detail }, received, received);
            }
        }
    }

    /// Applies the statuses that came before a message was known.
    pub(super) fn apply_early(&mut self, place: (ConversationId, usize), received: DateTime<Utc>) {
        let Some(row) = self.conversations.get_mut(&place.0) else { return };
        let Some(out) = row.outbox.get_mut(place.1).filter(|out| !out.is_live()) else { return };
        let mut waiting: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for status in std::mem::take(&mut out.early) {
            waiting.entry((row.channel.clone(), status.message.clone())).or_default().push(status);
        }
        for part in &out.parts {
            let address = (row.channel.clone(), part.clone());
            let early = self.early.remove(&address).unwrap_or_default();
            waiting.entry(address).or_default().extend(early);
        }
        for (address, statuses) in waiting {
            self.handed_over.insert(address, place);
            for status in statuses {
                self.advance(place, status, received);
            }
        }
    }
}
