//! What to do about a refusal, by step and code: the sentences that an operator reads.

use super::super::errors::{Class, class_of};

/// A code that is used, too old or of another app; Graph says no more than "invalid parameter".
pub(super) const EXCHANGE: &str = "Meta does not take the sign-up's code: it lives 30 seconds, works once, and only for the \
    app whose app_id and app_secret are configured; let the client sign up once more and hand the new code over at once";

/// A code that was typed.
pub(super) const VERIFICATION: &str = "Meta does not take the verification code: have a new one sent with --request-code, \
    and give it with --verification-code-file";

/// What to do about a code, whatever the call was.
pub(super) fn advice(code: i64) -> &'static str {
    match code {
        133_000 => "an earlier deregistration was not finished: run this again; it registers anew",
        133_005 => {
            "the number has a two-step PIN, and it is another one: ask the owner for it and give it with --pin-file, or let \
             them switch two-step verification off in WhatsApp Manager (phone numbers > settings); do not guess, Meta locks \
             the number for a while"
        }
        133_006 => {
            "the number must be verified again: run this with --request-code sms (or voice), then with \
             --verification-code-file and the code that came to the number"
        }
        133_008 | 133_009 => {
            "too many or too fast guesses of the two-step PIN: wait as long as Meta says, then give the owner's PIN with \
             --pin-file"
        }
        133_010 => "the number is not registered: run this again without skipping that step",
        133_015 => "the number was deleted a moment ago: Meta lets it be registered after five minutes",
        133_016 => "Meta lets a number be registered ten times in 72 hours, and they are used up",
        131_031 => {
            "Meta has locked the account, or the two-step PIN does not fit: look in WhatsApp Manager (account overview); if \
             it is the PIN, give the owner's with --pin-file"
        }
        131_045 => "the number's certificate is not right: run this again; it registers anew",
        33 => "Meta does not know this number or account (any more): compare the ids with WhatsApp Manager",
        100 => {
            "Meta does not take a value: compare the ids with WhatsApp Manager, and app_id and app_secret with the app's \
             dashboard"
        }
        _ => by_class(code),
    }
}

fn by_class(code: i64) -> &'static str {
    match class_of(code) {
        Some(Class::Auth) => {
            "the access token is not valid (any more): let the client sign up once more, or make a new system user token, and \
             run this with --new-token"
        }
        Some(Class::Permission) => {
            "the access token may not do this: it needs whatsapp_business_management and whatsapp_business_messaging for this \
             account, and the app Advanced Access to both to serve other businesses"
        }
        Some(Class::Account) => {
            "Meta restricts the business: verify it, add a way to pay, or appeal, in Business Manager (Security Centre, \
             WhatsApp accounts)"
        }
        Some(Class::ThrottleAccount | Class::ThrottleNumber) => "Meta was asked too often for a while",
        Some(Class::Transient) => "Meta has a passing fault",
        Some(Class::Registration) => "registering the number went wrong: run this again",
        _ => "Meta refuses: look the code up on its page of error codes",
    }
}
