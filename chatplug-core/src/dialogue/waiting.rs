//! What a client says while no catalogue can be read: told so, kept as it came, and read when there is one.
//!
//! Without a catalogue nobody can tell which service, person or day is meant. Guessing would be wrong, and "I did not get
//! that" would be a lie: it is the booking system that does not answer.

use super::{
    Effect, Holder, Said, SaidWhat, Timer,
    listen::SURE,
    shown::{Opt, Pick, Tapped},
    state::Kept,
    step::Step,
};
use crate::{
    ports::Intent,
    reply::{HandOverReason, Key, Say},
};
use chrono::Duration;

/// Whoever writes more than this meanwhile is given to a person.
const MOST: usize = 20;
/// The booking system is tried again after this at first, then more and more seldom.
const SOON: Duration = Duration::seconds(10);
/// But never more seldom than this.
const SELDOM: Duration = Duration::minutes(1);
/// Then a person takes over.
const PATIENCE: Duration = Duration::minutes(15);

impl Step<'_> {
    /// Whether a message can only be answered with a catalogue, and there is none.
    pub(super) fn must_wait(&self, said: &Said) -> bool {
        if !self.world.branches.is_empty() {
            return false;
        }
        match &said.what {
            SaidWhat::Words { meaning, .. } => {
                let answered =
                    matches!(meaning.intent, Intent::Human | Intent::OptOut | Intent::OptIn | Intent::ChangeLanguage);
                !(answered && meaning.confidence >= SURE)
            }
            SaidWhat::Tap { id, .. } => {
                let tapped = self.state.shown.tapped(id, self.state.asked.as_ref());
                !matches!(tapped, Tapped::Open(Pick::Human) | Tapped::Old(Pick::Human))
            }
            SaidWhat::Reaction { .. } | SaidWhat::Location { .. } | SaidWhat::Unreadable { .. } => false,
        }
    }

    /// Keeps messages until there is a catalogue, and says so.
    pub(super) fn keep_for_later(&mut self, said: Vec<Said>) {
        let now = self.world.now;
        for message in &said {
            if let SaidWhat::Words { text, meaning } = &message.what {
                self.note_language(text.reveal(), meaning);
            }
        }
        let kept = self.state.kept.get_or_insert_with(|| Kept { since: now, said: Vec::new() });
        kept.said.extend(said);
        if kept.said.len() > MOST {
            self.hand_over(HandOverReason::BackendDown);
            return;
        }
        self.say(Say::SystemDown);
        // Beside the open question: what was kept may answer it.
        self.aside(vec![Opt::key(Key::Human, Pick::Human)]);
        self.out.pending = true;
        self.wake(Timer::Catalog, now + SOON);
    }

    /// There is a catalogue again: what was kept is read now.
    pub(super) fn wait_no_more(&mut self) {
        if self.state.kept.take().is_some() {
            self.effect(Effect::CancelTimer { timer: Timer::Catalog });
            if let Some(asked) = &self.state.asked {
                self.state.shown.ask_again(asked);
            }
        }
    }

    /// It is time to look whether the booking system answers. Had it answered, what was kept would have been read before.
    pub(super) fn look_again(&mut self) {
        let Some(since) = self.state.kept.as_ref().map(|kept| kept.since) else { return };
        if self.world.holder == Holder::Person {
            self.state.kept = None;
            return;
        }
        let waited = self.world.now - since;
        // A clock that was put back counts anew.
        if waited >= PATIENCE {
            self.hand_over(HandOverReason::BackendDown);
        } else {
            self.wake(Timer::Catalog, self.world.now + (waited / 2).clamp(SOON, SELDOM));
        }
    }
}
