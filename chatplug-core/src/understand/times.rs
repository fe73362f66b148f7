//! The times of day a message names: one grammar for all languages over the items that no date has taken.
//!
//! Which of several mentions counts depends on the intent and is decided by the engine.

use super::{
    dates::Today,
    items::Items,
    lexicon::{Part, Tag, Unit},
    tags::Rule,
};
use crate::ports::TimeReading;
use chrono::{NaiveTime, Timelike};

/// How a mention was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A time on the clock.
    At,
    /// Not before.
    After,
    /// Not after.
    Before,
    /// Between two times.
    Between,
    /// A part of the day.
    Part(Part),
}

/// A time named in a message.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    /// First item.
    pub(super) start: usize,
    /// First item after it.
    pub(super) end: usize,
    pub(super) shape: Shape,
    pub(super) reading: TimeReading,
    /// A bare number that only its preposition makes a time.
    pub(super) weak: bool,
    /// Where an existing booking stands.
    pub(super) old: bool,
    /// Of "from 2 to 4" the second time, for who moves a booking.
    pub(super) target: Option<NaiveTime>,
    /// Counted from now ("in 15 minutes").
    pub(super) relative: bool,
}

/// Minutes since midnight as said, before morning or afternoon is known.
#[derive(Debug, Clone, Copy)]
struct Clock {
    end: usize,
    hour: u32,
    minute: u32,
    /// Morning or afternoon is settled (24-hour reading, am/pm, part of the day).
    settled: bool,
    /// Can be nothing but a time.
    strong: bool,
}

/// Finds every mention, in order. `now` is the local time of day, for "in an hour".
pub(super) fn find(items: &Items<'_>, today: Today<'_>, now: NaiveTime) -> Vec<Mention> {
    let parser = Parser { items, today, day_part: day_part(items) };
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < items.len() {
        match parser.mention(at, now) {
            Some(mention) => {
                at = mention.end.max(at + 1);
                mentions.push(mention);
            }
            None => at += 1,
        }
    }
    mentions
}

/// The only part of the day named anywhere: it settles which three o'clock is meant.
fn day_part(items: &Items<'_>) -> Option<Part> {
    let mut parts = (0..items.len()).filter_map(|at| items.part(at));
    let first = parts.next()?;
    parts.all(|part| part == first).then_some(first)
}

/// The hours of a part of the day.
pub(super) fn hours(part: Part) -> TimeReading {
    let (from, to) = match part {
        Part::Dawn => (0, 6),
        Part::Morning => (6, 12),
        Part::Lunch => (12, 14),
        Part::Afternoon => (12, 18),
        Part::Evening => (18, 22),
    };
    TimeReading::Between { from: NaiveTime::from_hms_opt(from, 0, 0), to: NaiveTime::from_hms_opt(to, 0, 0) }
}

struct Parser<'a, 'b> {
    items: &'a Items<'b>,
    today: Today<'a>,
    day_part: Option<Part>,
}

impl Parser<'_, '_> {
    fn mention(&self, at: usize, now: NaiveTime) -> Option<Mention> {
        let items = self.items;
        if items.used(at) && !(items.part(at).is_some() && items.day(at).is_some()) || items.has(at, &Tag::Noise) {
            return None;
        }
        if let Some(mention) = self.relative(at, now).or_else(|| self.between(at)).or_else(|| self.bounded(at)) {
            return Some(mention);
        }
        // "às 15h", "at 3", "в 14"; a strong time needs no preposition.
        let prefixed = items.has(at, &Tag::At) || items.has(at, &Tag::Around) || items.has(at, &Tag::To);
        let minutes_before = at > 0 && items.unit(at - 1) == Some(Unit::Minute);
        if prefixed && !items.used(at) && !minutes_before {
            let mut here = at + 1;
            if items.has(here, &Tag::At) || items.has(here, &Tag::Around) {
                here += 1;
            }
            if let Some(clock) = self.clock(here) {
                let weak = !clock.strong;
                if !weak || self.stands_alone(clock.end) {
                    return self.exact(at, clock, weak);
                }
            }
        }
        if let Some(clock) = self.clock(at)
            && (clock.strong || self.after_a_day(at, clock))
        {
            let weak = !clock.strong;
            return self.exact(at, clock, weak);
        }
        if let Some(hour) = items.opens_at(at) {
            return self.make(at, at + 1, Shape::After, time(u32::from(hour), 0), None, false);
        }
        if let Some(hour) = items.closes_at(at) {
            return self.make(at, at + 1, Shape::Before, None, time(u32::from(hour), 0), false);
        }
        let part = items.part(at)?;
        Some(Mention {
            start: at,
            end: at + 1,
            shape: Shape::Part(part),
            reading: hours(part),
            weak: false,
            old: false,
            target: None,
            relative: false,
        })
    }

