//! Making and cancelling bookings. Each is written once; what Cal.com says afterwards is what is answered, and it is ours
//! only when our key is in it.

use super::{
    CalcomBackend,
    contacts::Attendee,
    race::Look,
    refs::{CONTACT, KEY, Name, PRICE, made_with, written},
    shop::Shop,
    sold::{Kind, Way},
};
use crate::{
    CallError,
    client::Told,
    wire::{booking, lenient::OneOf},
};
use chatplug_core::{
    model::{ActionKey, Booking, BookingRef, CancelReason, Slot, StaffChoice},
    ports::{BackendError, BookError, BookingRequest, RejectReason},
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a client said to the business is cut here.
const LONGEST_NOTE: usize = 1000;

impl CalcomBackend {
    pub(super) async fn make(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        let slot = &request.slot;
        let (shop, way) = self.wanted(slot).await?;
        if slot.start <= self.now() {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        let attendee = self.attendee(&request.client, &way)?;
        let mut metadata = Map::new();
        metadata.insert(KEY.to_owned(), key.as_uuid().to_string().into());
        metadata.insert(CONTACT.to_owned(), request.client.contact.to_string().into());
        if let Some(price) = slot.price.and_then(written) {
            metadata.insert(PRICE.to_owned(), price.into());
        }
        let note = request.note.as_ref().map(|note| note.reveal().trim()).filter(|note| !note.is_empty());
        let body = body(&way, slot.start, &attendee, metadata, note);
        let (told, name) = self.post(&shop, &way, &body, slot.start, key).await?;
        match self.look_around(&shop, &told, &name).await {
            Look::Stays => Ok(self.booking(&shop, &told, &name)),
            Look::Undone => Err(BookError::SlotTaken),
            Look::Unknown(error) => Err(BookError::OutcomeUnknown { source: Some(error.into()) }),
        }
    }

    /// `POST /v2/bookings`, once.
    pub(super) async fn post(
        &self,
        shop: &Shop,
        way: &Way,
        body: &Value,
        start: DateTime<Utc>,
        key: ActionKey,
    ) -> Result<(booking::Booking, Name), BookError> {
        let error = match self.client.post::<OneOf<booking::Booking>>("bookings", body).await {
            Ok(OneOf(told)) => {
                // Of a type that wants approval, and of a pool, the same address at the same time is answered the booking
                // that it has: a success of somebody else's making.
                let Some(name) = made_with(&told, key) else { return Err(BookError::SlotTaken) };
                let is_it = told.start == start && told.event_type() == Some(way.event_type);
                return if is_it && (told.stands() || told.waits()) { Ok((told, name)) } else { Err(unreadable()) };
            }
            Err(error) => error,
        };
        // One host of several who is busy breaks some servers.
        let is_half_busy =
            way.kind == Kind::All && matches!(error, CallError::OutcomeUnknown { status: Some(500), .. });
        if error.is_taken() || is_half_busy {
            // By ourselves, when this is a repetition.
            return match self.made_around(shop, start, key).await {
                Ok(Some((told, name))) if told.stands() || told.waits() => Ok((told, name)),
                Ok(_) => Err(BookError::SlotTaken),
                Err(_) if is_half_busy => Err(error.into_write()),
                Err(_) => Err(BookError::SlotTaken),
            };
        }
        Err(match error {
            // The event type is gone, or not for this credential any more.
            CallError::NotFound(_) => BookError::NotDone(BackendError::StaleCatalog),
            error => error.into_write(),
        })
    }

    /// The catalogue's word on what a slot is for.
    pub(super) async fn wanted(&self, slot: &Slot) -> Result<(Arc<Shop>, Way), BookError> {
        let shop = self.shop().await.map_err(BookError::NotDone)?;
        let stale = || BookError::NotDone(BackendError::StaleCatalog);
        let sold = match slot.services.as_slice() {
            [service] => shop.sold(service).ok_or_else(stale)?,
            _ => return Err(stale()),
        };
        let person = match &slot.staff {
            StaffChoice::One(person) => Some(super::number(person.as_str()).ok_or_else(stale)?),
            StaffChoice::Any => None,
        };
        let ways = sold.ways_for(person);
        // Nobody was picked: the first who is free.
        let candidate = slot.candidates.first().and_then(|person| super::number(person.as_str()));
        let first = ways.iter().find(|way| candidate.is_none_or(|person| way.doers.contains(&person)));
        let way = first.or_else(|| ways.first()).map(|way| (*way).clone()).ok_or_else(stale)?;
        Ok((shop, way))
    }

    pub(super) async fn call_off_booking(&self, reference: &BookingRef, reason: CancelReason) -> Result<(), BookError> {
        let name = Name::of(reference).filter(|_| self.is_ours(reference)).ok_or_else(gone)?;
        let mut name = name;
        // Moved away meanwhile: what it is called now is cancelled.
        for _ in 0..2 {
            match self.call_off(&name, word(reason)).await {
                Ok(()) => return Ok(()),
                Err(CallError::NotFound(_)) => return Err(gone()),
                Err(error) if error.told() == Some(Told::Cancelled) => {
                    let now = self.read_now(&name).await.map_err(|error| BookError::NotDone(error.into_read()))?;
                    match now {
                        Some((told, now)) if now != name && (told.stands() || told.waits()) => name = now,
                        _ => return Ok(()),
                    }
                }
                Err(error) => return Err(error.into_write()),
            }
        }
        Err(BookError::OutcomeUnknown { source: Some("it is moved again and again".into()) })
    }
}

/// What a booking says.
pub(super) fn body(
    way: &Way,
    start: DateTime<Utc>,
    attendee: &Attendee,
    metadata: Map<String, Value>,
    note: Option<&str>,
) -> Value {
    let mut body = json!({
        "start": start.to_rfc3339_opts(SecondsFormat::Secs, true),
        "eventTypeId": way.event_type,
        "attendee": attendee,
        "metadata": metadata,
    });
    let mut answers: Map<String, Value> = way.answers.clone().into_iter().collect();
    let cut = note.map(|note| note.chars().take(LONGEST_NOTE).collect::<String>());
    if let Some(note) = cut.or_else(|| way.needs_note.then(|| "—".to_owned())) {
        answers.insert("notes".to_owned(), note.into());
    }
    if !answers.is_empty() {
        body["bookingFieldsResponses"] = Value::Object(answers);
    }
    if let Some(length) = way.length {
        body["lengthInMinutes"] = length.into();
    }
    if let Some(place) = &way.place {
        body["location"] = place.clone();
    } else if let (true, Some(phone)) = (way.at_phone, &attendee.phone_number) {
        body["location"] = json!({ "type": "attendeePhone", "phone": phone });
    }
    body
}

/// A word for why, since Cal.com insists on one: it is shown to the business, in no language.
const fn word(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::Moved => "chatplug: moved",
        CancelReason::Team => "chatplug: team",
        _ => "chatplug: client",
    }
}

pub(super) fn gone() -> BookError {
    BookError::NotDone(BackendError::NotFound { what: "the booking".to_owned() })
}

/// It was written, and what is there afterwards is not what was written, or cannot be understood.
pub(super) fn unreadable() -> BookError {
    BookError::OutcomeUnknown { source: Some("the booking after the write is another one than was written".into()) }
}
