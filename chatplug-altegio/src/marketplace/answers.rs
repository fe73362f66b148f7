//! What answers come to for whoever connects a salon: refusals with what to do about them, texts and times.

use crate::CallError;
use chatplug_core::provision::ProvisionError;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use serde_json::Value;

/// A wait that nobody told.
const A_WHILE: Duration = Duration::minutes(1);

/// Longest words of Altegio's that are repeated.
const LONGEST_WORDS: usize = 300;

/// A point in time as Altegio writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instant {
    /// With an offset.
    Exact(DateTime<Utc>),
    /// Without, in a zone that nobody tells.
    Naive(NaiveDateTime),
}

/// A time, with or without offset, colon and fraction.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let text = text.trim();
    let exact = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z"];
    let exact = exact.into_iter().find_map(|form| DateTime::parse_from_str(text, form).ok());
    let exact = exact.or_else(|| DateTime::parse_from_rfc3339(text).ok());
    let naive = || {
        let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];
        forms.into_iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    exact.map(|at| Instant::Exact(at.to_utc())).or_else(|| naive().map(Instant::Naive))
}

/// A number or a text, as it is written.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// `true`, 1 or a text of them.
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        other => matches!(plain(other).as_str(), "1" | "true"),
    }
}

/// What a call came to, with what to do about it.
pub(super) fn came_to(error: CallError) -> ProvisionError {
    let refused = |code: u16, words: &str| {
        let code = code.into();
        ProvisionError::Refused { code, advice: advice(code), words: without_numbers(words) }
    };
    match error {
        CallError::PartnerToken | CallError::Unauthorized => refused(401, ""),
        CallError::UserToken => {
            let advice =
                "Altegio does not take the user token: it changes with the user's password; hand over a new one";
            ProvisionError::Refused { code: 401, advice, words: String::new() }
        }
        CallError::LicenceExpired => {
            let advice = "the salon's licence at Altegio has expired: its owner renews it there";
            ProvisionError::Refused { code: 402, advice, words: String::new() }
        }
        CallError::Forbidden(refusal) | CallError::NotFound(refusal) | CallError::Refused(refusal) => {
            refused(refusal.status, refusal.message.reveal())
        }
        CallError::RateLimited { retry_after } => {
            let advice = "Altegio answers no more for now: too many requests came from this address";
            ProvisionError::Wait { code: 429, after: retry_after.unwrap_or(A_WHILE), advice }
        }
        CallError::OutcomeUnknown { source } => ProvisionError::OutcomeUnknown { source },
        CallError::Unavailable { source } => ProvisionError::Unavailable { source },
        other => ProvisionError::Unavailable { source: Some(other.into()) },
    }
}

/// Whether a success was answered with something that is no answer.
pub(super) fn is_unreadable(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(CallError::Unreadable { .. }))
}

/// What to do about a refusal.
const fn advice(code: i64) -> &'static str {
    match code {
        401 => "Altegio does not know the partner token: compare it with Marketplace > Account settings",
        403 => {
            "Altegio does not let this account do that: is the app its own, and were the rights that it asks for granted by \
             the salon?"
        }
        404 => "the salon does not have the app: let the owner press Connect on its page in Altegio's marketplace",
        400 | 422 => {
            "Altegio did not take it: is application_id the number of this app, and did the salon connect that app?"
        }
        _ => "Altegio refused it",
    }
}

/// Altegio's own words, cut to a line, without what could be a person's number.
fn without_numbers(words: &str) -> String {
    let mut digits = 0;
    let mut out = String::new();
    for c in words.chars().take(LONGEST_WORDS) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        match digits {
            0..=6 => out.push(if c.is_control() { ' ' } else { c }),
            7 => out.push('…'),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_altegio_hold_no_number_of_a_person() {
        assert_eq!(without_numbers("no\nlink 19990009900"), "no link 199900…");
    }

    #[test]
    fn times_come_in_all_forms() {
        let at = "2026-04-20T09:00:00Z".parse().unwrap();
        for text in ["2026-04-20T14:00:00+05:00", "2026-04-20T14:00:00+0500", "2026-04-20T09:00:00.000Z"] {
            assert_eq!(instant(text), Some(Instant::Exact(at)), "{text}");
        }
        let naive = "2026-04-20T14:00:00".parse().unwrap();
        assert_eq!(instant("2026-04-20 14:00:00"), Some(Instant::Naive(naive)));
        assert_eq!(instant("0000-00-00"), None);
    }
}
