//! The same contract and races on a real database, and what is left of them after a restart.

use crate::{
    bench::{Bench, branch, config},
    contract::{NOW, scene},
};
use async_trait::async_trait;
use chatplug_calendar::{CalendarConfig, demo};
use chatplug_core::{
    model::{StaffChoice, TenantId},
    ports::{BookError, BookingBackend as _, BookingFilter, CalendarStore as _, Store as _, TenantSetup},
    testkit::contract::{
        backend::{BackendHarness, BackendScene},
        block_on,
    },
};
use chatplug_store::SqliteStore;
use std::{path::Path, sync::Arc};
use tokio::{sync::Barrier, task::JoinSet};

/// A calendar in the database file of a folder, made when it is not there.
async fn open(config: &CalendarConfig, folder: &Path) -> (Bench, SqliteStore) {
    let store = SqliteStore::open(folder.join("chatplug.db")).await.unwrap();
    let tenant = TenantId::new("bella").unwrap();
    let setup = TenantSetup {
        name: "Bella".to_owned(),
        branches: vec![branch()],
        channels: Vec::new(),
        routes: Vec::new(),
        sealed: false,
    };
    store.tenant(&tenant).register(&setup).await.unwrap();
    (Bench::on(config, NOW, store.calendar(&tenant, &branch())), store)
}

struct Durable {
    service: &'static str,
    config: fn() -> CalendarConfig,
}

#[async_trait]
impl BackendHarness for Durable {
    async fn fresh(&self) -> BackendScene {
        let folder = tempfile::tempdir().unwrap();
        let (bench, store) = open(&(self.config)(), folder.path()).await;
        scene(bench, self.service).keeping((store, folder))
    }
}

mod people {
    use super::{Durable, demo};
    chatplug_core::backend_contract!(Durable { service: "womens-cut", config: demo::salon });
}

mod a_class {
    use super::Durable;
    chatplug_core::backend_contract!(Durable { service: "yoga", config: crate::contract::studio });
}

/// Fifty clients want one time with one of four people, and every one of them does the service: four get it, the
/// others hear that it is taken, and a restart finds exactly those four.
#[test]
fn fifty_clients_race_for_four_people_and_a_restart_finds_the_winners() {
    let salon = config(
        r#"
        name = "Salon"
        zone = "Europe/Lisbon"
        country = "PT"
        currency = "EUR"
        hours = { mon-sun = ["09:00-19:00"] }
        services = [{ id = "cut", name = "Cut", minutes = 45, buffer_after = 10 }]
        staff = [
            { id = "a", name = "A" },
            { id = "b", name = "B" },
            { id = "c", name = "C" },
            { id = "d", name = "D" },
        ]
        "#,
    );
    let folder = tempfile::tempdir().unwrap();
    let everything = BookingFilter::at(branch());
    let mut won = block_on(async {
        let (bench, store) = open(&salon, folder.path()).await;
        let bench = Arc::new(bench);
        let start = Arc::new(Barrier::new(50));
        let mut clients = JoinSet::new();
        for client in 0..50 {
            let (bench, start) = (Arc::clone(&bench), Arc::clone(&start));
            // Half of them ask for a quarter of an hour later, which overlaps.
            let time = if client % 2 == 0 { "10:00" } else { "10:15" };
            let slot = bench.slot("cut", StaffChoice::Any, "2026-11-24", time).await;
            clients.spawn(async move {
                start.wait().await;
                bench.try_book(&slot, &client.to_string(), &client.to_string()).await
            });
        }
        let mut won = Vec::new();
        for outcome in clients.join_all().await {
            match outcome {
                Ok(booking) => won.push(booking),
                Err(BookError::SlotTaken) => {}
                Err(other) => panic!("a slower client must be told SlotTaken, and was told {other:?}"),
            }
        }
        store.close().await.unwrap();
        won
    });
    assert_eq!(won.len(), 4);
    won.sort_by(|left, right| (left.start, &left.reference).cmp(&(right.start, &right.reference)));
    let found = block_on(async {
        let (bench, _store) = open(&salon, folder.path()).await;
        bench.calendar.find(&everything).await.unwrap()
    });
    assert_eq!(found, won);
    let people: std::collections::BTreeSet<_> = found.into_iter().filter_map(|booking| booking.staff).collect();
    assert_eq!(people.len(), 4, "one person got two visits at once");
}
