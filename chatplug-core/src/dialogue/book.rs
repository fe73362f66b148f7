//! Booking: a form, not a tree. The next missing field is asked for, one that has a single answer is not.

use super::{
    BranchView,
    draft::{Draft, Field, Filling},
    facts::Facts,
    fields::does,
    listen::Heard,
    search::{Goal, Search},
    shown::{Opt, Pick, Question},
    state::{Aim, Flow, Form, Purpose},
    step::Step,
};
use crate::{
    model::{BranchId, ClientField, DateRange, Service, ServiceId, Staff, StaffChoice},
    ports::{OpenQuestion, TimeReading},
    reply::{HandOverReason, Key, Label, Say},
};

impl<'a> Step<'a> {
    /// The client wants to book, or says something about a booking.
    pub(super) fn book(&mut self, facts: Facts) -> Heard {
        let fills = match &self.state.flow {
            // Naming another service while moving a visit is a new booking.
            Flow::Form(form) => match &form.purpose {
                Purpose::Book => true,
                Purpose::Move(booking) => {
                    let same = facts.services.is_empty()
                        || booking.services.iter().any(|service| facts.services.contains(service));
                    same && !facts.is_empty()
                }
            },
            _ => false,
        };
        if fills && !facts.is_empty() {
            return match self.shown_slot(&facts) {
                Some(pick) => self.choose(pick),
                None => self.fill(&facts),
            };
        }
        if fills && !self.has_been_silent() {
            self.resume();
            return Heard::Understood;
        }
        if facts.is_empty() {
            self.park();
            if self.state.parked.is_some() {
                self.offer_parked();
                return Heard::Understood;
            }
        }
        let flow = self.leave();
        if let Some(mut form) = self.new_form(flow) {
            self.take_facts(&mut form, &facts);
            self.advance(form);
        }
        Heard::Understood
    }

    /// An empty form, unless nothing can be booked; then that is said.
    pub(super) fn new_form(&mut self, _left: Flow) -> Option<Box<Form>> {
        if self.world.branches.is_empty() {
            self.cannot_look();
            return None;
        }
        let upcoming = self.world.bookings.iter().filter(|booking| booking.is_upcoming(self.world.now)).count();
        if upcoming >= usize::try_from(self.world.policy.max_upcoming).unwrap_or(usize::MAX) {
            let options = vec![
                Opt::key(Key::MyBookings, Pick::Visits(Aim::List)),
                Opt::key(Key::Human, Pick::Human),
                Opt::key(Key::Menu, Pick::Menu),
            ];
            self.ask(Question::new(OpenQuestion::Menu, [Say::TooMany]).options(options));
            return None;
        }
        Some(Box::new(Form { purpose: Purpose::Book, draft: Draft::default(), summed: None }))
    }

    /// Takes what a message says into the form that is open, and goes on.
    pub(super) fn fill(&mut self, facts: &Facts) -> Heard {
        if let Flow::Form(mut form) = self.leave() {
            self.take_facts(&mut form, facts);
            self.advance(form);
        }
        Heard::Understood
    }

    /// Takes what a message says into a form.
    pub(super) fn take_facts(&mut self, form: &mut Form, facts: &Facts) {
        if let (Some(branch), Purpose::Book) = (&facts.branch, &form.purpose) {
            self.choose_branch(&mut form.draft, branch.clone());
        }
        let with = self.filling(form);
        let notes = match &form.purpose {
            Purpose::Book => form.draft.fill(facts, with),
            // Moving keeps the service.
            Purpose::Move(_) => form.draft.fill(&Facts { services: Vec::new(), every: false, ..facts.clone() }, with),
        };
        self.note(form, notes);
    }

    /// Says what filling in a form came to. Who does not do it leads to who does, unless that is asked next anyway.
    pub(super) fn note(&mut self, form: &Form, notes: Vec<Say>) {
        let refused = notes.iter().any(|note| matches!(note, Say::StaffDoesNotDo { .. }));
        self.say_all(notes);
        let view = self.branch(form.draft.branch.as_ref());
        let service = form.draft.service.get().and_then(|id| view?.catalog.service(id));
        if let (true, Some(view), Some(service)) = (refused, view, service) {
            let staff: Vec<String> = view.catalog.staff_for(service).map(|member| member.name.clone()).collect();
            if staff.len() == 1 || (!staff.is_empty() && !self.world.policy.ask_staff) {
                self.say(Say::WhoDoes { service: service.name.get(self.lang()).to_owned(), staff });
            }
        }
    }

