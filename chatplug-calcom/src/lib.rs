#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod backend;
mod branch;
pub mod client;
mod config;
mod endpoint;
#[cfg(feature = "fake")]
pub mod fake;
mod webhook;
mod wire;

pub use backend::{CalcomBackend, CalcomLeftOut};
pub use branch::{CalcomBranch, CalcomEmail, CalcomEventType, CalcomStaff};
pub use client::{CalcomClient, Call, CallError};
pub use config::{CalcomAuth, CalcomConfig, CalcomConfigError, DEFAULT_BASE_URL};
pub use endpoint::{CalcomEndpoint, CalcomSecretError, PROVIDER};
pub use webhook::CalcomWebhook;
