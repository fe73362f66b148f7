//! Moving a visit: the same form as booking, filled with what the visit is; service and person stay unless said otherwise.

use super::{
    draft::{Draft, Field},
    facts::Facts,
    listen::Heard,
    state::{Aim, Flow, Form, Purpose},
    step::Step,
};
use crate::{
    model::{Booking, DateRange, StaffChoice},
    ports::{DateMention, TimeMention},
    reply::{HandOverReason, Say},
};
use chrono::Duration;

impl Step<'_> {
    /// The client wants to move a visit; in the middle of a form that says a new time, it is the form that changes.
    pub(super) fn reschedule(&mut self, facts: Facts) -> Heard {
        if matches!(self.state.flow, Flow::Form(_)) && facts.reschedules() {
            return self.book(facts);
        }
        if let Flow::Choosing { errand } = &self.state.flow
            && errand.aim == Aim::Move
            && facts.is_empty()
        {
            self.resume();
            return Heard::Understood;
        }
        self.errand(Aim::Move, None, facts)
    }

    /// Opens the form that moves a visit.
    pub(super) fn move_visit(&mut self, booking: Booking, facts: &Facts) {
        if self.is_too_late(&booking) {
            return;
        }
        let mut draft = Draft {
            branch: Some(booking.reference.branch.clone()),
            service: booking.services.first().cloned().map_or(Field::Open, Field::Set),
            staff: Field::Set(booking.staff.clone().map_or(StaffChoice::Any, StaffChoice::One)),
            ..Draft::default()
        };
        let local = booking.start.with_timezone(&booking.zone).naive_local();
        match (&facts.date, &facts.time) {
            // "With Bruno instead": the same hour.
            (DateMention::None, TimeMention::None) if facts.staff.is_some() => draft.wish(local),
            // "At five instead": the same day.
            (DateMention::None, TimeMention::Exact(_) | TimeMention::Ambiguous(_)) => {
                draft.days = Field::Set(DateRange::day(local.date()));
            }
            _ => {}
        }
        let mut form = Box::new(Form { purpose: Purpose::Move(Box::new(booking)), draft, summed: None });
        self.take_facts(&mut form, facts);
        self.advance(form);
    }

    /// Whether a visit is too close to be changed here; then a person is called.
    pub(super) fn is_too_late(&mut self, booking: &Booking) -> bool {
        let until = booking.start - Duration::minutes(i64::from(self.world.policy.change_until_minutes));
        let late = self.world.now >= until;
        if late {
            let say = Say::TooLateToChange { booking: self.view(booking) };
            self.call(say, HandOverReason::TooLate);
        }
        late
    }
}
