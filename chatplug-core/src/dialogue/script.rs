//! A conversation played out in memory: one dialogue, a made-up salon, a clock that only moves when told.
//!
//! A [`Script`] is the driver of a [`Dialogue`]: it carries out effects as the engine would (fetches are answered from
//! a made-up timetable, a commit books), and checks at every step what every driver relies on. Tests read as stories:
//!
//! ```
//! # #[cfg(feature = "testkit")] {
//! use chatplug_core::dialogue::script::{Script, booking};
//! let mut script = Script::salon();
//! script.say(booking().service("manicure").on("2026-03-12").at("15:30"));
//! let turn = script.yes();
//! assert!(turn.text().contains("Booked"));
//! # }
//! ```

mod oracle;
mod salon;
mod sketch;
mod words;

pub use sketch::Turn;
pub use words::{Words, booking, intent, nothing, when};

use super::{
    ActionOutcome, BranchView, ContactChange, Dialogue, Effect, Holder, Input, Operator, Said, SaidWhat, Timer,
    Trouble, World,
};
use crate::{
    model::{
        Booking, BookingId, BookingRef, BookingStatus, ChannelLimits, Contact, InstallId, Lang, MessageId, Policy,
        Private, Slot, SlotQuery, StaffChoice, StaffId,
    },
    ports::Action,
    reply::{Key, Label, Reply},
    understand::FactBook,
};
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Utc};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A dialogue with the world around it.
#[derive(Debug, Clone)]
pub struct Script {
    /// The machine.
    pub dialogue: Dialogue,
    /// The clock.
    pub now: DateTime<Utc>,
    /// The tenant's rules.
    pub policy: Policy,
    /// What can be booked.
    pub branches: Vec<BranchView>,
    /// The branches that the number serves, readable or not.
    pub places: Vec<crate::model::BranchId>,
    /// Services with a gate are open to the client.
    pub member: bool,
    /// What the channel can carry.
    pub limits: ChannelLimits,
    /// The client.
    pub contact: Contact,
    /// The client's bookings, as the booking system has them.
    pub bookings: Vec<Booking>,
    /// Who answers.
    pub holder: Holder,
    /// Languages spoken.
    pub languages: Vec<Lang>,
    /// Times that somebody else has: whom, when.
    pub taken: BTreeSet<(StaffId, DateTime<Utc>)>,
    /// Days on which nothing is free.
    pub closed: BTreeSet<NaiveDate>,
    /// What the next actions come to; when it is empty they are done.
    pub outcomes: VecDeque<ActionOutcome>,
    /// The booking system answers no reads while this is set.
    pub trouble: Option<Trouble>,
    /// Leave a commit unanswered: the test brings the outcome itself.
    pub hold_outcomes: bool,
    /// Timers set and not rung yet.
    pub timers: BTreeMap<Timer, DateTime<Utc>>,
    /// What can be said later.
    pub reach: super::Reach,
    /// Swaps of branches from one booking system to another.
    pub swaps: Vec<std::sync::Arc<crate::ports::Swap>>,
    /// What the business says about itself.
    pub facts: FactBook,
    /// Actions that were committed.
    pub committed: Vec<Action>,
    /// How many reads were asked for.
    pub reads: usize,
    oracle: oracle::Oracle,
    last: Option<Reply>,
    messages: u32,
    made: u32,
}

