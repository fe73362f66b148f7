//! Bookings over real HTTP against the fake.

mod budget;
mod contract;
mod odd;
mod race;
mod records;
mod scopes;

use async_trait::async_trait;
use chatplug_calcom::{
    CalcomBackend, CalcomBranch, CalcomClient, CalcomConfig,
    client::http_client,
    fake::{FakeCalcom, FakeEventType, FakeSchedule},
};
use chatplug_core::{
    model::{
        ActionKey, Booking, BookingRef, ChannelUser, ContactId, DateRange, Lang, Private, Slot, SlotQuery, StaffChoice,
    },
    ports::{BookError, BookingBackend as _, BookingFilter, BookingRequest, ClientDetails, Clock as _, SystemClock},
    testkit::{
        VirtualClock,
        contract::backend::{BackendScene, Rival},
    },
    wrappers::Pace,
};
use chrono::{DateTime, Duration, NaiveDate, Utc};
use chrono_tz::Tz;
use iso_currency::Currency;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// An account at a fake, with a clock that both share.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) fake: FakeCalcom,
    pub(crate) clock: VirtualClock,
    pub(crate) backend: CalcomBackend,
    pub(crate) zone: Tz,
}

/// Anna's haircut: an hour, every half hour. Service `1` of the usual branch, which Boris does, too.
pub(crate) const CUT: &str = "1";

impl Scene {
    /// A salon of Anna and Boris, in a zone, at an instant. Each has a haircut of an hour (1 and 2).
    pub(crate) async fn new(zone: Tz, now: DateTime<Utc>, branch: CalcomBranch) -> Self {
        let fake = FakeCalcom::start().await.unwrap();
        fake.bare();
        let clock = VirtualClock::new(now);
        fake.use_clock(Arc::new(clock.clone()));
        for user in [FakeCalcom::ANNA, FakeCalcom::BORIS] {
            fake.change_user(user, |user| user.zone = zone);
            fake.add_schedule(FakeSchedule::weekdays(user, zone, "09:00", "17:00"));
            let cut = FakeEventType::new(user, "haircut", "Haircut", 60).every(30).notice(0);
            fake.add_event_type(cut.described("Cut <b>and</b> wash").at_address("Rua Nova 1, Lisboa"));
        }
        let backend = backend(fake.config(), branch, &clock);
        Self { fake, clock, backend, zone }
    }

    /// Monday, 2 March 2026, in the morning, in Lisbon; Anna and Boris, each with an account.
    pub(crate) async fn lisbon() -> Self {
        Self::at(both(chrono_tz::Europe::Lisbon)).await
    }

    /// The same with another branch.
    pub(crate) async fn at(branch: CalcomBranch) -> Self {
        Self::new(branch.zone(), "2026-03-02T07:00:00Z".parse().unwrap(), branch).await
    }

    /// The same with another branch at the same account.
    pub(crate) fn with(mut self, branch: CalcomBranch) -> Self {
        self.backend = backend(self.fake.config(), branch, &self.clock);
        self
    }

