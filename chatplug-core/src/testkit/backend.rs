//! A booking system in memory: one branch, opening hours, people, a book of bookings.
//!
//! It can be made as poor as a vendor (without keys, without moving in place, without choosing people), and edited as
//! somebody at the reception would. Losing answers and being down is the business of [`wrap`](super::wrap).

use super::{VirtualClock, lock};
use crate::{
    model::{
        ActionKey, Availability, Booking, BookingRef, BookingStatus, BranchId, CancelReason, Catalog, ContactId,
        InstallId, Price, Service, ServiceId, Slot, SlotQuery, StaffChoice, StaffId, local_to_utc,
    },
    ports::{
        Action, BackendError, BookError, BookedFor, BookingBackend, BookingFilter, BookingRequest, Capabilities,
        Changed, ClientDetails, Clock, RejectReason, Resolution,
    },
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, NaiveTime, Utc};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// A [`BookingBackend`] in memory, open every day from 9 to 18 by the branch's clock, with a time every half hour.
/// Clones share one book.
///
/// ```
/// # use chatplug_core::testkit::{MemoryBackend, VirtualClock, contract::intent::catalog};
/// # use std::sync::Arc;
/// let clock = VirtualClock::default();
/// let crm = MemoryBackend::new(catalog(), Arc::new(clock)).able(|can| can.moves_in_place = false);
/// # let _ = crm;
/// ```
#[derive(Debug, Clone)]
pub struct MemoryBackend {
    catalog: Arc<Mutex<Arc<Catalog>>>,
    install: InstallId,
    clock: Arc<dyn Clock>,
    can: Capabilities,
    open: (NaiveTime, NaiveTime),
    step: u32,
    book: Arc<Mutex<Vec<Booking>>>,
    /// Keys of writes that were done, with the place of the booking.
    done: Arc<Mutex<Vec<(ActionKey, usize)>>>,
    /// What was changed when.
    changes: Arc<Mutex<Vec<Changed>>>,
    /// For whom each booking is that was made by way of this port, by place.
    clients: Arc<Mutex<BTreeMap<String, BookedFor>>>,
    /// Who may book services with a gate.
    members: Arc<Mutex<Vec<ContactId>>>,
}

impl MemoryBackend {
    /// A booking system that can do everything but seat several people or services.
    #[must_use]
    pub fn new(catalog: Catalog, clock: Arc<dyn Clock>) -> Self {
        let can = Capabilities {
            name: "memory",
            idempotent: true,
            moves_in_place: true,
            confirms_visits: true,
            assigns_staff: true,
            ratings: catalog.staff.iter().any(|person| person.rating.is_some()),
            max_services: 1,
            max_party: 1,
            needs_approval: false,
            tells_changes: true,
            rechecks: false,
            catalog_lasts: None,
            settles_after: Duration::zero(),
        };
        let hour = |hour| NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Self {
            install: Self::install_of(&catalog.branch.id),
            catalog: Arc::new(Mutex::new(Arc::new(catalog))),
            clock,
            can,
            open: (hour(9), hour(18)),
            step: 30,
            book: Arc::default(),
            done: Arc::default(),
            changes: Arc::default(),
            clients: Arc::default(),
            members: Arc::default(),
        }
    }

    /// The studio of the suites' [catalogue](super::contract::intent::catalog), at [`VirtualClock::default`]'s time.
    #[must_use]
    pub fn studio() -> Self {
        Self::new(super::contract::intent::catalog(), Arc::new(VirtualClock::default()))
    }

    /// With other abilities: without keys, without moving in place …
    #[must_use]
    pub fn able(mut self, change: impl FnOnce(&mut Capabilities)) -> Self {
        change(&mut self.can);
        self
    }

    /// As another account of the same branch: what a branch is swapped to.
    #[must_use]
    pub fn account(mut self, install: InstallId) -> Self {
        self.install = install;
        self
    }

    /// With other opening hours, by the branch's clock.
    #[must_use]
    pub const fn open(mut self, from: NaiveTime, to: NaiveTime) -> Self {
        self.open = (from, to);
        self
    }

    /// The business offers something else from now on.
    pub fn offer(&self, change: impl FnOnce(&mut Catalog)) {
        let mut catalog = lock(&self.catalog);
        let mut changed = (**catalog).clone();
        changed.version += 1;
        change(&mut changed);
        *catalog = Arc::new(changed);
    }

