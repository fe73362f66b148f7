//! A business with a configuration file, a database and some clients, for commands to work on.

use crate::app::{SECRET, message_from};
use axum::body::Bytes;
use chatplug_core::ports::SystemClock;
use chatplug_server::{
    config::{Environment, load},
    http::App,
};
use chatplug_whatsapp::meta::sign;
use http::Request;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

/// Master keys as they are written: 32 bytes each, all alike.
pub(crate) const K1: &str = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
pub(crate) const K2: &str = "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// Another key of the first one's name.
pub(crate) const NOT_K1: &str = "k1:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

const CONFIG: &str = r#"
[server]
bind = "127.0.0.1:0"
inline_secrets = true

[store]
url = "sqlite:{folder}/house.sqlite"

[vault]
master_keys = { env = "KEYS" }

[[meta_app]]
name = "main"
app_secret = "app-secret"
verify_token = "verify-me"
base_url = "http://127.0.0.1:9"

[[tenant]]
id = "bella"
name = "Bella"
seal = true
policy = { language = "en" }
[[tenant.branch]]
id = "centre"
calendar = "calendar.toml"
[[tenant.channel]]
id = "whatsapp"
provider = "meta"
phone_number_id = "106540352242922"
access_token = "token"

[[tenant]]
id = "norte"
name = "Norte"
[[tenant.branch]]
id = "porto"
calendar = "calendar.toml"
[[tenant.channel]]
id = "whatsapp"
provider = "meta"
phone_number_id = "106540352242923"
access_token = "token"
"#;

/// The house.
pub(crate) struct House {
    pub(crate) folder: TempDir,
}

/// What a command ended with.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl House {
    /// A configuration and a calendar; the database is made by whoever opens it first.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("calendar.toml"), chatplug_calendar::demo::SALON).unwrap();
        let this = Self { folder };
        this.configure(|text| text);
        this
    }

    /// Writes the configuration anew, changed.
    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) {
        let text = CONFIG.replace("{folder}", &self.folder.path().display().to_string());
        std::fs::write(self.config(), change(text)).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("chatplug.toml")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The server, in this process.
    pub(crate) async fn open(&self, keys: &str) -> App {
        let environment = Environment([("KEYS".to_owned(), keys.to_owned())].into());
        App::new(load(&self.config(), &environment).unwrap(), Arc::new(SystemClock)).await.unwrap()
    }

    /// Clients who each ask something at `bella`, and get their answer into the outbox; and one at `norte`.
    pub(crate) async fn with_clients(self, phones: &[&str]) -> Self {
        let app = self.open(K1).await;
        let numbers =
            phones.iter().map(|phone| (*phone, "106540352242922")).chain([("351910000099", "106540352242923")]);
        for (phone, number) in numbers {
            let body = Bytes::from(message_from(phone, number, &format!("wamid.{phone}"), "Where are you?"));
            let request = Request::post("/webhooks/meta/main").header("x-hub-signature-256", sign(SECRET, &body));
            let answer = app.webhooks().answer("meta", "main", request.body(body).unwrap()).await;
            assert_eq!(answer.status(), http::StatusCode::OK);
        }
        app.engine().drain().await.unwrap();
        app.close().await;
        self
    }

    /// A command on this house, with these master keys.
    pub(crate) fn command(&self, keys: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatplug"));
        command.env_clear().env("KEYS", keys).env("USER", "ana").stdin(Stdio::null()).current_dir(self.folder.path());
        // The configuration comes after the words of the command, before what it is about.
        let most = if arguments.starts_with(&["tenant", "connect"]) { 3 } else { 2 };
        let words = arguments.iter().take_while(|word| !word.starts_with('-')).count().min(most);
        command.args(&arguments[..words]).arg("--config").arg(self.config()).args(&arguments[words..]);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, keys: &str, arguments: &[&str]) -> Told {
        told(&self.command(keys, arguments).output().unwrap())
    }

    /// The same with something on standard input.
    pub(crate) fn run_with(&self, keys: &str, arguments: &[&str], input: &str) -> Told {
        let file = self.path("input");
        std::fs::write(&file, input).unwrap();
        let mut command = self.command(keys, arguments);
        let told = told(&command.stdin(std::fs::File::open(&file).unwrap()).output().unwrap());
        std::fs::remove_file(file).unwrap();
        told
    }

    /// Whether a text lies readable in any file of the house but these.
    pub(crate) fn holds(&self, text: &str, but: &[&Path]) -> bool {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|file| !but.contains(&&**file)).any(|file| {
            let bytes = std::fs::read(file).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    }
}

pub(crate) fn told(output: &Output) -> Told {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
}
