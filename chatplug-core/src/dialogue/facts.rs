//! What one message says about a visit, as far as it is true: an interpretation may lie, and be of any size.

use super::{BranchView, World, draft::MANY};
use crate::{
    model::{BranchId, DateRange, ServiceId, StaffId},
    ports::{DateMention, Interpretation, StaffMention, TimeMention},
};
use serde::{Deserialize, Serialize};

/// What one message says about a visit; ids are checked against the catalogues.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Facts {
    pub(super) services: Vec<ServiceId>,
    /// All of the services are wanted, not one of them.
    pub(super) every: bool,
    pub(super) staff: Option<StaffMention>,
    pub(super) date: DateMention,
    pub(super) time: TimeMention,
    pub(super) not: Vec<DateRange>,
    pub(super) party: u8,
    /// A branch named by its name.
    pub(super) branch: Option<BranchId>,
}

impl Facts {
    /// What an interpretation says that is true of the world: whatever it names must exist.
    pub(super) fn of(meaning: &Interpretation, text: &str, world: &World<'_>) -> Self {
        let catalogs = || world.branches.iter().map(|view| &view.catalog);
        let mut services: Vec<ServiceId> = Vec::new();
        for id in &meaning.services {
            let known = catalogs().any(|catalog| catalog.service(id).is_some());
            if known && !services.contains(id) && services.len() < MANY {
                services.push(id.clone());
            }
        }
        let staff = match &meaning.staff {
            Some(StaffMention::Named(ids)) => {
                let known = |id: &&StaffId| catalogs().any(|catalog| catalog.staff_member(id).is_some());
                let ids: Vec<StaffId> = ids.iter().filter(known).take(MANY).cloned().collect();
                (!ids.is_empty()).then_some(StaffMention::Named(ids))
            }
            other => other.clone(),
        };
        let ordered = |range: &&DateRange| range.from <= range.to;
        let date = match &meaning.date {
            DateMention::Exact(range) if range.from <= range.to => DateMention::Exact(*range),
            DateMention::Ambiguous(readings) => {
                DateMention::Ambiguous(readings.iter().filter(ordered).take(MANY).copied().collect())
            }
            DateMention::Exact(_) | DateMention::None => DateMention::None,
        };
        let time = match &meaning.time {
            TimeMention::Ambiguous(readings) => TimeMention::Ambiguous(readings.iter().take(MANY).copied().collect()),
            other => other.clone(),
        };
        Self {
            every: meaning.all_services && services.len() > 1,
            services,
            staff,
            date,
            time,
            not: meaning.not_dates.iter().filter(ordered).take(MANY).copied().collect(),
            party: if meaning.party > 1 { meaning.party } else { 0 },
            branch: branch_named(text, world),
        }
    }

    /// Whether anything was said about a visit.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether something was said that changes when or with whom.
    pub(super) fn reschedules(&self) -> bool {
        self.date != DateMention::None || self.time != TimeMention::None || self.staff.is_some()
    }

    /// Adds what a later message of the same thought says; the later word wins.
    pub(super) fn merge(&mut self, later: Self) {
        if !later.services.is_empty() {
            self.services = later.services;
            self.every = later.every;
        }
        if later.date != DateMention::None {
            self.date = later.date;
        }
        if later.time != TimeMention::None {
            self.time = later.time;
        }
        if later.party > 0 {
            self.party = later.party;
        }
        self.staff = later.staff.or_else(|| self.staff.take());
        self.branch = later.branch.or_else(|| self.branch.take());
        self.not.extend(later.not);
        self.not.truncate(MANY);
    }
}

/// A branch whose name stands in a text; only when there is a choice, and only when it is the only one.
fn branch_named(text: &str, world: &World<'_>) -> Option<BranchId> {
    if world.branches.len() < 2 || text.len() > 400 {
        return None;
    }
    let text = text.to_lowercase();
    let mut named = world.branches.iter().map(BranchView::branch).filter(|branch| {
        let name = branch.name.to_lowercase();
        !name.is_empty() && text.contains(&name)
    });
    let first = named.next()?;
    named.next().is_none().then(|| first.id.clone())
}
