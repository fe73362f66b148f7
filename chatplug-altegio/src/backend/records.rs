//! Records as bookings, and the calls that read them.

use super::{AltegioBackend, place, service_id, staff_id};
use crate::{
    Call, CallError,
    wire::{
        lenient::OneOf,
        record::{Client, Record},
        shop::Company,
        time,
    },
};
use chatplug_core::{
    model::{ActionKey, Booking, BookingStatus, ChannelUser, DateRange, Phone, Price},
    ports::BackendError,
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use iso_currency::Currency;
use serde_json::json;
use std::collections::BTreeSet;

/// Records that are asked for at once.
const PAGE: usize = 200;
/// Pages that are read at most.
const PAGES: usize = 100;
/// Clients that are asked for at once.
const CLIENTS: usize = 25;
/// Of a number that is spelled in more than one way, so many last digits are the same.
const SAME_DIGITS: usize = 8;

/// What a client's coming is called on the wire.
pub(super) const ABSENT: i64 = -1;
pub(super) const CAME: i64 = 1;
pub(super) const CONFIRMED: i64 = 2;

/// What is needed to read a record's time and money.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) zone: Tz,
    pub(super) currency: Option<Currency>,
}

/// Which records to list.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    pub(super) staff: Option<i64>,
    pub(super) client: Option<i64>,
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    /// Deleted ones, too.
    pub(super) deleted: bool,
    /// Changed at or after this, on the location's clock.
    pub(super) changed_after: Option<String>,
}

impl Listing {
    /// One person's day, deleted ones included: they tell what became of a write.
    pub(super) fn day_of(staff: i64, day: NaiveDate) -> Self {
        Self { staff: Some(staff), from: Some(day), to: Some(day), deleted: true, ..Self::default() }
    }
}

impl AltegioBackend {
    /// The zone and money there: from the catalogue when it was read, else by one call.
    pub(super) async fn terms(&self) -> Result<Terms, BackendError> {
        if let Some(shop) = self.kept_shop() {
            let branch = shop.branch();
            return Ok(Terms { zone: branch.zone, currency: Some(branch.currency) });
        }
        let company: Company =
            self.client.get(format!("company/{}", self.at.location)).await.map_err(CallError::into_read)?;
        let unavailable = |why: &'static str| BackendError::Unavailable { source: Some(why.into()) };
        let zone = place::zone(&company).map_err(unavailable)?;
        let branch = place::branch(&self.at, &company, None, Vec::new()).ok();
        Ok(Terms { zone, currency: branch.map(|branch| branch.currency) })
    }

