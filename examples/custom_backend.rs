//! Bring your own booking system: an adapter for a made-up one, whole, and the contract suite that it passes.
//!
//! `cargo test --example custom_backend` runs the suite, `cargo run --example custom_backend` prints:
//! > free tomorrow with anyone: 09:00 09:30 10:00 …
//! > booked: Cut, Friday 09:00, with ana

use async_trait::async_trait;
use chatplug::{
    model::{
        ActionKey, Availability, Booking, BookingRef, BookingStatus, Branch, BranchId, CancelReason, Catalog,
        ChannelUser, ClientField, ContactId, DateRange, InstallId, Lang, Localized, Service, ServiceId, Slot,
        SlotQuery, Staff, StaffChoice, StaffId, local_to_utc,
    },
    ports::{
        Action, BackendError, BookError, BookingBackend, BookingFilter, BookingRequest, Capabilities, ClientDetails,
        Clock, RejectReason, Resolution,
    },
};
use chrono::{DateTime, Duration, NaiveTime, Utc};
use chrono_tz::Europe::Lisbon;
use std::sync::{Arc, Mutex};

/// What the made-up system keeps.
#[derive(Debug, Clone)]
struct Visit {
    id: u64,
    who: &'static str,
    start: DateTime<Utc>,
    phone: String,
    stands: bool,
    confirmed: bool,
}

/// The made-up system itself. Yours is on the other end of an HTTP client.
#[derive(Debug, Default)]
struct PaperDesk(Mutex<Vec<Visit>>);

const PEOPLE: [&str; 2] = ["ana", "bruno"];
const LENGTH: Duration = Duration::minutes(30);

/// The adapter: translates between its words and ours.
#[derive(Debug)]
struct PaperBackend {
    desk: Arc<PaperDesk>,
    branch: BranchId,
    clock: Arc<dyn Clock>,
}

impl PaperBackend {
    fn at_home(&self, branch: &BranchId) -> Result<(), BackendError> {
        if *branch == self.branch { Ok(()) } else { Err(BackendError::NotFound { what: format!("branch {branch}") }) }
    }

    fn booking(&self, visit: &Visit) -> Option<Booking> {
        Some(Booking {
            id: None,
            reference: BookingRef {
                install: InstallId::new("paper").ok()?,
                branch: self.branch.clone(),
                backend_id: visit.id.to_string(),
            },
            services: vec![ServiceId::new("cut").ok()?],
            title: "Cut".to_owned(),
            staff: StaffId::new(visit.who).ok(),
            start: visit.start,
            end: visit.start + LENGTH,
            zone: Lisbon,
            status: if visit.stands { BookingStatus::Booked } else { BookingStatus::Cancelled },
            confirmed: visit.confirmed,
            price: None,
            contact: None,
            made_by: None,
        })
    }

    fn visits(&self) -> std::sync::MutexGuard<'_, Vec<Visit>> {
        self.desk.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes one visit that stands, by our name of it.
    fn change(&self, booking: &BookingRef, change: impl FnOnce(&mut Visit)) -> Result<Booking, BookError> {
        let mut visits = self.visits();
        let visit = visits.iter_mut().find(|visit| visit.id.to_string() == booking.backend_id).ok_or_else(not_there)?;
        change(visit);
        self.booking(visit).ok_or_else(not_there)
    }

    /// Whom a slot names, if the system knows them and the slot is one that it offers.
    fn place(&self, slot: &Slot) -> Result<&'static str, BookError> {
        let stale = BookError::NotDone(BackendError::StaleCatalog);
        if slot.services.iter().any(|service| service.as_str() != "cut") {
            return Err(stale);
        }
        if slot.start <= self.clock.now() {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        let name = slot.staff_id().map(StaffId::as_str);
        PEOPLE.into_iter().find(|person| Some(*person) == name).ok_or(stale)
    }
}

fn not_there() -> BookError {
    BookError::NotDone(BackendError::NotFound { what: "the visit".to_owned() })
}

fn phone(client: &ClientDetails) -> String {
    client.user.phone.as_ref().map(|phone| phone.digits().to_owned()).unwrap_or_default()
}

