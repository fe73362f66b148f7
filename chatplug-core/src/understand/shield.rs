//! Between a model elsewhere and everything else: it is shown nobody's name or number, and what it answers counts only if
//! all of it can be true.
//!
//! This holds for any [`IntentEngine`]: what an adapter never sees it cannot pass on, and what it makes up does not get past.

use super::{
    OfflineEngine,
    faq::FactBook,
    free::{FREE, alike},
    text::invisible,
    words,
};
use crate::{
    model::{Catalog, DateRange, FactMention, Lang, Private, Staff, StaffId},
    ports::{
        Context, DateMention, Intent, IntentEngine, IntentError, Interpretation, StaffMention, TimeMention,
        TimeReading, Utterance,
    },
};
use async_trait::async_trait;
use chrono::{Duration, NaiveDate};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization as _;

/// How much of a message a model is shown, in characters.
const LONGEST: usize = 1000;
/// How far away a day may lie that a client speaks of.
const PAST: Duration = Duration::days(366);
const FUTURE: Duration = Duration::days(2 * 366);
/// The longest stretch of days that somebody means.
const STRETCH: Duration = Duration::days(100);
/// More people than this do not come at once.
const PARTY: u8 = 30;
/// Nobody is later than this.
const LATE: u16 = 12 * 60;
/// More readings than this are none.
const READINGS: usize = 12;

/// Words in a text that the client may not have meant for others, replaced by what they are.
const NAME: &str = "[name]";
const NUMBER: &str = "[number]";
const EMAIL: &str = "[email]";
const LINK: &str = "[link]";

/// A model behind a shield. Staff are numbered (`@1`) before the model sees them, in the catalogue and in the text; other
/// people's names, telephone numbers, addresses and links are taken out; and an answer of which anything cannot be true is
/// no answer. So is one with a day or a time to a message that speaks of none.
#[derive(Debug, Clone)]
pub struct Shielded {
    model: Arc<dyn IntentEngine>,
    offline: Arc<OfflineEngine>,
    facts: Arc<FactBook>,
    languages: Vec<Lang>,
}

impl Shielded {
    /// A shield around a model; `offline` knows the words that are no names.
    #[must_use]
    pub fn new(model: Arc<dyn IntentEngine>, offline: Arc<OfflineEngine>) -> Self {
        let languages = offline.languages();
        Self { model, offline, facts: Arc::default(), languages }
    }

    /// With what the business says about itself: the model may point at it.
    #[must_use]
    pub fn with_facts(mut self, facts: Arc<FactBook>) -> Self {
        self.facts = facts;
        self
    }

    /// What a model would be shown of a message.
    #[must_use]
    pub fn shown(&self, text: &str, catalog: &Catalog) -> String {
        redact(text, &catalog.staff, &|word| self.knows(word, catalog))
    }

    /// Whether a word is no name of a person.
    fn knows(&self, word: &str, catalog: &Catalog) -> bool {
        let served = catalog
            .services
            .iter()
            .flat_map(|service| service.name.all().chain(service.also.iter().map(String::as_str)));
        let told = self.facts.facts().flat_map(|fact| fact.text.all().chain(fact.ask.iter().map(String::as_str)));
        let about = |text: &str| words(text).iter().any(|other| alike(word, other));
        FREE.stop.contains(word) || self.offline.knows(word) || served.chain(told).any(about)
    }