    /// The same account in another process: nothing is known there yet.
    pub(crate) fn restarted(&self) -> CalcomBackend {
        backend(self.fake.config(), self.backend.branch().clone(), &self.clock)
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Free times so many days from now.
    pub(crate) async fn free(&self, service: &str, staff: &str, ahead: i64) -> Vec<Slot> {
        self.backend.availability(&self.query(service, staff, ahead)).await.unwrap().slots
    }

    /// The question for them; `any` for anyone.
    pub(crate) fn query(&self, service: &str, staff: &str, ahead: i64) -> SlotQuery {
        SlotQuery {
            branch: self.backend.branch().id().clone(),
            services: vec![service.parse().unwrap()],
            staff: if staff == "any" { StaffChoice::Any } else { StaffChoice::One(staff.parse().unwrap()) },
            days: DateRange::day(self.day(ahead)),
            party: 1,
            excluding: None,
        }
    }

    /// Anna's first free hour on Thursday.
    pub(crate) async fn slot(&self) -> Slot {
        self.free(CUT, "1", 3).await.remove(0)
    }

    /// Books a time for a client by number.
    pub(crate) async fn book(&self, slot: &Slot, client: u32) -> Result<Booking, BookError> {
        self.backend.book(&self.request(slot, client), key(client)).await
    }

    pub(crate) fn request(&self, slot: &Slot, client: u32) -> BookingRequest {
        let note = Some(Private::new("By the window".to_owned()));
        BookingRequest { slot: slot.clone(), client: person(client), party: 1, note }
    }

    /// All bookings that stand.
    pub(crate) async fn all(&self) -> Vec<Booking> {
        self.backend.find(&BookingFilter::at(self.backend.branch().id().clone())).await.unwrap()
    }

    /// A local day so many days from now.
    pub(crate) fn day(&self, ahead: i64) -> NaiveDate {
        self.clock.now().with_timezone(&self.zone).date_naive() + Duration::days(ahead)
    }

    pub(crate) fn reference(&self, uid: &str) -> BookingRef {
        let at = self.backend.branch();
        BookingRef { install: at.install().clone(), branch: at.id().clone(), backend_id: uid.to_owned() }
    }
}

/// A client by number, whom a channel showed and who told their address.
pub(crate) fn person(client: u32) -> ClientDetails {
    ClientDetails {
        contact: ContactId::derive(&[&client.to_string()]),
        user: ChannelUser { phone: format!("35191{client:07}").parse().ok(), user_id: None },
        name: Some(Private::new(format!("Client {client}"))),
        email: Some(Private::new(format!("Client{client}@client.example"))),
        language: Lang::PT,
    }
}

/// The key of a client's booking.
pub(crate) fn key(client: u32) -> ActionKey {
    ActionKey::derive(&["book", &client.to_string()])
}

/// A branch of whoever calls.
pub(crate) fn own(zone: Tz) -> CalcomBranch {
    let country = "PT";
    CalcomBranch::new("centre".parse().unwrap(), "calcom".parse().unwrap(), zone, Currency::EUR).in_country(country)
}

/// A branch of Anna's and Boris' accounts.
pub(crate) fn both(zone: Tz) -> CalcomBranch {
    own(zone).of_account("anna").of_account("boris")
}

pub(crate) fn backend(config: CalcomConfig, branch: CalcomBranch, clock: &VirtualClock) -> CalcomBackend {
    let client = unhurried(CalcomClient::new(config, http_client().unwrap()));
    CalcomBackend::with_client(client, branch, Arc::new(clock.clone()))
}

/// Tests need not wait: the fake keeps a limit only when told.
pub(crate) fn unhurried(client: CalcomClient) -> CalcomClient {
    client.with_pace(Pace::new(Arc::new(SystemClock), 10_000, Duration::milliseconds(1), 100))
}

/// What the contract suite is run on.
#[derive(Clone, Copy)]
pub(crate) struct Harness {
    pub(crate) zone: Tz,
    pub(crate) now: &'static str,
    pub(crate) service: &'static str,
    /// The event type that somebody at the desk books, and with whom in turn; nobody: with who is wanted.
    pub(crate) rivals: (u64, &'static [u64]),
    /// Days from now.
    pub(crate) days: (i64, i64),
    pub(crate) branch: fn(Tz) -> CalcomBranch,
    pub(crate) prepare: fn(&FakeCalcom),
}

#[async_trait]
impl chatplug_core::testkit::contract::backend::BackendHarness for Harness {
    async fn fresh(&self) -> BackendScene {
        let now = self.now.parse().unwrap();
        let scene = Scene::new(self.zone, now, (self.branch)(self.zone)).await;
        (self.prepare)(&scene.fake);
        let days = DateRange { from: scene.day(self.days.0), to: scene.day(self.days.1) };
        let rival = AtTheDesk { fake: scene.fake.clone(), of: self.rivals, came: AtomicUsize::new(0) };
        let at = scene.backend.branch().id().clone();
        BackendScene::new(Arc::new(scene.backend.clone()), at, self.service.parse().unwrap(), days, now)
            .with_rival(rival)
            .keeping(Judged(scene.fake))
    }
}

/// Somebody who books on Cal.com's own page.
struct AtTheDesk {
    fake: FakeCalcom,
    of: (u64, &'static [u64]),
    came: AtomicUsize,
}

#[async_trait]
impl Rival for AtTheDesk {
    async fn take(&self, slot: &Slot) {
        let (event_type, hosts) = self.of;
        let wanted = slot.staff_id().map_or(FakeCalcom::ANNA, |id| id.as_str().parse().unwrap());
        let turn = self.came.fetch_add(1, Ordering::Relaxed);
        let (host, of) = match hosts {
            // Of the two haircuts the one of whom is wanted.
            [] => (wanted, wanted),
            hosts => (hosts[turn % hosts.len()], event_type),
        };
        assert_ne!(self.fake.desk_of(host).books(of, slot.start, &format!("rival{turn}@client.example"), "Rival"), "");
    }
}

/// When a test is over: nothing was ever said that the server would silently ignore, and nothing overlaps.
struct Judged(FakeCalcom);

impl Drop for Judged {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.0.violations(), Vec::<String>::new());
        }
    }
}
