//! Free times: what the hours allow, minus what is booked. Pure arithmetic on a plan and a list of appointments.

use crate::{
    hours::{Span, intersect, midnight},
    plan::{Doer, Plan, Visit},
};
use chatplug_core::{
    model::{Availability, BranchId, DateRange, Slot, StaffChoice, StaffId},
    ports::{Entry, EntryFilter},
};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use std::collections::HashMap;

/// One question for times, with all that does not depend on what is booked.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    plan: &'a Plan,
    visit: &'a Visit<'a>,
    /// Local days to look at, cut to today and the horizon; `None` when nothing is left.
    days: Option<DateRange>,
    /// First instant that may be booked, in seconds.
    earliest: i64,
}

/// A time that the hours allow for one doer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Start {
    date: NaiveDate,
    at: i64,
}

/// What is booked on one subject.
#[derive(Debug, Default)]
struct Load {
    taken: Vec<Span>,
    /// Seconds taken by local date, buffers included.
    booked: HashMap<NaiveDate, i64>,
    /// Last time that something was assigned.
    assigned: Option<DateTime<Utc>>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(plan: &'a Plan, visit: &'a Visit<'a>, days: DateRange, now: DateTime<Utc>) -> Self {
        let today = now.with_timezone(&plan.zone).date_naive();
        let last = today.checked_add_days(Days::new(plan.horizon.into())).unwrap_or(today);
        let days = DateRange { from: days.from.max(today), to: days.to.min(last) };
        let earliest = round_up(now + Duration::minutes(plan.lead.into())).max(now.timestamp() + 1);
        Self { plan, visit, days: (days.from <= days.to).then_some(days), earliest }
    }

    /// Which appointments must be read to answer; `None` when the answer is "none" whatever is booked.
    pub(crate) fn entries(&self) -> Option<EntryFilter> {
        let days = self.days?;
        let before = i64::from(self.visit.buffer_before()) * 60;
        let after = i64::from(self.visit.buffer_after()) * 60;
        let end = midnight(days.to.succ_opt()?, self.plan.zone);
        Some(EntryFilter {
            from: Some(instant(midnight(days.from, self.plan.zone) - before)?),
            until: Some(instant(end + self.visit.length() + after)?),
            ..EntryFilter::default()
        })
    }

    /// Who could take a time if nothing were booked, in the order of the config.
    pub(crate) fn on_offer_at(&self, start: DateTime<Utc>) -> Vec<&'a Doer<'a>> {
        let at = start.timestamp();
        let exact = instant(at) == Some(start);
        let offered = |doer: &&'a Doer<'a>| exact && self.on_offer(doer).iter().any(|offer| offer.at == at);
        self.visit.doers.iter().filter(offered).collect()
    }

