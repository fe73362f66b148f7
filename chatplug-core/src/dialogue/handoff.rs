//! Bot and person: calling one, keeping quiet while one answers, and coming back to where things stand.

use super::{
    Effect, Holder, Operator, TeamEvent, Timer,
    facts::Facts,
    listen::Heard,
    state::{Aim, Errand, Flow},
    step::Step,
};
use crate::reply::{HandOverReason, Say};
use chrono::Duration;

impl Step<'_> {
    /// Calls a person, and says so.
    pub(super) fn hand_over(&mut self, reason: HandOverReason) -> Heard {
        if self.out.handed_over {
            return Heard::Understood;
        }
        self.out.handed_over = true;
        self.state.misses = 0;
        self.state.agenda.clear();
        self.state.kept = None;
        self.drop_question();
        if self.world.holder == Holder::Bot {
            self.say(Say::HandedOver { reason });
            // Taking over withdraws what is queued, but not this.
            self.keep();
            self.flush();
            self.effect(Effect::Hold { holder: Holder::Person });
            self.give_time();
        } else {
            self.flush();
        }
        self.effect(Effect::Notify { event: TeamEvent::NeedsPerson { reason } });
        Heard::Understood
    }

    /// Says what happened, and calls a person about it.
    pub(super) fn call(&mut self, say: Say, reason: HandOverReason) {
        self.say(say);
        self.hand_over(reason);
    }

    /// Somebody of the business did something.
    pub(super) fn operated(&mut self, operator: Operator) {
        match operator {
            Operator::TakeOver => self.taken_over(),
            Operator::Say { text } => {
                self.taken_over();
                self.effect(Effect::Relay { text });
            }
            Operator::HandBack => self.hand_back(),
        }
    }

    fn taken_over(&mut self) {
        if self.world.holder == Holder::Bot {
            self.effect(Effect::Hold { holder: Holder::Person });
        }
        self.state.misses = 0;
        self.state.agenda.clear();
        self.state.kept = None;
        self.give_time();
    }

    /// The bot takes the conversation back: it says so, and asks what is open by how things stand now.
    pub(super) fn hand_back(&mut self) {
        if self.world.holder == Holder::Person {
            self.effect(Effect::Hold { holder: Holder::Bot });
        }
        self.effect(Effect::CancelTimer { timer: Timer::HandBack });
        self.state.misses = 0;
        self.say(Say::HandedBack);
        self.retire();
        if let Flow::Form(form) = &mut self.state.flow {
            // Nobody held the slot meanwhile.
            form.draft.loosen();
        }
        if let Flow::Cancelling { booking, .. } = &self.state.flow
            && let Some(id) = booking.id
        {
            let errand = Errand { aim: Aim::Cancel, booking: Some(id), facts: Facts::default(), or_draft: false };
            self.leave();
            return self.fetch_bookings(errand);
        }
        self.resume();
    }

    /// Gives the person the policy's time before the bot takes the conversation back.
    fn give_time(&mut self) {
        let hours = self.world.policy.hand_back_hours;
        if hours > 0 {
            self.wake(Timer::HandBack, self.world.now + Duration::hours(i64::from(hours)));
        }
    }
}
