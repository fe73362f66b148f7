//! One turn of one conversation: lease, feed the dialogue, answer its questions, commit.

mod amend;
mod finish;
pub(super) mod hear;
mod voices;

pub(super) use voices::Waiting;

use super::{
    Engine, EngineEvent,
    deliver::Outgoing,
    facts,
    saga::EngineState,
    stock::{self, template_langs},
    world::stable_id,
};
use crate::{
    dialogue::{
        ActionOutcome, BranchView, ContactChange, Dialogue, Effect, Holder, Input, Operator, Outcome, Reach, Said,
        TeamEvent, Timer, World,
    },
    model::{
        Booking, BookingId, BookingRef, BranchId, Contact, ConversationId, DeliveryKey, Inbound, Lang, MessageRef,
        Outbound, TenantId,
    },
    ports::{
        AuditRow, ChannelSetup, ClientDetails, DirectoryError, Lease, Leased, Mail, MailEvent, NewOutbox, OutboxBody,
        Outlook, StoreError, Tenant, TenantStore,
    },
    reply::Reply,
};
use chrono::{DateTime, Duration, Utc};
use finish::apply;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use std::{sync::Arc, time::Instant};

/// A dialogue that asks more often than this within one turn is going in circles.
const MOST_STEPS: usize = 40;
/// A turn that cannot run now (its tenant is unknown, a store hiccup) is tried again after this.
const RETRY: Duration = Duration::seconds(5);
/// A turn that never can run is not tried more seldom than this.
const LONGEST_RETRY: Duration = Duration::minutes(5);
/// A reminder of a visit at a branch that is not served now is looked at again after this.
const HELD: Duration = Duration::minutes(10);
/// No action waits longer than this for its next step.
const LONGEST_WAIT: Duration = Duration::hours(1);

/// When a turn that could not run is tried again: the longer its mail waits, the later.
fn retry_in(oldest: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    oldest.map_or(RETRY, |oldest| ((now - oldest) / 4).clamp(RETRY, LONGEST_RETRY))
}

/// Why a turn ended without a commit.
#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the tenant cannot be served")]
    Directory(#[from] DirectoryError),
}

impl TurnError {
    const fn word(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Fenced) => "fenced",
            Self::Store(_) => "store",
            Self::Directory(_) => "directory",
        }
    }
}

/// What has changed since the last commit of this turn.
#[derive(Debug, Default)]
pub(super) struct Changes {
    read: Vec<(i64, Option<Outcome>)>,
    rang: Vec<Timer>,
    outbox: Vec<NewOutbox>,
    withdraw: bool,
    set_timers: Vec<(Timer, DateTime<Utc>)>,
    cancel_timers: Vec<Timer>,
    bookings: Vec<Booking>,
    contact: Vec<ContactChange>,
    holder: Option<Holder>,
    pub(super) unclaim: Vec<crate::model::ActionKey>,
    pub(super) audit: Vec<AuditRow>,
    notify: Vec<TeamEvent>,
}

/// A turn under way.
pub(super) struct Turn<'e> {
    pub(super) engine: &'e Engine,
    pub(super) tenant: Arc<Tenant>,
    pub(super) store: Arc<dyn TenantStore>,
    pub(super) lease: Lease,
    pub(super) now: DateTime<Utc>,
    pub(super) number: i64,
    pub(super) state: EngineState,
    pub(super) changes: Changes,
    pub(super) steps: Vec<Box<RawValue>>,
    channel: ChannelSetup,
    dialogue: Dialogue,
    pub(super) contact: Contact,
    holder: Holder,
    bookings: Vec<Booking>,
    /// Those at branches that are not served now: they stay as they are.
    silent: Vec<BookingId>,
    branches: Vec<BranchView>,
    /// The branches that the number serves, readable or not.
    places: Vec<BranchId>,
    /// Mail of the client's messages being read, for their outcomes.
    reading: Vec<(i64, crate::model::MessageId)>,
    /// What the client said while no catalogue could be read, read now.
    unread: Vec<Said>,
    /// Voice messages to be written down once this turn is committed.
    listen_to: Vec<super::voice::Listening>,
    /// Messages of this turn that were spoken.
    spoken: Vec<crate::model::MessageId>,
    /// Who of the business acts right now.
    acting: Option<String>,
    queued: u32,
    messages: usize,
    reach: Reach,
    started: Instant,
}

