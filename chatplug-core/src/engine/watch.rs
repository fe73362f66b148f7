//! The watchdog: a client whose message has no outcome for too long hears that it takes longer, and the team hears of it.
//!
//! It needs neither the lease nor a turn, so that it works while a worker hangs, while turns fail again and again, and
//! while nobody works at all but this. The mail stays, and is answered when its turn can run.

use super::{Engine, EngineEvent};
use crate::{
    dialogue::{Dialogue, Holder, TeamEvent},
    model::{ConversationId, DeliveryKey, Lang, TenantId},
    ports::{Attention, AuditRow, ConversationView, NewOutbox, OutboxBody, StoreError, Tenant, TenantStore},
    reply::{Reply, Say},
};
use chrono::{DateTime, Duration, Utc};
use std::{collections::HashSet, sync::Arc};
use tokio::sync::watch;

/// A clock that goes another way than time does by more than this has jumped.
const JUMP: Duration = Duration::minutes(1);

/// So many are attended to before the next are asked for.
const BATCH: usize = 128;
/// More than these are not looked at in one round, whatever happens.
const MOST: usize = 16_384;

impl Engine {
    /// Attends to every client who waits too long by now; answers how many that were. Done by [`run`](Self::run) every
    /// [`watch`](super::EngineOptions::watch) and by [`drain`](Self::drain); for programs with a timer of their own.
    ///
    /// # Errors
    /// When the store cannot say who waits. One who could not be attended to is passed over, and tried again next time.
    pub async fn attend_overdue(&self) -> Result<usize, StoreError> {
        let (mut attended, mut failed) = (0, HashSet::new());
        loop {
            let now = self.inner.clock.now();
            let before = now - self.inner.options.answer_within;
            // Those who could not be attended to come first again: ask for that many more.
            let limit = failed.len() + BATCH;
            let overdue = self.inner.store.overdue(before, limit).await?;
            let all = overdue.len() < limit || limit >= MOST;
            for whose in overdue {
                if failed.contains(&whose) {
                    continue;
                }
                match self.attend(&whose.0, whose.1, before, now).await {
                    Ok(true) => attended += 1,
                    Ok(false) => {}
                    Err(error) => {
                        tracing::error!(tenant.id = %whose.0, conversation.id = %whose.1, error = &error as &dyn std::error::Error, "a client waits too long, and could not be attended to");
                        failed.insert(whose);
                    }
                }
            }
            if all {
                return Ok(attended);
            }
        }
    }

    /// Attends to whoever waits too long until `shutdown`. The first look is one interval away: what came in while nothing
    /// ran is about to be answered.
    pub(super) async fn watch(self, mut shutdown: watch::Receiver<bool>) {
        let every = self.inner.options.watch.to_std().unwrap_or(std::time::Duration::from_secs(5));
        let mut adrift = self.inner.clock.adrift();
        while !*shutdown.borrow() {
            let (wall, time) = (self.inner.clock.now(), tokio::time::Instant::now());
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                changed = shutdown.changed() => if changed.is_err() { return } else { continue },
            }
            let passed = Duration::from_std(time.elapsed()).unwrap_or_default();
            self.notice_jump(self.inner.clock.now() - wall - passed);
            adrift = self.notice_set(adrift);
            if let Err(error) = self.attend_overdue().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "who waits too long cannot be read; trying again"
                );
            }
        }
    }

    /// A clock that takes no jumps itself tells how far it is from the one that was set. Answers how far that is now.
    fn notice_set(&self, before: Duration) -> Duration {
        let adrift = self.inner.clock.adrift();
        if (adrift - before).abs() > JUMP {
            let seconds = (adrift - before).num_seconds();
            let ahead = adrift.num_seconds();
            tracing::error!(
                seconds,
                ahead,
                "somebody has set the machine's clock: work goes on by the time that has passed, and catches up with it little by little"
            );
            self.inner.observer.observe(&EngineEvent::ClockJumped { seconds });
        }
        adrift
    }

    /// A clock that jumps is followed: it is everybody's. What that does is defined (leases that run out fence whoever had
    /// them, caches and limits do not last), but whoever runs this should know.
    fn notice_jump(&self, by: Duration) {
        if by.abs() > JUMP {
            let seconds = by.num_seconds();
            tracing::error!(seconds, "the clock has jumped: what waits for an instant comes early, or late");
            self.inner.observer.observe(&EngineEvent::ClockJumped { seconds });
        }
    }

    async fn attend(
        &self,
        tenant: &TenantId,
        conversation: ConversationId,
        received_before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let store = self.inner.store.tenant(tenant);
        let holding = self.holding(tenant, &*store, conversation, now).await;
        let held = holding.is_some();
        let audit = AuditRow {
            at: now,
            actor: "engine".to_owned(),
            what: "unanswered".to_owned(),
            conversation: Some(conversation),
            action: None,
            detail: serde_json::json!({ "holding": holding.as_ref().map(|message| message.key) }),
        };
        let notice = TeamEvent::Unanswered;
        let attention = Attention { conversation, received_before, holding, notice, audit, now };
        if !store.attend(attention).await? {
            return Ok(false);
        }
        tracing::error!(tenant.id = %tenant, conversation.id = %conversation, held, "a client waits too long for an outcome");
        self.inner.observer.observe(&EngineEvent::Attended { tenant, conversation, held });
        self.inner.observer.observe(&EngineEvent::ConversationChanged { tenant, conversation });
        Ok(true)
    }

    /// What the client hears; `None`: a person holds the conversation, or there is nobody to say it through.
    async fn holding(
        &self,
        tenant: &TenantId,
        store: &dyn TenantStore,
        conversation: ConversationId,
        now: DateTime<Utc>,
    ) -> Option<NewOutbox> {
        let setup = match self.setup(tenant).await {
            Ok(setup) => setup,
            Err(error) => {
                tracing::error!(tenant.id = %tenant, error = &error as &dyn std::error::Error, "nobody known to answer for");
                return None;
            }
        };
        // A row that cannot be read may well be what holds the turn up: the business's language will do.
        let view = store.conversation(conversation).await.ok().flatten();
        if view.as_ref().is_some_and(|view| view.holder == Holder::Person) {
            return None;
        }
        let reply = Box::new(Reply::of(Say::TakesLonger));
        let at = now.timestamp_micros().to_string();
        Some(NewOutbox {
            key: DeliveryKey::derive(&[&conversation.to_string(), "holding", &at]),
            body: OutboxBody::Reply { reply, lang: language(view.as_ref(), &setup), as_template: false, branch: None },
            about: None,
            keep: false,
            for_person: false,
        })
    }
}

/// As the dialogue would answer.
fn language(view: Option<&ConversationView>, tenant: &Arc<Tenant>) -> Lang {
    let state = view.and_then(|view| view.state.as_deref());
    let spoken = state.and_then(|state| Dialogue::from_json(state).ok()?.language());
    spoken.or_else(|| view.and_then(|view| view.contact.language)).unwrap_or(tenant.policy.language)
}
