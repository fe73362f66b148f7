//! The form that a booking fills in, and how it takes what a message says.
//!
//! Any field may come at any time and in any order; what differs from before voids the chosen slot but keeps it as a
//! wish ("with Bruno instead": the same hour, with Bruno). Which field is asked next is decided in `book`.

use super::facts::Facts;
use crate::{
    model::{BranchId, Catalog, ClientField, DateRange, Lang, Private, ServiceId, Slot, StaffChoice, StaffId},
    ports::{DateMention, StaffMention, TimeMention, TimeReading},
    reply::Say,
};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most readings, names or exclusions that one field keeps: an interpretation may be of any size.
pub(super) const MANY: usize = 20;

/// The form.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Draft {
    pub(super) branch: Option<BranchId>,
    pub(super) service: Field<ServiceId>,
    /// Services wanted besides, to be booked one after the other.
    pub(super) more: Vec<ServiceId>,
    pub(super) staff: Field<StaffChoice>,
    pub(super) days: Field<DateRange>,
    pub(super) time: Field<TimeReading>,
    /// Days that are explicitly unwanted.
    pub(super) not: Vec<DateRange>,
    pub(super) slot: Option<Slot>,
    /// How many people come; 0 until said, which means one.
    pub(super) party: u8,
    pub(super) name: Option<Private<String>>,
    pub(super) email: Option<Private<String>>,
    /// What the booking system wants to know beyond what the catalogue says.
    pub(super) needs: BTreeSet<ClientField>,
    /// The service with a gate that is open to the client.
    pub(super) admitted: Option<ServiceId>,
}

/// One field: unknown, one of several readings, or known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Field<T> {
    #[default]
    Open,
    /// Ask which.
    OneOf(Vec<T>),
    Set(T),
}

impl<T> Field<T> {
    pub(super) const fn get(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Open | Self::OneOf(_) => None,
        }
    }

    pub(super) fn readings(&self) -> &[T] {
        match self {
            Self::OneOf(readings) => readings,
            Self::Open | Self::Set(_) => &[],
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Open)
    }

    /// Known when there is one reading, to be asked when there are several, untouched when there is none.
    fn narrow(&mut self, mut readings: Vec<T>) {
        match readings.len() {
            0 => {}
            1 => *self = readings.pop().map_or(Self::Open, Self::Set),
            _ => *self = Self::OneOf(readings),
        }
    }
}

/// What a slot was, to find it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SlotKey {
    pub(super) branch: BranchId,
    pub(super) service: ServiceId,
    pub(super) staff: StaffChoice,
    pub(super) start: DateTime<Utc>,
}

impl SlotKey {
    pub(super) fn of(slot: &Slot) -> Option<Self> {
        let service = slot.services.first()?.clone();
        Some(Self { branch: slot.branch.clone(), service, staff: slot.staff.clone(), start: slot.start })
    }
}

/// What filling in a form needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'a> {
    /// The catalogue of the draft's branch, once there is one.
    pub(super) catalog: Option<&'a Catalog>,
    pub(super) lang: Lang,
    /// Today, at the branch.
    pub(super) today: NaiveDate,
}

impl Draft {
    /// How many people come.
    pub(super) fn people(&self) -> u8 {
        self.party.max(1)
    }

