//! End to end: whole conversations over real HTTP against the fakes; crash and race tests; the simulator in a browser.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

#[expect(dead_code, reason = "each part serves some of the tests")]
mod support;

mod branches;
mod browser;
mod chaos;
mod crash;
mod isolation;
mod kill;
mod marketplace;
mod odd;
mod queue;
mod race;
mod resume;
mod shared;
mod swap;
mod transcripts;
mod vendor;
mod webhooks;
