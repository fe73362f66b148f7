//! The booking system that the business already runs.

use crate::model::{
    ActionKey, Availability, Booking, BookingId, BookingRef, BranchId, CancelReason, Catalog, ChannelUser, ClientField,
    ContactId, Lang, Phone, Private, ServiceId, Slot, SlotQuery,
};
use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt::Debug};

/// One account of one booking system: Altegio, Cal.com, the built-in calendar, or yours.
///
/// # Contract
/// - **Reads** may be repeated freely; an implementation may retry them within its vendor's limits.
/// - **Writes** (`book`, `reschedule`, `cancel`) are called once per key. An implementation never repeats a write by
///   itself. When the request may have left and no answer came, it answers [`BookError::OutcomeUnknown`]: the engine
///   then asks [`resolve`](Self::resolve) and nothing else.
/// - A returned [`Booking`] is what the *system* says (its answer, or a read after it), never the request echoed.
/// - A slot that is taken is [`BookError::SlotTaken`], whatever the vendor calls it.
/// - Everything is re-filtered by exact identity: a vendor that ignores a filter must not leak another client's bookings.
#[cfg_attr(feature = "testkit", mockall::automock)]
#[async_trait]
pub trait BookingBackend: Debug + Send + Sync {
    /// What the system can do; constant over the life of the value.
    fn capabilities(&self) -> Capabilities;

    /// What a branch offers.
    ///
    /// # Errors
    /// [`BackendError::NotFound`] for a branch it does not know.
    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError>;

    /// Free times, within lead time and horizon of the business, in order of time.
    ///
    /// # Errors
    /// [`BackendError::StaleCatalog`] when a service or person of the query is gone.
    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError>;

    /// Makes a booking. With [`StaffChoice::Any`](crate::model::StaffChoice::Any) in the slot the system picks the
    /// person, if [`Capabilities::assigns_staff`]; otherwise the engine has picked one.
    ///
    /// # Errors
    /// See [`BookError`].
    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError>;

    /// Moves a booking in place. Only called with [`Capabilities::moves_in_place`]; the engine books new, then cancels
    /// the old otherwise. The returned booking may have a new backend id.
    ///
    /// # Errors
    /// See [`BookError`]; after any error but `OutcomeUnknown` the old booking stands.
    async fn reschedule(&self, booking: &BookingRef, to: &Slot, key: ActionKey) -> Result<Booking, BookError>;

    /// Cancels a booking. Cancelling a cancelled one succeeds.
    ///
    /// # Errors
    /// See [`BookError`].
    async fn cancel(&self, booking: &BookingRef, reason: CancelReason, key: ActionKey) -> Result<(), BookError>;

    /// Marks "I will come". Called only with [`Capabilities::confirms_visits`]; otherwise the mark is kept by us.
    /// Repeating it changes nothing.
    ///
    /// # Errors
    /// See [`BookError`].
    async fn confirm_visit(&self, booking: &BookingRef) -> Result<Booking, BookError>;