    /// A client has what services with a gate ask for.
    pub fn admit_client(&self, contact: ContactId) {
        lock(&self.members).push(contact);
    }

    /// Everything that was ever booked, as it stands.
    #[must_use]
    pub fn bookings(&self) -> Vec<Booking> {
        lock(&self.book).clone()
    }

    /// Bookings that stand.
    #[must_use]
    pub fn standing(&self) -> Vec<Booking> {
        lock(&self.book).iter().filter(|booking| stands(booking)).cloned().collect()
    }

    /// Somebody at the reception changes a booking, by its backend id. `false` when there is none.
    pub fn edit(&self, backend_id: &str, change: impl FnOnce(&mut Booking)) -> bool {
        let mut book = lock(&self.book);
        let Some(booking) = book.iter_mut().find(|booking| booking.reference.backend_id == backend_id) else {
            return false;
        };
        change(booking);
        self.note(&booking.reference);
        true
    }

    /// Somebody books by telephone.
    pub fn take(&self, slot: &Slot) {
        let mut book = lock(&self.book);
        let booking = self.booking(book.len(), slot, slot.staff_id().cloned());
        self.note(&booking.reference);
        book.push(booking);
    }

    /// The first free times of a service on a day, for anyone.
    ///
    /// # Errors
    /// As [`BookingBackend::availability`].
    pub async fn times(&self, service: &str, day: chrono::NaiveDate) -> Result<Vec<Slot>, BackendError> {
        let query = SlotQuery {
            branch: self.offered().branch.id.clone(),
            services: service.parse().into_iter().collect(),
            staff: StaffChoice::Any,
            days: crate::model::DateRange::day(day),
            party: 1,
            excluding: None,
        };
        Ok(self.availability(&query).await?.slots)
    }

    fn install_of(branch: &BranchId) -> InstallId {
        // Branch ids and install ids are made of the same letters.
        InstallId::new(branch.as_str()).unwrap_or_else(|_| unreachable!("a branch id is an install id"))
    }

    fn offered(&self) -> Arc<Catalog> {
        lock(&self.catalog).clone()
    }

    fn note(&self, reference: &BookingRef) {
        lock(&self.changes).push(Changed { reference: reference.clone(), changed_at: self.clock.now() });
    }

    fn booking(&self, place: usize, slot: &Slot, staff: Option<StaffId>) -> Booking {
        let catalog = self.offered();
        let service = slot.services.first().and_then(|id| catalog.service(id));
        Booking {
            id: None,
            reference: BookingRef {
                install: self.install.clone(),
                branch: slot.branch.clone(),
                backend_id: format!("m{}", place + 1),
            },
            services: slot.services.clone(),
            title: service.map_or_else(|| "Visit".to_owned(), |service| service.name.main.clone()),
            staff,
            start: slot.start,
            end: slot.end,
            zone: slot.zone,
            status: if self.can.needs_approval { BookingStatus::Requested } else { BookingStatus::Booked },
            confirmed: false,
            price: slot.price,
            contact: None,
            made_by: None,
        }
    }

    fn service(&self, services: &[ServiceId]) -> Result<Service, BackendError> {
        match services {
            [one] => self.offered().service(one).cloned().ok_or(BackendError::StaleCatalog),
            _ => Err(BackendError::StaleCatalog),
        }
    }

    /// Who of these is free from one instant to another; for a service without people `Some` of nobody.
    fn free(&self, book: &[Booking], slot: &Slot, service: &Service, moving: Option<usize>) -> Option<Vec<StaffId>> {
        let overlapping = |staff: Option<&StaffId>| {
            book.iter().enumerate().any(|(place, booking)| {
                let same = match staff {
                    Some(staff) => booking.staff.as_ref() == Some(staff),
                    None => booking.services == slot.services,
                };
                same && Some(place) != moving && stands(booking) && booking.start < slot.end && slot.start < booking.end
            })
        };
        if service.staff.is_empty() {
            return (!overlapping(None)).then(Vec::new);
        }
        let wanted = |staff: &&StaffId| slot.staff_id().is_none_or(|one| one == *staff);
        let free = service.staff.iter().filter(wanted).filter(|staff| !overlapping(Some(staff))).cloned();
        let free: Vec<StaffId> = free.collect();
        (!free.is_empty()).then_some(free)
    }

