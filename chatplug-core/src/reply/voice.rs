//! One language speaking to one client of one branch: messages with their values, and the values that come from types
//! (dates, money, durations, visits). Which message says what is `speak`'s.

use super::{
    clean,
    locale::{Locale, Room},
    money,
    render::{Note, RenderContext},
    say::{BookingView, When},
    words::{Id, Speech, Words, id},
};
use crate::model::{Formality, Lang, Money, Price, Rating};
use chrono::{FixedOffset, LocalResult, NaiveDate, NaiveTime, Offset, TimeZone};
use fluent_bundle::FluentArgs;
use std::{borrow::Cow, cell::RefCell, rc::Rc};

/// What a label's parts are joined with.
pub(crate) const DOT: &str = " · ";

/// The values of a message. Which method sets one decides how it is treated: texts of other people are never set as
/// they are.
#[derive(Debug, Default)]
pub(crate) struct Args<'a>(FluentArgs<'a>);

impl<'a> Args<'a> {
    pub(crate) fn new() -> Self {
        Self(FluentArgs::with_capacity(8))
    }

    /// A name that somebody else wrote.
    pub(crate) fn name(mut self, key: &'static str, text: &'a str) -> Self {
        self.0.set(key, clean::name(text));
        self
    }

    /// A text of ours: a date, a price, a sentence.
    pub(crate) fn ours(mut self, key: &'static str, text: impl Into<Cow<'a, str>>) -> Self {
        self.0.set(key, text.into());
        self
    }

    /// A number, for plurals.
    pub(crate) fn count(mut self, key: &'static str, number: u32) -> Self {
        self.0.set(key, number);
        self
    }
}

/// A language, the branch's country, and how the client is addressed.
pub(crate) struct Voice<'a> {
    words: &'a Words,
    speech: Option<&'a Speech>,
    context: &'a RenderContext<'a>,
    country: String,
    locale: Rc<Locale>,
    notes: RefCell<Vec<Note>>,
}

impl<'a> Voice<'a> {
    pub(crate) fn new(words: &'a Words, lang: Lang, context: &'a RenderContext<'a>) -> Self {
        let (lang, speech) = words.speech(lang);
        let country = context.country.to_ascii_uppercase();
        let locale = Locale::of(lang, &country);
        Self { words, speech, context, country, locale, notes: RefCell::default() }
    }

