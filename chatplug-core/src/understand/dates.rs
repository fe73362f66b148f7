//! The days a message names: one grammar for all languages over the items, resolved from the day it was written.
//!
//! Which of several mentions counts depends on the intent and is decided by the engine.

use super::{
    calendar,
    items::Items,
    lexicon::{Lexicon, Tag, Unit},
    tags::Rule,
};
use crate::model::{DateRange, Lang};
use chrono::{Datelike, NaiveDate};

/// From where dates count.
#[derive(Debug, Clone, Copy)]
pub(super) struct Today<'a> {
    pub(super) date: NaiveDate,
    /// Local hour: in the small hours "tomorrow" may be the day that has begun.
    pub(super) hour: u32,
    /// `5/6` is the 6th of May.
    pub(super) month_first: bool,
    /// Country of the business: feasts differ.
    pub(super) country: &'a str,
    /// Language of the message.
    pub(super) lang: Lang,
    /// Where the ways of that language stand.
    pub(super) lexicon: &'a Lexicon,
}

impl Today<'_> {
    /// Whether the language does a thing its own way.
    pub(super) fn rule(&self, rule: Rule) -> bool {
        self.lexicon.rule(self.lang, rule)
    }
}

/// A day or days named in a message.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    /// First item.
    pub(super) start: usize,
    /// First item after it.
    pub(super) end: usize,
    /// Readings, the likeliest first; never empty.
    pub(super) readings: Vec<DateRange>,
    /// Explicitly unwanted.
    pub(super) unwanted: bool,
    /// Where an existing booking stands.
    pub(super) old: bool,
    /// Told beside the wish, or taken back.
    pub(super) aside: bool,
    /// A weekday (1 is Monday) of whichever week: nothing else was said of it.
    pub(super) weekday: Option<u8>,
    /// Of "from A to B": what B says alone, for who moves a booking.
    pub(super) target: Option<Vec<DateRange>>,
    /// Written in numbers only (`3/5`), which may be a rating.
    pub(super) numeric: bool,
}

impl Mention {
    /// A day said plainly; what part it plays is found out later.
    pub(super) const fn of(start: usize, end: usize, readings: Vec<DateRange>) -> Self {
        Self {
            start,
            end,
            readings,
            unwanted: false,
            old: false,
            aside: false,
            weekday: None,
            target: None,
            numeric: false,
        }
    }
}

/// A day as named, before it is joined with others.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    pub(super) end: usize,
    pub(super) readings: Vec<DateRange>,
    /// A day of the month whose month was not said.
    pub(super) bare: Option<u32>,
    /// The month that was said.
    pub(super) month: Option<u32>,
    pub(super) weekday: bool,
    /// A day of the month marked as such ("dia 5", "the 5th").
    pub(super) marked: bool,
    pub(super) numeric: bool,
}

impl Atom {
    pub(super) fn of(end: usize, readings: Vec<DateRange>) -> Option<Self> {
        (!readings.is_empty()).then_some(Self {
            end,
            readings,
            bare: None,
            month: None,
            weekday: false,
            marked: false,
            numeric: false,
        })
    }

    pub(super) fn first(&self) -> Option<DateRange> {
        self.readings.first().copied()
    }
}

/// Finds every mention; items that belong to one are marked as used.
pub(super) fn find(items: &mut Items<'_>, today: Today<'_>) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let mut at = 0;
    while at < items.len() {
        let parser = Parser { items, today };
        let before = mentions.last().and_then(|mention| mention.readings.first()).map(|range| range.to);
        let named =
            parser.week_after(at, before).or_else(|| parser.mention(at)).or_else(|| parser.day_after(at, before));
        // "not this Friday, the next one"
        let next = if named.is_none() { parser.next_one(at, mentions.last()) } else { None };
        if next.is_some()
            && let Some(before) = mentions.last_mut()
            && (before.end..at).any(|at| items.has(at, &Tag::Except) || items.has(at, &Tag::NotAfter))
        {
            before.unwanted = true;
        }
        let Some(mut mention) = named.or(next) else {
            at += 1;
            continue;
        };
        let parser = Parser { items, today };
        mention.unwanted = parser.unwanted(mention.start, mention.end);
        // "any day but Monday next week": the week is not refused.
        let week = (mention.start + 1..mention.end).find(|at| parser.items.week(*at).is_some());
        if let Some(week) = week.filter(|_| mention.unwanted) {
            mention.end = week;
        }
        // "next week, Wednesday aside"
        if mention.unwanted
            && (mention.start + 1..mention.end).any(|at| parser.items.weekday(at).is_some())
            && !parser.refused_before(mention.start)
            && let Some(range) = items.week(mention.start).and_then(|week| calendar::week(today.date, week))
        {
            mention.readings = vec![range];
            mention.unwanted = false;
        }
        mention.old = parser.old(mention.start);
        at = mention.end.max(at + 1);
        items.take(mention.start, mention.end);
        mentions.push(mention);
    }
    mentions
}

