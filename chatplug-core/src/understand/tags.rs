//! What the phrases of the lexicons mean: the tags that the data files' keys stand for.
//!
//! Compiled into `build.rs` too, which checks the files, so it uses nothing of this crate.

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

/// A part of a month or week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    Start,
    Middle,
    End,
}

/// A day of the year by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feast {
    /// Month and day.
    Fixed(u8, u8),
    /// Month, weekday (1 is Monday), and which one of the month; -1 the last.
    Nth(u8, u8, i8),
    /// Days after Easter Sunday.
    Easter(i16),
    /// Days after the Easter Sunday of the Orthodox.
    Orthodox(i16),
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
    /// So many days, as a unit: "a fortnight".
    Span(i64),
    /// A day by name, in one country or anywhere.
    Feast(Feast, Option<[u8; 2]>),
    Edge(Edge),
    /// A month follows as a whole: "during".
    InMonth,
    /// "the day after" what follows, or what was said.
    NextDay,
    /// The day before what follows.
    Eve,
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
    /// "5p", "10a": only right after the digits.
    ShortAm,
    ShortPm,
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
    /// Between the first and the last day: "по", "through"; hours are joined by other words.
    Through,
    /// What a number counts that is neither a day nor an hour: "cm", "euros".
    Measure,
    // What part a day or time plays
    /// Speaks of the writer's own affairs: "I work until", "I have a dinner".
    Aside,
    /// Begins a clause without a mark: "so", "but".
    So,
    /// What it stands beside stays: "keep the manicure".
    Keep,
    /// Begins what follows from what was said: "therefore".
    Hence,
    /// What follows is the writer's: "my".
    Mine,
    /// A word for a booking: "appointment".
    Visit,
    /// Right before a day or time: where a booking stands.
    Have,
    /// A move to before: "bring forward".
    Earlier,
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
    /// Joins the writer to others: "me and", "eu mais".
    Joins,
    /// Someone else than the one named before.
    OtherStaff,
    /// Says on its own that anyone will do, where it was asked who.
    Anyone,
    /// Short for a name, which is kept as it sounds.
    Nick(u16),
    Concept(u16),
    Modifier(u16),
    // Answers
    Nth(u16),
    Last,
    /// Before a position: "option", "number".
    Choice,
    /// An article that a position may have: "the 2", "o 2".
    Pick,
    // Languages and intents
    Language(u16),
    Cue(u16, i16),
    /// Only evidence for the language.
    Plain,
    /// Evidence that weighs little (a greeting borrowed by everyone).
    Loan,
}

/// What a language does its own way; lines `rule = …` of `grammar.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// "half four" is 4:30.
    HalfPast,
    /// "четверть пятого": minutes of the hour that is not over yet, named by an ordinal.
    OrdinalHours,
    /// "на двадцатое": an ordinal alone is a day.
    OrdinalDays,
    /// `20.03` is a date.
    DottedDates,
    /// "três e quinze": minutes are joined to the hour by "and".
    AndMinutes,
    /// "at 730" is a time.
    CompactTimes,
    /// "в 15-30" is a time.
    DashedTimes,
    /// "12 in the morning" is midnight.
    TwelveIsMidnight,
    /// The mark of a day is an article too: "the 2 of us".
    DayMarkIsArticle,
    /// "two hours" are how long it takes.
    HoursAreWhiles,
    /// "March 3 to 15": the month is said before the day.
    MonthBeforeDay,
    /// "quinze jours" are two weeks, "ocho días" one: both ends are counted.
    InclusiveDays,
    /// The same, but the plain count is likelier.
    InclusiveDaysRarely,
}

impl Rule {
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "half-past" => Self::HalfPast,
            "ordinal-hours" => Self::OrdinalHours,
            "ordinal-days" => Self::OrdinalDays,
            "dotted-dates" => Self::DottedDates,
            "and-minutes" => Self::AndMinutes,
            "compact-times" => Self::CompactTimes,
            "dashed-times" => Self::DashedTimes,
            "twelve-is-midnight" => Self::TwelveIsMidnight,
            "daymark-is-article" => Self::DayMarkIsArticle,
            "month-before-day" => Self::MonthBeforeDay,
            "hours-are-whiles" => Self::HoursAreWhiles,
            "inclusive-days" => Self::InclusiveDays,
            "inclusive-days-rarely" => Self::InclusiveDaysRarely,
            _ => return None,
        })
    }
}

/// What tells a language by its writing, and the rules of its grammar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trait {
    Rule(Rule),
    /// Written in Cyrillic letters, and in Latin ones by those without the keyboard.
    Cyrillic,
    /// Letters that weigh so much.
    Letters(i32, String),
    /// An ending, with its marks.
    Ending(i32, String),
    /// A part of a word.
    Inside(i32, String),
    /// A letter before an apostrophe.
    Elision(i32, String),
    /// Inverted question and exclamation marks.
    Inverted(i32),
}

