//! What a chosen option does, whether it was tapped, numbered, spelt or nodded at.

use super::{
    draft::{Field, SlotKey},
    facts::Facts,
    listen::Heard,
    search::Goal,
    shown::{Paged, Pick},
    state::{Aim, Flow, Form},
    step::Step,
};
use crate::{
    model::{DateRange, Slot},
    ports::Intent,
    reply::{HandOverReason, Say},
};

impl Step<'_> {
    /// An option of the newest list, or of one that is exact for another reason.
    pub(super) fn choose(&mut self, pick: Pick) -> Heard {
        match pick {
            Pick::Menu => return self.leave_for_menu(),
            Pick::Book => return self.book(Facts::default()),
            Pick::Visits(aim) => return self.errand(aim, None, Facts::default()),
            Pick::Prices => return self.question(Intent::AskPrice, &Facts::default()),
            Pick::WhereWhen => return self.where_and_when(),
            Pick::Languages => return self.change_language(None),
            Pick::Human => return self.hand_over(HandOverReason::Asked),
            Pick::Thanks => return self.thanks(),
            Pick::Continue => self.go_on(),
            Pick::StartAfresh => self.start_afresh(),
            Pick::Drop => self.drop_draft(),
            Pick::Keep => self.keep_as_is(),
            Pick::Back => return self.back(),
            Pick::Again => {
                self.retire();
                self.resume();
            }
            Pick::Slot(slot) => self.choose_slot(*slot),
            Pick::OldSlot(key) => self.recheck(&key),
            Pick::OldMove(booking, key) => self.move_again(booking, &key),
            Pick::Agree { .. } => self.out.agreed = Some(pick),
            Pick::Visit(booking, aim) => return self.visit(booking, aim, Facts::default()),
            Pick::About(about, service) => self.answer_about(about, &service),
            Pick::Lang(lang) => return self.change_language(Some(lang)),
            Pick::Page(of, page) => self.page(&of, page),
            Pick::Nearest => self.nearest(),
            Pick::Branch(_)
            | Pick::Category(_)
            | Pick::Service(_)
            | Pick::Staff(_)
            | Pick::Days(_)
            | Pick::Time(_)
            | Pick::Week(_)
            | Pick::Times(..)
            | Pick::AnotherDay
            | Pick::AnotherTime => self.choose_field(pick),
        }
        Heard::Understood
    }

    /// An option of an older list: checked anew, never executed blindly, and said so where it matters.
    pub(super) fn choose_old(&mut self, pick: Pick) -> Heard {
        match &pick {
            Pick::OldSlot(_)
            | Pick::OldMove(..)
            | Pick::Branch(_)
            | Pick::Category(_)
            | Pick::Service(_)
            | Pick::Staff(_)
            | Pick::Days(_)
            | Pick::Time(_)
            | Pick::Week(_)
            | Pick::Times(..)
            | Pick::AnotherDay
            | Pick::AnotherTime => {
                self.say(Say::OldList);
                self.choose(pick)
            }
            // These end something, or go on with something: only while it is what the client sees.
            Pick::Drop
            | Pick::Keep
            | Pick::Back
            | Pick::Again
            | Pick::Continue
            | Pick::StartAfresh
            | Pick::Agree { .. }
            | Pick::Slot(_) => {
                self.say(Say::OldList);
                self.resume();
                Heard::Understood
            }
            _ => self.choose(pick),
        }
    }

    fn page(&mut self, of: &Paged, page: u16) {
        match of {
            Paged::Menu => self.ask_menu_page(page),
            Paged::Languages => self.ask_language(page),
            Paged::About(about) => self.ask_about(*about, page),
            Paged::Bookings => self.ask_booking_page(page),
            Paged::Branches | Paged::Services(_) | Paged::Staff => self.ask_field_page(of, page),
        }
    }

    /// A field of the form; without a form it begins one.
    fn choose_field(&mut self, pick: Pick) {
        let mut form = match self.leave() {
            Flow::Form(form) => form,
            other => match self.new_form(other) {
                Some(form) => form,
                None => return,
            },
        };
        let mut notes = Vec::new();
        let with = self.filling(&form);
        match pick {
            Pick::Branch(id) => self.choose_branch(&mut form.draft, id),
            Pick::Service(id) if with.catalog.is_none_or(|catalog| catalog.service(&id).is_some()) => {
                form.draft.choose_service(&id, with, &mut notes);
            }
            Pick::Category(name) => {
                self.state.flow = Flow::Form(form);
                return self.ask_field_page(&Paged::Services(Some(name)), 0);
            }
            Pick::Staff(choice) => {
                let known =
                    choice.id().is_none_or(|id| with.catalog.is_none_or(|catalog| catalog.staff_member(id).is_some()));
                if known {
                    form.draft.choose_staff(choice);
                }
            }
            Pick::Days(range) if range.to < with.today => notes.push(Say::DayInPast { date: range.to }),
            Pick::Days(range) => form.draft.choose_days(range),
            Pick::Time(reading) => {
                form.draft.loosen();
                form.draft.time = Field::Set(reading);
            }
            Pick::AnotherDay => {
                form.draft.slot = None;
                form.draft.days = Field::Open;
                form.draft.time = Field::Open;
            }
            Pick::AnotherTime => {
                form.draft.loosen();
                form.draft.time = Field::Open;
            }
            Pick::Week(from) => {
                form.draft.slot = None;
                form.draft.days = Field::Open;
                self.say_all(notes);
                let goal = Goal::Overview { from: from.max(with.today), until: None };
                return self.advance_to(form, goal);
            }
            Pick::Times(date, page) => {
                form.draft.slot = None;
                form.draft.days = Field::Set(DateRange::day(date));
                self.say_all(notes);
                return self.advance_to(form, Goal::Day { date, page });
            }
            _ => {}
        }
        self.note(&form, notes);
        self.advance(form);
    }

    /// A slot of the newest list: good as it stands while it is fresh, looked up again otherwise.
    fn choose_slot(&mut self, slot: Slot) {
        let ahead = slot.start > self.world.now;
        match (self.leave(), SlotKey::of(&slot)) {
            (Flow::Form(mut form), _) if ahead && self.is_fresh() => {
                form.draft.wish(slot.local_start());
                form.draft.slot = Some(slot);
                self.advance(form);
            }
            (flow, Some(key)) => {
                self.state.flow = flow;
                self.recheck(&key);
            }
            (flow, None) => {
                self.state.flow = flow;
                self.resume();
            }
        }
    }

    /// A slot that was shown earlier: is it still free? Then it is summed up, else what is near it is shown.
    fn recheck(&mut self, key: &SlotKey) {
        if let Some(booking) = self.world.bookings.iter().find(|booking| {
            booking.is_upcoming(self.world.now) && booking.start == key.start && booking.services.contains(&key.service)
        }) {
            // The second tap on a list that a booking was made from.
            let booking = booking.clone();
            return self.show_bookings(&[booking]);
        }
        let mut form = match self.leave() {
            Flow::Form(form) => form,
            other => match self.new_form(other) {
                Some(form) => form,
                None => return,
            },
        };
        self.wish_for(&mut form, key);
        self.advance_to(form, Goal::Exact { start: key.start });
    }

    /// Makes a form wish for what a slot was.
    pub(super) fn wish_for(&self, form: &mut Form, key: &SlotKey) {
        let Some(view) = self.world.branch(&key.branch) else { return };
        let draft = &mut form.draft;
        draft.branch = Some(key.branch.clone());
        draft.service = Field::Set(key.service.clone());
        draft.staff = Field::Set(key.staff.clone());
        draft.slot = None;
        draft.wish(key.start.with_timezone(&view.branch().zone).naive_local());
    }

    /// Starts again to move a booking to a time that was summed up earlier.
    fn move_again(&mut self, booking: crate::model::BookingId, key: &SlotKey) {
        let Some(view) = self.world.branch(&key.branch) else { return self.resume() };
        let local = key.start.with_timezone(&view.branch().zone).naive_local();
        let facts = Facts {
            date: crate::ports::DateMention::Exact(DateRange::day(local.date())),
            time: crate::ports::TimeMention::Exact(crate::ports::TimeReading::At(local.time())),
            ..Facts::default()
        };
        self.visit(booking, Aim::Move, facts);
    }

    /// A booking that was pointed at: read anew before anything is done with it.
    pub(super) fn visit(&mut self, booking: crate::model::BookingId, aim: Aim, facts: Facts) -> Heard {
        match (aim, self.upcoming(booking)) {
            (Aim::Confirm, Some(known)) => {
                let known = known.clone();
                self.commit_visit(known)
            }
            (Aim::Late(minutes), _) => self.late(Some(booking), minutes, facts),
            _ => self.errand(aim, Some(booking), facts),
        }
    }
}
