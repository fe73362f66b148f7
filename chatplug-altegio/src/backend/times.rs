//! What is known of free times for a short while: when people work and what of it is taken, and what the online booking
//! offers.
//!
//! One call tells all that a fortnight holds, for everybody. It is kept for a few minutes, so that a client who looks at
//! one day after the other costs no call each; nothing is booked on its word alone.

use super::{AltegioBackend, shop::Order};
use crate::{
    Call, CallError,
    wire::{
        schedule::{Seance, StaffDay, Stretch},
        time,
    },
};
use chatplug_core::model::DateRange;
use chrono::{DateTime, Duration, NaiveDate, Utc};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError},
};

/// So long is what was read believed.
pub(super) const FRESH: Duration = Duration::minutes(3);
/// So many days are read at once at least: who asks for a week asks for the next one soon.
const AHEAD: i64 = 13;
/// Offers that are kept at most.
const MOST_OFFERS: usize = 64;
const DAY: i64 = 24 * 60 * 60;

/// What was read lately.
#[derive(Debug, Default)]
pub(super) struct Times {
    days: Option<Arc<Snapshot>>,
    offers: HashMap<OfferKey, Offer>,
}

/// Whose times of which day, for which services. 0 stands for anyone.
type OfferKey = (i64, NaiveDate, Vec<i64>);

/// Beginnings that the online booking offers, in seconds of the day.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) read: DateTime<Utc>,
    pub(super) starts: Arc<BTreeSet<i64>>,
}

/// When people work, and what of it is taken, in seconds of the day.
#[derive(Debug)]
pub(super) struct Snapshot {
    read: DateTime<Utc>,
    range: DateRange,
    days: HashMap<(i64, NaiveDate), Day>,
}

/// One person's day.
#[derive(Debug, Default, Clone)]
pub(super) struct Day {
    /// In order, none touching the next.
    pub(super) work: Vec<(i64, i64)>,
    pub(super) busy: Vec<Busy>,
}

/// Time that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy {
    pub(super) from: i64,
    pub(super) to: i64,
    /// By which record; `None`: by something else.
    pub(super) record: Option<i64>,
}

impl Snapshot {
    pub(super) const fn range(&self) -> DateRange {
        self.range
    }

    pub(super) fn day(&self, staff: i64, day: NaiveDate) -> Option<&Day> {
        self.days.get(&(staff, day))
    }

    fn covers(&self, range: DateRange, now: DateTime<Utc>) -> bool {
        self.range.from <= range.from && range.to <= self.range.to && (now - self.read).abs() <= FRESH
    }

    fn of(rows: Vec<StaffDay>, range: DateRange, read: DateTime<Utc>) -> Self {
        let mut days: HashMap<(i64, NaiveDate), Day> = HashMap::new();
        for row in rows {
            let Some((staff, date)) = row.staff_id.zip(time::day(&row.date)) else { continue };
            let day = days.entry((staff, date)).or_default();
            day.work.extend(row.slots.iter().filter_map(stretch));
            day.work.sort_unstable();
            day.work = merged(std::mem::take(&mut day.work));
            day.busy.extend(row.busy_intervals.iter().filter_map(|taken| {
                let (from, to) = stretch(taken)?;
                Some(Busy { from, to, record: taken.entity_id.filter(|_| taken.entity_type != "activity") })
            }));
        }
        Self { read, range, days }
    }
}

impl Day {
    /// Whether so many seconds from here are worked, and nobody else's. A record that is being moved does not count.
    pub(super) fn fits(&self, start: i64, seconds: i64, but: Option<i64>) -> bool {
        let end = start + seconds;
        let stands_in_the_way =
            |taken: &Busy| taken.from < end && start < taken.to && (but.is_none() || taken.record != but);
        self.work.iter().any(|(from, to)| *from <= start && end <= *to) && !self.busy.iter().any(stands_in_the_way)
    }

    /// How much of it is taken, in seconds.
    pub(super) fn taken(&self) -> i64 {
        self.busy.iter().map(|taken| taken.to - taken.from).sum()
    }
}

/// From … to; what ends before it begins goes on until midnight.
fn stretch(of: &Stretch) -> Option<(i64, i64)> {
    let (from, to) = (time::seconds_of_day(&of.from)?, time::seconds_of_day(&of.to)?);
    Some((from, if to <= from { DAY } else { to }))
}

/// Stretches in order, those that touch made one.
pub(super) fn merged(stretches: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = Vec::new();
    for (from, to) in stretches {
        match all.last_mut() {
            Some((_, end)) if from <= *end => *end = (*end).max(to),
            _ => all.push((from, to)),
        }
    }
    all
}

