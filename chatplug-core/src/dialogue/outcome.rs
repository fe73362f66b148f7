//! What became of a critical action, told as it is: "booked" only when the booking system says so.

use super::{
    ActionOutcome, Effect, Holder, Timer,
    draft::Field,
    facts::Facts,
    search::Why,
    shown::{Opt, Pick, Question},
    state::{Aim, Attempt, Committing, Flow, Form, Parked, Purpose, Request},
    step::Step,
};
use crate::{
    model::{Booking, BookingStatus, ClientField, DateRange, Slot},
    ports::{DateMention, Intent, OpenQuestion, Outlook, RejectReason},
    reply::{ActionWord, HandOverReason, Key, Say, TemplateMeaning},
};
use chrono::Duration;
use std::collections::BTreeSet;

impl Step<'_> {
    /// News of the action that is under way. News of anything else is nobody's here.
    pub(super) fn settled(&mut self, outcome: ActionOutcome) {
        let Committing { attempt, then } = match self.leave() {
            Flow::Committing(committing) => *committing,
            flow => return self.state.flow = flow,
        };
        self.keep();
        let word = word_of(&attempt);
        if let ActionOutcome::Delayed { certain } = outcome {
            self.state.flow = Flow::Committing(Box::new(Committing { attempt, then }));
            return self.say(if certain { Say::NotDoneYet { action: word } } else { Say::Checking { action: word } });
        }
        self.retire();
        self.state.flow = then;
        match outcome {
            ActionOutcome::Done { booking } => self.done(attempt, booking),
            ActionOutcome::Taken => self.taken(attempt),
            ActionOutcome::Changed { slot } => self.changed_slot(attempt, slot),
            ActionOutcome::Needs { fields } => self.needs(attempt, fields),
            ActionOutcome::Rejected { reason } => self.rejected(attempt, reason),
            ActionOutcome::GaveUp => self.give_up(attempt, Say::NotDone { action: word }, HandOverReason::BackendDown),
            ActionOutcome::Unclear => {
                self.give_up(attempt, Say::Unclear { action: word }, HandOverReason::OutcomeUnclear);
            }
            ActionOutcome::UnsafeMove => {
                self.give_up(attempt, Say::NotDone { action: word }, HandOverReason::UnsafeMove);
            }
            ActionOutcome::Delayed { .. } => {}
        }
    }

    fn done(&mut self, attempt: Attempt, booking: Booking) {
        let view = self.view(&booking);
        let stands = matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested);
        match attempt {
            Attempt::Cancel(_) if stands => {
                self.call(Say::NotDone { action: ActionWord::Cancel }, HandOverReason::OutcomeUnclear);
            }
            Attempt::Cancel(before) => {
                let view = self.view(&before);
                if let Some(id) = before.id {
                    self.forget_reminder(id);
                }
                self.template(TemplateMeaning::Cancelled { view: view.clone() });
                self.say(Say::Cancelled { booking: view });
                self.invite(&before, true);
                self.ask(
                    Question::new(OpenQuestion::None, [])
                        .options(vec![Opt::key(Key::Book, Pick::Book), Opt::key(Key::Menu, Pick::Menu)])
                        .yes(Pick::Thanks),
                );
            }
            Attempt::Confirm(before) => {
                if let Some(id) = before.id {
                    self.state.reminded.retain(|reminded| *reminded != id);
                }
                self.say(Say::VisitConfirmed { booking: view });
                self.go_on_after();
            }
            Attempt::Form(form) if !stands => self.refuse(&form),
            Attempt::Form(form) => {
                self.state.visited = Some(booking.reference.branch.clone());
                if booking.status == BookingStatus::Requested {
                    self.say(Say::Requested { booking: view });
                } else if matches!(form.purpose, Purpose::Book) {
                    self.template(TemplateMeaning::Booked { view: view.clone() });
                    self.say(Say::Booked { booking: view });
                } else {
                    self.template(TemplateMeaning::Moved { view: view.clone() });
                    self.say(Say::Moved { booking: view });
                }
                if let Some(branch) = self.world.branch(&booking.reference.branch) {
                    self.pin(branch);
                }
                if booking.status == BookingStatus::Booked {
                    self.invite(&booking, false);
                }
                self.remind_later(&booking, !matches!(form.purpose, Purpose::Book));
                self.after_booking(&booking);
                self.next_service(&form, &booking);
                if matches!(form.purpose, Purpose::Book) {
                    self.state.parked = None;
                }
            }
        }
    }

    /// What can be done with a fresh booking.
    fn after_booking(&mut self, booking: &Booking) {
        let mut options = Vec::new();
        if let Some(id) = booking.id {
            options.push(Opt::key(Key::Change, Pick::Visit(id, Aim::Move)));
            options.push(Opt::key(Key::CancelVisit, Pick::Visit(id, Aim::Cancel)));
        }
        options.push(Opt::key(Key::Menu, Pick::Menu));
        self.ask(Question::new(OpenQuestion::None, []).options(options).yes(Pick::Thanks));
    }

    /// The client wanted several services: the next one is booked after this one, on the same day if it can be.
    fn next_service(&mut self, form: &Form, booking: &Booking) {
        if form.draft.more.is_empty() {
            return;
        }
        let day = booking.start.with_timezone(&booking.zone).date_naive();
        let facts = Facts {
            services: form.draft.more.clone(),
            every: form.draft.more.len() > 1,
            date: DateMention::Exact(DateRange::day(day)),
            party: form.draft.party,
            ..Facts::default()
        };
        let request = Request { intent: Intent::Book, facts };
        if !self.state.agenda.contains(&request) {
            self.state.agenda.insert(0, request);
        }
    }

    /// Sets the reminder of a booking, where there is still time for one.
    pub(super) fn remind_later(&mut self, booking: &Booking, was_known: bool) {
        let Some(id) = booking.id else { return };
        let at = booking.start - Duration::hours(i64::from(self.world.policy.reminder_hours));
        let wanted = self.world.policy.reminder_hours > 0 && booking.status == BookingStatus::Booked;
        // Nothing is planned that could never leave; the team hears of it from the watch over templates.
        let can_leave = self.world.is_open_at(at) || self.world.reach.reminders != Outlook::Hopeless;
        if wanted && at > self.world.now && can_leave {
            self.wake(Timer::Reminder { booking: id }, at);
        } else if was_known {
            // It may have had one at its earlier time.
            self.effect(Effect::CancelTimer { timer: Timer::Reminder { booking: id } });
        }
    }

    /// A booking needs no reminder any more.
    pub(super) fn forget_reminder(&mut self, booking: crate::model::BookingId) {
        self.state.reminded.retain(|reminded| *reminded != booking);
        self.effect(Effect::CancelTimer { timer: Timer::Reminder { booking } });
    }

    /// Somebody was faster: what is free around that time comes in the same reply.
    fn taken(&mut self, attempt: Attempt) {
        let Attempt::Form(mut form) = attempt else { return self.go_on_after() };
        let Some(slot) = form.draft.slot.take() else { return self.advance(form) };
        form.summed = None;
        form.draft.wish(slot.local_start());
        form.draft.time = Field::Open;
        self.look_near(form, slot.start, Why::Taken);
    }

    /// Price or person differ from what was agreed to: a new summary, a new yes.
    fn changed_slot(&mut self, attempt: Attempt, slot: Slot) {
        let Attempt::Form(mut form) = attempt else { return self.go_on_after() };
        form.draft.slot = Some(slot);
        self.say(Say::SummaryChanged);
        self.advance(form);
    }

    fn needs(&mut self, attempt: Attempt, fields: BTreeSet<ClientField>) {
        let Attempt::Form(mut form) = attempt else { return self.go_on_after() };
        let asked_before = fields.iter().all(|field| form.draft.needs.contains(field));
        form.draft.needs.extend(fields);
        if asked_before || self.wanting(&form).is_none() {
            // It has all of that already: a person must see what it is missing.
            self.refuse(&form);
        } else {
            self.advance(form);
        }
    }

    fn rejected(&mut self, attempt: Attempt, reason: RejectReason) {
        match (reason, attempt) {
            (RejectReason::TooMany, _) => {
                self.ask(Question::new(OpenQuestion::Menu, [Say::TooMany]).options(vec![
                    Opt::key(Key::MyBookings, Pick::Visits(Aim::List)),
                    Opt::key(Key::Human, Pick::Human),
                    Opt::key(Key::Menu, Pick::Menu),
                ]));
            }
            (RejectReason::TooLate, attempt) => match booking_of(&attempt) {
                Some(booking) => {
                    let say = Say::TooLateToChange { booking: self.view(booking) };
                    self.call(say, HandOverReason::TooLate);
                }
                None => self.call(Say::Refused, HandOverReason::TooLate),
            },
            (RejectReason::Blocked, _) => {
                self.ask(
                    Question::new(OpenQuestion::Menu, [Say::Refused])
                        .options(vec![Opt::key(Key::Human, Pick::Human), Opt::key(Key::Menu, Pick::Menu)]),
                );
            }
            (RejectReason::NotBookableHere, attempt) => self.not_bookable(attempt),
            _ => self.call(Say::Refused, HandOverReason::Refused),
        }
    }

    /// It cannot be done in this chat: the place is gone, the service takes something first, or a person must say.
    fn not_bookable(&mut self, attempt: Attempt) {
        let gone = match &attempt {
            Attempt::Form(form) => form.draft.branch.as_ref().is_some_and(|branch| self.is_gone(branch)),
            Attempt::Cancel(booking) | Attempt::Confirm(booking) => self.is_gone(&booking.reference.branch),
        };
        match attempt {
            Attempt::Form(form) if gone && matches!(form.purpose, Purpose::Book) => self.advance(form),
            _ if gone => self.call(Say::BranchGone, HandOverReason::Refused),
            Attempt::Form(form) if matches!(form.purpose, Purpose::Book) => {
                let slot = form.draft.slot.clone();
                let of = slot.and_then(|slot| Some((slot.branch.clone(), slot.services.first()?.clone())));
                let told = of.is_some_and(|(branch, service)| self.turn_away(form, &branch, &service));
                if !told {
                    self.leave();
                    self.call(Say::Refused, HandOverReason::Refused);
                }
            }
            _ => self.call(Say::Refused, HandOverReason::Refused),
        }
    }

    fn refuse(&mut self, form: &Form) {
        self.park_draft(form);
        self.call(Say::Refused, HandOverReason::Refused);
    }

    /// It was not done, or nobody can tell: a person takes over; an unfinished booking is kept.
    fn give_up(&mut self, attempt: Attempt, say: Say, reason: HandOverReason) {
        if let (Attempt::Form(form), HandOverReason::BackendDown) = (&attempt, reason) {
            self.park_draft(form);
        }
        self.call(say, reason);
    }

    fn park_draft(&mut self, form: &Form) {
        if let Purpose::Book = form.purpose {
            let mut draft = form.draft.clone();
            draft.loosen();
            self.state.parked = Some(Parked { draft, at: self.world.now });
        }
    }

    /// What was going on before goes on.
    pub(super) fn go_on_after(&mut self) {
        if self.world.holder == Holder::Person {
            return;
        }
        if self.state.flow != Flow::Idle {
            self.resume();
        } else {
            let options = vec![Opt::key(Key::Menu, Pick::Menu)];
            self.ask(Question::new(OpenQuestion::None, []).options(options).yes(Pick::Thanks));
        }
    }
}

fn booking_of(attempt: &Attempt) -> Option<&Booking> {
    match attempt {
        Attempt::Cancel(booking) | Attempt::Confirm(booking) => Some(booking),
        Attempt::Form(form) => match &form.purpose {
            Purpose::Move(booking) => Some(booking),
            Purpose::Book => None,
        },
    }
}

const fn word_of(attempt: &Attempt) -> ActionWord {
    match attempt {
        Attempt::Cancel(_) => ActionWord::Cancel,
        Attempt::Confirm(_) => ActionWord::Confirm,
        Attempt::Form(form) => match form.purpose {
            Purpose::Book => ActionWord::Book,
            Purpose::Move(_) => ActionWord::Move,
        },
    }
}
