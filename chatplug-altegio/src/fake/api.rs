//! What each route does.

pub(super) mod account;
pub(super) mod catalog;
pub(super) mod clients;
pub(super) mod online;
pub(super) mod records;
pub(super) mod schedule;
