//! Clients who wait too long, and what the team should hear.

use super::rows::{Conversation, NoticeRow, NoticeState, Rows};
use crate::{
    dialogue::TeamEvent,
    model::ConversationId,
    ports::{Attention, MailEvent, NoticeRecord, NoticeResult, QueuedNotice},
};
use chrono::{DateTime, Utc};

impl NoticeState {
    /// When there is something to do about it; `None`: never again.
    pub(super) const fn due(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Queued { at } => Some(at),
            Self::Telling { until } => Some(until),
            Self::Told | Self::Dead => None,
        }
    }
}

impl Conversation {
    /// Since when the client waits for an outcome, as far as nobody attended to it.
    pub(super) fn unanswered_since(&self) -> Option<DateTime<Utc>> {
        let waiting = self.mail.iter().filter(|mail| !mail.read && !mail.attended);
        waiting.filter(|mail| matches!(mail.event, MailEvent::Message { .. })).map(|mail| mail.received).min()
    }

    /// When the team should hear the next thing; one that must wait does not hold up the others.
    pub(super) fn notice_due(&self) -> Option<DateTime<Utc>> {
        self.notices.iter().filter_map(|notice| notice.place.due()).min()
    }

    pub(super) fn note(&mut self, event: TeamEvent, now: DateTime<Utc>) {
        self.notices.push(NoticeRow { event, at: now, attempt: 0, place: NoticeState::Queued { at: now } });
    }
}

impl Rows {
    pub(super) fn attend(&mut self, attention: Attention) -> bool {
        let Attention { conversation, received_before, holding, notice, audit, now } = attention;
        let Some(row) = self.conversations.get_mut(&conversation) else { return false };
        if row.unanswered_since().is_none_or(|since| since >= received_before) {
            return false;
        }
        for mail in &mut row.mail {
            mail.attended = true;
        }
        row.note(notice, now);
        if let Some(holding) = holding {
            self.queue(conversation, holding, now);
        }
        self.audit.push(audit);
        true
    }

    pub(super) fn next_notice(
        &mut self,
        conversation: ConversationId,
        until: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<QueuedNotice> {
        let notices = &mut self.conversations.get_mut(&conversation)?.notices;
        let mut numbered = (1..).zip(notices);
        let (seq, notice) = numbered.find(|(_, notice)| notice.place.due().is_some_and(|due| due <= now))?;
        notice.attempt += 1;
        notice.place = NoticeState::Telling { until };
        Some(QueuedNotice { seq, event: notice.event.clone(), at: notice.at, attempt: notice.attempt })
    }

    pub(super) fn record_notice(&mut self, record: &NoticeRecord) {
        let row = self.conversations.get_mut(&record.conversation);
        let place = usize::try_from(record.seq - 1).ok();
        let notice = row.zip(place).and_then(|(row, place)| row.notices.get_mut(place));
        let is_this = |notice: &&mut NoticeRow| {
            notice.attempt == record.attempt && matches!(notice.place, NoticeState::Telling { .. })
        };
        if let Some(notice) = notice.filter(is_this) {
            notice.place = match record.result {
                NoticeResult::Told => NoticeState::Told,
                NoticeResult::Retry { at } => NoticeState::Queued { at },
                NoticeResult::Dead { .. } => NoticeState::Dead,
            };
        }
    }
}
