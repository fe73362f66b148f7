//! The offline engine: puts language, intent, services, people, dates and times of one message together.

use super::{
    choice::{self, Read},
    dates::{self, Today},
    intents::{self, Facts, Verdict},
    items::Items,
    language::{self, Evidence},
    lexicon::{Hit, Lexicon, Tag},
    likely::Likely,
    people::{self, StaffIndex},
    roles,
    services::{self, ServiceIndex},
    sources::{LexiconError, Lexicons},
    tags::Names,
    text::{Kind, Text, cyrillise},
    times,
};
use crate::model::{Catalog, Lang};
use crate::ports::{
    Context, DateMention, Intent, IntentEngine, IntentError, Interpretation, LangGuess, OpenQuestion, StaffMention,
    TimeMention, Utterance,
};
use async_trait::async_trait;
use chrono::{NaiveTime, Timelike};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

/// Catalogues whose names are kept read; more than a process serves at a time is not worth the memory.
const KEPT_CATALOGS: usize = 256;

/// Understands messages without network or model: lexicons, a grammar of dates and times, fuzzy names.
///
/// Deterministic: the same utterance and context give the same interpretation. Build one per process and share it.
///
/// An answer to an open question that holds nothing but facts ("15:30", "Ana") comes as [`Intent::Other`] with a
/// confidence below 0.5: the facts are the answer. Without an open question such facts are read as a wish to book.
pub struct OfflineEngine {
    lexicon: Lexicon,
    catalogs: RwLock<HashMap<u64, Arc<CatalogIndex>>>,
    #[cfg(feature = "lingua")]
    detector: lingua::LanguageDetector,
}

/// A message with everything that was made of it.
#[derive(Debug)]
pub(super) struct Parsed<'a> {
    pub(super) text: Text,
    pub(super) evidence: Evidence,
    pub(super) guess: LangGuess,
    pub(super) hits: Vec<Hit<'a>>,
    pub(super) read: Read<'a>,
    pub(super) verdict: Verdict,
    pub(super) meaning: Interpretation,
}

#[derive(Debug)]
pub(super) struct CatalogIndex {
    services: ServiceIndex,
    staff: StaffIndex,
}

impl std::fmt::Debug for OfflineEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfflineEngine").field("languages", &self.languages()).finish_non_exhaustive()
    }
}

impl Default for OfflineEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl OfflineEngine {
    /// Reads the lexicons that are built in.
    ///
    /// # Panics
    /// Never: the build checks them.
    #[must_use]
    #[expect(clippy::expect_used, reason = "build.rs refuses what cannot be read")]
    pub fn new() -> Self {
        Self::with_lexicons(&Lexicons::built_in()).expect("the lexicons that the build has checked")
    }

    /// Reads lexicons of one's own: a language more, or words of the house beside those built in.
    ///
    /// # Errors
    /// [`LexiconError`] with every line that cannot be read and every word that a language lacks.
    pub fn with_lexicons(lexicons: &Lexicons) -> Result<Self, LexiconError> {
        Ok(Self {
            lexicon: Lexicon::load(lexicons)?,
            catalogs: RwLock::default(),
            #[cfg(feature = "lingua")]
            detector: lingua::LanguageDetectorBuilder::from_languages(&[
                lingua::Language::English,
                lingua::Language::French,
                lingua::Language::Portuguese,
                lingua::Language::Russian,
                lingua::Language::Spanish,
            ])
            .build(),
        })
    }

    /// Languages it understands.
    #[must_use]
    pub fn languages(&self) -> Vec<Lang> {
        self.lexicon.packs.iter().map(|(lang, _)| *lang).collect()
    }

    /// Reads one message; what [`IntentEngine::interpret`] does, without waiting.
    #[must_use]
    pub fn understand(&self, utterance: &Utterance, context: &Context<'_>) -> Interpretation {
        self.parse(utterance, context, &self.index(context.catalog)).meaning
    }

