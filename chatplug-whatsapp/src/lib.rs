#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod common;
#[cfg(feature = "fake")]
pub mod fake;
pub mod meta;
pub mod provision;
pub mod twilio;

pub use common::served::{LONGEST_SERVED, NoFile, ServedFiles};
