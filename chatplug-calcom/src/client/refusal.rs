//! What Cal.com says when it refuses, in its two shapes, and what its texts mean. Neither its codes nor its statuses tell
//! a taken time from a wrong request: the texts do. Contract: "Envelopes", and the refusals of "`POST /v2/bookings`".

use chatplug_core::model::Private;
use serde_json::Value;
use std::fmt;

/// What a refusal means, as far as its text is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Told {
    /// The time is taken, outside working hours, in a buffer, or was lost in a race.
    Taken,
    /// The business takes no more that day, week or month: a 401 that is not about credentials.
    LimitReached,
    /// A class has no seat left.
    Full,
    /// This e-mail address has a seat in this class already.
    HasSeat,
    /// The attendee has as many bookings as the business allows.
    TooMany,
    /// In the past.
    Past,
    /// Too soon, or too far ahead.
    OutsideWindow,
    /// An e-mail address is wanted, or this one is none.
    Email,
    /// A phone number is wanted, or this one is none.
    Phone,
    /// A name is wanted.
    Name,
    /// Something else that the event type asks is missing or wrong.
    Answers,
    /// The attendee's address is blocked, or the type takes only some.
    Blocked,
    /// Only its owner, a host or an administrator may book it, or it wants a code by e-mail.
    NeedsAuthentication,
    /// It is cancelled already, or moved away under this name.
    Cancelled,
    /// It was moved away under this name.
    Moved,
    /// The event type forbids cancelling or moving.
    Fixed,
    /// A team's event type without anybody who does it, or the parent of others.
    NoHosts,
    /// The server does not know the call, or was not told the right version.
    NoSuchCall,
    /// Nothing that is known.
    Other,
}

/// What Cal.com says when it refuses. `Debug` and `Display` print what it means, never its words: they hold names of
/// bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// What it means.
    pub told: Told,
    /// Whether it came in one of Cal.com's shapes: a proxy has others.
    pub is_calcoms: bool,
    /// Its words.
    pub message: Private<String>,
    /// The rules that single values break, where it names them: `each value in triggers must be one of …`.
    pub rules: Private<String>,
}

impl Refusal {
    /// Reads a body, whatever it is.
    pub(super) fn read(status: u16, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let standard = body.get("error").filter(|error| error.is_object());
        let bare = body.get("statusCode").and_then(|_| body.get("message"));
        let message = standard.and_then(|error| error.get("message")).or(bare).map(words).unwrap_or_default();
        let told = tell(status, &message);
        let rules = body.pointer("/error/details/errors").map(rules).unwrap_or_default();
        Self { status, told, is_calcoms: standard.or(bare).is_some(), message: message.into(), rules: rules.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}, {:?}", self.status, self.told)
    }
}

/// A message is a text, or (as the framework has it) a list of texts.
fn words(message: &Value) -> String {
    match message {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

/// What each value must be, as the framework's validation says it.
fn rules(errors: &Value) -> String {
    let each = errors.as_array().into_iter().flatten().filter_map(|error| error.get("constraints")?.as_object());
    let texts: Vec<&str> = each.flat_map(|rules| rules.values().filter_map(Value::as_str)).collect();
    texts.join("; ")
}

/// Texts and what they mean; the first that occurs counts.
const TEXTS: [(&str, Told); 33] = [
    ("already has booking at this time or is not available", Told::Taken),
    ("booking_conflict_error", Told::Taken),
    ("no_available_users_found_error", Told::Taken),
    ("hosts_unavailable_for_booking", Told::Taken),
    ("already reserved by another user", Told::Taken),
    ("slot if the event is already booked", Told::Taken),
    ("booking_limit_reached", Told::LimitReached),
    ("duration_limit_reached", Told::LimitReached),
    ("No more seats left", Told::Full),
    ("booking_seats_full_error", Told::Full),
    ("already_signed_up_for_this_booking_error", Told::HasSeat),
    ("maximum number of active bookings", Told::TooMany),
    ("booker_limit_exceeded_error", Told::TooMany),
    ("book a meeting in the past", Told::Past),
    ("can't be booked at the \"start\" time provided", Told::OutsideWindow),
    ("{email}", Told::Email),
    ("at least one contact method", Told::Email),
    ("{attendeePhoneNumber}", Told::Phone),
    ("Missing attendee phone number", Told::Phone),
    ("Invalid phone number", Told::Phone),
    ("{name}", Told::Name),
    ("required booking field response", Told::Answers),
    ("booking field", Told::Answers),
    ("error_required_field", Told::Answers),
    ("checkBookingRequiresAuthentication", Told::NeedsAuthentication),
    ("email verification", Told::NeedsAuthentication),
    ("rescheduled already", Told::Moved),
    ("has been cancelled", Told::Cancelled),
    ("does not allow cancell", Told::Fixed),
    ("does not allow reschedul", Told::Fixed),
    ("because it has no hosts", Told::NoHosts),
    ("parent managed event type", Told::NoHosts),
    ("blocked", Told::Blocked),
];

fn tell(status: u16, message: &str) -> Told {
    if status == 404
        && ["Cannot GET", "Cannot POST", "Cannot PATCH", "Cannot DELETE"].iter().any(|no| message.starts_with(no))
    {
        return Told::NoSuchCall;
    }
    let known = TEXTS.iter().find(|(text, _)| message.contains(text)).map(|(_, told)| *told);
    known.unwrap_or(if status == 409 { Told::Taken } else { Told::Other })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_read_and_no_words_are_printed() {
        let standard = br#"{"status":"error","timestamp":"2026-11-21T02:07:40.824Z","path":"/v2/bookings/kwx2/cancel",
            "error":{"code":"BadRequestException","message":"Can't cancel booking with uid=kwx2 because it has been cancelled already."}}"#;
        let refusal = Refusal::read(400, standard);
        assert_eq!((refusal.told, refusal.is_calcoms), (Told::Cancelled, true));
        assert!(!format!("{refusal} {refusal:?}").contains("kwx2"));
        let bare = Refusal::read(401, br#"{"statusCode":401,"message":"booking_limit_reached"}"#);
        assert_eq!((bare.told, bare.is_calcoms), (Told::LimitReached, true));
        assert_eq!(Refusal::read(409, br#"{"statusCode":409,"message":["a","b"]}"#).told, Told::Taken);
        let html = Refusal::read(404, b"<html>not found</html>");
        assert_eq!((html.told, html.is_calcoms), (Told::Other, false));
    }
}
