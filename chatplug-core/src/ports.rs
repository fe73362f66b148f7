//! The ports: one trait a file, each between chatplug and one kind of outside thing.
//!
//! All are object-safe, `async_trait`, `Send + Sync + Debug`, and have required methods only, so that a wrapper
//! can never silently miss a default. `testkit` has for each an in-memory implementation, wrappers and a contract suite.

mod backend;
mod clock;
mod intent;
mod messenger;
mod webhook;

pub use backend::{
    Action, BackendError, BookError, BookingBackend, BookingFilter, BookingRequest, Capabilities, ClientDetails,
    RejectReason, Resolution,
};
pub use clock::{Clock, SystemClock};
pub use intent::{
    Context, DateMention, Intent, IntentEngine, IntentError, Interpretation, LangGuess, OpenQuestion, Ordinal,
    StaffMention, TimeMention, TimeReading, Utterance,
};
pub use messenger::{Media, Messenger, SendError, Sent};
pub use webhook::{Received, ReceivedEvent, Scoped, WebhookError, WebhookReceiver};