    /// "in an hour", "через 2 часа", "daqui a meia hora".
    fn relative(&self, at: usize, now: NaiveTime) -> Option<Mention> {
        let items = self.items;
        if !items.has(at, &Tag::In) {
            return None;
        }
        let mut here = at + 1;
        let half = items.has(here, &Tag::Half) || items.has(here, &Tag::HalfTo);
        let count = items.number(here);
        let only_unit = matches!(items.unit(here), Some(Unit::Hour)) && items.digits(here) == 0;
        if (half && items.unit(here).is_none() || count.is_some()) && !(only_unit && items.unit(here + 1).is_none()) {
            here += 1;
        }
        let minutes = match items.unit(here)? {
            Unit::Hour if half => 30,
            Unit::Hour => count.unwrap_or(1).checked_mul(60)?,
            Unit::Minute => count?,
            _ => return None,
        };
        let total = now.hour() * 60 + now.minute() + minutes;
        let reading = time(total / 60, total % 60)?;
        let mut mention = self.make(at, here + 1, Shape::At, Some(reading), None, false)?;
        mention.relative = true;
        Some(mention)
    }

    /// "entre 9 e 11", "from 6 to 8", "14h-16h", "с 10 до 12".
    fn between(&self, at: usize) -> Option<Mention> {
        let items = self.items;
        let between = items.has(at, &Tag::Between);
        let from = items.has(at, &Tag::From) || items.has(at, &Tag::After);
        let here = if between || from { at + 1 } else { at };
        let here = if (between || from) && items.has(here, &Tag::At) { here + 1 } else { here };
        let first = self.hour_only(here, between).or_else(|| self.clock(here))?;
        let mut next = first.end;
        let dash = items.sep(next) == '-';
        let linked =
            (between && (items.has(next, &Tag::And) || items.has(next, &Tag::To))) || items.has(next, &Tag::To);
        if linked {
            next += 1;
            if items.has(next, &Tag::At) && items.number(next).is_none() {
                next += 1;
            }
        } else if !dash {
            return None;
        }
        let second = self.clock(next)?;
        // "10-12" and "4 to 6" are times only where something says so.
        let told = between || first.strong || second.strong || from && linked;
        if !(told || dash && self.stands_alone(second.end)) {
            return None;
        }
        let to = self.settle(second);
        let mut start =
            Clock { settled: first.settled || second.settled && second.hour >= 12 && first.hour < 8, ..first };
        // "9 às 11 da manhã": what settles the second settles the first.
        if second.settled && !first.settled && second.hour > 12 && first.hour < 12 && first.hour + 12 <= second.hour {
            start.hour += 12;
            start.settled = true;
        }
        let from_time = self.settle(start)?;
        let to = to?;
        let mut mention = self.make(at, second.end, Shape::Between, Some(from_time), Some(to), false)?;
        if !between && !dash {
            mention.target = Some(to);
        }
        if to < from_time && mention.target.is_none() {
            return None;
        }
        Some(mention)
    }

