//! Event types as they are answered.

use super::super::{
    event_type::{FakeEventType, FakeScheduling, FakeWindow},
    server::Server,
    state::State,
};
use serde_json::{Map, Value, json};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Who just wrote.
    Writer,
    /// Its owner, one event type.
    Owner,
    /// Anybody, on a list.
    Public,
}

/// An event type.
pub(crate) fn event_type(state: &State, of: &FakeEventType, reader: Reader) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("id", json!(of.id));
    put("ownerId", json!(of.owner));
    put("lengthInMinutes", json!(of.minutes));
    if !of.lengths.is_empty() {
        put("lengthInMinutesOptions", json!(of.lengths));
    }
    put("title", json!(of.title));
    put("slug", json!(of.slug));
    put("description", json!(of.description));
    put("locations", json!(of.locations));
    put("bookingFields", fields(of, reader));
    put("recurrence", recurrence(of));
    put("disableGuests", json!(false));
    put("slotInterval", json!(of.step));
    put("minimumBookingNotice", json!(of.notice));
    put("beforeEventBuffer", json!(of.before));
    put("afterEventBuffer", json!(of.after));
    if let Some(limits) = limits(of) {
        put("bookingLimitsCount", limits);
    }
    put("metadata", metadata(of));
    put("price", json!(of.price));
    put("currency", json!(of.currency));
    put("lockTimeZoneToggleOnBookingPage", json!(false));
    put("forwardParamsSuccessRedirect", json!(true));
    put("successRedirectUrl", Value::Null);
    put("isInstantEvent", json!(false));
    put("scheduleId", json!(of.schedule));
    put("onlyShowFirstAvailableSlot", json!(false));
    put("offsetStart", json!(0));
    put("bookingWindow", window(of));
    put("confirmationPolicy", confirmation(of));
    put("requiresBookerEmailVerification", json!(false));
    put("hideCalendarNotes", json!(false));
    put("seats", seats(of));
    put("useDestinationCalendarEmail", json!(false));
    put("hideCalendarEventDetails", json!(false));
    put("hideOrganizerEmail", json!(false));
    if reader == Reader::Writer {
        put("calVideoSettings", Value::Null);
    }
    put("hidden", json!(of.hidden));
    put("bookingRequiresAuthentication", json!(of.requires_authentication));
    match of.team {
        Some(team) => {
            put("hosts", hosts(state, of));
            put("teamId", json!(team));
            put("parentEventTypeId", json!(of.parent));
            put("schedulingType", json!(of.scheduling.map(FakeScheduling::word)));
            put("assignAllTeamMembers", json!(false));
            put("team", self::team(state, team));
        }
        None => {
            put("users", users(state, of));
        }
    }
    if state.server != Server::SelfHosted2025 {
        put("bookingUrl", json!(url(state, of)));
        if let Some((most, offer)) = of.active {
            put("bookerActiveBookingsLimit", json!({"maximumActiveBookings": most, "offerReschedule": offer}));
        }
        put("disableCancelling", json!({"disabled": of.no_cancelling}));
        put("disableRescheduling", json!({"disabled": of.no_rescheduling}));
    }
    Value::Object(shown)
}

fn url(state: &State, of: &FakeEventType) -> String {
    let team = of.team.and_then(|id| state.teams.get(&id)).map(|team| format!("team/{}", team.slug));
    let owner = || of.owner.and_then(|id| state.users.get(&id)).map(|user| user.username.clone());
    format!("https://cal.com/{}/{}", team.or_else(owner).unwrap_or_default(), of.slug)
}

fn limits(of: &FakeEventType) -> Option<Value> {
    let named = ["day", "week", "month", "year"].into_iter().zip(of.limits);
    let limits: Map<_, _> = named.filter_map(|(name, most)| Some((name.to_owned(), json!(most?)))).collect();
    (!limits.is_empty()).then_some(Value::Object(limits))
}

fn metadata(of: &FakeEventType) -> Value {
    let mut metadata = of.metadata.clone();
    if !of.lengths.is_empty() {
        metadata.insert("multipleDuration".to_owned(), json!(of.lengths));
    }
    Value::Object(metadata)
}

