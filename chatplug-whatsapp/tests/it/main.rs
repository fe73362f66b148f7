//! Tests of the Meta adapter: against the contracts, against the fake over HTTP, and against nonsense.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod contracts;
mod errors;
mod payloads;
mod receiver;