    pub(crate) const fn words(&self) -> &'a Words {
        self.words
    }

    pub(crate) const fn context(&self) -> &'a RenderContext<'a> {
        self.context
    }

    pub(crate) fn note(&self, note: Note) {
        self.notes.borrow_mut().push(note);
    }

    pub(crate) fn into_notes(self) -> Vec<Note> {
        self.notes.into_inner()
    }

    /// Says a message that has no values of its own.
    pub(crate) fn plain(&self, id: Id) -> String {
        self.say(id, Args(FluentArgs::with_capacity(3)))
    }

    /// Says a message.
    pub(crate) fn say(&self, id: Id, args: Args<'_>) -> String {
        let mut args = args.0;
        args.set(
            "form",
            match self.context.formality {
                Formality::Formal => "formal",
                Formality::Informal => "informal",
            },
        );
        args.set("region", self.country.as_str());
        if args.get("business").is_none() {
            args.set("business", clean::name(self.context.business));
        }
        let Some(speech) = self.speech else {
            self.note(Note::Unsaid { why: "there is no language at all".to_owned() });
            return String::new();
        };
        speech.say(id, &args).unwrap_or_else(|unsaid| {
            self.note(Note::Unsaid { why: unsaid.why });
            unsaid.text
        })
    }

    // --- dates and times ---------------------------------------------------------------------------------------------

    /// A day in a sentence: "Wednesday 14 March".
    pub(crate) fn day(&self, date: NaiveDate) -> String {
        self.locale.day(date, Room::Sentence)
    }

    /// A day on a label: "Wed 14 Mar".
    pub(crate) fn short_day(&self, date: NaiveDate) -> String {
        super::words::capitalised(&self.locale.day(date, Room::Label))
    }

    /// A range of days: "9 – 15 March".
    pub(crate) fn days(&self, from: NaiveDate, to: NaiveDate, room: Room) -> String {
        let (from, to) = self.locale.range(from, to, room);
        self.say(id::DAYS_RANGE, Args::new().ours("from", from).ours("to", to))
    }

    /// A bare time of day.
    pub(crate) fn wall_time(&self, time: NaiveTime) -> String {
        self.locale.time(time)
    }

    /// The time of an instant at its branch; told apart from its twin in the night that the clocks go back.
    pub(crate) fn time(&self, at: When) -> String {
        let local = at.start.with_timezone(&at.zone);
        let time = self.locale.time(local.time());
        if matches!(at.zone.from_local_datetime(&local.naive_local()), LocalResult::Ambiguous(..)) {
            let offset = offset_of(&local.offset().fix());
            return self.say(id::REPEATED_TIME, Args::new().ours("time", time).ours("offset", offset));
        }
        time
    }

    /// Day and time in a sentence: "Wednesday 14 March at 15:30".
    pub(crate) fn when(&self, at: When) -> String {
        self.date_and_time(at.start.with_timezone(&at.zone).date_naive(), self.time(at))
    }

    /// Day and wall time in a sentence.
    pub(crate) fn wall_when(&self, date: NaiveDate, time: NaiveTime) -> String {
        self.date_and_time(date, self.wall_time(time))
    }

    fn date_and_time(&self, date: NaiveDate, time: String) -> String {
        let hour = Locale::hour(&time);
        self.say(id::WHEN, Args::new().ours("date", self.day(date)).ours("time", time).count("hour", hour))
    }

    /// Day and time on a label: "Wed 14 Mar, 15:30".
    pub(crate) fn short_when(&self, at: When) -> String {
        let day = self.short_day(at.start.with_timezone(&at.zone).date_naive());
        self.say(id::LABEL_DAY_TIME, Args::new().ours("day", day).ours("time", self.time(at)))
    }

    /// Weekdays with the same hours: "Mon – Fri".
    pub(crate) fn weekdays(&self, from: chrono::Weekday, to: chrono::Weekday) -> String {
        let first = super::words::capitalised(&self.locale.weekday(from));
        if from == to {
            return first;
        }
        self.say(id::HOURS_WEEKDAYS, Args::new().ours("from", first).ours("to", self.locale.weekday(to)))
    }

    /// Stretches of a day: "9:00 – 13:00, 14:00 – 18:00".
    pub(crate) fn spans(&self, open: &[(NaiveTime, NaiveTime)]) -> String {
        let spans = open.iter().map(|(from, to)| {
            let (from, to) = (self.wall_time(*from), self.wall_time(*to));
            self.say(id::HOURS_SPAN, Args::new().ours("from", from).ours("to", to))
        });
        spans.collect::<Vec<_>>().join(", ")
    }

    // --- amounts -----------------------------------------------------------------------------------------------------

    /// How long something takes: "90 min", "2 h 30 min".
    pub(crate) fn duration(&self, minutes: u32) -> String {
        match (minutes / 60, minutes % 60) {
            _ if minutes <= 90 => self.say(id::DURATION_MINUTES, Args::new().count("minutes", minutes)),
            (hours, 0) => self.say(id::DURATION_HOURS, Args::new().count("hours", hours)),
            (hours, rest) => self.say(id::DURATION_BOTH, Args::new().count("hours", hours).count("minutes", rest)),
        }
    }

    /// A price or a range of prices.
    pub(crate) fn price(&self, price: Price) -> String {
        match price.to.filter(|to| to.minor != price.from.minor) {
            None => self.money(price.from),
            Some(to) => {
                let (from, to) = (self.money(price.from), self.money(to));
                self.say(id::PRICE_RANGE, Args::new().ours("from", from).ours("to", to))
            }
        }
    }

    fn money(&self, money: Money) -> String {
        let symbol = money::symbol(money.currency, &self.country);
        let letters = symbol.chars().all(|c| c.is_alphabetic() || c == '/');
        let args = Args::new()
            .ours("symbol", symbol)
            .ours("amount", money::digits(money, &self.locale))
            .ours("currency", money.currency.code());
        self.say(if letters { id::MONEY_LETTERS } else { id::MONEY }, args)
    }

    /// Reviews: "★ 4.8 (120)".
    pub(crate) fn rating(&self, rating: Rating) -> String {
        let stars = self.locale.number(i64::from(rating.tenths), 1);
        if rating.count == 0 {
            return self.say(id::RATING_ALONE, Args::new().ours("stars", stars));
        }
        let count = self.locale.number(i64::from(rating.count), 0);
        self.say(id::RATING, Args::new().ours("stars", stars).ours("count", count))
    }

    /// Length and price, as far as known: "60 min · 45 €".
    pub(crate) fn facts(&self, minutes: u32, price: Option<Price>) -> String {
        let minutes = (minutes > 0).then(|| self.duration(minutes));
        let price = price.map(|price| self.price(price));
        minutes.into_iter().chain(price).collect::<Vec<_>>().join(DOT)
    }

    /// How far something is: "350 m", "1.2 km", "0.8 mi". Rounded as people say it.
    pub(crate) fn distance(&self, metres: u32) -> String {
        let say = |id, value: u32, decimals| {
            self.say(id, Args::new().ours("amount", self.locale.number(i64::from(value), decimals)))
        };
        if matches!(self.country.as_str(), "US" | "GB" | "LR") {
            // Tenths of a mile.
            let tenths = (u64::from(metres) * 10 + 804) / 1609;
            let tenths = u32::try_from(tenths).unwrap_or(u32::MAX).max(1);
            return if tenths < 100 { say(id::MILES, tenths, 1) } else { say(id::MILES, (tenths + 5) / 10, 0) };
        }
        match metres {
            0..950 => say(id::METRES, ((metres + 25) / 50 * 50).max(50), 0),
            950..9950 => say(id::KILOMETRES, (metres + 50) / 100, 1),
            _ => say(id::KILOMETRES, metres / 1000 + u32::from(metres % 1000 >= 500), 0),
        }
    }

    // --- visits ------------------------------------------------------------------------------------------------------

    /// What is done, and with whom.
    pub(crate) fn what(&self, service: &str, staff: Option<&str>) -> String {
        match staff {
            None => self.say(id::VISIT_WHAT, Args::new().name("service", service)),
            Some(staff) => self.say(id::VISIT_WHAT_STAFF, Args::new().name("service", service).name("staff", staff)),
        }
    }

    /// A visit, a line for each thing to know.
    pub(crate) fn visit(&self, view: &BookingView) -> String {
        let mut lines = self.item(view);
        let facts = self.facts(view.minutes, view.price);
        if !facts.is_empty() {
            lines.insert(2, facts);
        }
        lines.join("\n")
    }

    /// A visit among others: without what it costs and how long it takes.
    pub(crate) fn item(&self, view: &BookingView) -> Vec<String> {
        let mut lines = vec![
            self.what(&view.service, view.staff.as_deref()),
            self.say(id::VISIT_WHEN, Args::new().ours("when", self.when(view.at))),
        ];
        if let Some(branch) = &view.branch {
            lines.push(self.say(id::VISIT_BRANCH, Args::new().name("branch", branch)));
        }
        if view.party > 1 {
            lines.push(self.say(id::VISIT_PARTY, Args::new().count("count", u32::from(view.party))));
        }
        lines
    }

    /// A visit in one phrase: "Haircut, Wednesday 14 March at 15:30".
    pub(crate) fn visit_line(&self, view: &BookingView) -> String {
        let args = Args::new().name("service", &view.service).ours("when", self.when(view.at));
        match &view.branch {
            None => self.say(id::VISIT_LINE, args),
            Some(branch) => self.say(id::VISIT_LINE_BRANCH, args.name("branch", branch)),
        }
    }
}

/// An offset from UTC as people write it: "+1", "−3", "+5:30".
fn offset_of(offset: &FixedOffset) -> String {
    let seconds = offset.local_minus_utc();
    let sign = if seconds < 0 { '−' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("{sign}{hours}"),
        (hours, minutes) => format!("{sign}{hours}:{minutes:02}"),
    }
}
