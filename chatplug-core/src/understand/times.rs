//! The times of day a message names: one grammar for all languages over the items that no date has taken.
//!
//! Which of several mentions counts depends on the intent and is decided by the engine.

use super::{
    clock::Clock,
    dates::Today,
    items::Items,
    lexicon::{Part, Tag, Unit},
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
    /// "not at 3".
    pub(super) unwanted: bool,
    /// Told beside the wish, or taken back.
    pub(super) aside: bool,
    /// No hour was said: "after work".
    pub(super) vague: bool,
    /// Of "from 2 to 4" the second time, for who moves a booking.
    pub(super) target: Option<NaiveTime>,
    /// Counted from now ("in 15 minutes").
    pub(super) relative: bool,
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

pub(super) struct Parser<'a, 'b> {
    pub(super) items: &'a Items<'b>,
    pub(super) today: Today<'a>,
    pub(super) day_part: Option<Part>,
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
            let mention = self.make(at, at + 1, Shape::After, time(u32::from(hour), 0), None, false)?;
            return Some(Mention { vague: true, ..mention });
        }
        if let Some(hour) = items.closes_at(at) {
            let mention = self.make(at, at + 1, Shape::Before, None, time(u32::from(hour), 0), false)?;
            return Some(Mention { vague: true, ..mention });
        }
        // "Wednesday pm": no hour stands beside it.
        let told = items.has(at, &Tag::Pm) || items.has(at, &Tag::Am);
        if told && items.part(at).is_none() && at > 0 && items.used(at - 1) && items.number(at - 1).is_none() {
            let part = if items.has(at, &Tag::Pm) { Part::Afternoon } else { Part::Morning };
            let ends = at + 1 >= items.len() || items.sep(at + 1) != ' ' || !items.plain(at + 1);
            let day = items.weekday(at - 1).is_some() || items.day(at - 1).is_some();
            return (ends && day).then(|| self.part(at, part));
        }
        let part = items.part(at)?;
        Some(self.part(at, part))
    }

    fn part(&self, at: usize, part: Part) -> Mention {
        let items = self.items;
        Mention {
            start: at,
            end: at + 1,
            shape: Shape::Part(part),
            reading: hours(part),
            weak: false,
            old: items.before(at, 1, |at| items.has(at, &Tag::Old)),
            // "any time but the morning"
            unwanted: items.before(at, 0, |at| items.has(at, &Tag::Except)),
            aside: false,
            vague: false,
            target: None,
            relative: false,
        }
    }

    /// "in an hour", "через 2 часа", "daqui a meia hora".
    fn relative(&self, at: usize, now: NaiveTime) -> Option<Mention> {
        let items = self.items;
        // "часа через два"
        if items.unit(at) == Some(Unit::Hour)
            && items.has(at + 1, &Tag::In)
            && let Some(hours) = items.number(at + 2).filter(|hours| *hours <= 12)
        {
            let reading = time(now.hour() + hours, now.minute())?;
            let mut mention = self.make(at, at + 3, Shape::At, Some(reading), None, false)?;
            mention.relative = true;
            return Some(mention);
        }
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
        let dash = items.sep(next) == '-' || items.sep(next) == '/' && items.tight(next);
        // "das nove ao meio-dia"
        let noon = from && items.clock(next).is_some() && items.sep(next) == ' ';
        let linked =
            (between && (items.has(next, &Tag::And) || items.has(next, &Tag::To))) || items.has(next, &Tag::To);
        if linked {
            next += 1;
            if items.has(next, &Tag::At) && items.number(next).is_none() {
                next += 1;
            }
        } else if !(dash || noon) {
            return None;
        }
        let second = self.clock(next)?;
        // "10-12" and "4 to 6" are times only where something says so.
        let told = between
            || first.strong
            || second.strong
            || from && linked
            || linked && at > 0 && items.used(at - 1) && self.stands_alone(second.end);
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
        if to < from_time {
            // Backwards there is no range: "from 5 to 4" moves something.
            mention.target?;
            (mention.shape, mention.reading) = (Shape::At, TimeReading::At(to));
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
        // "que no sea antes de las 10" is from ten on.
        let refused = at > 0 && items.sep(at) == ' ' && items.has(at - 1, &Tag::Except) && after != before;
        let mut mention = if after != refused {
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
        // "las dos citas" are two.
        if weak && items.visit(clock.end) && items.digits(clock.end.saturating_sub(1)) == 0 {
            return None;
        }
        // "as duas na quinta de manhã" are the two of us.
        if weak && self.day_part == Some(Part::Morning) && reading.hour() >= 13 {
            return None;
        }
        let later = items.has(clock.end, &Tag::OrLater);
        // "half ten at the latest"
        let next = clock.end + 1;
        let latest = items.has(clock.end, &Tag::Before)
            && matches!(items.sep(clock.end), ' ' | ',')
            && (next >= items.len() || items.sep(next) != ' ');
        let mut mention = if latest {
            self.make(start, next, Shape::Before, None, Some(reading), weak)?
        } else if later {
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
        let refused = items.before(start, 1, |at| items.has(at, &Tag::Except))
            || items.after(end, 1, |at| items.has(at, &Tag::NotAfter));
        let unwanted = shape == Shape::At && refused;
        Some(Mention {
            start,
            end,
            shape,
            reading,
            weak,
            old,
            unwanted,
            aside: false,
            vague: false,
            target: None,
            relative: false,
        })
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

    /// Nothing after the number makes it count something else ("for 2 people", "at 3 boys").
    pub(super) fn stands_alone(&self, end: usize) -> bool {
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

fn time(hour: u32, minute: u32) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(hour % 24, minute, 0).filter(|_| hour <= 24)
}
