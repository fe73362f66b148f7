//! What a process of a fleet runs: the engine on a database, behind HTTP or not, with the clock of the machine, every port
//! watched so that it can die at a point that the test names. It is told what to do on standard input, a line at a time:
//! `arm <point> <n>`, `disarm`, `finish`.

use super::{
    crm_backend::CrmBackend,
    database,
    stage::{BELLA, READER, serve, templates},
};
use chatplug::{
    engine::{Engine, EngineOptions, TenantList},
    model::*,
    ports::*,
    testkit::{
        TenantBuilder,
        wrap::{Moment, Watch, Watched},
    },
    whatsapp::{
        fake::meta::FakeMeta,
        meta::{MetaConfig, MetaKeyring, MetaMessenger, http_client},
    },
};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// Where a process finds its orders.
pub const ORDERS: &str = "FLEET_ORDERS";

/// What a process is told when it is started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Orders {
    pub database: String,
    /// The base URLs of the Graph API and of the CRM.
    pub graph: String,
    pub crm: String,
    /// Whether the CRM's own move is used, and its keys.
    pub moves: bool,
    pub keyed: bool,
    pub role: Role,
    /// Conversations at a time.
    pub concurrency: usize,
    /// Personal columns are sealed.
    pub sealed: bool,
    /// Waits for others as long as in production, not as short as a test of many crashes likes it.
    pub patient: bool,
}

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    Both,
    Serve,
    Work,
}

impl Role {
    pub const fn serves(self) -> bool {
        matches!(self, Self::Both | Self::Serve)
    }

    pub const fn works(self) -> bool {
        matches!(self, Self::Both | Self::Work)
    }
}

/// A point at which a process dies: before or after one of these calls of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub after: bool,
    pub port: &'static str,
    pub operations: &'static [&'static str],
}

/// Finds a point by its name; whoever has points gives one.
pub type Points = fn(&str) -> Option<Point>;

/// Runs until it is told to finish, or killed. Says where it listens, or that it works, on standard output.
pub async fn run(points: Points) {
    #[expect(clippy::disallowed_methods, reason = "how a test tells its process what to do")]
    let orders = std::env::var(ORDERS);
    let Ok(orders) = orders else {
        println!("{ORDERS} is not set: only a fleet starts this");
        return;
    };
    let orders: Orders = serde_json::from_str(&orders).unwrap();
    let death = Arc::new(Death::default());
    let (engine, store) = engine(&orders, &death).await;
    if orders.role.serves() {
        let keys = MetaKeyring::new(FakeMeta::APP_SECRET, FakeMeta::VERIFY_TOKEN);
        let url = serve(engine.clone(), keys).await;
        println!("ready {}", url.trim_start_matches("http://"));
    } else {
        println!("ready -");
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let working = orders.role.works().then(|| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.run(stopped).await })
    });
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["arm", point, n] => death.arm(points(point).expect("a point"), n.parse().unwrap()),
            ["disarm"] => death.disarm(),
            ["finish"] => break,
            _ => panic!("what does {line:?} mean?"),
        }
        println!("heard");
    }
    quiet(&*store).await;
    stop.send_replace(true);
    if let Some(working) = working {
        working.await.unwrap();
    }
    store.close().await.unwrap();
    println!("finished");
}