    /// Takes a time in the book: who does it, or why it cannot be.
    fn admit(&self, book: &[Booking], slot: &Slot, moving: Option<usize>) -> Result<Option<StaffId>, BookError> {
        let service = self.service(&slot.services).map_err(BookError::NotDone)?;
        if slot.start <= self.clock.now() {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        let local = slot.local_start();
        let closed = local.time() < self.open.0 || (slot.end.with_timezone(&slot.zone)).time() > self.open.1;
        if closed || slot.end - slot.start != Duration::minutes(service.minutes.into()) {
            return Err(BookError::SlotTaken);
        }
        let free = self.free(book, slot, &service, moving).ok_or(BookError::SlotTaken)?;
        let busy = |staff: &StaffId| -> i64 {
            let theirs = book.iter().filter(|booking| stands(booking) && booking.staff.as_ref() == Some(staff));
            let that_day = |booking: &&Booking| booking.start.with_timezone(&slot.zone).date_naive() == local.date();
            theirs.filter(that_day).map(|booking| (booking.end - booking.start).num_minutes()).sum()
        };
        Ok(free.into_iter().min_by_key(busy))
    }

    fn done(&self, key: ActionKey) -> Option<usize> {
        let done = lock(&self.done);
        done.iter().find(|(known, _)| self.can.idempotent && *known == key).map(|(_, place)| *place)
    }
}

fn stands(booking: &Booking) -> bool {
    matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested)
}

fn unknown() -> BackendError {
    BackendError::NotFound { what: "the booking".to_owned() }
}

fn place_of(book: &[Booking], reference: &BookingRef) -> Option<usize> {
    book.iter().position(|booking| booking.reference == *reference)
}

fn theirs(booking: &Booking, client: &ClientDetails) -> bool {
    booking.contact == Some(client.contact)
}

