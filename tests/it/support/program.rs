//! The real program: where it lies, and what it is told.

use chatplug::whatsapp::fake::meta::FakeMeta;
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::watch,
};

/// What seals in tests.
pub const MASTER_KEY: &str = "it:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// A business of a configuration.
pub struct Business {
    pub id: String,
    pub name: String,
    /// Meta's id of its number.
    pub number: String,
    /// Its branches, each with its calendar.
    pub branches: Vec<(String, String)>,
}

/// The program of this build.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let binary = folder.join("chatplug");
    assert!(binary.exists(), "{} is missing: cargo build -p chatplug-server --bin chatplug", binary.display());
    binary
}

/// Writes a configuration and the calendars that it names.
pub fn configure(folder: &Path, graph: &str, database: &str, log: &str, businesses: &[Business]) -> PathBuf {
    let (secret, verify, token) = (FakeMeta::APP_SECRET, FakeMeta::VERIFY_TOKEN, FakeMeta::TOKEN);
    let mut text = format!(
        "[server]\nbind = \"127.0.0.1:0\"\ninline_secrets = true\nlog = \"{log}\"\n\
         [store]\nurl = \"{database}\"\n[vault]\nmaster_keys = \"{MASTER_KEY}\"\n\
         [[meta_app]]\nname = \"app\"\napp_secret = \"{secret}\"\nverify_token = \"{verify}\"\nbase_url = \"{graph}\"\n"
    );
    for Business { id, name, number, branches } in businesses {
        let _ = writeln!(text, "[[tenant]]\nid = \"{id}\"\nname = \"{name}\"");
        for (branch, calendar) in branches {
            let file = format!("{id}-{branch}.toml");
            std::fs::write(folder.join(&file), calendar).unwrap();
            let _ = writeln!(text, "[[tenant.branch]]\nid = \"{branch}\"\ncalendar = \"{file}\"");
        }
        let _ = writeln!(
            text,
            "[[tenant.channel]]\nid = \"whatsapp\"\nprovider = \"meta\"\nphone_number_id = \"{number}\"\n\
             access_token = \"{token}\""
        );
    }
    let config = folder.join("chatplug.toml");
    std::fs::write(&config, text).unwrap();
    config
}

/// The program while it serves, and what it logs.
pub struct Program {
    child: Child,
    pub url: String,
    log: Arc<Mutex<String>>,
    ended: watch::Receiver<bool>,
}

impl Program {
    pub async fn start(config: &Path) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--config"]).arg(config).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::<Mutex<String>>::default();
        let (kept, (end, ended), (found, mut address)) =
            (log.clone(), watch::channel(false), watch::channel(None::<String>));
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some((_, rest)) = line.split_once("server.address=") {
                    found.send_replace(rest.split_whitespace().next().map(str::to_owned));
                }
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
            end.send_replace(true);
        });
        let address = match address.wait_for(Option::is_some).await {
            Ok(address) => address.clone().unwrap(),
            Err(_) => panic!("the program does not start:\n{}", log.lock().unwrap()),
        };
        Self { child, url: format!("http://{address}"), log, ended }
    }

    /// Ends it in good order and answers what it has logged.
    pub async fn stop(mut self) -> String {
        let process = i32::try_from(self.child.id().unwrap()).unwrap();
        let process = rustix::process::Pid::from_raw(process).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        self.ended.wait_for(|ended| *ended).await.unwrap();
        assert!(self.child.wait().await.unwrap().success());
        std::mem::take(&mut *self.log.lock().unwrap())
    }

    /// SIGKILL.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
