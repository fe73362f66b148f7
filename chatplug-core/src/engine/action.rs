//! Carrying out a critical action: re-read the slot, claim it, persist, call once, read back, settle what is unknown.

use super::{
    EngineEvent, facts,
    saga::{Drive, OpenAction, Phase, agrees, outcome_word},
    turn::{Turn, TurnError},
    world::read_word,
};
use crate::{
    dialogue::{ActionOutcome, Trouble},
    model::{ActionKey, Booking, BookingStatus, ClaimSubject, DateRange, Slot, SlotQuery, local_or_next},
    ports::{
        Action, AuditRow, BackendError, BookError, BookingBackend, BranchSetup, ClaimRequest, RejectReason, Resolution,
    },
};
use chrono::{Duration, NaiveDate};
use chrono_tz::Tz;
use std::sync::Arc;

/// What a look at the wanted slot, before a call, says.
enum Prepared {
    /// It may be called.
    Go,
    /// It is over before it began.
    End(Box<ActionOutcome>),
    /// The booking system does not answer.
    Wait,
}

impl Turn<'_> {
    /// Takes an action that the client agreed to and drives it as far as it goes now.
    pub(super) async fn begin_action(&mut self, mut action: Action) -> Result<ActionOutcome, TurnError> {
        if !self.call_by_its_name(&mut action) {
            // The booking went to another booking system meanwhile, and the time was one of the old system's.
            return Ok(ActionOutcome::Taken);
        }
        let key = ActionKey::derive(&[
            &self.lease.conversation.to_string(),
            &self.lease.version.to_string(),
            &self.steps.len().to_string(),
        ]);
        let setup = match action.changes() {
            Some(booking) => self.tenant.home(&booking.reference),
            None => self.tenant.branch(action.branch()),
        };
        let Some(setup) = setup.cloned() else {
            return Ok(ActionOutcome::Rejected { reason: RejectReason::NotBookableHere });
        };
        let in_place = setup.backend.capabilities().moves_in_place;
        let deadline = self.now + self.engine.inner.options.action_deadline;
        let open = OpenAction { install: Some(setup.install), ..OpenAction::new(action, key, in_place, deadline) };
        if open.overlaps_itself() {
            return Ok(ActionOutcome::UnsafeMove);
        }
        self.state.action = Some(open);
        self.go_on().await
    }

    /// Calls the booking that an action changes by the name that it has now: it may have got another one since it was shown,
    /// at another booking system. `false`: the time that it was to be moved to is one of the system that it left.
    fn call_by_its_name(&self, action: &mut Action) -> bool {
        let (booking, moves) = match action {
            Action::Book(_) => return true,
            Action::Reschedule { booking, .. } => (booking, true),
            Action::Cancel { booking, .. } | Action::ConfirmVisit { booking } => (booking, false),
        };
        let now = booking.id.and_then(|id| self.booking_known(id));
        let Some(now) = now.filter(|now| now.reference.install != booking.reference.install) else { return true };
        if !moves && now.start == booking.start {
            booking.clone_from(now);
        }
        !moves
    }

    /// Drives the open action as far as it goes now. Answers what the dialogue must hear; `Delayed` means it goes on later.
    pub(super) async fn go_on(&mut self) -> Result<ActionOutcome, TurnError> {
        let Some(open) = self.state.action.clone() else { return Ok(ActionOutcome::Unclear) };
        let acting = self.tenant.branch(open.action.branch());
        // What was sent to a system is settled there, whichever acts by now.
        let sent_to = open.install.as_ref().and_then(|install| self.tenant.system(open.action.branch(), install));
        if let (Action::Book(_), Phase::Ready, Some(sent_to), Some(acting)) =
            (&open.action, open.phase, sent_to, acting)
            && sent_to.install != acting.install
        {
            // Certainly not booked, and not to be booked any more where nobody looks.
            return Ok(self.end(ActionOutcome::Taken));
        }
        let Some(setup) = sent_to.or(acting).cloned() else {
            // The branch left meanwhile: what was not called is certainly not done.
            let outcome = match open.phase {
                Phase::Ready => ActionOutcome::Rejected { reason: RejectReason::NotBookableHere },
                Phase::Calling { .. } | Phase::Unknown { .. } => ActionOutcome::Unclear,
            };
            return Ok(self.end(outcome));
        };
        match self.drive(&setup).await? {
            Drive::Ended(outcome) => Ok(self.end(*outcome)),
            Drive::Later { at, certain } => {
                self.state.wake_at = Some(at);
                Ok(ActionOutcome::Delayed { certain })
            }
        }
    }

    /// Whether the client should hear of a delay: once of each kind.
    pub(super) fn tells_delay(&mut self, certain: bool) -> bool {
        let Some(open) = &mut self.state.action else { return false };
        let told = if certain { &mut open.told_waiting } else { &mut open.told_checking };
        !std::mem::replace(told, true)
    }

    /// Closes the open action: lets go of its claims, notes it, and remembers what the booking system said.
    fn end(&mut self, outcome: ActionOutcome) -> ActionOutcome {
        let Some(open) = self.state.action.take() else { return outcome };
        self.state.wake_at = None;
        self.changes.unclaim.push(open.key);
        let word = outcome_word(&outcome);
        tracing::info!(tenant.id = %self.tenant.id, conversation.id = %self.lease.conversation, action = open.word(), result = word, "critical action ended");
        self.engine.inner.observer.observe(&EngineEvent::ActionEnded {
            tenant: &self.tenant.id,
            what: open.word(),
            result: word,
        });
        let mut detail = open.facts(&outcome);
        // Which advertisement a booking is owed to.
        if let (ActionOutcome::Done { .. }, Action::Book { .. }, Some(from)) =
            (&outcome, &open.action, &self.contact.came_from)
            && let Some(detail) = detail.as_object_mut()
        {
            detail.insert("ad".to_owned(), serde_json::json!(from.referral.source_id));
        }
        self.changes.audit.push(AuditRow {
            at: self.now,
            actor: "client".to_owned(),
            what: open.word().to_owned(),
            conversation: Some(self.lease.conversation),
            action: Some(open.key),
            detail,
        });
        if let ActionOutcome::Done { booking } = &outcome {
            self.know(booking.clone());
        }
        outcome
    }

    /// The loop of an action: every pass either ends it, postpones it, or makes one call or one question.
    async fn drive(&mut self, setup: &BranchSetup) -> Result<Drive, TurnError> {
        loop {
            let Some(open) = self.state.action.clone() else {
                return Ok(Drive::Ended(Box::new(ActionOutcome::Unclear)));
            };
            let ended = match open.phase {
                Phase::Ready => {
                    match self.prepare(setup).await? {
                        Prepared::Go => {}
                        Prepared::End(outcome) => return Ok(Drive::Ended(outcome)),
                        Prepared::Wait => {
                            if let Some(wait) = self.wait_or_give_up() {
                                return Ok(wait);
                            }
                            continue;
                        }
                    }
                    self.call_once(setup).await?
                }
                Phase::Calling { since } => {
                    // Found after a crash or a lost lease: it may have been done.
                    self.note_call(false, ("interrupted", serde_json::Value::Null));
                    self.set_phase(Phase::Unknown { since });
                    None
                }
                Phase::Unknown { since } => self.settle(setup, since).await?,
            };
            if let Some(drive) = ended {
                return Ok(drive);
            }
        }
    }

    /// Makes the current call, persisted before. `None`: the loop goes on.
    async fn call_once(&mut self, setup: &BranchSetup) -> Result<Option<Drive>, TurnError> {
        let since = self.now;
        if let Some(open) = &mut self.state.action {
            open.attempts += 1;
            open.phase = Phase::Calling { since };
        }
        self.checkpoint().await?;
        let Some(open) = self.state.action.clone() else { return Ok(None) };
        let (action, key) = open.call();
        let backend: Arc<dyn BookingBackend> = setup.backend.clone();
        let name = backend.capabilities().name;
        let answer =
            self.engine.call(&self.tenant.id, name, open.word(), write_word, execute(&*backend, &action, key)).await;
        self.now = self.engine.inner.clock.now();
        self.note_call(false, facts::written(answer.as_ref()));
        // The engine's own time limit is no answer either: the call may have been carried out, and is asked about.
        Ok(match answer.unwrap_or(Err(BookError::OutcomeUnknown { source: None })) {
            Ok(booking) => self.was_done(setup, booking).await?,
            Err(BookError::SlotTaken) if open.attempts > 1 => {
                // After a repeat the taker may be ourselves.
                self.set_phase(Phase::Unknown { since });
                None
            }
            Err(BookError::SlotTaken) => Some(ended(ActionOutcome::Taken)),
            Err(BookError::Needs { fields }) => Some(ended(ActionOutcome::Needs { fields })),
            Err(BookError::Rejected { reason }) => self.step_action(|open| open.refused(reason)),
            Err(BookError::OutcomeUnknown { source }) => {
                tracing::warn!(tenant.id = %self.tenant.id, action = open.word(), error = source.as_deref().map(|e| e as &dyn std::error::Error), "no answer to a write: it is settled by asking");
                self.set_phase(Phase::Unknown { since });
                None
            }
            Err(BookError::NotDone(BackendError::StaleCatalog)) => {
                self.engine.inner.catalogs.forget(&self.tenant.id, &setup.id);
                Some(ended(ActionOutcome::Taken))
            }
            Err(BookError::NotDone(BackendError::NotFound { .. })) => self.not_found(setup).await?,
            Err(BookError::NotDone(BackendError::Unauthorized)) => {
                self.step_action(|open| open.gave_up(Duration::minutes(10)))
            }
            Err(BookError::NotDone(BackendError::RateLimited { .. } | BackendError::Unavailable { .. })) => {
                self.set_phase(Phase::Ready);
                self.wait_or_give_up()
            }
        })
    }

    /// Asks what became of a call without an answer. `None`: the loop goes on.
    async fn settle(
        &mut self,
        setup: &BranchSetup,
        since: chrono::DateTime<chrono::Utc>,
    ) -> Result<Option<Drive>, TurnError> {
        let Some(open) = self.state.action.clone() else { return Ok(None) };
        let (action, key) = open.call();
        let name = setup.backend.capabilities().name;
        let answer = self
            .engine
            .call(&self.tenant.id, name, "resolve", read_word, setup.backend.resolve(&action, key, since))
            .await;
        self.now = self.engine.inner.clock.now();
        self.note_call(true, facts::resolved(answer.as_ref()));
        let overdue = self.now >= open.deadline;
        Ok(match answer {
            Some(Ok(Resolution::Done(booking))) => self.was_done(setup, *booking).await?,
            Some(Ok(Resolution::NotDone)) if overdue => self.step_action(|open| open.gave_up(Duration::minutes(10))),
            Some(Ok(Resolution::NotDone)) => {
                self.set_phase(Phase::Ready);
                None
            }
            Some(Ok(Resolution::TooEarly(at))) => {
                Some(Drive::Later { at: at.max(self.now + Duration::milliseconds(200)), certain: false })
            }
            Some(Ok(Resolution::CannotTell)) => Some(ended(ActionOutcome::Unclear)),
            Some(Err(_)) | None if overdue => Some(ended(ActionOutcome::Unclear)),
            Some(Err(_)) | None => {
                if let Some(open) = &mut self.state.action {
                    open.asked += 1;
                }
                Some(Drive::Later { at: self.now + OpenAction::back_off(open.asked + 1), certain: false })
            }
        })
    }

    /// The current call was done: compare what the system says with what was asked, then go on or end.
    async fn was_done(&mut self, setup: &BranchSetup, booking: Booking) -> Result<Option<Drive>, TurnError> {
        let Some(open) = self.state.action.clone() else { return Ok(None) };
        if let Some(slot) = open.wanted_slot()
            && !agrees(slot, &booking)
        {
            tracing::error!(tenant.id = %self.tenant.id, action = open.word(), "the booking system answers another booking than was asked for");
            return Ok(Some(ended(ActionOutcome::Unclear)));
        }
        let mut booking = self.engine.identify(&*self.store, booking, setup, None).await?;
        if let Action::ConfirmVisit { .. } = open.action {
            booking.confirmed = true;
        }
        Ok(self.step_action(|open| open.done(booking)))
    }

    /// The booking to change does not exist any more: a cancellation is done by that, anything else is refused.
    async fn not_found(&mut self, setup: &BranchSetup) -> Result<Option<Drive>, TurnError> {
        let Some(open) = self.state.action.clone() else { return Ok(None) };
        match open.call().0 {
            Action::Cancel { mut booking, .. } => {
                booking.status = BookingStatus::Cancelled;
                self.was_done(setup, booking).await
            }
            _ => Ok(self.step_action(|open| open.refused(RejectReason::Other))),
        }
    }

    fn step_action(&mut self, step: impl FnOnce(&mut OpenAction) -> Option<ActionOutcome>) -> Option<Drive> {
        self.state.action.as_mut().and_then(step).map(ended)
    }

    fn note_call(&mut self, resolve: bool, answer: (&str, serde_json::Value)) {
        let now = self.now;
        if let Some(open) = &mut self.state.action {
            open.note(resolve, answer, now);
        }
    }

    fn set_phase(&mut self, phase: Phase) {
        if let Some(open) = &mut self.state.action {
            open.phase = phase;
        }
    }

    /// Certainly not done, for a passing reason: later, or never when the deadline has passed. `None`: another call follows.
    fn wait_or_give_up(&mut self) -> Option<Drive> {
        let now = self.now;
        let open = self.state.action.as_mut()?;
        if now >= open.deadline {
            return open.gave_up(Duration::minutes(10)).map(ended);
        }
        open.asked += 1;
        Some(Drive::Later { at: now + OpenAction::back_off(open.asked), certain: true })
    }

    /// Looks at the wanted slot once more and claims it, before a call that takes one.
    async fn prepare(&mut self, setup: &BranchSetup) -> Result<Prepared, TurnError> {
        let Some(open) = self.state.action.clone() else { return Ok(Prepared::End(Box::new(ActionOutcome::Unclear))) };
        let Some(wanted) = open.wanted_slot().cloned() else { return Ok(Prepared::Go) };
        let day = wanted.local_start().date();
        let query = SlotQuery {
            branch: wanted.branch.clone(),
            services: wanted.services.clone(),
            staff: wanted.staff.clone(),
            days: DateRange::day(day),
            party: if let Action::Book(request) = &open.action { request.party } else { 1 },
            excluding: open.changes().map(|booking| booking.reference.clone()),
        };
        // "Anyone" is looked at all the same: whoever was free when the times were shown may not be any more.
        let rechecked = setup.backend.capabilities().rechecks && wanted.staff_id().is_some();
        let found = match rechecked {
            true => wanted.clone(),
            false => match self.offered_now(&query, &wanted).await {
                Ok(found) => found,
                Err(prepared) => return Ok(prepared),
            },
        };
        match self.claim(setup, &open, &found, day).await? {
            Some(slot) => {
                if let Some(open) = &mut self.state.action {
                    open.set_slot(slot);
                }
                Ok(Prepared::Go)
            }
            None => Ok(Prepared::End(Box::new(ActionOutcome::Taken))),
        }
    }

    /// The wanted slot as it is offered now, at the price that was agreed.
    async fn offered_now(&self, query: &SlotQuery, wanted: &Slot) -> Result<Slot, Prepared> {
        let found = match self.engine.slots(&self.tenant, query).await {
            Ok(slots) => slots.into_iter().find(|slot| slot.start == wanted.start),
            Err(Trouble::Stale) => None,
            Err(Trouble::Down) => return Err(Prepared::Wait),
        };
        let found = found.ok_or_else(|| Prepared::End(Box::new(ActionOutcome::Taken)))?;
        match (&wanted.price, &found.price) {
            (Some(agreed), Some(now)) if agreed != now => {
                Err(Prepared::End(Box::new(ActionOutcome::Changed { slot: found })))
            }
            _ => Ok(found),
        }
    }

    /// Claims the slot's person (the fairest of those free, when anyone will do); `None`: nobody is free.
    async fn claim(
        &self,
        setup: &BranchSetup,
        open: &OpenAction,
        slot: &Slot,
        day: NaiveDate,
    ) -> Result<Option<Slot>, TurnError> {
        let capabilities = setup.backend.capabilities();
        let mut candidates: Vec<_> = match slot.staff_id() {
            Some(staff) => vec![(ClaimSubject::staff(&slot.branch, staff), Some(staff.clone()))],
            None => slot
                .candidates
                .iter()
                .map(|staff| (ClaimSubject::staff(&slot.branch, staff), Some(staff.clone())))
                .collect(),
        };
        if slot.staff_id().is_none() && (capabilities.assigns_staff || candidates.is_empty()) {
            if !candidates.is_empty() {
                // The system picks, fairly and inside its own transaction: a claim of ours on one person would be a guess.
                return Ok(Some(slot.clone()));
            }
            candidates
                .extend(slot.services.first().map(|service| (ClaimSubject::service(&slot.branch, service), None)));
        }
        let request = ClaimRequest {
            action: open.key,
            candidates: candidates.clone(),
            from: slot.start - Duration::minutes(slot.buffer_before.into()),
            to: slot.end + Duration::minutes(slot.buffer_after.into()),
            day_from: start_of(day, slot.zone),
            day_to: start_of(day.succ_opt().unwrap_or(day), slot.zone),
            capacity: slot.capacity.max(1),
            expires: open.deadline + self.engine.inner.options.lease,
            now: self.now,
            ignoring: open.changes().and_then(|booking| booking.id),
        };
        let Some(subject) = self.store.claim(request).await? else { return Ok(None) };
        let staff = candidates.into_iter().find(|(candidate, _)| *candidate == subject).and_then(|(_, staff)| staff);
        Ok(Some(match staff {
            Some(staff) => slot.clone().with_staff(staff),
            None => slot.clone(),
        }))
    }
}