    /// Free times, given all standing appointments that [`entries`](Self::entries) asks for.
    pub(crate) fn free(&self, branch: &BranchId, choice: &StaffChoice, entries: &[Entry]) -> Availability {
        let loads = self.loads(entries);
        let nothing = Load::default();
        let mut free: Vec<(Start, usize)> = Vec::new();
        for (index, doer) in self.visit.doers.iter().enumerate() {
            let load = loads.get(doer.subject.0.as_str()).unwrap_or(&nothing);
            free.extend(
                self.on_offer(doer).into_iter().filter(|start| self.is_free(load, *start)).map(|start| (start, index)),
            );
        }
        free.sort_unstable_by_key(|(start, index)| (start.at, *index));
        let mut slots: Vec<Slot> = Vec::with_capacity(free.len());
        for at_once in free.chunk_by(|(left, _), (right, _)| left.at == right.at) {
            let Some((start, _)) = at_once.first() else { continue };
            let mut doers: Vec<(&Doer<'_>, &Load)> = at_once
                .iter()
                .filter_map(|(_, index)| self.visit.doers.get(*index))
                .map(|doer| (doer, loads.get(doer.subject.0.as_str()).unwrap_or(&nothing)))
                .collect();
            // The sort is stable: among equals the order of the config stands.
            doers.sort_by_key(|(_, load)| (load.booked.get(&start.date).copied().unwrap_or(0), load.assigned));
            let candidates = doers.iter().filter_map(|(doer, _)| doer.staff.cloned()).collect();
            slots.extend(self.slot(branch, choice, *start, candidates));
        }
        Availability { slots }
    }

    /// Everything that the hours allow, lead time and horizon included.
    fn on_offer(&self, doer: &Doer<'_>) -> Vec<Start> {
        let Some(days) = self.days else { return Vec::new() };
        let zone = self.plan.zone;
        // A service with hours of its own sets the beat; otherwise the person's shift does.
        let own: Vec<_> = self.visit.services.iter().filter_map(|service| service.table.as_ref()).collect();
        let mut tables = own.into_iter().chain(doer.table);
        let Some(beat) = tables.next() else { return Vec::new() };
        let mut windows = beat.windows(days, zone);
        for table in tables {
            windows = intersect(&windows, &table.windows(days, zone));
        }
        let length = self.visit.length();
        let mut starts = Vec::new();
        let mut ahead = windows.as_slice();
        for (date, at) in beat.grid(days, self.plan.step, zone) {
            while let [first, rest @ ..] = ahead
                && first.to <= at
            {
                ahead = rest;
            }
            let span = Span { from: at, to: at + length };
            if at >= self.earliest && ahead.first().is_some_and(|window| window.holds(&span)) {
                starts.push(Start { date, at });
            }
        }
        starts
    }

    fn is_free(&self, load: &Load, start: Start) -> bool {
        let padded = Span {
            from: start.at - i64::from(self.visit.buffer_before()) * 60,
            to: start.at + self.visit.length() + i64::from(self.visit.buffer_after()) * 60,
        };
        let near: Vec<&Span> = load.taken.iter().filter(|taken| taken.overlaps(&padded)).collect();
        let capacity = self.visit.capacity() as usize;
        // Fewer than there are places, or never so many at one moment: the count only rises where something begins.
        near.len() < capacity || {
            let moments = near.iter().map(|taken| taken.from.max(padded.from));
            capacity > 1
                && moments.into_iter().all(|moment| {
                    near.iter().filter(|taken| taken.from <= moment && moment < taken.to).count() < capacity
                })
        }
    }

    fn loads<'e>(&self, entries: &'e [Entry]) -> HashMap<&'e str, Load> {
        let mut loads: HashMap<&str, Load> = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.standing) {
            let load = loads.entry(entry.subject.0.as_str()).or_default();
            let taken = Span { from: entry.taken_from.timestamp(), to: entry.taken_to.timestamp() };
            load.taken.push(taken);
            let date = |at: DateTime<Utc>| at.with_timezone(&self.plan.zone).date_naive();
            let (first, last) = (date(entry.taken_from), date(entry.taken_to));
            // All but a few lie within one day; those of the night are told apart at midnight.
            let night = if first == last { taken.to } else { midnight(last, self.plan.zone) };
            *load.booked.entry(first).or_default() += night - taken.from;
            *load.booked.entry(last).or_default() += taken.to - night;
            load.assigned = load.assigned.max(Some(entry.changed));
        }
        loads
    }

    fn slot(&self, branch: &BranchId, choice: &StaffChoice, start: Start, candidates: Vec<StaffId>) -> Option<Slot> {
        Some(Slot {
            branch: branch.clone(),
            services: self.visit.services.iter().map(|service| service.shown.id.clone()).collect(),
            staff: choice.clone(),
            candidates,
            start: instant(start.at)?,
            end: instant(start.at + self.visit.length())?,
            zone: self.plan.zone,
            price: self.visit.price(),
            token: None,
            buffer_before: self.visit.buffer_before(),
            buffer_after: self.visit.buffer_after(),
            capacity: self.visit.capacity(),
        })
    }
}

/// The local day of an instant: its first instant and the next day's.
pub(crate) fn local_day(plan: &Plan, at: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    let date = at.with_timezone(&plan.zone).date_naive();
    let next = date.succ_opt().unwrap_or(date);
    let (from, to) = (midnight(date, plan.zone), midnight(next, plan.zone));
    (instant(from).unwrap_or(at), instant(to).unwrap_or(at))
}

fn instant(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0)
}

fn round_up(at: DateTime<Utc>) -> i64 {
    at.timestamp() + i64::from(at.timestamp_subsec_nanos() > 0)
}
