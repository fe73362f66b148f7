//! Twilio's WhatsApp API: a [`Messenger`](chatplug_core::ports::Messenger), a
//! [`WebhookReceiver`](chatplug_core::ports::WebhookReceiver) and [`Templates`](chatplug_core::ports::Templates).
//!
//! Wire facts come from Twilio's pages (2025 to autumn 2026), its `OpenAPI` files 2.6.7 and the source of its Python and
//! Node libraries where the pages are silent. Nothing here retries, stores or keeps a window: that is the engine's.

mod check;
mod client;
mod config;
mod content;
mod doctor;
mod errors;
mod inbound;
mod messenger;
mod piece;
pub mod provision;
mod signature;
mod templates;
mod webhook;

pub use crate::common::http::http_client;
pub use check::limits;
pub use config::{
    DEFAULT_API_URL, DEFAULT_CONTENT_URL, DEFAULT_MESSAGING_URL, TwilioConfig, TwilioConfigError, TwilioKeyring,
    TwilioLogin, external_id,
};
pub use content::TwilioContent;
pub use doctor::TwilioCheckup;
pub use errors::{Class, ErrorRow, Reaction, TABLE, class_of, failure_kind, send_error};
pub use messenger::TwilioMessenger;
pub use signature::{json_url, sign, sign_with_shared_key};
pub use templates::TwilioTemplates;
pub use webhook::{PROVIDER, TwilioWebhook};
