//! Calendar arithmetic for the date grammar; every function answers `None` beyond the calendar instead of failing.

use super::tags::Feast;
use crate::model::DateRange;
use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

/// A day so many days away.
pub(super) fn plus(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    // Nobody books beyond three years; this also keeps "in 9999999 days" out.
    if !(-1100..=1100).contains(&days) {
        return None;
    }
    let distance = Days::new(days.unsigned_abs());
    if days < 0 { date.checked_sub_days(distance) } else { date.checked_add_days(distance) }
}

fn monday(date: NaiveDate) -> Option<NaiveDate> {
    plus(date, -i64::from(date.weekday().num_days_from_monday()))
}

/// The next such weekday (1 is Monday), never today.
pub(super) fn next_weekday(today: NaiveDate, day: u8) -> Option<NaiveDate> {
    let ahead = (i64::from(day) - i64::from(today.weekday().number_from_monday())).rem_euclid(7);
    plus(today, if ahead == 0 { 7 } else { ahead })
}

/// The last such weekday, never today.
pub(super) fn previous_weekday(today: NaiveDate, day: u8) -> Option<NaiveDate> {
    plus(next_weekday(today, day)?, if u32::from(day) == today.weekday().number_from_monday() { -14 } else { -7 })
}

/// A weekday of the Monday-based week so many weeks away.
pub(super) fn weekday_of_week(today: NaiveDate, day: u8, week: i64) -> Option<NaiveDate> {
    plus(monday(today)?, 7 * week + i64::from(day) - 1)
}

/// This week from today, or a later week from Monday, to Sunday.
pub(super) fn week(today: NaiveDate, week: i64) -> Option<DateRange> {
    let to = weekday_of_week(today, 7, week)?;
    let from = if week == 0 { today } else { weekday_of_week(today, 1, week)? };
    Some(DateRange { from, to })
}

/// The coming Saturday and Sunday, or those after them; readings, the likeliest first.
pub(super) fn weekend(today: NaiveDate, later: i64) -> Vec<DateRange> {
    let number = today.weekday().number_from_monday();
    let span = |week: i64| {
        let from = weekday_of_week(today, 6, week)?;
        Some(DateRange { from, to: plus(from, 1)? })
    };
    let readings = match (later, number) {
        (0, 7) => [span(1), Some(DateRange::day(today))],
        (0, _) => [span(0), None],
        (_, 6 | 7) => [span(1), None],
        _ => [span(1), span(0)],
    };
    readings.into_iter().flatten().collect()
}

/// The rest of this month, or a later one from its first to its last day.
pub(super) fn month(today: NaiveDate, later: i64) -> Option<DateRange> {
    let first = today.with_day(1)?.checked_add_months(Months::new(u32::try_from(later).ok()?))?;
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    Some(DateRange { from: first.max(today), to: last })
}

/// A month by its number, this year's or next year's.
pub(super) fn month_named(today: NaiveDate, number: u32) -> Option<DateRange> {
    let later = (i64::from(number) - i64::from(today.month())).rem_euclid(12);
    month(today, later)
}

/// The next such day of a month, today included; months without it are skipped.
pub(super) fn next_day_of_month(today: NaiveDate, day: u32) -> Option<NaiveDate> {
    let first = today.with_day(1)?;
    (0..12).find_map(|later| first.checked_add_months(Months::new(later))?.with_day(day).filter(|date| *date >= today))
}

/// The last such day of a month before a date.
pub(super) fn day_before(date: NaiveDate, day: u32) -> Option<NaiveDate> {
    date.with_day(1)?.checked_sub_months(Months::new(1))?.with_day(day)
}

/// The next such date, today included; the 29th of February waits for its year.
pub(super) fn next_month_day(today: NaiveDate, month: u32, day: u32) -> Option<NaiveDate> {
    (0..9).find_map(|later| NaiveDate::from_ymd_opt(today.year() + later, month, day).filter(|date| *date >= today))
}

/// The n-th such weekday (1 is Monday) of the month that a day lies in; -1 is the last.
pub(super) fn nth_weekday(day: NaiveDate, weekday: u8, n: i8) -> Option<NaiveDate> {
    let weekday = Weekday::try_from(weekday.checked_sub(1)?).ok()?;
    match u8::try_from(n) {
        Ok(n) => NaiveDate::from_weekday_of_month_opt(day.year(), day.month(), weekday, n),
        Err(_) => (4..=5).rev().find_map(|n| NaiveDate::from_weekday_of_month_opt(day.year(), day.month(), weekday, n)),
    }
}

