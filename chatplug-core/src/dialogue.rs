//! The dialogue: a pure state machine. No clock, no randomness, no I/O, no runtime.
//!
//! # The run loop
//! A driver (the engine, a test, a terminal) owns one [`Dialogue`] per conversation and calls `step` with one
//! [`Input`] at a time. It carries out the returned [`Effect`]s in order. At most one of them is a *question*
//! ([`Effect::FetchSlots`], [`Effect::FetchBookings`], [`Effect::Commit`]); it is the last one, and **the next input of
//! this dialogue must be its answer** ([`Input::Slots`], [`Input::Bookings`], [`Input::Outcome`]), except that
//! [`Input::Outcome`] may come later, after any other inputs, when the booking system takes its time.
//! Everything between taking the first input and the last effect without a question is one turn and is committed
//! together; a `Commit` is persisted before it is carried out.
//!
//! Same state, inputs and world: same effects, always. The state is serialisable and versioned.

mod input;

pub use input::{
    ActionOutcome, BranchView, ContactChange, Effect, Holder, Input, Operator, Outcome, Said, SaidWhat, TeamEvent,
    Timer, Trouble, World,
};