    pub(super) fn parse<'a>(
        &'a self,
        utterance: &Utterance,
        context: &'a Context<'a>,
        index: &CatalogIndex,
    ) -> Parsed<'a> {
        let raw = utterance.text.reveal();
        let mut text = Text::read(raw);
        let evidence = language::evidence(&self.lexicon, &text, &|word| index.staff.is_name(word));
        let statistics = |raw: &str| self.statistics(raw);
        let mut guess =
            language::decide(&evidence, &text, context.language, context.default_language, &statistics, raw);
        if evidence.transliterated && self.lexicon.cyrillic().is_some_and(|(lang, _)| lang == guess.lang) {
            self.to_cyrillic(&mut text, index);
        }
        let lang = guess.lang;
        self.respell(&mut text, lang, index);
        let hits = self.hits(&text, lang, context.default_language);
        let local = utterance.at.with_timezone(&context.catalog.branch.zone);
        let today = Today {
            date: local.date_naive(),
            hour: local.hour(),
            month_first: context.catalog.branch.country == "US",
            country: &context.catalog.branch.country,
            lexicon: &self.lexicon,
            lang,
        };
        let fresh = context.open == OpenQuestion::None;
        let read = self.read(&text, &hits, index, today, local.time(), fresh);
        let (mut meaning, mut verdict) = self.assemble(&text, &read, context);
        if meaning.intent == Intent::ChangeLanguage
            && let Some((wanted, _)) = language::wanted(&self.lexicon, &hits, &text.tokens)
        {
            meaning.wanted_lang = Some(wanted);
        }
        if text.tokens.iter().all(|token| token.kind != Kind::Word) {
            guess.confidence = guess.confidence.min(0.3);
        }
        if is_code(raw) {
            verdict = Verdict::of(Intent::Other, 0.3, "the hand of a program, not a client's");
            meaning = Interpretation::of(verdict.intent, verdict.confidence);
        }
        meaning.lang = Some(guess);
        Parsed { text, evidence, guess, hits, read, verdict, meaning }
    }

    /// What the examples of a language say of a message.
    pub(super) fn likely(&self, text: &Text, lang: Lang) -> Likely {
        let learned = self.lexicon.pack(lang).and_then(|pack| pack.learned.as_ref());
        Likely(learned.map(|model| model.likely(text)))
    }

    /// Names that tags refer to by number.
    pub(super) fn names(&self) -> &Names {
        &self.lexicon.names
    }

    /// Where a phrase stands: file and line.
    pub(super) fn place(&self, hit: &Hit<'_>) -> String {
        let file = self.lexicon.files.get(usize::from(hit.place.0)).map_or("", String::as_str);
        format!("{file}:{}", hit.place.1)
    }

    /// Whether a folded word is one of the lexicons', and so no stranger's name.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.lexicon.common.knows(word)
            || self.lexicon.packs.iter().any(|(_, pack)| pack.vocabulary.contains_key(word) || pack.has_stem(word))
    }

    fn statistics(&self, raw: &str) -> Vec<(Lang, f64)> {
        #[cfg(feature = "lingua")]
        {
            let head: String = raw.chars().take(200).collect();
            self.detector
                .compute_language_confidence_values(head)
                .into_iter()
                .filter_map(|(language, confidence)| {
                    Some((language.iso_code_639_1().to_string().parse().ok()?, confidence))
                })
                .collect()
        }
        #[cfg(not(feature = "lingua"))]
        {
            let _ = raw;
            Vec::new()
        }
    }

    /// The catalogue's names, read once per wording of it.
    pub(super) fn index(&self, catalog: &Catalog) -> Arc<CatalogIndex> {
        let mut hasher = DefaultHasher::new();
        for service in &catalog.services {
            service.id.hash(&mut hasher);
            service.name.all().for_each(|name| name.hash(&mut hasher));
            service.also.hash(&mut hasher);
        }
        for staff in &catalog.staff {
            staff.id.hash(&mut hasher);
            staff.name.hash(&mut hasher);
            staff.also.hash(&mut hasher);
        }
        let key = hasher.finish();
        if let Some(index) = self.catalogs.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(index);
        }
        let index = Arc::new(CatalogIndex {
            services: ServiceIndex::new(&self.lexicon, catalog),
            staff: StaffIndex::new(catalog),
        });
        let mut catalogs = self.catalogs.write().unwrap_or_else(PoisonError::into_inner);
        if catalogs.len() >= KEPT_CATALOGS {
            catalogs.clear();
        }
        catalogs.insert(key, Arc::clone(&index));
        index
    }

    fn to_cyrillic(&self, text: &mut Text, index: &CatalogIndex) {
        for token in &mut text.tokens {
            let common = self.lexicon.common.knows(&token.text);
            if token.kind == Kind::Word && !token.cyrillic && !index.staff.is_name(&token.text) && !common {
                token.text = cyrillise(&token.text);
            }
        }
    }

    /// Unknown words one slip from a known one are read as that one.
    fn respell(&self, text: &mut Text, lang: Lang, index: &CatalogIndex) {
        let Some(pack) = self.lexicon.pack(lang) else { return };
        let mut tries = 0;
        for at in 0..text.tokens.len() {
            let Some(token) = text.tokens.get(at) else { break };
            let known = token.kind != Kind::Word
                || pack.vocabulary.contains_key(&token.text)
                || pack.has_stem(&token.text)
                || index.staff.is_name(&token.text)
                || self.lexicon.packs.iter().any(|(_, other)| other.vocabulary.contains_key(&token.text));
            if known || tries >= 24 {
                continue;
            }
            tries += 1;
            if let Some(better) = self.lexicon.respell(lang, &token.text).map(str::to_owned)
                && let Some(token) = text.tokens.get_mut(at)
            {
                token.text = better;
            }
        }
    }

    /// Phrases of the message's language, and of others where its own has no word for it.
    fn hits(&self, text: &Text, lang: Lang, default: Lang) -> Vec<Hit<'_>> {
        let mut hits = self.lexicon.hits(lang, &text.tokens);
        let Some(own) = self.lexicon.pack(lang) else { return hits };
        let foreign: Vec<bool> = text
            .tokens
            .iter()
            .map(|token| {
                token.kind != Kind::Word || !(own.vocabulary.contains_key(&token.text) || own.has_stem(&token.text))
            })
            .collect();
        let lone = text.tokens.iter().filter(|token| token.kind == Kind::Word).count() == 1;
        hits.sort_by_key(|hit| hit.start);
        if !lone && !text.tokens.iter().zip(&foreign).any(|(token, foreign)| *foreign && token.kind == Kind::Word) {
            return hits;
        }
        let mut others: Vec<Lang> = self.languages();
        others.retain(|other| *other != lang);
        others.sort_by_key(|other| *other != default);
        for other in others {
            let Some(pack) = self.lexicon.pack(other) else { continue };
            for hit in pack.hits(Some(other), &text.tokens) {
                let strange = foreign.get(hit.start..hit.end).is_some_and(|span| span.iter().all(|word| *word));
                let long = hit.words > 1 || text.tokens.get(hit.start).is_some_and(|t| t.text.chars().count() >= 3);
                let word = text.tokens.get(hit.start).is_some_and(|t| t.kind == Kind::Word);
                // Small words are of the language around them: "dos" in French is a back, no two.
                let beside = |at: Option<usize>| {
                    at.is_some_and(|at| {
                        foreign.get(at).is_some_and(|foreign| *foreign)
                            && text.tokens.get(at).is_some_and(|token| token.kind == Kind::Word)
                            && pack.vocabulary.contains_key(text.tokens.get(at).map_or("", |token| &token.text))
                    })
                };
                let content = hit.tags.iter().any(carries)
                    || hit.words > 1
                    || beside(hit.start.checked_sub(1))
                    || beside(Some(hit.end));
                let answer = lone && hit.tags.iter().any(|tag| matches!(tag, Tag::Cue(..)));
                if (strange && long && word && (content || lone)) || answer {
                    hits.push(hit);
                }
            }
        }
        hits.sort_by_key(|hit| hit.start);
        hits
    }

    fn read<'a>(
        &'a self,
        text: &Text,
        hits: &[Hit<'a>],
        index: &CatalogIndex,
        today: Today<'a>,
        now: NaiveTime,
        fresh: bool,
    ) -> Read<'a> {
        let known = |word: &str| {
            self.lexicon.packs.iter().any(|(_, pack)| pack.vocabulary.contains_key(word))
                || self.lexicon.common.knows(word)
        };
        let staff = index.staff.find(&text.tokens, hits, &self.lexicon.names.nicks, &known);
        let named = |at: usize| {
            text.tokens.get(at).is_some_and(|token| token.kind == Kind::Word && token.capital && !known(&token.text))
                && !staff.spans.iter().any(|(start, end)| (*start..*end).contains(&at))
        };
        // A name is no other word: "Mai" the stylist is not May.
        let hits: Vec<Hit<'a>> = hits
            .iter()
            .filter(|hit| {
                let from = staff.spans.partition_point(|(start, _)| *start < hit.start);
                let inside = staff.spans.get(from).is_some_and(|(start, end)| *start <= hit.start && hit.end <= *end);
                !inside
            })
            .copied()
            .collect();
        let mut items = Items::new(&text.tokens, &hits);
        // The 05 of "30.05" and the 30 of "15:30" count nobody.
        let part = |at: usize| items.tight(at) && matches!(items.sep(at), '.' | '/' | ':' | '-');
        let numbers: HashMap<usize, u32> = (0..items.len())
            .filter(|at| !part(*at))
            .filter_map(|at| Some((items.get(at)?.start, items.number(at)?)))
            .filter(|(_, n)| *n > 0)
            .collect();
        let people = people::people(text, &hits, &|at| numbers.get(&at).copied(), &named);
        let speaker = people.speaker.filter(|_| people.genders.is_empty()).map(|gender| vec![gender]);
        let genders = speaker.as_deref().unwrap_or(&people.genders);
        let myself = people.myself && people.count > 1;
        let services =
            |kept: &[(usize, usize)]| index.services.find(&self.lexicon, &text.tokens, &hits, kept, genders, myself);
        let kept = services::kept(&text.tokens, &hits);
        let unkept = (!kept.is_empty()).then(|| services(&kept));
        let services = services(&[]);
        for at in 0..items.len() {
            let counted = items
                .get(at)
                .is_some_and(|item| people.counted.iter().any(|(from, to)| *from <= item.start && item.end <= *to));
            if counted {
                items.take(at, at + 1);
            }
        }
        let mut dates = dates::find(&mut items, today);
        let mut times = times::find(&items, today, now);
        let question = text.question;
        let scene = roles::Scene { tokens: &text.tokens, hits: &hits, items: &items, question, fresh };
        roles::assign(&scene, &mut dates, &mut times);
        Read { hits, items, dates, times, staff: staff.mention, people, services, unkept, today }
    }

    fn assemble(&self, text: &Text, read: &Read<'_>, context: &Context<'_>) -> (Interpretation, Verdict) {
        // "Morning!" greets; to the question of the time it answers.
        let greets = context.open == OpenQuestion::None
            && read.dates.is_empty()
            && read.times.iter().all(|time| matches!(time.shape, times::Shape::Part(_)))
            && intents::greets(text, &read.hits);
        let exact = |time: &times::Mention| !matches!(time.shape, times::Shape::Part(_));
        let facts = Facts {
            clock: read.times.iter().any(exact),
            service: !read.services.ids.is_empty(),
            some_service: read.services.spoken_of,
            staff: matches!(read.staff, Some(StaffMention::Named(_))),
            any_staff: read.staff.is_some(),
            date: !read.dates.is_empty(),
            dates: read.dates.iter().filter(|mention| !mention.unwanted && !mention.aside).count(),
            past: read.past(),
            moved: read.moved(),
            instead: read.instead(),
            follows_on: read.items.has(0, &Tag::And) && text.question,
            time: !read.times.is_empty() && !greets,
            times: read.times.len(),
            refused: read.refused(),
            party: read.people.count > 1,
            rating: choice::rating(text, read),
            language: language::wanted(&self.lexicon, &read.hits, &text.tokens),
            lang: read.today.lang,
            all_dates: read.dates.len(),
        };
        let likely = self.likely(text, read.today.lang);
        let verdict = intents::decide(text, &read.hits, facts, likely, context.open);
        let Verdict { intent, confidence, .. } = verdict;
        let mut meaning = Interpretation::of(intent, confidence);
        meaning.staff.clone_from(&read.staff);
        // "give my slot to someone else" wishes for nobody.
        if intent == Intent::Cancel && meaning.staff == Some(StaffMention::Any) {
            meaning.staff = None;
        }
        meaning.party = read.people.count;
        meaning.services.clone_from(&read.services.ids);
        meaning.all_services = read.services.all;
        // "cancel the beard only, I keep the cut"
        if let Some(services) = read.unkept.as_ref().filter(|services| !services.ids.is_empty())
            && matches!(intent, Intent::Cancel | Intent::Reschedule)
        {
            meaning.services.clone_from(&services.ids);
            meaning.all_services = services.all;
        }
        (meaning.date, meaning.not_dates) = choice::date(read, intent);
        meaning.time = choice::time(read, intent);
        match intent {
            Intent::RunningLate => meaning.late_minutes = choice::minutes(&read.items),
            Intent::Review => {
                if read.dates.iter().all(|mention| mention.numeric) {
                    meaning.date = DateMention::None;
                }
                meaning.time = TimeMention::None;
                meaning.party = 1;
            }
            Intent::Other
            | Intent::Human
            | Intent::ChangeLanguage
            | Intent::OptIn
            | Intent::OptOut
            | Intent::Greet
            | Intent::Thanks
            | Intent::Menu
            | Intent::Back
                if confidence >= 0.5 =>
            {
                let bare = Interpretation::of(intent, confidence);
                meaning = Interpretation { staff: None, ..bare };
            }
            _ => {}
        }
        if intent == Intent::No {
            meaning.date = DateMention::None;
        }
        choice::answer(&mut meaning, text, read, context);
        (meaning, verdict)
    }
}

