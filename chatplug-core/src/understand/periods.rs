//! Months and their parts, weekdays counted in a month, and days beside a day: "in October", "the end of the week",
//! "the last Friday of the month", "a véspera de Natal".

use super::{
    calendar,
    dates::{Atom, Parser},
    lexicon::{Tag, Unit},
    tags::Edge,
};
use crate::model::DateRange;
use chrono::{Datelike, Months, NaiveDate};

/// What a part is taken of.
enum Whole {
    Month(DateRange),
    /// Weeks from this one.
    Week(i64),
}

impl Parser<'_, '_> {
    /// What is said in two parts: "end of May", "first week of May", "last Friday of the month", "the eve of …".
    pub(super) fn period(&self, at: usize) -> Option<Atom> {
        let items = self.items;
        let start = self.past_small(at, 2);
        // "the day before, Jan 16" and "late. next week" are not one.
        let whole = matches!(items.sep(start + 1), ' ' | '-' | '\'');
        if let Some(edge) = items.edge(start).filter(|_| whole) {
            let whole = self.past_small(start + 1, 2);
            let (whole, end) = self.whole(whole)?;
            return Atom::of(end, self.part_of(edge, &whole)?);
        }
        if whole && (items.has(start, &Tag::NextDay) || items.has(start, &Tag::Eve)) {
            let here = self.past_small(start + 1, 2);
            let day = self.atom(here, false)?;
            let range = *day.readings.first().filter(|range| range.from == range.to)?;
            let date = if items.has(start, &Tag::Eve) { range.from.pred_opt()? } else { range.to.succ_opt()? };
            return Atom::of(day.end, vec![DateRange::day(date)]);
        }
        if let Some(atom) = self.holding(at) {
            return Some(atom);
        }
        let last = items.has(start, &Tag::Prev);
        let n = items.ord(start).filter(|n| (1..=5).contains(n));
        // "the last day of March", "first day of the month"
        if (last || n.is_some()) && items.unit(start + 1) == Some(Unit::Day) && items.sep(start + 1) == ' ' {
            let (whole, end) = self.whole(self.past_small(start + 2, 2)).filter(|_| self.linked(start + 2))?;
            let Whole::Month(month) = whole else { return None };
            let date = if last { month.to } else { month.to.with_day(n?)? };
            return Atom::of(end, vec![DateRange::day(date)]);
        }
        if !last && n.is_none() {
            return None;
        }
        let what = start + 1;
        let weekday = items.weekday(what);
        if weekday.is_none() && items.unit(what) != Some(Unit::Week) || items.sep(what) != ' ' {
            return None;
        }
        let (whole, end) = self.whole(self.past_small(what + 1, 2)).filter(|_| self.linked(what + 1))?;
        let Whole::Month(month) = whole else { return None };
        let n = if last { -1 } else { i8::try_from(n?).ok()? };
        let today = self.today.date;
        let Some(weekday) = weekday else { return Atom::of(end, week_of(month, n)?) };
        let mut date = calendar::nth_weekday(month.to, weekday, n)?;
        if date < today {
            date = calendar::nth_weekday(month.to.succ_opt()?, weekday, n)?;
        }
        self.weekday_atom(end, vec![DateRange::day(date)])
    }

    /// "the week of the 15th", "le week-end du 26": those that hold the day.
    fn holding(&self, at: usize) -> Option<Atom> {
        let items = self.items;
        let weekend = items.weekend(at).is_some();
        let week = items.unit(at) == Some(Unit::Week) || items.week(at) == Some(0);
        if !(weekend || week) || items.used(at) || items.sep(at + 1) != ' ' {
            return None;
        }
        let of = at + 1;
        let told = [Tag::Of, Tag::From].iter().any(|tag| items.has(of, tag)) || items.has(of, &Tag::DayMark);
        let inside = (of..=of + 1).find_map(|here| self.day_of_month(here, false)).filter(|_| told)?;
        if items.has(inside.end, &Tag::To) && self.day_of_month(inside.end + 1, true).is_some() {
            return None;
        }
        let day = inside.readings.first()?.from;
        let (from, to) = if weekend { (6, 7) } else { (1, 7) };
        let of_week = |number: u8| calendar::weekday_of_week(day, number, 0);
        Atom::of(inside.end, vec![DateRange { from: of_week(from)?, to: of_week(to)? }])
    }

    /// "in October", "em maio", "en mai", "в мае", "May 2027": all of it.
    pub(super) fn month_alone(&self, at: usize) -> Option<Atom> {
        let items = self.items;
        let mut here = at;
        let told = |at: usize| {
            items.has(at, &Tag::InMonth)
                || items.has(at, &Tag::In)
                || items.has(at, &Tag::At)
                || items.has(at, &Tag::DayMark)
                || items.unit(at) == Some(Unit::Month)
                || items.has(at, &Tag::Of)
        };
        let mut lead = false;
        while here < at + 3 && items.month(here).is_none() && told(here) && items.sep(here + 1) == ' ' {
            lead |=
                items.has(here, &Tag::InMonth) || items.has(here, &Tag::In) || items.unit(here) == Some(Unit::Month);
            here += 1;
        }
        let month = u32::from(items.month(here)?);
        // "in jan 2nd", "to november 6": that day.
        if here > at && self.day_of_month(here, false).is_some() {
            return None;
        }
        // A day that the month has not ("31 February") is no whole month.
        let counted = |at: usize| items.digits(at) > 0 && items.digits(at) <= 2 || items.ord(at).is_some();
        let before = (1..=2).any(|back| at.checked_sub(back).is_some_and(&counted) && items.sep(at + 1 - back) == ' ');
        if before || counted(here + 1) {
            return None;
        }
        // "set", "out", "mar" are words too, "sept" a number.
        let long = items.letters(here) > 3 && items.number(here).is_none();
        let year = items.number(here + 1).filter(|year| items.digits(here + 1) == 4 && (2000..=2100).contains(year));
        if !long && !lead && year.is_none() {
            return None;
        }
        if let Some(year) = year.and_then(|year| i32::try_from(year).ok()) {
            let from = NaiveDate::from_ymd_opt(year, month, 1)?;
            let to = from.checked_add_months(Months::new(1))?.pred_opt()?;
            return Atom::of(here + 2, vec![DateRange { from, to }]);
        }
        Atom::of(here + 1, vec![calendar::month_named(self.today.date, month)?])
    }