    /// "depois das 15h", "before noon", "до 11 утра", "18h ou mais tarde".
    fn bounded(&self, at: usize) -> Option<Mention> {
        let items = self.items;
        let after = items.has(at, &Tag::After);
        let before = items.has(at, &Tag::Before);
        if !after && !before {
            return None;
        }
        let mut here = at + 1;
        if (items.has(here, &Tag::At) || items.has(here, &Tag::Around) || items.has(here, &Tag::To))
            && items.number(here).is_none()
        {
            here += 1;
        }
        let clock = self.clock(here)?;
        // "с 3", "from 3": in a change of plan the old time; "by 5", "to 5".
        if !clock.strong && !self.stands_alone(clock.end) {
            return None;
        }
        let reading = self.settle(clock);
        let old = items.has(at, &Tag::From);
        let mut mention = if after {
            self.make(at, clock.end, Shape::After, reading, None, !clock.strong)?
        } else {
            self.make(at, clock.end, Shape::Before, None, reading, !clock.strong)?
        };
        mention.old |= old;
        Some(mention)
    }

    fn exact(&self, start: usize, clock: Clock, weak: bool) -> Option<Mention> {
        let items = self.items;
        let reading = self.settle(clock)?;
        // "as duas na quinta de manhã" are the two of us.
        if weak && self.day_part == Some(Part::Morning) && reading.hour() >= 13 {
            return None;
        }
        let later = items.has(clock.end, &Tag::OrLater);
        let mut mention = if later {
            self.make(start, clock.end + 1, Shape::After, Some(reading), None, weak)?
        } else {
            self.make(start, clock.end, Shape::At, Some(reading), None, weak)?
        };
        let from = |at: usize| items.has(at, &Tag::From) && !items.used(at);
        let own_from = from(start) && !items.has(start, &Tag::To);
        mention.old = (own_from || start > 0 && from(start - 1) && !items.has(start - 1, &Tag::To))
            || items.before(start, 1, |at| items.has(at, &Tag::Old));
        Some(mention)
    }

    fn make(
        &self,
        start: usize,
        end: usize,
        shape: Shape,
        from: Option<NaiveTime>,
        to: Option<NaiveTime>,
        weak: bool,
    ) -> Option<Mention> {
        let reading = match shape {
            Shape::At => TimeReading::At(from?),
            _ => {
                from.or(to)?;
                TimeReading::Between { from, to }
            }
        };
        let items = self.items;
        let old = items.before(start, 1, |at| items.has(at, &Tag::Old));
        Some(Mention { start, end, shape, reading, weak, old, target: None, relative: false })
    }

    /// Morning or afternoon, settled by what was said or by the rule: 1 to 7 are the afternoon.
    fn settle(&self, clock: Clock) -> Option<NaiveTime> {
        let hour = if clock.settled || clock.hour > 12 || clock.hour == 0 {
            clock.hour
        } else {
            match self.day_part {
                Some(Part::Morning) if clock.hour <= 12 && clock.hour >= 6 => clock.hour,
                Some(Part::Dawn) => clock.hour % 12,
                Some(Part::Evening) if (5..12).contains(&clock.hour) => clock.hour + 12,
                Some(Part::Afternoon) if clock.hour < 9 => clock.hour + 12,
                _ if clock.hour <= 7 => clock.hour + 12,
                _ => clock.hour,
            }
        };
        time(hour, clock.minute)
    }

    /// A time on the clock with what settles it.
    fn clock(&self, at: usize) -> Option<Clock> {
        let mut clock = self.face(at)?;
        if clock.hour > 24 || clock.minute > 59 || (clock.hour == 24 && clock.minute > 0) {
            return None;
        }
        clock.hour %= 24;
        let items = self.items;
        // "three in the afternoon", "8 da manhã", "6 вечера", "3 pm", "five ish"
        let mut end = clock.end;
        if items.has(end, &Tag::Ish) && items.number(end).is_none() && items.part(end).is_none() {
            clock.strong = true;
            end += 1;
            clock.end = end;
        }
        for skip in 0..=1 {
            let here = end + skip;
            if skip == 1 && !(items.has(end, &Tag::Of) || items.has(end, &Tag::At) || items.has(end, &Tag::In)) {
                break;
            }
            let am = items.has(here, &Tag::Am);
            let pm = items.has(here, &Tag::Pm);
            let part = items.part(here).filter(|_| !matches!(items.sep(here), ',' | '.' | ';' | '?' | '!'));
            if !am && !pm && part.is_none() {
                continue;
            }
            clock.settled = true;
            clock.strong = true;
            clock.end = here + 1;
            let morning = am && part.is_none_or(|part| matches!(part, Part::Morning | Part::Dawn));
            clock.hour = match (morning, part) {
                (true, _) => clock.hour % 12 + if clock.hour > 12 { 12 } else { 0 },
                (false, Some(Part::Dawn)) => clock.hour % 12,
                (false, Some(Part::Evening)) if clock.hour == 12 => 0,
                (false, Some(Part::Morning)) => clock.hour,
                (false, Some(Part::Lunch)) if clock.hour < 4 => clock.hour + 12,
                (false, _) if clock.hour < 12 => clock.hour + 12,
                (false, _) => clock.hour,
            };
            if morning && clock.hour == 0 && !self.today.rule(Rule::TwelveIsMidnight) && part == Some(Part::Morning) {
                clock.hour = 12;
            }
            break;
        }
        Some(clock)
    }

