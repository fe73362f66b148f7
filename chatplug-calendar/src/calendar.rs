//! The calendar as a [`BookingBackend`].

use crate::{
    plan::{Plan, Visit},
    slots::{Search, local_day},
};
use async_trait::async_trait;
use chatplug_core::{
    model::{
        ActionKey, Availability, Booking, BookingRef, BookingStatus, BranchId, CancelReason, Catalog, ClientField,
        ContactId, DateRange, InstallId, Private, Slot, SlotQuery,
    },
    ports::{
        Action, BackendError, BookError, BookingBackend, BookingFilter, BookingRequest, BranchCalendar, CalendarError,
        Capabilities, ClientDetails, Clock, Entry, EntryFilter, EntryMark, NewEntry, RejectReason, Resolution,
    },
};
use chrono::{DateTime, Duration, Utc};
use std::{collections::BTreeSet, sync::Arc};

/// The built-in calendar of one branch.
///
/// # What it promises beyond the port
/// - Times lie on a grid of wall-clock steps that begins anew with each stretch of hours: 09:00, 09:15 … and 14:00,
///   14:15 …. When the clock goes forward, times that do not exist are not offered; when it goes back, a time that the
///   clock shows twice is offered once, the first time. A visit always lasts as long as it says, in real minutes.
/// - A visit lies wholly inside working hours, outside breaks. Its buffers only keep other visits away: they may reach
///   into a break or past closing time.
/// - No outcome is ever unknown for long: [`resolve`](BookingBackend::resolve) answers at once from the same database.
/// - An appointment that has ended counts as [`BookingStatus::Completed`]; nobody marks no-shows here.
#[derive(Debug)]
pub struct Calendar {
    branch: BranchId,
    install: InstallId,
    plan: Plan,
    catalog: Catalog,
    store: Arc<dyn BranchCalendar>,
    clock: Arc<dyn Clock>,
}

impl Calendar {
    /// A branch's calendar: its plan, kept in a store.
    #[must_use]
    pub fn new(
        branch: BranchId,
        install: InstallId,
        plan: Plan,
        store: Arc<dyn BranchCalendar>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let catalog = plan.catalog(&branch);
        Self { branch, install, plan, catalog, store, clock }
    }

