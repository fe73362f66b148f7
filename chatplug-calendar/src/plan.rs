//! A checked calendar: what [`CalendarConfig::validate`](crate::CalendarConfig::validate) makes of a config.

use crate::hours::Timetable;
use chatplug_core::model::{
    Branch, BranchId, Catalog, ClaimSubject, ClientField, DateRange, OpeningHours, Place, Price, Service, ServiceId,
    Staff, StaffChoice, StaffId,
};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use iso_currency::Currency;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A calendar without mistakes, ready for [`Calendar::new`](crate::Calendar::new).
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(crate) name: String,
    pub(crate) zone: Tz,
    pub(crate) country: String,
    pub(crate) currency: Currency,
    pub(crate) place: Option<Place>,
    pub(crate) phone: Option<String>,
    pub(crate) opening: Vec<OpeningHours>,
    /// Minutes.
    pub(crate) lead: u32,
    /// Days after today.
    pub(crate) horizon: u32,
    /// Minutes.
    pub(crate) step: u32,
    pub(crate) services: Vec<PlannedService>,
    pub(crate) staff: Vec<PlannedStaff>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedService {
    pub(crate) shown: Service,
    pub(crate) buffer_before: u32,
    pub(crate) buffer_after: u32,
    pub(crate) capacity: u32,
    /// When it is offered; always there for a service without staff.
    pub(crate) table: Option<Timetable>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlannedStaff {
    pub(crate) shown: Staff,
    pub(crate) table: Timetable,
}

/// The services of one visit, as one thing that takes time.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) services: Vec<&'a PlannedService>,
    /// Who or what can do all of it, in the order of the config.
    pub(crate) doers: Vec<Doer<'a>>,
}

/// Who or what is taken by a visit.
#[derive(Debug, Clone)]
pub(crate) struct Doer<'a> {
    pub(crate) subject: ClaimSubject,
    pub(crate) staff: Option<&'a StaffId>,
    /// When they work; `None` for a service without staff, whose own table says it all.
    pub(crate) table: Option<&'a Timetable>,
}

impl Plan {
    /// The zone of the branch.
    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// Name of the branch as clients know it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What clients are shown. The version is a hash of the content, the same in every process.
    #[must_use]
    pub fn catalog(&self, id: &BranchId) -> Catalog {
        let mut catalog = Catalog {
            version: 0,
            branch: Branch {
                id: id.clone(),
                name: self.name.clone(),
                zone: self.zone,
                country: self.country.clone(),
                currency: self.currency,
                place: self.place.clone(),
                phone: self.phone.clone(),
                hours: self.opening.clone(),
            },
            services: self.services.iter().map(|service| service.shown.clone()).collect(),
            staff: self.staff.iter().map(|person| person.shown.clone()).collect(),
        };
        // Only a map with keys that are not texts cannot be written as JSON; there is none in a catalogue.
        let content = serde_json::to_vec(&catalog).unwrap_or_default();
        catalog.version = Uuid::new_v5(&Uuid::NAMESPACE_OID, &content).as_u64_pair().0;
        catalog
    }

