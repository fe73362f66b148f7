//! Which language: kept per client, changed at once when asked for, and otherwise only by a clear message.

use super::{
    ContactChange, Effect,
    listen::Heard,
    shown::{Opt, Paged, Pick, Question},
    state::Flow,
    step::Step,
};
use crate::{
    model::Lang,
    ports::{Interpretation, OpenQuestion},
    reply::{Label, Say},
};

/// How sure a guess must be to settle the language of a first contact: a lone "Hi!" is hint enough, as it binds nobody.
const FIRST: f32 = 0.2;
/// How sure a guess must be to change the language of a conversation.
const CLEAR: f32 = 0.85;

impl Step<'_> {
    /// Follows the client's language; one short word never changes it.
    pub(super) fn note_language(&mut self, text: &str, meaning: &Interpretation) {
        let Some(guess) = meaning.lang.filter(|guess| self.world.languages.contains(&guess.lang)) else { return };
        let known = self.state.lang.or(self.world.contact.language);
        let enough = match known {
            None => guess.confidence >= FIRST,
            Some(known) if known == guess.lang => false,
            Some(_) => guess.confidence >= CLEAR && text.split_whitespace().nth(1).is_some(),
        };
        if enough {
            self.speak(guess.lang);
        } else if self.state.lang.is_none() {
            self.state.lang = known;
        }
    }

    /// The client asks for a language.
    pub(super) fn change_language(&mut self, wanted: Option<Lang>) -> Heard {
        match wanted.filter(|lang| self.world.languages.contains(lang)) {
            Some(lang) => {
                self.speak(lang);
                self.say(Say::LanguageChanged);
                if !matches!(self.state.flow, Flow::Committing(_)) {
                    // Names on the open list may read otherwise now: it is put anew.
                    self.retire();
                    self.resume();
                }
            }
            None if matches!(self.state.flow, Flow::Committing(_)) => {
                self.still_working();
            }
            None => self.ask_language(0),
        }
        Heard::Understood
    }

    pub(super) fn ask_language(&mut self, page: u16) {
        let options =
            self.world.languages.iter().map(|lang| Opt::new(Label::Language { lang: *lang }, Pick::Lang(*lang)));
        let options = self.paged(options.collect(), &Paged::Languages, page, None);
        self.ask(Question::new(OpenQuestion::Language, [Say::AskLanguage]).options(options));
    }

    fn speak(&mut self, lang: Lang) {
        self.state.lang = Some(lang);
        if self.world.contact.language != Some(lang) {
            self.effect(Effect::UpdateContact { change: ContactChange::Language { lang } });
        }
    }
}
