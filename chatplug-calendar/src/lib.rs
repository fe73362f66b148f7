#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod calendar;
mod check;
mod config;
pub mod demo;
mod hours;
mod plan;
mod read;
mod slots;

pub use calendar::Calendar;
pub use config::{
    CalendarConfig, ConfigProblem, PlaceConfig, PriceConfig, RatingConfig, ServiceConfig, StaffConfig, StaffSet, Text,
    WeekConfig, zone,
};
pub use plan::Plan;
