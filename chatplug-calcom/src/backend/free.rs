//! Free times, and what is known of them for a short while.
//!
//! One call tells a fortnight of one event type. It is kept for a few minutes, so that a client who looks at one day after
//! the other costs no call each. Nothing is booked on its word: Cal.com looks at the time itself when it is booked.

use super::{
    CalcomBackend, number,
    refs::Name,
    shop::{Shop, Sold},
    sold::{Kind, Way},
    staff_id,
};
use crate::{
    Call, CallError,
    wire::slots::{Days, Time},
};
use chatplug_core::{
    model::{DateRange, Slot, SlotQuery, StaffChoice, StaffId},
    ports::BackendError,
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError},
};

/// So long is what was read believed.
const FRESH: Duration = Duration::minutes(3);
/// So many days are read at once at least: who asks for a day asks for another one soon.
const AHEAD: i64 = 13;
/// More than a month at once is not asked for.
const LONGEST: i64 = 29;
/// Event types whose times are kept at most.
const MOST: usize = 64;

/// What was read lately.
pub(super) type Times = HashMap<Key, Kept>;

/// Which event type, at which length, while which booking is moved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    event_type: i64,
    length: Option<i64>,
    moving: Option<Name>,
}

/// Free times of some days.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    read: DateTime<Utc>,
    range: DateRange,
    times: Arc<Vec<Free>>,
}

/// A free time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Free {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    /// How many may share it.
    capacity: u32,
}

impl CalcomBackend {
    pub(super) async fn free(&self, query: &SlotQuery) -> Result<Vec<Slot>, BackendError> {
        let shop = self.shop().await?;
        let sold = sold(&shop, query).ok_or(BackendError::StaleCatalog)?;
        let person = match &query.staff {
            StaffChoice::Any => None,
            StaffChoice::One(person) => {
                // Somebody who is there and does not do this has no time; who is not there is not known.
                shop.catalog.staff_member(person).ok_or(BackendError::StaleCatalog)?;
                Some(number(person.as_str()).ok_or(BackendError::StaleCatalog)?)
            }
        };
        let now = self.now();
        let today = now.with_timezone(&self.at.zone).date_naive();
        let range = DateRange { from: query.days.from.max(today), to: query.days.to };
        if range.from > range.to || query.party > 1 {
            return Ok(Vec::new());
        }
        let moving = query.excluding.as_ref().filter(|reference| self.is_ours(reference)).and_then(Name::of);
        let ways = sold.ways_for(person);
        let looks = ways.iter().map(|way| self.times_of(way, range, moving.clone(), now));
        let times = futures_util::future::try_join_all(looks).await.map_err(|error| match error {
            // Deleted meanwhile.
            CallError::NotFound(_) => BackendError::StaleCatalog,
            error => error.into_read(),
        })?;
        let mut found: BTreeMap<DateTime<Utc>, Slot> = BTreeMap::new();
        for (way, times) in ways.iter().zip(times) {
            let candidate =
                (person.is_none() && way.kind == Kind::One).then(|| staff_id(*way.doers.first()?)).flatten();
            for free in times.iter().filter(|free| free.start > now && range.contains(self.local_day(free.start))) {
                let slot = found.entry(free.start).or_insert_with(|| self.slot(query, sold, way, free));
                slot.candidates.extend(candidate.clone());
            }
        }
        Ok(found.into_values().collect())
    }

    fn slot(&self, query: &SlotQuery, sold: &Sold, way: &Way, free: &Free) -> Slot {
        Slot {
            branch: query.branch.clone(),
            services: query.services.clone(),
            staff: query.staff.clone(),
            candidates: Vec::<StaffId>::new(),
            start: free.start,
            end: free.end,
            zone: self.at.zone,
            price: sold.price,
            token: None,
            buffer_before: way.buffers.0,
            buffer_after: way.buffers.1,
            capacity: free.capacity,
        }
    }

    fn local_day(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.at.zone).date_naive()
    }

    /// Free times of one event type, as they were read a moment ago or are read now.
    async fn times_of(
        &self,
        way: &Way,
        range: DateRange,
        moving: Option<Name>,
        now: DateTime<Utc>,
    ) -> Result<Arc<Vec<Free>>, CallError> {
        let key = Key { event_type: way.event_type, length: way.length, moving };
        let kept = self.times.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let fresh = kept.filter(|kept| (now - kept.read).abs() < FRESH && covers(kept.range, range));
        if let Some(kept) = fresh {
            return Ok(kept.times);
        }
        // A look at next week takes the days before along.
        let today = self.local_day(now);
        let from = if range.from <= today + Duration::days(AHEAD) { today } else { range.from };
        let asked = DateRange { from, to: range.to.max(range.from + Duration::days(AHEAD)) };
        let mut times = Vec::new();
        let mut from = asked.from;
        while from <= asked.to {
            let part = DateRange { from, to: asked.to.min(from + Duration::days(LONGEST)) };
            times.extend(self.read_times(way, part, key.moving.as_ref()).await?);
            from = part.to + Duration::days(1);
        }
        times.sort_by_key(|free| free.start);
        times.dedup_by_key(|free| free.start);
        let times = Arc::new(times);
        let mut all = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| (now - kept.read).abs() < FRESH);
        if all.len() < MOST {
            all.insert(key, Kept { read: now, range: asked, times: Arc::clone(&times) });
        }
        Ok(times)
    }

    /// Asks for some days. They are cut in UTC, so one more is asked for on either side; and servers have told times
    /// outside what was asked for, so what is not of these days is left out.
    async fn read_times(&self, way: &Way, days: DateRange, moving: Option<&Name>) -> Result<Vec<Free>, CallError> {
        let mut call = Call::get("slots")
            .query("eventTypeId", way.event_type)
            .query("start", days.from - Duration::days(1))
            .query("end", days.to + Duration::days(1))
            .query("timeZone", self.at.zone.name())
            .query("format", "range");
        if let Some(length) = way.length {
            call = call.query("duration", length);
        }
        if let Some(moving) = moving {
            call = call.query("bookingUidToReschedule", moving.uid());
        }
        let told: Days = self.client.send(&call).await?.data;
        // A class that is full has room for who moves within it.
        let has_room = |time: &Time| {
            time.seats_remaining != Some(0) || moving.is_some_and(|name| time.booking_uid.reveal() == name.uid())
        };
        let times = told.into_values().flatten().filter(|time| !time.away && has_room(time));
        let free = times.map(|time| Free {
            start: time.start,
            end: time.end.unwrap_or_else(|| time.start + Duration::minutes(way.minutes)),
            capacity: time.seats_total.and_then(|seats| u32::try_from(seats).ok()).unwrap_or(way.capacity).max(1),
        });
        let whole = Duration::minutes(way.minutes);
        Ok(free.filter(|free| free.end - free.start == whole && days.contains(self.local_day(free.start))).collect())
    }
}

/// What a query is for, if it is sold.
pub(super) fn sold<'a>(shop: &'a Shop, query: &SlotQuery) -> Option<&'a Sold> {
    match query.services.as_slice() {
        [service] => shop.sold(service),
        // One event type, one visit.
        _ => None,
    }
}

fn covers(kept: DateRange, range: DateRange) -> bool {
    kept.from <= range.from && range.to <= kept.to
}
