//! Moving and calling off. Contract: "reschedule" and "cancel".

use super::{
    super::{
        answer::{Answer, Done},
        booking::{Booking, FakeStatus, Seat},
        call::Call,
        check,
        free::Asked,
        server::Server,
        shape,
        state::State,
        time,
        webhook::Event,
    },
    create::{self, BUSY},
};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};

pub(crate) fn reschedule(state: &mut State, call: &Call) -> Done {
    check::reschedule(&call.body)?;
    let uid = call.part("uid");
    let Some(old) = state.booking(uid).cloned() else {
        return Err(if state.server == Server::SelfHosted2025 {
            Answer::broken()
        } else {
            Answer::refused(404, format!("Booking with uid={uid} was not found in the database"))
        });
    };
    if !old.status.stands() {
        let text = match &old.to {
            Some(to) => format!(
                "Can't reschedule booking with uid={uid} because it has been cancelled and rescheduled already to booking with uid={to}. You probably want to reschedule {to} instead by passing it within the request URL."
            ),
            None => format!(
                "Can't reschedule booking with uid={uid} because it has been cancelled. Please provide uid of a booking that is not cancelled."
            ),
        };
        return Err(Answer::refused(400, text));
    }
    if old.seated && call.text("seatUid").is_none() {
        let text = format!(
            "Booking with uid={uid} is a seated booking which means you have to provide seatUid in the request body to specify which seat specifically you want to reschedule. First, fetch the booking using https://cal.com/docs/api-reference/v2/bookings/get-a-booking and then within the attendees array you will find the seatUid of the booking you want to reschedule. Second, provide the seatUid in the request body to specify which seat specifically you want to reschedule using the reschedule endpoint https://cal.com/docs/api-reference/v2/bookings/reschedule-a-booking#option-2"
        );
        return Err(Answer::refused(400, text));
    }
    let start = call.text("start").and_then(time::read).unwrap_or_default();
    if old.seated {
        return move_seat(state, call, &old, start);
    }
    let Some(of) = state.event_types.get(&old.event_type).cloned() else {
        return Err(Answer::refused(404, format!("Event type with id {} not found.", old.event_type)));
    };
    if of.no_rescheduling && state.server.is_newer() {
        return Err(Answer::token(400, "This event type does not allow rescheduling"));
    }
    // What was chosen at first is forgotten by the servers of 2025.
    let minutes = if state.server.is_newer() { old.minutes() } else { i64::from(of.minutes) };
    let hosts = hosts(state, call, &old, start, minutes)?;
    if call.only_check {
        return Ok(Answer::created(json!(hosts)));
    }
    let by_host =
        of.owner.or_else(|| old.hosts.first().copied()).and_then(|id| state.users.get(&id)).is_some_and(|owner| {
            call.text("rescheduledBy") == Some(owner.email.as_str())
                || (state.server.is_newer() && call.user == Some(owner.id))
        });
    let (id, new, now) = (state.fresh("booking"), state.uid(), state.time.now());
    let client = old.attendees.first().map(|one| one.name.clone()).unwrap_or_default();
    let reason = call.text("reschedulingReason").map(str::to_owned);
    let mut moved = Booking {
        id,
        uid: new.clone(),
        title: create::title(state, &of, hosts.first().copied(), &client),
        hosts,
        status: if of.confirmation.is_some() && !by_host { FakeStatus::Pending } else { FakeStatus::Accepted },
        start,
        end: start + Duration::minutes(minutes),
        created: now,
        updated: now,
        rescheduling: reason.clone(),
        rescheduled_by: None,
        from: Some(uid.to_owned()),
        moves: old.moves + 1,
        absent_host: false,
        ..old.clone()
    };
    for one in &mut moved.attendees {
        (one.id, one.absent) = (state.fresh("attendee"), false);
    }
    match reason {
        Some(reason) => drop(moved.responses.insert("rescheduledReason".to_owned(), json!(reason))),
        None => drop(moved.responses.remove("rescheduledReason")),
    }
    if let Some(booking) = state.booking_mut(uid) {
        (booking.status, booking.to, booking.updated) = (FakeStatus::Cancelled, Some(new), now);
        booking.rescheduled_by = call.text("rescheduledBy").map(str::to_owned);
    }
    let shown = shape::booking::booking(state, &moved);
    state.events.push(Event::moved(&moved, &old, call.text("rescheduledBy")));
    state.bookings.push(moved);
    Ok(Answer::created(shown))
}

