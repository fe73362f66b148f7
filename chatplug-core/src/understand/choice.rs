//! Of what was found, what counts: which of several days and times, and what answers the open question.

use super::{
    calendar,
    dates::{self, Today},
    items::Items,
    lexicon::{Hit, Tag, Unit},
    people,
    services::Services,
    tags::cue,
    text::{Kind, Text},
    times::{self, Shape},
};
use crate::model::DateRange;
use crate::ports::{
    Context, DateMention, Intent, Interpretation, OpenQuestion, Ordinal, StaffMention, TimeMention, TimeReading,
};
use chrono::{Datelike, NaiveDate, NaiveTime};

/// Everything found in a message before it is weighed.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub(super) hits: Vec<Hit<'a>>,
    pub(super) items: Items<'a>,
    pub(super) dates: Vec<dates::Mention>,
    pub(super) times: Vec<times::Mention>,
    pub(super) staff: Option<StaffMention>,
    pub(super) people: people::People,
    pub(super) services: Services,
    /// The services without those that are kept, where some are.
    pub(super) unkept: Option<Services>,
    pub(super) today: Today<'a>,
}

impl Read<'_> {
    /// Names where a booking stands and where it might: "my 3 o'clock, could it be 4?"
    pub(super) fn moved(&self) -> bool {
        let clocks = || {
            let exact = |mention: &&times::Mention| !matches!(mention.shape, Shape::Part(_));
            self.times.iter().filter(exact).filter(|mention| !mention.relative && !mention.aside)
        };
        // A bare number is a time where another on the clock stands beside it.
        let strong = clocks().any(|mention| !mention.weak || mention.shape != Shape::At);
        let hours = |old: bool| clocks().any(|mention| mention.old == old && (!old || mention.shape == Shape::At));
        let days =
            |old: bool| self.dates.iter().any(|mention| mention.old == old && !mention.unwanted && !mention.aside);
        days(true) && days(false) || strong && hours(true) && hours(false) && self.dates.len() < 2
    }

    /// Gives up one day or time and then wants another: "cancel Tuesday, I want Wednesday".
    pub(super) fn instead(&self) -> bool {
        let [cancel, book] = ["cancel", "book"].map(cue);
        let says = |hit: &&Hit<'_>, id: Option<u16>| {
            hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(cue, weight) if Some(*cue) == id && *weight > 0))
        };
        let Some(given_up) = self.hits.iter().find(|hit| says(hit, cancel)) else { return false };
        let days = self.dates.iter().filter(|mention| !mention.unwanted && !mention.aside).map(|mention| mention.start);
        let hours = self.times.iter().filter(|mention| !mention.aside).map(|mention| mention.start);
        let first_words = days.chain(hours).filter_map(|at| self.items.get(at)).map(|item| item.start);
        let named: Vec<usize> = first_words.collect();
        self.hits.iter().filter(|hit| hit.start >= given_up.end && says(hit, book)).any(|wish| {
            named.iter().any(|at| (given_up.end..wish.start).contains(at)) && named.iter().any(|at| *at >= wish.end)
        })
    }

    /// Words of the days named, where all of them are refused and nothing else is said: "not today".
    pub(super) fn refused(&self) -> usize {
        let nothing = self.services.ids.is_empty() && self.staff.is_none() && self.times.is_empty();
        if !nothing || !self.dates.iter().all(|mention| mention.unwanted) {
            return 0;
        }
        let words = |at: usize| self.items.get(at).map_or(0, |item| item.end - item.start);
        self.dates.iter().flat_map(|mention| mention.start..mention.end).map(words).sum()
    }

    /// Speaks of a day that is over.
    pub(super) fn past(&self) -> bool {
        self.dates.iter().any(|mention| mention.readings.first().is_some_and(|range| range.to < self.today.date))
    }
}

