//! What a request may hold. The platform ignores what it does not know, silently: the fake does so too, and keeps a note.

use super::{
    call::{Call, whole},
    time,
};
use serde_json::Value;

/// A value that a request may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// Text, empty or not.
    Text,
    /// `true` and `false`, or 1 and 0.
    Flag,
    /// 1 and 0, nothing else.
    Bit,
    /// `YYYY-MM-DD`.
    Day,
    /// `YYYY-MM-DDTHH:MM:SS`, with an offset or not.
    Moment,
    /// Digits, in a text or not.
    Code,
    /// A text of at most 36 characters: longer ones were never seen.
    Key,
    /// Whole numbers.
    Ints,
    /// Texts.
    Texts,
    /// Ids, as numbers or as texts.
    Ids,
    /// An object of these.
    Object(&'static [Field]),
    /// A list of such objects.
    Objects(&'static [Field]),
    /// Anything.
    Any,
}

/// Must be there.
pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true }
}

/// May be there.
pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false }
}

/// What is wrong with the query of a call.
pub(super) fn query(fields: &[Field], call: &Call) -> Vec<String> {
    let mut wrong = Vec::new();
    for (key, value) in &call.query {
        let (name, list) = key.split_once('[').map_or((key.as_str(), false), |(name, _)| (name, true));
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            wrong.push(format!("the parameter {name} is unknown"));
            continue;
        };
        let fits = match field.kind {
            Kind::Int => value.parse::<i64>().is_ok(),
            Kind::Number => value.parse::<f64>().is_ok(),
            Kind::Flag | Kind::Bit => value == "0" || value == "1",
            Kind::Day => time::day(value).is_some(),
            Kind::Moment => time::read(value).is_some(),
            Kind::Ints | Kind::Ids => list && value.parse::<i64>().is_ok(),
            Kind::Texts => list,
            _ => true,
        };
        if !fits || list != matches!(field.kind, Kind::Ints | Kind::Ids | Kind::Texts) {
            wrong.push(format!("the parameter {key} is no {:?}", field.kind));
        }
    }
    let there = |field: &Field| call.query.iter().any(|(key, _)| key.split('[').next() == Some(field.name));
    let missing = fields.iter().filter(|field| field.required && !there(field));
    wrong.extend(missing.map(|field| format!("the parameter {} is missing", field.name)));
    wrong
}

/// What is wrong with a body.
pub(super) fn body(fields: &[Field], body: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    object("", fields, body, &mut wrong);
    wrong
}

fn object(at: &str, fields: &[Field], value: &Value, wrong: &mut Vec<String>) {
    let Some(map) = value.as_object() else {
        wrong.push(format!("{at} is no object").trim().to_owned());
        return;
    };
    for (key, value) in map {
        let at = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match fields.iter().find(|field| field.name == key) {
            None => wrong.push(format!("{at} is unknown")),
            Some(field) => held(&at, field.kind, value, wrong),
        }
    }
    let missing = fields.iter().filter(|field| field.required && !map.contains_key(field.name));
    wrong.extend(missing.map(|field| format!("{at}.{} is missing", field.name).trim_start_matches('.').to_owned()));
}

fn held(at: &str, kind: Kind, value: &Value, wrong: &mut Vec<String>) {
    let all = |fits: fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(fits));
    let fits = match kind {
        Kind::Int => whole(value).is_some(),
        Kind::Number => value.is_number(),
        Kind::Text => value.is_string(),
        Kind::Flag => value.is_boolean() || matches!(value.as_i64(), Some(0 | 1)),
        Kind::Bit => matches!(value.as_i64(), Some(0 | 1)),
        Kind::Day => value.as_str().and_then(time::day).is_some(),
        Kind::Moment => value.as_str().and_then(time::read).is_some(),
        Kind::Code => value.is_number() || value.is_string(),
        Kind::Key => value.as_str().is_some_and(|key| key.chars().count() <= 36),
        Kind::Ints => all(|one| whole(one).is_some()),
        Kind::Texts => all(Value::is_string),
        Kind::Ids => all(|one| one.is_number() || one.is_string()),
        Kind::Any => true,
        Kind::Object(fields) => {
            object(at, fields, value, wrong);
            true
        }
        Kind::Objects(fields) => {
            let list = value.as_array();
            for (n, one) in list.into_iter().flatten().enumerate() {
                object(&format!("{at}[{n}]"), fields, one, wrong);
            }
            list.is_some()
        }
    };
    // `null` is how PHP leaves out a number or a text.
    let left_out = value.is_null() && matches!(kind, Kind::Int | Kind::Number | Kind::Any);
    if !fits && !left_out {
        wrong.push(format!("{at} is no {kind:?}"));
    }
}
