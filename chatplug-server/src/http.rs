//! What the server answers: webhooks, health, metrics, and the simulator where there is one.

mod app;
mod install;
mod ready;
mod routes;
mod webhooks;

pub use app::{App, AppError, Role};
pub(crate) use install::Marketplaces;
pub(crate) use ready::Readiness;
pub use webhooks::{WEBHOOK_LIMIT, Webhooks};