/// The day that counts, and those that are explicitly unwanted.
pub(super) fn date(read: &Read<'_>, intent: Intent) -> (DateMention, Vec<DateRange>) {
    let picky = picky(intent);
    let told = || read.dates.iter().filter(|mention| !mention.aside);
    // "cancel, not Tuesday's, Friday's"
    let choosy = picky || told().any(|mention| !mention.unwanted);
    let wanted: Vec<&dates::Mention> = told().filter(|mention| !(choosy && mention.unwanted)).collect();
    let past = intent == Intent::Review;
    // "I was in last Tuesday, now I need Friday"
    let over = |mention: &&&dates::Mention| mention.readings.first().is_some_and(|range| range.to < read.today.date);
    let ahead = picky && !wanted.iter().all(|mention| over(&mention));
    let wanted: Vec<&dates::Mention> = wanted.iter().filter(|mention| !(ahead && over(mention))).copied().collect();
    let unwanted = read.dates.iter().filter(|mention| picky && mention.unwanted);
    let not_dates: Vec<DateRange> = unwanted.filter_map(|mention| mention.readings.first().copied()).collect();
    let readings = match intent {
        Intent::Reschedule => new_day(read, &wanted),
        Intent::Book | Intent::AskAvailability if wanted.len() > 1 => {
            let open: Vec<&dates::Mention> = wanted.iter().copied().filter(|mention| !mention.old).collect();
            let near = |mention: &dates::Mention| {
                read.times
                    .iter()
                    .filter(|time| !time.aside && (time.shape != Shape::At || !time.weak))
                    .map(|time| {
                        if time.start >= mention.end {
                            time.start - mention.end
                        } else {
                            mention.start.saturating_sub(time.end)
                        }
                    })
                    .min()
            };
            let picked = open.iter().min_by_key(|mention| near(mention).unwrap_or(0));
            picked.map(|mention| narrowed(&read.items, mention, &open))
        }
        _ => wanted.first().map(|mention| mention.readings.clone()),
    };
    let readings = if past { readings.map(|readings| gone_by(readings, read.today.date)) } else { readings };
    let date = match readings.as_deref() {
        None | Some([]) => DateMention::None,
        Some([only]) => DateMention::Exact(*only),
        Some(several) => DateMention::Ambiguous(several.to_vec()),
    };
    (date, not_dates)
}

/// Whether what is refused is no part of the wish; a day on which one cannot come is what a cancellation is about.
fn picky(intent: Intent) -> bool {
    !matches!(
        intent,
        Intent::Cancel
            | Intent::ConfirmVisit
            | Intent::ListBookings
            | Intent::RunningLate
            | Intent::AskHours
            | Intent::Review
            | Intent::Human
    )
}

/// Where a booking is moved to.
fn new_day(read: &Read<'_>, wanted: &[&dates::Mention]) -> Option<Vec<DateRange>> {
    let new: Vec<&dates::Mention> = wanted.iter().copied().filter(|mention| !mention.old).collect();
    // "put off Thursday's by one week": counted from the only day that is named, unless that is where it goes.
    if let [only] = read.dates.as_slice()
        && only.target.is_none()
        && let Some((days, at)) = put_off(read)
        && (only.old || only.start < at || booked(read, only))
    {
        let moved = |range: &DateRange| {
            Some(DateRange { from: calendar::plus(range.from, days)?, to: calendar::plus(range.to, days)? })
        };
        return Some(only.readings.iter().filter_map(moved).collect());
    }
    // A new day named anywhere outweighs where the old booking stands.
    let named = wanted.iter().rev().find_map(|mention| match &mention.target {
        Some(target) => Some(target.clone()),
        None => (!mention.old).then(|| narrowed(&read.items, mention, &new)),
    });
    // "I have Saturday at 1, anything before 11?": the day stays.
    let stays = || {
        let another = read.times.iter().any(|time| (!time.old || time.target.is_some()) && !time.aside);
        wanted.last().filter(|_| another).map(|mention| mention.readings.clone())
    };
    named.or_else(stays)
}

