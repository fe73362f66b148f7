//! `POST /v1/chat/completions` with structured outputs, and `GET /v1/models`.

use super::{CHAT_MODEL, Fault, MODEL, Shared, has_key, misbehave, refusal};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use std::sync::{Arc, PoisonError};

pub(super) async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let fault = shared.state.lock().unwrap_or_else(PoisonError::into_inner).faults.pop_front();
    if !has_key(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "Incorrect API key provided");
    }
    if let Some(fault) = fault
        && let Some(answer) = misbehave(fault, &shared).await
    {
        return answer;
    }
    let model = |id| json!({ "id": id, "object": "model", "created": 1_700_000_000, "owned_by": "fake" });
    Json(json!({ "object": "list", "data": [model(MODEL), model(CHAT_MODEL)] })).into_response()
}

pub(super) async fn complete(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = asked.pointer("/messages/1/content").and_then(Value::as_str).unwrap_or_default();
    let message: Value = serde_json::from_str(message).unwrap_or_default();
    let message = message.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (fault, reading, always) = {
        let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.push(asked.clone());
        (state.faults.pop_front(), state.readings.get(&message).cloned(), state.says.clone())
    };
    if !has_key(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "Incorrect API key provided");
    }
    let says = match &fault {
        Some(Fault::Says(text)) => Some(text.clone()),
        _ => always,
    };
    if let Some(fault) = fault
        && let Some(answer) = misbehave(fault, &shared).await
    {
        return answer;
    }
    if asked.get("model").and_then(Value::as_str) != Some(CHAT_MODEL) {
        return refusal(StatusCode::NOT_FOUND, "The model does not exist");
    }
    let format = asked.pointer("/response_format/json_schema");
    let strict = format.and_then(|format| format.get("strict")) == Some(&Value::Bool(true));
    let Some(schema) = format.and_then(|format| format.get("schema")).filter(|schema| strict && is_strict(schema))
    else {
        return refusal(StatusCode::BAD_REQUEST, "Invalid schema for response_format");
    };
    let content = says.unwrap_or_else(|| fitted(schema, reading).to_string());
    let tokens = |text: &str| text.len() / 4;
    let (sent, came) = (tokens(&String::from_utf8_lossy(&body)), tokens(&content));
    Json(json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": CHAT_MODEL,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": content, "refusal": null },
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": sent, "completion_tokens": came, "total_tokens": sent + came },
    }))
    .into_response()
}

/// What strict schemas must be: objects closed, every property required, no empty list of words.
fn is_strict(schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return false };
    let closed = match schema.get("properties").and_then(Value::as_object) {
        None => true,
        Some(properties) => {
            let required: Vec<&str> = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            schema.get("additionalProperties") == Some(&Value::Bool(false))
                && properties.keys().all(|key| required.contains(&key.as_str()))
                && required.len() == properties.len()
                && properties.values().all(is_strict)
        }
    };
    let words = schema.get("enum").and_then(Value::as_array).is_none_or(|words| !words.is_empty());
    closed && words && schema.get("items").is_none_or(is_strict) && schema.contains_key("type")
}

/// A reading that understood nothing, with what was told laid over it, and nothing that the schema does not have.
fn fitted(schema: &Value, told: Option<Value>) -> Value {
    let mut reading = json!({
        "lang": "en", "intent": "other", "sure": false, "services": [], "all_services": false, "staff": null, "date": null,
        "time": null, "party": 1, "late_minutes": null, "wanted_lang": null, "question": false, "fact": null,
    });
    if let (Some(reading), Some(told)) = (reading.as_object_mut(), told.as_ref().and_then(Value::as_object)) {
        reading.extend(told.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let fits = |key: &String| properties.is_some_and(|properties| properties.contains_key(key));
    let fitted: Map<String, Value> = match reading {
        Value::Object(reading) => reading.into_iter().filter(|(key, _)| fits(key)).collect(),
        _ => Map::new(),
    };
    Value::Object(fitted)
}
