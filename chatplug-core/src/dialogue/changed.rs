//! A booking changed in the booking system: the client is told once, timers move, and what was open about it is void.

use super::{
    Holder,
    shown::{Opt, Pick, Question},
    state::{Aim, Flow, Purpose},
    step::Step,
};
use crate::{
    model::{Booking, BookingId, BookingStatus},
    ports::OpenQuestion,
    reply::{Key, Say, TemplateMeaning},
};

impl Step<'_> {
    /// Only real differences come here; while this booking is being written by us, the engine keeps them back.
    pub(super) fn changed(&mut self, mut before: Booking, after: Option<Booking>) {
        let Some(id) = after.as_ref().and_then(|after| after.id).or(before.id) else { return };
        before.id = Some(id);
        let after = after.map(|after| Booking { id: Some(id), ..after });
        let expected = before.is_upcoming(self.world.now);
        let stands = after
            .as_ref()
            .is_some_and(|after| matches!(after.status, BookingStatus::Booked | BookingStatus::Requested));
        match after {
            Some(after) if stands => {
                self.remind_later(&after, true);
                let moved = !after.is_same_visit(&before);
                let approved = before.status == BookingStatus::Requested && after.status == BookingStatus::Booked;
                let view = self.view(&after);
                if self.world.holder == Holder::Bot && after.start > self.world.now {
                    if approved {
                        self.template(TemplateMeaning::Booked { view: view.clone() });
                        self.say(Say::Booked { booking: view });
                        self.invite(&after, false);
                    } else if moved {
                        self.template(TemplateMeaning::Moved { view: view.clone() });
                        self.say(Say::MovedByTeam { before: self.view(&before), after: view });
                        if after.status == BookingStatus::Booked {
                            self.invite(&after, false);
                        }
                    }
                }
                self.void(id, Some(after));
            }
            after => {
                self.forget_reminder(id);
                let over =
                    after.is_some_and(|after| matches!(after.status, BookingStatus::Completed | BookingStatus::NoShow));
                if self.world.holder == Holder::Bot && expected && !over {
                    let view = self.view(&before);
                    self.template(TemplateMeaning::Cancelled { view: view.clone() });
                    self.say(Say::CancelledByTeam { booking: view });
                    self.invite(&before, true);
                }
                self.void(id, None);
            }
        }
    }

    /// What is open about a booking that changed is asked anew by how it is now; everything else stays open.
    fn void(&mut self, id: BookingId, now: Option<Booking>) {
        let quiet = self.world.holder == Holder::Person;
        match (self.leave(), now) {
            (Flow::Form(mut form), now) if is_moving(&form.purpose, id) => {
                form.summed = None;
                self.retire();
                match now {
                    Some(booking) => {
                        form.draft.loosen();
                        form.purpose = Purpose::Move(Box::new(booking));
                        if quiet {
                            self.state.flow = Flow::Form(form);
                        } else {
                            self.advance(form);
                        }
                    }
                    None => self.on_from_here(None),
                }
            }
            (Flow::Cancelling { booking, .. }, now) if booking.id == Some(id) => {
                self.retire();
                match now {
                    Some(booking) if !quiet => self.cancel_visit(booking),
                    _ => self.on_from_here(None),
                }
            }
            (Flow::Idle, now) => self.on_from_here(now.and_then(|now| now.id)),
            (flow, _) => self.state.flow = flow,
        }
    }

    /// With nothing open, what one may do about the news.
    fn on_from_here(&mut self, booking: Option<BookingId>) {
        if !self.has_spoken() {
            return;
        }
        let mut options = Vec::new();
        match booking {
            Some(id) => {
                options.push(Opt::key(Key::Change, Pick::Visit(id, Aim::Move)));
                options.push(Opt::key(Key::CancelVisit, Pick::Visit(id, Aim::Cancel)));
            }
            None => options.push(Opt::key(Key::Book, Pick::Book)),
        }
        options.push(Opt::key(Key::Menu, Pick::Menu));
        self.ask(Question::new(OpenQuestion::None, []).options(options).yes(Pick::Thanks));
    }
}

fn is_moving(purpose: &Purpose, id: BookingId) -> bool {
    matches!(purpose, Purpose::Move(booking) if booking.id == Some(id))
}