    /// What became of a write whose answer was lost. `attempted` says when the (last) attempt began:
    /// [`Resolution::NotDone`] may only be answered once the vendor's longest execution time has passed since.
    ///
    /// # Errors
    /// When it cannot be asked now; the engine asks again later.
    async fn resolve(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError>;

    /// Bookings by filter, all pages.
    ///
    /// # Errors
    /// See [`BackendError`].
    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError>;

    /// Bookings of a branch that were made, changed, cancelled or deleted at or after an instant, in any order: what
    /// webhooks that were lost would have told. Only called with [`Capabilities::tells_changes`]. Telling too much costs
    /// nothing: each is a hint, and nobody hears of a booking that is as it was known.
    ///
    /// # Errors
    /// See [`BackendError`].
    async fn changed(&self, branch: &BranchId, since: DateTime<Utc>) -> Result<Vec<Changed>, BackendError> {
        let _ = (branch, since);
        Ok(Vec::new())
    }

    /// For whom a booking is, whoever made it and by whatever way: what another booking system must be told to make the same
    /// one. `None` where the system does not tell, or does not have the booking.
    ///
    /// # Errors
    /// See [`BackendError`].
    async fn whose(&self, booking: &BookingRef) -> Result<Option<BookedFor>, BackendError> {
        let _ = booking;
        Ok(None)
    }

    /// Whether a service that has a [gate](crate::model::Service::gate) is open to this client: the membership is there
    /// and lasts, the prepayment is made. Asked once, when such a service is chosen and before any time is; never for
    /// one without a gate. `false` where the system cannot tell: the client is then told what it takes, and is not led
    /// through a form that fails at its end. [`book`](Self::book) may still refuse
    /// ([`RejectReason::NotBookableHere`]).
    ///
    /// # Errors
    /// See [`BackendError`]; the client is told what it takes, too.
    async fn admits(
        &self,
        branch: &BranchId,
        service: &ServiceId,
        client: &ClientDetails,
    ) -> Result<bool, BackendError> {
        let _ = (branch, service, client);
        Ok(false)
    }
}

/// What a booking system can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// A name for logs and messages: `calendar`, `altegio` …
    pub name: &'static str,
    /// The system executes a repeated key once.
    pub idempotent: bool,
    /// `reschedule` moves without a moment of two bookings or none.
    pub moves_in_place: bool,
    /// `confirm_visit` is kept by the system.
    pub confirms_visits: bool,
    /// `book` takes "anyone" and picks fairly by itself.
    pub assigns_staff: bool,
    /// Staff have ratings.
    pub ratings: bool,
    /// Most services in one booking.
    pub max_services: u8,
    /// Most people in one booking.
    pub max_party: u8,
    /// New bookings may wait for the business's approval.
    pub needs_approval: bool,
    /// [`changed`](BookingBackend::changed) tells what changed since.
    pub tells_changes: bool,
    /// `book` and `reschedule` look at the time again themselves, right before they write: nobody else needs to, when a
    /// person is chosen.
    pub rechecks: bool,
    /// How long a catalogue may be believed while nobody says that it changed
    /// ([`Scoped::Catalog`](super::Scoped::Catalog)); `None`: as long as
    /// [`EngineOptions::catalog_ttl`](crate::engine::EngineOptions::catalog_ttl). For systems that say so and whose
    /// catalogue takes many calls to read.
    #[serde(skip)]
    pub catalog_lasts: Option<Duration>,
    /// Longest time that the vendor may still execute a request after its answer was lost.
    #[serde(skip)]
    pub settles_after: Duration,
}

/// A booking to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRequest {
    /// When, where, what, with whom.
    pub slot: Slot,
    /// For whom.
    pub client: ClientDetails,
    /// How many people come.
    pub party: u8,
    /// A word of the client to the business.
    pub note: Option<Private<String>>,
}

/// A client, as a booking system is told about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientDetails {
    /// Our id, for systems that keep it.
    pub contact: ContactId,
    /// Verified by the channel.
    pub user: ChannelUser,
    /// Name.
    pub name: Option<Private<String>>,
    /// E-mail address.
    pub email: Option<Private<String>>,
    /// Language.
    pub language: Lang,
}

/// For whom a booking is, as its booking system knows them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookedFor {
    /// Name.
    pub name: Option<Private<String>>,
    /// Phone number.
    pub phone: Option<Phone>,
    /// E-mail address.
    pub email: Option<Private<String>>,
}

/// A write, whole: enough to do it and to find out later whether it was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "one at a time is under way, and adapters match on plain fields")]
pub enum Action {
    /// Make a booking.
    Book(BookingRequest),
    /// Move a booking.
    Reschedule {
        /// Which, as last read.
        booking: Booking,
        /// Where to.
        to: Slot,
        /// Whose.
        client: ClientDetails,
    },
    /// Cancel a booking.
    Cancel {
        /// Which, as last read.
        booking: Booking,
        /// Why.
        reason: CancelReason,
    },
    /// Mark "I will come".
    ConfirmVisit {
        /// Which, as last read.
        booking: Booking,
    },
}

impl Action {
    /// The branch it happens at.
    #[must_use]
    pub const fn branch(&self) -> &BranchId {
        match self {
            Self::Book(request) => &request.slot.branch,
            Self::Reschedule { booking, .. } | Self::Cancel { booking, .. } | Self::ConfirmVisit { booking } => {
                &booking.reference.branch
            }
        }
    }

    /// The booking it changes, as last read, if it changes one.
    #[must_use]
    pub const fn changes(&self) -> Option<&Booking> {
        match self {
            Self::Book(_) => None,
            Self::Reschedule { booking, .. } | Self::Cancel { booking, .. } | Self::ConfirmVisit { booking } => {
                Some(booking)
            }
        }
    }

