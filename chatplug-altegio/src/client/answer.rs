//! What comes back: the envelope with its variants, and refusals in all their shapes.

use super::{Call, CallError, Refusal, RefusalCode, error::BoxError};
use crate::wire::lenient;
use chatplug_core::model::Private;
use chrono::Duration as Span;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Fields that are named of a refusal, at most.
const MOST_FIELDS: usize = 8;

/// An answer that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<A> {
    /// The HTTP status: 200, 201, 204.
    pub status: u16,
    /// What was asked for.
    pub data: A,
    /// What stands beside it.
    pub meta: Meta,
}

/// What stands beside the data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta {
    /// How many there are in all, of lists that say so.
    pub total: Option<u64>,
    /// Words, in the account's language: for people, never to be matched on.
    pub message: Private<String>,
}

/// Reads the answer of a success. A body without the envelope is the data itself; no body is `null`.
pub(super) fn read<A: DeserializeOwned>(status: u16, body: &[u8]) -> Result<Answer<A>, CallError> {
    let unreadable = |source: BoxError| CallError::Unreadable { status, source };
    let whole = match body.trim_ascii() {
        b"" => Value::Null,
        body => serde_json::from_slice(body).map_err(|error| unreadable(where_it_breaks(&error).into()))?,
    };
    let (data, meta) = match whole {
        Value::Object(mut envelope) if envelope.get("success").is_some_and(Value::is_boolean) => {
            if envelope.get("success") == Some(&Value::Bool(false)) {
                return Err(CallError::Refused(refusal(status, &Value::Object(envelope))));
            }
            (envelope.remove("data").unwrap_or_default(), envelope.remove("meta").unwrap_or_default())
        }
        data => (data, Value::Null),
    };
    let data = serde_path_to_error::deserialize(data).map_err(|error| {
        // The path only: what stands there may be somebody's.
        unreadable(format!("unexpected data at {}", error.path()).into())
    })?;
    let total = meta.get("total_count").or_else(|| meta.get("count")).and_then(lenient::integer);
    let message = meta.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Answer { status, data, meta: Meta { total: total.and_then(|n| n.try_into().ok()), message: message.into() } })
}

/// What a status and a body mean for a call.
pub(super) fn judge(call: &Call, status: StatusCode, retry_after: Option<Span>, body: &[u8]) -> Result<(), CallError> {
    let told = || {
        let body = serde_json::from_slice(body).unwrap_or_default();
        refusal(status.as_u16(), &body)
    };
    if status.is_success() {
        return Ok(());
    }
    let said = format!("HTTP status {}", status.as_u16());
    Err(match status.as_u16() {
        // A gateway gave up waiting, or Altegio broke half-way.
        408 | 500.. => call.lost(said.into()),
        429 => CallError::RateLimited { retry_after },
        401 => CallError::Unauthorized,
        402 => CallError::LicenceExpired,
        code @ 400..=499 => {
            let refusal = told();
            match code {
                _ if !refusal.codes.is_empty() => CallError::Refused(refusal),
                403 => CallError::Forbidden(refusal),
                404 => CallError::NotFound(refusal),
                _ => CallError::Refused(refusal),
            }
        }
        // A redirect: the base URL is not Altegio's. Nothing was taken.
        _ => CallError::Unavailable { source: Some(said.into()) },
    })
}

/// Reads `meta.errors` in its three shapes (coded, by field, words only), and `errors` beside `meta`.
fn refusal(status: u16, body: &Value) -> Refusal {
    let meta = body.get("meta").unwrap_or(&Value::Null);
    let mut refusal = Refusal { status, codes: Vec::new(), fields: Vec::new(), message: words(meta).into() };
    match meta.get("errors") {
        Some(Value::Array(errors)) => {
            for error in errors {
                let code = error.get("code").and_then(lenient::integer).and_then(|code| u32::try_from(code).ok());
                let id = error.get("id").or_else(|| meta.get("id")).and_then(lenient::integer);
                refusal.codes.extend(code.map(|code| RefusalCode { code, id }));
                if refusal.message.reveal().is_empty() {
                    refusal.message = words(error).into();
                }
            }
        }
        Some(Value::Object(fields)) => {
            refusal.fields = fields.keys().filter(|name| is_a_name(name)).take(MOST_FIELDS).cloned().collect();
        }
        _ => {}
    }
    if refusal.message.reveal().is_empty() {
        refusal.message = body.get("errors").map(words).unwrap_or_default().into();
    }
    refusal
}

