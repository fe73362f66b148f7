//! A time on the clock in any of its forms: `15:30`, `16h`, "half past four", "три сорок", "sete menos um quarto".

use super::{
    items::Items,
    lexicon::{Part, Tag, Unit},
    tags::Rule,
    times::Parser,
};

/// Minutes since midnight as said, before morning or afternoon is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) end: usize,
    pub(super) hour: u32,
    pub(super) minute: u32,
    /// Morning or afternoon is settled (24-hour reading, am/pm, part of the day).
    pub(super) settled: bool,
    /// Can be nothing but a time.
    pub(super) strong: bool,
}

impl Parser<'_, '_> {
    /// A time on the clock with what settles it.
    pub(super) fn clock(&self, at: usize) -> Option<Clock> {
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
            let am = items.has(here, &Tag::Am) || items.tight(here) && items.has(here, &Tag::ShortAm);
            let pm = items.has(here, &Tag::Pm) || items.tight(here) && items.has(here, &Tag::ShortPm);
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
        // "6 or later"
        clock.strong |= items.has(clock.end, &Tag::OrLater);
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
        self.compact(at).or_else(|| self.digital(at))
    }

    /// "at 730", "tonight 1830", "730pm": hour and minute without a mark between them.
    fn compact(&self, at: usize) -> Option<Clock> {
        let items = self.items;
        let n = items.number(at).filter(|_| matches!(items.digits(at), 3 | 4) && !items.used(at))?;
        let (hour, minute) = (n / 100, n % 100);
        if hour > 23 || minute > 59 || minute % 5 != 0 {
            return None;
        }
        let next = at + 1;
        let half = |tag: &Tag| items.has(next, tag);
        let told =
            half(&Tag::Am) || half(&Tag::Pm) || items.tight(next) && (half(&Tag::ShortAm) || half(&Tag::ShortPm));
        let alone = items.len() == 1;
        let prefixed = at > 0
            && [Tag::At, Tag::Around, Tag::After, Tag::Before, Tag::From, Tag::To, Tag::Between]
                .iter()
                .any(|tag| items.has(at - 1, tag));
        let after_day = at > 0 && items.used(at - 1);
        let four = items.digits(at) == 4;
        if !told {
            let fits = if four {
                alone || prefixed || after_day
            } else {
                self.today.rule(Rule::CompactTimes) && (prefixed || after_day)
            };
            let counts = items.get(next).is_some()
                && (items.plain(next) || items.unit(next).is_some() || items.number(next).is_some())
                && items.sep(next) == ' ';
            let mark = items.tight(next) && items.get(next).is_some() || items.month(next).is_some();
            if !fits || counts || mark || !four && minute == 0 || at > 0 && items.month(at - 1).is_some() {
                return None;
            }
        }
        let settled = hour > 12 || four && hour < 10;
        Some(Clock { end: next, hour, minute, settled, strong: true })
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
        // "15-30", which might be the hours from 11 to 15 too.
        if items.sep(next) == '-'
            && items.tight(next)
            && items.digits(at) > 0
            && self.today.rule(Rule::DashedTimes)
            && let Some(minute) = two(next).filter(|minute| minute % 5 == 0)
        {
            let at_hour = at > 0 && items.has(at - 1, &Tag::At) && !items.has(at - 1, &Tag::From);
            if minute == 0 || minute >= 25 || minute < hour || at_hour {
                return made(next + 1, minute, true);
            }
        }
        // "4 cm", "20 euros"
        if items.has(next, &Tag::Measure) {
            return None;
        }
        // "an hour" is a while.
        if items.digits(at) == 0 && hour == 1 && items.letters(at) <= 2 && self.is_hour(next) {
            return None;
        }
        // "two hours" are how long it takes.
        if self.today.rule(Rule::HoursAreWhiles)
            && self.is_hour(next)
            && items.letters(next) > 1
            && !items.has(next, &Tag::Ish)
        {
            return None;
        }
        // "un massage d'1h30"
        if items.sep(at) == '\'' && hour <= 3 && self.is_hour(next) {
            return None;
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
            let last = end + 1 >= items.len() || items.sep(end + 1) != ' ';
            let few = |n: u32| n >= 10 || n == 5 && last;
            if let Some(minute) = items.number(end).filter(|n| *n < 60 && few(*n) && !items.used(end)) {
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
        if let Some(minute) = items.number(next).filter(|n| {
            (10..60).contains(n) && (items.sep(next) == ' ' || items.sep(next) == '-' && items.digits(next) == 0)
        }) && (items.digits(at) == 0 && items.digits(next) == 0 || items.digits(next) == 2 && items.digits(at) > 0)
            && !items.used(next)
            && items.unit(next + 1).is_none()
            && items.month(next + 1).is_none()
        {
            let words = items.digits(at) == 0;
            if hour > 0 && (words || minute % 5 == 0) {
                let ends = next + 1 >= items.len() || items.sep(next + 1) != ' ';
                return made(next + 1, minute, (words || ends && hour >= 7) && minute % 5 == 0);
            }
        }
        // "an", "uma" alone is an article.
        if items.digits(at) == 0 && hour == 1 && items.unit(at) != Some(Unit::Hour) {
            // "une de l'après-midi" is a time, "un soir" is any.
            let part = items.part(next).is_some() && items.get(next).is_some_and(|item| item.end - item.start > 1);
            // "at one", "à uma" at the end of a clause
            let ends = next >= items.len() || matches!(items.sep(next), ',' | '.' | '?' | '!') || items.used(next);
            let led = at > 0
                && [Tag::At, Tag::After, Tag::Before, Tag::Around].iter().any(|tag| items.has(at - 1, tag))
                && items.letters(at) > 2
                && ends;
            let told = part || led || items.has(next, &Tag::Pm);
            return if told { made(next, 0, false) } else { None };
        }
        // 15% and 15€ are not times, nor is the head of a longer number.
        if items.tight(next)
            && items.get(next).is_some()
            && matches!(items.sep(next), '/' | ':' | '.' | '%')
            && items.digits(next) > 0
            && !(items.sep(next) == '/' && self.is_hour(next + 1))
        {
            return None;
        }
        // "threeish"; "7 tomorrow evening"
        let told =
            (items.digits(at) > 0 || hour >= 7) && hour <= 12 && items.day(next).is_some() && self.day_part.is_some();
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
        // "une demi-heure" is a while.
        if !and && !minus && self.is_hour(here + 1) && items.has(here, &Tag::Half) {
            return None;
        }
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
                // "às 15 e 30", "amanhã 9 e 15"
                && !(items.digits(here) == 2 && at > 1 && (items.has(at - 2, &Tag::At) || items.used(at - 2) || matches!(items.sep(at - 1), ',' | '.')))
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
    pub(super) fn hour_only(&self, at: usize, between: bool) -> Option<Clock> {
        let items = self.items;
        let hour = items.number(at).filter(|n| *n <= 24 && items.digits(at) <= 2 && !items.used(at))?;
        let plain = between && items.has(at + 1, &Tag::And) && items.number(at + 2).is_some();
        plain.then_some(Clock { end: at + 1, hour, minute: 0, settled: hour > 12, strong: false })
    }

    pub(super) fn is_hour(&self, at: usize) -> bool {
        self.items.unit(at) == Some(Unit::Hour)
    }
}

/// Minutes before or after an hour, in words or digits.
fn small_minutes(items: &Items<'_>, at: usize) -> Option<u32> {
    items.number(at).filter(|n| (1..60).contains(n) && items.digits(at) <= 2 && !items.used(at))
}
