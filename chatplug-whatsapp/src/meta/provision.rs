//! Connecting a number at Meta: the calls ([`MetaSetup`]), and the way from a client's sign-up to a number that sends and
//! receives ([`MetaConnect`]).
//!
//! Wire facts: Meta's pages on Embedded Signup, on webhook overrides and on managing accounts (autumn 2025 to spring 2026),
//! and its `OpenAPI` file v23.0.

mod advice;
mod calls;
mod way;

pub use calls::{MetaAppKeys, MetaNumber, MetaSetup, MetaSubscription, MetaTokenFacts, MetaWebhookUrls};
pub use way::{MetaConnect, MetaWish, STEPS};

/// Names under which [`Progress::known`](crate::provision::Progress::known) keeps what was learnt.
pub mod known {
    /// The WhatsApp Business Account.
    pub const WABA_ID: &str = "waba_id";
    /// Meta's id of the number.
    pub const PHONE_NUMBER_ID: &str = "phone_number_id";
    /// The number itself, as Meta shows it.
    pub const NUMBER: &str = "number";
    /// The name that people see.
    pub const NAME: &str = "verified_name";
    /// The app that the access token is for.
    pub const APP_ID: &str = "app_id";
}

/// Registering one number may be tried so often within 72 hours (133016).
pub const MOST_REGISTRATIONS: usize = 10;

/// The hours in which registrations are counted.
pub const REGISTRATION_HOURS: i64 = 72;
