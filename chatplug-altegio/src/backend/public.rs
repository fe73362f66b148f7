//! What can be done without a user: the online booking that clients themselves use. It offers and books; what it booked it
//! shows and cancels by a secret that only the answer to the booking holds. It lists nothing, moves nothing and confirms
//! nothing, and says so in the capabilities.

use super::{
    AltegioBackend,
    free::slot,
    number,
    records::{api_id, made_by},
    write::client,
};
use crate::{
    Call, CallError,
    wire::{
        lenient::OneOf,
        record::{Made, Record},
        schedule::Dates,
        time,
    },
};
use chatplug_core::{
    model::{ActionKey, Booking, BookingRef, BookingStatus, DateRange, Slot, SlotQuery},
    ports::{Action, BackendError, BookError, BookingFilter, BookingRequest, RejectReason, Resolution},
};
use chrono::{Datelike as _, NaiveDate, NaiveTime};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Days with free times that are asked for one by one, at most.
const MOST_DAYS: usize = 21;

impl AltegioBackend {
    pub(super) async fn free_in_public(&self, query: &SlotQuery) -> Result<Vec<Slot>, BackendError> {
        let (shop, order) = self.order(query).await?;
        let zone = shop.branch().zone;
        let now = self.now();
        let today = now.with_timezone(&zone).date_naive();
        let range = DateRange { from: query.days.from.max(today), to: query.days.to };
        if range.from > range.to || query.party > 1 || order.doers.is_empty() {
            return Ok(Vec::new());
        }
        let staff = query.staff.id().and_then(|id| number(id.as_str())).unwrap_or_default();
        let days: Vec<NaiveDate> = match range.from == range.to {
            true => vec![range.from],
            false => self.days_with_times(staff, range, &order.services).await.map_err(CallError::into_read)?,
        };
        let seconds = order.doers.values().copied().max().unwrap_or_default();
        let mut slots = Vec::new();
        for day in days {
            let offer = self.offer(staff, day, &order).await.map_err(CallError::into_read)?;
            slots.extend(offer.starts.iter().filter_map(|start| {
                let clock = NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(*start).ok()?, 0)?;
                let begin = time::instant(day.and_time(clock), zone).filter(|begin| *begin > now)?;
                Some(slot(query, Vec::new(), (begin, seconds), zone, &order, None))
            }));
        }
        Ok(slots)
    }

    /// `GET /book_dates`, once for each month.
    async fn days_with_times(
        &self,
        staff: i64,
        range: DateRange,
        services: &[i64],
    ) -> Result<Vec<NaiveDate>, CallError> {
        let mut days = BTreeSet::new();
        let mut month = Some(range.from).filter(|from| *from <= range.to);
        while let Some(day) = month {
            let call = Call::get(format!("book_dates/{}", self.at.location))
                .query("staff_id", staff)
                .query("date", day)
                .list("service_ids", services);
            let dates: Dates = self.client.send(&call).await?.data;
            days.extend(dates.booking_dates.iter().filter_map(|date| time::day(date)));
            let next = day.with_day(1).and_then(|first| first.checked_add_months(chrono::Months::new(1)));
            month = next.filter(|next| *next <= range.to);
        }
        days.retain(|day| range.contains(*day));
        Ok(days.into_iter().take(MOST_DAYS).collect())
    }

    pub(super) async fn book_in_public(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        let slot = &request.slot;
        let client = client(&request.client)?;
        let shop = self.shop().await.map_err(BookError::NotDone)?;
        let order = shop.order(&slot.services).ok_or(BookError::NotDone(BackendError::StaleCatalog))?;
        if slot.start <= self.now() {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        let body = json!({
            "fullname": client["name"],
            "phone": client["phone"],
            "email": client.get("email").cloned().unwrap_or_else(|| json!("")),
            "comment": request.note.as_ref().map(|note| note.reveal().as_str()).unwrap_or_default(),
            "type": "chat",
            "notify_by_sms": 0,
            "notify_by_email": 0,
            "api_id": api_id(key),
            "appointments": [{
                "id": 1,
                "services": order.services,
                "staff_id": slot.staff_id().and_then(|person| number(person.as_str())).unwrap_or_default(),
                "datetime": time::written(slot.start, shop.branch().zone),
            }],
        });
        let call = Call::post(format!("book_record/{}", self.at.location)).json(&body);
        let made = match self.client.send::<OneOf<Made>>(&call).await {
            Ok(answer) => answer.data.0,
            Err(CallError::NotFound(_)) => return Err(BookError::NotDone(BackendError::StaleCatalog)),
            Err(error) => return Err(error.into_write()),
        };
        let unknown = |source| BookError::OutcomeUnknown { source };
        let name = format!("{}:{}", made.record_id, made.record_hash);
        let read = self.record_by_secret(&name).await.map_err(|error| unknown(Some(error.into())))?;
        let record = read.filter(|record| made_by(record) == Some(key));
        let record = record.ok_or_else(|| unknown(Some("the record is not there after it was made".into())))?;
        self.booking_by_secret(&record, name).await.map_err(|error| unknown(Some(error.into())))
    }

    pub(super) async fn cancel_in_public(&self, reference: &BookingRef) -> Result<(), BookError> {
        let not_here = || BookError::Rejected { reason: RejectReason::NotBookableHere };
        let gone = || BookError::NotDone(BackendError::NotFound { what: "the record".to_owned() });
        let name = Some(reference.backend_id.as_str()).filter(|_| self.is_ours(reference));
        let (id, hash) = name.and_then(|name| name.split_once(':')).ok_or_else(gone)?;
        let call = Call::delete(format!("user/records/{}/{}", number(id).ok_or_else(gone)?, plain(hash)));
        match self.client.send::<Option<Value>>(&call).await {
            Ok(_) => {}
            Err(CallError::NotFound(_)) => return Ok(()),
            // Nobody is known for whom this works without a user.
            Err(CallError::Refused(_) | CallError::Forbidden(_)) => return Err(not_here()),
            Err(error) => return Err(error.into_write()),
        }
        let read = self.record_by_secret(&reference.backend_id).await;
        match read.map_err(|error| BookError::OutcomeUnknown { source: Some(error.into()) })? {
            Some(record) if !record.deleted => Err(not_here()),
            _ => Ok(()),
        }
    }

    /// What is asked for by its secret is found; anything else takes a user.
    pub(super) async fn find_in_public(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        let Some(reference) = &filter.reference else { return Err(BackendError::Unauthorized) };
        // Whose it is, is not told here.
        if !self.is_ours(reference) || filter.client.is_some() {
            return Ok(Vec::new());
        }
        let read = self.record_by_secret(&reference.backend_id).await.map_err(CallError::into_read)?;
        let Some(record) = read else { return Ok(Vec::new()) };
        let booking = self.booking_by_secret(&record, reference.backend_id.clone()).await?;
        let stands = booking.status == BookingStatus::Booked && booking.end > self.now();
        let fits = (filter.all_statuses || stands)
            && filter.from.is_none_or(|from| booking.start >= from)
            && filter.until.is_none_or(|until| booking.start < until);
        Ok(Some(booking).filter(|_| fits).into_iter().collect())
    }

    pub(super) async fn resolve_in_public(&self, action: &Action) -> Result<Resolution, BackendError> {
        let Action::Cancel { booking, .. } = action else { return Ok(Resolution::CannotTell) };
        let read = self.record_by_secret(&booking.reference.backend_id).await.map_err(CallError::into_read)?;
        Ok(match read {
            Some(record) if !record.deleted => Resolution::CannotTell,
            _ => Resolution::Done(Box::new(Booking { status: BookingStatus::Cancelled, ..booking.clone() })),
        })
    }

    /// `GET /book_record/{id}/{record}/{hash}`.
    async fn record_by_secret(&self, name: &str) -> Result<Option<Record>, CallError> {
        let Some((id, hash)) = name.split_once(':') else { return Ok(None) };
        let Some(id) = number(id) else { return Ok(None) };
        let path = format!("book_record/{}/{id}/{}", self.at.location, plain(hash));
        match self.client.get::<OneOf<Record>>(path).await {
            Ok(OneOf(record)) => Ok(Some(record).filter(|record| record.id == id)),
            Err(CallError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn booking_by_secret(&self, record: &Record, name: String) -> Result<Booking, BackendError> {
        let terms = self.terms().await?;
        let booking = self.booking(record, terms).ok_or(BackendError::Unavailable { source: None })?;
        Ok(Booking { reference: self.reference(name), ..booking })
    }
}

/// A secret as part of a path: nothing that could lead elsewhere.
fn plain(hash: &str) -> String {
    hash.chars().filter(char::is_ascii_alphanumeric).collect()
}
