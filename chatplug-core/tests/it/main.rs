//! Integration tests of the core: one binary, a module for each subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod bad_input;
mod chat;
mod engine;
mod lies;
mod testkit;
mod understand;
mod understand_any;
mod words;
mod words_any;
mod words_locale;
mod words_shape;
mod wrappers;
