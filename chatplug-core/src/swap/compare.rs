//! What two booking systems offer on the same days: where they differ, a client who was used to the one finds the other.

use super::file::Mapping;
use crate::{
    model::{BranchId, Catalog, DateRange, ServiceId, SlotQuery, StaffChoice},
    ports::{BackendError, BookingBackend},
};
use chrono::{NaiveDate, NaiveTime};
use std::collections::{BTreeMap, BTreeSet};

/// How one service is offered by both.
#[derive(Debug)]
pub struct Comparison {
    /// At the old system.
    pub from: ServiceId,
    /// At the new one.
    pub to: ServiceId,
    /// Its name at the old one.
    pub name: String,
    /// Its name at the new one.
    pub name_there: String,
    /// Length at both, in minutes.
    pub minutes: (u32, u32),
    /// Free times of both systems that are the same.
    pub both: usize,
    /// Days on which they differ, in order; or why one of them cannot be asked.
    pub differs: Result<Vec<DayDifference>, BackendError>,
}

/// How a day differs; wall time of the branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayDifference {
    /// Which day.
    pub day: NaiveDate,
    /// Begins that only the old system offers.
    pub only_from: Vec<NaiveTime>,
    /// Begins that only the new one offers.
    pub only_to: Vec<NaiveTime>,
}

/// Compares the free times for anybody of every service that has a partner.
pub async fn compare(
    branch: &BranchId,
    (from, old): (&dyn BookingBackend, &Catalog),
    (to, new): (&dyn BookingBackend, &Catalog),
    mapping: &Mapping,
    days: DateRange,
) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for service in &old.services {
        let Some(there) = mapping.services.get(&service.id).and_then(|id| new.service(id)) else { continue };
        let mut both = 0;
        let differs = match (begins(from, branch, &service.id, days).await, begins(to, branch, &there.id, days).await) {
            (Ok(one), Ok(other)) => {
                both = one.intersection(&other).count();
                Ok(days_of(&one, &other))
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
        comparisons.push(Comparison {
            from: service.id.clone(),
            to: there.id.clone(),
            name: service.name.main.clone(),
            name_there: there.name.main.clone(),
            minutes: (service.minutes, there.minutes),
            both,
            differs,
        });
    }
    comparisons
}

type Begins = BTreeSet<(NaiveDate, NaiveTime)>;

async fn begins(
    backend: &dyn BookingBackend,
    branch: &BranchId,
    service: &ServiceId,
    days: DateRange,
) -> Result<Begins, BackendError> {
    let query = SlotQuery {
        branch: branch.clone(),
        services: vec![service.clone()],
        staff: StaffChoice::Any,
        days,
        party: 1,
        excluding: None,
    };
    let free = backend.availability(&query).await?;
    Ok(free.slots.iter().map(|slot| (slot.local_start().date(), slot.local_start().time())).collect())
}

fn days_of(one: &Begins, other: &Begins) -> Vec<DayDifference> {
    let mut days: BTreeMap<NaiveDate, DayDifference> = BTreeMap::new();
    let blank = |day| DayDifference { day, only_from: Vec::new(), only_to: Vec::new() };
    for (day, time) in one.difference(other) {
        days.entry(*day).or_insert_with(|| blank(*day)).only_from.push(*time);
    }
    for (day, time) in other.difference(one) {
        days.entry(*day).or_insert_with(|| blank(*day)).only_to.push(*time);
    }
    days.into_values().collect()
}