pub(super) struct Parser<'a, 'b> {
    pub(super) items: &'a Items<'b>,
    pub(super) today: Today<'a>,
}

impl Parser<'_, '_> {
    fn mention(&self, at: usize) -> Option<Mention> {
        if let Some(range) = self.range(at) {
            return Some(range);
        }
        let first = self.atom(at, false)?;
        let mut readings = first.readings.clone();
        let mut end = first.end;
        // "Monday or Tuesday", "9 e 10 de maio".
        if let Some((joined, next)) = self.joined(&first).or_else(|| self.listed(&first)) {
            readings = joined;
            end = next;
        }
        let weekday = self.items.weekday(at).filter(|_| first.weekday && end == at + 1);
        Some(Mention { weekday, numeric: first.numeric, ..Mention::of(at, end, readings) })
    }

    /// "entre 10 e 14 de agosto", "from Monday to Wednesday", "10-14 августа".
    fn range(&self, at: usize) -> Option<Mention> {
        let items = self.items;
        let between = items.has(at, &Tag::Between);
        let from = items.has(at, &Tag::From) || items.has(at, &Tag::After);
        let mut here = if between || from { at + 1 } else { at };
        if between || from {
            here = self.skip_marks(here);
        }
        let mut first = self.atom(here, true)?;
        first.marked |= first.bare.is_some() && from && items.has(at, &Tag::DayMark);
        let mut next = first.end;
        let dash = items.sep(next) == '-';
        // "le 24 et le 31" are two days.
        let both = self.is_and(next) && first.marked && !from;
        let linked = if between { self.is_and(next) || self.is_to(next) } else { self.is_to(next) && !both }
            && !matches!(items.sep(next), ',' | '.' | ';' | '?' | '!');
        // "с 20 по 24", "do dia 21 pro 22": hours are joined by other words.
        let hours = items.has(next, &Tag::At) || items.has(next, &Tag::Before);
        // "dia 20 até 25"
        let beyond = items.digits(next + 1) > 0 && items.number(next + 1).is_some_and(|n| n > 24);
        let days = linked && (items.has(next, &Tag::Through) || first.marked && (!hours || beyond));
        let mark = linked && (items.has(next, &Tag::DayMark) || days);
        // "which days between 20 and 24"
        let told = (1..=2).any(|back| at.checked_sub(back).is_some_and(|at| items.unit(at) == Some(Unit::Day)));
        first.marked |= first.bare.is_some() && (between || from) && told;
        if linked {
            next += 1;
        } else if !dash {
            return None;
        }
        next = self.skip_marks(next);
        let mut second = self.atom(next, true)?;
        second.marked |= second.bare.is_some() && mark;
        let (from_day, to_day) =
            self.ends(&first, &second, between || from || dash, linked && !self.clock_like(next))?;
        if to_day < from_day || (to_day - from_day).num_days() > 62 {
            return None;
        }
        let target = (!between && !dash).then(|| second.readings.clone());
        let readings = vec![DateRange { from: from_day, to: to_day }];
        Some(Mention { target, ..Mention::of(at, second.end, readings) })
    }

