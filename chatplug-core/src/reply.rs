//! What the machine wants said, in meaning; then in words; then in the shape a channel can carry.
//!
//! [`Reply`] is semantic and serialisable: it waits in the outbox as meaning and is rendered when it is sent, in the
//! contact's language, by the branch's zone, for the channel's limits, as text or (window closed) as a template.
//! No sentence lives in Rust: every [`Say`], [`Label`] and [`Key`] names a message of `locales/<lang>/*.ftl`, and
//! `build.rs` checks that each of them exists, whole, in every language. Adding a language is adding a folder.

mod say;

mod invite;
mod render;
mod template;

mod label;
mod shape;
mod speak;
mod voice;

#[cfg_attr(not(test), expect(dead_code, reason = "the build checks whole catalogues, the library only tests it"))]
mod check;
mod clean;
mod fit;
mod locale;
mod money;
mod preview;
mod words;

#[cfg(feature = "testkit")]
pub mod samples;

pub use fit::cut;
pub use preview::preview;
pub use render::{Note, RenderContext, Rendered, label_text, render, render_noting};
pub use say::{
    ActionWord, AskedAbout, BookingView, Choice, Choices, ChooseFor, HandOverReason, HoursLine, Invite, Key, Label,
    Reply, Say, SlotScope, TemplateMeaning, When,
};
pub use template::{render_template, template_drafts};
pub use words::{WordingProblem, Words};
