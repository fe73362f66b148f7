//! Stop writing to me, write to me again. Neither touches a booking.

use super::{
    ContactChange, Effect,
    listen::Heard,
    shown::{Opt, Pick, Question},
    state::Flow,
    step::Step,
};
use crate::{
    model::Consent,
    ports::OpenQuestion,
    reply::{Key, Say},
};

impl Step<'_> {
    /// No offers and no reminders any more. What they ask is still answered.
    pub(super) fn opt_out(&mut self) -> Heard {
        self.consent(true);
        let bookings_stand = self.world.bookings.iter().any(|booking| booking.is_upcoming(self.world.now));
        self.say(Say::OptedOut { bookings_stand });
        self.settle_down()
    }

    /// Welcome again.
    pub(super) fn opt_in(&mut self) -> Heard {
        self.consent(false);
        self.say(Say::OptedIn);
        self.settle_down()
    }

    pub(super) fn consent(&mut self, refused: bool) {
        for consent in [Consent::Marketing, Consent::Reminders] {
            self.effect(Effect::UpdateContact { change: ContactChange::Consent { consent, refused } });
        }
    }

    fn settle_down(&mut self) -> Heard {
        if let Flow::Committing(_) = self.state.flow {
            return Heard::Understood;
        }
        self.park();
        let options = vec![Opt::key(Key::Menu, Pick::Menu)];
        self.ask(Question::new(OpenQuestion::None, []).options(options).yes(Pick::Thanks));
        Heard::Understood
    }
}
