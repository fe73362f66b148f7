//! Event types: lists, and what their owners change. Contract: "Event types".

use super::{
    super::{
        account::FakeRole,
        answer::{Answer, Done},
        call::Call,
        check::failure,
        event_type::{FakeEventType, FakeScheduling, FakeWindow},
        server::Server,
        shape::event_type::{Reader, event_type},
        state::{State, members},
        time,
    },
    list::take_skip,
    teams,
};
use serde_json::{Value, json};

pub(crate) fn list(state: &mut State, call: &Call) -> Done {
    let slug = call.one("eventSlug");
    let owner = match call.one("username") {
        Some(name) => state.by_username(name).map(|user| user.id),
        // Whose key it is does not help on servers of 2025.
        None => call.user.filter(|_| state.server.is_newer()),
    };
    let Some(owner) = owner else {
        return match (call.one("username"), state.server.is_newer()) {
            (Some(_), true) => Ok(Answer::ok(json!([]))),
            _ => Err(Answer::refused(404, "Event types not found")),
        };
    };
    // So does what is hidden: anybody sees it on servers of 2025.
    let hidden = state.server == Server::SelfHosted2025 || call.user == Some(owner);
    let fits = |of: &&FakeEventType| {
        of.owner == Some(owner) && (hidden || !of.hidden) && slug.is_none_or(|slug| of.slug == slug)
    };
    let all: Vec<_> = state.event_types.values().filter(fits).map(|of| event_type(state, of, Reader::Public)).collect();
    Ok(Answer::ok(json!(all)))
}

pub(crate) fn read(state: &mut State, call: &Call) -> Done {
    let of = own(state, call)?;
    Ok(Answer::ok(event_type(state, of, Reader::Owner)))
}

pub(crate) fn create(state: &mut State, call: &Call) -> Done {
    let Some(user) = call.user else { return Err(Answer::nobody()) };
    check(&call.body, false)?;
    let mut of = FakeEventType::new(user, "", "", 0);
    apply(&mut of, &call.body, false)?;
    free_slug(state, &of)?;
    Ok(Answer::created(keep(state, of)))
}

pub(crate) fn update(state: &mut State, call: &Call) -> Done {
    let mut of = own(state, call)?.clone();
    check(&call.body, true)?;
    if !state.server.is_newer() {
        // Whoever changes anything else loses them.
        of.lengths.clear();
    }
    apply(&mut of, &call.body, false)?;
    free_slug(state, &of)?;
    Ok(Answer::ok(keep(state, of)))
}

pub(crate) fn delete(state: &mut State, call: &Call) -> Done {
    let of = own(state, call)?;
    let (id, length, slug, title) = (of.id, of.minutes, of.slug.clone(), of.title.clone());
    state.event_types.remove(&id);
    Ok(Answer::ok(json!({"id": id, "lengthInMinutes": length, "slug": slug, "title": title})))
}

pub(crate) fn of_team(state: &mut State, call: &Call) -> Done {
    let team = call.id("team");
    teams::member(state, call, team)?;
    let (take, skip) = take_skip(call, 250, 250)?;
    let slug = call.one("eventSlug");
    let fits = |of: &&FakeEventType| of.team == Some(team) && slug.is_none_or(|slug| of.slug == slug);
    let all = state.event_types.values().filter(fits).skip(skip).take(take);
    let all: Vec<_> = all.map(|of| event_type(state, of, Reader::Owner)).collect();
    Ok(Answer::ok(json!(all)))
}

/// Those of all its teams.
pub(crate) fn of_organization(state: &mut State, call: &Call) -> Done {
    super::organizations::people(state, call)?;
    let (take, skip) = take_skip(call, 250, 250)?;
    let organization = call.id("org");
    let belongs = |team: u64| state.teams.get(&team).is_some_and(|team| team.parent == Some(organization));
    let all = state.event_types.values().filter(|of| of.team.is_some_and(belongs)).skip(skip).take(take);
    let all: Vec<_> = all.map(|of| event_type(state, of, Reader::Owner)).collect();
    Ok(Answer::ok(json!(all)))
}

pub(crate) fn read_in_team(state: &mut State, call: &Call) -> Done {
    let of = teams_own(state, call, false)?;
    Ok(Answer::ok(event_type(state, of, Reader::Owner)))
}