    /// The plan it works by.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    fn at_home(&self, branch: &BranchId) -> Result<(), BackendError> {
        if *branch == self.branch { Ok(()) } else { Err(unknown("the branch")) }
    }

    fn visit(&self, slot: &Slot) -> Result<Visit<'_>, BackendError> {
        self.at_home(&slot.branch)?;
        self.plan.visit(&self.branch, &slot.services, &slot.staff).ok_or(BackendError::StaleCatalog)
    }

    /// A slot as an entry to write, after every rule but "is it free".
    fn entry(&self, slot: &Slot, owner: Owner, key: ActionKey) -> Result<NewEntry, BookError> {
        let visit = self.visit(slot).map_err(BookError::NotDone)?;
        // What the client agreed to is what is booked: another length or price is another offer.
        if slot.end - slot.start != Duration::seconds(visit.length())
            || slot.price.is_some_and(|price| visit.price() != Some(price))
        {
            return Err(BookError::NotDone(BackendError::StaleCatalog));
        }
        let now = self.clock.now();
        if slot.start <= now || slot.start < now + Duration::minutes(self.plan.lead.into()) {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        let day = DateRange::day(slot.start.with_timezone(&self.plan.zone).date_naive());
        let search = Search::new(&self.plan, &visit, day, now);
        let candidates: Vec<_> = search
            .on_offer_at(slot.start)
            .into_iter()
            .map(|doer| (doer.subject.clone(), doer.staff.cloned()))
            .collect();
        if candidates.is_empty() {
            return Err(BookError::SlotTaken);
        }
        let (day_from, day_to) = local_day(&self.plan, slot.start);
        Ok(NewEntry {
            services: slot.services.clone(),
            candidates,
            start: slot.start,
            end: slot.end,
            taken_from: slot.start - Duration::minutes(visit.buffer_before().into()),
            taken_to: slot.end + Duration::minutes(visit.buffer_after().into()),
            day_from,
            day_to,
            capacity: visit.capacity(),
            contact: owner.contact,
            client_name: owner.name,
            price: visit.price().and_then(|price| serde_json::to_string(&price).ok()),
            note: owner.note,
            key,
            now,
        })
    }

    fn new_entry(&self, request: &BookingRequest, key: ActionKey) -> Result<NewEntry, BookError> {
        let visit = self.visit(&request.slot).map_err(BookError::NotDone)?;
        if request.party > 1 {
            return Err(BookError::Rejected { reason: RejectReason::NotBookableHere });
        }
        let fields = missing(&visit, &request.client);
        if !fields.is_empty() {
            return Err(BookError::Needs { fields });
        }
        let owner =
            Owner { contact: request.client.contact, name: request.client.name.clone(), note: request.note.clone() };
        self.entry(&request.slot, owner, key)
    }

    fn booking(&self, entry: Entry) -> Booking {
        let service = entry.services.first();
        let title = service.and_then(|id| self.catalog.service(id)).map(|service| service.name.main.clone());
        let status = match entry.standing {
            false => BookingStatus::Cancelled,
            true if entry.end <= self.clock.now() => BookingStatus::Completed,
            true => BookingStatus::Booked,
        };
        Booking {
            id: None,
            reference: BookingRef { install: self.install.clone(), branch: self.branch.clone(), backend_id: entry.id },
            title: title.or_else(|| service.map(ToString::to_string)).unwrap_or_default(),
            services: entry.services,
            staff: entry.staff,
            start: entry.start,
            end: entry.end,
            zone: self.plan.zone,
            status,
            confirmed: entry.confirmed,
            price: entry.price.and_then(|price| serde_json::from_str(&price).ok()),
            contact: Some(entry.contact),
            made_by: Some(entry.key),
        }
    }

    /// What an action with this key wrote before, if it ran.
    async fn written_by(&self, key: ActionKey) -> Result<Option<Entry>, CalendarError> {
        let filter = EntryFilter { key: Some(key), all: true, ..EntryFilter::default() };
        Ok(self.store.entries(filter).await?.into_iter().next())
    }

    async fn entry_of(&self, booking: &BookingRef) -> Result<Option<Entry>, CalendarError> {
        if booking.branch != self.branch || booking.install != self.install {
            return Ok(None);
        }
        let filter = EntryFilter { id: Some(booking.backend_id.clone()), all: true, ..EntryFilter::default() };
        Ok(self.store.entries(filter).await?.into_iter().find(|entry| entry.id == booking.backend_id))
    }

    /// The entry that a write is about.
    async fn to_change(&self, booking: &BookingRef) -> Result<Entry, BookError> {
        let entry = self.entry_of(booking).await.map_err(|error| BookError::NotDone(read_error(error)))?;
        entry.ok_or_else(|| BookError::NotDone(unknown("the booking")))
    }

    /// What to answer when a rule forbids a write: the same key may have done it earlier, when it was still allowed.
    async fn refused(&self, key: ActionKey, refusal: BookError) -> Result<Booking, BookError> {
        match self.written_by(key).await {
            Ok(Some(entry)) => Ok(self.booking(entry)),
            Ok(None) => Err(refusal),
            Err(error) => Err(BookError::NotDone(read_error(error))),
        }
    }
}

