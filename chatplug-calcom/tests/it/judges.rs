//! A judge that others made, between callers and the fake: Prism with Cal.com's own description; see the crate
//! `chatplug-judges`.

mod description;
mod prism;
