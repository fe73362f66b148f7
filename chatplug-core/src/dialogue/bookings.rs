//! The client's bookings: read anew, shown, and the right one chosen before anything is done with it.

use super::{
    Trouble,
    facts::Facts,
    listen::Heard,
    shown::{Opt, Paged, Pick, Question},
    state::{Aim, Errand, Flow, Waiting},
    step::Step,
};
use crate::{
    model::{Booking, BookingId},
    ports::{DateMention, OpenQuestion, StaffMention, TimeMention},
    reply::{Key, Label, Say, When},
};

/// Most bookings shown in one message.
const SHOWN: usize = 20;

impl Step<'_> {
    /// "What have I booked?"
    pub(super) fn list(&mut self) -> Heard {
        self.errand(Aim::List, None, Facts::default())
    }

    /// Reads the client's bookings to do something with one of them, or with all.
    pub(super) fn errand(&mut self, aim: Aim, booking: Option<BookingId>, facts: Facts) -> Heard {
        if matches!(aim, Aim::Move | Aim::Cancel) {
            // What is being done is left for it; a booking in the making is kept.
            self.park();
        }
        self.fetch_bookings(Errand { aim, booking, facts, or_draft: false });
        Heard::Understood
    }

    /// Reads the client's bookings to cancel one of them, or to drop the one in the making: whichever they mean.
    pub(super) fn cancel_which(&mut self, facts: Facts) -> Heard {
        self.park();
        self.fetch_bookings(Errand { aim: Aim::Cancel, booking: None, facts, or_draft: true });
        Heard::Understood
    }

    /// A booking of the client that lies ahead, as last read.
    pub(super) fn upcoming(&self, id: BookingId) -> Option<&Booking> {
        let now = self.world.now;
        self.world.bookings.iter().find(|booking| booking.id == Some(id) && booking.is_upcoming(now))
    }

    /// The bookings came, or did not.
    pub(super) fn read(&mut self, result: Result<Vec<Booking>, Trouble>) {
        let errand = match self.state.waiting.take() {
            Some(Waiting::Bookings(errand)) => errand,
            waiting => return self.state.waiting = waiting,
        };
        self.take_held();
        let Ok(mut bookings) = result else { return self.cannot_read(&errand) };
        bookings.retain(|booking| booking.is_upcoming(self.world.now) && booking.id.is_some());
        bookings.sort_by_key(|booking| booking.start);
        if bookings.is_empty() {
            return if errand.or_draft { self.drop_draft() } else { self.no_bookings() };
        }
        let aim = errand.aim;
        if let Some(id) = errand.booking {
            return match bookings.iter().position(|booking| booking.id == Some(id)) {
                Some(index) => self.act(aim, bookings.swap_remove(index), errand.facts),
                // It is gone meanwhile: here is what there is.
                None => {
                    self.say(Say::OldList);
                    self.show_bookings(&bookings);
                }
            };
        }
        if aim == Aim::List {
            return self.show_bookings(&bookings);
        }
        let fit: Vec<usize> = (0..bookings.len())
            .filter(|index| bookings.get(*index).is_some_and(|b| meant(b, aim, &errand.facts)))
            .collect();
        match (fit.as_slice(), bookings.as_slice()) {
            _ if errand.or_draft && errand.facts.is_empty() => self.ask_booking(errand, &bookings, 0),
            ([index], _) => self.act(aim, bookings.swap_remove(*index), errand.facts),
            (_, [_]) if aim != Aim::Cancel || errand.facts.is_empty() => {
                self.act(aim, bookings.swap_remove(0), errand.facts);
            }
            ([], _) => self.ask_booking(errand, &bookings, 0),
            (some, _) => {
                let some: Vec<Booking> = some.iter().filter_map(|index| bookings.get(*index)).cloned().collect();
                self.ask_booking(errand, &some, 0);
            }
        }
    }

    fn act(&mut self, aim: Aim, booking: Booking, facts: Facts) {
        match aim {
            Aim::List | Aim::Change => self.show_bookings(&[booking]),
            Aim::Move => self.move_visit(booking, &facts),
            Aim::Cancel => self.cancel_visit(booking),
            Aim::Confirm => self.commit_visit_read(booking),
            Aim::Late(minutes) => self.note_late(Some(&booking), minutes),
        }
    }

    /// Shows bookings with what can be done about them.
    pub(super) fn show_bookings(&mut self, bookings: &[Booking]) {
        let views = bookings.iter().take(SHOWN).map(|booking| self.view(booking)).collect();
        let (to_move, to_cancel) = match bookings {
            [Booking { id: Some(id), .. }] => (Pick::Visit(*id, Aim::Move), Pick::Visit(*id, Aim::Cancel)),
            _ => (Pick::Visits(Aim::Move), Pick::Visits(Aim::Cancel)),
        };
        self.say(Say::Bookings { bookings: views });
        if self.state.flow != Flow::Idle {
            // Asked in the middle of something: that goes on.
            return self.resume();
        }
        let options = vec![
            Opt::key(Key::MoveVisit, to_move),
            Opt::key(Key::CancelVisit, to_cancel),
            Opt::key(Key::Menu, Pick::Menu),
        ];
        self.ask(Question::new(OpenQuestion::Menu, []).options(options));
    }

    /// Which of them?
    fn ask_booking(&mut self, errand: Errand, bookings: &[Booking], page: u16) {
        // The booking in the making may be what they want to be rid of.
        let draft = errand.or_draft.then(|| Opt::key(Key::Drop, Pick::Drop));
        let options = draft
            .into_iter()
            .chain(bookings.iter().filter_map(|booking| {
                let at = When { start: booking.start, zone: booking.zone };
                let view = self.view(booking);
                let option =
                    Opt::new(Label::Booking { at, service: view.service }, Pick::Visit(booking.id?, errand.aim));
                Some(option.at(view.branch))
            }))
            .collect();
        let mut options = self.paged(options, &Paged::Bookings, page, None);
        if options.len() < self.room() {
            options.push(Opt::key(Key::Menu, Pick::Menu));
        }
        let say = Say::ChooseBooking { purpose: errand.aim.purpose() };
        self.state.flow = Flow::Choosing { errand };
        self.ask(Question::new(OpenQuestion::Booking, [say]).options(options));
    }

    /// Another page of the bookings to choose from, as last read.
    pub(super) fn ask_booking_page(&mut self, page: u16) {
        match self.leave() {
            Flow::Choosing { errand } => {
                let bookings: Vec<Booking> =
                    self.world.bookings.iter().filter(|booking| booking.is_upcoming(self.world.now)).cloned().collect();
                self.ask_booking(errand, &bookings, page);
            }
            flow => {
                self.state.flow = flow;
                self.resume();
            }
        }
    }

    fn no_bookings(&mut self) {
        self.say(Say::NoBookings);
        if self.state.flow != Flow::Idle {
            return self.resume();
        }
        let options =
            vec![Opt::key(Key::Book, Pick::Book), Opt::key(Key::Human, Pick::Human), Opt::key(Key::Menu, Pick::Menu)];
        self.ask(Question::new(OpenQuestion::Menu, []).options(options));
    }

    fn cannot_read(&mut self, errand: &Errand) {
        let again = match (errand.booking, errand.aim) {
            (Some(id), aim) => Pick::Visit(id, aim),
            (None, aim) => Pick::Visits(aim),
        };
        let options = vec![
            Opt::key(Key::TryAgain, again.clone()),
            Opt::key(Key::Human, Pick::Human),
            Opt::key(Key::Menu, Pick::Menu),
        ];
        let question = Question::new(OpenQuestion::Menu, [Say::CannotLook]).options(options);
        self.ask(question.yes(again).no(Pick::Menu));
    }
}

/// Whether a booking is what the words point at. When a visit is to be moved, its day and person may be the new ones.
fn meant(booking: &Booking, aim: Aim, facts: &Facts) -> bool {
    let service = facts.services.is_empty() || booking.services.iter().any(|service| facts.services.contains(service));
    if aim == Aim::Move || !service {
        return service;
    }
    let local = booking.start.with_timezone(&booking.zone).naive_local();
    let day = match &facts.date {
        DateMention::None => true,
        DateMention::Exact(range) => range.contains(local.date()),
        DateMention::Ambiguous(readings) => readings.iter().any(|range| range.contains(local.date())),
    };
    let time = match &facts.time {
        TimeMention::None => true,
        TimeMention::Exact(reading) => super::draft::fits(*reading, local),
        TimeMention::Ambiguous(readings) => readings.iter().any(|reading| super::draft::fits(*reading, local)),
    };
    let staff = match (&facts.staff, &booking.staff) {
        (Some(StaffMention::Named(named)), Some(staff)) => named.contains(staff),
        _ => true,
    };
    day && staff && (time || matches!(aim, Aim::Late(_)))
}
