//! Organisations: their people, whose schedules and absences are kept from above; and the users whom platforms manage.
//! Contract: "Teams, organisations, tenants".

use super::{
    super::{
        account::{Absence, FakeRole, FakeTeam, FakeUser},
        answer::{Answer, Done},
        call::Call,
        schedule::FakeSchedule,
        state::State,
        time::{self, stamp},
    },
    event_types::administers,
    list::take_skip,
    me, schedules as own, teams,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// The organisation, for those who administer it.
fn organization<'a>(state: &'a State, call: &Call) -> Result<&'a FakeTeam, Answer> {
    let id = call.id("org");
    let found = state.teams.get(&id).filter(|team| team.organization);
    let missing = || Answer::refused(404, format!("Organization with id={id} not found"));
    let found = found.ok_or_else(missing)?;
    let role = call.user.and_then(|user| found.role(user));
    if !administers(role) {
        let text = format!("RolesGuard - User is not an admin or owner of the organization with id={id}.");
        return Err(Answer::refused(403, text));
    }
    Ok(found)
}

/// Everybody in it.
pub(crate) fn people(state: &State, call: &Call) -> Result<Vec<u64>, Answer> {
    let found = organization(state, call)?;
    Ok(found.members.iter().map(|(user, _)| *user).collect())
}

/// Somebody in it.
pub(crate) fn person(state: &State, call: &Call) -> Result<u64, Answer> {
    let (found, user) = (organization(state, call)?, call.id("user"));
    let missing = || {
        Answer::refused(
            403,
            format!("IsUserInOrg - user with id={user} is not part of the organization with id={}.", found.id),
        )
    };
    found.role(user).map(|_| user).ok_or_else(missing)
}

pub(crate) fn teams(state: &mut State, call: &Call) -> Done {
    let id = organization(state, call)?.id;
    let (take, skip) = take_skip(call, 250, 250)?;
    let all = state.teams.values().filter(|team| team.parent == Some(id)).skip(skip).take(take);
    Ok(Answer::ok(all.map(teams::shown).collect()))
}

pub(crate) fn users(state: &mut State, call: &Call) -> Done {
    let members = people(state, call)?;
    let (take, skip) = take_skip(call, 250, 250)?;
    let emails = call.list("emails");
    let all = members.iter().filter_map(|id| state.users.get(id));
    let all = all.filter(|user| emails.is_empty() || emails.contains(&user.email)).skip(skip).take(take);
    let id = call.id("org");
    Ok(Answer::ok(all.map(|one| within(user(one), one, id)).collect()))
}

pub(crate) fn members(state: &mut State, call: &Call) -> Done {
    let found = organization(state, call)?;
    Ok(Answer::ok(teams::memberships(state, call, found)?))
}

pub(crate) fn schedules(state: &mut State, call: &Call) -> Done {
    let members = people(state, call)?;
    let (take, skip) = take_skip(call, 250, 250)?;
    let theirs = |schedule: &&FakeSchedule| members.contains(&schedule.owner);
    let all = state.schedules.values().filter(theirs).skip(skip).take(take);
    Ok(Answer::ok(all.map(|schedule| own::shown(state, schedule)).collect()))
}

pub(crate) fn schedules_of(state: &mut State, call: &Call) -> Done {
    let user = person(state, call)?;
    Ok(Answer::ok(json!(own::of(state, user))))
}

pub(crate) fn schedule(state: &mut State, call: &Call) -> Done {
    let user = person(state, call)?;
    let schedule = own::own(state, Some(user), call.id("id"))?;
    Ok(Answer::ok(own::shown(state, schedule)))
}

pub(crate) fn add_schedule(state: &mut State, call: &Call) -> Done {
    let user = person(state, call)?;
    own::made(state, user, &call.body).map(Answer::created)
}

pub(crate) fn change_schedule(state: &mut State, call: &Call) -> Done {
    let user = person(state, call)?;
    own::changed(state, Some(user), call.id("id"), &call.body).map(Answer::ok)
}

pub(crate) fn remove_schedule(state: &mut State, call: &Call) -> Done {
    let user = person(state, call)?;
    own::removed(state, Some(user), call.id("id"))
}