pub(crate) fn create_in_team(state: &mut State, call: &Call) -> Done {
    let team = call.id("team");
    teams::administrator(state, call, team)?;
    check(&call.body, false)?;
    let kind = call.text("schedulingType").and_then(FakeScheduling::read);
    let Some(kind) = kind else {
        let said = "schedulingType must be one of the following values: collective, roundRobin, managed";
        let wrong = failure(&call.body, call.body.get("schedulingType"), "schedulingType", &json!({"isEnum": said}));
        return Err(Answer::invalid(vec![wrong]));
    };
    let mut of = FakeEventType::of_team(team, kind, &[], "", "", 0);
    let organized = state.teams.get(&team).is_some_and(|team| team.parent.is_some());
    apply(&mut of, &call.body, organized)?;
    hosts(state, &mut of, &call.body, team)?;
    free_slug(state, &of)?;
    let shown = keep(state, of.clone());
    if kind != FakeScheduling::Managed {
        return Ok(Answer::created(shown));
    }
    // A pattern is answered together with what it makes of each host.
    let parent = shown["id"].as_u64();
    let mut all = vec![shown];
    for host in of.hosts.clone() {
        let child = FakeEventType {
            id: 0,
            owner: Some(host),
            team: None,
            scheduling: None,
            hosts: Vec::new(),
            parent,
            ..of.clone()
        };
        all.push(keep(state, child));
    }
    Ok(Answer::created(json!(all)))
}

pub(crate) fn update_in_team(state: &mut State, call: &Call) -> Done {
    let mut of = teams_own(state, call, true)?.clone();
    check(&call.body, true)?;
    let team = call.id("team");
    let organized = state.teams.get(&team).is_some_and(|team| team.parent.is_some());
    apply(&mut of, &call.body, organized)?;
    hosts(state, &mut of, &call.body, team)?;
    free_slug(state, &of)?;
    Ok(Answer::ok(keep(state, of)))
}

pub(crate) fn delete_in_team(state: &mut State, call: &Call) -> Done {
    let of = teams_own(state, call, true)?;
    let (id, title) = (of.id, of.title.clone());
    state.event_types.remove(&id);
    Ok(Answer::ok(json!({"id": id, "title": title})))
}

fn keep(state: &mut State, of: FakeEventType) -> Value {
    let id = state.add_event_type(of);
    state.event_types.get(&id).map_or(Value::Null, |of| event_type(state, of, Reader::Writer))
}

/// The caller's own one. On servers of 2026 hosts and administrators may read, too.
fn own<'a>(state: &'a State, call: &Call) -> Result<&'a FakeEventType, Answer> {
    let id = call.id("id");
    let user = call.user.unwrap_or_default();
    let theirs = |of: &&FakeEventType| of.owner == Some(user) || (state.server.is_newer() && state.owns(user, of));
    let missing = || Answer::refused(404, format!("Event type with id {} not found", call.part("id")));
    state.event_types.get(&id).filter(theirs).ok_or_else(missing)
}

fn teams_own<'a>(state: &'a State, call: &Call, write: bool) -> Result<&'a FakeEventType, Answer> {
    let (team, id) = (call.id("team"), call.id("id"));
    if write {
        teams::administrator(state, call, team)?;
    } else {
        teams::member(state, call, team)?;
    }
    let missing = || Answer::refused(404, format!("Team event type with id {id} not found"));
    state.event_types.get(&id).filter(|of| of.team == Some(team)).ok_or_else(missing)
}

fn free_slug(state: &State, of: &FakeEventType) -> Result<(), Answer> {
    let mut all = state.event_types.values();
    let taken = all.any(|one| one.id != of.id && one.slug == of.slug && (one.owner, one.team) == (of.owner, of.team));
    let whose = if of.team.is_some() { "Team" } else { "User" };
    if taken { Err(Answer::refused(400, format!("{whose} already has an event type with this slug."))) } else { Ok(()) }
}

fn check(body: &Value, partly: bool) -> Result<(), Answer> {
    let mut wrong = Vec::new();
    let length = body.get("lengthInMinutes");
    if !(length.and_then(Value::as_u64).is_some_and(|length| length > 0) || partly && length.is_none()) {
        let said = json!({
            "min": "lengthInMinutes must not be less than 1",
            "isInt": "lengthInMinutes must be an integer number",
        });
        wrong.push(failure(body, length, "lengthInMinutes", &said));
    }
    for name in ["title", "slug"] {
        let value = body.get(name);
        if !(value.is_some_and(Value::is_string) || partly && value.is_none()) {
            wrong.push(failure(body, value, name, &json!({"isString": format!("{name} must be a string")})));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Answer::invalid(wrong)) }
}

