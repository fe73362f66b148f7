//! The data files of the languages: those that are built in, and a translator's or tenant's own over them.
//!
//! A language is a folder of files, nothing else; `build.rs` finds the folders of `lexicons/`, checks every line, learns
//! from the examples and builds them in. Reading a folder at run time belongs to the caller: this holds names and texts only.

use super::{learn, lexicon::Lexicon};
use crate::model::Lang;
use std::{borrow::Cow, collections::BTreeMap, fmt};

include!(concat!(env!("OUT_DIR"), "/lexicons.rs"));
include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// How the names of files of examples end; every other file is a lexicon.
const KIND: &str = ".examples";

/// The files of every language; made of what is built in, with files put in their place or beside them.
///
/// ```
/// use chatplug_core::{model::Lang, understand::{Lexicons, OfflineEngine}};
///
/// // A word of the house, beside what Portuguese has.
/// let lexicons = Lexicons::built_in().with(Some(Lang::PT), "house.txt", "concept:nails = unhas da casa");
/// assert!(OfflineEngine::with_lexicons(&lexicons).is_ok());
///
/// // An example of how its clients say something (learning is for the start of a program, it takes a moment).
/// let lexicons = lexicons.with(Some(Lang::PT), "house.examples", "book: bora de unha na sexta?");
/// assert!(OfflineEngine::with_lexicons(&lexicons).is_ok());
///
/// let wrong = Lexicons::built_in().with(Some(Lang::PT), "house.txt", "weekday:1 segunda");
/// assert!(OfflineEngine::with_lexicons(&wrong).unwrap_err().to_string().contains("pt/house.txt:1"));
/// ```
#[derive(Debug, Clone)]
pub struct Lexicons {
    /// By language (`None` is what all share) and file name.
    files: BTreeMap<(Option<Lang>, String), Cow<'static, str>>,
}

/// Lexicons that cannot be used, with every reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LexiconError {
    /// One line each: file, line and what is wrong with it, or what a language lacks.
    pub problems: Vec<String>,
}

impl fmt::Display for LexiconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl Default for Lexicons {
    fn default() -> Self {
        Self::built_in()
    }
}

impl Lexicons {
    /// What chatplug comes with.
    #[must_use]
    pub fn built_in() -> Self {
        let files = FILES.iter().chain(EXAMPLES).filter_map(|(lang, name, text)| {
            let lang = if lang.is_empty() { None } else { Some(lang.parse::<Lang>().ok()?) };
            Some(((lang, (*name).to_owned()), Cow::Borrowed(*text)))
        });
        Self { files: files.collect() }
    }

    /// Adds a file, in place of the one of that language and name if there is one. `None` is what all languages share.
    /// A name that ends in `.examples` holds example messages (`intent: message` a line), any other a lexicon.
    #[must_use]
    pub fn with(mut self, lang: Option<Lang>, name: &str, text: impl Into<String>) -> Self {
        self.files.insert((lang, name.to_owned()), Cow::Owned(text.into()));
        self
    }

    /// Languages that have files.
    pub fn languages(&self) -> impl Iterator<Item = Lang> {
        self.groups().filter_map(|(lang, _)| lang)
    }

    /// Every mistake in them, with file and line; empty when they can be used.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        Lexicon::load(self).err().map(|error| error.problems).unwrap_or_default()
    }

    /// Files of examples that no language has.
    pub(super) fn astray(&self) -> Vec<String> {
        let files = self.files.keys().filter(|(lang, name)| lang.is_none() && name.ends_with(KIND));
        files.map(|(_, name)| format!("{name}: examples belong in the folder of a language")).collect()
    }

    /// What the examples of a language teach, and what is wrong with them; learned anew only where a file is not one
    /// of those built in.
    pub(super) fn learned(&self, lang: Lang, kinds: learn::Kinds) -> (Option<learn::Model>, Vec<String>) {
        let examples = || self.files.iter().filter(|((code, name), _)| *code == Some(lang) && name.ends_with(KIND));
        if examples().all(|(_, text)| matches!(text, Cow::Borrowed(_))) {
            let built_in = LEARNED.iter().find(|(code, _)| *code == lang.to_string());
            return (built_in.and_then(|(_, bytes)| learn::Model::open(bytes, kinds)), Vec::new());
        }
        let (mut all, mut problems) = (Vec::new(), Vec::new());
        for ((_, name), text) in examples() {
            let (examples, wrong) = learn::read(text, &kinds);
            all.extend(examples);
            problems.extend(wrong.into_iter().map(|(line, what)| format!("{lang}/{name}:{line}: {what}")));
        }
        (Some(learn::Model::learn(&all, kinds)), problems)
    }

    /// The lexicons by language: name as told in problems, and text.
    pub(super) fn groups(&self) -> impl Iterator<Item = (Option<Lang>, Vec<(String, &str)>)> {
        let mut groups: BTreeMap<Option<Lang>, Vec<(String, &str)>> = BTreeMap::new();
        for ((lang, name), text) in self.files.iter().filter(|((_, name), _)| !name.ends_with(KIND)) {
            let told = lang.map_or_else(|| name.clone(), |lang| format!("{lang}/{name}"));
            groups.entry(*lang).or_default().push((told, text.as_ref()));
        }
        groups.into_iter()
    }
}
