//! Cancelling a visit, or giving up a booking in the making: two things that one word may mean.

use super::{
    facts::Facts,
    listen::Heard,
    shown::Pick,
    state::{Aim, Flow, Purpose},
    step::Step,
};
use crate::model::Booking;

impl Step<'_> {
    /// "Cancel": what, depends on what there is. It never unsubscribes.
    pub(super) fn cancel(&mut self, facts: Facts) -> Heard {
        match &self.state.flow {
            // Said again to the summary of that very cancellation: it is the yes.
            Flow::Cancelling { seal, .. } if facts.is_empty() => {
                let seal = seal.clone();
                self.out.agreed = Some(Pick::Agree { seal, otherwise: Box::new(Pick::Menu) });
                Heard::Understood
            }
            Flow::Form(form) => match &form.purpose {
                Purpose::Move(booking) if facts.is_empty() => {
                    let booking = booking.id;
                    self.errand(Aim::Cancel, booking, facts)
                }
                Purpose::Book if !self.has_upcoming() => {
                    self.drop_draft();
                    Heard::Understood
                }
                Purpose::Book => self.cancel_which(facts),
                Purpose::Move(_) => self.errand(Aim::Cancel, None, facts),
            },
            _ => self.errand(Aim::Cancel, None, facts),
        }
    }

    /// Sums a cancellation up, unless it is too late for one.
    pub(super) fn cancel_visit(&mut self, booking: Booking) {
        if !self.is_too_late(&booking) {
            self.sum_cancellation(booking);
        }
    }

    fn has_upcoming(&self) -> bool {
        self.world.bookings.iter().any(|booking| booking.is_upcoming(self.world.now))
    }
}