    /// First and last day of a range whose ends complete each other.
    fn ends(&self, first: &Atom, second: &Atom, prefixed: bool, linked: bool) -> Option<(NaiveDate, NaiveDate)> {
        match (first.bare, second.bare) {
            // The month is said once, at the end.
            (Some(day), None) if second.month.is_some() => {
                let last = second.first()?.to;
                let from = NaiveDate::from_ymd_opt(last.year(), last.month(), day)
                    .filter(|from| *from <= last)
                    .or_else(|| calendar::day_before(last, day))?;
                Some((from, last))
            }
            // Neither has a month: only what is marked as days ("between the 10th and the 12th").
            (Some(_), Some(day)) if prefixed && (first.marked || second.marked) || first.marked && second.marked => {
                let from = first.first()?.from;
                Some((from, calendar::next_day_of_month(from, day)?))
            }
            (None, Some(day))
                if first.month.is_some()
                    && (prefixed || (day > 12 || linked) && self.today.rule(Rule::MonthBeforeDay)) =>
            {
                let from = first.first()?.from;
                Some((from, calendar::next_day_of_month(from, day)?))
            }
            (None, None) => {
                let from = first.first()?.from;
                let mut to = second.first()?.to;
                if second.weekday && to < from {
                    to = second.readings.iter().map(|r| r.to).find(|to| *to >= from).unwrap_or(to);
                    while to < from {
                        to = to.checked_add_days(chrono::Days::new(7))?;
                    }
                }
                Some((from, to))
            }
            _ => None,
        }
    }

    fn joined(&self, first: &Atom) -> Option<(Vec<DateRange>, usize)> {
        let items = self.items;
        let or = items.has(first.end, &Tag::Or);
        let and = items.has(first.end, &Tag::And);
        if !or && !and {
            return None;
        }
        let next = self.skip_marks(first.end + 1);
        let second = self.atom(next, first.marked)?;
        let (mut a, b) = (first.first()?, second.first()?);
        // "le 24 et le 31 décembre": the month is said once.
        if let (Some(day), Some(_)) = (first.bare, second.month) {
            a = b.from.with_day(day).filter(|a| *a < b.from).map_or(a, DateRange::day);
        }
        if first.weekday != second.weekday && and {
            return None;
        }
        let mut readings = Vec::new();
        if a.to.succ_opt() == Some(b.from) {
            readings.push(DateRange { from: a.from, to: b.to });
        }
        readings.extend([a, b]);
        Some((readings, second.end))
    }

    pub(super) fn skip_marks(&self, at: usize) -> usize {
        let mut here = at;
        while here < at + 2
            && (self.items.plain(here) && (1..=3).contains(&self.items.letters(here)) || self.article(here))
            && self.date_follows(here + 1)
        {
            here += 1;
        }
        here
    }

    /// A small word before a day that is no day itself: "o" of "entre o dia 3".
    pub(super) fn article(&self, at: usize) -> bool {
        let items = self.items;
        let small = [Tag::At, Tag::Of, Tag::From, Tag::OrdSuffix].iter().any(|tag| items.has(at, tag));
        let mark = items.has(at, &Tag::DayMark);
        (small && !mark || mark && items.weekday(at + 1).is_some()) && items.number(at).is_none()
    }

    fn date_follows(&self, at: usize) -> bool {
        self.items.weekday(at).is_some() || self.items.number(at).is_some() || self.items.has(at, &Tag::DayMark)
    }

    fn is_to(&self, at: usize) -> bool {
        self.items.has(at, &Tag::To)
    }

    fn is_and(&self, at: usize) -> bool {
        self.items.has(at, &Tag::And)
    }

    /// One day or span of days. With `bare`, a number alone may be a day of the month.
    pub(super) fn atom(&self, at: usize, bare: bool) -> Option<Atom> {
        let items = self.items;
        if items.used(at) || items.has(at, &Tag::Noise) {
            return None;
        }
        if let Some(atom) = self.period(at) {
            return Some(atom);
        }
        if let Some(atom) = self.weekday(at) {
            return Some(atom);
        }
        if let Some(atom) = self.day_of_month(at, bare) {
            return Some(atom);
        }
        if let Some(days) = items.day(at)
            && !(items.has(at, &Tag::Prev) && items.unit(at.wrapping_sub(1)).is_some())
        {
            // "hoy en ocho", "amanhã a oito"
            if let Some(weeks) = items.later(at + 1).filter(|_| days >= 0) {
                return Atom::of(at + 2, vec![DateRange::day(calendar::plus(self.today.date, days + 7 * weeks)?)]);
            }
            return Atom::of(at + 1, self.relative(days));
        }
        if let Some(week) = items.week(at) {
            return Atom::of(at + 1, vec![calendar::week(self.today.date, week)?]);
        }
        if let Some(weekend) = items.weekend(at) {
            return Atom::of(at + 1, calendar::weekend(self.today.date, weekend));
        }
        if (items.has(at, &Tag::Next) || items.has(at, &Tag::This))
            && let Some(weekend) = items.weekend(at + 1)
        {
            let more = i64::from(items.has(at, &Tag::Next) && weekend == 0);
            return Atom::of(at + 2, calendar::weekend(self.today.date, weekend.max(more)));
        }
        if let Some(month) = items.month_range(at) {
            return Atom::of(at + 1, vec![calendar::month(self.today.date, month)?]);
        }
        // "en quince días" by itself
        if let Some(weeks) = items.later(at).filter(|_| items.get(at).is_some_and(|item| item.end - item.start > 1)) {
            return Atom::of(at + 1, self.away(Unit::Day, 7 * weeks + 1)?);
        }
        if let Some(feast) = items.feast(at, self.today.country) {
            return Atom::of(at + 1, vec![DateRange::day(calendar::feast(self.today.date, feast)?)]);
        }
        if let Some(atom) = self.span(at) {
            return Some(atom);
        }
        self.month_alone(at)
    }