    /// When a person works on a local date, breaks cut out, in order: for day views. Empty for somebody unknown.
    ///
    /// A shift that runs over midnight counts to the date on which it begins.
    #[must_use]
    pub fn working_time(&self, staff: &StaffId, date: NaiveDate) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
        let Some(person) = self.staff.iter().find(|person| person.shown.id == *staff) else { return Vec::new() };
        let instant = |seconds: i64| DateTime::from_timestamp(seconds, 0);
        let spans = person.table.windows(DateRange::day(date), self.zone);
        let spans = spans.into_iter().filter_map(|span| Some((instant(span.from)?, instant(span.to)?)));
        spans.filter(|(from, _)| from.with_timezone(&self.zone).date_naive() == date).collect()
    }

    /// What a visit with these services takes, with whom; `None` when a service or the person is not (any more) in it.
    ///
    /// Several services are done by one person one after another; buffers count before the first and after the last.
    pub(crate) fn visit(&self, branch: &BranchId, ids: &[ServiceId], staff: &StaffChoice) -> Option<Visit<'_>> {
        let find = |id: &ServiceId| self.services.iter().find(|service| service.shown.id == *id);
        let services: Vec<&PlannedService> = ids.iter().map(find).collect::<Option<_>>()?;
        let does_all = |id: &StaffId| services.iter().all(|service| service.shown.staff.contains(id));
        let doers: Vec<Doer<'_>> = match services.as_slice() {
            [] => return None,
            [alone] if alone.shown.staff.is_empty() => {
                vec![Doer { subject: ClaimSubject::service(branch, &alone.shown.id), staff: None, table: None }]
            }
            _ => {
                let doers = self.staff.iter().filter(|person| does_all(&person.shown.id));
                doers
                    .map(|person| Doer {
                        subject: ClaimSubject::staff(branch, &person.shown.id),
                        staff: Some(&person.shown.id),
                        table: Some(&person.table),
                    })
                    .collect()
            }
        };
        let doers = match staff {
            StaffChoice::Any => doers,
            StaffChoice::One(id) => {
                let wanted: Vec<_> = doers.into_iter().filter(|doer| doer.staff == Some(id)).collect();
                if wanted.is_empty() {
                    return None;
                }
                wanted
            }
        };
        Some(Visit { services, doers })
    }
}

impl Visit<'_> {
    /// Seconds from begin to end.
    pub(crate) fn length(&self) -> i64 {
        self.services.iter().map(|service| i64::from(service.shown.minutes) * 60).sum()
    }

    /// Minutes kept free before.
    pub(crate) fn buffer_before(&self) -> u32 {
        self.services.first().map_or(0, |service| service.buffer_before)
    }

    /// Minutes kept free after.
    pub(crate) fn buffer_after(&self) -> u32 {
        self.services.last().map_or(0, |service| service.buffer_after)
    }

    /// How many bookings may share the time.
    pub(crate) fn capacity(&self) -> u32 {
        match self.services.as_slice() {
            [alone] => alone.capacity,
            _ => 1,
        }
    }

    /// What it costs; unknown as soon as one part is.
    pub(crate) fn price(&self) -> Option<Price> {
        let mut prices = self.services.iter().map(|service| service.shown.price);
        let mut sum = prices.next()??;
        for price in prices {
            let price = price?;
            if let (None, None) = (sum.to, price.to) {
                sum.from.minor += price.from.minor;
            } else {
                let mut to = sum.to.unwrap_or(sum.from);
                to.minor += price.to.unwrap_or(price.from).minor;
                sum.from.minor += price.from.minor;
                sum.to = Some(to);
            }
        }
        Some(sum)
    }

    /// What must be known of a client.
    pub(crate) fn requires(&self) -> BTreeSet<ClientField> {
        self.services.iter().flat_map(|service| service.shown.requires.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_time_has_breaks_cut_out() {
        let plan = crate::demo::salon().validate().unwrap();
        let daria = StaffId::new("daria").unwrap();
        let on = |date: &str| {
            let spans = plan.working_time(&daria, date.parse().unwrap());
            let clock = |at: DateTime<Utc>| at.with_timezone(&plan.zone()).format("%H:%M").to_string();
            spans.into_iter().map(|(from, to)| format!("{}-{}", clock(from), clock(to))).collect::<Vec<_>>()
        };
        assert_eq!(on("2026-11-18"), ["10:00-14:00", "14:45-19:00"]);
        assert_eq!(on("2026-11-17"), [""; 0]);
        assert_eq!(on("2026-12-25"), [""; 0]);
        assert!(plan.working_time(&StaffId::new("nobody").unwrap(), "2026-11-18".parse().unwrap()).is_empty());
    }
}
