#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

pub mod audit;
pub mod checkup;
pub mod dialogue;
pub mod engine;
pub mod lobby;
pub mod model;
pub mod ports;
pub mod provision;
pub mod reply;
pub mod swap;
pub mod templates;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod understand;
pub mod vault;
pub mod wrappers;
