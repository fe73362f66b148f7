//! The real program: where it lies, what it is told, and what its calendar holds when it is dead.

use crate::support::{
    program::{self, Business},
    stage::{BELLA, NORTE},
};
use chatplug::{
    calendar::{Calendar, demo},
    model::{BookingStatus, BranchId, InstallId, TenantId},
    ports::{BookingBackend as _, BookingFilter, CalendarStore as _, Store as _, SystemClock},
    store::SqliteStore,
};
use chrono::{DateTime, Utc};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Its database.
pub const FILE: &str = "chatplug.sqlite";

/// Writes its configuration: two businesses, three calendars, one Meta app.
pub fn configure(folder: &Path, graph: &str) -> PathBuf {
    // Where the library looks for it, too: what the program kept is looked at without it.
    std::fs::write(folder.join(format!("{FILE}.master-key")), program::MASTER_KEY).unwrap();
    let branch = |id: &str, calendar: &str| (id.to_owned(), calendar.to_owned());
    let bella = Business {
        id: "bella".to_owned(),
        name: "Studio Bella".to_owned(),
        number: BELLA.to_owned(),
        branches: vec![branch("baixa", demo::SALON)],
    };
    let norte = Business {
        id: "norte".to_owned(),
        name: "Norte Clinic".to_owned(),
        number: NORTE.to_owned(),
        branches: vec![branch("paulista", demo::CLINIC_SAO_PAULO), branch("madrid", demo::CLINIC_MADRID)],
    };
    let database = format!("sqlite:{}", folder.join(FILE).display());
    program::configure(folder, graph, &database, "info", &[bella, norte])
}

/// What the salon's calendar holds, by the client's phone; nobody has two visits at once.
pub async fn standing(file: &Path) -> BTreeMap<String, Vec<DateTime<Utc>>> {
    let store = SqliteStore::open(file).await.unwrap();
    let (tenant, branch) = (TenantId::new("bella").unwrap(), BranchId::new("baixa").unwrap());
    let kept = store.calendar(&tenant, &branch);
    let plan = demo::salon().validate().unwrap();
    let install = InstallId::new("calendar").unwrap();
    let calendar = Calendar::new(branch.clone(), install, plan, kept, Arc::new(SystemClock));
    let mut visits = calendar.find(&BookingFilter::at(branch)).await.unwrap();
    visits.retain(|visit| visit.status == BookingStatus::Booked);
    for (n, one) in visits.iter().enumerate() {
        for other in &visits[n + 1..] {
            let clash = one.staff == other.staff && one.start < other.end && other.start < one.end;
            assert!(!clash, "two visits at once: {one:?} {other:?}");
        }
    }
    let rows = store.tenant(&tenant);
    let mut standing: BTreeMap<String, Vec<DateTime<Utc>>> = BTreeMap::new();
    for view in rows.conversations(1000).await.unwrap() {
        let phone = view.contact.user.phone.as_ref().unwrap().digits().to_owned();
        let theirs = visits.iter().filter(|visit| visit.contact == Some(view.contact.id));
        standing.insert(phone, theirs.map(|visit| visit.start).collect());
    }
    let theirs: usize = standing.values().map(Vec::len).sum();
    assert_eq!(theirs, visits.len(), "a visit that is nobody's");
    store.close().await.unwrap();
    standing
}
