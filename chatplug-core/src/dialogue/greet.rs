//! Meeting: greeting, thanks, the menu, one step back, and the booking that was begun and left.

use super::{
    Holder,
    draft::Field,
    facts::Facts,
    listen::Heard,
    search::Goal,
    shown::{Opt, Paged, Pick, Question},
    state::{Aim, Flow, Form, Parked, Purpose},
    step::Step,
};
use crate::{
    model::DateRange,
    ports::OpenQuestion,
    reply::{Key, Say},
};
use chrono::Duration;

/// After such a pause a conversation begins again rather than going on.
const SILENCE: Duration = Duration::hours(6);

impl Step<'_> {
    /// "Hi": a greeting; in the middle of something, the open question again.
    pub(super) fn greet(&mut self) -> Heard {
        if self.is_asking() {
            return Heard::Understood;
        }
        let name = self.first_name();
        let greeting = Say::Greeting { business: self.world.business.to_owned(), name };
        match &self.state.flow {
            Flow::Idle => {}
            _ if self.has_been_silent() => self.park(),
            _ => {
                self.resume();
                return Heard::Understood;
            }
        }
        self.say(greeting);
        if self.state.parked.is_some() {
            self.offer_parked()
        } else {
            self.ask_menu()
        }
        Heard::Understood
    }

    /// "Thanks".
    pub(super) fn thanks(&mut self) -> Heard {
        if !self.is_asking() {
            self.say(Say::YoureWelcome);
            if self.state.flow == Flow::Idle {
                let options = vec![Opt::key(Key::Menu, Pick::Menu)];
                self.ask(Question::new(OpenQuestion::None, []).options(options));
            } else {
                self.resume();
            }
        }
        Heard::Understood
    }

    /// Whether the client comes back after a long pause.
    pub(super) fn has_been_silent(&self) -> bool {
        self.state.heard.is_some_and(|heard| self.world.now - heard > SILENCE)
    }

    // --- the menu ------------------------------------------------------------------------------------------------

    /// The client wants the menu: whatever was being done is left, a booking is kept for later.
    pub(super) fn leave_for_menu(&mut self) -> Heard {
        self.park();
        self.state.agenda.clear();
        self.ask_menu();
        Heard::Understood
    }

    /// Shows the menu.
    pub(super) fn ask_menu(&mut self) {
        self.ask_menu_page(0);
    }

    pub(super) fn ask_menu_page(&mut self, page: u16) {
        let question = self.menu(Say::Menu, page);
        self.ask(question);
    }

    /// The menu under some words.
    pub(super) fn menu(&self, say: Say, page: u16) -> Question {
        let mut options = Vec::with_capacity(9);
        if self.state.parked.is_some() || matches!(self.state.flow, Flow::Form(_)) {
            options.push(Opt::key(Key::Continue, Pick::Continue));
        }
        options.push(Opt::key(Key::Book, Pick::Book));
        options.push(Opt::key(Key::MyBookings, Pick::Visits(Aim::List)));
        if !self.world.bookings.is_empty() {
            options.push(Opt::key(Key::MoveVisit, Pick::Visits(Aim::Move)));
            options.push(Opt::key(Key::CancelVisit, Pick::Visits(Aim::Cancel)));
        }
        options.push(Opt::key(Key::Prices, Pick::Prices));
        options.push(Opt::key(Key::WhereWhen, Pick::WhereWhen));
        if self.world.languages.len() > 1 {
            options.push(Opt::key(Key::Language, Pick::Languages));
        }
        options.push(Opt::key(Key::Human, Pick::Human));
        Question::new(OpenQuestion::Menu, [say]).options(self.paged(options, &Paged::Menu, page, None))
    }

    // --- a booking begun and left --------------------------------------------------------------------------------

    /// Leaves what is being done. A booking in the making is kept, without its slot: nobody holds that.
    pub(super) fn park(&mut self) {
        self.retire();
        if let Flow::Form(form) = self.leave()
            && let Form { purpose: Purpose::Book, mut draft, .. } = *form
            && !(draft.service.is_open() && draft.days.is_open() && draft.slot.is_none())
        {
            draft.loosen();
            self.state.parked = Some(Parked { draft, at: self.world.now });
        }
    }

    /// "Continue with Friday's haircut, or start afresh?"
    pub(super) fn offer_parked(&mut self) {
        let Some(Parked { draft, .. }) = &self.state.parked else { return };
        let service = draft.service.get().and_then(|id| self.service_name(draft.branch.as_ref(), id));
        let today = self.today(self.branch(draft.branch.as_ref()));
        let date = draft.days.get().filter(|range| range.from == range.to && range.from >= today);
        let say = Say::ResumeOffer { service, date: date.map(|range| range.from) };
        let options = vec![
            Opt::key(Key::Continue, Pick::Continue),
            Opt::key(Key::StartAfresh, Pick::StartAfresh),
            Opt::key(Key::Menu, Pick::Menu),
        ];
        let question = Question::new(OpenQuestion::YesNo, [say]).options(options);
        self.ask(question.yes(Pick::Continue).no(Pick::StartAfresh));
    }

    /// Goes on with the booking that was left, or with the one that stands behind the menu.
    pub(super) fn go_on(&mut self) {
        if let Flow::Form(_) = self.state.flow {
            self.retire();
            return self.resume();
        }
        let Some(Parked { mut draft, .. }) = self.state.parked.take() else {
            self.book(Facts::default());
            return;
        };
        let flow = self.leave();
        let Some(mut form) = self.new_form(flow) else { return };
        // The day may be over by now.
        let today = self.today(self.branch(draft.branch.as_ref()));
        if draft.days.get().is_some_and(|range| range.to < today) {
            draft.days = Field::Open;
            draft.time = Field::Open;
        }
        form.draft = draft;
        self.advance(form);
    }

    pub(super) fn start_afresh(&mut self) {
        self.state.parked = None;
        let flow = self.leave();
        if let Some(form) = self.new_form(flow) {
            self.advance(form);
        }
    }

    /// The client wants no booking after all. It stays in reach until something else is booked.
    pub(super) fn drop_draft(&mut self) {
        let summed = matches!(&self.state.flow, Flow::Form(form) if form.draft.slot.is_some());
        self.park();
        let mut options = Vec::new();
        if summed {
            options.push(Opt::key(Key::AnotherTime, Pick::Continue));
        } else {
            self.state.parked = None;
        }
        if summed && let Some(parked) = &mut self.state.parked {
            parked.draft.time = Field::Open;
        }
        options.push(Opt::key(Key::Book, Pick::StartAfresh));
        options.push(Opt::key(Key::Menu, Pick::Menu));
        self.ask(Question::new(OpenQuestion::Menu, [Say::Dropped]).options(options).yes(Pick::Thanks).no(Pick::Thanks));
    }

    /// A booking stays as it is.
    pub(super) fn keep_as_is(&mut self) {
        self.retire();
        self.leave();
        let options = vec![Opt::key(Key::MyBookings, Pick::Visits(Aim::List)), Opt::key(Key::Menu, Pick::Menu)];
        self.ask(Question::new(OpenQuestion::Menu, [Say::Kept]).options(options).yes(Pick::Thanks).no(Pick::Thanks));
    }

    // --- one step back -------------------------------------------------------------------------------------------

    /// One step back: to the last choice that had more than one answer.
    pub(super) fn back(&mut self) -> Heard {
        if self.world.holder == Holder::Person {
            return Heard::Nothing;
        }
        let mut form = match self.leave() {
            Flow::Form(form) => form,
            Flow::Idle => return self.leave_for_menu(),
            flow => {
                self.state.flow = flow;
                self.keep_as_is();
                return Heard::Understood;
            }
        };
        let draft = &mut form.draft;
        if let Some(slot) = draft.slot.take() {
            // From the summary to the times of its day.
            draft.days = Field::Set(DateRange::day(slot.local_start().date()));
            draft.time = Field::Open;
            self.advance(form);
            return Heard::Understood;
        }
        if !draft.days.is_open() || !draft.time.is_open() {
            // From the times to the days.
            draft.days = Field::Open;
            draft.time = Field::Open;
            let service_known = draft.service.get().is_some();
            let today = self.today(self.branch(draft.branch.as_ref()));
            if service_known {
                self.advance_to(form, Goal::Overview { from: today, until: None });
                return Heard::Understood;
            }
        }
        // From the days to whom with, to what, to where; whatever answers itself is stepped over.
        let moves = matches!(form.purpose, Purpose::Move(_));
        let draft = &mut form.draft;
        let steps: [fn(&mut super::draft::Draft); 3] =
            [|draft| draft.staff = Field::Open, |draft| draft.service = Field::Open, |draft| draft.branch = None];
        let somewhere = draft.branch.is_some() && self.world.branches.len() > 1;
        let answered = [draft.staff.get().is_some(), draft.service.get().is_some(), somewhere];
        let reach = if moves { 1 } else { 3 };
        for (step, answered) in steps.into_iter().zip(answered).take(reach) {
            step(&mut form.draft);
            if answered && let Some(question) = self.settle(&mut form) {
                self.state.flow = Flow::Form(form);
                self.ask(question);
                return Heard::Understood;
            }
        }
        self.state.flow = Flow::Form(form);
        if moves {
            self.keep_as_is();
            return Heard::Understood;
        }
        self.leave_for_menu()
    }
}
