//! Looking for free times: what is asked of the booking system, how far the search widens, what comes out of it.
//!
//! Pure data and arithmetic; how the result is said is in `times`.

use super::draft::{earlier, fits, later};
use crate::{
    model::{DateRange, Slot},
    ports::TimeReading,
};
use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Offset as _, TimeZone as _, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// As far as the search looks ahead of itself, in days.
const HORIZON: u64 = 56;
/// How many near times are kept and offered.
pub(super) const ALTERNATIVES: usize = 6;
/// Fewer alternatives than this are only offered when there are no more.
const ENOUGH: usize = 3;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    /// Days with something free, from a day on; up to another day when the client named a range.
    Overview { from: NaiveDate, until: Option<NaiveDate> },
    /// The times of one day, a page of them.
    Day { date: NaiveDate, page: u16 },
    /// A certain time that was shown or summed up before: is it still free?
    Exact { start: DateTime<Utc> },
    /// What is nearest to a time that is not to be had.
    Near { start: DateTime<Utc>, why: Why },
}

/// Why something near is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Why {
    /// It is not free at that time.
    NotThen,
    /// Nothing is free in those days.
    NotThoseDays(DateRange),
    /// It was taken between the summary and the booking.
    Taken,
}

/// A search under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Search {
    pub(super) goal: Goal,
    /// The days asked for now.
    pub(super) days: DateRange,
    /// How many times it has widened.
    round: u8,
    /// The nearest found in earlier rounds.
    near: Vec<Slot>,
    /// The catalogue changed under it once; a second time it gives up.
    pub(super) stale: bool,
}

impl Search {
    /// The first round towards a goal. `zone_day` is the local day of the goal's instant, when it has one.
    pub(super) fn new(goal: Goal, today: NaiveDate, zone_day: Option<NaiveDate>) -> Self {
        let day = zone_day.unwrap_or(today).max(today);
        let days = match &goal {
            Goal::Overview { from, until } => week(*from, *until),
            Goal::Day { date, .. } => DateRange::day(*date),
            Goal::Exact { .. } => DateRange::day(day),
            Goal::Near { .. } => around(day, today),
        };
        Self { goal, days, round: 0, near: Vec::new(), stale: false }
    }

    /// The next round: further days, or `None` when everything within reach has been looked at.
    pub(super) fn widen(mut self, today: NaiveDate) -> Option<Self> {
        let from = later(self.days.to, 1);
        let days = match &self.goal {
            Goal::Overview { until: Some(until), .. } if from > *until => return None,
            Goal::Overview { from: first, until } => {
                let end = until.unwrap_or_else(|| later(*first, HORIZON - 1)).min(later(*first, HORIZON - 1));
                let length = if self.round == 0 { 13 } else { 20 };
                DateRange { from, to: later(from, length).min(end) }
            }
            Goal::Near { .. } => match self.round {
                0 => DateRange { from: today, to: later(today, 13) },
                1 => DateRange { from: later(today, 14), to: later(today, 34) },
                2 => DateRange { from: later(today, 35), to: later(today, HORIZON - 1) },
                _ => return None,
            },
            Goal::Day { .. } | Goal::Exact { .. } => return None,
        };
        if days.from > days.to {
            return None;
        }
        self.round += 1;
        self.days = days;
        Some(self)
    }

    /// Adds what was found around a wished time, and keeps the nearest.
    pub(super) fn nearest<'a>(&mut self, found: impl Iterator<Item = (NaiveDateTime, &'a Slot)>, wish: DateTime<Utc>) {
        let distance = |slot: &Slot| ((slot.start - wish).num_seconds().abs(), slot.start);
        let mut found: Vec<(NaiveDateTime, &Slot)> = found.collect();
        found.sort_by_key(|(_, slot)| distance(slot));
        // Whoever cannot have the day chooses among other days first, among their hours later.
        let a_day = if let Goal::Near { why: Why::NotThoseDays(_), .. } = self.goal { 2 } else { ALTERNATIVES };
        let mut days: Vec<NaiveDate> = Vec::new();
        for (local, slot) in found {
            if days.len() == ALTERNATIVES {
                break;
            }
            let known = self.near.iter().any(|near| near.start == slot.start && near.staff == slot.staff);
            if !known && days.iter().filter(|day| **day == local.date()).count() < a_day {
                days.push(local.date());
                self.near.push(slot.clone());
            }
        }
        self.near.sort_by_key(distance);
        self.near.truncate(ALTERNATIVES);
    }

    /// Whether there is enough to choose from.
    pub(super) fn has_enough(&self) -> bool {
        self.near.len() >= ENOUGH
    }

    /// What was found, in order of time.
    pub(super) fn into_near(self) -> Vec<Slot> {
        let mut near = self.near;
        near.sort_by_key(|slot| slot.start);
        near
    }
}

fn week(from: NaiveDate, until: Option<NaiveDate>) -> DateRange {
    let to = later(from, 6);
    DateRange { from, to: until.map_or(to, |until| until.clamp(from, to)) }
}

fn around(day: NaiveDate, today: NaiveDate) -> DateRange {
    DateRange { from: earlier(day, 3).max(today), to: later(day, 7) }
}

/// Free times in order of time, with the branch's wall clock beside each. The slots themselves stay where they are;
/// only those that are shown are copied.
#[derive(Debug)]
pub(super) struct Free {
    slots: Arc<[Slot]>,
    /// Wall time and place in `slots` of those that count.
    times: Vec<(NaiveDateTime, usize)>,
}

