//! What every [`BookingBackend`] must do, one test for each promise.
//!
//! A backend that cannot do something (keys, moving in place, choosing somebody) says so in its
//! [`Capabilities`](crate::ports::Capabilities); the promises that hang on it are skipped then, and printed as skipped.
//!
//! ```
//! use async_trait::async_trait;
//! use chatplug_core::testkit::contract::backend::{BackendHarness, BackendScene};
//! # fn open_a_fresh_account() -> BackendScene { unimplemented!() }
//!
//! struct MyCrm;
//!
//! #[async_trait]
//! impl BackendHarness for MyCrm {
//!     async fn fresh(&self) -> BackendScene {
//!         // BackendScene::new(backend, branch, service, days, now)
//!         open_a_fresh_account()
//!     }
//! }
//!
//! # #[cfg(test)]
//! mod contract {
//!     chatplug_core::backend_contract!(super::MyCrm);
//! }
//! # fn main() {}
//! ```
#![expect(clippy::panic, reason = "a broken promise fails its test by panicking")]

mod booking;
mod changing;
mod reading;
mod resolving;

pub use booking::*;
pub use changing::*;
pub use reading::*;
pub use resolving::*;

use crate::{
    model::{
        ActionKey, Booking, BookingStatus, BranchId, ChannelUser, ContactId, DateRange, Lang, Private, Service,
        ServiceId, Slot, SlotQuery, StaffChoice,
    },
    ports::{BackendError, BookError, BookingBackend, BookingFilter, BookingRequest, ClientDetails},
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use std::{any::Any, fmt::Debug, sync::Arc};

/// Makes accounts of a booking system for the tests.
#[async_trait]
pub trait BackendHarness: Send + Sync {
    /// A fresh account: the same catalogue every time, nothing booked. Each test asks for one.
    async fn fresh(&self) -> BackendScene;
}

/// An account to test on.
///
/// The service needs at least two free times with one person that do not touch each other; with more than one person
/// who does it, more promises are tried.
pub struct BackendScene {
    /// The backend under test.
    pub backend: Arc<dyn BookingBackend>,
    /// A branch it knows.
    pub branch: BranchId,
    /// A service of that branch.
    pub service: ServiceId,
    /// Local days with free times.
    pub days: DateRange,
    /// The time it is for the backend.
    pub now: DateTime<Utc>,
    /// Somebody who books by another way, if the test can play them.
    pub rival: Option<Box<dyn Rival>>,
    /// Whatever must live as long as the account: a fake server, a folder.
    pub keep: Option<Box<dyn Any + Send + Sync>>,
}

/// Somebody who takes times by another way than this backend: by telephone, on the vendor's own page.
#[async_trait]
pub trait Rival: Send + Sync {
    /// Takes this time of this person (or place).
    async fn take(&self, slot: &Slot);
}

impl BackendScene {
    /// An account to test on.
    pub fn new(
        backend: Arc<dyn BookingBackend>,
        branch: BranchId,
        service: ServiceId,
        days: DateRange,
        now: DateTime<Utc>,
    ) -> Self {
        Self { backend, branch, service, days, now, rival: None, keep: None }
    }

    /// With somebody who books by another way.
    #[must_use]
    pub fn with_rival(mut self, rival: impl Rival + 'static) -> Self {
        self.rival = Some(Box::new(rival));
        self
    }

    /// With something that must live as long as the account.
    #[must_use]
    pub fn keeping(mut self, keep: impl Any + Send + Sync) -> Self {
        self.keep = Some(Box::new(keep));
        self
    }
}

/// Writes one `#[test]` for each promise of a [`BookingBackend`], into the module it stands in. The argument is an
/// expression for a [`BackendHarness`].
#[macro_export]
macro_rules! backend_contract {
    ($harness:expr) => {
        $crate::backend_contract! { @each $harness,
            catalogue_is_sane
            catalogue_is_the_same_when_read_again
            unknown_branch_is_not_found
            unknown_service_is_a_stale_catalogue
            unknown_person_is_a_stale_catalogue
            free_times_are_in_order_and_ahead
            free_times_are_the_same_when_read_again
            anyone_is_the_sum_of_everyone
            booking_is_what_was_asked
            booking_takes_the_time
            booking_leaves_other_people_free
            taken_time_is_refused
            past_time_is_refused
            unknown_service_cannot_be_booked
            fifty_at_once_and_one_wins
            same_key_books_once
            same_key_at_once_books_once
            anyone_becomes_someone
            rival_from_outside_is_noticed
            clients_find_only_their_own
            bookings_are_found_by_time
            moving_leaves_one_booking
            moving_to_a_taken_time_changes_nothing
            own_time_does_not_stand_in_the_way
            same_key_moves_once
            cancelling_frees_the_time
            cancelling_twice_succeeds
            confirming_is_kept
            what_is_not_there_cannot_be_changed
            resolve_finds_a_booking
            resolve_finds_a_move
            resolve_finds_a_cancellation
            resolve_finds_a_confirmation
            resolve_says_what_was_not_done
            resolve_waits_until_it_is_settled
            resolve_claims_nobody_elses_booking
            what_changed_is_told
        }
    };
    (@each $harness:expr, $($promise:ident)*) => {$(
        #[test]
        fn $promise() {
            $crate::testkit::contract::block_on($crate::testkit::contract::backend::$promise(&$harness));
        }
    )*};
}

/// Prints that a promise does not apply. Only seen with `--nocapture`, or in a test that fails.
pub(crate) fn skip(promise: &str, why: &str) {
    println!("skipped {promise}: {why}");
}

impl BackendScene {
    /// A client by number, always the same one.
    pub(crate) fn client(&self, number: usize) -> ClientDetails {
        ClientDetails {
            contact: ContactId::derive(&["contract", &number.to_string()]),
            user: ChannelUser { phone: format!("35191{number:07}").parse().ok(), user_id: None },
            name: Some(Private::new(format!("Client {number}"))),
            email: Some(Private::new(format!("client{number}@example.org"))),
            language: Lang::EN,
        }
    }

    /// A key by name; another run of the test at another time has another one.
    pub(crate) fn key(&self, name: &str) -> ActionKey {
        ActionKey::derive(&["contract", self.branch.as_str(), name, &self.now.to_rfc3339()])
    }

    pub(crate) fn query(&self, staff: StaffChoice) -> SlotQuery {
        SlotQuery {
            branch: self.branch.clone(),
            services: vec![self.service.clone()],
            staff,
            days: self.days,
            party: 1,
            excluding: None,
        }
    }

    pub(crate) async fn service(&self) -> Service {
        let catalog = self.backend.catalog(&self.branch).await.or_fail("the catalogue");
        let Some(service) = catalog.service(&self.service) else {
            panic!("the harness names the service {}, which the catalogue does not have", self.service)
        };
        service.clone()
    }

    pub(crate) async fn free(&self, staff: StaffChoice) -> Vec<Slot> {
        self.backend.availability(&self.query(staff)).await.or_fail("availability").slots
    }

    /// The first free time, with a person where the backend has people.
    pub(crate) async fn first(&self) -> Slot {
        let free = self.free(StaffChoice::Any).await;
        let Some(slot) = free.into_iter().next() else { panic!("the harness's days have no free time") };
        pinned(slot)
    }

    /// Two free times of one person with nothing of the one touching the other.
    pub(crate) async fn pair(&self) -> (Slot, Slot) {
        let first = self.first().await;
        let later = self
            .free(first.staff.clone())
            .await
            .into_iter()
            .map(|slot| with_staff_of(&first, slot))
            .find(|slot| padded(slot).0 >= padded(&first).1);
        let Some(later) = later else { panic!("the harness's days have no two separate free times of one person") };
        (first, later)
    }

    pub(crate) fn request(&self, slot: &Slot, client: usize) -> BookingRequest {
        BookingRequest { slot: slot.clone(), client: self.client(client), party: 1, note: None }
    }

    pub(crate) async fn try_book(&self, slot: &Slot, client: usize, key: &str) -> Result<Booking, BookError> {
        self.backend.book(&self.request(slot, client), self.key(key)).await
    }

    pub(crate) async fn book(&self, slot: &Slot, client: usize, key: &str) -> Booking {
        self.try_book(slot, client, key).await.or_fail("booking a free time")
    }

    /// Books a time until it is full (once, unless it is a class); answers client 0's booking.
    pub(crate) async fn fill(&self, slot: &Slot) -> Booking {
        let first = self.book(slot, 0, "fill 0").await;
        for other in 1..slot.capacity as usize {
            self.book(slot, 100 + other, &format!("fill {other}")).await;
        }
        first
    }

    /// Whether the time is offered with the person of the slot.
    pub(crate) async fn offers(&self, slot: &Slot) -> bool {
        self.free(slot.staff.clone()).await.iter().any(|free| free.start == slot.start)
    }

    pub(crate) async fn find(&self, narrow: impl FnOnce(&mut BookingFilter)) -> Vec<Booking> {
        let mut filter = BookingFilter::at(self.branch.clone());
        narrow(&mut filter);
        self.backend.find(&filter).await.or_fail("find")
    }

    /// A client's bookings that stand.
    pub(crate) async fn bookings_of(&self, client: usize) -> Vec<Booking> {
        let mut bookings = self.find(|filter| filter.client = Some(self.client(client))).await;
        bookings.retain(stands);
        bookings
    }
}

/// Failing with a sentence.
pub(crate) trait OrFail<T> {
    /// The value, or a failed test.
    fn or_fail(self, what: &str) -> T;
}

impl<T, E: Debug> OrFail<T> for Result<T, E> {
    fn or_fail(self, what: &str) -> T {
        self.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
    }
}

/// The slot with its first candidate, as the engine picks where the backend does not.
pub(crate) fn pinned(slot: Slot) -> Slot {
    match (&slot.staff, slot.candidates.first().cloned()) {
        (StaffChoice::Any, Some(person)) => slot.with_staff(person),
        _ => slot,
    }
}

pub(crate) fn stands(booking: &Booking) -> bool {
    matches!(booking.status, BookingStatus::Booked | BookingStatus::Requested)
}

/// Refused because it is taken, or because the backend is asked too fast; never "maybe".
#[track_caller]
pub(crate) fn assert_taken(outcome: Result<Booking, BookError>, what: &str) {
    match outcome {
        Err(BookError::SlotTaken) => {}
        other => panic!("{what} must be SlotTaken, and was {other:?}"),
    }
}

#[track_caller]
pub(crate) fn assert_not_found<T: Debug>(outcome: Result<T, BackendError>, what: &str) {
    match outcome {
        Err(BackendError::NotFound { .. }) => {}
        other => panic!("{what} must be NotFound, and was {other:?}"),
    }
}

fn padded(slot: &Slot) -> (DateTime<Utc>, DateTime<Utc>) {
    (slot.start - Duration::minutes(slot.buffer_before.into()), slot.end + Duration::minutes(slot.buffer_after.into()))
}

fn with_staff_of(first: &Slot, mut slot: Slot) -> Slot {
    slot.staff = first.staff.clone();
    slot
}
