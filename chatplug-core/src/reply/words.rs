//! The catalogues of messages: shipped ones, and a tenant's own wording layered over them. Not here: which message a
//! thing to say is (`speak`), and how dates and money are written (`locale`, `money`).

use super::check::{Problem, Source, check_override};
use crate::model::Lang;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue, concurrent::FluentBundle};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
};

include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// The name of a message, from the constants that the build makes of the catalogues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(&'static str);

impl Id {
    /// The name.
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }

    /// A message of templates by its name.
    pub(crate) fn of_template(name: &str) -> Option<Self> {
        TEMPLATES.iter().find(|id| id.0 == name).copied()
    }
}

/// Every language's messages, ready to use: cheap to clone and shared between threads.
///
/// [`Words::shipped`] holds the languages in `chatplug-core/locales/`; [`Words::with_own`] layers a tenant's own
/// wording over them.
#[derive(Clone)]
pub struct Words {
    speeches: Arc<BTreeMap<Lang, Speech>>,
}

/// A message of a tenant's own wording that is not used, and why: the shipped one speaks in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordingProblem {
    /// Of which language.
    pub lang: Lang,
    /// Where in the tenant's text, such as `own/pt.ftl:12`.
    pub place: String,
    /// Name of the message; empty when the text cannot be read there.
    pub key: String,
    /// What is wrong, in English, for whoever wrote it.
    pub what: String,
}

impl fmt::Display for WordingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.what),
            key => write!(f, "{}: \"{key}\" {}", self.place, self.what),
        }
    }
}

impl Words {
    /// The shipped wording.
    #[must_use]
    pub fn shipped() -> Self {
        static SHIPPED: OnceLock<Words> = OnceLock::new();
        SHIPPED.get_or_init(Self::load).clone()
    }

    /// The shipped wording with a tenant's own messages over it: Fluent text by language, with any of the messages of
    /// `locales/<lang>/*.ftl`. What cannot be used is left out and listed; a whole wording is never refused.
    #[must_use]
    pub fn with_own(own: &BTreeMap<Lang, String>) -> (Self, Vec<WordingProblem>) {
        let shipped = Self::shipped();
        let mut speeches = BTreeMap::clone(&shipped.speeches);
        let mut problems = Vec::new();
        for (lang, text) in own {
            let Some(speech) = speeches.get_mut(lang) else {
                let what = format!("\"{lang}\" is not one of the languages there are");
                problems.push(WordingProblem { lang: *lang, place: own_file(*lang), key: String::new(), what });
                continue;
            };
            let file = own_file(*lang);
            let sources: Vec<_> = sources(lang.code()).collect();
            let (text, found) = check_override(&sources, Source { lang: lang.code(), file: &file, text });
            problems.extend(found.into_iter().map(|Problem { place, key, what }| WordingProblem {
                lang: *lang,
                place,
                key,
                what,
            }));
            if let Ok(resource) = FluentResource::try_new(text) {
                let mut bundle = bundle(*lang, &speech.resources);
                bundle.add_resource_overriding(Arc::new(resource));
                speech.own = Some(Arc::new(bundle));
            }
        }
        (Self { speeches: Arc::new(speeches) }, problems)
    }