fn recurrence(of: &FakeEventType) -> Value {
    of.recurrence.as_ref().map_or(Value::Null, |(interval, occurrences, frequency)| {
        json!({"disabled": false, "interval": interval, "occurrences": occurrences, "frequency": frequency})
    })
}

fn window(of: &FakeEventType) -> Value {
    match of.window {
        FakeWindow::Open => json!({"disabled": true}),
        FakeWindow::CalendarDays(days) => json!({"type": "calendarDays", "value": days, "rolling": false}),
        FakeWindow::BusinessDays(days) => json!({"type": "businessDays", "value": days, "rolling": false}),
        FakeWindow::Between(from, to) => json!({"type": "range", "value": [from.to_string(), to.to_string()]}),
    }
}

fn confirmation(of: &FakeEventType) -> Value {
    of.confirmation.map_or_else(
        || json!({"disabled": true}),
        |blocks| json!({"type": "always", "blockUnconfirmedBookingsInBooker": blocks}),
    )
}

fn seats(of: &FakeEventType) -> Value {
    of.seats.map_or_else(
        || json!({"disabled": true}),
        |seats| {
            json!({"disabled": false, "seatsPerTimeSlot": seats, "showAttendeeInfo": true, "showAvailabilityCount": true})
        },
    )
}

fn team(state: &State, id: u64) -> Value {
    let known = state.teams.get(&id).filter(|_| state.server.is_newer());
    known.map_or_else(
        || json!({"id": id}),
        |team| {
            json!({
                "id": id, "slug": team.slug, "name": team.name, "bannerUrl": "", "logoUrl": "",
                "weekStart": "Sunday", "brandColor": "", "darkBrandColor": "", "theme": "",
            })
        },
    )
}

fn users(state: &State, of: &FakeEventType) -> Value {
    let shown = |id: u64| {
        let user = state.users.get(&id)?;
        Some(json!({
            "id": id, "name": user.name, "username": user.username, "avatarUrl": null, "brandColor": null,
            "darkBrandColor": null, "weekStart": "Sunday", "metadata": {},
        }))
    };
    of.owner.into_iter().filter_map(shown).collect()
}

fn hosts(state: &State, of: &FakeEventType) -> Value {
    let shown = |id: &u64| {
        let user = state.users.get(id)?;
        let mut host = json!({"userId": id, "name": user.name, "username": user.username, "avatarUrl": null});
        if of.is(FakeScheduling::RoundRobin)
            && let Some(host) = host.as_object_mut()
        {
            host.insert("mandatory".to_owned(), json!(false));
            host.insert("priority".to_owned(), json!("medium"));
        }
        Some(host)
    };
    of.hosts.iter().filter_map(shown).collect()
}

/// The questions of its booking page.
fn fields(of: &FakeEventType, reader: Reader) -> Value {
    let usual = |kind: &str, slug: &str, required: bool, hidden: bool| {
        json!({"isDefault": true, "type": kind, "slug": slug, "required": required, "disableOnPrefill": false,
            "hidden": hidden})
    };
    let mut fields = vec![
        json!({"isDefault": true, "type": "name", "slug": "name", "required": true, "disableOnPrefill": false}),
        usual("email", "email", !of.phone_only, of.phone_only),
    ];
    if of.phone_only {
        fields.push(usual("phone", "attendeePhoneNumber", true, false));
    }
    fields
        .push(json!({"isDefault": true, "type": "radioInput", "slug": "location", "required": false, "hidden": false}));
    fields.extend(of.fields.iter().map(|field| {
        let mut field = field.clone();
        if let Some(field) = field.as_object_mut() {
            field.insert("isDefault".to_owned(), json!(false));
            for name in ["disableOnPrefill", "hidden"] {
                field.entry(name).or_insert(json!(false));
            }
        }
        field
    }));
    if reader != Reader::Public {
        fields.push(usual("text", "title", true, true));
    }
    fields.push(usual("textarea", "notes", false, false));
    fields.push(usual("multiemail", "guests", false, false));
    fields.push(usual("textarea", "rescheduleReason", false, false));
    json!(fields)
}