    /// The slot it takes, if it takes one.
    #[must_use]
    pub const fn slot(&self) -> Option<&Slot> {
        match self {
            Self::Book(request) => Some(&request.slot),
            Self::Reschedule { to, .. } => Some(to),
            Self::Cancel { .. } | Self::ConfirmVisit { .. } => None,
        }
    }
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolution {
    /// It was done; here is the booking as it stands now (for a cancellation, cancelled).
    Done(Box<Booking>),
    /// It was not done and will not be any more.
    NotDone,
    /// It may still be executed: ask again at or after this instant.
    TooEarly(DateTime<Utc>),
    /// The system cannot tell: a person must look.
    CannotTell,
}

/// Which bookings to find.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingFilter {
    /// At which branch.
    pub branch: BranchId,
    /// Of this client.
    pub client: Option<ClientDetails>,
    /// This very booking.
    pub reference: Option<BookingRef>,
    /// Starting at or after.
    pub from: Option<DateTime<Utc>>,
    /// Starting before.
    pub until: Option<DateTime<Utc>>,
    /// Also cancelled and past ones.
    pub all_statuses: bool,
}

impl BookingFilter {
    /// Everything at a branch; narrow it with the fields.
    #[must_use]
    pub const fn at(branch: BranchId) -> Self {
        Self { branch, client: None, reference: None, from: None, until: None, all_statuses: false }
    }
}

/// A booking that changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Changed {
    /// Which.
    pub reference: BookingRef,
    /// When, as exactly as the system tells, and the same whenever it is asked: two hints of one booking and one instant
    /// are one.
    pub changed_at: DateTime<Utc>,
}

impl Changed {
    /// The name of this change among those of its branch. A webhook that tells when a booking changed may take it for the
    /// [key](super::ReceivedEvent::key) of its event, so that the same change found by the sweep is not looked at again;
    /// only where no two changes of a booking share an instant, or the second one would not be looked at either.
    #[must_use]
    pub fn key(&self) -> String {
        // Of the whole name, and without it: it may be a secret, and keys are kept and logged.
        let name = BookingId::derive(&["changed", &self.reference.backend_id]);
        format!("{name}@{}", self.changed_at.timestamp_micros())
    }
}

/// Why a read failed, by what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// It does not exist (any more).
    #[error("the booking system does not know {what}")]
    NotFound {
        /// What was asked for, without personal data.
        what: String,
    },
    /// A service or person is gone: read the catalogue again.
    #[error("the catalogue has changed")]
    StaleCatalog,
    /// The credentials do not work: a person must mend them.
    #[error("the booking system refuses our credentials")]
    Unauthorized,
    /// Too fast: wait.
    #[error("the booking system asks to slow down")]
    RateLimited {
        /// How long, when it says.
        retry_after: Option<Duration>,
    },
    /// Down, slow, or answering nonsense: try later.
    #[error("the booking system is unavailable")]
    Unavailable {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// Why a write failed, by what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// Someone else was faster, or it is no longer offered: show other times.
    #[error("the time is taken")]
    SlotTaken,
    /// The system wants to know more first.
    #[error("the booking system needs more about the client")]
    Needs {
        /// What.
        fields: BTreeSet<ClientField>,
    },
    /// The business's rules forbid it; asking again cannot help.
    #[error("the booking system refused")]
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// The request left and no answer came. Never repeat it: ask `resolve`.
    #[error("the booking system gave no answer: it may have been done")]
    OutcomeUnknown {
        /// What happened.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Certainly not done, for a reason that reads have too.
    #[error("not done")]
    NotDone(#[source] BackendError),
}

/// Why a business refuses a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectReason {
    /// Too close to the visit, or after it.
    TooLate,
    /// The client has as many bookings as the business allows.
    TooMany,
    /// The client is blocked.
    Blocked,
    /// It needs something that this chat cannot give: see [`Service::gate`](crate::model::Service::gate).
    NotBookableHere,
    /// Some other rule.
    Other,
}

/// Ids of services in a booking request, for adapters.
impl BookingRequest {
    /// What is booked, in order.
    #[must_use]
    pub fn services(&self) -> &[ServiceId] {
        &self.slot.services
    }
}
