//! Which place: the nearest, the one visited last, one that was named; and one that is gone.

use super::{
    BranchView, World,
    facts::Facts,
    listen::Heard,
    shown::{Opt, Paged, Pick, Question},
    state::{Flow, Form, Near, Purpose},
    step::Step,
};
use crate::{
    model::{Branch, BranchId, GeoPoint, ServiceId},
    ports::{Intent, OpenQuestion},
    reply::{Key, Label, Say},
};
use chrono::Duration;
use std::collections::BTreeMap;

/// Where somebody was longer ago than this says nothing about where they are.
const THERE: Duration = Duration::hours(12);
/// Radius of the earth, in metres.
const EARTH: f64 = 6_371_000.0;
/// A word shorter than this names no place.
const SHORT: usize = 3;

impl Step<'_> {
    /// Asks which place: those that offer the service, the nearest first when it is known where the client is, else the
    /// one visited last.
    pub(super) fn which_branch(&self, service: Option<&ServiceId>, page: u16) -> Question {
        let mut views = self.branches_in_order();
        if let Some(service) = service
            && views.iter().any(|view| self.same_service(view, service).is_some())
        {
            views.retain(|view| self.same_service(view, service).is_some());
        }
        let option = |view: &BranchView| {
            let branch = view.branch();
            let option = Opt::named(branch.name.clone(), Pick::Branch(branch.id.clone()));
            let metres = self.metres_to(branch);
            match branch.place.as_ref().map(|place| place.address.clone()).filter(|address| !address.is_empty()) {
                None if metres.is_none() => option,
                address => option.hint(Label::Place { metres, address }),
            }
        };
        let mut options: Vec<Opt> = views.into_iter().map(option).collect();
        if self.may_ask_place() {
            // Seen on the first page either way.
            let at = if options.len() < self.room() { options.len() } else { 0 };
            options.insert(at, Opt::key(Key::Nearest, Pick::Nearest));
        }
        let options = self.paged(options, &Paged::Branches, page, None);
        Question::new(OpenQuestion::Branch, [Say::AskBranch]).options(options)
    }

    /// Places in the order to show them.
    pub(super) fn branches_in_order(&self) -> Vec<&BranchView> {
        let mut views: Vec<&BranchView> = self.world.branches.iter().collect();
        if self.near().is_some() {
            views.sort_by_key(|view| self.metres_to(view.branch()).unwrap_or(u32::MAX));
        } else {
            let booked = || self.world.bookings.first().map(|booking| &booking.reference.branch);
            let last = self.state.visited.as_ref().or_else(booked);
            views.sort_by_key(|view| Some(&view.branch().id) != last);
        }
        views
    }

    /// The client wants the nearest: shown, or asked where they are.
    pub(super) fn nearest(&mut self) {
        if self.may_ask_place() {
            self.say(Say::AskPlace);
            self.ask_place();
            return;
        }
        self.ask_branch_again();
    }

    /// Whether words ask for the nearest place while it is open which one.
    pub(super) fn wants_nearest(&self, intent: Intent, facts: &Facts) -> bool {
        intent == Intent::AskLocation && facts.is_empty() && self.is_branch_open() && self.may_ask_place()
    }

    /// The client shows where they are: it is kept, and used at once where the place is open.
    pub(super) fn located(&mut self, point: Option<&GeoPoint>) -> Heard {
        let Some(point) = point.filter(|_| self.on_the_map() > 1) else { return Heard::Unreadable(None) };
        self.state.near = Some(Near::new(point, self.world.now));
        if self.is_on_errand() {
            return Heard::Understood;
        }
        match &self.state.flow {
            Flow::Committing(_) => return self.still_working(),
            Flow::Form(form) if form.draft.branch.is_none() => self.ask_branch_again(),
            Flow::Idle => self.ask_branch_again(),
            Flow::Form(_) | Flow::Choosing { .. } | Flow::Cancelling { .. } => self.resume(),
        }
        Heard::Understood
    }

    /// The place that a text names, by a word of its name or address that no other place has. Only while it is asked for:
    /// elsewhere such a word means anything.
    pub(super) fn branch_meant(&self, text: &str) -> Option<BranchId> {
        if !self.is_branch_open() || text.len() > 400 {
            return None;
        }
        let mut theirs: BTreeMap<String, Option<&BranchId>> = BTreeMap::new();
        for view in self.world.branches {
            for word in words_of(view.branch()) {
                let id = &view.branch().id;
                theirs.entry(word).and_modify(|of| *of = of.filter(|of| *of == id)).or_insert(Some(id));
            }
        }
        let said = crate::understand::words(text);
        let mut meant = said.iter().filter_map(|word| *theirs.get(word)?);
        let first = meant.next()?;
        meant.all(|other| other == first).then(|| first.clone())
    }

    /// Forgets a place that cannot be booked any more, and says so; finds the one place that does what was named. Answers
    /// with what must be asked before anything else.
    pub(super) fn settle_branch(&mut self, form: &mut Form) -> Option<Question> {
        let draft = &mut form.draft;
        if let Some(id) = &draft.branch
            && self.world.branch(id).is_none()
        {
            if self.world.places.contains(id) {
                // It is there, and does not answer.
                return Some(Self::no_calendar());
            }
            draft.loosen();
            (draft.branch, draft.admitted) = (None, None);
            if let Purpose::Move(_) = form.purpose {
                let options = vec![Opt::key(Key::Human, Pick::Human), Opt::key(Key::Menu, Pick::Menu)];
                return Some(Question::new(OpenQuestion::Menu, [Say::BranchGone]).options(options).yes(Pick::Human));
            }
            self.say(Say::BranchGone);
            return Some(self.which_branch(form.draft.service.get(), 0));
        }
        if draft.branch.is_none()
            && let Some(service) = draft.service.get().cloned()
        {
            let mut offering = self.world.branches.iter().filter(|view| self.same_service(view, &service).is_some());
            if let (Some(only), None) = (offering.next(), offering.next()) {
                self.choose_branch(draft, only.branch().id.clone());
            }
        }
        None
    }

    /// Whether a place that something is to be done at is gone for good.
    pub(super) fn is_gone(&self, branch: &BranchId) -> bool {
        !self.world.places.contains(branch)
    }

    fn ask_branch_again(&mut self) {
        match self.leave() {
            Flow::Form(form) => self.advance(form),
            flow => {
                self.state.flow = flow;
                let question = self.which_branch(None, 0);
                self.ask(question);
            }
        }
    }

    fn is_branch_open(&self) -> bool {
        self.state.asked.as_ref().is_some_and(|asked| asked.kind == OpenQuestion::Branch)
    }

    /// Whether it helps to ask where the client is, and can be asked.
    fn may_ask_place(&self) -> bool {
        self.world.limits.locations && self.near().is_none() && self.on_the_map() > 1
    }

    /// How many places are on the map.
    fn on_the_map(&self) -> usize {
        self.world.branches.iter().filter(|view| point_of(view.branch()).is_some()).count()
    }

    fn near(&self) -> Option<&Near> {
        let now = self.world.now;
        self.state.near.as_ref().filter(|near| near.at <= now && now - near.at < THERE)
    }

    fn metres_to(&self, branch: &Branch) -> Option<u32> {
        Some(metres(self.near()?.point(), point_of(branch)?))
    }
}