impl Trait {
    /// Reads a key of `grammar.txt` with one of its values; `None` when it is no such key.
    pub(super) fn read(key: &str, value: &str) -> Option<Result<Self, String>> {
        let (name, weight) = key.split_once(':').unwrap_or((key, ""));
        let weighed = |make: fn(i32, String) -> Self| {
            let weight: i32 = weight.parse().map_err(|_| format!("\"{key}\" has no weight"))?;
            Ok(make(weight, value.to_owned()))
        };
        Some(match name {
            "rule" => Rule::read(value).map(Self::Rule).ok_or_else(|| format!("there is no rule \"{value}\"")),
            "alphabet" if value == "cyrillic" => Ok(Self::Cyrillic),
            "alphabet" if value == "latin" => return None,
            "alphabet" => Err(format!("the alphabet \"{value}\" is not known")),
            "letters" => weighed(Self::Letters),
            "ending" => weighed(Self::Ending),
            "inside" => weighed(Self::Inside),
            "elision" => weighed(Self::Elision),
            "inverted" => value.parse().map(Self::Inverted).map_err(|_| format!("\"{value}\" is no weight")),
            _ => return None,
        })
    }
}

/// Cues that the intents are weighed by; `cancel:4` in a lexicon names one with its weight.
pub(super) const CUES: &[&str] = &[
    "opt_out",
    "opt_in",
    "human",
    "running_late",
    "cancel",
    "move",
    "list_bookings",
    "ask_price",
    "ask_location",
    "ask_hours",
    "ask_service",
    "confirm_visit",
    "review",
    "book",
    "ask_availability",
    "menu",
    "back",
    "other",
    "yes",
    "no",
    "thanks",
    "greet",
    // What makes an intent together with something else.
    "cant_come",
    "rebook_no",
    "bookverb",
    "apology",
    "filler",
    "change_language",
    "correction",
    "msgnoun",
    "stopverb",
    "startverb",
    "sentiment",
    "arrive",
    "arrive_late",
    "transport",
    "someone",
    "talkverb",
];

/// The number of a cue; a name that is none is a mistake.
pub(super) fn cue(name: &str) -> Option<u16> {
    CUES.iter().position(|cue| *cue == name).and_then(|index| u16::try_from(index).ok())
}

/// Names that tags refer to by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) concepts: Vec<String>,
    /// Codes of languages that a message may ask for.
    pub(super) languages: Vec<String>,
    /// Names, as they sound, that short forms stand for.
    pub(super) nicks: Vec<String>,
}

impl Feast {
    fn read(name: &str, value: &str) -> Option<Self> {
        let day = |day: u8| (1..=31).contains(&day).then_some(day);
        let month = |month: u8| (1..=12).contains(&month).then_some(month);
        Some(match name {
            "fixed" => {
                let (m, d) = value.split_once('-')?;
                Self::Fixed(month(m.parse().ok()?)?, day(d.parse().ok()?)?)
            }
            "nthday" => {
                let (m, rest) = value.split_once(':')?;
                let (weekday, n) = rest.split_once(':')?;
                let weekday = weekday.parse().ok().filter(|day| (1..=7).contains(day))?;
                let n = n.parse().ok().filter(|n| (1..=5).contains(n) || *n == -1)?;
                Self::Nth(month(m.parse().ok()?)?, weekday, n)
            }
            "easter" => Self::Easter(value.parse().ok()?),
            _ => Self::Orthodox(value.parse().ok()?),
        })
    }
}

impl Tag {
    /// Reads a key of the data files; names of concepts, languages and short names are numbered as they come.
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
            "fixed" | "nthday" | "easter" | "orthodox" => {
                let (value, country) = value.split_once('@').map_or((value, None), |(v, c)| (v, Some(c)));
                let country = match country {
                    Some(code) => Some(<[u8; 2]>::try_from(code.as_bytes()).ok()?),
                    None => None,
                };
                Self::Feast(Feast::read(name, value)?, country)
            }
            "span" => Self::Span(int()?),
            "edge" => Self::Edge(match value {
                "start" => Edge::Start,
                "middle" => Edge::Middle,
                "end" => Edge::End,
                _ => return None,
            }),
            "inmonth" => Self::InMonth,
            "nextday" => Self::NextDay,
            "eve" => Self::Eve,
            "shortam" => Self::ShortAm,
            "shortpm" => Self::ShortPm,
            "otherstaff" => Self::OtherStaff,
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
            "through" => Self::Through,
            "aside" => Self::Aside,
            "so" => Self::So,
            "keep" => Self::Keep,
            "hence" => Self::Hence,
            "mine" => Self::Mine,
            "measure" => Self::Measure,
            "visit" => Self::Visit,
            "have" => Self::Have,
            "earlier" => Self::Earlier,
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
            "joins" => Self::Joins,
            "anyone" => Self::Anyone,
            "nick" => Self::Nick(index_of(&mut names.nicks, value)),
            "concept" => Self::Concept(index_of(&mut names.concepts, value)),
            "mod" => Self::Modifier(index_of(&mut names.concepts, value)),
            "nth" => Self::Nth(value.parse().ok()?),
            "last" => Self::Last,
            "choice" => Self::Choice,
            "pick" => Self::Pick,
            "language" if value.len() == 2 => Self::Language(index_of(&mut names.languages, value)),
            "plain" => Self::Plain,
            "loan" => Self::Loan,
            _ => {
                // A cue: `cancel:4`, `cancel:-3`, `filler`.
                let weight = if value.is_empty() { 1 } else { value.parse().ok()? };
                Self::Cue(cue(name)?, weight)
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