    /// Hours and minutes in one of the ways of saying them.
    fn face(&self, at: usize) -> Option<Clock> {
        let items = self.items;
        if items.used(at) {
            return None;
        }
        let made = |end: usize, hour: u32, minute: u32, settled: bool| {
            Some(Clock { end, hour, minute, settled, strong: true })
        };
        let small = |at: usize| items.number(at).filter(|n| *n <= 24 && items.digits(at) <= 2 && !items.used(at));
        if let Some((hour, minute)) = items.clock(at) {
            let (hour, minute) = (u32::from(hour), u32::from(minute));
            let settled = hour == 0 || hour == 12;
            if let Some((extra, end)) = self.fraction(at + 1) {
                return self
                    .moved(hour, extra, end, true)
                    .map(|clock| Clock { settled: settled && hour != 0, ..clock });
            }
            return made(at + 1, hour, minute, settled);
        }
        // "половина пятого", "пол 11": half an hour before.
        if items.has(at, &Tag::HalfTo)
            && let Some(hour) = items.ord(at + 1).or_else(|| small(at + 1)).filter(|hour| (1..=12).contains(hour))
        {
            return made(at + 2, if hour == 1 { 12 } else { hour - 1 }, 30, hour == 1);
        }
        // "half past four", "half four"
        if items.has(at, &Tag::Half) {
            let skip = usize::from(items.has(at + 1, &Tag::Past));
            let hour =
                small(at + 1 + skip).filter(|hour| (1..=12).contains(hour) && self.today.rule(Rule::HalfPast))?;
            return made(at + 2 + skip, hour, 30, false);
        }
        // "без четверти три", "без 15 6"
        if items.has(at, &Tag::Without) {
            let minutes = if items.has(at + 1, &Tag::Quarter) { Some(15) } else { small_minutes(items, at + 1) }?;
            let skip = usize::from(items.unit(at + 2) == Some(Unit::Minute));
            let hour = small(at + 2 + skip).filter(|hour| (1..=12).contains(hour))?;
            let hour_before = if hour == 1 { 12 } else { hour - 1 };
            let end = at + 3 + skip + usize::from(self.is_hour(at + 3 + skip));
            return made(end, hour_before, 60 - minutes, false).filter(|_| minutes < 60 && minutes > 0);
        }
        // "quarter past two", "quarter to six", "четверть пятого", "un cuarto para las tres"
        let quarter = items.has(at, &Tag::Quarter);
        let minutes = if quarter { Some(15) } else { small_minutes(items, at) };
        if let Some(minutes) = minutes.filter(|minutes| *minutes < 60) {
            let unit = usize::from(items.unit(at + 1) == Some(Unit::Minute));
            let next = at + 1 + unit;
            if (quarter || unit == 1)
                && let Some(hour) =
                    items.ord(next).filter(|hour| (1..=12).contains(hour) && self.today.rule(Rule::OrdinalHours))
            {
                return made(next + 1, if hour == 1 { 12 } else { hour - 1 }, minutes, hour == 1);
            }
            let noon = |at: usize| items.clock(at).map(|(hour, _)| u32::from(hour));
            let past = items.has(next, &Tag::Past) && (quarter || items.digits(at) == 0 || minutes > 12 || unit == 1);
            if past && let Some(hour) = small(next + 1).or_else(|| noon(next + 1)) {
                return made(next + 2, hour, minutes, false);
            }
            let to = items.has(next, &Tag::MinusTo)
                && (quarter || (minutes % 5 == 0 && minutes <= 30 && (items.digits(at) == 0 || minutes > 12)));
            let alone = at == 0 || !items.has(at - 1, &Tag::From);
            if to
                && alone
                && let Some(hour) = small(next + 1).or_else(|| noon(next + 1)).filter(|hour| (1..=24).contains(hour))
            {
                let before = if hour == 1 { 12 } else { hour - 1 };
                return made(next + 2, before, 60 - minutes, hour == 12 && before > 12);
            }
        }
        self.digital(at)
    }

