//! Words and phrases of every language: the data files of `lexicons/`, parsed once, and the matcher that finds them.
//!
//! The form of the files stands in `lines`; what the tags mean together is decided by the grammars, never here.

use super::{
    learn::{Kinds, Model},
    lines::{self, Entry, Pat},
    sources::{LexiconError, Lexicons},
    tags::{Names, Rule, Trait},
    text::{Kind, Token},
};

pub(super) use super::tags::{Gender, Part, Tag, Unit};
use crate::model::Lang;
use std::collections::HashMap;

#[derive(Debug)]
struct Phrase {
    rest: Vec<Pat>,
    /// The first word as it must be written, marks included.
    marked: Option<String>,
    tags: Vec<Tag>,
    place: Place,
}

/// Where a phrase stands: number of its file, and line.
pub(super) type Place = (u16, u32);

/// A phrase found in a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<'a> {
    pub(super) start: usize,
    /// First token after it.
    pub(super) end: usize,
    pub(super) tags: &'a [Tag],
    /// The language of the lexicon it comes from; `None` for what is common.
    pub(super) lang: Option<Lang>,
    /// Words that were named (gaps not counted): longer is surer.
    pub(super) words: usize,
    pub(super) place: Place,
}

/// How many tokens a phrase can span, gaps included; no line of a lexicon is as long.
const REACH: usize = 32;

/// Of hits in the order of their starts, those that may touch a token: what looks around in a long message looks here.
pub(super) fn around<'h, 'a>(hits: &'h [Hit<'a>], at: usize) -> &'h [Hit<'a>] {
    let from = hits.partition_point(|hit| hit.start < at.saturating_sub(REACH));
    let to = hits.partition_point(|hit| hit.start <= at);
    hits.get(from..to).unwrap_or(&[])
}

/// The words of one language.
#[derive(Debug, Default)]
pub(super) struct Pack {
    first: HashMap<String, Vec<u32>>,
    prefixes: HashMap<String, Vec<u32>>,
    numbers: Vec<u32>,
    phrases: Vec<Phrase>,
    longest_prefix: usize,
    /// Words of the language with their evidence in hundredths, filled by [`Lexicon::load`].
    pub(super) vocabulary: HashMap<String, u16>,
    /// How the language is written.
    pub(super) traits: Vec<Trait>,
    /// What its examples teach, where it has any.
    pub(super) learned: Option<Model>,
}

/// All languages.
#[derive(Debug)]
pub(super) struct Lexicon {
    pub(super) packs: Vec<(Lang, Pack)>,
    pub(super) common: Pack,
    pub(super) names: Names,
    /// Names of the files, as [`Place`] numbers them.
    pub(super) files: Vec<String>,
    /// Parent of a concept: what a catalogue without the finer one probably means.
    pub(super) parents: HashMap<u16, Vec<u16>>,
    deletes: Vec<(u64, u32)>,
    spellings: Vec<(u8, String)>,
}

impl Lexicon {
    /// Reads the files.
    pub(super) fn load(sources: &Lexicons) -> Result<Self, LexiconError> {
        let mut lexicon = Self {
            packs: Vec::new(),
            common: Pack::default(),
            names: Names::default(),
            files: Vec::new(),
            parents: HashMap::new(),
            deletes: Vec::new(),
            spellings: Vec::new(),
        };
        let mut problems = sources.astray();
        for (lang, files) in sources.groups() {
            let mut pack = Pack::default();
            let mut known: Vec<Entry> = Vec::new();
            for (name, text) in files {
                let (entries, wrong) = lines::read(text, &mut lexicon.names);
                problems.extend(wrong.into_iter().map(|problem| format!("{name}:{}: {}", problem.line, problem.what)));
                known.extend(entries.iter().cloned());
                lexicon.fill(entries, &mut pack, lang.is_some());
                lexicon.files.push(name);
            }
            let Some(lang) = lang else {
                lexicon.common = pack;
                continue;
            };
            let (learned, wrong) = sources.learned(lang, Kinds::of(&known));
            pack.learned = learned;
            problems.extend(wrong);
            let missing = lines::missing(&known);
            problems.extend(missing.into_iter().map(|key| format!("{lang}: no phrase for \"{key}\"")));
            lexicon.packs.push((lang, pack));
        }
        if !problems.is_empty() {
            return Err(LexiconError { problems });
        }
        lexicon.weigh();
        lexicon.index_spellings();
        Ok(lexicon)
    }

    /// The words of a language.
    pub(super) fn pack(&self, lang: Lang) -> Option<&Pack> {
        self.packs.iter().find(|(code, _)| *code == lang).map(|(_, pack)| pack)
    }

