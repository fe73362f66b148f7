//! Days of a month in any of their forms: "dia 5", "March 3rd", "первого мая", `5/6`, `20.03`, `2026-03-11`.

use super::{
    calendar,
    dates::{Atom, Parser},
    lexicon::{Tag, Unit},
    tags::Rule,
};
use crate::model::DateRange;
use chrono::{Datelike, NaiveDate};

impl Parser<'_, '_> {
    /// A day of a month in any of its forms.
    pub(super) fn day_of_month(&self, at: usize, bare: bool) -> Option<Atom> {
        let items = self.items;
        if let Some(atom) = self.numeric(at) {
            return Some(atom);
        }
        // "March 3rd", "July the 4th"
        let named = items.month(at).and_then(|month| {
            let here = at + 1 + usize::from(items.has(at + 1, &Tag::DayMark));
            let day = items.number(here).filter(|_| items.digits(here) <= 2).or_else(|| items.ord(here))?;
            Some((month, here, day))
        });
        if let Some((month, here, day)) = named {
            let mut end = here + 1;
            if items.has(end, &Tag::OrdSuffix) && items.tight(end) {
                end += 1;
            } else if self.clock_like(here) && !self.part_follows(here) {
                return None;
            }
            return self.dated(day, u32::from(month), end);
        }
        let mut here = at;
        let mut marked = false;
        while items.has(here, &Tag::DayMark) && here < at + 2 && items.number(here).is_none() {
            marked = true;
            here += 1;
        }
        if marked && let Some(atom) = self.numeric(here).or_else(|| self.dotted(here)) {
            return Some(atom);
        }
        let (day, word_ord) = match (items.number(here), items.ord(here)) {
            (Some(n), _) if items.digits(here) <= 2 => (n, false),
            (_, Some(n)) => (n, true),
            _ => return None,
        };
        if !(1..=31).contains(&day) {
            return None;
        }
        // The day of a month that has it not ("dia 31/02") is no day of another.
        let slashed = items.tight(here + 1) && items.sep(here + 1) == '/' && items.digits(here + 1) > 0;
        if slashed && items.number(here + 1).is_some_and(|month| (1..=12).contains(&month)) {
            return None;
        }
        let mut end = here + 1;
        let mut suffixed = false;
        if items.has(end, &Tag::OrdSuffix) && (items.tight(end) || items.has(end, &Tag::DayMark)) {
            suffixed = true;
            end += 1;
            if items.has(end, &Tag::DayMark) && items.has(end, &Tag::OrdSuffix) {
                end += 1;
            }
        }
        // The month: "de maio", "of May", "мая".
        let gap =
            usize::from(items.month(end).is_none() && (items.has(end, &Tag::Of) || items.has(end, &Tag::DayMark)));
        if let Some(month) = items.month(end + gap) {
            return self.dated(day, u32::from(month), end + gap + 1);
        }
        // "dia 2 do mês que vem"
        if (marked || suffixed)
            && let Some(later) = items.month_range(end + gap)
        {
            let date = calendar::month(self.today.date, later)?.to.with_day(day)?;
            return Atom::of(end + gap + 1, vec![DateRange::day(date)]);
        }
        // "dia 2 do 5": the month by its number
        if marked
            && gap == 1
            && items.has(end, &Tag::Of)
            && items.month(end + 2).is_none()
            && !items.has(end + 2, &Tag::Of)
            && let Some(month) = items.number(end + 1).filter(|n| (1..=12).contains(n) && items.digits(end + 1) > 0)
            && !self.clock_like(end + 1)
            && (end + 2 >= items.len() || !items.has(end + 2, &Tag::To))
        {
            return self.dated(day, month, end + 2);
        }
        if self.clock_like(here) && !suffixed {
            return None;
        }
        let word = items.digits(here) == 0 && !word_ord;
        let known = if word_ord {
            marked || suffixed || (self.today.rule(Rule::OrdinalDays) && self.ordinal_day(here))
        } else {
            suffixed || (marked && !(word && day == 1) && !self.counts(here))
        };
        if !known && !bare {
            return None;
        }
        // A day that the month before it has not ("February 30th") is no day of another month.
        if at.checked_sub(1).is_some_and(|before| items.month(before).is_some() && items.sep(at) == ' ') {
            return None;
        }
        let date = calendar::next_day_of_month(self.today.date, day)?;
        let mut atom = Atom::of(end, vec![DateRange::day(date)])?;
        atom.bare = Some(day);
        // A number alone completes a range only together with a month; a marked day stands for itself.
        atom.marked = known;
        Some(atom)
    }

    /// A number that counts something: "the 2 of us", "les 3 personnes", "the 3 boys".
    fn counts(&self, at: usize) -> bool {
        let next = at + 1;
        self.items.unit(next).is_some()
            || (self.today.rule(Rule::DayMarkIsArticle) && self.items.digits(at) > 0 && {
                !(next >= self.items.len()
                    || self.items.has(next, &Tag::At)
                    || matches!(self.items.sep(next), ',' | '.' | '?'))
            })
    }

