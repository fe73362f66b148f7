//! `POST /bookings`. Contract: "POST /v2/bookings".

use super::super::{
    answer::{Answer, Done},
    booking::{Attendee, Booking, FakeStatus, Seat},
    call::{Call, type_of},
    check,
    event_type::{FakeEventType, FakeScheduling},
    free::{Asked, Span},
    shape,
    state::{State, members},
    time,
    webhook::Event,
};
use chrono::{DateTime, Duration, Months, Utc};
use serde_json::{Map, Value, json};

pub(crate) const BUSY: &str = "User either already has booking at this time or is not available";
const ALL_BUSY: &str = "One of the hosts either already has booking at this time or is not available";
pub(crate) const PAST: &str = "Attempting to book a meeting in the past.";
pub(crate) const OUT_OF_BOUNDS: &str = "The event type can't be booked at the \"start\" time provided. This could be because it's too soon (violating the minimum booking notice) or too far in the future (outside the event's scheduling window). Try fetching available slots first using the GET /v2/slots endpoint and then make a booking with \"start\" time equal to one of the available slots: https://cal.com/docs/api-reference/v2/slots";

/// What is to be booked, checked as far as it can be without looking at the time.
struct Wanted {
    of: FakeEventType,
    start: DateTime<Utc>,
    minutes: i64,
    attendee: Attendee,
    guests: Vec<String>,
    metadata: Map<String, Value>,
    responses: Map<String, Value>,
    location: Option<String>,
}

pub(crate) fn create(state: &mut State, call: &Call) -> Done {
    check::booking(&call.body, state.server.is_newer())?;
    let of = chosen(state, &call.body)?;
    if of.requires_authentication {
        let user = call.user.ok_or_else(|| {
            Answer::refused(401, "checkBookingRequiresAuthentication - request must be authenticated by passing credentials belonging to event type owner, host or team or org admin or owner.")
        })?;
        if !state.owns(user, &of) {
            return Err(Answer::refused(
                403,
                "checkBookingRequiresAuthentication - user is not authorized to access this event type. User has to be either event type owner, host, team admin or owner or org admin or owner.",
            ));
        }
    }
    let wanted = wanted(call, of)?;
    if let Some(count) = call.body["recurrenceCount"].as_u64() {
        return series(state, call, &wanted, count);
    }
    if wanted.of.seats.is_some() {
        return seat(state, call, &wanted);
    }
    if let Some(known) = repeated(state, &wanted) {
        return Ok(Answer::created(shape::booking::booking(state, known)));
    }
    let hosts = hosts(state, call, &wanted, wanted.start)?;
    if call.only_check {
        return Ok(Answer::created(json!(hosts)));
    }
    let booking = enter(state, &wanted, hosts, wanted.start, None);
    let shown = shape::booking::booking(state, &booking);
    let event =
        if booking.status == FakeStatus::Pending { Event::requested(&booking) } else { Event::created(&booking) };
    state.events.push(event);
    state.bookings.push(booking);
    Ok(Answer::created(shown))
}

/// The event type of a body.
fn chosen(state: &State, body: &Value) -> Result<FakeEventType, Answer> {
    let of = if let Some(id) = body["eventTypeId"].as_u64() {
        let of = state.event_types.get(&id);
        of.ok_or_else(|| Answer::refused(404, format!("Event type with id {id} not found.")))?
    } else {
        let slug = body["eventTypeSlug"].as_str().unwrap_or_default();
        if let Some(name) = body["username"].as_str() {
            let user = state.by_username(name);
            let user = user.ok_or_else(|| Answer::refused(404, format!("User with username {name} not found")))?;
            let of = state.event_types.values().find(|of| of.owner == Some(user.id) && of.slug == slug);
            let missing = format!("Event type with slug {slug} belonging to user {name} not found.");
            of.ok_or_else(|| Answer::refused(404, missing))?
        } else {
            let name = body["teamSlug"].as_str().unwrap_or_default();
            let team = state.by_team(name);
            let team = team.ok_or_else(|| Answer::refused(404, format!("Team with slug {name} not found")))?;
            let of = state.event_types.values().find(|of| of.team == Some(team.id) && of.slug == slug);
            let missing = format!("Event type with slug {slug} belonging to team {name} not found.");
            of.ok_or_else(|| Answer::refused(404, missing))?
        }
    };
    if of.is(FakeScheduling::Managed) {
        let text = format!(
            "Event type with id={} is the parent managed event type that can't be booked. You have to provide the child event type id aka id of event type that has been assigned to one of the users.",
            of.id
        );
        return Err(Answer::refused(400, text));
    }
    if of.team.is_some() && of.hosts.is_empty() {
        let text = "Can't book this team event type because it has no hosts. Please, add at least 1 host (User) to this event type.";
        return Err(Answer::refused(422, text));
    }
    Ok(of.clone())
}