    fn relative(&self, days: i64) -> Vec<DateRange> {
        let day = |offset: i64| calendar::plus(self.today.date, offset).map(DateRange::day);
        let mut readings: Vec<DateRange> = day(days).into_iter().collect();
        // At two in the morning "tomorrow" may be the day after the night.
        if self.today.hour < 4 && days == 1 {
            readings.extend(day(0));
        }
        readings
    }

    /// A weekday with what stands around it.
    fn weekday(&self, at: usize) -> Option<Atom> {
        let items = self.items;
        let today = self.today.date;
        // "next week on Wednesday"
        if let Some(week) = items.week(at) {
            for gap in 0..=2 {
                let here = at + 1 + gap;
                if matches!(items.sep(here), '?' | '!' | '.' | ';') {
                    break;
                }
                if let Some(day) = items.weekday(here) {
                    let date = calendar::weekday_of_week(today, day, week)?;
                    let mut atom = Atom::of(here + 1, vec![DateRange::day(date)])?;
                    atom.weekday = true;
                    return Some(atom);
                }
                if !items.plain(here) && !items.has(here, &Tag::At) && !items.has(here, &Tag::DayMark) {
                    break;
                }
            }
            return None;
        }
        let mut here = at;
        let mut next = false;
        let mut prev = false;
        if items.weekday(here).is_none() {
            next = items.has(here, &Tag::Next);
            prev = items.has(here, &Tag::Prev);
            let this = items.has(here, &Tag::This);
            if !next && !prev && !this {
                return None;
            }
            here += 1;
            if items.has(here, &Tag::This) && items.weekday(here).is_none() {
                here += 1;
            }
        }
        let day = items.weekday(here)?;
        here += 1;
        // "que vem", "prochain", "passado"; not over a comma.
        if items.sep(here) != ',' {
            if items.has(here, &Tag::Next) && items.weekday(here + 1).is_none() && items.week(here).is_none() {
                next = true;
                here += 1;
            } else if items.has(here, &Tag::Prev) && items.weekday(here + 1).is_none() && !self.hour(here + 1) {
                prev = true;
                here += 1;
            } else if items.has(here, &Tag::This) && items.weekday(here + 1).is_none() && items.unit(here + 1).is_none()
            {
                here += 1;
            }
        }
        if prev {
            let date = calendar::previous_weekday(today, day)?;
            return self.weekday_atom(here, vec![DateRange::day(date)]);
        }
        if let Some(weeks) = items.later(here) {
            let date = calendar::plus(calendar::next_weekday(today, day)?, 7 * weeks)?;
            return self.weekday_atom(here + 1, vec![DateRange::day(date)]);
        }
        // "Thursday, New Year's Eve": the day that both name.
        if let Some(date) = items.feast(here, self.today.country).and_then(|feast| calendar::feast(today, feast))
            && u32::from(day) == date.weekday().number_from_monday()
        {
            return Atom::of(here + 1, vec![DateRange::day(date)]);
        }
        // "в пятницу через неделю", "Friday in two weeks"
        if items.has(here, &Tag::In) {
            let count = items.number(here + 1);
            let unit = here + 1 + usize::from(count.is_some());
            let weeks = i64::from(count.unwrap_or(1));
            if items.unit(unit) == Some(Unit::Week) && weeks <= 52 {
                let date = calendar::plus(calendar::next_weekday(today, day)?, 7 * weeks)?;
                return self.weekday_atom(unit + 1, vec![DateRange::day(date)]);
            }
        }
        // "quarta da semana que vem", "mercredi de la semaine prochaine", "Wednesday next week"
        for skip in 0..=2 {
            if let Some(week) = items.week(here + skip) {
                let date = calendar::weekday_of_week(today, day, week)?;
                return self.weekday_atom(here + skip + 1, vec![DateRange::day(date)]);
            }
            let link = here + skip;
            // "from Friday to next week" goes there, it is no Friday of that week.
            if self.is_to(link) && !items.has(link, &Tag::Of) {
                break;
            }
            if !(items.has(link, &Tag::Of) || items.has(link, &Tag::At) || items.plain(link)) || items.sep(link) != ' '
            {
                break;
            }
        }
        // "the Monday after Thanksgiving", "the Saturday before Christmas"
        let (after, before) = (items.has(here, &Tag::After), items.has(here, &Tag::Before));
        if (after != before)
            && !items.has(here, &Tag::From)
            && items.sep(here) == ' '
            && let Some(other) = (here + 1..=here + 2)
                .find_map(|at| self.feast_or_date(at))
                .filter(|atom| !atom.weekday && atom.readings.len() == 1)
            && let Some(range) = other.readings.first().filter(|range| range.from == range.to)
        {
            let date = if after {
                calendar::next_weekday(range.from, day)?
            } else {
                calendar::previous_weekday(range.from, day)?
            };
            let date = if before && date.weekday() == range.from.weekday() { calendar::plus(date, 7)? } else { date };
            return self.weekday_atom(other.end, vec![DateRange::day(date)]);
        }
        // "Wed the 18th", "quinta dia 12", "Friday 13 March"
        if let Some(dated) = self.day_of_month(here, false) {
            return Some(dated);
        }
        if let Some(number) = items.number(here).filter(|_| items.digits(here) > 0 && !items.tight(here + 1))
            && let Some(date) = calendar::next_day_of_month(today, number)
            && u32::from(day) == date.weekday().number_from_monday()
            && !self.clock_like(here)
            // "segunda 6 da tarde" is six o'clock.
            && !(number <= 12 && items.part(here + 1).is_some() && items.sep(here + 1) == ' ')
        {
            return Atom::of(here + 1, vec![DateRange::day(date)]);
        }
        let soonest = calendar::next_weekday(today, day)?;
        let readings = if next {
            let following = calendar::weekday_of_week(today, day, 1)?;
            if following == soonest { vec![soonest] } else { vec![soonest, following] }
        } else if u32::from(day) == today.weekday().number_from_monday() {
            vec![today, soonest]
        } else {
            vec![soonest]
        };
        self.weekday_atom(here, readings.into_iter().map(DateRange::day).collect())
    }