/// Stands right after a word for a booking: "my appointment on Thursday".
fn booked(read: &Read<'_>, mention: &dates::Mention) -> bool {
    let start = read.items.get(mention.start).map_or(0, |item| item.start);
    read.hits.iter().any(|hit| hit.end <= start && start - hit.end <= 2 && hit.tags.contains(&Tag::Visit))
}

/// Days that a booking is put off by ("one week", "на две недели"), or brought forward, and where that is said.
fn put_off(read: &Read<'_>) -> Option<(i64, usize)> {
    let items = &read.items;
    let free = |at: usize| !items.used(at) && !read.times.iter().any(|time| (time.start..time.end).contains(&at));
    (1..items.len()).filter(|at| free(*at)).find_map(|at| {
        let unit = match items.unit(at) {
            Some(Unit::Day) => 1,
            Some(Unit::Week) => 7,
            None => items.days(at)?,
            Some(_) => return None,
        };
        let before = at - 1;
        let count = match items.number(before).filter(|_| free(before)) {
            Some(count) => i64::from(count).min(60),
            // "на неделю"
            None if items.has(before, &Tag::At) && unit > 1 => 1,
            None => return None,
        };
        let earlier = read.hits.iter().any(|hit| hit.tags.contains(&Tag::Earlier));
        Some((if earlier { -count * unit } else { count * unit }, at))
    })
}

/// "next week ... Tuesday": a weekday of a named week, a day of a named span.
fn narrowed(items: &Items<'_>, pick: &dates::Mention, open: &[&dates::Mention]) -> Vec<DateRange> {
    let spans = |mention: &dates::Mention| mention.readings.first().copied().filter(|range| range.from != range.to);
    if let Some(day) = pick.weekday {
        let week = |range: &DateRange| (4..=6).contains(&(range.to - range.from).num_days());
        let inside = |range: DateRange| {
            range
                .from
                .iter_days()
                .take(7)
                .find(|date| u32::from(day) == date.weekday().number_from_monday() && *date <= range.to)
        };
        let named = open.iter().filter(|other| other.start != pick.start).filter_map(|other| spans(other)).find(week);
        if let Some(date) = named.and_then(inside) {
            return vec![DateRange::day(date)];
        }
    }
    if let Some(span) = spans(pick) {
        // "could Thursday's go into next week?"
        let goes = pick.start > 0 && items.has(pick.start - 1, &Tag::To);
        let open: Vec<_> = open.iter().filter(|other| !(goes && other.start < pick.start)).copied().collect();
        let inside = open.iter().find(|other| match (other.weekday, other.readings.as_slice()) {
            (Some(_), [first, ..]) => first.from == first.to && span.contains(first.from),
            (None, [day]) => day.from == day.to && span.contains(day.from),
            _ => false,
        });
        let weekday = open.iter().find(|other| other.weekday.is_some() && !std::ptr::eq(**other, pick));
        if let Some(day) = inside {
            return day.readings.iter().copied().filter(|day| span.contains(day.from)).collect();
        }
        if let Some(weekday) = weekday.filter(|_| (4..=6).contains(&(span.to - span.from).num_days())) {
            return narrowed(items, weekday, &[pick, weekday]);
        }
    }
    pick.readings.clone()
}

/// Days of which one speaks afterwards: the 30th of December said on the first of January is over.
fn gone_by(readings: Vec<DateRange>, today: NaiveDate) -> Vec<DateRange> {
    let Some(first) = readings.first().copied().filter(|range| range.from == range.to && range.from > today) else {
        return readings;
    };
    let days = (first.from - today).num_days();
    // A weekday is the one before; a date of the year last year's.
    let before = if days <= 7 {
        first.from.checked_sub_days(chrono::Days::new(7))
    } else if days > 60 {
        first.from.checked_sub_months(chrono::Months::new(12))
    } else {
        None
    };
    before.map_or(readings, |day| vec![DateRange::day(day)])
}

