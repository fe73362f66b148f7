//! The dialogue: a pure state machine. No clock, no randomness, no I/O, no runtime.
//!
//! # The run loop
//! A driver (the engine, a test, a terminal) owns one [`Dialogue`] per conversation and calls `step` with one
//! [`Input`] at a time. It carries out the returned [`Effect`]s in order. At most one of them is a *question*
//! ([`Effect::FetchSlots`], [`Effect::FetchBookings`], [`Effect::CheckGate`], [`Effect::Commit`]); it is the last one, and
//! **the next input of this dialogue must be its answer** ([`Input::Slots`], [`Input::Bookings`], [`Input::Gate`],
//! [`Input::Outcome`]), except that
//! [`Input::Outcome`] may come later, after any other inputs, when the booking system takes its time.
//! Everything between taking the first input and the last effect without a question is one turn and is committed
//! together; a `Commit` is persisted before it is carried out.
//!
//! Same state, inputs and world: same effects, always. The state is serialisable and versioned.

//!
//! # Where what is
//! A step reads an input (`listen`, `picks`, `answers`), lets a flow act on the state (one file each), and ends in
//! `step`, which puts the effects in order. Flows: `greet` (menu, back, unfinished bookings), `book` with `fields`,
//! `branch`, `gate`, `details`, `times` and `search`, `bookings` (list, choose), `reschedule`, `cancel`, `confirm` (reminders),
//! `questions`, `free` (what no form has a field for), `late`, `waiting` (no catalogue), `swapped` (another booking system), `consent`, `language`, `handoff`, `misunderstanding`, `changed`. The only way to a
//! [`Effect::Commit`] is in `summary`; what became of it is told in `outcome`.

mod free_times;
mod input;

mod draft;
mod facts;
mod shown;
mod state;
mod step;

mod answers;
mod listen;
mod picks;
mod view;

mod book;
mod bookings;
mod branch;
mod cancel;
mod changed;
mod confirm;
mod consent;
mod details;
mod fields;
mod free;
mod gate;
mod greet;
mod handoff;
mod language;
mod late;
mod misunderstanding;
mod outcome;
mod questions;
mod reschedule;
mod search;
mod summary;
mod swapped;
mod times;
mod waiting;

mod describe;
mod envelope;
mod leave;

#[cfg(any(test, feature = "testkit"))]
pub mod script;
#[cfg(test)]
mod tests;

pub use describe::{Described, DescribedDraft};
pub use envelope::{STATE_VERSION, StateError};
pub use input::{
    ActionOutcome, BranchView, ContactChange, Effect, Holder, Input, Operator, Outcome, Reach, Said, SaidWhat,
    TeamEvent, Timer, Trouble, World,
};

use crate::{
    model::{BranchId, Lang},
    ports::OpenQuestion,
};
use state::{Flow, State};

/// One conversation's dialogue.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dialogue {
    state: State,
}

impl Dialogue {
    /// A dialogue that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input in, and answers with what is to be done about it, in order.
    ///
    /// An input that answers nothing asked (a late duplicate of an outcome, slots that nobody waits for) changes
    /// nothing and has no effects.
    pub fn step(&mut self, input: Input, world: &World<'_>) -> Vec<Effect> {
        step::Step::new(&mut self.state, world).take(input)
    }

    /// What the client was last asked, for the [`Context`](crate::ports::Context) of what they write next.
    #[must_use]
    pub fn open_question(&self) -> OpenQuestion {
        self.state.asked.as_ref().map_or(OpenQuestion::None, |asked| asked.kind)
    }

    /// How many numbered options the client has before them; 0 for none.
    #[must_use]
    pub fn options(&self) -> usize {
        self.state.shown.count(self.state.asked.as_ref())
    }

    /// What the client said while no catalogue could be read ([`World::branches`] was empty): once there is one, it is to
    /// be read anew and said again, before whatever was said since.
    #[must_use]
    pub fn kept(&self) -> &[Said] {
        self.state.kept.as_ref().map_or(&[], |kept| &kept.said)
    }

    /// The language the conversation is in; `None` before the first message that told.
    #[must_use]
    pub const fn language(&self) -> Option<Lang> {
        self.state.lang
    }

    /// The branch that is being booked at, once one is chosen: whose catalogue to read the next message by.
    #[must_use]
    pub fn branch(&self) -> Option<&BranchId> {
        match &self.state.flow {
            Flow::Form(form) => form.draft.branch.as_ref(),
            Flow::Cancelling { booking, .. } => Some(&booking.reference.branch),
            Flow::Idle | Flow::Choosing { .. } | Flow::Committing(_) => None,
        }
    }

    /// Whether an action is under way whose outcome is still to come.
    #[must_use]
    pub const fn is_committing(&self) -> bool {
        matches!(self.state.flow, Flow::Committing(_))
    }
}
