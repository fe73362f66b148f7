//! The table of error codes against the contract's list: every code has a row, in both places it may show.

use crate::contracts;
use chatplug_core::{model::FailureKind, ports::SendError};
use chatplug_whatsapp::twilio::{Class, TABLE, class_of, failure_kind, send_error};

#[test]
fn every_code_of_the_contract_has_a_row_of_its_class() {
    let Some(list) = contracts::read("twilio/errors.json") else { return };
    let errors = list["errors"].as_array().unwrap();
    assert_eq!(TABLE.len(), errors.len(), "a row without a code in the contract, or a code without a row");
    for error in errors {
        let code = error["code"].as_i64().unwrap();
        let class = class_of(code).unwrap_or_else(|| panic!("no row for {code}"));
        let told = error["class"].as_str().unwrap();
        assert!(is(class, told), "{code}: {told} became {class:?}");
        agree(class, code);
    }
}

fn is(class: Class, told: &str) -> bool {
    match told {
        "auth" => class == Class::Auth,
        "account" => class == Class::Account,
        "registration" => class == Class::Registration,
        "config" => class == Class::Config,
        "transient" => class == Class::Transient,
        "maybe_transient" => class == Class::MaybeTransient,
        "throttle_account" => class == Class::ThrottleAccount,
        "throttle_number" => class == Class::ThrottleNumber,
        "spam" => class == Class::Spam,
        "bug" => class == Class::Bug,
        "bad_address" => class == Class::BadAddress,
        "window_closed" => class == Class::WindowClosed,
        "undeliverable" => class == Class::Undeliverable,
        "opted_out" => class == Class::OptedOut,
        "drop" => class == Class::Dropped,
        "content" => class == Class::Content,
        "policy" => class == Class::Policy,
        "media" => class == Class::Media,
        "template" => class == Class::Template,
        "content_api" => class == Class::ContentApi,
        "our_endpoint" => class == Class::OurEndpoint,
        "info" => class == Class::Info,
        other => panic!("a new class: {other}"),
    }
}

/// The class decides what is done, whether a call or a status told the code.
fn agree(class: Class, code: i64) {
    let (answered, failed) = (send_error(code, "detail"), failure_kind(code));
    let rejected = matches!(answered, SendError::Rejected { .. });
    let fits = match class {
        Class::Auth | Class::Account | Class::Registration => {
            matches!(answered, SendError::Unauthorized { .. }) && failed == FailureKind::Permanent
        }
        Class::Transient | Class::MaybeTransient => {
            matches!(answered, SendError::Unavailable { .. }) && failed == FailureKind::Temporary
        }
        Class::ThrottleAccount | Class::ThrottleNumber => {
            matches!(answered, SendError::RateLimited { .. }) && failed == FailureKind::Temporary
        }
        Class::WindowClosed => matches!(answered, SendError::OutsideWindow) && failed == FailureKind::OutsideWindow,
        Class::BadAddress | Class::Undeliverable => {
            matches!(answered, SendError::Unreachable { .. }) && failed == FailureKind::Unreachable
        }
        Class::OptedOut => matches!(answered, SendError::Unreachable { .. }) && failed == FailureKind::OptedOut,
        Class::Template => rejected && failed == FailureKind::Template,
        // One code of the content API says what 21655 says.
        Class::ContentApi => rejected && matches!(failed, FailureKind::Permanent | FailureKind::Template),
        // A file that Twilio could not fetch may be there the next time.
        Class::Media => rejected && (failed == FailureKind::Permanent || code == 63_019),
        // No account of that name: nothing can leave.
        Class::Bug if code == 20_404 => matches!(answered, SendError::Unauthorized { .. }),
        Class::Bug
        | Class::Spam
        | Class::Dropped
        | Class::Content
        | Class::Policy
        | Class::OurEndpoint
        | Class::Info => rejected && failed == FailureKind::Permanent,
        // What is set up wrongly concerns one person, or everybody.
        _ => !matches!(answered, SendError::OutcomeUnknown { .. } | SendError::Unavailable { .. }),
    };
    assert!(fits, "{code} ({class:?}) came to {answered:?} and {failed:?}");
}
