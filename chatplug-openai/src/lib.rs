#![doc = include_str!("../README.md")]

mod config;
#[cfg(feature = "fake")]
pub mod fake;
mod transcriber;

pub use config::{DEFAULT_BASE_URL, OpenAiConfig, OpenAiConfigError};
pub use transcriber::OpenAiTranscriber;
