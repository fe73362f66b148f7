//! How things are printed, in the types that production was seen to use.

mod record;
mod shop;

pub(super) use record::{client, client_fields, record, view};
pub(super) use shop::{category, company, member, member_short, offered, online_member, online_service, service};

use super::traps::Traps;
use serde_json::{Value, json};

/// A number as text, of every second thing, when types are mixed.
fn mixed(value: u64, id: u64, traps: &Traps) -> Value {
    if traps.mixed_types && id % 2 == 1 { json!(value.to_string()) } else { json!(value) }
}

/// Money: a whole number, a decimal, or a text with two digits after the point.
fn money(value: f64, id: u64, traps: &Traps) -> Value {
    if traps.mixed_types && id % 2 == 1 { json!(format!("{value:.2}")) } else { number(value) }
}

/// A number without a point when it needs none.
#[expect(clippy::cast_possible_truncation, reason = "prices of a fake are small")]
fn number(value: f64) -> Value {
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

/// An object, or the list that PHP makes of an empty one.
fn object(value: Option<Value>) -> Value {
    value.filter(|value| value.as_object().is_none_or(|map| !map.is_empty())).unwrap_or_else(|| json!([]))
}

/// One object of two: a macro has its limits.
fn joined(mut first: Value, second: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (first.as_object_mut(), second) {
        all.extend(more);
    }
    first
}
