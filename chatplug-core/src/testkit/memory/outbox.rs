//! Messages out: in order per conversation, each handed over once as far as anybody can tell.

use super::rows::{Conversation, Line, OutRow, OutState, Rows};
use crate::{
    model::{ConversationId, Stage},
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
    /// A status proves that a part went out of which no sender told: the part whose answer was lost.
    fn adopt(&mut self) -> bool {
        let lost = self.early.iter().map(|status| &status.message).find(|id| !self.parts.contains(id)).cloned();
        let adopted = lost.is_some();
        if adopted {
            self.parts.extend(lost);
            self.place = OutState::HandedOver(Stage::Sent);
        }
        adopted
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
            } else if matches!(out.place, OutState::Sending { .. }) && out.adopt() {
                self.apply_early((id, index), now);
            } else {
                return self.take(id, index, until);
            }
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
            parts_sent: u32::try_from(out.parts.len()).unwrap_or(u32::MAX),
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
        out.parts.extend(record.parts);
        match record.result {
            DeliveryResult::Sent { messages, shown } => {
                out.parts.extend(messages);
                out.shown = Some(shown);
                out.place = OutState::HandedOver(Stage::Sent);
            }
            DeliveryResult::Retry { at, as_template: want, .. } => {
                if let OutboxBody::Reply { as_template, .. } = &mut out.body {
                    *as_template |= want;
                }
                out.place = OutState::Queued { at };
                out.adopt();
            }
            DeliveryResult::Unknown { until, repeat } => {
                out.was_unknown = true;
                out.place = OutState::Unknown { until, repeat };
                out.adopt();
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
