//! Form bodies, and JSON read as leniently as forms are.

use serde_json::Value;

/// Names and values in their order; a name may come several times.
pub(super) type Form = Vec<(String, String)>;

/// Reads `application/x-www-form-urlencoded`.
pub(super) fn decode(body: &[u8]) -> Form {
    form_urlencoded::parse(body).into_owned().collect()
}

/// Writes `application/x-www-form-urlencoded`.
pub(super) fn encode(form: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// The first value of a name; an empty one is as good as none.
pub(super) fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    all(form, name).find(|value| !value.is_empty())
}

/// All values of a name.
pub(super) fn all<'a>(form: &'a [(String, String)], name: &str) -> impl Iterator<Item = &'a str> {
    form.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
}

/// Sets a name's value where it stands, or at the end.
pub(super) fn set(form: &mut Form, name: &str, value: &str) {
    match form.iter_mut().find(|(given, _)| given == name) {
        Some((_, old)) => value.clone_into(old),
        None => form.push((name.to_owned(), value.to_owned())),
    }
}

/// A text of an object, when it is there and not empty.
pub(super) fn text<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// A list of an object; none is an empty one.
pub(super) fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// JSON whose objects have no fields that are null.
pub(super) fn without_nulls(json: Value) -> Value {
    match json {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// Length as the strictest provider counts it: UTF-16 code units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}
