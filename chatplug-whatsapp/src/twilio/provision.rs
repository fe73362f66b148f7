//! Connecting a number at Twilio: the calls ([`TwilioSetup`]), and the way from an account to a sender that is online
//! ([`TwilioConnect`]).
//!
//! Wire facts: Twilio's `OpenAPI` files 2.6.7 (accounts of 2010-04-01, senders of messaging v2) and its page on registering
//! senders by the API (July 2026).

mod advice;
mod calls;
mod way;

pub use calls::{TwilioAccount, TwilioSender, TwilioSetup};
pub use way::{STEPS, TwilioConnect, TwilioOwner, TwilioWish};

/// Names under which [`Progress::known`](crate::provision::Progress::known) keeps what was learnt.
pub mod known {
    /// The account that owns the sender.
    pub const ACCOUNT_SID: &str = "account_sid";
    /// The sender.
    pub const SENDER_SID: &str = "sender_sid";
    /// The sender's number.
    pub const NUMBER: &str = "number";
}

/// What an address of a webhook ends with, so that Twilio tries again when the server answers 503 or not in time.
pub const RETRY_FRAGMENT: &str = "#rc=3&rp=all";
