//! Running late, and words about a past visit: noted, and passed on to the team.

use super::{
    Effect, TeamEvent,
    facts::Facts,
    listen::Heard,
    shown::{Opt, Pick, Question},
    state::{Aim, Flow},
    step::Step,
};
use crate::{
    model::{Booking, BookingId, BookingStatus, Private},
    ports::OpenQuestion,
    reply::{ChooseFor, Key, Label, Say, When},
};
use chrono::Duration;

/// A visit that began this long ago may still be the one they are late for.
const BEGUN: Duration = Duration::hours(2);

impl Step<'_> {
    /// "I am running late."
    pub(super) fn late(&mut self, which: Option<BookingId>, minutes: Option<u16>, facts: Facts) -> Heard {
        let now = self.world.now;
        let today = |booking: &&Booking| {
            let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&booking.zone).date_naive();
            booking.status == BookingStatus::Booked && booking.start > now - BEGUN && day(booking.start) == day(now)
        };
        let services = |booking: &&Booking| {
            facts.services.is_empty() || booking.services.iter().any(|service| facts.services.contains(service))
        };
        let chosen = |booking: &&Booking| which.is_none_or(|id| booking.id == Some(id));
        let fit: Vec<Booking> =
            self.world.bookings.iter().filter(today).filter(services).filter(chosen).cloned().collect();
        match fit.as_slice() {
            [] => self.note_late(None, minutes),
            [only] => self.note_late(Some(only), minutes),
            several => {
                let option = |booking: &Booking| {
                    let at = When { start: booking.start, zone: booking.zone };
                    let service = self.view(booking).service;
                    Some(Opt::new(Label::Booking { at, service }, Pick::Visit(booking.id?, Aim::Late(minutes))))
                };
                let options = several.iter().take(self.room()).filter_map(option).collect();
                let say = Say::ChooseBooking { purpose: ChooseFor::RunningLate };
                self.ask(Question::new(OpenQuestion::Booking, [say]).options(options));
            }
        }
        Heard::Understood
    }

    /// Tells the team, and the client that the team knows.
    pub(super) fn note_late(&mut self, booking: Option<&Booking>, minutes: Option<u16>) {
        let event = TeamEvent::RunningLate { booking: booking.and_then(|booking| booking.id), minutes };
        self.effect(Effect::Notify { event });
        self.say(Say::LateNoted { booking: booking.map(|booking| self.view(booking)), minutes });
        self.and_then();
    }

    /// Words about a past visit.
    pub(super) fn review(&mut self, text: &str) -> Heard {
        if !text.is_empty() {
            self.effect(Effect::Notify { event: TeamEvent::Review { text: Private::new(text.to_owned()) } });
        }
        self.say(Say::ReviewNoted);
        self.and_then();
        Heard::Understood
    }

    /// Back to what is open; with nothing open, a way on.
    fn and_then(&mut self) {
        if self.state.flow != Flow::Idle {
            self.resume();
        } else if !self.is_asking() {
            let options = vec![Opt::key(Key::Human, Pick::Human), Opt::key(Key::Menu, Pick::Menu)];
            self.ask(Question::new(OpenQuestion::None, []).options(options).yes(Pick::Thanks));
        }
    }
}