/// Makes the call that an action stands for. Cancelling answers the booking, cancelled.
async fn execute(backend: &dyn BookingBackend, action: &Action, key: ActionKey) -> Result<Booking, BookError> {
    match action {
        Action::Book(request) => backend.book(request, key).await,
        Action::Reschedule { booking, to, .. } => backend.reschedule(&booking.reference, to, key).await,
        Action::Cancel { booking, reason } => {
            backend.cancel(&booking.reference, *reason, key).await?;
            Ok(Booking { status: BookingStatus::Cancelled, ..booking.clone() })
        }
        Action::ConfirmVisit { booking } if backend.capabilities().confirms_visits => {
            backend.confirm_visit(&booking.reference).await
        }
        Action::ConfirmVisit { booking } => Ok(Booking { confirmed: true, ..booking.clone() }),
    }
}

fn start_of(day: NaiveDate, zone: Tz) -> chrono::DateTime<chrono::Utc> {
    local_or_next(day.and_time(chrono::NaiveTime::MIN), zone)
}

fn ended(outcome: ActionOutcome) -> Drive {
    Drive::Ended(Box::new(outcome))
}

/// A write's result in a word, for figures.
fn write_word(result: &Result<Booking, BookError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(BookError::SlotTaken) => "taken",
        Err(BookError::Needs { .. }) => "needs",
        Err(BookError::Rejected { .. }) => "rejected",
        Err(BookError::OutcomeUnknown { .. }) => "unknown",
        Err(BookError::NotDone(_)) => "not_done",
    }
}
