//! Bookings at one branch of Cal.com: event types as services, their hosts as staff.
//!
//! Which calls are made and how their answers are read is in `client` and `wire`; what the branch is, in `branch`.

mod contacts;
mod desk;
mod find;
mod free;
mod list;
mod moves;
mod race;
mod refs;
mod resolve;
mod shop;
mod shown;
mod sold;
mod write;

pub use sold::CalcomLeftOut;

use crate::{CalcomBranch, CalcomClient, CalcomConfig, CallError};
use async_trait::async_trait;
use chatplug_core::{
    model::{ActionKey, Availability, Booking, BookingRef, BranchId, CancelReason, Catalog, Slot, SlotQuery, StaffId},
    ports::{
        Action, BackendError, BookError, BookedFor, BookingBackend, BookingFilter, BookingRequest, Capabilities,
        Changed, Clock, RateLimiter, RejectReason, Resolution,
    },
};
use chrono::{DateTime, Duration, Utc};
use free::Times;
use shop::Shop;
use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicBool};

/// Bookings at one branch. Clones share what was read a short while ago.
#[derive(Debug, Clone)]
pub struct CalcomBackend {
    client: CalcomClient,
    at: Arc<CalcomBranch>,
    clock: Arc<dyn Clock>,
    settles_after: Duration,
    shop: Arc<Mutex<Option<KeptShop>>>,
    times: Arc<Mutex<Times>>,
    /// The server was found to have no organisations.
    no_organizations: Arc<AtomicBool>,
}

/// A catalogue and when it was read.
type KeptShop = (Arc<Shop>, DateTime<Utc>);

/// A catalogue is believed so long: Cal.com tells nobody that an event type changed.
const CATALOG_LASTS: Duration = Duration::hours(1);
/// Cal.com may still carry out a request so long after its answer was lost; not documented, and generous.
const SETTLES_AFTER: Duration = Duration::seconds(60);

impl CalcomBackend {
    /// A branch, called with a credential. To share the pace with other branches give all of them a limiter, or make them
    /// [`with_client`](Self::with_client).
    #[must_use]
    pub fn new(config: CalcomConfig, branch: CalcomBranch, http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self::with_client(CalcomClient::new(config, http), branch, clock)
    }

    /// A branch, called by this client.
    #[must_use]
    pub fn with_client(client: CalcomClient, branch: CalcomBranch, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            at: Arc::new(branch),
            clock,
            settles_after: SETTLES_AFTER,
            shop: Arc::default(),
            times: Arc::default(),
            no_organizations: Arc::default(),
        }
    }

    /// So long Cal.com may still carry out a request whose answer was lost; a minute, unless told. What is not there later
    /// counts as not done, so less than the truth books twice.
    #[must_use]
    pub const fn settling_after(mut self, longest: Duration) -> Self {
        self.settles_after = longest;
        self
    }

    /// Counts calls together with all that share the limiter.
    #[must_use]
    pub fn with_limiter(mut self, limiter: Arc<dyn RateLimiter>) -> Self {
        self.client = self.client.with_limiter(limiter);
        self
    }

    /// Who calls.
    #[must_use]
    pub const fn client(&self) -> &CalcomClient {
        &self.client
    }

    /// Which branch it is.
    #[must_use]
    pub fn branch(&self) -> &CalcomBranch {
        &self.at
    }

    /// Event types of the branch that are not offered in a chat, with their titles, and why. Reads the catalogue anew.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn left_out(&self) -> Result<Vec<(u64, String, CalcomLeftOut)>, CallError> {
        Ok(self.read_shop().await?.left_out.clone())
    }

    /// The same by the catalogue that was read a short while ago.
    pub(crate) async fn left_out_lately(&self) -> Result<Vec<(u64, String, CalcomLeftOut)>, CallError> {
        Ok(self.shop_or_error().await?.left_out.clone())
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn at_home(&self, branch: &BranchId) -> Result<(), BackendError> {
        if *branch == self.at.branch {
            Ok(())
        } else {
            Err(BackendError::NotFound { what: format!("the branch {branch}") })
        }
    }

    /// Reads the catalogue, and keeps it for what is asked next.
    async fn read_shop(&self) -> Result<Arc<Shop>, CallError> {
        let now = self.now();
        let shop = Arc::new(self.read_all().await?);
        *self.shop.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&shop), now));
        Ok(shop)
    }

    /// The catalogue as it was read a while ago.
    async fn shop_or_error(&self) -> Result<Arc<Shop>, CallError> {
        let kept = self.shop.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match kept {
            Some((shop, at)) if (self.now() - at).abs() < CATALOG_LASTS * 2 => Ok(shop),
            _ => self.read_shop().await,
        }
    }

    async fn shop(&self) -> Result<Arc<Shop>, BackendError> {
        self.shop_or_error().await.map_err(into_catalog_error)
    }

    /// The next look reads everything anew.
    fn forget_shop(&self) {
        *self.shop.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Free times are read anew: they changed, or may have.
    fn forget_times(&self) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// What free times and the catalogue are worth after a write.
    fn after_write<T>(&self, outcome: Result<T, BookError>) -> Result<T, BookError> {
        self.forget_times();
        if let Err(BookError::NotDone(BackendError::StaleCatalog)) = outcome {
            self.forget_shop();
        }
        outcome
    }
}

