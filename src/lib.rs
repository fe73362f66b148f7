#![doc = include_str!("../README.md")]

pub use chatplug_core::*;

/// Altegio as a booking backend.
#[cfg(feature = "altegio")]
pub use chatplug_altegio as altegio;
/// Cal.com as a booking backend.
#[cfg(feature = "calcom")]
pub use chatplug_calcom as calcom;
/// The built-in calendar as a booking backend.
#[cfg(feature = "calendar")]
pub use chatplug_calendar as calendar;
/// Voice messages in words.
#[cfg(feature = "openai")]
pub use chatplug_openai as openai;
/// Durable stores.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use chatplug_store as store;
/// WhatsApp.
#[cfg(feature = "whatsapp")]
pub use chatplug_whatsapp as whatsapp;