    /// The languages there are, in order of their codes.
    pub fn languages(&self) -> impl Iterator<Item = Lang> + use<'_> {
        self.speeches.keys().copied()
    }

    /// Whether a language is spoken.
    #[must_use]
    pub fn speaks(&self, lang: Lang) -> bool {
        self.speeches.contains_key(&lang)
    }

    /// A language in its own words: "Português"; of one that is not spoken, its code.
    #[must_use]
    pub fn language_name(&self, lang: Lang) -> String {
        let said = self.speeches.get(&lang).and_then(|speech| speech.say(id::LANGUAGE_NAME, &FluentArgs::new()).ok());
        said.unwrap_or_else(|| lang.code().to_uppercase())
    }

    /// What a client writes, in any language, to reach another of the businesses that share a number.
    pub(crate) fn other_business(&self) -> Vec<String> {
        let said =
            self.speeches.values().filter_map(|speech| speech.say(id::OTHER_BUSINESS_WORDS, &FluentArgs::new()).ok());
        said.flat_map(|words| words.split('|').map(|word| word.trim().to_owned()).collect::<Vec<_>>()).collect()
    }

    /// The language to use for a client's: the same, or English when it is not spoken.
    pub(crate) fn speech(&self, lang: Lang) -> (Lang, Option<&Speech>) {
        match self.speeches.get(&lang) {
            Some(speech) => (lang, Some(speech)),
            None => (Lang::EN, self.speeches.get(&Lang::EN)),
        }
    }

    fn load() -> Self {
        let mut speeches: BTreeMap<Lang, Speech> = BTreeMap::new();
        let langs = FILES.iter().filter_map(|(code, ..)| code.parse::<Lang>().ok());
        for lang in langs {
            speeches.entry(lang).or_insert_with(|| Speech::shipped(lang));
        }
        Self { speeches: Arc::new(speeches) }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("languages", &self.speeches.keys()).finish_non_exhaustive()
    }
}

type Bundle = FluentBundle<Arc<FluentResource>>;

/// One language.
#[derive(Clone)]
pub(crate) struct Speech {
    shipped: Arc<Bundle>,
    own: Option<Arc<Bundle>>,
    resources: Vec<Arc<FluentResource>>,
}

/// A message that could not be said.
#[derive(Debug)]
pub(crate) struct Unsaid {
    /// What came out all the same; empty when there is no such message.
    pub(crate) text: String,
    /// Why, for the log: names of messages and variables, never their values.
    pub(crate) why: String,
}

impl Speech {
    fn shipped(lang: Lang) -> Self {
        // The build has checked that every file parses; whatever does not is left out.
        let resources: Vec<_> = sources(lang.code())
            .map(|source| FluentResource::try_new(source.text.to_owned()).unwrap_or_else(|(resource, _)| resource))
            .map(Arc::new)
            .collect();
        Self { shipped: Arc::new(bundle(lang, &resources)), own: None, resources }
    }

    /// Says a message: in the tenant's words where they have some that work, else in the shipped ones.
    pub(crate) fn say(&self, id: Id, args: &FluentArgs<'_>) -> Result<String, Unsaid> {
        if let Some(own) = &self.own
            && let Ok(text) = format(own, id, args)
            && !text.trim().is_empty()
        {
            return Ok(text);
        }
        format(&self.shipped, id, args)
    }
}

fn sources(lang: &str) -> impl Iterator<Item = Source<'static>> + use<'_> {
    FILES.iter().filter(move |(code, ..)| *code == lang).map(|&(lang, file, text)| Source { lang, file, text })
}

fn own_file(lang: Lang) -> String {
    format!("own/{lang}.ftl")
}

fn bundle(lang: Lang, resources: &[Arc<FluentResource>]) -> Bundle {
    let mut bundle = Bundle::new_concurrent(lang.code().parse().into_iter().collect());
    // Isolating marks would be sent to the client; none of the languages is written from right to left.
    bundle.set_use_isolating(false);
    // Fails only when the name is taken.
    let _ = bundle.add_function("CAP", |values, _| match values {
        [FluentValue::String(text), ..] => FluentValue::from(capitalised(text)),
        _ => FluentValue::Error,
    });
    for resource in resources {
        // The build has checked that no message stands twice.
        let _ = bundle.add_resource(Arc::clone(resource));
    }
    bundle
}

fn format(bundle: &Bundle, id: Id, args: &FluentArgs<'_>) -> Result<String, Unsaid> {
    let Some(pattern) = bundle.get_message(id.name()).and_then(|message| message.value()) else {
        return Err(Unsaid { text: String::new(), why: format!("there is no message \"{}\"", id.name()) });
    };
    let mut errors: Vec<FluentError> = Vec::new();
    let text = bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
    match errors.first() {
        None => Ok(text),
        Some(error) => Err(Unsaid { text, why: format!("\"{}\": {error}", id.name()) }),
    }
}

/// A text with its first letter large.
pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
