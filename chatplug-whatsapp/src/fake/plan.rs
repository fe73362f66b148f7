//! Which statuses follow a message, the same words on every fake.

use chatplug_core::model::Stage;

/// Which statuses follow a message that was taken, and when.
///
/// A failure (window closed, person unreachable, [`Fault::FailLater`](super::meta::Fault::FailLater)) takes the place of
/// all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPlan {
    pub(super) queued: bool,
    pub(super) stages: Vec<Stage>,
    pub(super) timing: Timing,
    pub(super) copies: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    AfterAnswer,
    BeforeAnswer,
    Held,
}

impl Default for StatusPlan {
    fn default() -> Self {
        Self::read()
    }
}

impl StatusPlan {
    const fn of(stages: Vec<Stage>) -> Self {
        Self { queued: false, stages, timing: Timing::AfterAnswer, copies: 1 }
    }

    /// None at all, but for failures.
    #[must_use]
    pub const fn none() -> Self {
        Self::of(Vec::new())
    }

    /// Taken by Meta; the client's phone is off.
    #[must_use]
    pub fn sent() -> Self {
        Self::of(vec![Stage::Sent])
    }

    /// On the client's phone.
    #[must_use]
    pub fn delivered() -> Self {
        Self::of(vec![Stage::Sent, Stage::Delivered])
    }

    /// Read, with every stage before it.
    #[must_use]
    pub fn read() -> Self {
        Self::of(vec![Stage::Sent, Stage::Delivered, Stage::Read])
    }

    /// Tells of `queued` first, which Twilio may do and Meta has no word for.
    #[must_use]
    pub const fn with_queued(mut self) -> Self {
        self.queued = true;
        self
    }

    /// Leaves `delivered` out, as Meta does when a message is read at once.
    #[must_use]
    pub fn without_delivered(mut self) -> Self {
        self.stages.retain(|stage| *stage != Stage::Delivered);
        self
    }

    /// Posts the first status, and waits for its 200, before the call is answered.
    #[must_use]
    pub const fn before_answer(mut self) -> Self {
        self.timing = Timing::BeforeAnswer;
        self
    }

    /// Keeps them back until the fake's `release` or `take_held`, such as
    /// [`FakeMeta::release`](super::meta::FakeMeta::release).
    #[must_use]
    pub const fn held(mut self) -> Self {
        self.timing = Timing::Held;
        self
    }

    /// Tells each of them twice.
    #[must_use]
    pub const fn twice(mut self) -> Self {
        self.copies = 2;
        self
    }
}