fn words(of: &Value) -> String {
    of.get("message").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What may be printed: a field's name, not something that somebody typed.
fn is_a_name(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.' | b'[' | b']'))
}

fn where_it_breaks(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "it ends too early".to_owned(),
        _ => format!("not JSON from line {}, column {}", error.line(), error.column()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bytes(value: &Value) -> Vec<u8> {
        value.to_string().into_bytes()
    }

    fn judged(status: u16, body: &[u8]) -> CallError {
        judge(&Call::post("records/1"), StatusCode::from_u16(status).unwrap(), None, body).unwrap_err()
    }

    #[test]
    fn the_envelope_is_unwrapped_in_all_its_variants() {
        let of = |body: &Value| read::<Vec<u32>>(200, &bytes(body)).unwrap();
        let with = of(&json!({ "success": true, "data": [1, 2], "meta": { "total_count": "908" } }));
        assert_eq!((with.data.as_slice(), with.meta.total), ([1, 2].as_slice(), Some(908)));
        for meta in [json!([]), json!({}), json!(null)] {
            assert_eq!(of(&json!({ "success": true, "data": [7], "meta": meta })).data, [7]);
        }
        assert_eq!(of(&json!([3])).data, [3], "without an envelope");
        read::<()>(204, b"").unwrap();
        read::<Option<u32>>(201, br#"{"success":true,"data":null,"meta":{"message":"Created"}}"#).unwrap();
    }

    #[test]
    fn what_cannot_be_read_is_said_without_saying_what_stands_there() {
        for (body, why) in [
            (&b"<html>James</html>"[..], "not JSON"),
            (br#"{"success":true,"data":[1,"#, "ends too early"),
            (br#"{"success":true,"data":[1,"James"]}"#, "data at [1]"),
            (b"", "data at"),
        ] {
            let error = read::<Vec<u32>>(200, body).unwrap_err();
            let CallError::Unreadable { source, .. } = &error else { panic!("{error:?}") };
            assert!(source.to_string().contains(why), "{source}");
            assert!(!format!("{error:?}").contains("James"));
        }
        let refused = read::<()>(200, br#"{"success":false,"data":null,"meta":{"message":"no"}}"#);
        assert!(matches!(refused, Err(CallError::Refused(_))), "success:false is none, whatever the status");
    }

    #[test]
    fn refusals_are_read_in_all_their_shapes() {
        let coded = json!({ "success": false, "data": null, "meta": { "message": "An error", "errors": [
            { "code": "433", "id": 2, "message": "James is taken" }] } });
        let CallError::Refused(refusal) = judged(422, &bytes(&coded)) else { panic!() };
        assert_eq!(refusal.codes, [RefusalCode { code: 433, id: Some(2) }]);
        let CallError::Refused(refusal) = judged(403, &bytes(&json!({ "meta": { "errors": [{ "code": 434 }] } })))
        else {
            panic!("a code says more than the status")
        };
        assert!(refusal.has(434));
        let fields = json!({ "meta": { "message": "x", "errors": { "client.phone": ["James"], "+1 315": ["y"] } } });
        let CallError::Refused(refusal) = judged(422, &bytes(&fields)) else { panic!() };
        assert_eq!(refusal.fields, ["client.phone"]);
        assert!(!format!("{refusal:?} {refusal}").contains("James"));
        let CallError::NotFound(refusal) = judged(404, br#"{"errors":{"code":404,"message":"Not found"},"meta":{}}"#)
        else {
            panic!()
        };
        assert_eq!((refusal.codes.len(), refusal.message.reveal().as_str()), (0, "Not found"));
        assert!(matches!(judged(404, br#"{"meta":[]}"#), CallError::NotFound(_)));
        assert!(matches!(judged(403, b"<html>"), CallError::Forbidden(_)));
        assert!(matches!(judged(402, b""), CallError::LicenceExpired));
    }

    #[test]
    fn a_write_that_was_broken_off_may_have_been_done_and_a_read_may_not() {
        for status in [408, 500, 502, 503, 504, 599] {
            assert!(matches!(judged(status, b""), CallError::OutcomeUnknown { .. }), "{status}");
            let read = judge(&Call::get("company/1"), StatusCode::from_u16(status).unwrap(), None, b"");
            assert!(matches!(read, Err(CallError::Unavailable { .. })), "{status}");
        }
        for status in [301, 302, 307] {
            assert!(matches!(judged(status, b""), CallError::Unavailable { .. }), "{status}");
        }
        assert!(matches!(judged(429, b"<html>"), CallError::RateLimited { .. }));
    }
}