    /// Every phrase of a language found in a message.
    pub(super) fn hits(&self, lang: Lang, tokens: &[Token]) -> Vec<Hit<'_>> {
        let mut hits = self.common.hits(None, tokens);
        if let Some(pack) = self.pack(lang) {
            hits.extend(pack.hits(Some(lang), tokens));
        }
        hits
    }

    /// Whether a language does a thing its own way.
    pub(super) fn rule(&self, lang: Lang, rule: Rule) -> bool {
        self.pack(lang).is_some_and(|pack| pack.traits.contains(&Trait::Rule(rule)))
    }

    /// The language of a number that [`Tag::Language`] holds.
    pub(super) fn language(&self, index: u16) -> Option<Lang> {
        self.names.languages.get(usize::from(index))?.parse().ok()
    }

    /// The language that is written in Cyrillic, and by some in Latin letters.
    pub(super) fn cyrillic(&self) -> Option<(Lang, &Pack)> {
        self.packs.iter().find(|(_, pack)| pack.cyrillic()).map(|(lang, pack)| (*lang, pack))
    }

    /// A known word of a language one slip away from a misspelt one.
    pub(super) fn respell(&self, lang: Lang, word: &str) -> Option<&str> {
        let length = word.chars().count();
        if !(6..=24).contains(&length) {
            return None;
        }
        let pack = self.packs.iter().position(|(code, _)| *code == lang)?;
        let mut best: Option<(usize, &str)> = None;
        for key in deletes(word) {
            let at = self.deletes.partition_point(|(hash, _)| *hash < key);
            for (hash, index) in self.deletes.get(at..).unwrap_or(&[]) {
                if *hash != key {
                    break;
                }
                let Some((owner, known)) = self.spellings.get(usize::try_from(*index).unwrap_or(usize::MAX)) else {
                    continue;
                };
                if usize::from(*owner) != pack || known.chars().count() < 5 {
                    continue;
                }
                let distance = strsim::osa_distance(word, known);
                if distance == 1 && best.is_none_or(|(d, b)| (distance, known.as_str()) < (d, b)) {
                    best = Some((distance, known));
                }
            }
        }
        best.map(|(_, known)| known)
    }

    fn fill(&mut self, entries: Vec<Entry>, pack: &mut Pack, vocabulary: bool) {
        let file = u16::try_from(self.files.len()).unwrap_or(u16::MAX);
        for entry in entries {
            match entry {
                Entry::Phrase { pats, marked, tags, line } => pack.add(pats, marked, tags, (file, line), vocabulary),
                Entry::Parents(child, parents) => {
                    self.parents.insert(child, parents);
                }
                Entry::Trait(it) => pack.traits.push(it),
            }
        }
    }

    /// Evidence of each word: all of it when one language knows the word, little when several do.
    fn weigh(&mut self) {
        let mut owners: HashMap<String, u16> = HashMap::new();
        for (_, pack) in &self.packs {
            for word in pack.vocabulary.keys() {
                *owners.entry(word.clone()).or_default() += 1;
            }
        }
        for (_, pack) in &mut self.packs {
            for (word, weight) in &mut pack.vocabulary {
                let shared = owners.get(word).copied().unwrap_or(1);
                *weight = match shared {
                    1 => *weight,
                    2 => *weight * 2 / 5,
                    3 => *weight / 5,
                    _ => *weight / 20,
                };
            }
        }
    }

    fn index_spellings(&mut self) {
        for (owner, (_, pack)) in (0_u8..).zip(&self.packs) {
            for word in pack.vocabulary.keys() {
                if word.chars().count() >= 5 {
                    self.spellings.push((owner, word.clone()));
                }
            }
        }
        self.spellings.sort();
        for (index, (_, word)) in (0_u32..).zip(&self.spellings) {
            self.deletes.extend(deletes(word).map(|key| (key, index)));
        }
        self.deletes.sort_unstable();
    }
}

impl Pack {
    /// Written in Cyrillic letters.
    pub(super) fn cyrillic(&self) -> bool {
        self.traits.contains(&Trait::Cyrillic)
    }

    fn add(&mut self, pats: Vec<Pat>, marked: Option<String>, tags: Vec<Tag>, place: Place, vocabulary: bool) {
        let loan = tags.contains(&Tag::Loan);
        // Greetings of several words tell nothing that their words do not tell elsewhere.
        if vocabulary && !(loan && pats.len() > 1) && !tags.iter().any(|tag| matches!(tag, Tag::Nick(_))) {
            for pat in &pats {
                if let Pat::Exact(word) | Pat::Glued(word) = pat
                    && word.chars().all(char::is_alphabetic)
                {
                    let weight = if loan { 40 } else { 100 };
                    let known = self.vocabulary.entry(word.clone()).or_insert(weight);
                    *known = (*known).min(weight);
                }
            }
        }
        let index = u32::try_from(self.phrases.len()).unwrap_or(u32::MAX);
        let rest = pats.get(1..).unwrap_or(&[]).to_vec();
        match pats.into_iter().next() {
            Some(Pat::Exact(word)) => self.first.entry(word).or_default().push(index),
            Some(Pat::Prefix(word)) => {
                self.longest_prefix = self.longest_prefix.max(word.chars().count());
                self.prefixes.entry(word).or_default().push(index);
            }
            Some(Pat::Number) => self.numbers.push(index),
            Some(Pat::Gap | Pat::Glued(_)) | None => return,
        }
        self.phrases.push(Phrase { rest, marked, tags, place });
    }

