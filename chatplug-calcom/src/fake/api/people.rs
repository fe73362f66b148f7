//! Who else comes to a booking, and where it is. Servers of 2026. Contract: "Other booking calls".

use super::super::{
    answer::{Answer, Done},
    booking::{Attendee, Booking},
    call::Call,
    check, shape,
    state::State,
};
use serde_json::{Value, json};

fn theirs<'a>(state: &'a State, call: &Call) -> Result<&'a Booking, Answer> {
    let booking = state.known(call.part("uid"))?;
    if !call.user.is_some_and(|user| state.hosts(user, booking)) {
        let text = format!("BookingPbacGuard - user is not authorized to access booking with uid={}.", booking.uid);
        return Err(Answer::refused(403, text));
    }
    Ok(booking)
}

fn shown(one: &Attendee, booking: &Booking) -> Value {
    let mut shown = json!({
        "name": one.name, "email": one.email, "displayEmail": one.email, "timeZone": one.zone,
        "language": one.language, "absent": one.absent, "id": one.id, "bookingId": booking.id,
    });
    if let (Some(phone), Some(shown)) = (&one.phone, shown.as_object_mut()) {
        shown.insert("phoneNumber".to_owned(), json!(phone));
    }
    shown
}

pub(crate) fn list(state: &mut State, call: &Call) -> Done {
    let booking = theirs(state, call)?;
    Ok(Answer::ok(booking.attendees.iter().map(|one| shown(one, booking)).collect()))
}

pub(crate) fn one(state: &mut State, call: &Call) -> Done {
    let booking = theirs(state, call)?;
    let id = call.id("attendee");
    let one = booking.attendees.iter().find(|one| one.id == id);
    let missing = || Answer::refused(404, format!("Attendee with id {id} not found in booking {}", booking.uid));
    Ok(Answer::ok(shown(one.ok_or_else(missing)?, booking)))
}

pub(crate) fn add(state: &mut State, call: &Call) -> Done {
    let uid = theirs(state, call)?.uid.clone();
    let Some(one) = person(state, &call.body, "UTC") else {
        return Err(Answer::refused(400, "email must be an email"));
    };
    join(state, &uid, vec![one]);
    let booking = state.known(&uid)?;
    Ok(Answer::created(booking.attendees.last().map_or(Value::Null, |one| shown(one, booking))))
}

pub(crate) fn guests(state: &mut State, call: &Call) -> Done {
    let booking = theirs(state, call)?;
    let (uid, there) = (booking.uid.clone(), booking.attendees.len());
    let zone = booking.attendees.first().map_or_else(|| "UTC".to_owned(), |one| one.zone.clone());
    let asked = call.body["guests"].as_array().cloned().unwrap_or_default();
    if asked.is_empty() || asked.len() > 10 || there + asked.len() > 30 {
        return Err(Answer::refused(400, "guests must contain at least 1 and at most 10 elements"));
    }
    let made = asked.iter().filter_map(|one| person(state, one, &zone)).collect();
    join(state, &uid, made);
    let booking = state.known(&uid)?;
    Ok(Answer::ok(shape::booking::booking(state, booking)))
}

pub(crate) fn location(state: &mut State, call: &Call) -> Done {
    let uid = theirs(state, call)?.uid.clone();
    let asked = &call.body["location"];
    let names = ["address", "link", "phone", "location", "integration"];
    let told = names.iter().find_map(|name| asked[*name].as_str());
    let Some(told) = told.map(str::to_owned) else { return Err(Answer::refused(400, "location property is wrong")) };
    let now = state.time.now();
    if let Some(booking) = state.booking_mut(&uid) {
        (booking.location, booking.updated) = (Some(told), now);
    }
    let booking = state.known(&uid)?;
    Ok(Answer::ok(shape::booking::booking(state, booking)))
}

fn person(state: &mut State, told: &Value, zone: &str) -> Option<Attendee> {
    let text = |name: &str| told[name].as_str().map(str::to_owned);
    let email = text("email").filter(|email| check::email(email))?;
    Some(Attendee {
        id: state.fresh("attendee"),
        name: text("name").unwrap_or_default(),
        email,
        zone: text("timeZone").unwrap_or_else(|| zone.to_owned()),
        language: text("language").unwrap_or_else(|| "en".to_owned()),
        phone: text("phoneNumber"),
        absent: false,
        seat: None,
    })
}

fn join(state: &mut State, uid: &str, who: Vec<Attendee>) {
    let now = state.time.now();
    if let Some(booking) = state.booking_mut(uid) {
        booking.guests.extend(who.iter().map(|one| one.email.clone()));
        booking.attendees.extend(who);
        booking.updated = now;
    }
}
