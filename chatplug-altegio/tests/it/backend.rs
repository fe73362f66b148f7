//! Bookings over real HTTP against the fake, with everything on that the platform does against its documentation.

mod contract;

use async_trait::async_trait;
use chatplug_altegio::{
    AltegioBackend, AltegioBranch, AltegioClient, AltegioConfig,
    client::http_client,
    fake::{FakeAltegio, FakeSalon},
};
use chatplug_core::{
    model::{DateRange, Slot},
    ports::SystemClock,
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

    /// The same without a user.
    pub(crate) fn without_user(mut self) -> Self {
        let client = unhurried(AltegioClient::new(self.fake.config(), http_client().unwrap())).as_partner();
        self.backend = AltegioBackend::with_client(client, branch(), Arc::new(self.clock.clone()));
        self
    }

    /// A local day so many days from now.
    pub(crate) fn day(&self, ahead: i64) -> NaiveDate {
        use chatplug_core::ports::Clock as _;
        self.clock.now().with_timezone(&self.zone).date_naive() + Duration::days(ahead)
    }
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
