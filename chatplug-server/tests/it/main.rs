//! The program from outside: configuration, routes, the simulator, the process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod app;
mod config;
mod demo;
mod http;
mod program;
