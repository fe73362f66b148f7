//! Bookings at one location of Altegio.
//!
//! The business side (records, with a partner and a user token) is the way; what little the public online booking allows
//! without a user is in `public`. Which calls are made and how their answers are read is in `client` and `wire`.

mod find;
mod free;
pub(crate) mod place;
mod public;
mod records;
mod resolve;
mod shop;
mod times;
mod write;

use crate::{AltegioClient, AltegioConfig, CallError};
use async_trait::async_trait;
use chatplug_core::{
    model::{
        ActionKey, Availability, Booking, BookingRef, BranchId, CancelReason, Catalog, InstallId, ServiceId, Slot,
        SlotQuery, StaffId,
    },
    ports::{
        Action, BackendError, BookError, BookedFor, BookingBackend, BookingFilter, BookingRequest, Capabilities,
        Changed, ClientDetails, Clock, RateLimiter, Resolution,
    },
};
use chrono::{DateTime, Duration, Utc};
use iso_currency::Currency;
use shop::Shop;
use std::sync::{Arc, Mutex, PoisonError};
use times::{FRESH as FRESH_LOOK, Times};

/// A location and what it is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AltegioBranch {
    /// Our branch.
    pub branch: BranchId,
    /// Our name of the connection.
    pub install: InstallId,
    /// Altegio's number of the location (`company_id`, `salon_id`), as in the address of the timetable.
    pub location: u64,
    /// ISO 3166 code of the country, where its phone number does not tell.
    pub country: Option<String>,
    /// Where it is not that of the country: Altegio shows a symbol only.
    pub currency: Option<Currency>,
}

impl AltegioBranch {
    /// A location whose country and currency Altegio tells well enough.
    #[must_use]
    pub const fn new(branch: BranchId, install: InstallId, location: u64) -> Self {
        Self { branch, install, location, country: None, currency: None }
    }
}

/// Bookings at one location. Clones share what was read a short while ago.
#[derive(Debug, Clone)]
pub struct AltegioBackend {
    client: AltegioClient,
    at: Arc<AltegioBranch>,
    clock: Arc<dyn Clock>,
    settles_after: Duration,
    shop: Arc<Mutex<Option<KeptShop>>>,
    times: Arc<Mutex<Times>>,
}

/// A catalogue and when it was read.
type KeptShop = (Arc<Shop>, DateTime<Utc>);

/// A catalogue is believed so long when nobody says that it changed.
const CATALOG_LASTS: Duration = Duration::hours(1);
/// Altegio may still carry out a request so long after its answer was lost; not documented, and generous.
const SETTLES_AFTER: Duration = Duration::seconds(60);
/// Most services in one record that are asked for here.
const MOST_SERVICES: u8 = 8;

impl AltegioBackend {
    /// A location, called by an account. To share the pace with other branches give all of them a limiter, or make them
    /// [`with_client`](Self::with_client).
    #[must_use]
    pub fn new(config: AltegioConfig, branch: AltegioBranch, http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self::with_client(AltegioClient::new(config, http), branch, clock)
    }

    /// A location, called by this client.
    #[must_use]
    pub fn with_client(client: AltegioClient, branch: AltegioBranch, clock: Arc<dyn Clock>) -> Self {
        let at = Arc::new(branch);
        Self { client, at, clock, settles_after: SETTLES_AFTER, shop: Arc::default(), times: Arc::default() }
    }

    /// So long Altegio may still carry out a request whose answer was lost; a minute, unless told. What is not there later
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
    pub const fn client(&self) -> &AltegioClient {
        &self.client
    }

    /// Which location it is.
    #[must_use]
    pub fn branch(&self) -> &AltegioBranch {
        &self.at
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

    fn is_ours(&self, reference: &BookingRef) -> bool {
        reference.install == self.at.install && reference.branch == self.at.branch
    }

    fn reference(&self, backend_id: String) -> BookingRef {
        BookingRef { install: self.at.install.clone(), branch: self.at.branch.clone(), backend_id }
    }

    /// Reads the catalogue, and keeps it for what is asked next.
    async fn read_shop(&self) -> Result<Arc<Shop>, BackendError> {
        let now = self.now();
        let shop = match self.client.has_user() {
            true => self.shop_of_business(now).await,
            false => self.shop_of_public().await,
        };
        let shop = Arc::new(shop.map_err(CallError::into_read)?);
        *self.shop.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&shop), now));
        Ok(shop)
    }

    /// The catalogue as it was read a while ago.
    async fn shop(&self) -> Result<Arc<Shop>, BackendError> {
        let kept = self.shop.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match kept {
            Some((shop, at)) if (self.now() - at).abs() < CATALOG_LASTS * 2 => Ok(shop),
            _ => self.read_shop().await,
        }
    }

    /// The next look reads everything anew.
    fn forget_shop(&self) {
        *self.shop.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Free times are read anew: they changed, or may have.
    fn forget_times(&self) {
        *self.times.lock().unwrap_or_else(PoisonError::into_inner) = Times::default();
    }
}

