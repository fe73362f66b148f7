//! Words to meaning.

use crate::model::{Catalog, DateRange, FactMention, Lang, Private, ServiceId, StaffId};
use async_trait::async_trait;
use chrono::{DateTime, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// Understands what a client wrote.
///
/// # Contract
/// An engine points, it never invents: every service and staff id in its answer stands in the catalogue of the
/// [`Context`]. It answers for any text (empty, 4,000 characters, emoji, right-to-left) without panicking, and what the
/// client wrote is data to it, never instructions. The same utterance and context give the same answer with a
/// deterministic engine.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait IntentEngine: Debug + Send + Sync {
    /// Reads one message.
    ///
    /// # Errors
    /// [`IntentError::Unavailable`] when the engine cannot answer now; the caller asks with buttons instead.
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError>;
}

/// One message in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Utterance {
    /// As written.
    pub text: Private<String>,
    /// When it was written, by the provider's clock: "tomorrow" counts from here, in the branch's zone.
    pub at: DateTime<Utc>,
}

/// What an engine may know when it reads a message.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The catalogue to point into; its branch gives zone and country.
    pub catalog: &'a Catalog,
    /// Language the conversation is in; `None` on first contact.
    pub language: Option<Lang>,
    /// Language of the business, the guess when nothing else decides.
    pub default_language: Lang,
    /// What the client was last asked.
    pub open: OpenQuestion,
    /// How many numbered options the client has before them; 0 for none.
    pub options: usize,
}

/// What the client was last asked: the same word means different things to different questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OpenQuestion {
    /// Nothing.
    #[default]
    None,
    /// Which branch.
    Branch,
    /// Which of their bookings.
    Booking,
    /// Which day.
    Day,
    /// An e-mail address.
    Email,
    /// Which language.
    Language,
    /// What to do, from the menu.
    Menu,
    /// Their name.
    Name,
    /// Which service.
    Service,
    /// Whom with.
    Staff,
    /// Which time.
    Time,
    /// Yes or no.
    YesNo,
}

impl OpenQuestion {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Branch,
        Self::Booking,
        Self::Day,
        Self::Email,
        Self::Language,
        Self::Menu,
        Self::Name,
        Self::Service,
        Self::Staff,
        Self::Time,
        Self::YesNo,
    ];
}

/// What a message means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interpretation {
    /// Language it is written in, where the text tells.
    pub lang: Option<LangGuess>,
    /// What the client wants.
    pub intent: Intent,
    /// How sure the intent is, 0 to 1; below 0.5 the machine asks instead of acting.
    pub confidence: f32,
    /// Services named; several when the words fit several or several are wanted. Ids of the context's catalogue.
    pub services: Vec<ServiceId>,
    /// The client wants all of `services` (not one of them).
    pub all_services: bool,
    /// Staff named.
    pub staff: Option<StaffMention>,
    /// Day or days named.
    pub date: DateMention,
    /// Time of day named.
    pub time: TimeMention,
    /// Days that are explicitly unwanted ("not on Monday").
    pub not_dates: Vec<DateRange>,
    /// How many people; 1 unless the client says more.
    pub party: u8,
    /// A choice by position: "2", "the second one", "the last".
    pub ordinal: Option<Ordinal>,
    /// Language asked for, with [`Intent::ChangeLanguage`].
    pub wanted_lang: Option<Lang>,
    /// Minutes of delay, with [`Intent::RunningLate`].
    pub late_minutes: Option<u16>,
    /// What is asked beside all that, or instead of it.
    #[serde(default)]
    pub fact: FactMention,
}

impl Interpretation {
    /// An interpretation that holds nothing but an intent.
    #[must_use]
    pub const fn of(intent: Intent, confidence: f32) -> Self {
        Self {
            lang: None,
            intent,
            confidence,
            services: Vec::new(),
            all_services: false,
            staff: None,
            date: DateMention::None,
            time: TimeMention::None,
            not_dates: Vec::new(),
            party: 1,
            ordinal: None,
            wanted_lang: None,
            late_minutes: None,
            fact: FactMention::None,
        }
    }
}

