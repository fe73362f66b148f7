//! Not understood: once asked again, twice the menu, three times a person.

use super::{listen::Heard, step::Step};
use crate::reply::{HandOverReason, Say};

/// Misunderstandings in a row after which a person is called.
pub(super) const PATIENCE: u8 = 3;

impl Step<'_> {
    /// A burst of which nothing was understood.
    pub(super) fn misunderstood(&mut self) -> Heard {
        self.state.misses = self.state.misses.saturating_add(1);
        match self.state.misses {
            1 => {
                self.say(Say::NotUnderstood);
                self.resume();
            }
            misses if misses < PATIENCE => {
                let question = self.menu(Say::NotUnderstoodAgain, 0);
                self.ask(question);
            }
            _ => {
                self.hand_over(HandOverReason::NotUnderstood);
            }
        }
        Heard::Amiss
    }
}
