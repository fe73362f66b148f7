//! The ports: one trait a file, each between chatplug and one kind of outside thing.
//!
//! All are object-safe, `async_trait`, `Send + Sync + Debug`, and have required methods only, so that a wrapper
//! can never silently miss a default. `testkit` has for each an in-memory implementation, wrappers and a contract suite.

mod backend;
mod calendar_store;
mod clock;
mod connections;
mod directory;
mod installs;
mod intent;
mod limiter;
mod messenger;
mod notifier;
mod payments;
mod records;
mod secrets;
mod store;
mod templates;
mod transcriber;
mod webhook;

pub use backend::*;
pub use calendar_store::*;
pub use clock::*;
pub use connections::*;
pub use directory::*;
pub use installs::*;
pub use intent::*;
pub use limiter::*;
pub use messenger::*;
pub use notifier::*;
pub use payments::*;
pub use records::*;
pub use secrets::*;
pub use store::*;
pub use templates::*;
pub use transcriber::*;
pub use webhook::*;