#[async_trait]
impl BookingBackend for MemoryBackend {
    fn capabilities(&self) -> Capabilities {
        self.can.clone()
    }

    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError> {
        let catalog = self.offered();
        if *branch != catalog.branch.id {
            return Err(BackendError::NotFound { what: "the branch".to_owned() });
        }
        Ok((*catalog).clone())
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        let catalog = self.catalog(&query.branch).await?;
        let service = self.service(&query.services)?;
        if query.staff.id().is_some_and(|staff| !service.staff.contains(staff)) {
            return Err(BackendError::StaleCatalog);
        }
        let (zone, now) = (catalog.branch.zone, self.clock.now());
        let length = Duration::minutes(service.minutes.into());
        let price: Option<Price> = service.price;
        let book = lock(&self.book);
        let moving = query.excluding.as_ref().and_then(|reference| place_of(&book, reference));
        let mut slots = Vec::new();
        // A year is the horizon.
        for day in query.days.days().take(366) {
            let (open, close) = (day.and_time(self.open.0), day.and_time(self.open.1));
            let times = (0..).map(|n| open + Duration::minutes((n * self.step).into()));
            for start in times.take_while(|start| *start + length <= close) {
                let Ok(start) = local_to_utc(start, zone) else { continue };
                let mut slot = Slot {
                    branch: query.branch.clone(),
                    services: query.services.clone(),
                    staff: query.staff.clone(),
                    candidates: Vec::new(),
                    start,
                    end: start + length,
                    zone,
                    price,
                    token: None,
                    buffer_before: 0,
                    buffer_after: 0,
                    capacity: 1,
                };
                if let Some(free) = self.free(&book, &slot, &service, moving).filter(|_| start > now) {
                    slot.candidates = free;
                    slots.push(slot);
                }
            }
        }
        Ok(Availability { slots })
    }

    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        let mut book = lock(&self.book);
        if let Some(known) = self.done(key).and_then(|place| book.get(place)) {
            return Ok(known.clone());
        }
        let gated = self.service(&request.slot.services).map_err(BookError::NotDone)?.gate.is_some();
        if gated && !lock(&self.members).contains(&request.client.contact) {
            return Err(BookError::Rejected { reason: RejectReason::NotBookableHere });
        }
        let staff = self.admit(&book, &request.slot, None)?;
        let mut booking = self.booking(book.len(), &request.slot, staff);
        booking.contact = Some(request.client.contact);
        booking.made_by = self.can.idempotent.then_some(key);
        let ClientDetails { user, name, email, .. } = request.client.clone();
        lock(&self.clients).insert(booking.reference.backend_id.clone(), BookedFor { name, phone: user.phone, email });
        lock(&self.done).push((key, book.len()));
        self.note(&booking.reference);
        book.push(booking.clone());
        Ok(booking)
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, key: ActionKey) -> Result<Booking, BookError> {
        if !self.can.moves_in_place {
            return Err(BookError::Rejected { reason: RejectReason::NotBookableHere });
        }
        let mut book = lock(&self.book);
        if let Some(known) = self.done(key).and_then(|place| book.get(place)) {
            return Ok(known.clone());
        }
        let not_found = || BookError::NotDone(unknown());
        let place = place_of(&book, booking).ok_or_else(not_found)?;
        if !book.get(place).is_some_and(stands) {
            return Err(not_found());
        }
        let staff = self.admit(&book, to, Some(place))?;
        let known = book.get_mut(place).ok_or_else(not_found)?;
        (known.start, known.end, known.staff, known.confirmed) = (to.start, to.end, staff, false);
        known.price = to.price;
        lock(&self.done).push((key, place));
        self.note(&known.reference);
        Ok(known.clone())
    }

    async fn cancel(&self, booking: &BookingRef, _reason: CancelReason, _key: ActionKey) -> Result<(), BookError> {
        let mut book = lock(&self.book);
        let known = book.iter_mut().find(|known| known.reference == *booking);
        known.ok_or_else(|| BookError::NotDone(unknown()))?.status = BookingStatus::Cancelled;
        self.note(booking);
        Ok(())
    }

    async fn confirm_visit(&self, booking: &BookingRef) -> Result<Booking, BookError> {
        let mut book = lock(&self.book);
        let known = book.iter_mut().find(|known| known.reference == *booking);
        let known = known.ok_or_else(|| BookError::NotDone(unknown()))?;
        known.confirmed = true;
        self.note(booking);
        Ok(known.clone())
    }

    async fn resolve(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        let book = lock(&self.book);
        let by_name = |booking: &Booking| place_of(&book, &booking.reference).and_then(|place| book.get(place));
        let done = match action {
            Action::Book(request) if self.can.idempotent => {
                let place = self.done(key);
                place.and_then(|place| book.get(place)).filter(|booking| theirs(booking, &request.client))
            }
            Action::Book(request) => book.iter().find(|booking| {
                let same = booking.start == request.slot.start && booking.services == request.slot.services;
                same && stands(booking) && theirs(booking, &request.client)
            }),
            Action::Reschedule { booking, to, .. } => by_name(booking).filter(|known| known.start == to.start),
            Action::Cancel { booking, .. } => by_name(booking).filter(|known| !stands(known)),
            Action::ConfirmVisit { booking } => by_name(booking).filter(|known| known.confirmed),
        };
        let settled = attempted + self.can.settles_after;
        Ok(match done {
            Some(booking) => Resolution::Done(Box::new(booking.clone())),
            None if self.clock.now() < settled => Resolution::TooEarly(settled),
            None => Resolution::NotDone,
        })
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        self.catalog(&filter.branch).await?;
        let now = self.clock.now();
        let wanted = |booking: &&Booking| {
            filter.client.as_ref().is_none_or(|client| theirs(booking, client))
                && filter.reference.as_ref().is_none_or(|reference| booking.reference == *reference)
                && filter.from.is_none_or(|from| booking.start >= from)
                && filter.until.is_none_or(|until| booking.start < until)
                && (filter.all_statuses || (stands(booking) && booking.end > now))
        };
        let mut found: Vec<Booking> = lock(&self.book).iter().filter(wanted).cloned().collect();
        found.sort_by_key(|booking| booking.start);
        Ok(found)
    }

    async fn changed(&self, branch: &BranchId, since: DateTime<Utc>) -> Result<Vec<Changed>, BackendError> {
        self.catalog(branch).await?;
        Ok(lock(&self.changes).iter().filter(|change| change.changed_at >= since).cloned().collect())
    }

    async fn whose(&self, booking: &BookingRef) -> Result<Option<BookedFor>, BackendError> {
        Ok(lock(&self.clients).get(&booking.backend_id).cloned())
    }

    async fn admits(
        &self,
        branch: &BranchId,
        service: &ServiceId,
        client: &ClientDetails,
    ) -> Result<bool, BackendError> {
        let catalog = self.catalog(branch).await?;
        let service = catalog.service(service).ok_or(BackendError::StaleCatalog)?;
        Ok(service.gate.is_none() || lock(&self.members).contains(&client.contact))
    }
}
