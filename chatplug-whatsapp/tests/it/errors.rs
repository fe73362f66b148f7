//! The table of error codes against the contract's list: every code has a row, in both places it may show.

use crate::contracts;
use chatplug_core::{model::FailureKind, ports::SendError};
use chatplug_whatsapp::meta::{Class, class_of, failure_kind, send_error};
use serde_json::Value;

#[test]
fn every_code_of_the_contract_has_a_row_of_its_class() {
    let Some(list) = contracts::read("meta/errors.json") else { return };
    let errors = list["errors"].as_array().unwrap();
    assert!(errors.len() > 60);
    for error in errors {
        for code in codes(&error["code"]) {
            let class = class_of(code).unwrap_or_else(|| panic!("no row for {code}"));
            let told = error["class"].as_str().unwrap();
            assert!(is(class, told), "{code}: {told} became {class:?}");
            agree(class, code);
        }
    }
}

/// A code, or both ends of a range.
fn codes(code: &Value) -> Vec<i64> {
    match code.as_str() {
        Some(range) => range.split('-').map(|end| end.parse().unwrap()).collect(),
        None => vec![code.as_i64().unwrap()],
    }
}

fn is(class: Class, told: &str) -> bool {
    match told {
        "auth" => class == Class::Auth,
        "permission" => class == Class::Permission,
        "account" => class == Class::Account,
        "registration" => class == Class::Registration,
        "config" => class == Class::Config,
        "transient" | "maybe_transient" => class == Class::Transient,
        "throttle_app" => class == Class::ThrottleAccount,
        "throttle_number" => class == Class::ThrottleNumber,
        "throttle_pair" => class == Class::ThrottlePair,
        "spam" => class == Class::Spam,
        "bug" => class == Class::Bug,
        "window_closed" => class == Class::WindowClosed,
        "undeliverable" => class == Class::Undeliverable,
        "opted_out" => class == Class::OptedOut,
        "drop" => class == Class::Dropped,
        "media" => class == Class::Media,
        "template" => class == Class::Template,
        "template_creation" => class == Class::TemplateCreation,
        "flow" => class == Class::Flow,
        "identity" => class == Class::Identity,
        other => panic!("a new class: {other}"),
    }
}

/// The class decides what is done, whether a call or a status told the code.
fn agree(class: Class, code: i64) {
    let (answered, failed) = (send_error(code, "detail"), failure_kind(code));
    let fits = match class {
        Class::Auth | Class::Permission => matches!(answered, SendError::Unauthorized { .. }),
        Class::Transient => {
            matches!(answered, SendError::Unavailable { .. } | SendError::RateLimited { .. })
                && failed == FailureKind::Temporary
        }
        Class::ThrottleAccount | Class::ThrottleNumber | Class::ThrottlePair => {
            matches!(answered, SendError::RateLimited { retry_after: Some(_) }) && failed == FailureKind::Temporary
        }
        Class::WindowClosed => matches!(answered, SendError::OutsideWindow) && failed == FailureKind::OutsideWindow,
        Class::Undeliverable => matches!(answered, SendError::Unreachable { .. }) && failed == FailureKind::Unreachable,
        Class::OptedOut => matches!(answered, SendError::Rejected { .. }) && failed == FailureKind::OptedOut,
        Class::Template | Class::TemplateCreation => {
            matches!(answered, SendError::Rejected { .. }) && failed == FailureKind::Template
        }
        Class::Bug | Class::Dropped | Class::Media | Class::Spam | Class::Flow | Class::Identity => {
            matches!(answered, SendError::Rejected { .. }) && failed == FailureKind::Permanent
        }
        // Accounts, numbers and set-ups go wrong in their own ways; none is ever tried again blindly.
        _ => !matches!(answered, SendError::OutcomeUnknown { .. } | SendError::Unavailable { .. }),
    };
    assert!(fits, "{code} ({class:?}) came to {answered:?} and {failed:?}");
}
