//! What the phrases of the lexicons mean: the tags that the data files' keys stand for.

use crate::model::Lang;

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Dawn,
    Morning,
    Lunch,
    Afternoon,
    Evening,
}

/// Units of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Whom a word for a person describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gender {
    Male,
    Female,
    Any,
}

/// What a phrase means; several tags may share a phrase.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tag {
    // Dates
    Day(i64),
    Weekday(u8),
    MonthName(u8),
    Num(u32),
    Ord(u32),
    OrdSuffix,
    Week(i64),
    Weekend(i64),
    MonthRange(i64),
    Later(i64),
    Next,
    This,
    Prev,
    Unit(Unit),
    DayMark,
    DayWord,
    In,
    FromNow,
    Fixed(u8, u8),
    Except,
    NotAfter,
    Old,
    Noise,
    // Times
    Part(Part),
    Clock(u8, u8),
    Half,
    HalfTo,
    Quarter,
    Past,
    MinusTo,
    Minus,
    Without,
    Am,
    Pm,
    Ish,
    After,
    Before,
    Around,
    At,
    FromTime(u8),
    ToTime(u8),
    OrLater,
    // Small words
    Between,
    And,
    Or,
    To,
    From,
    Of,
    // People and things
    Person(Gender, u8),
    MySelf,
    PartyOf(u8),
    Counted(u8),
    People,
    ForPeople,
    With,
    AnyStaff,
    SelfIntro,
    NotWith,
    /// Short for a name, which is kept as it sounds.
    Nick(u16),
    Concept(u16),
    Modifier(u16),
    // Answers
    Nth(u16),
    Last,
    // Languages and intents
    Language(Lang),
    Cue(u16, i16),
    /// Only evidence for the language.
    Plain,
    /// Evidence that weighs little (a greeting borrowed by everyone).
    Loan,
}

/// Names that tags refer to by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) concepts: Vec<String>,
    pub(super) cues: Vec<String>,
    /// Names, as they sound, that short forms stand for.
    pub(super) nicks: Vec<String>,
}

impl Tag {
    /// Reads a key of the data files; names of concepts, cues and short names are numbered as they come.
    pub(super) fn read(key: &str, names: &mut Names) -> Option<Self> {
        let (name, value) = key.split_once(':').unwrap_or((key, ""));
        let int = || value.parse::<i64>().ok();
        let small = || value.parse::<u8>().ok();
        let pair = || {
            let (a, b) = value.split_once(':').or_else(|| value.split_once('-'))?;
            Some((a.parse::<u8>().ok()?, b.parse::<u8>().ok()?))
        };
        Some(match name {
            "day" => Self::Day(int()?),
            "weekday" => Self::Weekday(small()?),
            "month" => Self::MonthName(small()?),
            "num" => Self::Num(value.parse().ok()?),
            "ord" => Self::Ord(value.parse().ok()?),
            "ordsuffix" => Self::OrdSuffix,
            "week" => Self::Week(int()?),
            "weekend" => Self::Weekend(int()?),
            "monthrange" => Self::MonthRange(int()?),
            "later" => Self::Later(int()?),
            "next" => Self::Next,
            "this" => Self::This,
            "prev" => Self::Prev,
            "unit" => Self::Unit(match value {
                "minute" => Unit::Minute,
                "hour" => Unit::Hour,
                "day" => Unit::Day,
                "week" => Unit::Week,
                "month" => Unit::Month,
                "year" => Unit::Year,
                _ => return None,
            }),
            "daymark" => Self::DayMark,
            "dayword" => Self::DayWord,
            "in" => Self::In,
            "fromnow" => Self::FromNow,
            "fixed" => pair().map(|(m, d)| Self::Fixed(m, d))?,
            "except" => Self::Except,
            "notafter" => Self::NotAfter,
            "old" => Self::Old,
            "noise" => Self::Noise,
            "part" => Self::Part(match value {
                "dawn" => Part::Dawn,
                "morning" => Part::Morning,
                "lunch" => Part::Lunch,
                "afternoon" => Part::Afternoon,
                "evening" => Part::Evening,
                _ => return None,
            }),
            "clock" => pair().map(|(h, m)| Self::Clock(h, m))?,
            "half" => Self::Half,
            "halfto" => Self::HalfTo,
            "quarter" => Self::Quarter,
            "past" => Self::Past,
            "minusto" => Self::MinusTo,
            "minus" => Self::Minus,
            "without" => Self::Without,
            "am" => Self::Am,
            "pm" => Self::Pm,
            "ish" => Self::Ish,
            "after" => Self::After,
            "before" => Self::Before,
            "around" => Self::Around,
            "at" => Self::At,
            "fromtime" => Self::FromTime(small()?),
            "totime" => Self::ToTime(small()?),
            "orlater" => Self::OrLater,
            "between" => Self::Between,
            "and" => Self::And,
            "or" => Self::Or,
            "to" => Self::To,
            "from" => Self::From,
            "of" => Self::Of,
            "person" => {
                let (gender, count) = value.split_once(':').unwrap_or((value, "1"));
                let gender = match gender {
                    "m" => Gender::Male,
                    "f" => Gender::Female,
                    "x" => Gender::Any,
                    _ => return None,
                };
                Self::Person(gender, count.parse().ok()?)
            }
            "myself" => Self::MySelf,
            "party" => Self::PartyOf(small()?),
            "counted" => Self::Counted(small()?),
            "people" => Self::People,
            "forpeople" => Self::ForPeople,
            "with" => Self::With,
            "anystaff" => Self::AnyStaff,
            "selfintro" => Self::SelfIntro,
            "notwith" => Self::NotWith,
            "nick" => Self::Nick(index_of(&mut names.nicks, value)),
            "concept" => Self::Concept(index_of(&mut names.concepts, value)),
            "mod" => Self::Modifier(index_of(&mut names.concepts, value)),
            "nth" => Self::Nth(value.parse().ok()?),
            "last" => Self::Last,
            "language" => Self::Language(value.parse().ok()?),
            "plain" => Self::Plain,
            "loan" => Self::Loan,
            _ => {
                // A cue: `cancel:4`, `cancel:-3`, `filler`.
                let weight = if value.is_empty() { 1 } else { value.parse().ok()? };
                if !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                    return None;
                }
                Self::Cue(index_of(&mut names.cues, name), weight)
            }
        })
    }
}

/// The number of a name, given out on first sight.
pub(super) fn index_of(names: &mut Vec<String>, name: &str) -> u16 {
    let index = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    u16::try_from(index).unwrap_or(u16::MAX)
}