    /// Begins a time: "vendredi passé 16h".
    fn hour(&self, at: usize) -> bool {
        self.items.number(at).is_some() || self.items.clock(at).is_some()
    }

    /// A day that a weekday may be counted from.
    fn feast_or_date(&self, at: usize) -> Option<Atom> {
        if let Some(feast) = self.items.feast(at, self.today.country) {
            return Atom::of(at + 1, vec![DateRange::day(calendar::feast(self.today.date, feast)?)]);
        }
        self.day_of_month(at, false)
    }

    pub(super) fn weekday_atom(&self, end: usize, readings: Vec<DateRange>) -> Option<Atom> {
        let mut atom = Atom::of(end, readings)?;
        atom.weekday = true;
        Some(atom)
    }

    fn unwanted(&self, start: usize, end: usize) -> bool {
        let items = self.items;
        self.refused_before(start) || items.after(end, 1, |at| items.has(at, &Tag::NotAfter))
    }

    fn refused_before(&self, start: usize) -> bool {
        let items = self.items;
        items.before(start, 2, |at| items.has(at, &Tag::Except) && self.reaches(at, start))
    }

    /// "9 instead of 10 on Monday": an hour between them is what is meant.
    fn reaches(&self, from: usize, to: usize) -> bool {
        let items = self.items;
        let either = items.has(from, &Tag::Old) && items.has(from, &Tag::Except);
        !(either && (from + 1..to).any(|at| items.number(at).is_some()))
    }

    fn old(&self, start: usize) -> bool {
        let items = self.items;
        items.before(start, 2, |at| items.has(at, &Tag::Old) && self.reaches(at, start))
            || (start > 0
                && items.has(start - 1, &Tag::From)
                // "any day of next week" is no appointment of next week.
                && !(start > 1 && items.unit(start - 2) == Some(Unit::Day)))
            || items.has(start, &Tag::From)
    }
}
