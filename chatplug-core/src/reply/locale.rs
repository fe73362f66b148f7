//! Dates, times and numbers as a language writes them in a country, from CLDR data. Wall times only: whoever calls has
//! put the instant into the branch's zone. Never "today" or "tomorrow": a message may be read the day after.

use crate::model::Lang;
use chrono::{Datelike, NaiveDate, NaiveTime, Timelike, Weekday};
use icu_calendar::Gregorian;
use icu_datetime::{
    FixedCalendarDateTimeFormatter, NoCalendarFormatter,
    fieldsets::{E, MD, MDE, T},
    input::{Date, Time},
};
use icu_decimal::{DecimalFormatter, input::Decimal};
use icu_locale::Locale as Tag;
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// What stands between a number and its unit, so that they stay on one line.
const NO_BREAK: char = '\u{a0}';

/// How one language writes in one country. Costs about a millisecond to make, so each thread keeps those it has met
/// (ICU4X's formatters are not shared between threads, and so need no lock).
pub(crate) struct Locale {
    day_long: Option<FixedCalendarDateTimeFormatter<Gregorian, MDE>>,
    day_short: Option<FixedCalendarDateTimeFormatter<Gregorian, MDE>>,
    month_day_long: Option<FixedCalendarDateTimeFormatter<Gregorian, MD>>,
    month_day_short: Option<FixedCalendarDateTimeFormatter<Gregorian, MD>>,
    weekday: Option<FixedCalendarDateTimeFormatter<Gregorian, E>>,
    time: Option<NoCalendarFormatter<T>>,
    number: Option<DecimalFormatter>,
}

/// How much room a date has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// A sentence: "Wednesday 14 March".
    Sentence,
    /// A label: "Wed 14 Mar".
    Label,
}

