//! Messages as an understanding would read them, spelt shortly.

use super::salon;
use crate::{
    dialogue::SaidWhat,
    model::{BookingId, DateRange, Lang, MediaKind, Private},
    ports::{DateMention, Intent, Interpretation, LangGuess, Ordinal, StaffMention, TimeMention, TimeReading},
};
use chrono::{NaiveDate, NaiveTime};

/// One message: what was written and what it means.
#[derive(Debug, Clone)]
pub struct Words {
    pub(super) what: SaidWhat,
    pub(super) about: Option<BookingId>,
}

/// A clear wish.
#[must_use]
pub fn intent(intent: Intent) -> Words {
    Words {
        what: SaidWhat::Words { text: Private::new(format!("{intent:?}")), meaning: Interpretation::of(intent, 0.9) },
        about: None,
    }
}

/// A wish to book.
#[must_use]
pub fn booking() -> Words {
    intent(Intent::Book)
}

/// A day or an hour and nothing else, as in "tomorrow at five".
#[must_use]
pub fn when() -> Words {
    nothing("…")
}

/// Words that nobody understands.
#[must_use]
pub fn nothing(text: &str) -> Words {
    Words {
        what: SaidWhat::Words { text: Private::new(text.to_owned()), meaning: Interpretation::of(Intent::Other, 0.2) },
        about: None,
    }
}

impl Words {
    /// A file that cannot be read.
    #[must_use]
    pub const fn media(kind: MediaKind) -> Self {
        Self { what: SaidWhat::Unreadable { media: Some(kind) }, about: None }
    }

    /// A place on the map.
    #[must_use]
    pub const fn location(latitude: f64, longitude: f64) -> Self {
        let point = crate::model::GeoPoint { latitude, longitude };
        Self { what: SaidWhat::Location { point: Some(Private::new(point)) }, about: None }
    }

    /// An emoji on a message of ours.
    #[must_use]
    pub fn reaction(emoji: &str) -> Self {
        Self { what: SaidWhat::Reaction { emoji: emoji.to_owned() }, about: None }
    }

    /// What is sent.
    #[must_use]
    pub const fn what(&self) -> &SaidWhat {
        &self.what
    }

    /// The tap on an option with this id.
    #[must_use]
    pub fn tap(id: &str) -> Self {
        Self { what: SaidWhat::Tap { id: id.to_owned(), title: String::new() }, about: None }
    }

    /// Written as an answer to a message that spoke of a booking.
    #[must_use]
    pub fn quoting(mut self, booking: BookingId) -> Self {
        self.about = Some(booking);
        self
    }

    /// The text itself.
    #[must_use]
    pub fn text(self, written: &str) -> Self {
        match self.what {
            SaidWhat::Words { meaning, .. } => {
                Self { what: SaidWhat::Words { text: Private::new(written.to_owned()), meaning }, ..self }
            }
            _ => self,
        }
    }

    /// Names services.
    #[must_use]
    pub fn services(self, ids: &[&str]) -> Self {
        self.meaning(|meaning| meaning.services = ids.iter().map(|id| salon::id(id)).collect())
    }

    /// Names a service.
    #[must_use]
    pub fn service(self, id: &str) -> Self {
        self.services(&[id])
    }

    /// Wants all the services named.
    #[must_use]
    pub fn all(self) -> Self {
        self.meaning(|meaning| meaning.all_services = true)
    }

    /// Names a person, or several whose names fit.
    #[must_use]
    pub fn with(self, ids: &[&str]) -> Self {
        let named = StaffMention::Named(ids.iter().map(|id| salon::id(id)).collect());
        self.meaning(|meaning| meaning.staff = Some(named))
    }

    /// "With anyone."
    #[must_use]
    pub fn with_anyone(self) -> Self {
        self.meaning(|meaning| meaning.staff = Some(StaffMention::Any))
    }

    /// Names a day, `2026-03-12`.
    #[must_use]
    pub fn on(self, day: &str) -> Self {
        self.days(day, day)
    }

    /// Names a range of days.
    #[must_use]
    pub fn days(self, from: &str, to: &str) -> Self {
        let range = DateRange { from: date(from), to: date(to) };
        self.meaning(|meaning| meaning.date = DateMention::Exact(range))
    }

    /// Names a day that may be one of several.
    #[must_use]
    pub fn on_one_of(self, days: &[&str]) -> Self {
        let readings = days.iter().map(|day| DateRange::day(date(day))).collect();
        self.meaning(|meaning| meaning.date = DateMention::Ambiguous(readings))
    }

    /// Excludes a day.
    #[must_use]
    pub fn not_on(self, day: &str) -> Self {
        self.meaning(|meaning| meaning.not_dates.push(DateRange::day(date(day))))
    }

    /// Names an hour, `15:30`.
    #[must_use]
    pub fn at(self, at: &str) -> Self {
        self.meaning(|meaning| meaning.time = TimeMention::Exact(TimeReading::At(time(at))))
    }

    /// Names an hour that may be one of several.
    #[must_use]
    pub fn at_one_of(self, times: &[&str]) -> Self {
        let readings = times.iter().map(|at| TimeReading::At(time(at))).collect();
        self.meaning(|meaning| meaning.time = TimeMention::Ambiguous(readings))
    }

    /// Names a part of the day; an empty text leaves an end open.
    #[must_use]
    pub fn between(self, from: &str, to: &str) -> Self {
        let end = |text: &str| (!text.is_empty()).then(|| time(text));
        let reading = TimeReading::Between { from: end(from), to: end(to) };
        self.meaning(|meaning| meaning.time = TimeMention::Exact(reading))
    }

    /// How many people come.
    #[must_use]
    pub fn people(self, party: u8) -> Self {
        self.meaning(|meaning| meaning.party = party)
    }

    /// "The n-th"; 0 for "the last".
    #[must_use]
    pub fn nth(self, n: u16) -> Self {
        let ordinal = if n == 0 { Ordinal::Last } else { Ordinal::Nth(n) };
        self.meaning(|meaning| meaning.ordinal = Some(ordinal))
    }

    /// Late by so many minutes.
    #[must_use]
    pub fn minutes(self, minutes: u16) -> Self {
        self.meaning(|meaning| meaning.late_minutes = Some(minutes))
    }

    /// Asks for a language.
    #[must_use]
    pub fn wants(self, lang: Lang) -> Self {
        self.meaning(|meaning| meaning.wanted_lang = Some(lang))
    }

    /// Written in a language, with how sure that is.
    #[must_use]
    pub fn in_lang(self, lang: Lang, confidence: f32) -> Self {
        self.meaning(|meaning| meaning.lang = Some(LangGuess { lang, confidence }))
    }

    /// How sure the intent is.
    #[must_use]
    pub fn sure(self, confidence: f32) -> Self {
        self.meaning(|meaning| meaning.confidence = confidence)
    }

    /// Anything else about the meaning.
    #[must_use]
    pub fn meaning(mut self, change: impl FnOnce(&mut Interpretation)) -> Self {
        if let SaidWhat::Words { meaning, .. } = &mut self.what {
            change(meaning);
        }
        self
    }
}

fn date(text: &str) -> NaiveDate {
    match text.parse() {
        Ok(date) => date,
        Err(_) => unreachable!("\"{text}\" is no date"),
    }
}

fn time(text: &str) -> NaiveTime {
    match format!("{text}:00").parse() {
        Ok(time) => time,
        Err(_) => unreachable!("\"{text}\" is no time"),
    }
}
