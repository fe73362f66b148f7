//! One step in the making: the state, the world, and what has been decided to do so far.
//!
//! Flows add to it (`say`, `ask`, `effect`, `fetch …`); [`Step::finish`] turns it into effects in their promised
//! order: replies and side effects as they were decided, then a record per message, then at most one question.

use super::{
    BranchView, Effect, Holder, Input, Outcome, Timer, World,
    search::Search,
    shown::{Opt, Pick, Question},
    state::{Errand, Flow, Held, State, Waiting},
};
use crate::{
    model::{Booking, BranchId, Lang, MessageId},
    ports::Action,
    reply::{Invite, Reply, Say, TemplateMeaning},
};
use chrono::NaiveDate;

/// A step in the making.
pub(super) struct Step<'a> {
    pub(super) state: &'a mut State,
    pub(super) world: &'a World<'a>,
    pub(super) out: Out,
}

/// What was decided so far.
#[derive(Debug, Default)]
pub(super) struct Out {
    say: Held,
    template: Option<TemplateMeaning>,
    ask: Ask,
    effects: Vec<Effect>,
    question: Option<Effect>,
    /// The seal or other option that a yes of this burst agreed to; decided when the whole burst is read.
    pub(super) agreed: Option<Pick>,
    /// A yes was heard in a voice message: it is asked for in writing.
    pub(super) agreed_aloud: bool,
    /// A person was called.
    pub(super) handed_over: bool,
    /// The answer follows when what is under way is settled.
    pub(super) pending: bool,
    /// Something was said or asked.
    spoke: bool,
    asked: bool,
}

/// What follows the words of a reply.
#[derive(Debug, Default)]
enum Ask {
    /// Nothing: what was asked before still stands.
    #[default]
    Nothing,
    /// The open question, once more.
    Again,
    New(Box<Question>),
    /// Options beside the open question.
    Aside(Vec<Opt>),
}

impl<'a> Step<'a> {
    pub(super) fn new(state: &'a mut State, world: &'a World<'a>) -> Self {
        Self { state, world, out: Out::default() }
    }

    // --- reading the world ---------------------------------------------------------------------------------------

    /// The language to answer in.
    pub(super) fn lang(&self) -> Lang {
        self.state.lang.or(self.world.contact.language).unwrap_or(self.world.policy.language)
    }