pub(crate) fn absences(state: &mut State, call: &Call) -> Done {
    let user = person(state, call)?;
    let (take, skip) = take_skip(call, 250, 250)?;
    let theirs = state.absences.iter().filter(|absence| absence.user == user).skip(skip).take(take);
    Ok(Answer::ok(theirs.map(absence).collect()))
}

pub(crate) fn all_absences(state: &mut State, call: &Call) -> Done {
    let members = people(state, call)?;
    let (take, skip) = take_skip(call, 250, 250)?;
    let theirs = state.absences.iter().filter(|absence| members.contains(&absence.user)).skip(skip).take(take);
    Ok(Answer::ok(theirs.map(absence).collect()))
}

pub(crate) fn add_absence(state: &mut State, call: &Call) -> Done {
    let user = person(state, call)?;
    let (id, uuid) = (state.fresh("absence"), state.uuid());
    let start = state.time.now();
    let fresh = Absence { id, uuid, user, to: None, start, end: start, notes: None, reason: "unspecified".to_owned() };
    let made = told(state, fresh, &call.body, false)?;
    let shown = absence(&made);
    state.absences.push(made);
    Ok(Answer::created(shown))
}

pub(crate) fn change_absence(state: &mut State, call: &Call) -> Done {
    let (user, id) = (person(state, call)?, call.id("ooo"));
    let found = state.absences.iter().find(|one| one.id == id && one.user == user).cloned();
    let Some(found) = found else { return Err(Answer::refused(404, "IsUserOOO - OOO not found")) };
    let changed = told(state, found, &call.body, true)?;
    let shown = absence(&changed);
    state.absences.retain(|one| one.id != id);
    state.absences.push(changed);
    Ok(Answer::ok(shown))
}

pub(crate) fn remove_absence(state: &mut State, call: &Call) -> Done {
    let (user, id) = (person(state, call)?, call.id("ooo"));
    let found = state.absences.iter().position(|one| one.id == id && one.user == user);
    let Some(found) = found else { return Err(Answer::refused(404, "IsUserOOO - OOO not found")) };
    Ok(Answer::ok(absence(&state.absences.remove(found))))
}

fn told(state: &State, mut of: Absence, body: &Value, partly: bool) -> Result<Absence, Answer> {
    let instant = |name: &str| body[name].as_str().and_then(time::read);
    match (instant("start"), instant("end")) {
        (None, _) | (_, None) if !partly => {
            return Err(Answer::refused(400, "start and end must be valid ISO 8601 date strings"));
        }
        (start, end) => (of.start, of.end) = (start.unwrap_or(of.start), end.unwrap_or(of.end)),
    }
    if of.start > of.end {
        return Err(Answer::refused(409, "Start date must be before end date."));
    }
    let overlaps = |one: &&Absence| one.id != of.id && one.user == of.user && one.start < of.end && of.start < one.end;
    if state.absences.iter().any(|one| overlaps(&one)) {
        return Err(Answer::refused(409, "Out of office entry already exists."));
    }
    if let Some(notes) = body["notes"].as_str() {
        of.notes = Some(notes.to_owned());
    }
    if let Some(reason) = body["reason"].as_str() {
        if !["unspecified", "vacation", "travel", "sick", "public_holiday"].contains(&reason) {
            return Err(Answer::refused(400, "Invalid reason"));
        }
        reason.clone_into(&mut of.reason);
    }
    of.to = body["toUserId"].as_u64().or(of.to);
    Ok(of)
}

fn absence(of: &Absence) -> Value {
    let at = |time: DateTime<Utc>| stamp(time);
    json!({
        "userId": of.user, "toUserId": of.to, "id": of.id, "uuid": of.uuid, "start": at(of.start), "end": at(of.end),
        "notes": of.notes, "reason": of.reason,
    })
}

// ── Managed users ───────────────────────────────────────────────────────────────────────────────────────────────────

/// The platform's client, which calls itself.
fn client(state: &State, call: &Call) -> Result<super::super::account::Client, Answer> {
    let id = call.part("client");
    let found = state.clients.iter().find(|client| client.id == id && call.client.as_deref() == Some(id));
    let missing = || Answer::refused(404, format!("OAuth client with ID {id} not found"));
    found.cloned().ok_or_else(missing)
}