/// The next day of that name, today included.
pub(super) fn feast(today: NaiveDate, feast: Feast) -> Option<NaiveDate> {
    let of = |year: i32| match feast {
        Feast::Fixed(month, day) => NaiveDate::from_ymd_opt(year, u32::from(month), u32::from(day)),
        Feast::Nth(month, weekday, n) => nth_weekday(NaiveDate::from_ymd_opt(year, u32::from(month), 1)?, weekday, n),
        Feast::Easter(days) => plus(easter(year)?, i64::from(days)),
        Feast::Orthodox(days) => plus(orthodox_easter(year)?, i64::from(days)),
    };
    (0..9).find_map(|later| of(today.year() + later).filter(|date| *date >= today))
}

/// Easter Sunday of the western churches, by the algorithm of Meeus, Jones and Butcher.
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let of = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(of / 31).ok()?, u32::try_from(of % 31 + 1).ok()?)
}

/// Easter Sunday of the Orthodox churches: Meeus' Julian algorithm, 13 days on for the years 1900 to 2099.
fn orthodox_easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 4, year % 7, year % 19);
    let d = (19 * c + 15) % 30;
    let e = (2 * a + 4 * b - d + 34) % 7;
    let of = d + e + 114;
    let julian = NaiveDate::from_ymd_opt(year, u32::try_from(of / 31).ok()?, u32::try_from(of % 31 + 1).ok()?)?;
    plus(julian, 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn year_ends_and_leap_days() {
        assert_eq!(next_month_day(d("2026-12-31"), 1, 2), Some(d("2027-01-02")));
        assert_eq!(next_month_day(d("2026-03-01"), 2, 29), Some(d("2028-02-29")));
        assert_eq!(next_month_day(d("2026-03-01"), 2, 31), None);
        assert_eq!(next_day_of_month(d("2026-01-31"), 30), Some(d("2026-03-30")));
        assert_eq!(plus(d("2026-03-01"), 9_999_999), None);
        assert_eq!(month(d("2026-12-10"), 1).unwrap().to, d("2027-01-31"));
    }

    #[test]
    fn feasts_that_move() {
        let from = |year: i32| d(&format!("{year}-01-01"));
        // Dates of Easter from the churches' own tables.
        for (year, western, orthodox) in [
            (2024, "2024-03-31", "2024-05-05"),
            (2025, "2025-04-20", "2025-04-20"),
            (2026, "2026-04-05", "2026-04-12"),
            (2027, "2027-03-28", "2027-05-02"),
            (2038, "2038-04-25", "2038-04-25"),
        ] {
            assert_eq!(feast(from(year), Feast::Easter(0)), Some(d(western)));
            assert_eq!(feast(from(year), Feast::Orthodox(0)), Some(d(orthodox)));
        }
        assert_eq!(feast(d("2026-04-04"), Feast::Easter(-2)), Some(d("2027-03-26")), "Good Friday is over");
        assert_eq!(feast(from(2026), Feast::Nth(11, 4, 4)), Some(d("2026-11-26")));
        assert_eq!(feast(from(2026), Feast::Nth(5, 1, -1)), Some(d("2026-05-25")));
        assert_eq!(nth_weekday(d("2026-02-10"), 6, 5), None, "no fifth Saturday");
    }

    #[test]
    fn weeks_begin_on_monday() {
        let wednesday = d("2026-03-11");
        assert_eq!(week(wednesday, 0).unwrap(), DateRange { from: wednesday, to: d("2026-03-15") });
        assert_eq!(week(wednesday, 1).unwrap(), DateRange { from: d("2026-03-16"), to: d("2026-03-22") });
        assert_eq!(weekend(wednesday, 0), [DateRange { from: d("2026-03-14"), to: d("2026-03-15") }]);
        assert_eq!(next_weekday(wednesday, 3), Some(d("2026-03-18")));
        assert_eq!(previous_weekday(wednesday, 3), Some(d("2026-03-04")));
    }
}