    /// A branch, or the only one there is.
    pub(super) fn branch(&self, id: Option<&BranchId>) -> Option<&'a BranchView> {
        match (id, self.world.branches) {
            (Some(id), _) => self.world.branches.iter().find(|view| view.branch().id == *id),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    /// Today at a branch; by UTC while no branch is known.
    pub(super) fn today(&self, view: Option<&BranchView>) -> NaiveDate {
        view.or_else(|| self.world.branches.first()).map_or_else(
            || self.world.now.date_naive(),
            |view| self.world.now.with_timezone(&view.branch().zone).date_naive(),
        )
    }

    /// How many options fit one list. Channels without lists number them in the text; nine digits are enough.
    pub(super) fn room(&self) -> usize {
        if self.world.limits.rows >= 3 { self.world.limits.rows.min(20) } else { 9 }
    }

    // --- deciding ------------------------------------------------------------------------------------------------

    /// Adds a sentence to the reply.
    pub(super) fn say(&mut self, say: Say) {
        self.out.spoke = true;
        self.out.say.say.push(say);
    }

    /// Adds sentences to the reply.
    pub(super) fn say_all(&mut self, say: impl IntoIterator<Item = Say>) {
        for say in say {
            self.say(say);
        }
    }

    /// The reply carries the outcome of a critical action: it is not withdrawn when a person takes over.
    pub(super) fn keep(&mut self) {
        self.out.say.keep = true;
    }

    /// The reply may go out as this template.
    pub(super) fn template(&mut self, meaning: TemplateMeaning) {
        self.out.template = Some(meaning);
    }

    /// Adds a pin to the reply.
    pub(super) fn pin(&mut self, view: &BranchView) {
        self.out.say.place = view.branch().place.clone().filter(|place| place.point.is_some());
    }

    /// Adds the appointment as a file to the reply, where the business wants that.
    pub(super) fn invite(&mut self, booking: &Booking, cancelled: bool) {
        let Some(id) = booking.id.filter(|_| self.world.policy.calendar_file) else { return };
        let view = self.view(booking);
        let branch = self.world.branch(&booking.reference.branch).map(BranchView::branch);
        self.out.say.invite = Some(Invite {
            booking: id,
            cancelled,
            start: booking.start,
            end: booking.end,
            zone: booking.zone,
            service: view.service,
            staff: view.staff,
            place: branch.and_then(|branch| branch.place.clone()),
            changed: self.world.now,
        });
    }

    /// The reply asks the client where they are.
    pub(super) fn ask_place(&mut self) {
        self.out.say.ask_place = true;
    }

    /// Adds a picture to the reply.
    pub(super) fn picture(&mut self, url: Option<String>) {
        self.out.say.image = url.or_else(|| self.out.say.image.take());
    }

    /// Ends the reply with a question; a later one of the same step replaces it. One that hangs on what the booking system
    /// says first is asked of it instead.
    pub(super) fn ask(&mut self, question: Question) {
        if let Some((branch, service)) = question.gate {
            self.retire();
            self.out.ask = Ask::Nothing;
            self.state.waiting = Some(Waiting::Gate(branch.clone(), service.clone()));
            self.out.question = Some(Effect::CheckGate { branch, service });
            return;
        }
        self.out.spoke = true;
        self.out.question = None;
        self.state.waiting = None;
        self.out.ask = Ask::New(Box::new(question));
    }

    /// Ends the reply with the open question, once more.
    pub(super) fn ask_again(&mut self) {
        if !self.is_asking() && self.state.asked.as_ref().is_some_and(|asked| asked.stale) {
            match self.leave() {
                Flow::Form(form) => {
                    self.retire();
                    return self.advance(form);
                }
                flow => self.state.flow = flow,
            }
        }
        if matches!(self.out.ask, Ask::Nothing) && self.out.question.is_none() {
            self.out.spoke = true;
            self.out.ask = Ask::Again;
        }
    }

    /// Ends the reply with options that leave the open question open.
    pub(super) fn aside(&mut self, options: Vec<Opt>) {
        self.out.ask = Ask::Aside(options);
    }

    /// Whether this step says anything so far.
    pub(super) const fn has_spoken(&self) -> bool {
        self.out.spoke
    }

    /// Whether a question is being put in this step already.
    pub(super) const fn is_asking(&self) -> bool {
        !matches!(self.out.ask, Ask::Nothing) || self.out.question.is_some()
    }

    /// Whether this step reads the client's bookings for something other than showing them.
    pub(super) fn is_on_errand(&self) -> bool {
        self.out.question.is_some() && matches!(self.state.waiting, Some(Waiting::Bookings(_)))
    }

    /// Adds something for the engine to do.
    pub(super) fn effect(&mut self, effect: Effect) {
        self.out.effects.push(effect);
    }

    /// Sets or moves a timer.
    pub(super) fn wake(&mut self, timer: Timer, at: chrono::DateTime<chrono::Utc>) {
        self.effect(Effect::SetTimer { timer, at });
    }

    /// Ends the step with a look at free times.
    pub(super) fn fetch_slots(&mut self, query: crate::model::SlotQuery, search: Search) {
        self.retire();
        self.out.ask = Ask::Nothing;
        self.state.waiting = Some(Waiting::Slots(search));
        self.out.question = Some(Effect::FetchSlots { query });
    }

    /// Ends the step with a look at the client's bookings.
    pub(super) fn fetch_bookings(&mut self, errand: Errand) {
        self.out.ask = Ask::Nothing;
        self.state.waiting = Some(Waiting::Bookings(errand));
        self.out.question = Some(Effect::FetchBookings);
    }

    /// Ends the step with a critical action.
    pub(super) fn commit(&mut self, action: Action) {
        self.retire();
        self.out.ask = Ask::Nothing;
        self.state.waiting = None;
        self.out.pending = true;
        self.out.question = Some(Effect::Commit { action: Box::new(action) });
    }

    /// Nothing is asked in this step after all.
    pub(super) fn drop_question(&mut self) {
        self.out.ask = Ask::Nothing;
        self.out.question = None;
        self.state.waiting = None;
    }

    /// The open question is not open any more.
    pub(super) fn retire(&mut self) {
        if let Some(asked) = self.state.asked.take() {
            self.state.shown.archive(asked);
        }
        if matches!(self.out.ask, Ask::Again) {
            self.out.ask = Ask::Nothing;
        }
    }

    /// Leaves whatever was being done.
    pub(super) fn leave(&mut self) -> Flow {
        std::mem::take(&mut self.state.flow)
    }

    // --- ending --------------------------------------------------------------------------------------------------

    /// Says what is to be said as one reply, now.
    pub(super) fn flush(&mut self) {
        let lang = self.lang();
        let Held { mut say, place, image, keep, invite, ask_place } = std::mem::take(&mut self.out.say);
        let template = self.out.template.take();
        let choices = match std::mem::take(&mut self.out.ask) {
            Ask::Nothing => None,
            Ask::Aside(options) => self.state.shown.aside(options),
            Ask::Again => self.state.asked.as_ref().and_then(|asked| {
                self.state.shown.ask_again(asked);
                say.extend(asked.again.iter().cloned());
                asked.choices()
            }),
            Ask::New(mut question) => {
                say.append(&mut question.say);
                let before = self.state.asked.take();
                let asked = self.state.shown.ask(*question, before, self.world.now);
                let choices = asked.choices();
                self.state.asked = Some(asked);
                choices
            }
        };
        if say.is_empty() {
            return;
        }
        self.out.asked |= choices.is_some() || self.state.asked.is_some();
        let reply = Reply { say, choices, place, image, keep, invite, template, ask_place };
        self.out.effects.push(Effect::Say { reply: Box::new(reply), lang });
    }

    /// The effects of the step. `messages` are the client's messages that it answers, with whether each needed one.
    pub(super) fn finish(mut self, messages: &[(MessageId, bool)]) -> Vec<Effect> {
        match &self.out.question {
            Some(Effect::FetchSlots { .. } | Effect::FetchBookings | Effect::CheckGate { .. }) => {
                self.out.asked = true;
                self.state.held = std::mem::take(&mut self.out.say);
            }
            _ => self.flush(),
        }
        let outcome = self.outcome();
        let last = messages.iter().rposition(|(_, wants)| *wants);
        for (index, (message, wants)) in messages.iter().enumerate() {
            let outcome = match last {
                _ if !wants => Outcome::NothingToSay,
                Some(last) if last != index => Outcome::Merged,
                _ => outcome,
            };
            self.out.effects.push(Effect::Record { message: message.clone(), outcome });
        }
        self.out.effects.extend(self.out.question);
        self.out.effects
    }

    /// Takes back what was held for a read that is answered now.
    pub(super) fn take_held(&mut self) {
        let held = std::mem::take(&mut self.state.held);
        self.out.spoke |= !held.say.is_empty();
        self.out.say = held;
    }

    fn outcome(&self) -> Outcome {
        if self.world.holder == Holder::Person {
            Outcome::LeftToPerson
        } else if self.out.handed_over {
            Outcome::HandedOver
        } else if self.out.pending {
            Outcome::Pending
        } else if self.out.asked {
            Outcome::Asked
        } else if self.out.spoke {
            Outcome::Replied
        } else {
            Outcome::NothingToSay
        }
    }

    /// Takes an input in; what it leads to stands in `out`.
    pub(super) fn take(mut self, input: Input) -> Vec<Effect> {
        self.follow_swaps();
        match input {
            Input::Said { said } => return self.said(said),
            Input::Slots { query, result } => self.found(&query, result),
            Input::Bookings { result } => self.read(result),
            Input::Gate { branch, service, open } => self.admitted(&branch, &service, open),
            Input::Outcome { outcome } => self.settled(outcome),
            Input::BookingChanged { before, after } => self.changed(before, after),
            Input::Timer { timer } => self.rang(&timer),
            Input::Operator { operator } => self.operated(operator),
        }
        self.take_up();
        self.finish(&[])
    }

    /// Takes up what was asked while something else was under way, once that is over: all of it, or until one of them
    /// needs the client again.
    pub(super) fn take_up(&mut self) {
        while self.is_free() && !self.state.agenda.is_empty() {
            // What ended is said on its own; the next thing may need to read first.
            self.out.ask = Ask::Nothing;
            self.flush();
            let request = self.state.agenda.remove(0);
            self.request(request);
        }
    }

    fn is_free(&self) -> bool {
        self.state.flow == Flow::Idle
            && self.world.holder == Holder::Bot
            && self.out.question.is_none()
            && !self.out.handed_over
    }
}