    /// The month or week that a part is of.
    fn whole(&self, at: usize) -> Option<(Whole, usize)> {
        let items = self.items;
        let today = self.today.date;
        if let Some(month) = items.month(at) {
            return Some((Whole::Month(calendar::month_named(today, u32::from(month))?), at + 1));
        }
        if let Some(later) = items.month_range(at) {
            return Some((Whole::Month(calendar::month(today, later)?), at + 1));
        }
        if let Some(week) = items.week(at) {
            return Some((Whole::Week(week), at + 1));
        }
        let next = |at: usize| items.has(at, &Tag::Next);
        let (unit, end) = match items.unit(at) {
            Some(unit) => (unit, at + 1),
            None if next(at) || items.has(at, &Tag::This) => (items.unit(at + 1)?, at + 2),
            None => return None,
        };
        let later = i64::from(next(at) || next(end));
        let end = end + usize::from(next(end) && !next(at));
        match unit {
            Unit::Month => Some((Whole::Month(calendar::month(today, later)?), end)),
            Unit::Week => Some((Whole::Week(later), end)),
            _ => None,
        }
    }

    fn part_of(&self, edge: Edge, whole: &Whole) -> Option<Vec<DateRange>> {
        let today = self.today.date;
        let within = |from: Option<NaiveDate>, to: Option<NaiveDate>| {
            let (from, to) = (from?.max(today), to?);
            (from <= to).then_some(DateRange { from, to })
        };
        let readings: Vec<Option<DateRange>> = match whole {
            Whole::Month(month) => {
                let mut last = month.to;
                // The beginning of this month is over: the next one's is meant.
                let over = match edge {
                    Edge::Start => 10,
                    Edge::Middle => 20,
                    Edge::End => 31,
                };
                if (last.year(), last.month()) == (today.year(), today.month()) && today.day() > over {
                    last = calendar::month(last.succ_opt()?, 0)?.to;
                }
                let day = |day: u32| last.with_day(day);
                match edge {
                    Edge::Start => vec![within(day(1), day(10)), within(day(1), day(7))],
                    Edge::Middle => vec![within(day(11), day(20)), within(day(10), day(20))],
                    Edge::End => vec![
                        within(day(21), Some(last)),
                        within(calendar::plus(last, -6), Some(last)),
                        within(Some(last), Some(last)),
                    ],
                }
            }
            Whole::Week(week) => {
                let day = |day: u8| calendar::weekday_of_week(today, day, *week);
                match edge {
                    Edge::Start => vec![within(day(1), day(2)), within(day(1), day(3)), within(day(1), day(1))],
                    Edge::Middle => vec![within(day(2), day(4)), within(day(3), day(3))],
                    Edge::End => vec![within(day(4), day(5)), within(day(5), day(7)), within(day(5), day(5))],
                }
            }
        };
        let mut found: Vec<DateRange> = Vec::new();
        for range in readings.into_iter().flatten() {
            if !found.contains(&range) {
                found.push(range);
            }
        }
        Some(found)
    }

    /// Past small words that stand before a day or month, at most so many.
    fn past_small(&self, at: usize, most: usize) -> usize {
        let items = self.items;
        let small = |at: usize| {
            [Tag::At, Tag::Of, Tag::From, Tag::DayMark, Tag::In, Tag::InMonth].iter().any(|tag| items.has(at, tag))
                && items.number(at).is_none()
                && items.edge(at).is_none()
                && items.month(at).is_none()
                && items.sep(at + 1) == ' '
        };
        let mut here = at;
        while here < at + most && small(here) {
            here += 1;
        }
        here
    }

    /// Joined to what it is part of: "of", "in", or straight away as in Russian.
    fn linked(&self, at: usize) -> bool {
        self.items.sep(at) == ' '
    }
}

/// The first, second … or last week of a month: by sevens, and as weeks from Monday.
fn week_of(month: DateRange, n: i8) -> Option<Vec<DateRange>> {
    let first = month.to.with_day(1)?;
    let Ok(n) = u32::try_from(n) else {
        return Some(vec![DateRange { from: calendar::plus(month.to, -6)?, to: month.to }]);
    };
    let from = calendar::plus(first, 7 * (i64::from(n) - 1))?;
    let sevens = DateRange { from, to: calendar::plus(from, 6)?.min(month.to) };
    let monday = calendar::plus(calendar::nth_weekday(first, 1, 1)?, 7 * (i64::from(n) - 1))?;
    let weeks = DateRange { from: monday, to: calendar::plus(monday, 6)? };
    Some(if sevens == weeks { vec![sevens] } else { vec![sevens, weeks] })
}
