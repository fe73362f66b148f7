//! Lists of bookings. Contract: "Reading": what is not known is ignored, and everything comes back.

use super::super::{
    account::FakeRole,
    answer::{Answer, Done},
    booking::{Booking, FakeStatus},
    call::Call,
    check::failure,
    shape,
    state::State,
    time,
};
use serde_json::{Value, json};
use std::cmp::Ordering;

/// Parameters that are known.
pub(crate) const KNOWN: &[&str] = &[
    "status",
    "attendeeEmail",
    "attendeeName",
    "bookingUid",
    "eventTypeId",
    "eventTypeIds",
    "teamId",
    "teamsIds",
    "afterStart",
    "beforeEnd",
    "afterCreatedAt",
    "beforeCreatedAt",
    "afterUpdatedAt",
    "beforeUpdatedAt",
    "sortStart",
    "sortEnd",
    "sortCreated",
    "sortUpdatedAt",
    "take",
    "skip",
    "userIds",
];
const STATUSES: [&str; 5] = ["upcoming", "recurring", "past", "cancelled", "unconfirmed"];

pub(crate) fn mine(state: &mut State, call: &Call) -> Done {
    let Some(user) = call.user else { return Err(Answer::nobody()) };
    // Whoever administers a team sees what its members host.
    let administered = state.teams.values().filter(|team| team.role(user).is_some_and(FakeRole::administers));
    let mut seen: Vec<u64> = administered.flat_map(|team| team.members.iter().map(|(member, _)| *member)).collect();
    seen.push(user);
    let email = state.users.get(&user).map(|user| user.email.clone()).unwrap_or_default();
    page(state, call, |booking| {
        booking.hosts.iter().any(|host| seen.contains(host)) || booking.attendees.iter().any(|one| one.email == email)
    })
}

pub(crate) fn of_team(state: &mut State, call: &Call) -> Done {
    let team = call.id("team");
    super::teams::member(state, call, team)?;
    let types: Vec<u64> = state.event_types.values().filter(|of| of.team == Some(team)).map(|of| of.id).collect();
    page(state, call, |booking| types.contains(&booking.event_type))
}

pub(crate) fn of_organization(state: &mut State, call: &Call) -> Done {
    let members = super::organizations::people(state, call)?;
    let asked = call.ids("userIds");
    page(state, call, |booking| {
        booking.hosts.iter().any(|host| members.contains(host) && (asked.is_empty() || asked.contains(host)))
    })
}

pub(crate) fn of_member(state: &mut State, call: &Call) -> Done {
    let user = super::organizations::person(state, call)?;
    page(state, call, |booking| booking.hosts.contains(&user))
}

fn page(state: &State, call: &Call, theirs: impl Fn(&Booking) -> bool) -> Done {
    let statuses = call.list("status");
    let (take, skip) = paging(call, &statuses)?;
    let now = state.time.now();
    let (types, teams) = (ids(call, "eventTypeId", "eventTypeIds"), ids(call, "teamId", "teamsIds"));
    let instant = |name: &str| call.one(name).and_then(time::read);
    let fits = |booking: &&Booking| {
        let person = |name: &str, of: fn(&super::super::booking::Attendee) -> &str| {
            call.one(name).is_none_or(|wanted| booking.attendees.iter().any(|one| of(one) == wanted.trim()))
        };
        let team = state.event_types.get(&booking.event_type).and_then(|of| of.team);
        theirs(booking)
            && (statuses.is_empty() || statuses.iter().any(|status| is(booking, status, now)))
            && person("attendeeEmail", |one| &one.email)
            && person("attendeeName", |one| &one.name)
            && call.one("bookingUid").is_none_or(|uid| booking.uid == uid)
            && (types.is_empty() || types.contains(&booking.event_type))
            && (teams.is_empty() || team.is_some_and(|team| teams.contains(&team)))
            && instant("afterStart").is_none_or(|time| booking.start >= time)
            && instant("beforeEnd").is_none_or(|time| booking.end <= time)
            && instant("afterCreatedAt").is_none_or(|time| booking.created >= time)
            && instant("beforeCreatedAt").is_none_or(|time| booking.created <= time)
            && instant("afterUpdatedAt").is_none_or(|time| booking.updated >= time)
            && instant("beforeUpdatedAt").is_none_or(|time| booking.updated <= time)
    };
    let mut found: Vec<_> = state.bookings.iter().filter(fits).collect();
    found.sort_by(|one, other| order(call, &statuses, one, other));
    let shown: Vec<_> =
        found.iter().skip(skip).take(take).map(|booking| shape::booking::booking(state, booking)).collect();
    let pagination = pagination(found.len(), shown.len(), take, skip);
    Ok(Answer::page(json!(shown), pagination))
}

