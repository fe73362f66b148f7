#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

pub mod cli;
pub mod config;
pub mod demo;
pub mod http;
pub mod logging;
pub mod metrics;
mod wiring;
