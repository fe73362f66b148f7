//! Turns: leases, commits, and when the next turn is due.

use super::rows::{BookingRow, Conversation, Rows};
use crate::{
    dialogue::ContactChange,
    model::{Booking, BookingId, ChannelId, Content, ConversationId, Inbound},
    ports::{Committed, Lease, Leased, Mail, MailEvent, StoreError, TurnCommit},
};
use chrono::{DateTime, Utc};

impl Conversation {
    /// When its next turn may run; `None`: nothing waits for one.
    pub(super) fn turn_due(&self) -> Option<DateTime<Utc>> {
        let mail = self.mail.iter().filter(|mail| !mail.read).map(|mail| mail.due);
        let timers = self.timers.values().map(|(_, at)| *at);
        // Whoever opened the action and did not give the lease back is gone: it goes on when the lease runs out.
        let orphan = self.lease.filter(|_| self.action.is_some()).map(|(_, until)| until);
        let due = mail.chain(timers).chain(self.wake_at).chain(orphan).min()?;
        let leased_until = self.lease.map(|(_, until)| until);
        Some(due).max(leased_until).max(self.not_before)
    }

    fn is_held_by(&self, lease: &Lease) -> bool {
        self.version == lease.version && self.lease.is_some_and(|(token, _)| token == lease.token)
    }
}

