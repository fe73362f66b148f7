//! Days counted from others: "in two weeks", "a week on Friday", "the day after", "the next one", and lists of weekdays.

use super::{
    calendar,
    dates::{Atom, Mention, Parser},
    lexicon::{Tag, Unit},
    tags::Rule,
};
use crate::model::DateRange;
use chrono::{Datelike, NaiveDate};

impl Parser<'_, '_> {
    /// "not on Friday but the day after": counted from the day said before.
    pub(super) fn day_after(&self, at: usize, before: Option<NaiveDate>) -> Option<Mention> {
        let items = self.items;
        let before = before.filter(|_| !items.used(at))?;
        let next = if items.has(at, &Tag::NextDay) {
            before.succ_opt()?
        } else if items.has(at, &Tag::Eve) {
            before.pred_opt()?
        } else {
            return None;
        };
        Some(Mention::of(at, at + 1, vec![DateRange::day(next)]))
    }

    /// "I have Wednesday, could we do the Wednesday after?", "not this Friday, next Friday".
    pub(super) fn week_after(&self, at: usize, before: Option<NaiveDate>) -> Option<Mention> {
        let items = self.items;
        let (start, end) = if items.has(at, &Tag::Next) { (at + 1, at + 2) } else { (at, at + 2) };
        let day = items.weekday(start).filter(|_| !items.used(start))?;
        let later = if start > at { at } else { start + 1 };
        // "the Wednesday after that"
        let told = items.has(later, &Tag::Next) && items.has(later, &Tag::FromNow);
        let after = told
            || items.has(later, &Tag::After) && !items.has(later, &Tag::From) && {
                later + 1 >= items.len() || items.sep(later + 1) != ' ' || items.has(later + 1, &Tag::Old)
            };
        let next = items.has(later, &Tag::Next)
            && before.is_some_and(|before| u32::from(day) == before.weekday().number_from_monday());
        if items.sep(later.max(start)) != ' ' && later > start || !after && !next {
            return None;
        }
        let soonest = || calendar::next_weekday(self.today.date, day);
        let date = calendar::next_weekday(before.or_else(soonest)?, day)?;
        Some(Mention::of(at, end, vec![DateRange::day(date)]))
    }

    /// "I can't this week, could it be the next one?": counted from what was said before.
    pub(super) fn next_one(&self, at: usize, before: Option<&Mention>) -> Option<Mention> {
        let items = self.items;
        let range = before?.readings.first()?;
        let next = at + 1;
        let one = items.number(next) == Some(1);
        let small = one || items.plain(next) && items.letters(next) <= 2;
        let alone = next >= items.len() || matches!(items.sep(next), ',' | '.' | ';' | '?' | '!') || small;
        if !items.has(at, &Tag::Next) || items.used(at) || !alone {
            return None;
        }
        let days = (range.to - range.from).num_days();
        let range = match days {
            27.. => calendar::month(range.from, 1)?,
            2..=6 => calendar::week(range.from, 1)?,
            _ => DateRange { from: calendar::plus(range.from, 7)?, to: calendar::plus(range.to, 7)? },
        };
        Some(Mention::of(at, next + usize::from(one), vec![range]))
    }

    /// "Monday, Tuesday or Wednesday": all of them where they follow each other, else any.
    pub(super) fn listed(&self, first: &Atom) -> Option<(Vec<DateRange>, usize)> {
        let items = self.items;
        if !(first.weekday || first.marked && first.bare.is_some()) {
            return None;
        }
        let mut days = vec![first.first()?];
        let mut end = first.end;
        let mut closed = false;
        while !closed && days.len() < 7 {
            closed = items.has(end, &Tag::Or) || items.has(end, &Tag::And);
            if !closed && items.sep(end) != ',' {
                break;
            }
            let Some(next) = self
                .atom(self.skip_marks(end + usize::from(closed)), false)
                .filter(|next| next.weekday == first.weekday)
            else {
                break;
            };
            let mut day = next.first()?;
            // "Monday, Tuesday …" said on a Tuesday are of one week.
            if let Some(before) = days.last()
                && before.from.weekday().succ() == day.from.weekday()
            {
                day = DateRange::day(before.from.succ_opt()?);
            }
            days.push(day);
            end = next.end;
        }
        if days.len() < 3 {
            return None;
        }
        days.sort_by_key(|day| day.from);
        let in_a_row = days.windows(2).all(|pair| matches!(pair, [a, b] if a.to.succ_opt() == Some(b.from)));
        let mut readings = Vec::new();
        if in_a_row && let (Some(from), Some(to)) = (days.first(), days.last()) {
            readings.push(DateRange { from: from.from, to: to.to });
        }
        readings.extend(days);
        Some((readings, end))
    }