    /// `GET /record`: what is gone is none.
    pub(super) async fn read_record(&self, id: i64) -> Result<Option<Record>, CallError> {
        match self.client.get::<OneOf<Record>>(format!("record/{}/{id}", self.at.location)).await {
            // What was asked for, or nothing: some parameters are ignored silently.
            Ok(OneOf(record)) => Ok(Some(record).filter(|record| record.id == id)),
            Err(CallError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `GET /records`, all pages. Filtered once more: what the platform does not know of a filter, it ignores.
    pub(super) async fn list_records(&self, listing: &Listing) -> Result<Vec<Record>, CallError> {
        let (mut all, mut known): (Vec<Record>, BTreeSet<i64>) = (Vec::new(), BTreeSet::new());
        for page in 1..=PAGES {
            let mut call = Call::get(format!("records/{}", self.at.location)).query("page", page).query("count", PAGE);
            for (name, value) in [("staff_id", listing.staff), ("client_id", listing.client)] {
                if let Some(value) = value {
                    call = call.query(name, value);
                }
            }
            for (name, value) in [("start_date", listing.from), ("end_date", listing.to)] {
                if let Some(value) = value {
                    call = call.query(name, value);
                }
            }
            if let Some(after) = &listing.changed_after {
                call = call.query("changed_after", after);
            }
            if listing.deleted {
                call = call.query("with_deleted", 1);
            }
            let answer = self.client.send::<Vec<Record>>(&call).await?;
            let (length, before) = (answer.data.len(), known.len());
            all.extend(answer.data.into_iter().filter(|record| known.insert(record.id)));
            let whole = answer.meta.total.is_some_and(|total| known.len() as u64 >= total);
            // A server may give less than was asked for: only its own count, or nothing new, ends it before an empty page.
            if whole || known.len() == before || (answer.meta.total.is_none() && length < PAGE) {
                break;
            }
        }
        all.retain(|record| {
            let day = time::wall(&record.date).map(|wall| wall.date());
            listing.staff.is_none_or(|staff| record.member() == Some(staff))
                && listing.client.is_none_or(|id| record.client.as_ref().and_then(|client| client.id) == Some(id))
                && listing.from.is_none_or(|from| day.is_none_or(|day| from <= day))
                && listing.to.is_none_or(|to| day.is_none_or(|day| day <= to))
                && (listing.deleted || !record.deleted)
        });
        Ok(all)
    }

    /// Clients with this very number: searched for by digits, then compared whole.
    pub(super) async fn clients_of(&self, phone: &Phone) -> Result<Vec<i64>, CallError> {
        let digits = phone.digits();
        let is_spelled_one_way = phone.canonical() == digits && !has_other_spellings(digits);
        let sought = match is_spelled_one_way {
            true => digits,
            false => &digits[digits.len().saturating_sub(SAME_DIGITS)..],
        };
        let body = json!({
            "page": 1,
            "page_size": CLIENTS,
            "fields": ["id", "phone"],
            "order_by": "id",
            "order_by_direction": "ASC",
            "operation": "AND",
            "filters": [{ "type": "quick_search", "state": { "value": sought } }],
        });
        let call = Call::post(format!("company/{}/clients/search", self.at.location)).json(&body).reading();
        let found: Vec<Client> = self.client.send(&call).await?.data;
        Ok(found.into_iter().filter(|client| same_number(&client.phone, phone)).map(|client| client.id).collect())
    }

    /// A record as a booking; `None`: it has no time.
    pub(super) fn booking(&self, record: &Record, terms: Terms) -> Option<Booking> {
        let wall = time::wall(&record.date).or_else(|| time::wall(&record.datetime))?;
        let start = time::instant(wall, terms.zone)?;
        let services = &record.services;
        let title = services.first().map(|service| service.title.trim()).filter(|title| !title.is_empty());
        let whole: Option<f64> = services.iter().map(|service| service.cost).sum();
        let cost = whole.filter(|cost| *cost > 0.0).zip(terms.currency);
        let status = match (record.deleted, record.attendance) {
            (true, _) => BookingStatus::Cancelled,
            (false, Some(ABSENT)) => BookingStatus::NoShow,
            (false, Some(CAME)) => BookingStatus::Completed,
            (false, _) => BookingStatus::Booked,
        };
        Some(Booking {
            id: None,
            reference: self.reference(record.id.to_string()),
            services: services.iter().filter_map(|service| service_id(service.id)).collect(),
            title: title.unwrap_or("—").to_owned(),
            staff: record.member().and_then(staff_id),
            start,
            end: start + Duration::seconds(record.seconds()),
            zone: terms.zone,
            status,
            confirmed: record.attendance == Some(CONFIRMED),
            price: cost.map(|(cost, currency)| Price::fixed(place::money(cost, currency))),
            contact: None,
            made_by: made_by(record),
        })
    }

    /// The day of a slot there.
    pub(super) fn local_day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
        at.with_timezone(&zone).date_naive()
    }

    /// The catalogue as it was read a while ago, if it was.
    pub(super) fn kept_shop(&self) -> Option<std::sync::Arc<super::Shop>> {
        let kept = self.shop.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        kept.map(|(shop, _)| shop)
    }
}

/// The key of ours that a record was made with.
pub(super) fn made_by(record: &Record) -> Option<ActionKey> {
    record.api_id.trim().parse().ok()
}

/// How a key of ours goes over the wire: 36 characters.
pub(super) fn api_id(key: ActionKey) -> String {
    key.as_uuid().to_string()
}

/// Whether a number on the wire is this one, in whichever of its spellings.
pub(super) fn same_number(wire: &str, phone: &Phone) -> bool {
    wire.parse::<Phone>().is_ok_and(|wire| wire.canonical() == phone.canonical())
}

/// Whether a record is this client's.
pub(super) fn is_of(record: &Record, user: &ChannelUser) -> bool {
    let numbers = record.client.as_ref().zip(user.phone.as_ref());
    numbers.is_some_and(|(client, phone)| same_number(&client.phone, phone))
}

/// Local days that instants lie in, one more on either side left to the filter by instant.
pub(super) fn days_between(from: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>, zone: Tz) -> DateRange {
    let day = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    DateRange { from: from.map_or(NaiveDate::MIN, day), to: until.map_or(NaiveDate::MAX, day) }
}

/// Countries whose numbers have more than one spelling: see [`Phone::canonical`].
fn has_other_spellings(digits: &str) -> bool {
    ["52", "54", "55"].iter().any(|country| digits.starts_with(country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_only_as_a_whole() {
        let phone: Phone = "+351912345678".parse().unwrap();
        assert!(same_number("+351 91 234 56 78", &phone) && same_number("351912345678", &phone));
        assert!(!same_number("+1912345678", &phone) && !same_number("912345678", &phone) && !same_number("", &phone));
        let brazil: Phone = "5511987654321".parse().unwrap();
        assert!(same_number("+551187654321", &brazil), "with eight digits, as it was");
    }
}
