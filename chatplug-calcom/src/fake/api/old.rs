//! What is answered to who names no version, or one of something else: another shape, and no word about it. Contract:
//! "`cal-api-version`".

use super::super::{
    answer::{Answer, Done},
    call::Call,
    check::{failure, zone},
    free::Asked,
    shape,
    shape::event_type::{Reader, event_type},
    state::State,
    time,
};
use chrono::Duration;
use serde_json::{Map, Value, json};

/// Slots as they once were.
pub(crate) fn slots(state: &mut State, call: &Call) -> Done {
    let range = call.one("startTime").and_then(time::read).zip(call.one("endTime").and_then(time::read));
    let Some((from, to)) = range else { return Err(Answer::refused(400, "startTime and endTime must be ISO 8601")) };
    let of = call.number("eventTypeId").and_then(|id| state.event_types.get(&id));
    let of = of.ok_or_else(|| Answer::refused(404, "Event Type not found"))?;
    let minutes = call.number("duration").map_or_else(|| i64::from(of.minutes), u64::cast_signed);
    let asked = Asked { of, minutes, but: None, listing: true };
    let mut days: Map<String, Value> = Map::new();
    for start in state.starts(&asked, from, to - Duration::seconds(1)) {
        let day = days.entry(start.date_naive().to_string()).or_insert_with(|| json!([]));
        if let Some(day) = day.as_array_mut() {
            day.push(json!({"time": time::stamp(start)}));
        }
    }
    Ok(Answer::ok(json!({"slots": days})))
}

/// A body of today is missing what was asked for then.
pub(crate) fn book(_: &mut State, call: &Call) -> Done {
    let body = &call.body;
    let target: Map<_, _> = ["start", "eventTypeId"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), body.get(name)?.clone())))
        .collect();
    let target = Value::Object(target);
    let mut wrong = Vec::new();
    if !zone(&body["timeZone"]) {
        let said = json!({"isTimeZone": "timeZone must be a valid IANA time-zone"});
        wrong.push(failure(&target, body.get("timeZone"), "timeZone", &said));
    }
    if !body["language"].is_string() {
        let said = json!({"isString": "language must be a string"});
        wrong.push(failure(&target, body.get("language"), "language", &said));
    }
    let metadata = body.get("metadata");
    if !metadata.is_some_and(Value::is_object) {
        let said = json!({"isObject": "metadata must be an object"});
        wrong.push(failure(&target, metadata, "metadata", &said));
    }
    if !body["responses"].is_object() && wrong.is_empty() {
        let said = json!({"isObject": "responses must be an object"});
        wrong.push(failure(&target, body.get("responses"), "responses", &said));
    }
    match wrong.is_empty() {
        true => Err(Answer::broken()),
        false => Err(Answer::invalid(wrong)),
    }
}

/// All that is ahead, whatever was asked for.
pub(crate) fn bookings(state: &mut State, call: &Call) -> Done {
    let (now, user) = (state.time.now(), call.user.unwrap_or_default());
    let theirs = state.bookings.iter().filter(|one| one.hosts.contains(&user) && one.status.stands() && one.end >= now);
    let all: Vec<_> = theirs.map(|one| shape::old::booking(state, one)).collect();
    let total = all.len();
    Ok(Answer::ok(json!({"bookings": all, "recurringInfo": [], "totalCount": total, "nextCursor": null})))
}

pub(crate) fn event_types(state: &mut State, call: &Call) -> Done {
    let user = call.user.unwrap_or_default();
    let own = state.event_types.values().filter(|of| of.owner == Some(user));
    let own: Vec<_> = own.map(|of| event_type(state, of, Reader::Owner)).collect();
    let profile = state.users.get(&user).map(|user| json!({"slug": user.username, "name": user.name}));
    Ok(Answer::ok(json!({"eventTypeGroups": [{"profile": profile, "eventTypes": own}], "profiles": []})))
}

pub(crate) fn schedules(state: &mut State, call: &Call) -> Done {
    let user = call.user.unwrap_or_default();
    let default = state.users.get(&user).and_then(|user| user.default_schedule);
    let today = state.time.now().date_naive();
    let own: Vec<_> = state.schedules.values().filter(|schedule| schedule.owner == user).collect();
    let last = own.len() == 1;
    let shown = own.iter().map(|schedule| schedule.shown_old(default == Some(schedule.id), last, today));
    Ok(Answer::ok(shown.collect()))
}
