//! Wall-clock hours: how they are read, and what becomes of them in a zone on a given date.
//!
//! Instants inside this crate's arithmetic are seconds since 1970 in UTC, so that lengths are always real elapsed time.

use chatplug_core::model::{DateRange, local_or_next, local_to_utc};
use chrono::{Datelike, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Minutes of a day.
pub(crate) const DAY: u32 = 24 * 60;

/// A stretch of wall time in minutes from midnight; `to` may lie on the next day, at most 24 hours after `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stretch {
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// A half-open span of real time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Span {
    pub(crate) const fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    pub(crate) const fn holds(&self, other: &Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }
}

/// The hours of one person, service or branch: a week, and dates that differ from it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Timetable {
    /// Working hours by weekday, Monday first, each day in order without overlaps.
    pub(crate) week: [Vec<Stretch>; 7],
    /// Breaks by weekday.
    pub(crate) breaks: [Vec<Stretch>; 7],
    /// Dates with hours of their own, and no breaks.
    pub(crate) dates: BTreeMap<NaiveDate, Vec<Stretch>>,
}

impl Timetable {
    /// What begins on a date.
    pub(crate) fn shifts(&self, date: NaiveDate) -> &[Stretch] {
        match self.dates.get(&date) {
            Some(hours) => hours,
            None => of_weekday(&self.week, date),
        }
    }

    /// Working time in order, merged and without breaks, of everything that begins in `days`, the day before (its night
    /// shift reaches into them) or the day after (a visit may run on into it).
    pub(crate) fn windows(&self, days: DateRange, zone: Tz) -> Vec<Span> {
        let days =
            DateRange { from: days.from.pred_opt().unwrap_or(days.from), to: days.to.succ_opt().unwrap_or(days.to) };
        let mut open = Vec::new();
        let mut shut = Vec::new();
        for date in days.days() {
            open.extend(self.shifts(date).iter().filter_map(|stretch| span(date, *stretch, zone)));
            if !self.dates.contains_key(&date) {
                shut.extend(of_weekday(&self.breaks, date).iter().filter_map(|stretch| span(date, *stretch, zone)));
            }
        }
        without(merged(open), &merged(shut))
    }

    /// Every wall time on the grid whose local date lies in `days`, in order, each once, as (date, instant).
    ///
    /// The grid begins anew with each shift. Times that the clock jumps over are left out; of those that it shows twice
    /// the first counts.
    pub(crate) fn grid(&self, days: DateRange, step: u32, zone: Tz) -> Vec<(NaiveDate, i64)> {
        let first = days.from.pred_opt().unwrap_or(days.from);
        let mut times = Vec::new();
        for date in (DateRange { from: first, to: days.to }).days() {
            for shift in self.shifts(date) {
                grid_of(date, *shift, step, zone, &mut times);
            }
        }
        times.retain(|(date, _)| days.contains(*date));
        times.sort_unstable_by_key(|(_, at)| *at);
        times.dedup_by_key(|(_, at)| *at);
        times
    }
}

/// Reads `09:00-13:00`; over midnight when the end is not after the beginning.
///
/// # Errors
/// What is wrong with it, and what to write.
pub(crate) fn parse_stretch(text: &str) -> Result<Stretch, String> {
    let wrong = || format!("\"{text}\" is not a stretch of hours: write it as \"09:00-18:00\"");
    let (from, to) = text.split_once(['-', '–']).ok_or_else(wrong)?;
    let from = parse_minute(from).filter(|minute| *minute < DAY).ok_or_else(wrong)?;
    let to = parse_minute(to).ok_or_else(wrong)?;
    if from == to {
        return Err(format!("\"{text}\" is empty: around the clock is \"00:00-24:00\", a day off is []"));
    }
    if from < to {
        return Ok(Stretch { from, to });
    }
    let over = Stretch { from, to: to + DAY };
    if over.to - over.from > 14 * 60 {
        return Err(format!(
            "\"{text}\" would run over midnight for {} hours: write the earlier time first",
            (over.to - over.from) / 60
        ));
    }
    Ok(over)
}

/// What two days' hours have in common.
pub(crate) fn common(left: &[Stretch], right: &[Stretch]) -> Vec<Stretch> {
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    let mut both: Vec<Stretch> = pairs
        .map(|(a, b)| Stretch { from: a.from.max(b.from), to: a.to.min(b.to) })
        .filter(|stretch| stretch.from < stretch.to)
        .collect();
    both.sort_unstable();
    both
}

/// What two lists of spans, each in order, have in common.
pub(crate) fn intersect(left: &[Span], right: &[Span]) -> Vec<Span> {
    let mut both = Vec::new();
    for a in left {
        let near = right.iter().skip_while(|b| b.to <= a.from).take_while(|b| b.from < a.to);
        both.extend(near.map(|b| Span { from: a.from.max(b.from), to: a.to.min(b.to) }));
    }
    both
}

/// The first instant of a local day.
pub(crate) fn midnight(date: NaiveDate, zone: Tz) -> i64 {
    local_or_next(date.and_time(NaiveTime::MIN), zone).timestamp()
}

