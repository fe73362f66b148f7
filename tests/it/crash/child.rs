//! What the killed process runs: the engine on a file, behind HTTP, with the clock of the machine.

use crate::support::{
    altegio, calcom,
    crm_backend::CrmBackend,
    stage::{BELLA, READER, serve, templates},
    words::worded,
};
use chatplug::{
    engine::{Engine, EngineOptions, TenantList},
    model::*,
    ports::*,
    store::SqliteStore,
    testkit::TenantBuilder,
    whatsapp::{
        fake::meta::FakeMeta,
        meta::{MetaConfig, MetaKeyring, MetaMessenger, http_client},
    },
};
use chatplug_altegio::{AltegioBackend, AltegioBranch, fake::FakeAltegio};
use chatplug_calcom::CalcomBackend;
use chrono::Duration;
use std::sync::Arc;

pub const FILE: &str = "CRASH_FILE";
pub const META: &str = "CRASH_META";
pub const CRM: &str = "CRASH_CRM";
/// In place of [`CRM`].
pub const ALTEGIO: &str = "CRASH_ALTEGIO";
/// In place of [`CRM`].
pub const CALCOM: &str = "CRASH_CALCOM";

/// So long a write may still be carried out whose answer was lost.
const SETTLES_AFTER: Duration = Duration::seconds(2);

/// Serves until it is killed. Says where on standard output.
#[expect(clippy::disallowed_methods, reason = "how the crash test tells its child where everything is")]
pub async fn serve_until_killed() {
    let told = |name: &str| std::env::var(name).ok();
    let system = told(CRM).map(System::Crm).or_else(|| told(ALTEGIO).map(System::Altegio));
    let system = system.or_else(|| told(CALCOM).map(System::Calcom));
    let (Some(file), Some(meta), Some(system)) = (told(FILE), told(META), system) else {
        println!("{FILE}, {META} and {CRM}, {ALTEGIO} or {CALCOM} are not set: only the crash test starts this");
        return;
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Arc::new(SqliteStore::open(file).await.unwrap());
    let (branch, install) = (BranchId::new("baixa").unwrap(), InstallId::new("own").unwrap());
    let (provider, place, backend) = system.open(&branch, &install, &clock);
    let config = MetaConfig::new(BELLA, FakeMeta::TOKEN).with_base_url(meta);
    let messenger = MetaMessenger::new(config, http_client().unwrap(), clock.clone()).unwrap();
    let builder = TenantBuilder::new("bella")
        .name("Studio Bella")
        .branch_of("baixa", &install, backend)
        .channel_with("whatsapp", Arc::new(messenger), templates())
        .intents(READER.clone());
    let mut setup = builder.setup(&[("meta", BELLA, "whatsapp")]);
    let tenant = TenantId::new("bella").unwrap();
    let desk = Route { tenant: tenant.clone(), channel: None, branch: Some(branch) };
    setup.routes.push((provider.to_owned(), place, desk));
    store.tenant(&tenant).register(&setup).await.unwrap();
    let mut options = EngineOptions::default();
    options.lease = Duration::seconds(8);
    options.backend_timeout = Duration::seconds(3);
    options.send_timeout = Duration::seconds(3);
    options.unknown_hold = Duration::seconds(2);
    options.burst_wait = Duration::milliseconds(50);
    options.poll = Duration::milliseconds(100);
    options.mark_seen = false;
    let engine = Engine::builder()
        .store(store)
        .directory(Arc::new(TenantList::new([builder.build()])))
        .clock(clock)
        .options(options)
        .build()
        .unwrap();
    let keys = MetaKeyring::new(FakeMeta::APP_SECRET, FakeMeta::VERIFY_TOKEN);
    let url = serve(engine.clone(), keys).await;
    println!("server.address={}", url.trim_start_matches("http://"));
    let (_never, running) = tokio::sync::watch::channel(false);
    engine.run(running).await;
}

/// Where the salon's bookings are.
enum System {
    /// The made-up CRM at this address.
    Crm(String),
    /// Altegio at this address.
    Altegio(String),
    /// Cal.com at this address.
    Calcom(String),
}

impl System {
    /// The way to it, and what its webhooks call it.
    fn open(
        self,
        branch: &BranchId,
        install: &InstallId,
        clock: &Arc<dyn Clock>,
    ) -> (&'static str, String, Arc<dyn BookingBackend>) {
        match self {
            Self::Crm(base) => {
                let backend = CrmBackend {
                    base,
                    install: install.clone(),
                    branch: branch.clone(),
                    zone: chrono_tz::Europe::Lisbon,
                    moves: false,
                    keyed: false,
                    settles_after: SETTLES_AFTER,
                    clock: clock.clone(),
                    http: http_client().unwrap(),
                };
                ("crm", "crm".to_owned(), Arc::new(backend))
            }
            Self::Altegio(base) => {
                let at = AltegioBranch::new(branch.clone(), install.clone(), FakeAltegio::SALON);
                let backend =
                    AltegioBackend::with_client(altegio::client(altegio::config_at(&base)), at, clock.clone());
                ("altegio", FakeAltegio::SALON.to_string(), Arc::new(backend.settling_after(SETTLES_AFTER)))
            }
            Self::Calcom(base) => {
                let told = calcom::demo(branch).1;
                let at = calcom::branch(branch, install, &told);
                let client = calcom::client(calcom::config_at(&base));
                let backend = CalcomBackend::with_client(client, at, clock.clone()).settling_after(SETTLES_AFTER);
                ("calcom", calcom::NAME.to_owned(), worded(Arc::new(backend), told))
            }
        }
    }
}