impl Engine {
    /// Runs a turn of a conversation, if it has due work and nobody else is at it. Answers a message to send, if one is
    /// ready.
    ///
    /// # Errors
    /// When the turn could not be begun, or not be put off: the conversation is due as before.
    pub(super) async fn turn(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
    ) -> Result<Option<Outgoing>, StoreError> {
        let store = self.inner.store.tenant(tenant);
        let now = self.inner.clock.now();
        let leased = match store.lease(conversation, now + self.inner.options.lease, now).await {
            Ok(Some(leased)) => leased,
            Ok(None) => return Ok(None),
            Err(error) => {
                let error = TurnError::Store(error);
                self.turn_failed(tenant, conversation, &error);
                return match error {
                    TurnError::Store(error) => Err(error),
                    TurnError::Directory(_) => Ok(None),
                };
            }
        };
        let lease = leased.lease.clone();
        let oldest = leased.mail.iter().map(|mail| mail.received).min();
        match self.run_turn(tenant, store.clone(), leased, now).await {
            Ok(delivery) => Ok(delivery),
            Err(error) => {
                self.turn_failed(tenant, conversation, &error);
                if !matches!(error, TurnError::Store(StoreError::Fenced)) {
                    // A failed release is no harm: the lease runs out by itself.
                    let now = self.inner.clock.now();
                    let _ = store.release(&lease, now + retry_in(oldest, now)).await;
                }
                Ok(None)
            }
        }
    }

    fn turn_failed(&self, tenant: &TenantId, conversation: ConversationId, error: &TurnError) {
        tracing::warn!(tenant.id = %tenant, conversation.id = %conversation, error = error as &dyn std::error::Error, "turn not committed");
        self.inner.observer.observe(&EngineEvent::TurnFailed { tenant, why: error.word() });
    }

    async fn run_turn(
        &self,
        tenant: &TenantId,
        store: Arc<dyn TenantStore>,
        leased: Leased,
        now: DateTime<Utc>,
    ) -> Result<Option<Outgoing>, TurnError> {
        let tenant = self.setup(tenant).await?;
        let Some(channel) = tenant.channel(&leased.channel).cloned() else {
            return Err(DirectoryError::Unknown(tenant.id.clone()).into());
        };
        if let Some(lobby) = tenant.lobby.clone() {
            return self.lobby_turn((tenant, lobby), channel, leased, now).await;
        }
        // Side by side: several that do not answer must not take longer than the lease together.
        let setups = channel.branches.iter().filter_map(|id| tenant.branch(id));
        let branches = join_all(setups.map(|setup| self.branch_view(&tenant, setup, now))).await;
        let branches = branches.into_iter().flatten().collect();
        let places = channel.branches.iter().filter(|id| tenant.branch(id).is_some()).cloned().collect();
        let dialogue = restore(leased.state.as_deref(), leased.lease.conversation);
        let state = leased.action.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let reach = self.reach(&tenant, &channel, &dialogue, &leased.contact).await;
        let (bookings, silent): (Vec<_>, Vec<_>) =
            leased.bookings.into_iter().partition(|booking| tenant.branch(&booking.reference.branch).is_some());
        let turn = Turn {
            engine: self,
            tenant,
            store,
            lease: leased.lease,
            now,
            number: leased.turns + 1,
            state,
            changes: Changes::default(),
            steps: Vec::new(),
            channel,
            dialogue,
            contact: leased.contact,
            holder: leased.holder,
            bookings,
            silent: silent.into_iter().filter_map(|booking| booking.id).collect(),
            branches,
            places,
            reading: Vec::new(),
            unread: Vec::new(),
            listen_to: Vec::new(),
            spoken: Vec::new(),
            acting: None,
            queued: 0,
            messages: 0,
            reach,
            started: Instant::now(),
        };
        turn.run(leased.mail, leased.timers).await
    }
}

/// The dialogue as it was committed; a new one when there was none, or when it cannot be read any more.
fn restore(state: Option<&str>, conversation: ConversationId) -> Dialogue {
    let Some(state) = state else { return Dialogue::new() };
    Dialogue::from_json(state).unwrap_or_else(|error| {
        tracing::error!(conversation.id = %conversation, error = &error as &dyn std::error::Error, "dialogue state not readable; the conversation starts anew");
        Dialogue::new()
    })
}

