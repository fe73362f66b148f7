//! Messages out: in order per conversation, each handed over once as far as anybody can tell.

use super::rows::{Conversation, Line, OutRow, OutState, Rows};
use crate::{
    model::{ConversationId, DeliveryPart, MessageId, Stage},
    ports::{Delivery, DeliveryRecord, DeliveryResult, MailEvent, NewOutbox, OutboxBody},
};
use chrono::{DateTime, Utc};

impl OutState {
    /// When there is something to do about it; `None`: never again.
    const fn due(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Queued { at } => Some(at),
            Self::Sending { until } | Self::Unknown { until, .. } => Some(until),
            Self::HandedOver(_) | Self::Dead | Self::Withdrawn => None,
        }
    }
}

impl OutRow {
    /// Not settled yet.
    pub(super) const fn is_live(&self) -> bool {
        self.place.due().is_some()
    }

    /// Statuses that wait prove that parts went out of which no sender told. Whether the message is settled by that.
    fn adopt(&mut self, now: DateTime<Utc>) -> bool {
        for status in self.early.clone() {
            if let Some(key) = status.key.filter(|_| !self.parts.contains(&status.message)) {
                self.learn(status.message, key.part_of(), now);
            }
        }
        self.place.due().is_none()
    }

    /// A status speaks of a part of which no sender told: it went out, and so did those before it. With the last one the
    /// message is handed over, whatever was known of it; the rest may go at once when only this answer was lost.
    pub(super) fn learn(&mut self, message: MessageId, part: DeliveryPart, now: DateTime<Utc>) {
        let was_lost = part.part >= self.parts_out;
        self.parts.push(message);
        self.parts_out = self.parts_out.max(part.part + 1);
        match self.place {
            OutState::HandedOver(_) => {}
            _ if part.last => self.place = OutState::HandedOver(Stage::Sent),
            OutState::Unknown { .. } if was_lost => self.place = OutState::Queued { at: now },
            _ => {}
        }
    }

    fn went_out(&mut self, parts: Vec<MessageId>) {
        self.parts_out = self.parts_out.saturating_add(u32::try_from(parts.len()).unwrap_or(u32::MAX));
        self.parts.extend(parts);
    }
}

impl Conversation {
    /// When its next message may be sent; `None`: none waits. The first one that is not settled holds up the others.
    pub(super) fn delivery_due(&self) -> Option<DateTime<Utc>> {
        self.outbox.iter().find_map(|out| out.place.due())
    }

    pub(super) fn withdraw(&mut self) {
        for out in self.outbox.iter_mut().filter(|out| !out.keep) {
            if matches!(out.place, OutState::Queued { .. }) {
                out.place = OutState::Withdrawn;
            }
        }
    }
}

impl Rows {
    /// Queues a message; one whose key is known is queued already.
    pub(super) fn queue(&mut self, id: ConversationId, message: NewOutbox, now: DateTime<Utc>) {
        let Some(row) = self.conversations.get_mut(&id) else { return };
        if self.keys.contains_key(&message.key) {
            return;
        }
        self.keys.insert(message.key, (id, row.outbox.len()));
        row.lines.push(Line::Out(row.outbox.len()));
        row.outbox.push(OutRow {
            key: message.key,
            body: message.body,
            about: message.about,
            keep: message.keep,
            for_person: message.for_person,
            queued: now,
            attempt: 0,
            was_unknown: false,
            place: OutState::Queued { at: now },
            parts: Vec::new(),
            parts_out: 0,
            early: Vec::new(),
            shown: None,
        });
    }

