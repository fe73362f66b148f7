//! Ids as Altegio writes them: numbers, or texts of digits.

use serde_json::Value;

/// Largest id that is taken: what a database's integer holds.
const LARGEST: u64 = i64::MAX as u64;

/// An id in a text, not zero.
pub(super) fn of_text(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|id| (1..=LARGEST).contains(id))
}

/// An id in JSON.
pub(super) fn of_value(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().filter(|id| (1..=LARGEST).contains(id)),
        Value::String(text) => of_text(text),
        _ => None,
    }
}
