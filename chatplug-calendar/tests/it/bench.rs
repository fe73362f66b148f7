//! A calendar on a workbench: in memory, with a clock that the test owns.

use chatplug_calendar::{Calendar, CalendarConfig};
use chatplug_core::{
    model::{
        ActionKey, Booking, BranchId, ChannelUser, ContactId, DateRange, InstallId, Lang, Private, ServiceId, Slot,
        SlotQuery, StaffChoice, StaffId, TenantId,
    },
    ports::{BookError, BookingBackend as _, BookingRequest, BranchCalendar, CalendarStore as _, ClientDetails},
    testkit::{MemoryCalendarStore, VirtualClock},
};
use chrono::{DateTime, Utc};
use std::sync::Arc;

pub(crate) struct Bench {
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) store: Arc<dyn BranchCalendar>,
    pub(crate) clock: VirtualClock,
    pub(crate) branch: BranchId,
}

impl Bench {
    pub(crate) fn new(config: &CalendarConfig, now: &str) -> Self {
        let store = MemoryCalendarStore::new();
        Self::on(config, now, store.calendar(&TenantId::new("bella").unwrap(), &branch()))
    }

    pub(crate) fn on(config: &CalendarConfig, now: &str, store: Arc<dyn BranchCalendar>) -> Self {
        let clock = VirtualClock::starting(now);
        let plan = config.validate().unwrap_or_else(|problems| panic!("{problems:#?}"));
        let install = InstallId::new("calendar").unwrap();
        let calendar = Calendar::new(branch(), install, plan, Arc::clone(&store), Arc::new(clock.clone()));
        Self { calendar: Arc::new(calendar), store, clock, branch: branch() }
    }

    /// The same appointments under another config.
    pub(crate) fn with(&self, config: &CalendarConfig) -> Self {
        use chatplug_core::ports::Clock as _;
        Self::on(config, &self.clock.now().to_rfc3339(), Arc::clone(&self.store))
    }

    pub(crate) fn query(&self, service: &str, staff: StaffChoice, from: &str, to: &str) -> SlotQuery {
        SlotQuery {
            branch: self.branch.clone(),
            services: vec![ServiceId::new(service).unwrap()],
            staff,
            days: DateRange { from: from.parse().unwrap(), to: to.parse().unwrap() },
            party: 1,
            excluding: None,
        }
    }

    pub(crate) async fn free(&self, service: &str, staff: StaffChoice, day: &str) -> Vec<Slot> {
        self.calendar.availability(&self.query(service, staff, day, day)).await.unwrap().slots
    }

    /// Free times of a day as wall times, with the offset.
    pub(crate) async fn times(&self, service: &str, staff: StaffChoice, day: &str) -> Vec<String> {
        let shown = |slot: Slot| slot.start.with_timezone(&slot.zone).format("%H:%M").to_string();
        self.free(service, staff, day).await.into_iter().map(shown).collect()
    }

    /// The free slot at a wall time of a day.
    pub(crate) async fn slot(&self, service: &str, staff: StaffChoice, day: &str, time: &str) -> Slot {
        let free = self.free(service, staff, day).await;
        let found = free.into_iter().find(|slot| slot.local_start().format("%H:%M").to_string() == time);
        found.unwrap_or_else(|| panic!("{day} {time} is not free"))
    }

    pub(crate) async fn try_book(&self, slot: &Slot, client: &str, key: &str) -> Result<Booking, BookError> {
        self.calendar.book(&request(slot, client), ActionKey::derive(&[key])).await
    }

    pub(crate) async fn book(&self, slot: &Slot, client: &str, key: &str) -> Booking {
        self.try_book(slot, client, key).await.unwrap()
    }
}

pub(crate) fn branch() -> BranchId {
    BranchId::new("chiado").unwrap()
}

pub(crate) fn one(staff: &str) -> StaffChoice {
    StaffChoice::One(StaffId::new(staff).unwrap())
}

pub(crate) fn client(name: &str) -> ClientDetails {
    ClientDetails {
        contact: ContactId::derive(&[name]),
        user: ChannelUser { phone: "351910000001".parse().ok(), user_id: None },
        name: Some(Private::new(name.to_owned())),
        email: None,
        language: Lang::PT,
    }
}

pub(crate) fn request(slot: &Slot, name: &str) -> BookingRequest {
    BookingRequest { slot: slot.clone(), client: client(name), party: 1, note: None }
}

pub(crate) fn config(text: &str) -> CalendarConfig {
    toml::from_str(text).unwrap()
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
