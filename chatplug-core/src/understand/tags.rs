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
            "day" => Tag::Day(int()?),
            "weekday" => Tag::Weekday(small()?),
            "month" => Tag::MonthName(small()?),
            "num" => Tag::Num(value.parse().ok()?),
            "ord" => Tag::Ord(value.parse().ok()?),
            "ordsuffix" => Tag::OrdSuffix,
            "week" => Tag::Week(int()?),
            "weekend" => Tag::Weekend(int()?),
            "monthrange" => Tag::MonthRange(int()?),
            "later" => Tag::Later(int()?),
            "next" => Tag::Next,
            "this" => Tag::This,
            "prev" => Tag::Prev,
            "unit" => Tag::Unit(match value {
                "minute" => Unit::Minute,
                "hour" => Unit::Hour,
                "day" => Unit::Day,
                "week" => Unit::Week,
                "month" => Unit::Month,
                "year" => Unit::Year,
                _ => return None,
            }),
            "daymark" => Tag::DayMark,
            "dayword" => Tag::DayWord,
            "in" => Tag::In,
            "fromnow" => Tag::FromNow,
            "fixed" => pair().map(|(m, d)| Tag::Fixed(m, d))?,
            "except" => Tag::Except,
            "notafter" => Tag::NotAfter,
            "old" => Tag::Old,
            "noise" => Tag::Noise,
            "part" => Tag::Part(match value {
                "dawn" => Part::Dawn,
                "morning" => Part::Morning,
                "lunch" => Part::Lunch,
                "afternoon" => Part::Afternoon,
                "evening" => Part::Evening,
                _ => return None,
            }),
            "clock" => pair().map(|(h, m)| Tag::Clock(h, m))?,
            "half" => Tag::Half,
            "halfto" => Tag::HalfTo,
            "quarter" => Tag::Quarter,
            "past" => Tag::Past,
            "minusto" => Tag::MinusTo,
            "minus" => Tag::Minus,
            "without" => Tag::Without,
            "am" => Tag::Am,
            "pm" => Tag::Pm,
            "ish" => Tag::Ish,
            "after" => Tag::After,
            "before" => Tag::Before,
            "around" => Tag::Around,
            "at" => Tag::At,
            "fromtime" => Tag::FromTime(small()?),
            "totime" => Tag::ToTime(small()?),
            "orlater" => Tag::OrLater,
            "between" => Tag::Between,
            "and" => Tag::And,
            "or" => Tag::Or,
            "to" => Tag::To,
            "from" => Tag::From,
            "of" => Tag::Of,
            "person" => {
                let (gender, count) = value.split_once(':').unwrap_or((value, "1"));
                let gender = match gender {
                    "m" => Gender::Male,
                    "f" => Gender::Female,
                    "x" => Gender::Any,
                    _ => return None,
                };
                Tag::Person(gender, count.parse().ok()?)
            }
            "myself" => Tag::MySelf,
            "party" => Tag::PartyOf(small()?),
            "counted" => Tag::Counted(small()?),
            "people" => Tag::People,
            "forpeople" => Tag::ForPeople,
            "with" => Tag::With,
            "anystaff" => Tag::AnyStaff,
            "selfintro" => Tag::SelfIntro,
            "notwith" => Tag::NotWith,
            "nick" => Tag::Nick(index_of(&mut names.nicks, value)),
            "concept" => Tag::Concept(index_of(&mut names.concepts, value)),
            "mod" => Tag::Modifier(index_of(&mut names.concepts, value)),
            "nth" => Tag::Nth(value.parse().ok()?),
            "last" => Tag::Last,
            "language" => Tag::Language(value.parse().ok()?),
            "plain" => Tag::Plain,
            "loan" => Tag::Loan,
            _ => {
                // A cue: `cancel:4`, `cancel:-3`, `filler`.
                let weight = if value.is_empty() { 1 } else { value.parse().ok()? };
                if !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') {
                    return None;
                }
                Tag::Cue(index_of(&mut names.cues, name), weight)
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