    /// Whether all of an answer can be true.
    fn holds(
        &self,
        answer: &Interpretation,
        text: &str,
        context: &Context<'_>,
        today: NaiveDate,
    ) -> Result<(), &'static str> {
        // A yes is binding, and so is what a reminder or an opt-in asks for: these are taken from the client's own word
        // or tap, which the offline engine reads, and from nobody else's.
        if matches!(answer.intent, Intent::Yes | Intent::No | Intent::ConfirmVisit | Intent::OptIn) {
            return Err("it answers for the client");
        }
        if answer.ordinal.is_some() {
            return Err("it chooses for the client");
        }
        if !answer.confidence.is_finite() || !(0.0..=1.0).contains(&answer.confidence) {
            return Err("a confidence that is none");
        }
        if answer.services.iter().any(|id| context.catalog.service(id).is_none()) {
            return Err("a service that is not offered");
        }
        if let Some(StaffMention::Named(named)) = &answer.staff
            && (named.is_empty() || named.iter().any(|id| context.catalog.staff_member(id).is_none()))
        {
            return Err("somebody who does not work here");
        }
        let when = answer.date != DateMention::None || answer.time != TimeMention::None || !answer.not_dates.is_empty();
        if when && !FREE.speaks_of_when(text) {
            return Err("a day or a time that the client did not speak of");
        }
        let days: &[DateRange] = match &answer.date {
            DateMention::None => &[],
            DateMention::Exact(range) => std::slice::from_ref(range),
            DateMention::Ambiguous(readings) => readings,
        };
        let near = |range: &DateRange| {
            let span = range.to.signed_duration_since(range.from);
            (Duration::zero()..=STRETCH).contains(&span)
                && range.from.signed_duration_since(today) >= -PAST
                && range.to.signed_duration_since(today) <= FUTURE
        };
        if days.len() > READINGS || answer.not_dates.len() > READINGS || !days.iter().chain(&answer.not_dates).all(near)
        {
            return Err("a day out of reason");
        }
        let times: &[TimeReading] = match &answer.time {
            TimeMention::None => &[],
            TimeMention::Exact(time) => std::slice::from_ref(time),
            TimeMention::Ambiguous(readings) => readings,
        };
        let sound = |time: &TimeReading| match time {
            TimeReading::At(_) => true,
            TimeReading::Between { from: None, to: None } => false,
            TimeReading::Between { from: Some(from), to: Some(to) } => from <= to,
            TimeReading::Between { .. } => true,
        };
        if times.len() > READINGS || !times.iter().all(sound) {
            return Err("a time out of reason");
        }
        if !(1..=PARTY).contains(&answer.party) || answer.late_minutes.is_some_and(|minutes| minutes > LATE) {
            return Err("a number out of reason");
        }
        let spoken = |lang: &Lang| self.languages.contains(lang);
        if !answer.wanted_lang.iter().chain(answer.lang.as_ref().map(|guess| &guess.lang)).all(spoken) {
            return Err("a language that nobody speaks here");
        }
        match &answer.fact {
            FactMention::Known(id) if self.facts.get(id).is_none() => Err("a fact that nobody gave"),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl IntentEngine for Shielded {
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError> {
        let aliases: Vec<(StaffId, StaffId)> = context.catalog.staff.iter().enumerate().filter_map(alias).collect();
        let shown =
            Utterance { text: Private::new(self.shown(utterance.text.reveal(), context.catalog)), at: utterance.at };
        let catalog = nameless(context.catalog, &aliases);
        let answer = self.model.interpret(&shown, &Context { catalog: &catalog, ..*context }).await?;
        let answer = named(answer, &aliases);
        let today = utterance.at.with_timezone(&context.catalog.branch.zone).date_naive();
        match self.holds(&answer, utterance.text.reveal(), context, today) {
            Ok(()) => Ok(answer),
            Err(why) => Err(IntentError::Unavailable { engine: "model", source: Some(why.into()) }),
        }
    }
}

/// A person's number in place of their id.
fn alias((at, person): (usize, &Staff)) -> Option<(StaffId, StaffId)> {
    Some((StaffId::new(format!("@{}", at + 1)).ok()?, person.id.clone()))
}

/// The catalogue as a model may see it: services as they are, people numbered, the place without address and telephone.
fn nameless(catalog: &Catalog, aliases: &[(StaffId, StaffId)]) -> Catalog {
    let of = |id: &StaffId| aliases.iter().find(|(_, real)| real == id).map(|(alias, _)| alias.clone());
    let mut shown = catalog.clone();
    shown.branch.place = None;
    shown.branch.phone = None;
    for service in &mut shown.services {
        service.staff = service.staff.iter().filter_map(of).collect();
    }
    shown.staff = catalog
        .staff
        .iter()
        .filter_map(|person| Some((of(&person.id)?, person)))
        .map(|(id, person)| Staff {
            name: id.to_string(),
            id,
            also: Vec::new(),
            title: person.title.clone(),
            rating: None,
            photo: None,
            languages: Vec::new(),
        })
        .collect();
    shown
}

/// An answer with people's ids in place of their numbers. Somebody without a number stays: nobody is called so, and the
/// answer falls for it.
fn named(mut answer: Interpretation, aliases: &[(StaffId, StaffId)]) -> Interpretation {
    if let Some(StaffMention::Named(named)) = &mut answer.staff {
        for id in named {
            // A real id is as invented as any other: the model was never shown it.
            let real = aliases.iter().find(|(alias, _)| alias == id).map(|(_, real)| real.clone());
            *id = real.or_else(|| StaffId::new("@nobody").ok()).unwrap_or_else(|| id.clone());
        }
    }
    answer
}

/// A text without names and numbers of people.
fn redact(text: &str, staff: &[Staff], known: &dyn Fn(&str) -> bool) -> String {
    // As it looks: letters of full width are letters, and nothing invisible parts a name or carries words of its own.
    let seen = |c: &char| (!c.is_control() || *c == '\n') && !invisible(*c);
    let text: String = text.nfkc().filter(seen).take(LONGEST).collect();
    let mut out = String::with_capacity(text.len());
    let pieces = pieces(&text);
    let mut folded: Vec<String> = Vec::with_capacity(pieces.len());
    for piece in &pieces {
        folded.push(if piece.kind == Kind::Word { words(piece.text).join(" ") } else { String::new() });
    }
    let mut named = 0_u8;
    let mut began = true;
    let mut hidden = false;
    for (at, (piece, word)) in pieces.iter().zip(&folded).enumerate() {
        match piece.kind {
            Kind::Other => {
                out.push_str(piece.text);
                began |= piece.text.contains(['.', '!', '?', '\n', ':', ';']);
                if !piece.text.trim().is_empty() {
                    named = 0;
                }
                continue;
            }
            Kind::Email => out.push_str(EMAIL),
            Kind::Link => out.push_str(LINK),
            Kind::Number => out.push_str(NUMBER),
            Kind::Word => {
                let capital = piece.text.chars().next().is_some_and(char::is_uppercase);
                let next = pieces.iter().skip(at + 1).find(|piece| piece.kind == Kind::Word);
                let next_capital = next.is_some_and(|next| next.text.chars().next().is_some_and(char::is_uppercase));
                let strange = !known(word);
                if let Some(number) = person(word, staff) {
                    out.push_str(&format!("@{number}"));
                    (named, hidden) = (0, false);
                } else if (named > 0 && (strange || capital))
                    || (strange && capital && (!began || next_capital || hidden))
                {
                    out.push_str(NAME);
                    named = named.saturating_sub(1);
                    hidden = true;
                } else {
                    out.push_str(piece.text);
                    hidden = false;
                    named = if introduces(&folded, at) { 3 } else { 0 };
                }
            }
        }
        began = false;
    }
    out
}

/// Whether one's own name comes next.
fn introduces(folded: &[String], at: usize) -> bool {
    let from = at.saturating_sub(8);
    let before: Vec<String> = folded
        .get(from..=at)
        .unwrap_or_default()
        .iter()
        .flat_map(|word| word.split(' '))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    (0..before.len()).any(|start| {
        let rest = before.get(start..).unwrap_or_default();
        FREE.me.iter().any(|phrase| phrase.begins(rest) == Some(rest.len()))
    })
}

/// Which of the staff a word names, counted from 1.
fn person(word: &str, staff: &[Staff]) -> Option<usize> {
    let fits =
        |name: &str| words(name).iter().any(|part| part.chars().count() >= 2 && (part == word || alike(part, word)));
    let place = staff.iter().position(|person| fits(&person.name) || person.also.iter().any(|name| fits(name)));
    place.map(|place| place + 1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Email,
    Link,
    Other,
}

#[derive(Debug, Clone, Copy)]
struct Piece<'t> {
    text: &'t str,
    kind: Kind,
}

/// A text in words, long numbers, addresses, and what is between.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let chunk = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (word, _) = rest.split_at(chunk);
        let (length, kind) = if first.is_alphanumeric() || first == '+' || first == '(' || first == '@' {
            let number = number_length(rest);
            if word.contains("://") || word.to_lowercase().starts_with("www.") {
                (chunk, Kind::Link)
            } else if word.trim_start_matches('@').contains('@') {
                (chunk, Kind::Email)
            } else if number > 0 {
                (number, Kind::Number)
            } else if first.is_alphanumeric() {
                let letter = |c: char| c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c);
                (rest.find(|c| !letter(c)).unwrap_or(rest.len()), Kind::Word)
            } else {
                (first.len_utf8(), Kind::Other)
            }
        } else {
            (first.len_utf8(), Kind::Other)
        };
        let (piece, after) = rest.split_at(length.max(first.len_utf8()).min(rest.len()));
        found.push(Piece { text: piece, kind });
        rest = after;
    }
    found
}

