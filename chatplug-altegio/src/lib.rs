#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod backend;
pub mod client;
mod config;
pub mod doctor;
mod endpoint;
#[cfg(feature = "fake")]
pub mod fake;
pub mod hooks;
pub mod marketplace;
mod webhook;
mod wire;

pub use backend::{AltegioBackend, AltegioBranch};
pub use client::{AltegioClient, Call, CallError};
pub use config::{AltegioConfig, AltegioConfigError, DEFAULT_BASE_URL, DEFAULT_MARKETPLACE_URL};
pub use doctor::{AltegioCheckup, AltegioFinding};
pub use endpoint::{AltegioEndpoint, AltegioEndpointError};
pub use hooks::{AltegioHooks, HookChange, HookError, HookStanding};
pub use webhook::{AltegioWebhook, PROVIDER};
