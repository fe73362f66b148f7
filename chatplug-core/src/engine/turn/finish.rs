//! How a turn, or a part of it, is committed.

use super::{EngineEvent, Turn, TurnError, json_of};
use crate::{
    dialogue::ContactChange,
    engine::deliver::Outgoing,
    model::{Contact, TurnId},
    ports::{Place, StoreError, TurnCommit, TurnRecord},
};
use chrono::{DateTime, Duration, Utc};
use serde_json::json;

impl Turn<'_> {
    /// Commits what there is so far and keeps the lease: from here on, a successor knows of the open action.
    pub(in crate::engine) async fn checkpoint(&mut self) -> Result<(), TurnError> {
        self.now = self.engine.inner.clock.now();
        let keep_until = self.now + self.engine.inner.options.lease;
        let commit = self.commit_of(Some(keep_until), None)?;
        let committed = self.store.commit(commit).await?;
        match committed.lease {
            Some(lease) => {
                self.lease = lease;
                Ok(())
            }
            None => Err(StoreError::Fenced.into()),
        }
    }

    pub(super) async fn finish(mut self) -> Result<Option<Outgoing>, TurnError> {
        self.now = self.engine.inner.clock.now();
        let took = self.started.elapsed();
        let record = TurnRecord {
            id: TurnId::derive(&[&self.lease.conversation.to_string(), &self.number.to_string()]),
            number: self.number,
            at: self.now,
            steps: json_of(&std::mem::take(&mut self.steps))?,
            versions: self
                .branches
                .iter()
                .map(|view| (view.branch().id.to_string(), json!(view.catalog.version)))
                .collect(),
            duration_ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        };
        let mut commit = self.commit_of(None, Some(record))?;
        // What finds no place now stays queued, and is not marked as being sent while it waits for one.
        let (mut wait, mut place) = (None, None);
        if !commit.outbox.is_empty()
            && let Ok(free) = self.engine.inner.deliveries.clone().try_acquire_owned()
        {
            place = Some(free);
            match self.channel.messenger.place().await {
                Place::Granted => commit.take_delivery = Some(self.now + self.engine.inner.options.sending()),
                Place::Later(at) => wait = Some(at),
            }
        }
        let committed = self.store.commit(commit).await?;
        for listening in std::mem::take(&mut self.listen_to) {
            self.engine.listen(listening);
        }
        let conversation = self.lease.conversation;
        if let Some(until) = wait {
            // Where this fails, it is found to be due, and put off then.
            let _ = self.store.postpone(conversation, until, self.now).await;
        }
        tracing::info!(tenant.id = %self.tenant.id, conversation.id = %conversation, turn.number = self.number, messages = self.messages, duration_ms = took.as_millis(), "turn committed");
        let observer = &self.engine.inner.observer;
        observer.observe(&EngineEvent::TurnCommitted {
            tenant: &self.tenant.id,
            conversation,
            messages: self.messages,
            took,
        });
        observer.observe(&EngineEvent::ConversationChanged { tenant: &self.tenant.id, conversation });
        Ok(committed.delivery.zip(place).map(|(delivery, place)| Outgoing { delivery, place }))
    }

    fn commit_of(
        &mut self,
        keep_until: Option<DateTime<Utc>>,
        record: Option<TurnRecord>,
    ) -> Result<TurnCommit, TurnError> {
        let changes = std::mem::take(&mut self.changes);
        let state = self.dialogue.to_json().map_err(|_| StoreError::Corrupt { what: "dialogue state".to_owned() })?;
        let wake_at = match keep_until {
            // Whoever finds this lease run out goes on at once.
            Some(_) => Some(self.now),
            None if self.state.action.is_some() => Some(self.state.wake_at.unwrap_or(self.now + Duration::seconds(10))),
            // Hints that waited for our own action are looked at in a turn of their own, at once.
            None if !self.state.recheck.is_empty() => Some(self.state.wake_at.unwrap_or(self.now)),
            None => None,
        };
        // A voice message of which nothing is heard is answered in its time all the same.
        let unheard = self.state.voices.iter().map(|waiting| waiting.until).min();
        let wake_at = wake_at.into_iter().chain(unheard).min();
        Ok(TurnCommit {
            lease: self.lease.clone(),
            state,
            action: self.state.to_json(),
            keep_until,
            read: changes.read,
            rang: changes.rang,
            outbox: changes.outbox,
            withdraw: changes.withdraw,
            set_timers: changes.set_timers,
            cancel_timers: changes.cancel_timers,
            bookings: changes.bookings,
            contact: changes.contact,
            holder: changes.holder,
            unclaim: changes.unclaim,
            wake_at,
            audit: changes.audit,
            notify: changes.notify,
            take_delivery: None,
            record,
            now: self.now,
        })
    }
}

/// Changes the turn's own copy of the contact as the store will.
pub(super) fn apply(contact: &mut Contact, change: &ContactChange) {
    match change {
        ContactChange::Language { lang } => contact.language = Some(*lang),
        ContactChange::Name { name } => contact.name = Some(name.clone()),
        ContactChange::Email { email } => contact.email = Some(email.clone()),
        ContactChange::Consent { consent, refused: true } => {
            contact.opted_out.insert(*consent);
        }
        ContactChange::Consent { consent, refused: false } => {
            contact.opted_out.remove(consent);
        }
        ContactChange::CameFrom { came_from } => contact.came_from = Some(came_from.clone()),
    }
}
