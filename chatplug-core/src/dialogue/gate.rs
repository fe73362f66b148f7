//! Services that need something this chat cannot give: a membership, a payment made beforehand. Said before a time is
//! chosen, never after; who has it books like anybody.

use super::{
    shown::{Opt, Paged, Pick, Question},
    state::{Flow, Form, Purpose, Waiting},
    step::Step,
};
use crate::{
    dialogue::BranchView,
    model::{BranchId, Gate, Service, ServiceId},
    ports::OpenQuestion,
    reply::{Key, Say},
};

impl Step<'_> {
    /// What to ask of the booking system before a form goes on: whether a service with a gate is open to this client.
    pub(super) fn settle_gate(&self, form: &Form, view: &BranchView) -> Option<Question> {
        let service = view.catalog.service(form.draft.service.get()?)?;
        let moves = matches!(form.purpose, Purpose::Move(_));
        if moves || service.gate.is_none() || form.draft.admitted.as_ref() == Some(&service.id) {
            return None;
        }
        let gate = (view.branch().id.clone(), service.id.clone());
        Some(Question::new(OpenQuestion::Menu, []).gate(gate))
    }

    /// The booking system says whether the client may book a service.
    pub(super) fn admitted(&mut self, branch: &BranchId, service: &ServiceId, open: bool) {
        match self.state.waiting.take() {
            Some(Waiting::Gate(at, of)) if at == *branch && of == *service => {}
            waiting => return self.state.waiting = waiting,
        }
        self.take_held();
        let mut form = match self.leave() {
            Flow::Form(form) => form,
            flow => return self.state.flow = flow,
        };
        if open {
            form.draft.admitted = Some(service.clone());
            return self.advance(form);
        }
        if !self.turn_away(form, branch, service) {
            self.resume();
        }
    }

    /// Says what a service takes, and what else there is. `false`: it takes nothing that is known.
    pub(super) fn turn_away(&mut self, mut form: Box<Form>, branch: &BranchId, service: &ServiceId) -> bool {
        let lang = self.lang();
        let found = self.world.branch(branch).and_then(|view| view.catalog.service(service));
        let say = found.and_then(|service| needs(service, service.name.get(lang)));
        let Some(say) = say else {
            self.state.flow = Flow::Form(form);
            return false;
        };
        form.draft.loosen();
        form.draft.admitted = None;
        form.draft.service = super::draft::Field::Open;
        self.state.flow = Flow::Form(form);
        let options = vec![
            Opt::key(Key::Human, Pick::Human),
            Opt::key(Key::AnotherService, Pick::Page(Paged::Services(None), 0)),
            Opt::key(Key::Menu, Pick::Menu),
        ];
        self.ask(Question::new(OpenQuestion::Menu, [say]).options(options).yes(Pick::Human).no(Pick::Menu));
        true
    }
}

fn needs(service: &Service, name: &str) -> Option<Say> {
    let service_name = name.to_owned();
    Some(match service.gate.as_ref()? {
        Gate::Membership => Say::NeedsMembership { service: service_name },
        Gate::Prepayment { link } => {
            let link = link.clone().filter(|link| link.starts_with("https://") || link.starts_with("http://"));
            Say::NeedsPrepayment { service: service_name, link }
        }
    })
}
