//! What a model answered, as far as it can be true: shapes, ids, dates. Whoever asked checks the rest.

use super::{
    Failed,
    prompt::{ANY, INTENTS, Lists},
};
use chatplug_core::{
    model::{DateRange, FactMention, Lang},
    ports::{DateMention, Intent, Interpretation, LangGuess, StaffMention, TimeMention, TimeReading},
};
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use serde_json::Value;

/// How sure a reading is that the model calls sure, and one that it does not.
const SURE: f32 = 0.8;
const UNSURE: f32 = 0.3;
/// Tokens have about so many characters.
const CHARACTERS: u64 = 4;

/// The answer of the call.
#[derive(Debug, Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    message: Message,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

impl Completion {
    /// What it cost; guessed where the endpoint does not tell.
    pub(super) fn tokens(&self, asked: &Value) -> (u64, u64) {
        match &self.usage {
            Some(usage) if usage.prompt_tokens > 0 => (usage.prompt_tokens, usage.completion_tokens),
            _ => {
                let said =
                    self.choices.first().and_then(|choice| choice.message.content.as_ref()).map_or(0, String::len);
                (asked.to_string().len() as u64 / CHARACTERS, said as u64 / CHARACTERS)
            }
        }
    }

    /// The text that should be a reading.
    pub(super) fn content(&self) -> Result<&str, Failed> {
        let choice = self.choices.first().ok_or(Failed::Nonsense("no choice"))?;
        if choice.message.refusal.is_some() {
            return Err(Failed::Nonsense("the model would not"));
        }
        match choice.finish_reason.as_deref() {
            Some("stop") | None => {}
            _ => return Err(Failed::Nonsense("an answer that was cut off")),
        }
        choice.message.content.as_deref().ok_or(Failed::Nonsense("no content"))
    }
}

/// A reading as the schema has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reading {
    lang: Lang,
    intent: Intent,
    sure: bool,
    #[serde(default)]
    services: Vec<String>,
    #[serde(default)]
    all_services: bool,
    staff: Option<String>,
    date: Option<Days>,
    time: Option<Hours>,
    party: u8,
    late_minutes: Option<u16>,
    wanted_lang: Option<Lang>,
    question: bool,
    #[serde(default)]
    fact: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    from: String,
    to: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hours {
    at: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl Reading {
    pub(super) fn parse(json: &str) -> Result<Self, Failed> {
        // The parser's error may quote the client: it is not passed on.
        serde_json::from_str(json.trim()).map_err(|_| Failed::Nonsense("not of the schema"))
    }

    /// What it means; all of it must be one of what was shown.
    pub(super) fn interpretation(self, lists: &Lists) -> Result<Interpretation, Failed> {
        if !INTENTS.contains(&self.intent) {
            return Err(Failed::Nonsense("an intent that it may not say"));
        }
        let mut meaning = Interpretation::of(self.intent, if self.sure { SURE } else { UNSURE });
        meaning.lang = Some(LangGuess { lang: self.lang, confidence: 0.7 });
        for named in &self.services {
            let known = lists.services.iter().find(|id| id.as_str() == named);
            let known = known.ok_or(Failed::Nonsense("a service that is not offered"))?;
            if !meaning.services.contains(known) {
                meaning.services.push(known.clone());
            }
        }
        meaning.all_services = self.all_services && meaning.services.len() > 1;
        meaning.staff = match self.staff.as_deref() {
            None => None,
            Some(ANY) => Some(StaffMention::Any),
            Some(named) => {
                let known = lists.staff.iter().find(|id| id.as_str() == named);
                Some(StaffMention::Named(vec![known.ok_or(Failed::Nonsense("somebody unknown"))?.clone()]))
            }
        };
        if let Some(Days { from, to }) = &self.date {
            let (from, to) = (day(from)?, day(to)?);
            if from > to {
                return Err(Failed::Nonsense("days that run back"));
            }
            meaning.date = DateMention::Exact(DateRange { from, to });
        }
        if let Some(hours) = &self.time {
            let time = |text: &Option<String>| text.as_deref().map(hour).transpose();
            meaning.time = match (time(&hours.at)?, time(&hours.from)?, time(&hours.to)?) {
                (Some(at), None, None) => TimeMention::Exact(TimeReading::At(at)),
                (None, None, None) => TimeMention::None,
                (None, from, to) => TimeMention::Exact(TimeReading::Between { from, to }),
                _ => return Err(Failed::Nonsense("a time and a stretch of time")),
            };
        }
        if self.party == 0 {
            return Err(Failed::Nonsense("nobody comes"));
        }
        meaning.party = self.party;
        meaning.late_minutes = self.late_minutes.filter(|_| self.intent == Intent::RunningLate);
        meaning.wanted_lang = self.wanted_lang.filter(|_| self.intent == Intent::ChangeLanguage);
        meaning.fact = match self.fact.as_deref() {
            Some(named) => {
                let known = lists.facts.iter().find(|id| id.as_str() == named);
                FactMention::Known(known.ok_or(Failed::Nonsense("a fact that nobody gave"))?.clone())
            }
            None if self.question => FactMention::Unknown,
            None => FactMention::None,
        };
        Ok(meaning)
    }
}

fn day(text: &str) -> Result<NaiveDate, Failed> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Failed::Nonsense("a day that there is not"))
}

fn hour(text: &str) -> Result<NaiveTime, Failed> {
    NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| Failed::Nonsense("a time that there is not"))
}