fn of_weekday(week: &[Vec<Stretch>; 7], date: NaiveDate) -> &[Stretch] {
    week.get(date.weekday().num_days_from_monday() as usize).map_or(&[], Vec::as_slice)
}

fn parse_minute(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |part: &str, least: usize| {
        let fits = (least..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if fits { part.parse::<u32>().ok() } else { None }
    };
    let minute = digits(hours, 1)? * 60 + digits(minutes, 2).filter(|minutes| *minutes < 60)?;
    (minute <= DAY).then_some(minute)
}

fn wall(date: NaiveDate, minute: u32) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN) + Duration::minutes(i64::from(minute))
}

/// A stretch of a date as real time; `None` when the clock jumps over all of it.
fn span(date: NaiveDate, stretch: Stretch, zone: Tz) -> Option<Span> {
    let from = local_or_next(wall(date, stretch.from), zone).timestamp();
    let to = local_or_next(wall(date, stretch.to), zone).timestamp();
    (from < to).then_some(Span { from, to })
}

fn grid_of(date: NaiveDate, shift: Stretch, step: u32, zone: Tz, times: &mut Vec<(NaiveDate, i64)>) {
    let tomorrow = date.checked_add_days(Days::new(1)).unwrap_or(date);
    let day_of = |minute| if minute < DAY { date } else { tomorrow };
    let minutes = (shift.from..shift.to).step_by(step.max(1) as usize);
    // Where the clock runs evenly from end to end (all but two days of a year), counting is enough.
    if let Some(real) = span(date, shift, zone)
        && real.to - real.from == i64::from(shift.to - shift.from) * 60
    {
        times.extend(minutes.map(|minute| (day_of(minute), real.from + i64::from(minute - shift.from) * 60)));
    } else {
        times.extend(minutes.filter_map(|minute| {
            let at = local_to_utc(wall(date, minute), zone).ok()?;
            Some((day_of(minute), at.timestamp()))
        }));
    }
}

fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut whole: Vec<Span> = Vec::with_capacity(spans.len());
    for next in spans {
        match whole.last_mut() {
            Some(last) if next.from <= last.to => last.to = last.to.max(next.to),
            _ => whole.push(next),
        }
    }
    whole
}

