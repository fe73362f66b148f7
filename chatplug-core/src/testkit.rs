//! Feature `testkit`: everything that a test of a conversation, or of an adapter, needs; nothing that production needs.
//!
//! # For somebody who builds on chatplug
//! A whole conversation without a network, a database or a real clock: [`Chat`], which is the real engine on
//! [`VirtualClock`], [`MemoryStore`], [`MemoryMessenger`], [`StaticDirectory`] and your booking system or
//! [`MemoryBackend`]. Each is a faithful implementation of its port, not a stub: it passes the same contract suite as
//! the real ones. For a stub, every port has a `mockall` automock (`MockMessenger`, `MockStore` … in
//! [`ports`](crate::ports)).
//!
//! # For somebody who implements a port
//! Read the trait's contract, then run its suite: [`contract`] has one for each port, a test per promise, in ten lines.
//! [`wrap`] makes any port fail on purpose, so that you see what the engine does when yours does.
//!
//! # Stability
//! Outside semver: what stands here may change in any release. Depend on it from `[dev-dependencies]` only.

mod backend;
mod calendar;
mod chat;
mod clock;
pub mod contract;
mod directory;
mod fits;
mod intents;
pub mod lies;
mod limiter;
mod memory;
mod messenger;
mod notifier;
mod payments;
mod templates;
mod transcriber;
mod transcript;
mod webhook;
pub mod wrap;

pub use backend::MemoryBackend;
pub use calendar::{MemoryCalendar, MemoryCalendarStore};
pub use chat::{Chat, ChatBuilder};
pub use clock::{VirtualClock, VirtualMachine};
pub use directory::{StaticDirectory, TenantBuilder};
pub use fits::{Misfit, fits};
pub use intents::ScriptedIntents;
pub use lies::LyingIntents;
pub use limiter::MemoryLimiter;
pub use memory::{MemoryStore, MemoryTenant};
pub use messenger::{MemoryMessenger, SentMessage};
pub use notifier::RecordingNotifier;
pub use payments::MemoryPayments;
pub use templates::StaticTemplates;
pub use transcriber::ScriptedTranscriber;
pub use transcript::Transcript;
pub use webhook::{MemoryReceiver, Posted, PostedEvent};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex; a test that panicked while it held one must not take the others down with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