/// A guess of a message's language.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LangGuess {
    /// The language.
    pub lang: Lang,
    /// How sure, 0 to 1, prior of the conversation included.
    pub confidence: f32,
}

/// What a client wants. The meaning of each stands in the labelling guide of the evaluation set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Intent {
    /// When are you free, without asking to book.
    AskAvailability,
    /// When are you open.
    AskHours,
    /// Where are you.
    AskLocation,
    /// What does it cost.
    AskPrice,
    /// What is it, how long, who does it.
    AskService,
    /// One step back.
    Back,
    /// Book a visit.
    Book,
    /// Cancel an existing booking.
    Cancel,
    /// Speak another language.
    ChangeLanguage,
    /// "I will come" to an existing booking.
    ConfirmVisit,
    /// A greeting and nothing else.
    Greet,
    /// Wants a person, or complains.
    Human,
    /// What have I booked.
    ListBookings,
    /// Start over, options.
    Menu,
    /// No.
    No,
    /// Write to me again.
    OptIn,
    /// Stop writing to me.
    OptOut,
    /// Out of scope, or not understood.
    Other,
    /// Move an existing booking.
    Reschedule,
    /// Rates or comments on a past visit.
    Review,
    /// Will be late.
    RunningLate,
    /// Thanks and nothing else.
    Thanks,
    /// Yes.
    Yes,
}

impl Intent {
    /// Every intent.
    pub const ALL: [Self; 23] = [
        Self::AskAvailability,
        Self::AskHours,
        Self::AskLocation,
        Self::AskPrice,
        Self::AskService,
        Self::Back,
        Self::Book,
        Self::Cancel,
        Self::ChangeLanguage,
        Self::ConfirmVisit,
        Self::Greet,
        Self::Human,
        Self::ListBookings,
        Self::Menu,
        Self::No,
        Self::OptIn,
        Self::OptOut,
        Self::Other,
        Self::Reschedule,
        Self::Review,
        Self::RunningLate,
        Self::Thanks,
        Self::Yes,
    ];
}

/// Staff named in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffMention {
    /// Anyone will do.
    Any,
    /// This person, or one of several whose names fit. Never empty.
    Named(Vec<StaffId>),
}

/// A day named in a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateMention {
    /// None.
    #[default]
    None,
    /// Exactly one reading; a single day is a range of one.
    Exact(DateRange),
    /// Several readings, the likeliest first: ask which. At least two.
    Ambiguous(Vec<DateRange>),
}

impl DateMention {
    /// The likeliest reading.
    #[must_use]
    pub fn first(&self) -> Option<DateRange> {
        match self {
            Self::None => None,
            Self::Exact(range) => Some(*range),
            Self::Ambiguous(readings) => readings.first().copied(),
        }
    }
}

/// A time of day named in a message, wall time of the branch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeMention {
    /// None.
    #[default]
    None,
    /// Exactly one reading.
    Exact(TimeReading),
    /// Several readings, the likeliest first: ask which. At least two.
    Ambiguous(Vec<TimeReading>),
}

impl TimeMention {
    /// The likeliest reading.
    #[must_use]
    pub fn first(&self) -> Option<TimeReading> {
        match self {
            Self::None => None,
            Self::Exact(reading) => Some(*reading),
            Self::Ambiguous(readings) => readings.first().copied(),
        }
    }
}

/// One reading of a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeReading {
    /// At this time.
    At(NaiveTime),
    /// Between two times; either may be open. "After 15h" is from 15:00.
    Between {
        /// Not before.
        from: Option<NaiveTime>,
        /// Not after.
        to: Option<NaiveTime>,
    },
}

/// A choice by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ordinal {
    /// The n-th, from 1.
    Nth(u16),
    /// The last one (also "the later one" of times).
    Last,
}

/// Why an engine gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntentError {
    /// It is down, slow or over its budget: ask with buttons.
    #[error("the intent engine \"{engine}\" gave no answer")]
    Unavailable {
        /// Which engine.
        engine: &'static str,
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