    pub(super) fn next_delivery(
        &mut self,
        id: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<Delivery> {
        loop {
            let row = self.conversations.get_mut(&id)?;
            let index = row.outbox.iter().position(|out| out.place.due().is_some())?;
            let out = row.outbox.get_mut(index)?;
            if out.place.due()? > now {
                return None;
            }
            if matches!(out.place, OutState::Unknown { repeat: false, .. }) {
                out.place = OutState::Dead;
                let detail = "no answer and no status came".to_owned();
                row.put_mail(MailEvent::Undeliverable { detail }, now, now);
            } else if matches!(out.place, OutState::Sending { .. }) && out.adopt(now) {
                self.apply_early((id, index), now);
            } else {
                return self.take(id, index, until);
            }
        }
    }

    pub(super) fn postpone(&mut self, id: ConversationId, until: DateTime<Utc>, now: DateTime<Utc>) {
        let Some(row) = self.conversations.get_mut(&id) else { return };
        let head = row.outbox.iter_mut().find(|out| out.is_live());
        let Some(out) = head.filter(|out| out.place.due().is_some_and(|due| due <= now)) else { return };
        match &mut out.place {
            OutState::Queued { at } => *at = until,
            OutState::Sending { until: at } | OutState::Unknown { until: at, .. } => *at = until,
            OutState::HandedOver(_) | OutState::Dead | OutState::Withdrawn => {}
        }
    }

    fn take(&mut self, id: ConversationId, index: usize, until: DateTime<Utc>) -> Option<Delivery> {
        let row = self.conversations.get_mut(&id)?;
        let last_inbound = row.mail.iter().rev().find_map(|mail| match &mail.event {
            MailEvent::Message { message, .. } => Some(message.id.clone()),
            _ => None,
        });
        let out = row.outbox.get_mut(index)?;
        out.was_unknown |= matches!(out.place, OutState::Sending { .. } | OutState::Unknown { .. });
        out.place = OutState::Sending { until };
        out.attempt += 1;
        Some(Delivery {
            conversation: id,
            key: out.key,
            channel: row.channel.clone(),
            contact: self.contacts.get(&row.contact)?.contact.clone(),
            holder: row.holder,
            body: out.body.clone(),
            for_person: out.for_person,
            attempt: out.attempt,
            parts_sent: out.parts_out,
            was_unknown: out.was_unknown,
            queued: out.queued,
            last_inbound,
        })
    }

    pub(super) fn record_delivery(&mut self, record: DeliveryRecord) -> Option<Delivery> {
        let (id, now, take_next) = (record.conversation, record.now, record.take_next);
        self.settle(record);
        take_next.and_then(|until| self.next_delivery(id, until, now))
    }

    fn settle(&mut self, record: DeliveryRecord) {
        let Some(place) = self.keys.get(&record.key).copied() else { return };
        let Some(row) = self.conversations.get_mut(&place.0) else { return };
        let Some(out) = row.outbox.get_mut(place.1) else { return };
        if !matches!(out.place, OutState::Sending { .. }) || out.attempt != record.attempt {
            return;
        }
        out.went_out(record.parts);
        match record.result {
            DeliveryResult::Sent { messages, shown } => {
                out.went_out(messages);
                out.shown = Some(shown);
                out.place = OutState::HandedOver(Stage::Sent);
            }
            DeliveryResult::Retry { at, as_template: want, .. } => {
                if let OutboxBody::Reply { as_template, .. } = &mut out.body {
                    *as_template |= want;
                }
                out.place = OutState::Queued { at };
                out.adopt(record.now);
            }
            DeliveryResult::Later { at } => {
                out.attempt = out.attempt.saturating_sub(1);
                out.place = OutState::Queued { at };
                out.adopt(record.now);
            }
            DeliveryResult::Unknown { until, repeat } => {
                out.was_unknown = true;
                out.place = OutState::Unknown { until, repeat };
                out.adopt(record.now);
            }
            DeliveryResult::Dead { error } => {
                out.place = OutState::Dead;
                row.put_mail(MailEvent::Undeliverable { detail: error }, record.now, record.now);
            }
            DeliveryResult::Withdrawn => out.place = OutState::Withdrawn,
        }
        row.active = row.active.max(record.now);
        self.apply_early(place, record.now);
    }
}