/// Name of a booking's place, where there are several.
pub(super) fn branch_name(world: &World<'_>, view: Option<&BranchView>) -> Option<String> {
    let view = view.filter(|_| world.places.len() > 1)?;
    Some(view.branch().name.clone())
}

fn point_of(branch: &Branch) -> Option<GeoPoint> {
    branch.place.as_ref()?.point
}

/// The words that a place can be named by.
fn words_of(branch: &Branch) -> Vec<String> {
    let address = branch.place.as_ref().map_or("", |place| place.address.as_str());
    let mut words = crate::understand::words(&branch.name);
    words.extend(crate::understand::words(address));
    words.retain(|word| word.chars().count() >= SHORT && !word.chars().all(|c| c.is_ascii_digit()));
    words
}

/// Distance over ground, as the crow flies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most half way round the earth")]
fn metres(from: GeoPoint, to: GeoPoint) -> u32 {
    let (a, b) = (from.latitude.to_radians(), to.latitude.to_radians());
    let (dy, dx) = (b - a, (to.longitude - from.longitude).to_radians());
    let h = (dy / 2.0).sin().powi(2) + a.cos() * b.cos() * (dx / 2.0).sin().powi(2);
    (2.0 * EARTH * h.clamp(0.0, 1.0).sqrt().asin()).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_map() {
        let at = |latitude, longitude| GeoPoint { latitude, longitude };
        // Rossio to Belém in Lisbon, and half way round the earth.
        assert_eq!(metres(at(38.7139, -9.1394), at(38.6970, -9.2061)) / 100, 60);
        assert_eq!(metres(at(0.0, 0.0), at(0.0, 180.0)) / 1000, 20015);
        assert_eq!(metres(at(1.0, 1.0), at(1.0, 1.0)), 0);
    }
}