/// How long a telephone number, a document's or a card's is that stands at the beginning; 0: none does. A date or a time is
/// none.
fn number_length(text: &str) -> usize {
    let (mut end, mut digits, mut run, mut longest, mut groups) = (0, 0, 0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            c if c.is_numeric() => {
                (digits, run, end) = (digits + 1, run + 1, at + c.len_utf8());
                longest = longest.max(run);
            }
            ' ' | '-' | '(' | ')' | '.' | '+' | '\u{a0}' => {
                if run > 0 {
                    groups.push(run);
                }
                run = 0;
            }
            _ => break,
        }
    }
    if run > 0 {
        groups.push(run);
    }
    let date = matches!(groups.as_slice(), [1 | 2, 1 | 2, 2 | 4] | [4, 1 | 2, 1 | 2]);
    if (digits >= 7 || longest >= 5) && !date { end } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{ScriptedIntents, contract::intent::catalog};
    use std::sync::LazyLock;

    static OFFLINE: LazyLock<Arc<OfflineEngine>> = LazyLock::new(|| Arc::new(OfflineEngine::new()));

    fn shield() -> Shielded {
        Shielded::new(Arc::new(ScriptedIntents::new()), OFFLINE.clone())
    }

    #[test]
    fn names_and_numbers_of_people_do_not_leave() {
        let shield = shield();
        for (text, shown) in [
            ("Haircut with Ana tomorrow?", "Haircut with @1 tomorrow?"),
            ("com a ana ou o BRUNO", "com a @1 ou o @2"),
            ("my name is maria silva, call +351 912 345 678", "my name is [name] [name], call [number]"),
            ("Me llamo Jose Antonio y quiero hora", "Me llamo [name] [name] y quiero hora"),
            ("Меня зовут Екатерина Петрова", "Меня зовут [name] [name]"),
            ("je m'appelle Benoît", "je m'appelle [name]"),
            ("sou a Joana Ferreira", "sou a [name] [name]"),
            ("I come with my friend Katarzyna", "I come with my friend [name]"),
            ("write to ana.silva@example.com or www.example.com/ana", "write to [email] or [link]"),
            ("my id is 123456", "my id is [number]"),
            ("(11) 98765-4321", "[number]"),
            ("call ９１２３４５６７８ or ٩١٢٣٤٥٦٧٨", "call [number] or [number]"),
            (
                "my name is ma\u{200b}ria sil\u{202e}va, call 912\u{2060}345678",
                "my name is [name] [name], call [number]",
            ),
            ("Ａｎａ or A\u{200b}na", "@1 or @1"),
            ("on 12.05.2026 or 2026-05-12 at 15:30, 25,00", "on 12.05.2026 or 2026-05-12 at 15:30, 25,00"),
        ] {
            assert_eq!(shield.shown(text, &catalog()), shown);
        }
    }

    #[test]
    fn any_text_can_be_shown() {
        let shield = shield();
        for text in [
            "",
            "\u{202e}x",
            "@",
            "@@@",
            "+",
            "((((",
            "💇 Ana",
            "a@",
            &"Ana ".repeat(20_000),
            &"1 ".repeat(20_000),
            "ﷺ",
        ] {
            assert!(shield.shown(text, &catalog()).chars().count() <= 10 * LONGEST);
        }
    }
}
