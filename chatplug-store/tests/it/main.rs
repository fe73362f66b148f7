//! What the store promises, judged from outside: the contract suites of the core, and what only a database can show.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod audit;
mod contract;
mod crash;
mod database;
mod exclusion;
mod map;
mod odd;
mod people;
mod postgres;
mod records;
mod vault;
mod workers;
mod world;
