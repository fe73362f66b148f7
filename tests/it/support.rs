//! What the end-to-end tests stand on.

pub mod crm;
pub mod crm_backend;
pub mod crm_webhook;
pub mod stage;
pub mod talk;