/// `open` without `shut`; both in order, without overlaps.
fn without(open: Vec<Span>, shut: &[Span]) -> Vec<Span> {
    let mut left = Vec::with_capacity(open.len() + shut.len());
    for mut rest in open {
        for hole in shut.iter().filter(|hole| hole.overlaps(&rest)).copied().collect::<Vec<_>>() {
            if rest.from < hole.from {
                left.push(Span { from: rest.from, to: hole.from });
            }
            rest.from = rest.from.max(hole.to);
        }
        if rest.from < rest.to {
            left.push(rest);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use rstest::rstest;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A timetable with the same hours every day.
    fn daily(hours: &[&str]) -> Timetable {
        let stretches: Vec<Stretch> = hours.iter().map(|text| parse_stretch(text).unwrap()).collect();
        Timetable { week: std::array::from_fn(|_| stretches.clone()), ..Timetable::default() }
    }

    fn shown(at: i64, zone: Tz) -> String {
        DateTime::from_timestamp(at, 0).unwrap().with_timezone(&zone).format("%H:%M%z").to_string()
    }

    #[rstest]
    #[case("09:00-13:00", 540, 780)]
    #[case("9:00 – 18:30", 540, 1110)]
    #[case("18:00-24:00", 1080, 1440)]
    #[case("22:00-02:00", 1320, 1560)]
    #[case("22:00-00:00", 1320, 1440)]
    fn hours_are_read(#[case] text: &str, #[case] from: u32, #[case] to: u32) {
        assert_eq!(parse_stretch(text), Ok(Stretch { from, to }));
    }

    #[rstest]
    #[case("", "write it as")]
    #[case("9-18", "write it as")]
    #[case("09:00", "write it as")]
    #[case("09:60-10:00", "write it as")]
    #[case("24:00-02:00", "write it as")]
    #[case("09:00-25:00", "write it as")]
    #[case("+9:00-10:00", "write it as")]
    #[case("09:00-09:00", "is empty")]
    #[case("18:00-09:00", "over midnight for 15 hours")]
    fn wrong_hours_say_what_to_write(#[case] text: &str, #[case] hint: &str) {
        assert!(parse_stretch(text).unwrap_err().contains(hint));
    }

    /// The grid and the hours of a shift around each change of the clock, and where there is none.
    #[rstest]
    #[case::lisbon_forward(
        "Europe/Lisbon",
        "2026-03-29",
        "00:00-03:00",
        "00:00+0000 00:30+0000 02:00+0100 02:30+0100",
        120
    )]
    #[case::lisbon_back(
        "Europe/Lisbon",
        "2026-10-25",
        "00:00-03:00",
        "00:00+0100 00:30+0100 01:00+0100 01:30+0100 02:00+0000 02:30+0000",
        240
    )]
    #[case::begins_in_the_gap("Europe/Lisbon", "2026-03-29", "01:30-03:00", "02:00+0100 02:30+0100", 60)]
    #[case::ends_in_the_gap("Europe/Lisbon", "2026-03-29", "00:00-01:30", "00:00+0000 00:30+0000", 60)]
    #[case::inside_the_gap("Europe/Lisbon", "2026-03-29", "01:00-01:30", "", 0)]
    #[case::ends_in_the_repeated_hour(
        "Europe/Lisbon",
        "2026-10-25",
        "00:00-01:30",
        "00:00+0100 00:30+0100 01:00+0100",
        90
    )]
    #[case::begins_in_the_repeated_hour(
        "Europe/Lisbon",
        "2026-10-25",
        "01:30-03:00",
        "01:30+0100 02:00+0000 02:30+0000",
        150
    )]
    #[case::new_york_forward(
        "America/New_York",
        "2026-03-08",
        "01:00-04:00",
        "01:00-0500 01:30-0500 03:00-0400 03:30-0400",
        120
    )]
    #[case::new_york_back(
        "America/New_York",
        "2026-11-01",
        "00:30-02:30",
        "00:30-0400 01:00-0400 01:30-0400 02:00-0500",
        180
    )]
    #[case::no_change_any_more(
        "America/Sao_Paulo",
        "2026-11-01",
        "00:00-02:00",
        "00:00-0300 00:30-0300 01:00-0300 01:30-0300",
        120
    )]
    #[case::midnight_that_was_not("America/Sao_Paulo", "2018-11-04", "00:00-02:00", "01:00-0200 01:30-0200", 60)]
    #[case::never_a_change(
        "Asia/Almaty",
        "2026-03-29",
        "01:00-03:00",
        "01:00+0500 01:30+0500 02:00+0500 02:30+0500",
        120
    )]
    fn nights_when_the_clock_changes(
        #[case] zone: &str,
        #[case] date: &str,
        #[case] hours: &str,
        #[case] starts: &str,
        #[case] minutes: i64,
    ) {
        let (zone, date) = (zone.parse::<Tz>().unwrap(), day(date));
        let table = Timetable { dates: [(date, vec![parse_stretch(hours).unwrap()])].into(), ..Timetable::default() };
        let grid: Vec<String> =
            table.grid(DateRange::day(date), 30, zone).into_iter().map(|(_, at)| shown(at, zone)).collect();
        assert_eq!(grid.join(" "), starts);
        let open: i64 = table.windows(DateRange::day(date), zone).iter().map(|span| span.to - span.from).sum();
        assert_eq!(open, minutes * 60);
    }

    #[test]
    fn a_night_shift_belongs_to_two_dates() {
        let zone = chrono_tz::Europe::Lisbon;
        let (friday, saturday) = (day("2026-03-27"), day("2026-03-28"));
        let table =
            Timetable { dates: [(friday, vec![Stretch { from: 1320, to: 1560 }])].into(), ..Timetable::default() };
        let on = |date| {
            table.grid(DateRange::day(date), 60, zone).into_iter().map(|(_, at)| shown(at, zone)).collect::<Vec<_>>()
        };
        assert_eq!(on(friday), ["22:00+0000", "23:00+0000"]);
        assert_eq!(on(saturday), ["00:00+0000", "01:00+0000"]);
        // One unbroken window, so a visit may run over midnight.
        assert_eq!(table.windows(DateRange::day(saturday), zone).len(), 1);
    }

    #[test]
    fn touching_shifts_are_one_window_and_breaks_are_cut_out() {
        let mut table = daily(&["09:00-13:00", "13:00-18:00"]);
        table.breaks[0] = vec![Stretch { from: 660, to: 675 }, Stretch { from: 1070, to: 1100 }];
        let monday = day("2026-03-23");
        let spans: Vec<(i64, i64)> = table
            .windows(DateRange::day(monday), Tz::UTC)
            .iter()
            .map(|span| (span.from - midnight(monday, Tz::UTC), span.to - midnight(monday, Tz::UTC)))
            .filter(|(from, _)| (0..86_400).contains(from))
            .map(|(from, to)| (from / 60, to / 60))
            .collect();
        assert_eq!(spans, [(540, 660), (675, 1070)]);
        table.dates.insert(monday, vec![Stretch { from: 600, to: 700 }]);
        let start = midnight(monday, Tz::UTC);
        let special = Span { from: start + 600 * 60, to: start + 700 * 60 };
        assert!(table.windows(DateRange::day(monday), Tz::UTC).contains(&special));
    }

    #[test]
    fn what_is_common() {
        let stretch = |from, to| Stretch { from, to };
        assert_eq!(common(&[stretch(0, 10), stretch(20, 30)], &[stretch(5, 25)]), [stretch(5, 10), stretch(20, 25)]);
        let span = |from, to| Span { from, to };
        assert_eq!(
            intersect(&[span(0, 10), span(20, 30)], &[span(5, 22), span(29, 40)]),
            [span(5, 10), span(20, 22), span(29, 30)]
        );
    }
}
