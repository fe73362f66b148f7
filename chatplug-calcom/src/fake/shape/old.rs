//! Bookings as they are answered to who names no version.

use super::super::{
    booking::{Attendee, Booking},
    state::State,
    time::stamp,
};
use serde_json::{Value, json};

/// A booking in the shape of the first version.
pub(crate) fn booking(state: &State, of: &Booking) -> Value {
    let event_type = state.event_types.get(&of.event_type);
    let host = of.hosts.first().and_then(|id| state.users.get(id));
    let attendee = |one: &Attendee| {
        json!({
            "id": one.id, "email": one.email, "name": one.name, "timeZone": one.zone, "bookingId": of.id,
            "locale": one.language, "phoneNumber": one.phone, "noShow": one.absent,
        })
    };
    let kind = json!({
        "slug": of.slug, "id": of.event_type, "title": event_type.map(|of| &of.title), "eventName": null,
        "price": event_type.map_or(0, |of| of.price), "recurringEvent": null,
        "currency": event_type.map_or("usd", |of| of.currency.as_str()), "metadata": {}, "disableGuests": false,
        "seatsShowAttendees": false, "seatsShowAvailabilityCount": true, "eventTypeColor": null,
        "customReplyToEmail": null, "allowReschedulingPastBookings": false, "hideOrganizerEmail": false,
        "disableCancelling": false, "disableRescheduling": false, "schedulingType": null, "hosts": [],
        "length": event_type.map(|of| of.minutes), "team": null, "hostGroups": [],
    });
    json!({
        "id": of.id,
        "title": of.title,
        "userPrimaryEmail": host.map(|host| &host.email),
        "description": "",
        "customInputs": {},
        "startTime": stamp(of.start),
        "createdAt": stamp(of.created),
        "updatedAt": stamp(of.updated),
        "endTime": stamp(of.end),
        "metadata": of.stored(),
        "uid": of.uid,
        "responses": of.responses,
        "recurringEventId": of.series,
        "location": of.location,
        "status": of.status.word().to_uppercase(),
        "paid": false,
        "fromReschedule": of.from,
        "rescheduled": null,
        "isRecorded": false,
        "routedFromRoutingFormReponse": null,
        "eventType": kind,
        "references": [],
        "payment": [],
        "user": host.map(|host| json!({"id": host.id, "name": host.name, "email": host.email})),
        "attendees": of.attendees.iter().map(attendee).collect::<Vec<_>>(),
        "seatsReferences": [],
        "assignmentReason": [],
        "rescheduler": null,
    })
}
