//! `chatplug demo`: a made-up salon and a simulated phone, with nothing to set up.

use super::{DemoArgs, Failure, serve};
use crate::{
    config::{
        BranchConfig, ChannelConfig, Config, DEFAULT_BIND, LogFormat, ProviderConfig, ReadyConfig, ServerConfig,
        StoreConfig, TenantConfig,
    },
    http::App,
    logging,
};
use anyhow::Context;
use chatplug_calendar::demo as salon;
use chatplug_core::{
    model::{BranchId, ChannelId, DateRange, Lang, Policy, TenantId},
    ports::{Clock, Retention, SystemClock},
};
use chrono::Days;
use std::{net::SocketAddr, path::Path, sync::Arc};

/// Days that made-up clients have booked, today included.
const FILLED_DAYS: u64 = 7;

/// Serves the demo until it is stopped.
pub(super) async fn run(args: DemoArgs) -> Result<(), Failure> {
    logging::start(&args.log, LogFormat::Text)?;
    let stop = serve::stop_signal()?;
    let listener = serve::listen(SocketAddr::from(([127, 0, 0, 1], args.port))).await?;
    let app = build(&args.db).await?;
    let address = listener.local_addr().context("the demo cannot listen")?;
    let url = format!("http://{address}/demo");
    println!("chatplug demo: a made-up salon, and a phone to write to it with\n");
    println!("  open   {url}");
    println!("  data   {} (delete it to start afresh)\n", args.db.display());
    println!("Ctrl+C stops it.");
    if args.open {
        open(&url);
    }
    app.serve(listener, stop).await.context("the demo ended")?;
    Ok(())
}

/// The demo's server on a database file, with some appointments of made-up clients.
pub(super) async fn build(db: &Path) -> Result<App, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let app = App::new(config(db)?, clock.clone()).await.context("the demo cannot start")?;
    let tenants = app.engine().directory().tenants().await.context("the demo cannot start")?;
    for tenant in tenants {
        let tenant = app.engine().directory().tenant(&tenant).await.context("the demo cannot start")?;
        for branch in &tenant.branches {
            let catalog = branch.backend.catalog(&branch.id).await.context("the demo's calendar cannot be read")?;
            let today = clock.now().with_timezone(&catalog.branch.zone).date_naive();
            let last = today.checked_add_days(Days::new(FILLED_DAYS - 1)).unwrap_or(today);
            let days = DateRange { from: today, to: last };
            salon::fill(&*branch.backend, &branch.id, days).await.context("the demo's calendar cannot be filled")?;
        }
    }
    Ok(app)
}

/// The configuration that the demo needs no file for.
fn config(db: &Path) -> Result<Config, Failure> {
    let plan = salon::salon().validate().map_err(|wrong| {
        anyhow::anyhow!("the demo's calendar is wrong: {}", wrong.first().map(ToString::to_string).unwrap_or_default())
    })?;
    let id = "an id of the demo is wrong";
    let branch = BranchId::new("chiado").context(id)?;
    let channel = ChannelConfig {
        id: ChannelId::new("simulator").context(id)?,
        branches: vec![branch.clone()],
        provider: ProviderConfig::Simulator,
        templates: Vec::new(),
    };
    let tenant = TenantConfig {
        id: TenantId::new("studio-bella").context(id)?,
        name: plan.name().to_owned(),
        policy: Policy { language: Lang::PT, ..Policy::default() },
        texts: Vec::new(),
        branches: vec![BranchConfig { id: branch, plan }],
        channels: vec![channel],
        seal: false,
        notify: None,
    };
    Ok(Config {
        server: ServerConfig::at(DEFAULT_BIND.parse().context("the demo's address is wrong")?),
        store: StoreConfig::at(format!("sqlite:{}", db.display())),
        // The library's own key, in a file beside the database: there is nothing to protect from whoever has both.
        master_keys: None,
        retention: Retention::default(),
        ready: ReadyConfig::default(),
        meta_apps: Vec::new(),
        tenants: vec![tenant],
    })
}

/// Asks the desktop to open a page. When it cannot, the address is on the screen.
fn open(url: &str) {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(target_os = "windows") {
        ("cmd", &["/C", "start"])
    } else {
        ("xdg-open", &[])
    };
    let _ = std::process::Command::new(program).args(arguments).arg(url).spawn();
}