fn wanted(call: &Call, of: FakeEventType) -> Result<Wanted, Answer> {
    let body = &call.body;
    let minutes = length(&of, body)?;
    answers(&of, &body["bookingFieldsResponses"])?;
    let (location, told) = location(&of, &body["location"])?;
    let start = body["start"].as_str().and_then(time::read).unwrap_or_default();
    let who = &body["attendee"];
    let text = |name: &str| who[name].as_str().map(str::to_owned).filter(|text| !text.is_empty());
    let (name, phone) = (text("name").unwrap_or_default(), text("phoneNumber"));
    let missing =
        |field: &str, what: &str| Err(Answer::brief(400, "BAD_REQUEST", &format!("responses - {{{field}}}{what}, ")));
    if name.trim().is_empty() {
        return missing("name", "error_required_field");
    }
    let email = match (of.phone_only, text("email"), &phone) {
        (true, _, None) => return missing("attendeePhoneNumber", "error_required_field"),
        (true, _, Some(phone)) if !check::possible(phone) => return missing("attendeePhoneNumber", "invalid_number"),
        // An address that is given where none is asked for is thrown away.
        (true, _, Some(phone)) => format!("{}@sms.cal.com", phone.trim_start_matches('+')),
        (false, None, _) => return missing("email", "error_required_field"),
        (false, Some(email), _) if !check::email(&email) => return missing("email", "email_validation_error"),
        (false, Some(email), _) => email,
    };
    let metadata = members(&body["metadata"]);
    if let Some((key, value)) = metadata.iter().find(|(_, value)| !value.is_string()) {
        let text = format!("metadata.{key} - Expected string, received {}, ", type_of(value));
        return Err(Answer::brief(400, "BAD_REQUEST", &text));
    }
    let guests: Vec<_> =
        body["guests"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut responses = Map::new();
    responses.insert("email".to_owned(), json!(email));
    responses.insert("name".to_owned(), json!(name));
    responses.extend(phone.iter().map(|phone| ("attendeePhoneNumber".to_owned(), json!(phone))));
    responses.extend(members(&body["bookingFieldsResponses"]));
    responses.extend(told.map(|told| ("location".to_owned(), told)));
    if !guests.is_empty() {
        responses.insert("guests".to_owned(), json!(guests));
    }
    let attendee = Attendee {
        id: 0,
        name,
        email,
        zone: text("timeZone").unwrap_or_default(),
        language: text("language").unwrap_or_else(|| "en".to_owned()),
        phone,
        absent: false,
        seat: None,
    };
    Ok(Wanted { of, start, minutes, attendee, guests, metadata, responses, location })
}

fn length(of: &FakeEventType, body: &Value) -> Result<i64, Answer> {
    let Some(asked) = body["lengthInMinutes"].as_u64() else { return Ok(i64::from(of.minutes)) };
    if of.lengths.is_empty() {
        let text = "Can't specify 'lengthInMinutes' because event type does not have multiple possible lengths. Please, remove the 'lengthInMinutes' field from the request.";
        return Err(Answer::refused(400, text));
    }
    let possible = of.possible();
    if possible.iter().any(|one| u64::from(*one) == asked) {
        return Ok(i64::try_from(asked).unwrap_or_default());
    }
    let possible: Vec<_> = possible.iter().map(ToString::to_string).collect();
    let text = format!(
        "Provided 'lengthInMinutes' is not one of the possible lengths for the event type. The possible lengths are: {}",
        possible.join(", ")
    );
    Err(Answer::refused(400, text))
}

/// The answers to the event type's own questions.
fn answers(of: &FakeEventType, given: &Value) -> Result<(), Answer> {
    for (slug, field) in of.questions() {
        let kind = field["type"].as_str().unwrap_or_default();
        let answer = given.get(slug).filter(|answer| !answer.is_null());
        let Some(answer) = answer else {
            if field["required"] == json!(true) {
                let text = format!(
                    "Missing required booking field response: {slug} - it is required by the event type booking fields, but missing in the bookingFieldsResponses. You can fetch the event type with ID {} to see the required fields.",
                    of.id
                );
                return Err(Answer::refused(400, text));
            }
            continue;
        };
        let (expected, fits) = match kind {
            "select" | "radio" => ("string or number", answer.is_string() || answer.is_number()),
            "multiselect" | "multiemail" | "checkbox" => ("array", answer.is_array()),
            "boolean" => ("boolean", answer.is_boolean()),
            "number" => ("number", answer.is_number()),
            _ => ("string", answer.is_string()),
        };
        if !fits {
            let text = format!(
                "Invalid type for booking field '{slug}'. Expected type {expected} (compatible with field type '{kind}'), but received {}.",
                type_of(answer)
            );
            return Err(Answer::refused(400, text));
        }
        let options: Vec<_> = field["options"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let chosen = answer.as_array().map_or_else(|| vec![answer], |all| all.iter().collect());
        let odd =
            chosen.into_iter().filter_map(Value::as_str).find(|one| !options.is_empty() && !options.contains(one));
        if let Some(odd) = odd {
            let text = format!(
                "Invalid option '{odd}' for booking field '{slug}'. Allowed options are: {}.",
                options.join(", ")
            );
            return Err(Answer::refused(400, text));
        }
    }
    Ok(())
}

/// Where, and what the booking keeps of it.
fn location(of: &FakeEventType, asked: &Value) -> Result<(Option<String>, Option<Value>), Answer> {
    let place = |location: &Value| {
        let text = |name: &str| location[name].as_str().map(str::to_owned);
        match location["type"].as_str().unwrap_or_default() {
            "address" => text("address"),
            "link" => text("link"),
            "phone" => text("phone"),
            "integration" => text("integration").map(|name| match name.as_str() {
                "cal-video" => "integrations:daily".to_owned(),
                name => format!("integrations:{name}"),
            }),
            _ => None,
        }
    };
    let Some(kind) = asked["type"].as_str() else {
        return Ok((of.locations.first().and_then(place), None));
    };
    let found = of.locations.iter().find(|location| location["type"] == kind);
    let Some(found) = found else {
        let mut kinds: Vec<_> = of.locations.iter().filter_map(|location| location["type"].as_str()).collect();
        kinds.dedup();
        let text = format!(
            "Booking location with type {kind} not valid for event type with id={}. The event type has following location types: {}, and only these types are allowed for booking location.",
            of.id,
            kinds.join(", ")
        );
        return Err(Answer::refused(400, text));
    };
    let given = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let (value, option, at) = match kind {
        "attendeeAddress" => ("attendeeInPerson", given("address"), Some(given("address"))),
        "attendeePhone" => ("phone", given("phone"), Some(given("phone"))),
        "attendeeDefined" => ("somewhereElse", given("location"), Some(given("location"))),
        "link" => ("link", String::new(), place(found)),
        "phone" => ("userPhone", String::new(), place(found)),
        "integration" => ("integrations:daily", String::new(), place(found)),
        _ => ("inPerson", String::new(), place(found)),
    };
    Ok((at, Some(json!({"value": value, "optionValue": option}))))
}

/// A repeat by the same address at the same time: the booking that is there already.
fn repeated<'a>(state: &'a State, wanted: &Wanted) -> Option<&'a Booking> {
    let idempotent = wanted.of.confirmation.is_some() || wanted.of.is(FakeScheduling::RoundRobin);
    state.bookings.iter().filter(|_| idempotent).find(|booking| {
        booking.event_type == wanted.of.id
            && booking.status.stands()
            && booking.start == wanted.start
            && booking.attendees.first().is_some_and(|booker| booker.email == wanted.attendee.email)
    })
}

