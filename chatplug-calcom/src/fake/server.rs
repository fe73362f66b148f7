//! The kinds of server that are in the field. Contract: "How to read this".

/// Which server the fake is. [`SelfHosted2025`](Self::SelfHosted2025) at first: it is the one that was listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Server {
    /// Cal.com's own, the newest.
    Cloud,
    /// Self-hosted, the images of 2025: fewer endpoints, some fields missing, some refusals bare.
    #[default]
    SelfHosted2025,
    /// Self-hosted, the community edition of 2026: no organisations, no instant bookings.
    Community2026,
}

impl Server {
    /// Those of 2026.
    pub(super) const fn is_newer(self) -> bool {
        matches!(self, Self::Cloud | Self::Community2026)
    }
}
