//! Free times: asking for them, and showing what came back.
//!
//! The wish decides: an exact hour that is free goes straight to the summary, a part of the day filters, a day shows
//! its times, nothing shows the days of a week. What is not free is answered with what is nearest, or an honest none.

use super::{
    Trouble,
    draft::{Draft, Field, earlier, later},
    search::{Free, Goal, Search, Why},
    shown::{Opt, Pick, Question},
    state::{Flow, Form, Purpose, Waiting},
    step::Step,
};
use crate::{
    model::{DateRange, Slot, SlotQuery, StaffChoice, local_or_next},
    ports::{OpenQuestion, TimeReading},
    reply::{Key, Label, Say, SlotScope, When},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use std::sync::Arc;

impl Step<'_> {
    /// What a draft's wish makes one look for first.
    pub(super) fn goal(&self, draft: &Draft, today: NaiveDate) -> Goal {
        match draft.days.get() {
            Some(range) if range.from == range.to => Goal::Day { date: range.from.max(today), page: 0 },
            Some(range) => Goal::Overview { from: range.from.max(today), until: Some(range.to.max(today)) },
            None => Goal::Overview { from: today, until: None },
        }
    }

    /// Asks the booking system; the form waits in the flow.
    pub(super) fn search(&mut self, form: Box<Form>, search: Search) {
        let Some((branch, services)) = form.draft.branch.clone().zip(services(&form)) else {
            self.state.flow = Flow::Form(form);
            return self.cannot_look();
        };
        let query = SlotQuery {
            branch,
            services,
            staff: form.draft.staff.get().cloned().unwrap_or(StaffChoice::Any),
            days: search.days,
            party: form.draft.people(),
            excluding: match &form.purpose {
                Purpose::Book => None,
                Purpose::Move(booking) => Some(booking.reference.clone()),
            },
        };
        self.state.flow = Flow::Form(form);
        self.fetch_slots(query, search);
    }

    /// Free times came back, or did not.
    pub(super) fn found(&mut self, query: &SlotQuery, result: Result<Arc<[Slot]>, Trouble>) {
        let mut search = match self.state.waiting.take() {
            Some(Waiting::Slots(search)) if search.days == query.days => search,
            waiting => return self.state.waiting = waiting,
        };
        self.take_held();
        let mut form = match self.leave() {
            Flow::Form(form) => form,
            flow => return self.state.flow = flow,
        };
        match result {
            Err(Trouble::Stale) if !search.stale => {
                // The world's catalogue is the new one: whatever is gone from it is asked again.
                form.draft.slot = None;
                if self.settle(&mut form).is_some() {
                    return self.advance(form);
                }
                search.stale = true;
                self.search(form, search);
            }
            Err(_) => {
                self.state.flow = Flow::Form(form);
                self.cannot_look();
            }
            Ok(slots) => {
                let free = self.free(&form, query, search.days, slots);
                self.present(form, search, free);
            }
        }
    }

    /// What of an answer the client may be offered.
    fn free(&self, form: &Form, query: &SlotQuery, days: DateRange, slots: Arc<[Slot]>) -> Free {
        let now = self.world.now;
        let stays = match &form.purpose {
            Purpose::Move(booking) if booking.staff.as_ref() == query.staff.id() || query.staff.id().is_none() => {
                Some(booking.start)
            }
            _ => None,
        };
        let zone = self.branch(form.draft.branch.as_ref()).map_or(chrono_tz::UTC, |view| view.branch().zone);
        Free::of(slots, zone, |local, slot| {
            slot.start > now
                && slot.branch == query.branch
                && slot.services == query.services
                && days.contains(local.date())
                && Some(slot.start) != stays
                && !form.draft.not.iter().any(|range| range.contains(local.date()))
        })
    }

    fn present(&mut self, form: Box<Form>, search: Search, free: Free) {
        match search.goal.clone() {
            Goal::Overview { from, until } => self.present_overview(form, search, free, from, until),
            Goal::Day { date, page } => self.present_day(form, free, date, page),
            Goal::Exact { start } => {
                match free.iter().map(|(_, slot)| slot).find(|slot| slot.start == start).cloned() {
                    Some(slot) => self.take_slot(form, slot),
                    None => self.look_near(form, start, Why::NotThen),
                }
            }
            Goal::Near { start, why } => self.present_near(form, search, free, start, why),
        }
    }

    fn take_slot(&mut self, mut form: Box<Form>, slot: Slot) {
        form.draft.wish(slot.local_start());
        form.draft.slot = Some(slot);
        self.advance(form);
    }

    /// Shows what is nearest to an instant, after looking for it.
    pub(super) fn look_near(&mut self, form: Box<Form>, start: DateTime<Utc>, why: Why) {
        let view = self.branch(form.draft.branch.as_ref());
        let today = self.today(view);
        let day = view.map(|view| start.with_timezone(&view.branch().zone).date_naive());
        self.search(form, Search::new(Goal::Near { start, why }, today, day));
    }

    fn present_overview(
        &mut self,
        mut form: Box<Form>,
        search: Search,
        mut free: Free,
        from: NaiveDate,
        until: Option<NaiveDate>,
    ) {
        let wish = form.draft.time.get().copied();
        if free.fitting(wish) == 0 {
            let today = self.today(self.branch(form.draft.branch.as_ref()));
            if let Some(wider) = search.clone().widen(today) {
                return self.search(form, wider);
            }
            let start = self.instant(&form, from, wish);
            return match until {
                Some(_) if !free.is_empty() => self.look_near(form, start, Why::NotThen),
                Some(to) => self.look_near(form, start, Why::NotThoseDays(DateRange { from, to })),
                // No such hour anywhere: it is given up, and that is said.
                None if wish.is_some() => {
                    self.say(Say::NotFreeThen { date: from, time: wished_hour(&form) });
                    form.draft.time = Field::Open;
                    self.advance_to(form, Goal::Overview { from, until })
                }
                None => self.none_at_all(form),
            };
        }
        free.keep(wish);
        let room = self.room();
        let today = self.today(self.branch(form.draft.branch.as_ref()));
        if let (Some(TimeReading::At(_)), Some(_), 1) = (wish, until, free.len())
            && let Some((_, slot)) = free.iter().next()
        {
            return self.take_slot(form, slot.clone());
        }
        let mut nav = Vec::new();
        let days = free.days();
        let last = days.last().map_or(from, |(day, _)| *day);
        let shown = days.len().min(room.saturating_sub(2).max(1)).min(7);
        let next = days.get(shown).map_or_else(|| later(last.max(search.days.to), 1), |(day, _)| *day);
        if from > today {
            let back = earlier(from, 7).max(today);
            nav.push(Opt::key(Key::PreviousWeek, Pick::Week(back)));
        }
        nav.push(Opt::key(Key::NextWeek, Pick::Week(next)));
        let service = self.service_of(&form);
        let scope = match (until, days.as_slice()) {
            (None, _) if from == today => SlotScope::Next,
            (_, [(day, _)]) => SlotScope::Day { date: *day },
            (Some(to), _) => SlotScope::Days { from, to },
            (None, _) => SlotScope::Days { from, to: search.days.to },
        };
        let question = if free.len() + nav.len() <= room && (days.len() <= 2 || wish.is_some()) {
            let options = free.iter().map(|(_, slot)| day_time(slot.clone())).chain(nav).collect();
            let say = Say::AskSlot { service, staff: self.chosen_staff(&form), scope };
            Question::new(OpenQuestion::Time, [say]).options(options)
        } else {
            let options = days.into_iter().take(shown).map(|(date, count)| {
                Opt::new(Label::Day { date }, Pick::Days(DateRange::day(date))).hint(Label::FreeCount { count })
            });
            Question::new(OpenQuestion::Day, [Say::AskDay { service }]).options(options.chain(nav).collect())
        };
        self.state.flow = Flow::Form(form);
        self.ask(question);
    }

    fn present_day(&mut self, form: Box<Form>, mut free: Free, date: NaiveDate, page: u16) {
        let wish = form.draft.time.get().copied();
        if let Some(wish @ TimeReading::At(_)) = wish
            && let Some(slot) = free.first(wish)
        {
            return self.take_slot(form, slot.clone());
        }
        if free.fitting(wish) == 0 {
            let why = if free.is_empty() { Why::NotThoseDays(DateRange::day(date)) } else { Why::NotThen };
            let start = self.instant(&form, date, wish);
            let mut search = Search::new(Goal::Near { start, why }, date, Some(date));
            search.nearest(free.iter(), start);
            return if search.has_enough() {
                self.show_near(form, search, start, why)
            } else {
                self.look_near(form, start, why)
            };
        }
        free.keep(wish);
        let (options, kind) = (self.times_of(&free, date, page), OpenQuestion::Time);
        let say = Say::AskSlot {
            service: self.service_of(&form),
            staff: self.chosen_staff(&form),
            scope: SlotScope::Day { date },
        };
        self.state.flow = Flow::Form(form);
        self.ask(Question::new(kind, [say]).options(options));
    }

    /// One page of a day's times, with the ways to the others.
    fn times_of(&self, free: &Free, date: NaiveDate, page: u16) -> Vec<Opt> {
        let room = self.room();
        let total = free.len();
        let extra = usize::from(room >= 5);
        let size = if total + extra <= room { room - extra } else { room - 2 - extra };
        let first = (usize::from(page) * size).min(total.saturating_sub(1) / size * size);
        let at = u16::try_from(first / size).unwrap_or(0);
        let mut options: Vec<Opt> = free.iter().skip(first).take(size).map(|(_, slot)| time(slot.clone())).collect();
        if first > 0 {
            options.push(Opt::key(Key::Earlier, Pick::Times(date, at - 1)));
        }
        if first + size < total {
            options.push(Opt::key(Key::Later, Pick::Times(date, at + 1)));
        }
        if extra > 0 {
            options.push(Opt::key(Key::AnotherDay, Pick::AnotherDay));
        }
        options
    }

    fn present_near(&mut self, form: Box<Form>, mut search: Search, free: Free, start: DateTime<Utc>, why: Why) {
        let gone = matches!(why, Why::Taken).then_some(start);
        search.nearest(free.iter().filter(|(_, slot)| Some(slot.start) != gone), start);
        if !search.has_enough() {
            let today = self.today(self.branch(form.draft.branch.as_ref()));
            if let Some(wider) = search.clone().widen(today) {
                return self.search(form, wider);
            }
        }
        self.show_near(form, search, start, why);
    }

    /// Says that it is not to be had, and shows what is.
    fn show_near(&mut self, form: Box<Form>, search: Search, start: DateTime<Utc>, why: Why) {
        let zone = self.branch(form.draft.branch.as_ref()).map_or(chrono_tz::UTC, |view| view.branch().zone);
        let local = start.with_timezone(&zone).naive_local();
        let staff = self.chosen_staff(&form);
        self.say(match why {
            Why::Taken => Say::SlotTaken,
            Why::NotThen => Say::NotFreeThen { date: local.date(), time: wished_hour(&form) },
            Why::NotThoseDays(DateRange { from, to }) => {
                let scope = if from == to { SlotScope::Day { date: from } } else { SlotScope::Days { from, to } };
                Say::NothingFree { scope, staff: staff.clone() }
            }
        });
        let mut options: Vec<Opt> = search.into_near().into_iter().map(day_time).collect();
        if options.is_empty() {
            return self.none_at_all(form);
        }
        options.truncate(self.room().saturating_sub(1).max(1));
        options.push(Opt::key(Key::AnotherDay, Pick::AnotherDay));
        let which = Say::AskSlot { service: self.service_of(&form), staff, scope: SlotScope::Next };
        let question = match why {
            // What was said above already leads to the list.
            Why::Taken | Why::NotThen => Question::new(OpenQuestion::Time, []).again(which),
            Why::NotThoseDays(_) => Question::new(OpenQuestion::Time, [which]),
        };
        self.state.flow = Flow::Form(form);
        self.ask(question.options(options));
    }

    /// An honest none, with the ways out.
    fn none_at_all(&mut self, form: Box<Form>) {
        let staff = self.chosen_staff(&form);
        let mut options = Vec::new();
        if staff.is_some() {
            options.push(Opt::key(Key::AnyStaff, Pick::Staff(StaffChoice::Any)));
        }
        options.push(Opt::key(Key::Human, Pick::Human));
        options.push(Opt::key(Key::Menu, Pick::Menu));
        self.state.flow = Flow::Form(form);
        self.ask(Question::new(OpenQuestion::Menu, [Say::NothingFreeAtAll { staff }]).options(options));
    }

    /// The booking system does not answer a read.
    pub(super) fn cannot_look(&mut self) {
        self.ask(Self::no_calendar());
    }

    /// The question to a client whose booking system does not answer a read.
    pub(super) fn no_calendar() -> Question {
        let options = vec![
            Opt::key(Key::TryAgain, Pick::Again),
            Opt::key(Key::Human, Pick::Human),
            Opt::key(Key::Menu, Pick::Menu),
        ];
        let question = Question::new(OpenQuestion::Menu, [Say::CannotLook]).options(options);
        question.yes(Pick::Again).no(Pick::Menu)
    }

    /// The instant that a wish points at, to measure nearness from.
    fn instant(&self, form: &Form, date: NaiveDate, wish: Option<TimeReading>) -> DateTime<Utc> {
        let zone = self.branch(form.draft.branch.as_ref()).map_or(chrono_tz::UTC, |view| view.branch().zone);
        let noon = NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
        let time = match wish {
            Some(TimeReading::At(at)) => at,
            Some(TimeReading::Between { from, to }) => from.or(to).unwrap_or(noon),
            None => noon,
        };
        local_or_next(date.and_time(time), zone)
    }

    /// The chosen person's name.
    pub(super) fn chosen_staff(&self, form: &Form) -> Option<String> {
        let id = form.draft.staff.get()?.id()?;
        super::view::staff_name(self.branch(form.draft.branch.as_ref()), id)
    }

    /// The chosen service's name.
    pub(super) fn service_of(&self, form: &Form) -> String {
        let title = match &form.purpose {
            Purpose::Move(booking) => booking.title.as_str(),
            Purpose::Book => "",
        };
        form.draft
            .service
            .get()
            .and_then(|id| self.service_name(form.draft.branch.as_ref(), id))
            .unwrap_or_else(|| title.to_owned())
    }
}

/// What a form's slots are for, in order; nothing while no service is chosen.
fn services(form: &Form) -> Option<Vec<crate::model::ServiceId>> {
    let service = form.draft.service.get()?;
    Some(match &form.purpose {
        Purpose::Move(booking) if booking.services.first() == Some(service) => booking.services.clone(),
        Purpose::Move(_) | Purpose::Book => vec![service.clone()],
    })
}

fn wished_hour(form: &Form) -> Option<NaiveTime> {
    match form.draft.time.get()? {
        TimeReading::At(at) => Some(*at),
        TimeReading::Between { from, to } => from.or(*to),
    }
}

fn time(slot: Slot) -> Opt {
    let at = When { start: slot.start, zone: slot.zone };
    Opt::new(Label::Time { at }, Pick::Slot(Box::new(slot)))
}

fn day_time(slot: Slot) -> Opt {
    let at = When { start: slot.start, zone: slot.zone };
    Opt::new(Label::DayTime { at }, Pick::Slot(Box::new(slot)))
}