/// Who hosts a booking at another time: the same, if they can.
fn hosts(state: &State, call: &Call, old: &Booking, start: DateTime<Utc>, minutes: i64) -> Result<Vec<u64>, Answer> {
    let Some(of) = state.event_types.get(&old.event_type) else { return Err(Answer::broken()) };
    let but = Some(old.uid.as_str());
    create::timely(state, of, start, but)?;
    if let Some(chosen) = &call.chosen {
        return create::unclaimed(state, chosen, (start, start + Duration::minutes(minutes)), but);
    }
    let asked = Asked { of, minutes, but, listing: false };
    if old.hosts.iter().all(|host| state.can_host(&asked, *host, start)) {
        return Ok(old.hosts.clone());
    }
    create::available(state, &asked, start).map_err(|refused| match refused.status {
        400 => Answer::refused(400, BUSY),
        _ => refused,
    })
}

/// One place moves to another time.
fn move_seat(state: &mut State, call: &Call, old: &Booking, start: DateTime<Utc>) -> Done {
    let seat = call.text("seatUid").unwrap_or_default();
    let sits = |one: &&super::super::booking::Attendee| one.seat.as_ref().is_some_and(|own| own.uid == seat);
    let (Some(of), Some(who)) = (state.event_types.get(&old.event_type).cloned(), old.attendees.iter().find(sits))
    else {
        return Err(Answer::refused(404, format!("Seat with uid={seat} was not found in the database")));
    };
    create::timely(state, &of, start, Some(&old.uid))?;
    let there = state.class(&of, start).map(|class| (class.uid.clone(), class.attendees.len()));
    if there.as_ref().is_some_and(|(_, taken)| *taken >= of.seats.unwrap_or_default() as usize) {
        return Err(Answer::refused(409, "No more seats left at this seated booking."));
    }
    if there.is_none() {
        let asked = Asked { of: &of, minutes: i64::from(of.minutes), but: None, listing: false };
        create::available(state, &asked, start)?;
    }
    if call.only_check {
        return Ok(Answer::created(Value::Null));
    }
    let mut who = who.clone();
    let fresh = state.uuid();
    who.seat = who.seat.map(|own| Seat { uid: fresh.clone(), ..own });
    let now = state.time.now();
    if let Some(left) = state.booking_mut(&old.uid) {
        left.attendees.retain(|one| one.seat.as_ref().is_none_or(|own| own.uid != seat));
        if left.attendees.is_empty() {
            (left.status, left.updated) = (FakeStatus::Cancelled, now);
        }
    }
    let uid = match there {
        Some((uid, _)) => uid,
        None => {
            let (id, uid) = (state.fresh("booking"), state.uid());
            let ics = format!("{}@Cal.com", state.uid());
            let end = start + Duration::minutes(i64::from(of.minutes));
            let class = Booking {
                id,
                uid: uid.clone(),
                ics,
                start,
                end,
                created: now,
                updated: now,
                attendees: Vec::new(),
                metadata: Map::new(),
                ..old.clone()
            };
            state.bookings.push(class);
            uid
        }
    };
    if let Some(class) = state.booking_mut(&uid) {
        class.attendees.push(who);
    }
    let Some(class) = state.booking(&uid).cloned() else { return Err(Answer::broken()) };
    let shown = shape::booking::with_seat(state, &class, &fresh);
    state.events.push(Event::moved(&class, old, call.text("rescheduledBy")));
    Ok(Answer::created(shown))
}

