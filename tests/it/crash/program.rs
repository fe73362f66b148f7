//! The real program: where it lies, what it is told, and what its calendar holds when it is dead.

use crate::support::stage::{BELLA, NORTE};
use chatplug::{
    calendar::{Calendar, demo},
    model::{BookingStatus, BranchId, InstallId, TenantId},
    ports::{BookingBackend as _, BookingFilter, CalendarStore as _, Store as _, SystemClock},
    store::SqliteStore,
    whatsapp::fake::meta::FakeMeta,
};
use chrono::{DateTime, Utc};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Its database.
pub const FILE: &str = "chatplug.sqlite";

/// The program of this build.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let binary = folder.join("chatplug");
    assert!(binary.exists(), "{} is missing: cargo build -p chatplug-server --bin chatplug", binary.display());
    binary
}

/// Writes its configuration: two businesses, three calendars, one Meta app.
pub fn configure(folder: &Path, graph: &str) -> PathBuf {
    let calendars = [("salon", demo::SALON), ("paulista", demo::CLINIC_SAO_PAULO), ("madrid", demo::CLINIC_MADRID)];
    for (name, text) in calendars {
        std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
    }
    let file = folder.join(FILE);
    // Where the library looks for it, too: what the program kept is looked at without it.
    let key = format!("{FILE}.master-key");
    std::fs::write(folder.join(&key), "crash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    let (secret, verify, token) = (FakeMeta::APP_SECRET, FakeMeta::VERIFY_TOKEN, FakeMeta::TOKEN);
    let channel = |number: &str| {
        format!(
            "[[tenant.channel]]\nid = \"whatsapp\"\nprovider = \"meta\"\nphone_number_id = \"{number}\"\n\
             access_token = \"{token}\"\n"
        )
    };
    let branch =
        |id: &str, calendar: &str| format!("[[tenant.branch]]\nid = \"{id}\"\ncalendar = \"{calendar}.toml\"\n");
    let text = [
        "[server]\nbind = \"127.0.0.1:0\"\ninline_secrets = true\nlog = \"info\"\n".to_owned(),
        format!("[store]\nurl = \"sqlite:{}\"\n[vault]\nmaster_keys = {{ file = \"{key}\" }}\n", file.display()),
        format!(
            "[[meta_app]]\nname = \"app\"\napp_secret = \"{secret}\"\nverify_token = \"{verify}\"\nbase_url = \"{graph}\"\n"
        ),
        "[[tenant]]\nid = \"bella\"\nname = \"Studio Bella\"\n".to_owned(),
        branch("baixa", "salon"),
        channel(BELLA),
        "[[tenant]]\nid = \"norte\"\nname = \"Norte Clinic\"\n".to_owned(),
        branch("paulista", "paulista"),
        branch("madrid", "madrid"),
        channel(NORTE),
    ];
    let config = folder.join("chatplug.toml");
    std::fs::write(&config, text.join("\n")).unwrap();
    config
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