/// What is said of a start, whoever hosts.
pub(crate) fn timely(state: &State, of: &FakeEventType, start: DateTime<Utc>, but: Option<&str>) -> Result<(), Answer> {
    if start < state.time.now() {
        return Err(Answer::refused(400, PAST));
    }
    if !state.in_bounds(of, start) {
        return Err(Answer::refused(400, OUT_OF_BOUNDS));
    }
    if state.full(of, start, but) {
        return Err(Answer::token(401, "booking_limit_reached"));
    }
    Ok(())
}

/// Who hosts at a time, the organiser first; or why nobody does.
fn hosts(state: &State, call: &Call, wanted: &Wanted, start: DateTime<Utc>) -> Result<Vec<u64>, Answer> {
    let of = &wanted.of;
    timely(state, of, start, None)?;
    if let Some((most, offer)) = of.active {
        let now = state.time.now();
        let ahead: Vec<_> = state
            .bookings
            .iter()
            .filter(|booking| booking.event_type == of.id && booking.status.stands() && booking.end > now)
            .filter(|booking| booking.attendees.iter().any(|one| one.email == wanted.attendee.email))
            .collect();
        if ahead.len() >= most as usize {
            let mut text =
                "Attendee with this email can't book because the maximum number of active bookings has been reached."
                    .to_owned();
            if let Some(last) = ahead.last().filter(|_| offer) {
                text += &format!(" You can reschedule your existing booking ({}) to a new timeslot instead.", last.uid);
            }
            return Err(Answer::refused(400, text));
        }
    }
    if let Some(chosen) = &call.chosen {
        return unclaimed(state, chosen, (start, start + Duration::minutes(wanted.minutes)), None);
    }
    let asked = Asked { of, minutes: wanted.minutes, but: None, listing: false };
    available(state, &asked, start)
}

