//! The contract of a booking backend, on the calendar, and proof that it notices a backend that lies.

use crate::bench::{Bench, branch};
use async_trait::async_trait;
use chatplug_calendar::{CalendarConfig, demo};
use chatplug_core::{
    model::{DateRange, ServiceId, Slot},
    ports::BookingBackend,
    testkit::contract::backend::{BackendHarness, BackendScene, Rival},
};
use chrono::{DateTime, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A Monday of the demo salon.
pub(crate) const NOW: &str = "2026-11-23T08:00:00Z";

pub(crate) struct Demo {
    pub(crate) service: &'static str,
}

#[async_trait]
impl BackendHarness for Demo {
    async fn fresh(&self) -> BackendScene {
        scene(Bench::new(&demo::salon(), NOW), self.service)
    }
}

pub(crate) fn scene(bench: Bench, service: &str) -> BackendScene {
    let now: DateTime<Utc> = NOW.parse().unwrap();
    let days = DateRange { from: "2026-11-24".parse().unwrap(), to: "2026-11-26".parse().unwrap() };
    let backend: Arc<dyn BookingBackend> = bench.calendar.clone();
    BackendScene::new(backend, branch(), ServiceId::new(service).unwrap(), days, now)
        .with_rival(Telephone(bench, AtomicUsize::new(0)))
}

/// Somebody at the desk who writes into the same calendar.
struct Telephone(Bench, AtomicUsize);

#[async_trait]
impl Rival for Telephone {
    async fn take(&self, slot: &Slot) {
        let caller = format!("caller {}", self.1.fetch_add(1, Ordering::Relaxed));
        self.0.book(slot, &caller, &caller).await;
    }
}

mod three_people {
    chatplug_core::backend_contract!(super::Demo { service: "womens-cut" });
}

mod one_person {
    chatplug_core::backend_contract!(super::Demo { service: "pedicure" });
}

/// A class of four places.
pub(crate) fn studio() -> CalendarConfig {
    crate::bench::config(
        r#"
        name = "Studio"
        zone = "America/Sao_Paulo"
        country = "BR"
        currency = "BRL"
        hours = { mon-sun = ["08:00-20:00"] }

        [[services]]
        id = "yoga"
        name = "Yoga"
        minutes = 60
        price = "40.00"
        staff = []
        capacity = 4
        hours = { tue-thu = ["08:00-09:00", "18:00-19:00"] }
        "#,
    )
}

mod a_class {
    use super::*;

    struct Class;

    #[async_trait]
    impl BackendHarness for Class {
        async fn fresh(&self) -> BackendScene {
            scene(Bench::new(&studio(), NOW), "yoga")
        }
    }

    chatplug_core::backend_contract!(Class);
}