pub(crate) fn cancel(state: &mut State, call: &Call) -> Done {
    check::cancel(&call.body)?;
    let uid = call.part("uid");
    let series: Vec<_> = state.series(uid).into_iter().cloned().collect();
    let found = state.booking(uid).cloned();
    let Some(booking) = series.iter().find(|one| one.status.stands()).or_else(|| series.first()).cloned().or(found)
    else {
        return Err(Answer::refused(404, format!("Booking with uid={uid} not found")));
    };
    if !booking.status.stands() {
        let text = format!(
            "Can't cancel booking with uid={uid} because it has been cancelled already. Please provide uid of a booking that is not cancelled."
        );
        return Err(Answer::refused(400, text));
    }
    let hosts = call.user.is_some_and(|user| state.hosts(user, &booking));
    let reason = call.text("cancellationReason").filter(|reason| !reason.is_empty()).map(str::to_owned);
    if state.event_types.get(&booking.event_type).is_some_and(|of| of.no_cancelling) && state.server.is_newer() {
        return Err(Answer::token(400, "This event type does not allow cancellations"));
    }
    if hosts && reason.is_none() {
        return Err(Answer::token(400, "Cancellation reason is required when you are the host"));
    }
    if booking.seated {
        let Some(seat) = call.text("seatUid") else {
            if !hosts {
                return Err(Answer::token(401, "User not a host of this event"));
            }
            return Ok(Answer::ok(end(state, uid, reason, call)));
        };
        return leave(state, uid, seat, reason, call);
    }
    if !series.is_empty() {
        let all = series.iter().filter(|one| one.status.stands());
        let shown: Vec<_> = all.map(|one| end(state, &one.uid, reason.clone(), call)).collect();
        return Ok(Answer::ok(json!(shown)));
    }
    if let (Some(of), true) = (&booking.series, call.body["cancelSubsequentBookings"] == json!(true)) {
        let later: Vec<_> = state.series(of).into_iter().filter(|one| one.start >= booking.start).cloned().collect();
        let all = later.iter().filter(|one| one.status.stands());
        let shown: Vec<_> = all.map(|one| end(state, &one.uid, reason.clone(), call)).collect();
        return Ok(Answer::ok(json!(shown)));
    }
    Ok(Answer::ok(end(state, uid, reason, call)))
}

/// Calls one booking off, and shows it.
fn end(state: &mut State, uid: &str, reason: Option<String>, call: &Call) -> Value {
    let now = state.time.now();
    let by = call.user.and_then(|user| state.users.get(&user)).map(|user| user.email.clone());
    let Some(booking) = state.booking_mut(uid) else { return Value::Null };
    (booking.status, booking.updated) = (FakeStatus::Cancelled, now);
    (booking.cancellation, booking.cancelled_by) = (reason, by);
    let booking = booking.clone();
    state.events.push(Event::cancelled(&booking));
    shape::booking::booking(state, &booking)
}

/// One leaves a class.
fn leave(state: &mut State, uid: &str, seat: &str, reason: Option<String>, call: &Call) -> Done {
    let sits = |one: &super::super::booking::Attendee| one.seat.as_ref().is_some_and(|own| own.uid == seat);
    let now = state.time.now();
    let Some(class) = state.booking_mut(uid) else { return Err(Answer::broken()) };
    if !class.attendees.iter().any(sits) {
        return Err(Answer::refused(404, format!("Seat with uid={seat} not found")));
    }
    if class.attendees.len() == 1 {
        return Ok(Answer::ok(end(state, uid, reason, call)));
    }
    class.attendees.retain(|one| !sits(one));
    class.updated = now;
    let class = class.clone();
    let shown = shape::booking::booking(state, &class);
    Ok(Answer::ok(shown))
}
