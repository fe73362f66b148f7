//! The program under load: its configuration, its processes, and the way to them.

use super::{Options, Store, people};
use anyhow::{Context as _, Result, bail, ensure};
use chatplug_calendar::demo;
use chatplug_core::vault::MasterKeys;
use chatplug_store::testing::{TestDatabase, TestPostgres};
use chatplug_whatsapp::fake::meta::FakeMeta;
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::Mutex,
};

/// Builds the program for release and answers where it lies.
pub(super) async fn build() -> Result<PathBuf> {
    let status =
        Command::new("cargo").args(["build", "--release", "--locked", "--workspace", "--bin", "chatplug"]).status();
    ensure!(status.await?.success(), "the program does not build");
    let ours = std::env::current_exe()?;
    Ok(ours.parent().context("a folder")?.join("chatplug"))
}

/// Meta's id of a business's number.
pub(super) fn number(tenant: u64) -> String {
    format!("1{tenant:014}")
}

/// The processes of the program.
pub(super) struct Fleet {
    processes: Vec<Process>,
    http: reqwest::Client,
    _database: Option<TestDatabase>,
}

struct Process {
    child: Mutex<Child>,
    pid: u32,
    url: String,
}

impl Fleet {
    /// Writes the configuration, migrates, starts all processes and waits until they listen.
    pub(super) async fn start(program: &Path, folder: &Path, options: &Options, graph: &str) -> Result<Self> {
        let database = match options.store {
            Store::Sqlite => None,
            // Commits are durable, as they are to be in production: tests do without.
            Store::Postgres => Some(TestPostgres::own(&["fsync=on", "synchronous_commit=on"]).database().await),
        };
        let url = match &database {
            None => format!("sqlite:{}", folder.join("load.sqlite").display()),
            Some(database) => database.url(),
        };
        let config = configure(folder, options, graph, &url)?;
        let mut processes = Vec::new();
        for _ in 0..options.processes {
            processes.push(Process::start(program, &config).await?);
        }
        let http = chatplug_whatsapp::meta::http_client()?;
        Ok(Self { processes, http, _database: database })
    }

    /// Their process ids.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.processes.iter().map(|process| process.pid)
    }

    /// Posts a webhook to one of them, as a load balancer would.
    pub(super) async fn post(&self, nth: u64, body: String, signature: &str) -> Result<()> {
        let place = usize::try_from(nth)? % self.processes.len();
        let process = self.processes.get(place).context("a process")?;
        people::post(&self.http, &format!("{}/webhooks/meta/app", process.url), body, signature).await
    }

    /// Age of the oldest due mail in milliseconds, as the first process tells.
    pub(super) async fn queue_age(&self) -> Result<f64> {
        let process = self.processes.first().context("a process")?;
        let page = self.http.get(format!("{}/metrics", process.url)).send().await?.text().await?;
        let line = page.lines().find(|line| line.starts_with("chatplug_mail_age_seconds"));
        let seconds = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(seconds.unwrap_or_default() * 1e3)
    }

    /// Kills them: everything that counts is durable.
    pub(super) async fn stop(&self) {
        for process in &self.processes {
            process.child.lock().await.kill().await.ok();
        }
    }
}

impl Process {
    async fn start(program: &Path, config: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["serve", "--config"]).arg(config).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("{} does not start", program.display()))?;
        let mut lines = BufReader::new(child.stderr.take().context("its words")?).lines();
        let mut said = String::new();
        let address = loop {
            let Some(line) = lines.next_line().await? else { bail!("it ended:\n{said}") };
            if let Some((_, rest)) = line.split_once("server.address=") {
                break rest.split_whitespace().next().unwrap_or_default().to_owned();
            }
            let _ = writeln!(said, "{line}");
        };
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("ERROR") || line.contains("WARN") {
                    eprintln!("{line}");
                }
            }
        });
        let pid = child.id().context("it runs")?;
        Ok(Self { child: Mutex::new(child), pid, url: format!("http://{address}") })
    }
}

/// Writes the configuration: every business is the demo's salon with a number of its own.
fn configure(folder: &Path, options: &Options, graph: &str, url: &str) -> Result<PathBuf> {
    std::fs::write(folder.join("salon.toml"), demo::SALON)?;
    let key = MasterKeys::generate(&"load".parse()?)?;
    std::fs::write(folder.join("master.keys"), key.as_bytes())?;
    let (secret, verify, token) = (FakeMeta::APP_SECRET, FakeMeta::VERIFY_TOKEN, FakeMeta::TOKEN);
    let workers = options.workers.map(|workers| format!("workers = {workers}\n")).unwrap_or_default();
    let pool = options.pool.map(|pool| format!("pool = {pool}\n")).unwrap_or_default();
    let mut text = format!(
        "[server]\nbind = \"127.0.0.1:0\"\ninline_secrets = true\nlog = \"warn,chatplug_server=info\"\n{workers}\
         [vault]\nmaster_keys = {{ file = \"master.keys\" }}\n[store]\nurl = \"{url}\"\n{pool}"
    );
    let _ = writeln!(
        text,
        "[[meta_app]]\nname = \"app\"\napp_secret = \"{secret}\"\nverify_token = \"{verify}\"\nbase_url = \"{graph}\""
    );
    for tenant in 0..options.tenants {
        let number = number(tenant);
        let _ = writeln!(
            text,
            "[[tenant]]\nid = \"salon-{tenant}\"\nname = \"Studio Bella\"\n\
             [[tenant.branch]]\nid = \"baixa\"\ncalendar = \"salon.toml\"\n\
             [[tenant.channel]]\nid = \"whatsapp\"\nprovider = \"meta\"\nphone_number_id = \"{number}\"\n\
             access_token = \"{token}\""
        );
    }
    let config = folder.join("chatplug.toml");
    std::fs::write(&config, text)?;
    Ok(config)
}