/// The time that counts.
pub(super) fn time(read: &Read<'_>, intent: Intent) -> TimeMention {
    let late = intent == Intent::RunningLate;
    let told = || read.times.iter().filter(|mention| !mention.aside);
    let wanted = told().any(|mention| mention.shape == Shape::At && !mention.unwanted);
    let open = told().any(|mention| !mention.old) && intent != Intent::Reschedule;
    let clocks: Vec<&times::Mention> = told()
        .filter(|mention| !(mention.unwanted && (wanted || picky(intent)) || mention.old && open))
        // "maybe ten behind", "10 15 min" are minutes.
        .filter(|mention| {
            let (next, items) = (mention.end, &read.items);
            let counted = items.plain(next) || items.number(next).is_some() || items.unit(next).is_some();
            !(late && mention.weak && counted && items.sep(next) == ' ' && next < items.len())
        })
        .filter(|mention| !matches!(mention.shape, Shape::Part(_)))
        // "10-15 late" are minutes.
        .filter(|mention| !(late && (mention.relative || mention.shape == Shape::Between)))
        .collect();
    let parts: Vec<&times::Mention> = told()
        .filter(|mention| {
            matches!(mention.shape, Shape::Part(_)) && !late && !(mention.old && open || mention.unwanted)
        })
        .collect();
    if intent == Intent::Reschedule {
        let new = clocks.iter().rev().find_map(|mention| {
            mention.target.map(TimeReading::At).or_else(|| (!mention.old).then_some(mention.reading))
        });
        // The part of the day belongs to the new slot when it stands after the old time.
        let part = parts.last().filter(|part| !part.old).map(|part| part.reading);
        return new.or(part).map_or(TimeMention::None, TimeMention::Exact);
    }
    // "are you open in the mornings?" asks for hours.
    if intent == Intent::AskHours && clocks.is_empty() && read.dates.is_empty() {
        return TimeMention::None;
    }
    // "after work, like 5:30"; "after lunch but before 4" bounds it on both sides.
    let clear = |mention: &&&times::Mention| !mention.vague;
    let vague = both_bounds(&clocks).is_some() || !clocks.iter().any(|mention| clear(&mention));
    let clocks: Vec<&times::Mention> = clocks.iter().filter(|mention| vague || clear(mention)).copied().collect();
    let strong: Vec<&&times::Mention> = clocks.iter().filter(|mention| !mention.weak).collect();
    let pool: Vec<&times::Mention> =
        if strong.is_empty() { clocks.clone() } else { strong.into_iter().copied().collect() };
    if let Some(bounds) = both_bounds(&pool) {
        return TimeMention::Exact(bounds);
    }
    if let [first, second] = pool.as_slice()
        && first.shape == Shape::At
        && second.shape == Shape::At
        && (first.end..second.start.max(first.end)).any(|at| read.items.has(at, &Tag::Or))
        && first.reading != second.reading
    {
        return TimeMention::Ambiguous(vec![first.reading, second.reading]);
    }
    let picked = if late { pool.last() } else { pool.first() };
    match picked.copied().or_else(|| parts.first().copied()) {
        // "I won't get there until 2:10"
        Some(mention) if late => match mention.reading {
            TimeReading::Between { from: Some(time), to: None }
            | TimeReading::Between { from: None, to: Some(time) } => TimeMention::Exact(TimeReading::At(time)),
            reading => TimeMention::Exact(reading),
        },
        Some(mention) => TimeMention::Exact(mention.reading),
        None => TimeMention::None,
    }
}

