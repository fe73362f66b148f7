//! Schedules of one's own. Contract: "Schedules, absence, calendars".

use super::super::{
    answer::{Answer, Done},
    call::Call,
    check::{failure, zone},
    schedule::{DAYS, FakeSchedule, clock, weekday},
    state::State,
    time,
};
use serde_json::{Value, json};

pub(crate) fn list(state: &mut State, call: &Call) -> Done {
    Ok(Answer::ok(json!(of(state, call.user.unwrap_or_default()))))
}

pub(crate) fn default(state: &mut State, call: &Call) -> Done {
    let own = call.user.and_then(|user| state.users.get(&user)?.default_schedule);
    let own = own.and_then(|id| state.schedules.get(&id));
    Ok(Answer::ok(own.map_or(Value::Null, |schedule| schedule.shown(true))))
}

pub(crate) fn read(state: &mut State, call: &Call) -> Done {
    let schedule = own(state, call.user, call.id("id"))?;
    Ok(Answer::ok(shown(state, schedule)))
}

pub(crate) fn create(state: &mut State, call: &Call) -> Done {
    let Some(user) = call.user else { return Err(Answer::nobody()) };
    made(state, user, &call.body).map(Answer::created)
}

pub(crate) fn update(state: &mut State, call: &Call) -> Done {
    changed(state, call.user, call.id("id"), &call.body).map(Answer::ok)
}

pub(crate) fn delete(state: &mut State, call: &Call) -> Done {
    removed(state, call.user, call.id("id"))
}

/// All of a user's.
pub(crate) fn of(state: &State, user: u64) -> Vec<Value> {
    state.schedules.values().filter(|schedule| schedule.owner == user).map(|one| shown(state, one)).collect()
}

pub(crate) fn own(state: &State, user: Option<u64>, id: u64) -> Result<&FakeSchedule, Answer> {
    let missing = || Answer::refused(404, format!("Schedule with ID={id} does not exist."));
    let schedule = state.schedules.get(&id).ok_or_else(missing)?;
    if Some(schedule.owner) != user {
        let text = format!("User with ID={} does not own schedule with ID={id}", user.unwrap_or_default());
        return Err(Answer::refused(403, text));
    }
    Ok(schedule)
}

pub(crate) fn made(state: &mut State, user: u64, body: &Value) -> Result<Value, Answer> {
    check(body, false)?;
    let zone = body["timeZone"].as_str().and_then(|zone| zone.parse().ok()).unwrap_or(chrono_tz::UTC);
    let mut schedule = FakeSchedule::new(user, zone);
    if body["availability"].is_null() {
        schedule = schedule.also(DAYS.get(..5).unwrap_or_default(), "09:00", "17:00");
    }
    apply(&mut schedule, body);
    let id = state.add_schedule(schedule);
    prefer(state, user, id, body);
    Ok(state.schedules.get(&id).map_or(Value::Null, |schedule| shown(state, schedule)))
}

pub(crate) fn changed(state: &mut State, user: Option<u64>, id: u64, body: &Value) -> Result<Value, Answer> {
    let mut schedule = own(state, user, id)?.clone();
    check(body, true)?;
    apply(&mut schedule, body);
    let owner = schedule.owner;
    state.schedules.insert(id, schedule);
    prefer(state, owner, id, body);
    Ok(state.schedules.get(&id).map_or(Value::Null, |schedule| shown(state, schedule)))
}

pub(crate) fn removed(state: &mut State, user: Option<u64>, id: u64) -> Done {
    let owner = own(state, user, id)?.owner;
    state.schedules.remove(&id);
    let other = state.schedules.values().find(|schedule| schedule.owner == owner).map(|schedule| schedule.id);
    if let Some(owner) = state.users.get_mut(&owner).filter(|owner| owner.default_schedule == Some(id)) {
        owner.default_schedule = other;
    }
    Ok(Answer::bare(200, json!({"status": "success"})))
}

pub(crate) fn shown(state: &State, schedule: &FakeSchedule) -> Value {
    let default = state.users.get(&schedule.owner).and_then(|owner| owner.default_schedule);
    schedule.shown(default == Some(schedule.id))
}

fn prefer(state: &mut State, user: u64, id: u64, body: &Value) {
    if let Some(user) = state.users.get_mut(&user).filter(|_| body["isDefault"] == json!(true)) {
        user.default_schedule = Some(id);
    }
}

fn apply(schedule: &mut FakeSchedule, body: &Value) {
    if let Some(name) = body["name"].as_str() {
        name.clone_into(&mut schedule.name);
    }
    if let Some(zone) = body["timeZone"].as_str().and_then(|zone| zone.parse().ok()) {
        schedule.zone = zone;
    }
    let span = |one: &Value| Some((clock(one["startTime"].as_str()?)?, clock(one["endTime"].as_str()?)?));
    if let Some(all) = body["availability"].as_array() {
        let one = |one: &Value| {
            let days = one["days"].as_array()?.iter().filter_map(|day| weekday(day.as_str()?)).collect();
            span(one).map(|(from, to)| (days, from, to))
        };
        schedule.availability = all.iter().filter_map(one).collect();
    }
    if let Some(all) = body["overrides"].as_array() {
        let one = |one: &Value| {
            let day = time::day(one["date"].as_str()?)?;
            span(one).map(|(from, to)| (day, from, to))
        };
        schedule.overrides = all.iter().filter_map(one).collect();
    }
}

fn check(body: &Value, partly: bool) -> Result<(), Answer> {
    let mut wrong = Vec::new();
    let mut say = |name: &str, rule: &str, said: &str| {
        wrong.push(failure(body, body.get(name), name, &json!({rule: said})));
    };
    let there = |name: &str| !partly || body.get(name).is_some();
    if there("name") && !body["name"].is_string() {
        say("name", "isString", "name must be a string");
    }
    if there("timeZone") && !zone(&body["timeZone"]) {
        say("timeZone", "isTimeZone", "timeZone must be a valid IANA time-zone");
    }
    if there("isDefault") && !body["isDefault"].is_boolean() {
        say("isDefault", "isBoolean", "isDefault must be a boolean value");
    }
    let timed = |name: &str| {
        let all = body[name].as_array();
        let at = |one: &Value, name: &str| one[name].as_str().and_then(clock).is_some();
        body.get(name).is_none_or(Value::is_null)
            || all.is_some_and(|all| all.iter().all(|one| at(one, "startTime") && at(one, "endTime")))
    };
    for name in ["availability", "overrides"] {
        if !timed(name) {
            say(name, "matches", "startTime must be a valid time format HH:MM");
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Answer::invalid(wrong)) }
}