    /// Gives up the slot but keeps its day and time as the wish.
    pub(super) fn loosen(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.wish(slot.local_start());
        }
    }

    /// Wishes for a certain time.
    pub(super) fn wish(&mut self, local: NaiveDateTime) {
        self.days = Field::Set(DateRange::day(local.date()));
        self.time = Field::Set(TimeReading::At(local.time()));
    }

    /// Takes what a message says; answers with what must be said to it.
    pub(super) fn fill(&mut self, facts: &Facts, with: Filling<'_>) -> Vec<Say> {
        let mut notes = Vec::new();
        self.fill_services(facts, with, &mut notes);
        self.fill_staff(facts, with, &mut notes);
        self.fill_days(facts, with.today, &mut notes);
        self.fill_time(facts);
        if facts.party > 0 && facts.party != self.people() {
            self.loosen();
            self.party = facts.party;
        }
        notes
    }

    /// Chooses the service; a person who does not do it is given up, and that is said.
    pub(super) fn choose_service(&mut self, id: &ServiceId, with: Filling<'_>, notes: &mut Vec<Say>) {
        if self.service.get() == Some(id) {
            return;
        }
        self.loosen();
        self.service = Field::Set(id.clone());
        self.more.retain(|more| more != id);
        let Some((catalog, service)) = with.catalog.and_then(|all| Some((all, all.service(id)?))) else { return };
        match &mut self.staff {
            Field::Set(StaffChoice::One(member)) if !service.staff.contains(member) => {
                if let Some(member) = catalog.staff_member(member) {
                    notes.push(Say::StaffDoesNotDo {
                        staff: member.name.clone(),
                        service: service.name.get(with.lang).to_owned(),
                    });
                }
                self.staff = Field::Open;
            }
            Field::OneOf(choices) => {
                let able = |choice: &StaffChoice| choice.id().is_none_or(|member| service.staff.contains(member));
                let able: Vec<StaffChoice> = choices.iter().filter(|choice| able(choice)).cloned().collect();
                self.staff = Field::Open;
                self.staff.narrow(able);
            }
            Field::Set(_) | Field::Open => {}
        }
    }

    /// Chooses whom with.
    pub(super) fn choose_staff(&mut self, choice: StaffChoice) {
        if self.staff.get() != Some(&choice) {
            self.loosen();
            self.staff = Field::Set(choice);
        }
    }

    /// Chooses the day or days.
    pub(super) fn choose_days(&mut self, range: DateRange) {
        let stands = self.slot.as_ref().is_some_and(|slot| range.contains(slot.local_start().date()));
        if !stands {
            self.loosen();
            self.days = Field::Set(range);
        }
    }

    fn fill_services(&mut self, facts: &Facts, with: Filling<'_>, notes: &mut Vec<Say>) {
        let here = |id: &&ServiceId| with.catalog.is_none_or(|catalog| catalog.service(id).is_some());
        let mut fit: Vec<ServiceId> = facts.services.iter().filter(here).cloned().collect();
        if facts.every && fit.len() > 1 {
            self.more.clone_from(&fit);
        }
        if let Some(current) = self.service.get().filter(|id| fit.contains(id)) {
            let current = current.clone();
            return self.more.retain(|more| *more != current);
        }
        if fit.len() > 1 {
            // A person or an earlier question may tell which of them is meant.
            let earlier: Vec<ServiceId> =
                fit.iter().filter(|id| self.service.readings().contains(id)).cloned().collect();
            if !earlier.is_empty() && !facts.every {
                fit = earlier;
            }
            if let (Some(StaffChoice::One(member)), Some(catalog), false) =
                (self.staff.get(), with.catalog, facts.every)
            {
                let does = |id: &&ServiceId| catalog.service(id).is_some_and(|service| service.staff.contains(member));
                let done: Vec<ServiceId> = fit.iter().filter(does).cloned().collect();
                if !done.is_empty() {
                    fit = done;
                }
            }
        }
        match fit.as_slice() {
            [] => {}
            [one] => self.choose_service(one, with, notes),
            _ => {
                self.loosen();
                self.service = Field::OneOf(fit);
            }
        }
    }

    fn fill_staff(&mut self, facts: &Facts, with: Filling<'_>, notes: &mut Vec<Say>) {
        let named = match &facts.staff {
            None => return,
            Some(StaffMention::Any) => return self.choose_staff(StaffChoice::Any),
            Some(StaffMention::Named(named)) => named,
        };
        if let Some(StaffChoice::One(current)) = self.staff.get()
            && named.contains(current)
        {
            return;
        }
        let Some(catalog) = with.catalog else {
            return self.staff.narrow(named.iter().cloned().map(StaffChoice::One).collect());
        };
        let here: Vec<&StaffId> = named.iter().filter(|id| catalog.staff_member(id).is_some()).collect();
        let service = self.service.get().and_then(|id| catalog.service(id));
        let able: Vec<StaffChoice> = here
            .iter()
            .filter(|id| service.is_none_or(|service| service.staff.contains(id)))
            .map(|id| StaffChoice::One((*id).clone()))
            .collect();
        match (able.as_slice(), service, here.first().and_then(|id| catalog.staff_member(id))) {
            ([], Some(service), Some(member)) => {
                notes.push(Say::StaffDoesNotDo {
                    staff: member.name.clone(),
                    service: service.name.get(with.lang).to_owned(),
                });
                self.loosen();
                self.staff = Field::Open;
            }
            ([one], ..) => self.choose_staff(one.clone()),
            ([], ..) => {}
            _ => {
                self.loosen();
                self.staff = Field::OneOf(able);
            }
        }
    }

    fn fill_days(&mut self, facts: &Facts, today: NaiveDate, notes: &mut Vec<Say>) {
        if !facts.not.is_empty() {
            self.not.extend(facts.not.iter().copied());
            self.not.drain(..self.not.len().saturating_sub(MANY));
            let unwanted = |day| facts.not.iter().any(|range| range.contains(day));
            if self.slot.as_ref().is_some_and(|slot| unwanted(slot.local_start().date())) {
                self.loosen();
            }
            if self.days.get().is_some_and(|range| range.from == range.to && unwanted(range.from)) {
                self.days = Field::Open;
            }
        }
        let ahead =
            |range: &DateRange| (range.to >= today).then(|| DateRange { from: range.from.max(today), to: range.to });
        match &facts.date {
            DateMention::None => {}
            DateMention::Exact(range) => match ahead(range) {
                Some(range) => self.choose_days(range),
                None => notes.push(Say::DayInPast { date: range.to }),
            },
            DateMention::Ambiguous(readings) => {
                let mut left: Vec<DateRange> = Vec::new();
                for range in readings.iter().filter_map(ahead) {
                    if !left.contains(&range) {
                        left.push(range);
                    }
                }
                match (left.as_slice(), readings.first()) {
                    ([], Some(first)) => notes.push(Say::DayInPast { date: first.to }),
                    ([], None) => {}
                    ([one], _) => self.choose_days(*one),
                    _ => {
                        self.loosen();
                        self.days = Field::OneOf(left);
                    }
                }
            }
        }
        // A day that is wished for by name is no longer unwanted.
        if let Some(range) = self.days.get() {
            self.not.retain(|not| !(range.from == range.to && not.contains(range.from)));
        }
    }

    fn fill_time(&mut self, facts: &Facts) {
        let stands = |draft: &Self, reading: TimeReading| {
            draft.slot.as_ref().is_some_and(|slot| fits(reading, slot.local_start()))
        };
        match &facts.time {
            TimeMention::None => {}
            TimeMention::Exact(reading) if stands(self, *reading) => {}
            TimeMention::Ambiguous(readings) if readings.iter().any(|reading| stands(self, *reading)) => {}
            TimeMention::Exact(reading) => {
                self.loosen();
                self.time = Field::Set(*reading);
            }
            TimeMention::Ambiguous(readings) => {
                self.loosen();
                self.time.narrow(readings.clone());
            }
        }
    }
}

/// Whether a wall time is what was wished for. "From 15:00" holds for 15:00; "to 12:00" no longer for 12:00 itself.
pub(super) fn fits(reading: TimeReading, local: NaiveDateTime) -> bool {
    let time = local.time();
    match reading {
        TimeReading::At(at) => time == at,
        TimeReading::Between { from, to } => {
            from.is_none_or(|from| from <= time) && to.is_none_or(|to| time < to || from == Some(time))
        }
    }
}

/// A number of days later; the same day at the end of the calendar.
pub(super) fn later(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

/// A number of days earlier; the same day at the beginning of the calendar.
pub(super) fn earlier(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}