impl Locale {
    /// The locale of a language in a country (ISO 3166-1 alpha-2; anything else: the language alone).
    pub(crate) fn of(lang: Lang, country: &str) -> Rc<Self> {
        type Met = HashMap<(Lang, [u8; 2]), Rc<Locale>>;
        thread_local! {
            static MET: RefCell<Met> = RefCell::default();
        }
        let region = match country.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                [a.to_ascii_uppercase(), b.to_ascii_uppercase()]
            }
            _ => *b"ZZ",
        };
        MET.with_borrow_mut(|met| {
            Rc::clone(met.entry((lang, region)).or_insert_with(|| Rc::new(Self::new(lang, region))))
        })
    }

    fn new(lang: Lang, region: [u8; 2]) -> Self {
        let region = std::str::from_utf8(&region).ok().filter(|region| *region != "ZZ");
        let tag = region.map_or_else(|| lang.code().to_owned(), |region| format!("{lang}-{region}"));
        let tag: Tag = tag.parse().unwrap_or(Tag::UNKNOWN);
        Self {
            day_long: FixedCalendarDateTimeFormatter::try_new((&tag).into(), MDE::long()).ok(),
            day_short: FixedCalendarDateTimeFormatter::try_new((&tag).into(), MDE::medium()).ok(),
            month_day_long: FixedCalendarDateTimeFormatter::try_new((&tag).into(), MD::long()).ok(),
            month_day_short: FixedCalendarDateTimeFormatter::try_new((&tag).into(), MD::medium()).ok(),
            weekday: FixedCalendarDateTimeFormatter::try_new((&tag).into(), E::short()).ok(),
            time: NoCalendarFormatter::try_new((&tag).into(), T::hm()).ok(),
            number: DecimalFormatter::try_new((&tag).into(), icu_decimal::options::DecimalFormatterOptions::default())
                .ok(),
        }
    }

    /// A day with its weekday.
    pub(crate) fn day(&self, date: NaiveDate, room: Room) -> String {
        let formatter = match room {
            Room::Sentence => &self.day_long,
            Room::Label => &self.day_short,
        };
        written(formatter.as_ref(), date, room)
    }

    /// A day without its weekday, for ranges.
    pub(crate) fn month_day(&self, date: NaiveDate, room: Room) -> String {
        let formatter = match room {
            Room::Sentence => &self.month_day_long,
            Room::Label => &self.month_day_short,
        };
        written(formatter.as_ref(), date, room)
    }

    /// First and last day of a range, so that they can be joined: "9" and "15 March", "30 March" and "5 April".
    pub(crate) fn range(&self, from: NaiveDate, to: NaiveDate, room: Room) -> (String, String) {
        let (first, last) = (self.month_day(from, room), self.month_day(to, room));
        if (from.year(), from.month()) != (to.year(), to.month()) {
            return (first, last);
        }
        // The month is said once, on the side where the language puts it.
        if last.starts_with(|c: char| c.is_ascii_digit()) && last.contains(char::is_alphabetic) {
            (from.day().to_string(), last)
        } else if last.ends_with(|c: char| c.is_ascii_digit()) && last.contains(char::is_alphabetic) {
            (first, to.day().to_string())
        } else {
            (first, last)
        }
    }

    /// A weekday, abbreviated.
    pub(crate) fn weekday(&self, day: Weekday) -> String {
        // The first of January 2024 was a Monday.
        let date = NaiveDate::from_ymd_opt(2024, 1, 1 + day.num_days_from_monday());
        date.map_or_else(|| day.to_string(), |date| written(self.weekday.as_ref(), date, Room::Label))
    }

    /// A time of day: "15:30", "3:30 PM".
    pub(crate) fn time(&self, time: NaiveTime) -> String {
        let wall = Time::try_new(wall_unit(time.hour()), wall_unit(time.minute()), 0, 0).ok();
        let Some((formatter, wall)) = self.time.as_ref().zip(wall) else {
            return time.format("%H:%M").to_string();
        };
        let mut text = spaced(&formatter.format(&wall).to_string());
        // "p. m." as people type it; its point would meet the sentence's.
        if let Some(letters) = text.find(char::is_alphabetic).filter(|_| text.ends_with('.')) {
            let half: String = text.split_off(letters).chars().filter(|c| c.is_alphabetic()).collect();
            text.push_str(&half);
        }
        // "03:30 p.m." (some Spanish of CLDR) is nobody's handwriting; "03:30" is.
        match text.strip_prefix('0') {
            Some(rest) if text.contains(char::is_alphabetic) && !rest.starts_with(':') => rest.to_owned(),
            _ => text,
        }
    }

    /// The number that a printed time begins with: grammar asks for it ("a la 1:00", "a las 2:00").
    pub(crate) fn hour(printed: &str) -> u32 {
        printed.split(|c: char| !c.is_ascii_digit()).next().and_then(|hour| hour.parse().ok()).unwrap_or(0)
    }

    /// A number with so many digits behind the decimal sign: 45 and 1 is "4.5".
    pub(crate) fn number(&self, value: i64, decimals: i16) -> String {
        let mut decimal = Decimal::from(value);
        decimal.multiply_pow10(-decimals);
        self.number
            .as_ref()
            .map_or_else(|| decimal.to_string(), |formatter| spaced(&formatter.format(&decimal).to_string()))
    }
}

fn wall_unit(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

/// A date by a formatter; by ISO 8601 when there is none.
fn written<F>(formatter: Option<&FixedCalendarDateTimeFormatter<Gregorian, F>>, date: NaiveDate, room: Room) -> String
where
    F: icu_datetime::scaffold::DateTimeMarkers,
    F::D: icu_datetime::scaffold::DateInputMarkers,
    F::T: icu_datetime::scaffold::TimeMarkers,
    F::Z: icu_datetime::scaffold::ZoneMarkers,
    Date<Gregorian>: icu_datetime::scaffold::AllInputMarkers<F>,
{
    let day = Date::try_new_gregorian(date.year(), wall_unit(date.month()), wall_unit(date.day())).ok();
    let Some((formatter, day)) = formatter.zip(day) else {
        return date.to_string();
    };
    let text = spaced(&formatter.format(&day).to_string());
    match room {
        Room::Sentence => text,
        // Room is short, and so is the habit of writing "qua, 14 mar" for "qua., 14 de mar.".
        Room::Label => text.replace('.', "").replace(" de ", " "),
    }
}

/// CLDR's narrow spaces as the one no-break space that every phone draws.
fn spaced(text: &str) -> String {
    text.replace(['\u{202f}', '\u{2009}'], NO_BREAK.encode_utf8(&mut [0; 4]))
}