impl Turn<'_> {
    async fn run(mut self, mail: Vec<Mail>, timers: Vec<Timer>) -> Result<Option<Outgoing>, TurnError> {
        self.greet_with_ticks(&mail);
        self.resume().await?;
        self.unread = self.read_kept().await;
        let mut burst = Vec::new();
        for item in mail {
            match item.event {
                MailEvent::Message { message, about } => {
                    self.note_referral(&message);
                    burst.extend(self.put_aside((item.seq, *message, about)));
                }
                MailEvent::Transcript { message, words } => {
                    self.changes.read.push((item.seq, None));
                    burst.extend(self.written_down(&message, words));
                }
                other => {
                    self.said(std::mem::take(&mut burst)).await?;
                    self.other_mail(item.seq, other).await?;
                }
            }
        }
        burst.extend(self.unheard());
        self.said(burst).await?;
        for timer in timers {
            self.rang(timer).await?;
        }
        self.finish().await
    }

    /// Goes on with what earlier turns left open: a critical action, bookings to look at again.
    async fn resume(&mut self) -> Result<(), TurnError> {
        // Further ahead than anything is put off: the clock was put back.
        let due = self.state.wake_at.is_none_or(|at| at <= self.now || at > self.now + LONGEST_WAIT);
        if self.state.action.is_some() && due {
            let outcome = self.go_on().await?;
            self.tell(outcome).await?;
        }
        if self.state.action.is_none() {
            for reference in std::mem::take(&mut self.state.recheck) {
                self.look_again(reference).await?;
            }
        }
        Ok(())
    }

    /// Tells the dialogue an outcome; a repeated delay is not told again.
    async fn tell(&mut self, outcome: ActionOutcome) -> Result<(), TurnError> {
        if let ActionOutcome::Delayed { certain } = outcome
            && !self.tells_delay(certain)
        {
            return Ok(());
        }
        self.feed(Input::Outcome { outcome }).await
    }

    /// Reads a burst of the client's messages as one thought.
    async fn said(&mut self, burst: Vec<(i64, Inbound, Option<BookingId>)>) -> Result<(), TurnError> {
        let mut said = std::mem::take(&mut self.unread);
        let burst = self.amended(burst, &mut said).await;
        for (seq, message, about) in burst {
            let (id, at) = (message.id.clone(), message.at);
            self.messages += 1;
            match self.understand(message).await {
                Some(what) => {
                    self.reading.push((seq, id.clone()));
                    let spoken = self.spoken.contains(&id);
                    said.push(Said { message: id, at, what, about, spoken });
                }
                None => self.changes.read.push((seq, Some(Outcome::NothingToSay))),
            }
        }
        if said.is_empty() {
            return Ok(());
        }
        self.feed(Input::Said { said }).await?;
        // Whatever the dialogue forgot to account for is still read: nothing is answered twice.
        for (seq, _) in std::mem::take(&mut self.reading) {
            tracing::error!(conversation.id = %self.lease.conversation, "a message of the client got no outcome");
            self.changes.read.push((seq, Some(Outcome::NothingToSay)));
        }
        Ok(())
    }

    async fn other_mail(&mut self, seq: i64, event: MailEvent) -> Result<(), TurnError> {
        self.changes.read.push((seq, None));
        match event {
            MailEvent::Message { .. } | MailEvent::Transcript { .. } => Ok(()),
            MailEvent::Booking { reference } => self.look_again(reference).await,
            MailEvent::Preference { consent, refused } => {
                self.remember(ContactChange::Consent { consent, refused });
                Ok(())
            }
            MailEvent::Operator { operator, by } => self.operated(seq, operator, &by).await,
            MailEvent::Undeliverable { detail } => {
                self.changes.notify.push(TeamEvent::Undeliverable { detail });
                Ok(())
            }
        }
    }

    /// Somebody of the business acts; the audit says who, and what it changed.
    async fn operated(&mut self, seq: i64, operator: Operator, by: &str) -> Result<(), TurnError> {
        let what = match &operator {
            Operator::TakeOver => "take_over",
            Operator::Say { .. } => "say",
            Operator::HandBack => "hand_back",
        };
        let (before, queued) = (self.holder, self.changes.outbox.len());
        self.acting = Some(format!("operator:{by}"));
        self.feed(Input::Operator { operator }).await?;
        let messages: Vec<_> = self.changes.outbox.iter().skip(queued).map(|message| message.key).collect();
        let detail = json!({ "mail": seq, "before": before, "after": self.holder, "messages": messages });
        let actor = self.acting.take().unwrap_or_default();
        self.note(&actor, what, detail);
        Ok(())
    }

    /// Adds a row to the audit.
    fn note(&mut self, actor: &str, what: &str, detail: Value) {
        self.changes.audit.push(AuditRow {
            at: self.now,
            actor: actor.to_owned(),
            what: what.to_owned(),
            conversation: Some(self.lease.conversation),
            action: None,
            detail,
        });
    }

    /// A hint said that a booking changed: read it, compare, and tell the dialogue of a real difference. While an action of
    /// ours is under way it waits: our own write's webhook may come before the answer.
    async fn look_again(&mut self, reference: BookingRef) -> Result<(), TurnError> {
        if self.tenant.branch(&reference.branch).is_none() {
            // Nothing is said of a branch that is not served; when it is again, a sweep finds what changed.
            return Ok(());
        }
        if self.state.action.is_some() {
            self.state.recheck.push(reference);
            return Ok(());
        }
        let Some((contact, mut before)) = self.store.booking(&reference).await? else { return Ok(()) };
        // What this very turn has learnt is newer than what is stored.
        if let Some(newer) = self.changes.bookings.iter().find(|known| known.id == before.id) {
            before.clone_from(newer);
        }
        // A name that the booking had before it moved: what it is called now is what counts.
        if contact != self.contact.id || before.reference != reference {
            return Ok(());
        }
        if self.tenant.branch(&reference.branch).is_none() {
            // It left meanwhile: nobody can be asked any more.
            return Ok(());
        }
        match self.engine.read_booking(&self.tenant, &*self.store, &before).await? {
            Ok(after) => self.compare(before, after).await,
            Err(_) => {
                self.state.recheck.push(reference);
                self.state.wake_at = Some(self.now + Duration::minutes(1));
                Ok(())
            }
        }
    }

    async fn compare(&mut self, before: Booking, after: Option<Booking>) -> Result<(), TurnError> {
        let same = after.as_ref().is_some_and(|after| after.is_same_visit(&before) && after.status == before.status);
        match &after {
            Some(after) => self.know(after.clone()),
            None => self.know(Booking { status: crate::model::BookingStatus::Cancelled, ..before.clone() }),
        }
        if same || !before.is_upcoming(self.now) {
            return Ok(());
        }
        let seen = json!({ "before": facts::booking(&before), "after": after.as_ref().map(facts::booking) });
        self.note("backend", "booking_changed", seen);
        self.feed(Input::BookingChanged { before, after }).await
    }

    async fn rang(&mut self, timer: Timer) -> Result<(), TurnError> {
        if let Timer::Reminder { booking } = &timer {
            if self.silent.contains(booking) {
                // Held, in case its branch comes back before the visit.
                self.changes.set_timers.push((timer, self.now + HELD));
                return Ok(());
            }
            // No reminder outlives its booking: it is read again first.
            let known = self.bookings.iter().find(|known| known.id == Some(*booking)).cloned();
            // At a branch that left nobody can be asked whether it still stands: nothing is said of it.
            let Some(known) = known.filter(|known| self.tenant.branch(&known.reference.branch).is_some()) else {
                self.changes.rang.push(timer);
                return Ok(());
            };
            match self.engine.read_booking(&self.tenant, &*self.store, &known).await? {
                Ok(after) => self.compare(known, after).await?,
                Err(_) => {
                    self.changes.set_timers.push((timer, self.now + Duration::minutes(10)));
                    return Ok(());
                }
            }
        }
        if let (Timer::Reminder { .. }, Some(_)) = (&timer, self.channel.messenger.limits().window) {
            // What is known of its template may be old: this is the moment that counts.
            let langs = template_langs(&self.tenant, &self.dialogue, &self.contact);
            let found = self.channel.templates.find(stock::REMINDER, &langs).await;
            self.reach = self.engine.reach(&self.tenant, &self.channel, &self.dialogue, &self.contact).await;
            if found.is_some() {
                self.reach.reminders = Outlook::Ready;
            }
        }
        self.changes.rang.push(timer.clone());
        self.feed(Input::Timer { timer }).await
    }

    /// Steps the dialogue with one input, and with the answers to what it asks, until it asks nothing more.
    async fn feed(&mut self, input: Input) -> Result<(), TurnError> {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            if self.steps.len() >= MOST_STEPS {
                tracing::error!(conversation.id = %self.lease.conversation, "the dialogue goes in circles; the turn ends here");
                return Ok(());
            }
            let world = World {
                now: self.now,
                business: &self.tenant.name,
                policy: &self.tenant.policy,
                branches: &self.branches,
                places: &self.places,
                limits: self.channel.messenger.limits(),
                contact: &self.contact,
                bookings: &self.bookings,
                holder: self.holder,
                languages: &self.engine.inner.languages,
                reach: self.reach,
                swaps: &self.tenant.swaps,
                facts: &self.tenant.facts,
            };
            let effects = self.dialogue.step(input.clone(), &world);
            self.steps.push(json_of(&Step { input: &input, effects: &effects })?);
            for effect in effects {
                next = Box::pin(self.carry_out(effect)).await?;
            }
        }
        Ok(())
    }

    /// Carries one effect out; a question is answered with the next input.
    async fn carry_out(&mut self, effect: Effect) -> Result<Option<Input>, TurnError> {
        match effect {
            Effect::Say { reply, lang } => self.say(*reply, lang),
            Effect::Relay { text } => self.queue(OutboxBody::Words { text }, None, true, true),
            // A channel without reactions goes without: they are never all that is said.
            Effect::React { .. } if !self.channel.messenger.limits().reactions => {}
            Effect::React { target, emoji } => {
                let message = Outbound::Reaction { target, emoji: Some(emoji) };
                self.queue(OutboxBody::Ready { message }, None, false, false);
            }
            Effect::FetchSlots { query } => {
                let result = self.engine.slots(&self.tenant, &query).await;
                if result.is_err() {
                    self.reload(&query.branch).await;
                }
                return Ok(Some(Input::Slots { query, result: result.map(Arc::from) }));
            }
            Effect::FetchBookings => {
                let client = self.client();
                let result =
                    self.engine.client_bookings(&self.tenant, &*self.store, &client, &self.bookings, self.now).await?;
                if let Ok(bookings) = &result {
                    self.changes.bookings.extend(bookings.iter().cloned());
                    self.bookings.clone_from(bookings);
                }
                return Ok(Some(Input::Bookings { result }));
            }
            Effect::CheckGate { branch, service } => {
                let open = self.engine.admits(&self.tenant, &branch, &service, &self.client()).await;
                return Ok(Some(Input::Gate { branch, service, open }));
            }
            Effect::Commit { action } => {
                let outcome = self.begin_action(*action).await?;
                if let ActionOutcome::Delayed { certain } = outcome
                    && !self.tells_delay(certain)
                {
                    return Ok(None);
                }
                return Ok(Some(Input::Outcome { outcome }));
            }
            Effect::SetTimer { timer, at } => self.changes.set_timers.push((timer, at)),
            Effect::CancelTimer { timer } => {
                self.changes.set_timers.retain(|(set, _)| *set != timer);
                self.changes.cancel_timers.push(timer);
            }
            Effect::Hold { holder } => {
                if self.acting.is_none() && holder != self.holder {
                    self.note("bot", "hold", json!({ "before": self.holder, "after": holder }));
                }
                self.holder = holder;
                self.changes.holder = Some(holder);
                if holder == Holder::Person {
                    self.changes.withdraw = true;
                    // What this very turn says ("a colleague answers you") belongs to the hand-over.
                    self.changes.outbox.iter_mut().for_each(|entry| entry.for_person = true);
                }
            }
            Effect::UpdateContact { change } => self.remember(change),
            Effect::Notify { event } => self.changes.notify.push(event),
            Effect::Record { message, outcome } => {
                if let Some(at) = self.reading.iter().position(|(_, id)| *id == message) {
                    let (seq, _) = self.reading.remove(at);
                    self.changes.read.push((seq, Some(outcome)));
                }
            }
        }
        Ok(None)
    }

    /// Remembers something about the client; what they refuse is noted in the audit.
    fn remember(&mut self, change: ContactChange) {
        if let ContactChange::Consent { consent, refused } = &change {
            self.note("client", "consent", json!({ "consent": consent, "refused": refused }));
        }
        apply(&mut self.contact, &change);
        self.changes.contact.push(change);
    }

    fn say(&mut self, reply: Reply, lang: Lang) {
        let about = reply.template.as_ref().and_then(|template| template.view().id);
        let keep = reply.keep;
        let for_person = keep || self.holder == Holder::Person;
        let known = self.changes.bookings.iter().chain(&self.bookings);
        let booked_at = known.filter(|_| about.is_some()).find(|known| known.id == about);
        let branch = booked_at.map(|booking| &booking.reference.branch).or_else(|| self.dialogue.branch()).cloned();
        let body = OutboxBody::Reply { reply: Box::new(reply), lang, as_template: false, branch };
        self.queue(body, about, keep, for_person);
    }

    fn queue(&mut self, body: OutboxBody, about: Option<BookingId>, keep: bool, for_person: bool) {
        // By the version, not by the turn's number: the turn that goes on with this one after a crash has the same number,
        // and what was queued before a checkpoint must not swallow what is queued then.
        let key = DeliveryKey::derive(&[
            &self.lease.conversation.to_string(),
            &self.lease.version.to_string(),
            &self.queued.to_string(),
        ]);
        self.queued += 1;
        self.changes.outbox.push(NewOutbox { key, body, about, keep, for_person });
    }

    /// A booking as it is known now: by what this turn has learnt, else as it was loaded.
    pub(super) fn booking_known(&self, id: BookingId) -> Option<&Booking> {
        self.changes.bookings.iter().chain(&self.bookings).find(|known| known.id == Some(id))
    }

    /// Remembers what the booking system said of a booking.
    pub(super) fn know(&mut self, mut booking: Booking) {
        let id = booking.id.unwrap_or_else(|| stable_id(&self.tenant.id, &booking));
        booking.id = Some(id);
        self.bookings.retain(|known| known.id != Some(id));
        if booking.is_upcoming(self.now) {
            self.bookings.push(booking.clone());
            self.bookings.sort_by_key(|known| known.start);
        }
        self.changes.bookings.retain(|known| known.id != Some(id));
        self.changes.bookings.push(booking);
    }

    async fn reload(&mut self, branch: &BranchId) {
        let Some(setup) = self.tenant.branch(branch).cloned() else { return };
        if let Some(fresh) = self.engine.branch_view(&self.tenant, &setup, self.now).await
            && let Some(view) = self.branches.iter_mut().find(|view| view.branch().id == *branch)
        {
            *view = fresh;
        }
    }

    fn client(&self) -> ClientDetails {
        ClientDetails {
            contact: self.contact.id,
            user: self.contact.user.clone(),
            name: self.contact.name.clone(),
            email: self.contact.email.clone(),
            language: self.dialogue.language().or(self.contact.language).unwrap_or(self.tenant.policy.language),
        }
    }

    /// Shows that the client's messages were seen and an answer is on its way; a courtesy that nothing waits for.
    fn greet_with_ticks(&self, mail: &[Mail]) {
        if !self.engine.inner.options.mark_seen || self.holder == Holder::Person {
            return;
        }
        let last = mail.iter().rev().find_map(|item| match &item.event {
            MailEvent::Message { message, .. } => Some(message),
            _ => None,
        });
        if let Some(message) = last {
            let reference = MessageRef { id: message.id.clone(), from: message.from.clone() };
            let messenger = self.channel.messenger.clone();
            tokio::spawn(async move {
                if let Err(error) = messenger.seen(&reference, true).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "read mark not taken");
                }
            });
        }
    }
}

/// One step of the record.
#[derive(Serialize)]
struct Step<'s> {
    input: &'s Input,
    effects: &'s [Effect],
}

fn json_of(value: &impl Serialize) -> Result<Box<RawValue>, StoreError> {
    to_raw_value(value).map_err(|_| StoreError::Corrupt { what: "a step of a turn".to_owned() })
}
