//! Providers in a box: in-process HTTP servers that keep state, refuse what the real ones refuse, and post webhooks.
//!
//! For tests, demos and integrators; nothing here belongs into production.

pub mod meta;
