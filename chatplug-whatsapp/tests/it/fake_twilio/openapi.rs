//! Twilio's official descriptions, as far as they say what a call and an answer look like. No more of JSON Schema than
//! those files use.

use super::Body;
use crate::contracts;
use http::Method;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

static FILES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let files = [
        "api_v2010.trimmed",
        "content_v1",
        "content_v2",
        "messaging_v1.trimmed",
        "messaging_v2.trimmed",
        "messaging_v3",
    ];
    files.iter().filter_map(|file| contracts::read(&format!("twilio/twilio_{file}.json"))).collect()
});

/// Holds a call and its answer against the descriptions. A call that was refused may be wrong; the refusal may not.
pub(crate) fn check(method: &Method, path: &str, body: &Body<'_>, status: u16, told: &Value) {
    if FILES.is_empty() {
        return;
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let what = format!("{method} {path} → {status}");
    if status >= 400 {
        return refusal(&what, status, told);
    }
    let Some((file, operation)) = operation(method, path) else { panic!("{what}: not in the descriptions") };
    let mut wrong = Vec::new();
    if let Some(content) = operation.pointer("/requestBody/content").and_then(Value::as_object) {
        let (kind, schema) = content.iter().next().unwrap();
        let schema = &schema["schema"];
        let posted = match body {
            Body::Form(form) if kind.contains("urlencoded") => of_form(file, schema, form),
            Body::Json(json) if kind.contains("json") => (*json).clone(),
            Body::None => json!({}),
            other => panic!("{what}: {other:?} where {kind} is wanted"),
        };
        Judge { file }.check(schema, &posted, "request", &mut wrong);
    }
    let known: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
    for name in query.split('&').filter(|part| !part.is_empty()).filter_map(|part| part.split('=').next()) {
        let name = name.replace("%3C", "<").replace("%3E", ">");
        if !known.iter().any(|parameter| parameter["in"] == "query" && parameter["name"] == name.as_str()) {
            wrong.push(format!("query: {name} is unknown"));
        }
    }
    match operation["responses"].get(status.to_string()) {
        None => wrong.push("an answer with another status".to_owned()),
        Some(response) => match response.pointer("/content/application~1json/schema") {
            Some(schema) => Judge { file }.check(schema, told, "answer", &mut wrong),
            None if told.is_null() => {}
            None => wrong.push("an answer where there should be none".to_owned()),
        },
    }
    assert!(wrong.is_empty(), "{what}:\n{}\n{told:#}", wrong.join("\n"));
}

fn refusal(what: &str, status: u16, told: &Value) {
    let code = told["code"].as_i64().unwrap_or_else(|| panic!("{what}: {told}"));
    assert!((10_000..100_000).contains(&code), "{what}: {told}");
    assert_eq!(told["status"], status, "{what}: {told}");
    let classic = told["message"].is_string() && told["more_info"].is_string();
    let problem = told["type"].is_string() && told["title"].is_string();
    assert!(classic != problem, "{what}: {told}");
}

fn operation(method: &Method, path: &str) -> Option<(&'static Value, &'static Value)> {
    FILES.iter().find_map(|file| {
        let paths = file["paths"].as_object()?;
        // A path without a parameter is meant before one with.
        let fits = |template: &&String| is_of(template, path);
        let template = paths.keys().filter(fits).min_by_key(|template| template.matches('{').count())?;
        Some((file, paths[template].get(method.as_str().to_lowercase())?))
    })
}

fn is_of(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let part = |(wanted, is): (&&str, &&str)| match wanted.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((_, ending)) => is.ends_with(ending) && (ending.is_empty() != is.ends_with(".json")),
        None => wanted == is,
    };
    template.len() == path.len() && template.iter().zip(&path).all(part)
}

/// A form as the object that its schema describes.
fn of_form(file: &Value, schema: &Value, form: &[(&str, &str)]) -> Value {
    let schema = Judge { file }.resolved(schema);
    let mut object = Map::new();
    for (name, value) in form {
        let wanted = schema.pointer(&format!("/properties/{name}/type")).and_then(Value::as_str);
        let read = match wanted {
            Some("integer" | "number") => value.parse::<i64>().map_or_else(|_| json!(value), |n| json!(n)),
            Some("boolean") => value.parse::<bool>().map_or_else(|_| json!(value), |b| json!(b)),
            _ => json!(value),
        };
        if wanted == Some("array") {
            let list = object.entry(*name).or_insert_with(|| json!([]));
            list.as_array_mut().unwrap().push(read);
        } else {
            assert!(object.insert((*name).to_owned(), read).is_none(), "{name} twice");
        }
    }
    Value::Object(object)
}

pub(crate) struct Judge<'a> {
    pub(crate) file: &'a Value,
}

