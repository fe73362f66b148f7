//! What the end-to-end tests stand on.

pub mod altegio;
pub mod calcom;
pub mod crm;
pub mod crm_backend;
pub mod crm_webhook;
pub mod database;
pub mod fleet;
pub mod front;
pub mod house;
pub mod people;
pub mod phone;
pub mod program;
pub mod server;
pub mod stage;
pub mod talk;
pub mod words;