    /// "in two weeks", "через неделю", "two weeks from today", "a week on Friday", "дней через 10".
    pub(super) fn span(&self, at: usize) -> Option<Atom> {
        let items = self.items;
        // "дня через три": the count comes last, and is a guess.
        if let Some(unit) = items.unit(at)
            && items.has(at + 1, &Tag::In)
            && let Some(count) = items.number(at + 2)
        {
            return Atom::of(at + 3, self.away(unit, i64::from(count))?);
        }
        let lead = items.has(at, &Tag::In);
        let mut here = if lead { at + 1 } else { at };
        let count = items.number(here);
        if count.is_some() {
            here += 1;
        }
        let fortnight = items.days(here).filter(|_| count.is_some() || lead);
        let unit = items.unit(here).filter(|_| count.is_some() || lead);
        let mut end = here + 1;
        // "a week on Friday", "через неделю в пятницу", "two weeks from tomorrow"
        let count = i64::from(count.unwrap_or(1));
        let days = fortnight.map(|days| days.saturating_mul(count)).or_else(|| match unit {
            Some(Unit::Day) => Some(count),
            Some(Unit::Week) => count.checked_mul(7),
            _ => None,
        });
        if let Some(days) = days
            && let Some(atom) = self.counted_from(end, days, lead)
        {
            return Some(atom);
        }
        let after = items.has(end, &Tag::FromNow);
        if after {
            end += 1;
        }
        if !lead && !after {
            return None;
        }
        match (fortnight, unit) {
            (Some(days), _) => Atom::of(end, self.away(Unit::Day, days.checked_mul(count)?)?),
            (None, Some(unit)) => Atom::of(end, self.away(unit, count)?),
            (None, None) => None,
        }
    }

    /// A day so many units from today.
    pub(super) fn away(&self, unit: Unit, count: i64) -> Option<Vec<DateRange>> {
        let today = self.today.date;
        let days = match unit {
            Unit::Day => count,
            Unit::Week => count.checked_mul(7)?,
            Unit::Month => {
                let months = chrono::Months::new(u32::try_from(count).ok().filter(|months| *months <= 36)?);
                return Some(vec![DateRange::day(today.checked_add_months(months)?)]);
            }
            // "через 2 часа" is a time.
            Unit::Year | Unit::Hour | Unit::Minute => return None,
        };
        let mut readings = vec![DateRange::day(calendar::plus(today, days)?)];
        // A fortnight is "fifteen days" and a week "eight" where both ends are counted.
        if unit == Unit::Day && matches!(count, 8 | 15) {
            let shorter = DateRange::day(calendar::plus(today, count - 1)?);
            if self.today.rule(Rule::InclusiveDays) {
                readings.insert(0, shorter);
            } else if self.today.rule(Rule::InclusiveDaysRarely) {
                readings.push(shorter);
            }
        }
        Some(readings)
    }

    /// The day that a span counts from: "… from Friday", "… on Tuesday", "… from tomorrow".
    fn counted_from(&self, at: usize, days: i64, lead: bool) -> Option<Atom> {
        let items = self.items;
        let mut here = at;
        let link = |at: usize| {
            let told = [Tag::At, Tag::From, Tag::After].iter().any(|tag| items.has(at, tag));
            let small =
                (items.plain(at) && items.letters(at) < 4 || self.article(at)) && items.weekday(at + 1).is_some();
            (items.sep(at) == ' ' || lead && items.sep(at) == ',') && (told || small)
        };
        while here < at + 2 && link(here) {
            here += 1;
        }
        if here == at && !(lead && items.weekday(here).is_some()) {
            return None;
        }
        // "in two weeks, Tuesday the 20th" is said twice.
        if lead && items.weekday(here).is_some() && items.number(here + 1).is_some_and(|n| n > 12) {
            return None;
        }
        let today = self.today.date;
        if let Some(day) = items.weekday(here).filter(|_| days % 7 == 0) {
            // "in a week, on Saturday" said on a Saturday.
            if lead && u32::from(day) == today.weekday().number_from_monday() {
                return self.weekday_atom(here + 1, vec![DateRange::day(calendar::plus(today, days)?)]);
            }
            let counted = calendar::plus(calendar::next_weekday(today, day)?, days)?;
            let mut readings = vec![counted];
            if lead {
                let of_week = calendar::weekday_of_week(today, day, days / 7)?;
                if of_week != counted {
                    readings.push(of_week);
                }
            }
            return self.weekday_atom(here + 1, readings.into_iter().map(DateRange::day).collect());
        }
        let from = items.day(here).filter(|from| *from >= 0 && !lead)?;
        Atom::of(here + 1, vec![DateRange::day(calendar::plus(today, from + days)?)])
    }
}
