//! Days and times that there are not: "31 February", `25:90`, "in 9999999 days". The grammar reads none in them; a model
//! might make one.

use super::{items::Items, tags::Unit};
use chrono::NaiveDate;
use unicode_normalization::UnicodeNormalization as _;

/// A leap year: a day that it has not is in no year.
const LEAP: i32 = 2024;
/// Nobody counts so many days, weeks or months in digits.
const DIGITS: usize = 5;

/// Whether a text names a day or a time that there is not.
pub(super) fn named(text: &str, items: &Items<'_>) -> bool {
    (0..items.len()).any(|at| month_without(items, at) || out_of_count(items, at)) || written(text)
}

/// "31 February", "February the 31st", "31 de fevereiro".
fn month_without(items: &Items<'_>, at: usize) -> bool {
    let Some(month) = items.month(at) else { return false };
    let lacks = |place: Option<usize>| {
        let day = place
            .and_then(|place| items.number(place).filter(|_| items.digits(place) <= 2).or_else(|| items.ord(place)));
        day.is_some_and(|day| !exists(LEAP, month.into(), day))
    };
    // A number two places off counts for the month only when a small word stands between.
    let small =
        |place: Option<usize>| place.is_some_and(|place| items.number(place).is_none() && items.letters(place) <= 3);
    let back = |n: usize| at.checked_sub(n);
    lacks(back(1))
        || lacks(Some(at + 1))
        || (small(back(1)) && lacks(back(2)))
        || (small(Some(at + 1)) && lacks(Some(at + 2)))
}

/// "In 9999999 days".
fn out_of_count(items: &Items<'_>, at: usize) -> bool {
    items.digits(at) >= DIGITS && items.unit(at + 1).is_some_and(|unit| !matches!(unit, Unit::Minute | Unit::Hour))
}

fn exists(year: i32, month: u32, day: u32) -> bool {
    NaiveDate::from_ymd_opt(year, month, day).is_some()
}

/// In digits: `31/02`, `2026-02-30`, `25:90`, `25h90`.
fn written(text: &str) -> bool {
    let mut runs: Vec<Run> = Vec::new();
    let (mut run, mut between) = (String::new(), None);
    for c in text.nfkc().chain([' ']) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        if !run.is_empty() {
            runs.push(Run { joint: between, digits: run.len(), value: run.parse().unwrap_or(u32::MAX) });
            run.clear();
            between = Some(c);
        } else {
            between = None;
        }
    }
    runs.iter().enumerate().any(|(at, first)| {
        let next = |n: usize| runs.get(at + n);
        let Some(second) = next(1).filter(|_| first.joint.is_none_or(|joint| !is_joint(joint))) else { return false };
        let third = next(2).filter(|third| third.joint == second.joint);
        match second.joint {
            Some(':' | 'h' | 'H') if third.is_none() && first.digits <= 2 && second.digits == 2 => {
                first.value > 24 || second.value > 59 || (first.value == 24 && second.value > 0)
            }
            Some('/' | '-' | '.') if first.digits == 4 && third.is_some() => {
                let year = i32::try_from(first.value).unwrap_or(LEAP);
                third.is_some_and(|day| !exists(year, second.value, day.value))
            }
            Some(joint @ ('/' | '.')) if first.digits <= 2 && second.digits <= 2 => {
                let year = third.filter(|year| year.digits == 4).and_then(|year| i32::try_from(year.value).ok());
                let is = |day: u32, month: u32| exists(year.unwrap_or(LEAP), month, day);
                // `25.90` is a price: with a full stop only what would be a day and a month otherwise.
                let dated =
                    joint == '/' || (first.digits == 2 && second.digits == 2 && (1..=12).contains(&second.value));
                dated && !is(first.value, second.value) && !is(second.value, first.value)
            }
            _ => false,
        }
    })
}

/// Digits, and the one character that joins them to the digits before them.
struct Run {
    joint: Option<char>,
    digits: usize,
    value: u32,
}

const fn is_joint(c: char) -> bool {
    matches!(c, ':' | '/' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_digits_is_or_is_not_in_the_calendar() {
        for text in [
            "31/02",
            "2/31",
            "on 30/2/2026",
            "29/02/2026",
            "2026-02-30",
            "45/13/2026",
            "31.02",
            "25:90",
            "à 25h90",
            "24:30",
            "１２:６１",
        ] {
            assert!(written(text), "{text}");
        }
        for text in [
            "",
            "5/6",
            "29/02",
            "29/02/2028",
            "2026-03-11",
            "12.03",
            "25.90",
            "1.200,00",
            "15:30",
            "24:00",
            "9h30",
            "24/7",
            "10-12",
            "1:2:3",
            "10:00-11:30",
            "+351 912-345-678",
            "192.168.0.1",
            "31 02",
        ] {
            assert!(!written(text), "{text}");
        }
    }
}
