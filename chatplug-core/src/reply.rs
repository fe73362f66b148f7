//! What the machine wants said, in meaning; then in words; then in the shape a channel can carry.
//!
//! [`Reply`] is semantic and serialisable: it waits in the outbox as meaning and is rendered when it is sent, in the
//! contact's language, by the branch's zone, for the channel's limits, as text or (window closed) as a template.
//! No sentence lives in Rust: every [`Say`], [`Label`] and [`Key`] names a message of `locales/<lang>/*.ftl`.

mod say;

pub use say::{
    ActionWord, AskedAbout, BookingView, Choice, Choices, ChooseFor, HandOverReason, HoursLine, Key, Label, Reply, Say,
    SlotScope, TemplateMeaning, When,
};
