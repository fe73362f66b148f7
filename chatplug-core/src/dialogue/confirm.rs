//! Reminders, and "I will come".

use super::{
    Holder, Timer,
    facts::Facts,
    listen::Heard,
    shown::{Opt, Pick, Question},
    state::{Aim, Flow},
    step::Step,
};
use crate::{
    model::{BookingId, BookingStatus, Consent},
    ports::{OpenQuestion, Outlook},
    reply::{Key, Say, TemplateMeaning},
};
use chrono::Duration;

/// Most reminders that may wait for an answer.
const OPEN: usize = 5;
/// While a person holds the conversation, or its template is not approved, a reminder waits this long and looks again.
const LATER: Duration = Duration::hours(1);

impl Step<'_> {
    /// "I will come", said without being asked.
    pub(super) fn confirm(&mut self, facts: Facts) -> Heard {
        if facts.is_empty() {
            match self.state.reminded.as_slice() {
                [] => {}
                [only] => {
                    let only = *only;
                    return self.visit(only, Aim::Confirm, Facts::default());
                }
                _ => return self.yes(Facts::default()),
            }
        }
        self.errand(Aim::Confirm, None, facts)
    }

    /// A timer rang.
    pub(super) fn rang(&mut self, timer: &Timer) {
        match timer {
            Timer::Reminder { booking } => self.remind(*booking),
            Timer::HandBack if self.world.holder == Holder::Person => self.hand_back(),
            Timer::HandBack => {}
            Timer::Catalog => self.look_again(),
        }
    }

    /// Reminds of a visit, if it still stands, lies ahead and was not confirmed yet.
    fn remind(&mut self, id: BookingId) {
        let Some(booking) = self.upcoming(id) else { return };
        if booking.confirmed
            || booking.status != BookingStatus::Booked
            || self.world.contact.opted_out.contains(&Consent::Reminders)
        {
            return;
        }
        // In review or paused: it may be sent yet. What can never be is not tried.
        let sendable = match self.world.reach.reminders {
            _ if self.world.is_open_at(self.world.now) => Outlook::Ready,
            outlook => outlook,
        };
        if self.world.holder == Holder::Person || sendable != Outlook::Ready {
            let again = self.world.now + LATER;
            if again < booking.start && sendable != Outlook::Hopeless {
                self.wake(Timer::Reminder { booking: id }, again);
            }
            return;
        }
        let view = self.view(booking);
        self.state.reminded.retain(|reminded| *reminded != id);
        if self.state.reminded.len() >= OPEN {
            self.state.reminded.remove(0);
        }
        self.state.reminded.push(id);
        self.template(TemplateMeaning::Reminder { booking: id, view: view.clone() });
        self.say(Say::Reminder { booking: view, name: self.first_name() });
        let come = Pick::Visit(id, Aim::Confirm);
        let options = vec![
            Opt::key(Key::Come, come.clone()),
            Opt::key(Key::Change, Pick::Visit(id, Aim::Move)),
            Opt::key(Key::CancelVisit, Pick::Visit(id, Aim::Cancel)),
        ];
        match self.state.flow {
            Flow::Idle => {
                let question = Question::new(OpenQuestion::YesNo, []).options(options);
                self.ask(question.yes(come).no(Pick::Visit(id, Aim::Change)));
            }
            // What is being done stays open; the reminder stands beside it.
            _ => self.aside(options),
        }
    }
}
