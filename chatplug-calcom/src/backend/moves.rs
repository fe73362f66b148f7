//! Moving bookings: in place, under a new name; or, to another event type (another person's, another length), by making the
//! new one first and cancelling the old one then.

use super::{
    CalcomBackend,
    contacts::{Attendee, is_invented},
    race::Look,
    refs::{KEY, Name, metadata, names},
    shop::Shop,
    sold::{Kind, Way},
    write::{body, gone, unreadable},
};
use crate::{
    CallError,
    client::Told,
    wire::{booking, lenient::OneOf},
};
use chatplug_core::{
    model::{ActionKey, Booking, BookingRef, Slot},
    ports::{BookError, RejectReason},
};
use chrono::SecondsFormat;
use serde_json::{Value, json};

impl CalcomBackend {
    pub(super) async fn move_booking(
        &self,
        reference: &BookingRef,
        to: &Slot,
        key: ActionKey,
    ) -> Result<Booking, BookError> {
        let name = Name::of(reference).filter(|_| self.is_ours(reference)).ok_or_else(gone)?;
        let read = self.read_now(&name).await.map_err(|error| BookError::NotDone(error.into_read()))?;
        let (before, name) = read.filter(|(told, _)| told.stands() || told.waits()).ok_or_else(gone)?;
        let (shop, way) = self.wanted(to).await?;
        let now = self.now();
        if to.start <= now || before.start <= now {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        if !self.is_here(&shop, &before) {
            return Err(gone());
        }
        let way = self.kept_way(&shop, to, &before).unwrap_or(way);
        let same_type = before.event_type() == Some(way.event_type);
        let minutes = (before.end - before.start).num_minutes();
        if same_type && before.start == to.start && minutes == way.minutes {
            return Ok(self.booking(&shop, &before, &name));
        }
        // Some servers move every booking to its type's usual length.
        if same_type && (way.length.is_none() || way.is_usual) && minutes == way.minutes {
            self.move_in_place(&shop, &before, &name, to).await
        } else if name.seat().is_some() {
            Err(BookError::Rejected { reason: RejectReason::Other })
        } else {
            self.make_and_cancel(&shop, &way, &before, &name, to, key).await
        }
    }

    /// The event type that the booking has, where it serves for what is wanted now.
    fn kept_way(&self, shop: &Shop, to: &Slot, before: &booking::Booking) -> Option<Way> {
        let [service] = to.services.as_slice() else { return None };
        let person = to.staff_id().map(|person| super::number(person.as_str()));
        let ways = shop.sold(service)?.ways_for(person.flatten());
        ways.into_iter().find(|way| before.event_type() == Some(way.event_type)).cloned()
    }

    /// `POST /v2/bookings/{uid}/reschedule`.
    async fn move_in_place(
        &self,
        shop: &Shop,
        before: &booking::Booking,
        name: &Name,
        to: &Slot,
    ) -> Result<Booking, BookError> {
        let (moved, new) = self.reschedule_to(name, before, to.start).await?;
        match self.must_give_way(shop, &moved).await {
            false => Ok(self.booking(shop, &moved, &new)),
            // Back to where it was, as long as that is free.
            true => match self.reschedule_to(&new, &moved, before.start).await {
                Ok(_) => Err(BookError::SlotTaken),
                Err(error @ BookError::OutcomeUnknown { .. }) => Err(error),
                Err(_) => {
                    tracing::warn!(branch.id = %self.at.branch, "a moved booking overlaps another and could not be moved back");
                    Ok(self.booking(shop, &moved, &new))
                }
            },
        }
    }

    async fn reschedule_to(
        &self,
        name: &Name,
        before: &booking::Booking,
        start: chrono::DateTime<chrono::Utc>,
    ) -> Result<(booking::Booking, Name), BookError> {
        let mut body = json!({ "start": start.to_rfc3339_opts(SecondsFormat::Secs, true) });
        if let Some(seat) = name.seat() {
            body["seatUid"] = seat.into();
        }
        let path = format!("bookings/{}/reschedule", name.uid());
        let moved = match self.client.post::<OneOf<booking::Booking>>(path, &body).await {
            Ok(OneOf(moved)) => moved,
            Err(CallError::NotFound(_)) => return Err(gone()),
            Err(error) if matches!(error.told(), Some(Told::Moved | Told::Cancelled)) => {
                // By ourselves, when this is a repetition; else by somebody else, meanwhile.
                let read = self.read_now(name).await.map_err(|error| BookError::NotDone(error.into_read()))?;
                let now = read.filter(|(told, _)| told.start == start && (told.stands() || told.waits()));
                return now.ok_or_else(gone);
            }
            Err(error) => return Err(error.into_write()),
        };
        let seat = Some(moved.seat_uid.as_str()).filter(|_| name.seat().is_some());
        let new = Name::new(&moved.uid, seat).ok_or_else(unreadable)?;
        let is_it = moved.uid != before.uid && moved.start == start && moved.event_type() == before.event_type();
        if is_it && (moved.stands() || moved.waits()) { Ok((moved, new)) } else { Err(unreadable()) }
    }

    /// The new one, then the old one's end; when that cannot be, the new one's.
    async fn make_and_cancel(
        &self,
        shop: &Shop,
        way: &Way,
        before: &booking::Booking,
        name: &Name,
        to: &Slot,
        key: ActionKey,
    ) -> Result<Booking, BookError> {
        let booker = before.booker(None).ok_or_else(unreadable)?;
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let answered = before.booking_fields_responses.get("attendeePhoneNumber").and_then(Value::as_str);
        let attendee = Attendee {
            name: booker.name.clone(),
            email: text(&booker.email).filter(|email| way.takes_email && !is_invented(email)),
            phone_number: text(&booker.phone_number).or_else(|| answered.and_then(text)),
            time_zone: self.at.zone.name(),
            language: text(&booker.language),
        };
        let mut carried = metadata(before, name).clone();
        carried.insert(KEY.to_owned(), key.as_uuid().to_string().into());
        let note = before.booking_fields_responses.get("notes").and_then(Value::as_str);
        let (made, new) = self.post(shop, way, &body(way, to.start, &attendee, carried, note), to.start, key).await?;
        match self.look_around(shop, &made, &new).await {
            Look::Stays => {}
            Look::Undone => return Err(BookError::SlotTaken),
            Look::Unknown(error) => return Err(BookError::OutcomeUnknown { source: Some(error.into()) }),
        }
        match self.call_off(name, "chatplug: moved").await {
            Ok(()) => Ok(self.booking(shop, &made, &new)),
            Err(error) if error.told() == Some(Told::Cancelled) => Ok(self.booking(shop, &made, &new)),
            Err(error @ (CallError::OutcomeUnknown { .. } | CallError::Unreadable { .. })) => {
                Err(BookError::OutcomeUnknown { source: Some(error.into()) })
            }
            // The old one stands: so the new one must not.
            Err(error) => match self.call_off(&new, super::race::UNDONE).await {
                Ok(()) => Err(error.into_write()),
                Err(error) => Err(BookError::OutcomeUnknown { source: Some(error.into()) }),
            },
        }
    }

    /// A booking that our key made and that stands where it was to be moved, of the same person's or another's event type.
    pub(super) fn is_with(shop: &Shop, told: &booking::Booking, to: &Slot) -> bool {
        let Some(person) = to.staff_id().and_then(|person| super::number(person.as_str())) else { return true };
        let pooled = told.event_type().is_some_and(|event_type| shop.kind_of(event_type) != Some(Kind::One));
        pooled || told.hosts.iter().any(|host| host.id == Some(person))
    }

    /// The seat that somebody has at a time, of the names in it.
    pub(super) fn seat_of(told: &booking::Booking, before: &Booking) -> Option<Name> {
        let key = before.made_by?;
        names(told).into_iter().find(|name| super::refs::made_by(told, name) == Some(key))
    }
}
