//! Reading one booking, the host's word on it, and who did not come. Contract: "Reading", "Confirm, decline", "Absence".

use super::super::{
    answer::{Answer, Done},
    booking::{Booking, FakeStatus},
    call::Call,
    event_type::FakeScheduling,
    free::Asked,
    shape,
    state::State,
    time,
    webhook::Event,
};
use serde_json::{Value, json};

pub(crate) fn read(state: &mut State, call: &Call) -> Done {
    let uid = call.part("uid");
    let series = state.series(uid);
    if !series.is_empty() {
        return Ok(Answer::ok(series.into_iter().map(|one| shape::booking::booking(state, one)).collect()));
    }
    let booking = state.known(uid)?;
    Ok(Answer::ok(shape::booking::booking(state, booking)))
}

pub(crate) fn by_seat(state: &mut State, call: &Call) -> Done {
    let seat = call.part("seat");
    let holds =
        |booking: &&Booking| booking.attendees.iter().any(|one| one.seat.as_ref().is_some_and(|own| own.uid == seat));
    let booking = state.bookings.iter().find(holds);
    let booking = booking.ok_or_else(|| Answer::refused(404, format!("Seat with uid={seat} not found")))?;
    Ok(Answer::ok(shape::booking::booking(state, booking)))
}

pub(crate) fn confirm(state: &mut State, call: &Call) -> Done {
    decide(state, call, true)
}

/// Again and again, and each time with a webhook.
pub(crate) fn decline(state: &mut State, call: &Call) -> Done {
    decide(state, call, false)
}

fn decide(state: &mut State, call: &Call, yes: bool) -> Done {
    let uid = call.part("uid");
    let booking = state.known(uid)?;
    if !call.user.is_some_and(|user| state.hosts(user, booking)) {
        return Err(Answer::brief(401, "TRPCError", "You are not authorized to access this resource"));
    }
    if matches!(booking.status, FakeStatus::Accepted | FakeStatus::Cancelled) {
        let text = "Bad request: Please check your request data and try again";
        return Err(Answer::brief(400, "TRPCError", text));
    }
    let now = state.time.now();
    let reason = call.text("reason").map(str::to_owned);
    let Some(booking) = state.booking_mut(uid) else { return Err(Answer::broken()) };
    booking.updated = now;
    if yes {
        booking.status = FakeStatus::Accepted;
    } else {
        (booking.status, booking.rejection) = (FakeStatus::Rejected, reason);
    }
    let booking = booking.clone();
    state.events.push(if yes { Event::confirmed(&booking) } else { Event::rejected(&booking) });
    Ok(Answer::ok(shape::booking::booking(state, &booking)))
}

pub(crate) fn mark_absent(state: &mut State, call: &Call) -> Done {
    let uid = call.part("uid");
    let now = state.time.now();
    let booking = state.known(uid)?;
    if now < booking.start {
        let text = format!(
            "Bookings can only be marked as absent after their scheduled start time. Current time in UTC+0: {}, Booking start time in UTC+0: {}",
            time::stamp(now),
            time::stamp(booking.start)
        );
        return Err(Answer::refused(400, text));
    }
    let failed = || Answer::token(500, "Failed to update no-show status");
    if !call.user.is_some_and(|user| state.hosts(user, booking)) {
        return Err(failed());
    }
    let mut marked = Vec::new();
    for one in call.body["attendees"].as_array().into_iter().flatten() {
        let (email, absent) = (one["email"].as_str().unwrap_or_default(), one["absent"] == json!(true));
        if !booking.attendees.iter().any(|attendee| attendee.email == email) {
            return Err(failed());
        }
        marked.push((email.to_owned(), absent));
    }
    let host = call.body["host"].as_bool();
    let Some(booking) = state.booking_mut(uid) else { return Err(failed()) };
    for (email, absent) in &marked {
        booking.attendees.iter_mut().filter(|one| one.email == *email).for_each(|one| one.absent = *absent);
    }
    if let Some(absent) = host {
        (booking.absent_host, booking.updated) = (absent, now);
    }
    let booking = booking.clone();
    if !marked.is_empty() {
        state.events.push(Event::no_show(&booking, marked));
    }
    Ok(Answer::ok(shape::booking::booking(state, &booking)))
}

pub(crate) fn reassign(state: &mut State, call: &Call) -> Done {
    reassigned(state, call, None)
}

pub(crate) fn reassign_to(state: &mut State, call: &Call) -> Done {
    reassigned(state, call, Some(call.id("user")))
}

/// Another host takes over a booking of a round robin.
fn reassigned(state: &mut State, call: &Call, to: Option<u64>) -> Done {
    let uid = call.part("uid");
    let booking = state.known(uid)?;
    let of = state.event_types.get(&booking.event_type).filter(|of| of.is(FakeScheduling::RoundRobin));
    let Some(of) = of.filter(|of| call.user.is_some_and(|user| state.owns(user, of))) else {
        return Err(Answer::refused(403, "User is not allowed to reassign this booking"));
    };
    let asked = Asked { of, minutes: booking.minutes(), but: Some(uid), listing: false };
    let now_hosts = booking.hosts.first().copied();
    let found = match to {
        Some(user) => of.hosts.contains(&user).then_some(user),
        None => {
            let mut others = of.hosts.iter().copied().filter(|host| Some(*host) != now_hosts);
            others.find(|host| state.can_host(&asked, *host, booking.start))
        }
    };
    let Some(host) = found else { return Err(Answer::refused(400, "no_available_users_found_error")) };
    let (name, email, now) = match state.users.get(&host) {
        Some(user) => (user.name.clone(), user.email.clone(), state.time.now()),
        None => return Err(Answer::broken()),
    };
    if let Some(booking) = state.booking_mut(uid) {
        (booking.hosts, booking.updated) = (vec![host], now);
    }
    let by: Value = json!({"id": host, "name": name, "email": email});
    let shown = json!({"bookingUid": uid, "reassignedTo": by});
    Ok(Answer::ok(shown))
}
