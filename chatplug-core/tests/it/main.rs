//! Integration tests of the core: one binary, a module for each subject.

mod testkit;
mod words;
