//! Tests of the Twilio adapter.

mod errors;
mod payloads;
mod receiver;
mod signatures;
