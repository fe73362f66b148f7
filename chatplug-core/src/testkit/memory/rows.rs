//! The maps, and what can be read off them.

use crate::{
    dialogue::{Holder, Outcome, TeamEvent, Timer},
    model::{
        ActionKey, Booking, BookingId, BookingRef, BranchId, ChannelId, ChannelUser, ClaimSubject, Contact, ContactId,
        Content, ConversationId, DeliveryKey, DeliveryStatus, Inbound, MessageId, Outbound, Private, Stage, TenantId,
    },
    ports::{
        AuditRow, ConversationView, Figures, Install, LogEntry, MailEvent, OutboxBody, Route, StoreError, Swap,
        TenantSetup, Trace, TurnRecord,
    },
};
use chrono::{DateTime, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) routes: BTreeMap<(String, String), Route>,
    pub(super) tenants: BTreeMap<TenantId, Rows>,
    /// Counts changes of installs.
    pub(super) installs_mark: i64,
    /// The latest instant by which work was done.
    pub(super) newest: Option<DateTime<Utc>>,
}

/// One tenant's rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The tenant's id, part of every id that is made here.
    pub(super) tenant: String,
    pub(super) branches: BTreeSet<BranchId>,
    pub(super) installs: BTreeMap<BranchId, Install>,
    pub(super) swaps: BTreeMap<BranchId, Swap>,
    pub(super) channels: BTreeSet<ChannelId>,
    pub(super) contacts: BTreeMap<ContactId, ContactRow>,
    /// By the one way of writing a number, whichever spelling it came in.
    pub(super) phones: BTreeMap<String, ContactId>,
    pub(super) user_ids: BTreeMap<Private<String>, ContactId>,
    pub(super) conversations: BTreeMap<ConversationId, Conversation>,
    pub(super) bookings: BTreeMap<BookingId, BookingRow>,
    pub(super) aliases: BTreeMap<BookingRef, BookingId>,
    pub(super) claims: Vec<Claim>,
    pub(super) assigned: BTreeMap<ClaimSubject, DateTime<Utc>>,
    /// What came in before, so that it comes in once.
    pub(super) seen: BTreeSet<(String, String)>,
    /// Where an outgoing message lies, by our key and by the provider's ids.
    pub(super) keys: BTreeMap<DeliveryKey, (ConversationId, usize)>,
    pub(super) handed_over: BTreeMap<(ChannelId, MessageId), (ConversationId, usize)>,
    /// Statuses whose message is not known yet.
    pub(super) early: BTreeMap<(ChannelId, MessageId), Vec<DeliveryStatus>>,
    pub(super) audit: Vec<AuditRow>,
    pub(super) last_token: i64,
}

#[derive(Debug)]
pub(super) struct ContactRow {
    pub(super) contact: Contact,
    /// They told their name themselves: a profile's name does not replace it.
    pub(super) name_told: bool,
}

#[derive(Debug)]
pub(super) struct BookingRow {
    pub(super) contact: ContactId,
    pub(super) conversation: ConversationId,
    pub(super) booking: Booking,
}

#[derive(Debug)]
pub(super) struct Claim {
    pub(super) action: ActionKey,
    pub(super) subject: ClaimSubject,
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) expires: DateTime<Utc>,
}

#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) channel: ChannelId,
    pub(super) contact: ContactId,
    pub(super) holder: Holder,
    pub(super) state: Option<String>,
    pub(super) action: Option<String>,
    pub(super) version: i64,
    /// Token and end of the lease.
    pub(super) lease: Option<(i64, DateTime<Utc>)>,
    /// Not before this instant: a turn could not run.
    pub(super) not_before: Option<DateTime<Utc>>,
    pub(super) wake_at: Option<DateTime<Utc>>,
    /// Everything that ever came; `seq` is the place in here, from 1.
    pub(super) mail: Vec<MailRow>,
    pub(super) timers: BTreeMap<String, (Timer, DateTime<Utc>)>,
    pub(super) outbox: Vec<OutRow>,
    pub(super) lines: Vec<Line>,
    pub(super) turns: Vec<TurnRecord>,
    pub(super) notices: Vec<NoticeRow>,
    pub(super) active: DateTime<Utc>,
}

#[derive(Debug)]
pub(super) struct MailRow {
    pub(super) received: DateTime<Utc>,
    pub(super) due: DateTime<Utc>,
    pub(super) event: MailEvent,
    pub(super) read: bool,
    /// The client waited too long for its outcome, and was told so.
    pub(super) attended: bool,
    pub(super) outcome: Option<Outcome>,
}