/// Means something by itself, in whatever sentence it stands.
fn carries(tag: &Tag) -> bool {
    match tag {
        Tag::Concept(_)
        | Tag::Modifier(_)
        | Tag::Weekday(_)
        | Tag::MonthName(_)
        | Tag::Day(_)
        | Tag::Week(_)
        | Tag::Weekend(_)
        | Tag::Feast(..)
        | Tag::Clock(..)
        | Tag::Part(_)
        | Tag::Person(..)
        | Tag::Language(_)
        | Tag::AnyStaff
        | Tag::Nick(_)
        | Tag::Noise => true,
        Tag::Cue(_, weight) => *weight >= 4,
        _ => false,
    }
}

/// How programs mark who speaks in a conversation.
const ROLES: [&str; 4] = ["system:", "assistant:", "user:", "human:"];

/// JSON, markup or a made-up conversation: programs write so, clients don't ("<3" is a heart).
pub(super) fn is_code(raw: &str) -> bool {
    let spoken = |line: &str| {
        let line = line.trim_start();
        ROLES.iter().any(|role| line.get(..role.len()).is_some_and(|head| head.eq_ignore_ascii_case(role)))
    };
    let text = raw.trim_start();
    let tag = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '|' | '/' | '!'));
    text.starts_with('{')
        || text.starts_with("[{")
        || text.starts_with("```")
        || text.starts_with("###")
        || text.contains("\":")
        || text.lines().any(spoken)
        || text.strip_prefix(['<', '[']).is_some_and(tag)
}

