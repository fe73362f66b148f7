//! Tests of the Meta adapter: against the contracts, against the fake over HTTP, and against nonsense.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod business;
mod contracts;
mod errors;
mod faults;
mod media;
mod payloads;
mod receiver;
mod send;
mod webhooks;
