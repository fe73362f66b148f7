//! Providers in a box: in-process HTTP servers that keep state, refuse what the real ones refuse, and post webhooks.
//!
//! For tests, demos and integrators; nothing here belongs into production. [`meta`] is Meta's Graph, [`twilio`] is Twilio;
//! a conversation that a test holds over one of them reads the same over the other.

pub mod meta;
pub mod twilio;

mod choice;
mod fault;
mod net;
mod plan;
mod time;

/// How long the helpers that wait do so before they say what is missing. Nothing is measured by it.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// Messages that are shown when nothing more came.
const SHOWN: usize = 60;
