//! What comes back: the envelope, pages, answers of another version, and refusals.

use super::{Call, CallError, Refusal, Told, Version, error::BoxError, limits::Limits};
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// An answer that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<A> {
    /// The HTTP status: 200, 201.
    pub status: u16,
    /// What was asked for.
    pub data: A,
    /// Of lists that come in pages.
    pub pages: Option<Pages>,
}

/// What stands beside a list that comes in pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pages {
    /// How many there are in all.
    pub total_items: u64,
    /// Whether others follow.
    pub has_next_page: bool,
}

/// Reads the answer of a success. A body without the envelope is the data itself; no body is `null`.
pub(super) fn read<A: DeserializeOwned>(call: &Call, status: u16, body: &[u8]) -> Result<Answer<A>, CallError> {
    let unreadable = |source: BoxError| CallError::Unreadable { status, source };
    let whole = match body.trim_ascii() {
        b"" => Value::Null,
        body => serde_json::from_slice(body).map_err(|error| unreadable(where_it_breaks(&error).into()))?,
    };
    let (data, pages) = match whole {
        Value::Object(mut envelope) => match envelope.get("status").and_then(Value::as_str) {
            Some("success") => {
                (envelope.remove("data").unwrap_or_default(), envelope.remove("pagination").unwrap_or_default())
            }
            Some("error") => return Err(CallError::Refused(Refusal::read(status, body))),
            _ => (Value::Object(envelope), Value::Null),
        },
        data => (data, Value::Null),
    };
    if is_of_other_version(call.version(), &data) {
        tracing::warn!(call = %call.shown(), "Cal.com answers in another version of its API: is the header taken away?");
        return Err(CallError::OtherVersion);
    }
    let data = serde_path_to_error::deserialize(data).map_err(|error| {
        // The path only: what stands there may be somebody's.
        unreadable(format!("unexpected data at {}", error.path()).into())
    })?;
    let pages = Option::<Pages>::deserialize(pages).unwrap_or_default();
    Ok(Answer { status, data, pages })
}

/// Whether data has the marks of the first version, which answers what the header does not reach.
fn is_of_other_version(version: Version, data: &Value) -> bool {
    let first = match data {
        Value::Array(list) => list.first(),
        data => Some(data),
    };
    let has = |name: &str| first.is_some_and(|first| first.get(name).is_some());
    match version {
        Version::Slots => has("slots"),
        Version::Bookings => has("bookings") || (has("startTime") && !has("start")),
        Version::EventTypes => has("eventTypeGroups") || (has("length") && !has("lengthInMinutes")),
        Version::Schedules => has("workingHours") || has("schedule"),
        Version::Any => false,
    }
}

/// What a status and a body mean for a call.
pub(super) fn judge(call: &Call, status: StatusCode, limits: &Limits, body: &[u8]) -> Result<(), CallError> {
    if status.is_success() {
        return Ok(());
    }
    let said = || Some(BoxError::from(format!("HTTP status {}", status.as_u16())));
    let code = status.as_u16();
    Err(match code {
        // A gateway gave up waiting, or Cal.com broke half-way.
        408 | 500.. if call.is_read() => CallError::Unavailable { source: said() },
        408 | 500.. => CallError::OutcomeUnknown { status: Some(code), source: said() },
        429 => CallError::RateLimited { retry_after: Some(limits.wait()) },
        400..=499 => {
            let refusal = Refusal::read(code, body);
            match (code, refusal.told) {
                // Something in front of Cal.com, or nothing at all where it should be: no word about a booking.
                (404, _) if !refusal.is_calcoms => CallError::Unavailable { source: said() },
                (_, Told::NoSuchCall) => CallError::NoSuchCall,
                (401 | 403, Told::Other) => CallError::Unauthorized(refusal),
                (404, Told::Other) => CallError::NotFound(refusal),
                (400, Told::Other) if asks_for_the_first_version(call, body) => CallError::OtherVersion,
                _ => CallError::Refused(refusal),
            }
        }
        // A redirect: the base URL is not Cal.com's. Nothing was taken.
        _ => CallError::Unavailable { source: said() },
    })
}

/// Whether a booking is refused for lack of what only the first version wants beside the attendee.
fn asks_for_the_first_version(call: &Call, body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = body.pointer("/error/details/errors").and_then(Value::as_array);
    let wants = |name: &str| errors.is_some_and(|errors| errors.iter().any(|error| error["property"] == name));
    call.version() == Version::Bookings && (wants("timeZone") || wants("responses") || wants("language"))
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

    fn judged(call: &Call, status: u16, body: &[u8]) -> CallError {
        judge(call, StatusCode::from_u16(status).unwrap(), &Limits::default(), body).unwrap_err()
    }

    #[test]
    fn the_envelope_is_unwrapped_whatever_its_order() {
        let call = Call::get("webhooks");
        for body in [r#"{"status":"success","data":[1]}"#, r#"{"data":[1],"status":"success"}"#, "[1]"] {
            assert_eq!(read::<Vec<u32>>(&call, 200, body.as_bytes()).unwrap().data, [1]);
        }
        read::<()>(&call, 200, br#"{"status":"success"}"#).unwrap();
        let paged = br#"{"status":"success","data":[],"pagination":{"totalItems":14,"hasNextPage":true,"new":1}}"#;
        let pages = read::<Vec<u32>>(&call, 200, paged).unwrap().pages.unwrap();
        assert_eq!((pages.total_items, pages.has_next_page), (14, true));
        assert!(matches!(read::<()>(&call, 200, br#"{"status":"error","error":{}}"#), Err(CallError::Refused(_))));
    }

    #[test]
    fn what_cannot_be_read_is_said_without_saying_what_stands_there() {
        for (body, why) in [
            (&b"<html>James</html>"[..], "not JSON"),
            (br#"{"status":"success","data":[1,"#, "ends too early"),
            (br#"{"status":"success","data":[1,"James"]}"#, "data at [1]"),
        ] {
            let error = read::<Vec<u32>>(&Call::get("me"), 200, body).unwrap_err();
            let CallError::Unreadable { source, .. } = &error else { panic!("{error:?}") };
            assert!(source.to_string().contains(why), "{source}");
            assert!(!format!("{error:?}").contains("James"));
        }
    }

    #[test]
    fn a_proxys_not_found_is_no_word_about_a_booking() {
        let call = Call::get("bookings/x");
        assert!(matches!(judged(&call, 404, b"<html>"), CallError::Unavailable { .. }));
        let gone = br#"{"statusCode":404,"message":"Booking with uid=x was not found in the database"}"#;
        assert!(matches!(judged(&call, 404, gone), CallError::NotFound(_)));
        let no_route = br#"{"status":"error","error":{"message":"Cannot GET /v2/bookings/x"}}"#;
        assert!(matches!(judged(&call, 404, no_route), CallError::NoSuchCall));
    }

    #[test]
    fn a_write_that_was_broken_off_may_have_been_done_and_a_read_may_not() {
        for status in [408, 500, 502, 503, 504] {
            assert!(
                matches!(judged(&Call::post("bookings"), status, b""), CallError::OutcomeUnknown { .. }),
                "{status}"
            );
            assert!(matches!(judged(&Call::get("bookings"), status, b""), CallError::Unavailable { .. }), "{status}");
        }
        for status in [301, 302, 307] {
            assert!(matches!(judged(&Call::post("bookings"), status, b""), CallError::Unavailable { .. }), "{status}");
        }
        assert!(matches!(judged(&Call::get("me"), 429, b""), CallError::RateLimited { retry_after: Some(_) }));
    }
}
