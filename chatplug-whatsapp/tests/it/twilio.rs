//! Tests of the Twilio adapter: against the contract, against the fake over HTTP, and against nonsense.

pub(crate) mod business;
mod errors;
mod faults;
mod media;
mod payloads;
mod pool;
mod receiver;
mod send;
mod signatures;
mod templates;
mod webhooks;
