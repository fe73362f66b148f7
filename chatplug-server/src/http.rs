//! What the server answers: webhooks, health, metrics, and the simulator where there is one.

mod app;
mod routes;
mod webhooks;

pub use app::{App, AppError};
pub use webhooks::{WEBHOOK_LIMIT, Webhooks};