impl<'a> Judge<'a> {
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.resolved(self.file.pointer(name.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    pub(crate) fn check(&self, schema: &'a Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let schema = self.resolved(schema);
        // The official libraries write null for what they have nothing to say about.
        let unsaid = at.starts_with("request") || schema["nullable"] == true || schema.get("type").is_none();
        if value.is_null() && unsaid {
            return;
        }
        if let Some(either) = schema["oneOf"].as_array() {
            let fits = |one: &&Value| {
                let mut found = Vec::new();
                self.check(one, value, at, &mut found);
                found.is_empty()
            };
            if either.iter().filter(fits).count() != 1 {
                wrong.push(format!("{at}: fits not exactly one of {}", either.len()));
            }
            return;
        }
        let is = match schema["type"].as_str() {
            None => return,
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            Some(other) => panic!("{at}: type {other}"),
        };
        if !is {
            wrong.push(format!("{at}: {value} is no {}", schema["type"]));
            return;
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            wrong.push(format!("{at}: {value} is none of {words:?}"));
        }
        if let Some(text) = value.as_str() {
            self.text(schema, text, at, wrong);
        }
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            self.check(&schema["items"], item, &format!("{at}[{n}]"), wrong);
        }
        if let Some(object) = value.as_object() {
            self.object(schema, object, at, wrong);
        }
    }

    fn text(&self, schema: &Value, text: &str, at: &str, wrong: &mut Vec<String>) {
        // Meta's two.
        let digits = |text: &str| text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        let locale = |text: &str| {
            matches!(text.as_bytes(), [a, b, b'_', c, d]
            if [a, b].iter().all(|b| b.is_ascii_lowercase()) && [c, d].iter().all(|b| b.is_ascii_uppercase()))
        };
        let metas = match schema["pattern"].as_str() {
            Some("^[0-9]{6}$") => Some(digits(text)),
            Some("^[a-z]{2}_[A-Z]{2}$") => Some(locale(text)),
            _ => None,
        };
        if metas == Some(false) {
            wrong.push(format!("{at}: {text} does not fit {}", schema["pattern"]));
        }
        if let Some(pattern) = schema["pattern"].as_str().filter(|_| metas.is_none()) {
            let (prefix, rest) = text.split_at(text.len().min(2));
            // Every pattern of Twilio's files is two letters, or one of two pairs, and 32 digits.
            let hex = pattern.ends_with("[0-9a-fA-F]{32}$")
                && rest.len() == 32
                && rest.bytes().all(|b| b.is_ascii_hexdigit());
            if !hex || !pattern.contains(prefix) {
                wrong.push(format!("{at}: {text} does not fit {pattern}"));
            }
        }
        let fine = match schema["format"].as_str() {
            Some("date-time-rfc-2822") => chrono::DateTime::parse_from_rfc2822(text).is_ok(),
            Some("date-time") => chrono::DateTime::parse_from_rfc3339(text).is_ok(),
            Some("uri") => text.contains('/'),
            _ => true,
        };
        if !fine {
            wrong.push(format!("{at}: {text} is no {}", schema["format"]));
        }
    }

    fn object(&self, schema: &'a Value, object: &Map<String, Value>, at: &str, wrong: &mut Vec<String>) {
        let Some(properties) = schema["properties"].as_object() else { return };
        for (name, value) in object {
            match properties.get(name) {
                Some(schema) => self.check(schema, value, &format!("{at}.{name}"), wrong),
                None => wrong.push(format!("{at}: {name} is unknown")),
            }
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        wrong
            .extend(required.filter(|name| !object.contains_key(*name)).map(|name| format!("{at}: {name} is missing")));
    }
}

/// The judge is no rubber stamp.
#[test]
fn what_is_wrong_is_found() {
    let Some(file) = FILES.first() else { return };
    let judge = Judge { file };
    let message = &file["components"]["schemas"]["api.v2010.account.message"];
    for (wrong, told) in [
        (json!({"sid": "SM1"}), "fit"),
        (json!({"num_media": 1}), "no"),
        (json!({"status": "queueing"}), "none of"),
        (json!({"date_sent": "2026-03-02T12:00:00Z"}), "rfc-2822"),
        (json!({"colour": "red"}), "unknown"),
    ] {
        let mut found = Vec::new();
        judge.check(message, &wrong, "answer", &mut found);
        assert!(found.len() == 1 && found[0].contains(told), "{wrong}: {found:?}");
    }
    assert!(operation(&Method::POST, "/2010-04-01/Accounts/AC1/Messages.json").is_some());
    assert!(operation(&Method::PUT, "/2010-04-01/Accounts/AC1/Messages.json").is_none());
}
