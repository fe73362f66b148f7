#![doc = include_str!("../README.md")]

mod client;
mod config;
#[cfg(feature = "fake")]
pub mod fake;
mod intents;
mod transcriber;

pub use config::{DEFAULT_BASE_URL, OpenAiConfig, OpenAiConfigError};
pub use intents::{DEFAULT_DAILY_TOKENS, OpenAiCheckup, OpenAiIntents, OpenAiModel, TokenPrice};
pub use transcriber::OpenAiTranscriber;