    pub(super) fn filling(&self, form: &Form) -> Filling<'a> {
        let view = self.branch(form.draft.branch.as_ref());
        Filling { catalog: view.map(|view| &*view.catalog), lang: self.lang(), today: self.today(view) }
    }

    /// Goes on with a form: asks what is missing, looks for times, or sums up.
    pub(super) fn advance(&mut self, mut form: Box<Form>) {
        form.summed = None;
        if let Some(question) = self.settle(&mut form) {
            self.state.flow = Flow::Form(form);
            return self.ask(question);
        }
        if form.draft.slot.as_ref().is_some_and(|slot| slot.start <= self.world.now) {
            form.draft.loosen();
        }
        if form.draft.slot.is_none() {
            let goal = self.goal(&form.draft, self.today(self.branch(form.draft.branch.as_ref())));
            return self.look(form, goal);
        }
        match self.wanting(&form) {
            Some(ClientField::Phone) => {
                self.state.flow = Flow::Form(form);
                self.hand_over(HandOverReason::Refused);
            }
            Some(field) => {
                self.state.flow = Flow::Form(form);
                self.ask(match field {
                    ClientField::Email => Question::new(OpenQuestion::Email, [Say::AskEmail]),
                    _ => Question::new(OpenQuestion::Name, [Say::AskName]),
                });
            }
            None => self.sum_up(form),
        }
    }

    /// Goes on with a form towards a certain goal, unless something must be asked before.
    pub(super) fn advance_to(&mut self, mut form: Box<Form>, goal: Goal) {
        form.summed = None;
        match self.settle(&mut form) {
            Some(question) => {
                self.state.flow = Flow::Form(form);
                self.ask(question);
            }
            None => self.look(form, goal),
        }
    }

    fn look(&mut self, form: Box<Form>, goal: Goal) {
        let view = self.branch(form.draft.branch.as_ref());
        let day = match (&goal, view) {
            (Goal::Exact { start } | Goal::Near { start, .. }, Some(view)) => {
                Some(start.with_timezone(&view.branch().zone).date_naive())
            }
            _ => None,
        };
        let search = Search::new(goal, self.today(view), day);
        self.search(form, search);
    }

    /// Settles what has one possible answer; answers with the first question that is left before looking for times.
    pub(super) fn settle(&mut self, form: &mut Form) -> Option<Question> {
        if let Some(question) = self.settle_branch(form) {
            return Some(question);
        }
        let draft = &mut form.draft;
        let Some(view) = self.branch(draft.branch.as_ref()) else {
            return Some(self.which_branch(draft.service.get(), 0));
        };
        draft.branch = Some(view.branch().id.clone());
        if matches!(form.purpose, Purpose::Book)
            && let Some(question) = self.settle_service(draft, view)
        {
            return Some(question);
        }
        if let Some(question) = self.settle_gate(form, view) {
            return Some(question);
        }
        let draft = &mut form.draft;
        if let Some(question) = self.settle_staff(draft, view) {
            return Some(question);
        }
        if draft.people() > view.capabilities.max_party.max(1) {
            let options = vec![Opt::key(Key::Human, Pick::Human), Opt::key(Key::Menu, Pick::Menu)];
            let say = Say::PartyTooLarge { party: draft.people(), most: view.capabilities.max_party.max(1) };
            return Some(Question::new(OpenQuestion::Menu, [say]).options(options).yes(Pick::Human));
        }
        match (draft.days.readings(), draft.time.readings()) {
            ([], []) => None,
            ([], times) => {
                let option = |time: &TimeReading| match time {
                    TimeReading::At(at) => Opt::new(Label::WallTime { time: *at }, Pick::Time(*time)),
                    TimeReading::Between { from, to } => {
                        let time_ = from.or(*to).unwrap_or_default();
                        Opt::new(Label::WallTime { time: time_ }, Pick::Time(*time))
                    }
                };
                let options = times.iter().take(self.room()).map(option).collect();
                Some(Question::new(OpenQuestion::Time, [Say::AskWhichTime]).options(options))
            }
            (days, _) => {
                let option = |range: &DateRange| {
                    let label = if range.from == range.to {
                        Label::Day { date: range.from }
                    } else {
                        Label::Days { from: range.from, to: range.to }
                    };
                    Opt::new(label, Pick::Days(*range))
                };
                let options = days.iter().take(self.room()).map(option).collect();
                Some(Question::new(OpenQuestion::Day, [Say::AskWhichDay]).options(options))
            }
        }
    }

    /// Chooses a branch; a service named before is found there by its name.
    pub(super) fn choose_branch(&self, draft: &mut Draft, id: BranchId) {
        let Some(view) = self.world.branch(&id).filter(|_| draft.branch.as_ref() != Some(&id)) else { return };
        let here = |service: &ServiceId| self.same_service(view, service);
        draft.loosen();
        draft.service = match &draft.service {
            Field::Set(service) => here(service).map_or(Field::Open, Field::Set),
            Field::OneOf(services) => match services.iter().filter_map(here).collect::<Vec<_>>() {
                services if services.is_empty() => Field::Open,
                services => Field::OneOf(services),
            },
            Field::Open => Field::Open,
        };
        draft.more = draft.more.iter().filter_map(here).collect();
        if draft.staff.get().and_then(StaffChoice::id).is_some_and(|member| view.catalog.staff_member(member).is_none())
        {
            draft.staff = Field::Open;
        }
        draft.branch = Some(id);
        draft.admitted = None;
    }

    /// A service of any branch as it is called at another: by id, else by name.
    pub(super) fn same_service(&self, view: &BranchView, id: &ServiceId) -> Option<ServiceId> {
        if let Some(service) = view.catalog.service(id) {
            return Some(service.id.clone());
        }
        let name = &self.world.branches.iter().find_map(|other| other.catalog.service(id))?.name.main;
        view.catalog.services.iter().find(|service| service.name.main == *name).map(|service| service.id.clone())
    }

    fn settle_service(&self, draft: &mut Draft, view: &BranchView) -> Option<Question> {
        if let Some(id) = draft.service.get() {
            if view.catalog.service(id).is_some() {
                return None;
            }
            draft.service = Field::Open;
            draft.slot = None;
        }
        if let Field::OneOf(readings) = &draft.service {
            let known: Vec<&Service> = readings.iter().filter_map(|id| view.catalog.service(id)).collect();
            if !known.is_empty() {
                let several = draft.more.len() > 1;
                let say = if several { Say::OneServiceFirst } else { Say::AskWhichService };
                let room = self.room() - usize::from(several);
                let mut options: Vec<Opt> = known.into_iter().take(room).map(|service| self.offer(service)).collect();
                if several {
                    options.push(Opt::key(Key::Human, Pick::Human));
                }
                return Some(Question::new(OpenQuestion::Service, [say]).options(options));
            }
            draft.service = Field::Open;
        }
        let mut fit = view.catalog.services.iter().filter(|service| does(draft, service));
        match (fit.next(), fit.next()) {
            (Some(only), None) => {
                draft.service = Field::Set(only.id.clone());
                None
            }
            // Whoever was named does nothing here.
            (None, _) if !draft.staff.is_open() && !view.catalog.services.is_empty() => {
                draft.staff = Field::Open;
                self.settle_service(draft, view)
            }
            _ => Some(self.which_service(draft, view, None, 0)),
        }
    }

    fn settle_staff(&self, draft: &mut Draft, view: &BranchView) -> Option<Question> {
        let service = view.catalog.service(draft.service.get()?)?;
        let members: Vec<&Staff> = view.catalog.staff_for(service).collect();
        if let Some(StaffChoice::One(id)) = draft.staff.get()
            && !members.iter().any(|member| member.id == *id)
        {
            draft.staff = Field::Open;
        }
        match (&draft.staff, members.as_slice()) {
            (Field::Set(_), _) => return None,
            (_, []) => draft.staff = Field::Set(StaffChoice::Any),
            (_, [only]) => draft.staff = Field::Set(StaffChoice::One(only.id.clone())),
            (Field::OneOf(choices), _) => {
                let named = choices.iter().filter_map(|choice| view.catalog.staff_member(choice.id()?));
                let options = named.take(self.room()).map(|member| self.person(member)).collect();
                return Some(Question::new(OpenQuestion::Staff, [Say::AskWhichStaff]).options(options));
            }
            (Field::Open, _) if !self.world.policy.ask_staff => draft.staff = Field::Set(StaffChoice::Any),
            (Field::Open, _) => return Some(self.whom(service, &members, 0)),
        }
        None
    }
}