    /// Every phrase found in a message, overlapping ones too.
    pub(super) fn hits(&self, lang: Option<Lang>, tokens: &[Token]) -> Vec<Hit<'_>> {
        let mut hits = Vec::new();
        for (start, token) in tokens.iter().enumerate() {
            if let Some(found) = self.first.get(token.text.as_str()) {
                self.follow(lang, tokens, start, found, &mut hits);
            }
            if token.kind == Kind::Number {
                self.follow(lang, tokens, start, &self.numbers, &mut hits);
            } else {
                for (count, (at, c)) in token.text.char_indices().enumerate() {
                    if count >= self.longest_prefix {
                        break;
                    }
                    let Some(head) = token.text.get(..at + c.len_utf8()) else { continue };
                    if count >= 1
                        && let Some(found) = self.prefixes.get(head)
                    {
                        self.follow(lang, tokens, start, found, &mut hits);
                    }
                }
            }
        }
        hits
    }

    /// Whether a word begins a phrase.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.first.contains_key(word)
    }

    /// Whether a word begins like one of the language's stems.
    pub(super) fn has_stem(&self, word: &str) -> bool {
        word.char_indices()
            .skip(2)
            .any(|(at, c)| word.get(..at + c.len_utf8()).is_some_and(|head| self.prefixes.contains_key(head)))
    }

    fn follow<'a>(
        &'a self,
        lang: Option<Lang>,
        tokens: &[Token],
        start: usize,
        found: &[u32],
        hits: &mut Vec<Hit<'a>>,
    ) {
        for index in found {
            let Some(phrase) = usize::try_from(*index).ok().and_then(|index| self.phrases.get(index)) else { continue };
            let written = tokens.get(start).map(|token| token.marked.as_str());
            if phrase.marked.is_some() && phrase.marked.as_deref() != written {
                continue;
            }
            super::steps::add();
            if let Some(end) = rest_matches(&phrase.rest, tokens, start + 1) {
                let words = 1 + phrase.rest.iter().filter(|pat| **pat != Pat::Gap).count();
                hits.push(Hit { start, end, tags: &phrase.tags, lang, words, place: phrase.place });
            }
        }
    }
}

fn rest_matches(rest: &[Pat], tokens: &[Token], at: usize) -> Option<usize> {
    let Some((pat, later)) = rest.split_first() else { return Some(at) };
    if *pat == Pat::Gap {
        return (at..=at + 3).find_map(|next| rest_matches(later, tokens, next));
    }
    let token = tokens.get(at)?;
    let fits = match pat {
        Pat::Exact(word) => token.text == *word,
        Pat::Glued(word) => token.tight && token.text == *word,
        Pat::Prefix(head) => token.text.starts_with(head.as_str()),
        Pat::Number => token.kind == Kind::Number,
        Pat::Gap => false,
    };
    // A phrase does not run over the end of a sentence.
    if !fits || matches!(token.sep, '?' | '!' | ';' | ',') {
        return None;
    }
    rest_matches(later, tokens, at + 1)
}

/// Hashes of a word and of the word with each letter left out: two words one slip apart share one.
fn deletes(word: &str) -> impl Iterator<Item = u64> + '_ {
    let whole = std::iter::once(hash(word.chars()));
    whole.chain(
        (0..word.chars().count())
            .map(|skip| hash(word.chars().enumerate().filter(move |(at, _)| *at != skip).map(|(_, c)| c))),
    )
}

/// FNV-1a over characters: the same on every machine and run.
fn hash(chars: impl Iterator<Item = char>) -> u64 {
    chars.fold(0xcbf2_9ce4_8422_2325, |hash, c| (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_its_phrases() {
        let lexicon = Lexicon::load(&Lexicons::built_in()).unwrap();
        for (lang, pack) in &lexicon.packs {
            assert!(pack.phrases.len() > 500, "{lang} has only {} phrases", pack.phrases.len());
            assert!(pack.learned.is_some(), "{lang} learned nothing from its examples");
        }
    }

    #[test]
    fn respells_one_slip() {
        let lexicon = Lexicon::load(&Lexicons::built_in()).unwrap();
        assert_eq!(lexicon.respell(Lang::EN, "satruday"), Some("saturday"));
        assert_eq!(lexicon.respell(Lang::EN, "zzzzzz"), None);
    }
}