#[async_trait]
impl BookingBackend for AltegioBackend {
    fn capabilities(&self) -> Capabilities {
        let business = self.client.has_user();
        Capabilities {
            name: "altegio",
            idempotent: false,
            moves_in_place: business,
            confirms_visits: business,
            assigns_staff: !business,
            ratings: true,
            max_services: if business { MOST_SERVICES } else { 1 },
            max_party: 1,
            needs_approval: false,
            tells_changes: business,
            catalog_lasts: Some(CATALOG_LASTS),
            rechecks: true,
            settles_after: self.settles_after,
        }
    }

    async fn catalog(&self, branch: &BranchId) -> Result<Catalog, BackendError> {
        self.at_home(branch)?;
        Ok(self.read_shop().await?.catalog.clone())
    }

    async fn availability(&self, query: &SlotQuery) -> Result<Availability, BackendError> {
        self.at_home(&query.branch)?;
        let slots = match self.client.has_user() {
            true => self.free_at_business(query).await,
            false => self.free_in_public(query).await,
        };
        if let Err(BackendError::StaleCatalog) = slots {
            self.forget_shop();
        }
        Ok(Availability { slots: slots? })
    }

    async fn book(&self, request: &BookingRequest, key: ActionKey) -> Result<Booking, BookError> {
        self.at_home(&request.slot.branch).map_err(BookError::NotDone)?;
        let made = match self.client.has_user() {
            true => self.book_at_business(request, key).await,
            false => self.book_in_public(request, key).await,
        };
        self.after_write(made)
    }

    async fn reschedule(&self, booking: &BookingRef, to: &Slot, _key: ActionKey) -> Result<Booking, BookError> {
        self.at_home(&to.branch).map_err(BookError::NotDone)?;
        let moved = self.move_record(booking, to).await;
        self.after_write(moved)
    }

    async fn cancel(&self, booking: &BookingRef, _reason: CancelReason, _key: ActionKey) -> Result<(), BookError> {
        let gone = match self.client.has_user() {
            true => self.delete_record(booking).await,
            false => self.cancel_in_public(booking).await,
        };
        self.after_write(gone)
    }

    async fn confirm_visit(&self, booking: &BookingRef) -> Result<Booking, BookError> {
        self.confirm_record(booking).await
    }

    async fn resolve(
        &self,
        action: &Action,
        key: ActionKey,
        attempted: DateTime<Utc>,
    ) -> Result<Resolution, BackendError> {
        self.at_home(action.branch())?;
        let found = match self.client.has_user() {
            true => self.resolve_at_business(action, key, attempted).await,
            false => self.resolve_in_public(action).await,
        };
        self.forget_times();
        found
    }

    async fn find(&self, filter: &BookingFilter) -> Result<Vec<Booking>, BackendError> {
        self.at_home(&filter.branch)?;
        if filter.reference.is_some() {
            // Somebody hints that it changed: what is free may have, too.
            self.forget_times();
        }
        match self.client.has_user() {
            true => self.find_at_business(filter).await,
            false => self.find_in_public(filter).await,
        }
    }

    async fn changed(&self, branch: &BranchId, since: DateTime<Utc>) -> Result<Vec<Changed>, BackendError> {
        self.at_home(branch)?;
        if self.client.has_user() { self.changed_since(since).await } else { Ok(Vec::new()) }
    }

    async fn whose(&self, booking: &BookingRef) -> Result<Option<BookedFor>, BackendError> {
        if self.client.has_user() { self.client_of(booking).await } else { Ok(None) }
    }

    async fn admits(
        &self,
        branch: &BranchId,
        service: &ServiceId,
        client: &ClientDetails,
    ) -> Result<bool, BackendError> {
        self.at_home(branch)?;
        if self.client.has_user() { self.has_membership(service, client).await } else { Ok(false) }
    }
}

impl AltegioBackend {
    /// What free times and the catalogue are worth after a write.
    fn after_write<T>(&self, outcome: Result<T, BookError>) -> Result<T, BookError> {
        self.forget_times();
        if let Err(BookError::NotDone(BackendError::StaleCatalog)) = outcome {
            self.forget_shop();
        }
        outcome
    }
}

/// Altegio's numbers are texts here.
fn number(id: &str) -> Option<i64> {
    id.parse().ok().filter(|id| *id > 0)
}

fn service_id(id: i64) -> Option<ServiceId> {
    ServiceId::new(id.to_string()).ok()
}

fn staff_id(id: i64) -> Option<StaffId> {
    StaffId::new(id.to_string()).ok()
}
