//! Questions about the business: answered at once, from the catalogue, and then back to where we were.

use super::{
    BranchView,
    facts::Facts,
    listen::Heard,
    shown::{Opt, Paged, Pick, Question},
    state::Flow,
    step::Step,
    view::localized,
};
use crate::{
    model::{OpeningHours, Service, ServiceId},
    ports::{DateMention, Intent, OpenQuestion, StaffMention},
    reply::{AskedAbout, HoursLine, Key, Say},
};
use chrono::{Datelike, NaiveTime, Weekday};

/// Most services answered about at once.
const SERVICES: usize = 5;
/// Longest price list in one message.
const LINES: usize = 40;
/// Most branches answered about at once.
const BRANCHES: usize = 5;

impl Step<'_> {
    /// Price, hours, place, or what a service is.
    pub(super) fn question(&mut self, intent: Intent, facts: &Facts) -> Heard {
        match intent {
            Intent::AskPrice => self.about_services(AskedAbout::Price, facts),
            Intent::AskService => self.about_services(AskedAbout::Details, facts),
            Intent::AskHours => {
                self.hours(facts);
                self.go_back_to(None);
            }
            _ => {
                self.place(facts);
                self.go_back_to(None);
            }
        }
        Heard::Understood
    }

    /// Address and hours together.
    pub(super) fn where_and_when(&mut self) -> Heard {
        self.place(&Facts::default());
        self.hours(&Facts::default());
        self.go_back_to(None);
        Heard::Understood
    }

    /// An answer about one service that was chosen from a list.
    pub(super) fn answer_about(&mut self, about: AskedAbout, service: &ServiceId) {
        let facts = Facts { services: vec![service.clone()], ..Facts::default() };
        self.about_services(about, &facts);
    }

    /// The branches a question is about: the one named, the one being booked at, else all.
    fn branches_asked(&self, facts: &Facts) -> Vec<&BranchView> {
        let chosen = match &self.state.flow {
            Flow::Form(form) => form.draft.branch.as_ref(),
            _ => None,
        };
        match self.branch(facts.branch.as_ref().or(chosen)) {
            Some(view) => vec![view],
            None => self.branches_in_order().into_iter().take(BRANCHES).collect(),
        }
    }

    // --- services ------------------------------------------------------------------------------------------------

    fn about_services(&mut self, about: AskedAbout, facts: &Facts) {
        let lang = self.lang();
        let asked = self.services_asked(facts);
        let world = self.world;
        let find = |id: &ServiceId| world.branches.iter().find_map(|view| Some((view, view.catalog.service(id)?)));
        let found: Vec<(&BranchView, &Service)> = asked.iter().filter_map(find).take(SERVICES).collect();
        if found.is_empty() {
            return match about {
                AskedAbout::Price => self.price_list(),
                AskedAbout::Details | AskedAbout::Who => self.ask_about(about, 0),
            };
        }
        for (view, service) in &found {
            let name = service.name.get(lang).to_owned();
            if about == AskedAbout::Price {
                self.say(Say::PriceOf { service: name, price: service.price, minutes: service.minutes });
                continue;
            }
            let staff: Vec<String> = view.catalog.staff_for(service).map(|member| member.name.clone()).collect();
            if about == AskedAbout::Details {
                self.say(Say::ServiceDetails {
                    service: name.clone(),
                    description: localized(service.description.as_ref(), lang),
                    minutes: service.minutes,
                    price: service.price,
                });
                self.picture(service.image.clone());
            }
            if !staff.is_empty() {
                self.say(Say::WhoDoes { service: name, staff });
            }
        }
        let only = match found.as_slice() {
            [(_, service)] => Some(service.id.clone()),
            _ => None,
        };
        self.go_back_to(only);
    }

    /// The services a question is about: those named, those a named person does, else the one being booked.
    fn services_asked(&self, facts: &Facts) -> Vec<ServiceId> {
        if !facts.services.is_empty() {
            return facts.services.clone();
        }
        if let Some(StaffMention::Named(named)) = &facts.staff {
            let services = self.world.branches.iter().flat_map(|view| &view.catalog.services);
            let does = |service: &&Service| service.staff.iter().any(|member| named.contains(member));
            return services.filter(does).map(|service| service.id.clone()).collect();
        }
        match &self.state.flow {
            Flow::Form(form) => form.draft.service.get().cloned().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn price_list(&mut self) {
        let lang = self.lang();
        let mut lines = Vec::new();
        for service in self.world.branches.iter().flat_map(|view| &view.catalog.services) {
            let line = (service.name.get(lang).to_owned(), service.price, service.minutes);
            if !lines.contains(&line) && lines.len() <= LINES {
                lines.push(line);
            }
        }
        if lines.is_empty() {
            return self.cannot_look();
        }
        if lines.len() > LINES {
            return self.ask_about(AskedAbout::Price, 0);
        }
        self.say(Say::PriceList { lines });
        self.go_back_to(None);
    }

    /// Which service is the question about?
    pub(super) fn ask_about(&mut self, about: AskedAbout, page: u16) {
        let services = self.world.branches.iter().flat_map(|view| &view.catalog.services);
        let lang = self.lang();
        let options: Vec<Opt> = services
            .map(|service| Opt::named(service.name.get(lang), Pick::About(about, service.id.clone())))
            .collect();
        if options.is_empty() {
            return self.cannot_look();
        }
        let options = self.paged(options, &Paged::About(about), page, None);
        self.ask(Question::new(OpenQuestion::Service, [Say::AskAboutService { about }]).options(options));
    }

    // --- the place -----------------------------------------------------------------------------------------------

    fn place(&mut self, facts: &Facts) {
        let views: Vec<BranchView> = self.branches_asked(facts).into_iter().cloned().collect();
        for view in &views {
            let branch = view.branch();
            let address = branch.place.as_ref().map(|place| place.address.clone());
            self.say(Say::Address { name: branch.name.clone(), address });
        }
        match views.as_slice() {
            [] => self.cannot_look(),
            [only] => self.pin(only),
            _ => {}
        }
    }

    fn hours(&mut self, facts: &Facts) {
        let views: Vec<BranchView> = self.branches_asked(facts).into_iter().cloned().collect();
        let date = match &facts.date {
            DateMention::Exact(range) if range.from == range.to => Some(range.from),
            _ => None,
        };
        for view in &views {
            let branch = view.branch();
            if views.len() > 1 {
                let address = branch.place.as_ref().map(|place| place.address.clone());
                self.say(Say::Address { name: branch.name.clone(), address });
            }
            self.say(match date {
                Some(date) if !branch.hours.is_empty() => {
                    Say::HoursOn { date, open: stretches(&branch.hours, date.weekday()) }
                }
                _ => Say::Hours { lines: lines(&branch.hours) },
            });
        }
        if views.is_empty() {
            self.cannot_look();
        }
    }

    /// After an answer: the open question again, or what one may do next.
    pub(super) fn go_back_to(&mut self, service: Option<ServiceId>) {
        if self.state.flow != Flow::Idle {
            // The same question again, or a fresh look where a side question has replaced it.
            let aside = |kind| matches!(kind, OpenQuestion::Language | OpenQuestion::Menu);
            if self.state.asked.as_ref().is_some_and(|asked| aside(asked.kind)) {
                self.retire();
            }
            return self.resume();
        }
        if self.is_asking() {
            return;
        }
        let book = service.map_or(Pick::Book, Pick::Service);
        let options =
            vec![Opt::key(Key::Book, book), Opt::key(Key::Human, Pick::Human), Opt::key(Key::Menu, Pick::Menu)];
        self.ask(Question::new(OpenQuestion::Menu, []).options(options));
    }
}

/// Opening times of a weekday, in order.
fn stretches(hours: &[OpeningHours], day: Weekday) -> Vec<(NaiveTime, NaiveTime)> {
    let mut open: Vec<(NaiveTime, NaiveTime)> =
        hours.iter().filter(|stretch| stretch.day == day).map(|stretch| (stretch.from, stretch.to)).collect();
    open.sort_unstable();
    open
}

/// The week from Monday, days of the same hours in one line; nothing when the hours are not known.
fn lines(hours: &[OpeningHours]) -> Vec<HoursLine> {
    let mut lines: Vec<HoursLine> = Vec::new();
    if hours.is_empty() {
        return lines;
    }
    let mut day = Weekday::Mon;
    for _ in 0..7 {
        let open = stretches(hours, day);
        match lines.last_mut() {
            Some(line) if line.open == open => line.to = day,
            _ => lines.push(HoursLine { from: day, to: day, open }),
        }
        day = day.succ();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, 0, 0).unwrap()
    }

    #[test]
    fn days_with_the_same_hours_share_a_line() {
        let open = |day| OpeningHours { day, from: at(9), to: at(18) };
        let hours: Vec<OpeningHours> = [Weekday::Mon, Weekday::Tue, Weekday::Thu].into_iter().map(open).collect();
        let lines = lines(&hours);
        let days: Vec<(Weekday, Weekday, usize)> =
            lines.iter().map(|line| (line.from, line.to, line.open.len())).collect();
        assert_eq!(
            days,
            [
                (Weekday::Mon, Weekday::Tue, 1),
                (Weekday::Wed, Weekday::Wed, 0),
                (Weekday::Thu, Weekday::Thu, 1),
                (Weekday::Fri, Weekday::Sun, 0),
            ]
        );
    }
}
