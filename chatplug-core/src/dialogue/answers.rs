//! Yes, no, and words that are neither: what they mean depends on what is open.

use super::{
    facts::Facts,
    listen::Heard,
    shown::{Opt, Pick, Question},
    state::{Aim, Flow},
    step::Step,
};
use crate::{
    model::BookingId,
    ports::{Intent, OpenQuestion},
    reply::{ChooseFor, Key, Label, Say, When},
};

impl Step<'_> {
    /// "Yes": to what it quotes, else to the open question, else to an open reminder, else to nothing.
    pub(super) fn yes(&mut self, facts: Facts) -> Heard {
        if !facts.is_empty() {
            // "Yes, at five": what it says is taken first; the yes counts if that changed nothing.
            if !self.agrees_with(&facts) {
                return self.facts(facts);
            }
        }
        if self.is_asking() {
            return Heard::Understood;
        }
        let open = self.state.asked.as_ref().and_then(|asked| asked.yes.clone());
        let beside = self.state.shown.is_beside(self.state.asked.as_ref());
        let reminded = self.state.reminded.clone();
        match (open, reminded.as_slice()) {
            (Some(Pick::Visit(_, Aim::Confirm)) | None, [_, _, ..]) => self.which_reminded(&reminded),
            (Some(Pick::Visit(_, Aim::Confirm)) | None, [only]) => self.visit(*only, Aim::Confirm, Facts::default()),
            // A reminder came after the summary: which of the two is the yes for?
            (Some(agree @ Pick::Agree { .. }), [.., last]) if beside => self.which_yes(agree, *last),
            (Some(pick), _) => self.choose(pick),
            (None, []) => self.yes_to_nothing(),
        }
    }

    /// Whether what a yes adds is what is summed up anyway.
    fn agrees_with(&mut self, facts: &Facts) -> bool {
        let Flow::Form(form) = &self.state.flow else { return false };
        if form.summed.is_none() {
            return false;
        }
        let mut same = form.draft.clone();
        let notes = same.fill(facts, self.filling(form));
        notes.is_empty() && same.slot == form.draft.slot && same.slot.is_some() && same.service == form.draft.service
    }

    fn yes_to_nothing(&mut self) -> Heard {
        match &self.state.flow {
            Flow::Form(_) | Flow::Choosing { .. } => {
                // "Yes" to a list with one thing on it means that one.
                let only = {
                    let mut picks = self.state.asked.iter().flat_map(super::shown::Asked::picks);
                    picks.next().filter(|_| picks.next().is_none()).cloned()
                };
                match only {
                    Some(only) => self.choose(only),
                    None => Heard::NotUnderstood,
                }
            }
            Flow::Cancelling { .. } | Flow::Committing(_) => {
                self.resume();
                Heard::Understood
            }
            Flow::Idle => {
                let question = self.menu(Say::Menu, 0);
                self.say(Say::NothingOpen);
                self.ask(question);
                Heard::Understood
            }
        }
    }

    /// Two visits wait for a "will you come": which one?
    fn which_reminded(&mut self, reminded: &[BookingId]) -> Heard {
        let mut options: Vec<Opt> =
            reminded.iter().rev().filter_map(|id| self.visit_option(*id, Aim::Confirm)).take(self.room() - 1).collect();
        options.push(Opt::key(Key::Menu, Pick::Menu));
        let say = Say::ChooseBooking { purpose: ChooseFor::Confirm };
        self.ask(Question::new(OpenQuestion::Booking, [say]).options(options));
        Heard::Understood
    }

    /// A summary and a reminder are both open: the yes is for one of them, and they say which.
    fn which_yes(&mut self, agree: Pick, reminded: BookingId) -> Heard {
        let Some(asked) = self.state.asked.clone() else { return Heard::NotUnderstood };
        let mut options: Vec<Opt> = asked.options.into_iter().filter(|option| option.pick == agree).collect();
        options.push(Opt::key(Key::Come, Pick::Visit(reminded, Aim::Confirm)));
        options.extend(asked.no.clone().map(|no| Opt::key(Key::No, no)));
        let mut question = Question::new(OpenQuestion::YesNo, asked.again).options(options).yes(agree);
        question.no = asked.no;
        self.ask(question);
        Heard::Understood
    }

    /// A known upcoming booking as an option.
    pub(super) fn visit_option(&self, id: BookingId, aim: Aim) -> Option<Opt> {
        let booking = self.upcoming(id)?;
        let at = When { start: booking.start, zone: booking.zone };
        let view = self.view(booking);
        Some(Opt::new(Label::Booking { at, service: view.service }, Pick::Visit(id, aim)).at(view.branch))
    }

    /// "No": to the open question. With more to say, it is a change.
    pub(super) fn no(&mut self, facts: Facts) -> Heard {
        if !facts.is_empty() {
            return self.facts(facts);
        }
        if let Some(pick) = self.state.asked.as_ref().and_then(|asked| asked.no.clone()) {
            return self.choose(pick);
        }
        match (&self.state.flow, self.state.reminded.as_slice()) {
            (Flow::Idle, [only]) => {
                let only = *only;
                self.visit(only, Aim::Change, Facts::default())
            }
            (Flow::Idle, _) => self.leave_for_menu(),
            (Flow::Choosing { .. }, _) => {
                self.keep_as_is();
                Heard::Understood
            }
            _ => Heard::NotUnderstood,
        }
    }

    /// Nothing that this chat is for, unless it says something about a visit after all.
    pub(super) fn other(&mut self, facts: Facts) -> Heard {
        match self.facts(facts) {
            Heard::NotUnderstood if self.state.flow == Flow::Idle && self.state.misses == 0 && !self.is_asking() => {
                self.state.misses = 1;
                let options = vec![Opt::key(Key::Human, Pick::Human), Opt::key(Key::Menu, Pick::Menu)];
                let question = Question::new(OpenQuestion::YesNo, [Say::OutOfScope]).options(options);
                self.ask(question.yes(Pick::Human).no(Pick::Menu));
                Heard::Amiss
            }
            heard => heard,
        }
    }

    /// What a client said of a booking by quoting (or answering) a message that spoke of it.
    pub(super) fn about(
        &mut self,
        booking: BookingId,
        intent: Option<Intent>,
        facts: &Facts,
        minutes: Option<u16>,
    ) -> Option<Heard> {
        self.upcoming(booking)?;
        let reminded = self.state.reminded.contains(&booking);
        Some(match intent? {
            Intent::Yes if reminded && facts.is_empty() => self.visit(booking, Aim::Confirm, Facts::default()),
            Intent::ConfirmVisit => self.visit(booking, Aim::Confirm, Facts::default()),
            Intent::No if reminded && facts.is_empty() => self.visit(booking, Aim::Change, Facts::default()),
            Intent::Cancel => self.visit(booking, Aim::Cancel, Facts::default()),
            Intent::Reschedule => self.visit(booking, Aim::Move, facts.clone()),
            Intent::RunningLate => self.late(Some(booking), minutes, facts.clone()),
            _ => return None,
        })
    }
}
