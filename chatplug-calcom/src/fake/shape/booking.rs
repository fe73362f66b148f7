//! Bookings as they are answered. Contract: "The booking object".

use super::super::{
    booking::{Attendee, Booking, FakeStatus},
    server::Server,
    state::State,
    time::stamp,
};
use serde_json::{Map, Value, json};

/// A booking of any kind.
pub(crate) fn booking(state: &State, of: &Booking) -> Value {
    let old = state.server == Server::SelfHosted2025;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    put("id", json!(of.id));
    put("uid", json!(of.uid));
    put("title", json!(of.title));
    put("description", if of.seated && old { Value::Null } else { json!("") });
    put("hosts", hosts(state, of));
    put("status", json!(of.status.word()));
    // Nothing at all, null, or empty: each server has its own way.
    let missing = || if state.server == Server::Community2026 { json!("") } else { Value::Null };
    let or_missing = |text: &Option<String>| text.as_ref().map_or_else(missing, |text| json!(text));
    if of.status == FakeStatus::Cancelled {
        put("cancellationReason", or_missing(&of.cancellation));
        put("cancelledByEmail", if old { Value::Null } else { or_missing(&of.cancelled_by) });
    }
    if let Some(reason) = &of.rescheduling {
        put("reschedulingReason", json!(reason));
    }
    if of.series.is_none() {
        put("rescheduledByEmail", if old { Value::Null } else { json!(of.rescheduled_by) });
    }
    if let Some(from) = &of.from {
        put("rescheduledFromUid", json!(from));
    }
    if let Some(to) = &of.to {
        put("rescheduledToUid", json!(to));
    }
    put("start", json!(stamp(of.start)));
    put("end", json!(stamp(of.end)));
    put("duration", json!(of.minutes()));
    put("eventTypeId", json!(of.event_type));
    put("eventType", json!({"id": of.event_type, "slug": of.slug}));
    put("meetingUrl", json!(of.location));
    put("location", json!(of.location));
    put("absentHost", json!(of.absent_host));
    put("createdAt", json!(stamp(of.created)));
    put("updatedAt", json!(stamp(of.updated)));
    put("rating", Value::Null);
    put("icsUid", json!(of.ics));
    put("attendees", of.attendees.iter().map(|one| attendee(one, !old)).collect());
    if !of.guests.is_empty() {
        put("guests", json!(of.guests));
    }
    if !of.seated {
        put("metadata", Value::Object(of.metadata.clone()));
        put("bookingFieldsResponses", Value::Object(of.responses.clone()));
    }
    if let Some(series) = &of.series {
        put("recurringBookingUid", json!(series));
    }
    Value::Object(shown)
}

/// A booking with the seat that was just taken.
pub(crate) fn with_seat(state: &State, of: &Booking, seat: &str) -> Value {
    let mut shown = booking(state, of);
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("seatUid".to_owned(), json!(seat));
    }
    shown
}

fn hosts(state: &State, of: &Booking) -> Value {
    // Of those who host together, the organiser; the others come as attendees.
    let shown = |id: &u64| match state.users.get(id) {
        Some(user) => {
            let mut host = json!({"id": id, "name": user.name, "email": user.email, "username": user.username,
                "timeZone": user.zone.name()});
            if let (true, Some(host)) = (state.server.is_newer(), host.as_object_mut()) {
                host.insert("displayEmail".to_owned(), json!(user.email));
            }
            host
        }
        // Somebody deleted.
        None => json!({"id": "unknown", "name": "unknown", "email": "unknown", "username": "unknown",
            "timeZone": "unknown"}),
    };
    of.hosts.iter().take(1).map(shown).collect()
}

fn attendee(of: &Attendee, display: bool) -> Value {
    let mut shown = json!({
        "name": of.name, "email": of.email, "timeZone": of.zone, "language": of.language, "absent": of.absent,
    });
    if let Some(shown) = shown.as_object_mut() {
        if let Some(phone) = &of.phone {
            shown.insert("phoneNumber".to_owned(), json!(phone));
        }
        if display {
            shown.insert("displayEmail".to_owned(), json!(of.email));
        }
        if let Some(seat) = &of.seat {
            shown.insert("seatUid".to_owned(), json!(seat.uid));
            shown.insert("bookingFieldsResponses".to_owned(), Value::Object(seat.responses.clone()));
            shown.insert("metadata".to_owned(), Value::Object(seat.metadata.clone()));
        }
    }
    shown
}
