//! Meta's official description, as far as it says what a management call and its answer look like.
//!
//! The file is an export of examples: it names no required fields, and of the edge `message_templates` only what its
//! examples happen to use. What Meta's pages add is listed here by name; anything else is a mistake.

use crate::contracts;
use http::Method;
use serde_json::Value;
use std::sync::LazyLock;

static FILE: LazyLock<Option<Value>> = LazyLock::new(|| contracts::read("meta/openapi-v23.0.trimmed.json"));

/// Fields and parameters that Meta's pages have and the file has not.
const PAGES: [&str; 20] = [
    "parameter_format",
    "message_send_ttl_seconds",
    "example",
    "body_text",
    "rejected_reason",
    "quality_score",
    "score",
    "date",
    "next",
    "previous",
    "fields",
    "limit",
    "after",
    "before",
    "status",
    "language",
    "category",
    "hsm_id",
    "id",
    "buttons",
];

/// Holds a call and its answer against the description. A call that was refused may be wrong; the refusal may not.
pub(crate) fn check(method: &Method, path: &str, posted: &Value, status: u16, told: &Value) {
    let Some(file) = FILE.as_ref() else { return };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let what = format!("{method} {path} → {status}");
    if status >= 400 {
        let error = &told["error"];
        assert!(error["code"].is_i64() && error["message"].is_string() && error["type"].is_string(), "{what}: {told}");
        return;
    }
    let Some(operation) = operation(file, method, path) else { panic!("{what}: not in the description") };
    let mut wrong = Vec::new();
    let schema = |pointer: &str| resolved(file, operation.pointer(pointer).unwrap_or(&Value::Null));
    compare(file, schema("/requestBody/content/application~1json/schema"), posted, "request", &mut wrong);
    compare(file, schema("/responses/200/content/application~1json/schema"), told, "answer", &mut wrong);
    let known: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
    for name in query.split('&').filter(|part| !part.is_empty()).filter_map(|part| part.split('=').next()) {
        let in_query = |parameter: &&Value| resolved(file, parameter)["name"] == name;
        if !known.iter().copied().any(|parameter| in_query(&parameter)) && !PAGES.contains(&name) {
            wrong.push(format!("query: {name} is unknown"));
        }
    }
    assert!(wrong.is_empty(), "{what}:\n{}\n{posted:#}\n{told:#}", wrong.join("\n"));
}

fn operation<'f>(file: &'f Value, method: &Method, path: &str) -> Option<&'f Value> {
    let path: Vec<&str> = path.split('/').collect();
    // Several objects are reached by their id alone: here it is a template's.
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        let part = |(wanted, is): (&&str, &&str)| {
            if *wanted == "{TEMPLATE_ID}" {
                is.bytes().all(|b| b.is_ascii_digit())
            } else {
                wanted.starts_with('{') || wanted == is
            }
        };
        template.len() == path.len() && template.iter().zip(&path).all(part)
    };
    let paths = file["paths"].as_object()?;
    let mut found: Vec<&String> = paths.keys().filter(|template| fits(template)).collect();
    found.sort_by_key(|template| (template.matches('{').count(), !template.contains("TEMPLATE_ID")));
    paths[*found.first()?].get(method.as_str().to_lowercase())
}

fn resolved<'f>(file: &'f Value, schema: &'f Value) -> &'f Value {
    match schema["$ref"].as_str() {
        Some(name) => resolved(file, file.pointer(name.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

fn compare(file: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = resolved(file, schema);
    if value.is_null() || schema.is_null() {
        return;
    }
    let is = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !is {
        return wrong.push(format!("{at}: {value} is no {}", schema["type"]));
    }
    for (n, item) in value.as_array().into_iter().flatten().enumerate() {
        compare(file, &schema["items"], item, &format!("{at}[{n}]"), wrong);
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, value) in value.as_object().into_iter().flatten() {
        match properties.get(name) {
            Some(schema) => compare(file, schema, value, &format!("{at}.{name}"), wrong),
            None if PAGES.contains(&name.as_str()) => {}
            None => wrong.push(format!("{at}: {name} is unknown")),
        }
    }
}

/// The judge is no rubber stamp.
#[test]
fn what_is_wrong_is_found() {
    let Some(file) = FILE.as_ref() else { return };
    let create = operation(file, &Method::POST, "/v25.0/102290129340398/message_templates").unwrap();
    let schema = create.pointer("/requestBody/content/application~1json/schema").unwrap();
    for (wrong, told) in [
        (serde_json::json!({"name": 1}), "no"),
        (serde_json::json!({"colour": "red"}), "unknown"),
        (serde_json::json!({"components": [{"words": "Hi"}]}), "unknown"),
    ] {
        let mut found = Vec::new();
        compare(file, schema, &wrong, "request", &mut found);
        assert!(found.len() == 1 && found[0].contains(told), "{wrong}: {found:?}");
    }
    assert!(operation(file, &Method::POST, "/v25.0/1689556908129832").is_some());
    assert!(operation(file, &Method::PUT, "/v25.0/1/message_templates").is_none());
}