/// What the database refuses after all: an accepted booking of the organiser that has exactly these times.
pub(crate) fn unclaimed(
    state: &State,
    chosen: &[u64],
    (start, end): Span,
    but: Option<&str>,
) -> Result<Vec<u64>, Answer> {
    let lost = state.bookings.iter().any(|booking| {
        booking.status == FakeStatus::Accepted
            && booking.hosts.first() == chosen.first()
            && (booking.start, booking.end) == (start, end)
            && Some(booking.uid.as_str()) != but
    });
    if lost { Err(Answer::token(409, "booking_conflict_error")) } else { Ok(chosen.to_vec()) }
}

/// Those who can host, the organiser first.
pub(crate) fn available(state: &State, asked: &Asked<'_>, start: DateTime<Utc>) -> Result<Vec<u64>, Answer> {
    let of = asked.of;
    let people = of.people();
    let mut free: Vec<_> = people.iter().copied().filter(|host| state.can_host(asked, *host, start)).collect();
    match of.scheduling {
        Some(FakeScheduling::Collective) if free.len() == people.len() => Ok(people),
        // The one whose turn it is: who waits longest.
        Some(FakeScheduling::RoundRobin) if !free.is_empty() => {
            let last = |host: &u64| {
                let own =
                    state.bookings.iter().filter(|one| one.event_type == of.id && one.hosts.first() == Some(host));
                own.map(|one| one.created).max()
            };
            free.sort_by_key(last);
            Ok(free.into_iter().take(1).collect())
        }
        Some(FakeScheduling::Collective) if !free.is_empty() && !state.server.is_newer() => Err(Answer::broken()),
        Some(_) => Err(Answer::refused(400, ALL_BUSY)),
        None if free.is_empty() => Err(Answer::refused(400, BUSY)),
        None => Ok(free),
    }
}

/// Makes the booking, without putting it anywhere yet.
fn enter(state: &mut State, wanted: &Wanted, hosts: Vec<u64>, start: DateTime<Utc>, series: Option<&str>) -> Booking {
    let (id, uid, now) = (state.fresh("booking"), state.uid(), state.time.now());
    let of = &wanted.of;
    let title = title(state, of, hosts.first().copied(), &wanted.attendee.name);
    let mut attendees = vec![wanted.attendee.clone()];
    for host in hosts.iter().skip(1) {
        attendees.extend(state.users.get(host).map(|user| Attendee {
            id: 0,
            name: user.name.clone(),
            email: user.email.clone(),
            zone: user.zone.name().to_owned(),
            language: "en".to_owned(),
            phone: None,
            absent: false,
            seat: None,
        }));
    }
    attendees.extend(wanted.guests.iter().map(|email| Attendee {
        id: 0,
        name: String::new(),
        email: email.clone(),
        phone: None,
        ..wanted.attendee.clone()
    }));
    for attendee in attendees.iter_mut().filter(|attendee| attendee.id == 0) {
        attendee.id = state.fresh("attendee");
    }
    Booking {
        id,
        ics: format!("{uid}@Cal.com"),
        uid,
        moves: 0,
        event_type: of.id,
        slug: of.slug.clone(),
        hosts,
        status: if of.confirmation.is_some() { FakeStatus::Pending } else { FakeStatus::Accepted },
        start,
        end: start + Duration::minutes(wanted.minutes),
        title,
        location: wanted.location.clone(),
        metadata: wanted.metadata.clone(),
        responses: wanted.responses.clone(),
        attendees,
        guests: wanted.guests.clone(),
        created: now,
        updated: now,
        cancellation: None,
        cancelled_by: None,
        rescheduling: None,
        rescheduled_by: None,
        rejection: None,
        from: None,
        to: None,
        series: series.map(str::to_owned),
        absent_host: false,
        seated: of.seats.is_some(),
    }
}