/// Something that the team should hear.
#[derive(Debug)]
pub(super) struct NoticeRow {
    pub(super) event: TeamEvent,
    pub(super) at: DateTime<Utc>,
    pub(super) attempt: u32,
    pub(super) place: NoticeState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoticeState {
    Queued { at: DateTime<Utc> },
    Telling { until: DateTime<Utc> },
    Told,
    Dead,
}

/// Places of the log's lines.
#[derive(Debug)]
pub(super) enum Line {
    In(usize),
    Out(usize),
}

/// An outgoing message.
#[derive(Debug)]
pub(super) struct OutRow {
    pub(super) key: DeliveryKey,
    pub(super) body: OutboxBody,
    pub(super) about: Option<BookingId>,
    pub(super) keep: bool,
    pub(super) for_person: bool,
    pub(super) queued: DateTime<Utc>,
    pub(super) attempt: u32,
    pub(super) was_unknown: bool,
    pub(super) place: OutState,
    /// The provider's ids of parts that were handed over.
    pub(super) parts: Vec<MessageId>,
    /// How many were: of some only a later one's status tells.
    pub(super) parts_out: u32,
    /// Statuses that came before it was settled.
    pub(super) early: Vec<DeliveryStatus>,
    pub(super) shown: Option<Private<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutState {
    Queued { at: DateTime<Utc> },
    Sending { until: DateTime<Utc> },
    Unknown { until: DateTime<Utc>, repeat: bool },
    HandedOver(Stage),
    Dead,
    Withdrawn,
}

impl State {
    pub(super) fn register(&mut self, tenant: &TenantId, setup: &TenantSetup) -> Result<(), StoreError> {
        for (provider, external_id, _) in &setup.routes {
            let owner = self.routes.get(&(provider.clone(), external_id.clone())).map(|route| &route.tenant);
            if owner.is_some_and(|owner| owner != tenant) {
                return Err(StoreError::RouteTaken { provider: provider.clone(), external_id: external_id.clone() });
            }
        }
        let installed: BTreeSet<(String, String)> = self.tenants.get(tenant).map(Rows::addresses).unwrap_or_default();
        self.routes.retain(|address, route| route.tenant != *tenant || installed.contains(address));
        for (provider, external_id, route) in &setup.routes {
            let route = Route { tenant: tenant.clone(), ..route.clone() };
            self.routes.insert((provider.clone(), external_id.clone()), route);
        }
        let rows = self.tenants.entry(tenant.clone()).or_default();
        tenant.as_str().clone_into(&mut rows.tenant);
        rows.branches.extend(setup.branches.iter().cloned());
        rows.channels.extend(setup.channels.iter().cloned());
        Ok(())
    }

    pub(super) fn figures(&self, answer_within: Duration, now: DateTime<Utc>) -> Figures {
        let mut figures = Figures::default();
        let age = |at: DateTime<Utc>| u64::try_from((now - at).num_milliseconds()).unwrap_or(0);
        for row in self.tenants.values().flat_map(|rows| rows.conversations.values()) {
            figures.conversations += 1;
            figures.actions_open += u64::from(row.action.is_some());
            figures.turns_open += u64::from(row.lease.is_some_and(|(_, until)| until > now));
            figures.overdue += u64::from(row.unanswered_since().is_some_and(|since| since < now - answer_within));
            for notice in &row.notices {
                figures.notices_queued += u64::from(notice.place.due().is_some());
                figures.notices_dead += u64::from(notice.place == NoticeState::Dead);
            }
            for mail in row.mail.iter().filter(|mail| !mail.read && mail.due <= now) {
                figures.mail_due += 1;
                figures.mail_age_ms = figures.mail_age_ms.max(age(mail.received));
            }
            for out in &row.outbox {
                match out.place {
                    OutState::Queued { .. } => {
                        figures.outbox_queued += 1;
                        figures.outbox_age_ms = figures.outbox_age_ms.max(age(out.queued));
                    }
                    OutState::Unknown { .. } => figures.outbox_unknown += 1,
                    OutState::Dead => figures.outbox_dead += 1,
                    OutState::Sending { .. } | OutState::HandedOver(_) | OutState::Withdrawn => {}
                }
            }
        }
        figures
    }
}

impl Rows {
    /// Addresses of what is installed.
    fn addresses(&self) -> BTreeSet<(String, String)> {
        self.installs.values().map(|install| (install.provider.clone(), install.external_id.clone())).collect()
    }

    /// The contact that a channel's names belong to: by user id first, because phone numbers change hands.
    pub(super) fn contact_of(&self, user: &ChannelUser) -> Option<ContactId> {
        let by_id = user.user_id.as_ref().and_then(|id| self.user_ids.get(id));
        if by_id.is_some() {
            return by_id.copied();
        }
        let contact = *self.phones.get(user.phone.as_ref()?.canonical().as_ref())?;
        let known_as = self.contacts.get(&contact).and_then(|row| row.contact.user.user_id.as_ref());
        // The number of one person under the user id of another: it was given to somebody else.
        let changed_hands = user.user_id.is_some() && known_as.is_some() && known_as != user.user_id.as_ref();
        (!changed_hands).then_some(contact)
    }

    pub(super) fn booking(&self, reference: &BookingRef) -> Option<&BookingRow> {
        self.bookings.get(self.aliases.get(reference)?)
    }

