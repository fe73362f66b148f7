//! The questions of the form that have choices: which branch, which service, whom with. Paged to what the channel shows.

use super::{
    BranchView,
    draft::{Draft, Field},
    shown::{Opt, Paged, Pick, Question},
    state::Flow,
    step::Step,
    view::localized,
};
use crate::{
    model::{Service, Staff, StaffChoice},
    ports::OpenQuestion,
    reply::{Key, Label, Say},
};

impl Step<'_> {
    /// Another page of a field's choices.
    pub(super) fn ask_field_page(&mut self, of: &Paged, page: u16) {
        if matches!((of, &self.state.flow), (Paged::Branches, Flow::Idle)) {
            let question = self.which_branch(None, page);
            return self.ask(question);
        }
        let Flow::Form(form) = &self.state.flow else { return self.resume() };
        let view = self.branch(form.draft.branch.as_ref());
        let question = match (of, view) {
            (Paged::Branches, _) | (_, None) => self.which_branch(form.draft.service.get(), page),
            (Paged::Staff, Some(view)) => match form.draft.service.get().and_then(|id| view.catalog.service(id)) {
                Some(service) => self.whom(service, &view.catalog.staff_for(service).collect::<Vec<_>>(), page),
                None => self.which_service(&form.draft, view, None, 0),
            },
            (Paged::Services(category), Some(view)) => self.which_service(&form.draft, view, category.as_deref(), page),
            (_, Some(view)) => self.which_service(&form.draft, view, None, page),
        };
        self.ask(question);
    }

    /// Services to choose from: by category when they do not fit one list.
    pub(super) fn which_service(
        &self,
        draft: &Draft,
        view: &BranchView,
        category: Option<&str>,
        page: u16,
    ) -> Question {
        let fit: Vec<&Service> = view.catalog.services.iter().filter(|service| does(draft, service)).collect();
        let first = fit.iter().find_map(|service| category_of(service));
        let by_category = fit.len() > self.room()
            && fit.iter().filter_map(|service| category_of(service)).any(|name| Some(name) != first);
        let mut options = Vec::new();
        let mut seen: Vec<&str> = Vec::new();
        for service in fit {
            match (category, category_of(service)) {
                (Some(wanted), Some(own)) if wanted == own => options.push(self.offer(service)),
                (None, Some(own)) if by_category => {
                    if !seen.contains(&own) {
                        seen.push(own);
                        let name = localized(service.category.as_ref(), self.lang());
                        options.push(Opt::named(name.unwrap_or_default(), Pick::Category(own.to_owned())));
                    }
                }
                (None, _) => {
                    let name = localized(service.category.as_ref(), self.lang());
                    options.push(self.offer(service).section(name.map(|name| Label::Name { name })));
                }
                (Some(_), _) => {}
            }
        }
        let of = Paged::Services(category.map(str::to_owned));
        let up = category.map(|_| Pick::Page(Paged::Services(None), 0));
        let options = self.paged(options, &of, page, up);
        Question::new(OpenQuestion::Service, [Say::AskService]).options(options)
    }

    pub(super) fn whom(&self, service: &Service, members: &[&Staff], page: u16) -> Question {
        let anyone = Opt::key(Key::AnyStaff, Pick::Staff(StaffChoice::Any));
        let options = std::iter::once(anyone).chain(members.iter().map(|member| self.person(member))).collect();
        let options = self.paged(options, &Paged::Staff, page, None);
        let say = Say::AskStaff { service: service.name.get(self.lang()).to_owned() };
        Question::new(OpenQuestion::Staff, [say]).options(options).no(Pick::Staff(StaffChoice::Any))
    }

    /// A service as an option.
    pub(super) fn offer(&self, service: &Service) -> Opt {
        Opt::named(service.name.get(self.lang()), Pick::Service(service.id.clone()))
            .hint(Label::ServiceFacts { minutes: service.minutes, price: service.price })
    }

    pub(super) fn person(&self, member: &Staff) -> Opt {
        let option = Opt::named(member.name.clone(), Pick::Staff(StaffChoice::One(member.id.clone())));
        let title = localized(member.title.as_ref(), self.lang());
        match (&title, member.rating) {
            (None, None) => option,
            (_, rating) => option.hint(Label::StaffFacts { title, rating }),
        }
    }

    /// One page of options, with the ways to the next, the one before and up: never more than the channel's rows.
    pub(super) fn paged(&self, options: Vec<Opt>, of: &Paged, page: u16, up: Option<Pick>) -> Vec<Opt> {
        let room = self.room();
        let extra = usize::from(up.is_some());
        let total = options.len();
        if total + extra <= room {
            return options.into_iter().chain(up.map(|up| Opt::key(Key::Back, up))).collect();
        }
        let size = room - 2;
        let page = usize::from(page).min(total.saturating_sub(1) / size);
        let number = u16::try_from(page).unwrap_or(0);
        let mut shown: Vec<Opt> = options.into_iter().skip(page * size).take(size).collect();
        if (page + 1) * size < total {
            shown.push(Opt::key(Key::More, Pick::Page(of.clone(), number + 1)));
        }
        if page > 0 {
            shown.push(Opt::key(Key::Back, Pick::Page(of.clone(), number - 1)));
        } else if let Some(up) = up {
            shown.push(Opt::key(Key::Back, up));
        }
        shown
    }
}

/// Whether a draft's person does a service.
pub(super) fn does(draft: &Draft, service: &Service) -> bool {
    match &draft.staff {
        Field::Set(StaffChoice::One(member)) => service.staff.contains(member),
        Field::OneOf(choices) => {
            choices.iter().any(|choice| choice.id().is_none_or(|member| service.staff.contains(member)))
        }
        Field::Set(StaffChoice::Any) | Field::Open => true,
    }
}

fn category_of(service: &Service) -> Option<&str> {
    service.category.as_ref().map(|category| category.main.as_str())
}