fn overlaps(visit: &Visit, who: &str, start: DateTime<Utc>) -> bool {
    visit.stands && visit.who == who && visit.start < start + LENGTH && start < visit.start + LENGTH
}

#[async_trait]
impl BookingBackend for PaperBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "paper",
            idempotent: false,
            moves_in_place: true,
            confirms_visits: true,
            assigns_staff: false,
            ratings: false,
            max_services: 1,
            max_party: 1,
            needs_approval: false,
            tells_changes: false,
            rechecks: false,
            catalog_lasts: None,
            settles_after: Duration::zero(),
        }
    }

    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError> {
        self.at_home(branch)?;
        let staff: Vec<_> = PEOPLE.into_iter().filter_map(|name| StaffId::new(name).ok()).collect();
        let (name, requires) = (Localized::new("Cut").with(Lang::PT, "Corte"), vec![ClientField::Phone]);
        let cut =
            ServiceId::new("cut").map(|id| Service { staff: staff.clone(), requires, ..Service::new(id, name, 30) });
        let branch = Branch {
            id: branch.clone(),
            name: "Paper Desk".to_owned(),
            zone: Lisbon,
            country: "PT".to_owned(),
            currency: iso_currency::Currency::EUR,
            place: None,
            phone: None,
            hours: Vec::new(),
        };
        Ok(Catalog {
            version: 1,
            branch,
            services: cut.into_iter().collect(),
            staff: staff.into_iter().map(|id| Staff::new(id.clone(), id.to_string())).collect(),
        })
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        self.at_home(&query.branch)?;
        let unknown_person = query.staff.id().is_some_and(|id| !PEOPLE.contains(&id.as_str()));
        if unknown_person || query.services.iter().any(|service| service.as_str() != "cut") {
            return Err(BackendError::StaleCatalog);
        }
        let visits = self.visits();
        let moving = query.excluding.as_ref().map(|booking| booking.backend_id.clone());
        let now = self.clock.now();
        let mut slots = Vec::new();
        for day in query.days.days() {
            for step in 0..18 {
                let Some(nine) = NaiveTime::from_hms_opt(9, 0, 0) else { continue };
                let Ok(start) = local_to_utc(day.and_time(nine + LENGTH * step), Lisbon) else { continue };
                let free = |who: &&str| {
                    query.staff.id().is_none_or(|id| id.as_str() == *who)
                        && !visits.iter().any(|v| overlaps(v, who, start) && Some(v.id.to_string()) != moving)
                };
                let candidates: Vec<_> =
                    PEOPLE.into_iter().filter(free).filter_map(|who| StaffId::new(who).ok()).collect();
                if start > now && !candidates.is_empty() {
                    slots.push(Slot {
                        branch: self.branch.clone(),
                        services: query.services.clone(),
                        staff: query.staff.clone(),
                        candidates,
                        start,
                        end: start + LENGTH,
                        zone: Lisbon,
                        price: None,
                        token: None,
                        buffer_before: 0,
                        buffer_after: 0,
                        capacity: 1,
                    });
                }
            }
        }
        Ok(Availability { slots })
    }

    async fn book(&self, request: &BookingRequest, _key: ActionKey) -> Result<Booking, BookError> {
        let who = self.place(&request.slot)?;
        let mut visits = self.visits();
        if visits.iter().any(|visit| overlaps(visit, who, request.slot.start)) {
            return Err(BookError::SlotTaken);
        }
        let id = visits.len() as u64 + 1;
        let phone = phone(&request.client);
        visits.push(Visit { id, who, start: request.slot.start, phone, stands: true, confirmed: false });
        visits.last().and_then(|visit| self.booking(visit)).ok_or_else(not_there)
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, _key: ActionKey) -> Result<Booking, BookError> {
        let who = self.place(to)?;
        let clash = |visit: &Visit| visit.id.to_string() != booking.backend_id && overlaps(visit, who, to.start);
        if self.visits().iter().any(clash) {
            return Err(BookError::SlotTaken);
        }
        self.change(booking, |visit| (visit.who, visit.start) = (who, to.start))
    }

    async fn cancel(&self, booking: &BookingRef, _reason: CancelReason, _key: ActionKey) -> Result<(), BookError> {
        self.change(booking, |visit| visit.stands = false).map(drop)
    }

    async fn confirm_visit(&self, booking: &BookingRef) -> Result<Booking, BookError> {
        self.change(booking, |visit| visit.confirmed = true)
    }

    async fn resolve(&self, action: &Action, _key: ActionKey, _at: DateTime<Utc>) -> Result<Resolution, BackendError> {
        let visits = self.visits();
        let by_ref =
            |booking: &Booking| visits.iter().find(|visit| visit.id.to_string() == booking.reference.backend_id);
        let found = match action {
            Action::Book(BookingRequest { slot, client, .. }) => {
                visits.iter().find(|v| v.stands && v.start == slot.start && v.phone == phone(client))
            }
            Action::Reschedule { booking, to, .. } => by_ref(booking).filter(|visit| visit.start == to.start),
            Action::Cancel { booking, .. } => by_ref(booking).filter(|visit| !visit.stands),
            Action::ConfirmVisit { booking } => by_ref(booking).filter(|visit| visit.confirmed),
        };
        let booking = found.and_then(|visit| self.booking(visit));
        Ok(booking.map_or(Resolution::NotDone, |booking| Resolution::Done(Box::new(booking))))
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        self.at_home(&filter.branch)?;
        let wanted = |visit: &&Visit| {
            filter.client.as_ref().is_none_or(|client| phone(client) == visit.phone)
                && filter.reference.as_ref().is_none_or(|reference| reference.backend_id == visit.id.to_string())
                && filter.from.is_none_or(|from| visit.start >= from)
                && filter.until.is_none_or(|until| visit.start < until)
                && (filter.all_statuses || visit.stands)
        };
        Ok(self.visits().iter().filter(wanted).filter_map(|visit| self.booking(visit)).collect())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Arc::new(chatplug::ports::SystemClock);
    let branch = BranchId::new("main")?;
    let backend = PaperBackend { desk: Arc::default(), branch: branch.clone(), clock: clock.clone() };
    let tomorrow = (clock.now() + Duration::days(1)).with_timezone(&Lisbon).date_naive();
    let (services, days) = (vec![ServiceId::new("cut")?], DateRange::day(tomorrow));
    let query = SlotQuery { branch, services, staff: StaffChoice::Any, days, party: 1, excluding: None };
    let free = backend.availability(&query).await?.slots;
    let times: String = free.iter().map(|slot| slot.local_start().format("%H:%M ").to_string()).collect();
    println!("> free tomorrow with anyone: {times}");
    let slot = free.first().cloned().ok_or("nothing is free")?.with_staff(StaffId::new("ana")?);
    let user = ChannelUser { phone: Some("351910000000".parse()?), user_id: None };
    let client =
        ClientDetails { contact: ContactId::derive(&["you"]), user, name: None, email: None, language: Lang::EN };
    let request = BookingRequest { slot, client, party: 1, note: None };
    let booking = backend.book(&request, ActionKey::derive(&["example"])).await?;
    println!("> booked: {}, {}, with ana", booking.title, booking.start.with_timezone(&Lisbon).format("%A %H:%M"));
    Ok(())
}

#[cfg(test)]
mod contract {
    use super::*;
    use chatplug::testkit::{
        VirtualClock,
        contract::backend::{BackendHarness, BackendScene},
    };

    struct Paper;

    #[async_trait]
    impl BackendHarness for Paper {
        async fn fresh(&self) -> BackendScene {
            let clock = VirtualClock::starting("2026-03-09T08:00:00Z");
            let (branch, service) = (BranchId::new("main").unwrap(), ServiceId::new("cut").unwrap());
            let days = DateRange::day("2026-03-12".parse().unwrap());
            let backend = PaperBackend { desk: Arc::default(), branch: branch.clone(), clock: Arc::new(clock.clone()) };
            BackendScene::new(Arc::new(backend), branch, service, days, clock.now())
        }
    }

    chatplug::backend_contract!(Paper);
}
