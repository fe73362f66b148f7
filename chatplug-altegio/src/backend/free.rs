//! Free times: what the schedules leave, and for the next days what the online booking itself offers.
//!
//! The online booking knows lead times and other rules, a day at a time; the schedules tell many days at once, and whether
//! a long service really fits where it is offered. A day that is near is asked of both, everything else of the schedules.

use super::{
    AltegioBackend, number,
    shop::{Order, Shop},
    staff_id,
    times::{Offer, Snapshot},
};
use crate::wire::time;
use chatplug_core::{
    model::{BookingRef, BranchId, DateRange, Slot, SlotQuery, StaffChoice, StaffId},
    ports::BackendError,
};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use std::{collections::BTreeMap, sync::Arc};

/// As far ahead as a salon can forbid to book (23 hours), in days.
const NEAR: i64 = 1;
/// Begins the token of a slot that the online booking offered.
const OFFERED: &str = "offered-";

impl AltegioBackend {
    pub(super) async fn free_at_business(&self, query: &SlotQuery) -> Result<Vec<Slot>, BackendError> {
        let (shop, order) = self.order(query).await?;
        let zone = shop.branch().zone;
        let now = self.now();
        let today = now.with_timezone(&zone).date_naive();
        let range = DateRange { from: query.days.from.max(today), to: query.days.to };
        if range.from > range.to || query.party > 1 {
            return Ok(Vec::new());
        }
        let moved = query.excluding.as_ref().filter(|reference| self.is_ours(reference)).and_then(record);
        let days = self.days(range).await.map_err(crate::CallError::into_read)?;
        // What is offered does not know that a booking is being moved.
        let near = range.from == range.to && range.to <= today + Duration::days(NEAR) && moved.is_none();
        let offer = match near {
            true => {
                let staff = query.staff.id().and_then(|id| number(id.as_str())).unwrap_or_default();
                Some(self.offer(staff, range.from, &order).await.map_err(crate::CallError::into_read)?)
            }
            false => None,
        };
        let search = Search { query, order: &order, zone, now, moved, offer: offer.as_ref() };
        Ok(range.days().flat_map(|day| search.day(&days, day)).collect())
    }

    /// What a query wants, if it is sold.
    pub(super) async fn order(&self, query: &SlotQuery) -> Result<(Arc<Shop>, Order), BackendError> {
        let of = |shop: Arc<Shop>| {
            let mut order = shop.order(&query.services)?;
            if let StaffChoice::One(person) = &query.staff {
                let person = number(person.as_str())?;
                order.doers.retain(|id, _| *id == person);
                if order.doers.is_empty() {
                    // Somebody who is there and does not do this has no time; who is not there is not known.
                    shop.catalog.staff_member(&staff_id(person)?)?;
                }
            }
            Some((shop, order))
        };
        of(self.shop().await?).ok_or(BackendError::StaleCatalog)
    }
}

/// The record behind a reference.
pub(super) fn record(reference: &BookingRef) -> Option<i64> {
    number(reference.backend_id.split(':').next()?)
}

/// The token of a slot that was offered at an instant.
fn token(read: DateTime<Utc>) -> String {
    format!("{OFFERED}{}", read.timestamp())
}

/// When the online booking offered a slot, if it did.
pub(super) fn offered_at(slot: &Slot) -> Option<DateTime<Utc>> {
    let seconds = slot.token.as_deref()?.strip_prefix(OFFERED)?.parse().ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// A search for free times, with everything that it needs.
struct Search<'a> {
    query: &'a SlotQuery,
    order: &'a Order,
    zone: Tz,
    now: DateTime<Utc>,
    moved: Option<i64>,
    offer: Option<&'a Offer>,
}

impl Search<'_> {
    /// The free times of one day, in order.
    fn day(&self, days: &Snapshot, day: NaiveDate) -> Vec<Slot> {
        // Who is least busy comes first.
        let mut doers: Vec<_> =
            self.order.doers.iter().filter_map(|(id, seconds)| Some((days.day(*id, day)?, *id, *seconds))).collect();
        doers.sort_by_key(|(there, id, _)| (there.taken(), *id));
        let mut found: BTreeMap<i64, (i64, Vec<i64>)> = BTreeMap::new();
        for (there, id, seconds) in doers {
            for start in self.starts() {
                if there.fits(start, seconds, self.moved) {
                    let (longest, who) = found.entry(start).or_default();
                    *longest = (*longest).max(seconds);
                    who.push(id);
                }
            }
        }
        let slots = found.into_iter();
        slots.filter_map(|(start, (seconds, who))| self.slot(day, start, seconds, &who)).collect()
    }

    /// Seconds of the day at which something may begin.
    fn starts(&self) -> Box<dyn Iterator<Item = i64> + '_> {
        let grid = self.order.grid;
        match self.offer {
            Some(offer) => Box::new(offer.starts.iter().copied()),
            None => {
                Box::new((0..).map(move |n| grid.first + n * grid.step).take_while(move |start| *start < grid.last))
            }
        }
    }

    fn slot(&self, day: NaiveDate, start: i64, seconds: i64, who: &[i64]) -> Option<Slot> {
        let clock = NaiveTime::from_num_seconds_from_midnight_opt(u32::try_from(start).ok()?, 0)?;
        let begin = time::instant(day.and_time(clock), self.zone).filter(|begin| *begin > self.now)?;
        let who: Vec<StaffId> = who.iter().filter_map(|id| staff_id(*id)).collect();
        let token = self.offer.map(|offer| token(offer.read));
        let candidates = match self.query.staff {
            StaffChoice::Any => who,
            StaffChoice::One(_) => Vec::new(),
        };
        Some(slot(self.query, candidates, (begin, seconds), self.zone, self.order, token))
    }
}

/// A slot of a query.
pub(super) fn slot(
    query: &SlotQuery,
    candidates: Vec<StaffId>,
    (start, seconds): (DateTime<Utc>, i64),
    zone: Tz,
    order: &Order,
    token: Option<String>,
) -> Slot {
    let branch: BranchId = query.branch.clone();
    Slot {
        branch,
        services: query.services.clone(),
        staff: query.staff.clone(),
        candidates,
        start,
        end: start + Duration::seconds(seconds),
        zone,
        price: order.price,
        token,
        buffer_before: 0,
        buffer_after: 0,
        capacity: 1,
    }
}
