//! Reservations: they hide a time from everybody, and keep it from nobody. Contract: "Reservations".

use super::super::{
    answer::{Answer, Done},
    booking::Reservation,
    call::Call,
    check::Wrong,
    event_type::FakeEventType,
    state::State,
    time::{read as instant, stamp},
};
use chrono::Duration;
use serde_json::{Value, json};

pub(crate) fn create(state: &mut State, call: &Call) -> Done {
    let uid = state.uuid();
    let reservation = wanted(state, call, uid, None)?;
    let shown = shown(&reservation, true);
    state.reservations.push(reservation);
    Ok(Answer::created(shown))
}

pub(crate) fn read(state: &mut State, call: &Call) -> Done {
    let now = state.time.now();
    state.reservations.retain(|one| one.until > now);
    let found = state.reservations.iter().find(|one| one.uid == call.part("uid"));
    Ok(Answer::ok(found.map_or(Value::Null, |found| shown(found, false))))
}

pub(crate) fn update(state: &mut State, call: &Call) -> Done {
    let uid = call.part("uid");
    if !state.reservations.iter().any(|one| one.uid == uid) {
        return Err(Answer::refused(404, format!("Reservation with uid={uid} not found")));
    }
    let reservation = wanted(state, call, uid.to_owned(), Some(uid))?;
    let shown = shown(&reservation, true);
    state.reservations.retain(|one| one.uid != uid);
    state.reservations.push(reservation);
    Ok(Answer::ok(shown))
}

/// Again and again, and of what never was.
pub(crate) fn delete(state: &mut State, call: &Call) -> Done {
    state.reservations.retain(|one| one.uid != call.part("uid"));
    Ok(Answer::bare(200, json!({"status": "success"})))
}

fn wanted(state: &State, call: &Call, uid: String, but: Option<&str>) -> Result<Reservation, Answer> {
    let body = &call.body;
    let mut wrong = Wrong::default();
    let start = body["slotStart"].as_str().and_then(instant);
    wrong.strangers(body, &["eventTypeId", "slotStart", "slotDuration", "reservationDuration"]);
    if body["eventTypeId"].as_u64().is_none() {
        wrong.say("eventTypeId", "eventTypeId must be an integer number");
    }
    if start.is_none() {
        wrong.say("slotStart", "slotStart must be a valid ISO 8601 date string");
    }
    wrong.done()?;
    let (id, start) = (body["eventTypeId"].as_u64().unwrap_or_default(), start.unwrap_or_default());
    let of = state.event_types.get(&id);
    let of = of.ok_or_else(|| Answer::refused(404, format!("Event Type with ID={id} not found")))?;
    let minutes = body["reservationDuration"].as_i64();
    if minutes.is_some() {
        let user = call.user.ok_or_else(|| {
            Answer::refused(401, "reservationDuration can only be used for authenticated requests - use access token, api key or OAuth credentials")
        })?;
        if !related(state, user, of) {
            return Err(Answer::refused(
                403,
                "authenticated user is not owner of event type, does not have memberships in common with owner of the event type, nor does belong to event type's team or org.",
            ));
        }
    }
    let now = state.time.now();
    let length = body["slotDuration"].as_i64().unwrap_or_else(|| i64::from(of.minutes));
    let end = start + Duration::minutes(length);
    let booked = state
        .bookings
        .iter()
        .filter(|one| one.event_type == id && one.status.stands() && one.start < end && start < one.end);
    let taken: usize = booked.clone().map(|one| one.attendees.len()).sum();
    match of.seats {
        None if booked.count() > 0 => {
            return Err(Answer::refused(422, "Can't reserve a slot if the event is already booked."));
        }
        Some(seats) if taken >= seats as usize => {
            let text =
                format!("Event Type with id={id} has no more seats left for the slot starting at {}.", stamp(start));
            return Err(Answer::refused(422, text));
        }
        _ => {}
    }
    let reserved = state.reservations.iter().any(|one| {
        one.event_type == id && one.until > now && Some(one.uid.as_str()) != but && one.start < end && start < one.end
    });
    if reserved && of.seats.is_none() {
        let text = "This time slot is already reserved by another user. Please choose a different time.";
        return Err(Answer::refused(422, text));
    }
    let minutes = minutes.unwrap_or(5);
    // Of a round robin it is put on the first, whoever will host.
    let host = of.people().first().copied();
    Ok(Reservation { uid, event_type: id, host, start, end, minutes, until: now + Duration::minutes(minutes) })
}

fn related(state: &State, user: u64, of: &FakeEventType) -> bool {
    let shares =
        |other: &u64| state.teams.values().any(|team| team.role(user).is_some() && team.role(*other).is_some());
    let member = |team: u64| state.teams.get(&team).is_some_and(|team| team.role(user).is_some());
    of.owner == Some(user) || of.owner.as_ref().is_some_and(shares) || of.team.is_some_and(member)
}

fn shown(of: &Reservation, duration: bool) -> Value {
    let mut shown = json!({
        "eventTypeId": of.event_type,
        "slotStart": stamp(of.start),
        "slotEnd": stamp(of.end),
        "slotDuration": (of.end - of.start).num_minutes(),
        "reservationUid": of.uid,
        "reservationUntil": stamp(of.until),
    });
    if let (true, Some(shown)) = (duration, shown.as_object_mut()) {
        shown.insert("reservationDuration".to_owned(), json!(of.minutes));
    }
    shown
}
