//! What the audit says of bookings, times and answers: ids, instants and words of ours, never a name, a number or a text.

use crate::{
    dialogue::ActionOutcome,
    model::{Booking, Slot},
    ports::{BackendError, BookError, Resolution},
    wrappers::ErrorClass as _,
};
use serde_json::{Value, json};

/// A booking as the booking system tells it.
pub(super) fn booking(booking: &Booking) -> Value {
    json!({
        "booking": booking.id,
        "install": booking.reference.install,
        "branch": booking.reference.branch,
        "reference": booking.reference.shown(),
        "services": booking.services,
        "staff": booking.staff,
        "start": booking.start,
        "end": booking.end,
        "status": booking.status,
        "confirmed": booking.confirmed,
        "price": booking.price,
    })
}

/// A time that was wanted or offered.
pub(super) fn slot(slot: &Slot) -> Value {
    json!({
        "branch": slot.branch,
        "services": slot.services,
        "staff": slot.staff_id(),
        "start": slot.start,
        "end": slot.end,
        "price": slot.price,
    })
}

/// How an action ended.
pub(super) fn outcome(outcome: &ActionOutcome) -> Value {
    match outcome {
        ActionOutcome::Done { booking: done } => booking(done),
        ActionOutcome::Changed { slot: now } => slot(now),
        ActionOutcome::Needs { fields } => json!({ "needs": fields }),
        ActionOutcome::Rejected { reason } => json!({ "reason": reason }),
        ActionOutcome::Taken
        | ActionOutcome::Delayed { .. }
        | ActionOutcome::GaveUp
        | ActionOutcome::Unclear
        | ActionOutcome::UnsafeMove => Value::Null,
    }
}

/// What a booking system answered to a write: a word, and what it said; no answer in time is an answer too.
pub(super) fn written(answer: Option<&Result<Booking, BookError>>) -> (&'static str, Value) {
    match answer {
        None => ("timeout", Value::Null),
        Some(Ok(done)) => ("ok", booking(done)),
        Some(Err(error)) => {
            let said = match error {
                BookError::Needs { fields } => json!({ "needs": fields }),
                BookError::Rejected { reason } => json!({ "reason": reason }),
                _ => Value::Null,
            };
            (error.class(), said)
        }
    }
}

/// What it answered when asked what became of a write.
pub(super) fn resolved(answer: Option<&Result<Resolution, BackendError>>) -> (&'static str, Value) {
    match answer {
        None => ("timeout", Value::Null),
        Some(Ok(Resolution::Done(done))) => ("done", booking(done)),
        Some(Ok(Resolution::NotDone)) => ("not_done", Value::Null),
        Some(Ok(Resolution::TooEarly(at))) => ("too_early", json!({ "again": at })),
        Some(Ok(Resolution::CannotTell)) => ("cannot_tell", Value::Null),
        Some(Err(error)) => (error.class(), Value::Null),
    }
}
