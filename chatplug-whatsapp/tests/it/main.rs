//! Tests of the adapters and of the fakes: against the contracts, over HTTP, and against nonsense.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod business;
mod contract;
mod contracts;
mod errors;
mod fake_twilio;
mod faults;
mod judges;
mod media;
mod meta_openapi;
mod payloads;
mod provision;
mod receiver;
mod send;
mod templates;
mod twilio;
mod webhooks;