pub(crate) fn managed(state: &mut State, call: &Call) -> Done {
    let client = client(state, call)?;
    let emails = call.list("emails");
    let theirs = |user: &&FakeUser| user.managed_by.as_deref() == Some(client.id.as_str());
    let all = state.users.values().filter(theirs).filter(|user| emails.is_empty() || emails.contains(&user.email));
    let (limit, offset) = (call.number("limit").unwrap_or(50), call.number("offset").unwrap_or_default());
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Answer::ok(all.skip(number(offset)).take(number(limit)).map(user).collect()))
}

pub(crate) fn managed_one(state: &mut State, call: &Call) -> Done {
    let client = client(state, call)?;
    let found = state.users.get(&call.id("user")).filter(|user| user.managed_by.as_ref() == Some(&client.id));
    let missing = || Answer::refused(404, format!("User with ID {} does not exist", call.part("user")));
    Ok(Answer::ok(user(found.ok_or_else(missing)?)))
}

pub(crate) fn manage(state: &mut State, call: &Call) -> Done {
    let client = client(state, call)?;
    let text = |name: &str| call.text(name).unwrap_or_default().to_owned();
    let (email, name) = (text("email"), text("name"));
    let Some((local, host)) = email.split_once('@') else {
        return Err(Answer::refused(400, "email must be an email"));
    };
    // The client's id keeps addresses apart that several platforms know.
    let address = format!("{local}+{}@{host}", client.id);
    if state.users.values().any(|user| user.email == address) {
        let text = format!("User with the provided e-mail already exists. Existing user ID={address}");
        return Err(Answer::refused(409, text));
    }
    let zone = text("timeZone").parse().unwrap_or(chrono_tz::Europe::London);
    let id = state.users.keys().last().copied().unwrap_or_default() + 1;
    let (access, refresh) = (state.uuid(), state.uuid());
    let username = format!("{local}-{}", client.id);
    let mut made = FakeUser::new(id, &username, &name, zone).at(&address).with_token(&access);
    made.managed_by = Some(client.id.clone());
    state.users.insert(id, made);
    if !text("timeZone").is_empty() {
        state.add_schedule(FakeSchedule::weekdays(id, zone, "09:00", "17:00"));
    }
    let organization = client.organization.and_then(|id| state.teams.get_mut(&id));
    if let Some(organization) = organization {
        organization.members.push((id, FakeRole::Member));
    }
    let mut shown = tokens(state.time.now(), &access, &refresh);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("user".to_owned(), state.users.get(&id).map_or(Value::Null, user));
    }
    Ok(Answer::created(shown))
}

/// New tokens; those from before are refused from now on.
pub(crate) fn refreshed(state: &mut State, call: &Call) -> Done {
    let client = client(state, call)?;
    let (access, refresh, now) = (state.uuid(), state.uuid(), state.time.now());
    let found = state.users.get_mut(&call.id("user")).filter(|user| user.managed_by.as_ref() == Some(&client.id));
    let Some(found) = found else {
        return Err(Answer::refused(404, format!("User with ID {} does not exist", call.part("user"))));
    };
    found.tokens = vec![access.clone()];
    Ok(Answer::ok(tokens(now, &access, &refresh)))
}

fn tokens(now: DateTime<Utc>, access: &str, refresh: &str) -> Value {
    json!({
        "accessToken": access, "refreshToken": refresh,
        "accessTokenExpiresAt": (now + chrono::Duration::minutes(60)).timestamp_millis(),
        "refreshTokenExpiresAt": (now + chrono::Duration::days(365)).timestamp_millis(),
    })
}

/// What an organisation knows besides.
fn within(mut shown: Value, of: &FakeUser, organization: u64) -> Value {
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("hideBranding".to_owned(), json!(false));
        let profile = json!({"id": of.id, "organizationId": organization, "userId": of.id, "username": of.username});
        shown.insert("profile".to_owned(), profile);
    }
    shown
}

fn user(of: &FakeUser) -> Value {
    let mut shown = me::shown(of);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("name".to_owned(), json!(of.name));
        for (name, value) in [("locale", json!("en")), ("avatarUrl", Value::Null), ("bio", Value::Null)] {
            shown.insert(name.to_owned(), value);
        }
        shown.insert("metadata".to_owned(), json!({}));
        shown.insert("createdDate".to_owned(), json!("2026-01-01T00:00:00.000Z"));
    }
    shown
}
