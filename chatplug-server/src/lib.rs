#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod altegio;
mod booking;
mod calcom;
pub mod cli;
mod clocks;
pub mod config;
pub mod demo;
pub mod http;
mod installed;
mod leaving;
mod lexicons;
mod limits;
pub mod logging;
mod marketplace;
pub mod metrics;
mod models;
pub mod notify;
mod retention;
pub mod stores;
mod wiring;