/// Takes over what a body says.
fn apply(of: &mut FakeEventType, body: &Value, organized: bool) -> Result<(), Answer> {
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let enabled = |value: &Value| value.is_object() && value["disabled"] != json!(true);
    for (name, value) in &members(body) {
        let text = || value.as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "lengthInMinutes" => of.minutes = number(value).unwrap_or(of.minutes),
            "lengthInMinutesOptions" => {
                of.lengths = value.as_array().into_iter().flatten().filter_map(number).collect()
            }
            "title" => of.title = text(),
            "slug" => of.slug = text(),
            "description" => of.description = text(),
            "locations" => of.locations = value.as_array().cloned().unwrap_or_default(),
            "slotInterval" => of.step = number(value),
            "minimumBookingNotice" => of.notice = number(value).unwrap_or_default(),
            "beforeEventBuffer" => of.before = number(value).unwrap_or_default(),
            "afterEventBuffer" => of.after = number(value).unwrap_or_default(),
            "bookingWindow" => of.window = window(value),
            "bookingLimitsCount" => of.limits = ["day", "week", "month", "year"].map(|name| number(&value[name])),
            "bookerActiveBookingsLimit" => {
                let most = number(&value["maximumActiveBookings"]);
                of.active = most.map(|most| (most, value["offerReschedule"] == json!(true)));
            }
            "confirmationPolicy" => {
                of.confirmation = enabled(value).then(|| value["blockUnconfirmedBookingsInBooker"] != json!(false));
            }
            "seats" => of.seats = number(&value["seatsPerTimeSlot"]).filter(|_| enabled(value)),
            "recurrence" => {
                let frequency = value["frequency"].as_str().unwrap_or("weekly").to_owned();
                let made = number(&value["interval"]).zip(number(&value["occurrences"]));
                of.recurrence = made.map(|(interval, most)| (interval, most, frequency)).filter(|_| enabled(value));
            }
            "bookingFields" => fields(of, value, organized)?,
            "hidden" => of.hidden = value == &json!(true),
            "scheduleId" => of.schedule = value.as_u64(),
            "bookingRequiresAuthentication" => of.requires_authentication = value == &json!(true),
            "disableCancelling" => of.no_cancelling = value["disabled"] == json!(true),
            "disableRescheduling" => of.no_rescheduling = value["disabled"] == json!(true),
            "metadata" => of.metadata = members(value),
            _ => {}
        }
    }
    Ok(())
}

fn window(value: &Value) -> FakeWindow {
    let days = || value["value"].as_u64().and_then(|days| u32::try_from(days).ok()).unwrap_or_default();
    let day = |n: usize| value["value"][n].as_str().and_then(|text| time::day(text.get(..10).unwrap_or(text)));
    match value["type"].as_str() {
        Some("calendarDays") => FakeWindow::CalendarDays(days()),
        Some("businessDays") => FakeWindow::BusinessDays(days()),
        Some("range") => day(0).zip(day(1)).map_or(FakeWindow::Open, |(from, to)| FakeWindow::Between(from, to)),
        _ => FakeWindow::Open,
    }
}

fn fields(of: &mut FakeEventType, value: &Value, organized: bool) -> Result<(), Answer> {
    let all = value.as_array().cloned().unwrap_or_default();
    let email = all.iter().find(|field| field["type"] == "email");
    let hidden = email.is_some_and(|field| field["required"] == json!(false) || field["hidden"] == json!(true));
    let phone = all.iter().any(|field| field["slug"] == "attendeePhoneNumber" && field["required"] == json!(true));
    if hidden && !(organized && phone) {
        let text = "checkIsEmailUserAccessible - Email booking field must be required and visible";
        return Err(Answer::refused(400, text));
    }
    of.phone_only = hidden;
    let own = |field: &Value| {
        !field["isDefault"].as_bool().unwrap_or_default()
            && !matches!(field["slug"].as_str(), None | Some("name" | "email" | "attendeePhoneNumber"))
    };
    of.fields = all.into_iter().filter(own).collect();
    Ok(())
}

fn hosts(state: &State, of: &mut FakeEventType, body: &Value, team: u64) -> Result<(), Answer> {
    let Some(team) = state.teams.get(&team) else { return Ok(()) };
    if body["assignAllTeamMembers"] == json!(true) {
        of.hosts = team.members.iter().map(|(member, _)| *member).collect();
    }
    let Some(asked) = body["hosts"].as_array() else { return Ok(()) };
    let ids: Vec<u64> = asked.iter().filter_map(|host| host["userId"].as_u64()).collect();
    if let Some(stranger) = ids.iter().find(|id| team.role(**id).is_none()) {
        return Err(Answer::refused(404, format!("Invalid user ID: {stranger}, user is not a member of the team")));
    }
    of.hosts = ids;
    Ok(())
}

/// For teams: whether somebody administers one.
pub(crate) fn administers(role: Option<FakeRole>) -> bool {
    role.is_some_and(FakeRole::administers)
}
