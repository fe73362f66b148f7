//! What became of a write whose answer was lost. There is no search by key: the records around it are listed, and the
//! keys in them compared.

use super::{
    AltegioBackend,
    free::record,
    number,
    records::{CONFIRMED, Listing, Terms, made_by},
};
use crate::{CallError, wire::record::Record};
use chatplug_core::{
    model::{ActionKey, Booking, BookingStatus},
    ports::{Action, BackendError, BookingRequest, Resolution},
};
use chrono::{DateTime, Utc};

impl AltegioBackend {
    pub(super) async fn resolve_at_business(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        // From before the look: what is not there now, and could not come any more, was not done.
        let settled = attempted + self.settles_after;
        let open = self.now() < settled;
        let not_done = || if open { Resolution::TooEarly(settled) } else { Resolution::NotDone };
        let terms = self.terms().await?;
        let done = |booking: Option<Booking>| match booking {
            Some(booking) => Resolution::Done(Box::new(booking)),
            None => Resolution::CannotTell,
        };
        Ok(match action {
            Action::Book(request) => match self.made_with(request, key, terms).await? {
                Some(record) => done(self.booking(&record, terms)),
                None => not_done(),
            },
            Action::Reschedule { booking, to, .. } => match self.now_of(booking).await? {
                Some(record) => match self.booking(&record, terms) {
                    Some(now) if now.start == to.start && is_with(&record, to.staff_id()) => done(Some(now)),
                    _ => not_done(),
                },
                None => not_done(),
            },
            Action::Cancel { booking, .. } => match self.now_of(booking).await? {
                Some(_) => not_done(),
                None => done(Some(Booking { status: BookingStatus::Cancelled, ..booking.clone() })),
            },
            Action::ConfirmVisit { booking } => match self.now_of(booking).await? {
                Some(record) if record.attendance == Some(CONFIRMED) => done(self.booking(&record, terms)),
                _ => not_done(),
            },
        })
    }

    /// The record that a key made: among those of the person on that day, and among those of the client, in case somebody
    /// moved it since. Deleted ones count: they were made.
    async fn made_with(
        &self,
        request: &BookingRequest,
        key: ActionKey,
        terms: Terms,
    ) -> Result<Option<Record>, BackendError> {
        let slot = &request.slot;
        let day = Self::local_day(slot.start, terms.zone);
        let staff = slot.staff_id().and_then(|person| number(person.as_str()));
        let of_day = Listing { staff, from: Some(day), to: Some(day), deleted: true, ..Listing::default() };
        if let Some(found) = self.with_key(&of_day, key).await? {
            return Ok(Some(found));
        }
        let Some(phone) = &request.client.user.phone else { return Ok(None) };
        for client in self.clients_of(phone).await.map_err(CallError::into_read)? {
            let of_client = Listing { client: Some(client), deleted: true, ..Listing::default() };
            if let Some(found) = self.with_key(&of_client, key).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn with_key(&self, listing: &Listing, key: ActionKey) -> Result<Option<Record>, BackendError> {
        let records = self.list_records(listing).await.map_err(CallError::into_read)?;
        Ok(records.into_iter().find(|record| made_by(record) == Some(key)))
    }

    /// A booking's record, if it still stands.
    async fn now_of(&self, booking: &Booking) -> Result<Option<Record>, BackendError> {
        let Some(id) = record(&booking.reference) else { return Ok(None) };
        let read = self.read_record(id).await.map_err(CallError::into_read)?;
        Ok(read.filter(|record| !record.deleted))
    }
}

fn is_with(record: &Record, person: Option<&chatplug_core::model::StaffId>) -> bool {
    person.is_none_or(|person| record.member() == number(person.as_str()))
}