    /// Numbers first: "15:30", "16h", "18h30", "three thirty", "cinco e meia", "once menos diez".
    fn digital(&self, at: usize) -> Option<Clock> {
        let items = self.items;
        let hour = items.number(at).filter(|n| *n <= 24 && items.digits(at) <= 2)?;
        let next = at + 1;
        let lead_zero = items.digits(at) == 2 && hour < 10;
        let made = |end: usize, minute: u32, strong: bool| {
            Some(Clock { end, hour, minute, settled: hour > 12 || hour == 0 || lead_zero, strong })
        };
        let two = |at: usize| items.number(at).filter(|n| items.digits(at) == 2 && *n < 60 && !items.used(at));
        // "15:30", "15.30"
        if matches!(items.sep(next), ':' | '.')
            && items.tight(next)
            && items.digits(at) > 0
            && let Some(minute) = two(next)
        {
            let end = next + 1 + usize::from(self.is_hour(next + 1) && items.number(next + 1).is_none());
            return made(end, minute, true);
        }
        // An hour unit: "16h", "16h30", "quatorze heures trente", "16 часов"
        if self.is_hour(next) && items.number(next).is_none_or(|_| items.digits(next) == 0) {
            let mut end = next + 1;
            if let Some(minute) = two(end).filter(|_| items.tight(end) && items.sep(end) == ' ') {
                return made(end + 1, minute, true);
            }
            if let Some((minute, after)) = self.fraction(end) {
                return self.moved(hour, minute, after, true);
            }
            if let Some(minute) = items.number(end).filter(|n| *n < 60 && *n >= 10 && !items.used(end)) {
                let unit = items.unit(end + 1);
                if items.sep(end) == ' ' && !matches!(unit, Some(Unit::Hour | Unit::Day)) {
                    end += 1 + usize::from(unit == Some(Unit::Minute));
                    return made(end, minute, true);
                }
            }
            return made(end, 0, true);
        }
        // Hours or minutes of waiting are no time.
        if items.unit(next).is_some() && items.number(next).is_none() && items.part(next).is_none() {
            return None;
        }
        if let Some((minute, end)) = self.fraction(next) {
            return self.moved(hour, minute, end, true);
        }
        // "three thirty", "двенадцать тридцать", "14 30"
        if let Some(minute) = items.number(next).filter(|n| (10..60).contains(n) && items.sep(next) == ' ')
            && (items.digits(at) == 0 && items.digits(next) == 0 || items.digits(next) == 2 && items.digits(at) > 0)
            && !items.used(next)
            && items.unit(next + 1).is_none()
            && items.month(next + 1).is_none()
        {
            let words = items.digits(at) == 0;
            if hour > 0 && (words || minute % 5 == 0) {
                return made(next + 1, minute, words && minute % 5 == 0);
            }
        }
        // "an", "uma" alone is an article.
        if items.digits(at) == 0 && hour == 1 && items.unit(at) != Some(Unit::Hour) {
            let told = items.part(next).is_some() || items.has(next, &Tag::Pm);
            return if told { made(next, 0, false) } else { None };
        }
        // 15% and 15€ are not times, nor is the head of a longer number.
        if items.tight(next)
            && items.get(next).is_some()
            && matches!(items.sep(next), '/' | ':' | '.' | '%')
            && items.digits(next) > 0
        {
            return None;
        }
        // "threeish"; "7 tomorrow evening"
        let told = items.digits(at) > 0 && hour <= 12 && items.day(next).is_some() && self.day_part.is_some();
        made(next, 0, items.has(at, &Tag::Ish) || told)
    }

