//! What stands on buttons and rows: every [`Label`] and [`Key`] in words, and how each is shortened.

use super::{
    clean, fit,
    locale::Room,
    say::{Key, Label},
    voice::{Args, DOT, Voice},
    words::{Id, capitalised, id},
};

/// A label in parts: when it is too long only `name` is cut; times, days and prices stay whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelText {
    before: String,
    name: String,
    after: String,
}

impl LabelText {
    fn name(text: &str) -> Self {
        Self { before: String::new(), name: clean::line(text).into_owned(), after: String::new() }
    }

    fn whole(text: String) -> Self {
        Self { before: text, name: String::new(), after: String::new() }
    }

    /// All of it.
    pub(crate) fn full(&self) -> String {
        format!("{}{}{}", self.before, self.name, self.after)
    }

    /// Whether all of it fits.
    pub(crate) fn fits(&self, max: usize) -> bool {
        fit::length(&self.full()) <= max
    }

    /// As much as fits, with some room kept at the end for a mark that makes it different from its like.
    pub(crate) fn cut(&self, max: usize, mark: &str) -> String {
        let max = max.saturating_sub(fit::length(mark));
        let full = self.full();
        let kept = fit::length(&self.before) + fit::length(&self.after);
        let text = if fit::length(&full) <= max {
            full
        } else if kept + MEANINGFUL <= max && !self.name.is_empty() {
            format!("{}{}{}", self.before, fit::cut(&self.name, max - kept), self.after)
        } else {
            // No room for a piece of the name that would mean anything: the rest by itself.
            let rest = format!("{}{}", self.before.trim_end_matches(DOT), self.after);
            let rest = if self.before.is_empty() { rest.trim_start_matches(DOT).to_owned() } else { rest };
            fit::cut(if rest.is_empty() { &full } else { &rest }, max)
        };
        format!("{text}{mark}")
    }
}

/// Fewer letters than this of a name say nothing.
const MEANINGFUL: usize = 5;

/// A label in words.
pub(crate) fn label(voice: &Voice<'_>, label: &Label) -> LabelText {
    match label {
        Label::Key { key } => LabelText::whole(key_text(voice, *key)),
        Label::Name { name } => LabelText::name(name),
        Label::ServiceFacts { minutes, price } => LabelText::whole(voice.facts(*minutes, *price)),
        Label::StaffFacts { title, rating } => {
            let title = title.as_deref().map(clean::line).unwrap_or_default();
            let rating = rating.map(|rating| voice.rating(rating)).unwrap_or_default();
            let joint = if title.is_empty() || rating.is_empty() { "" } else { DOT };
            LabelText { before: String::new(), name: title.into_owned(), after: format!("{joint}{rating}") }
        }
        Label::Day { date } => LabelText::whole(voice.short_day(*date)),
        Label::Days { from, to } => LabelText::whole(capitalised(&voice.days(*from, *to, Room::Label))),
        Label::Time { at } => LabelText::whole(voice.time(*at)),
        Label::DayTime { at } => LabelText::whole(voice.short_when(*at)),
        Label::WallTime { time } => LabelText::whole(voice.wall_time(*time)),
        Label::Booking { at, service } => {
            // On a row of its own the day and time alone tell bookings apart; the name is what gives way.
            let before = format!("{}{DOT}", voice.short_when(*at));
            LabelText { before, name: clean::line(service).into_owned(), after: String::new() }
        }
        Label::Language { lang } => LabelText::whole(voice.words().language_name(*lang)),
        Label::Place { metres, address } => {
            let metres = metres.map(|metres| voice.distance(metres)).unwrap_or_default();
            let address = address.as_deref().map(clean::line).unwrap_or_default();
            let joint = if metres.is_empty() || address.is_empty() { "" } else { DOT };
            LabelText { before: format!("{metres}{joint}"), name: address.into_owned(), after: String::new() }
        }
        Label::FreeCount { count } => {
            LabelText::whole(voice.say(id::LABEL_FREE_COUNT, Args::new().count("count", *count)))
        }
    }
}

/// A fixed word of ours.
pub(crate) fn key_text(voice: &Voice<'_>, key: Key) -> String {
    voice.plain(key_id(key))
}

const fn key_id(key: Key) -> Id {
    match key {
        Key::AnyStaff => id::KEY_ANY_STAFF,
        Key::AnotherDay => id::KEY_ANOTHER_DAY,
        Key::AnotherService => id::KEY_ANOTHER_SERVICE,
        Key::AnotherTime => id::KEY_ANOTHER_TIME,
        Key::Human => id::KEY_HUMAN,
        Key::Back => id::KEY_BACK,
        Key::Book => id::KEY_BOOK,
        Key::BookIt => id::KEY_BOOK_IT,
        Key::CancelIt => id::KEY_CANCEL_IT,
        Key::CancelVisit => id::KEY_CANCEL_VISIT,
        Key::Change => id::KEY_CHANGE,
        Key::Choose => id::KEY_CHOOSE,
        Key::Come => id::KEY_COME,
        Key::Continue => id::KEY_CONTINUE,
        Key::Earlier => id::KEY_EARLIER,
        Key::KeepIt => id::KEY_KEEP_IT,
        Key::Language => id::KEY_LANGUAGE,
        Key::Later => id::KEY_LATER,
        Key::Menu => id::KEY_MENU,
        Key::More => id::KEY_MORE,
        Key::MoveVisit => id::KEY_MOVE_VISIT,
        Key::MoveIt => id::KEY_MOVE_IT,
        Key::MyBookings => id::KEY_MY_BOOKINGS,
        Key::Nearest => id::KEY_NEAREST,
        Key::NextWeek => id::KEY_NEXT_WEEK,
        Key::No => id::KEY_NO,
        Key::Drop => id::KEY_DROP,
        Key::PreviousWeek => id::KEY_PREVIOUS_WEEK,
        Key::Prices => id::KEY_PRICES,
        Key::StartAfresh => id::KEY_START_AFRESH,
        Key::WhereWhen => id::KEY_WHERE_WHEN,
        Key::TryAgain => id::KEY_TRY_AGAIN,
        Key::Yes => id::KEY_YES,
    }
}