/// "after 10 and before 12"
fn both_bounds(mentions: &[&times::Mention]) -> Option<TimeReading> {
    let [first, second] = mentions else { return None };
    let bounds = |mention: &times::Mention| match mention.reading {
        TimeReading::Between { from, to } => (from, to),
        TimeReading::At(_) => (None, None),
    };
    let (shapes, a, b) = ((first.shape, second.shape), bounds(first), bounds(second));
    let (from, to) = match shapes {
        (Shape::After, Shape::Before) => (a.0?, b.1?),
        (Shape::Before, Shape::After) => (b.0?, a.1?),
        _ => return None,
    };
    (from < to).then_some(TimeReading::Between { from: Some(from), to: Some(to) })
}

/// Minutes of a delay: "15 min", "half an hour", "uma hora".
pub(super) fn minutes(items: &Items<'_>) -> Option<u16> {
    (0..items.len()).find_map(|at| {
        let minutes = match items.unit(at)? {
            Unit::Minute => at.checked_sub(1).and_then(|before| items.number(before))?,
            Unit::Hour if items.has(at, &Tag::Half) => 30,
            Unit::Hour if items.number(at).is_none() || items.digits(at) == 0 => {
                let before = at.checked_sub(1)?;
                if items.has(before, &Tag::Half) || items.has(before, &Tag::HalfTo) {
                    30
                } else if items.has(before, &Tag::Quarter) {
                    15
                } else {
                    items.number(before).filter(|n| *n <= 4)?.checked_mul(60)?
                }
            }
            _ => return None,
        };
        u16::try_from(minutes).ok().filter(|minutes| (1..=600).contains(minutes))
    })
}

/// Holds a rating such as `4/5` or `9/10`; "Sat 3/10" and "dia 3/5 às 10" are days.
pub(super) fn rating(text: &Text, read: &Read<'_>) -> bool {
    let dated = read.times.iter().any(|time| !time.weak && !matches!(time.shape, Shape::Part(_)))
        || (0..read.items.len()).any(|at| read.items.weekday(at).is_some());
    !dated
        && text.tokens.windows(2).any(|pair| match pair {
            [a, b] => {
                b.sep == '/'
                    && b.tight
                    && matches!(b.number, Some(5 | 10))
                    && a.number.is_some_and(|n| Some(n) <= b.number && n > 0)
            }
            _ => false,
        })
}

/// What the open question makes of a short message: a position, a bare hour, anyone.
pub(super) fn answer(meaning: &mut Interpretation, text: &Text, read: &Read<'_>, context: &Context<'_>) {
    let asked = context.open;
    if asked == OpenQuestion::None && context.options == 0 {
        return;
    }
    let words: Vec<usize> =
        text.tokens.iter().enumerate().filter(|(_, token)| token.kind != Kind::Emoji).map(|(at, _)| at).collect();
    let bare = bare_number(read, text, &words, asked);
    if let Some(n) = bare {
        let small = usize::try_from(n).unwrap_or(usize::MAX);
        let reply = |meaning: &mut Interpretation| {
            meaning.intent = Intent::Other;
            meaning.confidence = 0.4;
            meaning.date = DateMention::None;
            meaning.time = TimeMention::None;
        };
        if (1..=context.options).contains(&small) {
            reply(meaning);
            meaning.ordinal = u16::try_from(n).ok().map(Ordinal::Nth);
        } else if asked == OpenQuestion::Time && n <= 24 {
            reply(meaning);
            let hour = if (1..=7).contains(&n) { n + 12 } else { n % 24 };
            meaning.time = NaiveTime::from_hms_opt(hour, 0, 0)
                .map_or(TimeMention::None, |time| TimeMention::Exact(TimeReading::At(time)));
        } else if asked == OpenQuestion::Day
            // "31 February" to the question of the day is no day of another month.
            && (0..read.items.len()).all(|at| read.items.month(at).is_none())
            && let Some(date) = calendar::next_day_of_month(read.today.date, n)
        {
            reply(meaning);
            meaning.date = DateMention::Exact(DateRange::day(date));
        }
        return;
    }
    let position = read.hits.iter().find_map(|hit| {
        hit.tags.iter().find_map(|tag| match tag {
            Tag::Nth(n) => Some((Ordinal::Nth(*n), hit.start)),
            Tag::Last => Some((Ordinal::Last, hit.start)),
            _ => None,
        })
    });
    if let Some((ordinal, _)) = position
        && context.options > 0
        && words.len() <= 6
    {
        let reachable = match ordinal {
            Ordinal::Nth(n) => usize::from(n) <= context.options,
            Ordinal::Last => true,
        };
        // "segunda" to the question of the day is Monday.
        let a_day = asked == OpenQuestion::Day && meaning.date != DateMention::None;
        if reachable && !a_day {
            meaning.ordinal = Some(ordinal);
            if matches!(meaning.intent, Intent::Book | Intent::AskAvailability | Intent::Other | Intent::Back) {
                meaning.intent = Intent::Other;
                meaning.confidence = 0.4;
                if read.dates.len() <= 1 {
                    meaning.date = DateMention::None;
                }
            }
        }
    }
    if asked == OpenQuestion::Service && meaning.services.is_empty() && words.len() <= 4 {
        meaning.services.clone_from(&read.services.of_kind);
    }
    if asked == OpenQuestion::Staff && words.len() <= 4 {
        let anyone =
            read.hits.iter().any(|hit| hit.tags.contains(&Tag::Anyone)) || meaning.staff == Some(StaffMention::Any);
        if anyone && !matches!(meaning.staff, Some(StaffMention::Named(_))) {
            meaning.staff = Some(StaffMention::Any);
            meaning.intent = Intent::Other;
            meaning.confidence = 0.4;
        }
    }
}

