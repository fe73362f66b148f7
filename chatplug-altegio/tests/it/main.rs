//! The adapter, as those use it who depend on it.

mod config;
