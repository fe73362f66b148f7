//! Words that free questions are told by, and that a text may not say by itself: `lexicons/<lang>/free.words`.
//!
//! What is done with them is elsewhere: `faq` matches questions, `shield` hides names, `guard` checks texts.

use super::words;
use std::{
    collections::{BTreeMap, HashSet},
    sync::LazyLock,
};

include!(concat!(env!("OUT_DIR"), "/free.rs"));

/// The words of all languages together: which of them a text is in need not be known.
pub(super) static FREE: LazyLock<FreeWords> = LazyLock::new(|| FreeWords::parse(FILES));

/// A phrase; of its last word the beginning may be enough.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Phrase {
    words: Vec<String>,
    open: bool,
}

impl Phrase {
    fn read(written: &str) -> Option<Self> {
        let written = written.trim();
        let open = written.ends_with('*');
        let words = words(written.trim_end_matches('*'));
        (!words.is_empty()).then_some(Self { words, open })
    }

    /// How many words of `text` it takes up at its beginning.
    pub(super) fn begins(&self, text: &[String]) -> Option<usize> {
        let (last, rest) = self.words.split_last()?;
        let head = text.get(..rest.len())?;
        let tail = text.get(rest.len())?;
        let fits = head == rest && if self.open { tail.starts_with(last.as_str()) } else { tail == last };
        fits.then_some(self.words.len())
    }

    /// As it is told.
    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// What the files say.
#[derive(Debug, Default)]
pub(super) struct FreeWords {
    /// Words that say nothing about what is asked.
    pub(super) stop: HashSet<String>,
    /// How questions begin.
    pub(super) ask: Vec<Phrase>,
    /// What comes before one's own name.
    pub(super) me: Vec<Phrase>,
    /// Words for something that is done.
    pub(super) done: Vec<Phrase>,
    /// Numbers in words.
    pub(super) number: Vec<Phrase>,
    /// Days, months and parts of the day.
    pub(super) day: Vec<Phrase>,
    /// Money.
    pub(super) money: Vec<Phrase>,
}

impl FreeWords {
    fn parse(files: &[(&str, &str, &str)]) -> Self {
        let mut found: BTreeMap<&str, Vec<Phrase>> = BTreeMap::new();
        for (_, _, text) in files {
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let Some((key, phrases)) = line.split_once('=') else { continue };
                found.entry(key.trim()).or_default().extend(phrases.split('|').filter_map(Phrase::read));
            }
        }
        let mut take = |key: &str| found.remove(key).unwrap_or_default();
        Self {
            stop: take("stop").into_iter().flat_map(|phrase| phrase.words).collect(),
            ask: take("ask"),
            me: take("me"),
            done: take("done"),
            number: take("number"),
            day: take("day"),
            money: take("money"),
        }
    }

    /// Whether a text speaks of a number, a day or a part of one.
    pub(super) fn speaks_of_when(&self, text: &str) -> bool {
        if text.chars().any(char::is_numeric) {
            return true;
        }
        let words = words(text);
        let begins = |at: usize| {
            let rest = words.get(at..).unwrap_or_default();
            self.day.iter().chain(&self.number).any(|phrase| phrase.begins(rest).is_some())
        };
        (0..words.len()).any(begins)
    }

    /// Whether a text asks something: by its mark, or by how it begins.
    pub(super) fn is_question(&self, text: &str) -> bool {
        if text.contains(['?', '？', '¿']) {
            return true;
        }
        let words = words(text);
        words.len() > 1 && self.ask.iter().any(|phrase| phrase.begins(&words).is_some())
    }
}

/// Whether two words are one in other forms: the same for most of their length, or one slip apart.
pub(super) fn alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (a, b) = (one.chars().count(), other.chars().count());
    let (short, long) = (a.min(b), a.max(b));
    if short < 4 || long > 40 {
        return false;
    }
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let enough = if short < 5 { same >= 4 && long - short <= 2 } else { same >= 5 && same * 5 >= long * 3 };
    enough || (short >= 5 && long - short <= 1 && strsim::osa_distance(one, other) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_list_of_words() {
        for (lang, _, text) in FILES {
            for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
                let (key, phrases) = line.split_once('=').unwrap();
                let known = ["stop", "ask", "me", "done", "number", "day", "money"].contains(&key.trim());
                assert!(known && phrases.split('|').all(|phrase| Phrase::read(phrase).is_some()), "{lang}: {line}");
            }
        }
    }

    #[test]
    fn a_question_is_told_by_its_mark_or_its_beginning() {
        for asked in [
            "parking?",
            "Is there parking",
            "há estacionamento",
            "Можно с собакой",
            "Se puede ir con perro",
            "On peut payer par carte",
        ] {
            assert!(FREE.is_question(asked), "{asked}");
        }
        for said in ["haircut tomorrow", "ok", "", "привет", "is"] {
            assert!(!FREE.is_question(said), "{said}");
        }
    }

    #[test]
    fn forms_of_a_word_are_alike_and_other_words_are_not() {
        for (one, other) in [
            ("parking", "parkings"),
            ("парковка", "парковку"),
            ("cachorro", "cachorros"),
            ("estacionamento", "estacionar"),
        ] {
            assert!(alike(one, other), "{one} {other}");
        }
        for (one, other) in [("park", "part"), ("cut", "cat"), ("card", "care"), ("massage", "message of")] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }
}
