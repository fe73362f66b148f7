//! The program from outside: configuration, routes, the simulator, the process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod altegio;
mod app;
mod audit;
mod calcom;
mod config;
mod connect;
mod credentials;
mod demo;
mod doctor;
mod fakes;
mod house;
mod http;
mod keys;
mod marketplace;
mod model;
mod notify;
mod ops;
mod people;
mod postgres;
mod program;
mod templates;
mod twilio;