impl Script {
    /// What a step sees.
    #[must_use]
    pub fn world(&self) -> World<'_> {
        World {
            now: self.now,
            business: "Studio Bella",
            policy: &self.policy,
            branches: &self.branches,
            places: &self.places,
            limits: &self.limits,
            contact: &self.contact,
            bookings: &self.bookings,
            holder: self.holder,
            languages: &self.languages,
            reach: self.reach,
            swaps: &self.swaps,
            facts: &self.facts,
        }
    }

    // --- what a client does --------------------------------------------------------------------------------------

    /// Writes one message.
    pub fn say(&mut self, words: Words) -> Turn {
        self.burst([words])
    }

    /// Writes several messages in quick succession.
    pub fn burst(&mut self, words: impl IntoIterator<Item = Words>) -> Turn {
        let said = words.into_iter().map(|words| self.message(words.what, words.about)).collect();
        self.input(Input::Said { said })
    }

    /// Says one message aloud; it was written down.
    pub fn speak(&mut self, words: Words) -> Turn {
        let said = self.message(words.what, words.about);
        self.input(Input::Said { said: vec![Said { spoken: true, ..said }] })
    }

    /// "Yes".
    pub fn yes(&mut self) -> Turn {
        self.say(intent(crate::ports::Intent::Yes))
    }

    /// "No".
    pub fn no(&mut self) -> Turn {
        self.say(intent(crate::ports::Intent::No))
    }

    /// Taps the n-th option (from 1) of the last reply that had options.
    pub fn tap(&mut self, n: usize) -> Turn {
        let id = self.last_choices().get(n.wrapping_sub(1)).map_or_else(String::new, |choice| choice.id.clone());
        self.tap_id(&id)
    }

    /// Taps the option with a fixed word.
    pub fn tap_key(&mut self, key: Key) -> Turn {
        let found = self.last_choices().iter().find(|choice| choice.label == Label::Key { key });
        let id = found.map_or_else(|| format!("no option {key:?}"), |choice| choice.id.clone());
        self.tap_id(&id)
    }

    /// Taps the option with a name of the business's.
    pub fn tap_name(&mut self, wanted: &str) -> Turn {
        let named = |label: &Label| matches!(label, Label::Name { name } if name == wanted);
        let id = self.last_choices().iter().find(|choice| named(&choice.label)).map(|choice| choice.id.clone());
        self.tap_id(&id.unwrap_or_else(|| format!("no option {wanted}")))
    }

    /// Taps something with this id.
    pub fn tap_id(&mut self, id: &str) -> Turn {
        let said = self.message(SaidWhat::Tap { id: id.to_owned(), title: String::new() }, None);
        self.input(Input::Said { said: vec![said] })
    }

    /// Puts an emoji on a message of ours that spoke of a booking.
    pub fn react(&mut self, emoji: &str, about: Option<BookingId>) -> Turn {
        let said = self.message(SaidWhat::Reaction { emoji: emoji.to_owned() }, about);
        self.input(Input::Said { said: vec![said] })
    }

    /// The id of an option of the last reply that had options.
    #[must_use]
    pub fn id_of(&self, n: usize) -> String {
        self.last_choices().get(n.wrapping_sub(1)).map_or_else(String::new, |choice| choice.id.clone())
    }

    // --- what else happens ---------------------------------------------------------------------------------------

    /// Time passes; timers that come due ring, in order.
    pub fn wait(&mut self, time: Duration) -> Turn {
        let until = self.now + time;
        let mut effects = Vec::new();
        loop {
            let due = self.timers.iter().filter(|(_, at)| **at <= until).min_by_key(|(_, at)| **at);
            let Some((timer, at)) = due.map(|(timer, at)| (timer.clone(), *at)) else { break };
            self.timers.remove(&timer);
            self.now = self.now.max(at);
            effects.extend(self.input(Input::Timer { timer }).effects);
        }
        self.now = until;
        Turn { effects }
    }

    /// Somebody of the business does something.
    pub fn operator(&mut self, operator: Operator) -> Turn {
        self.input(Input::Operator { operator })
    }

    /// News of the action under way.
    pub fn outcome(&mut self, outcome: ActionOutcome) -> Turn {
        self.input(Input::Outcome { outcome })
    }

    /// Gives an input, carries out what comes of it, and answers what it asks until it asks nothing more.
    pub fn input(&mut self, input: Input) -> Turn {
        let mut next = Some(input);
        let mut effects = Vec::new();
        for _ in 0..32 {
            let Some(input) = next.take() else { return Turn { effects } };
            let step = self.step(input);
            next = step.last().and_then(|effect| self.answer(effect));
            effects.extend(step);
        }
        unreachable!("the machine keeps asking: {:?}", self.dialogue.describe());
    }

    /// One step, checked: the same again from a written-down state gives the same.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut dialogue = std::mem::take(&mut self.dialogue);
        let mut twin = match dialogue.to_json().and_then(|json| Dialogue::from_json(&json)) {
            Ok(twin) => twin,
            Err(error) => unreachable!("the state does not survive being written down: {error}"),
        };
        assert_eq!(twin, dialogue, "the state survives being written down");
        let effects = dialogue.step(input.clone(), &self.world());
        assert_eq!(twin.step(input.clone(), &self.world()), effects, "the same step has the same effects");
        assert_eq!(twin, dialogue, "the same step leads to the same state");
        self.dialogue = dialogue;
        self.oracle.watch(self.holder, &input, &effects);
        let room = if self.limits.rows == 0 { 9 } else { self.limits.rows };
        assert!(self.dialogue.options() <= room, "more options than the channel shows: {:?}", self.dialogue.describe());
        for effect in &effects {
            self.carry_out(effect);
        }
        effects
    }

    // --- being the engine ----------------------------------------------------------------------------------------

    fn carry_out(&mut self, effect: &Effect) {
        match effect {
            Effect::Say { reply, .. } if reply.choices.is_some() => self.last = Some((**reply).clone()),
            Effect::Hold { holder } => self.holder = *holder,
            Effect::SetTimer { timer, at } => {
                self.timers.insert(timer.clone(), *at);
            }
            Effect::CancelTimer { timer } => {
                self.timers.remove(timer);
            }
            Effect::UpdateContact { change } => match change {
                ContactChange::Language { lang } => self.contact.language = Some(*lang),
                ContactChange::Name { name } => self.contact.name = Some(name.clone()),
                ContactChange::Email { email } => self.contact.email = Some(email.clone()),
                ContactChange::CameFrom { came_from } => self.contact.came_from = Some(came_from.clone()),
                ContactChange::Consent { consent, refused: true } => {
                    self.contact.opted_out.insert(*consent);
                }
                ContactChange::Consent { consent, refused: false } => {
                    self.contact.opted_out.remove(consent);
                }
            },
            _ => {}
        }
    }

    fn answer(&mut self, effect: &Effect) -> Option<Input> {
        match effect {
            Effect::FetchSlots { query } => {
                self.reads += 1;
                let result = self.trouble.map_or_else(|| Ok(self.slots(query).into()), Err);
                Some(Input::Slots { query: query.clone(), result })
            }
            Effect::FetchBookings => {
                self.reads += 1;
                let upcoming = || self.bookings.iter().filter(|booking| booking.is_upcoming(self.now)).cloned();
                let result = self.trouble.map_or_else(|| Ok(upcoming().collect()), Err);
                Some(Input::Bookings { result })
            }
            Effect::CheckGate { branch, service } => {
                self.reads += 1;
                let open = self.member && self.trouble.is_none();
                Some(Input::Gate { branch: branch.clone(), service: service.clone(), open })
            }
            Effect::Commit { action } => {
                self.committed.push((**action).clone());
                if self.hold_outcomes {
                    return None;
                }
                let outcome = self.outcomes.pop_front().unwrap_or_else(|| self.execute(action));
                Some(Input::Outcome { outcome })
            }
            _ => None,
        }
    }

    /// Does an action, as a booking system would.
    pub fn execute(&mut self, action: &Action) -> ActionOutcome {
        let booking = match action {
            Action::Book(request) => {
                self.made += 1;
                let number = self.made.to_string();
                let booking = Self::made(&request.slot, BookingId::derive(&[&number]), &number);
                self.bookings.push(booking.clone());
                booking
            }
            Action::Reschedule { booking, to, .. } => {
                let Some(id) = booking.id else { return ActionOutcome::Unclear };
                let moved = Self::made(to, id, &booking.reference.backend_id);
                self.replace(id, &moved);
                moved
            }
            Action::Cancel { booking, .. } => {
                let cancelled = Booking { status: BookingStatus::Cancelled, ..booking.clone() };
                self.bookings.retain(|known| known.id != booking.id);
                cancelled
            }
            Action::ConfirmVisit { booking } => {
                let Some(id) = booking.id else { return ActionOutcome::Unclear };
                let confirmed = Booking { confirmed: true, ..booking.clone() };
                self.replace(id, &confirmed);
                confirmed
            }
        };
        self.bookings.sort_by_key(|booking| booking.start);
        ActionOutcome::Done { booking }
    }

    fn replace(&mut self, id: BookingId, booking: &Booking) {
        for known in self.bookings.iter_mut().filter(|known| known.id == Some(id)) {
            known.clone_from(booking);
        }
    }

    fn made(slot: &Slot, id: BookingId, backend_id: &str) -> Booking {
        Booking {
            id: Some(id),
            reference: BookingRef {
                install: salon::id::<InstallId>("fake"),
                branch: slot.branch.clone(),
                backend_id: backend_id.to_owned(),
            },
            services: slot.services.clone(),
            title: "A visit".to_owned(),
            staff: slot.staff_id().or_else(|| slot.candidates.first()).cloned(),
            start: slot.start,
            end: slot.end,
            zone: slot.zone,
            status: BookingStatus::Booked,
            confirmed: false,
            price: slot.price,
            contact: None,
            made_by: None,
        }
    }

    /// Free times by the made-up timetable: Monday to Saturday, 10:00 to 18:00, every half hour.
    #[must_use]
    pub fn slots(&self, query: &SlotQuery) -> Vec<Slot> {
        let Some(view) = self.branches.iter().find(|view| view.branch().id == query.branch) else { return Vec::new() };
        let Some(service) = query.services.first().and_then(|id| view.catalog.service(id)) else { return Vec::new() };
        let zone = view.branch().zone;
        let mut slots = Vec::new();
        for day in query.days.days().take(70) {
            let weekday = chrono::Datelike::weekday(&day);
            if weekday == chrono::Weekday::Sun || self.closed.contains(&day) {
                continue;
            }
            for step in 0..16 {
                let time = NaiveTime::from_hms_opt(10 + step / 2, 30 * (step % 2), 0).unwrap_or_default();
                let Ok(start) = crate::model::local_to_utc(day.and_time(time), zone) else { continue };
                let free = |member: &StaffId| !self.is_busy(member, start, query);
                let candidates: Vec<StaffId> = match &query.staff {
                    StaffChoice::Any => service.staff.iter().filter(|id| free(id)).cloned().collect(),
                    StaffChoice::One(id) => Some(id.clone()).filter(|id| free(id)).into_iter().collect(),
                };
                if start <= self.now || (candidates.is_empty() && !service.staff.is_empty()) {
                    continue;
                }
                slots.push(Slot {
                    branch: query.branch.clone(),
                    services: query.services.clone(),
                    staff: query.staff.clone(),
                    candidates,
                    start,
                    end: start + Duration::minutes(i64::from(service.minutes)),
                    zone,
                    price: None,
                    token: None,
                    buffer_before: 0,
                    buffer_after: 0,
                    capacity: 1,
                });
            }
        }
        slots
    }

    fn is_busy(&self, member: &StaffId, start: DateTime<Utc>, query: &SlotQuery) -> bool {
        let own = |booking: &Booking| {
            booking.staff.as_ref() == Some(member)
                && booking.start == start
                && query.excluding.as_ref() != Some(&booking.reference)
        };
        self.taken.contains(&(member.clone(), start)) || self.bookings.iter().any(own)
    }

    fn message(&mut self, what: SaidWhat, about: Option<BookingId>) -> Said {
        self.messages += 1;
        let message = salon::id::<MessageId>(&format!("m{}", self.messages));
        Said { message, at: self.now, what, about, spoken: false }
    }

    fn last_choices(&self) -> &[crate::reply::Choice] {
        self.last.as_ref().and_then(|reply| reply.choices.as_ref()).map_or(&[], |choices| &choices.options)
    }

    /// The client's name, or none.
    pub fn name(&mut self, name: Option<&str>) {
        self.contact.name = name.map(|name| Private::new(name.to_owned()));
    }
}