#[async_trait]
impl BookingBackend for CalcomBackend {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: "calcom",
            idempotent: false,
            moves_in_place: true,
            // What Cal.com calls to confirm is the business's approval.
            confirms_visits: false,
            // A pool's times name nobody: the system picks there, and nowhere else.
            assigns_staff: false,
            ratings: false,
            max_services: 1,
            max_party: 1,
            needs_approval: true,
            tells_changes: true,
            catalog_lasts: Some(CATALOG_LASTS),
            rechecks: true,
            settles_after: self.settles_after,
        }
    }

    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError> {
        self.at_home(branch)?;
        Ok(self.read_shop().await.map_err(into_catalog_error)?.catalog.clone())
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        self.at_home(&query.branch)?;
        let slots = self.free(query).await;
        if let Err(BackendError::StaleCatalog) = slots {
            self.forget_shop();
        }
        Ok(Availability { slots: slots? })
    }

    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        self.at_home(&request.slot.branch).map_err(BookError::NotDone)?;
        let made = self.make(request, key).await;
        self.after_write(made)
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, key: ActionKey) -> Result<Booking, BookError> {
        self.at_home(&to.branch).map_err(BookError::NotDone)?;
        let moved = self.move_booking(booking, to, key).await;
        self.after_write(moved)
    }

    async fn cancel(&self, booking: &BookingRef, reason: CancelReason, _key: ActionKey) -> Result<(), BookError> {
        let gone = self.call_off_booking(booking, reason).await;
        self.after_write(gone)
    }

    async fn confirm_visit(&self, _booking: &BookingRef) -> Result<Booking, BookError> {
        Err(BookError::Rejected { reason: RejectReason::NotBookableHere })
    }

    async fn resolve(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        self.at_home(action.branch())?;
        let found = self.resolve_action(action, key, attempted).await;
        self.forget_times();
        found
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        self.at_home(&filter.branch)?;
        if filter.reference.is_some() {
            // Somebody hints that it changed: what is free may have, too.
            self.forget_times();
        }
        self.find_all(filter).await
    }

    async fn whose(&self, booking: &BookingRef) -> Result<Option<BookedFor>, BackendError> {
        self.attendee_of(booking).await
    }

    async fn changed(&self, branch: &BranchId, since: DateTime<Utc>) -> Result<Vec<Changed>, BackendError> {
        self.at_home(branch)?;
        self.changed_since(since).await
    }
}

/// A catalogue that is not there: an account or a team that is not known is no missing booking.
fn into_catalog_error(error: CallError) -> BackendError {
    match error {
        error @ CallError::NotFound(_) => BackendError::Unavailable { source: Some(error.into()) },
        error => error.into_read(),
    }
}

/// Cal.com's numbers are texts here.
fn number(id: &str) -> Option<i64> {
    id.parse().ok().filter(|id| *id > 0)
}

fn staff_id(id: i64) -> Option<StaffId> {
    StaffId::new(id.to_string()).ok()
}
