//! The offline intent engine: words to meaning without network or model.
//!
//! Reading order: `text` (tokens), `tags`, `lines`, `sources` and `lexicon` (phrases of every language, from `lexicons/`), `language`, `items` and
//! `calendar` under `dates`, `monthdays`, `periods`, `counted`, `times` and `clock` (the grammar), `services` and `people`, `intents` with
//! `covered`, `learn` and `likely`, `roles` and `choice` (what counts of several), `engine`. Around it: `faq` (free questions), `shield` (what
//! a model may see and say), `impossible` (days and times that there are not), `cascade` (which is asked when), `guard` (what a text may claim), with the words of `free`. [`eval`] and `explain` are the
//! library behind `chatplug understand`.

mod calendar;
mod cascade;
mod choice;
mod clock;
mod counted;
mod covered;
mod dates;
mod engine;
pub mod eval;
mod explain;
mod faq;
mod free;
mod guard;
mod impossible;
mod intents;
mod items;
mod language;
mod learn;
mod lexicon;
mod likely;
mod lines;
mod monthdays;
mod people;
mod periods;
mod roles;
mod services;
mod shield;
mod sources;
mod steps;
mod tags;
mod text;
mod times;

pub use cascade::Cascade;
pub use engine::OfflineEngine;
pub use explain::{Explanation, Reason};
pub use faq::{FactBook, Found};
pub use guard::{Claim, Grounds, success_words};
pub use shield::Shielded;
pub use sources::{LexiconError, Lexicons};

/// The words of a text, folded as everything that is compared with it: lower case, without marks.
pub(crate) fn words(text: &str) -> Vec<String> {
    text::Text::words(text)
}

/// The words of a name as they sound, whichever alphabet it is written in.
pub(crate) fn sounds(name: &str) -> Vec<String> {
    words(name).iter().map(|word| people::sound(word)).collect()
}
