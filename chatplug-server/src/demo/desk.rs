//! The team at the desk of a demo whose bookings are kept at a fake of a booking system.

use super::{AltegioDesk, CalcomDesk};
use chatplug_calendar::Plan;
use chatplug_core::model::{ContactId, StaffId};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// First names of clients who do not exist.
pub(super) const NAMES: [&str; 8] = ["Marta", "Tiago", "Sofia", "Pierre", "Lucía", "Olga", "Rui", "Nadia"];
/// Between times that the desk moves a visit to.
pub(super) const STEP: TimeDelta = TimeDelta::minutes(30);
/// Days for which the team's hours are known.
pub(super) const DAYS: usize = 70;

/// The desk, wherever the bookings are.
#[derive(Debug, Clone)]
pub enum Desk {
    /// At Altegio's fake.
    Altegio(AltegioDesk),
    /// At Cal.com's fake.
    Calcom(CalcomDesk),
}

/// A visit as the booking system keeps it, by the salon's clock.
#[derive(Debug, Clone)]
pub(super) struct DeskVisit {
    /// What the page calls it: a number of the fake's, never what it could be changed by.
    pub(super) id: String,
    pub(super) staff: String,
    /// The service's id in the plan.
    pub(super) service: Option<String>,
    pub(super) start: NaiveDateTime,
    pub(super) end: NaiveDateTime,
    pub(super) name: String,
    /// Digits; empty where the booking system was told none.
    pub(super) phone: String,
    /// Ours of the client, where the booking system keeps it.
    pub(super) contact: Option<ContactId>,
    pub(super) confirmed: bool,
}

impl Desk {
    /// Whose calendar it is, as people call it.
    pub(super) const fn system(&self) -> &'static str {
        match self {
            Self::Altegio(_) => "Altegio",
            Self::Calcom(_) => "Cal.com",
        }
    }

    /// Visits of a day, by begin.
    pub(super) fn visits(&self, date: NaiveDate) -> Vec<DeskVisit> {
        match self {
            Self::Altegio(desk) => desk.visits(date),
            Self::Calcom(desk) => desk.visits(date),
        }
    }

    /// The team takes a visit out; `false`: there is none.
    pub(super) fn cancel(&self, visit: &str) -> bool {
        match self {
            Self::Altegio(desk) => desk.cancel(visit),
            Self::Calcom(desk) => desk.cancel(visit),
        }
    }

    /// The team moves a visit to the next time at which its person is free; `false`: there is no such visit, or no time.
    pub(super) fn later(&self, visit: &str, plan: &Plan) -> bool {
        match self {
            Self::Altegio(desk) => desk.later(visit, plan),
            Self::Calcom(desk) => desk.later(visit, plan),
        }
    }
}

/// When somebody works on a day, by the salon's clock.
pub(super) fn hours(plan: &Plan, staff: &StaffId, date: NaiveDate) -> Vec<(NaiveTime, NaiveTime)> {
    let wall = |at: DateTime<Utc>| at.with_timezone(&plan.zone()).time();
    plan.working_time(staff, date).into_iter().map(|(from, to)| (wall(from), wall(to))).collect()
}

/// The next time after one at which a person is free for so long, within a week.
pub(super) fn next_free(
    plan: &Plan,
    staff: &StaffId,
    after: NaiveDateTime,
    length: TimeDelta,
    taken: &[(NaiveDateTime, NaiveDateTime)],
) -> Option<NaiveDateTime> {
    for date in after.date().iter_days().take(7) {
        for (from, to) in hours(plan, staff, date) {
            let mut start = date.and_time(from);
            while start + length <= date.and_time(to) {
                let free = taken.iter().all(|(begin, end)| *end <= start || start + length <= *begin);
                if start > after && free {
                    return Some(start);
                }
                start += STEP;
            }
        }
    }
    None
}
