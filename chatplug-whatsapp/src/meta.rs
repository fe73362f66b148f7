//! Meta's WhatsApp Cloud API: a [`Messenger`](chatplug_core::ports::Messenger), a
//! [`WebhookReceiver`](chatplug_core::ports::WebhookReceiver) and [`Templates`](chatplug_core::ports::Templates).
//!
//! Wire facts come from Meta's pages on business messaging (autumn 2025 to autumn 2026), its `OpenAPI` file v23.0, and
//! the source of public client libraries where the pages are silent. Nothing here retries, stores or keeps a window:
//! that is the engine's.

mod check;
mod client;
mod config;
mod doctor;
mod errors;
mod inbound;
mod media;
mod messenger;
pub mod provision;
mod signature;
mod templates;
mod upload;
mod webhook;
mod wire;

pub use crate::common::http::http_client;
pub use config::{DEFAULT_BASE_URL, DEFAULT_GRAPH_VERSION, MetaConfig, MetaConfigError, MetaKeyring};
pub use doctor::MetaCheckup;
pub use errors::{Class, ErrorRow, Reaction, TABLE, class_of, failure_kind, send_error};
pub use messenger::MetaMessenger;
pub use signature::sign;
pub use templates::MetaTemplates;
pub use webhook::{MetaWebhook, PROVIDER};
