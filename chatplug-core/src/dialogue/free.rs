//! Free questions: what the business says about itself is quoted, then the open question is asked again; what it says
//! nothing about is a person's to answer.

use super::{
    facts::Facts,
    listen::Heard,
    shown::{Opt, Pick, Question},
    state::Flow,
    step::Step,
};
use crate::{
    model::FactMention,
    ports::{Intent, OpenQuestion},
    reply::{Key, Say},
};

impl Step<'_> {
    /// Answers what is asked freely; `None`: the rest of the message is still to be heard.
    pub(super) fn free_question(
        &mut self,
        asked: &FactMention,
        intent: Option<Intent>,
        facts: &Facts,
    ) -> Option<Heard> {
        match asked {
            FactMention::None => None,
            FactMention::Known(id) => {
                // What it points at must exist, and it is quoted as it is.
                let text = self.world.facts.text(id, self.lang())?.to_owned();
                self.say(Say::Fact { text });
                if intent.is_some_and(is_more) {
                    return None;
                }
                self.go_back_to(None);
                Some(Heard::Understood)
            }
            FactMention::Unknown if facts.is_empty() && !intent.is_some_and(is_more) => Some(self.no_fact()),
            FactMention::Unknown => None,
        }
    }

    /// Nobody said what the answer is: a person is offered.
    fn no_fact(&mut self) -> Heard {
        if self.is_asking() {
            self.say(Say::NoFact);
            return Heard::Amiss;
        }
        let on = match self.state.flow {
            Flow::Form(_) => Opt::key(Key::Continue, Pick::Continue),
            Flow::Idle => Opt::key(Key::Menu, Pick::Menu),
            _ => {
                self.say(Say::NoFact);
                self.aside(vec![Opt::key(Key::Human, Pick::Human)]);
                return Heard::Amiss;
            }
        };
        let no = on.pick.clone();
        let options = vec![Opt::key(Key::Human, Pick::Human), on];
        self.ask(Question::new(OpenQuestion::YesNo, [Say::NoFact]).options(options).yes(Pick::Human).no(no));
        Heard::Amiss
    }
}

/// Whether a message that asks something also wants something else.
const fn is_more(intent: Intent) -> bool {
    !matches!(
        intent,
        Intent::AskAvailability
            | Intent::AskHours
            | Intent::AskLocation
            | Intent::AskPrice
            | Intent::AskService
            | Intent::Greet
            | Intent::Other
            | Intent::Thanks
    )
}
