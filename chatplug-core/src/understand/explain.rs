//! Which word or rule gave what: the library behind `chatplug understand --explain`.
//!
//! For people who write lexicons, or wonder about an answer. Words of clients stand in it: it is shown, never logged.

use super::{
    choice::Read,
    engine::{OfflineEngine, Parsed},
    lexicon::Tag,
    tags::{CUES, Names},
    text::Text,
};
use crate::model::DateRange;
use crate::ports::{Context, Interpretation, StaffMention, TimeReading, Utterance};
use std::fmt;

/// How a message was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What came out.
    pub meaning: Interpretation,
    /// What led to it, in the order in which it is worked out.
    pub reasons: Vec<Reason>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is about: `words`, `language`, `phrase`, `date`, `time`, `service`, `staff`, `party`, `examples` or
    /// `intent`.
    pub about: &'static str,
    /// The words of the message that it rests on; empty when it is all of them.
    pub words: String,
    /// What was made of them, and by which line of which file where one says so.
    pub why: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for reason in &self.reasons {
            match reason.words.as_str() {
                "" => writeln!(f, "{:9} {}", reason.about, reason.why)?,
                words => writeln!(f, "{:9} \"{words}\": {}", reason.about, reason.why)?,
            }
        }
        Ok(())
    }
}

impl OfflineEngine {
    /// Reads one message as [`OfflineEngine::understand`] does, and says which word or rule gave what.
    #[must_use]
    pub fn explain(&self, utterance: &Utterance, context: &Context<'_>) -> Explanation {
        let index = self.index(context.catalog);
        let parsed = self.parse(utterance, context, &index);
        let mut reasons = Vec::new();
        let mut add = |about, words: String, why: String| reasons.push(Reason { about, words, why });
        let words: Vec<&str> = parsed.text.tokens.iter().map(|token| token.text.as_str()).collect();
        add("words", String::new(), words.join(" "));
        add("language", String::new(), languages(&parsed));
        for hit in &parsed.hits {
            let tags: Vec<String> = hit.tags.iter().map(|tag| told(tag, self.names())).collect();
            add("phrase", span(&parsed.text, hit.start, hit.end), format!("{} ({})", tags.join(" "), self.place(hit)));
        }
        let read = &parsed.read;
        for date in &read.dates {
            let mut why = date.readings.iter().map(range).collect::<Vec<_>>().join(" or ");
            for (is, told) in [(date.unwanted, "unwanted"), (date.old, "where a booking stands")] {
                if is {
                    why.push_str(&format!(", {told}"));
                }
            }
            add("date", items(&parsed.text, read, date.start, date.end), why);
        }
        for time in &read.times {
            let mut why = clock(time.reading);
            for (is, told) in [
                (time.unwanted, "unwanted"),
                (time.old, "where a booking stands"),
                (time.weak, "only if nothing clearer is said"),
                (time.relative, "counted from now"),
            ] {
                if is {
                    why.push_str(&format!(", {told}"));
                }
            }
            add("time", items(&parsed.text, read, time.start, time.end), why);
        }
        if !read.services.ids.is_empty() {
            let ids: Vec<&str> = read.services.ids.iter().map(|id| id.as_str()).collect();
            let joined = if read.services.all { " and " } else { " or " };
            add("service", String::new(), ids.join(joined));
        }
        match &read.staff {
            Some(StaffMention::Any) => add("staff", String::new(), String::from("anyone")),
            Some(StaffMention::Named(ids)) => {
                let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
                add("staff", String::new(), ids.join(" or "));
            }
            None => {}
        }
        if read.people.count > 1 {
            add("party", String::new(), format!("{} people", read.people.count));
        }
        let verdict = parsed.verdict;
        let scores: Vec<String> =
            verdict.scores.iter().flatten().map(|(intent, score)| format!("{intent:?} {score:.1}")).collect();
        let scores = if scores.is_empty() { String::new() } else { format!(", of {}", scores.join(", ")) };
        let best = self.likely(&parsed.text, parsed.guess.lang).best();
        let best: Vec<String> = best.map(|(intent, share)| format!("{intent:?} {:.0} %", share * 100.0)).collect();
        if !best.is_empty() {
            add("examples", String::new(), best.join(", "));
        }
        let meant = parsed.meaning.intent;
        add(
            "intent",
            String::new(),
            format!("{meant:?} by {}{scores}; confidence {:.2}", verdict.why, parsed.meaning.confidence),
        );
        Explanation { meaning: parsed.meaning, reasons }
    }
}

fn languages(parsed: &Parsed<'_>) -> String {
    let mut scores: Vec<(crate::model::Lang, i32)> = parsed.evidence.scores.clone();
    scores.sort_by_key(|(lang, score)| (std::cmp::Reverse(*score), *lang));
    let scores: Vec<String> = scores.iter().map(|(lang, score)| format!("{lang} {score}")).collect();
    let guess = parsed.guess;
    let latin = if parsed.evidence.transliterated { " in Latin letters" } else { "" };
    format!("{}{latin}, of words {}; confidence {:.2}", guess.lang, scores.join(", "), guess.confidence)
}

fn span(text: &Text, start: usize, end: usize) -> String {
    let words: Vec<&str> = text.tokens.iter().take(end).skip(start).map(|token| token.text.as_str()).collect();
    words.join(" ")
}

fn items(text: &Text, read: &Read<'_>, start: usize, end: usize) -> String {
    let first = read.items.get(start).map_or(0, |item| item.start);
    let last = end.checked_sub(1).and_then(|last| read.items.get(last)).map_or(0, |item| item.end);
    span(text, first, last)
}

fn range(range: &DateRange) -> String {
    if range.from == range.to { range.from.to_string() } else { format!("{} to {}", range.from, range.to) }
}

fn clock(reading: TimeReading) -> String {
    let told = |time: Option<chrono::NaiveTime>| {
        time.map_or_else(|| String::from("…"), |time| time.format("%H:%M").to_string())
    };
    match reading {
        TimeReading::At(time) => told(Some(time)),
        TimeReading::Between { from, to } => format!("{} to {}", told(from), told(to)),
    }
}

/// A tag as the files write it, as nearly as its meaning needs.
fn told(tag: &Tag, names: &Names) -> String {
    let name = |list: &[String], index: u16| list.get(usize::from(index)).cloned().unwrap_or_default();
    match tag {
        Tag::Cue(cue, weight) => format!("{}:{weight}", CUES.get(usize::from(*cue)).unwrap_or(&"")),
        Tag::Concept(concept) => format!("concept:{}", name(&names.concepts, *concept)),
        Tag::Modifier(concept) => format!("mod:{}", name(&names.concepts, *concept)),
        Tag::Nick(nick) => format!("nick:{}", name(&names.nicks, *nick)),
        Tag::Language(lang) => format!("language:{}", name(&names.languages, *lang)),
        other => format!("{other:?}").to_lowercase(),
    }
}
