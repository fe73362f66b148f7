//! Reading what three generations of servers write.

use chatplug_core::model::Private;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;

/// A whole number, however it is written.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number.as_f64()?;
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
            (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// For `#[serde(deserialize_with)]`, together with `default`: a number, or nothing.
pub(crate) fn maybe_int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(&Value::deserialize(deserializer)?))
}

/// A flag; what is no flag is none.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_bool().unwrap_or_default())
}

/// A text; a number is one, and what is no text is empty.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

/// A text that is not printed.
pub(crate) fn private<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Private<String>, D::Error> {
    text(deserializer).map(Private::new)
}

/// An object, or nothing: what stands there may be `null`, `""`, `false`, `[]`.
pub(crate) fn maybe_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    match Value::deserialize(deserializer)? {
        object @ Value::Object(_) => T::deserialize(object).map(Some).map_err(D::Error::custom),
        _ => Ok(None),
    }
}

/// An object as it stands; whatever else is there is an empty one.
pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<serde_json::Map<String, Value>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Object(object) => object,
        _ => serde_json::Map::new(),
    })
}

/// A list; whatever else is there is an empty one.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    match Value::deserialize(deserializer)? {
        array @ Value::Array(_) => Vec::deserialize(array).map_err(D::Error::custom),
        _ => Ok(Vec::new()),
    }
}

/// One, or a list of which the first is meant: a recurring booking is answered as a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OneOf<T>(pub(crate) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::Array(list) => list.into_iter().next().unwrap_or_default(),
            value => value,
        };
        T::deserialize(value).map(Self).map_err(D::Error::custom)
    }
}
