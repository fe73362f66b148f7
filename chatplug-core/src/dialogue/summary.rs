//! The critical action: summed up, agreed to, committed. Nothing else in the machine emits [`Effect::Commit`](super::Effect::Commit).
//!
//! A summary seals the exact action and price it showed. A yes carries a seal, and counts only while the flow still
//! holds that very summary and the action that would be committed now has the same seal.

use super::{
    draft::SlotKey,
    listen::Heard,
    shown::{Opt, Pick, Question},
    state::{Aim, Attempt, Committing, Flow, Form, Purpose, Seal},
    step::Step,
    view::price_of,
};
use crate::{
    model::{Booking, BookingId, CancelReason, Price, Slot},
    ports::{Action, BookingRequest, ClientDetails, OpenQuestion},
    reply::{Key, Say},
};

impl Step<'_> {
    /// Sums up a form whose slot is chosen, and asks for a yes.
    pub(super) fn sum_up(&mut self, mut form: Box<Form>) {
        let Some(slot) = form.draft.slot.clone() else { return self.advance(form) };
        let (Some(seal), Some(key)) = (self.seal_of(&form), SlotKey::of(&slot)) else {
            self.state.flow = Flow::Form(form);
            return self.cannot_look();
        };
        let to = self.preview(&form, &slot);
        let (say, yes, no, otherwise) = match &form.purpose {
            Purpose::Book => {
                (Say::Summary { draft: to }, Key::BookIt, Opt::key(Key::Drop, Pick::Drop), Pick::OldSlot(key))
            }
            Purpose::Move(booking) => (
                Say::MoveSummary { from: self.view(booking), to },
                Key::MoveIt,
                Opt::key(Key::KeepIt, Pick::Keep),
                booking.id.map_or(Pick::Menu, |id| Pick::OldMove(id, key)),
            ),
        };
        let agree = Pick::Agree { seal: seal.clone(), otherwise: Box::new(otherwise) };
        let refuse = no.pick.clone();
        let options = vec![Opt::key(yes, agree.clone()), Opt::key(Key::AnotherTime, Pick::AnotherTime), no];
        form.summed = Some(seal);
        self.state.flow = Flow::Form(form);
        self.ask(Question::new(OpenQuestion::YesNo, [say]).options(options).yes(agree).no(refuse));
    }

    /// Sums up a cancellation, and asks for a yes.
    pub(super) fn sum_cancellation(&mut self, booking: Booking) {
        let seal = Seal::of(&cancellation(&booking), None);
        let otherwise = booking.id.map_or(Pick::Menu, |id| Pick::Visit(id, Aim::Cancel));
        let agree = Pick::Agree { seal: seal.clone(), otherwise: Box::new(otherwise) };
        let options = vec![Opt::key(Key::CancelIt, agree.clone()), Opt::key(Key::KeepIt, Pick::Keep)];
        let say = Say::CancelSummary { booking: self.view(&booking) };
        self.state.flow = Flow::Cancelling { booking: Box::new(booking), seal };
        self.ask(Question::new(OpenQuestion::YesNo, [say]).options(options).yes(agree).no(Pick::Keep));
    }

    /// Acts on a yes, once the whole burst is read. A yes to what is no longer open commits nothing.
    pub(super) fn agree(&mut self, pick: &Pick) {
        match pick {
            Pick::Agree { seal, .. } => self.agree_to(seal),
            Pick::Visit(booking, _) => self.come(*booking),
            _ => {}
        }
    }

    fn agree_to(&mut self, seal: &Seal) {
        match self.leave() {
            Flow::Form(form) if form.summed.as_ref().is_some_and(|summed| summed.opens(seal)) => {
                let starts = form.draft.slot.as_ref().map(|slot| slot.start);
                let ahead = starts.is_some_and(|start| start > self.world.now);
                let same = self.seal_of(&form).is_some_and(|now| now.opens(seal));
                match self.action_of(&form).filter(|_| ahead && same) {
                    Some(action) => self.begin(Attempt::Form(form), Flow::Idle, action),
                    None => {
                        self.say(Say::SummaryChanged);
                        self.advance(form);
                    }
                }
            }
            Flow::Cancelling { booking, seal: summed } if summed.opens(seal) => {
                let action = cancellation(&booking);
                self.begin(Attempt::Cancel(booking), Flow::Idle, action);
            }
            flow => {
                // Something later in the burst changed it: that is what gets answered.
                self.state.flow = flow;
                self.resume();
            }
        }
    }

    /// "I will come": the reminder was the summary, or the client says it unasked; either way it binds them to nothing.
    pub(super) fn commit_visit(&mut self, booking: Booking) -> Heard {
        if let Some(id) = booking.id {
            self.out.agreed = Some(Pick::Visit(id, Aim::Confirm));
        }
        Heard::Understood
    }

    fn come(&mut self, booking: BookingId) {
        match self.upcoming(booking).cloned() {
            Some(booking) => self.commit_visit_read(booking),
            None => self.resume(),
        }
    }

    /// Commits "I will come" to a booking as just read; said again, it is only thanked for.
    pub(super) fn commit_visit_read(&mut self, booking: Booking) {
        if booking.confirmed {
            self.say(Say::VisitConfirmed { booking: self.view(&booking) });
            return self.go_on_after();
        }
        let then = self.leave();
        let action = Action::ConfirmVisit { booking: booking.clone() };
        self.begin(Attempt::Confirm(Box::new(booking)), then, action);
    }

    fn begin(&mut self, attempt: Attempt, then: Flow, action: Action) {
        self.state.flow = Flow::Committing(Box::new(Committing { attempt, then }));
        self.commit(action);
    }

    /// The fingerprint of what a form would commit now.
    fn seal_of(&self, form: &Form) -> Option<Seal> {
        let action = self.action_of(form)?;
        let price = form.draft.slot.as_ref().and_then(|slot| self.price_shown(slot));
        Some(Seal::of(&action, price))
    }

    fn price_shown(&self, slot: &Slot) -> Option<Price> {
        let service = slot.services.first().and_then(|id| self.world.branch(&slot.branch)?.catalog.service(id));
        price_of(slot, service)
    }

    /// What a form would commit now.
    fn action_of(&self, form: &Form) -> Option<Action> {
        let slot = form.draft.slot.clone()?;
        let contact = self.world.contact;
        let client = ClientDetails {
            contact: contact.id,
            user: contact.user.clone(),
            name: form.draft.name.clone().or_else(|| contact.name.clone()),
            email: form.draft.email.clone().or_else(|| contact.email.clone()),
            language: self.lang(),
        };
        Some(match &form.purpose {
            Purpose::Book => Action::Book(BookingRequest { slot, client, party: form.draft.people(), note: None }),
            Purpose::Move(booking) => Action::Reschedule { booking: (**booking).clone(), to: slot, client },
        })
    }
}

fn cancellation(booking: &Booking) -> Action {
    Action::Cancel { booking: booking.clone(), reason: CancelReason::Client }
}
