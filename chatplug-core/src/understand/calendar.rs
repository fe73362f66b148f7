//! Calendar arithmetic for the date grammar; every function answers `None` beyond the calendar instead of failing.

use crate::model::DateRange;
use chrono::{Datelike, Days, Months, NaiveDate};

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
    fn weeks_begin_on_monday() {
        let wednesday = d("2026-03-11");
        assert_eq!(week(wednesday, 0).unwrap(), DateRange { from: wednesday, to: d("2026-03-15") });
        assert_eq!(week(wednesday, 1).unwrap(), DateRange { from: d("2026-03-16"), to: d("2026-03-22") });
        assert_eq!(weekend(wednesday, 0), [DateRange { from: d("2026-03-14"), to: d("2026-03-15") }]);
        assert_eq!(next_weekday(wednesday, 3), Some(d("2026-03-18")));
        assert_eq!(previous_weekday(wednesday, 3), Some(d("2026-03-04")));
    }
}
