//! What the killed process runs: the engine on a file, behind HTTP, with the clock of the machine.

use crate::support::{
    crm_backend::CrmBackend,
    stage::{BELLA, READER, serve, templates},
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
use chrono::Duration;
use std::sync::Arc;

pub const FILE: &str = "CRASH_FILE";
pub const META: &str = "CRASH_META";
pub const CRM: &str = "CRASH_CRM";

/// Serves until it is killed. Says where on standard output.
#[expect(clippy::disallowed_methods, reason = "how the crash test tells its child where everything is")]
pub async fn serve_until_killed() {
    let told = |name: &str| std::env::var(name).ok();
    let (Some(file), Some(meta), Some(crm)) = (told(FILE), told(META), told(CRM)) else {
        println!("{FILE}, {META} and {CRM} are not set: only the crash test starts this");
        return;
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Arc::new(SqliteStore::open(file).await.unwrap());
    let (branch, install) = (BranchId::new("baixa").unwrap(), InstallId::new("own").unwrap());
    let backend = CrmBackend {
        base: crm,
        install: install.clone(),
        branch: branch.clone(),
        zone: chrono_tz::Europe::Lisbon,
        moves: false,
        keyed: false,
        settles_after: Duration::seconds(2),
        clock: clock.clone(),
        http: http_client().unwrap(),
    };
    let config = MetaConfig::new(BELLA, FakeMeta::TOKEN).with_base_url(meta);
    let messenger = MetaMessenger::new(config, http_client().unwrap(), clock.clone()).unwrap();
    let builder = TenantBuilder::new("bella")
        .name("Studio Bella")
        .branch_of("baixa", &install, Arc::new(backend))
        .channel_with("whatsapp", Arc::new(messenger), templates())
        .intents(READER.clone());
    let mut setup = builder.setup(&[("meta", BELLA, "whatsapp")]);
    let tenant = TenantId::new("bella").unwrap();
    let desk = Route { tenant: tenant.clone(), channel: None, branch: Some(branch) };
    setup.routes.push(("crm".to_owned(), "crm".to_owned(), desk));
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
