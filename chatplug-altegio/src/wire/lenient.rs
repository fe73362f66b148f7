//! Reading what a platform of many hands writes.

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;

/// A whole number, however it is written: `7`, `"7"`, `7.0`, `true`.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        Value::Bool(flag) => Some(i64::from(*flag)),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

/// A number with a fraction, however it is written.
pub(crate) fn decimal(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace(',', ".").parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// For `#[serde(deserialize_with)]`, together with `default`: a number, or nothing.
pub(crate) fn maybe_int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(integer(&Value::deserialize(deserializer)?))
}

/// A number that must be there.
pub(crate) fn int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    integer(&Value::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("a whole number is expected"))
}

/// A number with a fraction, or nothing.
pub(crate) fn maybe_decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(decimal(&Value::deserialize(deserializer)?))
}

/// A flag, however it is written; what is no flag is none.
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => flag,
        Value::String(text) if text.eq_ignore_ascii_case("true") => true,
        value => integer(&value).is_some_and(|number| number != 0),
    })
}

/// A text; a number is one, and what is no text is empty.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

/// An object, or nothing: `null`, `""`, `false` and the `[]` that stands for an empty one.
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

/// A list; `null`, `{}` and whatever else is no list are an empty one.
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

/// One, or a list of one: several routes answer either.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    struct Shape {
        #[serde(deserialize_with = "int")]
        id: i64,
        #[serde(default, deserialize_with = "maybe_int")]
        count: Option<i64>,
        #[serde(default, deserialize_with = "maybe_decimal")]
        price: Option<f64>,
        #[serde(default, deserialize_with = "flag")]
        shown: bool,
        #[serde(default, deserialize_with = "text")]
        name: String,
        #[serde(default, deserialize_with = "maybe_object")]
        position: Option<Position>,
        #[serde(default, deserialize_with = "list")]
        tags: Vec<i64>,
    }

    #[derive(Debug, Deserialize)]
    struct Position {
        title: String,
    }

    fn read(value: Value) -> Shape {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_was_seen_on_the_wire_is_read() {
        let odd =
            read(json!({ "id": "8262996", "count": "1", "price": "1000.00", "shown": "1", "name": 7, "unknown": {},
            "position": { "title": "Stylist", "services_binding_type": 0 }, "tags": [1] }));
        assert_eq!((odd.id, odd.count, odd.price, odd.shown), (8_262_996, Some(1), Some(1000.0), true));
        assert_eq!((odd.name.as_str(), odd.tags.as_slice()), ("7", [1].as_slice()));
        assert_eq!(odd.position.unwrap().title, "Stylist");
        let empty =
            read(json!({ "id": 1, "count": "", "price": null, "shown": 0, "name": null, "position": [], "tags": {} }));
        assert_eq!((empty.count, empty.price, empty.shown, empty.name.as_str()), (None, None, false, ""));
        assert!(empty.position.is_none() && empty.tags.is_empty());
        let missing = read(json!({ "id": 3.0 }));
        assert!(missing.id == 3 && !missing.shown && missing.position.is_none());
    }

    #[test]
    fn one_may_come_as_a_list() {
        for value in [json!(5), json!([5])] {
            assert_eq!(serde_json::from_value::<OneOf<u32>>(value).unwrap(), OneOf(5));
        }
        assert!(serde_json::from_value::<OneOf<u32>>(json!([])).is_err());
    }
}