fn ids(call: &Call, one: &str, several: &str) -> Vec<u64> {
    let mut ids = call.ids(several);
    ids.extend(call.number(one));
    ids
}

/// How many are taken, and how many skipped; or what is wrong with that and with the statuses.
fn paging(call: &Call, statuses: &[String]) -> Result<(usize, usize), Answer> {
    let odd = statuses.iter().any(|status| !STATUSES.contains(&status.as_str()));
    if odd {
        let said = "Invalid status. Allowed are upcoming, recurring, past, cancelled, unconfirmed";
        let target = json!({"status": statuses});
        let wrong = failure(&target, Some(&json!(statuses)), "status", &json!({"isEnum": said}));
        return Err(Answer::invalid(vec![wrong]));
    }
    take_skip(call, 100, 250)
}

/// `take` and `skip`.
pub(crate) fn take_skip(call: &Call, usual: u64, most: u64) -> Result<(usize, usize), Answer> {
    let take = call.number("take").unwrap_or(usual);
    if take > most || take == 0 {
        let (rule, said) = if take == 0 {
            ("min", "take must not be less than 1".to_owned())
        } else {
            ("max", format!("take must not be greater than {most}"))
        };
        let wrong = failure(&json!({"take": take}), Some(&json!(take)), "take", &json!({rule: said}));
        return Err(Answer::invalid(vec![wrong]));
    }
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((number(take), number(call.number("skip").unwrap_or_default())))
}

fn is(booking: &Booking, status: &str, now: chrono::DateTime<chrono::Utc>) -> bool {
    let ahead = booking.end >= now;
    match status {
        "upcoming" => ahead && booking.status.stands(),
        "recurring" => ahead && booking.status.stands() && booking.series.is_some(),
        "past" => !ahead && booking.status.stands(),
        "unconfirmed" => ahead && booking.status == FakeStatus::Pending,
        // Those that were declined are among them.
        _ => !booking.status.stands(),
    }
}

/// What bookings are sorted by.
type Key = fn(&Booking) -> chrono::DateTime<chrono::Utc>;

fn order(call: &Call, statuses: &[String], one: &Booking, other: &Booking) -> Ordering {
    let keys: [(&str, Key); 4] = [
        ("sortStart", |booking| booking.start),
        ("sortEnd", |booking| booking.end),
        ("sortCreated", |booking| booking.created),
        ("sortUpdatedAt", |booking| booking.updated),
    ];
    let told = keys.iter().find_map(|(name, key)| Some((call.one(name)?, key)));
    let backwards = |status: &String| matches!(status.as_str(), "past" | "cancelled");
    let (descending, key) = match told {
        Some((way, key)) => (way == "desc", *key),
        None => (!statuses.is_empty() && statuses.iter().all(backwards), keys[0].1),
    };
    let ordering = key(one).cmp(&key(other));
    // Of those at the same time, the last comes first.
    (if descending { ordering.reverse() } else { ordering }).then(other.id.cmp(&one.id))
}

/// What is said of a page.
pub(crate) fn pagination(total: usize, returned: usize, take: usize, skip: usize) -> Value {
    let pages = total.div_ceil(take);
    json!({
        "returnedItems": returned,
        "totalItems": total,
        "itemsPerPage": take,
        "remainingItems": total.saturating_sub(skip + returned),
        "currentPage": if total == 0 { 0 } else { skip / take + 1 },
        "totalPages": pages,
        "hasNextPage": skip + returned < total,
        "hasPreviousPage": skip > 0 && total > 0,
    })
}