/// Waits until nothing is under way any more.
async fn quiet(store: &dyn Store) {
    loop {
        let figures = store.figures(OVERDUE_AFTER, SystemClock.now()).await.unwrap();
        let sending = figures.outbox_queued + figures.outbox_unknown;
        // Reminders are far away; what somebody who died was sending is taken up soon.
        let soon = store.next_due().await.unwrap().is_some_and(|at| at < SystemClock.now() + Duration::hours(1));
        if figures.mail_due + sending + figures.actions_open + figures.notices_queued == 0 && !soon {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn engine(orders: &Orders, death: &Arc<Death>) -> (Engine, Arc<dyn Store>) {
    let watch: Arc<dyn Watch> = death.clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (store, _) = database::open(&orders.database).await;
    let store: Arc<dyn Store> = Arc::new(Watched::new(store, &watch));
    let (branch, install) = (BranchId::new("baixa").unwrap(), InstallId::new("own").unwrap());
    let backend: Arc<dyn BookingBackend> = Arc::new(CrmBackend {
        base: orders.crm.clone(),
        install: install.clone(),
        branch: branch.clone(),
        zone: chrono_tz::Europe::Lisbon,
        moves: orders.moves,
        keyed: orders.keyed,
        settles_after: Duration::milliseconds(1200),
        clock: clock.clone(),
        http: http_client().unwrap(),
    });
    let config = MetaConfig::new(BELLA, FakeMeta::TOKEN).with_base_url(&orders.graph);
    let messenger: Arc<dyn Messenger> =
        Arc::new(MetaMessenger::new(config, http_client().unwrap(), clock.clone()).unwrap());
    let pager: Arc<dyn Notifier> = Arc::new(Pager { base: orders.crm.clone(), http: http_client().unwrap() });
    let builder = TenantBuilder::new("bella")
        .name("Studio Bella")
        .branch_of("baixa", &install, Arc::new(Watched::new(backend, &watch)))
        .channel_with("whatsapp", Arc::new(Watched::new(messenger, &watch)), templates())
        .intents(READER.clone())
        .notifier(Arc::new(Watched::new(pager, &watch)));
    let mut setup = builder.setup(&[("meta", BELLA, "whatsapp")]);
    let tenant = TenantId::new("bella").unwrap();
    let desk = Route { tenant: tenant.clone(), channel: None, branch: Some(branch) };
    setup.sealed = orders.sealed;
    setup.routes.push(("crm".to_owned(), "crm".to_owned(), desk));
    store.tenant(&tenant).register(&setup).await.unwrap();
    let engine = Engine::builder()
        .store(store.clone())
        .directory(Arc::new(TenantList::new([builder.build()])))
        .clock(clock)
        .options(options(orders))
        .build()
        .unwrap();
    (engine, store)
}

/// Everything that is waited for after a crash, short, unless it is to be patient; nothing that is right depends on it.
fn options(orders: &Orders) -> EngineOptions {
    let mut options = EngineOptions::default();
    options.concurrency = orders.concurrency;
    options.burst_wait = Duration::milliseconds(20);
    options.mark_seen = false;
    if !orders.patient {
        options.backend_timeout = Duration::milliseconds(3000);
        options.lease = Duration::milliseconds(6500);
        options.send_timeout = Duration::milliseconds(2000);
        options.unknown_hold = Duration::milliseconds(800);
        options.poll = Duration::milliseconds(50);
    }
    options
}

/// Tells the team, where the CRM is.
#[derive(Debug)]
struct Pager {
    base: String,
    http: reqwest::Client,
}

#[async_trait::async_trait]
impl Notifier for Pager {
    async fn notify(&self, notice: &Notice) -> Result<(), NotifyError> {
        let url = format!("{}/notices/{}", self.base, notice.conversation.map(|id| id.to_string()).unwrap_or_default());
        let answer = self.http.post(url).send().await.and_then(reqwest::Response::error_for_status);
        answer.map(drop).map_err(|error| NotifyError { source: Some(Box::new(error)) })
    }
}

/// Kills its own process at a point.
#[derive(Debug, Default)]
struct Death(Mutex<Option<(Point, u32)>>);

impl Death {
    fn arm(&self, point: Point, n: u32) {
        *self.0.lock().unwrap() = Some((point, n));
    }

    fn disarm(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl Watch for Death {
    fn at(&self, moment: Moment, port: &'static str, operation: &'static str) {
        let mut armed = self.0.lock().unwrap();
        let Some((point, left)) = &mut *armed else { return };
        if (point.after, point.port) != (moment == Moment::After, port) || !point.operations.contains(&operation) {
            return;
        }
        *left -= 1;
        if *left == 0 {
            // Nothing else of this process may happen: no destructor, no flush, no answer.
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
            loop {
                std::thread::park();
            }
        }
    }
}
