#![doc = include_str!("../README.md")]

mod config;

pub use config::{AltegioConfig, AltegioConfigError, DEFAULT_BASE_URL, DEFAULT_MARKETPLACE_URL};