pub(crate) fn title(state: &State, of: &FakeEventType, host: Option<u64>, client: &str) -> String {
    let team = of.team.filter(|_| of.is(FakeScheduling::Collective)).and_then(|team| state.teams.get(&team));
    let host = host.and_then(|host| state.users.get(&host)).map(|user| user.name.as_str());
    let by = team.map(|team| team.name.as_str()).or(host).unwrap_or_default();
    format!("{} between {by} and {client}", of.title)
}

/// A place at a class.
fn seat(state: &mut State, call: &Call, wanted: &Wanted) -> Done {
    let seats = wanted.of.seats.unwrap_or_default() as usize;
    let known = state.class(&wanted.of, wanted.start).map(|class| {
        let there = class.attendees.iter().any(|one| one.email == wanted.attendee.email);
        (class.uid.clone(), there, class.attendees.len() >= seats)
    });
    if let Some((_, there, full)) = &known {
        if *there {
            return Err(Answer::token(409, "already_signed_up_for_this_booking_error"));
        }
        if *full {
            return Err(Answer::refused(409, "No more seats left at this seated booking."));
        }
    }
    let hosts = match known {
        Some(_) => Vec::new(),
        None => hosts(state, call, wanted, wanted.start)?,
    };
    if call.only_check {
        return Ok(Answer::created(Value::Null));
    }
    let seat = state.uuid();
    let mut attendee = wanted.attendee.clone();
    let mut responses = wanted.responses.clone();
    responses.remove("email");
    responses.entry("guests").or_insert(json!([]));
    attendee.id = state.fresh("attendee");
    attendee.seat = Some(Seat { uid: seat.clone(), metadata: wanted.metadata.clone(), responses });
    let uid = match known {
        Some((uid, ..)) => {
            if let Some(class) = state.booking_mut(&uid) {
                class.attendees.push(attendee);
            }
            uid
        }
        None => {
            let mut booking = enter(state, wanted, hosts, wanted.start, None);
            booking.attendees = vec![attendee];
            booking.metadata = Map::new();
            booking.ics = format!("{}@Cal.com", state.uid());
            let uid = booking.uid.clone();
            state.bookings.push(booking);
            uid
        }
    };
    let Some(booking) = state.booking(&uid).cloned() else { return Err(Answer::broken()) };
    let shown = shape::booking::with_seat(state, &booking, &seat);
    state.events.push(Event::created(&booking));
    Ok(Answer::created(shown))
}

/// Several at once.
fn series(state: &mut State, call: &Call, wanted: &Wanted, count: u64) -> Done {
    let Some((interval, most, frequency)) = wanted.of.recurrence.clone() else {
        let text = format!(
            "Event type with id={} is not a recurring event type so it can't be booked with recurrenceCount.",
            wanted.of.id
        );
        return Err(Answer::refused(400, text));
    };
    if count > u64::from(most) {
        let text = "Provided recurrence count is higher than the event type's recurring event count.";
        return Err(Answer::refused(400, text));
    }
    // The wall clock of the attendee counts.
    let zone = wanted.attendee.zone.parse().unwrap_or(chrono_tz::UTC);
    let wall = wanted.start.with_timezone(&zone).naive_local();
    let starts = (0..u32::try_from(count).unwrap_or_default()).filter_map(|n| {
        let n = n * interval;
        let wall = match frequency.as_str() {
            "monthly" => wall.checked_add_months(Months::new(n))?,
            "yearly" => wall.checked_add_months(Months::new(12 * n))?,
            _ => wall + Duration::weeks(i64::from(n)),
        };
        Some(chatplug_core::model::local_or_next(wall, zone))
    });
    let planned = starts.map(|start| hosts(state, call, wanted, start).map(|hosts| (start, hosts)));
    let planned: Vec<_> = planned.collect::<Result<_, _>>()?;
    if call.only_check {
        return Ok(Answer::created(Value::Null));
    }
    let series = state.uuid();
    let mut shown = Vec::new();
    for (start, hosts) in planned {
        let booking = enter(state, wanted, hosts, start, Some(&series));
        shown.push(shape::booking::booking(state, &booking));
        state.events.push(Event::created(&booking));
        state.bookings.push(booking);
    }
    Ok(Answer::created(json!(shown)))
}