impl Free {
    /// Those that a draft may take.
    pub(super) fn of(slots: Arc<[Slot]>, zone: Tz, may: impl Fn(NaiveDateTime, &Slot) -> bool) -> Self {
        let mut clock = WallClock::new(zone);
        let read = slots.iter().enumerate().map(|(place, slot)| (clock.read(slot.start), place, slot));
        let mut times: Vec<(NaiveDateTime, usize)> =
            read.filter(|(local, _, slot)| may(*local, slot)).map(|(local, place, _)| (local, place)).collect();
        let start = |(_, place): &(NaiveDateTime, usize)| slots.get(*place).map(|slot| slot.start);
        if !times.is_sorted_by_key(start) {
            times.sort_by_key(start);
        }
        Self { slots, times }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(super) const fn len(&self) -> usize {
        self.times.len()
    }

    /// How many of them are as wished.
    pub(super) fn fitting(&self, wish: Option<TimeReading>) -> usize {
        wish.map_or(self.len(), |wish| self.times.iter().filter(|(local, _)| fits(wish, *local)).count())
    }

    /// Leaves only what is as wished.
    pub(super) fn keep(&mut self, wish: Option<TimeReading>) {
        if let Some(wish) = wish {
            self.times.retain(|(local, _)| fits(wish, *local));
        }
    }

    /// Days with how many times each has, in order.
    pub(super) fn days(&self) -> Vec<(NaiveDate, u32)> {
        let mut days: Vec<(NaiveDate, u32)> = Vec::new();
        for (local, _) in &self.times {
            match days.last_mut() {
                Some((day, count)) if *day == local.date() => *count += 1,
                _ => days.push((local.date(), 1)),
            }
        }
        days
    }

    /// The first that is as wished.
    pub(super) fn first(&self, wish: TimeReading) -> Option<&Slot> {
        self.slots.get(self.times.iter().find(|(local, _)| fits(wish, *local))?.1)
    }

    /// All of them, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (NaiveDateTime, &Slot)> {
        self.times.iter().filter_map(|(local, place)| Some((*local, self.slots.get(*place)?)))
    }
}

/// A zone's wall clock, read for many instants: on a day (of UTC) that begins and ends with the same offset nobody
/// turns the clock in between.
#[derive(Debug)]
struct WallClock {
    zone: Tz,
    /// A day and its offset in seconds; `None` on days when the clock is turned.
    day: Option<(NaiveDate, Option<i32>)>,
}

impl WallClock {
    const fn new(zone: Tz) -> Self {
        Self { zone, day: None }
    }

    fn read(&mut self, at: DateTime<Utc>) -> NaiveDateTime {
        let (utc, day) = (at.naive_utc(), at.date_naive());
        let offset = match self.day {
            Some((known, offset)) if known == day => offset,
            _ => {
                let begins = self.offset(day.and_time(NaiveTime::MIN));
                let ends = self.offset(later(day, 1).and_time(NaiveTime::MIN));
                let offset = (begins == ends).then_some(begins);
                self.day = Some((day, offset));
                offset
            }
        };
        let offset = Duration::seconds(i64::from(offset.unwrap_or_else(|| self.offset(utc))));
        utc.checked_add_signed(offset).unwrap_or(utc)
    }

    fn offset(&self, utc: NaiveDateTime) -> i32 {
        self.zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, n).unwrap()
    }

    #[test]
    fn an_overview_widens_to_eight_weeks_and_ends() {
        let mut search = Search::new(Goal::Overview { from: day(2), until: None }, day(2), None);
        let mut last = search.days.to;
        assert_eq!(last, day(8));
        while let Some(wider) = search.widen(day(2)) {
            assert_eq!(wider.days.from, later(last, 1), "no day is skipped");
            last = wider.days.to;
            search = wider;
        }
        assert_eq!(last, later(day(2), 55));
    }

    #[test]
    fn a_named_range_is_not_left() {
        let search = Search::new(Goal::Overview { from: day(2), until: Some(day(4)) }, day(2), None);
        assert_eq!(search.days, DateRange { from: day(2), to: day(4) });
        assert_eq!(search.widen(day(2)), None);
    }

    #[test]
    fn looking_near_a_day_never_looks_into_the_past() {
        let start = day(3).and_hms_opt(12, 0, 0).unwrap().and_utc();
        let search = Search::new(Goal::Near { start, why: Why::NotThen }, day(2), Some(day(3)));
        assert_eq!(search.days, DateRange { from: day(2), to: day(10) });
        let rounds = std::iter::successors(Some(search), |search| search.clone().widen(day(2))).count();
        assert_eq!(rounds, 4);
    }

    #[test]
    fn the_wall_clock_is_right_on_nights_when_it_is_turned() {
        for zone in [chrono_tz::Europe::Lisbon, chrono_tz::America::New_York, chrono_tz::Australia::Lord_Howe] {
            let mut clock = WallClock::new(zone);
            let begin = day(1).and_time(NaiveTime::MIN).and_utc();
            for quarter in 0..(366 * 96) {
                let at = begin + Duration::minutes(15 * quarter);
                assert_eq!(clock.read(at), at.with_timezone(&zone).naive_local(), "{zone} {at}");
            }
        }
    }
}
