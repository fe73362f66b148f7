//! The adapter, as those use it who depend on it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod backend;
mod config;
mod doctor;
mod fake;
mod hooks;
mod judges;
mod recorded;
mod schedules;
mod webhooks;
