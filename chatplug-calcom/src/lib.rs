#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod backend;
mod branch;
pub mod client;
mod config;
mod doctor;
mod endpoint;
#[cfg(feature = "fake")]
pub mod fake;
mod hooks;
mod schedules;
mod webhook;
mod wire;

pub use backend::{CalcomBackend, CalcomLeftOut};
pub use branch::{CalcomBranch, CalcomEmail, CalcomEventType, CalcomStaff};
pub use client::{CalcomClient, Call, CallError};
pub use config::{CalcomAuth, CalcomConfig, CalcomConfigError, DEFAULT_BASE_URL};
pub use doctor::{CalcomCheckup, CalcomFinding, ServerKind};
pub use endpoint::{CalcomEndpoint, CalcomSecretError, PROVIDER};
pub use hooks::{CalcomHooks, HookChange, HookError, HookOwner, HookStanding};
pub use schedules::{
    AbsenceReason, CalcomAbsence, CalcomSchedule, CalcomSchedules, DayHours, ScheduleError, ScheduleOwner, WeekHours,
};
pub use webhook::CalcomWebhook;
