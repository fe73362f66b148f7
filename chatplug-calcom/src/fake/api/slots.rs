//! `GET /slots`. Contract: "GET /v2/slots".

use super::super::{
    answer::{Answer, Done},
    call::Call,
    check::Wrong,
    event_type::{FakeEventType, FakeScheduling},
    free::{Asked, Span},
    state::State,
    time,
};
use chrono::{Duration, NaiveTime};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

pub(crate) fn list(state: &mut State, call: &Call) -> Done {
    let ((from, to), zone) = range(call)?;
    let of = chosen(state, call)?;
    let minutes = call.number("duration").map_or_else(|| i64::from(of.minutes), u64::cast_signed);
    let asked = Asked { of: &of, minutes, but: call.one("bookingUidToReschedule"), listing: true };
    let starts = state.starts(&asked, from, to);
    let long = call.one("format") == Some("range");
    let mut days: Map<String, Value> = Map::new();
    for start in starts {
        let day = start.with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive().to_string();
        let mut slot = Map::new();
        slot.insert("start".to_owned(), json!(time::in_zone(start, zone)));
        if long {
            slot.insert("end".to_owned(), json!(time::in_zone(start + Duration::minutes(minutes), zone)));
        }
        if let Some(seats) = of.seats {
            // Full ones stay on the list.
            let class = state.class(&of, start);
            let taken = class.map_or(0, |class| class.attendees.len());
            slot.insert("seatsBooked".to_owned(), json!(taken));
            slot.insert("seatsRemaining".to_owned(), json!((seats as usize).saturating_sub(taken)));
            slot.insert("seatsTotal".to_owned(), json!(seats));
            slot.extend(class.map(|class| ("bookingUid".to_owned(), json!(class.uid))));
        }
        if let Some(list) = days.entry(day).or_insert_with(|| json!([])).as_array_mut() {
            list.push(Value::Object(slot));
        }
    }
    Ok(Answer::ok(Value::Object(days)))
}

/// From when to when, and in which zone the answer is.
fn range(call: &Call) -> Result<(Span, Option<Tz>), Answer> {
    let mut wrong = Wrong::default();
    let from = call.one("start").and_then(time::read);
    let to = call.one("end").and_then(time::read);
    for (name, found) in [("start", from), ("end", to)] {
        if found.is_none() {
            wrong.say(name, format!("{name} must be a valid ISO 8601 date string"));
        }
    }
    let zone = call.one("timeZone").map(str::parse::<Tz>);
    if matches!(zone, Some(Err(_))) {
        wrong.say("timeZone", "timeZone must be a valid IANA time-zone");
    }
    let slug =
        call.one("eventTypeSlug").is_some() && (call.one("username").is_some() || call.one("teamSlug").is_some());
    let several = call.list("usernames").len() > 1;
    if call.number("eventTypeId").is_none() && !slug && !several {
        wrong.say(
            "usernames",
            "each value in usernames must be a string, The array must contain at least 2 elements., usernames must be an array",
        );
        wrong.say("organizationSlug", "organizationSlug must be a string");
    }
    wrong.done()?;
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    // Midnight is stretched to the end of its day, written as a day or not.
    let to = if to.time() == NaiveTime::MIN { time::end_of(to.date_naive()) } else { to };
    Ok(((from, to), zone.and_then(Result::ok)))
}

fn chosen(state: &State, call: &Call) -> Result<FakeEventType, Answer> {
    let missing = || Answer::refused(404, "Event Type not found");
    let of = if let Some(id) = call.number("eventTypeId") {
        state.event_types.get(&id).ok_or_else(missing)?
    } else {
        let slug = call.one("eventTypeSlug").unwrap_or_default();
        let (owner, team) = if let Some(name) = call.one("username") {
            let user = state.by_username(name);
            let user = user.ok_or_else(|| Answer::refused(404, format!("User with username {name} not found")))?;
            (Some(user.id), None)
        } else if let Some(name) = call.one("teamSlug") {
            let team = state.by_team(name);
            let team = team.ok_or_else(|| Answer::refused(404, format!("Team with slug {name} not found")))?;
            (None, Some(team.id))
        } else {
            return Err(missing());
        };
        let mut types = state.event_types.values();
        types.find(|of| of.slug == slug && of.owner == owner && of.team == team).ok_or_else(missing)?
    };
    if of.is(FakeScheduling::Managed) {
        let text = format!(
            "Event type with id={} is the parent managed event type that can't be booked. You have to provide the child event type id aka id of event type that has been assigned to one of the users.",
            of.id
        );
        return Err(Answer::refused(400, text));
    }
    Ok(of.clone())
}