    /// An ordinal that is a day by itself: "на двадцатое", "второго в 18:15"; not "в четверть пятого".
    fn ordinal_day(&self, at: usize) -> bool {
        let items = self.items;
        let before = at.checked_sub(1);
        let told = |tag: &Tag| before.is_some_and(|before| items.has(before, tag));
        if items.ord(at).is_none() || told(&Tag::HalfTo) || told(&Tag::Quarter) {
            return false;
        }
        if before.is_some_and(|before| items.unit(before).is_some() || items.number(before).is_some()) {
            return false;
        }
        let next = at + 1;
        let open = next >= items.len()
            || matches!(items.sep(next), ',' | '.' | '?' | '!' | ';' | '-' | ')')
            || [Tag::At, Tag::After, Tag::Before, Tag::Between, Tag::From, Tag::To, Tag::And, Tag::Or]
                .iter()
                .any(|tag| items.has(next, tag))
            || items.part(next).is_some();
        open || told(&Tag::At) || told(&Tag::To) || told(&Tag::Before)
    }

    /// "April 16 in the morning": the part of the day belongs to the date.
    fn part_follows(&self, at: usize) -> bool {
        let next = at + 1;
        self.items.part(next).is_some() && self.items.get(next).is_some_and(|item| item.end - item.start > 1)
    }

    fn dated(&self, day: u32, month: u32, end: usize) -> Option<Atom> {
        let items = self.items;
        let today = self.today.date;
        let gap = usize::from(items.has(end, &Tag::Of));
        let year = items.number(end + gap).filter(|year| items.digits(end + gap) == 4 && (2000..=2100).contains(year));
        let (date, end) = match year.and_then(|year| i32::try_from(year).ok()) {
            Some(year) => (NaiveDate::from_ymd_opt(year, month, day)?, end + gap + 1),
            None => (calendar::next_month_day(today, month, day)?, end),
        };
        let mut atom = Atom::of(end, vec![DateRange::day(date)])?;
        atom.month = Some(month);
        Some(atom)
    }

    /// `5/6`, `05/06/2026`, `20.03`, `2026-03-11`.
    fn numeric(&self, at: usize) -> Option<Atom> {
        let items = self.items;
        let first = items.number(at)?;
        let sep = items.sep(at + 1);
        if items.digits(at) == 0 || items.digits(at + 1) == 0 || !items.tight(at + 1) || !matches!(sep, '/' | '.' | '-')
        {
            return None;
        }
        let second = items.number(at + 1)?;
        let third = items
            .number(at + 2)
            .filter(|_| items.digits(at + 2) > 0 && items.tight(at + 2) && items.sep(at + 2) == sep);
        if items.digits(at) == 4 {
            let date = NaiveDate::from_ymd_opt(i32::try_from(first).ok()?, second, third?)?;
            return Atom::of(at + 3, vec![DateRange::day(date)]);
        }
        let long = |at| items.digits(at) > 2;
        if long(at) || long(at + 1) {
            return None;
        }
        // "28-11" is no range of hours or days; "14/16h" is one of hours.
        let hours = self.today.rule(Rule::DashedTimes) || first <= 12 || first > 31 || items.digits(at + 1) != 2;
        if sep == '-' && third.is_none() && (hours || second > 12)
            || third.is_none() && items.unit(at + 2) == Some(Unit::Hour) && items.tight(at + 2)
        {
            return None;
        }
        if sep == '.' && third.is_none() {
            // A time in most places, unless it cannot be one or the language writes its dates so.
            let dotted =
                self.today.rule(Rule::DottedDates) && !(items.has(at.wrapping_sub(1), &Tag::At) && second % 5 == 0);
            let clock = first < 24 && second < 60 && items.digits(at + 1) == 2;
            let short = dotted && items.digits(at + 1) == 1;
            if items.digits(at + 1) != 2 && !short || (clock && !dotted && second % 5 == 0) || second > 12 {
                return None;
            }
        }
        if items.has(at + 2, &Tag::Am) || items.has(at + 2, &Tag::Pm) {
            return None;
        }
        let valid = |day: u32, month: u32| (1..=31).contains(&day) && (1..=12).contains(&month);
        let (day, month) = match (self.today.month_first, valid(first, second), valid(second, first)) {
            (false, true, _) | (true, true, false) => (first, second),
            (true, _, true) | (false, false, true) => (second, first),
            _ => return None,
        };
        let end = at + 2 + usize::from(third.is_some());
        let date = match third.and_then(|year| i32::try_from(year).ok()) {
            Some(year) => NaiveDate::from_ymd_opt(if year < 100 { 2000 + year } else { year }, month, day)?,
            None => calendar::next_month_day(self.today.date, month, day)?,
        };
        let mut atom = Atom::of(end, vec![DateRange::day(date)])?;
        atom.month = Some(month);
        atom.numeric = true;
        Some(atom)
    }

    /// `12.5` after the mark of a day.
    fn dotted(&self, at: usize) -> Option<Atom> {
        let items = self.items;
        let (day, month) = (items.number(at)?, items.number(at + 1)?);
        let digits = items.digits(at) > 0 && matches!(items.digits(at + 1), 1 | 2);
        if !digits || items.sep(at + 1) != '.' || !items.tight(at + 1) || month > 12 {
            return None;
        }
        self.dated(day, month, at + 2)
    }

    /// A number that reads as a time of day because of what follows it.
    pub(super) fn clock_like(&self, at: usize) -> bool {
        let items = self.items;
        let next = at + 1;
        matches!(items.unit(next), Some(Unit::Hour | Unit::Minute))
            || items.has(next, &Tag::Am)
            || items.has(next, &Tag::Pm)
            || items.has(next, &Tag::Half)
            || (items.sep(next) == ':' && items.tight(next))
            || (items.has(next, &Tag::And) && (items.has(next + 1, &Tag::Half) || items.has(next + 1, &Tag::Quarter)))
            || items.has(next, &Tag::Minus)
    }
}