#[async_trait]
impl IntentEngine for OfflineEngine {
    async fn interpret<'a>(&self, utterance: &Utterance, context: &Context<'a>) -> Result<Interpretation, IntentError> {
        Ok(self.understand(utterance, context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DateRange, Lang, Private};
    use crate::ports::OpenQuestion;
    use crate::testkit::contract::intent::catalog;
    use crate::understand::steps;

    /// Work of one message.
    fn work(engine: &OfflineEngine, text: &str) -> u64 {
        let catalog = catalog();
        let context = Context {
            catalog: &catalog,
            language: Some(Lang::EN),
            default_language: Lang::EN,
            open: OpenQuestion::None,
            options: 0,
        };
        let at = "2026-03-11T10:00:00Z".parse().unwrap();
        let utterance = Utterance { text: Private::new(text.to_owned()), at };
        let _ = engine.understand(&utterance, &context);
        let _ = steps::taken();
        let _ = engine.understand(&utterance, &context);
        steps::taken()
    }

    #[test]
    fn twice_the_text_is_at_most_twice_the_work() {
        let engine = OfflineEngine::new();
        for unit in [
            "next friday at half past three ",
            "yes no yes no ",
            "entre 9 e 11 ",
            "between the 3rd and the ",
            "в следующую пятницу в половине ",
            "me and my mum and ",
            "any of the girls or ",
            "cancel my haircut and book another ",
            "1/",
            "a ",
        ] {
            let words = unit.split_whitespace().count().max(1);
            let (short, long) = (90 / words, 270 / words);
            let (once, thrice) = (work(&engine, &unit.repeat(short)), work(&engine, &unit.repeat(long)));
            let grown = thrice as f64 / once.max(1) as f64;
            let length = long as f64 / short as f64;
            assert!(grown <= length * 1.35, "{unit:?}: {length:.1} times the text, {grown:.1} times the work ({once})");
        }
    }

    #[test]
    fn no_text_is_too_long_to_stop_reading() {
        let engine = OfflineEngine::new();
        let most = work(&engine, &"next friday at three ".repeat(80));
        assert_eq!(work(&engine, &"next friday at three ".repeat(3_300)), most, "what lies beyond is not looked at");
    }

    #[test]
    fn explaining_changes_nothing_and_names_its_sources() {
        let engine = OfflineEngine::new();
        let catalog = catalog();
        let context = Context {
            catalog: &catalog,
            language: None,
            default_language: Lang::PT,
            open: OpenQuestion::None,
            options: 0,
        };
        let at = "2026-03-11T10:00:00Z".parse().unwrap();
        let utterance = Utterance { text: Private::new("quero marcar sexta às 15h, não na segunda".to_owned()), at };
        let explained = engine.explain(&utterance, &context);
        assert_eq!(explained.meaning, engine.understand(&utterance, &context));
        let friday = DateRange::day("2026-03-13".parse().unwrap());
        assert_eq!(explained.meaning.date.first(), Some(friday));
        let told = explained.to_string();
        for part in
            ["\"sexta\": weekday(5) (pt/time.txt:", "2026-03-13", "15:00", "2026-03-16, unwanted", "examples  Book"]
        {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        let utterance = Utterance { text: Private::new(r#"{"intent":"yes"}"#.to_owned()), at };
        let told = engine.explain(&utterance, &context).to_string();
        assert!(told.contains("Other by the hand of a program"), "{told}");
    }
}
