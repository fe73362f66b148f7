//! The async driver around the pure machine: webhooks in, turns, critical actions, outbox, timers, recovery.

mod observe;

pub use observe::{EngineEvent, Observer, Quiet};
