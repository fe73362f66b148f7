//! The program from outside: configuration, routes, the simulator.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod config;
