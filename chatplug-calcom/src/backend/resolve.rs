//! What became of a write whose answer was lost.
//!
//! - A booking: our key lies in its metadata, which cannot be searched, and a filter that a server does not know returns
//!   everything. So the bookings around the time are listed, then those made since, and the keys in them compared. One that
//!   is found is looked around as after any booking: nobody did yet.
//! - A move: the old name tells where it went, and it can go only once. Cal.com carries the old key over to the new name, so
//!   the key tells nothing; the time does. A move to another event type is a booking with the new key.
//! - A cancellation: the name tells.

use super::{
    CalcomBackend,
    list::Listing,
    race::{Look, UNDONE},
    refs::{Name, made_with},
    shop::Shop,
};
use crate::{CallError, wire::booking};
use chatplug_core::{
    model::{ActionKey, Booking, BookingStatus, Slot},
    ports::{Action, BackendError, Resolution},
};
use chrono::{DateTime, Duration, Utc};

/// How far clocks may differ, and bookings that were made before our attempt are looked at, too.
const BEFORE: Duration = Duration::hours(24);

impl CalcomBackend {
    pub(super) async fn resolve_action(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        // From before the look: what is not there now, and could not come any more, was not done.
        let settled = attempted + self.settles_after;
        let not_done = if self.now() < settled { Resolution::TooEarly(settled) } else { Resolution::NotDone };
        let resolved = match action {
            Action::Book(request) => self.resolve_booking(request.slot.start, key, attempted).await,
            Action::Reschedule { booking, to, .. } => self.resolve_move(booking, to, key).await,
            Action::Cancel { booking, .. } => self.resolve_cancellation(booking).await,
            // Kept by us.
            Action::ConfirmVisit { .. } => Ok(Some(Resolution::NotDone)),
        };
        Ok(resolved.map_err(CallError::into_read)?.unwrap_or(not_done))
    }

    /// `None`: there is none.
    async fn resolve_booking(
        &self,
        start: DateTime<Utc>,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Option<Resolution>, CallError> {
        let shop = self.shop_or_error().await?;
        let mut found = self.made_around(&shop, start, key).await?;
        if found.is_none() {
            // Somebody may have moved it since.
            let since = Listing { made_after: Some(attempted - BEFORE), everywhere: true, ..Listing::default() };
            found = latest(self.list(&shop, &since).await?, key);
        }
        let Some((mut told, mut name)) = found else { return Ok(None) };
        if !told.rescheduled_to_uid.is_empty() {
            // Moved since, further than was looked.
            (told, name) = self.read_now(&name).await?.unwrap_or((told, name));
        }
        if told.cancellation_reason == UNDONE {
            return Ok(Some(Resolution::NotDone));
        }
        if told.stands() || told.waits() {
            match self.look_around(&shop, &told, &name).await {
                Look::Stays => {}
                Look::Undone => return Ok(Some(Resolution::NotDone)),
                Look::Unknown(error) => return Err(error),
            }
        }
        Ok(Some(Resolution::Done(Box::new(self.booking(&shop, &told, &name)))))
    }

    async fn resolve_move(
        &self,
        booking: &Booking,
        to: &Slot,
        key: ActionKey,
    ) -> Result<Option<Resolution>, CallError> {
        let shop = self.shop_or_error().await?;
        let Some(old) = Name::of(&booking.reference) else { return Ok(Some(Resolution::NotDone)) };
        if old.seat().is_some() {
            let there = self.list(&shop, &Listing::around(to.start, to.end)).await?;
            let moved = there.iter().filter(|told| told.start == to.start && told.stands());
            let moved = moved.filter_map(|told| Some((told, Self::seat_of(told, booking)?))).next();
            return Ok(moved.map(|(told, name)| Resolution::Done(Box::new(self.booking(&shop, told, &name)))));
        }
        let Some(before) = self.read(old.uid()).await? else { return Ok(None) };
        let stands = before.stands() || before.waits();
        if let Some(next) = Name::new(&before.rescheduled_to_uid, None).filter(|_| !stands) {
            let Some(first) = self.read(next.uid()).await? else { return Ok(Some(Resolution::CannotTell)) };
            // Moved by somebody else: under this name it cannot be moved any more.
            if first.start != to.start || !Self::is_with(&shop, &first, to) {
                return Ok(Some(Resolution::NotDone));
            }
            let now = self.read_now(&next).await?;
            let (told, name) = now.unwrap_or((first, next));
            return Ok(Some(Resolution::Done(Box::new(self.booking(&shop, &told, &name)))));
        }
        if stands && before.start == to.start && Self::is_with(&shop, &before, to) {
            return Ok(Some(Resolution::Done(Box::new(self.booking(&shop, &before, &old)))));
        }
        let made = self.made_around(&shop, to.start, key).await?;
        Ok(match made.filter(|(told, _)| told.stands() || told.waits()) {
            // Both, or neither of them known to be gone: a person looks.
            Some(_) if stands => Some(Resolution::CannotTell),
            Some((told, name)) => Some(Resolution::Done(Box::new(self.booking(&shop, &told, &name)))),
            None => None,
        })
    }

    async fn resolve_cancellation(&self, booking: &Booking) -> Result<Option<Resolution>, CallError> {
        let gone = || Resolution::Done(Box::new(Booking { status: BookingStatus::Cancelled, ..booking.clone() }));
        let Some(name) = Name::of(&booking.reference) else { return Ok(Some(gone())) };
        let now = self.read_now(&name).await?;
        Ok(match now {
            Some((told, _)) if told.stands() || told.waits() => None,
            _ => Some(gone()),
        })
    }

    /// The booking that a key made, among those around a time; cancelled ones count: they were made.
    pub(super) async fn made_around(
        &self,
        shop: &Shop,
        start: DateTime<Utc>,
        key: ActionKey,
    ) -> Result<Option<(booking::Booking, Name)>, CallError> {
        Ok(latest(self.list(shop, &Listing::around(start, start)).await?, key))
    }
}

/// Of all that carry a key, the one that stands; else the last that was made, since a move carries the key along.
fn latest(all: Vec<booking::Booking>, key: ActionKey) -> Option<(booking::Booking, Name)> {
    let ours = all.into_iter().filter_map(|told| made_with(&told, key).map(|name| (told, name)));
    ours.max_by_key(|(told, _)| (told.stands() || told.waits(), told.id))
}