impl AltegioBackend {
    /// `GET /company/{id}/staff/schedule` with what is taken, for everybody.
    pub(super) async fn read_days(&self, range: DateRange, now: DateTime<Utc>) -> Result<Snapshot, CallError> {
        let call = Call::get(format!("company/{}/staff/schedule", self.at.location))
            .query("start_date", range.from)
            .query("end_date", range.to)
            .list("include", ["busy_intervals"]);
        let rows: Vec<StaffDay> = self.client.send(&call).await?.data;
        Ok(Snapshot::of(rows, range, now))
    }

    pub(super) fn keep_days(&self, days: Snapshot) -> Arc<Snapshot> {
        let days = Arc::new(days);
        self.times.lock().unwrap_or_else(PoisonError::into_inner).days = Some(Arc::clone(&days));
        days
    }

    /// What was read of these days a short while ago.
    pub(super) fn fresh_days(&self, range: DateRange) -> Option<Arc<Snapshot>> {
        let kept = self.times.lock().unwrap_or_else(PoisonError::into_inner).days.clone();
        kept.filter(|days| days.covers(range, self.now()))
    }

    /// These days, from memory or read anew with some more.
    pub(super) async fn days(&self, range: DateRange) -> Result<Arc<Snapshot>, CallError> {
        if let Some(days) = self.fresh_days(range) {
            return Ok(days);
        }
        let wider = DateRange { from: range.from, to: range.to.max(range.from + Duration::days(AHEAD)) };
        Ok(self.keep_days(self.read_days(wider, self.now()).await?))
    }

    /// What the online booking offers on a day with somebody, or with anyone (0).
    pub(super) async fn offer(&self, staff: i64, day: NaiveDate, order: &Order) -> Result<Offer, CallError> {
        let key = (staff, day, order.services.clone());
        let now = self.now();
        let kept = self.times.lock().unwrap_or_else(PoisonError::into_inner).offers.get(&key).cloned();
        if let Some(offer) = kept.filter(|offer| (now - offer.read).abs() <= FRESH) {
            return Ok(offer);
        }
        let call =
            Call::get(format!("book_times/{}/{staff}/{day}", self.at.location)).list("service_ids", &order.services);
        let seances: Vec<Seance> = self.client.send(&call).await?.data;
        let starts = seances.iter().filter_map(|seance| time::seconds_of_day(&seance.time)).collect();
        let offer = Offer { read: now, starts: Arc::new(starts) };
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if times.offers.len() >= MOST_OFFERS {
            times.offers.clear();
        }
        times.offers.insert(key, offer.clone());
        Ok(offer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn day(row: serde_json::Value) -> Day {
        let date: NaiveDate = "2026-04-20".parse().unwrap();
        let rows = vec![serde_json::from_value(row).unwrap()];
        Snapshot::of(rows, DateRange::day(date), DateTime::UNIX_EPOCH).day(7, date).cloned().unwrap()
    }

    const HOUR: i64 = 3600;

    #[test]
    fn a_long_service_fits_only_where_all_of_it_does() {
        let day = day(json!({ "staff_id": "7", "date": "2026-04-20",
            "slots": [{ "from": "9:00", "to": "13:00" }, { "from": "13:00", "to": "18:00" }],
            "busy_intervals": [{ "entity_type": "record", "entity_id": 555, "from": "10:00:00", "to": "11:00:00" },
                { "entity_type": "activity", "entity_id": 556, "from": "16:00:00", "to": "17:00:00" }] }));
        assert_eq!(day.work, [(9 * HOUR, 18 * HOUR)], "stretches that touch are one");
        assert!(day.fits(9 * HOUR, HOUR, None) && !day.fits(9 * HOUR, 2 * HOUR, None));
        assert!(day.fits(9 * HOUR, 2 * HOUR, Some(555)), "its own time does not stand in its way");
        assert!(!day.fits(15 * HOUR, 2 * HOUR, Some(556)), "a group's is nobody's own");
        assert!(day.fits(11 * HOUR, 5 * HOUR, None) && !day.fits(17 * HOUR, 2 * HOUR, None));
        assert_eq!(day.taken(), 2 * HOUR);
    }

    #[test]
    fn what_goes_on_over_midnight_takes_the_evening() {
        let day =
            day(json!({ "team_member_id": 7, "date": "2026-04-20", "slots": [{ "from": "20:00", "to": "24:00" }],
            "busy_intervals": [{ "from": "23:00:00", "to": "01:00:00" }] }));
        assert!(day.fits(22 * HOUR, HOUR, None) && !day.fits(22 * HOUR, 2 * HOUR, None));
    }
}
