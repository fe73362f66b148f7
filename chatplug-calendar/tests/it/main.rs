//! The calendar from outside: its contract, its rules, and what holds for any calendar at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod bench;
mod changes;
mod contract;
mod durable;
mod liars;
mod mistakes;
mod properties;
mod rules;
mod times;