/// The number that is all an answer says, small words apart: "2", "o 2", "option 2", "2nd please", "10 is good".
fn bare_number(read: &Read<'_>, text: &Text, words: &[usize], asked: OpenQuestion) -> Option<u32> {
    // "el 2" reads as a day too, and is one to the question of the day.
    let day = !read.dates.is_empty() && (words.len() > 2 || asked == OpenQuestion::Day && words.len() > 1);
    if words.len() > 5 || day {
        return None;
    }
    let numbers = || {
        words.iter().filter_map(|at| {
            let token = text.tokens.get(*at)?;
            let lone = words.len() == 1;
            // "um", "a" are articles unless they stand alone.
            let word = word_number(read, *at).filter(|n| lone || *n > 1);
            Some((*at, token.number.or(word)?))
        })
    };
    let (at, n) = numbers().next().filter(|_| numbers().count() == 1)?;
    let tagged = |from: usize, tag: &Tag| {
        read.hits.iter().any(|hit| hit.start == from && hit.end == from + 1 && hit.tags.contains(tag))
    };
    let before = words.iter().rev().find(|word| **word < at).copied();
    let position = before.is_none_or(|before| tagged(before, &Tag::Pick) || tagged(before, &Tag::Choice));
    // "às 10" is a time even where ten options are shown.
    let timed = read.times.iter().any(|time| !time.weak) || before.is_some_and(|before| tagged(before, &Tag::At));
    if words.len() > 1 && !position && (timed || !matches!(asked, OpenQuestion::Time | OpenQuestion::Day)) {
        return None;
    }
    if words.len() > 1
        && timed
        && !before.is_some_and(|before| tagged(before, &Tag::Choice))
        && asked == OpenQuestion::Time
    {
        let article = before.is_some_and(|before| tagged(before, &Tag::Pick));
        if !article || read.times.iter().any(|time| !time.weak) {
            return None;
        }
    }
    Some(n)
}

fn word_number(read: &Read<'_>, token: usize) -> Option<u32> {
    (0..read.items.len())
        .find(|at| read.items.get(*at).is_some_and(|item| item.start == token))
        .and_then(|at| read.items.number(at))
}
