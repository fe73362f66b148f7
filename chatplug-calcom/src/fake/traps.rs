//! What the real server does that a careful one would not.

use std::time::Duration;

/// Traps of the server.
///
/// ```
/// # use chatplug_calcom::fake::FakeCalcom;
/// # fn f(fake: &FakeCalcom) {
/// fake.traps(|traps| traps.careless = true);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traps {
    /// Something else may happen between the check of a write and the write: two that overlap and begin at different times
    /// are then both booked, and of those that begin at the same time the later ones get a bare 409. At first off.
    pub careless: bool,
    /// How long that takes.
    pub gap: Duration,
}

impl Default for Traps {
    fn default() -> Self {
        Self { careless: false, gap: Duration::from_millis(5) }
    }
}
