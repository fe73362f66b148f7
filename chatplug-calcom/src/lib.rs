#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

pub mod client;
mod config;
mod endpoint;

pub use client::{CalcomClient, Call, CallError};
pub use config::{CalcomAuth, CalcomConfig, CalcomConfigError, DEFAULT_BASE_URL};
pub use endpoint::{CalcomEndpoint, CalcomSecretError, PROVIDER};
