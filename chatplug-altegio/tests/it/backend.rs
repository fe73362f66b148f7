//! Bookings over real HTTP against the fake, with everything on that the platform does against its documentation.

mod budget;
mod changes;
mod contract;
mod odd;
mod race;
mod records;
mod shop;
mod talk;

use async_trait::async_trait;
use chatplug_altegio::{
    AltegioBackend, AltegioBranch, AltegioClient, AltegioConfig,
    client::http_client,
    fake::{FakeAltegio, FakeSalon},
};
use chatplug_core::{
    model::{ActionKey, Booking, ChannelUser, ContactId, DateRange, Lang, Private, Slot, SlotQuery, StaffChoice},
    ports::{BookError, BookingBackend as _, BookingFilter, BookingRequest, ClientDetails, Clock as _, SystemClock},
    testkit::{
        VirtualClock,
        contract::backend::{BackendScene, Rival},
    },
    wrappers::Pace,
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use std::sync::Arc;

/// An account at a fake, with a clock that both share.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) fake: FakeAltegio,
    pub(crate) clock: VirtualClock,
    pub(crate) backend: AltegioBackend,
    pub(crate) zone: Tz,
}

impl Scene {
    /// Studio Bella in a zone, at an instant.
    pub(crate) async fn new(zone: Tz, now: DateTime<Utc>) -> Self {
        let fake = FakeAltegio::start().await.unwrap();
        fake.add_salon(FakeSalon::bella(FakeAltegio::SALON, zone));
        let clock = VirtualClock::new(now);
        fake.use_clock(Arc::new(clock.clone()));
        let backend = backend(fake.config(), &clock);
        Self { fake, clock, backend, zone }
    }

    /// Monday, 2 March 2026, in the morning, in Lisbon.
    pub(crate) async fn lisbon() -> Self {
        Self::new(chrono_tz::Europe::Lisbon, "2026-03-02T07:00:00Z".parse().unwrap()).await
    }

    /// The same account in another process: nothing is known there yet.
    pub(crate) fn restarted_backend(&self) -> AltegioBackend {
        backend(self.fake.config(), &self.clock)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The same without a user.
    pub(crate) fn without_user(mut self) -> Self {
        let client = unhurried(AltegioClient::new(self.fake.config(), http_client().unwrap())).as_partner();
        self.backend = AltegioBackend::with_client(client, branch(), Arc::new(self.clock.clone()));
        self
    }

    /// Free times so many days from now.
    pub(crate) async fn free(&self, service: &str, staff: &str, ahead: i64) -> Vec<Slot> {
        self.backend.availability(&self.query(service, staff, ahead)).await.unwrap().slots
    }

    /// The question for them; `any` for anyone.
    pub(crate) fn query(&self, service: &str, staff: &str, ahead: i64) -> SlotQuery {
        SlotQuery {
            branch: self.backend.branch().branch.clone(),
            services: service.split('+').map(|id| id.parse().unwrap()).collect(),
            staff: if staff == "any" { StaffChoice::Any } else { StaffChoice::One(staff.parse().unwrap()) },
            days: DateRange::day(self.day(ahead)),
            party: 1,
            excluding: None,
        }
    }

    /// Ana's first free hour for a haircut, on Thursday: a day that the online booking is not asked about.
    pub(crate) async fn slot(&self) -> Slot {
        self.free("331", "8886", 3).await.remove(0)
    }

    /// Books a time for a client by number.
    pub(crate) async fn book(&self, slot: &Slot, client: u32) -> Result<Booking, BookError> {
        self.backend.book(&self.request(slot, client), key(client)).await
    }

    pub(crate) fn request(&self, slot: &Slot, client: u32) -> BookingRequest {
        let client = ClientDetails {
            contact: ContactId::derive(&[&client.to_string()]),
            user: ChannelUser { phone: format!("35191{client:07}").parse().ok(), user_id: None },
            name: Some(Private::new(format!("Client {client}"))),
            email: None,
            language: Lang::EN,
        };
        BookingRequest { slot: slot.clone(), client, party: 1, note: Some(Private::new("By the window".to_owned())) }
    }

    /// All bookings that stand.
    pub(crate) async fn all(&self) -> Vec<Booking> {
        self.backend.find(&BookingFilter::at(self.backend.branch().branch.clone())).await.unwrap()
    }

    /// A local day so many days from now.
    pub(crate) fn day(&self, ahead: i64) -> NaiveDate {
        self.clock.now().with_timezone(&self.zone).date_naive() + Duration::days(ahead)
    }
}

/// The key of a client's booking.
pub(crate) fn key(client: u32) -> ActionKey {
    ActionKey::derive(&["book", &client.to_string()])
}

/// The number of a record behind a booking.
pub(crate) fn number(booking: &Booking) -> u64 {
    booking.reference.backend_id.parse().unwrap()
}

pub(crate) fn branch() -> AltegioBranch {
    AltegioBranch::new("centre".parse().unwrap(), "altegio".parse().unwrap(), FakeAltegio::SALON)
}

pub(crate) fn backend(config: AltegioConfig, clock: &VirtualClock) -> AltegioBackend {
    let client = unhurried(AltegioClient::new(config, http_client().unwrap()));
    AltegioBackend::with_client(client, branch(), Arc::new(clock.clone()))
}

/// Tests need not wait: the fake keeps a limit only when told.
pub(crate) fn unhurried(client: AltegioClient) -> AltegioClient {
    client.with_pace(Pace::new(Arc::new(SystemClock), 10_000, Duration::milliseconds(1), 100))
}

/// What the contract suite is run on.
pub(crate) struct Harness {
    pub(crate) zone: Tz,
    pub(crate) now: &'static str,
    pub(crate) service: &'static str,
    /// Days from now.
    pub(crate) days: (i64, i64),
    pub(crate) with_user: bool,
    pub(crate) prepare: fn(&FakeAltegio),
}

#[async_trait]
impl chatplug_core::testkit::contract::backend::BackendHarness for Harness {
    async fn fresh(&self) -> BackendScene {
        let now = self.now.parse().unwrap();
        let mut scene = Scene::new(self.zone, now).await;
        (self.prepare)(&scene.fake);
        if !self.with_user {
            scene = scene.without_user();
        }
        let days = DateRange { from: scene.day(self.days.0), to: scene.day(self.days.1) };
        let rival = AtTheDesk { fake: scene.fake.clone(), zone: self.zone, service: self.service.parse().unwrap() };
        let at = scene.backend.branch().branch.clone();
        BackendScene::new(Arc::new(scene.backend.clone()), at, self.service.parse().unwrap(), days, now)
            .with_rival(rival)
            .keeping(Judged(scene.fake))
    }
}

/// Somebody at the desk.
struct AtTheDesk {
    fake: FakeAltegio,
    zone: Tz,
    service: u64,
}

#[async_trait]
impl Rival for AtTheDesk {
    async fn take(&self, slot: &Slot) {
        let start = slot.start.with_timezone(&self.zone).naive_local();
        let staff = slot.staff_id().map_or(8886, |id| id.as_str().parse().unwrap());
        assert_ne!(self.fake.desk().books(staff, self.service, start, "+351910009999", "Rival"), 0);
    }
}

/// When a test is over: nothing was ever said that the platform would silently ignore, and nothing overlaps.
struct Judged(FakeAltegio);

impl Drop for Judged {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.0.violations(), Vec::<String>::new());
            assert_eq!(self.0.overlaps(), 0);
        }
    }
}