    pub(super) fn bookings_of(&self, contact: ContactId, after: DateTime<Utc>) -> Vec<Booking> {
        let rows = self.bookings.values().filter(|row| row.contact == contact && row.booking.end > after);
        let mut bookings: Vec<Booking> = rows.map(|row| row.booking.clone()).collect();
        bookings.sort_by_key(|booking| booking.start);
        bookings
    }

    pub(super) fn knows(&self, channel: &ChannelId, trace: &Trace) -> bool {
        match trace {
            Trace::Received(id) => self.seen.contains(&(format!("message/{channel}"), id.as_str().to_owned())),
            Trace::Sent { message, key } => {
                let key = key.and_then(|key| self.keys.get(&key.part_of().whole));
                let through = |(id, _): &(ConversationId, usize)| {
                    self.conversations.get(id).is_some_and(|row| row.channel == *channel)
                };
                self.handed_over.contains_key(&(channel.clone(), message.clone())) || key.is_some_and(through)
            }
        }
    }

    pub(super) fn view(&self, id: ConversationId) -> Option<ConversationView> {
        let row = self.conversations.get(&id)?;
        Some(ConversationView {
            id,
            channel: row.channel.clone(),
            contact: self.contacts.get(&row.contact)?.contact.clone(),
            holder: row.holder,
            state: row.state.clone(),
            action: row.action.clone(),
            active: row.active,
            version: row.version,
            unread: row.mail.iter().any(|mail| !mail.read),
        })
    }
}

impl Conversation {
    pub(super) fn new(channel: ChannelId, contact: ContactId, now: DateTime<Utc>) -> Self {
        Self {
            channel,
            contact,
            holder: Holder::Bot,
            state: None,
            action: None,
            version: 0,
            lease: None,
            not_before: None,
            wake_at: None,
            mail: Vec::new(),
            timers: BTreeMap::new(),
            outbox: Vec::new(),
            lines: Vec::new(),
            turns: Vec::new(),
            notices: Vec::new(),
            active: now,
        }
    }

    pub(super) fn put_mail(&mut self, event: MailEvent, due: DateTime<Utc>, received: DateTime<Utc>) {
        if matches!(event, MailEvent::Message { .. }) {
            self.lines.push(Line::In(self.mail.len()));
        }
        self.mail.push(MailRow { received, due, event, read: false, attended: false, outcome: None });
        self.active = self.active.max(received);
    }

    pub(super) fn log(&self, limit: usize) -> Vec<LogEntry> {
        let skip = self.lines.len().saturating_sub(limit);
        let entry = |line: &Line| match line {
            Line::In(place) => self.mail.get(*place).and_then(MailRow::log_entry),
            Line::Out(place) => self.outbox.get(*place).map(OutRow::log_entry),
        };
        self.lines.iter().skip(skip).filter_map(entry).collect()
    }
}

impl MailRow {
    fn log_entry(&self) -> Option<LogEntry> {
        let MailEvent::Message { message, .. } = &self.event else { return None };
        Some(LogEntry {
            message: Some(message.id.clone()),
            key: None,
            inbound: true,
            at: self.received,
            text: Private::new(text_of(message)),
            status: String::new(),
            outcome: self.outcome,
        })
    }
}

impl OutRow {
    fn log_entry(&self) -> LogEntry {
        let status = match self.place {
            OutState::Queued { .. } => "queued",
            OutState::Sending { .. } => "sending",
            OutState::Unknown { .. } => "unknown",
            OutState::HandedOver(Stage::Sent) => "sent",
            OutState::HandedOver(Stage::Delivered) => "delivered",
            OutState::HandedOver(Stage::Read) => "read",
            OutState::HandedOver(Stage::Failed) => "failed",
            OutState::Dead => "dead",
            OutState::Withdrawn => "withdrawn",
        };
        let unsent = match &self.body {
            OutboxBody::Words { text } => text.clone(),
            OutboxBody::Ready { message: Outbound::Text { body } } => Private::new(body.clone()),
            OutboxBody::Ready { .. } | OutboxBody::Reply { .. } => Private::default(),
        };
        LogEntry {
            message: self.parts.first().cloned(),
            key: Some(self.key),
            inbound: false,
            at: self.queued,
            text: self.shown.clone().unwrap_or(unsent),
            status: status.to_owned(),
            outcome: None,
        }
    }
}

/// What a message said, as far as it said it in text.
fn text_of(message: &Inbound) -> String {
    let text = match &message.content {
        Content::Text { body } => Some(body.reveal()),
        Content::Tap(tap) => Some(&tap.title),
        Content::Location { name, address, .. } => name.as_ref().or(address.as_ref()),
        Content::Media(media) => media.caption.as_ref().map(Private::reveal),
        Content::Reaction { emoji, .. } => emoji.as_ref(),
        Content::Edit { body, .. } => body.as_ref().map(Private::reveal),
        Content::Revoke { .. }
        | Content::Contacts { .. }
        | Content::Order
        | Content::Form { .. }
        | Content::IdentityChanged { .. }
        | Content::Unsupported { .. } => None,
    };
    text.cloned().unwrap_or_default()
}