    /// Minutes that count down to the hour come before it.
    fn moved(&self, hour: u32, minute: i32, end: usize, strong: bool) -> Option<Clock> {
        let (hour, minute) = if minute < 0 {
            (if hour == 1 { 12 } else { hour.checked_sub(1)? }, u32::try_from(60 + minute).ok()?)
        } else {
            (hour, u32::try_from(minute).ok()?)
        };
        Some(Clock { end, hour, minute, settled: hour > 12, strong })
    }

    /// What follows the hour: "e meia", "y cuarto", "et demie", "menos dez", "с половиной".
    fn fraction(&self, at: usize) -> Option<(i32, usize)> {
        let items = self.items;
        if matches!(items.sep(at), ',' | '.' | '?' | '!') {
            return None;
        }
        let and = items.has(at, &Tag::And);
        let minus = items.has(at, &Tag::Minus);
        let here = at + usize::from(and || minus);
        let direct_half = items.has(at, &Tag::Half) && !self.today.rule(Rule::HalfPast);
        if !and && !minus && !direct_half {
            return None;
        }
        let minutes: i32 = if items.has(here, &Tag::Half) && !self.today.rule(Rule::HalfPast) {
            // "e meia hora" is a duration, "y media mañana" a part.
            30
        } else if items.has(here, &Tag::Quarter) {
            15
        } else {
            let n = items.number(here).filter(|n| n % 5 == 0 && (5..60).contains(n) && !items.used(here))?;
            if !minus
                && (items.digits(here) > 0 || items.digits(at.wrapping_sub(1)) > 0)
                && !self.is_hour(at.wrapping_sub(1))
            {
                return None;
            }
            if self.is_hour(here + 1) || (!minus && !self.today.rule(Rule::AndMinutes)) {
                return None;
            }
            i32::try_from(n).ok()?
        };
        let signed = if minus { -minutes } else { minutes };
        Some((signed, here + 1))
    }

    /// The bare hour of "entre 9 e 11", where "9 e 11" is no nine eleven.
    fn hour_only(&self, at: usize, between: bool) -> Option<Clock> {
        let items = self.items;
        let hour = items.number(at).filter(|n| *n <= 24 && items.digits(at) <= 2 && !items.used(at))?;
        let plain = between && items.has(at + 1, &Tag::And) && items.number(at + 2).is_some();
        plain.then_some(Clock { end: at + 1, hour, minute: 0, settled: hour > 12, strong: false })
    }

    fn is_hour(&self, at: usize) -> bool {
        self.items.unit(at) == Some(Unit::Hour)
    }

    /// Nothing after the number makes it count something else ("for 2 people", "at 3 boys").
    fn stands_alone(&self, end: usize) -> bool {
        let items = self.items;
        // "for two" and "de duas" count people; "at two" and "às duas" do not.
        if end >= items.len() || matches!(items.sep(end), ',' | '.' | '?' | '!' | ';' | '(' | ')' | '-') {
            return true;
        }
        if items.unit(end).is_some() && items.number(end).is_none() {
            return false;
        }
        if items.month(end).is_some() || (items.has(end, &Tag::OrdSuffix) && items.tight(end)) {
            return false;
        }
        true
    }

    /// "amanhã 10", "sexta 15": a bare number right after a day.
    fn after_a_day(&self, at: usize, clock: Clock) -> bool {
        let items = self.items;
        at > 0
            && items.used(at - 1)
            && items.digits(at) > 0
            && (7..=21).contains(&clock.hour)
            && matches!(items.sep(at), ' ' | ',')
            && self.stands_alone(clock.end)
            && (items.weekday(at - 1).is_some() || items.day(at - 1).is_some())
            && !items.plain(clock.end)
    }
}

/// Minutes before or after an hour, in words or digits.
fn small_minutes(items: &Items<'_>, at: usize) -> Option<u32> {
    items.number(at).filter(|n| (1..60).contains(n) && items.digits(at) <= 2 && !items.used(at))
}

fn time(hour: u32, minute: u32) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(hour % 24, minute, 0).filter(|_| hour <= 24)
}