#[async_trait]
impl BookingBackend for Calendar {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "calendar",
            idempotent: true,
            moves_in_place: true,
            confirms_visits: true,
            assigns_staff: true,
            ratings: self.catalog.staff.iter().any(|person| person.rating.is_some()),
            max_services: 5,
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
        Ok(self.catalog.clone())
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        self.at_home(&query.branch)?;
        let visit = self.plan.visit(&self.branch, &query.services, &query.staff).ok_or(BackendError::StaleCatalog)?;
        if query.party > 1 {
            return Ok(Availability::default());
        }
        let search = Search::new(&self.plan, &visit, query.days, self.clock.now());
        let Some(filter) = search.entries() else { return Ok(Availability::default()) };
        let mut entries = self.store.entries(filter).await.map_err(read_error)?;
        if let Some(moved) = &query.excluding {
            entries.retain(|entry| entry.id != moved.backend_id);
        }
        Ok(search.free(&self.branch, &query.staff, &entries))
    }

    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        match self.new_entry(request, key) {
            Ok(entry) => Ok(self.booking(self.store.insert(entry).await.map_err(write_error)?)),
            Err(refusal) => self.refused(key, refusal).await,
        }
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, key: ActionKey) -> Result<Booking, BookError> {
        let old = self.to_change(booking).await?;
        if !old.standing {
            return self.refused(key, BookError::NotDone(unknown("the booking"))).await;
        }
        if old.start <= self.clock.now() {
            return self.refused(key, BookError::Rejected { reason: RejectReason::TooLate }).await;
        }
        let owner = Owner { contact: old.contact, name: old.client_name, note: old.note };
        match self.entry(to, owner, key) {
            Ok(entry) => Ok(self.booking(self.store.relocate(&old.id, entry).await.map_err(write_error)?)),
            Err(refusal) => self.refused(key, refusal).await,
        }
    }

    async fn cancel(&self, booking: &BookingRef, reason: CancelReason, key: ActionKey) -> Result<(), BookError> {
        let entry = self.to_change(booking).await?;
        let now = self.clock.now();
        if !entry.standing {
            return Ok(());
        }
        if entry.start <= now && reason != CancelReason::Team {
            return Err(BookError::Rejected { reason: RejectReason::TooLate });
        }
        self.store.mark(&entry.id, EntryMark::Cancelled, Some(key), now).await.map_err(write_error)?;
        Ok(())
    }

    async fn confirm_visit(&self, booking: &BookingRef) -> Result<Booking, BookError> {
        let mut entry = self.to_change(booking).await?;
        if entry.standing && !entry.confirmed {
            let marked = self.store.mark(&entry.id, EntryMark::Confirmed, None, self.clock.now()).await;
            entry = marked.map_err(write_error)?;
        }
        if entry.standing { Ok(self.booking(entry)) } else { Err(BookError::NotDone(unknown("the booking"))) }
    }

    async fn resolve(
        &self,
        action: &Action,
        key: ActionKey,
        _attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        self.at_home(action.branch())?;
        let (entry, done) = match action {
            Action::Book(_) | Action::Reschedule { .. } => (self.written_by(key).await.map_err(read_error)?, true),
            Action::Cancel { booking, .. } => {
                let entry = self.entry_of(&booking.reference).await.map_err(read_error)?;
                let done = entry.as_ref().is_some_and(|entry| !entry.standing);
                (entry, done)
            }
            Action::ConfirmVisit { booking } => {
                let entry = self.entry_of(&booking.reference).await.map_err(read_error)?;
                let done = entry.as_ref().is_some_and(|entry| entry.standing && entry.confirmed);
                (entry, done)
            }
        };
        Ok(match entry {
            Some(entry) if done => Resolution::Done(Box::new(self.booking(entry))),
            _ => Resolution::NotDone,
        })
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        self.at_home(&filter.branch)?;
        let wanted = filter.reference.as_ref();
        if wanted.is_some_and(|wanted| wanted.branch != self.branch || wanted.install != self.install) {
            return Ok(Vec::new());
        }
        let now = (!filter.all_statuses).then(|| self.clock.now());
        let entries = self.store.entries(EntryFilter {
            id: wanted.map(|wanted| wanted.backend_id.clone()),
            contact: filter.client.as_ref().map(|client| client.contact),
            from: filter.from.max(now),
            until: filter.until,
            all: filter.all_statuses,
            key: None,
        });
        let mut bookings: Vec<Booking> =
            entries.await.map_err(read_error)?.into_iter().map(|entry| self.booking(entry)).collect();
        bookings.retain(|booking| {
            filter.client.as_ref().is_none_or(|client| booking.contact == Some(client.contact))
                && wanted.is_none_or(|wanted| booking.reference == *wanted)
                && filter.from.is_none_or(|from| booking.start >= from)
                && filter.until.is_none_or(|until| booking.start < until)
                && (filter.all_statuses || booking.status == BookingStatus::Booked)
        });
        bookings.sort_by(|left, right| (left.start, &left.reference).cmp(&(right.start, &right.reference)));
        Ok(bookings)
    }
}

/// Whose an entry is.
struct Owner {
    contact: ContactId,
    name: Option<Private<String>>,
    note: Option<Private<String>>,
}

fn missing(visit: &Visit<'_>, client: &ClientDetails) -> BTreeSet<ClientField> {
    let known = |field: &ClientField| match field {
        ClientField::Email => client.email.is_some(),
        ClientField::Name => client.name.is_some(),
        ClientField::Phone => client.user.phone.is_some(),
        // A field of a newer version: nothing here asks for it.
        _ => true,
    };
    visit.requires().into_iter().filter(|field| !known(field)).collect()
}

fn unknown(what: &str) -> BackendError {
    BackendError::NotFound { what: what.to_owned() }
}

fn read_error(error: CalendarError) -> BackendError {
    match error {
        CalendarError::NotFound => unknown("the booking"),
        other => BackendError::Unavailable { source: Some(Box::new(other)) },
    }
}

/// A store that fails has written whole or not at all, but which of the two is for `resolve` to find out.
fn write_error(error: CalendarError) -> BookError {
    match error {
        CalendarError::Taken => BookError::SlotTaken,
        CalendarError::NotFound => BookError::NotDone(unknown("the booking")),
        other => BookError::OutcomeUnknown { source: Some(Box::new(other)) },
    }
}
