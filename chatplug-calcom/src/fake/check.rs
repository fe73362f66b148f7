//! What is wrong with the body of a booking or the query of a slot: all of it in one line, as bookings and slots say it.
//! Contract: "Envelopes".

use super::{answer::Answer, time};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// What the server knows of the attendee's language.
const LANGUAGES: &str = "ar, ca, de, es, eu, he, id, ja, lv, pl, ro, sr, th, vi, az, cs, el, es-419, fi, hr, it, km, nl, pt, ru, sv, tr, zh-CN, bg, da, en, et, fr, hu, iw, ko, no, pt-BR, sk, ta, uk, zh-TW, bn";
const METADATA: &str =
    "Metadata must have at most 50 keys, each key up to 40 characters, and string values up to 500 characters.";

/// What is wrong, member by member.
#[derive(Debug, Default)]
pub(super) struct Wrong(Vec<String>);

impl Wrong {
    pub(super) fn say(&mut self, property: &str, constraint: impl AsRef<str>) {
        self.0.push(format!("{property} property is wrong,{} ", constraint.as_ref()));
    }

    /// What is wrong within a member.
    pub(super) fn within(&mut self, property: &str, inner: Self) {
        if !inner.0.is_empty() {
            self.0.push(format!("{property} property is wrong, {}", inner.0.join(", ")));
        }
    }

    /// Members that nobody knows.
    pub(super) fn strangers(&mut self, body: &Value, known: &[&str]) {
        for name in body.as_object().into_iter().flat_map(serde_json::Map::keys) {
            if !known.contains(&name.as_str()) {
                self.say(name, format!("property {name} should not exist"));
            }
        }
    }

    pub(super) fn done(self) -> Result<(), Answer> {
        if self.0.is_empty() { Ok(()) } else { Err(Answer::refused(400, self.0.join(", "))) }
    }
}

const BOOKING: &[&str] = &[
    "start",
    "eventTypeId",
    "eventTypeSlug",
    "username",
    "teamSlug",
    "organizationSlug",
    "attendee",
    "metadata",
    "bookingFieldsResponses",
    "location",
    "guests",
    "lengthInMinutes",
    "recurrenceCount",
    "meetingUrl",
    "instant",
    "routing",
    "emailVerificationCode",
];
const ATTENDEE: &[&str] = &["name", "email", "phoneNumber", "timeZone", "language"];

/// The body of `POST /bookings`. `strict`: phone numbers have to be possible ones.
pub(super) fn booking(body: &Value, strict: bool) -> Result<(), Answer> {
    let mut wrong = Wrong::default();
    wrong.strangers(body, BOOKING);
    start(&mut wrong, &body["start"]);
    match &body["attendee"] {
        Value::Null => wrong.say("attendee", "attendee should not be null or undefined"),
        attendee => wrong.within("attendee", self::attendee(attendee, strict)),
    }
    if !body["metadata"].is_null() && !metadata(&body["metadata"]) {
        wrong.say("metadata", METADATA);
    }
    if !body["lengthInMinutes"].is_null() && body["lengthInMinutes"].as_u64().is_none() {
        wrong.say("lengthInMinutes", "lengthInMinutes must be a number conforming to the specified constraints");
    }
    if !body["guests"].is_null() && !body["guests"].as_array().is_some_and(|all| all.iter().all(Value::is_string)) {
        wrong.say("guests", "each value in guests must be an email");
    }
    let slug = body["eventTypeSlug"].is_string() && (body["username"].is_string() || body["teamSlug"].is_string());
    if body["eventTypeId"].as_u64().is_none() && !slug {
        wrong.say(
            "eventTypeId or eventTypeSlug + username",
            "Either eventTypeId or eventTypeSlug + username or eventTypeSlug + teamSlug must be provided",
        );
    }
    wrong.done()
}

/// The body of `POST /bookings/{uid}/reschedule`.
pub(super) fn reschedule(body: &Value) -> Result<(), Answer> {
    let mut wrong = Wrong::default();
    let known = ["start", "reschedulingReason", "rescheduledBy", "seatUid", "emailVerificationCode"];
    wrong.strangers(body, &known);
    start(&mut wrong, &body["start"]);
    wrong.done()
}

/// The body of `POST /bookings/{uid}/cancel`.
pub(super) fn cancel(body: &Value) -> Result<(), Answer> {
    let mut wrong = Wrong::default();
    wrong.strangers(body, &["cancellationReason", "cancelSubsequentBookings", "seatUid"]);
    if !body["cancellationReason"].is_null() && !body["cancellationReason"].is_string() {
        wrong.say("cancellationReason", "cancellationReason must be a string");
    }
    wrong.done()
}

fn start(wrong: &mut Wrong, start: &Value) {
    if start.as_str().and_then(time::read).is_none() {
        wrong.say("start", "start must be a valid ISO 8601 date string");
    }
}

fn attendee(attendee: &Value, strict: bool) -> Wrong {
    let mut wrong = Wrong::default();
    wrong.strangers(attendee, ATTENDEE);
    if !attendee["name"].is_string() {
        wrong.say("name", "name must be a string");
    }
    if !zone(&attendee["timeZone"]) {
        wrong.say("timeZone", "timeZone must be a valid IANA time-zone");
    }
    let language = &attendee["language"];
    if !language.is_null() && !language.as_str().is_some_and(|code| LANGUAGES.split(", ").any(|known| known == code)) {
        wrong.say("language", format!("language must be one of the following values: {LANGUAGES}"));
    }
    let phone = &attendee["phoneNumber"];
    if strict && !phone.is_null() && !phone.as_str().is_some_and(possible) {
        wrong.say("phoneNumber", "Invalid phone number format. Please use international format.");
    }
    let given = |name: &str| attendee[name].as_str().is_some_and(|text| !text.is_empty());
    if !given("email") && !given("phoneNumber") {
        wrong.say("attendee email or phone", "Attendee must have at least one contact method (email or phone number)");
    }
    wrong
}

/// Whether text is the name of a zone.
pub(super) fn zone(name: &Value) -> bool {
    name.as_str().is_some_and(|name| name.parse::<Tz>().is_ok())
}

/// Whether a number can be called at all.
pub(super) fn possible(phone: &str) -> bool {
    phone.starts_with('+') && phonenumber::parse(None, phone).is_ok_and(|number| number.is_valid())
}

/// Whether text looks like an address.
pub(super) fn email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.ends_with('.'))
        && !text.contains(char::is_whitespace)
}

fn metadata(metadata: &Value) -> bool {
    let fits = |(key, value): (&String, &Value)| {
        key.chars().count() <= 40 && value.as_str().is_none_or(|text| text.chars().count() <= 500)
    };
    metadata.as_object().is_some_and(|all| all.len() <= 50 && all.iter().all(fits))
}

/// A failure as it is listed outside bookings and slots.
pub(super) fn failure(target: &Value, value: Option<&Value>, property: &str, constraints: &Value) -> Value {
    let mut failure = json!({"target": target, "property": property, "children": [], "constraints": constraints});
    if let (Some(value), Some(failure)) = (value, failure.as_object_mut()) {
        failure.insert("value".to_owned(), value.clone());
    }
    failure
}
