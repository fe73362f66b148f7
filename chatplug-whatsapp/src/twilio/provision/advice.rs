//! What to do about a refusal, by code: the sentences that an operator reads.

use super::super::errors::{Class, class_of};

/// The number cannot be registered as it is.
pub(super) const SENDER: &str = "Twilio does not take the number: the first sender of an account is registered in Twilio's \
    console (Messaging > Senders > WhatsApp senders), unless it comes with the --waba-id of a sign-up; a number that is in the \
    WhatsApp app, or a sender of another account, must be freed there first; before its business is verified at Meta, an \
    account may have two senders";

/// A code that was typed.
pub(super) const VERIFICATION: &str = "Twilio does not take the verification code: compare it with the latest that came to the \
    number; where it is too old, delete the sender in the console and begin anew with --start-over";

/// Only the parent's token makes subaccounts.
pub(super) const SUBACCOUNT: &str = "subaccounts are made with the auth token of the main account: compare account_sid and \
    auth_token under [twilio] with Twilio's console; an account on trial may have none";

/// What to do about a code, whatever the call was.
pub(super) fn advice(code: i64) -> &'static str {
    match code {
        20_003 | 401 | 403 => {
            "Twilio does not know this account and auth token: compare both with the console (Account > API keys & tokens)"
        }
        20_005 => "the account, or the main account of it, is suspended or closed: see Twilio's console",
        20_404 => "Twilio does not know this account or sender (any more): begin anew with --start-over",
        20_422 => "Twilio does not take a value",
        63_020 => "the business has to accept Twilio's invitation in Meta's Business Manager (Requests)",
        63_051 => "Meta has locked the WhatsApp Business Account: see Business Manager (account overview)",
        _ => match class_of(code) {
            Some(Class::Auth) => {
                "the link between Twilio and Meta is broken: connect the account in Twilio's console again"
            }
            Some(Class::Account) => "the account is suspended or locked: see Twilio's console",
            Some(Class::Registration) => "the sender is not fully registered: see Twilio's console (WhatsApp senders)",
            Some(Class::Config) => {
                "the sender or the account is set up wrongly: see Twilio's console (WhatsApp senders)"
            }
            Some(Class::ThrottleAccount | Class::ThrottleNumber) => "Twilio was asked too often for a while",
            Some(Class::Transient | Class::MaybeTransient) => "Twilio has a passing fault",
            _ => "Twilio refuses: look the code up at twilio.com/docs/api/errors",
        },
    }
}

/// What to do about why a sender is offline.
pub(super) fn offline(code: Option<i64>) -> &'static str {
    match code {
        Some(code) => advice(code),
        None => {
            "see Twilio's console (Messaging > Senders > WhatsApp senders) and Business Manager for what is asked of the business"
        }
    }
}