impl Rows {
    pub(super) fn lease(&mut self, id: ConversationId, until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Leased> {
        let row = self.conversations.get_mut(&id)?;
        if row.turn_due()? > now {
            return None;
        }
        self.last_token += 1;
        let token = self.last_token;
        row.lease = Some((token, until));
        row.not_before = None;
        let row = self.conversations.get(&id)?;
        let mut timers: Vec<_> = row.timers.values().filter(|(_, at)| *at <= now).collect();
        timers.sort_by_key(|(_, at)| *at);
        Some(Leased {
            lease: Lease { conversation: id, token, version: row.version, until },
            channel: row.channel.clone(),
            contact: self.contacts.get(&row.contact)?.contact.clone(),
            holder: row.holder,
            state: row.state.clone(),
            action: row.action.clone(),
            bookings: self.bookings_of(row.contact, now),
            mail: self.mail_for_turn(row, now),
            timers: timers.into_iter().map(|(timer, _)| timer.clone()).collect(),
            turns: i64::try_from(row.turns.len()).unwrap_or(i64::MAX),
        })
    }

    /// What is due; with a message of the client among it everything that came since: a burst is one thought.
    fn mail_for_turn(&self, row: &Conversation, now: DateTime<Utc>) -> Vec<Mail> {
        let is_message = |event: &MailEvent| matches!(event, MailEvent::Message { .. });
        let burst = row.mail.iter().any(|mail| !mail.read && mail.due <= now && is_message(&mail.event));
        let mut mail: Vec<Mail> = (1..)
            .zip(&row.mail)
            .filter(|(_, mail)| !mail.read && (burst || mail.due <= now))
            .map(|(seq, mail)| Mail {
                seq,
                received: mail.received,
                event: self.with_subject(&row.channel, mail.event.clone()),
            })
            .collect();
        mail.sort_by_key(|mail| match &mail.event {
            MailEvent::Message { message, .. } => (message.at, mail.seq),
            _ => (mail.received, mail.seq),
        });
        mail
    }

    /// Adds the booking that the quoted message of ours spoke of.
    fn with_subject(&self, channel: &ChannelId, event: MailEvent) -> MailEvent {
        match event {
            MailEvent::Message { message, .. } => {
                MailEvent::Message { about: self.subject(channel, &message), message }
            }
            other => other,
        }
    }

    fn subject(&self, channel: &ChannelId, message: &Inbound) -> Option<BookingId> {
        let quoted = match &message.content {
            Content::Reaction { target, .. } => Some(target),
            _ => message.quoted.as_ref(),
        };
        let (conversation, index) = self.handed_over.get(&(channel.clone(), quoted?.clone()))?;
        self.conversations.get(conversation)?.outbox.get(*index)?.about
    }

    pub(super) fn commit(&mut self, commit: TurnCommit) -> Result<Committed, StoreError> {
        let id = commit.lease.conversation;
        // The one thing that can fail is looked at before anything is written: all or nothing.
        let row = self.conversations.get_mut(&id).filter(|row| row.is_held_by(&commit.lease));
        let row = row.ok_or(StoreError::Fenced)?;

        row.version += 1;
        row.lease = commit.keep_until.map(|until| (commit.lease.token, until));
        row.not_before = None;
        row.state = Some(commit.state);
        row.action = commit.action;
        row.wake_at = commit.wake_at;
        row.active = row.active.max(commit.now);
        row.holder = commit.holder.unwrap_or(row.holder);
        row.turns.extend(commit.record);
        for (seq, outcome) in commit.read {
            let place = usize::try_from(seq - 1).ok();
            if let Some(mail) = place.and_then(|place| row.mail.get_mut(place)) {
                mail.read = true;
                mail.outcome = outcome.or(mail.outcome);
            }
        }
        for timer in commit.rang.iter().chain(&commit.cancel_timers) {
            row.timers.remove(&timer.key());
        }
        row.timers.extend(commit.set_timers.into_iter().map(|(timer, at)| (timer.key(), (timer, at))));
        if commit.withdraw {
            row.withdraw();
        }
        for event in commit.notify {
            row.note(event, commit.now);
        }
        let lease = commit.keep_until.map(|until| Lease { version: row.version, until, ..commit.lease });

        for message in commit.outbox {
            self.queue(id, message, commit.now);
        }
        for booking in commit.bookings {
            self.keep_booking(id, booking);
        }
        self.change_contact(id, commit.contact);
        for action in commit.unclaim {
            self.unclaim(action);
        }
        self.audit.extend(commit.audit);
        let delivery = commit.take_delivery.and_then(|until| self.next_delivery(id, until, commit.now));
        Ok(Committed { lease, delivery })
    }

    pub(super) fn release(&mut self, lease: &Lease, retry: DateTime<Utc>) {
        let row = self.conversations.get_mut(&lease.conversation).filter(|row| row.is_held_by(lease));
        if let Some(row) = row {
            row.lease = None;
            row.not_before = Some(retry);
            // An open action has no other reason to be due.
            if row.action.is_some() {
                row.wake_at = row.wake_at.or(Some(retry));
            }
        }
    }

    fn keep_booking(&mut self, conversation: ConversationId, mut booking: Booking) {
        let Some(contact) = self.conversations.get(&conversation).map(|row| row.contact) else { return };
        let reference = booking.reference.clone();
        let known = booking.id.or_else(|| self.aliases.get(&reference).copied());
        let id = known.unwrap_or_else(|| {
            let (install, branch) = (reference.install.as_str(), reference.branch.as_str());
            BookingId::derive(&[&self.tenant, install, branch, &reference.backend_id])
        });
        booking.id = Some(id);
        self.aliases.insert(reference, id);
        self.bookings.insert(id, BookingRow { contact, conversation, booking });
    }

    fn change_contact(&mut self, conversation: ConversationId, changes: Vec<ContactChange>) {
        let contact = self.conversations.get(&conversation).map(|row| row.contact);
        let Some(row) = contact.and_then(|id| self.contacts.get_mut(&id)) else { return };
        for change in changes {
            match change {
                ContactChange::Language { lang } => row.contact.language = Some(lang),
                ContactChange::Name { name } => {
                    row.contact.name = Some(name);
                    row.name_told = true;
                }
                ContactChange::Email { email } => row.contact.email = Some(email),
                ContactChange::Consent { consent, refused: true } => {
                    row.contact.opted_out.insert(consent);
                }
                ContactChange::Consent { consent, refused: false } => {
                    row.contact.opted_out.remove(&consent);
                }
                ContactChange::CameFrom { came_from } => row.contact.came_from = Some(came_from),
            }
        }
    }
}
